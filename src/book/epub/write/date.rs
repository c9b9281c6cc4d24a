//! Dates as EPUB wants them: the profile of ISO 8601 that the W3C wrote a note on.
//!
//! Books write dates in every way; where year, month and day can be told, they are kept.

/// A date of publication: `1925`, `1925-05`, `1925-05-01` or a point in time with its zone. `None` if
/// no year can be told, or it is the year 101 that stands for "unknown" in many books.
pub(super) fn published(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some((day, time)) = text.split_once('T')
        && let Some(day) = parse_day(day).filter(|_| day.len() == 10)
        && let Some(seconds) = time_of_day(time)
    {
        // Midnight is how programs write a day.
        let midnight = seconds.0 == 0 && seconds.1 == 0;
        return Some(if midnight { day.to_string() } else { format!("{day}T{time}") });
    }
    let (day, _) = text.split_once('T').unwrap_or((text, ""));
    parse_day(day).map(|day| day.to_string())
}

/// The moment of a change, in UTC to the second: `2024-05-01T00:00:00Z`.
pub(super) fn modified(text: &str) -> Option<String> {
    let text = text.trim();
    let (day, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00Z"));
    let day = parse_day(day).filter(|day| day.month > 0 && day.day > 0)?;
    let (seconds, offset) = time_of_day(time)?;
    let total = day.number() * 86_400 + seconds - offset * 60;
    let (day, rest) = (Day::from_number(total.div_euclid(86_400)), total.rem_euclid(86_400));
    let year_fits = (1..=9999).contains(&day.year);
    year_fits.then(|| format!("{day}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60))
}

/// A day of the Gregorian calendar; month and day are 0 if unknown.
#[derive(Clone, Copy)]
struct Day {
    year: i64,
    month: i64,
    day: i64,
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month > 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.month > 0 && self.day > 0 {
            write!(f, "-{:02}", self.day)?;
        }
        Ok(())
    }
}

impl Day {
    fn days_in_month(self) -> i64 {
        match self.month {
            2 if self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// Days since 1970-01-01, counted in years that start in March.
    fn number(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let (era, month) = (year.div_euclid(400), (self.month + 9) % 12);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * month + 2) / 5 + self.day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    fn from_number(number: i64) -> Day {
        let (era, of_era) = ((number + 719_468).div_euclid(146_097), (number + 719_468).rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        Day { year: year + era * 400 + i64::from(month <= 2), month, day }
    }
}

/// Year, month and day by the numbers in a text: `2019-5-3`, `2019年05月`, `20120503`, `3/5/2019` (the
/// year only: who writes which first cannot be known).
fn parse_day(text: &str) -> Option<Day> {
    let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).collect();
    let number = |at: usize| numbers.get(at).and_then(|run| run.parse::<i64>().ok());
    let first = *numbers.first()?;
    let day = match first.len() {
        8 => Day {
            year: first.get(..4)?.parse().ok()?,
            month: first.get(4..6)?.parse().ok()?,
            day: first.get(6..)?.parse().ok()?,
        },
        4 => Day { year: number(0)?, month: number(1).unwrap_or(0), day: number(2).unwrap_or(0) },
        _ => {
            let year = numbers.iter().find(|run| run.len() == 4)?.parse().ok()?;
            Day { year, month: 0, day: 0 }
        }
    };
    if !(1000..=2999).contains(&day.year) {
        return None;
    }
    let month_fits = (1..=12).contains(&day.month);
    let day_fits = month_fits && (1..=day.days_in_month()).contains(&day.day);
    Some(Day { month: if month_fits { day.month } else { 0 }, day: if day_fits { day.day } else { 0 }, ..day })
}

/// Seconds since midnight and minutes ahead of UTC, of `10:20Z`, `10:20:30.5+08:00`.
fn time_of_day(text: &str) -> Option<(i64, i64)> {
    let zone_at = text.find(['Z', '+', '-'])?;
    let (time, zone) = (text.get(..zone_at)?, text.get(zone_at..)?);
    let clock = |text: &str| -> Option<i64> {
        let (hour, minute) = text.split_once(':')?;
        let two = |part: &str, most: i64| {
            let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse().ok())?.filter(|&number: &i64| number <= most)
        };
        Some(two(hour, 23)? * 60 + two(minute, 59)?)
    };
    let offset = match zone {
        "Z" => 0,
        _ => clock(zone.get(1..)?)? * if zone.starts_with('-') { -1 } else { 1 },
    };
    let minutes = clock(time.get(..5)?)?;
    let seconds = match time.get(5..)? {
        "" => 0,
        rest => {
            let (whole, fraction) = rest.strip_prefix(':')?.split_once('.').unwrap_or((rest.get(1..)?, "0"));
            let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            (whole.len() == 2 && plain(whole) && plain(fraction))
                .then(|| whole.parse().ok())?
                .filter(|&s: &i64| s < 60)?
        }
    };
    Some((minutes * 60 + seconds, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_all_kinds() {
        for (text, expected) in [
            ("1925", Some("1925")),
            ("2019-5-3", Some("2019-05-03")),
            ("2019年05月", Some("2019-05")),
            ("20120503", Some("2012-05-03")),
            ("2012-02-30", Some("2012-02")),
            ("2012-02-29T00:00:00+00:00", Some("2012-02-29")),
            ("2012-02-29T10:20:30Z", Some("2012-02-29T10:20:30Z")),
            ("2012-02-29T10:20", Some("2012-02-29")),
            ("May 2019", Some("2019")),
            ("0101-01-01T00:00:00+00:00", None),
            ("昔", None),
            ("", None),
        ] {
            assert_eq!(published(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn moments_are_given_in_utc() {
        for (text, expected) in [
            ("2024-05-01T10:20:30Z", Some("2024-05-01T10:20:30Z")),
            ("2024-03-01T01:00:00.123+08:00", Some("2024-02-29T17:00:00Z")),
            ("2023-12-31T23:30-01:00", Some("2024-01-01T00:30:00Z")),
            ("2024-05-01", Some("2024-05-01T00:00:00Z")),
            ("2024", None),
            ("2024-05-01T99:00:00Z", None),
        ] {
            assert_eq!(modified(text).as_deref(), expected, "{text}");
        }
    }
}
