//! The Palm database: a name and a list of records.

use super::bytes::{u16_at, u32_at};
use super::damaged;
use crate::book::{Change, Error, Report};
use std::ops::Range;

/// Where the list of records starts.
const LIST: usize = 78;
/// An entry of the list: offset, attributes, number.
const LIST_ENTRY: usize = 8;

/// An open database; records are slices of the file.
pub(in crate::book) struct Database<'a> {
    bytes: &'a [u8],
    records: Vec<Range<usize>>,
}

impl<'a> Database<'a> {
    /// Reads the list of records. A list that does not fit the file is refused; under `rescue` what
    /// fits is taken.
    pub(super) fn open(bytes: &'a [u8], rescue: bool, report: &mut Report) -> Result<Database<'a>, Error> {
        let declared = u16_at(bytes, 76).ok_or_else(|| damaged("it ends within its header"))?;
        let mut count = usize::from(declared);
        let first = u32_at(bytes, LIST).map_or(0, |first| first as usize);
        let room = first.min(bytes.len()).saturating_sub(LIST) / LIST_ENTRY;
        if count == 0 || room == 0 {
            return Err(damaged("its list of records is empty or cut off"));
        }
        if count > room {
            let what = format!("its list of {count} records has room for {room} only");
            if !rescue {
                return Err(damaged(what));
            }
            report.note(Change::Rescued, what);
            count = room;
        }
        let starts: Vec<usize> = (0..count)
            .map(|at| u32_at(bytes, LIST + at * LIST_ENTRY).map_or(usize::MAX, |start| start as usize))
            .collect();
        check_order(&starts, bytes.len(), rescue, report)?;
        Ok(Database { bytes, records: extents(&starts, bytes.len()) })
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The bytes of a record.
    pub(super) fn record(&self, at: usize) -> Option<&'a [u8]> {
        self.bytes.get(self.records.get(at)?.clone())
    }

    /// The name of the database: the title cut to 31 bytes, often in ASCII with `_` for blanks.
    pub(super) fn name(&self) -> &'a [u8] {
        let name = self.bytes.get(..32).unwrap_or_default();
        name.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    /// Whether it is a document of the old PalmDOC kind, with a header of 16 bytes.
    pub(super) fn is_palmdoc(&self) -> bool {
        self.bytes.get(60..68) == Some(b"TEXtREAd".as_slice())
    }
}

/// Records stand in the file in the order of the list.
fn check_order(starts: &[usize], end: usize, rescue: bool, report: &mut Report) -> Result<(), Error> {
    let behind = starts.iter().position(|&start| start > end);
    let backwards = starts.windows(2).position(|pair| matches!(pair, [one, next] if next < one));
    let what = match (behind, backwards) {
        (None, None) => return Ok(()),
        (Some(at), _) => format!("record {at} of {} lies behind the end of the file", starts.len()),
        (None, Some(at)) => format!("record {} of {} starts before the one in front of it", at + 1, starts.len()),
    };
    if !rescue {
        return Err(damaged(what));
    }
    report.note(Change::Rescued, what);
    Ok(())
}

/// A record ends where the next one in the file starts.
fn extents(starts: &[usize], end: usize) -> Vec<Range<usize>> {
    let mut sorted: Vec<usize> = starts.iter().copied().filter(|&start| start <= end).collect();
    sorted.sort_unstable();
    let extent = |(at, &start): (usize, &usize)| {
        let next = starts.get(at + 1).copied().unwrap_or(end);
        if start > end {
            return end..end;
        }
        if (start..=end).contains(&next) {
            return start..next;
        }
        let after = sorted.partition_point(|&other| other <= start);
        start..sorted.get(after).copied().unwrap_or(end)
    };
    starts.iter().enumerate().map(extent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::palm::fixture::database;

    #[test]
    fn records_are_slices_of_the_file() {
        let bytes = database(b"BOOKMOBI", &[b"zero".to_vec(), Vec::new(), b"two".to_vec()]);
        let mut report = Report::default();
        let database = Database::open(&bytes, false, &mut report).expect("a database");
        assert_eq!(database.len(), 3);
        assert_eq!(database.record(0), Some(b"zero".as_slice()));
        assert_eq!(database.record(1), Some(b"".as_slice()));
        assert_eq!(database.record(2), Some(b"two".as_slice()));
        assert_eq!(database.record(3), None);
        assert!(report.is_empty());
    }

    #[test]
    fn a_list_that_does_not_fit_is_refused_or_clamped() {
        let whole = database(b"BOOKMOBI", &[b"zero".to_vec(), b"one".to_vec(), b"two".to_vec()]);
        let open = |bytes: &[u8], rescue| {
            let mut report = Report::default();
            let records = Database::open(bytes, rescue, &mut report).map(|database| {
                (0..database.len()).map(|at| database.record(at).map(<[u8]>::to_vec)).collect::<Vec<_>>()
            });
            (records, report.count(Change::Rescued))
        };
        let mut many = whole.clone();
        many[76..78].copy_from_slice(&[0xFF, 0xFF]);
        assert!(open(&many, false).0.is_err());
        assert_eq!(open(&many, true).0.expect("records").len(), 3);
        let cut = &whole[..whole.len() - 5];
        assert!(open(cut, false).0.is_err());
        let (records, rescued) = open(cut, true);
        assert_eq!(records.expect("records")[2], Some(Vec::new()));
        assert_eq!(rescued, 1);
        let mut swapped = whole.clone();
        let (one, two) = (whole[86..90].to_vec(), whole[94..98].to_vec());
        swapped[86..90].copy_from_slice(&two);
        swapped[94..98].copy_from_slice(&one);
        assert!(open(&swapped, false).0.is_err());
        assert_eq!(open(&swapped, true).0.expect("records")[1], Some(b"two".to_vec()));
    }
}
