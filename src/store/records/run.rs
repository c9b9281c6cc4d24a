//! Runs of jobs. What jobs do is the business of `jobs`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// When it began.
    pub at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// What it did, or why it failed, in English.
    pub outcome: String,
    /// What it did, in numbers; none if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did: Option<Did>,
    /// Whether it did what it should.
    pub succeeded: bool,
    /// Whether somebody asked for it, rather than its schedule.
    pub by_hand: bool,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// Forgot what has expired.
    Forgot(Forgot),
    /// Deleted what was long enough in the recycle bin.
    EmptiedBin {
        /// Books.
        books: u64,
        /// Files that no book names.
        files: u64,
    },
    /// Removed old logs: how many.
    RemovedLogs(u64),
    /// Woke whoever sends letters: so many wait.
    Woke(u64),
    /// There is no mailbox to look into.
    NoInbox,
    /// Read the mailbox: so many letters came back.
    ReadBounces(u64),
    /// Made a backup.
    BackedUp(BackedUp),
}

/// What was forgotten, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Forgot {
    /// Answers, kept for retries.
    pub answers: u64,
    /// Answers that no follower came back for.
    pub late: u64,
    /// Places in the conversation.
    pub places: u64,
    /// Counts of downloads.
    pub quotas: u64,
    /// When followers could be written to.
    pub contacts: u64,
    /// Followers that have left.
    pub followers: u64,
    /// Searches without a hit.
    pub misses: u64,
    /// Deliveries, and addresses that were never proven.
    pub pushes: u64,
    /// Counts of old days.
    pub days: u64,
}

/// A backup that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BackedUp {
    /// Where it is.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Records in it.
    pub records: u64,
    /// Files of books in it.
    pub files: u64,
    /// Files that could not be read.
    pub missing: u64,
    /// What belongs to it and is not in it, because it lies outside the data folder.
    pub outside: Vec<String>,
    /// Whether it lies elsewhere, too.
    pub is_sent: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_program_wrote_is_read() {
        let old = r#"{"at":"2026-11-28T00:00:00Z","millis":3,"outcome":"3 removed","succeeded":true,"by_hand":false}"#;
        let run: RunRecord = serde_json::from_str(old).unwrap();
        assert_eq!((run.outcome.as_str(), &run.did), ("3 removed", &None));
        assert_eq!(serde_json::to_string(&run).unwrap(), old);
    }

    #[test]
    fn what_was_done_is_the_same_after_it_was_kept() {
        let backup = BackedUp { path: "/b/x".into(), bytes: 9, missing: 2, is_sent: true, ..BackedUp::default() };
        let all = [Did::Forgot(Forgot { late: 2, ..Forgot::default() }), Did::Woke(1), Did::NoInbox];
        for did in all.into_iter().chain([Did::EmptiedBin { books: 1, files: 2 }, Did::BackedUp(backup)]) {
            let text = serde_json::to_string(&did).unwrap();
            assert_eq!(serde_json::from_str::<Did>(&text).unwrap(), did, "{text}");
        }
    }
}
