//! JSONPath as sources write it, which is Jayway's.
//!
//! The crates for RFC 9535 refuse a good part of that: `$.list.[*]`, `$.a-b`, `.length()`, filters with `=~` and `in`.
//! What is definite gives one value, everything else a list; what is not there gives nothing and is no error.

mod evaluate;
mod parse;

use serde_json::Value;

use super::error::RuleError;
use super::limits::{self, Budget};
use super::pattern::Pattern;
use super::split::{self, Join};

/// A rule of this mode: paths, or text with `{$.path}` in it.
#[derive(Debug)]
pub(super) struct JsonRule {
    join: Join,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Path(Path),
    /// Text, and paths that are replaced by what they give.
    Template(Vec<Piece>),
    /// A part with operators of another kind.
    Nested(JsonRule),
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Path(Path),
}

#[derive(Debug)]
struct Path {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Name(String),
    /// `..`: the node and everything inside.
    Deep,
    All,
    /// Several names or numbers.
    Names(Vec<String>),
    Numbers(Vec<i64>),
    /// `[(@.length-1)]`: a number counted from the end.
    FromEnd(i64),
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
    Filter(Filter),
    Length,
}

#[derive(Debug)]
enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Vec<Step>),
    Compare(Operand, Comparison, Operand),
    Matches(Operand, Pattern),
    In(Operand, Vec<Value>, bool),
}

#[derive(Debug)]
enum Operand {
    Literal(Value),
    Path(Vec<Step>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl JsonRule {
    /// Parses a rule.
    ///
    /// # Errors
    /// When it is no path.
    pub(super) fn parse(rule: &str) -> Result<JsonRule, RuleError> {
        let (join, parts) = split::alternatives(rule.trim())?;
        let is_single = parts.len() == 1;
        let part = |part: &str| match is_single {
            true => parse::part(part.trim()),
            // Each level takes one of the three kinds away, so this ends.
            false => {
                let mut inner = JsonRule::parse(part)?;
                let only = if inner.parts.len() == 1 { inner.parts.pop() } else { None };
                Ok(only.unwrap_or(Part::Nested(inner)))
            }
        };
        let parts = parts.into_iter().map(part).collect::<Result<Vec<_>, RuleError>>()?;
        Ok(JsonRule { join, parts })
    }

    /// What it gives as texts; a list gives one for each item.
    ///
    /// # Errors
    /// When there are more than allowed, or it takes too long.
    pub(super) fn texts(&self, root: &Value, budget: &mut Budget) -> Result<Vec<String>, RuleError> {
        self.joined(budget, |part, budget| match part {
            Part::Path(path) => path.texts(root, budget),
            Part::Template(pieces) => {
                let text = filled(pieces, root, budget)?;
                Ok(Some(text).filter(|text| !text.is_empty()).into_iter().collect())
            }
            Part::Nested(rule) => rule.texts(root, budget),
        })
    }

    /// The items of the list it gives.
    ///
    /// # Errors
    /// As [`JsonRule::texts`].
    pub(super) fn items(&self, root: &Value, budget: &mut Budget) -> Result<Vec<Value>, RuleError> {
        self.joined(budget, |part, budget| match part {
            Part::Path(path) => Ok(path.list(root, budget)?.into_iter().cloned().collect()),
            Part::Template(_) => Ok(Vec::new()),
            Part::Nested(rule) => rule.items(root, budget),
        })
    }

    /// The one value it gives; of several, the list.
    ///
    /// # Errors
    /// As [`JsonRule::texts`].
    pub(super) fn value(&self, root: &Value, budget: &mut Budget) -> Result<Option<Value>, RuleError> {
        let Some(Part::Path(path)) = self.parts.first() else { return Ok(None) };
        let found = path.find(root, budget)?;
        Ok(match found.as_slice() {
            [] => None,
            [one] => Some((*one).clone()),
            several => Some(Value::Array(several.iter().map(|&one| one.clone()).collect())),
        })
    }

    fn joined<T>(
        &self,
        budget: &mut Budget,
        mut one: impl FnMut(&Part, &mut Budget) -> Result<Vec<T>, RuleError>,
    ) -> Result<Vec<T>, RuleError> {
        let mut results = Vec::new();
        for part in &self.parts {
            let found = one(part, budget)?;
            let is_enough = self.join == Join::First && !found.is_empty();
            results.push(found);
            if is_enough {
                break;
            }
        }
        Ok(split::join(self.join, results))
    }
}

fn filled(pieces: &[Piece], root: &Value, budget: &mut Budget) -> Result<String, RuleError> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Path(path) => out.push_str(&path.texts(root, budget)?.join("\n")),
        }
        if out.len() > limits::TEXT {
            return Err(RuleError::TooLarge("text"));
        }
    }
    Ok(out)
}

/// A value as a text: nothing is empty, objects and lists are JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"{"data":{"list":[{"a-b":1,"n":"x","id":3,"书":"甲","tags":["p","q"]},{"n":"y","id":12,"z":null}],
        "total":2,"ok":true,"length":7}}"#;

    #[track_caller]
    fn check(rule: &str, expected: &[&str]) {
        let data = serde_json::from_str(DATA).unwrap();
        let texts = JsonRule::parse(rule).unwrap().texts(&data, &mut Budget::new()).unwrap();
        assert_eq!(texts, expected, "{rule}");
    }

    #[test]
    fn paths() {
        check("$.data.list[*].n", &["x", "y"]);
        check("$.data.list.[*].n", &["x", "y"]);
        check("$..n", &["x", "y"]);
        check("$.data.list[0].a-b", &["1"]);
        check("$.data.list[*].书", &["甲"]);
        check("$['data'][\"total\"]", &["2"]);
        check("$.data.list[0].tags", &["p", "q"]);
        check("$.data.list[0]['n','id']", &["x", "3"]);
        check("$.data.list.length()", &["2"]);
        check("$.data.length", &["7"]);
        check("$.data.ok", &["true"]);
        check("$.data.list[1]", &[r#"{"id":12,"n":"y","z":null}"#]);
        check("data.total", &["2"]);
        check("$.none.x", &[]);
        check("$.", &[]);
        check("$.data.list[1].z", &[]);
        check("$..tags[0]", &["p"]);
    }

    #[test]
    fn numbers_and_slices() {
        check("$.data.list[-1].n", &["y"]);
        check("$.data.list[-1:].n", &["y"]);
        check("$.data.list[:1].n", &["x"]);
        check("$.data.list[::-1].n", &["y", "x"]);
        check("$.data.list[0,1].n", &["x", "y"]);
        check("$.data.list[(@.length-1)].n", &["y"]);
    }

    #[test]
    fn filters() {
        check("$.data.list[?(@.id>5)].n", &["y"]);
        check("$.data.list[?(@.n=='x' && @.id<=3)].id", &["3"]);
        check("$.data.list[?(@.n=='q' || @.id==12)].n", &["y"]);
        check("$.data.list[?(@.a-b)].n", &["x"]);
        check("$.data.list[?(!@.a-b)].n", &["y"]);
        check("$.data.list[?(@.n =~ /X/i)].n", &["x"]);
        check("$.data.list[?(@.n in ['x','z'])].n", &["x"]);
        check("$..[?(@.id!=3)].n", &["y"]);
    }

    #[test]
    fn joins_and_templates() {
        check("$.none||$.data.total", &["2"]);
        check("$.data.total&&$.data.list[0].n", &["2", "x"]);
        check("$.data.list[*].n%%$.data.list[*].id", &["x", "3", "y", "12"]);
        check("$.none&&$.x||$.data.total", &["2"]);
        check("$.data.ok||$.x&&$.data.total", &["true"]);
        check("/book/{$.data.total}/{$.data.list[0].n}.html", &["/book/2/x.html"]);
    }

    #[test]
    fn lists_are_lists() {
        let data = serde_json::from_str(DATA).unwrap();
        let items = |rule: &str| JsonRule::parse(rule).unwrap().items(&data, &mut Budget::new()).unwrap().len();
        assert_eq!((items("$.data.list"), items("$.data.list[*]"), items("$.data"), items("$..id")), (2, 2, 0, 2));
    }

    #[test]
    fn what_is_no_path_is_said_so() {
        for rule in ["$.a[", "$.a[?(@.b==)]", "$.a[x y]", "$..", &("$[?(".to_owned() + &"(".repeat(10_000) + "@.a)]")] {
            assert!(JsonRule::parse(rule).is_err(), "{rule:.20}");
        }
    }

    #[test]
    fn what_explodes_is_stopped() {
        let data = (0..100).fold(serde_json::json!(1), |inner, _| serde_json::json!({"a": inner}));
        let rule = JsonRule::parse(&("$".to_owned() + &"..*".repeat(12))).unwrap();
        assert!(rule.texts(&data, &mut Budget::new()).is_err());
    }
}
