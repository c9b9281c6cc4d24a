//! A page as a tree that is only read.
//!
//! Parsed as browsers do, because rules count on what that makes of a page (`body@tag.div.0` works in a page without
//! `<body>`). Nodes stand in document order and know where their content ends, so that everything inside a node is a
//! range of numbers, a sorted list is a list in document order, and nothing here recurses. Deliberately not the tree
//! of the book formats, which bends a page less and is made for changing it.

mod build;
mod markup;
mod text;

use std::ops::Range;

use super::error::RuleError;
use super::limits;

/// A node of a [`Tree`]: its place in document order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(u32);

#[derive(Debug)]
struct Node {
    parent: u32,
    /// The first node after it that is not inside.
    end: u32,
    data: Data,
}

#[derive(Debug)]
enum Data {
    Document,
    Element { name: String, attributes: Vec<(String, String)> },
    Text(String),
    Other,
}

/// A parsed page.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    /// The document itself.
    pub(super) const ROOT: Id = Id(0);

    /// Parses a page or a fragment of one, which becomes a page.
    ///
    /// # Errors
    /// When the page is larger, deeper or has more nodes than allowed.
    pub(super) fn parse(html: &str) -> Result<Tree, RuleError> {
        if html.len() > limits::TEXT {
            return Err(RuleError::TooLarge("page"));
        }
        build::parse(html)
    }

    fn node(&self, id: Id) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    fn end(&self, id: Id) -> u32 {
        self.node(id).map_or(id.0, |node| node.end)
    }

    /// The node above.
    pub(super) fn parent(&self, id: Id) -> Option<Id> {
        self.node(id).filter(|_| id != Tree::ROOT).map(|node| Id(node.parent))
    }

    /// The nodes above, the nearest first.
    pub(super) fn ancestors(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        std::iter::successors(self.parent(id), |&above| self.parent(above))
    }

    /// The name of an element, in lower case; empty for anything else.
    pub(super) fn name(&self, id: Id) -> &str {
        match self.node(id).map(|node| &node.data) {
            Some(Data::Element { name, .. }) => name,
            _ => "",
        }
    }

    /// The attributes of an element; names are in lower case.
    pub(super) fn attributes(&self, id: Id) -> &[(String, String)] {
        match self.node(id).map(|node| &node.data) {
            Some(Data::Element { attributes, .. }) => attributes,
            _ => &[],
        }
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, id: Id, name: &str) -> Option<&str> {
        self.attributes(id).iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The characters that a node is.
    pub(super) fn characters(&self, id: Id) -> Option<&str> {
        match self.node(id).map(|node| &node.data) {
            Some(Data::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether a node is an element.
    pub(super) fn is_element(&self, id: Id) -> bool {
        matches!(self.node(id).map(|node| &node.data), Some(Data::Element { .. }))
    }

    /// A node and everything inside, in document order.
    pub(super) fn within(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        ids(id.0..self.end(id))
    }

    /// Everything inside a node, in document order.
    pub(super) fn inside(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        ids(id.0.saturating_add(1)..self.end(id))
    }

    /// Whether a node is inside another.
    pub(super) fn is_inside(&self, id: Id, top: Id) -> bool {
        id > top && id.0 < self.end(top)
    }

    /// All nodes directly inside.
    pub(super) fn nodes(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        let end = self.end(id);
        let first = Some(Id(id.0.saturating_add(1))).filter(|first| first.0 < end);
        std::iter::successors(first, move |&at| Some(Id(self.end(at))).filter(|next| next.0 < end && *next > at))
    }

    /// The elements directly inside.
    pub(super) fn children(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        self.nodes(id).filter(|&node| self.is_element(node))
    }

    /// The elements after one under the same parent.
    pub(super) fn later_siblings(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        let end = self.parent(id).map_or(0, |parent| self.end(parent));
        let next = move |at: Id| Some(Id(self.end(at))).filter(|next| next.0 < end && *next > at);
        std::iter::successors(next(id), move |&at| next(at)).filter(|&node| self.is_element(node))
    }
}

fn ids(range: Range<u32>) -> impl Iterator<Item = Id> {
    range.map(Id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(tree: &Tree, name: &str) -> Id {
        tree.within(Tree::ROOT).find(|&id| tree.name(id) == name).unwrap()
    }

    #[test]
    fn a_page_gets_what_it_leaves_out() {
        let tree = Tree::parse("<p>一<p>二").unwrap();
        let body = named(&tree, "body");
        assert_eq!(tree.children(body).count(), 2);
        assert_eq!(tree.outer_markup(body), "<body><p>一</p><p>二</p></body>");
    }

    #[test]
    fn what_is_inside_is_a_range() {
        let tree = Tree::parse("<div><b>1</b>x<i>2</i></div><u>3</u>").unwrap();
        let div = named(&tree, "div");
        let names: Vec<&str> = tree.children(div).map(|id| tree.name(id)).collect();
        assert_eq!(names, ["b", "i"]);
        assert!(tree.is_inside(named(&tree, "i"), div) && !tree.is_inside(named(&tree, "u"), div));
        let later: Vec<&str> = tree.later_siblings(div).map(|id| tree.name(id)).collect();
        assert_eq!(later, ["u"]);
        assert_eq!(
            tree.ancestors(named(&tree, "i")).map(|id| tree.name(id)).collect::<Vec<_>>(),
            ["div", "body", "html", ""]
        );
    }

    #[test]
    fn pages_made_to_exhaust_are_refused() {
        let deep = "<div>".repeat(200_000);
        let formats: String = (0..50_000).map(|at| format!("<p><b id={at}>")).collect();
        let fostered = format!("<table>{}", "<b id=x><i>".repeat(100_000));
        let attributes: String = format!("<p {}>", (0..500_000).map(|at| format!("a{at} ")).collect::<String>());
        for page in [&deep, &formats, &fostered, &attributes, &"<p>".repeat(1_000_000), &"x".repeat(limits::TEXT + 1)] {
            assert!(matches!(Tree::parse(page), Err(RuleError::TooLarge(_))), "{:.20}", page);
        }
    }
}
