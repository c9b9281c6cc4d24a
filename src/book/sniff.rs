//! What kind of file this is: by content first, by name only where content cannot tell.
//!
//! It looks at signatures and a few kilobytes; it does not say that the file is whole.

use super::Format;
use super::charset;

/// The format of a file; `None` for anything that is not an e-book (pictures, programs, music).
///
/// Renamed files are common (an EPUB called `.mobi`, a PDF called `.epub`), so a signature beats
/// the name. Only text formats, which have no signature, trust the name.
pub fn sniff(bytes: &[u8], file_name: Option<&str>) -> Option<Format> {
    let named = file_name.and_then(Format::from_file_name);
    if bytes.is_empty() {
        return named;
    }
    signature(bytes, named).unwrap_or_else(|| text(bytes, named))
}

/// Whether a format that is not read further says in its header that it is encrypted.
///
/// Mobipocket: the encryption field at byte 12 of record 0 is not 0. KFX: the DRMION header.
pub(super) fn is_protected(bytes: &[u8], format: Format) -> bool {
    match format {
        Format::Mobi | Format::Azw3 => {
            record_zero(bytes).and_then(|start| u16_at(bytes, start + 12)).is_some_and(|kind| kind != 0)
        }
        Format::Kfx => bytes.starts_with(b"\xeaDRMION\xee"),
        _ => false,
    }
}

/// `Some(Some(_))`: known by signature. `Some(None)`: known not to be a book. `None`: no signature.
fn signature(bytes: &[u8], named: Option<Format>) -> Option<Option<Format>> {
    let known = |format| Some(Some(format));
    match bytes {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => return Some(zip(bytes, named)),
        [b'R', b'a', b'r', b'!', 0x1A, 7, ..] => return Some(named.filter(|f| *f == Format::Cbr)),
        [b'{', b'\\', b'r', b't', b'f', ..] => return known(Format::Rtf),
        [b'I', b'T', b'S', b'F', ..] => return known(Format::Chm),
        [b'C', b'O', b'N', b'T', 1..=2, 0, ..] => return known(Format::Kfx),
        [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => {
            return Some(named.filter(|f| *f == Format::Doc));
        }
        _ => {}
    }
    if bytes.starts_with(b"\xeaDRMION\xee") {
        return known(Format::Kfx);
    }
    if bytes.starts_with(b"AT&TFORM") {
        return known(Format::Djvu);
    }
    if bytes.get(60..68).is_some_and(|kind| kind == b"BOOKMOBI" || kind == b"TEXtREAd") {
        return known(palm(bytes));
    }
    let head = &bytes[..bytes.len().min(1024)];
    if find(head, b"%PDF-").is_some() {
        return known(Format::Pdf);
    }
    if not_a_book(bytes) {
        return Some(None);
    }
    // Junk before the ZIP, as in self-extracting archives; or the head of one cut off.
    if named == Some(Format::Epub) && find(bytes, b"PK\x03\x04").is_some() {
        return known(Format::Epub);
    }
    None
}

/// Pictures, music, films, programs and archives whose bytes might pass for text.
fn not_a_book(bytes: &[u8]) -> bool {
    const OTHERS: [&[u8]; 13] = [
        b"\x89PNG",
        b"\xFF\xD8\xFF",
        b"GIF8",
        b"BM6",
        b"\x7FELF",
        b"MZ\x90",
        b"ID3",
        b"OggS",
        b"RIFF",
        b"7z\xBC\xAF\x27\x1C",
        b"\x1F\x8B\x08",
        b"SQLite format 3",
        b"TPZ",
    ];
    OTHERS.iter().any(|start| bytes.starts_with(start)) || bytes.get(4..8) == Some(b"ftyp".as_slice())
}

/// Which of the formats that are ZIP archives. The names of entries stand uncompressed in the file.
fn zip(bytes: &[u8], named: Option<Format>) -> Option<Format> {
    let has = |name: &[u8]| find(bytes, name).is_some();
    if find(&bytes[..bytes.len().min(200)], b"application/epub+zip").is_some() || has(b"META-INF/container.xml") {
        return Some(Format::Epub);
    }
    // One page with its pictures and a description, as calibre writes HTMLZ.
    if has(b"metadata.opf") && has(b"index.html") {
        return Some(Format::Html);
    }
    if has(b".opf") {
        return Some(Format::Epub);
    }
    if has(b"word/document.xml") {
        return Some(Format::Docx);
    }
    if has(b"xl/workbook.xml") || has(b"ppt/presentation.xml") || has(b"AndroidManifest.xml") {
        return None;
    }
    if !matches!(named, Some(Format::Epub | Format::Docx | Format::Cbz)) && (has(b".html") || has(b".htm")) {
        return Some(Format::Html);
    }
    // A ZIP with nothing that tells: believe a name that says what kind of ZIP it is.
    named.filter(|format| matches!(format, Format::Epub | Format::Docx | Format::Cbz))
}

/// KF8 alone has file version 8 in its MOBI header (offset 36); everything else is called MOBI.
fn palm(bytes: &[u8]) -> Format {
    let version = record_zero(bytes).and_then(|start| u32_at(bytes, start + 36));
    if version == Some(8) { Format::Azw3 } else { Format::Mobi }
}

/// Where record 0 of a Palm database starts: the first entry of the record list, at byte 78.
fn record_zero(bytes: &[u8]) -> Option<usize> {
    u32_at(bytes, 78).map(|offset| offset as usize)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(two.try_into().ok()?))
}

/// Text has no signature: markup shows by how it starts, the rest by name, else it is plain.
fn text(bytes: &[u8], named: Option<Format>) -> Option<Format> {
    let head = charset::peek(&bytes[..bytes.len().min(4096)])?;
    let start = head.trim_start().to_lowercase();
    if start.contains("<fictionbook") {
        return Some(Format::Fb2);
    }
    let xml = start.starts_with("<?xml");
    if start.starts_with("<!doctype html") || start.starts_with("<html") || xml && start.contains("<html") {
        return Some(Format::Html);
    }
    match named {
        Some(Format::Html | Format::Markdown) => named,
        Some(Format::Txt) | None => Some(Format::Txt),
        // A name that promises a binary format over mere text: an error page or a damaged file, and
        // better refused than kept as a book.
        Some(_) => None,
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(hit) = haystack.get(from..)?.iter().position(|&byte| byte == first) {
        let at = from + hit;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_beats_the_name() {
        assert_eq!(sniff(b"%PDF-1.7 ...", Some("a.epub")), Some(Format::Pdf));
        let mut mobi = vec![0; 200];
        mobi[60..68].copy_from_slice(b"BOOKMOBI");
        mobi[78..82].copy_from_slice(&100u32.to_be_bytes());
        assert_eq!(sniff(&mobi, Some("a.epub")), Some(Format::Mobi));
        mobi[136..140].copy_from_slice(&8u32.to_be_bytes());
        assert_eq!(sniff(&mobi, Some("a.mobi")), Some(Format::Azw3));
        assert!(!is_protected(&mobi, Format::Azw3));
        mobi[113] = 2;
        assert!(is_protected(&mobi, Format::Azw3));
    }

    #[test]
    fn text_is_told_from_markup_and_from_noise() {
        assert_eq!(sniff("第一章 开端".as_bytes(), None), Some(Format::Txt));
        assert_eq!(sniff(b"<!DOCTYPE html><p>x", Some("x.txt")), Some(Format::Html));
        assert_eq!(sniff(b"# Title", Some("x.md")), Some(Format::Markdown));
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n", Some("x.txt")), None);
        assert_eq!(sniff(&[0, 1, 2, 3, 0, 9, 200, 0], Some("x.txt")), None);
        assert_eq!(sniff(b"just words", Some("x.azw3")), None);
    }

    #[test]
    fn an_empty_file_is_what_its_name_says() {
        assert_eq!(sniff(b"", Some("x.txt")), Some(Format::Txt));
        assert_eq!(sniff(b"", None), None);
    }
}
