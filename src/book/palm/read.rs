//! Opens the database and chooses the book in it.

use super::damaged;
use super::database::Database;
use super::part::Part;
use crate::book::{Book, Change, Error, Format, ReadOptions, Report, azw3, mobi};

/// The version of the format from which on a book is KF8.
const KF8: u32 = 8;
/// EXTH: in the old half of a file with two books, the number of the KF8 half's header.
const KF8_HEADER: u32 = 121;

/// Reads a MOBI, AZW3 or PalmDOC file. Of two books the KF8 one is read; the old one only if that is
/// damaged.
pub(in crate::book) fn read(bytes: &[u8], options: &ReadOptions<'_>) -> Result<Book, Error> {
    let mut report = Report::default();
    let database = Database::open(bytes, options.rescue, &mut report)?;
    let boundary = (1..database.len()).find(|&at| database.record(at) == Some(b"BOUNDARY"));
    let first = Part::open(&database, 0..database.len())?;
    if database.is_palmdoc() {
        return mobi::read_palmdoc(&first, options, report);
    }
    if first.header.version >= KF8 {
        let alone = Part::open(&database, 0..boundary.unwrap_or(database.len()))?;
        return azw3::read(&alone, &alone, options, report);
    }
    let old = Part::open(&database, 0..boundary.unwrap_or(database.len()))?;
    let header = first.exth.number(KF8_HEADER).or(boundary.map(|at| at + 1));
    let Some(header) = header.filter(|_| boundary.is_some()) else {
        return mobi::read(&old, options, report);
    };
    match read_second(&database, header, &old, options, report.clone()) {
        Ok(book) => Ok(book),
        Err(Error::Encrypted) => Err(Error::Encrypted),
        Err(error) => {
            report.note(Change::Rescued, format!("the older of the two books in the file: {error}"));
            mobi::read(&old, options, report)
        }
    }
}

/// The KF8 half; its pictures are in the old half.
fn read_second(
    database: &Database<'_>,
    header: usize,
    old: &Part<'_, '_>,
    options: &ReadOptions<'_>,
    report: Report,
) -> Result<Book, Error> {
    let end = (header..database.len()).find(|&at| database.record(at) == Some(b"BOUNDARY"));
    let new = Part::open(database, header..end.unwrap_or(database.len()))?;
    if new.header.version < KF8 {
        return Err(damaged("its second book has no KF8 header"));
    }
    let book = azw3::read(&new, old, options, report)?;
    Ok(Book { format: Format::Mobi, ..book })
}
