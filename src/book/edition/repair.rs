//! Structure from below: every element gets content that it may hold.
//!
//! Nothing is moved out of order. An inline element with a block inside becomes a `<div>` of the
//! same look; a heading flattens the blocks in it; parts without their whole (items without a list,
//! cells without a row) get one around them. One pass, children before parents, each looking at its
//! own children only, so that the time is linear.

use super::super::dom::{Document, Element, NodeId, Space};
use super::vocabulary::{Holds, Stands, holds, is_blank, stands};
use super::{lists, ruby, tables};

/// Puts the structure below `body` right.
pub(super) fn repair(page: &mut Document, body: NodeId) {
    let mut nodes: Vec<NodeId> = page.descendants(body).filter(|&node| is_html(page, node)).collect();
    nodes.reverse();
    for node in nodes {
        element(page, node);
    }
    wrap_parts(page, body);
}

fn is_html(page: &Document, node: NodeId) -> bool {
    page.element(node).is_some_and(|element| element.space == Space::Html)
}

fn element(page: &mut Document, node: NodeId) {
    let Some(name) = page.element(node).map(|element| element.name.clone()) else { return };
    match name.as_str() {
        "ul" | "ol" => lists::list(page, node),
        "dl" => lists::definitions(page, node),
        "table" => tables::table(page, node),
        "thead" | "tbody" | "tfoot" => tables::section(page, node),
        "tr" => tables::row(page, node),
        "colgroup" => tables::columns(page, node),
        "ruby" => ruby::ruby(page, node),
        "hgroup" => heading_group(page, node),
        "details" => details(page, node),
        "figure" => figure(page, node),
        // Without a machine's form of the date, it holds nothing but characters.
        "time"
            if page.children(node).iter().any(|&child| page.element(child).is_some())
                && page.element(node).is_some_and(|element| element.get("datetime").is_none()) =>
        {
            rename(page, node, "span");
        }
        _ => {}
    }
    if !matches!(holds(page, node), Holds::Parts) {
        wrap_parts(page, node);
    }
    match holds(page, node) {
        Holds::Nothing => push_out(page, node),
        Holds::Text => flatten_to_text(page, node),
        Holds::Inline | Holds::Parts if has_block(page, node) => make_room(page, node),
        Holds::Same if has_block(page, node) => {}
        _ => {}
    }
}

/// Whether something inside may only stand among paragraphs.
pub(super) fn has_block(page: &Document, node: NodeId) -> bool {
    let mut next = page.first_child(node);
    while let Some(child) = next {
        if is_block(page, child) {
            return true;
        }
        next = page.next(child);
    }
    false
}

/// Whether a node may only stand among paragraphs; `<a>` and the like may if their content does.
fn is_block(page: &Document, node: NodeId) -> bool {
    match stands(page, node) {
        Stands::Block => true,
        Stands::Part => false,
        Stands::Inline => holds(page, node) == Holds::Same && page.element(node).is_some() && has_block(page, node),
    }
}

/// Makes an element that holds text hold blocks: by another name, or by flattening the blocks.
fn make_room(page: &mut Document, node: NodeId) {
    // The outermost heading flattens all inside it: each level doing so would cost the square.
    if is_heading_at(page, node) && page.ancestors(node).any(|above| is_heading_at(page, above)) {
        return;
    }
    let Some(element) = page.element_mut(node) else { return };
    let look = match element.name.as_str() {
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "summary" | "rt" | "rb" | "rtc" => return flatten(page, node),
        // Their content was seen to when they were put right.
        "ul" | "ol" | "dl" | "table" | "thead" | "tbody" | "tfoot" | "tr" | "colgroup" | "ruby" | "hgroup" => return,
        "b" | "strong" => "font-weight: bold",
        "i" | "em" | "cite" | "dfn" | "var" => "font-style: italic",
        "u" => "text-decoration: underline",
        "s" => "text-decoration: line-through",
        "small" => "font-size: smaller",
        "code" | "samp" | "kbd" => "font-family: monospace",
        "pre" => "white-space: pre-wrap; font-family: monospace",
        "sup" => "vertical-align: super; font-size: smaller",
        "sub" => "vertical-align: sub; font-size: smaller",
        _ => "",
    };
    element.name = "div".into();
    for own in ["datetime", "cite"] {
        element.remove(own);
    }
    if !look.is_empty() {
        let style = element.get("style").map_or_else(|| look.to_owned(), |own| format!("{look}; {own}"));
        element.set("style", style);
    }
}

/// Blocks in a heading become spans with line breaks between them. A heading with a table or list in
/// it is none.
fn flatten(page: &mut Document, node: NodeId) {
    let blocks: Vec<NodeId> =
        page.descendants(node).filter(|&at| is_html(page, at) && stands(page, at) != Stands::Inline).collect();
    let simple = blocks.iter().all(|&at| {
        page.element(at).is_some_and(|element| {
            matches!(
                element.name.as_str(),
                "p" | "div"
                    | "h1"
                    | "h2"
                    | "h3"
                    | "h4"
                    | "h5"
                    | "h6"
                    | "section"
                    | "header"
                    | "hgroup"
                    | "blockquote"
                    | "center"
                    | "address"
                    | "article"
                    | "hr"
                    | "rt"
                    | "rb"
                    | "rp"
                    | "rtc"
                    | "pre"
            )
        })
    });
    if !simple {
        rename(page, node, "div");
        for at in blocks {
            if is_heading_at(page, at) && has_block(page, at) {
                rename(page, at, "div");
            }
        }
        return;
    }
    for at in blocks {
        let Some(name) = page.element(at).map(|element| element.name.clone()) else { continue };
        if matches!(name.as_str(), "rt" | "rb" | "rp" | "rtc") {
            continue;
        }
        if name == "hr" {
            rename(page, at, "br");
            continue;
        }
        rename(page, at, "span");
        for (side, beside) in [(true, page.previous(at)), (false, page.next(at))] {
            let mut beside = beside;
            while let Some(blank) = beside.filter(|&one| is_blank(page, one)) {
                beside = if side { page.previous(blank) } else { page.next(blank) };
            }
            if beside.is_some_and(|one| !page.is(one, "br")) {
                let line = page.new_element(Element::html("br"));
                if side {
                    page.insert_before(at, line);
                } else {
                    page.insert_after(at, line);
                }
            }
        }
    }
}

fn is_heading_at(page: &Document, node: NodeId) -> bool {
    page.element(node).is_some_and(|element| {
        element.space == Space::Html && matches!(element.name.as_str(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
    })
}

/// What stands in an element that holds nothing comes after it.
fn push_out(page: &mut Document, node: NodeId) {
    let mut children = page.children(node);
    children.reverse();
    for child in children {
        page.insert_after(node, child);
    }
}

fn flatten_to_text(page: &mut Document, node: NodeId) {
    if page.children(node).iter().all(|&child| page.text(child).is_some()) {
        return;
    }
    let text = page.text_content(node);
    for child in page.children(node) {
        page.detach(child);
    }
    let text = page.new_text(text);
    page.append(node, text);
}

/// `<hgroup>` has one heading and paragraphs; any other is a `<div>`.
fn heading_group(page: &mut Document, node: NodeId) {
    let (mut headings, mut sound) = (0, true);
    for child in page.children(node) {
        match page.element(child).map(|element| element.name.as_str()) {
            Some("h1" | "h2" | "h3" | "h4" | "h5" | "h6") => headings += 1,
            Some("p") => {}
            Some(_) => sound = false,
            None => sound &= is_blank(page, child),
        }
    }
    if headings != 1 || !sound {
        rename(page, node, "div");
    }
}

/// `<details>` starts with its `<summary>`, else it is a `<div>`.
fn details(page: &mut Document, node: NodeId) {
    let first = page.children(node).into_iter().find(|&child| !is_blank(page, child));
    let sound = first.is_some_and(|first| page.is(first, "summary"));
    if !sound {
        rename(page, node, "div");
    }
    for child in page.children(node) {
        if page.is(child, "summary") && !(sound && first == Some(child)) {
            rename(page, child, "div");
        }
    }
}

/// `<figure>` has one `<figcaption>` at most, first or last.
fn figure(page: &mut Document, node: NodeId) {
    let children: Vec<NodeId> = page.children(node).into_iter().filter(|&child| !is_blank(page, child)).collect();
    let (first, last) = (children.first().copied(), children.last().copied());
    let mut seen = false;
    for &child in children.iter().filter(|&&child| page.is(child, "figcaption")).collect::<Vec<_>>() {
        let at_edge = Some(child) == first || Some(child) == last;
        if seen || !at_edge {
            rename(page, child, "div");
        }
        seen |= at_edge;
    }
}

pub(super) fn rename(page: &mut Document, node: NodeId, name: &str) {
    if let Some(element) = page.element_mut(node) {
        element.name = name.into();
    }
}

/// Parts that stand where they cannot: those that belong together get what they need around them,
/// others become plain.
fn wrap_parts(page: &mut Document, parent: NodeId) {
    let mut next = page.first_child(parent);
    let parent_name = page.element(parent).map(|element| element.name.clone()).unwrap_or_default();
    while let Some(child) = next {
        next = page.next(child);
        if stands(page, child) != Stands::Part {
            continue;
        }
        let Some(name) = page.element(child).map(|element| element.name.clone()) else { continue };
        let whole = match name.as_str() {
            "summary" if parent_name == "details" => continue,
            "figcaption" if parent_name == "figure" => continue,
            "source" | "track" if matches!(parent_name.as_str(), "audio" | "video") => continue,
            "rt" | "rp" if parent_name == "rtc" => continue,
            "li" => Some(("ul", lists::list as fn(&mut Document, NodeId))),
            "dt" | "dd" => Some(("dl", lists::definitions as fn(&mut Document, NodeId))),
            "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" => {
                Some(("table", tables::table as fn(&mut Document, NodeId)))
            }
            _ => None,
        };
        let Some((whole, settle)) = whole else {
            match name.as_str() {
                "rt" | "rp" | "rb" | "rtc" => rename(page, child, "span"),
                "col" | "colgroup" | "source" | "track" => page.detach(child),
                _ => rename(page, child, "div"),
            }
            continue;
        };
        let wrapper = page.wrap(child, Element::html(whole));
        if whole == "ul"
            && let Some(list) = page.element_mut(wrapper)
        {
            list.set("style", "list-style-type: none");
        }
        // All that follow and belong to the same whole, with the blanks between.
        while let Some(part) = next_said(page, wrapper).filter(|&one| belongs(page, one, whole)) {
            while let Some(node) = page.next(wrapper) {
                page.append(wrapper, node);
                if node == part {
                    break;
                }
            }
        }
        next = page.next(wrapper);
        settle(page, wrapper);
    }
}

/// What follows a node, blanks left out.
fn next_said(page: &Document, node: NodeId) -> Option<NodeId> {
    let mut next = page.next(node);
    while let Some(blank) = next.filter(|&one| is_blank(page, one)) {
        next = page.next(blank);
    }
    next
}

fn belongs(page: &Document, node: NodeId, whole: &str) -> bool {
    page.element(node).is_some_and(|element| {
        element.space == Space::Html
            && match whole {
                "ul" => element.name == "li",
                "dl" => matches!(element.name.as_str(), "dt" | "dd"),
                _ => matches!(element.name.as_str(), "td" | "th" | "tr" | "tbody" | "thead" | "tfoot"),
            }
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::dom::Syntax;
    use super::*;

    #[track_caller]
    pub(super) fn check(source: &str, expected: &str) {
        let mut page = Document::parse(&format!("<body>{source}</body>"));
        let body = page.body();
        repair(&mut page, body);
        let shown = page.to_markup(body, Syntax::Xhtml);
        assert_eq!(shown, format!("<body>{expected}</body>"));
    }

    #[test]
    fn inline_elements_around_blocks_become_blocks() {
        check("<p>a<div>b</div>c</p>", "<div>a<div>b</div>c</div>");
        check(
            "<p><b class='x'>a<p>b</p></b></p>",
            "<div><div class=\"x\" style=\"font-weight: bold\">a<p>b</p></div></div>",
        );
        check("<a href='x'><p>a</p></a>", "<a href=\"x\"><p>a</p></a>");
        check("<p><a href='x'><h1>a</h1></a></p>", "<div><a href=\"x\"><h1>a</h1></a></div>");
        check("<p>a<b>c</b></p>", "<p>a<b>c</b></p>");
    }

    #[test]
    fn headings_stay_headings() {
        check("<h1><p>a</p> <p>b</p></h1>", "<h1><span>a</span><br/> <span>b</span></h1>");
        check("<h1>a<h2><p>b</p></h2></h1>", "<h1>a<br/><span><span>b</span></span></h1>");
        check(
            "<h1><h2><p>b</p></h2><table><tr><td>x</td></tr></table></h1>",
            "<div><div><p>b</p></div><table><tr><td>x</td></tr></table></div>",
        );
        check("<h1>a<div>b</div></h1>", "<h1>a<br/><span>b</span></h1>");
        check("<h1><table><tr><td>x</td></tr></table></h1>", "<div><table><tr><td>x</td></tr></table></div>");
    }

    #[test]
    fn parts_get_their_whole() {
        check("<li>a</li> <li>b</li>c", "<ul style=\"list-style-type: none\"><li>a</li> <li>b</li></ul>c");
        check("<td>a</td><td>b</td>", "<table><tr><td>a</td><td>b</td></tr></table>");
        check("<p>x<li>a</li></p>", "<div>x<ul style=\"list-style-type: none\"><li>a</li></ul></div>");
        check("<dd>a</dd>", "<dl><dt></dt><dd>a</dd></dl>");
        check("<caption>a</caption><rt>b</rt><col/>", "<div>a</div><span>b</span>");
    }

    #[test]
    fn figures_groups_and_details() {
        check("<figure>a<figcaption>b</figcaption>c</figure>", "<figure>a<div>b</div>c</figure>");
        check("<figure><img/><figcaption>b</figcaption></figure>", "<figure><img/><figcaption>b</figcaption></figure>");
        check("<hgroup><h1>a</h1><h2>b</h2></hgroup>", "<div><h1>a</h1><h2>b</h2></div>");
        check("<details>a<summary>b</summary></details>", "<div>a<div>b</div></div>");
        check("<hr>a</hr><br>b</br>", "<hr/>a<br/>b");
    }
}
