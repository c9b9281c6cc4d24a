//! Selectors of style sheets: parsed and matched against a page.
//!
//! What books use: names, classes, ids, attributes, the combinators, and the pseudo-classes that need
//! only the neighbours. A selector with anything else (`::first-letter`, `:nth-child`) is no selector
//! here, and its rule does not apply.

use super::cascade::Budget;
use crate::book::dom::{Document, Element, NodeId};
use smol_str::SmolStr;
use std::iter::{Peekable, successors};
use std::str::Chars;

/// One selector, without commas.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    /// From the right: the first is what the element itself must be.
    parts: Vec<(Combinator, Compound)>,
    /// Ids, then classes, then names: greater beats smaller.
    pub(super) specificity: u32,
}

/// How a part relates to the part at its right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Combinator {
    Descendant,
    Child,
    Next,
    Later,
}

/// `p.x[title]`
#[derive(Clone, Debug, Default)]
struct Compound {
    name: Option<SmolStr>,
    tests: Vec<Test>,
}

#[derive(Clone, Debug)]
enum Test {
    Id(String),
    Class(String),
    Attribute { name: String, relation: Relation, value: String },
    FirstChild,
    LastChild,
    FirstOfType,
    LastOfType,
    Link,
    Root,
    Not(Compound),
}

/// What an attribute's value must be to the value in the selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Present,
    Equal,
    Word,
    Language,
    Start,
    End,
    Inside,
}

/// Where to look for the rules of an element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// Only elements with the id.
    Id(SmolStr),
    /// Only elements with the class.
    Class(SmolStr),
    /// Only elements of the name.
    Name(SmolStr),
    /// Any element.
    Any,
}

impl Selector {
    /// More parts than any real selector has.
    const MAX_PARTS: usize = 8;
    /// Elements looked at for one selector and one element; a hostile sheet could ask for more.
    const MAX_STEPS: u32 = 2_000;

    /// Parses a list of selectors; those that are not understood are left out and counted.
    pub(super) fn parse_list(text: &str) -> (Vec<Selector>, usize) {
        let mut found = Vec::new();
        let mut dropped = 0;
        for one in split_list(text) {
            match Selector::parse(one) {
                Some(selector) => found.push(selector),
                None => dropped += 1,
            }
        }
        (found, dropped)
    }

    fn parse(text: &str) -> Option<Selector> {
        let mut chars = text.trim().chars().peekable();
        let mut parts = Vec::new();
        let mut combinator = Combinator::Descendant;
        loop {
            parts.push((combinator, compound(&mut chars, true)?));
            if parts.len() > Selector::MAX_PARTS {
                return None;
            }
            let mut found = None;
            while let Some(&c) = chars.peek() {
                let next = match c {
                    '>' => Combinator::Child,
                    '+' => Combinator::Next,
                    '~' => Combinator::Later,
                    c if c.is_ascii_whitespace() => Combinator::Descendant,
                    _ => break,
                };
                chars.next();
                match found {
                    None | Some(Combinator::Descendant) => found = Some(next),
                    Some(_) if next == Combinator::Descendant => {}
                    Some(_) => return None,
                }
            }
            match found {
                Some(next) => combinator = next,
                None if chars.peek().is_none() => break,
                None => return None,
            }
        }
        let specificity = parts.iter().map(|(_, part)| part.specificity()).sum();
        // The combinator before a part is how the part at its left relates to it.
        let mut relations: Vec<Combinator> = parts.iter().map(|(combinator, _)| *combinator).collect();
        relations.rotate_left(1);
        let parts = relations.into_iter().zip(parts.into_iter().map(|(_, part)| part)).rev().collect();
        Some(Selector { parts, specificity })
    }

    /// What an element must have to come into question.
    pub(super) fn key(&self) -> Key {
        let Some((_, subject)) = self.parts.first() else { return Key::Any };
        let by_test = |wanted: fn(&Test) -> Option<Key>| subject.tests.iter().find_map(wanted);
        by_test(|test| if let Test::Id(id) = test { Some(Key::Id(SmolStr::new(id))) } else { None })
            .or_else(|| {
                by_test(|test| if let Test::Class(class) = test { Some(Key::Class(SmolStr::new(class))) } else { None })
            })
            .or_else(|| subject.name.clone().map(Key::Name))
            .unwrap_or(Key::Any)
    }

    /// Whether an element is selected.
    pub(super) fn matches(&self, page: &Document, node: NodeId, budget: &Budget) -> bool {
        let Some((_, subject)) = self.parts.first() else { return false };
        let mut steps = Selector::MAX_STEPS;
        budget.spend(price(page, node)) && subject.matches(page, node) && self.rest(1, page, node, &mut steps, budget)
    }

    /// Whether the parts from `at` on match around a node that the part before them matches.
    /// It recurses once for each part.
    fn rest(&self, at: usize, page: &Document, node: NodeId, steps: &mut u32, budget: &Budget) -> bool {
        let Some((combinator, part)) = self.parts.get(at) else { return true };
        let mut fits = |other: NodeId| {
            *steps = steps.saturating_sub(1);
            *steps > 0
                && budget.spend(price(page, other))
                && part.matches(page, other)
                && self.rest(at + 1, page, other, steps, budget)
        };
        match combinator {
            Combinator::Child => page.parent(node).is_some_and(fits),
            Combinator::Descendant => page.ancestors(node).any(fits),
            Combinator::Next => previous(page, node).is_some_and(fits),
            Combinator::Later => befores(page, node).any(&mut fits),
        }
    }
}

impl Compound {
    fn specificity(&self) -> u32 {
        let tests = self.tests.iter().map(|test| match test {
            Test::Id(_) => 1 << 16,
            Test::Not(inner) => inner.specificity(),
            _ => 1 << 8,
        });
        tests.sum::<u32>() + u32::from(self.name.is_some())
    }

    fn matches(&self, page: &Document, node: NodeId) -> bool {
        let Some(element) = page.element(node) else { return false };
        self.name.as_ref().is_none_or(|name| *name == element.name)
            && self.tests.iter().all(|test| test.matches(page, node, element))
    }
}

impl Test {
    fn matches(&self, page: &Document, node: NodeId, element: &Element) -> bool {
        match self {
            Test::Id(id) => element.get("id") == Some(id),
            Test::Class(class) => element.has_word("class", class),
            Test::Attribute { name, relation, value } => {
                element.get(name).is_some_and(|own| relation.holds(own, value))
            }
            Test::FirstChild => previous(page, node).is_none(),
            Test::LastChild => following(page, node).is_none(),
            Test::FirstOfType => !befores(page, node).any(|other| same_name(page, other, element)),
            Test::LastOfType => !behinds(page, node).any(|other| same_name(page, other, element)),
            Test::Link => element.is("a") && element.get("href").is_some(),
            Test::Root => page.parent(node) == Some(Document::ROOT),
            Test::Not(inner) => !inner.matches(page, node),
        }
    }
}

impl Relation {
    fn holds(self, own: &str, wanted: &str) -> bool {
        match self {
            Relation::Present => true,
            Relation::Equal => own == wanted,
            Relation::Word => own.split_ascii_whitespace().any(|word| word == wanted),
            Relation::Language => own.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')),
            Relation::Start => !wanted.is_empty() && own.starts_with(wanted),
            Relation::End => !wanted.is_empty() && own.ends_with(wanted),
            Relation::Inside => !wanted.is_empty() && own.contains(wanted),
        }
    }
}

/// What it takes to try a selector on a node: a step, and more if there are many classes to look through.
fn price(page: &Document, node: NodeId) -> usize {
    1 + page.element(node).and_then(|element| element.get("class")).map_or(0, |classes| classes.len() / 32)
}

fn same_name(page: &Document, other: NodeId, element: &Element) -> bool {
    page.element(other).is_some_and(|other| other.name == element.name)
}

/// The element before a node.
fn previous(page: &Document, node: NodeId) -> Option<NodeId> {
    successors(page.previous(node), |&at| page.previous(at)).find(|&at| page.element(at).is_some())
}

fn following(page: &Document, node: NodeId) -> Option<NodeId> {
    successors(page.next(node), |&at| page.next(at)).find(|&at| page.element(at).is_some())
}

/// Neighbours looked at: a page with ten thousand paragraphs must not cost their square.
const MAX_NEIGHBOURS: usize = 64;

fn befores(page: &Document, node: NodeId) -> impl Iterator<Item = NodeId> {
    successors(previous(page, node), move |&at| previous(page, at)).take(MAX_NEIGHBOURS)
}

fn behinds(page: &Document, node: NodeId) -> impl Iterator<Item = NodeId> {
    successors(following(page, node), move |&at| following(page, at)).take(MAX_NEIGHBOURS)
}

/// The pieces between commas that stand in no bracket and no string.
fn split_list(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut quote = None;
    text.split(move |c: char| {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0 && quote.is_none()
    })
    .collect()
}

/// `negation`: whether `:not()` may occur, so that it cannot nest.
fn compound(chars: &mut Peekable<Chars<'_>>, negation: bool) -> Option<Compound> {
    let mut found = Compound::default();
    let mut empty = true;
    loop {
        match chars.peek() {
            Some('*') => {
                chars.next();
            }
            Some('.') => {
                chars.next();
                found.tests.push(Test::Class(identifier(chars)?));
            }
            Some('#') => {
                chars.next();
                found.tests.push(Test::Id(identifier(chars)?));
            }
            Some('[') => found.tests.push(attribute(chars)?),
            Some(':') => found.tests.push(pseudo_class(chars, negation)?),
            Some('|') => {
                // A namespace before the name: `*|a`, `svg|a`.
                chars.next();
                found.name = None;
            }
            Some(&c) if is_name_char(c) && empty | found.tests.is_empty() => {
                found.name = Some(SmolStr::new(identifier(chars)?.to_ascii_lowercase()));
            }
            _ => return (!empty).then_some(found),
        }
        empty = false;
    }
}

fn attribute(chars: &mut Peekable<Chars<'_>>) -> Option<Test> {
    chars.next();
    skip_blanks(chars);
    let mut name = identifier(chars)?;
    let mut ahead = chars.clone();
    // `epub|type`, which is not `lang|="zh"`.
    if ahead.next() == Some('|') && ahead.peek().is_some_and(|&c| is_name_char(c)) {
        chars.next();
        name = format!("{name}:{}", identifier(chars)?);
    }
    skip_blanks(chars);
    let relation = match chars.next()? {
        ']' => return Some(Test::Attribute { name, relation: Relation::Present, value: String::new() }),
        '=' => Relation::Equal,
        sign => {
            let relation = match sign {
                '~' => Relation::Word,
                '|' => Relation::Language,
                '^' => Relation::Start,
                '$' => Relation::End,
                '*' => Relation::Inside,
                _ => return None,
            };
            (chars.next()? == '=').then_some(relation)?
        }
    };
    skip_blanks(chars);
    let value = match chars.peek()? {
        &quote @ ('"' | '\'') => {
            chars.next();
            let value: String = chars.by_ref().take_while(|&c| c != quote).collect();
            value.replace('\\', "")
        }
        _ => identifier(chars)?,
    };
    chars.find(|&c| c == ']')?;
    Some(Test::Attribute { name: name.to_ascii_lowercase(), relation, value })
}

fn pseudo_class(chars: &mut Peekable<Chars<'_>>, negation: bool) -> Option<Test> {
    chars.next();
    match identifier(chars)?.to_ascii_lowercase().as_str() {
        "first-child" => Some(Test::FirstChild),
        "last-child" => Some(Test::LastChild),
        "first-of-type" => Some(Test::FirstOfType),
        "last-of-type" => Some(Test::LastOfType),
        "link" | "any-link" => Some(Test::Link),
        "root" => Some(Test::Root),
        "not" if negation => {
            (chars.next()? == '(').then_some(())?;
            skip_blanks(chars);
            let inner = compound(chars, false)?;
            skip_blanks(chars);
            (chars.next()? == ')').then_some(Test::Not(inner))
        }
        _ => None,
    }
}

fn skip_blanks(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(char::is_ascii_whitespace).is_some() {}
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '\\') || !c.is_ascii()
}

/// A name; escapes of punctuation are understood, those by number are not.
fn identifier(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut name = String::new();
    while let Some(c) = chars.next_if(|&c| is_name_char(c)) {
        match c {
            '\\' => name.push(chars.next().filter(|c| !c.is_ascii_hexdigit())?),
            c => name.push(c),
        }
    }
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests;
