//! One rule, read once: `@put` cut out, its mode found, its parts compiled, what `##` cleans set aside.

mod evaluate;
mod parse;
mod template;

use super::chain::Chain;
use super::error::RuleError;
use super::json::JsonRule;
use super::limits;
use super::pattern::{self, Pattern};
use super::xpath::XPath;
pub(super) use evaluate::Scope;
pub(super) use parse::has_script;
pub(super) use template::Piece;

/// What a rule is to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Texts.
    Texts,
    /// Items of a list, or the part of a page that further rules look at.
    Items,
    /// A text made of the groups of a match: the rules of an item whose list begins with `:`.
    OfGroups,
}

/// A compiled rule.
#[derive(Debug)]
pub(super) struct Rule {
    puts: Vec<(String, Rule)>,
    body: Body,
    cleaning: Option<Cleaning>,
}

#[derive(Debug)]
enum Body {
    /// Nothing is selected: only cleaned, or only kept.
    Content,
    Template(Vec<Piece>),
    Matches(Vec<Pattern>),
    Looking(Looking),
    /// JSONPath if the content is JSON, else the way of pages. One of the two may be none.
    ByContent {
        page: Result<Looking, RuleError>,
        json: Result<Looking, RuleError>,
    },
}

/// A way to look into the content.
#[derive(Debug)]
enum Looking {
    Chain(Chain),
    Json(JsonRule),
    XPath(XPath),
}

/// `##expression##replacement`, with `###` at the end for the first match alone.
#[derive(Debug)]
struct Cleaning {
    expression: Expression,
    replacement: Vec<Piece>,
    first_only: bool,
}

#[derive(Debug)]
enum Expression {
    Pattern(Pattern),
    /// What is no expression is taken as written.
    Literal(String),
    /// Known only when it is used.
    Template(Vec<Piece>),
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// When it has a construct that is not carried out, or is too long.
    pub(super) fn compile(source: &str, kind: Kind) -> Result<Rule, RuleError> {
        if pattern::count(source) > limits::PATTERNS {
            return Err(RuleError::TooLarge("number of regular expressions"));
        }
        parse::rule(source, kind, 0)
    }

    /// Whether it is a list whose items are groups of a match.
    pub(super) fn gives_groups(&self) -> bool {
        matches!(self.body, Body::Matches(_))
    }
}
