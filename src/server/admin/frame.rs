//! What every page shares: words, theme, navigation, and how times and sizes are written.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::words::Words;
use crate::alert::{Alert, Trouble};

/// Handed to every template as `frame`.
pub(super) struct Frame<'a> {
    pub(super) words: &'a Words,
    /// The entry of the navigation that is shown as current.
    pub(super) place: &'static str,
    /// `auto`, `light` or `dark`.
    pub(super) theme: &'static str,
    /// The token that every change must carry; empty without a session.
    pub(super) csrf: &'a str,
    /// Where styles and scripts are, with their stamp.
    pub(super) assets: &'a str,
    /// What is wrong now.
    pub(super) alerts: &'a [Alert],
    /// The first steps are not over.
    pub(super) is_new: bool,
    pub(super) zone: Tz,
    pub(super) now: DateTime<Utc>,
}

impl Frame<'_> {
    /// A fixed text of the page.
    pub(super) fn s<'k>(&'k self, key: &'k str) -> &'k str {
        self.words.get(key)
    }

    /// A text with one value in it.
    pub(super) fn f(&self, key: &str, name: &str, value: impl std::fmt::Display) -> String {
        self.words.with(key, name, &value)
    }

    /// The date and the minute, in the owner's time zone.
    pub(super) fn when(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }

    /// The day and the second, for what happens often.
    pub(super) fn second(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%m-%d %H:%M:%S").to_string()
    }

    /// The same for programs.
    pub(super) fn stamp(&self, at: &DateTime<Utc>) -> String {
        at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    /// How long ago, roughly.
    pub(super) fn ago(&self, at: &DateTime<Utc>) -> String {
        let seconds = (self.now - *at).num_seconds().max(0);
        match seconds {
            0..60 => self.s("time.now").to_owned(),
            60..3600 => self.f("time.minutes", "n", seconds / 60),
            3600..86_400 => self.f("time.hours", "n", seconds / 3600),
            86_400..2_592_000 => self.f("time.days", "n", seconds / 86_400),
            _ => at.with_timezone(&self.zone).format("%Y-%m-%d").to_string(),
        }
    }

    /// What a cron expression says in words, as far as it can be said.
    pub(super) fn rhythm(&self, expression: &str) -> Option<String> {
        self.words.rhythm(expression)
    }

    /// How long something took.
    pub(super) fn took(&self, millis: &u64) -> String {
        match millis {
            0..1_000 => format!("{millis} ms"),
            1_000..60_000 => format!("{:.1} s", *millis as f64 / 1_000.0),
            _ => clock_face(millis / 1_000),
        }
    }

    /// Where on the page a trouble is put right.
    pub(super) fn remedy(&self, trouble: &Trouble) -> String {
        match trouble {
            Trouble::RenewalFailing { account, .. }
            | Trouble::NotWhitelisted { account, .. }
            | Trouble::WrongSecret { account, .. }
            | Trouble::Forbidden { account, .. }
            | Trouble::SomebodyElse { account }
            | Trouble::QuotaNearlyUsed { account, .. } => format!("/token#account-{account}"),
            Trouble::MailRefused { .. } | Trouble::AddressKeyLost { .. } => "/deliveries".into(),
            Trouble::MediaUnfit { .. } | Trouble::MediaFolderEmpty { .. } => "/media".into(),
            Trouble::KeywordFiles { .. } | Trouble::KeywordsWrong { .. } => "/keywords".into(),
            Trouble::NoCustomerMessages { .. } => "/settings".into(),
            Trouble::BackupFailed { .. } => "/backup".into(),
            Trouble::DiskFull { .. } => "/diagnostics".into(),
            Trouble::SourceStopped { source, .. } => super::sources::place(source),
        }
    }

    /// A size, as people write it.
    pub(super) fn size(&self, bytes: &u64) -> String {
        size(*bytes)
    }

    /// The BCP 47 tag of the page.
    pub(super) fn tag(&self) -> &'static str {
        self.words.tag()
    }
}

/// A time that passes, as clocks show it: hours, minutes, seconds.
pub(super) fn clock_face(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A size, as people write it: powers of 1024, three digits.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value < 9.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::{clock_face, size};

    #[test]
    fn sizes_have_two_or_three_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 kB"),
            (10 * 1024, "10 kB"),
            (1_000_000, "977 kB"),
            (1_048_000, "1.0 MB"),
            (209_715_200, "200 MB"),
            (5_000_000_000, "4.7 GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn times_that_pass_look_like_clocks() {
        for (seconds, text) in [(0, "0:00:00"), (59, "0:00:59"), (61, "0:01:01"), (7_195, "1:59:55")] {
            assert_eq!(clock_face(seconds), text);
        }
    }
}
