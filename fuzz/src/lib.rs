//! The room of books alone, so that it can be built with instrumentation in a minute.

#[path = "../../src/book/mod.rs"]
pub mod book;

use book::{Error, Format, ReadOptions, WriteOptions};

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
