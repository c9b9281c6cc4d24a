//! Cutting a rule at its operators, but not inside brackets, where selectors, paths and filters have characters that
//! only look like one.

use super::error::RuleError;

/// How the results of several rules become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// `&&`: one after the other.
    All,
    /// `||`: the first that gives something.
    First,
    /// `%%`: the first of each, then the second of each.
    InTurn,
}

/// Cuts at the kind of operator that comes first; others stay as written.
///
/// # Errors
/// When a bracket is not closed.
pub(super) fn alternatives(rule: &str) -> Result<(Join, Vec<&str>), RuleError> {
    let kinds = [("&&", Join::All), ("||", Join::First), ("%%", Join::InTurn)];
    for at in outside(rule)? {
        let rest = rule.get(at..).unwrap_or_default();
        if let Some((operator, join)) = kinds.into_iter().find(|(operator, _)| rest.starts_with(operator)) {
            return Ok((join, cut(rule, operator)?));
        }
    }
    Ok((Join::All, vec![rule]))
}

/// Cuts at every `operator`.
///
/// # Errors
/// When a bracket is not closed.
pub(super) fn cut<'a>(rule: &'a str, operator: &str) -> Result<Vec<&'a str>, RuleError> {
    let mut parts = Vec::new();
    let mut start = 0;
    for at in outside(rule)? {
        if at >= start && rule.get(at..).is_some_and(|rest| rest.starts_with(operator)) {
            parts.extend(rule.get(start..at));
            start = at + operator.len();
        }
    }
    parts.extend(rule.get(start..));
    Ok(parts)
}

/// The places of a rule that are outside of brackets.
fn outside(rule: &str) -> Result<Vec<usize>, RuleError> {
    let bytes = rule.as_bytes();
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let close = match byte {
            b'[' => b']',
            b'(' => b')',
            _ => {
                places.push(at);
                at += 1;
                continue;
            }
        };
        at = balanced(bytes, at, byte, close).ok_or_else(|| RuleError::syntax(format!("a bracket is open: {rule}")))?;
    }
    Ok(places)
}

/// The place after the bracket that closes the one at `at`. Quotes hide brackets, a backslash outside of quotes hides
/// the next character.
fn balanced(bytes: &[u8], mut at: usize, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0usize;
    let mut quote = None;
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        match (byte, quote) {
            (b'\'' | b'"', None) => quote = Some(byte),
            (_, Some(mark)) if byte == mark => quote = None,
            (_, Some(_)) => {}
            (b'\\', None) => at += 1,
            (byte, None) if byte == open => depth += 1,
            (byte, None) if byte == close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
}

/// Joins results.
pub(super) fn join<T>(how: Join, mut results: Vec<Vec<T>>) -> Vec<T> {
    match how {
        Join::All => results.into_iter().flatten().collect(),
        Join::First => results.into_iter().find(|one| !one.is_empty()).unwrap_or_default(),
        Join::InTurn => {
            results.retain(|one| !one.is_empty());
            // As long as the first has some: what others have more of is not taken.
            let turns = results.first().map_or(0, Vec::len);
            let mut results: Vec<_> = results.into_iter().map(Vec::into_iter).collect();
            let mut joined = Vec::new();
            for _ in 0..turns {
                joined.extend(results.iter_mut().filter_map(Iterator::next));
            }
            joined
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_kind_cuts() {
        assert_eq!(alternatives("a||b&&c").unwrap(), (Join::First, vec!["a", "b&&c"]));
        assert_eq!(alternatives("a&&b&&c").unwrap(), (Join::All, vec!["a", "b", "c"]));
        assert_eq!(alternatives("a").unwrap(), (Join::All, vec!["a"]));
    }

    #[test]
    fn brackets_hide_operators() {
        assert_eq!(alternatives("$[?(@.a && @.b)].c%%d").unwrap(), (Join::InTurn, vec!["$[?(@.a && @.b)].c", "d"]));
        assert_eq!(cut("a[href*='@]']@b(')@')@text", "@").unwrap(), ["a[href*='@]']", "b(')@')", "text"]);
        assert!(alternatives("a[b").is_err());
    }

    #[test]
    fn results_are_joined_in_three_ways() {
        let results = || vec![vec![], vec!["a1", "a2"], vec!["b1", "b2", "b3"]];
        assert_eq!(join(Join::All, results()), ["a1", "a2", "b1", "b2", "b3"]);
        assert_eq!(join(Join::First, results()), ["a1", "a2"]);
        assert_eq!(join(Join::InTurn, results()), ["a1", "b1", "a2", "b2"]);
    }
}
