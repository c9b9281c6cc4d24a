//! Markup cut into tags and text on bytes, with the place of each: links in Kindle books count bytes.
//!
//! `markup` has the same for decoded text without places. This one is as forgiving, linear whatever
//! comes, and gives every byte of its source in exactly one token.

/// A piece of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) struct Token<'a> {
    /// Where it starts in the source.
    pub(in crate::book) at: usize,
    pub(in crate::book) bytes: &'a [u8],
    pub(in crate::book) kind: Kind,
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) enum Kind {
    Text,
    Open,
    Close,
    /// A comment, a processing instruction, a declaration.
    Other,
}

impl<'a> Token<'a> {
    /// Where it ends.
    pub(in crate::book) fn end(&self) -> usize {
        self.at + self.bytes.len()
    }

    /// The name of a tag as written.
    pub(in crate::book) fn name(&self) -> &'a [u8] {
        let skip = match self.kind {
            Kind::Open => 1,
            Kind::Close => 2,
            Kind::Text | Kind::Other => return b"",
        };
        let inside = self.bytes.get(skip..).unwrap_or_default();
        let end = inside.iter().position(|&byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'));
        inside.get(..end.unwrap_or(inside.len())).unwrap_or_default()
    }

    /// Whether it is a tag of that name, in any case.
    pub(in crate::book) fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name.as_bytes())
    }

    /// Whether it is an opening tag that needs no closing one.
    pub(in crate::book) fn is_empty(&self) -> bool {
        const VOID: [&str; 10] = ["br", "img", "hr", "meta", "link", "col", "input", "area", "wbr", "source"];
        self.kind == Kind::Open && (self.bytes.ends_with(b"/>") || VOID.iter().any(|name| self.is(name)))
    }

    /// Whether it is text with nothing to see.
    pub(in crate::book) fn is_blank(&self) -> bool {
        self.kind == Kind::Text && self.bytes.trim_ascii().is_empty()
    }
}

/// The tokens of a document.
pub(in crate::book) fn tokens(source: &[u8]) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    let mut endless_comment = false;
    std::iter::from_fn(move || {
        let rest = source.get(at..).filter(|rest| !rest.is_empty())?;
        let (kind, length) = cut(rest, &mut endless_comment);
        let length = length.clamp(1, rest.len());
        let token = Token { at, bytes: rest.get(..length)?, kind };
        at += length;
        Some(token)
    })
}

fn cut(rest: &[u8], endless_comment: &mut bool) -> (Kind, usize) {
    let open = |byte: &u8| *byte == b'<';
    let text = |from: usize| {
        let behind = rest.get(from..).unwrap_or_default();
        (Kind::Text, from + behind.iter().position(open).unwrap_or(behind.len()))
    };
    match rest {
        [b'<', b'!', b'-', b'-', inside @ ..] if !*endless_comment => {
            match inside.windows(3).position(|three| three == b"-->") {
                Some(end) => (Kind::Other, 4 + end + 3),
                None => {
                    *endless_comment = true;
                    (Kind::Other, tag_end(rest))
                }
            }
        }
        [b'<', b'!' | b'?', ..] => (Kind::Other, tag_end(rest)),
        [b'<', b'/', byte, ..] if is_name(*byte) => (Kind::Close, tag_end(rest)),
        [b'<', byte, ..] if is_name(*byte) => (Kind::Open, tag_end(rest)),
        [b'<', ..] => text(1),
        _ => text(0),
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || !byte.is_ascii()
}

/// The length of a tag: to the first `>` outside quotes. A quote that runs into the next tag was
/// never closed: then the first `>` of all counts.
fn tag_end(bytes: &[u8]) -> usize {
    const LONGEST_QUOTED: usize = 1 << 20;
    let (mut quote, mut first, mut before) = (None, None, 0);
    for (at, &byte) in bytes.iter().enumerate().skip(1) {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            // A tag that was never closed.
            (None, b'<') => return at,
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (Some(open), _) if open == byte => {
                quote = None;
                first = None;
            }
            (Some(_), b'>') => first = first.or(Some(at + 1)),
            (Some(_), b'<') if first.is_some() => break,
            _ => {}
        }
        if first.is_some_and(|first: usize| at.saturating_sub(first) > LONGEST_QUOTED) {
            break;
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    first.unwrap_or(bytes.len())
}

/// An attribute of a tag, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) struct Attribute<'a> {
    pub(in crate::book) name: &'a [u8],
    /// Without its quotes; empty if there is none.
    pub(in crate::book) value: &'a [u8],
}

impl Attribute<'_> {
    /// Whether it is called that, in any case.
    pub(in crate::book) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Writes it with a blank in front and quotes that its value does not have.
    pub(in crate::book) fn write(&self, out: &mut Vec<u8>) {
        let quote = if self.value.contains(&b'"') { b'\'' } else { b'"' };
        out.push(b' ');
        out.extend_from_slice(self.name);
        out.extend_from_slice(&[b'=', quote]);
        out.extend_from_slice(self.value);
        out.push(quote);
    }
}

/// The value of the first attribute of that name.
pub(in crate::book) fn attribute<'a>(token: &Token<'a>, name: &str) -> Option<&'a [u8]> {
    attributes(token).find(|attribute| attribute.is(name)).map(|attribute| attribute.value)
}

/// The attributes of an opening tag.
pub(in crate::book) fn attributes<'a>(token: &Token<'a>) -> impl Iterator<Item = Attribute<'a>> {
    let name = token.name().len() + 1;
    let inside = token.bytes.strip_suffix(b">").unwrap_or(token.bytes);
    let inside = inside.strip_suffix(b"/").unwrap_or(inside);
    let mut rest = inside.get(name..).filter(|_| token.kind == Kind::Open).unwrap_or_default();
    std::iter::from_fn(move || {
        let filler = |byte: &u8| !(byte.is_ascii_whitespace() || matches!(byte, b'/' | b'=' | b'"' | b'\''));
        rest = rest.get(rest.iter().position(filler)?..)?;
        let end = rest.iter().position(|&byte| byte.is_ascii_whitespace() || byte == b'=').unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end)?;
        let Some(value) = after.trim_ascii_start().strip_prefix(b"=") else {
            rest = after;
            return Some(Attribute { name, value: b"" });
        };
        let value = value.trim_ascii_start();
        let until = |stop: &dyn Fn(&u8) -> bool, from: &'a [u8]| from.iter().position(stop).unwrap_or(from.len());
        let (value, after) = match value {
            [quote @ (b'"' | b'\''), inside @ ..] => {
                let (value, after) = inside.split_at_checked(until(&|byte| byte == quote, inside))?;
                (value, after.get(1..).unwrap_or_default())
            }
            _ => value.split_at_checked(until(&u8::is_ascii_whitespace, value))?,
        };
        rest = after;
        Some(Attribute { name, value })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let found: Vec<_> = tokens(source.as_bytes()).map(|token| String::from_utf8_lossy(token.bytes)).collect();
        assert_eq!(found, expected);
        assert_eq!(found.concat(), source);
    }

    #[test]
    fn every_byte_is_in_one_token() {
        check("a<b c='>'>d</b><!-- <e> -->f", &["a", "<b c='>'>", "d", "</b>", "<!-- <e> -->", "f"]);
        check("1 < 2<br/>x", &["1 ", "< 2", "<br/>", "x"]);
        check("<p class=\"x>y<b z=\"1\">", &["<p class=\"x>", "y", "<b z=\"1\">"]);
        check("<p <b>x</b", &["<p ", "<b>", "x", "</b"]);
        check("<!-- never closed <p>x", &["<!-- never closed ", "<p>", "x"]);
        check("<?xml v?><!DOCTYPE a>", &["<?xml v?>", "<!DOCTYPE a>"]);
    }

    #[test]
    fn attributes_in_every_style() {
        let source = b"<a filepos=0000000012 title='a \"b\"' on x = \"1>2\"/>";
        let token = tokens(source).next().expect("a tag");
        assert!(token.is("A") && token.is_empty());
        assert_eq!(attribute(&token, "filepos"), Some(b"0000000012".as_slice()));
        assert_eq!(attribute(&token, "on"), Some(b"".as_slice()));
        assert_eq!(attribute(&token, "X"), Some(b"1>2".as_slice()));
        let mut out = Vec::new();
        attributes(&token).for_each(|attribute| attribute.write(&mut out));
        assert_eq!(out, b" filepos=\"0000000012\" title='a \"b\"' on=\"\" x=\"1>2\"");
    }
}
