//! What a cron expression says, in words, as far as people would say it in one sentence.

/// How often something comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// Every so many minutes, which divide the hour.
    Minutes(u32),
    /// Every so many hours, which divide the day, at this minute.
    Hours(u32, u32),
    /// Every day at this hour and minute.
    Daily(u32, u32),
    /// Every week on these days, 0 for Sunday, at this hour and minute.
    Weekly(Vec<usize>, u32, u32),
    /// Every month on this day, at this hour and minute.
    Monthly(u32, u32, u32),
    /// Something that only the expression says.
    Other,
}

/// As cron expressions name them.
const NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const EN: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ZH: [&str; 7] = ["日", "一", "二", "三", "四", "五", "六"];

/// One field of an expression.
enum Field<'a> {
    Any,
    Every(u32),
    At(u32),
    Other(&'a str),
}

impl Rhythm {
    /// Of an expression with seconds, minutes, hours, day of month, month, day of week. To the second nobody says it.
    pub fn of(expression: &str) -> Rhythm {
        let fields: Vec<Field<'_>> = expression.split_whitespace().map(Field::of).collect();
        let [Field::At(_), minute, hour, day, Field::Any, week] = fields.as_slice() else { return Rhythm::Other };
        match (minute, hour, day, week) {
            (Field::Any, Field::Any, Field::Any, Field::Any) => Rhythm::Minutes(1),
            (Field::Every(n), Field::Any, Field::Any, Field::Any) if 60 % n == 0 => Rhythm::Minutes(*n),
            (Field::At(minute), Field::Any, Field::Any, Field::Any) => Rhythm::Hours(1, *minute),
            (Field::At(minute), Field::Every(n), Field::Any, Field::Any) if 24 % n == 0 => Rhythm::Hours(*n, *minute),
            (Field::At(minute), Field::At(hour), Field::Any, Field::Any) => Rhythm::Daily(*hour, *minute),
            (Field::At(minute), Field::At(hour), Field::At(day), Field::Any) => Rhythm::Monthly(*day, *hour, *minute),
            (Field::At(minute), Field::At(hour), Field::Any, week) => match week.days() {
                Some(days) => Rhythm::Weekly(days, *hour, *minute),
                None => Rhythm::Other,
            },
            _ => Rhythm::Other,
        }
    }

    /// In English; none where only the expression says it.
    pub fn en(&self) -> Option<String> {
        Some(match self {
            Rhythm::Minutes(1) => "every minute".into(),
            Rhythm::Minutes(n) => format!("every {n} minutes"),
            Rhythm::Hours(1, minute) => format!("every hour, {minute} minutes past"),
            Rhythm::Hours(n, minute) => format!("every {n} hours, {minute} minutes past"),
            Rhythm::Daily(hour, minute) => format!("every day at {hour:02}:{minute:02}"),
            Rhythm::Weekly(days, hour, minute) => {
                let days: Vec<&str> = days.iter().map(|day| EN[*day]).collect();
                format!("every {} at {hour:02}:{minute:02}", days.join(", "))
            }
            Rhythm::Monthly(day, hour, minute) => format!("on day {day} of every month at {hour:02}:{minute:02}"),
            Rhythm::Other => return None,
        })
    }

    /// In Chinese; none where only the expression says it.
    pub fn zh(&self) -> Option<String> {
        Some(match self {
            Rhythm::Minutes(1) => "每分钟".into(),
            Rhythm::Minutes(n) => format!("每 {n} 分钟"),
            Rhythm::Hours(1, minute) => format!("每小时的第 {minute} 分钟"),
            Rhythm::Hours(n, minute) => format!("每 {n} 小时，在第 {minute} 分钟"),
            Rhythm::Daily(hour, minute) => format!("每天 {hour:02}:{minute:02}"),
            Rhythm::Weekly(days, hour, minute) => {
                let days: Vec<String> = days.iter().map(|day| format!("周{}", ZH[*day])).collect();
                format!("每{} {hour:02}:{minute:02}", days.join("、"))
            }
            Rhythm::Monthly(day, hour, minute) => format!("每月 {day} 日 {hour:02}:{minute:02}"),
            Rhythm::Other => return None,
        })
    }
}

impl<'a> Field<'a> {
    fn of(text: &'a str) -> Field<'a> {
        if matches!(text, "*" | "?") {
            return Field::Any;
        }
        if let Ok(number) = text.parse() {
            return Field::At(number);
        }
        match text.split_once('/') {
            Some(("*" | "0", step)) => step.parse().ok().filter(|n| *n > 0).map_or(Field::Other(text), Field::Every),
            _ => Field::Other(text),
        }
    }

    /// Days of the week: numbers from 1, which is Sunday, names, lists of both, and ranges.
    fn days(&self) -> Option<Vec<usize>> {
        let day = |text: &str| match text.parse::<usize>() {
            Ok(number) => number.checked_sub(1).filter(|day| *day < 7),
            Err(_) => {
                let short = text.get(..3)?.to_uppercase();
                NAMES.iter().position(|name| *name == short)
            }
        };
        match self {
            Field::At(number) => Some(vec![day(&number.to_string())?]),
            Field::Other(text) => {
                let mut days = Vec::new();
                for part in text.split(',') {
                    match part.split_once('-') {
                        Some((first, last)) => days.extend(day(first)?..=day(last)?),
                        None => days.push(day(part)?),
                    }
                }
                Some(days)
            }
            Field::Any | Field::Every(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_said_in_both_languages() {
        for (expression, en, zh) in [
            ("0 * * * * *", "every minute", "每分钟"),
            ("30 */5 * * * *", "every 5 minutes", "每 5 分钟"),
            ("0 7 * * * *", "every hour, 7 minutes past", "每小时的第 7 分钟"),
            ("0 7 */6 * * *", "every 6 hours, 7 minutes past", "每 6 小时，在第 7 分钟"),
            ("0 20 4 * * *", "every day at 04:20", "每天 04:20"),
            ("0 20 4 * * 1", "every Sunday at 04:20", "每周日 04:20"),
            ("0 0 22 ? * Mon-Tue,FRI", "every Monday, Tuesday, Friday at 22:00", "每周一、周二、周五 22:00"),
            ("0 0 3 15 * *", "on day 15 of every month at 03:00", "每月 15 日 03:00"),
        ] {
            let rhythm = Rhythm::of(expression);
            assert_eq!((rhythm.en().as_deref(), rhythm.zh().as_deref()), (Some(en), Some(zh)), "{expression}");
        }
    }

    #[test]
    fn what_would_be_said_wrongly_is_not_said() {
        for expression in
            ["0 */7 * * * *", "* * * * * *", "0 0 4 * 6 *", "0 0 4 1 * 2", "0 0,30 4 * * *", "0 0 4 * * 9", "", "x"]
        {
            assert_eq!(Rhythm::of(expression), Rhythm::Other, "{expression}");
        }
    }
}
