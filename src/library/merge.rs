//! Two records of one work made one, and that undone.

use chrono::{DateTime, Utc};

use super::{Error, Library, Refused, Result, add, shelf, takedown};
use crate::store::records::{BookId, BookRecord, MergeRecord};
use crate::store::schema::{BOOK_OF_UID, BOOKS, MERGES};
use crate::store::{Durability, Write};

/// Merges read at a time.
const PAGE: usize = 500;

impl Library {
    /// Moves everything of `merged` into `kept` and gives the number under which this can be undone. The old
    /// number of the book goes on leading to it.
    ///
    /// # Errors
    /// When one of them is missing, removed, merged or taken down already, or the store fails.
    pub fn merge(&self, kept: BookId, merged: BookId, now: DateTime<Utc>) -> Result<u64> {
        if kept == merged {
            return Err(Refused::WithItself(kept).into());
        }
        let _no_garbage_is_collected = self.adding.read();
        let number = self.store.write(Durability::Durable, |write| {
            let kept_before = shown(write, kept)?;
            let merged_before = shown(write, merged)?;
            takedown::refuse(write, &merged_before)?;
            let mut hidden = BookRecord { merged_into: Some(kept), ..merged_before.clone() };
            hidden.editions.clear();
            let kept_after = add::joined(kept_before.clone(), merged_before.clone());
            shelf::put(write, merged, Some(&merged_before), &hidden)?;
            shelf::put(write, kept, Some(&kept_before), &kept_after)?;
            let number = write.count("merges", 1)?;
            let record = MergeRecord { kept, kept_before, merged, merged_before, merged_at: now };
            write.put(&MERGES, &number, &record)?;
            Ok::<_, Error>(number)
        })?;
        self.indexing.wake();
        Ok(number)
    }

    /// Takes a merge apart again, the latest of a book first. What the book that was kept has learnt since stays with
    /// it, downloads among it; what the merge gave it goes back.
    ///
    /// # Errors
    /// When there is no such merge, when a later one must be undone before, when the book was taken down, or the store
    /// fails.
    pub fn undo_merge(&self, number: u64) -> Result<()> {
        let _no_garbage_is_collected = self.adding.read();
        self.store.write(Durability::Durable, |write| {
            let merge = write.get(&MERGES, &number)?.ok_or(Refused::NoSuchMerge(number))?;
            let kept_now = write.get(&BOOKS, &merge.kept)?.ok_or(Error::NoSuchBook(merge.kept))?;
            let merged_now = write.get(&BOOKS, &merge.merged)?.ok_or(Error::NoSuchBook(merge.merged))?;
            let is_as_left = kept_now.merged_into.is_none() && merged_now.merged_into == Some(merge.kept);
            if !is_as_left || self.is_merged_later(number, merge.kept)? {
                return Err(Refused::MergedLater.into());
            }
            takedown::refuse(write, &merge.merged_before)?;
            shelf::put(write, merge.kept, Some(&kept_now), &without(kept_now.clone(), &merge))?;
            shelf::put(write, merge.merged, Some(&merged_now), &merge.merged_before)?;
            if let Some(uid) = &merge.merged_before.uid {
                write.put(&BOOK_OF_UID, uid, &merge.merged)?;
            }
            write.delete(&MERGES, &number);
            Ok::<_, Error>(())
        })?;
        self.indexing.wake();
        Ok(())
    }

    /// The last merges that can be undone, with their numbers, latest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn merges(&self, limit: usize) -> Result<Vec<(u64, MergeRecord)>> {
        Ok(self.store.page_back(&MERGES, None, limit)?)
    }

    /// The merges that made this book, and those that made the books that went into it, with what went in.
    pub(super) fn merges_into(&self, id: BookId) -> Result<Vec<(u64, BookId)>> {
        let mut books = vec![id];
        let mut merges: Vec<(u64, BookId)> = Vec::new();
        // Backwards: a book goes into another after everything that went into it itself.
        let mut before = None;
        loop {
            let page = self.store.page_back(&MERGES, before.as_ref(), PAGE)?;
            let Some((first, _)) = page.last() else { return Ok(merges) };
            before = Some(*first);
            for (number, merge) in page {
                if books.contains(&merge.kept) {
                    books.push(merge.merged);
                    merges.push((number, merge.merged));
                }
            }
        }
    }

    fn is_merged_later(&self, number: u64, book: BookId) -> Result<bool> {
        let mut after = number;
        loop {
            let page = self.store.page(&MERGES, Some(&after), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(false) };
            after = *last;
            if page.iter().any(|(_, merge)| merge.kept == book || merge.merged == book) {
                return Ok(true);
            }
        }
    }
}

/// The book as it would be now without the merge: what the merge gave it, and nobody changed since, is as before.
fn without(now: BookRecord, merge: &MergeRecord) -> BookRecord {
    let (before, other) = (merge.kept_before.clone(), &merge.merged_before);
    let then = add::joined(before.clone(), other.clone());
    let mut aliases = now.aliases;
    aliases.retain(|alias| before.aliases.contains(alias) || !then.aliases.contains(alias));
    let mut editions = now.editions;
    editions.retain(|edition| !other.editions.iter().any(|own| own.hash == edition.hash));
    BookRecord {
        title: unless_changed(now.title, &then.title, before.title),
        aliases,
        authors: unless_changed(now.authors, &then.authors, before.authors),
        language: unless_changed(now.language, &then.language, before.language),
        series: unless_changed(now.series, &then.series, before.series),
        subjects: unless_changed(now.subjects, &then.subjects, before.subjects),
        publisher: unless_changed(now.publisher, &then.publisher, before.publisher),
        published: unless_changed(now.published, &then.published, before.published),
        description: unless_changed(now.description, &then.description, before.description),
        isbns: unless_changed(now.isbns, &then.isbns, before.isbns),
        uid: unless_changed(now.uid, &then.uid, before.uid),
        votes: unless_changed(now.votes, &then.votes, before.votes),
        downloads: now.downloads.saturating_sub(other.downloads),
        editions,
        cover: unless_changed(now.cover, &then.cover, before.cover),
        contents: unless_changed(now.contents, &then.contents, before.contents),
        edited: now.edited,
        added_at: now.added_at,
        removed_at: now.removed_at,
        merged_into: None,
    }
}

fn unless_changed<T: PartialEq>(now: T, then: &T, before: T) -> T {
    if now == *then { before } else { now }
}

fn shown(write: &Write<'_>, id: BookId) -> Result<BookRecord> {
    let book = write.get(&BOOKS, &id)?.ok_or(Error::NoSuchBook(id))?;
    if book.is_shown() { Ok(book) } else { Err(Refused::NotShown(id).into()) }
}
