//! How fast an account may be served: after failures that are not a file's fault it rests, after a quota is used up it
//! waits for the next day. Kept in memory: a restart costs one call in vain.

use std::time::Duration;

use chrono::{DateTime, Days, TimeDelta, TimeZone, Utc};
use chrono_tz::Asia::Shanghai;

/// The first rest after a failure; each further one is twice as long …
const FIRST: Duration = Duration::from_secs(30);
/// … up to this.
const LONGEST: Duration = Duration::from_secs(900);
/// The same for what still has an id for some hours: a try whose answer is lost has cost an upload.
const FIRST_OF_PATIENT: Duration = Duration::from_secs(600);
const LONGEST_OF_PATIENT: Duration = Duration::from_secs(3_600);
/// Who has an id for longer than this is patient.
const URGENT: TimeDelta = TimeDelta::hours(2);
/// Between two tries while a quota is used up, and of an account that may not.
const SELDOM: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

/// How an account stands.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Failures in a row.
    failures: u32,
    /// Failures ever.
    setbacks: u64,
    /// Nothing is called before this, by uptime.
    not_before: Duration,
    /// Nothing patient is called before this, by uptime.
    patient_not_before: Duration,
    /// A quota is used up until then.
    day_ends_at: Option<DateTime<Utc>>,
    /// The platform gives this account no temporary media (48001).
    pub(super) permanent_only: bool,
    /// Why it waits, for people.
    pub(super) why: Option<String>,
}

/// What may be tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// Everything.
    All,
    /// One file, to see whether it goes again.
    One,
    /// One file, and only one that would have no id before this.
    OneEndingBefore(DateTime<Utc>),
    /// Nothing.
    None,
}

/// A failure that is not a file's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setback {
    /// No answer, no token, a busy platform.
    Passing,
    /// The minute's quota is used up.
    Minute,
    /// The day's quota is used up.
    Day,
    /// The account may not.
    Forbidden,
}

impl Pace {
    pub(super) fn leave(&self, now: DateTime<Utc>, uptime: Duration) -> Leave {
        if uptime < self.not_before {
            return Leave::None;
        }
        // A clock that was set back must not stop an account for longer than a day.
        match self.day_ends_at.filter(|end| now < *end && *end - now <= TimeDelta::days(1)) {
            Some(end) => Leave::OneEndingBefore(end),
            None if uptime < self.patient_not_before => Leave::OneEndingBefore(now + URGENT),
            None if self.failures > 0 => Leave::One,
            None => Leave::All,
        }
    }

    /// What [`Pace::succeeded`] has to be told of a call that begins now.
    pub(super) fn begun(&self) -> u64 {
        self.setbacks
    }

    /// A call has succeeded. If another has failed since it began, it says nothing about that.
    pub(super) fn succeeded(&mut self, begun: u64) {
        if begun == self.setbacks {
            *self = Pace { permanent_only: self.permanent_only, setbacks: begun, ..Pace::default() };
        }
    }

    pub(super) fn failed(&mut self, setback: Setback, why: String, now: DateTime<Utc>, uptime: Duration) {
        let rest = match setback {
            Setback::Passing => FIRST.saturating_mul(1 << self.failures.min(8)).min(LONGEST),
            Setback::Minute => MINUTE,
            Setback::Day | Setback::Forbidden => SELDOM,
        };
        let patience = FIRST_OF_PATIENT.saturating_mul(1 << self.failures.min(8)).min(LONGEST_OF_PATIENT);
        self.patient_not_before = self.patient_not_before.max(uptime + patience);
        self.failures += 1;
        self.setbacks += 1;
        self.not_before = self.not_before.max(uptime + rest);
        if setback == Setback::Day {
            self.day_ends_at = next_day(now);
        }
        self.why = Some(why);
    }
}

/// The platform's day, which begins at midnight in Beijing.
pub(super) fn day_of(now: DateTime<Utc>) -> String {
    now.with_timezone(&Shanghai).format("%Y-%m-%d").to_string()
}

fn next_day(now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let tomorrow = now.with_timezone(&Shanghai).date_naive().checked_add_days(Days::new(1))?;
    let midnight = Shanghai.from_local_datetime(&tomorrow.and_hms_opt(0, 0, 0)?).earliest()?;
    Some(midnight.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn failures_in_a_row_make_longer_rests() {
        let now: DateTime<Utc> = "2026-03-01T04:00:00Z".parse().unwrap();
        let mut pace = Pace::default();
        assert_eq!(pace.leave(now, SECOND), Leave::All);
        pace.failed(Setback::Passing, "no answer".into(), now, SECOND);
        assert_eq!(pace.leave(now, FIRST), Leave::None);
        assert_eq!(pace.leave(now, FIRST + SECOND), Leave::OneEndingBefore(now + URGENT));
        assert_eq!(pace.leave(now, FIRST_OF_PATIENT + SECOND), Leave::One);
        for _ in 0..20 {
            pace.failed(Setback::Passing, "no answer".into(), now, SECOND);
        }
        assert_eq!(pace.leave(now, LONGEST), Leave::None);
        assert_eq!(pace.leave(now, LONGEST + SECOND), Leave::OneEndingBefore(now + URGENT));
        assert_eq!(pace.leave(now, LONGEST_OF_PATIENT + SECOND), Leave::One);
        pace.succeeded(pace.begun() - 1);
        assert_eq!(pace.leave(now, SECOND), Leave::None, "it began before the last failure");
        pace.succeeded(pace.begun());
        assert_eq!((pace.leave(now, Duration::ZERO), pace.why), (Leave::All, None));
    }

    #[test]
    fn a_quota_lasts_until_midnight_in_beijing() {
        let now: DateTime<Utc> = "2026-03-01T04:00:00Z".parse().unwrap();
        let midnight: DateTime<Utc> = "2026-03-01T16:00:00Z".parse().unwrap();
        let mut pace = Pace::default();
        pace.failed(Setback::Day, "45009".into(), now, SECOND);
        assert_eq!(pace.leave(now, SELDOM), Leave::None);
        assert_eq!(pace.leave(now, SELDOM + SECOND), Leave::OneEndingBefore(midnight));
        assert_eq!(pace.leave(midnight, SELDOM + SECOND), Leave::One);
        assert_eq!(pace.leave(now - TimeDelta::days(30), SELDOM + SECOND), Leave::One, "the clock was wrong");
    }
}
