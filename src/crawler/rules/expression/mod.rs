//! What may stand in `{{…}}` without being a script: numbers, texts, the names a rule is given, arithmetic,
//! comparisons, `a ? b : c`, and a few functions that only compute. Everything else is JavaScript and refused when the
//! rule is read, not when it is used.

mod parse;

use super::encode;
use super::error::RuleError;
use super::limits;

/// A parsed expression.
#[derive(Debug, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    Text(String),
    Name(Name),
    Negative(Box<Expression>),
    Not(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
    Call(Function, Vec<Expression>),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// The words searched for.
    Key,
    /// The page, from 1.
    Page,
    /// The address of the page that is read.
    BaseUrl,
    /// The content that the rule is applied to.
    Result,
    /// The address of the source.
    Source,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// `java.get(name)`: a variable that `@put` kept.
    Get,
    /// `encodeURIComponent`
    Encode,
    /// `java.encodeURI(text, charset)`
    EncodeIn,
    Floor,
    Ceil,
    Round,
    ParseInt,
    Number,
    String,
}

/// A value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Text(String),
    Truth(bool),
}

/// Where names and variables get their values.
pub(super) trait Names {
    /// The value of a name; `None` if there is none here.
    fn name(&self, name: Name) -> Option<Value>;
    /// The value of a variable; empty if there is none.
    fn variable(&self, name: &str) -> String;
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    /// When it is a script.
    pub(super) fn parse(source: &str) -> Result<Expression, RuleError> {
        parse::expression(source).ok_or_else(|| RuleError::script(format!("{{{{{}}}}}", source.trim())))
    }

    /// Its value.
    ///
    /// # Errors
    /// When a name has no value here, or a text becomes too long.
    pub(super) fn value(&self, names: &dyn Names) -> Result<Value, RuleError> {
        let number = |one: &Expression| one.value(names).map(|value| value.number());
        Ok(match self {
            Expression::Number(number) => Value::Number(*number),
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Name(name) => {
                names.name(*name).ok_or_else(|| RuleError::script(format!("{name:?} has no value here")))?
            }
            Expression::Negative(one) => Value::Number(-number(one)?),
            Expression::Not(one) => Value::Truth(!one.value(names)?.is_true()),
            Expression::Binary(operator, left, right) => binary(*operator, left, right, names)?,
            Expression::Choice(test, yes, no) => {
                if test.value(names)?.is_true() {
                    yes.value(names)?
                } else {
                    no.value(names)?
                }
            }
            Expression::Call(function, arguments) => {
                let values = arguments.iter().map(|one| one.value(names)).collect::<Result<Vec<_>, _>>()?;
                call(*function, &values, names)?
            }
        })
    }
}

fn binary(operator: Operator, left: &Expression, right: &Expression, names: &dyn Names) -> Result<Value, RuleError> {
    let left = left.value(names)?;
    match operator {
        Operator::And if !left.is_true() => return Ok(left),
        Operator::Or if left.is_true() => return Ok(left),
        _ => {}
    }
    let right = right.value(names)?;
    let (a, b) = (left.number(), right.number());
    Ok(match operator {
        Operator::And | Operator::Or => right,
        Operator::Add => match (&left, &right) {
            (Value::Text(_), _) | (_, Value::Text(_)) => Value::Text(limits::checked(left.text() + &right.text())?),
            _ => Value::Number(a + b),
        },
        Operator::Subtract => Value::Number(a - b),
        Operator::Multiply => Value::Number(a * b),
        Operator::Divide => Value::Number(a / b),
        Operator::Remainder => Value::Number(a % b),
        Operator::Equal => Value::Truth(is_equal(&left, &right)),
        Operator::Unequal => Value::Truth(!is_equal(&left, &right)),
        Operator::Less => Value::Truth(a < b),
        Operator::LessOrEqual => Value::Truth(a <= b),
        Operator::Greater => Value::Truth(a > b),
        Operator::GreaterOrEqual => Value::Truth(a >= b),
    })
}

fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => left == right,
        (left, right) => left.number() == right.number(),
    }
}

fn call(function: Function, arguments: &[Value], names: &dyn Names) -> Result<Value, RuleError> {
    let first = arguments.first().cloned().unwrap_or(Value::Text(String::new()));
    Ok(match function {
        Function::Get => Value::Text(names.variable(&first.text())),
        Function::Encode => Value::Text(encode::component(&first.text(), None)),
        Function::EncodeIn => {
            let charset = arguments.get(1).map(Value::text);
            Value::Text(encode::component(&first.text(), charset.as_deref()))
        }
        Function::Floor => Value::Number(first.number().floor()),
        Function::Ceil => Value::Number(first.number().ceil()),
        Function::Round => Value::Number(first.number().round()),
        Function::ParseInt => {
            let text = first.text();
            let text = text.trim();
            let is_part = |(at, c): &(usize, char)| c.is_ascii_digit() || *at == 0 && *c == '-';
            let digits: String = text.char_indices().take_while(is_part).map(|(_, c)| c).collect();
            Value::Number(digits.parse().unwrap_or(f64::NAN))
        }
        Function::Number => Value::Number(first.number()),
        Function::String => Value::Text(first.text()),
    })
}

impl Value {
    fn number(&self) -> f64 {
        match self {
            Value::Number(number) => *number,
            Value::Text(text) if text.trim().is_empty() => 0.0,
            Value::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
            Value::Truth(truth) => f64::from(u8::from(*truth)),
        }
    }

    fn is_true(&self) -> bool {
        match self {
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::Text(text) => !text.is_empty(),
            Value::Truth(truth) => *truth,
        }
    }

    /// As it is put into a rule: whole numbers without a fraction.
    pub(super) fn text(&self) -> String {
        match self {
            Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Truth(truth) => truth.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Third;

    impl Names for Third {
        fn name(&self, name: Name) -> Option<Value> {
            match name {
                Name::Key => Some(Value::Text("书 童".into())),
                Name::Page => Some(Value::Number(3.0)),
                _ => None,
            }
        }

        fn variable(&self, name: &str) -> String {
            format!("<{name}>")
        }
    }

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(Expression::parse(source).unwrap().value(&Third).unwrap().text(), expected, "{source}");
    }

    #[test]
    fn arithmetic() {
        check("page", "3");
        check(" (page-1)*20 ", "40");
        check("page + 1 - 2 * 3 % 4", "2");
        check("-page/2", "-1.5");
        check("7/2*2", "7");
        check("key", "书 童");
    }

    #[test]
    fn choices_texts_and_functions() {
        check("page==1?'':'_'+page", "_3");
        check("page > 2 && page <= 3 ? \"a\" : \"b\"", "a");
        check("!(page === 3) || ''", "");
        check("encodeURIComponent(key)", "%E4%B9%A6%20%E7%AB%A5");
        check("java.encodeURI(key, 'gbk')", "%CA%E9%20%CD%AF");
        check("java.get('id')", "<id>");
        check("Math.floor(page/2)", "1");
        check("parseInt('12ab')+1", "13");
        check("'\\''+1", "'1");
    }

    #[test]
    fn scripts_are_refused() {
        for source in
            ["", "java.ajax(key)", "key.length", "var a=1", "a", "page page", "1+", "(1", "page=1", "f(1)", "'a"]
        {
            assert!(matches!(Expression::parse(source), Err(RuleError::Unsupported(..))), "{source}");
        }
        assert!(Expression::parse(&"(".repeat(100_000)).is_err());
        assert!(Expression::parse(&"-".repeat(100_000)).is_err());
        assert!(Expression::parse(&"1?1:".repeat(100_000)).is_err());
        assert!(Expression::parse(&("1".to_owned() + &"+1".repeat(100_000))).is_err());
        assert!(Expression::parse("baseUrl").unwrap().value(&Third).is_err());
    }
}
