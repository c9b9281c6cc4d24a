//! The text of a book: its records stripped, unpacked and joined.

use super::header::Compression;
use super::huffcdic::Decoder;
use super::part::Part;
use super::{damaged, palmdoc, trailing};
use crate::book::{Change, Error, Report};

/// Most bytes of text; the longest novels have some 20 MB.
const MOST_TEXT: usize = 128 << 20;
/// Most bytes that one record may give; they are cut at 4,096.
const MOST_OF_RECORD: usize = 1 << 16;

impl<'a> Part<'a, '_> {
    /// The text. What cannot be unpacked is damage; under `rescue` the rest is taken, and trailing
    /// data is looked at another way if that gives a text of the right length.
    pub(in crate::book) fn text(&self, rescue: bool, report: &mut Report) -> Result<Vec<u8>, Error> {
        let declared = self.unpack(self.header.trailing);
        if declared.damage.is_none() && self.is_complete(&declared) {
            return Ok(declared.text);
        }
        if !rescue {
            let short = || format!("its text has {} bytes of {}", declared.text.len(), self.header.text_length);
            return Err(declared.error.unwrap_or_else(|| damaged(declared.damage.unwrap_or_else(short))));
        }
        let mut best = declared;
        for flags in [3, 1, 7, 0].into_iter().filter(|&flags| flags != self.header.trailing) {
            let other = self.unpack(flags);
            if other.damaged_records < best.damaged_records
                || other.damaged_records == best.damaged_records && self.misses(&other) < self.misses(&best)
            {
                best = other;
            }
        }
        if let Some(Error::Unsupported(what)) = best.error {
            return Err(Error::Unsupported(what));
        }
        if best.text.is_empty() {
            return Err(damaged("nothing of its text can be read"));
        }
        let what = best.damage.take().unwrap_or_else(|| format!("{} bytes of text", best.text.len()));
        report.note(Change::Rescued, what);
        Ok(best.text)
    }

    fn misses(&self, unpacked: &Unpacked) -> usize {
        unpacked.text.len().abs_diff(self.header.text_length)
    }

    /// Some writers count a little too much; a record that is missing is more than that.
    fn is_complete(&self, unpacked: &Unpacked) -> bool {
        const ROUNDING: usize = 4096;
        unpacked.text.len().saturating_add(ROUNDING) >= self.header.text_length
    }

    fn unpack(&self, flags: u16) -> Unpacked {
        let mut unpacked = Unpacked::default();
        let mut decoder = match self.decoder() {
            Ok(decoder) => decoder,
            Err(error) => {
                unpacked.damaged_records = self.header.text_records;
                unpacked.error = Some(error);
                return unpacked;
            }
        };
        let count = self.header.text_records;
        for at in 1..=count {
            let record = self.record(at);
            let whole = record.and_then(|record| trailing::strip(record, flags)).is_some_and(|packed| {
                let text = &mut unpacked.text;
                match (self.header.compression, decoder.as_mut()) {
                    (Compression::HuffCdic, Some(decoder)) => decoder.decompress(packed, MOST_OF_RECORD, text),
                    (Compression::PalmDoc, _) => palmdoc::decompress(packed, MOST_OF_RECORD, text),
                    _ => {
                        text.extend_from_slice(packed);
                        true
                    }
                }
            });
            if !whole {
                unpacked.damaged_records += 1;
                unpacked.damage.get_or_insert_with(|| format!("text record {at} of {count} cannot be unpacked"));
            }
            if unpacked.text.len() > MOST_TEXT {
                unpacked.error = Some(Error::Unsupported("it unpacks to more than a book should".into()));
                return unpacked;
            }
        }
        unpacked
    }

    fn decoder(&self) -> Result<Option<Decoder<'a>>, Error> {
        if self.header.compression != Compression::HuffCdic {
            return Ok(None);
        }
        let (first, count) = self.header.huffman.ok_or_else(|| damaged("its Huffman table is not there"))?;
        let huff = self.record(first).ok_or_else(|| damaged("its Huffman table is not there"))?;
        let last = first.saturating_add(count).min(self.len());
        let dictionaries = (first + 1..last).map_while(|at| self.record(at));
        Decoder::new(huff, dictionaries).map(Some)
    }
}

#[derive(Default)]
struct Unpacked {
    text: Vec<u8>,
    damaged_records: usize,
    damage: Option<String>,
    error: Option<Error>,
}
