//! A clock that stands still until the test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Duration, Utc};
use shutong::clock::Clock;

/// A point in time, not the present one.
const START: &str = "2026-03-01T04:00:00Z";

/// Shared by all its clones.
#[derive(Clone)]
pub struct ManualClock {
    wall: Arc<AtomicI64>,
    uptime: Arc<AtomicI64>,
}

impl ManualClock {
    pub fn new() -> ManualClock {
        let start: DateTime<Utc> = START.parse().unwrap();
        let wall = Arc::new(AtomicI64::new(start.timestamp_millis()));
        ManualClock { wall, uptime: Arc::new(AtomicI64::new(1_000_000)) }
    }

    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.wall.load(Ordering::SeqCst)).unwrap()
    }

    /// Time passes.
    pub fn advance(&self, by: Duration) {
        self.uptime.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
        self.set_by(by);
    }

    /// Somebody sets the clock on the wall; no time passes.
    pub fn set_by(&self, by: Duration) {
        self.wall.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
    }

    /// Milliseconds that have passed, whatever was set.
    pub fn passed(&self) -> i64 {
        self.uptime.load(Ordering::SeqCst)
    }

    pub fn clock(&self) -> Clock {
        let (same, passing) = (self.clone(), self.clone());
        Clock::of_both(move || same.now(), move || std::time::Duration::from_millis(passing.passed() as u64))
    }
}
