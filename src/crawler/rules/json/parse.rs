//! From the source of a path to its steps.

use serde_json::Value;

use super::super::error::RuleError;
use super::super::limits;
use super::super::pattern::Pattern;
use super::{Comparison, Filter, Operand, Part, Path, Piece, Step};

pub(super) fn part(source: &str) -> Result<Part, RuleError> {
    let bad = || RuleError::syntax(format!("JSONPath {source}"));
    if !source.contains("{$.") {
        return path(source).map(Part::Path).ok_or_else(bad);
    }
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find("{$.") {
        let (before, from) = rest.split_at(start);
        let Some(end) = closing_brace(from) else { break };
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Path(from.get(1..end).and_then(path).ok_or_else(bad)?));
        rest = from.get(end + 1..).unwrap_or_default();
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(Part::Template(pieces))
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn path(source: &str) -> Option<Path> {
    let mut reader = Reader { rest: source.trim(), depth: 0 };
    if !reader.take("$") && !source.starts_with(['.', '[']) {
        // A name alone is a path from the root.
        let steps = vec![Step::Name(reader.name()?)];
        return reader.finish(steps);
    }
    reader.finish(Vec::new())
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, what: &str) -> bool {
        self.rest.strip_prefix(what).map(|rest| self.rest = rest).is_some()
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn finish(mut self, mut steps: Vec<Step>) -> Option<Path> {
        steps.extend(self.steps()?);
        Some(Path { steps }).filter(|_| self.rest.trim().is_empty())
    }

    fn steps(&mut self) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            if self.take("..") {
                steps.push(Step::Deep);
                if !self.rest.starts_with('[') {
                    steps.push(self.dotted()?);
                }
            } else if self.take(".") {
                if self.rest.is_empty() {
                    // `$.` is written for "nothing".
                    steps.push(Step::Name(String::new()));
                } else if !self.rest.starts_with('[') {
                    steps.push(self.dotted()?);
                }
            } else if self.rest.starts_with('[') {
                self.rest = self.rest.get(1..)?;
                steps.push(self.bracketed()?);
            } else {
                return Some(steps);
            }
        }
    }

    /// What follows a dot.
    fn dotted(&mut self) -> Option<Step> {
        if self.take("*") {
            return Some(Step::All);
        }
        let name = self.name()?;
        if matches!(name.as_str(), "length" | "size") && self.take("()") {
            return Some(Step::Length);
        }
        Some(Step::Name(name)).filter(|_| !self.rest.starts_with('('))
    }

    fn name(&mut self) -> Option<String> {
        let is_end = |c: char| c.is_whitespace() || ".[](){}=<>!&|,'\"~*?".contains(c);
        let (name, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest;
        Some(name.to_owned()).filter(|name| !name.is_empty())
    }

    /// What stands in brackets, of which the first is taken already.
    fn bracketed(&mut self) -> Option<Step> {
        self.blanks();
        let step = match self.rest.chars().next()? {
            '*' => self.take("*").then_some(Step::All)?,
            '?' => self.filter_in_parentheses()?,
            '(' => self.counted_back()?,
            '\'' | '"' => self.names()?,
            _ => self.numbers()?,
        };
        self.blanks();
        self.take("]").then_some(step)
    }

    fn names(&mut self) -> Option<Step> {
        let mut names = vec![self.quoted()?];
        self.blanks();
        while self.take(",") {
            self.blanks();
            names.push(self.quoted()?);
            self.blanks();
        }
        Some(Step::Names(names))
    }

    fn quoted(&mut self) -> Option<String> {
        let mark = self.rest.chars().next().filter(|mark| matches!(mark, '\'' | '"'))?;
        let mut text = String::new();
        let mut chars = self.rest.get(1..)?.chars();
        loop {
            match chars.next()? {
                '\\' => text.push(chars.next()?),
                c if c == mark => break,
                c => text.push(c),
            }
        }
        self.rest = chars.as_str();
        Some(text)
    }

    /// Numbers or a slice.
    fn numbers(&mut self) -> Option<Step> {
        let (inside, rest) = self.rest.split_at(self.rest.find(']')?);
        self.rest = rest;
        let number = |text: &str| text.trim().parse::<i64>().ok().filter(|number| number.abs() < 1 << 31);
        if !inside.contains(':') {
            return Some(Step::Numbers(inside.split(',').map(number).collect::<Option<_>>()?));
        }
        let mut ends =
            inside.split(':').map(|end| if end.trim().is_empty() { Some(None) } else { number(end).map(Some) });
        let (start, end, step) = (ends.next()??, ends.next()??, ends.next().unwrap_or(Some(None))?.unwrap_or(1));
        Some(Step::Slice { start, end, step }).filter(|_| step != 0 && ends.next().is_none())
    }

    /// `(@.length-1)`
    fn counted_back(&mut self) -> Option<Step> {
        let (inside, rest) = self.rest.get(1..)?.split_at(self.rest.find(')')?.checked_sub(1)?);
        self.rest = rest.get(1..)?;
        let inside: String = inside.chars().filter(|c| !c.is_whitespace()).collect();
        let number =
            inside.strip_prefix("@.length()").or_else(|| inside.strip_prefix("@.length"))?.strip_prefix('-')?;
        number.parse().ok().filter(|number: &i64| (1..1 << 31).contains(number)).map(Step::FromEnd)
    }

    fn filter_in_parentheses(&mut self) -> Option<Step> {
        self.take("?");
        self.blanks();
        if !self.take("(") {
            return None;
        }
        let filter = self.any()?;
        self.blanks();
        self.take(")").then_some(Step::Filter(filter))
    }

    fn any(&mut self) -> Option<Filter> {
        self.depth += 1;
        if self.depth > limits::NESTING {
            return None;
        }
        let mut parts = vec![self.all()?];
        self.blanks();
        while self.take("||") {
            parts.push(self.all()?);
            self.blanks();
        }
        self.depth -= 1;
        if parts.len() == 1 { parts.pop() } else { Some(Filter::Or(parts)) }
    }

    fn all(&mut self) -> Option<Filter> {
        let mut parts = vec![self.test()?];
        self.blanks();
        while self.take("&&") {
            parts.push(self.test()?);
            self.blanks();
        }
        if parts.len() == 1 { parts.pop() } else { Some(Filter::And(parts)) }
    }

    fn test(&mut self) -> Option<Filter> {
        self.blanks();
        if self.rest.starts_with('!') && !self.rest.starts_with("!=") {
            self.rest = self.rest.get(1..)?;
            self.depth += 1;
            if self.depth > limits::NESTING {
                return None;
            }
            let inner = self.test()?;
            self.depth -= 1;
            return Some(Filter::Not(Box::new(inner)));
        }
        if self.take("(") {
            let inner = self.any()?;
            self.blanks();
            return self.take(")").then_some(inner);
        }
        let left = self.operand()?;
        self.blanks();
        self.comparison(left)
    }

    fn comparison(&mut self, left: Operand) -> Option<Filter> {
        if self.take("=~") {
            self.blanks();
            return Some(Filter::Matches(left, self.regex()?));
        }
        if self.take("in ") {
            return Some(Filter::In(left, self.literals()?, true));
        }
        if self.take("nin ") {
            return Some(Filter::In(left, self.literals()?, false));
        }
        let signs = [
            ("===", Comparison::Equal),
            ("==", Comparison::Equal),
            ("!==", Comparison::Unequal),
            ("!=", Comparison::Unequal),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        match signs.into_iter().find(|(sign, _)| self.take(sign)) {
            Some((_, comparison)) => Some(Filter::Compare(left, comparison, self.operand()?)),
            None => match left {
                Operand::Path(steps) => Some(Filter::Exists(steps)),
                Operand::Literal(_) => None,
            },
        }
    }

    fn operand(&mut self) -> Option<Operand> {
        self.blanks();
        if self.take("@") {
            self.depth += 1;
            let steps = if self.depth > limits::NESTING { None } else { self.steps() };
            self.depth -= 1;
            return Some(Operand::Path(steps?));
        }
        self.literal().map(Operand::Literal)
    }

    fn literal(&mut self) -> Option<Value> {
        if self.rest.starts_with(['\'', '"']) {
            return self.quoted().map(Value::String);
        }
        let is_end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
        let (word, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        let value = serde_json::from_str(word).ok()?;
        self.rest = rest;
        Some(value)
    }

    fn literals(&mut self) -> Option<Vec<Value>> {
        self.blanks();
        if !self.take("[") {
            return None;
        }
        let mut values = Vec::new();
        loop {
            self.blanks();
            values.push(self.literal()?);
            self.blanks();
            if self.take("]") {
                return Some(values);
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    /// `/…/i`
    fn regex(&mut self) -> Option<Pattern> {
        let mut source = String::new();
        let mut chars = self.rest.strip_prefix('/')?.chars();
        loop {
            match chars.next()? {
                '/' => break,
                '\\' => {
                    let next = chars.next()?;
                    if next != '/' {
                        source.push('\\');
                    }
                    source.push(next);
                }
                c => source.push(c),
            }
        }
        self.rest = chars.as_str();
        if self.take("i") {
            source.insert_str(0, "(?i)");
        }
        Pattern::compile(&source).ok()
    }
}
