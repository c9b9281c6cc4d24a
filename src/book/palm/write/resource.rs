//! The records of pictures and fonts, numbered in the order in which they are added.
//!
//! Only what both formats show as it is: JPEG, PNG, GIF and BMP pictures, TrueType and OpenType
//! fonts. Everything else has no record; whoever writes the pages sees that and leaves it out.

use super::{Record, Version, description, thumbnail, u32_of};
use crate::book::edition::Edition;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// Which file of the book is which record.
#[derive(Debug, Default)]
pub(in crate::book) struct Resources<'a> {
    /// In order; record numbers count from the first.
    pub(in crate::book) records: Vec<Record<'a>>,
    /// For every file of the edition, its record.
    numbers: Vec<Option<usize>>,
    /// The record of the cover.
    pub(in crate::book) cover: Option<usize>,
    /// The record of the thumbnail: the cover itself if it cannot be made smaller.
    pub(in crate::book) thumbnail: Option<usize>,
    /// The record that says what no other can.
    pub(in crate::book) description: Option<usize>,
    /// Whether there is a font.
    pub(in crate::book) has_fonts: bool,
}

impl<'a> Resources<'a> {
    /// The pictures, the thumbnail of the cover, and what there is to say of the source; for KF8 fonts, and the pages
    /// in the description.
    pub(in crate::book) fn of(edition: &'a Edition, version: Version) -> Resources<'a> {
        let is_kf8 = version == Version::Eight;
        let mut resources = Resources { numbers: vec![None; edition.files.len()], ..Resources::default() };
        for (file, number) in edition.files.iter().zip(0..) {
            let record: Record<'a> = match file.media_type {
                "image/jpeg" | "image/png" | "image/gif" | "image/bmp" => Record::Borrowed(&file.bytes),
                "font/ttf" | "font/otf" if is_kf8 => {
                    resources.has_fonts = true;
                    Record::Owned(font(&file.bytes))
                }
                _ => continue,
            };
            if let Some(slot) = resources.numbers.get_mut(number) {
                *slot = Some(resources.records.len());
            }
            resources.records.push(record);
        }
        resources.cover = edition.cover.and_then(|cover| resources.number(cover));
        resources.thumbnail = resources.cover;
        let cover = edition.cover.and_then(|cover| edition.files.get(cover));
        if let (Some(_), Some(small)) = (resources.cover, cover.and_then(|cover| thumbnail(&cover.bytes))) {
            resources.thumbnail = Some(resources.records.len());
            resources.records.push(Record::Owned(small));
        }
        if let Some(description) = description(edition, is_kf8) {
            resources.description = Some(resources.records.len());
            resources.records.push(description);
        }
        resources
    }

    /// The record of a file of the edition, counted from 0.
    pub(in crate::book) fn number(&self, file: usize) -> Option<usize> {
        self.numbers.get(file).copied().flatten()
    }
}

/// FONT: the file, deflated. Kindles take it without the obfuscation that kindlegen adds.
fn font(bytes: &[u8]) -> Vec<u8> {
    const DEFLATED: u32 = 1;
    const HEADER: u32 = 24;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish()).ok();
    let (flags, content) = packed.as_deref().map_or((0, bytes), |packed| (DEFLATED, packed));
    let mut out = b"FONT".to_vec();
    for word in [u32_of(bytes.len()), flags, HEADER, 0, HEADER] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    out.extend_from_slice(content);
    out
}

/// A number to base 32, at least `digits` long.
pub(in crate::book) fn base32(mut number: usize, digits: usize) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
    let mut reversed = Vec::with_capacity(digits);
    while number > 0 || reversed.len() < digits {
        reversed.push(char::from(DIGITS[number % 32]));
        number /= 32;
    }
    reversed.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_32() {
        assert_eq!((base32(0, 4), base32(31, 1), base32(32, 4)), ("0000".into(), "V".into(), "0010".into()));
    }

    #[test]
    fn a_font_says_how_large_it_is() {
        let made = font(&[7; 1000]);
        assert_eq!(made[..24], *b"FONT\0\0\x03\xE8\0\0\0\x01\0\0\0\x18\0\0\0\0\0\0\0\x18");
        assert!(made.len() < 100);
    }
}
