//! An edition as plain text.
//!
//! One paragraph is one line. Chinese paragraphs start with two wide blanks, others are parted by one
//! blank line; two blank lines and more set off the titles of the table of contents and nothing else.
//! That is how readers expect a text, and how `set_off` finds the same chapters in it again.

use super::blocks::{self, Block, Kind};
use super::set_off::{self, Marks};
use super::titles;
use crate::book::edition::Edition;
use crate::book::xhtml::one_line;
use crate::book::{Change, Charset, Report, WriteOptions, Written};
use std::fmt::Write;

/// Writes an edition as text.
pub(in crate::book) fn write(edition: &Edition, options: &WriteOptions) -> Written {
    let mut report = edition.report.clone();
    note_files(edition, &mut report);
    let language = edition.metadata.language.as_deref().unwrap_or_default();
    let marks = ["zh", "ja"].iter().position(|tag| language.starts_with(tag)).and_then(|at| set_off::MARKS.get(at));
    let mut out = Text { out: String::new(), wide: marks.is_some(), after: None };
    out.top(edition, marks);
    let titles = titles::by_page(&edition.toc);
    for (at, page) in edition.pages.iter().enumerate() {
        let entries = titles.get(&at).map_or(&[][..], Vec::as_slice);
        let wanted = entries.iter().filter_map(|entry| entry.fragment);
        let (blocks, places) = blocks::of(&page.markup, wanted, &mut report);
        out.gap(1);
        for block in titles::place(blocks, &places, entries) {
            out.block(&block);
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

/// The text as it grows.
struct Text {
    out: String,
    wide: bool,
    after: Option<Kind>,
}

impl Text {
    fn top(&mut self, edition: &Edition, marks: Option<&Marks>) {
        let title = one_line(&edition.metadata.title);
        let authors = edition.metadata.authors();
        let (open, close, label) = marks.copied().unwrap_or(("", "", "by "));
        let _ = writeln!(self.out, "{open}{title}{close}");
        if !authors.is_empty() {
            let _ = writeln!(self.out, "{label}{}", authors.join(if marks.is_some() { "、" } else { " & " }));
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
        let special = |kind: Kind| matches!(kind, Kind::Title(_) | Kind::Heading | Kind::Rule | Kind::Preformatted);
        let apart = special(block.kind) || self.after.is_some_and(special);
        match block.kind {
            Kind::Title(blanks) => self.gap(blanks),
            _ if apart || !together || self.after.is_none() => self.gap(1),
            _ => self.gap(0),
        }
        let indent = match (block.kind, self.wide) {
            (Kind::Title(_) | Kind::Heading | Kind::Preformatted | Kind::Rule, _) => "",
            (Kind::Quote, true) => "　　　　",
            (_, true) => "　　",
            (Kind::Quote, false) => "    ",
            (_, false) => "",
        };
        match block.kind {
            Kind::Title(_) | Kind::Heading => self.out.push_str(&one_line(&block.text)),
            Kind::Preformatted => self.lines(&block.text, "", str::trim_end),
            _ => self.lines(&block.text, indent, str::trim),
        }
        self.after = Some(block.kind);
    }

    /// Lines with at most one blank line between them: more would set off a title.
    fn lines(&mut self, text: &str, indent: &str, trim: fn(&str) -> &str) {
        let mut blank = false;
        for (at, line) in text.split('\n').map(trim).enumerate() {
            if line.is_empty() && std::mem::replace(&mut blank, true) {
                continue;
            }
            self.out.push_str(if at == 0 { "" } else { "\n" });
            if !line.is_empty() {
                blank = false;
                self.out.push_str(indent);
                self.out.push_str(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::edition::Page;
    use crate::book::model::{Layout, Metadata, Target, TocEntry};
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
