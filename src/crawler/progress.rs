//! How far a pass is, for whoever looks on.

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use crate::store::records::PassCounts;

/// The progress of one pass.
#[derive(Debug)]
pub struct Progress {
    began_at: DateTime<Utc>,
    now: Mutex<Now>,
}

/// Where a pass is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// What it is busy with: a title or an address.
    pub what: String,
    /// What it has done.
    pub done: PassCounts,
    /// Pages that are known and not read.
    pub pages_waiting: usize,
    /// Books that are known and not fetched.
    pub books_waiting: usize,
    /// Chapters of the book that it is busy with: those there, and all.
    pub chapters: Option<(u32, u32)>,
}

impl Progress {
    pub(super) fn new(began_at: DateTime<Utc>) -> Progress {
        Progress { began_at, now: Mutex::default() }
    }

    /// Since when it is under way here.
    pub fn began_at(&self) -> DateTime<Utc> {
        self.began_at
    }

    /// Where it is.
    pub fn now(&self) -> Now {
        self.now.lock().clone()
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut Now)) {
        change(&mut self.now.lock());
    }
}
