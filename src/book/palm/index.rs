//! INDX: tables of entries with tagged numbers, as contents, parts and guide are stored.
//!
//! A main record describes the tags (TAGX), then follow records of entries, then records of strings
//! (CNCX). Entries are read until the first that does not fit; [`Index::damage`] says which.

use super::bytes::{u16_at, u32_at, varint};
use super::part::Part;

/// More entries than any book has; the contents of the Bible have some 1,300.
const MOST_ENTRIES: usize = 400_000;
/// More numbers than an entry has.
const MOST_VALUES: usize = 1_024;

/// A table as far as it could be read.
#[derive(Debug, Default)]
pub(in crate::book) struct Index<'a> {
    pub(in crate::book) entries: Vec<Entry<'a>>,
    strings: Vec<&'a [u8]>,
    /// What ended the reading early.
    pub(in crate::book) damage: Option<String>,
}

/// A label and numbers under tags.
#[derive(Debug)]
pub(in crate::book) struct Entry<'a> {
    pub(in crate::book) label: &'a [u8],
    values: Vec<(u8, u32)>,
}

impl Entry<'_> {
    /// The number that stands at place `at` under a tag.
    pub(in crate::book) fn value(&self, tag: u8, at: usize) -> Option<u32> {
        self.values.iter().filter(|(found, _)| *found == tag).nth(at).map(|(_, value)| *value)
    }
}

impl<'a> Index<'a> {
    /// Reads the table whose main record is `at`.
    pub(in crate::book) fn read(part: &Part<'a, '_>, at: usize) -> Index<'a> {
        let mut index = Index::default();
        if let Err(what) = index.fill(part, at) {
            index.damage = Some(format!("index in record {at}: {what}"));
        }
        index
    }

    fn fill(&mut self, part: &Part<'a, '_>, at: usize) -> Result<(), String> {
        let main = part.record(at).filter(|record| record.starts_with(b"INDX")).ok_or("it is not there")?;
        let field = |offset| u32_at(main, offset).map(|value| value as usize).ok_or("its header is cut off");
        let tags = Tags::parse(main, field(4)?).or_else(|| Tags::parse(main, field(180).ok()?));
        let tags = tags.ok_or("its tags cannot be read")?;
        let (records, strings) = (field(24)?, field(52)?);
        for number in 1..=records {
            let record = at.checked_add(number).and_then(|at| part.record(at));
            let record = record.filter(|record| record.starts_with(b"INDX"));
            let record = record.ok_or_else(|| format!("its part {number} of {records} is not there"))?;
            self.entries_of(record, &tags).map_err(|what| format!("part {number}: {what}"))?;
        }
        let first = at.saturating_add(records).saturating_add(1);
        self.strings = (first..first.saturating_add(strings)).map_while(|at| part.record(at)).collect();
        Ok(())
    }

    fn entries_of(&mut self, record: &'a [u8], tags: &Tags) -> Result<(), String> {
        let field = |offset| u32_at(record, offset).map(|value| value as usize).ok_or("its header is cut off");
        let (list, count) = (field(20)?, field(24)?);
        let offset = |at: usize| u16_at(record, list.checked_add(4 + at * 2)?).map(usize::from);
        for at in 0..count {
            let start = offset(at).ok_or_else(|| format!("its list ends at entry {at} of {count}"))?;
            let end = if at + 1 < count { offset(at + 1).unwrap_or(list) } else { list };
            let entry = record.get(start..end).and_then(|bytes| tags.entry(bytes));
            self.entries.push(entry.ok_or_else(|| format!("entry {at} of {count} cannot be read"))?);
            if self.entries.len() > MOST_ENTRIES {
                return Err(format!("it has more than {MOST_ENTRIES} entries"));
            }
        }
        Ok(())
    }

    /// The string at an address: 65,536 times the number of its record, plus the place in it.
    pub(in crate::book) fn string(&self, address: u32) -> Option<&'a [u8]> {
        let record = self.strings.get((address >> 16) as usize)?;
        let rest = record.get((address & 0xFFFF) as usize..)?;
        let (length, used) = varint(rest)?;
        let start = rest.get(used..)?;
        Some(start.get(..length as usize).unwrap_or(start))
    }
}

/// The description of the tags.
struct Tags {
    control_bytes: usize,
    tags: Vec<Tag>,
}

#[derive(Clone, Copy)]
struct Tag {
    number: u8,
    /// Numbers that belong together.
    group: usize,
    /// The bits of the control byte that count the groups; 0 ends a control byte.
    mask: u8,
}

impl Tags {
    fn parse(main: &[u8], at: usize) -> Option<Tags> {
        let table = main.get(at..)?.strip_prefix(b"TAGX")?;
        let length = u32_at(table, 0)?.checked_sub(12)? as usize;
        let control_bytes = u32_at(table, 4)? as usize;
        let rows = table.get(8..)?.get(..length)?;
        let tags = rows.as_chunks::<4>().0.iter().map(|&[number, group, mask, end]| Tag {
            number,
            group: group.into(),
            mask: if end == 1 { 0 } else { mask },
        });
        Some(Tags { control_bytes, tags: tags.collect() })
    }

    fn entry<'a>(&self, bytes: &'a [u8]) -> Option<Entry<'a>> {
        let (&length, rest) = bytes.split_first()?;
        let (label, rest) = rest.split_at_checked(length.into())?;
        let (control, mut rest) = rest.split_at_checked(self.control_bytes)?;
        let mut control = control.iter();
        let mut current = control.next();
        let mut wanted = Vec::new();
        for tag in &self.tags {
            if tag.mask == 0 {
                current = control.next();
                continue;
            }
            match *current? & tag.mask {
                0 => {}
                bits if bits == tag.mask && tag.mask.count_ones() > 1 => {
                    let (size, used) = varint(rest)?;
                    rest = rest.get(used..)?;
                    wanted.push((tag, Extent::Bytes(size as usize)));
                }
                bits => wanted.push((tag, Extent::Groups((bits >> tag.mask.trailing_zeros()).into()))),
            }
        }
        let mut values = Vec::new();
        for (tag, extent) in wanted {
            let before = rest.len();
            let mut count = 0;
            while match extent {
                Extent::Groups(groups) => count < groups * tag.group,
                Extent::Bytes(size) => before - rest.len() < size,
            } {
                let (value, used) = varint(rest)?;
                rest = rest.get(used..)?;
                values.push((tag.number, value));
                count += 1;
                if values.len() > MOST_VALUES {
                    return None;
                }
            }
        }
        Some(Entry { label, values })
    }
}

#[derive(Clone, Copy)]
enum Extent {
    Groups(usize),
    Bytes(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(rows: &[[u8; 4]], control_bytes: u32) -> Tags {
        let mut table = b"TAGX".to_vec();
        table.extend_from_slice(&(12 + rows.len() as u32 * 4).to_be_bytes());
        table.extend_from_slice(&control_bytes.to_be_bytes());
        table.extend(rows.iter().flatten());
        Tags::parse(&table, 0).expect("tags")
    }

    #[test]
    fn numbers_are_found_under_their_tags() {
        let tags = tags(&[[1, 1, 3, 0], [6, 2, 12, 0], [0, 0, 0, 1]], 1);
        // Tag 1 once, tag 6 twice; then tag 1 by size.
        let entry = tags.entry(&[1, b'x', 0b1001, 0x85, 0x81, 0x82, 0x83, 0x84]).expect("an entry");
        assert_eq!((entry.label, entry.value(1, 0), entry.value(1, 1)), (b"x".as_slice(), Some(5), None));
        assert_eq!([0, 1, 2, 3].map(|at| entry.value(6, at)), [Some(1), Some(2), Some(3), Some(4)]);
        let entry = tags.entry(&[0, 0b11, 0x82, 0x87, 0x88]).expect("an entry");
        assert_eq!((entry.value(1, 0), entry.value(1, 1)), (Some(7), Some(8)));
    }

    #[test]
    fn an_entry_that_is_cut_off_is_none() {
        let tags = tags(&[[1, 1, 1, 0], [0, 0, 0, 1]], 1);
        for bytes in [&[][..], &[5, b'a'], &[0], &[0, 1], &[0, 1, 0x05]] {
            assert!(tags.entry(bytes).is_none());
        }
    }
}
