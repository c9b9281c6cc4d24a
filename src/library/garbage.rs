//! Files that no record names: of books deleted for good, of changed covers, of additions that a crash cut off.
//!
//! Bytes are kept by their content, so two books may share a cover or a table of contents. Deleting a book therefore
//! deletes no file; this looks at what all books name and removes the rest.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use parking_lot::RwLockReadGuard;

use super::{Library, Result};
use crate::store::ContentHash;
use crate::store::records::BookRecord;
use crate::store::schema::{BOOKS, CHAPTERS, MERGES, ROBOTS};

/// Records read at a time.
const PAGE: usize = 1_000;

impl Library {
    /// Removes the files that no record names and says how many; none while somebody copies files. Additions wait
    /// meanwhile, because theirs have no record yet, and merges, which move files from a record not read yet to one read
    /// already.
    ///
    /// # Errors
    /// When the store or the disk fails; what was removed stays removed.
    pub fn collect_garbage(&self, now: DateTime<Utc>) -> Result<u64> {
        // That may take an hour, and the next night is as good.
        let Some(_nobody_copies) = self.copying.try_write() else { return Ok(0) };
        let _nobody_adds = self.adding.write();
        self.store.sync()?;
        let mut named = self.named_files()?;
        let conversions = self.sweep_conversions(&named, now)?;
        named.extend(conversions);
        let mut removed = 0;
        for hash in self.store.files().all()? {
            if !named.contains(&hash) {
                self.store.files().remove(&hash)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// As long as this is held, no file is taken for one that is left over: for who stores a file first and its record
    /// afterwards.
    pub fn hold_files(&self) -> RwLockReadGuard<'_, ()> {
        self.adding.read()
    }

    /// As long as this is held, no file is removed, and unlike with [`Library::hold_files`] nobody waits for the end:
    /// for who copies files, which takes its time.
    pub fn keep_files(&self) -> RwLockReadGuard<'_, ()> {
        self.copying.read()
    }

    /// All files but those that can be made again: what a copy of the library consists of.
    ///
    /// # Errors
    /// When the store fails or a folder cannot be read.
    pub fn lasting_files(&self) -> Result<Vec<ContentHash>> {
        let mut made = self.made_files()?;
        if !made.is_empty() {
            let named = self.named_files()?;
            made.retain(|hash| !named.contains(hash));
        }
        let mut files = self.store.files().all()?;
        files.retain(|hash| !made.contains(hash));
        files.sort_unstable();
        Ok(files)
    }

    /// All files that a record names, those among them that only an undone merge would bring back.
    ///
    /// # Errors
    /// When the store fails.
    pub fn named_files(&self) -> Result<HashSet<ContentHash>> {
        let mut named = HashSet::new();
        let mut after = None;
        loop {
            let page = self.store.page(&BOOKS, after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            named.extend(page.iter().flat_map(|(_, book)| files_of(book)).cloned());
        }
        let mut after = None;
        loop {
            // An undone merge brings back what a book was before.
            let page = self.store.page(&MERGES, after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            let books = page.iter().flat_map(|(_, merge)| [&merge.kept_before, &merge.merged_before]);
            named.extend(books.flat_map(files_of).cloned());
        }
        self.name_crawled(&mut named)?;
        Ok(named)
    }
}

impl Library {
    /// Files of books that are being gathered.
    fn name_crawled(&self, named: &mut HashSet<ContentHash>) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.store.page(&CHAPTERS, after.as_ref(), PAGE)?;
            named.extend(page.iter().flat_map(|(_, chapter)| chapter.texts.iter().cloned()));
            let Some((last, _)) = page.into_iter().next_back() else { break };
            after = Some(last);
        }
        let mut after = None;
        loop {
            let page = self.store.page(&ROBOTS, after.as_ref(), PAGE)?;
            named.extend(page.iter().filter_map(|(_, robots)| robots.file.clone()));
            let Some((last, _)) = page.into_iter().next_back() else { return Ok(()) };
            after = Some(last);
        }
    }
}

fn files_of(book: &BookRecord) -> impl Iterator<Item = &ContentHash> {
    let covers = book.cover.iter().flat_map(|cover| [&cover.picture, &cover.thumbnail]);
    book.editions.iter().map(|edition| &edition.hash).chain(covers).chain(&book.contents)
}
