//! Regular expressions as sources write them: Java's.
//!
//! Tried first with an engine that is linear, then with one that goes back, for look-around and back-references, with
//! a limit. Android's classes are Unicode's (`\w` has the Han characters), as here.

use super::error::RuleError;
use super::limits::{self, Budget};

/// A compiled expression.
#[derive(Debug)]
pub(super) enum Pattern {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

/// The groups of one match, the whole first; one that took no part is empty.
pub(super) type Groups = Vec<String>;

impl Pattern {
    /// Compiles an expression.
    ///
    /// # Errors
    /// When neither engine takes it.
    pub(super) fn compile(java: &str) -> Result<Pattern, RuleError> {
        let source = translated(java);
        let linear = regex::RegexBuilder::new(&source).size_limit(limits::REGEX).dfa_size_limit(limits::REGEX).build();
        if let Ok(regex) = linear {
            return Ok(Pattern::Linear(regex));
        }
        let regex = fancy_regex::RegexBuilder::new(&source)
            .backtrack_limit(limits::BACKTRACKS)
            .delegate_size_limit(limits::REGEX)
            .delegate_dfa_size_limit(limits::REGEX)
            .build()
            .map_err(|_| RuleError::syntax(format!("regular expression {java}")))?;
        Ok(Pattern::Backtracking(Box::new(regex)))
    }

    /// Whether the whole text matches.
    pub(super) fn matches_whole(&self, text: &str, budget: &mut Budget) -> Result<bool, RuleError> {
        let found = self.all(text, 1, budget)?;
        Ok(found.first().is_some_and(|one| one.range == (0..text.len())))
    }

    /// Whether it is found in the text.
    pub(super) fn is_found(&self, text: &str, budget: &mut Budget) -> Result<bool, RuleError> {
        Ok(!self.all(text, 1, budget)?.is_empty())
    }

    /// The groups of every match, of at most `most`.
    ///
    /// # Errors
    /// When there are more matches than any text should have, or the search takes too long.
    pub(super) fn groups(&self, text: &str, most: usize, budget: &mut Budget) -> Result<Vec<Groups>, RuleError> {
        Ok(self.all(text, most, budget)?.into_iter().map(|found| found.groups).collect())
    }

    /// Replaces every match. In the replacement `$1` stands for a group, and a backslash takes the meaning of the next
    /// character.
    ///
    /// # Errors
    /// As [`Pattern::groups`], and when the text becomes too large.
    pub(super) fn replace(&self, text: &str, by: &str, budget: &mut Budget) -> Result<String, RuleError> {
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for found in self.all(text, usize::MAX, budget)? {
            out.push_str(text.get(end..found.range.start).unwrap_or_default());
            push_replacement(&mut out, by, &found.groups);
            end = found.range.end;
            if out.len() > limits::TEXT {
                return Err(RuleError::TooLarge("text"));
            }
        }
        out.push_str(text.get(end..).unwrap_or_default());
        limits::checked(out)
    }

    /// The first match, replaced; nothing if there is none.
    ///
    /// # Errors
    /// As [`Pattern::replace`].
    pub(super) fn replace_in_first(&self, text: &str, by: &str, budget: &mut Budget) -> Result<String, RuleError> {
        let found = self.all(text, 1, budget)?;
        let whole = found.first().and_then(|found| found.groups.first());
        whole.map_or(Ok(String::new()), |whole| {
            // Replaced within what was found, where look-around sees nothing beyond it; only its first match.
            let inner = self.all(whole, 1, budget)?;
            let Some(first) = inner.first() else { return Ok(whole.clone()) };
            let mut out = whole.get(..first.range.start).unwrap_or_default().to_owned();
            push_replacement(&mut out, by, &first.groups);
            out.push_str(whole.get(first.range.end..).unwrap_or_default());
            limits::checked(out)
        })
    }

    fn all(&self, text: &str, most: usize, budget: &mut Budget) -> Result<Vec<Found>, RuleError> {
        budget.spend(text.len())?;
        let mut all = Vec::new();
        match self {
            Pattern::Linear(regex) => {
                for captures in regex.captures_iter(text).take(most) {
                    let Some(whole) = captures.get(0) else { continue };
                    let groups = captures.iter().map(|group| group.map_or("", |group| group.as_str()).to_owned());
                    // Each match may have looked as far as the end.
                    budget.spend(text.len() / 32)?;
                    push(&mut all, Found { range: whole.range(), groups: groups.collect() }, budget)?;
                }
            }
            Pattern::Backtracking(regex) => {
                if text.len() > limits::BACKTRACKED {
                    return Err(RuleError::TooLarge("text for a regular expression with look-around"));
                }
                for captures in regex.captures_iter(text).take(most) {
                    let captures = captures.map_err(|_| RuleError::TooSlow)?;
                    let Some(whole) = captures.get(0) else { continue };
                    let groups = captures.iter().map(|group| group.map_or("", |group| group.as_str()).to_owned());
                    budget.spend(1_000 + text.len() / 8)?;
                    push(&mut all, Found { range: whole.range(), groups: groups.collect() }, budget)?;
                }
            }
        }
        Ok(all)
    }
}

struct Found {
    range: std::ops::Range<usize>,
    groups: Groups,
}

fn push(all: &mut Vec<Found>, found: Found, budget: &mut Budget) -> Result<(), RuleError> {
    budget.spend(found.groups.iter().map(String::len).sum::<usize>() + 50)?;
    if all.len() >= limits::MATCHES {
        return Err(RuleError::TooLarge("matches of a regular expression"));
    }
    all.push(found);
    Ok(())
}

fn push_replacement(out: &mut String, by: &str, groups: &[String]) {
    let mut rest = by.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.extend(rest.next()),
            '$' => {
                let Some(mut number) = rest.peek().and_then(|c| c.to_digit(10)) else {
                    out.push('$');
                    continue;
                };
                rest.next();
                // A second digit belongs to it only if there is such a group.
                if let Some(digit) = rest.peek().and_then(|c| c.to_digit(10))
                    && ((number * 10 + digit) as usize) < groups.len()
                {
                    number = number * 10 + digit;
                    rest.next();
                }
                out.push_str(groups.get(number as usize).map_or("", String::as_str));
            }
            c => out.push(c),
        }
    }
}

/// What Java writes differently.
fn translated(java: &str) -> String {
    let mut out = String::with_capacity(java.len());
    let mut rest = java;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        rest = push_escape(&mut out, after);
    }
    out.push_str(rest);
    out
}

/// Writes the escape that `after` begins with, and gives what follows.
fn push_escape<'a>(out: &mut String, after: &'a str) -> &'a str {
    let mut chars = after.chars();
    match chars.next() {
        Some('u') if after.get(1..5).is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit())) => {
            out.push_str("\\x{");
            out.push_str(after.get(1..5).unwrap_or_default());
            out.push('}');
            return after.get(5..).unwrap_or_default();
        }
        Some('Q') => {
            let (literal, rest) = chars.as_str().split_once("\\E").unwrap_or((chars.as_str(), ""));
            out.push_str(&regex::escape(literal));
            return rest;
        }
        Some('h') => out.push_str(r"[ \t\x{A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]"),
        Some('R') => out.push_str(r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])"),
        Some('Z') => out.push_str(r"\z"),
        // Here they would be the edges of words.
        Some(c @ ('<' | '>')) => out.push(c),
        Some(c) if !c.is_ascii() => out.push(c),
        Some(c) => out.extend(['\\', c]),
        None => out.push_str("\\\\"),
    }
    chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(pattern: &str, text: &str, by: &str) -> String {
        Pattern::compile(pattern).unwrap().replace(text, by, &mut Budget::new()).unwrap()
    }

    #[test]
    fn java_is_understood() {
        assert_eq!(replaced(r"(\d+)章\（(.)\）", "第12章（上）", "$2-$1"), "第上-12");
        assert_eq!(replaced(r"[\u4e00-\u9fa5]+", "a书童b", ""), "ab");
        assert_eq!(replaced(r"\Qa.b\E\<", "a.b<axb<", "\\$1"), "$1axb<");
        assert_eq!(replaced(r"(a)", "a", "$10"), "a0");
        assert_eq!(replaced(&"(.)".repeat(12), "abcdefghijkl", "$12$1\\$"), "la$");
        assert_eq!(replaced(r"\h+", "a\u{3000} b", "-"), "a-b");
        assert!(matches!(Pattern::compile("(?<!x)y"), Ok(Pattern::Backtracking(_))));
        assert_eq!(replaced(r"(.)\1", "aabcc", "<$1>"), "<a>b<c>");
        assert!(Pattern::compile("(").is_err());
    }

    #[test]
    fn the_first_match_alone() {
        let first = |pattern: &str| {
            Pattern::compile(pattern).unwrap().replace_in_first("id=1;id=2", "$1", &mut Budget::new()).unwrap()
        };
        assert_eq!((first(r"id=(\d)").as_str(), first("(x)").as_str()), ("1", ""));
    }

    #[test]
    fn what_takes_too_long_is_stopped() {
        let pattern = Pattern::compile(r"^(?:(a+)+\1)+c$").unwrap();
        let text = "a".repeat(3000) + "b";
        assert_eq!(pattern.is_found(&text, &mut Budget::new()), Err(RuleError::TooSlow));
        let pattern = Pattern::compile("a").unwrap();
        let many = "a".repeat(limits::MATCHES + 1);
        assert!(pattern.replace(&many, "b", &mut Budget::new()).is_err());
        assert!(Pattern::compile(&"(a{1,1000}){1,1000}".repeat(10)).is_err());
        assert!(Pattern::compile(&("(?=".repeat(10_000) + &")".repeat(10_000))).is_err());
    }
}
