//! Record 0: the PalmDOC header, the MOBI header, EXTH and the title.

use super::{Record, locale, pad4, u16_of, u32_of};
use crate::book::Metadata;
use sha2::{Digest, Sha256};

/// The version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) enum Version {
    /// MOBI as Kindles read it before 2011: one HTML page without style sheets.
    Six,
    /// KF8: the pages and style sheets of an EPUB.
    Eight,
}

/// What record 0 says. Numbers of records count from record 0 of the same half of the file.
#[derive(Clone, Debug)]
pub(in crate::book) struct Header<'a> {
    pub(in crate::book) version: Version,
    pub(in crate::book) metadata: &'a Metadata,
    /// Tells books apart; [`unique_id`] makes one.
    pub(in crate::book) unique_id: u32,
    /// In bytes, unpacked.
    pub(in crate::book) text_length: usize,
    pub(in crate::book) text_records: usize,
    /// As [`Text`](super::Text) gives them.
    pub(in crate::book) extra_flags: u32,
    /// The first record that is neither text nor the padding behind it.
    pub(in crate::book) first_non_text: usize,
    pub(in crate::book) first_resource: Option<usize>,
    /// MOBI 6: the last record with content.
    pub(in crate::book) last_content: usize,
    /// KF8: the record with the flows, and how many there are.
    pub(in crate::book) fdst: Option<(usize, usize)>,
    pub(in crate::book) fcis: usize,
    pub(in crate::book) flis: usize,
    pub(in crate::book) ncx: Option<usize>,
    /// KF8.
    pub(in crate::book) fragments: Option<usize>,
    /// KF8.
    pub(in crate::book) skeletons: Option<usize>,
    /// KF8.
    pub(in crate::book) guide: Option<usize>,
    /// Whether there are FONT records.
    pub(in crate::book) has_fonts: bool,
    /// As [`Exth::finish`](super::Exth::finish) gives it.
    pub(in crate::book) exth: Record<'a>,
}

/// Both old and new tools leave room behind the title, for Amazon to write to.
const ROOM: usize = 8192;
const NONE: u32 = u32::MAX;

impl Header<'_> {
    /// The record.
    pub(in crate::book) fn record(&self) -> Record<'static> {
        let length = match self.version {
            Version::Six => 232,
            Version::Eight => 264,
        };
        let number = match self.version {
            Version::Six => 6,
            Version::Eight => 8,
        };
        let title = super::exth::full_title(self.metadata);
        let mut out = Fields(vec![0; 16 + length]);
        // 2: PalmDOC compression.
        out.short(0, 2);
        out.long(4, u32_of(self.text_length));
        out.short(8, u16_of(self.text_records));
        out.short(10, 4096);
        out.long(16, u32::from_be_bytes(*b"MOBI"));
        out.long(20, u32_of(length));
        // 2: a book; 65001: UTF-8.
        out.long(24, 2);
        out.long(28, 65001);
        out.long(32, self.unique_id);
        out.long(36, number);
        // No indexes of a dictionary.
        (40..80).step_by(4).for_each(|at| out.long(at, NONE));
        out.long(80, u32_of(self.first_non_text));
        out.long(84, u32_of(16 + length + self.exth.len()));
        out.long(88, u32_of(title.len()));
        out.long(92, locale::number(self.metadata.language.as_deref()));
        out.long(104, number);
        out.record_number(108, self.first_resource);
        out.long(128, if self.has_fonts { 0x1050 } else { 0x50 });
        out.long(164, NONE);
        out.long(168, NONE);
        match (self.version, self.fdst) {
            (Version::Eight, Some((record, flows))) => {
                out.long(192, u32_of(record));
                out.long(196, u32_of(flows));
            }
            _ => {
                out.short(192, 1);
                out.short(194, u16_of(self.last_content));
                out.long(196, 1);
            }
        }
        out.long(200, u32_of(self.fcis));
        out.long(204, 1);
        out.long(208, u32_of(self.flis));
        out.long(212, 1);
        out.long(224, NONE);
        out.long(232, NONE);
        out.long(236, NONE);
        out.long(240, self.extra_flags);
        out.record_number(244, self.ncx);
        if self.version == Version::Eight {
            out.record_number(248, self.fragments);
            out.record_number(252, self.skeletons);
            out.long(256, NONE);
            out.record_number(260, self.guide);
            out.long(264, NONE);
            out.long(272, NONE);
        }
        let mut out = out.0;
        out.extend_from_slice(&self.exth);
        out.extend_from_slice(title.as_bytes());
        out.resize(out.len() + ROOM, 0);
        pad4(&mut out);
        out.into()
    }
}

struct Fields(Vec<u8>);

impl Fields {
    fn long(&mut self, at: usize, value: u32) {
        if let Some(field) = self.0.get_mut(at..at + 4) {
            field.copy_from_slice(&value.to_be_bytes());
        }
    }

    fn short(&mut self, at: usize, value: u16) {
        if let Some(field) = self.0.get_mut(at..at + 2) {
            field.copy_from_slice(&value.to_be_bytes());
        }
    }

    fn record_number(&mut self, at: usize, number: Option<usize>) {
        self.long(at, number.map_or(NONE, u32_of));
    }
}

/// A number for a book: the same whenever it is written, another for another book.
pub(in crate::book) fn unique_id(metadata: &Metadata) -> u32 {
    let mut hash = Sha256::new();
    let identifiers = metadata.identifiers.iter().flat_map(|one| [one.scheme.as_str(), one.value.as_str()]);
    let names = metadata.contributors.iter().map(|one| one.name.as_str());
    for part in std::iter::once(metadata.title.as_str()).chain(names).chain(identifiers) {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::super::Exth;
    use super::*;

    #[test]
    fn the_title_is_where_the_header_says() {
        let metadata = Metadata { title: "红楼梦".into(), language: Some("zh-CN".into()), ..Metadata::default() };
        for (version, length) in [(Version::Six, 232), (Version::Eight, 264)] {
            let header = Header {
                version,
                metadata: &metadata,
                unique_id: unique_id(&metadata),
                text_length: 5000,
                text_records: 2,
                extra_flags: 3,
                first_non_text: 4,
                first_resource: None,
                last_content: 9,
                fdst: Some((8, 3)),
                fcis: 6,
                flis: 7,
                ncx: Some(5),
                fragments: Some(3),
                skeletons: Some(4),
                guide: None,
                has_fonts: false,
                exth: Exth::of(&metadata).finish(),
            };
            let record = header.record();
            let long = |at: usize| u32::from_be_bytes(record[at..at + 4].try_into().expect("four bytes"));
            let (start, size) = (long(84) as usize, long(88) as usize);
            assert_eq!(&record[start..start + size], "红楼梦".as_bytes());
            assert_eq!((long(20), long(92), long(244)), (length, 0x0804, 5));
            assert_eq!(&record[16 + length as usize..20 + length as usize], b"EXTH");
            assert_eq!(long(192), if version == Version::Six { 0x0001_0009 } else { 8 });
        }
    }
}
