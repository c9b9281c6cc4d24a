//! Tags and text of canonical markup: fast, because it need not guess.

/// A piece of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Open(Tag<'a>),
    Close(&'a str),
}

/// A start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    /// `a="1" b="2"`
    pub(super) attributes: &'a str,
    /// It ends in `/>`.
    pub(super) empty: bool,
}

/// The pieces of a page and where each starts; declarations are left out.
pub(super) struct Scan<'a> {
    rest: &'a str,
    at: usize,
}

pub(super) fn scan(markup: &str) -> Scan<'_> {
    Scan { rest: markup, at: 0 }
}

impl<'a> Scan<'a> {
    /// Bytes consumed so far.
    pub(super) fn consumed(&self) -> usize {
        self.at
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.at += taken.len();
        taken
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        while !self.rest.is_empty() {
            if !self.rest.starts_with('<') {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                return Some(Piece::Text(self.take(end)));
            }
            let end = tag_end(self.rest.as_bytes());
            let whole = self.take(end);
            let inside = whole.strip_prefix('<').unwrap_or(whole);
            let inside = inside.strip_suffix('>').unwrap_or(inside);
            if inside.starts_with(['?', '!']) {
                continue;
            }
            if let Some(name) = inside.strip_prefix('/') {
                return Some(Piece::Close(name.trim_end()));
            }
            let (inside, empty) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
            let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
            return Some(Piece::Open(Tag { name, attributes, empty }));
        }
        None
    }
}

/// Behind the `>` that is in no quotes.
fn tag_end(bytes: &[u8]) -> usize {
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at + 1,
            _ => {}
        }
    }
    bytes.len()
}

impl<'a> Tag<'a> {
    /// Names and values, the values as written.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut rest = self.attributes;
        std::iter::from_fn(move || {
            let (name, after) = rest.split_once("=\"")?;
            let (value, after) = after.split_once('"')?;
            rest = after;
            Some((name.trim(), value))
        })
    }

    /// The value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.attributes().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greater_sign_in_a_value_ends_no_tag() {
        let pieces: Vec<Piece<'_>> = scan("<?xml?><p title=\"a>b\" id=\"x\">t<br/></p>").collect();
        let Some(Piece::Open(tag)) = pieces.first() else { panic!("{pieces:?}") };
        assert_eq!(tag.attributes().collect::<Vec<_>>(), [("title", "a>b"), ("id", "x")]);
        assert_eq!(tag.get("id"), Some("x"));
        let br = Tag { name: "br", attributes: "", empty: true };
        assert_eq!(pieces[1..], [Piece::Text("t"), Piece::Open(br), Piece::Close("p")]);
    }
}
