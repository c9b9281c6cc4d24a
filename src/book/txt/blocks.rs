//! A page as the lines that plain text has for it.
//!
//! Pages come from an [`Edition`](crate::book::edition::Edition) and are well-formed; what they cannot
//! say in plain text (pictures, links) is noted in the report.

use crate::book::markup::{Attributes, Entities, Token, decode, local, tokens};
use crate::book::xhtml::{is_cjk, one_line};
use crate::book::{Change, Report};
use std::collections::{HashMap, HashSet};

/// What a line of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A heading that the table of contents names, and how many blank lines set it off.
    Title(usize),
    Heading,
    Paragraph,
    /// An item, a row or a line of verse: it stands with its neighbours.
    Item,
    /// Blanks and line ends count.
    Preformatted,
    Quote,
    Rule,
}

/// A piece of text that stands alone; its lines are parted by newlines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// Cuts a page into blocks, and finds the block that each wanted id stands in or before.
pub(super) fn of<'w>(
    markup: &str,
    wanted: impl Iterator<Item = &'w str>,
    report: &mut Report,
) -> (Vec<Block>, HashMap<&'w str, usize>) {
    let entities = Entities::new();
    let mut page = Page::default();
    let wanted: HashSet<&str> = wanted.collect();
    let mut places = HashMap::new();
    for token in tokens(markup) {
        match token {
            Token::Open { name, attributes, empty } => {
                let name = local(name);
                page.open(name, &attributes, &entities, report);
                if !wanted.is_empty()
                    && let Some(id) = attributes.get("id", &entities).and_then(|id| wanted.get(id.as_str()))
                {
                    places.entry(*id).or_insert(page.blocks.len());
                }
                if empty {
                    page.close(name);
                }
            }
            Token::Close { name } => page.close(local(name)),
            Token::Text(text) => page.text(&decode(text, &entities)),
            Token::Raw(text) => page.text(text),
        }
    }
    page.end_block();
    (page.blocks, places)
}

#[derive(Default)]
struct Page {
    blocks: Vec<Block>,
    text: String,
    blank: Option<bool>,
    kind: Option<Kind>,
    /// What stands before the text of an item; its first paragraph takes it.
    marker: String,
    /// How deep the parser is in what each of these names means.
    skipped: usize,
    pre: usize,
    quotes: usize,
    tables: usize,
    /// The open lists; an ordered one has the number of its next item.
    lists: Vec<Option<u32>>,
    /// The open links; true for those to notes.
    links: Vec<bool>,
}

impl Page {
    fn open(&mut self, name: &str, attributes: &Attributes<'_>, entities: &Entities, report: &mut Report) {
        if self.skipped > 0 || is_skipped(name) {
            self.skipped += usize::from(is_skipped(name));
            return;
        }
        let get = |key: &str| attributes.get(key, entities).unwrap_or_default();
        match name {
            "br" => self.end_line(),
            "hr" => {
                self.end_block();
                self.blocks.push(Block { kind: Kind::Rule, text: "* * *".into() });
            }
            "img" | "image" => self.picture(&get("alt"), &get("src"), report),
            "audio" => report.note(Change::AudioDropped, get("src")),
            "video" => report.note(Change::VideoDropped, get("src")),
            "a" => {
                let kind = format!("{} {}", get("type"), get("role"));
                let note = kind.contains("noteref");
                if !note && !get("href").is_empty() {
                    report.note(Change::LinkDropped, get("href"));
                }
                self.links.push(note);
                if note {
                    self.push('[');
                }
            }
            "rt" => self.push('（'),
            "td" | "th" => {
                if !self.text.trim_end().is_empty() {
                    self.text.truncate(self.text.trim_end().len());
                    self.text.push_str(" | ");
                }
                self.blank = None;
            }
            "li" => {
                self.end_block();
                self.marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let marker = format!("{number}. ");
                        *number = number.saturating_add(1);
                        marker
                    }
                    _ => "• ".into(),
                };
            }
            _ if is_block(name) => self.open_block(name, get("start").parse().ok()),
            _ => {}
        }
    }

    fn open_block(&mut self, name: &str, start: Option<u32>) {
        self.end_block();
        match name {
            "pre" => self.pre += 1,
            "blockquote" => self.quotes += 1,
            "table" => self.tables += 1,
            "ol" => self.lists.push(Some(start.unwrap_or(1))),
            "ul" => self.lists.push(None),
            "tr" | "dt" | "dd" => self.kind = Some(Kind::Item),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.kind = Some(Kind::Heading),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if self.skipped > 0 {
            self.skipped -= usize::from(is_skipped(name));
            return;
        }
        match name {
            "a" if self.links.pop() == Some(true) => {
                self.blank = None;
                self.push(']');
                // `[[1]]` says no more than `[1]`.
                self.text = std::mem::take(&mut self.text).replace("[[", "[").replace("]]", "]");
            }
            "rt" => self.push('）'),
            "pre" => {
                self.end_block();
                self.pre = self.pre.saturating_sub(1);
            }
            "blockquote" => {
                self.end_block();
                self.quotes = self.quotes.saturating_sub(1);
            }
            "tr" | "caption" => self.end_whole(),
            "table" => {
                self.end_whole();
                self.tables = self.tables.saturating_sub(1);
            }
            "ol" | "ul" => {
                self.end_block();
                self.lists.pop();
            }
            "td" | "th" => {}
            _ if name == "li" || is_block(name) => self.end_block(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.skipped > 0 {
            return;
        }
        if self.pre > 0 {
            self.text.push_str(text);
            return;
        }
        for c in text.chars() {
            if c.is_whitespace() && c != '\u{3000}' {
                self.blank = Some(matches!(c, '\n' | '\r') || self.blank == Some(true));
            } else {
                self.push(c);
            }
        }
    }

    /// Adds a character after the blank that is due. The end of a source line between two Chinese
    /// characters is none.
    fn push(&mut self, c: char) {
        if let (Some(line), Some(last)) = (self.blank.take(), self.text.chars().next_back())
            && !last.is_whitespace()
            && !(line && is_cjk(last) && is_cjk(c))
        {
            self.text.push(' ');
        }
        self.text.push(c);
    }

    fn end_line(&mut self) {
        self.blank = None;
        if self.tables > 0 {
            self.blank = Some(false);
        } else if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// Ends a block; in a table a blank, because a row is one line.
    fn end_block(&mut self) {
        if self.tables > 0 {
            self.blank = Some(false);
            return;
        }
        self.end_whole();
    }

    fn end_whole(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.blank = None;
        let usual = if self.quotes > 0 { Kind::Quote } else { Kind::Paragraph };
        let kind = self.kind.take().unwrap_or(usual);
        let kind = if self.pre > 0 { Kind::Preformatted } else { kind };
        let bare = if kind == Kind::Preformatted { text.trim_matches('\n').trim_end() } else { text.trim() };
        if bare.is_empty() {
            return;
        }
        let marker = std::mem::take(&mut self.marker);
        let kind = if marker.is_empty() || kind == Kind::Heading { kind } else { Kind::Item };
        self.blocks.push(Block { kind, text: marker + bare });
    }

    fn picture(&mut self, alt: &str, src: &str, report: &mut Report) {
        let alt = one_line(alt);
        report.note(Change::PictureDropped, if alt.is_empty() { src } else { &alt });
        if says_something(&alt) {
            self.text(&format!("[{alt}]"));
        }
    }
}

/// A description, not a file's name or a word that only says that there is a picture.
fn says_something(alt: &str) -> bool {
    const EMPTY: [&str; 12] = [
        "image",
        "img",
        "picture",
        "photo",
        "figure",
        "cover",
        "illustration",
        "图片",
        "图像",
        "封面",
        "插图",
        "images",
    ];
    let lower = alt.to_lowercase();
    let file = [".jpg", ".jpeg", ".png", ".gif", ".svg", ".webp"].iter().any(|end| lower.ends_with(end));
    alt.chars().any(char::is_alphabetic) && !file && !EMPTY.contains(&lower.as_str())
}

fn is_skipped(name: &str) -> bool {
    matches!(name, "head" | "script" | "style" | "template" | "rp")
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "tr"
            | "table"
            | "thead"
            | "tbody"
            | "tfoot"
            | "caption"
            | "blockquote"
            | "section"
            | "article"
            | "aside"
            | "header"
            | "footer"
            | "nav"
            | "main"
            | "figure"
            | "figcaption"
            | "pre"
            | "body"
            | "address"
            | "details"
            | "summary"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &[(Kind, &str)]) {
        let mut report = Report::default();
        let page = format!("<html><head><title>t</title></head><body>{body}</body></html>");
        let blocks = of(&page, std::iter::empty(), &mut report).0;
        assert_eq!(blocks.iter().map(|block| (block.kind, block.text.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_kind_of_block() {
        check(
            "<h2>第一章</h2><p>他说：\n走吧。</p><blockquote><p>诗</p></blockquote><pre>a\n  b</pre><hr/>",
            &[
                (Kind::Heading, "第一章"),
                (Kind::Paragraph, "他说：走吧。"),
                (Kind::Quote, "诗"),
                (Kind::Preformatted, "a\n  b"),
                (Kind::Rule, "* * *"),
            ],
        );
        check(
            "<ol start='3'><li>x</li><li><p>y</p></li></ol><ul><li>z</li></ul>",
            &[(Kind::Item, "3. x"), (Kind::Item, "4. y"), (Kind::Item, "• z")],
        );
        check(
            "<table><tr><th>A</th><th>B</th></tr><tr><td><p>1</p></td><td>2<br/>3</td></tr></table>",
            &[(Kind::Item, "A | B"), (Kind::Item, "1 | 2 3")],
        );
    }

    #[test]
    fn what_stands_in_a_line() {
        check(
            "<p><ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>だ</p>",
            &[(Kind::Paragraph, "漢字（かんじ）だ")],
        );
        check("<p>x<a epub:type='noteref' href='#n'>1</a> y<br/>z</p>", &[(Kind::Paragraph, "x[1] y\nz")]);
        check("<p><img src='a.jpg' alt='A cat'/><img src='b.jpg' alt='b.jpg'/></p>", &[(Kind::Paragraph, "[A cat]")]);
    }
}
