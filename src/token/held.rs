//! A token or ticket in memory: what it is worth, and for how long.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::secret::Secret;
use crate::store::records::{GrantRecord, Origin};

/// Taken off what the platform promises: the way there takes time, and clocks differ.
const MARGIN: Duration = Duration::from_secs(5);

/// Longer than this nothing lives that the platform grants; a wall clock that says so has been set back.
const LONGEST: Duration = Duration::from_secs(2 * 3_600);

/// A token or ticket that is held.
#[derive(Clone, Debug)]
pub struct Held {
    /// The value.
    pub value: Secret,
    /// Counts up with every new value.
    pub number: u64,
    /// Where it came from.
    pub origin: Origin,
    /// When it came.
    pub obtained_at: DateTime<Utc>,
    /// When it ends, for people.
    pub expires_at: DateTime<Utc>,
    /// When it ends, by the clock that nobody sets: the truth while the process lives.
    pub(super) ends: Duration,
}

impl Held {
    /// Something granted for `lives`, from `asked` on.
    pub(super) fn new(value: Secret, number: u64, origin: Origin, lives: Duration, asked: Moment) -> Held {
        let lives = lives.saturating_sub(MARGIN);
        Held {
            value,
            number,
            origin,
            obtained_at: asked.at,
            expires_at: asked.at + TimeDelta::from_std(lives).unwrap_or_default(),
            ends: asked.uptime + lives,
        }
    }

    /// From an earlier run of the program. `None` if it is over.
    pub(super) fn remembered(record: GrantRecord, now: Moment) -> Option<Held> {
        let left = (record.expires_at - now.at).to_std().ok()?.min(LONGEST);
        Some(Held {
            value: Secret::new(record.value),
            number: record.number,
            origin: record.origin,
            obtained_at: record.obtained_at,
            expires_at: record.expires_at,
            ends: now.uptime + left,
        })
    }

    pub(super) fn record(&self) -> GrantRecord {
        GrantRecord {
            value: self.value.expose().to_owned(),
            number: self.number,
            origin: self.origin,
            obtained_at: self.obtained_at,
            expires_at: self.expires_at,
            asked_at: None,
        }
    }

    /// How long it still lives at this uptime; zero when it is over.
    pub fn left(&self, uptime: Duration) -> Duration {
        self.ends.saturating_sub(uptime)
    }
}

/// A point in time on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) at: DateTime<Utc>,
    pub(super) uptime: Duration,
}
