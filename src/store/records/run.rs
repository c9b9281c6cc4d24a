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
    /// What it did, or why it failed.
    pub outcome: String,
    /// Whether it did what it should.
    pub succeeded: bool,
    /// Whether somebody asked for it, rather than its schedule.
    pub by_hand: bool,
}
