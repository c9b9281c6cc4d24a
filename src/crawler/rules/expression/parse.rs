//! From the source of an expression to its tree.

use super::super::limits;
use super::{Expression, Function, Name, Operator};

/// Most operators of one expression: the tree leans to the left and is walked with the stack.
const OPERATORS: usize = 200;

/// Operators by how strongly they bind, the weakest first; longer signs before those they begin with.
const LEVELS: [&[(&str, Operator)]; 6] = [
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[("===", Operator::Equal), ("!==", Operator::Unequal), ("==", Operator::Equal), ("!=", Operator::Unequal)],
    &[("<=", Operator::LessOrEqual), (">=", Operator::GreaterOrEqual), ("<", Operator::Less), (">", Operator::Greater)],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)],
];

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
    operators: usize,
}

pub(super) fn expression(source: &str) -> Option<Expression> {
    let source = source.trim();
    let mut reader = Reader { rest: source.strip_suffix(';').unwrap_or(source), depth: 0, operators: 0 };
    let expression = reader.choice()?;
    reader.rest.trim().is_empty().then_some(expression)
}

impl Reader<'_> {
    fn take(&mut self, what: &str) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.strip_prefix(what).map(|rest| self.rest = rest).is_some()
    }

    fn choice(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > limits::NESTING {
            return None;
        }
        let test = self.level(0)?;
        let choice = if self.take("?") {
            let yes = self.choice()?;
            if !self.take(":") {
                return None;
            }
            Expression::Choice(Box::new(test), Box::new(yes), Box::new(self.choice()?))
        } else {
            test
        };
        self.depth -= 1;
        Some(choice)
    }

    fn level(&mut self, level: usize) -> Option<Expression> {
        let Some(operators) = LEVELS.get(level) else { return self.single() };
        let mut left = self.level(level + 1)?;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.take(sign)) {
            self.operators += 1;
            if self.operators > OPERATORS {
                return None;
            }
            left = Expression::Binary(*operator, Box::new(left), Box::new(self.level(level + 1)?));
        }
        Some(left)
    }

    fn single(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > limits::NESTING {
            return None;
        }
        let single = if self.take("-") {
            Expression::Negative(Box::new(self.single()?))
        } else if self.take("!") {
            Expression::Not(Box::new(self.single()?))
        } else if self.take("(") {
            let inner = self.choice()?;
            self.take(")").then_some(inner)?
        } else {
            self.leaf()?
        };
        self.depth -= 1;
        Some(single)
    }

    fn leaf(&mut self) -> Option<Expression> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            '\'' | '"' => self.text().map(Expression::Text),
            c if c.is_ascii_digit() => {
                let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest.len());
                let (number, rest) = self.rest.split_at(end);
                self.rest = rest;
                number.parse().ok().map(Expression::Number)
            }
            _ => self.name_or_call(),
        }
    }

    fn text(&mut self) -> Option<String> {
        let mut chars = self.rest.chars();
        let mark = chars.next()?;
        let mut text = String::new();
        loop {
            match chars.next()? {
                '\\' => text.push(match chars.next()? {
                    'n' => '\n',
                    't' => '\t',
                    c if c.is_ascii_alphanumeric() => return None,
                    c => c,
                }),
                c if c == mark => break,
                c => text.push(c),
            }
        }
        self.rest = chars.as_str();
        Some(text)
    }

    fn name_or_call(&mut self) -> Option<Expression> {
        let is_end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_'));
        let (word, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest;
        let name = match word {
            "key" | "searchKey" => Some(Name::Key),
            "page" | "searchPage" => Some(Name::Page),
            "baseUrl" => Some(Name::BaseUrl),
            "result" | "src" => Some(Name::Result),
            "source.bookSourceUrl" | "source.key" => Some(Name::Source),
            _ => None,
        };
        if let Some(name) = name {
            return Some(Expression::Name(name));
        }
        let (function, most) = match word {
            "java.get" => (Function::Get, 1),
            "encodeURIComponent" => (Function::Encode, 1),
            "java.encodeURI" => (Function::EncodeIn, 2),
            "Math.floor" => (Function::Floor, 1),
            "Math.ceil" => (Function::Ceil, 1),
            "Math.round" => (Function::Round, 1),
            "parseInt" => (Function::ParseInt, 1),
            "Number" => (Function::Number, 1),
            "String" => (Function::String, 1),
            "source.getKey" => return (self.take("(") && self.take(")")).then_some(Expression::Name(Name::Source)),
            _ => return None,
        };
        if !self.take("(") {
            return None;
        }
        let mut arguments = vec![self.choice()?];
        while self.take(",") {
            arguments.push(self.choice()?);
        }
        (self.take(")") && arguments.len() <= most).then_some(Expression::Call(function, arguments))
    }
}
