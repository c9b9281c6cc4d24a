//! Long pages cut into shorter ones: reading systems hold a whole page in memory, and many choke on
//! some hundred kilobytes. Cuts are made between blocks, before a heading if there is one.

use super::super::dom::{Document, Element, NodeId};
use std::collections::HashSet;

/// Pages of fewer bytes stay whole.
const LONGEST: usize = 300 << 10;
/// About as much goes into one page of those that are cut.
const WANTED: usize = 200 << 10;

/// The bodies that a page becomes, in order; one if it is short.
pub(super) fn split(page: &mut Document, body: NodeId) -> Vec<NodeId> {
    cut_paragraphs(page, body);
    let cuts = cuts(page, body);
    let mut bodies: Vec<NodeId> = cuts.into_iter().rev().map(|cut| cut_before(page, body, cut)).collect();
    bodies.push(body);
    bodies.reverse();
    bodies
}

fn size_of(page: &Document, node: NodeId) -> usize {
    match page.element(node) {
        Some(element) => {
            2 * element.name.len()
                + 5
                + element.attributes.iter().map(|(key, value)| key.len() + value.len() + 4).sum::<usize>()
        }
        None => page.text(node).map_or(0, str::len),
    }
}

/// The blocks before which a new page starts.
fn cuts(page: &Document, body: NodeId) -> Vec<NodeId> {
    let total: usize = page.descendants(body).map(|node| size_of(page, node)).sum();
    let mut found = Vec::new();
    if total < LONGEST {
        return found;
    }
    let mut open: HashSet<NodeId> = HashSet::from([body]);
    let (mut here, mut passed) = (0, 0);
    for node in page.descendants(body) {
        if let Some(element) = page.element(node)
            && page.parent(node).is_some_and(|above| open.contains(&above))
        {
            let heading = matches!(element.name.as_str(), "h1" | "h2" | "h3");
            let block = matches!(
                element.name.as_str(),
                "p" | "div"
                    | "section"
                    | "article"
                    | "blockquote"
                    | "ul"
                    | "ol"
                    | "dl"
                    | "table"
                    | "pre"
                    | "figure"
                    | "h4"
                    | "h5"
                    | "h6"
            );
            let rest = total - passed;
            if rest > WANTED / 8 && (heading && here > WANTED / 2 || block && here > WANTED) {
                found.push(node);
                here = 0;
            }
            if matches!(element.name.as_str(), "div" | "section" | "article" | "main")
                && element.get("epub:type").is_none_or(|kind| !kind.contains("note"))
            {
                open.insert(node);
            }
        }
        here += size_of(page, node);
        passed += size_of(page, node);
    }
    found
}

/// How many bytes of attributes the elements around a cut may have to be copied with them; a page has many cuts.
const MOST_COPIED: usize = WANTED / 8;

/// Moves a node and all that follows it into a new body, under copies of what it stood in.
fn cut_before(page: &mut Document, body: NodeId, cut: NodeId) -> NodeId {
    let (mut at, mut above) = (cut, page.parent(cut));
    let mut inner: Option<NodeId> = None;
    let mut copied = 0;
    while let Some(old) = above {
        copied += size_of(page, old);
        let copy = page.element(old).map_or_else(
            || Element::html("div"),
            |old| {
                let mut copy = Element { space: old.space, name: old.name.clone(), attributes: Vec::new() };
                if copied <= MOST_COPIED {
                    copy.attributes = old.attributes.iter().filter(|(key, _)| key != "id").cloned().collect();
                }
                copy
            },
        );
        let copy = page.new_element(copy);
        if let Some(inner) = inner {
            page.append(copy, inner);
        }
        let mut next = if inner.is_none() { Some(at) } else { page.next(at) };
        while let Some(node) = next {
            next = page.next(node);
            page.append(copy, node);
        }
        if old == body {
            return copy;
        }
        (inner, at, above) = (Some(copy), old, page.parent(old));
    }
    body
}

/// A paragraph longer than a page becomes several, cut behind a full stop.
fn cut_paragraphs(page: &mut Document, body: NodeId) {
    let long: Vec<NodeId> = page
        .descendants(body)
        .filter(|&node| page.text(node).is_some_and(|text| text.len() > LONGEST))
        .filter(|&node| page.parent(node).is_some_and(|above| page.is(above, "p")))
        .collect();
    for node in long {
        let (Some(text), Some(paragraph)) = (page.text(node).map(str::to_owned), page.parent(node)) else { continue };
        if page.first_child(paragraph) != page.last_child(paragraph) {
            continue;
        }
        let mut copy = page.element(paragraph).cloned().unwrap_or_else(|| Element::html("p"));
        copy.remove("id");
        let pieces = pieces(&text);
        let mut last = paragraph;
        for (number, piece) in pieces.into_iter().enumerate() {
            if number == 0 {
                if let Some(text) = page.text_mut(node) {
                    *text = piece.to_owned();
                }
                continue;
            }
            let next = page.new_element(copy.clone());
            let text = page.new_text(piece);
            page.append(next, text);
            page.insert_after(last, next);
            last = next;
        }
    }
}

fn pieces(text: &str) -> Vec<&str> {
    let (mut found, mut start) = (Vec::new(), 0);
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let stop = matches!(c, '。' | '！' | '？' | '\n') || c == ' ' && end - start > WANTED / 2;
        if stop && end - start > WANTED / 4 {
            found.extend(text.get(start..end));
            start = end;
        }
    }
    found.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_pages_are_cut_between_blocks() {
        let paragraph = format!("<p>{}</p>", "字".repeat(1000));
        let mut page =
            Document::parse(&format!("<body><div class='x' id='y'>{}</div><p>end</p></body>", paragraph.repeat(200)));
        let (body, text) = (page.body(), page.text_content(Document::ROOT));
        let bodies = split(&mut page, body);
        assert_eq!(bodies.len(), 3);
        assert_eq!(bodies.iter().map(|&one| page.text_content(one)).collect::<String>(), text);
        let wrapper = page.first_child(bodies[1]).and_then(|one| page.element(one)).expect("wrapper");
        assert_eq!((wrapper.get("class"), wrapper.get("id")), (Some("x"), None));
    }

    #[test]
    fn endless_paragraphs_are_cut_behind_a_stop() {
        let mut page = Document::parse(&format!("<body><p>{}</p></body>", "一二三四。".repeat(60_000)));
        let (body, text) = (page.body(), page.text_content(Document::ROOT));
        let bodies = split(&mut page, body);
        assert!(bodies.len() > 2);
        assert_eq!(bodies.iter().map(|&one| page.text_content(one)).collect::<String>(), text);
    }
    #[test]
    fn what_stands_around_cuts_is_copied_only_if_short() {
        let paragraph = format!("<p>{}</p>", "字".repeat(1000));
        let (short, long) = ("x".repeat(100), "y".repeat(MOST_COPIED));
        let source =
            format!("<body><div class='{long}'><div class='{short}'>{}</div></div></body>", paragraph.repeat(300));
        let mut page = Document::parse(&source);
        let body = page.body();
        let bodies = split(&mut page, body);
        assert!(bodies.len() > 2);
        for &one in bodies.iter().skip(1) {
            let outer = page.first_child(one).expect("a wrapper");
            let inner = page.first_child(outer).and_then(|one| page.element(one)).expect("a wrapper");
            assert_eq!(page.element(outer).and_then(|one| one.get("class")), None);
            assert_eq!(inner.get("class"), Some(short.as_str()));
        }
    }
}
