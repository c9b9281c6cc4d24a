//! The small part of XML that the platform speaks, read and written.
//!
//! Reading goes through roxmltree with limits around it. There are no attributes, namespaces or
//! document types in this dialect, and nothing here would know what to do with them.

use std::borrow::Cow;

use roxmltree::{Document, Node, ParsingOptions};

/// Elements and texts in one document. The largest push known, the end of a mass message with eight
/// articles, has 345 when it is indented and 210 when not; 64 kB could hold 16,000.
const NODES_LIMIT: u32 = 1024;
/// The longest tag, in bytes. The platform's have no attributes; roxmltree takes 23 s of CPU for
/// 200,000 of them on one tag, because it compares each with each.
const TAG_LIMIT: usize = 256;

/// Parses a document. The error is a reason for the log.
pub(in crate::wechat) fn read(text: &str) -> Result<Document<'_>, &'static str> {
    check_markup(text)?;
    let options = ParsingOptions { nodes_limit: NODES_LIMIT, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|_| "the XML is broken or has too many elements")
}

/// The ciphertext in an envelope that is written exactly as the platform writes it in safe mode: `xml` around an
/// optional `ToUserName` and `Encrypt`, both CDATA, and nothing else. `None` is no verdict: [`read`] knows.
///
/// A push in safe mode is such an envelope, and a tree of it costs more than decrypting what is in it. In compatible
/// mode the plain fields stand around the ciphertext, and the tree is read.
pub(in crate::wechat) fn sealed(body: &str) -> Option<&str> {
    let mut rest = body.trim_ascii().strip_prefix("<xml>")?.trim_ascii_start();
    if let Some(named) = rest.strip_prefix("<ToUserName><![CDATA[") {
        let (name, behind) = named.split_once("]]>")?;
        if name.bytes().any(|byte| byte < 0x20) {
            return None;
        }
        rest = behind.strip_prefix("</ToUserName>")?.trim_ascii_start();
    }
    let (sealed, behind) = rest.strip_prefix("<Encrypt><![CDATA[")?.split_once("]]></Encrypt>")?;
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'+' | b'/' | b'=');
    // Without stopping at the first other one, as in `legal`.
    let is_clean = sealed.bytes().fold(true, |clean, byte| clean & is_base64(byte));
    (behind.trim_ascii() == "</xml>" && is_clean).then_some(sealed)
}

/// One pass over the bytes that refuses what the parser should not see.
fn check_markup(text: &str) -> Result<(), &'static str> {
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let length = if rest.starts_with("<![CDATA[") {
            up_to(rest, "]]>")
        } else if rest.starts_with("<!--") {
            up_to(rest, "-->")
        } else if rest.starts_with("<?") {
            up_to(rest, "?>")
        } else if rest.starts_with("<!") {
            return Err("the XML has a document type");
        } else {
            tag_length(rest)
        };
        rest = &rest[length.ok_or("the XML ends inside a tag, or a tag is too long")?..];
    }
    Ok(())
}

fn up_to(text: &str, mark: &str) -> Option<usize> {
    text.find(mark).map(|at| at + mark.len())
}

/// The bytes from `<` to `>`. Quoted ones do not count, or a tag could hide its attributes behind
/// `x=">"`.
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().take(TAG_LIMIT).enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// An element with the look-ups that pushes need.
#[derive(Clone, Copy)]
pub(in crate::wechat) struct Element<'a>(Node<'a, 'a>);

impl<'a> Element<'a> {
    /// The document's root, if it is called `xml`.
    pub(in crate::wechat) fn root(document: &'a Document<'a>) -> Result<Self, &'static str> {
        let root = document.root_element();
        if root.has_tag_name("xml") { Ok(Element(root)) } else { Err("the root element is not xml") }
    }

    /// The trimmed text of the child `name`, `None` if there is no such child. Twice is an error:
    /// two readers could take it for two different things.
    pub(in crate::wechat) fn text_of(&self, name: &str) -> Result<Option<String>, &'static str> {
        let mut children = self.children(name);
        let first = children.next().map(|child| child.text().trim().to_owned());
        if children.next().is_some() { Err("an element is there twice") } else { Ok(first) }
    }

    /// The trimmed text of the first child `name`; empty if there is none.
    pub(in crate::wechat) fn text_or_empty(&self, name: &str) -> String {
        self.child(name).map(|child| child.text().trim().to_owned()).unwrap_or_default()
    }

    /// The trimmed text of the first child `name`, unless it is missing or empty.
    pub(in crate::wechat) fn some_text(&self, name: &str) -> Option<String> {
        Some(self.text_or_empty(name)).filter(|text| !text.is_empty())
    }

    /// The first child `name` as a number, if it is one.
    pub(in crate::wechat) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.child(name)?.text().trim().parse().ok()
    }

    /// The first child `name`.
    pub(in crate::wechat) fn child(&self, name: &str) -> Option<Element<'a>> {
        self.children(name).next()
    }

    /// All children `name`.
    pub(in crate::wechat) fn children<'n>(&self, name: &'n str) -> impl Iterator<Item = Element<'a>> + use<'a, 'n> {
        self.0.children().filter(move |node| node.has_tag_name(name)).map(Element)
    }

    /// The element's own text, CDATA sections included, as it stands.
    pub(in crate::wechat) fn text(&self) -> String {
        self.0.children().filter(Node::is_text).filter_map(|node| node.text()).collect()
    }
}

/// Writes elements. Every text becomes CDATA that cannot be broken out of.
pub(in crate::wechat) struct Writer(String);

impl Writer {
    /// An empty document.
    pub(in crate::wechat) fn new() -> Self {
        // A reply is at most 2 kB before it is encrypted, and 3 kB after.
        Writer(String::with_capacity(3 * 1024))
    }

    /// The text written so far.
    pub(in crate::wechat) fn finish(self) -> String {
        self.0
    }

    /// An element with whatever `inner` writes.
    pub(in crate::wechat) fn element(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        self.0.extend(["<", name, ">"]);
        inner(self);
        self.0.extend(["</", name, ">"]);
    }

    /// An element with text.
    pub(in crate::wechat) fn text(&mut self, name: &str, text: &str) {
        self.element(name, |writer| {
            writer.0.push_str("<![CDATA[");
            match legal(text) {
                text if text.as_bytes().contains(&b']') => writer.0.push_str(&text.replace("]]>", "]]]]><![CDATA[>")),
                text => writer.0.push_str(&text),
            }
            writer.0.push_str("]]>");
        });
    }

    /// An element with text that is known to have no markup and no odd characters, such as base64.
    pub(in crate::wechat) fn clean(&mut self, name: &str, text: &str) {
        self.0.extend(["<", name, "><![CDATA[", text, "]]></", name, ">"]);
    }

    /// An element with text, left out if there is none.
    pub(in crate::wechat) fn optional(&mut self, name: &str, text: &Option<String>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// An element with a number.
    pub(in crate::wechat) fn number(&mut self, name: &str, number: i64) {
        self.element(name, |writer| writer.0.push_str(&number.to_string()));
    }
}

/// The text without the characters that XML 1.0 does not allow, in any form.
pub(in crate::wechat) fn legal(text: &str) -> Cow<'_, str> {
    // Nearly every text is, and its bytes show it: no control character, and not the EF BF BE and EF BF BF of U+FFFE and
    // U+FFFF. Looked at without stopping or branching, which processors do many at a time.
    let bytes = text.as_bytes();
    let control = |byte: u8| (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
    let has_control = bytes.iter().fold(false, |found, &byte| found | control(byte));
    let (second, third) = (bytes.get(1..).unwrap_or_default(), bytes.get(2..).unwrap_or_default());
    let has_noncharacter = bytes
        .iter()
        .zip(second)
        .zip(third)
        .fold(false, |found, ((&a, &b), &c)| found | ((a == 0xef) & (b == 0xbf) & (c >= 0xbe)));
    if has_control | has_noncharacter {
        return Cow::Owned(text.chars().filter(|&c| is_legal(c)).collect());
    }
    Cow::Borrowed(text)
}

/// <https://www.w3.org/TR/xml/#charsets>. A `\r` is legal but any reader turns it into `\n`.
fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..) && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_platforms_own_envelope_is_read_without_a_tree() {
        let name = "<ToUserName><![CDATA[gh_1]]></ToUserName>";
        let secret = "<Encrypt><![CDATA[ab+/12==]]></Encrypt>";
        for envelope in [format!("<xml>{name}{secret}</xml>"), format!("<xml>\n  {name}\n  {secret}\n</xml>\n")] {
            assert_eq!(sealed(&envelope), Some("ab+/12=="), "{envelope}");
        }
        assert_eq!(sealed(&format!("<xml>{secret}</xml>")), Some("ab+/12=="));
        for other in [
            format!("<xml>{secret}{name}</xml>"),
            format!("<xml>{secret}{secret}</xml>"),
            format!("<xml>{name}{secret}</xml><xml>"),
            format!("<xml>{name}{secret}"),
            format!("<!DOCTYPE xml><xml>{secret}</xml>"),
            format!("<xml a=\"b\">{secret}</xml>"),
            "<xml><Encrypt><![CDATA[ab]]>]]></Encrypt></xml>".into(),
            "<xml><Encrypt>ab</Encrypt></xml>".into(),
            "<xml><ToUserName><![CDATA[\u{1}]]></ToUserName><Encrypt><![CDATA[ab]]></Encrypt></xml>".into(),
        ] {
            assert_eq!(sealed(&other), None, "{other}");
        }
    }

    #[test]
    fn characters_that_xml_forbids_are_left_out_and_no_others() {
        for text in ["", "书", "，全角。\u{fffd}\u{ff5e}", "a\tb\nc\rd", "\u{10ffff}\u{1f4da}"] {
            assert!(matches!(legal(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
        for odd in ['\0', '\u{1}', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
            assert_eq!(legal(&format!("书{odd}童")), "书童");
            assert_eq!(legal(&odd.to_string()), "");
        }
    }
}
