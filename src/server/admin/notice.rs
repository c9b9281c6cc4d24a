//! What came of a change, for the page that is drawn next: said once, and gone with a reload.
//!
//! A change that was done leads back to its page by a redirect, so that a reload does not do it again. What there is
//! to say waits here meanwhile, in memory only: it may hold a key that is shown once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

use crate::secret::Secret;

/// Nobody waits longer for a page.
const KEPT: TimeDelta = TimeDelta::minutes(5);

/// Something to say.
#[derive(Debug)]
pub(super) struct Notice {
    /// In the visitor's language.
    pub(super) says: String,
    /// What somebody else said about it, as it came.
    pub(super) detail: Option<String>,
    /// A key that was just made.
    pub(super) made: Option<Made>,
}

/// A key that was just made; this is the only time it is seen.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) key: Secret,
    /// A command line that uses it.
    pub(super) example: Option<Secret>,
}

impl From<String> for Notice {
    fn from(says: String) -> Notice {
        Notice::of(says)
    }
}

impl Notice {
    /// Only this sentence.
    pub(super) fn of(says: String) -> Notice {
        Notice { says, detail: None, made: None }
    }
}

/// What waits, by session.
#[derive(Default)]
pub(super) struct Notices(Mutex<HashMap<String, (DateTime<Utc>, Notice)>>);

impl Notices {
    /// Leaves it for the next page of this session.
    pub(super) fn leave(&self, session: &str, notice: Notice, now: DateTime<Utc>) {
        let mut waiting = self.0.lock();
        waiting.retain(|_, (left_at, _)| (now - *left_at).abs() < KEPT);
        waiting.insert(session.to_owned(), (now, notice));
    }

    /// What was left for this session, if it is not stale.
    pub(super) fn take(&self, session: &str, now: DateTime<Utc>) -> Option<Notice> {
        let (left_at, notice) = self.0.lock().remove(session)?;
        ((now - left_at).abs() < KEPT).then_some(notice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_said_once_to_whom_it_concerns_and_soon() {
        let notices = Notices::default();
        let now: DateTime<Utc> = "2026-11-27T00:00:00Z".parse().unwrap();
        notices.leave("one", Notice::of("done".into()), now);
        assert!(notices.take("other", now).is_none());
        assert_eq!(notices.take("one", now).map(|notice| notice.says).as_deref(), Some("done"));
        assert!(notices.take("one", now).is_none());
        notices.leave("one", Notice::of("done".into()), now);
        notices.leave("other", Notice::of("done".into()), now + KEPT);
        assert_eq!(notices.0.lock().len(), 1, "what nobody fetched is not kept");
    }
}
