//! EXTH: what is said about the book, as numbered records behind the header.
//!
//! The numbers are those of the MobileRead wiki. Not written: 501 (kind of content), which
//! kindlegen leaves out too and which lets a Kindle treat the file as bought.

use super::{Record, u32_of};
use crate::book::Metadata;
use std::collections::HashSet;

/// The records so far.
#[derive(Default)]
pub(in crate::book) struct Exth {
    records: Vec<u8>,
    count: u32,
}

impl Exth {
    /// Everything that is said about the book itself.
    pub(in crate::book) fn of(metadata: &Metadata) -> Exth {
        let mut exth = Exth::default();
        let authors = metadata.authors();
        for author in &authors {
            exth.text(100, author);
        }
        exth.optional(101, metadata.publisher.as_deref());
        exth.optional(103, metadata.description.as_deref());
        for identifier in &metadata.identifiers {
            match identifier.scheme.as_str() {
                "isbn" => exth.text(104, &identifier.value),
                "asin" | "mobi-asin" | "uuid" | "" => {}
                scheme => exth.text(112, &format!("{scheme}:{}", identifier.value)),
            }
        }
        for subject in &metadata.subjects {
            exth.text(105, subject);
        }
        exth.optional(106, metadata.published.as_deref());
        let mut named: HashSet<&str> = authors.into_iter().collect();
        for other in metadata.contributors.iter().filter(|one| named.insert(&one.name)) {
            exth.text(108, &other.name);
        }
        exth.optional(109, metadata.rights.as_deref());
        exth.optional(112, metadata.source.as_deref());
        exth.optional(113, own_identifier(metadata));
        exth.text(503, &metadata.title);
        exth.optional(524, metadata.language.as_deref());
        exth
    }

    /// Adds a text, unless it is empty.
    pub(in crate::book) fn text(&mut self, kind: u32, text: &str) {
        if !text.is_empty() {
            self.add(kind, text.as_bytes());
        }
    }

    fn optional(&mut self, kind: u32, text: Option<&str>) {
        self.text(kind, text.unwrap_or_default());
    }

    /// Adds a number.
    pub(in crate::book) fn number(&mut self, kind: u32, number: usize) {
        self.add(kind, &u32_of(number).to_be_bytes());
    }

    fn add(&mut self, kind: u32, content: &[u8]) {
        self.records.extend_from_slice(&kind.to_be_bytes());
        self.records.extend_from_slice(&u32_of(content.len() + 8).to_be_bytes());
        self.records.extend_from_slice(content);
        self.count += 1;
    }

    /// The block with its head, filled up to a multiple of four; the fill is not counted.
    pub(in crate::book) fn finish(self) -> Record<'static> {
        let mut out = b"EXTH".to_vec();
        out.extend_from_slice(&u32_of(12 + self.records.len()).to_be_bytes());
        out.extend_from_slice(&self.count.to_be_bytes());
        out.extend_from_slice(&self.records);
        super::pad4(&mut out);
        out.into()
    }
}

/// The title with the subtitle, for the header; the title that is shown is record 503.
pub(super) fn full_title(metadata: &Metadata) -> String {
    match metadata.subtitle.as_deref() {
        Some(subtitle) if !subtitle.is_empty() && !metadata.title.contains(subtitle) => {
            format!("{}: {subtitle}", metadata.title)
        }
        _ => metadata.title.clone(),
    }
}

/// What a Kindle tells books apart by: an ASIN, else a UUID, else whatever there is.
fn own_identifier(metadata: &Metadata) -> Option<&str> {
    let of = |schemes: &[&str]| {
        metadata.identifiers.iter().find(|one| schemes.contains(&one.scheme.as_str())).map(|one| one.value.as_str())
    };
    of(&["mobi-asin", "asin"])
        .or_else(|| of(&["uuid"]))
        .or_else(|| metadata.identifiers.first().map(|one| one.value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::Identifier;
    use crate::book::Role;

    /// Kind and content of each record.
    fn read(block: &[u8]) -> Vec<(u32, String)> {
        let word = |at: usize| u32::from_be_bytes(block[at..at + 4].try_into().expect("four bytes"));
        assert_eq!(&block[..4], b"EXTH");
        let (mut at, mut records) = (12, Vec::new());
        for _ in 0..word(8) {
            let end = at + word(at + 4) as usize;
            records.push((word(at), String::from_utf8_lossy(&block[at + 8..end]).into_owned()));
            at = end;
        }
        assert_eq!(at, word(4) as usize);
        assert_eq!(block.len() % 4, 0);
        records
    }

    #[test]
    fn everything_said_is_there() {
        let mut metadata =
            Metadata { title: "红楼梦".into(), language: Some("zh-CN".into()), ..Metadata::default() };
        metadata.add_author("曹雪芹");
        metadata.add_author("高鹗");
        metadata.add("Hawkes", Role::Translator);
        metadata.identifiers.push(Identifier { scheme: "isbn".into(), value: "978".into() });
        metadata.identifiers.push(Identifier { scheme: "uuid".into(), value: "u-1".into() });
        let expected = [
            (100, "曹雪芹"),
            (100, "高鹗"),
            (104, "978"),
            (108, "Hawkes"),
            (113, "u-1"),
            (503, "红楼梦"),
            (524, "zh-CN"),
        ];
        let records = read(&Exth::of(&metadata).finish());
        assert_eq!(records, expected.map(|(kind, text)| (kind, text.to_owned())));
    }
}
