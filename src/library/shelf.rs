//! The one place where a book's record is written, with everything derived from it: the shelf, popularity, the
//! ways to find it by hash, work and catalogue number, the counters, and the note for the index.

use super::MOST_MERGES;
use crate::search;
use crate::store::records::{BookId, BookRecord};
use crate::store::schema::{BOOK_OF_HASH, BOOK_OF_UID, BOOK_OF_WORK, BOOKS, CHANGES, META, POPULAR, REMOVED, SHELF};
use crate::store::{ContentHash, Result, Write};

pub(super) const BOOKS_SHOWN: &str = "books";
pub(super) const BOOKS_ON_SHELF: &str = "shelf";
pub(super) const BOOKS_REMOVED: &str = "removed";

/// One download weighs as much as this many votes of a catalogue.
const VOTES_PER_DOWNLOAD: u64 = 20;

/// A number for a new book.
pub(super) fn next_id(write: &mut Write<'_>) -> Result<BookId> {
    next(write, "last_book")
}

/// No new book gets this number, nor a smaller one.
pub(super) fn count_past(write: &mut Write<'_>, id: BookId) -> Result<()> {
    let last = "last_book".to_owned();
    let before = write.get(&META, &last)?.unwrap_or(0);
    write.put(&META, &last, &before.max(id))
}

/// Stores the record and whatever follows from it. `before` is what is stored now.
pub(super) fn put(write: &mut Write<'_>, id: BookId, before: Option<&BookRecord>, after: &BookRecord) -> Result<()> {
    write.put(&BOOKS, &id, after)?;
    put_lookups(write, id, before, after)?;
    put_ranks(write, id, before, after)?;
    put_counts(write, before, after)?;
    match (before.is_some_and(is_removed), is_removed(after)) {
        (false, true) => write.put(&REMOVED, &id, &())?,
        (true, false) => write.delete(&REMOVED, &id),
        _ => {}
    }
    if before.is_none_or(|before| looks_different(before, after)) {
        note_change(write, id)?;
    }
    Ok(())
}

/// Notes that the index must look at this book again.
pub(super) fn note_change(write: &mut Write<'_>, id: BookId) -> Result<()> {
    let change = next(write, "last_change")?;
    write.put(&CHANGES, &change, &id)
}

/// What makes two files the same work: title and first author, folded so that 簡 and 简, Ａ and a, and
/// punctuation do not matter.
pub(super) fn work_key(book: &BookRecord) -> String {
    let author = book.authors.first().map(|name| search::author_key(name)).unwrap_or_default();
    let title = search::title_key(&book.title);
    // A title of punctuation only is still a title.
    let title = if title.is_empty() { search::fold(&book.title) } else { title };
    format!("{title}|{author}")
}

/// The book that this record belongs to: the one of its catalogue number, wherever that was merged into, else the
/// one of its work, unless a catalogue tells the two apart.
pub(super) fn holder(write: &Write<'_>, book: &BookRecord) -> Result<Option<(BookId, BookRecord)>> {
    if let Some(found) = holder_of_uid(write, book)? {
        return Ok(Some(found));
    }
    let Some(id) = write.get(&BOOK_OF_WORK, &work_key(book))? else { return Ok(None) };
    Ok(write.get(&BOOKS, &id)?.filter(|found| !is_told_apart(found, book)).map(|found| (id, found)))
}

/// The book of this record's catalogue number, wherever that was merged into.
pub(super) fn holder_of_uid(write: &Write<'_>, book: &BookRecord) -> Result<Option<(BookId, BookRecord)>> {
    let Some(uid) = &book.uid else { return Ok(None) };
    let mut next = write.get(&BOOK_OF_UID, uid)?;
    for _ in 0..MOST_MERGES {
        let Some(id) = next else { return Ok(None) };
        let Some(found) = write.get(&BOOKS, &id)? else { return Ok(None) };
        if found.merged_into.is_none() {
            return Ok(Some((id, found)));
        }
        next = found.merged_into;
    }
    Ok(None)
}

/// Whether catalogues have both, under different numbers.
pub(super) fn is_told_apart(one: &BookRecord, other: &BookRecord) -> bool {
    one.uid.is_some() && other.uid.is_some() && one.uid != other.uid
}

/// How wanted a book is: catalogue votes and our own downloads.
pub(super) fn popularity(book: &BookRecord) -> u64 {
    book.votes.saturating_add(book.downloads.saturating_mul(VOTES_PER_DOWNLOAD))
}

fn put_lookups(write: &mut Write<'_>, id: BookId, before: Option<&BookRecord>, after: &BookRecord) -> Result<()> {
    let key = work_key(after);
    if let Some(old) = before.map(work_key)
        && (old != key || !after.is_shown())
        && write.get(&BOOK_OF_WORK, &old)? == Some(id)
    {
        write.delete(&BOOK_OF_WORK, &old);
    }
    if after.is_shown() && !is_held(write, &key, id, after)? {
        write.put(&BOOK_OF_WORK, &key, &id)?;
    }
    if let Some(before) = before {
        forget_lookups(write, id, before, after)?;
    }
    if let Some(uid) = &after.uid
        && before.is_none_or(|before| before.uid != after.uid)
    {
        write.put(&BOOK_OF_UID, uid, &id)?;
    }
    for edition in &after.editions {
        if !before.is_some_and(|before| before.editions.contains(edition)) {
            write.put(&BOOK_OF_HASH, &edition.hash.to_string(), &id)?;
        }
    }
    Ok(())
}

/// Whether the work has a book. The first keeps it, unless it is gone, or has no file and this one has.
fn is_held(write: &Write<'_>, work: &String, id: BookId, book: &BookRecord) -> Result<bool> {
    let Some(holder) = write.get(&BOOK_OF_WORK, work)? else { return Ok(false) };
    if holder == id {
        return Ok(true);
    }
    let holder = write.get(&BOOKS, &holder)?.filter(BookRecord::is_shown);
    Ok(holder.is_some_and(|holder| !holder.editions.is_empty() || book.editions.is_empty()))
}

/// What the record does not name any more does not lead to it any more; by now it may lead to another book.
fn forget_lookups(write: &mut Write<'_>, id: BookId, before: &BookRecord, after: &BookRecord) -> Result<()> {
    if let Some(uid) = before.uid.as_ref().filter(|_| before.uid != after.uid)
        && write.get(&BOOK_OF_UID, uid)? == Some(id)
    {
        write.delete(&BOOK_OF_UID, uid);
    }
    for edition in before.editions.iter().filter(|edition| !after.editions.contains(edition)) {
        let hash = edition.hash.to_string();
        if write.get(&BOOK_OF_HASH, &hash)? == Some(id) {
            write.delete(&BOOK_OF_HASH, &hash);
        }
    }
    Ok(())
}

fn put_ranks(write: &mut Write<'_>, id: BookId, before: Option<&BookRecord>, after: &BookRecord) -> Result<()> {
    let rank = |book: &BookRecord| (u64::MAX - popularity(book), id);
    let old = before.filter(|book| is_on_shelf(book)).map(rank);
    let new = Some(after).filter(|book| is_on_shelf(book)).map(rank);
    if old == new {
        return Ok(());
    }
    if let Some(old) = old {
        write.delete(&POPULAR, &old);
        write.delete(&SHELF, &id);
    }
    if let Some(new) = new {
        write.put(&POPULAR, &new, &())?;
        write.put(&SHELF, &id, &())?;
    }
    Ok(())
}

fn put_counts(write: &mut Write<'_>, before: Option<&BookRecord>, after: &BookRecord) -> Result<()> {
    let mut count = |counter: &str, is_counted: fn(&BookRecord) -> bool| -> Result<()> {
        let change = i64::from(is_counted(after)) - i64::from(before.is_some_and(is_counted));
        if change != 0 {
            write.count(counter, change)?;
        }
        Ok(())
    };
    count(BOOKS_SHOWN, BookRecord::is_shown)?;
    count(BOOKS_ON_SHELF, is_on_shelf)?;
    count(BOOKS_REMOVED, is_removed)
}

fn is_on_shelf(book: &BookRecord) -> bool {
    book.is_shown() && !book.editions.is_empty()
}

fn is_removed(book: &BookRecord) -> bool {
    book.removed_at.is_some() && book.merged_into.is_none()
}

/// Whether the index would say something else. Popularity counts by its magnitude, or every download would.
fn looks_different(before: &BookRecord, after: &BookRecord) -> bool {
    let magnitude = |book: &BookRecord| popularity(book).checked_ilog2();
    before.title != after.title
        || before.aliases != after.aliases
        || before.isbns != after.isbns
        || before.authors != after.authors
        || before.series != after.series
        || before.language != after.language
        || before.is_shown() != after.is_shown()
        // What is searched inside is the first file's text.
        || first_file(before) != first_file(after)
        || magnitude(before) != magnitude(after)
}

fn first_file(book: &BookRecord) -> Option<&ContentHash> {
    book.editions.first().map(|edition| &edition.hash)
}

fn next(write: &mut Write<'_>, sequence: &str) -> Result<u64> {
    let key = sequence.to_owned();
    let number = write.get(&META, &key)?.unwrap_or(0) + 1;
    write.put(&META, &key, &number)?;
    Ok(number)
}
