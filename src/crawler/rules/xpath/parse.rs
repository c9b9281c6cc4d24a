//! From the source of an XPath to its tree.

use super::super::limits;
use super::{Axis, Comparison, Expression, Function, Path, Sign, Step, Test};

/// Most operators and steps of one path: what they make is walked with the stack.
const MOST: usize = 200;

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
    count: usize,
}

pub(super) fn expression(source: &str) -> Option<Expression> {
    let mut reader = Reader { rest: source, depth: 0, count: 0 };
    let expression = reader.any()?;
    reader.rest.trim().is_empty().then_some(expression)
}

impl<'a> Reader<'a> {
    fn take(&mut self, what: &str) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.strip_prefix(what).map(|rest| self.rest = rest).is_some()
    }

    /// A word that is an operator here: not the beginning of a longer name.
    fn take_word(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_start();
        let Some(rest) = self.rest.strip_prefix(word).filter(|rest| !rest.starts_with(is_name)) else { return false };
        self.rest = rest;
        true
    }

    fn count(&mut self) -> Option<()> {
        self.count += 1;
        (self.count <= MOST).then_some(())
    }

    fn any(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > limits::NESTING {
            return None;
        }
        let mut parts = vec![self.all()?];
        while self.take_word("or") {
            self.count()?;
            parts.push(self.all()?);
        }
        self.depth -= 1;
        if parts.len() == 1 { parts.pop() } else { Some(Expression::Or(parts)) }
    }

    fn all(&mut self) -> Option<Expression> {
        let mut parts = vec![self.comparison()?];
        while self.take_word("and") {
            self.count()?;
            parts.push(self.comparison()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Expression::And(parts)) }
    }

    fn comparison(&mut self) -> Option<Expression> {
        let signs = [
            ("!=", Comparison::Unequal),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("^=", Comparison::Start),
            ("$=", Comparison::End),
            ("*=", Comparison::Part),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let mut left = self.sum()?;
        while let Some((_, comparison)) = signs.into_iter().find(|(sign, _)| self.take(sign)) {
            self.count()?;
            left = Expression::Compare(Box::new(left), comparison, Box::new(self.sum()?));
        }
        Some(left)
    }

    fn sum(&mut self) -> Option<Expression> {
        let mut left = self.union()?;
        loop {
            let sign = match () {
                () if self.take("+") => Sign::Plus,
                () if self.take("-") => Sign::Minus,
                () if self.take_word("div") => Sign::Div,
                () if self.take_word("mod") => Sign::Mod,
                () => return Some(left),
            };
            self.count()?;
            left = Expression::Arithmetic(Box::new(left), sign, Box::new(self.union()?));
        }
    }

    fn union(&mut self) -> Option<Expression> {
        let mut parts = vec![self.single()?];
        while self.take("|") {
            self.count()?;
            parts.push(self.single()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Expression::Union(parts)) }
    }

    fn single(&mut self) -> Option<Expression> {
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next()?;
        if matches!(first, '\'' | '"') {
            let (text, rest) = self.rest.get(1..)?.split_once(first)?;
            self.rest = rest;
            return Some(Expression::Text(text.to_owned()));
        }
        if first.is_ascii_digit() {
            let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest.len());
            let (number, rest) = self.rest.split_at(end);
            self.rest = rest;
            return number.parse().ok().map(Expression::Number);
        }
        if self.take("(") {
            let inner = self.any()?;
            return self.take(")").then_some(inner);
        }
        let end = self.rest.find(|c: char| !is_name(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if rest.starts_with('(')
            && let Some(function) = function(name)
        {
            self.rest = rest.get(1..)?;
            return Some(Expression::Call(function, self.arguments()?));
        }
        self.path().map(Expression::Path)
    }

    fn arguments(&mut self) -> Option<Vec<Expression>> {
        let mut arguments = Vec::new();
        if self.take(")") {
            return Some(arguments);
        }
        loop {
            self.count()?;
            arguments.push(self.any()?);
            if self.take(")") {
                return Some(arguments);
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    fn path(&mut self) -> Option<Path> {
        let mut steps = Vec::new();
        let from_root = self.rest.starts_with('/');
        if from_root {
            self.slashes(&mut steps)?;
        }
        loop {
            self.count()?;
            steps.push(self.step()?);
            if !self.rest.trim_start().starts_with('/') {
                return Some(Path { from_root, steps });
            }
            self.slashes(&mut steps)?;
        }
    }

    fn slashes(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        if self.take("//") {
            steps.push(Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() });
            return Some(());
        }
        self.take("/").then_some(())
    }

    fn step(&mut self) -> Option<Step> {
        if self.take("..") {
            return Some(Step { axis: Axis::Parent, test: Test::Node, predicates: self.predicates()? });
        }
        if self.take(".") {
            return Some(Step { axis: Axis::Itself, test: Test::Node, predicates: self.predicates()? });
        }
        let axis = self.axis()?;
        let test = self.test()?;
        // What these take is of the node before them.
        let is_taking = matches!(test, Test::AllText | Test::Html | Test::OuterHtml | Test::Number);
        let axis = if is_taking && axis == Axis::Child { Axis::Itself } else { axis };
        Some(Step { axis, test, predicates: self.predicates()? })
    }

    fn axis(&mut self) -> Option<Axis> {
        if self.take("@") {
            return Some(Axis::Attribute);
        }
        let end = self.rest.find(|c: char| !is_name(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        let Some(rest) = rest.strip_prefix("::") else { return Some(Axis::Child) };
        self.rest = rest;
        Some(match name {
            "child" => Axis::Child,
            "descendant" => Axis::Descendant,
            "descendant-or-self" => Axis::DescendantOrSelf,
            "self" => Axis::Itself,
            "parent" => Axis::Parent,
            "ancestor" => Axis::Ancestor,
            "ancestor-or-self" => Axis::AncestorOrSelf,
            "following-sibling" => Axis::FollowingSibling,
            "preceding-sibling" => Axis::PrecedingSibling,
            "attribute" => Axis::Attribute,
            _ => return None,
        })
    }

    fn test(&mut self) -> Option<Test> {
        if self.take("*") {
            return Some(Test::Any);
        }
        // A name may have a colon, as in `og:title`.
        let end = self.rest.find(|c: char| !is_name(c) && c != ':').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        if !self.rest.starts_with('(') {
            return Some(Test::Name(name.to_lowercase())).filter(|_| !name.is_empty());
        }
        if !(self.take("(") && self.take(")")) {
            return None;
        }
        Some(match name {
            "text" => Test::Text,
            "node" => Test::Node,
            "allText" => Test::AllText,
            "html" => Test::Html,
            "outerHtml" => Test::OuterHtml,
            "num" => Test::Number,
            _ => return None,
        })
    }

    fn predicates(&mut self) -> Option<Vec<Expression>> {
        let mut predicates = Vec::new();
        while self.take("[") {
            self.count()?;
            predicates.push(self.any()?);
            if !self.take("]") {
                return None;
            }
        }
        Some(predicates)
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}

fn function(name: &str) -> Option<Function> {
    Some(match name {
        "position" => Function::Position,
        "last" => Function::Last,
        "count" => Function::Count,
        "not" => Function::Not,
        "true" => Function::True,
        "false" => Function::False,
        "contains" => Function::Contains,
        "starts-with" => Function::StartsWith,
        "ends-with" => Function::EndsWith,
        "concat" => Function::Concat,
        "substring-before" => Function::SubstringBefore,
        "substring-after" => Function::SubstringAfter,
        "normalize-space" => Function::NormalizeSpace,
        "string-length" => Function::StringLength,
        "string" => Function::String,
        "number" => Function::Number,
        "name" => Function::Name,
        _ => return None,
    })
}
