//! What a rule is applied to: a page, an item of a list, a text.

use std::cell::OnceCell;
use std::rc::Rc;

use serde_json::Value;

use super::error::RuleError;
use super::json;
use super::limits;
use super::tree::{Id, Tree};

/// The content of a page or of an item. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Node(Rc<Tree>, Id),
    /// An object or a list.
    Json(Rc<Value>),
    /// The groups of a match.
    Groups(Rc<Vec<String>>),
    Text(Rc<Text>),
}

/// A text, read as markup or JSON at most once, when a rule first asks.
#[derive(Debug)]
pub(super) struct Text {
    text: String,
    tree: OnceCell<Result<Rc<Tree>, RuleError>>,
    json: OnceCell<Option<Rc<Value>>>,
}

impl Content {
    /// A text.
    ///
    /// # Errors
    /// When it is too large.
    pub(super) fn text(text: String) -> Result<Content, RuleError> {
        let text = limits::checked(text)?;
        Ok(Content::Text(Rc::new(Text { text, tree: OnceCell::new(), json: OnceCell::new() })))
    }

    /// A value of JSON: one that holds nothing else is a text.
    ///
    /// # Errors
    /// As [`Content::text`].
    pub(super) fn json_value(value: Value) -> Result<Content, RuleError> {
        match value {
            Value::Object(_) | Value::Array(_) => Ok(Content::Json(Rc::new(value))),
            other => Content::text(json::text(&other)),
        }
    }

    /// Whether rules without a sign of their own are paths into JSON here.
    pub(super) fn is_json(&self) -> bool {
        match self {
            Content::Json(_) => true,
            Content::Text(text) => {
                let text = text.text.trim();
                text.starts_with('{') && text.ends_with('}') || text.starts_with('[') && text.ends_with(']')
            }
            Content::Node(..) | Content::Groups(_) => false,
        }
    }

    /// As JSON, if it is some.
    pub(super) fn json(&self) -> Option<Rc<Value>> {
        match self {
            Content::Json(value) => Some(Rc::clone(value)),
            Content::Text(text) => text.json.get_or_init(|| serde_json::from_str(&text.text).ok().map(Rc::new)).clone(),
            Content::Node(..) | Content::Groups(_) => None,
        }
    }

    /// As a place in a page.
    ///
    /// # Errors
    /// When the page is too large.
    pub(super) fn node(&self) -> Result<(Rc<Tree>, Id), RuleError> {
        match self {
            Content::Node(tree, id) => Ok((Rc::clone(tree), *id)),
            Content::Text(text) => {
                let tree = text.tree.get_or_init(|| Tree::parse(&in_table(&text.text)).map(Rc::new));
                Ok((tree.clone()?, Tree::ROOT))
            }
            Content::Json(_) | Content::Groups(_) => Ok((Rc::new(Tree::parse(&self.as_text())?), Tree::ROOT)),
        }
    }

    /// As a text: an element is its markup.
    pub(super) fn as_text(&self) -> String {
        match self {
            Content::Node(tree, id) => tree.outer_markup(*id),
            Content::Json(value) => json::text(value),
            Content::Groups(groups) => groups.first().cloned().unwrap_or_default(),
            Content::Text(text) => text.text.clone(),
        }
    }
}

/// Cells and rows alone would lose their tags: they get a table.
fn in_table(text: &str) -> std::borrow::Cow<'_, str> {
    let end = text.trim_end();
    match () {
        () if end.ends_with("</td>") => format!("<table><tr>{text}</tr></table>").into(),
        () if end.ends_with("</tr>") || end.ends_with("</tbody>") => format!("<table>{text}</table>").into(),
        () => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_a_rule_wants() {
        let content = Content::text(" {\"a\":[1]} ".into()).unwrap();
        assert!(content.is_json() && content.json().is_some());
        let content = Content::text("<tr><td>x</td></tr>".into()).unwrap();
        let (tree, _) = content.node().unwrap();
        assert!(!content.is_json() && tree.within(Tree::ROOT).any(|id| tree.name(id) == "td"));
        assert!(Content::text("x".repeat(limits::TEXT + 1)).is_err());
        assert_eq!(Content::json_value("x".into()).unwrap().as_text(), "x");
    }
}
