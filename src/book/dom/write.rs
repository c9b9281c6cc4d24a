//! A tree as markup. Always well-formed: what XML does not allow is escaped or left out.

use super::{Data, Document, Element, NodeId, Space};

/// Which parser the markup is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) enum Syntax {
    /// An XML parser: `<p></p>`, `<br/>`, style sheets escaped.
    Xhtml,
    /// A browser's HTML parser: the same, but style sheets are left as they are.
    Html,
}

/// Elements of XHTML that never have content.
pub(super) const VOID: [&str; 15] = [
    "br", "img", "hr", "meta", "link", "col", "input", "area", "base", "embed", "param", "source", "track", "wbr",
    "keygen",
];

impl Document {
    /// The markup of a node with what is inside; of the document, of all its content.
    pub(in crate::book) fn to_markup(&self, node: NodeId, syntax: Syntax) -> String {
        let mut out = String::new();
        self.write(node, syntax, &mut out);
        out
    }

    /// The same, appended to `out`.
    pub(in crate::book) fn write(&self, top: NodeId, syntax: Syntax, out: &mut String) {
        let mut at = top;
        loop {
            self.open(at, syntax, out);
            if let Some(first) = self.first_child(at) {
                at = first;
                continue;
            }
            self.close(at, out);
            loop {
                if at == top {
                    return;
                }
                if let Some(next) = self.next(at) {
                    at = next;
                    break;
                }
                match self.parent(at) {
                    Some(parent) => at = parent,
                    None => return,
                }
                self.close(at, out);
            }
        }
    }

    fn open(&self, node: NodeId, syntax: Syntax, out: &mut String) {
        match self.data(node) {
            Data::Root => {}
            Data::Text(text) => {
                let raw = syntax == Syntax::Html && self.parent(node).is_some_and(|above| self.is(above, "style"));
                if raw {
                    out.push_str(text);
                } else {
                    escape_text(text, out);
                }
            }
            Data::Element(element) => {
                out.push('<');
                out.push_str(&element.name);
                if self.starts_space(node, element.space) {
                    out.push_str(declarations(element.space));
                }
                for (name, value) in &element.attributes {
                    out.push(' ');
                    out.push_str(name);
                    out.push_str("=\"");
                    escape_attribute(value, out);
                    out.push('"');
                }
                out.push_str(if is_closed(element, self.first_child(node)) { "/>" } else { ">" });
            }
        }
    }

    fn close(&self, node: NodeId, out: &mut String) {
        if let Data::Element(element) = self.data(node)
            && !is_closed(element, self.first_child(node))
        {
            out.push_str("</");
            out.push_str(&element.name);
            out.push('>');
        }
    }

    /// Whether the namespace has to be declared here.
    fn starts_space(&self, node: NodeId, space: Space) -> bool {
        let above = self.parent(node).and_then(|above| self.element(above)).map(|above| above.space);
        match space {
            Space::Html => above.is_some_and(|above| above != Space::Html) || self.is(node, "html"),
            Space::Svg | Space::Math => above != Some(space),
            Space::Other => false,
        }
    }
}

fn declarations(space: Space) -> &'static str {
    match space {
        Space::Html => " xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:epub=\"http://www.idpf.org/2007/ops\"",
        Space::Svg => " xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"",
        Space::Math => " xmlns=\"http://www.w3.org/1998/Math/MathML\"",
        Space::Other => "",
    }
}

/// Written as `<br/>`: what must not have content in XHTML, and what has none elsewhere.
fn is_closed(element: &Element, first: Option<NodeId>) -> bool {
    first.is_none() && (element.space != Space::Html || VOID.contains(&element.name.as_str()))
}

/// Characters that XML allows.
fn is_allowed(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Appends characters as the content of an element.
pub(in crate::book) fn escape_text(text: &str, out: &mut String) {
    escape(text, false, out);
}

/// Appends characters as the value of an attribute in double quotes.
pub(in crate::book) fn escape_attribute(value: &str, out: &mut String) {
    escape(value, true, out);
}

fn escape(text: &str, attribute: bool, out: &mut String) {
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        let replacement = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' if attribute => "&quot;",
            '\n' if attribute => "&#10;",
            '\t' if attribute => "&#9;",
            '\r' => "&#13;",
            c if !is_allowed(c) => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        out.push_str(replacement);
        plain = at + c.len_utf8();
    }
    out.push_str(&text[plain..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_well_formed() {
        let source = "<html><head><style>a>b{}</style></head><body title='1\"&lt;\n'><p/>x & y\u{1}<br><svg viewBox='0 0 1 1'><G/></svg></body></html>";
        let page = Document::parse(source);
        let expected = "<html xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:epub=\"http://www.idpf.org/2007/ops\"><head>\
            <style>a&gt;b{}</style></head><body title=\"1&quot;&lt;&#10;\"><p></p>x &amp; y<br/>\
            <svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 1 1\"><G/></svg></body></html>";
        let written = page.to_markup(Document::ROOT, Syntax::Xhtml);
        assert_eq!(written, expected);
        assert!(roxmltree::Document::parse(&written).is_ok());
        assert!(page.to_markup(Document::ROOT, Syntax::Html).contains("<style>a>b{}</style>"));
    }
}
