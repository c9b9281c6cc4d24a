//! The recycle bin. Removing hides a book and keeps its files, so that it can be restored for 30 days.

use chrono::{DateTime, Duration, Utc};

use super::{Error, Library, Refused, Result, keys, shelf, takedown};
use crate::statistics;
use crate::store::records::{BookId, BookRecord};
use crate::store::schema::{BOOKS, MERGES, REMOVED};
use crate::store::{Durability, Write};

/// How long a removed book can be restored.
pub const KEPT_FOR: Duration = Duration::days(30);

/// Books looked at at a time.
const PAGE: usize = 500;

impl Library {
    /// Puts a book into the recycle bin; one that is there stays there.
    ///
    /// # Errors
    /// When there is no such book, or the store fails.
    pub fn remove(&self, id: BookId, now: DateTime<Utc>) -> Result<()> {
        self.change(id, |book| {
            book.removed_at.get_or_insert(now);
            Ok(())
        })
    }

    /// Takes a book out of the recycle bin, as new on the shelf.
    ///
    /// # Errors
    /// When there is no such book, when it has been taken down, or the store fails.
    pub fn restore(&self, id: BookId, _now: DateTime<Utc>) -> Result<()> {
        self.store.write(Durability::Durable, |write| {
            let before = write.get(&BOOKS, &id)?.ok_or(Error::NoSuchBook(id))?;
            takedown::refuse(write, &before)?;
            let after = BookRecord { removed_at: None, ..before.clone() };
            Ok::<_, Error>(shelf::put(write, id, Some(&before), &after)?)
        })?;
        self.indexing.wake();
        Ok(())
    }

    /// Deletes a book that is in the recycle bin, for good, with all that went into it. Its files are garbage then, see
    /// [`Library::collect_garbage`]; it can be added again.
    ///
    /// # Errors
    /// When there is no such book, when it is not in the recycle bin, or the store fails.
    pub fn delete(&self, id: BookId) -> Result<()> {
        self.store.write(Durability::Durable, |write| {
            let book = write.get(&BOOKS, &id)?.ok_or(Error::NoSuchBook(id))?;
            if book.removed_at.is_none() || book.merged_into.is_some() {
                return Err(Refused::NotInBin(id).into());
            }
            delete_whole(self, write, id, &book)?;
            Ok::<_, Error>(())
        })?;
        self.indexing.wake();
        Ok(())
    }

    /// Deletes what has been in the recycle bin for longer than 30 days, and says how many. Their files are
    /// garbage then, see [`Library::collect_garbage`].
    ///
    /// # Errors
    /// When the store fails.
    pub fn empty_bin(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut deleted = 0;
        let mut after = None;
        loop {
            let page = keys(self.store.page(&REMOVED, after.as_ref(), PAGE)?);
            let Some(last) = page.last() else { break };
            after = Some(*last);
            for id in page {
                let is_deleted = self.store.write(Durability::Soon, |write| self.delete_expired(write, id, now))?;
                deleted += u64::from(is_deleted);
            }
        }
        // Nobody may collect the files of a record that a power cut brings back.
        self.store.sync()?;
        Ok(deleted)
    }

    /// Looks again inside the write: somebody may have restored the book since it was listed.
    fn delete_expired(&self, write: &mut Write<'_>, id: BookId, now: DateTime<Utc>) -> Result<bool> {
        let book = write.get(&BOOKS, &id)?;
        let expired = |book: &BookRecord| book.removed_at.is_some_and(|at| now - at > KEPT_FOR);
        let Some(book) = book.filter(expired) else { return Ok(false) };
        delete_whole(self, write, id, &book)?;
        Ok(true)
    }

    /// Changes one book's record, with all that follows from it.
    pub(super) fn change(&self, id: BookId, change: impl FnOnce(&mut BookRecord) -> Result<()>) -> Result<()> {
        self.store.write(Durability::Durable, |write| {
            let before = write.get(&BOOKS, &id)?.ok_or(Error::NoSuchBook(id))?;
            let mut after = before.clone();
            change(&mut after)?;
            Ok::<_, Error>(shelf::put(write, id, Some(&before), &after)?)
        })?;
        self.indexing.wake();
        Ok(())
    }
}

/// Deletes a book with all that went into it, and gives the latter as they were before they did.
pub(super) fn delete_whole(
    library: &Library,
    write: &mut Write<'_>,
    id: BookId,
    book: &BookRecord,
) -> Result<Vec<(BookId, BookRecord)>> {
    let mut merged = Vec::new();
    delete(write, id, book)?;
    for (number, hidden) in library.merges_into(id)? {
        merged.extend(write.get(&MERGES, &number)?.map(|merge| (hidden, merge.merged_before)));
        write.delete(&MERGES, &number);
        if let Some(book) = write.get(&BOOKS, &hidden)?.filter(|book| book.merged_into.is_some()) {
            delete(write, hidden, &book)?;
        }
    }
    Ok(merged)
}

fn delete(write: &mut Write<'_>, id: BookId, book: &BookRecord) -> Result<()> {
    // An empty record hides it everywhere first, so that lookups, counters and the index follow.
    shelf::put(write, id, Some(book), &BookRecord { merged_into: Some(id), ..BookRecord::default() })?;
    write.delete(&BOOKS, &id);
    statistics::forget_book(write, id);
    Ok(())
}
