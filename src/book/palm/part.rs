//! One of the books in a database: the old one, or the KF8 one behind it.

use super::damaged;
use super::database::Database;
use super::encoding::TextEncoding;
use super::exth::Exth;
use super::header::Header;
use crate::book::Error;
use std::ops::Range;

/// A book with its header; records count from the header's own.
pub(in crate::book) struct Part<'a, 'd> {
    database: &'d Database<'a>,
    records: Range<usize>,
    pub(in crate::book) header: Header,
    pub(in crate::book) exth: Exth<'a>,
}

impl<'a, 'd> Part<'a, 'd> {
    /// The book whose header is the first of these records.
    pub(super) fn open(database: &'d Database<'a>, records: Range<usize>) -> Result<Part<'a, 'd>, Error> {
        let record = database.record(records.start).ok_or_else(|| damaged("its header record is not there"))?;
        let header = Header::parse(record)?;
        if header.encrypted {
            return Err(Error::Encrypted);
        }
        let exth = header.exth.map_or_else(Exth::default, |at| Exth::parse(record, at));
        Ok(Part { database, records, header, exth })
    }

    /// The bytes of a record of this book.
    pub(in crate::book) fn record(&self, at: usize) -> Option<&'a [u8]> {
        let at = self.records.start.checked_add(at).filter(|at| self.records.contains(at))?;
        self.database.record(at)
    }

    /// How many records belong to it.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The title in the header.
    pub(super) fn full_name(&self) -> Option<&'a [u8]> {
        self.header.full_name(self.record(0)?)
    }

    /// How its text is encoded.
    pub(in crate::book) fn encoding(&self, text: &[u8]) -> TextEncoding {
        TextEncoding::of(self.header.codepage, text)
    }

    /// The name of the database.
    pub(in crate::book) fn database_name(&self) -> &'a [u8] {
        self.database.name()
    }
}
