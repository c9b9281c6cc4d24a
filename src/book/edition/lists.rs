//! Lists: items in `<ul>` and `<ol>`, terms and descriptions in `<dl>`.

use super::super::dom::{Document, Element, NodeId};
use super::repair::rename;
use super::vocabulary::is_blank;

/// A list has nothing but items. A list in a list belongs to the item before it; anything else gets
/// an item of its own.
pub(super) fn list(page: &mut Document, node: NodeId) {
    let mut last: Option<NodeId> = None;
    // The item that collects what stands beside items, and whether it is open.
    let mut own: Option<NodeId> = None;
    for child in page.children(node) {
        if page.is(child, "li") {
            (last, own) = (Some(child), None);
        } else if is_blank(page, child) {
            if let Some(own) = own {
                page.append(own, child);
            }
        } else if page.is(child, "ul") || page.is(child, "ol") {
            match last {
                Some(item) => page.append(item, child),
                None => last = Some(item_around(page, child)),
            }
        } else if let Some(item) = own {
            page.append(item, child);
        } else {
            let item = item_around(page, child);
            (last, own) = (Some(item), Some(item));
        }
    }
    if page.is(node, "ul") {
        for item in page.children(node) {
            if let Some(item) = page.element_mut(item) {
                item.remove("value");
            }
        }
    }
}

fn item_around(page: &mut Document, child: NodeId) -> NodeId {
    page.wrap(child, Element::html("li").with("style", "list-style-type: none"))
}

/// A `<dl>` has terms and descriptions in turn.
pub(super) fn definitions(page: &mut Document, node: NodeId) {
    for child in page.children(node) {
        if page.is(child, "div") {
            let has_parts = page
                .children(child)
                .iter()
                .any(|&part| page.is(part, "dt") || page.is(part, "dd") || page.is(part, "dl"));
            if has_parts {
                unwrap_parts(page, child);
            }
        }
    }
    let mut own: Option<NodeId> = None;
    for child in page.children(node) {
        if page.is(child, "dt") || page.is(child, "dd") {
            own = None;
        } else if is_blank(page, child) {
            if let Some(own) = own {
                page.append(own, child);
            }
        } else if let Some(own) = own {
            page.append(own, child);
        } else {
            own = Some(page.wrap(child, Element::html("dd")));
        }
    }
    let parts: Vec<NodeId> = page.children(node).into_iter().filter(|&child| page.element(child).is_some()).collect();
    let (Some(&first), Some(&last)) = (parts.first(), parts.last()) else { return };
    if page.is(first, "dd") {
        let term = page.new_element(Element::html("dt"));
        page.insert_before(first, term);
    }
    if page.is(last, "dt") {
        if parts.iter().all(|&part| page.is(part, "dt")) {
            // Terms alone are a plain list.
            rename(page, node, "ul");
            for part in parts {
                rename(page, part, "li");
            }
            return;
        }
        let description = page.new_element(Element::html("dd"));
        page.insert_after(last, description);
    }
}

/// A group in a `<dl>` that the structure below had put into a list of its own.
fn unwrap_parts(page: &mut Document, group: NodeId) {
    for child in page.children(group) {
        if page.is(child, "dl") {
            page.unwrap(child);
        }
    }
    page.unwrap(group);
}

#[cfg(test)]
mod tests {
    use super::super::super::dom::Syntax;
    use super::super::repair::repair;
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        let mut page = Document::parse(&format!("<body>{source}</body>"));
        let body = page.body();
        repair(&mut page, body);
        assert_eq!(page.to_markup(body, Syntax::Xhtml), format!("<body>{expected}</body>"));
    }

    #[test]
    fn lists_hold_items_only() {
        check("<ul><li>a</li><ul><li>b</li></ul></ul>", "<ul><li>a<ul><li>b</li></ul></li></ul>");
        check(
            "<ol>x<b>y</b> <li value='2'>a</li><p>z</p></ol>",
            "<ol><li style=\"list-style-type: none\">x<b>y</b> </li><li value=\"2\">a</li><li style=\"list-style-type: none\"><p>z</p></li></ol>",
        );
        check("<ul><li value='2'>a</li></ul>", "<ul><li>a</li></ul>");
    }

    #[test]
    fn definitions_come_in_turn() {
        check("<dl><dt>a</dt></dl>", "<ul><li>a</li></ul>");
        check("<dl><dd>a</dd><dt>b</dt></dl>", "<dl><dt></dt><dd>a</dd><dt>b</dt><dd></dd></dl>");
        check("<dl><div><dt>a</dt><dd>b</dd></div></dl>", "<dl><dt>a</dt><dd>b</dd></dl>");
        check("<dl>x<dt>a</dt><p>b</p></dl>", "<dl><dt></dt><dd>x</dd><dt>a</dt><dd><p>b</p></dd></dl>");
    }
}
