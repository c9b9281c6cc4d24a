//! From the source of a selector to its parts.

use super::super::error::RuleError;
use super::super::limits;
use super::super::pattern::Pattern;
use super::{Combinator, Link, Place, Selector, Test, Value};

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

pub(super) fn selector(source: &str, depth: usize) -> Result<Selector, RuleError> {
    let bad = || RuleError::syntax(format!("selector {source}"));
    if depth > limits::NESTING {
        return Err(bad());
    }
    let mut reader = Reader { rest: source.trim(), depth };
    let mut chains = Vec::new();
    loop {
        chains.push(reader.chain().ok_or_else(bad)?);
        match reader.rest.strip_prefix(',') {
            Some(rest) => reader.rest = rest.trim_start(),
            None if reader.rest.is_empty() => return Ok(Selector { chains }),
            None => return Err(bad()),
        }
    }
}

impl<'a> Reader<'a> {
    /// Parts and combinators up to a comma or the end.
    fn chain(&mut self) -> Option<Vec<Link>> {
        let mut links = Vec::new();
        let mut combinator = Combinator::Start;
        if let Some(leading) = self.combinator() {
            links.push(Link { combinator: Combinator::Start, tests: vec![Test::Root] });
            combinator = leading;
        }
        loop {
            links.push(Link { combinator, tests: self.tests()? });
            let had_blank = self.rest.starts_with(|c: char| c.is_whitespace());
            self.rest = self.rest.trim_start();
            match self.combinator() {
                Some(next) => combinator = next,
                None if self.rest.is_empty() || self.rest.starts_with(',') => return Some(links),
                None if had_blank => combinator = Combinator::Inside,
                None => return None,
            }
        }
    }

    fn combinator(&mut self) -> Option<Combinator> {
        let found = match self.rest.chars().next()? {
            '>' => Combinator::Child,
            '+' => Combinator::Next,
            '~' => Combinator::Later,
            _ => return None,
        };
        self.rest = self.rest.get(1..)?.trim_start();
        Some(found)
    }

    /// What stands together without a combinator.
    fn tests(&mut self) -> Option<Vec<Test>> {
        let mut tests = Vec::new();
        let mut is_any = false;
        if let Some(rest) = self.rest.strip_prefix('*') {
            (self.rest, is_any) = (rest, true);
        } else if let Some(name) = self.word() {
            tests.push(Test::Name(name.to_lowercase()));
        }
        loop {
            let mut chars = self.rest.chars();
            match chars.next() {
                Some('#') => {
                    self.rest = chars.as_str();
                    tests.push(Test::Id(self.word()?));
                }
                Some('.') => {
                    self.rest = chars.as_str();
                    tests.push(Test::Class(self.word()?.to_lowercase()));
                }
                Some('[') => {
                    let inside = self.bracketed('[', ']')?;
                    tests.push(attribute(inside.trim())?);
                }
                Some(':') => {
                    self.rest = chars.as_str();
                    let name = self.word()?.to_lowercase();
                    let inside = if self.rest.starts_with('(') { Some(self.bracketed('(', ')')?) } else { None };
                    tests.push(self.pseudo(&name, inside)?);
                }
                _ => break,
            }
        }
        Some(tests).filter(|tests| is_any || !tests.is_empty())
    }

    /// A name, with escapes resolved.
    fn word(&mut self) -> Option<String> {
        let mut word = String::new();
        let mut chars = self.rest.chars();
        loop {
            let after = chars.as_str();
            match chars.next() {
                Some('\\') => word.push(chars.next()?),
                Some(c) if c.is_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii() && !c.is_whitespace() => {
                    word.push(c);
                }
                _ => {
                    self.rest = after;
                    return Some(word).filter(|word| !word.is_empty());
                }
            }
        }
    }

    /// What stands between a bracket and the one that closes it; quotes hide brackets if they are closed.
    fn bracketed(&mut self, open: char, close: char) -> Option<&'a str> {
        let end = closing(self.rest, open, close, true).or_else(|| closing(self.rest, open, close, false))?;
        let inside = self.rest.get(1..end)?;
        self.rest = self.rest.get(end + 1..)?;
        Some(inside)
    }

    fn pseudo(&self, name: &str, inside: Option<&str>) -> Option<Test> {
        let of_type = name.ends_with("-of-type");
        let nth = |step, first, from_end| Some(Test::Nth { step, first, from_end, of_type });
        let number = || inside?.trim().parse::<i64>().ok();
        let text = || Some(unquoted(inside?.trim())).filter(|text| !text.is_empty());
        let inner = || selector(inside?, self.depth + 1).ok();
        match name {
            "eq" => Some(Test::Place(Place::At(number()?))),
            "lt" => Some(Test::Place(Place::Before(number()?))),
            "gt" => Some(Test::Place(Place::After(number()?))),
            "contains" => Some(Test::Contains { text: text()?.to_lowercase(), own: false }),
            "containsown" => Some(Test::Contains { text: text()?.to_lowercase(), own: true }),
            "matches" => Some(Test::Matches { pattern: Pattern::compile(inside?).ok()?, own: false }),
            "matchesown" => Some(Test::Matches { pattern: Pattern::compile(inside?).ok()?, own: true }),
            "not" => Some(Test::Not(inner()?)),
            "is" => Some(Test::Is(inner()?)),
            "has" => Some(Test::Has(inner()?)),
            "first-child" | "first-of-type" => nth(0, 1, false),
            "last-child" | "last-of-type" => nth(0, 1, true),
            "nth-child" | "nth-of-type" | "nth-last-child" | "nth-last-of-type" => {
                let (step, first) = series(inside?)?;
                nth(step, first, name.starts_with("nth-last"))
            }
            "only-child" | "only-of-type" => Some(Test::Only { of_type }),
            "empty" => Some(Test::Empty),
            "root" => Some(Test::Root),
            _ => None,
        }
    }
}

/// The place of the bracket that closes the first one.
fn closing(text: &str, open: char, close: char, quotes_hide: bool) -> Option<usize> {
    let mut depth = 0usize;
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            Some(mark) if c == mark => quote = None,
            Some(_) => {}
            None if c == '\\' => _ = chars.next(),
            None if quotes_hide && matches!(c, '\'' | '"') => quote = Some(c),
            None if c == open => depth += 1,
            None if c == close => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            None => {}
        }
    }
    None
}

fn unquoted(text: &str) -> &str {
    let quoted = |mark: char| text.strip_prefix(mark).and_then(|text| text.strip_suffix(mark));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// What stands in `[…]`.
fn attribute(inside: &str) -> Option<Test> {
    if let Some(prefix) = inside.strip_prefix('^') {
        return Some(Test::AttributePrefix(prefix.to_lowercase())).filter(|_| !prefix.is_empty());
    }
    let Some((name, value)) = inside.split_once('=') else {
        return key(inside).map(|name| Test::Attribute(name, Value::Any));
    };
    let value = unquoted(value.trim());
    let (name, make): (&str, fn(String) -> Value) = match name.chars().last()? {
        '!' => (name.strip_suffix('!')?, Value::Unequal),
        '^' => (name.strip_suffix('^')?, Value::Start),
        '$' => (name.strip_suffix('$')?, Value::End),
        '*' => (name.strip_suffix('*')?, Value::Part),
        '~' => {
            return Some(Test::Attribute(key(name.strip_suffix('~')?)?, Value::Matches(Pattern::compile(value).ok()?)));
        }
        _ => (name, Value::Equal),
    };
    Some(Test::Attribute(key(name)?, make(value.to_lowercase())))
}

fn key(name: &str) -> Option<String> {
    let name = name.trim().to_lowercase();
    // jsoup's way to ask for the whole address; which one it is makes no difference to a test.
    let name = name.strip_prefix("abs:").map_or(name.clone(), str::to_owned);
    Some(name).filter(|name| !name.is_empty() && !name.contains(['[', ']', '"', '\'']))
}

/// `2n+1`, `odd`, `3`.
fn series(text: &str) -> Option<(i64, i64)> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    match text.as_str() {
        "odd" => return Some((2, 1)),
        "even" => return Some((2, 0)),
        _ => {}
    }
    let small = |number: i64| Some(number).filter(|number| number.abs() <= 1_000_000);
    let Some((step, first)) = text.split_once('n') else { return Some((0, small(text.parse().ok()?)?)) };
    let step = match step {
        "" | "+" => 1,
        "-" => -1,
        number => number.parse().ok()?,
    };
    let first = if first.is_empty() { 0 } else { first.parse().ok()? };
    Some((small(step)?, small(first)?))
}
