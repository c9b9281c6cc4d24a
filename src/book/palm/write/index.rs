//! INDX: a sorted list of entries with numbers under tags, and texts beside it (CNCX).
//!
//! The main record says which tags there are and which entries each data record ends with; then
//! come the data records and the records of texts. Positions within a record have two bytes, so a
//! record ends well before 64 KiB and any number of them follow one another.

use super::{Record, pad4, u16_of, u32_of, vwi};

/// What an entry may say.
#[derive(Clone, Copy, Debug)]
pub(in crate::book) struct Tag {
    /// The number that gives the meaning.
    pub(in crate::book) id: u8,
    /// Numbers in one value.
    pub(in crate::book) values: u8,
    /// The bits of the control byte that count the values.
    pub(in crate::book) mask: u8,
}

const HEADER: usize = 192;
/// As kindlegen stops.
const FULL_DATA: usize = 0x10000 - HEADER - 1048;
const FULL_TEXT: usize = 0x10000 - 1024;
/// A longer text is cut.
const LONGEST_TEXT: usize = 500;

/// An index in the making.
pub(in crate::book) struct IndexWriter {
    tags: &'static [Tag],
    full: Vec<DataRecord>,
    data: DataRecord,
    texts: Vec<Vec<u8>>,
    total: usize,
}

#[derive(Default)]
struct DataRecord {
    /// The entries, from [`HEADER`] on.
    entries: Vec<u8>,
    offsets: Vec<u16>,
    last_label: Vec<u8>,
}

impl IndexWriter {
    pub(in crate::book) fn new(tags: &'static [Tag]) -> IndexWriter {
        IndexWriter { tags, full: Vec::new(), data: DataRecord::default(), texts: Vec::new(), total: 0 }
    }

    /// Adds an entry. Each tag is named at most once; `values` in the order of the tags.
    pub(in crate::book) fn add(&mut self, label: &[u8], values: &[(u8, &[u32])]) {
        let label: &[u8] = label.get(..label.len().min(255)).unwrap_or_default();
        let mut entry = vec![label.len() as u8];
        entry.extend_from_slice(label);
        let control = values.iter().fold(0, |control, (id, values)| control | self.control(*id, values.len()));
        entry.push(control);
        for number in values.iter().flat_map(|(_, values)| *values) {
            vwi::forward(&mut entry, *number);
        }
        if self.data.entries.len() + 2 * self.data.offsets.len() + entry.len() + 2 > FULL_DATA {
            self.full.push(std::mem::take(&mut self.data));
        }
        self.data.offsets.push(u16_of(HEADER + self.data.entries.len()));
        self.data.entries.extend_from_slice(&entry);
        self.data.last_label = label.to_vec();
        self.total += 1;
    }

    /// The bits that say how many values a tag has.
    fn control(&self, id: u8, numbers: usize) -> u8 {
        let tag = self.tags.iter().find(|tag| tag.id == id);
        debug_assert!(tag.is_some());
        tag.map_or(0, |tag| {
            let count = numbers / usize::from(tag.values.max(1));
            ((count << tag.mask.trailing_zeros()) & usize::from(tag.mask)) as u8
        })
    }

    /// Adds a text and gives its address.
    pub(in crate::book) fn text(&mut self, text: &str) -> u32 {
        let text = text.get(..text.floor_char_boundary(LONGEST_TEXT)).unwrap_or_default();
        if self.texts.last().is_none_or(|record| record.len() + text.len() + 2 > FULL_TEXT) {
            self.texts.push(Vec::new());
        }
        let record = self.texts.len() - 1;
        let Some(last) = self.texts.last_mut() else { return 0 };
        let address = record * 0x10000 + last.len();
        vwi::forward(last, u32_of(text.len()));
        last.extend_from_slice(text.as_bytes());
        u32_of(address)
    }

    /// The records: main, data, texts.
    pub(in crate::book) fn finish(mut self) -> Vec<Record<'static>> {
        self.full.push(std::mem::take(&mut self.data));
        let mut records = vec![Record::Owned(self.main_record())];
        records.extend(self.full.iter().map(|data| Record::Owned(data.record())));
        records.extend(self.texts.into_iter().map(|mut text| {
            pad4(&mut text);
            Record::Owned(text)
        }));
        records
    }

    fn main_record(&self) -> Vec<u8> {
        let mut out = vec![0; HEADER];
        put(&mut out, 0, u32::from_be_bytes(*b"INDX"));
        put(&mut out, 4, u32_of(HEADER));
        put(&mut out, 16, 2);
        put(&mut out, 24, u32_of(self.full.len()));
        put(&mut out, 28, 65001);
        put(&mut out, 32, u32::MAX);
        put(&mut out, 36, u32_of(self.total));
        put(&mut out, 52, u32_of(self.texts.len()));
        put(&mut out, 180, u32_of(HEADER));
        out.extend_from_slice(b"TAGX");
        out.extend_from_slice(&u32_of(12 + 4 * (self.tags.len() + 1)).to_be_bytes());
        out.extend_from_slice(&1u32.to_be_bytes());
        for tag in self.tags {
            out.extend_from_slice(&[tag.id, tag.values, tag.mask, 0]);
        }
        out.extend_from_slice(&[0, 0, 0, 1]);
        let mut offsets = Vec::with_capacity(self.full.len());
        for data in &self.full {
            offsets.push(u16_of(out.len()));
            out.push(data.last_label.len() as u8);
            out.extend_from_slice(&data.last_label);
            out.extend_from_slice(&u16_of(data.offsets.len()).to_be_bytes());
        }
        close(out, &offsets)
    }
}

impl DataRecord {
    fn record(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + self.entries.len() + 2 * self.offsets.len() + 16);
        out.resize(HEADER, 0);
        put(&mut out, 0, u32::from_be_bytes(*b"INDX"));
        put(&mut out, 4, u32_of(HEADER));
        put(&mut out, 12, 1);
        put(&mut out, 24, u32_of(self.offsets.len()));
        put(&mut out, 28, u32::MAX);
        put(&mut out, 32, u32::MAX);
        out.extend_from_slice(&self.entries);
        close(out, &self.offsets)
    }
}

/// Ends a record with the list of where its entries are.
fn close(mut out: Vec<u8>, offsets: &[u16]) -> Vec<u8> {
    pad4(&mut out);
    let list = u32_of(out.len());
    put(&mut out, 20, list);
    out.extend_from_slice(b"IDXT");
    for offset in offsets {
        out.extend_from_slice(&offset.to_be_bytes());
    }
    pad4(&mut out);
    out
}

fn put(out: &mut [u8], at: usize, value: u32) {
    if let Some(field) = out.get_mut(at..at + 4) {
        field.copy_from_slice(&value.to_be_bytes());
    }
}

#[cfg(test)]
pub(in crate::book) mod tests {
    use super::*;

    /// Label and numbers of an entry, its text addresses still numbers.
    pub(in crate::book) type Entry = (String, Vec<(u8, Vec<u32>)>);

    fn u16_at(bytes: &[u8], at: usize) -> usize {
        usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]))
    }

    fn u32_at(bytes: &[u8], at: usize) -> usize {
        u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize
    }

    fn number(bytes: &[u8], at: &mut usize) -> u32 {
        let mut value = 0;
        loop {
            let byte = bytes[*at];
            *at += 1;
            value = value << 7 | u32::from(byte & 0x7F);
            if byte & 0x80 != 0 {
                return value;
            }
        }
    }

    /// Reads an index back.
    pub(in crate::book) fn read(records: &[Record<'_>]) -> Vec<Entry> {
        let main = &records[0];
        let tagx = u32_at(main, 180);
        let tags: Vec<&[u8]> = main[tagx + 12..tagx + u32_at(main, tagx + 4)].chunks(4).collect();
        let mut entries = Vec::new();
        for data in &records[1..=u32_at(main, 24)] {
            assert!(data.len() <= 0x10000);
            let list = u32_at(data, 20);
            assert_eq!(&data[list..list + 4], b"IDXT");
            for at in 0..u32_at(data, 24) {
                let start = u16_at(data, list + 4 + 2 * at);
                let label = usize::from(data[start]);
                let mut at = start + 1 + label;
                let text = String::from_utf8(data[start + 1..at].to_vec()).expect("a label");
                let control = data[at];
                at += 1;
                let mut values = Vec::new();
                for tag in tags.iter().filter(|tag| tag[3] == 0 && control & tag[2] != 0) {
                    let count = (control & tag[2]) >> tag[2].trailing_zeros();
                    values.push((tag[0], (0..count * tag[1]).map(|_| number(data, &mut at)).collect()));
                }
                entries.push((text, values));
            }
        }
        assert_eq!(entries.len(), u32_at(main, 36));
        entries
    }

    /// The text at an address.
    pub(in crate::book) fn text(records: &[Record<'_>], address: u32) -> String {
        let first = 1 + u32_at(&records[0], 24);
        let record = &records[first + (address >> 16) as usize];
        let mut at = (address & 0xFFFF) as usize;
        let length = number(record, &mut at) as usize;
        String::from_utf8(record[at..at + length].to_vec()).expect("a text")
    }

    #[test]
    fn ten_thousand_entries_come_back() {
        const TAGS: &[Tag] = &[
            Tag { id: 1, values: 1, mask: 3 },
            Tag { id: 6, values: 2, mask: 12 },
            Tag { id: 9, values: 1, mask: 16 },
        ];
        let mut index = IndexWriter::new(TAGS);
        for at in 0..10_000u32 {
            let address = index.text(&format!("text {at}"));
            let (one, six) = ([at, at], [at * 1000, 5, at * 1000, 5]);
            let mut values: Vec<(u8, &[u32])> = vec![(1, &one), (6, &six)];
            let address = [address];
            if at % 2 == 0 {
                values.push((9, &address));
            }
            index.add(format!("{at:010}").as_bytes(), &values);
        }
        let records = index.finish();
        assert!(records.len() > 6);
        let entries = read(&records);
        for (at, (label, values)) in entries.iter().enumerate() {
            let n = at as u32;
            assert_eq!(label, &format!("{at:010}"));
            assert_eq!(values[0], (1, vec![n, n]));
            assert_eq!(values[1], (6, vec![n * 1000, 5, n * 1000, 5]));
            match values.get(2) {
                Some((9, address)) => assert_eq!(text(&records, address[0]), format!("text {at}")),
                _ => assert_eq!(at % 2, 1),
            }
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let mut index = IndexWriter::new(&[]);
        let address = index.text(&"字".repeat(400));
        let records = index.finish();
        assert_eq!(text(&records, address), "字".repeat(166));
    }
}
