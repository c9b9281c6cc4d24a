//! HTML as far as lists of links need it: tags and the text between them in one pass, and text freed of markup.
//!
//! Nothing is built, nested or refused, so depth and damage cost nothing. Deliberately not here: a tree to search in,
//! which rules need and lists do not; and markup that is shown to anybody, which is the books' room to make safe.

use crate::book::{Rules, safe_markup};

/// Most named characters that are looked up in one text.
const MOST_NAMED: usize = 64;
/// The longest name of a character reference.
const LONGEST_REFERENCE: usize = 12;
/// Longest markup that is made into a summary, in bytes.
const LONGEST_SOURCE: usize = 64 << 10;

/// A piece of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Characters, references not yet decoded.
    Text(&'a str),
    /// A start tag.
    Open(Tag<'a>),
    /// The name of an end tag, as written.
    Close(&'a str),
}

/// A start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    name: &'a str,
    attributes: &'a str,
}

impl Tag<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of an attribute, decoded.
    pub(super) fn get(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "/=\"'".contains(c));
            if rest.is_empty() {
                return None;
            }
            let end = rest.find(|c: char| c.is_whitespace() || "=/".contains(c)).unwrap_or(rest.len());
            let (name, behind) = rest.split_at_checked(end)?;
            let (value, behind) = value(behind);
            if name.eq_ignore_ascii_case(wanted) {
                return Some(decoded(value));
            }
            rest = behind;
        }
    }
}

/// The value behind the name of an attribute, and what follows it.
fn value(text: &str) -> (&str, &str) {
    let Some(rest) = text.trim_start().strip_prefix('=') else { return ("", text) };
    let rest = rest.trim_start();
    for quote in ['"', '\''] {
        if let Some(rest) = rest.strip_prefix(quote) {
            return rest.split_once(quote).unwrap_or((rest, ""));
        }
    }
    rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()))
}

/// The pieces of a page; comments, scripts and styles are left out.
pub(super) fn pieces(source: &str) -> Pieces<'_> {
    Pieces { rest: source }
}

/// See [`pieces`].
pub(super) struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            let rest = self.rest;
            if rest.is_empty() {
                return None;
            }
            if let Some(inside) = rest.strip_prefix("<!--") {
                self.rest = inside.split_once("-->").map_or("", |(_, behind)| behind);
                continue;
            }
            if rest.starts_with("<!") || rest.starts_with("<?") {
                self.rest = rest.split_once('>').map_or("", |(_, behind)| behind);
                continue;
            }
            let is_tag = rest.strip_prefix('<').is_some_and(|rest| {
                rest.strip_prefix('/').unwrap_or(rest).starts_with(|c: char| c.is_ascii_alphabetic())
            });
            if is_tag {
                return Some(self.tag());
            }
            let from = usize::from(rest.starts_with('<'));
            let end = rest.get(from..).and_then(|rest| rest.find('<')).map_or(rest.len(), |at| at + from);
            let (text, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            self.rest = behind;
            return Some(Piece::Text(text));
        }
    }
}

impl<'a> Pieces<'a> {
    fn tag(&mut self) -> Piece<'a> {
        let (inside, behind) = tag_end(self.rest.get(1..).unwrap_or_default());
        self.rest = behind;
        if let Some(name) = inside.strip_prefix('/') {
            return Piece::Close(name.trim());
        }
        let end = inside.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(inside.len());
        let (name, attributes) = inside.split_at_checked(end).unwrap_or((inside, ""));
        for raw in ["script", "style"] {
            if name.eq_ignore_ascii_case(raw) {
                self.rest = behind_end(behind, raw);
            }
        }
        Piece::Open(Tag { name, attributes })
    }
}

/// The inside of a tag up to the `>` that is in no quotes, and what follows.
fn tag_end(text: &str) -> (&str, &str) {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            // A quote that follows no `=` is a slip of the pen, and opens nothing.
            None if matches!(c, '"' | '\'') && before == '=' => quote = Some(c),
            None if c == '>' => return (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
            None => {}
        }
        if !c.is_whitespace() {
            before = c;
        }
    }
    (text, "")
}

/// What follows the content of a script or a style.
fn behind_end<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("</") {
        if behind.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return behind.split_once('>').map_or("", |(_, behind)| behind);
        }
        rest = behind;
    }
    ""
}

/// Replaces character references; what is none stays as written.
pub(super) fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut named = 0;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let end = after.bytes().take(LONGEST_REFERENCE).position(|byte| byte == b';');
        let name = end.and_then(|end| after.get(..end));
        let found = name.filter(|_| named < MOST_NAMED).and_then(character);
        named += usize::from(name.is_some());
        match (found, end.and_then(|end| after.get(end + 1..))) {
            (Some(c), Some(behind)) => {
                out.push(c);
                rest = behind;
            }
            _ => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| !c.is_control() || c.is_whitespace());
    }
    let known = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", ' ')];
    if let Some((_, c)) = known.iter().find(|(known, _)| *known == name) {
        return Some(*c);
    }
    let mut rows = include_str!("../../../assets/html-entities.tsv").lines().filter_map(|row| row.split_once('\t'));
    let (_, code) = rows.find(|(known, _)| *known == name)?;
    char::from_u32(u32::from_str_radix(code, 16).ok()?)
}

/// One line of at most so many characters, without tags, references and odd blanks.
pub(super) fn plain(text: &str, most: usize) -> String {
    // Tags and references are longer than what is left of them, but not without end.
    let text = text.get(..text.floor_char_boundary(most.saturating_mul(16))).unwrap_or(text);
    let bare = match text.contains('<') {
        true => pieces(text).map(|piece| if let Piece::Text(text) = piece { text } else { " " }).collect(),
        false => text.to_owned(),
    };
    let bare = if bare.contains('&') { decoded(&bare) } else { bare };
    let words: Vec<&str> =
        bare.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    super::entry::cut(words.join(" "), most)
}

/// The words of markup, blocks apart by line ends.
pub(super) fn words(markup: &str) -> String {
    let markup = markup.get(..markup.floor_char_boundary(LONGEST_SOURCE)).unwrap_or(markup);
    if !markup.contains(['<', '&']) {
        return markup.trim().to_owned();
    }
    let rules = Rules { link: &|_| None, picture: &|_| None, style: &|_| None, anchors: false };
    let text = safe_markup(markup, &rules).text;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(source: &str) -> Vec<Option<String>> {
        let open = pieces(source).filter_map(|piece| if let Piece::Open(tag) = piece { Some(tag) } else { None });
        open.filter(|tag| tag.is("a")).map(|tag| tag.get("href")).collect()
    }

    #[test]
    fn links_are_found_in_any_hand() {
        let found = |source: &str| links(source).into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(found("<A class=x HREF='a&amp;b'>x</A><a href=c/d>y"), ["a&b", "c/d"]);
        assert_eq!(found("<a title=\">\" href = \"a>b\">x</a><a title='it's' href='c'><a href=d>"), ["a>b", "c", "d"]);
        assert_eq!(found("<!-- <a href=x> --><script>'<a href=y>'</SCRIPT ><a href=z>"), ["z"]);
        assert_eq!(found("1 < 2 <3 <a href=\"a\"/><a href"), ["a", ""]);
        assert_eq!(links("<a name=x>"), [None]);
    }

    #[test]
    fn text_loses_its_markup() {
        assert_eq!(plain(" <b>书单</b>&nbsp;&amp;\n\t笔记 &hellip; R&D 1 < 2 ", 50), "书单 & 笔记 … R&D 1 < 2");
        assert_eq!(plain("&#20070;&#x4e66;&#0;", 50), "书书&#0;");
        assert_eq!(plain(&"书".repeat(1000), 3), "书书书");
        assert_eq!(words("<p>a<br>b</p><script>x</script><p>&eacute;</p>"), "a\nb\né");
    }

    #[test]
    fn damage_ends() {
        for source in
            ["<", "<a", "<a href", "<a href=", "<a href=\"", "</", "<!", "<!--", "<script>", "<a/", "&", "&#;", "<é>"]
        {
            let _ = (links(source), plain(source, 10), words(source));
            let many = source.repeat(20_000);
            let _ = (links(&many).len(), plain(&many, 500), decoded(&many));
        }
    }
}
