//! XML and HTML cut into tags and text: one pass, no recursion, nothing refused.
//!
//! Books hold markup that strict parsers reject (`&nbsp;` without a DTD, unclosed tags, control
//! characters) or that HTML parsers bend (`<title/>` swallows the page), and markup made to exhaust
//! either (200,000 attributes, 5,000 levels, entities that explode). This cutter is linear whatever
//! comes, keeps no state between tags, and never expands an entity that a file defines itself,
//! because it skips the DTD. It does not validate and does not fetch anything.

mod entities;
mod tree;

pub use entities::unescaped;
pub(super) use entities::{Entities, decode};
pub(super) use tree::{Node, Tree};

/// A piece of markup; slices of the source, entities not yet decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `<name attributes>`; `empty` if it ends in `/>`.
    Open { name: &'a str, attributes: Attributes<'a>, empty: bool },
    /// `</name>`
    Close { name: &'a str },
    /// Characters between tags.
    Text(&'a str),
    /// The inside of `<![CDATA[…]]>`: entities mean nothing here.
    Raw(&'a str),
}

/// The tokens of a document. Comments, processing instructions and the DTD are left out.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// In HTML, the content of the element just opened is characters up to its end tag.
    raw_until: Option<&'a str>,
    /// An element like that was never closed; looking for the end of each would be quadratic.
    raw_broken: bool,
}

/// Cuts a document into tokens.
pub(super) fn tokens(source: &str) -> Tokens<'_> {
    Tokens { rest: source, raw_until: None, raw_broken: false }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(name) = self.raw_until.take()
            && let Some(text) = self.raw_text(name)
        {
            return Some(Token::Raw(text));
        }
        loop {
            if self.rest.is_empty() {
                return None;
            }
            if !self.rest.starts_with('<') {
                return Some(Token::Text(self.take_until('<')));
            }
            if let Some(text) = self.skip_or_cdata() {
                match text {
                    Some(text) => return Some(Token::Raw(text)),
                    None => continue,
                }
            }
            return Some(self.tag());
        }
    }
}

impl<'a> Tokens<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    fn take_until(&mut self, stop: char) -> &'a str {
        let end = self.rest.find(stop).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Takes what starts with `opening` up to and including `closing`, or to the end of the source.
    fn take_block(&mut self, opening: &str, closing: &str) -> Option<&'a str> {
        let body = self.rest.strip_prefix(opening)?;
        let (inside, rest) = body.split_once(closing).unwrap_or((body, ""));
        self.rest = rest;
        Some(inside)
    }

    /// `None`: an ordinary tag follows. `Some(None)`: something was skipped. `Some(Some(_))`: CDATA.
    fn skip_or_cdata(&mut self) -> Option<Option<&'a str>> {
        if let Some(text) = self.take_block("<![CDATA[", "]]>") {
            return Some(Some(text));
        }
        if self.take_block("<!--", "-->").is_some() || self.take_block("<?", ">").is_some() {
            return Some(None);
        }
        if self.rest.starts_with("<!") {
            self.skip_declaration();
            return Some(None);
        }
        None
    }

    /// `<!DOCTYPE … [ … ]>`: the subset in brackets may hold `>` of its own.
    fn skip_declaration(&mut self) {
        let bytes = self.rest.as_bytes();
        let (mut at, mut bracket, mut quote) = (2, false, None);
        while let Some(&byte) = bytes.get(at) {
            match (quote, byte) {
                (Some(open), _) if byte == open => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') if bracket => quote = Some(byte),
                (None, b'[') => bracket = true,
                (None, b']') => bracket = false,
                (None, b'>') if !bracket => break,
                (None, _) => {}
            }
            at += 1;
        }
        self.take(bytes.len().min(at + 1));
    }

    fn tag(&mut self) -> Token<'a> {
        let bytes = self.rest.as_bytes();
        let closing = bytes.get(1) == Some(&b'/');
        let start = if closing { 2 } else { 1 };
        let name_start = self.rest[start..].chars().next();
        if !name_start.is_some_and(|c| c.is_alphabetic() || c == '_') {
            // A bare `<` in running text.
            let next = self.rest[1..].find('<').map_or(self.rest.len(), |at| at + 1);
            return Token::Text(self.take(next));
        }
        let end = tag_end(bytes);
        let whole = self.take(end);
        let inside = whole[start..].strip_suffix('>').unwrap_or(&whole[start..]);
        let name_end = inside.find(|c: char| c.is_whitespace() || c == '/' || c == '>').unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(name_end);
        if closing {
            return Token::Close { name };
        }
        let empty = attributes.ends_with('/');
        if !empty && !self.raw_broken && ["script", "style"].iter().any(|raw| name.eq_ignore_ascii_case(raw)) {
            self.raw_until = Some(name);
        }
        Token::Open { name, attributes: Attributes(attributes), empty }
    }

    /// The content of a script or style sheet, up to its own end tag.
    fn raw_text(&mut self, name: &str) -> Option<&'a str> {
        let mut from = 0;
        loop {
            let Some(hit) = self.rest[from..].find("</") else {
                self.raw_broken = true;
                return None;
            };
            let at = from + hit;
            let after = self.rest.as_bytes().get(at + 2..at + 2 + name.len());
            if after.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
                return (at > 0).then(|| self.take(at));
            }
            from = at + 2;
        }
    }
}

/// The length of the tag at the start of `bytes`: to the first `>` outside quotes. A quote that is
/// never closed ends with the tag, not with the book: then the first `>` of all counts.
fn tag_end(bytes: &[u8]) -> usize {
    const LONGEST_QUOTED: usize = 1 << 20;
    let (mut quote, mut first) = (None, None);
    for (at, &byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') if at > 0 && matches!(bytes[at - 1], b'=' | b' ' | b'\n' | b'\r' | b'\t') => {
                quote = Some(byte);
            }
            (Some(open), _) if open == byte => {
                quote = None;
                first = None;
            }
            (Some(_), b'>') => first = first.or(Some(at + 1)),
            _ => {}
        }
        if first.is_some_and(|first| at.saturating_sub(first) > LONGEST_QUOTED) {
            break;
        }
    }
    first.unwrap_or(bytes.len())
}

/// The attributes of a tag, read when asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attributes<'a>(&'a str);

impl<'a> Attributes<'a> {
    /// The value of the first attribute whose name, without its prefix, is `name`; not decoded.
    pub(super) fn raw(self, name: &str) -> Option<&'a str> {
        self.iter().find(|(key, _)| local(key).eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The same with entities decoded.
    pub(super) fn get(self, name: &str, entities: &Entities) -> Option<String> {
        self.raw(name).map(|value| decode(value, entities))
    }

    pub(super) fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/' || c == '=');
            if rest.is_empty() {
                return None;
            }
            let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            let Some(value) = after.trim_start().strip_prefix('=') else {
                rest = after;
                return Some((key, ""));
            };
            let value = value.trim_start();
            let (value, after) = match value.as_bytes().first() {
                Some(b'"') => value[1..].split_once('"').unwrap_or((&value[1..], "")),
                Some(b'\'') => value[1..].split_once('\'').unwrap_or((&value[1..], "")),
                _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            };
            rest = after;
            Some((key, value))
        })
    }
}

/// A name without its namespace prefix. Prefixes in books are free; the local names are not.
pub(super) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        let shown: Vec<String> = tokens(source)
            .map(|token| match token {
                Token::Open { name, empty, .. } => {
                    format!("<{name}{}", if empty { "/" } else { "" })
                }
                Token::Close { name } => format!("/{name}"),
                Token::Text(text) | Token::Raw(text) => format!("'{text}'"),
            })
            .collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn tags_text_and_what_is_left_out() {
        check("<?xml v?><!DOCTYPE a [<!ENTITY b \"]>\">]><p a='>'>x<br/>y</p>", "<p 'x' <br/ 'y' /p");
        check("a<!-- <b> -->c<![CDATA[<d>]]>", "'a' 'c' '<d>'");
        check("<script>a<b</script>c", "<script 'a<b' /script 'c'");
        check("1 < 2 <b>", "'1 ' '< 2 ' <b");
        check("<p title=\"never closed>x</p>", "<p 'x' /p");
        check("<a", "<a");
    }

    #[test]
    fn attributes_in_every_style() {
        let Some(Token::Open { attributes, .. }) = tokens("<a x:href = 'b&amp;c' k=v on d=\"1\"/>").next() else {
            panic!("no tag");
        };
        let entities = Entities::new();
        assert_eq!(attributes.get("href", &entities).as_deref(), Some("b&c"));
        assert_eq!(attributes.raw("K"), Some("v"));
        assert_eq!(attributes.raw("on"), Some(""));
        assert_eq!(attributes.raw("d"), Some("1"));
        assert_eq!(attributes.raw("e"), None);
    }
}
