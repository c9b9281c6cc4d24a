//! When something is due that has a calendar: cron expressions with seconds, in the owner's time zone.
//!
//! Deliberately not here: what is due by a time of its own, as tokens and letters are.

mod rhythm;

use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cron::Schedule;

pub use rhythm::Rhythm;

/// Why an expression is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no schedule; it has seconds, minutes, hours, day of month, month, day of week, like \"0 30 4 * * *\""
)]
pub struct WrongSchedule(String);

/// Times in a time zone.
#[derive(Clone, Debug)]
pub struct Times {
    schedule: Schedule,
    zone: Tz,
}

impl Times {
    /// Of a cron expression: seconds, minutes, hours, day of month, month, day of week.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(expression: &str, zone: Tz) -> Result<Times, WrongSchedule> {
        let schedule =
            Schedule::from_str(expression).map_err(|_| WrongSchedule(expression.chars().take(100).collect()))?;
        Ok(Times { schedule, zone })
    }

    /// The first of them after a moment; none if there is none any more.
    pub fn next_after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.schedule.after(&moment.with_timezone(&self.zone)).next().map(|time| time.with_timezone(&Utc))
    }

    /// Whether one lies between the last run and now. A time that was slept through counts.
    pub fn are_due(&self, last: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.next_after(last).is_some_and(|due| due <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_slept_through_is_due_once() {
        let daily = Times::parse("0 20 4 * * *", Tz::Asia__Shanghai).unwrap();
        let ran = at("2026-11-20T20:20:00Z"); // 04:20 in Shanghai
        assert!(!daily.are_due(ran, at("2026-11-21T20:19:59Z")));
        assert!(daily.are_due(ran, at("2026-11-21T20:20:00Z")));
        assert!(daily.are_due(ran, at("2026-11-25T00:00:00Z")));
        assert_eq!(daily.next_after(ran), Some(at("2026-11-21T20:20:00Z")));
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_an_example() {
        let error = Times::parse("every day", Tz::UTC).unwrap_err();
        assert!(error.to_string().contains("every day") && error.to_string().contains("0 30 4 * * *"));
    }
}
