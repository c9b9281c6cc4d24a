//! Searching inside books, for owners who give it memory: the text of every chapter in an index of its own, so that
//! the search for titles never suffers from it. Titles come first, always; this is asked when they have nothing.

use std::path::Path;
use std::sync::atomic::Ordering;

use super::indexing::{LAST, TRIMMED, number};
use super::{Library, Result};
use crate::book;
use crate::search::{BodyIndex, Options};
use crate::store::records::{BookId, BookRecord};
use crate::store::schema::{CHANGES, META, SHELF};
use crate::store::{Durability, Store};

/// Books between two commits.
const COMMIT: usize = 50;

/// A book with a chapter that holds the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// The book.
    pub book: BookId,
    /// Text around the first find, plain.
    pub snippet: String,
}

/// The number of the last change that is in the index of bodies.
pub(super) const DONE: &str = "bodies_done";

/// Opens the index of bodies, if it may hold anything.
pub(super) fn open(dir: &Path, limit: u64) -> Result<Option<BodyIndex>> {
    if limit == 0 {
        return Ok(None);
    }
    Ok(Some(BodyIndex::open(dir, limit, Options::default())?))
}

/// Up to which change the index of bodies has come; without one, nothing waits for it.
pub(super) fn done(store: &Store, bodies: Option<&BodyIndex>) -> Result<u64> {
    match bodies {
        Some(_) => number(store, DONE),
        None => Ok(u64::MAX),
    }
}

impl Library {
    /// Books that hold the words in a chapter, the one with most finds first. Empty when that is switched off.
    ///
    /// # Errors
    /// When the index or the store fails; no text is an error.
    pub fn find_inside(&self, text: &str, limit: usize) -> Result<Vec<Inside>> {
        let Some(bodies) = &self.indexing.bodies else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for hit in bodies.search(text, limit)? {
            if let Some((book, _)) = self.shown(hit.book)? {
                found.push(Inside { book, snippet: hit.snippet });
            }
        }
        Ok(found)
    }

    /// Brings the index of bodies up to the store: all books when it is new, else those that changed.
    pub(super) fn index_bodies(&self) -> Result<()> {
        let Some(bodies) = &self.indexing.bodies else { return Ok(()) };
        if number(&self.store, LAST)? == 0 {
            return Ok(());
        }
        let mut done = number(&self.store, DONE)?;
        if done == 0 || number(&self.store, TRIMMED)? > done || bodies.must_be_filled() {
            return self.index_all_bodies(bodies);
        }
        loop {
            let changes = self.store.page(&CHANGES, Some(&done), COMMIT)?;
            let Some((last, _)) = changes.last() else { return Ok(()) };
            done = *last;
            let mut ids: Vec<BookId> = changes.into_iter().map(|(_, id)| id).collect();
            ids.sort_unstable();
            ids.dedup();
            if !self.put_bodies(bodies, ids)? {
                return Ok(());
            }
            self.note_bodies(done)?;
        }
    }

    fn index_all_bodies(&self, bodies: &BodyIndex) -> Result<()> {
        let upto = number(&self.store, LAST)?;
        // If this is cut off, it starts over: half an index must not be taken for a whole one.
        self.note_bodies(0)?;
        self.store.sync()?;
        bodies.clear()?;
        let mut after = None;
        loop {
            let page = self.store.page(&SHELF, after.as_ref(), COMMIT)?;
            let Some((last, ())) = page.last() else { break };
            after = Some(*last);
            if !self.put_bodies(bodies, page.into_iter().map(|(id, ())| id).collect())? {
                return Ok(());
            }
        }
        self.note_bodies(upto)
    }

    /// `false` when the process stops; what was not committed is done again after the next start.
    fn put_bodies(&self, bodies: &BodyIndex, ids: Vec<BookId>) -> Result<bool> {
        for id in ids {
            if self.indexing.is_stopping.load(Ordering::Acquire) {
                return Ok(false);
            }
            match self.book(id)?.filter(BookRecord::is_shown) {
                Some(book) => self.put_body(bodies, id, &book)?,
                None => bodies.delete(id)?,
            }
        }
        bodies.commit()?;
        Ok(true)
    }

    /// The text of the first edition that has one. A file that cannot be read is no reason to stop.
    fn put_body(&self, bodies: &BodyIndex, id: BookId, book: &BookRecord) -> Result<()> {
        for edition in &book.editions {
            let Ok(bytes) = self.store.files().read(&edition.hash) else { continue };
            let Ok(read) = book::read(&bytes, Some(&edition.file_name)) else { continue };
            if read.text_known() {
                let chapters: Vec<_> = read.chapter_texts().map(|(_, text)| text).collect();
                let chapters: Vec<&str> = chapters.iter().map(AsRef::as_ref).collect();
                if !bodies.put_book(id, &chapters)? {
                    log::warn!(book = id; "not searched inside: limits.body_search_megabytes is used up");
                }
                return Ok(());
            }
        }
        Ok(())
    }

    fn note_bodies(&self, done: u64) -> Result<()> {
        Ok(self.store.write(Durability::Soon, |write| write.put(&META, &DONE.to_owned(), &done))?)
    }
}
