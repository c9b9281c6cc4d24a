//! From the source of a rule to its parts.

use super::super::chain::Chain;
use super::super::error::RuleError;
use super::super::json::{self, JsonRule};
use super::super::lenient;
use super::super::limits;
use super::super::pattern::Pattern;
use super::super::xpath::XPath;
use super::template::{self, Piece};
use super::{Body, Cleaning, Expression, Kind, Looking, Rule};

/// How the content is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    ByContent,
    Markup,
    Json,
    XPath,
}

/// Most expressions of a list, one applied to what the one before found.
const EXPRESSIONS: usize = 16;

pub(super) fn rule(source: &str, kind: Kind, depth: usize) -> Result<Rule, RuleError> {
    let source = source.trim();
    if source.len() > limits::RULE {
        return Err(RuleError::TooLarge("rule"));
    }
    if depth > limits::NESTING {
        return Err(RuleError::syntax("rules in rules, too deep"));
    }
    if has_script(source) {
        return Err(RuleError::script(shortened(source)));
    }
    if let (Kind::Items, Some(expressions)) = (kind, source.strip_prefix(':')) {
        return matches(expressions);
    }
    let (mode, rest) = mode(source);
    let (rest, puts) = without_puts(rest, depth)?;
    let mut sections = template::sections(template::pieces(rest.trim(), depth)?).into_iter();
    let body = body(sections.next().unwrap_or_default(), mode, kind)?;
    let cleaning = cleaning(sections.collect())?;
    Ok(Rule { puts, body, cleaning })
}

/// Whether a rule has a script in it.
pub(in super::super) fn has_script(source: &str) -> bool {
    let is_at =
        |at: usize, what: &str| source.get(at..at + what.len()).is_some_and(|start| start.eq_ignore_ascii_case(what));
    source.match_indices(['<', '@']).any(|(at, _)| is_at(at, "<js>") || is_at(at, "@js:"))
}

fn shortened(source: &str) -> String {
    const SHOWN: usize = 40;
    let one_line = source.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown: String = one_line.chars().take(SHOWN).collect();
    if shown.len() < one_line.len() {
        shown.push('…');
    }
    shown
}

fn mode(source: &str) -> (Mode, &str) {
    let after = |prefix: &str| {
        source.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix))?;
        source.get(prefix.len()..)
    };
    if after("@css:").is_some() {
        return (Mode::Markup, source);
    }
    if let Some(rest) = source.strip_prefix("@@") {
        return (Mode::Markup, rest);
    }
    if let Some(rest) = after("@xpath:") {
        return (Mode::XPath, rest);
    }
    if let Some(rest) = after("@json:") {
        return (Mode::Json, rest);
    }
    if source.starts_with("$.") || source.starts_with("$[") {
        return (Mode::Json, source);
    }
    (Mode::ByContent, source)
}

/// Cuts out `@put:{…}`.
fn without_puts(source: &str, depth: usize) -> Result<(String, Vec<(String, Rule)>), RuleError> {
    let mut out = String::new();
    let mut puts = Vec::new();
    let mut rest = source;
    while let Some((before, inside, after)) = next_put(rest) {
        out.push_str(before);
        for (name, rule) in lenient::object(inside).unwrap_or_default() {
            puts.push((name, self::rule(&json::text(&rule), Kind::Texts, depth + 1)?));
        }
        rest = after;
    }
    out.push_str(rest);
    if puts.len() > limits::KEPT {
        return Err(RuleError::TooLarge("number of variables"));
    }
    Ok((out, puts))
}

fn next_put(source: &str) -> Option<(&str, &str, &str)> {
    let is_put = |&at: &usize| source.get(at..at + 6).is_some_and(|start| start.eq_ignore_ascii_case("@put:{"));
    let start = source.match_indices('@').map(|(at, _)| at).find(is_put)?;
    let inside = source.get(start + 5..)?;
    let end = closing_brace(inside)?;
    Some((source.get(..start)?, inside.get(..=end)?, inside.get(end + 1..)?))
}

/// The brace that closes the first; rules inside may have some of their own.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn matches(expressions: &str) -> Result<Rule, RuleError> {
    let expressions = expressions.split("&&").map(str::trim).filter(|one| !one.is_empty());
    let patterns = expressions.map(Pattern::compile).collect::<Result<Vec<_>, _>>()?;
    if patterns.is_empty() || patterns.len() > EXPRESSIONS {
        return Err(RuleError::syntax("a list of expressions with none or too many"));
    }
    Ok(Rule { puts: Vec::new(), body: Body::Matches(patterns), cleaning: None })
}

fn body(pieces: Vec<Piece>, mode: Mode, kind: Kind) -> Result<Body, RuleError> {
    let source = match pieces.as_slice() {
        [] => return Ok(Body::Content),
        [Piece::Text(text)] if kind != Kind::OfGroups && !template::has_group(text) => text.trim(),
        _ => return Ok(Body::Template(template::with_groups(pieces))),
    };
    if source.is_empty() {
        return Ok(Body::Content);
    }
    let chain = || match kind {
        Kind::Items => Chain::of_elements(source).map(Looking::Chain),
        Kind::Texts | Kind::OfGroups => Chain::of_texts(source).map(Looking::Chain),
    };
    let json = || JsonRule::parse(source).map(Looking::Json);
    let xpath = || XPath::parse(source).map(Looking::XPath);
    let page = match mode {
        Mode::Markup => return chain().map(Body::Looking),
        Mode::Json => return json().map(Body::Looking),
        Mode::XPath => return xpath().map(Body::Looking),
        Mode::ByContent if source.starts_with('/') => xpath(),
        Mode::ByContent => chain(),
    };
    let is_path = ["$.", "[?("].iter().any(|sign| source.contains(sign));
    match (page, json()) {
        // Nearly anything could be the name of a field, but hardly one with these in it.
        (Err(error), json) if json.is_err() || !is_path && source.contains(['@', ':', '#', '>', '/']) => Err(error),
        (page, json) => Ok(Body::ByContent { page, json }),
    }
}

fn cleaning(sections: Vec<Vec<Piece>>) -> Result<Option<Cleaning>, RuleError> {
    let first_only = sections.len() > 2;
    let mut sections = sections.into_iter();
    let Some(expression) = sections.next().filter(|pieces| !pieces.is_empty()) else { return Ok(None) };
    let expression = match expression.as_slice() {
        [Piece::Text(text)] => match Pattern::compile(text) {
            Ok(pattern) => Expression::Pattern(pattern),
            Err(error @ RuleError::TooLarge(_)) => return Err(error),
            Err(_) => Expression::Literal(text.clone()),
        },
        _ => Expression::Template(expression),
    };
    Ok(Some(Cleaning { expression, replacement: sections.next().unwrap_or_default(), first_only }))
}
