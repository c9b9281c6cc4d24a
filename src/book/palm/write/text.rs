//! Text records: the text cut every 4096 bytes, each piece compressed alone, with entries behind.
//!
//! Readers find a place in the text by dividing by 4096, so that the cut is exact even inside a
//! character; the bytes that complete it are then repeated behind the piece.

use super::compress::BLOCK;
use super::tbs::{Tbs, TbsKind};
use super::{Compressor, Ncx, Record};

/// The records of a text, padding included, and what the header says about them.
pub(in crate::book) struct Text {
    /// Text records, then one of zeros if the next record would not start at a multiple of four.
    pub(in crate::book) records: Vec<Record<'static>>,
    /// How many of the records are text.
    pub(in crate::book) count: usize,
    /// Which entries trail the text: 1 for the rest of a split character, 2 for the index.
    pub(in crate::book) extra_flags: u32,
}

/// Cuts and compresses a text. `ncx` is the table of contents, with positions in the first
/// `indexed` bytes of the text; empty if there is none.
pub(in crate::book) fn text_records(text: &[u8], indexed: usize, ncx: &Ncx, kind: TbsKind) -> Text {
    let mut tbs = Tbs::new(ncx, kind);
    let mut compressor = Compressor::default();
    let mut records = Vec::with_capacity(text.len() / BLOCK + 2);
    let mut scratch = Vec::with_capacity(2 * BLOCK);
    let mut size = 0;
    for (at, block) in text.chunks(BLOCK).enumerate() {
        scratch.clear();
        compressor.compress(block, &mut scratch);
        let start = at * BLOCK;
        let rest = text.get(start + block.len()..).unwrap_or_default();
        push_overlap(rest, &mut scratch);
        if !ncx.is_empty() {
            tbs.push_entry(start, BLOCK, start < indexed, &mut scratch);
        }
        size += scratch.len();
        records.push(Record::Owned(scratch.clone()));
    }
    let count = records.len();
    if !size.is_multiple_of(4) {
        records.push(Record::Owned(vec![0; size % 4]));
    }
    Text { records, count, extra_flags: if ncx.is_empty() { 1 } else { 3 } }
}

/// The bytes with which the next piece completes a character of this one, and their number.
fn push_overlap(rest: &[u8], out: &mut Vec<u8>) {
    let before = out.len();
    out.extend(rest.iter().take(3).take_while(|byte| **byte & 0xC0 == 0x80));
    out.push((out.len() - before) as u8);
}

#[cfg(test)]
mod tests {
    use super::super::compress::tests::decompress;
    use super::*;

    #[test]
    fn a_character_split_at_4096_is_completed_behind_the_record() {
        let text = format!("{}中文", "a".repeat(4095));
        let made = text_records(text.as_bytes(), text.len(), &Ncx::default(), TbsKind::Kf8);
        assert_eq!((made.count, made.extra_flags), (2, 1));
        let first = &made.records[0];
        assert_eq!(first[first.len() - 3..], [0xB8, 0xAD, 2]);
        assert_eq!(decompress(&first[..first.len() - 3]), text.as_bytes()[..4096]);
        let second = &made.records[1];
        assert_eq!(second.last(), Some(&0));
        assert_eq!(decompress(&second[..second.len() - 1]), text.as_bytes()[4096..]);
        let size: usize = made.records.iter().take(2).map(|record| record.len()).sum();
        assert_eq!(made.records.get(2).map_or(0, |padding| padding.len()), size % 4);
    }
}
