//! Why something was not fetched: for whoever decides what to do next, and in a sentence for the owner.

use std::fmt;

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::http::guarded::Failure;
use crate::http::reach::Forbidden;

/// Why something was not fetched. The sentences name hosts, but no whole address, which could hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FetchError {
    /// The address, or one that it led to, may not be asked.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The site's robots.txt forbids it.
    #[error("the site's robots.txt does not allow it: {rule}")]
    Robots {
        /// The rule that does.
        rule: String,
    },
    /// The site's robots.txt could not be read, so that nothing is allowed.
    #[error("nothing is fetched there before {until}, because the site's robots.txt could not be read: {why}")]
    RobotsUnread {
        /// What was in the way.
        why: String,
        /// When it is asked for again.
        until: DateTime<Utc>,
    },
    /// Larger than wanted, as sent or as unpacked.
    #[error("it is larger than {} kB", most >> 10)]
    TooLarge {
        /// The limit, in bytes.
        most: u64,
    },
    /// The site answers with something else than what was asked for.
    #[error("{}", sentence(*.code))]
    Status {
        /// The status of HTTP.
        code: u16,
    },
    /// It leads from one address to the next without end, or to none.
    #[error("{0}")]
    Redirect(String),
    /// The site asks for a longer pause than anything waits.
    #[error("{host} asks for a pause until {until}")]
    Suspended {
        /// Its name or address.
        host: String,
        /// The end of the pause.
        until: DateTime<Utc>,
    },
    /// It came too slowly, or not at all.
    #[error("the site did not answer in time")]
    Slow,
    /// The connection, or what came over it, is broken.
    #[error("the connection failed: {0}")]
    Broken(String),
    /// This program is stopping.
    #[error("the program is stopping")]
    Stopped,
}

/// What kind of reason it is: what a source's page shows, and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// The address may not be asked.
    Address,
    /// robots.txt forbids it, or cannot be read.
    Robots,
    /// Too large.
    TooLarge,
    /// It is not there (any more).
    Gone,
    /// The site refuses programs, or wants to know who asks. There is no way around that.
    Denied,
    /// The site has had enough of us for now.
    RateLimited,
    /// The site has a trouble of its own.
    ServerTrouble,
    /// The site answers with something that nobody asked for.
    Unexpected,
    /// The network, or the other side of it.
    Network,
    /// This program is stopping.
    Stopped,
}

impl FetchError {
    /// Whether the same may go well later without anybody doing something about it.
    pub fn is_passing(&self) -> bool {
        let waits =
            matches!(self, FetchError::Suspended { .. } | FetchError::RobotsUnread { .. } | FetchError::Stopped);
        waits || self.is_worth_another_try()
    }

    /// Whether it may go well in a few seconds.
    pub(super) fn is_worth_another_try(&self) -> bool {
        match self {
            FetchError::Slow | FetchError::Broken(_) => true,
            FetchError::Status { code } => matches!(code, 408 | 429 | 500..),
            _ => false,
        }
    }

    /// What kind of reason it is.
    pub fn category(&self) -> Category {
        match self {
            FetchError::Forbidden(_) => Category::Address,
            FetchError::Robots { .. } | FetchError::RobotsUnread { .. } => Category::Robots,
            FetchError::TooLarge { .. } => Category::TooLarge,
            FetchError::Status { code } => of_status(*code),
            FetchError::Redirect(_) => Category::Unexpected,
            FetchError::Suspended { .. } => Category::RateLimited,
            FetchError::Slow | FetchError::Broken(_) => Category::Network,
            FetchError::Stopped => Category::Stopped,
        }
    }
}

impl From<Failure> for FetchError {
    fn from(failure: Failure) -> FetchError {
        match failure {
            Failure::Forbidden(forbidden) => FetchError::Forbidden(forbidden),
            Failure::TooLarge { most } => FetchError::TooLarge { most },
            Failure::Slow => FetchError::Slow,
            Failure::Broken(sentence) => FetchError::Broken(sentence),
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Category::Address => "address not allowed",
            Category::Robots => "forbidden by robots.txt",
            Category::TooLarge => "too large",
            Category::Gone => "not there",
            Category::Denied => "the site refuses programs",
            Category::RateLimited => "the site asks for a pause",
            Category::ServerTrouble => "the site has trouble",
            Category::Unexpected => "unexpected answer",
            Category::Network => "network",
            Category::Stopped => "stopping",
        })
    }
}

fn of_status(code: u16) -> Category {
    match code {
        404 | 410 => Category::Gone,
        401 | 403 | 407 | 451 => Category::Denied,
        429 => Category::RateLimited,
        408 | 500.. => Category::ServerTrouble,
        _ => Category::Unexpected,
    }
}

fn sentence(code: u16) -> String {
    match code {
        401 => "the site wants a name and a password (401)".into(),
        403 => "the site refuses programs (403); there is no way around that".into(),
        404 | 410 => format!("the site has nothing at this address ({code})"),
        429 => "the site has had too many requests (429)".into(),
        451 => "the site may not show it, for legal reasons (451)".into(),
        500.. => format!("the site has trouble of its own ({code})"),
        _ => format!("the site answers {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_kind_and_a_sentence() {
        for (code, category, passes) in [
            (204, Category::Unexpected, false),
            (206, Category::Unexpected, false),
            (304, Category::Unexpected, false),
            (400, Category::Unexpected, false),
            (401, Category::Denied, false),
            (403, Category::Denied, false),
            (404, Category::Gone, false),
            (408, Category::ServerTrouble, true),
            (410, Category::Gone, false),
            (429, Category::RateLimited, true),
            (451, Category::Denied, false),
            (500, Category::ServerTrouble, true),
            (522, Category::ServerTrouble, true),
        ] {
            let error = FetchError::Status { code };
            assert_eq!((error.category(), error.is_passing()), (category, passes), "{code}");
            assert!(error.to_string().contains(&code.to_string()), "{error}");
        }
        assert!(FetchError::Status { code: 403 }.to_string().contains("refuses programs"));
    }

    #[test]
    fn what_passes_is_not_always_tried_again_at_once() {
        let until = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let suspended = FetchError::Suspended { host: "a.example".into(), until };
        assert!(suspended.is_passing() && !suspended.is_worth_another_try());
        assert_eq!(suspended.to_string(), "a.example asks for a pause until 2027-01-15 08:00:00 UTC");
        let robots = FetchError::Robots { rule: "Disallow: /".into() };
        assert!(!robots.is_passing() && FetchError::Slow.is_worth_another_try() && FetchError::Stopped.is_passing());
    }
}
