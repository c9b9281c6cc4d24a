//! Regular expressions as sources write them: Java's.
//!
//! Tried first with an engine that is linear, then with one that goes back, for look-around and back-references, with
//! a limit. Android's classes are Unicode's (`\w` has the Han characters), as here.

use std::ops::Range;

use super::error::RuleError;
use super::limits::{self, Budget};

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Pattern {
    engine: Engine,
    /// Steps that one byte of a text costs: the engines' work grows with the compiled expression and its groups.
    weight: usize,
    /// Whether a match may cost a look far beyond its end.
    is_far: bool,
}

#[derive(Debug)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

/// The groups of one match, the whole first; one that took no part is empty.
pub(super) type Groups = Vec<String>;

/// How many expressions a text may have, or more: what begins one is counted, also where it means something else. Each
/// can be [`limits::REGEX`] large when it is compiled, so a source may not have any number.
pub(super) fn count(rules: &str) -> usize {
    ["##", ":matches", "=~", "~="].iter().map(|mark| rules.matches(mark).count()).sum()
}

impl Pattern {
    /// Compiles an expression.
    ///
    /// # Errors
    /// When neither engine takes it, or it is too large.
    pub(super) fn compile(java: &str) -> Result<Pattern, RuleError> {
        let source = translated(java);
        let (engine, size, groups) = match linear(&source)? {
            Some((regex, size)) => {
                let groups = regex.captures_len();
                (Engine::Linear(regex), size, groups)
            }
            None => {
                let regex = backtracking(&source)
                    .ok_or_else(|| RuleError::syntax(format!("regular expression {}", shortened(java))))?;
                let groups = regex.captures_len();
                (Engine::Backtracking(Box::new(regex)), limits::DELEGATE, groups)
            }
        };
        if groups > limits::GROUPS + 1 {
            return Err(RuleError::TooLarge("number of groups of a regular expression"));
        }
        // Among characters that are not ASCII, the edges of words are only for the slowest of the engines.
        let slowness = if source.contains(r"\b") || source.contains(r"\B") { 4 } else { 1 };
        Ok(Pattern { engine, weight: size / SMALLEST * (1 + groups / 4) * slowness, is_far: is_far(&source) })
    }

    /// Steps that one byte of a text costs.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Whether the whole text matches.
    pub(super) fn matches_whole(&self, text: &str, budget: &mut Budget) -> Result<bool, RuleError> {
        let mut is_whole = false;
        self.each(text, 1, budget, |range, _, _| {
            is_whole = range == (0..text.len());
            Ok(())
        })?;
        Ok(is_whole)
    }

    /// Whether it is found in the text.
    pub(super) fn is_found(&self, text: &str, budget: &mut Budget) -> Result<bool, RuleError> {
        let mut is_found = false;
        self.each(text, 1, budget, |_, _, _| {
            is_found = true;
            Ok(())
        })?;
        Ok(is_found)
    }

    /// The groups of every match, of at most `most`.
    ///
    /// # Errors
    /// When there are more matches than any text should have, or the search takes too long.
    pub(super) fn groups(&self, text: &str, most: usize, budget: &mut Budget) -> Result<Vec<Groups>, RuleError> {
        let mut all = Vec::new();
        self.each(text, most, budget, |_, groups, _| {
            all.push(groups.iter().map(|&group| group.to_owned()).collect());
            Ok(())
        })?;
        Ok(all)
    }

    /// Replaces every match. In the replacement `$1` stands for a group, and a backslash takes the meaning of the next
    /// character.
    ///
    /// # Errors
    /// As [`Pattern::groups`], and when the text becomes too large.
    pub(super) fn replace(&self, text: &str, by: &str, budget: &mut Budget) -> Result<String, RuleError> {
        let mut out = String::new();
        let mut end = 0;
        self.each(text, usize::MAX, budget, |range, groups, budget| {
            push(&mut out, text.get(end..range.start).unwrap_or_default())?;
            budget.spend(by.len())?;
            end = range.end;
            push_replacement(&mut out, by, groups)
        })?;
        push(&mut out, text.get(end..).unwrap_or_default())?;
        Ok(out)
    }

    /// The first match, replaced; nothing if there is none.
    ///
    /// # Errors
    /// As [`Pattern::replace`].
    pub(super) fn replace_in_first(&self, text: &str, by: &str, budget: &mut Budget) -> Result<String, RuleError> {
        let mut first = 0..0;
        self.each(text, 1, budget, |range, _, _| {
            first = range;
            Ok(())
        })?;
        // Replaced within what was found, where look-around sees nothing beyond it; only its first match.
        let whole = text.get(first).unwrap_or_default();
        let mut out = String::new();
        let mut end = 0;
        if !whole.is_empty() {
            self.each(whole, 1, budget, |range, groups, _| {
                push(&mut out, whole.get(..range.start).unwrap_or_default())?;
                end = range.end;
                push_replacement(&mut out, by, groups)
            })?;
        }
        push(&mut out, whole.get(end..).unwrap_or_default())?;
        Ok(out)
    }

    /// Calls `take` for every match, of at most `most`, with its place and its groups.
    fn each(
        &self,
        text: &str,
        most: usize,
        budget: &mut Budget,
        mut take: impl FnMut(Range<usize>, &[&str], &mut Budget) -> Result<(), RuleError>,
    ) -> Result<(), RuleError> {
        budget.spend(self.first_cost(text.len()))?;
        let mut count = 0;
        let mut one = |range: Range<usize>, groups: &[&str], budget: &mut Budget| {
            let held: usize = groups.iter().map(|group| group.len() + size_of::<String>()).sum();
            budget.spend(50 + 4 * held + self.next_cost(text.len() - range.end))?;
            count += 1;
            if count > limits::MATCHES {
                return Err(RuleError::TooLarge("matches of a regular expression"));
            }
            take(range, groups, budget)
        };
        match &self.engine {
            Engine::Linear(regex) => {
                for captures in regex.captures_iter(text).take(most) {
                    let Some(whole) = captures.get(0) else { continue };
                    let groups: Vec<&str> = captures.iter().map(|one| one.map_or("", |one| one.as_str())).collect();
                    one(whole.range(), &groups, budget)?;
                }
            }
            Engine::Backtracking(regex) => {
                if text.len() > limits::BACKTRACKED {
                    return Err(RuleError::TooLarge("text for a regular expression with look-around"));
                }
                for captures in regex.captures_iter(text).take(most) {
                    let captures = captures.map_err(|_| RuleError::TooSlow)?;
                    let Some(whole) = captures.get(0) else { continue };
                    let groups: Vec<&str> = captures.iter().map(|one| one.map_or("", |one| one.as_str())).collect();
                    one(whole.range(), &groups, budget)?;
                }
            }
        }
        Ok(())
    }

    /// Steps of the search for the first match, and of all of the way to the others.
    fn first_cost(&self, length: usize) -> usize {
        match self.engine {
            Engine::Linear(_) => length.saturating_mul(self.weight),
            Engine::Backtracking(_) => backtracked(length),
        }
    }

    /// Steps of looking on after a match, beyond what the next will begin at.
    fn next_cost(&self, left: usize) -> usize {
        match self.engine {
            Engine::Linear(_) if self.is_far => left.saturating_mul(self.weight) / 4,
            Engine::Linear(_) => self.weight,
            Engine::Backtracking(_) => 1_000 + backtracked(left),
        }
    }
}

/// Steps of a search that goes back: at every place it may look to the end.
fn backtracked(length: usize) -> usize {
    length.saturating_mul(length) / 128 + length
}

/// The size, in bytes, of an expression whose search takes one step for a byte.
const SMALLEST: usize = 2 << 10;

/// An expression for the linear engine, and about how large it is; nothing if it needs the other.
fn linear(source: &str) -> Result<Option<(regex::Regex, usize)>, RuleError> {
    let mut size = SMALLEST;
    while size <= limits::REGEX {
        let mut builder = regex::RegexBuilder::new(source);
        match builder.size_limit(size).dfa_size_limit(limits::DFA.max(2 * size)).build() {
            Ok(regex) => return Ok(Some((regex, size))),
            // What it is the engine does not tell, only that it is more.
            Err(regex::Error::CompiledTooBig(_)) => size *= 2,
            Err(_) => return Ok(None),
        }
    }
    Err(RuleError::TooLarge("regular expression"))
}

fn backtracking(source: &str) -> Option<fancy_regex::Regex> {
    // Every part of it may be as large as allowed.
    if source.len() > limits::BACKTRACKING {
        return None;
    }
    let mut builder = fancy_regex::RegexBuilder::new(source);
    builder.backtrack_limit(limits::BACKTRACKS);
    builder.delegate_size_limit(limits::DELEGATE).delegate_dfa_size_limit(limits::DFA).build().ok()
}

/// Whether a search may look far beyond the end of what it then gives: when something of any length that may also be
/// left out, or another branch, leads on from there. Without these every byte is looked at a few times, however many
/// matches there are.
fn is_far(source: &str) -> bool {
    let (mut is_loop, mut is_fork, mut classes, mut before) = (false, false, 0_usize, ' ');
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => classes += 1,
            ']' => classes = classes.saturating_sub(1),
            _ if classes > 0 => {}
            '*' | '+' | '{' | '?' => {
                is_loop |= c != '?';
                is_fork |= before == ')';
            }
            '|' => is_fork = true,
            _ => {}
        }
        before = c;
    }
    let is_flag = |c: &char| c.is_ascii_alphabetic() || *c == '-';
    // With this flag there are comments, and brackets in them.
    let is_loose = source.split("(?").skip(1).any(|flags| flags.chars().take_while(is_flag).any(|flag| flag == 'x'));
    is_loop && is_fork || is_loose || classes > 0
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Adds a part to a text that is being made.
fn push(out: &mut String, part: &str) -> Result<(), RuleError> {
    if out.len() + part.len() > limits::TEXT {
        return Err(RuleError::TooLarge("text"));
    }
    out.push_str(part);
    Ok(())
}

/// A text as it has to be written in a replacement to stand for itself.
pub(super) fn quoted(text: &str) -> String {
    text.replace('\\', r"\\").replace('$', r"\$")
}

fn push_replacement(out: &mut String, by: &str, groups: &[&str]) -> Result<(), RuleError> {
    let mut rest = by;
    while let Some(at) = rest.find(['\\', '$']) {
        let (before, sign) = rest.split_at(at);
        push(out, before)?;
        let mut after = sign.chars();
        if after.next() == Some('\\') {
            let length = after.next().map_or(0, char::len_utf8);
            push(out, sign.get(1..=length).unwrap_or_default())?;
            rest = sign.get(1 + length..).unwrap_or_default();
            continue;
        }
        let digit = |at: usize| sign.as_bytes().get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0');
        let Some(first) = digit(1).map(usize::from) else {
            push(out, "$")?;
            rest = after.as_str();
            continue;
        };
        // A second digit belongs to it only if there is such a group.
        let both = digit(2).map(|second| first * 10 + usize::from(second)).filter(|&both| both < groups.len());
        push(out, groups.get(both.unwrap_or(first)).copied().unwrap_or_default())?;
        rest = sign.get(if both.is_some() { 3 } else { 2 }..).unwrap_or_default();
    }
    push(out, rest)
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
mod tests;
