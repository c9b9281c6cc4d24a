//! XML as it is written: what is opened is closed, and what is put in is escaped.

use crate::book::dom::{escape_attribute, escape_text};

/// A document in the making.
pub(super) struct Xml {
    out: String,
    open: Vec<&'static str>,
}

impl Xml {
    /// A document that starts with the declaration and, if not empty, a document type.
    pub(super) fn new(document_type: &str) -> Xml {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
        if !document_type.is_empty() {
            out.push_str(document_type);
            out.push('\n');
        }
        Xml { out, open: Vec::new() }
    }

    /// Opens an element; [`Xml::close`] closes it.
    pub(super) fn open(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push_str(">\n");
        self.open.push(name);
    }

    /// Closes the element opened last.
    pub(super) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.end(name);
        }
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push_str("/>\n");
    }

    /// An element with characters in it.
    pub(super) fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.tag(name, attributes);
        self.out.push('>');
        escape_text(text, &mut self.out);
        self.end(name);
    }

    /// The document, with everything closed.
    pub(super) fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.close();
        }
        self.out.into_bytes()
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            escape_attribute(value, &mut self.out);
            self.out.push('"');
        }
    }

    fn end(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push_str(">\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_well_formed() {
        let mut xml = Xml::new("");
        xml.open("a", &[("b", "1\"<&"), ("left-out", "")]);
        xml.leaf("c", &[], "x < y & z\u{1}");
        xml.open("d", &[]);
        let bytes = xml.finish();
        let source = String::from_utf8(bytes).expect("text");
        let tree = roxmltree::Document::parse(&source).expect("well-formed");
        assert_eq!(tree.root_element().attribute("b"), Some("1\"<&"));
        assert!(!tree.root_element().has_attribute("left-out"));
        assert!(source.contains("x &lt; y &amp; z</c>"));
    }
}
