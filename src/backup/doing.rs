//! What is going on with backups, and what was: told to who comes to look, since it takes its time.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// What is being done.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Doing {
    /// What.
    pub what: Work,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Bytes so far, before compression.
    pub bytes: u64,
    /// About so many at the end; 0 if nobody knows.
    pub of: u64,
}

/// What was done last.
#[derive(Clone, Debug, Serialize)]
pub struct Ended {
    /// What.
    pub what: Work,
    /// With which backup; empty if it was to be made.
    pub name: String,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// When it ended.
    pub at: DateTime<Utc>,
}

/// Something that takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// A backup is made.
    Making,
    /// One is sent away.
    Sending,
    /// One is read to its end.
    Verifying,
    /// One is unpacked, to take the data's place at the next start.
    Restoring,
}
