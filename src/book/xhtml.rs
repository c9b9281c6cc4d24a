//! What a page says, without its markup: plain text, a heading, the pictures on it.
//!
//! It reads tokens, so it copes with pages that are not well-formed, and does not look at style
//! sheets: hidden text counts as text.

use super::markup::{Entities, Token, decode, local, tokens};

/// The plain text of a page: paragraphs parted by one newline.
pub(super) fn text(markup: &str) -> String {
    beginning(markup, usize::MAX)
}

/// The same, but no more is looked at once there are so many bytes.
pub(super) fn beginning(markup: &str, enough: usize) -> String {
    let entities = Entities::new();
    let mut out = Paragraphs::default();
    let mut skipped = Skip::default();
    for token in tokens(markup) {
        if out.len() >= enough {
            break;
        }
        if skipped.over(token) {
            continue;
        }
        match token {
            Token::Text(piece) => out.push(&decode(piece, &entities)),
            Token::Raw(piece) => out.push(piece),
            Token::Open { name, .. } | Token::Close { name } => {
                if breaks_paragraph(local(name)) {
                    out.end_paragraph();
                }
            }
        }
    }
    out.finish()
}

/// The first heading, else the title in the head.
pub(super) fn heading(markup: &str) -> Option<String> {
    let level = |name: &str| matches!(name.as_bytes(), [b'h' | b'H', b'1'..=b'3']);
    first_inside(markup, level).or_else(|| first_inside(markup, |name| name.eq_ignore_ascii_case("title")))
}

/// The text of the first element with a wanted name that has any.
fn first_inside(markup: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
    const LONGEST: usize = 200;
    let entities = Entities::new();
    let mut inside: Option<(&str, String)> = None;
    for token in tokens(markup) {
        match token {
            Token::Open { name, empty: false, .. } if inside.is_none() && wanted(local(name)) => {
                inside = Some((name, String::new()));
            }
            Token::Open { name, .. } if name.eq_ignore_ascii_case("br") => {
                if let Some((_, text)) = inside.as_mut() {
                    text.push(' ');
                }
            }
            Token::Text(piece) => {
                if let Some((_, text)) = inside.as_mut() {
                    text.push_str(&decode(piece, &entities));
                }
            }
            Token::Close { name } if inside.as_ref().is_some_and(|(open, _)| name.eq_ignore_ascii_case(open)) => {
                let found = inside.take().map(|(_, text)| one_line(&text)).unwrap_or_default();
                if !found.is_empty() && found.chars().count() <= LONGEST {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

/// The `src` or `href` of every picture on the page, HTML and SVG, in order.
pub(super) fn pictures(markup: &str) -> Vec<String> {
    let entities = Entities::new();
    let picture = |token| match token {
        Token::Open { name, attributes, .. } if local(name).eq_ignore_ascii_case("img") => {
            attributes.get("src", &entities)
        }
        Token::Open { name, attributes, .. } if local(name).eq_ignore_ascii_case("image") => {
            attributes.get("href", &entities)
        }
        _ => None,
    };
    tokens(markup).filter_map(picture).filter(|target| !target.is_empty()).collect()
}

/// Runs of blanks made one.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// Elements whose content is not text of the book, with ruby's readings, which would tear words.
#[derive(Default)]
struct Skip<'a> {
    inside: Option<&'a str>,
    depth: usize,
}

impl<'a> Skip<'a> {
    fn over(&mut self, token: Token<'a>) -> bool {
        match (self.inside, token) {
            (None, Token::Open { name, empty: false, .. }) if is_skipped(local(name)) => {
                (self.inside, self.depth) = (Some(name), 1);
                true
            }
            (None, _) => false,
            // A head or ruby that is never closed ends where the body starts at the latest.
            (Some(_), Token::Open { name, .. }) if local(name).eq_ignore_ascii_case("body") => {
                self.inside = None;
                false
            }
            (Some(open), Token::Open { name, empty: false, .. }) if name.eq_ignore_ascii_case(open) => {
                self.depth += 1;
                true
            }
            (Some(open), Token::Close { name }) if name.eq_ignore_ascii_case(open) => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.inside = None;
                }
                true
            }
            (Some(_), _) => true,
        }
    }
}

fn is_skipped(name: &str) -> bool {
    ["head", "script", "style", "template", "rt", "rp"].iter().any(|skipped| name.eq_ignore_ascii_case(skipped))
}

fn breaks_paragraph(name: &str) -> bool {
    const BLOCKS: [&str; 38] = [
        "p",
        "div",
        "br",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "tr",
        "td",
        "th",
        "table",
        "thead",
        "tbody",
        "caption",
        "blockquote",
        "section",
        "article",
        "aside",
        "header",
        "footer",
        "nav",
        "main",
        "figure",
        "figcaption",
        "hr",
        "pre",
        "body",
        "center",
        "title",
        "subtitle",
    ];
    BLOCKS.iter().any(|block| name.eq_ignore_ascii_case(block))
}

/// Text as it grows, blanks collapsed the way a browser would. The end of a source line between two
/// CJK characters is no blank; one that was written there is.
#[derive(Default)]
struct Paragraphs {
    done: String,
    current: String,
    /// A blank is due before the next character; true if a line ended in it.
    blank: Option<bool>,
}

impl Paragraphs {
    fn push(&mut self, piece: &str) {
        for c in piece.chars() {
            if c.is_whitespace() {
                let line = matches!(c, '\n' | '\r');
                self.blank = Some(line || self.blank == Some(true));
                continue;
            }
            if c.is_control() || c == '\u{FEFF}' || c == '\u{AD}' {
                continue;
            }
            let last = self.current.chars().next_back();
            if let (Some(line), Some(last)) = (self.blank.take(), last)
                && !(line && is_cjk(last) && is_cjk(c))
            {
                self.current.push(' ');
            }
            self.current.push(c);
        }
    }

    fn end_paragraph(&mut self) {
        if !self.current.is_empty() {
            if !self.done.is_empty() {
                self.done.push('\n');
            }
            self.done.push_str(&self.current);
            self.current.clear();
        }
        self.blank = None;
    }

    fn len(&self) -> usize {
        self.done.len() + self.current.len()
    }

    fn finish(mut self) -> String {
        self.end_paragraph();
        self.done
    }
}

/// Scripts written without blanks between words, with their punctuation.
pub(super) fn is_cjk(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}'
        | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_a_reader_sees() {
        let page = "<html><head><title>头</title><style>p{}</style></head><body><h1>第一章</h1>\
            <p>他说：\n  走吧&nbsp;&mdash;好。</p><script>x</script><p><ruby>漢<rt>かん</rt></ruby>字<br/>two\n words</p></body></html>";
        assert_eq!(text(page), "第一章\n他说：走吧 —好。\n漢字\ntwo words");
    }

    #[test]
    fn broken_pages_keep_their_text() {
        assert_eq!(text("<head/><title/>a<p>b<div>c"), "a\nb\nc");
        assert_eq!(text("<head><title>x<body><p>y & z < w"), "y & z < w");
        assert_eq!(text(&("<div>".repeat(100_000) + "deep")), "deep");
    }

    #[test]
    fn headings_and_pictures() {
        assert_eq!(heading("<title>t</title><h2> 第二章<br/>名 </h2>").as_deref(), Some("第二章 名"));
        assert_eq!(heading("<title>t</title><h1></h1>").as_deref(), Some("t"));
        assert_eq!(heading("<p>x</p>"), None);
        assert_eq!(
            pictures("<img src='a%20b.jpg'/><svg><image xlink:href='c.png'/></svg><img/>"),
            ["a%20b.jpg", "c.png"]
        );
    }
}
