//! The numbers behind a part: which of the elements found are taken.
//!
//! `tag.div.0:-1` takes, `tag.div!0:3` leaves out; `tag.div[0,2:-1:2]` and `tag.div[!0]` are the same with ranges,
//! whose ends are both inside and which run backwards if they are written so.

/// Which elements are taken; by default all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Indexes {
    excludes: bool,
    picks: Vec<Pick>,
}

#[derive(Debug, PartialEq, Eq)]
enum Pick {
    One(i64),
    Range { start: i64, end: i64, step: i64 },
}

/// Most numbers behind one part.
const MOST: usize = 1_000;

impl Indexes {
    /// Cuts the numbers off a part; what only looks like some (`a[href]`) belongs to the part.
    pub(super) fn cut(part: &str) -> (&str, Indexes) {
        let found = if part.ends_with(']') { bracketed(part) } else { plain(part) };
        found.filter(|(_, indexes)| indexes.picks.len() <= MOST).unwrap_or((part, Indexes::default()))
    }

    /// Takes elements by their numbers, each once, in the order of the numbers.
    pub(super) fn apply<T: Copy>(&self, elements: Vec<T>) -> Vec<T> {
        if self.picks.is_empty() {
            return elements;
        }
        let count = i64::try_from(elements.len()).unwrap_or(i64::MAX);
        let mut is_taken = vec![false; elements.len()];
        let mut order = Vec::new();
        for at in self.picks.iter().flat_map(|pick| pick.places(count)) {
            if let Some(taken) = usize::try_from(at).ok().and_then(|at| is_taken.get_mut(at))
                && !*taken
            {
                *taken = true;
                order.extend(usize::try_from(at));
            }
        }
        if self.excludes {
            elements.into_iter().zip(is_taken).filter(|(_, is_taken)| !is_taken).map(|(element, _)| element).collect()
        } else {
            order.into_iter().filter_map(|at| elements.get(at).copied()).collect()
        }
    }
}

impl Pick {
    fn places(&self, count: i64) -> Vec<i64> {
        let from_start = |at: i64| if at < 0 { at + count } else { at };
        match *self {
            Pick::One(at) => vec![from_start(at)],
            Pick::Range { start, end, step } => {
                let (start, end) = (from_start(start), from_start(end));
                if count == 0 || (start < 0 && end < 0) || (start >= count && end >= count) {
                    return Vec::new();
                }
                let (start, end) = (start.clamp(0, count - 1), end.clamp(0, count - 1));
                if start == end || step >= count {
                    return vec![start];
                }
                let step = match step {
                    step if step > 0 => step,
                    step if -step < count => (step + count).max(1),
                    _ => 1,
                };
                let mut places = Vec::new();
                let mut at = start;
                while if end > start { at <= end } else { at >= end } {
                    places.push(at);
                    at += if end > start { step } else { -step };
                }
                places
            }
        }
    }
}

/// `.0:-1` and `!0`.
fn plain(part: &str) -> Option<(&str, Indexes)> {
    let digits = part.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | ' '));
    let sign = digits.chars().last().filter(|sign| matches!(sign, '.' | '!'));
    // A number may stand alone where a part would be.
    let (before, numbers, excludes) = match sign {
        Some(sign) => (digits.get(..digits.len() - 1)?, part.get(digits.len()..)?, sign == '!'),
        None if digits.is_empty() => ("", part, false),
        None => return None,
    };
    let picks = numbers.split(':').map(|number| Some(Pick::One(number.trim().parse().ok()?)));
    Some((before, Indexes { excludes, picks: picks.collect::<Option<Vec<Pick>>>()? }))
}

/// `[0,2:-1:2]` and `[!0]`.
fn bracketed(part: &str) -> Option<(&str, Indexes)> {
    let (before, inside) = part.strip_suffix(']')?.rsplit_once('[')?;
    let inside = inside.trim();
    let (inside, excludes) = inside.strip_prefix('!').map_or((inside, false), |inside| (inside, true));
    let picks = inside.split(',').map(|pick| {
        let mut numbers = pick.split(':').map(str::trim);
        let first = numbers.next()?;
        let Some(end) = numbers.next() else { return Some(Pick::One(small(first)?)) };
        let start = if first.is_empty() { 0 } else { small(first)? };
        let end = if end.is_empty() { -1 } else { small(end)? };
        let step = numbers.next().filter(|step| !step.is_empty()).map_or(Some(1), small)?;
        Some(Pick::Range { start, end, step }).filter(|_| numbers.next().is_none())
    });
    let picks = picks.collect::<Option<Vec<Pick>>>()?;
    Some((before.trim_end(), Indexes { excludes, picks }))
}

fn small(number: &str) -> Option<i64> {
    number.parse().ok().filter(|number: &i64| number.abs() < 1 << 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(part: &str, before: &str, expected: &[i32]) {
        let (found, indexes) = Indexes::cut(part);
        assert_eq!((found, indexes.apply((0..6).collect())), (before, expected.to_vec()), "{part}");
    }

    #[test]
    fn numbers_are_told_from_names() {
        let all = [0, 1, 2, 3, 4, 5];
        check("tag.div", "tag.div", &all);
        check("h1", "h1", &all);
        check("a[href]", "a[href]", &all);
        check("a[data-x=1]", "a[data-x=1]", &all);
        check("li:nth-child(2)", "li:nth-child(2)", &all);
        check("class.a-1", "class.a-1", &all);
        check("0", "", &[0]);
        check("[1]", "", &[1]);
        check("tag.h1.0", "tag.h1", &[0]);
    }

    #[test]
    fn ranges_include_both_ends() {
        check("x[1:3]", "x", &[1, 2, 3]);
        check("x[::2]", "x", &[0, 2, 4]);
        check("x[-1:0]", "x", &[5, 4, 3, 2, 1, 0]);
        check("x[-1, 3:-2:-10, 2]", "x", &[5, 3, 4, 2]);
        check("x[!0,-1]", "x", &[1, 2, 3, 4]);
        check("x[9:12]", "x", &[]);
        check("x!0:-1", "x", &[1, 2, 3, 4]);
        check("x.-1:10:2", "x", &[5, 2]);
    }

    #[test]
    fn nothing_is_taken_from_nothing() {
        assert!(Indexes::cut("x[-1:0]").1.apply(Vec::<u8>::new()).is_empty());
    }
}
