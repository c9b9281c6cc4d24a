//! An edition as plain text.
//!
//! One paragraph is one line. Headings stand alone between blank lines, Chinese paragraphs start with
//! two wide blanks, others are parted by blank lines: that is how readers expect a text, and how ours
//! finds the same chapters in it again.

use super::blocks::{self, Block, Kind};
use crate::book::edition::Edition;
use crate::book::model::TocEntry;
use crate::book::xhtml::one_line;
use crate::book::{Change, Charset, Report, WriteOptions, Written};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Writes an edition as text.
pub(in crate::book) fn write(edition: &Edition, options: &WriteOptions) -> Written {
    let mut report = edition.report.clone();
    note_files(edition, &mut report);
    let chinese = edition.metadata.language.as_deref().is_some_and(|tag| tag.starts_with("zh"));
    let wide = chinese || edition.metadata.language.as_deref().is_some_and(|tag| tag.starts_with("ja"));
    let mut out = Text { out: String::new(), wide, after: None };
    out.top(edition, chinese);
    let titles = titles(&edition.toc);
    for (at, page) in edition.pages.iter().enumerate() {
        let mut blocks = blocks::of(&page.markup, &mut report);
        if let Some(title) = titles.get(&at) {
            with_heading(&mut blocks, title);
        }
        out.gap(1);
        for block in &blocks {
            out.block(block);
        }
    }
    let mut text = out.out;
    text.push('\n');
    let bytes = match options.charset {
        Charset::Utf8 => text.into_bytes(),
        Charset::Gb18030 => {
            let (bytes, _, replaced) = encoding_rs::GB18030.encode(&text);
            if replaced {
                report.note(Change::CharacterReplaced, "GB18030");
            }
            bytes.into_owned()
        }
    };
    Written { bytes, report }
}

/// Style sheets, fonts and the cover have no place in a text.
fn note_files(edition: &Edition, report: &mut Report) {
    for file in &edition.files {
        if file.media_type == "text/css" {
            report.note(Change::StyleDropped, &file.path);
        } else if file.media_type.contains("font") {
            report.note(Change::FontDropped, &file.path);
        }
    }
    if let Some(cover) = edition.cover.and_then(|at| edition.files.get(at)) {
        report.note(Change::PictureDropped, &cover.path);
    }
}

/// The first title that the table of contents has for the start of each page.
fn titles(toc: &[TocEntry]) -> BTreeMap<usize, &str> {
    let mut found = BTreeMap::new();
    let mut open: Vec<&TocEntry> = toc.iter().rev().collect();
    while let Some(entry) = open.pop() {
        if let Some(target) = entry.target.as_ref().filter(|target| target.fragment.is_none()) {
            found.entry(target.chapter).or_insert(entry.title.as_str());
        }
        open.extend(entry.children.iter().rev());
    }
    found
}

/// Makes the line that is the page's title a heading; adds one if no line is.
fn with_heading(blocks: &mut Vec<Block>, title: &str) {
    /// How far from the top a title stands at most.
    const TOP: usize = 4;
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let wanted = letters(title);
    if let Some(block) = blocks.iter_mut().take(TOP).find(|block| letters(&block.text) == wanted) {
        block.kind = Kind::Heading;
        return;
    }
    // A number and a name on two lines, or a heading that the table of contents abridges.
    let headed = blocks.iter().take(TOP).any(|block| {
        let text = letters(&block.text);
        block.kind == Kind::Heading && !text.is_empty() && (text.contains(&wanted) || wanted.contains(&text))
    });
    if !headed && !wanted.is_empty() {
        blocks.insert(0, Block { kind: Kind::Heading, text: title.to_owned() });
    }
}

/// The text as it grows.
struct Text {
    out: String,
    wide: bool,
    after: Option<Kind>,
}

impl Text {
    fn top(&mut self, edition: &Edition, chinese: bool) {
        let title = one_line(&edition.metadata.title);
        let authors = edition.metadata.authors();
        let _ = if chinese { writeln!(self.out, "《{title}》") } else { writeln!(self.out, "{title}") };
        if !authors.is_empty() {
            let _ = if chinese {
                writeln!(self.out, "作者：{}", authors.join("、"))
            } else {
                writeln!(self.out, "by {}", authors.join(" & "))
            };
        }
    }

    /// Blank lines, no more than are asked for.
    fn gap(&mut self, lines: usize) {
        self.out.truncate(self.out.trim_end_matches('\n').len());
        if !self.out.is_empty() {
            self.out.extend(std::iter::repeat_n('\n', lines + 1));
        }
    }

    fn block(&mut self, block: &Block) {
        let together = self.wide || block.kind == Kind::Item && self.after == Some(Kind::Item);
        let special = |kind: Kind| matches!(kind, Kind::Heading | Kind::Rule | Kind::Preformatted);
        let apart = special(block.kind) || self.after.is_some_and(special);
        match block.kind {
            Kind::Heading if self.after != Some(Kind::Heading) => self.gap(2),
            _ if apart || !together || self.after.is_none() => self.gap(1),
            _ => self.gap(0),
        }
        let indent = match (block.kind, self.wide) {
            (Kind::Heading | Kind::Preformatted | Kind::Rule, _) => "",
            (Kind::Quote, true) => "　　　　",
            (_, true) => "　　",
            (Kind::Quote, false) => "    ",
            (_, false) => "",
        };
        if block.kind == Kind::Heading {
            self.out.push_str(&one_line(&block.text));
        } else {
            for (at, line) in block.text.split('\n').enumerate() {
                self.out.push_str(if at == 0 { "" } else { "\n" });
                self.out.push_str(indent);
                self.out.push_str(if block.kind == Kind::Preformatted { line } else { line.trim() });
            }
        }
        self.after = Some(block.kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::edition::Page;
    use crate::book::model::{Layout, Metadata, Target};
    use crate::book::{ReadOptions, txt};

    fn edition(language: &str, pages: &[(&str, &str)]) -> Edition {
        let mut metadata = Metadata { title: "三体".into(), language: Some(language.into()), ..Metadata::default() };
        metadata.add_author("刘慈欣");
        let entry = |at: usize, title: &str| TocEntry {
            title: title.into(),
            target: Some(Target { chapter: at, fragment: None }),
            children: Vec::new(),
        };
        let page = |(title, body): &(&str, &str)| Page {
            path: "p.xhtml".into(),
            title: (*title).into(),
            markup: format!("<html><head><title>x</title></head><body>{body}</body></html>"),
            linear: true,
        };
        Edition {
            metadata,
            layout: Layout::default(),
            pages: pages.iter().map(page).collect(),
            files: Vec::new(),
            toc: pages.iter().enumerate().map(|(at, (title, _))| entry(at, title)).collect(),
            landmarks: Vec::new(),
            page_list: Vec::new(),
            cover: None,
            report: Report::default(),
        }
    }

    #[test]
    fn our_reader_finds_the_same_chapters() {
        let pages = [("第一章 甲", "<h2>第一章 甲</h2><p>一。</p><p>二。</p>"), ("第二章 乙", "<p>三。</p>")];
        let edition = edition("zh-CN", &pages);
        let text = "《三体》\n作者：刘慈欣\n\n\n第一章 甲\n\n　　一。\n　　二。\n\n\n第二章 乙\n\n　　三。\n";
        let written = write(&edition, &WriteOptions::default());
        assert_eq!(String::from_utf8(written.bytes).expect("UTF-8"), text);
        let gbk = write(&edition, &WriteOptions { charset: Charset::Gb18030, ..WriteOptions::default() }).bytes;
        let book = txt::read(&gbk, &ReadOptions::default()).expect("a book");
        assert_eq!((book.metadata().title.as_str(), book.metadata().authors()), ("三体", vec!["刘慈欣"]));
        let titles: Vec<&str> = book.toc().iter().map(|entry| entry.title.as_str()).collect();
        assert_eq!(titles, ["第一章 甲", "第二章 乙"]);
    }

    #[test]
    fn other_languages_part_paragraphs_by_blank_lines() {
        let edition = edition("en", &[("One", "<h1>One</h1><p>a</p><p>b</p><ul><li>c</li><li>d</li></ul>")]);
        let text = String::from_utf8(write(&edition, &WriteOptions::default()).bytes).expect("UTF-8");
        assert_eq!(text, "三体\nby 刘慈欣\n\n\nOne\n\na\n\nb\n\n• c\n• d\n");
    }
}
