//! The room of books alone, so that it can be built with instrumentation in a minute.

#[path = "../../src/book/mod.rs"]
pub mod book;

use book::{Bounds, Error, Format, ReadOptions, Rules, Shown, WriteOptions};

/// Reads bytes as a format, strictly and to rescue, and writes what was read in a format of the fuzzer's choice,
/// an EPUB as it is or for a Kindle.
/// A panic, an endless loop or a memory limit exceeded is a finding; every error is fine.
pub fn read_as(format: Format, bytes: &[u8]) {
    for rescue in [false, true] {
        let options = ReadOptions { format: Some(format), rescue, ..ReadOptions::default() };
        let book = match book::read_with(bytes, &options) {
            Ok(book) => book,
            Err(Error::Malformed(_) | Error::Encrypted | Error::Unsupported(_)) => continue,
        };
        let _ = book.chapter_texts().map(|(title, text)| title.len() + text.len()).sum::<usize>();
        let last = bytes.last().copied().map_or(0, usize::from);
        let target = Format::WRITABLE[last % Format::WRITABLE.len()];
        let options = WriteOptions { for_kindle: last & 0x80 != 0, ..WriteOptions::default() };
        let _ = book::write(&book, target, &options);
    }
}

/// Makes markup safe for a page, as it is and from Markdown. No element may come out that no page of ours has.
pub fn make_safe(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let rules = Rules {
        link: &|href| href.starts_with("https://").then(|| href.to_owned()),
        picture: &|src| (!src.is_empty()).then(|| Shown { src: "picture".into(), size: Some((1, 1)) }),
        style: &|_| None,
        anchors: bytes.len() % 2 == 0,
    };
    for markup in [text.as_ref(), &book::markdown_markup(&text)] {
        let safe = book::safe_markup(markup, &rules);
        for bad in ["<script", "<style", "<iframe", "<svg", "<object", "<form", "<input"] {
            assert!(!safe.markup.to_ascii_lowercase().contains(bad), "{bad} in {}", safe.markup);
        }
    }
}

/// Makes a picture fit for chats and articles.
pub fn bound_picture(bytes: &[u8]) {
    for bounds in [
        Bounds { side: 900, bytes: 64 << 10, png: false },
        Bounds { side: 2560, bytes: 2 << 20, png: true },
    ] {
        if let Ok(picture) = book::bounded_picture(bytes, bounds) {
            assert!(picture.bytes.len() <= bounds.bytes && book::is_picture(&picture.bytes));
        }
    }
}

/// Looks at the head of a picture.
pub fn see_picture(bytes: &[u8]) {
    if let Some((media_type, _)) = book::web_picture(bytes) {
        assert!(media_type.starts_with("image/") && book::is_picture(bytes));
    }
}
