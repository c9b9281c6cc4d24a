//! The one source of "now". Everything that needs the time takes a [`Clock`] or, better, a point in time.
//!
//! There are two readings. [`Clock::now`] is what calendars and people mean; somebody may set it. [`Clock::uptime`]
//! only ever goes forward, also while the machine sleeps: how long something still lives is measured by it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::time::{ClockId, clock_gettime};

/// Tells the time: the system's in production, a test's own in tests.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    uptime: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl Clock {
    /// The system's clocks.
    pub fn system() -> Clock {
        Clock { now: Arc::new(Utc::now), uptime: Arc::new(since_boot) }
    }

    /// A clock that asks `now` each time, and is never set: both readings go forward together.
    pub fn of(now: impl Fn() -> DateTime<Utc> + Clone + Send + Sync + 'static) -> Clock {
        let same = now.clone();
        Clock::of_both(now, move || Duration::from_millis(same().timestamp_millis().unsigned_abs()))
    }

    /// A clock that asks `now` and `uptime`.
    pub fn of_both(
        now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
        uptime: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Clock {
        Clock { now: Arc::new(now), uptime: Arc::new(uptime) }
    }

    /// The present moment.
    pub fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// The time since some moment in the past, the same one as long as the process lives. It means nothing to another
    /// process.
    pub fn uptime(&self) -> Duration {
        (self.uptime)()
    }
}

/// Unlike `Instant`, this goes on while the machine is suspended, as a token's end does.
fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
