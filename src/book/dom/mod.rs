//! A page as a tree that can be changed: what the cleaning of a book works on.
//!
//! Nodes live in one vector and point to each other by index, so neither depth nor dropping costs
//! stack. Parsing accepts anything and never fails; what is written is always well-formed. Namespaces
//! are reduced to the three that pages have ([`Space`]); prefixes, comments, processing instructions
//! and the DTD are gone. Nothing here knows which elements are allowed where.

mod parse;
mod write;

use smol_str::SmolStr;
use std::num::NonZeroU32;
pub(in crate::book) use write::{Syntax, escape_attribute, escape_text};

/// A node of a [`Document`]: its index and one, so that having none takes no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::book) struct NodeId(NonZeroU32);

impl NodeId {
    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A parsed page.
#[derive(Clone, Debug)]
pub(in crate::book) struct Document {
    nodes: Vec<Node>,
    /// Something was not as XML wants it and was put right by guessing.
    repaired: bool,
    /// There was more of it than is kept.
    cut: bool,
}

#[derive(Clone, Debug)]
struct Node {
    parent: Option<NodeId>,
    previous: Option<NodeId>,
    next: Option<NodeId>,
    first: Option<NodeId>,
    last: Option<NodeId>,
    data: Data,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(in crate::book) enum Data {
    /// The document itself.
    Root,
    /// An element.
    Element(Element),
    /// Characters, entities decoded.
    Text(String),
}

/// The vocabulary an element belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) enum Space {
    /// XHTML; names are in lower case.
    Html,
    /// SVG; names keep their case.
    Svg,
    /// MathML; names are in lower case.
    Math,
    /// Anything else.
    Other,
}

/// An element.
#[derive(Clone, Debug)]
pub(in crate::book) struct Element {
    /// Its vocabulary.
    pub(in crate::book) space: Space,
    /// Its name without prefix.
    pub(in crate::book) name: SmolStr,
    /// Names are unique; prefixes are `epub:`, `xlink:` and `xml:`, whatever the page called them.
    pub(in crate::book) attributes: Vec<(SmolStr, String)>,
}

impl Element {
    /// An XHTML element without attributes.
    pub(in crate::book) fn html(name: &str) -> Element {
        Element { space: Space::Html, name: SmolStr::new(name), attributes: Vec::new() }
    }

    /// The same with one attribute more.
    pub(in crate::book) fn with(mut self, name: &str, value: impl Into<String>) -> Element {
        self.set(name, value);
        self
    }

    /// Whether it is that XHTML element.
    pub(in crate::book) fn is(&self, name: &str) -> bool {
        self.space == Space::Html && self.name == name
    }

    /// The value of an attribute.
    pub(in crate::book) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Sets an attribute.
    pub(in crate::book) fn set(&mut self, name: &str, value: impl Into<String>) {
        match self.attributes.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value.into(),
            None => self.push(SmolStr::new(name), value.into()),
        }
    }

    /// Adds an attribute that it does not have yet.
    fn push(&mut self, name: SmolStr, value: String) {
        // Most elements with attributes have one or two, and a vector starts with room for four.
        if self.attributes.len() < 4 {
            self.attributes.reserve_exact(1);
        }
        self.attributes.push((name, value));
    }

    /// Takes an attribute away.
    pub(in crate::book) fn remove(&mut self, name: &str) -> Option<String> {
        let at = self.attributes.iter().position(|(key, _)| key == name)?;
        Some(self.attributes.remove(at).1)
    }

    /// Whether `word` is among the blank-separated words of an attribute, as in `class`.
    pub(in crate::book) fn has_word(&self, name: &str, word: &str) -> bool {
        self.get(name).is_some_and(|value| value.split_ascii_whitespace().any(|one| one == word))
    }
}

impl Document {
    /// The deepest nesting kept; deeper elements become siblings. Real books stay below 40.
    pub(in crate::book) const MAX_DEPTH: usize = 200;
    /// The document itself.
    pub(in crate::book) const ROOT: NodeId = NodeId(NonZeroU32::MIN);

    /// Parses a page.
    pub(in crate::book) fn parse(markup: &str) -> Document {
        parse::parse(markup)
    }

    /// An empty document.
    pub(in crate::book) fn new() -> Document {
        let root = Node { parent: None, previous: None, next: None, first: None, last: None, data: Data::Root };
        Document { nodes: vec![root], repaired: false, cut: false }
    }

    /// Whether the source was not well-formed.
    pub(in crate::book) fn is_repaired(&self) -> bool {
        self.repaired
    }

    /// Whether tags were left out, and elements raised, because there were too many or they stood too deep. No
    /// characters are lost.
    pub(in crate::book) fn is_cut(&self) -> bool {
        self.cut
    }

    /// What a node is.
    pub(in crate::book) fn data(&self, node: NodeId) -> &Data {
        self.node(node).map_or(&Data::Root, |node| &node.data)
    }

    /// The element that a node is.
    pub(in crate::book) fn element(&self, node: NodeId) -> Option<&Element> {
        match self.data(node) {
            Data::Element(element) => Some(element),
            Data::Root | Data::Text(_) => None,
        }
    }

    /// The element that a node is, to be changed.
    pub(in crate::book) fn element_mut(&mut self, node: NodeId) -> Option<&mut Element> {
        match self.node_mut(node).map(|node| &mut node.data) {
            Some(Data::Element(element)) => Some(element),
            _ => None,
        }
    }

    /// The characters that a node is.
    pub(in crate::book) fn text(&self, node: NodeId) -> Option<&str> {
        match self.data(node) {
            Data::Text(text) => Some(text),
            Data::Root | Data::Element(_) => None,
        }
    }

    /// The characters that a node is, to be changed.
    pub(in crate::book) fn text_mut(&mut self, node: NodeId) -> Option<&mut String> {
        match self.node_mut(node).map(|node| &mut node.data) {
            Some(Data::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether a node is that XHTML element.
    pub(in crate::book) fn is(&self, node: NodeId, name: &str) -> bool {
        self.element(node).is_some_and(|element| element.is(name))
    }

    /// The node above.
    pub(in crate::book) fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.node(node)?.parent
    }

    /// The node after it under the same parent.
    pub(in crate::book) fn next(&self, node: NodeId) -> Option<NodeId> {
        self.node(node)?.next
    }

    /// The node before it under the same parent.
    pub(in crate::book) fn previous(&self, node: NodeId) -> Option<NodeId> {
        self.node(node)?.previous
    }

    /// The first node inside.
    pub(in crate::book) fn first_child(&self, node: NodeId) -> Option<NodeId> {
        self.node(node)?.first
    }

    /// The last node inside.
    pub(in crate::book) fn last_child(&self, node: NodeId) -> Option<NodeId> {
        self.node(node)?.last
    }

    /// The nodes directly inside. The list is taken first, so that the tree may change meanwhile.
    pub(in crate::book) fn children(&self, node: NodeId) -> Vec<NodeId> {
        std::iter::successors(self.first_child(node), |&child| self.next(child)).collect()
    }

    /// The nodes above, the nearest first.
    pub(in crate::book) fn ancestors(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.parent(node), |&above| self.parent(above))
    }

    /// All nodes inside, in document order.
    pub(in crate::book) fn descendants(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.first_child(node), move |&at| self.after(at, node))
    }

    /// The node that follows in document order inside `top`.
    pub(in crate::book) fn after(&self, at: NodeId, top: NodeId) -> Option<NodeId> {
        self.first_child(at).or_else(|| self.after_subtree(at, top))
    }

    /// The same, but what is inside `at` is left out.
    pub(in crate::book) fn after_subtree(&self, mut at: NodeId, top: NodeId) -> Option<NodeId> {
        loop {
            if at == top {
                return None;
            }
            if let Some(next) = self.next(at) {
                return Some(next);
            }
            at = self.parent(at)?;
        }
    }

    /// The first XHTML element of that name inside.
    pub(in crate::book) fn find(&self, node: NodeId, name: &str) -> Option<NodeId> {
        self.descendants(node).find(|&at| self.is(at, name))
    }

    /// The body; in a page without one, the root element or the document.
    pub(in crate::book) fn body(&self) -> NodeId {
        let root = self.children(Document::ROOT).into_iter().find(|&node| self.element(node).is_some());
        self.find(Document::ROOT, "body").or(root).unwrap_or(Document::ROOT)
    }

    /// All characters inside.
    pub(in crate::book) fn text_content(&self, node: NodeId) -> String {
        let own = self.text(node).into_iter();
        own.chain(self.descendants(node).filter_map(|at| self.text(at))).collect()
    }

    /// A new element that is nowhere yet.
    pub(in crate::book) fn new_element(&mut self, element: Element) -> NodeId {
        self.add(Data::Element(element))
    }

    /// New characters that are nowhere yet.
    pub(in crate::book) fn new_text(&mut self, text: impl Into<String>) -> NodeId {
        self.add(Data::Text(text.into()))
    }

    fn add(&mut self, data: Data) -> NodeId {
        // A page has a few megabytes, each node at least a byte of it: far below four thousand million.
        self.nodes.push(Node { parent: None, previous: None, next: None, first: None, last: None, data });
        let count = u32::try_from(self.nodes.len()).ok().and_then(NonZeroU32::new);
        NodeId(count.unwrap_or(NonZeroU32::MAX))
    }

    /// Puts a node at the end of another's content, taking it away from where it was.
    pub(in crate::book) fn append(&mut self, parent: NodeId, child: NodeId) {
        self.detach(child);
        let last = self.last_child(parent);
        self.link(child, Some(parent), last, None);
    }

    /// Puts a node at the start of another's content.
    pub(in crate::book) fn prepend(&mut self, parent: NodeId, child: NodeId) {
        match self.first_child(parent).filter(|&first| first != child) {
            Some(first) => self.insert_before(first, child),
            None => self.append(parent, child),
        }
    }

    /// Puts a node in front of another.
    pub(in crate::book) fn insert_before(&mut self, place: NodeId, node: NodeId) {
        if place == node {
            return;
        }
        self.detach(node);
        let (parent, previous) = (self.parent(place), self.previous(place));
        self.link(node, parent, previous, Some(place));
    }

    /// Puts a node behind another.
    pub(in crate::book) fn insert_after(&mut self, place: NodeId, node: NodeId) {
        if place == node {
            return;
        }
        self.detach(node);
        let (parent, next) = (self.parent(place), self.next(place));
        self.link(node, parent, Some(place), next);
    }

    fn link(&mut self, node: NodeId, parent: Option<NodeId>, previous: Option<NodeId>, next: Option<NodeId>) {
        if let Some(own) = self.node_mut(node) {
            (own.parent, own.previous, own.next) = (parent, previous, next);
        }
        match previous.and_then(|id| self.node_mut(id)) {
            Some(before) => before.next = Some(node),
            None => {
                if let Some(parent) = parent.and_then(|id| self.node_mut(id)) {
                    parent.first = Some(node);
                }
            }
        }
        match next.and_then(|id| self.node_mut(id)) {
            Some(behind) => behind.previous = Some(node),
            None => {
                if let Some(parent) = parent.and_then(|id| self.node_mut(id)) {
                    parent.last = Some(node);
                }
            }
        }
    }

    /// Takes a node out of the tree, with what is inside.
    pub(in crate::book) fn detach(&mut self, node: NodeId) {
        let Some(own) = self.node_mut(node) else { return };
        let (parent, previous, next) = (own.parent.take(), own.previous.take(), own.next.take());
        if let Some(before) = previous.and_then(|id| self.node_mut(id)) {
            before.next = next;
        } else if let Some(parent) = parent.and_then(|id| self.node_mut(id)) {
            parent.first = next;
        }
        if let Some(behind) = next.and_then(|id| self.node_mut(id)) {
            behind.previous = previous;
        } else if let Some(parent) = parent.and_then(|id| self.node_mut(id)) {
            parent.last = previous;
        }
    }

    /// Takes an element away and leaves what was inside in its place.
    pub(in crate::book) fn unwrap(&mut self, node: NodeId) {
        for child in self.children(node) {
            self.insert_before(node, child);
        }
        self.detach(node);
    }

    /// Puts an element around a node, and gives its id.
    pub(in crate::book) fn wrap(&mut self, node: NodeId, element: Element) -> NodeId {
        let wrapper = self.new_element(element);
        self.insert_before(node, wrapper);
        self.append(wrapper, node);
        wrapper
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id.index())
    }
}

#[cfg(test)]
mod tests;
