//! What has been asked of the platform today, and whether a forced refresh is allowed.
//!
//! The platform's day begins at midnight in Beijing. Counts are in the store, so that a restart does not forget them.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Asia::Shanghai;

use crate::store::records::TokenCountsRecord;
use crate::wechat::TokenEndpoint;

/// Forced refreshes on one day, as the platform allows.
pub const FORCED_A_DAY: u64 = 20;
/// Seconds between two forced refreshes; a sooner one refreshes nothing.
const FORCED_EVERY: TimeDelta = TimeDelta::seconds(30);
/// Calls of `/cgi-bin/token` on one day, of an account without followers to speak of.
pub const CLASSIC_A_DAY: u64 = 2_000;
/// From this part of a quota on the owner is told, in percent.
const NEARLY: u64 = 80;

/// Why a refresh is not forced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotNow {
    /// The last one is too short ago.
    TooSoon,
    /// Today's are used up.
    UsedUp,
}

impl TokenCountsRecord {
    /// The counts of today, which are zero if the record is of another day.
    pub(super) fn of_today(self, now: DateTime<Utc>) -> TokenCountsRecord {
        let day = today(now).to_string();
        if self.day == day {
            return self;
        }
        TokenCountsRecord { day, forced_at: self.forced_at, is_asking: self.is_asking, ..Default::default() }
    }

    pub(super) fn count(&mut self, endpoint: TokenEndpoint) {
        match endpoint {
            TokenEndpoint::Stable => self.stable += 1,
            TokenEndpoint::Classic => self.classic += 1,
        }
    }

    /// Whether one more may be forced.
    pub(super) fn may_force(&self, now: DateTime<Utc>) -> Result<(), NotNow> {
        // A clock that was set back must not forbid it for long.
        let is_soon = self.forced_at.is_some_and(|at| (now - at).abs() < FORCED_EVERY);
        match () {
            () if self.forced >= FORCED_A_DAY => Err(NotNow::UsedUp),
            () if is_soon => Err(NotNow::TooSoon),
            () => Ok(()),
        }
    }

    /// The quota that is nearly used up, if one is: its name, the calls, what is allowed.
    pub(super) fn nearly_used(&self) -> Option<(&'static str, u64, u64)> {
        let quotas = [("forced refreshes", self.forced, FORCED_A_DAY), ("/cgi-bin/token", self.classic, CLASSIC_A_DAY)];
        quotas.into_iter().find(|(_, used, of)| used * 100 >= of * NEARLY)
    }
}

/// How long until the platform's next day.
pub(super) fn until_next_day(now: DateTime<Utc>) -> std::time::Duration {
    let next = today(now) + Days::new(1);
    let midnight = next.and_hms_opt(0, 0, 0).and_then(|time| Shanghai.from_local_datetime(&time).earliest());
    let left = midnight.map(|midnight| midnight.with_timezone(&Utc) - now).and_then(|left| left.to_std().ok());
    left.unwrap_or(std::time::Duration::from_secs(3_600))
}

fn today(now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&Shanghai).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_begins_in_beijing() {
        let before: DateTime<Utc> = "2026-11-27T15:59:00Z".parse().unwrap();
        assert_eq!(until_next_day(before).as_secs(), 60);
        let mut counts = TokenCountsRecord::default().of_today(before);
        counts.count(TokenEndpoint::Classic);
        assert_eq!(counts.clone().of_today(before).classic, 1);
        assert_eq!(counts.of_today(before + TimeDelta::minutes(1)).classic, 0);
    }

    #[test]
    fn forcing_is_limited_as_the_platform_limits_it() {
        let now: DateTime<Utc> = "2026-11-27T04:00:00Z".parse().unwrap();
        let mut counts = TokenCountsRecord { forced: 1, forced_at: Some(now), ..Default::default() };
        assert_eq!(counts.may_force(now + TimeDelta::seconds(29)), Err(NotNow::TooSoon));
        assert_eq!(counts.may_force(now + TimeDelta::seconds(30)), Ok(()));
        assert_eq!(counts.nearly_used(), None);
        counts.forced = 16;
        assert_eq!(counts.nearly_used(), Some(("forced refreshes", 16, 20)));
        counts.forced = 20;
        assert_eq!(counts.may_force(now + TimeDelta::hours(1)), Err(NotNow::UsedUp));
    }
}
