//! EXTH: what is said about the book, as numbered records behind the header.

use super::bytes::u32_at;

/// The records in their order. A record whose length cannot be ends the list.
#[derive(Debug, Default)]
pub(in crate::book) struct Exth<'a> {
    records: Vec<(u32, &'a [u8])>,
}

/// A type and a length stand before the data.
const RECORD_HEAD: usize = 8;

impl<'a> Exth<'a> {
    /// Reads the list that starts at `at`; empty if there is none.
    pub(super) fn parse(record: &'a [u8], at: usize) -> Exth<'a> {
        let mut exth = Exth::default();
        let Some(list) = record.get(at..).filter(|list| list.starts_with(b"EXTH")) else {
            return exth;
        };
        let count = u32_at(list, 8).unwrap_or(0);
        let mut rest = list.get(12..).unwrap_or_default();
        for _ in 0..count {
            let Some((kind, length)) = u32_at(rest, 0).zip(u32_at(rest, 4)) else { break };
            let Some(data) = rest.get(RECORD_HEAD..length as usize) else { break };
            exth.records.push((kind, data));
            rest = rest.get(length as usize..).unwrap_or_default();
        }
        exth
    }

    /// The data of every record of a type.
    pub(super) fn all(&self, kind: u32) -> impl Iterator<Item = &'a [u8]> {
        self.records.iter().filter(move |(found, _)| *found == kind).map(|(_, data)| *data)
    }

    /// The data of the first record of a type that has any.
    pub(in crate::book) fn first(&self, kind: u32) -> Option<&'a [u8]> {
        self.all(kind).find(|data| !data.is_empty())
    }

    /// The first record of a type as text in ASCII.
    pub(in crate::book) fn ascii(&self, kind: u32) -> Option<&'a str> {
        self.first(kind).and_then(|data| std::str::from_utf8(data).ok()).map(str::trim)
    }

    /// The first record of a type as a number; `None` for the number that stands for nothing.
    pub(in crate::book) fn number(&self, kind: u32) -> Option<usize> {
        let data = self.first(kind)?;
        let number = match data {
            [one] => u32::from(*one),
            [one, two] => u32::from(u16::from_be_bytes([*one, *two])),
            _ => u32_at(data, 0)?,
        };
        (number != u32::MAX).then_some(number as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::palm::fixture::exth;

    #[test]
    fn records_repeat_and_lengths_are_not_believed() {
        let mut bytes = exth(&[(100, b"A".to_vec()), (100, b"B".to_vec()), (201, vec![0, 0, 0, 7])]);
        let found = Exth::parse(&bytes, 0);
        assert_eq!(found.all(100).collect::<Vec<_>>(), [b"A", b"B"]);
        assert_eq!(found.number(201), Some(7));
        assert_eq!(found.number(202), None);
        // The length of the second record becomes 0: it and all behind it are gone.
        bytes[12 + 9 + 4..12 + 9 + 8].fill(0);
        let found = Exth::parse(&bytes, 0);
        assert_eq!(found.all(100).collect::<Vec<_>>(), [b"A"]);
        assert_eq!(found.number(201), None);
        assert!(Exth::parse(b"EXTH", 0).first(100).is_none());
        assert!(Exth::parse(b"none", 9).first(100).is_none());
    }
}
