//! CSS selectors in jsoup's dialect, by which sources are written.
//!
//! Not one of the crates for browsers' selectors: those refuse what every other source has, values without quotes
//! (`[property=og:novel:author]`, `a[href^=/book/]`) and `:contains`, `:eq`, `:matches`. A selector goes from left to
//! right over sets of nodes, so that its time is the number of its parts times that of the nodes, whatever they are.

pub(super) mod matching;
mod parse;

use super::error::RuleError;
use super::limits::Budget;
use super::pattern::Pattern;
use super::tree::{Id, Tree};

/// A list of selectors, of which one must match.
#[derive(Debug)]
pub(super) struct Selector {
    chains: Vec<Vec<Link>>,
}

/// One part between combinators.
#[derive(Debug)]
struct Link {
    combinator: Combinator,
    tests: Vec<Test>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Combinator {
    /// The first part: anything from the root on.
    Start,
    Inside,
    Child,
    Next,
    Later,
}

#[derive(Debug)]
enum Test {
    Name(String),
    Id(String),
    Class(String),
    Attribute(String, Value),
    AttributePrefix(String),
    Contains {
        text: String,
        own: bool,
    },
    Matches {
        pattern: Pattern,
        own: bool,
    },
    /// The place among its siblings, from 0.
    Place(Place),
    Nth {
        step: i64,
        first: i64,
        from_end: bool,
        of_type: bool,
    },
    Only {
        of_type: bool,
    },
    Empty,
    Root,
    Not(Selector),
    Is(Selector),
    Has(Selector),
}

#[derive(Debug)]
enum Place {
    At(i64),
    Before(i64),
    After(i64),
}

#[derive(Debug)]
enum Value {
    Any,
    Equal(String),
    Unequal(String),
    Start(String),
    End(String),
    Part(String),
    Matches(Pattern),
}

impl Selector {
    /// Parses a selector.
    ///
    /// # Errors
    /// When it is none, or has a pseudo-class that is not known.
    pub(super) fn parse(source: &str) -> Result<Selector, RuleError> {
        parse::selector(source, 0)
    }

    /// The elements at and inside `root` that it matches, in document order; what is outside is not looked at.
    ///
    /// # Errors
    /// When it takes too long.
    pub(super) fn select(&self, tree: &Tree, root: Id, budget: &mut Budget) -> Result<Vec<Id>, RuleError> {
        matching::select(self, tree, root, budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<head><meta property='og:novel:author' content=甲></head><body><div id=x class='a b'><p class=P1>第一章 开始\
        </p><p>第二章 <b>b</b></p><p></p><a href=/book/1.html data-k=1>看</a></div><ul><li>1<li>2<li>3<li>4</ul><span>末</span>";

    #[track_caller]
    fn check(selector: &str, expected: &[&str]) {
        let tree = Tree::parse(PAGE).unwrap();
        let found = Selector::parse(selector).unwrap().select(&tree, Tree::ROOT, &mut Budget::new()).unwrap();
        let texts: Vec<String> = found.into_iter().map(|id| format!("{}:{}", tree.name(id), tree.text(id))).collect();
        assert_eq!(texts, expected, "{selector}");
    }

    #[test]
    fn names_classes_and_attributes() {
        check("#x > p.p1, ul li:eq(0)", &["p:第一章 开始", "li:1"]);
        check(".a.B b", &["b:b"]);
        check("[property=og:novel:author]", &["meta:"]);
        check("meta[property=\"og:novel:author\"]", &["meta:"]);
        check("a[href^=/book/][href$=.html]", &["a:看"]);
        check("a[href*='book/1']", &["a:看"]);
        check("a[href~=\\d+]", &["a:看"]);
        check("[^data-]", &["a:看"]);
        check("div [class]", &["p:第一章 开始"]);
        check("p[class!=p1]", &["p:第二章 b", "p:"]);
        check("a[href=x]", &[]);
    }

    #[test]
    fn siblings_and_places() {
        check("p + p", &["p:第二章 b", "p:"]);
        check("p.p1 + p", &["p:第二章 b"]);
        check("p ~ a", &["a:看"]);
        check("li:gt(1)", &["li:3", "li:4"]);
        check("li:lt(1)", &["li:1"]);
        check("li:nth-child(2n+1)", &["li:1", "li:3"]);
        check("li:nth-child(even)", &["li:2", "li:4"]);
        check("li:nth-last-child(-n+2)", &["li:3", "li:4"]);
        check("li:first-child, li:last-child", &["li:1", "li:4"]);
        check("div > p:nth-of-type(2)", &["p:第二章 b"]);
        check("b:only-child", &["b:b"]);
        check("p:empty", &["p:"]);
    }

    #[test]
    fn texts_and_what_is_inside() {
        check("p:contains(第二章)", &["p:第二章 b"]);
        check("p:containsOwn(b)", &[]);
        check("p:matches(第[一二]章)", &["p:第一章 开始", "p:第二章 b"]);
        check("div:has(b) > a", &["a:看"]);
        check("p:not(:has(b)):not(.p1)", &["p:"]);
        check("p:has(> b)", &["p:第二章 b"]);
        check("p:is(.p1, .q)", &["p:第一章 开始"]);
    }

    #[test]
    fn a_selector_stays_inside_its_root() {
        let tree = Tree::parse(PAGE).unwrap();
        let mut budget = Budget::new();
        let mut select =
            |selector: &str, root: Id| Selector::parse(selector).unwrap().select(&tree, root, &mut budget).unwrap();
        let div = select("div", Tree::ROOT)[0];
        assert_eq!(select("div", div), [div]);
        assert_eq!(select("body p", div), []);
        assert_eq!(select("> p", div).len(), 3);
        assert_eq!(select("div p", div).len(), 3);
    }

    #[test]
    fn what_is_no_selector_is_said_so() {
        for selector in ["", "a:unknown", "[", "a:not(", "a >", ":nth-child(x)", "a,,b", "@x", &":not(".repeat(1000)] {
            assert!(Selector::parse(selector).is_err(), "{selector:.20}");
        }
    }
}
