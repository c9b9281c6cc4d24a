//! XPath 1.0 on pages: the part of it that sources use, with the functions of the library that they were written for
//! (`allText()`, `html()`, `outerHtml()`).
//!
//! The crates for XPath want well-formed XML or know no `contains`; and a path from a stranger must not take forever,
//! so every step is counted. Not here: namespaces, variables, the axes `preceding` and `following`.

mod evaluate;
mod parse;

use super::error::RuleError;
use super::limits::Budget;
use super::split::{self, Join};
use super::tree::{Id, Tree};

/// A rule of this mode.
#[derive(Debug)]
pub(super) struct XPath {
    join: Join,
    parts: Vec<Expression>,
}

/// What a path gives: an element, or the characters of an attribute or a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    Node(Id),
    Text(String),
}

#[derive(Debug)]
enum Expression {
    Path(Path),
    Union(Vec<Expression>),
    Or(Vec<Expression>),
    And(Vec<Expression>),
    Compare(Box<Expression>, Comparison, Box<Expression>),
    Arithmetic(Box<Expression>, Sign, Box<Expression>),
    Number(f64),
    Text(String),
    Call(Function, Vec<Expression>),
}

#[derive(Debug)]
struct Path {
    /// It begins with `/`.
    from_root: bool,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    axis: Axis,
    test: Test,
    predicates: Vec<Expression>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    Child,
    Descendant,
    DescendantOrSelf,
    Itself,
    Parent,
    Ancestor,
    AncestorOrSelf,
    FollowingSibling,
    PrecedingSibling,
    Attribute,
}

#[derive(Debug)]
enum Test {
    Name(String),
    Any,
    Node,
    Text,
    AllText,
    Html,
    OuterHtml,
    Number,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `^=`, `$=`, `*=` are the library's own.
    Start,
    End,
    Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
    Div,
    Mod,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Position,
    Last,
    Count,
    Not,
    True,
    False,
    Contains,
    StartsWith,
    EndsWith,
    Concat,
    SubstringBefore,
    SubstringAfter,
    NormalizeSpace,
    StringLength,
    String,
    Number,
    Name,
}

impl XPath {
    /// Parses a rule.
    ///
    /// # Errors
    /// When it is no XPath, or one that is not known.
    pub(super) fn parse(rule: &str) -> Result<XPath, RuleError> {
        let (join, parts) = split::alternatives(rule.trim())?;
        let parts = parts
            .into_iter()
            .map(|part| parse::expression(part.trim()).ok_or_else(|| RuleError::syntax(format!("XPath {part}"))));
        Ok(XPath { join, parts: parts.collect::<Result<Vec<_>, _>>()? })
    }

    /// What it finds from a node on.
    ///
    /// # Errors
    /// When there is more than allowed, or it takes too long.
    pub(super) fn find(&self, tree: &Tree, root: Id, budget: &mut Budget) -> Result<Vec<Found>, RuleError> {
        let mut results = Vec::new();
        for part in &self.parts {
            let found = evaluate::find(part, tree, root, budget)?;
            let is_enough = self.join == Join::First && !found.is_empty();
            results.push(found);
            if is_enough {
                break;
            }
        }
        Ok(split::join(self.join, results))
    }

    /// The same as texts: an element is its markup.
    ///
    /// # Errors
    /// As [`XPath::find`].
    pub(super) fn texts(&self, tree: &Tree, root: Id, budget: &mut Budget) -> Result<Vec<String>, RuleError> {
        let mut texts = Vec::new();
        for found in self.find(tree, root, budget)? {
            let text = match found {
                Found::Node(id) => tree.outer_markup(id),
                Found::Text(text) => text,
            };
            budget.spend(text.len())?;
            texts.push(text);
        }
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<html><body><div id=list class='a b'><ul><li><a href=/1>一</a></li><li class=x><a href=/2>二<b>粗</b></a></li>\
        <li><a href=/3 title=t>三</a></li></ul></div><p>早</p><p>晚</p></body></html>";

    #[track_caller]
    fn check(rule: &str, expected: &[&str]) {
        let tree = Tree::parse(PAGE).unwrap();
        let texts = XPath::parse(rule).unwrap().texts(&tree, Tree::ROOT, &mut Budget::new()).unwrap();
        assert_eq!(texts, expected, "{rule}");
    }

    #[test]
    fn steps() {
        check("//a/@href", &["/1", "/2", "/3"]);
        check("/html/body/p/text()", &["早", "晚"]);
        check("//*[@id='list']/ul/li[2]/a/text()", &["二"]);
        check("//li[2]//text()", &["二", "粗"]);
        check("//li[2]/a/allText()", &["二粗"]);
        check("//b/..", &["<a href=\"/2\">二<b>粗</b></a>"]);
        check("//b/html()", &["粗"]);
        check("//b/ancestor::li/@class", &["x"]);
        check("//div/following-sibling::p[1]/text()", &["早"]);
        check("//p[2]/preceding-sibling::*[1]/text()", &["早"]);
        check("//div/descendant::b/text()", &["粗"]);
        check("//li/child::a/attribute::title", &["t"]);
        check("//b/self::b/text() | //p[1]/text()", &["粗", "早"]);
    }

    #[test]
    fn predicates() {
        check("//li[last()]/a/text()", &["三"]);
        check("//li[last()-1]/a/text()", &["二"]);
        check("//li[position()>1]/a/@href", &["/2", "/3"]);
        check("//div[contains(@class,'b')]//b/text()", &["粗"]);
        check("//a[starts-with(@href,'/3')]/text()", &["三"]);
        check("//a[text()='一']/@href", &["/1"]);
        check("//a[@title and @href='/3']/text()", &["三"]);
        check("//a[@href='/1' or @title]/text()", &["一", "三"]);
        check("//li[not(@class)][2]/a/text()", &["三"]);
        check("//li[./a/b]/@class", &["x"]);
        check("//a[@href!='/1']/@href", &["/2", "/3"]);
        check("//a[contains(text(),'三')]/@href", &["/3"]);
        check("//ul[count(li)=3]/li[1]/a/text()", &["一"]);
        check("//a[@href^='/']/@title", &["t"]);
    }

    #[test]
    fn values_and_joins() {
        check("substring-after(//a[1]/@href,'/')", &["1"]);
        check("concat(//p[1]/text(),'-',//p[2]/text())", &["早-晚"]);
        check("//x/text()||//p/text()", &["早", "晚"]);
        check("//b/text()&&//p[1]/text()", &["粗", "早"]);
        check("count(//li)", &["3"]);
    }

    #[test]
    fn from_an_item_on() {
        let tree = Tree::parse(PAGE).unwrap();
        let mut budget = Budget::new();
        let mut find = |rule: &str, root| XPath::parse(rule).unwrap().find(&tree, root, &mut budget).unwrap();
        let items = find("//li", Tree::ROOT);
        let Some(Found::Node(item)) = items.get(1) else { panic!("{items:?}") };
        assert_eq!(find("//a/@href", *item), [Found::Text("/2".into())]);
        assert_eq!(find("./a/@href", *item), [Found::Text("/2".into())]);
        assert_eq!(find("a/@href", *item), [Found::Text("/2".into())]);
        assert_eq!(find("@class", *item), [Found::Text("x".into())]);
    }

    #[test]
    fn what_is_no_path_is_said_so() {
        for rule in
            ["", "//", "//a[", "//a[f(1)]", "//a]", "//following::a", &("//a".to_owned() + &"[a".repeat(50_000))]
        {
            assert!(XPath::parse(rule).is_err(), "{rule:.20}");
        }
        assert!(XPath::parse(&("(".repeat(100_000) + "1")).is_err());
    }

    #[test]
    fn what_explodes_is_stopped() {
        let tree = Tree::parse(&"<div>".repeat(300)).unwrap();
        let rule = format!("{}[count(//div)>0]", "//div[.//div[.//div[.//div[.//div]]]]".repeat(3));
        let found = XPath::parse(&rule).unwrap().find(&tree, Tree::ROOT, &mut Budget::of(5_000_000));
        assert_eq!(found, Err(RuleError::TooSlow));
    }
}
