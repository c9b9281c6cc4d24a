//! EPUBs through `book::read_with`: layout, places, pages outside the reading order, archives cut off.

use crate::support::book_builder::{BookBuilder, page};
use shutong::book::{Book, Change, Direction, Error, LandmarkKind, ReadOptions, read, read_with};

#[track_caller]
fn open(bytes: &[u8]) -> Book {
    read(bytes, Some("书.epub")).expect("a book")
}

#[test]
fn layout_is_read_from_package_and_styles() {
    let meta = "<meta property=\"rendition:layout\">pre-paginated</meta><meta name=\"original-resolution\" content=\"1200x1600\"/>";
    let book = open(&BookBuilder::new("书").metadata(meta).build());
    assert_eq!(book.layout().fixed.as_ref().and_then(|fixed| fixed.size), Some((1200, 1600)));
    let mode = "<meta name=\"primary-writing-mode\" content=\"vertical-rl\"/>";
    let book = open(&BookBuilder::new("书").metadata(mode).build());
    assert_eq!((book.layout().vertical, book.layout().direction), (true, Some(Direction::RightToLeft)));
    let sheet = b"html { -epub-writing-mode: vertical-rl }".to_vec();
    let book = open(&BookBuilder::new("书").item("s", "s.css", "s.css", "text/css", "", sheet).build());
    assert!(book.layout().vertical && book.layout().fixed.is_none());
}

#[test]
fn guide_and_forgotten_pages_are_found() {
    let linked = page("第三章", "见<a href=\"notes.xhtml\">注</a>").into_bytes();
    let notes = page("注", "一").into_bytes();
    let book = open(
        &BookBuilder::new("书")
            .page("c3.xhtml", "c3.xhtml", linked)
            .item("n", "notes.xhtml", "notes.xhtml", "application/xhtml+xml", "", notes)
            .guide("<reference type=\"text\" href=\"c2.xhtml\"/>")
            .build(),
    );
    let last = book.chapters().last().expect("a chapter");
    assert_eq!((last.path.as_str(), last.linear), ("OEBPS/notes.xhtml", false));
    assert_eq!(book.report().count(Change::ContentsRepaired), 1);
    let start = &book.landmarks()[0];
    assert_eq!((start.kind, start.target.chapter), (LandmarkKind::Start, 1));
}

#[test]
fn a_book_cut_in_the_middle_is_rescued_only_when_asked() {
    let bytes = BookBuilder::new("测试书").build();
    let second = (0..bytes.len()).find(|&at| bytes[at..].starts_with(b"OEBPS/c2.xhtml")).expect("the second page");
    let cut = &bytes[..second + 60];
    assert!(matches!(read(cut, Some("书.epub")), Err(Error::Malformed(_))));
    let options = ReadOptions { file_name: Some("书.epub"), rescue: true, ..ReadOptions::default() };
    let book = read_with(cut, &options).expect("the rest");
    assert!(book.report().count(Change::Rescued) > 0);
    assert!(book.chapters()[0].text().contains("从前有座山"));
}
