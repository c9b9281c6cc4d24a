//! The many ways in which feeds, sitemaps and folders write a point in time. Without a time zone it is taken as UTC;
//! nothing here knows what time it is.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// Longest text that is a date, in bytes.
const LONGEST: usize = 64;
const TIMES: [&str; 9] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d-%b-%Y %H:%M:%S",
    "%d-%b-%Y %H:%M",
    "%Y-%b-%d %H:%M:%S",
    "%Y-%b-%d %H:%M",
    "%d %b %Y %H:%M:%S",
];
const DAYS: [&str; 7] = ["%Y-%m-%d", "%Y/%m/%d", "%d-%b-%Y", "%Y-%b-%d", "%d %b %Y", "%b %d, %Y", "%B %d, %Y"];

/// A point in time.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let text = chinese(text);
    let plain = text.replacen('T', " ", 1);
    let zoned = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1))
        .or_else(|_| DateTime::parse_from_rfc2822(&text))
        .or_else(|_| DateTime::parse_from_rfc2822(&without_weekday(&text)))
        .or_else(|_| DateTime::parse_from_str(&plain, "%Y-%m-%d %H:%M:%S%.f%#z"))
        .or_else(|_| DateTime::parse_from_str(&plain, "%Y-%m-%d %H:%M:%S %z"))
        .or_else(|_| DateTime::parse_from_str(&plain, "%Y-%m-%d %H:%M%#z"));
    if let Ok(at) = zoned {
        return Some(at.to_utc());
    }
    let plain = without_weekday(plain.trim_end_matches([' ', 'Z']).trim_end_matches("UTC").trim_end());
    let time = TIMES.iter().find_map(|format| NaiveDateTime::parse_from_str(&plain, format).ok());
    let time = time.or_else(|| NaiveDateTime::parse_from_str(&plain, "%Y-%m-%d %H:%M:%S%.f").ok());
    time.or_else(|| day(&plain)?.and_hms_opt(0, 0, 0)).map(|at| at.and_utc())
}

fn day(text: &str) -> Option<NaiveDate> {
    let whole = DAYS.iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok());
    // A month or a year alone.
    let month = || NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok();
    let year = || {
        text.parse()
            .ok()
            .filter(|year| (1000..=9999).contains(year))
            .and_then(|year| NaiveDate::from_ymd_opt(year, 1, 1))
    };
    whole.or_else(month).or_else(year)
}

/// `2026年5月1日 8:30` as `2026-5-1 8:30`.
fn chinese(text: &str) -> String {
    if !text.contains('年') {
        return text.to_owned();
    }
    let text = text.replace(['年', '月'], "-").replace('日', " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('-').to_owned()
}

/// A weekday that is wrong or in another language; what it says is in the date as well. `GMT+8` is nobody's standard.
fn without_weekday(text: &str) -> String {
    let text = match text.split_once(',') {
        Some((day, rest)) if !day.contains(|c: char| c.is_ascii_digit()) => rest.trim(),
        _ => text,
    };
    match text.rsplit_once(" GMT") {
        Some((time, zone)) => match zone.strip_prefix(['+', '-']).and_then(|hours| hours.parse::<u8>().ok()) {
            Some(hours) => format!("{time} {}{hours:02}00", zone.get(..1).unwrap_or("+")),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_every_hand() {
        for (text, expected) in [
            ("2026-05-01T08:30:00+08:00", "2026-05-01T00:30:00Z"),
            ("2026-05-01 08:30:00Z", "2026-05-01T08:30:00Z"),
            ("2026-05-01T08:30:00.123456+0800", "2026-05-01T00:30:00.123456Z"),
            ("2026-05-01T08:30+00:00", "2026-05-01T08:30:00Z"),
            ("Fri, 01 May 2026 08:30:00 GMT", "2026-05-01T08:30:00Z"),
            ("Tue, 01 May 2026 08:30:00 +0800", "2026-05-01T00:30:00Z"),
            ("Fri, 01 May 2026 08:30:00 GMT+8", "2026-05-01T00:30:00Z"),
            ("周五, 1 May 2026 08:30:00 +0000", "2026-05-01T08:30:00Z"),
            ("2026-05-01 08:30", "2026-05-01T08:30:00Z"),
            ("01-May-2026 08:30", "2026-05-01T08:30:00Z"),
            ("2026-May-01 08:30:00", "2026-05-01T08:30:00Z"),
            ("2026年5月1日 8:30", "2026-05-01T08:30:00Z"),
            ("2026年5月1日", "2026-05-01T00:00:00Z"),
            ("2026-05-01", "2026-05-01T00:00:00Z"),
            ("2026-05", "2026-05-01T00:00:00Z"),
            ("1813", "1813-01-01T00:00:00Z"),
        ] {
            let expected = DateTime::parse_from_rfc3339(expected).unwrap().to_utc();
            assert_eq!(moment(text), Some(expected), "{text}");
        }
        for text in ["", "x", "2026-13-01", "-", "yesterday", &"1".repeat(1000), "年月日", "Fri, ,"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
