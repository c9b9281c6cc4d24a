//! Books taken down for good: somebody has the rights, and the book must not come back.
//!
//! A book that is taken down is known again by its files, its work, its number in a catalogue and the addresses it came
//! from; every way in asks here. The recycle bin is something else: what lies there can be added again.

use chrono::{DateTime, Utc};

use super::{Error, Library, MOST_MERGES, Refused, Result, remove, requests, shelf};
use crate::store::records::{BookId, BookRecord, TakenDownRecord};
use crate::store::schema::{BOOK_OF_HASH, BOOK_OF_UID, BOOK_OF_WORK, BOOKS, TAKEN_DOWN};
use crate::store::{self, ContentHash, Durability, Write};

/// Longest reason kept, in characters.
const MOST_REASON: usize = 500;
/// Entries read at a time.
const PAGE: usize = 1_000;
/// Stands before the number of a book in the entry that lists its marks.
const BOOK: &str = "book:";

/// A book that was taken down, for a list.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Takedown {
    /// What [`Library::lift`] takes: the number that the book had.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Why it was taken down.
    pub reason: String,
    /// When.
    pub taken_down_at: DateTime<Utc>,
    /// What it is known again by, each with its kind in front: `hash:`, `work:`, `uid:`, `url:`.
    pub marks: Vec<String>,
}

impl Library {
    /// Removes a book for good and keeps it from coming back by any way until this is lifted. Its files are garbage
    /// then, see [`Library::collect_garbage`]; requests for it are closed.
    ///
    /// # Errors
    /// When there is no such book, when it was merged into another one, when no reason is given, or the store fails.
    pub fn take_down(&self, id: BookId, reason: &str, now: DateTime<Utc>) -> Result<()> {
        let reason: String = reason.trim().chars().take(MOST_REASON).collect();
        if reason.is_empty() {
            return Err(Refused::NoReason.into());
        }
        self.store.write(Durability::Durable, |write| {
            let book = write.get(&BOOKS, &id)?.ok_or(Error::NoSuchBook(id))?;
            if let Some(kept) = book.merged_into {
                return Err(Refused::PartOf { book: id, kept }.into());
            }
            let mut marks = self.strike(write, id, &book)?;
            marks.sort();
            marks.dedup();
            enter(write, TakenDownRecord { book: id, title: book.title, reason, taken_down_at: now, marks })
        })?;
        self.indexing.wake();
        self.list_takedowns()
    }

    /// Takes down again what was taken down after the backup was made that is in use now: whatever there is that one of
    /// the marks names.
    pub(super) fn take_down_since(&self, since: &Takedown) -> Result<()> {
        self.store.write(Durability::Durable, |write| {
            for mark in &since.marks {
                while let Some((id, book)) = named(write, mark)? {
                    self.strike(write, id, &book)?;
                }
            }
            let number = since.key.parse().unwrap_or(0);
            // In a library of another past the number may be that of another book that was taken down.
            let is_free = number > 0 && write.get(&TAKEN_DOWN, &format!("{BOOK}{number}"))?.is_none();
            let book = if is_free { number } else { shelf::next_id(write)? };
            shelf::count_past(write, book)?;
            let Takedown { title, reason, taken_down_at, marks, .. } = since.clone();
            enter(write, TakenDownRecord { book, title, reason, taken_down_at, marks })
        })?;
        self.indexing.wake();
        Ok(())
    }

    /// Deletes a book with all that went into it and the requests for it, and says what all of that is known again by.
    fn strike(&self, write: &mut Write<'_>, id: BookId, book: &BookRecord) -> Result<Vec<String>> {
        let mut marks = marks_of(book);
        requests::close(&self.store, write, id, book)?;
        for (hidden, merged) in remove::delete_whole(self, write, id, book)? {
            marks.extend(marks_of(&merged));
            requests::close(&self.store, write, hidden, &merged)?;
        }
        Ok(marks)
    }

    /// All books that were taken down, the latest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn takedowns(&self) -> Result<Vec<Takedown>> {
        let mut takedowns = Vec::new();
        let mut after = BOOK.to_owned();
        loop {
            let page = self.store.page(&TAKEN_DOWN, Some(&after), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            let is_over = !last.starts_with(BOOK);
            let entries =
                page.into_iter().filter_map(|(key, record)| Some((key.strip_prefix(BOOK)?.to_owned(), record)));
            takedowns.extend(entries.map(|(key, record)| Takedown {
                key,
                title: record.title,
                reason: record.reason,
                taken_down_at: record.taken_down_at,
                marks: record.marks,
            }));
            if is_over {
                break;
            }
        }
        takedowns.sort_by_key(|takedown| std::cmp::Reverse(takedown.taken_down_at));
        Ok(takedowns)
    }

    /// Lets a book come back that was taken down; it does not come back by itself.
    ///
    /// # Errors
    /// When nothing was taken down under this key, or the store fails.
    pub fn lift(&self, key: &str) -> Result<()> {
        // First: a crash in between must not take the book down again.
        self.list_takedowns_without(key)?;
        self.store.write(Durability::Durable, |write| {
            let own = format!("{BOOK}{key}");
            let record = write.get(&TAKEN_DOWN, &own)?.ok_or_else(|| Refused::NotTakenDown(key.to_owned()))?;
            write.delete(&TAKEN_DOWN, &own);
            // Another book that was taken down may be known by one of the same marks.
            let others = self.takedowns()?;
            for mark in record.marks {
                match others.iter().find(|other| other.key != key && other.marks.contains(&mark)) {
                    Some(other) => {
                        let standing = write.get(&TAKEN_DOWN, &format!("{BOOK}{}", other.key))?;
                        let standing = standing.map(|record| TakenDownRecord { marks: Vec::new(), ..record });
                        standing.map_or(Ok(()), |standing| write.put(&TAKEN_DOWN, &mark, &standing))?;
                    }
                    None => write.delete(&TAKEN_DOWN, &mark),
                }
            }
            Ok(())
        })
    }

    /// What keeps this file out, by its bytes alone: before anything is read.
    pub(super) fn standing_of(&self, hash: &ContentHash) -> Result<Option<Refused>> {
        Ok(self.store.get(&TAKEN_DOWN, &format!("hash:{hash}"))?.map(refusal))
    }

    /// What keeps this book out, before its files are kept.
    pub(super) fn standing(&self, book: &BookRecord) -> Result<Option<Refused>> {
        first(book, |mark| self.store.get(&TAKEN_DOWN, mark))
    }
}

/// What keeps this book out, inside the write that would let it in.
pub(super) fn standing(write: &Write<'_>, book: &BookRecord) -> Result<Option<Refused>> {
    first(book, |mark| write.get(&TAKEN_DOWN, mark))
}

/// Refuses a change of the library by which this book would be there again.
pub(super) fn refuse(write: &Write<'_>, book: &BookRecord) -> Result<()> {
    match standing(write, book)? {
        Some(refusal) => Err(refusal.into()),
        None => Ok(()),
    }
}

/// Enters what was taken down, under its number and under each of its marks.
fn enter(write: &mut Write<'_>, record: TakenDownRecord) -> Result<()> {
    let by_mark = TakenDownRecord { marks: Vec::new(), ..record.clone() };
    for mark in &record.marks {
        write.put(&TAKEN_DOWN, mark, &by_mark)?;
    }
    Ok(write.put(&TAKEN_DOWN, &format!("{BOOK}{}", record.book), &record)?)
}

/// The book that a mark names, wherever it was merged into. An address names none: nothing is looked up by it.
fn named(write: &Write<'_>, mark: &str) -> Result<Option<(BookId, BookRecord)>> {
    let Some((kind, of)) = mark.split_once(':') else { return Ok(None) };
    let of = of.to_owned();
    let id = match kind {
        "hash" => write.get(&BOOK_OF_HASH, &of)?,
        "work" => write.get(&BOOK_OF_WORK, &of)?,
        "uid" => write.get(&BOOK_OF_UID, &of)?,
        _ => None,
    };
    let Some(mut id) = id else { return Ok(None) };
    for _ in 0..MOST_MERGES {
        let Some(book) = write.get(&BOOKS, &id)? else { return Ok(None) };
        match book.merged_into {
            Some(kept) if kept != id => id = kept,
            _ => return Ok(Some((id, book))),
        }
    }
    Ok(None)
}

fn refusal(record: TakenDownRecord) -> Refused {
    Refused::TakenDown { reason: record.reason, key: record.book.to_string() }
}

fn first(
    book: &BookRecord,
    get: impl Fn(&String) -> store::Result<Option<TakenDownRecord>>,
) -> Result<Option<Refused>> {
    for mark in marks_of(book) {
        if let Some(record) = get(&mark)? {
            return Ok(Some(refusal(record)));
        }
    }
    Ok(None)
}

/// All that a book is known again by.
fn marks_of(book: &BookRecord) -> Vec<String> {
    let mut marks: Vec<String> = book.editions.iter().map(|edition| format!("hash:{}", edition.hash)).collect();
    let origins = book.editions.iter().filter_map(|edition| edition.origin.as_ref());
    marks.extend(origins.filter(|origin| !origin.url.is_empty()).map(|origin| format!("url:{}", origin.url)));
    marks.push(format!("work:{}", shelf::work_key(book)));
    marks.extend(book.uid.as_ref().map(|uid| format!("uid:{uid}")));
    marks
}
