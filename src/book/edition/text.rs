//! Chapters of plain text as pages: a heading and paragraphs.

use super::super::dom::{Document, Element, NodeId};

/// How paragraphs of Chinese, Japanese and Korean books look: two characters of indent, no space.
pub(super) const CJK_SHEET: &str =
    "p {\n  margin: 0;\n  text-indent: 2em;\n}\nh1, h2, h3, h4, h5, h6 {\n  text-indent: 0;\n}\n";
/// How those of other books look.
pub(super) const OTHER_SHEET: &str = "p {\n  margin: 0;\n  text-indent: 1.5em;\n}\n";

/// The body of a chapter; `level` is that of its heading, from 1.
pub(super) fn page(title: &str, level: usize, text: &str) -> (Document, NodeId) {
    let mut page = Document::new();
    let body = page.new_element(Element::html("body"));
    let mut add = |name: &str, text: &str| {
        let element = page.new_element(Element::html(name));
        let text = page.new_text(text);
        page.append(element, text);
        page.append(body, element);
    };
    if !title.is_empty() {
        const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];
        add(HEADINGS.get(level.clamp(1, 6) - 1).copied().unwrap_or("h6"), title);
    }
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        add("p", line);
    }
    (page, body)
}
