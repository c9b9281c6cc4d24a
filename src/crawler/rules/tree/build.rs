//! Makes a [`Tree`] with html5ever.
//!
//! That parser takes whatever comes, but time that is the square of the depth and of the attributes of a tag; so the
//! page is handed over in small pieces, and between two of them is looked at what has become of it.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{Attribute, ExpandedName, ParseOpts, QualName, parse_document};

use super::super::error::RuleError;
use super::super::limits;
use super::{Data, Node, Tree};

/// Bytes handed over at a time: they hold at most so many tags that the bounds are not left behind by much.
const PIECE: usize = 512;

pub(super) fn parse(html: &str) -> Result<Tree, RuleError> {
    if has_crowded_tag(html) {
        return Err(RuleError::TooLarge("attributes of a tag"));
    }
    let growth = Rc::new(Growth::default());
    let sink = Sink::new(Rc::clone(&growth));
    let tree_builder = TreeBuilderOpts { scripting_enabled: false, drop_doctype: true, ..TreeBuilderOpts::default() };
    let mut parser = parse_document(sink, ParseOpts { tree_builder, ..ParseOpts::default() });
    let mut rest = html;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE.min(rest.len())));
        parser.process(StrTendril::from_slice(piece));
        growth.check()?;
        rest = after;
    }
    let tree = parser.finish();
    growth.check()?;
    Ok(tree)
}

/// Whether a tag has more attributes than allowed. What only looks like a tag, in a script, is counted as well; it
/// would have to go on for thousands of words without a `>`.
fn has_crowded_tag(html: &str) -> bool {
    let bytes = html.as_bytes();
    let mut at = 0;
    while let Some(start) = bytes.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == b'<')) {
        at += start + 1;
        if !bytes.get(at).is_some_and(|&byte| byte.is_ascii_alphabetic() || byte == b'/') {
            continue;
        }
        let (count, end) = attributes(bytes, at);
        if count > limits::ATTRIBUTES {
            return true;
        }
        at = end;
    }
    false
}

/// The number of words of the tag whose name begins at `at`, and where it ends.
fn attributes(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let is_blank = |byte: u8| byte.is_ascii_whitespace() || byte == b'/';
    let mut count = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'>' => break,
            b'=' => {
                at += 1;
                while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
                    at += 1;
                }
                if let Some(&quote @ (b'"' | b'\'')) = bytes.get(at) {
                    let length = bytes.get(at + 1..).and_then(|rest| rest.iter().position(|&one| one == quote));
                    at = length.map_or(bytes.len(), |length| at + length + 2);
                } else {
                    at += bytes.get(at..).map_or(0, |rest| {
                        rest.iter().position(|&one| one.is_ascii_whitespace() || one == b'>').unwrap_or(rest.len())
                    });
                }
            }
            _ if is_blank(byte) => at += 1,
            _ => {
                count += 1;
                at += bytes.get(at..).map_or(1, |rest| {
                    rest.iter().position(|&one| is_blank(one) || matches!(one, b'=' | b'>')).unwrap_or(rest.len())
                });
            }
        }
    }
    (count, at)
}

/// How large the tree has become, seen from outside of the parser.
#[derive(Default)]
struct Growth {
    nodes: Cell<usize>,
    depth: Cell<usize>,
}

impl Growth {
    fn check(&self) -> Result<(), RuleError> {
        match () {
            () if self.depth.get() > limits::DEPTH => Err(RuleError::TooLarge("depth of a page")),
            () if self.nodes.get() > limits::NODES => Err(RuleError::TooLarge("nodes of a page")),
            () => Ok(()),
        }
    }
}

/// A node while the tree still changes.
struct Loose {
    parent: Option<usize>,
    children: Vec<usize>,
    /// At the time it was put in its place; what the parser moves later may be a little off.
    depth: usize,
    data: Data,
}

#[derive(Clone)]
struct Handle {
    at: usize,
    name: Rc<QualName>,
}

struct Sink {
    nodes: RefCell<Vec<Loose>>,
    nameless: Rc<QualName>,
    growth: Rc<Growth>,
}

impl Sink {
    fn new(growth: Rc<Growth>) -> Sink {
        let document = Loose { parent: None, children: Vec::new(), depth: 0, data: Data::Document };
        let nameless = Rc::new(QualName::new(None, Default::default(), Default::default()));
        Sink { nodes: RefCell::new(vec![document]), nameless, growth }
    }

    fn add(&self, data: Data) -> usize {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Loose { parent: None, children: Vec::new(), depth: 0, data });
        self.growth.nodes.set(nodes.len());
        nodes.len() - 1
    }

    fn nameless(&self, data: Data) -> Handle {
        Handle { at: self.add(data), name: Rc::clone(&self.nameless) }
    }

    /// Takes a node from its parent, and gives the parent and the place it had.
    fn detach(&self, child: usize) {
        let mut nodes = self.nodes.borrow_mut();
        let Some(parent) = nodes.get_mut(child).and_then(|node| node.parent.take()) else { return };
        if let Some(parent) = nodes.get_mut(parent)
            && let Some(place) = parent.children.iter().rposition(|&one| one == child)
        {
            parent.children.remove(place);
        }
    }

    /// Puts a node among the children of another, at `place` or at the end.
    fn attach(&self, parent: usize, child: usize, place: Option<usize>) {
        self.detach(child);
        let mut nodes = self.nodes.borrow_mut();
        let Some(above) = nodes.get_mut(parent) else { return };
        match place {
            Some(place) if place <= above.children.len() => above.children.insert(place, child),
            _ => above.children.push(child),
        }
        let depth = above.depth + 1;
        if let Some(node) = nodes.get_mut(child) {
            (node.parent, node.depth) = (Some(parent), depth);
        }
        self.growth.depth.set(self.growth.depth.get().max(depth));
    }

    /// Adds characters to the text that stands before `place`, or makes a new one.
    fn attach_text(&self, parent: usize, place: Option<usize>, text: &str) {
        let before = {
            let nodes = self.nodes.borrow();
            let children = nodes.get(parent).map_or(&[][..], |node| node.children.as_slice());
            let end = place.unwrap_or(children.len());
            end.checked_sub(1).and_then(|at| children.get(at)).copied()
        };
        if let Some(before) = before
            && let Some(Loose { data: Data::Text(old), .. }) = self.nodes.borrow_mut().get_mut(before)
        {
            old.push_str(text);
            return;
        }
        let child = self.add(Data::Text(text.to_owned()));
        self.attach(parent, child, place);
    }

    fn place_of(&self, child: usize) -> Option<(usize, usize)> {
        let nodes = self.nodes.borrow();
        let parent = nodes.get(child)?.parent?;
        let place = nodes.get(parent)?.children.iter().rposition(|&one| one == child)?;
        Some((parent, place))
    }

    fn put(&self, parent: usize, place: Option<usize>, child: NodeOrText<Handle>) {
        match child {
            NodeOrText::AppendNode(node) => self.attach(parent, node.at, place),
            NodeOrText::AppendText(text) => self.attach_text(parent, place, &text),
        }
    }
}

fn pairs(attributes: Vec<Attribute>) -> impl Iterator<Item = (String, String)> {
    attributes.into_iter().map(|one| (one.name.local.to_ascii_lowercase().to_string(), one.value.to_string()))
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Tree;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Tree {
        ordered(self.nodes.into_inner())
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Handle { at: 0, name: Rc::clone(&self.nameless) }
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Handle {
        let local = name.local.to_ascii_lowercase().to_string();
        let at = self.add(Data::Element { name: local, attributes: pairs(attributes).collect() });
        Handle { at, name: Rc::new(name) }
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        self.nameless(Data::Other)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        self.nameless(Data::Other)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.put(parent.at, None, child);
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        match self.place_of(element.at) {
            Some((parent, place)) => self.put(parent, Some(place), child),
            None => self.put(previous.at, None, child),
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    /// The content of a template stays where it is written: rules look there.
    fn get_template_contents(&self, target: &Handle) -> Handle {
        target.clone()
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.at == other.at
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, node: NodeOrText<Handle>) {
        if let NodeOrText::AppendNode(node) = &node {
            self.detach(node.at);
        }
        if let Some((parent, place)) = self.place_of(sibling.at) {
            self.put(parent, Some(place), node);
        }
    }

    fn add_attrs_if_missing(&self, target: &Handle, more: Vec<Attribute>) {
        if let Some(Loose { data: Data::Element { attributes, .. }, .. }) = self.nodes.borrow_mut().get_mut(target.at) {
            for (key, value) in pairs(more) {
                if attributes.len() < limits::ATTRIBUTES && !attributes.iter().any(|(old, _)| *old == key) {
                    attributes.push((key, value));
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.detach(target.at);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let children = self.nodes.borrow_mut().get_mut(node.at).map(|node| std::mem::take(&mut node.children));
        for child in children.unwrap_or_default() {
            if let Some(child) = self.nodes.borrow_mut().get_mut(child) {
                child.parent = None;
            }
            self.attach(new_parent.at, child, None);
        }
    }

    fn allow_declarative_shadow_roots(&self, _: &Handle) -> bool {
        false
    }
}

/// The nodes in document order. Those that the parser threw away are left out.
fn ordered(mut loose: Vec<Loose>) -> Tree {
    let mut nodes: Vec<Node> = Vec::with_capacity(loose.len());
    // What is still to be visited: a node with its new parent, or the end of a node.
    enum Step {
        Enter(usize, u32),
        Leave(usize),
    }
    let mut steps = vec![Step::Enter(0, 0)];
    while let Some(step) = steps.pop() {
        match step {
            Step::Enter(at, parent) => {
                let Some(node) = loose.get_mut(at) else { continue };
                let data = std::mem::replace(&mut node.data, Data::Other);
                let children = std::mem::take(&mut node.children);
                let place = nodes.len();
                // Bounded far below by the limit of nodes.
                let own = u32::try_from(place).unwrap_or(u32::MAX);
                nodes.push(Node { parent, end: own, data });
                steps.push(Step::Leave(place));
                steps.extend(children.into_iter().rev().map(|child| Step::Enter(child, own)));
            }
            Step::Leave(place) => {
                let end = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
                if let Some(node) = nodes.get_mut(place) {
                    node.end = end;
                }
            }
        }
    }
    Tree { nodes }
}
