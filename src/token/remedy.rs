//! What to do about each way in which fetching a token fails: how long to wait, and what the owner has to be told.
//! The codes are those of the platform's documentation of `/cgi-bin/token` and `/cgi-bin/stable_token`.

use std::time::Duration;

use crate::alert::Trouble;
use crate::wechat::Error;

/// The first wait after a failure; each further one is twice as long …
const FIRST: Duration = Duration::from_secs(5);
/// … up to this, which is also how soon the platform's return is noticed.
const LONGEST: Duration = Duration::from_secs(60);
/// Where trying again helps only after the owner has done something.
const AFTER_OWNER: Duration = Duration::from_secs(600);

/// When the next try has sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Soon, then less and less often.
    BackOff,
    /// After so long.
    For(Duration),
    /// When the platform's next day begins; sooner if no token is left, because a refused call costs nothing more.
    NextDay,
}

/// What follows from a failure.
#[derive(Debug)]
pub(super) struct Remedy {
    pub(super) wait: Wait,
    /// For the owner, at once. Failures without it are told when there are several in a row.
    pub(super) trouble: Option<Trouble>,
}

pub(super) fn of(account: &str, error: &Error) -> Remedy {
    let account = account.to_owned();
    let Error::Api { code, message } = error else { return Remedy { wait: Wait::BackOff, trouble: None } };
    let error = error.to_string();
    let hour = Duration::from_secs(3_600);
    let (wait, trouble) = match code {
        -1 => (Wait::BackOff, None),
        45011 => (Wait::For(LONGEST), None),
        45009 => (Wait::NextDay, None),
        40001 | 40125 | 40013 => (Wait::For(AFTER_OWNER), Some(Trouble::WrongSecret { account, error })),
        40164 | 61004 => {
            (Wait::For(AFTER_OWNER), Some(Trouble::NotWhitelisted { account, ip: address_in(message).to_owned() }))
        }
        89501 | 89503 | 40243 | 50004 | 50007 => (Wait::For(AFTER_OWNER), Some(Trouble::Forbidden { account, error })),
        89506 => (Wait::For(24 * hour), Some(Trouble::Forbidden { account, error })),
        89507 => (Wait::For(hour), Some(Trouble::Forbidden { account, error })),
        // A code that is not documented for this call says nothing about when it goes away.
        _ => (Wait::BackOff, None),
    };
    Remedy { wait, trouble }
}

/// How long to wait after so many failures in a row, at least one. `random` spreads the tries of many servers that
/// lost the platform at the same moment, by up to a quarter.
pub(super) fn back_off(failures: u32, random: u8) -> Duration {
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(8));
    let wait = doubled.min(LONGEST);
    wait + wait * u32::from(random) / (4 * 255)
}

/// The address in `invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist`: it is how one learns one's own.
fn address_in(message: &str) -> &str {
    let words = message.split([' ', ',']);
    words.into_iter().find(|word| word.parse::<std::net::IpAddr>().is_ok()).unwrap_or("the address it names")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(code: i64, message: &str) -> Error {
        Error::Api { code, message: message.into() }
    }

    #[test]
    fn the_owner_is_told_the_address_to_whitelist() {
        let message =
            "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 66bac357-63c29597-4c205ae0";
        let trouble = of("main", &api(40164, message)).trouble;
        assert_eq!(trouble, Some(Trouble::NotWhitelisted { account: "main".into(), ip: "203.0.113.7".into() }));
    }

    #[test]
    fn what_only_the_owner_can_mend_is_not_hammered() {
        for code in [40001, 40125, 40013, 40164, 40243, 50004, 50007, 89501, 89503, 89506, 89507] {
            let remedy = of("main", &api(code, ""));
            assert!(remedy.trouble.is_some(), "{code}");
            assert!(matches!(remedy.wait, Wait::For(wait) if wait >= AFTER_OWNER), "{code}");
        }
        assert_eq!(of("main", &api(-1, "")).wait, Wait::BackOff);
        assert_eq!(of("main", &api(45009, "")).wait, Wait::NextDay);
    }

    #[test]
    fn waits_grow_to_about_a_minute() {
        let waits: Vec<u64> = (1..=6).map(|failures| back_off(failures, 0).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 60, 60]);
        assert_eq!(back_off(u32::MAX, 255), Duration::from_secs(75));
    }
}
