//! A rule applied to content.

use std::rc::Rc;

use url::Url;

use super::super::content::Content;
use super::super::error::RuleError;
use super::super::expression::{Name, Names, Value};
use super::super::kept::Kept;
use super::super::limits::{self, Budget};
use super::super::pattern::{self, Pattern};
use super::super::tree::Tree;
use super::super::xpath::Found;
use super::{Body, Cleaning, Expression, JsonRule, Looking, Piece, Rule};
use crate::book;

/// What rules know besides the content.
pub(in super::super) struct Scope<'a> {
    /// The address of the page, after redirects.
    pub(in super::super) url: &'a Url,
    /// The address of the source.
    pub(in super::super) source: &'a str,
    pub(in super::super) kept: &'a mut Kept,
    pub(in super::super) budget: &'a mut Budget,
}

/// What the names of an expression stand for while a rule is applied.
struct Here<'a> {
    scope: &'a Scope<'a>,
    content: &'a Content,
}

impl Names for Here<'_> {
    fn name(&self, name: Name) -> Option<Value> {
        match name {
            Name::BaseUrl => Some(Value::Text(self.scope.url.to_string())),
            Name::Result => Some(Value::Text(self.content.as_text())),
            Name::Source => Some(Value::Text(self.scope.source.to_owned())),
            Name::Key | Name::Page => None,
        }
    }

    fn variable(&self, name: &str) -> String {
        self.scope.kept.get(name).unwrap_or_default().to_owned()
    }
}

/// What a body gives before it is cleaned.
enum Raw {
    One(String),
    Several(Vec<String>),
}

impl Rule {
    /// Every text it gives.
    ///
    /// # Errors
    /// When something is larger than allowed or takes too long.
    pub(in super::super) fn texts(&self, content: &Content, scope: &mut Scope<'_>) -> Result<Vec<String>, RuleError> {
        self.put(content, scope)?;
        match self.raw(content, scope)? {
            Raw::One(text) => {
                let text = self.cleaned(text, content, scope)?;
                Ok(text.split('\n').filter(|line| !line.is_empty()).map(str::to_owned).collect())
            }
            Raw::Several(texts) => texts.into_iter().map(|text| self.cleaned(text, content, scope)).collect(),
        }
    }

    /// What it gives as one text, lines joined, character references replaced.
    ///
    /// # Errors
    /// As [`Rule::texts`].
    pub(in super::super) fn text(&self, content: &Content, scope: &mut Scope<'_>) -> Result<String, RuleError> {
        Ok(book::unescaped(&self.raw_text(content, scope)?))
    }

    /// The same with character references as they are: what goes on as markup.
    ///
    /// # Errors
    /// As [`Rule::texts`].
    pub(in super::super) fn raw_text(&self, content: &Content, scope: &mut Scope<'_>) -> Result<String, RuleError> {
        self.put(content, scope)?;
        let text = match self.raw(content, scope)? {
            Raw::One(text) => text,
            Raw::Several(texts) => joined(texts)?,
        };
        self.cleaned(text, content, scope)
    }

    /// The first text it gives: an address.
    ///
    /// # Errors
    /// As [`Rule::texts`].
    pub(in super::super) fn first(&self, content: &Content, scope: &mut Scope<'_>) -> Result<String, RuleError> {
        self.put(content, scope)?;
        let text = match self.raw(content, scope)? {
            Raw::One(text) => text,
            Raw::Several(texts) => texts.into_iter().next().unwrap_or_default(),
        };
        Ok(book::unescaped(&self.cleaned(text, content, scope)?).trim().to_owned())
    }

    /// The items of the list it gives.
    ///
    /// # Errors
    /// As [`Rule::texts`].
    pub(in super::super) fn items(&self, content: &Content, scope: &mut Scope<'_>) -> Result<Vec<Content>, RuleError> {
        self.put(content, scope)?;
        let budget = &mut *scope.budget;
        let items = match &self.body {
            Body::Content | Body::Template(_) => Vec::new(),
            Body::Matches(patterns) => {
                let groups = matched(patterns, content, usize::MAX, budget)?;
                groups.into_iter().map(|groups| Content::Groups(Rc::new(groups))).collect()
            }
            Body::Looking(_) | Body::ByContent { .. } => items(self.looking(content)?, content, budget)?,
        };
        if items.len() > limits::LIST { Err(RuleError::TooLarge("list")) } else { Ok(items) }
    }

    /// The part of the content that further rules are to look at. What it finds of a page is a page of its own.
    ///
    /// # Errors
    /// As [`Rule::texts`].
    pub(in super::super) fn narrowed(&self, content: &Content, scope: &mut Scope<'_>) -> Result<Content, RuleError> {
        let found = match &self.body {
            Body::Matches(patterns) => {
                let groups = matched(patterns, content, 1, scope.budget)?.into_iter().next().unwrap_or_default();
                return Ok(Content::Groups(Rc::new(groups)));
            }
            Body::Looking(Looking::Json(path)) => self.narrowed_json(path, content, scope)?,
            Body::ByContent { json: Ok(Looking::Json(path)), .. } if content.is_json() => {
                self.narrowed_json(path, content, scope)?
            }
            Body::Template(_) | Body::Content => Content::text(self.raw_text(content, scope)?)?,
            _ => {
                let items = self.items(content, scope)?;
                Content::text(joined(items.iter().map(Content::as_text).collect())?)?
            }
        };
        match &self.cleaning {
            Some(_) if !matches!(self.body, Body::Template(_) | Body::Content) => {
                Content::text(self.cleaned(found.as_text(), content, scope)?)
            }
            _ => Ok(found),
        }
    }

    fn put(&self, content: &Content, scope: &mut Scope<'_>) -> Result<(), RuleError> {
        for (name, rule) in &self.puts {
            let value = rule.text(content, scope)?;
            scope.kept.put(name, &value);
        }
        Ok(())
    }

    fn raw(&self, content: &Content, scope: &mut Scope<'_>) -> Result<Raw, RuleError> {
        let budget = &mut *scope.budget;
        let texts = match &self.body {
            Body::Content if self.cleaning.is_some() => return Ok(Raw::One(content.as_text())),
            Body::Content => Vec::new(),
            Body::Template(pieces) => return filled(pieces, content, scope).map(Raw::One),
            Body::Matches(patterns) => matched(patterns, content, usize::MAX, budget)?
                .into_iter()
                .filter_map(|one| one.into_iter().next())
                .collect(),
            Body::Looking(_) | Body::ByContent { .. } => texts(self.looking(content)?, content, budget)?,
        };
        if texts.len() > limits::BETWEEN {
            return Err(RuleError::TooLarge("number of texts"));
        }
        Ok(Raw::Several(texts))
    }

    fn looking(&self, content: &Content) -> Result<&Looking, RuleError> {
        match &self.body {
            Body::Looking(looking) => Ok(looking),
            Body::ByContent { page, json } => {
                if content.is_json() { json.as_ref() } else { page.as_ref() }.map_err(Clone::clone)
            }
            Body::Content | Body::Template(_) | Body::Matches(_) => Err(RuleError::syntax("no way into the content")),
        }
    }

    fn narrowed_json(&self, path: &JsonRule, content: &Content, scope: &mut Scope<'_>) -> Result<Content, RuleError> {
        self.put(content, scope)?;
        let value = content.json().map(|value| path.value(&value, scope.budget)).transpose()?.flatten();
        Content::json_value(value.unwrap_or_default())
    }

    fn cleaned(&self, text: String, content: &Content, scope: &mut Scope<'_>) -> Result<String, RuleError> {
        match &self.cleaning {
            Some(cleaning) => cleaning.apply(text, content, scope),
            None => Ok(text),
        }
    }
}

fn items(looking: &Looking, content: &Content, budget: &mut Budget) -> Result<Vec<Content>, RuleError> {
    match looking {
        Looking::Chain(chain) => {
            let (tree, root) = content.node()?;
            let elements = chain.elements(&tree, root, budget)?;
            Ok(elements.into_iter().map(|id| Content::Node(Rc::clone(&tree), id)).collect())
        }
        Looking::Json(path) => {
            let Some(value) = content.json() else { return Ok(Vec::new()) };
            path.items(&value, budget)?.into_iter().map(Content::json_value).collect()
        }
        Looking::XPath(path) => {
            let (tree, root) = content.node()?;
            let found = path.find(&tree, root, budget)?.into_iter().map(|found| match found {
                Found::Node(id) => Ok(Content::Node(Rc::clone(&tree), id)),
                Found::Text(text) => Content::text(text),
            });
            found.collect()
        }
    }
}

fn texts(looking: &Looking, content: &Content, budget: &mut Budget) -> Result<Vec<String>, RuleError> {
    match looking {
        Looking::Chain(chain) => {
            let (tree, root) = content.node()?;
            chain.texts(&tree, root, budget)
        }
        Looking::Json(path) => content.json().map_or(Ok(Vec::new()), |value| path.texts(&value, budget)),
        Looking::XPath(path) => {
            let (tree, root) = content.node()?;
            path.texts(&tree, root, budget)
        }
    }
}

impl Cleaning {
    fn apply(&self, text: String, content: &Content, scope: &mut Scope<'_>) -> Result<String, RuleError> {
        let late;
        let pattern = match &self.expression {
            Expression::Pattern(pattern) => Ok(pattern),
            Expression::Literal(literal) => Err(literal.clone()),
            Expression::Template(pieces) => {
                let source = filled(pieces, content, scope)?;
                late = late_pattern(&source, scope.budget)?;
                late.as_ref().ok_or(source)
            }
        };
        // What comes from pages is no group, whatever it looks like.
        let write: fn(&str) -> String = if pattern.is_ok() { pattern::quoted } else { str::to_owned };
        let by = filled_with(&self.replacement, content, scope, write)?;
        match pattern {
            Ok(pattern) if self.first_only => pattern.replace_in_first(&text, &by, scope.budget),
            Ok(pattern) => pattern.replace(&text, &by, scope.budget),
            Err(_) if self.first_only => Ok(by),
            Err(literal) if literal.is_empty() => Ok(text),
            Err(literal) => {
                scope.budget.spend(text.len())?;
                let count = text.matches(&literal).count();
                if text.len() + count * by.len() > limits::TEXT {
                    return Err(RuleError::TooLarge("text"));
                }
                Ok(text.replace(&literal, &by))
            }
        }
    }
}

/// The pattern that is known only now; nothing if it is to be taken as written.
fn late_pattern(source: &str, budget: &mut Budget) -> Result<Option<Pattern>, RuleError> {
    // Compiling costs about as much as a search in a page.
    budget.spend(limits::RULE + source.len().saturating_mul(256))?;
    if source.len() > limits::RULE {
        return Ok(None);
    }
    match Pattern::compile(source) {
        Ok(pattern) => {
            budget.spend(pattern.weight() * 8_192)?;
            Ok(Some(pattern))
        }
        Err(error @ RuleError::TooLarge(_)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Fills the holes of a template.
fn filled(pieces: &[Piece], content: &Content, scope: &mut Scope<'_>) -> Result<String, RuleError> {
    filled_with(pieces, content, scope, str::to_owned)
}

/// Fills the holes of a template with values that `write` writes.
fn filled_with(
    pieces: &[Piece],
    content: &Content,
    scope: &mut Scope<'_>,
    write: fn(&str) -> String,
) -> Result<String, RuleError> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Group(number) => match content {
                Content::Groups(groups) => out.push_str(groups.get(*number).map_or("", String::as_str)),
                _ => out.push_str(&format!("${number}")),
            },
            Piece::Get(name) => out.push_str(&write(scope.kept.get(name).unwrap_or_default())),
            Piece::Rule(rule) => out.push_str(&write(&rule.text(content, scope)?)),
            Piece::Expression(expression) => {
                let value = expression.value(&Here { scope, content })?.text();
                scope.budget.spend(value.len())?;
                out.push_str(&write(&value));
            }
        }
        if out.len() > limits::TEXT {
            return Err(RuleError::TooLarge("text"));
        }
    }
    Ok(out)
}

/// The matches of the last expression in what all matches of those before it make together.
fn matched(
    patterns: &[Pattern],
    content: &Content,
    most: usize,
    budget: &mut Budget,
) -> Result<Vec<Vec<String>>, RuleError> {
    let Some((last, before)) = patterns.split_last() else { return Ok(Vec::new()) };
    let mut text = match content {
        // The document as it was written is not kept; what it became is as good for a search.
        Content::Node(tree, Tree::ROOT) => tree.inner_markup(Tree::ROOT),
        other => other.as_text(),
    };
    for pattern in before {
        text =
            pattern.groups(&text, usize::MAX, budget)?.into_iter().filter_map(|one| one.into_iter().next()).collect();
    }
    last.groups(&text, most, budget)
}

fn joined(texts: Vec<String>) -> Result<String, RuleError> {
    if texts.iter().map(|text| text.len() + 1).sum::<usize>() > limits::TEXT {
        return Err(RuleError::TooLarge("text"));
    }
    Ok(texts.join("\n"))
}
