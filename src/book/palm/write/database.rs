//! The Palm database: records one after another behind a list of where they start.

use super::{u16_of, u32_of};
use crate::book::Error;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// The content of a record; pictures are borrowed from the book.
pub(in crate::book) type Record<'a> = Cow<'a, [u8]>;

const HEAD: usize = 78;
const PER_RECORD: usize = 8;
const LONGEST_NAME: usize = 31;

/// The whole file.
///
/// # Errors
/// [`Error::Unsupported`] if there are more records, or more bytes, than the format can count.
pub(in crate::book) fn database(title: &str, unique_id: u32, records: &[Record<'_>]) -> Result<Vec<u8>, Error> {
    let first = HEAD + PER_RECORD * records.len() + 2;
    let size = records.iter().fold(first, |size, record| size.saturating_add(record.len()));
    if records.len() > usize::from(u16::MAX) || u32::try_from(size).is_err() {
        return Err(Error::Unsupported("it is too large for this format".into()));
    }
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(&name(title, unique_id));
    // Attributes, version, three times and three numbers: no clock here, so all are zero.
    out.resize(60, 0);
    out.extend_from_slice(b"BOOKMOBI");
    out.extend_from_slice(&u32_of((2 * records.len()).saturating_sub(1)).to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&u16_of(records.len()).to_be_bytes());
    let mut offset = first;
    for (at, record) in records.iter().enumerate() {
        out.extend_from_slice(&u32_of(offset).to_be_bytes());
        // No attributes, and a number of three bytes.
        out.extend_from_slice(&u32_of(2 * at).to_be_bytes());
        offset += record.len();
    }
    out.extend_from_slice(&[0; 2]);
    for record in records {
        out.extend_from_slice(record);
    }
    Ok(out)
}

/// The name of the database: ASCII, because old software shows it. What has no Latin letters is
/// named by its number.
fn name(title: &str, unique_id: u32) -> [u8; LONGEST_NAME + 1] {
    let mut name = String::new();
    for c in title.nfkd() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' => name.push(c),
            _ if c.is_whitespace() && !name.is_empty() && !name.ends_with('_') => name.push('_'),
            _ => {}
        }
        if name.len() == LONGEST_NAME {
            break;
        }
    }
    let mut name = name.trim_end_matches('_').to_owned();
    if !name.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        name = format!("Book_{unique_id:08X}");
    }
    let mut field = [0; LONGEST_NAME + 1];
    for (to, from) in field.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_stand_where_the_list_says() {
        let records: Vec<Record<'_>> = vec![b"zero"[..].into(), b""[..].into(), b"two"[..].into()];
        let file = database("Ein Büchlein", 7, &records).expect("a file");
        assert_eq!(&file[..13], b"Ein_Buchlein\0");
        assert_eq!(&file[60..68], b"BOOKMOBI");
        assert_eq!(&file[76..78], [0, 3]);
        let offset = |at: usize| u32::from_be_bytes(file[78 + 8 * at..82 + 8 * at].try_into().expect("four")) as usize;
        assert_eq!((offset(0), offset(1), offset(2)), (104, 108, 108));
        assert_eq!(&file[offset(0)..offset(1)], b"zero");
        assert_eq!(&file[offset(2)..], b"two");
    }

    #[test]
    fn a_title_without_latin_letters_still_gives_a_name() {
        assert_eq!(&name("紅樓夢", 0xAB)[..14], b"Book_000000AB\0");
        assert_eq!(&name("A title that is much too long for it", 0)[..32], b"A_title_that_is_much_too_long_f\0");
    }

    #[test]
    fn too_many_records_are_refused() {
        let records = vec![Record::default(); 65_536];
        assert!(matches!(database("x", 0, &records), Err(Error::Unsupported(_))));
    }
}
