//! What must hold for any text: nothing of it is lost, and its paragraphs survive other formats.

use super::read;
use crate::book::model::{Book, Content};
use crate::book::{Corrections, Format, ReadOptions, WriteOptions, convert};
use proptest::prelude::*;

/// How a text is stored.
#[derive(Clone, Copy, Debug)]
enum Stored {
    Utf8,
    Marked,
    Utf16Little,
    Utf16Big,
}

impl Stored {
    fn bytes(self, text: &str) -> Vec<u8> {
        let wide = |order: fn(u16) -> [u8; 2]| format!("\u{FEFF}{text}").encode_utf16().flat_map(order).collect();
        match self {
            Stored::Utf8 => text.as_bytes().to_vec(),
            Stored::Marked => format!("\u{FEFF}{text}").into_bytes(),
            Stored::Utf16Little => wide(u16::to_le_bytes),
            Stored::Utf16Big => wide(u16::to_be_bytes),
        }
    }
}

/// Paragraphs, some indented or set off, with chapters that count up; the first line is text or a chapter.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let sentence = "[天地玄黄宇宙洪荒一二了的aeiouXYZ019，。！？“”…（）《》&<>]{1,90}";
    let paragraph = ("(|　　|    |\\t)", sentence, 0usize..4);
    let paragraph = paragraph.prop_map(|(indent, text, blanks)| format!("{indent}{text}\n{}", "\n".repeat(blanks)));
    let chapter = proptest::collection::vec(paragraph, 0..6);
    let heading = ("(第%章 [天地玄黄]{1,6}|Chapter %: [AEIOU][aeiou]{1,9})", 0usize..4, chapter);
    let heading = heading.prop_map(|(title, blanks, text)| (title, "\n".repeat(blanks), text.concat()));
    (proptest::option::of(sentence), proptest::collection::vec(heading, 1..12)).prop_map(|(front, chapters)| {
        let chapters = chapters.into_iter().zip(1..).map(|((title, blanks, text), number)| {
            let title = title.replace('%', &number.to_string());
            format!("{title}\n{blanks}{text}")
        });
        front.map(|front| format!("{front}\n\n")).into_iter().chain(chapters).collect()
    })
}

fn stored() -> impl Strategy<Value = Stored> {
    prop_oneof![Just(Stored::Utf8), Just(Stored::Marked), Just(Stored::Utf16Little), Just(Stored::Utf16Big)]
}

/// Titles and paragraphs in reading order, without blanks.
fn paragraphs(book: &Book) -> Vec<String> {
    let mut found = Vec::new();
    for chapter in &book.chapters {
        let Content::Text(text) = &chapter.content else { continue };
        found.push(chapter.title.as_str());
        found.extend(text.lines());
    }
    let bare = |line: &str| line.split_whitespace().collect::<String>();
    found.into_iter().map(bare).filter(|line| !line.is_empty()).collect()
}

fn options() -> ReadOptions<'static> {
    ReadOptions { file_name: Some("三体 - 刘慈欣.txt"), format: Some(Format::Txt), ..ReadOptions::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_a_text_is_lost(text in texts(), stored in stored(), ends in "\n|\r\n|\r") {
        let text = text.concat();
        let book = read(&stored.bytes(&text.replace('\n', &ends)), &options()).expect("a book");
        let all: String = text.split_whitespace().collect();
        let found = paragraphs(&book).concat();
        // A first line may have become the title of the book.
        let rest = all.strip_suffix(&found);
        prop_assert!(rest.is_some_and(|rest| rest.is_empty() || rest == book.metadata.title), "{} {}", found, all);
    }

    #[test]
    fn other_formats_keep_paragraphs(text in texts()) {
        let text = text.concat();
        let once = read(text.as_bytes(), &options()).expect("a book");
        let make = |bytes: &[u8], options: &ReadOptions<'_>, target| {
            convert(bytes, options, &Corrections::default(), target, &WriteOptions::default()).expect("converts").bytes
        };
        let epub = make(text.as_bytes(), &options(), Format::Epub);
        let back = make(&epub, &ReadOptions::default(), Format::Txt);
        let twice = read(&back, &ReadOptions::default()).expect("a book");
        prop_assert_eq!(paragraphs(&twice), paragraphs(&once), "{}", String::from_utf8_lossy(&back));
    }
}
