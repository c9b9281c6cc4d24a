//! Ruby: text with its reading beside it.

use super::super::dom::{Document, NodeId};
use super::repair::rename;
use super::vocabulary::{Stands, stands};

/// A ruby has text and readings in turn and ends in a reading. What stands behind the last reading
/// comes after it; one without any reading, or with a block inside, is plain text.
pub(super) fn ruby(page: &mut Document, node: NodeId) {
    let children = page.children(node);
    let is_reading = |page: &Document, at: NodeId| page.is(at, "rt") || page.is(at, "rtc");
    let has_reading = children.iter().any(|&child| is_reading(page, child));
    let has_block = children
        .iter()
        .any(|&child| stands(page, child) == Stands::Block || page.element(child).is_some_and(|one| one.name == "li"));
    if !has_reading || has_block {
        for child in children {
            if matches!(page.element(child).map(|element| element.name.as_str()), Some("rt" | "rp" | "rb" | "rtc")) {
                rename(page, child, "span");
            }
        }
        return rename(page, node, "span");
    }
    if !brackets_match(page, &children) {
        // Brackets are for readers that do not know ruby.
        for &child in &children {
            if page.is(child, "rp") {
                page.detach(child);
            }
        }
    }
    let mut rest: Vec<NodeId> = Vec::new();
    for child in page.children(node).into_iter().rev() {
        if is_reading(page, child) || page.is(child, "rp") {
            break;
        }
        rest.push(child);
    }
    for child in rest {
        page.insert_after(node, child);
    }
}

/// Whether each `<rp>` stands before or behind one reading, and every reading beside it has both.
fn brackets_match(page: &Document, children: &[NodeId]) -> bool {
    let mut inside = None;
    for &child in children {
        let name = page.element(child).map(|element| element.name.as_str());
        match (name, inside) {
            (Some("rp"), None) => inside = Some(0),
            (Some("rp"), Some(1)) => inside = None,
            (Some("rt" | "rtc"), Some(count)) => inside = Some(count + 1),
            (Some("rt" | "rtc"), None) => {}
            (_, Some(_)) if !super::vocabulary::is_blank(page, child) => return false,
            _ => {}
        }
        if inside.is_some_and(|count| count > 1) {
            return false;
        }
    }
    inside.is_none()
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
    fn readings_follow_text() {
        check("<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>", "<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>");
        check("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>", "<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>");
        check("<ruby>漢<rp>(</rp><rt>かん</rt></ruby>", "<ruby>漢<rt>かん</rt></ruby>");
        check("<ruby>漢<rt>かん</rt>字</ruby>x", "<ruby>漢<rt>かん</rt></ruby>字x");
        check("<ruby>漢</ruby><ruby><p>a</p><rt>b</rt></ruby>", "<span>漢</span><div><p>a</p><span>b</span></div>");
    }
}
