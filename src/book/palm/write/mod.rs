//! The parts of a Palm book file, from values to bytes.
//!
//! Each file here makes one kind of record and knows nothing of the others; the order of records
//! and the numbers that point from one to another are the caller's. All integers are big-endian. A
//! count that does not fit its field becomes the largest that does: [`database`] refuses books that
//! large before such a field could be believed.

mod compress;
mod database;
mod description;
mod exth;
mod header;
mod index;
mod locale;
mod ncx;
mod resource;
mod small;
mod tbs;
mod text;
mod thumbnail;
mod vwi;

pub(in crate::book) use compress::Compressor;
pub(in crate::book) use database::{Record, database};
pub(in crate::book) use description::description;
pub(in crate::book) use exth::Exth;
pub(in crate::book) use header::{Header, Version, unique_id};
pub(in crate::book) use index::{IndexWriter, Tag};
pub(in crate::book) use ncx::{Ncx, NcxPoint};
pub(in crate::book) use resource::{Resources, base32};
pub(in crate::book) use small::{END, fcis, fdst, flis};
pub(in crate::book) use tbs::TbsKind;
pub(in crate::book) use text::text_records;
pub(in crate::book) use thumbnail::thumbnail;

/// A length or position as the field for it; see the module.
pub(in crate::book) fn u32_of(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The same for short fields.
pub(in crate::book) fn u16_of(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// Zeros up to the next multiple of four.
fn pad4(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}
