//! A document as a tree, for the small files that describe a book (package, contents, container).
//!
//! Nodes live in one vector and point to each other by index, so depth costs no stack. Misnested
//! tags are put right the way a lenient reader would: an end tag closes the nearest element of its
//! name, or nothing. Chapters are not made into trees; their text is taken from the tokens.

use super::{Attributes, Entities, Token, decode, local, tokens};
use crate::book::Error;
use std::borrow::Cow;
use std::cell::Cell;

/// More nodes than any package file has: a book of 10,000 files needs about 100,000.
const MOST_NODES: usize = 1_000_000;
/// How far up an end tag looks for its element.
const FARTHEST_END: usize = 512;

/// Most nodes that may be looked at in one tree, over and over: questions are asked of all that is below a node, and
/// nodes may stand in each other a hundred thousand deep. Real files take some hundred thousand.
const MOST_VISITS: usize = 30_000_000;
/// So many bytes of attributes or text cost as much as a node.
const BYTES_A_VISIT: usize = 64;

/// A parsed document.
pub(in crate::book) struct Tree<'a> {
    nodes: Vec<Stored<'a>>,
    entities: Entities,
    /// How many nodes may still be looked at; then the tree seems to end.
    visits: Cell<usize>,
}

struct Stored<'a> {
    kind: Kind<'a>,
    /// Index after the last descendant.
    end: usize,
}

enum Kind<'a> {
    Element { name: &'a str, attributes: Attributes<'a> },
    Text { text: &'a str, raw: bool },
}

impl<'a> Tree<'a> {
    /// Parses a document; fails only on more nodes than [`MOST_NODES`].
    pub(in crate::book) fn parse(source: &'a str) -> Result<Tree<'a>, Error> {
        let root = Kind::Element { name: "", attributes: Attributes("") };
        let mut nodes = vec![Stored { kind: root, end: 0 }];
        let mut open = vec![0usize];
        for token in tokens(source) {
            if nodes.len() >= MOST_NODES {
                return Err(Error::Unsupported("its index has too many entries".into()));
            }
            let here = nodes.len();
            match token {
                Token::Open { name, attributes, empty } => {
                    nodes.push(Stored { kind: Kind::Element { name, attributes }, end: here + 1 });
                    if !empty {
                        open.push(here);
                    }
                }
                Token::Text(text) => {
                    nodes.push(Stored { kind: Kind::Text { text, raw: false }, end: here + 1 });
                }
                Token::Raw(text) => {
                    nodes.push(Stored { kind: Kind::Text { text, raw: true }, end: here + 1 });
                }
                Token::Close { name } => close(&mut nodes, &mut open, name),
            }
        }
        let all = nodes.len();
        for unclosed in open {
            nodes[unclosed].end = all;
        }
        Ok(Tree { nodes, entities: Entities::new(), visits: Cell::new(MOST_VISITS) })
    }

    /// The document node, above the root element.
    pub(in crate::book) fn root(&self) -> Node<'_, 'a> {
        Node { tree: self, at: 0 }
    }

    /// Takes a look at a node with so many bytes; false if there were too many looks before.
    fn visit(&self, bytes: usize) -> bool {
        let left = self.visits.get().saturating_sub(1 + bytes / BYTES_A_VISIT);
        self.visits.set(left);
        left > 0
    }

    /// Whether there were too many looks, so that something may have been missed.
    pub(in crate::book) fn is_exhausted(&self) -> bool {
        self.visits.get() == 0
    }

    /// The first element of that local name.
    pub(in crate::book) fn first(&self, name: &str) -> Option<Node<'_, 'a>> {
        self.root().find(name)
    }
}

/// Ends the nearest open element of that name, and with it what was left open inside.
fn close(nodes: &mut [Stored<'_>], open: &mut Vec<usize>, name: &str) {
    let same = |&at: &usize| match nodes[at].kind {
        Kind::Element { name: found, .. } => found.eq_ignore_ascii_case(name),
        Kind::Text { .. } => false,
    };
    let Some(up) = open.iter().rev().take(FARTHEST_END).position(same) else {
        return;
    };
    let end = nodes.len();
    for closed in open.split_off(open.len() - up - 1) {
        nodes[closed].end = end;
    }
}

/// An element of a tree.
#[derive(Clone, Copy)]
pub(in crate::book) struct Node<'t, 'a> {
    tree: &'t Tree<'a>,
    at: usize,
}

impl<'t, 'a> Node<'t, 'a> {
    /// The name without prefix; empty for the document itself.
    pub(in crate::book) fn name(self) -> &'a str {
        match self.tree.nodes[self.at].kind {
            Kind::Element { name, .. } => local(name),
            Kind::Text { .. } => "",
        }
    }

    /// Whether it is called that, in any case.
    pub(in crate::book) fn is(self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// The value of an attribute, by its name without prefix, trimmed.
    pub(in crate::book) fn attribute(self, name: &str) -> Option<String> {
        match self.tree.nodes[self.at].kind {
            Kind::Element { attributes, .. } => {
                if !self.tree.visit(attributes.0.len()) {
                    return None;
                }
                attributes.get(name, &self.tree.entities).map(|value| value.trim().to_owned())
            }
            Kind::Text { .. } => None,
        }
    }

    /// The child elements.
    pub(in crate::book) fn children(self) -> impl Iterator<Item = Node<'t, 'a>> {
        let (tree, end) = (self.tree, self.tree.nodes[self.at].end);
        let mut next = self.at + 1;
        std::iter::from_fn(move || {
            while next < end && tree.visit(0) {
                let node = Node { tree, at: next };
                next = tree.nodes[next].end.max(next + 1);
                if matches!(tree.nodes[node.at].kind, Kind::Element { .. }) {
                    return Some(node);
                }
            }
            None
        })
    }

    /// All elements below, in document order.
    pub(in crate::book) fn descendants(self) -> impl Iterator<Item = Node<'t, 'a>> {
        let tree = self.tree;
        (self.at + 1..tree.nodes[self.at].end)
            .take_while(|_| tree.visit(0))
            .filter(|&at| matches!(tree.nodes[at].kind, Kind::Element { .. }))
            .map(move |at| Node { tree, at })
    }

    /// The first element of that name below.
    pub(in crate::book) fn find(self, name: &str) -> Option<Node<'t, 'a>> {
        self.descendants().find(|node| node.is(name))
    }

    /// The first child of that name.
    pub(in crate::book) fn child(self, name: &str) -> Option<Node<'t, 'a>> {
        self.children().find(|node| node.is(name))
    }

    /// All text inside, runs of blanks made one, trimmed.
    pub(in crate::book) fn text(self) -> String {
        let mut text = String::new();
        for stored in &self.tree.nodes[self.at..self.tree.nodes[self.at].end] {
            let bytes = if let Kind::Text { text, .. } = stored.kind { text.len() } else { 0 };
            if !self.tree.visit(bytes) {
                break;
            }
            if let Kind::Text { text: piece, raw } = stored.kind {
                let piece = if raw { Cow::Borrowed(piece) } else { Cow::Owned(decode(piece, &self.tree.entities)) };
                text.push_str(&piece);
            }
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_misnesting_do_not_matter() {
        let tree =
            Tree::parse("<o:package><o:manifest><o:item id='a'/><item id=b></o:manifest><x>1 <i>2</x>3").expect("tree");
        let manifest = tree.first("manifest").expect("manifest");
        let ids: Vec<_> = manifest.descendants().filter_map(|item| item.attribute("id")).collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(tree.first("x").map(Node::text).as_deref(), Some("1 2"));
    }

    #[test]
    fn depth_costs_no_stack_and_too_many_nodes_are_refused() {
        let deep = "<a>".repeat(200_000) + "x";
        assert_eq!(Tree::parse(&deep).expect("tree").root().text(), "x");
        assert!(Tree::parse(&"<a/>".repeat(MOST_NODES)).is_err());
    }
    #[test]
    fn looks_are_counted() {
        let deep = "<a>".repeat(20_000) + "x";
        let tree = Tree::parse(&deep).expect("tree");
        let found = tree.root().descendants().filter(|node| node.text() == "x").count();
        // 20,000 × 20,000 / 2 would be needed.
        assert!(found > 1000 && found < 2000, "{found}");
        assert!(tree.is_exhausted());
        assert_eq!(tree.root().text(), "");
    }
}
