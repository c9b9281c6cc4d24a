//! Where a page is cut into chapters, and what its headings say.

use super::Piece;
use crate::book::dom::{Document, Element, NodeId};
use crate::book::xhtml::one_line;
use std::collections::HashSet;

/// A page with fewer characters stays one chapter.
const SHORT: usize = 12_000;
/// Chapters longer than this on the average are cut at the next level, too.
const LONG: usize = 60_000;
/// A heading deeper inside other elements cuts nothing.
const DEEPEST: usize = 12;
/// Longer headings are text.
const LONGEST_TITLE: usize = 200;
/// Longer entries of the contents are cut.
const LONGEST_ENTRY: usize = 500;
/// No heading with more bytes than this, blanks among them, is looked at to the end.
const LONGEST_SOURCE: usize = 16 * LONGEST_TITLE;
/// Most pieces of one page; what follows the last cut stays in one. An EPUB of ours must be one that we read.
const MOST_PIECES: usize = 10_000;
/// How many bytes of attributes may be copied in all to the halves of elements that are divided.
const MOST_COPIED: usize = 4 << 20;

/// A heading and where it is.
pub(super) struct Heading {
    level: usize,
    pub(super) title: String,
    pub(super) chapter: usize,
    pub(super) fragment: Option<String>,
}

/// Cuts a page.
pub(super) fn pieces(document: &mut Document, source: usize) -> Vec<Piece> {
    let own = sections(document);
    if !own.is_empty() {
        return own.into_iter().filter_map(|node| section(document, node, source)).collect();
    }
    let body = body(document);
    let attributes = match document.element(body) {
        Some(element) if element.is("body") => {
            let mut body = Element::html("body");
            for name in ["class", "style", "dir", "lang", "id"] {
                // Every piece has them.
                if let Some(value) = element.get(name).filter(|value| value.len() <= LONGEST_SOURCE) {
                    body.set(name, value);
                }
            }
            body
        }
        _ => Element::html("body"),
    };
    let starts: HashSet<NodeId> = cuts(document, body).into_iter().collect();
    let starts: HashSet<NodeId> = divide(document, body, starts);
    let mut groups: Vec<Vec<NodeId>> = Vec::new();
    for node in document.children(body) {
        if ["head", "title", "meta", "link", "base"].iter().any(|name| document.is(node, name)) {
            continue;
        }
        match groups.last_mut() {
            Some(group) if !starts.contains(&node) => group.push(node),
            _ => groups.push(vec![node]),
        }
    }
    // Blanks in front of the first heading are no chapter.
    let first_empty =
        groups.len() > 1 && groups.first().is_some_and(|group| group.iter().all(|&node| is_blank(document, node)));
    if first_empty {
        groups.remove(0);
    }
    let piece = |(at, nodes): (usize, Vec<NodeId>)| {
        let title = title(document, &nodes);
        let mut body = attributes.clone();
        if at > 0 {
            body.remove("id");
        }
        Piece { source, nodes, path: String::new(), body, title, linear: true }
    };
    groups.into_iter().enumerate().map(piece).collect()
}

/// The body; in a page without one, whatever there is.
fn body(document: &Document) -> NodeId {
    let named = |name: &str| document.find(Document::ROOT, name);
    named("body").or_else(|| named("html")).unwrap_or(Document::ROOT)
}

/// Whether our writer made the file.
pub(super) fn is_own(document: &Document) -> bool {
    document.descendants(Document::ROOT).any(|node| {
        document.element(node).is_some_and(|one| {
            one.is("meta")
                && one.get("name") == Some("generator")
                && one.get("content") == Some(super::super::GENERATOR)
        })
    })
}

/// The pages of a file that our writer made.
fn sections(document: &Document) -> Vec<NodeId> {
    if !is_own(document) {
        return Vec::new();
    }
    let Some(main) = document.find(Document::ROOT, "main") else { return Vec::new() };
    let page =
        |&node: &NodeId| document.element(node).is_some_and(|one| one.is("section") && one.has_word("class", "page"));
    document.children(main).into_iter().filter(page).collect()
}

fn section(document: &Document, node: NodeId, source: usize) -> Option<Piece> {
    let element = document.element(node)?;
    let mut body = Element::html("body");
    for name in ["class", "style", "dir", "lang", "id", "epub:type"] {
        if let Some(value) = element.get(name) {
            body.set(name, value);
        }
    }
    let title = element.get("aria-label").unwrap_or_default().to_owned();
    let linear = element.get("data-linear") != Some("no");
    Some(Piece { source, nodes: document.children(node), path: String::new(), body, title, linear })
}

/// The level of a heading.
fn level(document: &Document, node: NodeId) -> Option<usize> {
    let element = document.element(node)?;
    let level = match element.name.as_bytes() {
        [b'h', digit @ b'1'..=b'6'] => usize::from(digit - b'0'),
        _ => return None,
    };
    element.is(&element.name).then_some(level)
}

fn is_wrapper(element: &Element) -> bool {
    ["div", "section", "article", "main", "header", "center", "font", "form", "span", "hgroup"]
        .iter()
        .any(|name| element.is(name))
}

/// What a heading says, unless it is text.
pub(super) fn label(document: &Document, node: NodeId) -> Option<String> {
    let (text, whole) = words(document, node);
    let text = one_line(&text);
    (whole && !text.is_empty() && text.chars().count() <= LONGEST_TITLE).then_some(text)
}

/// What an entry of the contents says: cut, for one that says nothing is left out with all below it.
pub(super) fn entry(document: &Document, node: NodeId) -> String {
    one_line(&words(document, node).0).chars().take(LONGEST_ENTRY).collect()
}

/// The text inside an element up to [`LONGEST_SOURCE`], and whether that is all.
fn words(document: &Document, node: NodeId) -> (String, bool) {
    let mut text = String::new();
    for inside in document.descendants(node) {
        let piece = match document.text(inside) {
            Some(piece) => piece,
            None if document.is(inside, "br") => " ",
            None => continue,
        };
        let room = LONGEST_SOURCE.saturating_sub(text.len());
        if piece.len() > room {
            text.extend(piece.char_indices().take_while(|(at, c)| at + c.len_utf8() <= room).map(|(_, c)| c));
            return (text, false);
        }
        text.push_str(piece);
    }
    (text, true)
}

/// The nodes in front of which the page is cut.
fn cuts(document: &Document, body: NodeId) -> Vec<NodeId> {
    let mut size = 0;
    let mut found: Vec<(usize, NodeId)> = Vec::new();
    for node in document.descendants(body) {
        if let Some(text) = document.text(node) {
            size += text.chars().filter(|c| !c.is_whitespace()).count();
            continue;
        }
        let Some(level) = level(document, node).filter(|level| *level <= 3) else { continue };
        let above: Vec<NodeId> = document.ancestors(node).take(DEEPEST + 1).take_while(|&one| one != body).collect();
        let free = above.iter().all(|&one| document.element(one).is_some_and(is_wrapper));
        if free && above.len() <= DEEPEST && label(document, node).is_some() {
            found.push((level, node));
        }
    }
    if size < SHORT {
        return Vec::new();
    }
    let count = |most: usize| found.iter().filter(|(level, _)| *level <= most).count();
    let Some(mut most) = (1..=3).find(|&level| count(level) >= 2) else { return untitled(document, body) };
    while most < 3 && size / count(most).max(1) > LONG {
        most += 1;
    }
    let chosen = found.into_iter().filter(|(level, _)| *level <= most);
    let mut nodes: Vec<NodeId> = chosen.map(|(_, node)| start(document, node, body)).collect();
    nodes.dedup();
    nodes.truncate(MOST_PIECES);
    nodes
}

/// The outermost sections of a page without headings to cut it at: FictionBook has them, and some web pages.
fn untitled(document: &Document, body: NodeId) -> Vec<NodeId> {
    let mut found = Vec::new();
    let mut waiting: Vec<(NodeId, usize)> = vec![(body, 0)];
    while let Some((node, depth)) = waiting.pop() {
        if document.is(node, "section") {
            found.push(start(document, node, body));
        } else if depth < DEEPEST && (node == body || document.element(node).is_some_and(is_wrapper)) {
            waiting.extend(document.children(node).into_iter().rev().map(|child| (child, depth + 1)));
        }
    }
    found.dedup();
    found.truncate(MOST_PIECES);
    if found.len() > 1 { found } else { Vec::new() }
}

/// The outermost element that starts with this heading, with the anchors in front of it.
fn start(document: &Document, heading: NodeId, body: NodeId) -> NodeId {
    let mut node = heading;
    loop {
        let mut first = node;
        while let Some(before) = document.previous(first).filter(|&before| is_anchor(document, before)) {
            first = before;
        }
        let only = document.previous(first).is_none();
        match document.parent(node).filter(|&parent| parent != body && only) {
            Some(parent) => node = parent,
            None => {
                // Blanks alone need not move.
                while first != node && document.text(first).is_some() {
                    first = document.next(first).unwrap_or(node);
                }
                return first;
            }
        }
    }
}

/// An empty element or blanks.
fn is_anchor(document: &Document, node: NodeId) -> bool {
    match document.text(node) {
        Some(text) => text.trim().is_empty(),
        None => (document.is(node, "a") || document.is(node, "span")) && document.first_child(node).is_none(),
    }
}

fn is_blank(document: &Document, node: NodeId) -> bool {
    let picture = |at: NodeId| {
        ["img", "svg", "hr", "table"].iter().any(|name| document.is(at, name))
            || ["svg", "math"].iter().any(|name| document.element(at).is_some_and(|one| one.name == *name))
    };
    let inside = std::iter::once(node).chain(document.descendants(node));
    let mut said = inside.filter(|&at| picture(at) || document.text(at).is_some_and(|text| !text.trim().is_empty()));
    said.next().is_none()
}

/// Divides the elements around each cut, from the last to the first so that each node moves once for
/// each level at most. Gives the children of the body that start a piece.
fn divide(document: &mut Document, body: NodeId, cuts: HashSet<NodeId>) -> HashSet<NodeId> {
    let mut order: Vec<NodeId> = document.descendants(body).filter(|node| cuts.contains(node)).collect();
    order.reverse();
    let mut starts = HashSet::new();
    let mut copied = 0;
    for cut in order {
        let mut node = cut;
        while let Some(parent) = document.parent(node).filter(|&parent| parent != body) {
            if document.previous(node).is_none() {
                node = parent;
                continue;
            }
            let Some(old) = document.element(parent) else { break };
            let mut element = Element { space: old.space, name: old.name.clone(), attributes: Vec::new() };
            copied += old.attributes.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
            if copied <= MOST_COPIED {
                element.attributes = old.attributes.iter().filter(|(key, _)| key != "id").cloned().collect();
            }
            let half = document.new_element(element);
            let moved: Vec<NodeId> = std::iter::successors(Some(node), |&one| document.next(one)).collect();
            for one in moved {
                document.append(half, one);
            }
            document.insert_after(parent, half);
            node = half;
        }
        starts.insert(node);
    }
    starts
}

fn title(document: &Document, nodes: &[NodeId]) -> String {
    let all = nodes.iter().flat_map(|&node| std::iter::once(node).chain(document.descendants(node)));
    let mut headings = all.filter(|&node| level(document, node).is_some_and(|level| level <= 3));
    headings.find_map(|node| label(document, node)).unwrap_or_default()
}

/// The headings of a chapter, `most` of them, and how many more there are. Those inside get an id if they have none.
pub(super) fn headings(
    document: &mut Document,
    nodes: &[NodeId],
    chapter: usize,
    most: usize,
) -> (Vec<Heading>, usize) {
    let all: Vec<NodeId> =
        nodes.iter().flat_map(|&node| std::iter::once(node).chain(document.descendants(node))).collect();
    let (mut found, mut others) = (Vec::new(), 0);
    let mut text_before = false;
    for node in all {
        text_before |= document.text(node).is_some_and(|text| !text.trim().is_empty());
        let Some(level) = level(document, node).filter(|level| *level <= 4) else { continue };
        if found.len() == most {
            others += 1;
            continue;
        }
        let Some(title) = label(document, node) else { continue };
        let fragment = if text_before { id(document, node, found.len(), chapter) } else { None };
        found.push(Heading { level, title, chapter, fragment });
    }
    (found, others)
}

fn id(document: &mut Document, node: NodeId, at: usize, chapter: usize) -> Option<String> {
    let element = document.element_mut(node)?;
    if element.get("id").is_none_or(str::is_empty) {
        element.set("id", format!("heading-{}-{}", chapter + 1, at + 1));
    }
    element.get("id").map(str::to_owned)
}

/// Headings with their depth. A single heading above all others at the start is the title of the book
/// and stands beside them.
pub(super) fn outline(headings: Vec<Heading>) -> Vec<(usize, Heading)> {
    let top = headings.iter().map(|heading| heading.level).min().unwrap_or(1);
    let lone = headings.iter().filter(|heading| heading.level == top).count() == 1
        && headings.first().is_some_and(|heading| heading.level == top)
        && headings.len() > 1;
    let mut open: Vec<usize> = Vec::new();
    let mut out = Vec::new();
    for (at, heading) in headings.into_iter().enumerate() {
        if at == 0 && lone {
            out.push((0, heading));
            continue;
        }
        // A level that was left out, h1 and then h3, is no level.
        while open.last().is_some_and(|&above| above >= heading.level) {
            open.pop();
        }
        let depth = open.len();
        open.push(heading.level);
        out.push((depth, heading));
    }
    out
}
