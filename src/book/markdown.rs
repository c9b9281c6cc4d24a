//! Markdown into a [`Book`]: CommonMark with tables, footnotes and struck text, and the front matter that
//! blogs put above it.
//!
//! The text becomes a page, which is cut and listed as any other. Of front matter only lines of
//! `key: value` and short lists are understood; it is neither all of YAML nor all of TOML.

use super::dom::Document;
use super::html::read::{Found, Source, assemble};
use super::model::{Book, Layout, Metadata};
use super::report::{Change, Report};
use super::{Error, Format, ReadOptions, charset, file_name, safe};
use std::borrow::Cow;

/// Largest text taken.
const LARGEST: usize = 32 << 20;

/// Most marks of footnotes, where they are called and where they stand: twenty times as many as the richest annotated
/// editions have. Each costs as much as a page of text.
const MOST_NOTE_MARKS: usize = 100_000;

/// Reads a text.
pub(super) fn read(bytes: &[u8], options: &ReadOptions<'_>) -> Result<Book, Error> {
    if bytes.len() > LARGEST {
        return Err(Error::Unsupported(format!("a text may have {} MB", LARGEST >> 20)));
    }
    let text = charset::decode(bytes).ok_or_else(|| Error::Malformed("it is not readable text".into()))?.text;
    let text = text.trim_start_matches('\u{FEFF}');
    let (metadata, text) = match front_matter(text) {
        Some((lines, rest)) => (metadata(lines), rest),
        None => (Metadata::default(), text),
    };
    let mut report = Report::default();
    let noted = bounded_notes(text, MOST_NOTE_MARKS, &mut report);
    let document = Document::parse(&format!("<body>{}</body>", safe::markdown(&noted)));
    let sources = vec![Source { path: "index.html".into(), document }];
    let (format, layout) = (Format::Markdown, Layout::default());
    let mut found = Found { format, sources, metadata, resources: Vec::new(), cover: None, layout, report };
    if found.metadata.title.is_empty() {
        found.metadata.title = only_title(text);
    }
    assemble(found, options.file_name)
}

/// The text; with more than `most` marks of notes, these stay in it as they are written.
fn bounded_notes<'t>(text: &'t str, most: usize, report: &mut Report) -> Cow<'t, str> {
    let marks = text.matches("[^").count();
    if marks <= most {
        return Cow::Borrowed(text);
    }
    report.note_many(Change::BeyondBounds, marks, "notes, left as they are written");
    Cow::Owned(text.replace("[^", "\\[^"))
}

/// The one heading of the first level, if there is only one.
fn only_title(text: &str) -> String {
    let mut titles = text.lines().filter_map(|line| line.strip_prefix("# "));
    match (titles.next(), titles.next()) {
        (Some(title), None) => title.trim().trim_end_matches('#').trim().to_owned(),
        _ => String::new(),
    }
}

/// What stands between two lines of `---` or `+++` at the top, and the rest.
fn front_matter(text: &str) -> Option<(&str, &str)> {
    let (first, rest) = text.split_once('\n')?;
    let fence = first.trim_end();
    if fence != "---" && fence != "+++" {
        return None;
    }
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == fence || fence == "---" && line.trim_end() == "..." {
            return Some((rest.get(..at)?, rest.get(at + line.len()..)?));
        }
        at += line.len();
    }
    None
}

fn metadata(lines: &str) -> Metadata {
    let mut metadata = Metadata::default();
    let mut key = String::new();
    for line in lines.lines() {
        let item = line.trim_start().strip_prefix("- ");
        let values = match (item, line.split_once([':', '='])) {
            (Some(item), _) => vec![unquoted(item)],
            (None, Some((name, value))) if !line.starts_with([' ', '\t', '#', '[']) => {
                key = name.trim().to_ascii_lowercase();
                list(value)
            }
            _ => continue,
        };
        for value in values.into_iter().filter(|value| !value.is_empty()) {
            set(&mut metadata, &key, value);
        }
    }
    metadata
}

fn set(metadata: &mut Metadata, key: &str, value: String) {
    let slot = match key {
        "title" if metadata.title.is_empty() => {
            metadata.title = value;
            return;
        }
        "author" | "authors" | "creator" | "作者" => {
            for name in file_name::split_authors(&value) {
                metadata.add_author(&name);
            }
            return;
        }
        "tags" | "tag" | "keywords" | "categories" | "category" | "subject" => {
            metadata.add_subject(value);
            return;
        }
        "subtitle" => &mut metadata.subtitle,
        "date" | "published" => &mut metadata.published,
        "lang" | "language" => &mut metadata.language,
        "description" | "summary" | "abstract" => &mut metadata.description,
        "publisher" => &mut metadata.publisher,
        "rights" | "copyright" | "license" => &mut metadata.rights,
        _ => return,
    };
    if slot.is_none() {
        *slot = Some(value);
    }
}

/// `a`, `"a"`, `[a, "b"]`.
fn list(value: &str) -> Vec<String> {
    let value = value.trim();
    match value.strip_prefix('[').and_then(|value| value.strip_suffix(']')) {
        Some(inside) => inside.split(',').map(unquoted).collect(),
        None => vec![unquoted(value)],
    }
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inside = ['"', '\''].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote));
    inside.unwrap_or(value).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(text: &str) -> Book {
        read(text.as_bytes(), &ReadOptions::default()).expect("a book")
    }

    #[test]
    fn an_article_with_front_matter() {
        let book = book(
            "---\ntitle: \"文章: 一\"\nauthor: 甲、乙\ndate: 2024-05-01\ntags:\n  - 科幻\n  - 历史\nlang: zh-CN\n---\n\n# 文章\n\n正文[^1]\n\n## 小节\n\n|a|b|\n|-|-|\n|1|2|\n\n[^1]: 注。\n",
        );
        assert_eq!(book.metadata.title, "文章: 一");
        assert_eq!(book.metadata.authors(), ["甲", "乙"]);
        assert_eq!(book.metadata.subjects, ["科幻", "历史"]);
        assert_eq!(book.metadata.published.as_deref(), Some("2024-05-01"));
        assert_eq!(book.toc.len(), 2);
        let super::super::model::Content::Markup(markup) = &book.chapters[0].content else { panic!("no markup") };
        assert!(
            markup.contains("<table>") && markup.contains("href=\"#1\"") && markup.contains("id=\"1\""),
            "{markup}"
        );
        assert!(!markup.contains("科幻"));
    }

    #[test]
    fn too_many_notes_stay_as_they_are_written() {
        let text = "a[^1]\n\n[^1]: note\n";
        let mut report = Report::default();
        assert_eq!((bounded_notes(text, 2, &mut report).as_ref(), report.is_empty()), (text, true));
        let bounded = bounded_notes(text, 1, &mut report);
        assert_eq!(report.count(Change::BeyondBounds), 2);
        assert_eq!(book(&bounded).chapters[0].text(), "a[^1]\n[^1]: note");
        let many = "b[^2] ".repeat(MOST_NOTE_MARKS + 1);
        assert_eq!(book(&many).report.count(Change::BeyondBounds), MOST_NOTE_MARKS + 1);
    }

    #[test]
    fn toml_and_none() {
        assert_eq!(book("+++\ntitle = 'T'\ntags = [\"a\", 'b']\n+++\nx").metadata.subjects, ["a", "b"]);
        let plain = book("---\nx\n\n# T\n\ny");
        assert_eq!(plain.metadata.title, "T");
        assert!(plain.chapters[0].text().contains('x'));
    }

    #[test]
    fn damaged_texts_are_read_all_the_same() {
        let seed = "---\ntitle: t\n---\n# a\n\n> - b [^1] `c` **d** [e](f \"g\")\n\n[^1]: h\n\n|i|j|\n|-|-|\n|k|l|\n<b>m</b>\n".as_bytes();
        let mut state = 7u64;
        for _ in 0..5000 {
            let mut bytes = seed.to_vec();
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (state >> 33) as usize % bytes.len();
                let letters = b"#>-*_[]()`|<\n \t^!:";
                bytes[at] = letters[(state >> 20) as usize % letters.len()];
            }
            let _ = read(&bytes, &ReadOptions::default());
        }
    }
}
