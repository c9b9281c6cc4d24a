//! Record 0: how the text is packed and where the other parts are.
//!
//! The first 16 bytes are those of PalmDOC; a MOBI header may follow, in lengths from 24 to 264
//! bytes. A field behind the end of a short header is absent, not zero.

use super::bytes::{u16_at, u32_at};
use super::damaged;
use crate::book::Error;

/// How text records are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    /// Not at all.
    None,
    /// LZ77 as PalmDOC has it.
    PalmDoc,
    /// Huffman codes for phrases of a dictionary.
    HuffCdic,
}

/// What the header says; numbers of records count from the record 0 that it is.
#[derive(Debug)]
pub(in crate::book) struct Header {
    pub(super) compression: Compression,
    /// Of all text records together, unpacked; in KF8 sometimes without style sheets.
    pub(super) text_length: usize,
    pub(super) text_records: usize,
    pub(super) encrypted: bool,
    /// A Windows code page: 65001 or 1252.
    pub(super) codepage: u32,
    pub(in crate::book) version: u32,
    /// Offset and length of the title within the record.
    full_name: Option<(usize, usize)>,
    /// A Windows language id.
    pub(super) locale: u32,
    pub(in crate::book) first_resource: Option<usize>,
    /// The record with the Huffman table, and how many records it and the dictionary take.
    pub(super) huffman: Option<(usize, usize)>,
    /// Where EXTH records start, if the MOBI header is there.
    pub(super) exth: Option<usize>,
    /// Which trailing data text records have.
    pub(super) trailing: u16,
    pub(in crate::book) contents: Option<usize>,
    pub(in crate::book) fragments: Option<usize>,
    pub(in crate::book) skeletons: Option<usize>,
    pub(in crate::book) guide: Option<usize>,
    /// KF8: the record that lists the flows.
    pub(in crate::book) flow_list: Option<usize>,
    /// KF8: how many flows there are.
    pub(in crate::book) flows: usize,
}

/// A pointer that leads nowhere.
const NOTHING: u32 = u32::MAX;
/// Where the MOBI header starts.
const MOBI: usize = 16;

impl Header {
    /// Reads record 0.
    pub(super) fn parse(record: &[u8]) -> Result<Header, Error> {
        let short = || damaged("its header record is cut off");
        let compression = match u16_at(record, 0).ok_or_else(short)? {
            0 | 1 => Compression::None,
            2 => Compression::PalmDoc,
            0x4448 => Compression::HuffCdic,
            other => return Err(damaged(format!("its text is packed in an unknown way, {other}"))),
        };
        let fields = Fields::of(record);
        let pointer = |at| fields.number(at).filter(|&value| value != NOTHING).map(|value| value as usize);
        let huffman = pointer(112).zip(pointer(116)).filter(|(_, count)| *count > 0);
        Ok(Header {
            compression,
            text_length: u32_at(record, 4).ok_or_else(short)? as usize,
            text_records: u16_at(record, 8).ok_or_else(short)?.into(),
            encrypted: u16_at(record, 12).is_some_and(|kind| kind != 0),
            codepage: fields.number(28).unwrap_or(1252),
            version: fields.number(36).unwrap_or(0),
            full_name: pointer(84).zip(pointer(88)),
            locale: fields.number(92).unwrap_or(0),
            first_resource: pointer(108).filter(|&at| at > 0),
            huffman,
            exth: (fields.end > 0).then_some(fields.end),
            trailing: fields.short(242).unwrap_or(0),
            contents: pointer(244),
            fragments: pointer(248),
            skeletons: pointer(252),
            guide: pointer(260),
            flow_list: pointer(192),
            flows: pointer(196).unwrap_or(1),
        })
    }

    /// The title in the header; `None` if it lies outside the record.
    pub(super) fn full_name<'a>(&self, record: &'a [u8]) -> Option<&'a [u8]> {
        let (start, length) = self.full_name?;
        record.get(start..start.checked_add(length)?)
    }
}

/// The MOBI header as far as it reaches.
struct Fields<'a> {
    record: &'a [u8],
    /// Where it ends; 0 if there is none.
    end: usize,
}

impl<'a> Fields<'a> {
    fn of(record: &'a [u8]) -> Fields<'a> {
        let is_there = record.get(MOBI..MOBI + 4) == Some(b"MOBI".as_slice());
        let length = u32_at(record, MOBI + 4).filter(|_| is_there);
        let end = length.map_or(0, |length| (length as usize).saturating_add(MOBI).min(record.len()));
        Fields { record, end }
    }

    fn number(&self, at: usize) -> Option<u32> {
        if at + 4 > self.end { None } else { u32_at(self.record, at) }
    }

    fn short(&self, at: usize) -> Option<u16> {
        if at + 2 > self.end { None } else { u16_at(self.record, at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(length: u32) -> Vec<u8> {
        let mut record = vec![0; 16 + length as usize];
        record[1] = 2;
        record[7] = 100;
        record[9] = 3;
        record[16..20].copy_from_slice(b"MOBI");
        record[20..24].copy_from_slice(&length.to_be_bytes());
        record[28..32].copy_from_slice(&65001u32.to_be_bytes());
        record
    }

    #[test]
    fn fields_end_where_the_header_ends() {
        let mut long = record(232);
        long[243] = 3;
        long[244..248].copy_from_slice(&9u32.to_be_bytes());
        let header = Header::parse(&long).expect("a header");
        assert_eq!((header.compression, header.text_length, header.text_records), (Compression::PalmDoc, 100, 3));
        assert_eq!((header.trailing, header.contents, header.codepage), (3, Some(9), 65001));
        long[23] = 0x74;
        let header = Header::parse(&long).expect("a header");
        assert_eq!((header.trailing, header.contents, header.exth), (0, None, Some(0x84)));
    }

    #[test]
    fn palmdoc_has_sixteen_bytes_only() {
        let header = Header::parse(&record(0)[..16]).expect("a header");
        assert_eq!((header.version, header.codepage, header.exth), (0, 1252, None));
        assert!(Header::parse(&[0; 7]).is_err());
        assert!(Header::parse(&[9; 16]).is_err());
    }
}
