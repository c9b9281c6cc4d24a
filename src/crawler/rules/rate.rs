//! How often a source wants to be asked. Only what it says; the fetching decides.

use std::time::Duration;

/// How often a source may be asked (`concurrentRate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// At least so long between two requests.
    Every(Duration),
    /// At most so many in so long.
    Within(u32, Duration),
}

impl Rate {
    /// `1000` is so many milliseconds between two; `20/60000` is 20 in 60 seconds.
    pub(super) fn parse(source: &str) -> Option<Rate> {
        // A day: what is longer is a mistake.
        let milliseconds =
            |text: &str| text.trim().parse().ok().filter(|ms| (1..=86_400_000).contains(ms)).map(Duration::from_millis);
        match source.split_once('/') {
            Some((count, per)) => {
                let count = count.trim().parse().ok().filter(|&count| count > 0)?;
                Some(Rate::Within(count, milliseconds(per)?))
            }
            None => milliseconds(source).map(Rate::Every),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        assert_eq!(Rate::parse("1000"), Some(Rate::Every(Duration::from_secs(1))));
        assert_eq!(Rate::parse("20/60000"), Some(Rate::Within(20, Duration::from_secs(60))));
        assert_eq!((Rate::parse(""), Rate::parse("0"), Rate::parse("0/5"), Rate::parse("x")), (None, None, None, None));
    }
}
