//! Adding a file: sniff, read, keep the bytes, then the record, in one durable write.
//!
//! A file known by its hash changes nothing (but repairs a damaged copy, and comes back from the recycle bin). One of a known work joins that
//! book as another edition. A crash between the files and the record leaves files that no record names, which
//! [`Library::collect_garbage`] removes; never a record without its files.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Error, Library, Result, catalogue, covers, isbn, requests, shelf, subscriptions};
use crate::book::{self, Book, Format, TocEntry};
use crate::store::records::{BookId, BookRecord, Cover, Edition};
use crate::store::schema::{BOOK_OF_HASH, BOOKS};
use crate::store::{self, ContentHash, Durability, Write};

/// Longest description kept, in characters.
const MOST_DESCRIPTION: usize = 1_000;
/// Most entries of a table of contents kept.
const MOST_CONTENTS: usize = 5_000;
/// Longest title kept, in characters; what is longer is not a title.
const MOST_TITLE: usize = 300;
/// Most authors kept.
const MOST_AUTHORS: usize = 20;
/// Most subjects kept.
const MOST_SUBJECTS: usize = 10;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is a new book.
    New(BookId),
    /// It joined a book that was there.
    NewFormat(BookId),
    /// The same bytes were there.
    Known(BookId),
}

impl Added {
    /// The book it belongs to now.
    pub fn id(self) -> BookId {
        match self {
            Added::New(id) | Added::NewFormat(id) | Added::Known(id) => id,
        }
    }
}

/// Why a file was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// It is no e-book of a kind we know, or damaged, or locked.
    #[error(transparent)]
    Book(#[from] book::Error),
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// The library failed.
    #[error(transparent)]
    Library(#[from] Error),
}

/// One line of a table of contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentsEntry {
    /// The heading.
    pub title: String,
    /// 0 for the outermost.
    pub level: u8,
}

/// A file, read and stored, before it has a record.
struct Draft {
    record: BookRecord,
    hash: ContentHash,
}

impl Library {
    /// Adds a file under the name it came with.
    ///
    /// # Errors
    /// When the file is no readable book, or the store fails; nothing has changed then.
    pub fn add(&self, file_name: &str, bytes: &[u8], now: DateTime<Utc>) -> Result<Added, AddError> {
        self.add_listed(file_name, bytes, None, now)
    }

    /// The same for a file that a catalogue lists; what its row says of the book is believed over the file.
    pub(super) fn add_listed(
        &self,
        file_name: &str,
        bytes: &[u8],
        row: Option<&BookRecord>,
        now: DateTime<Utc>,
    ) -> Result<Added, AddError> {
        if bytes.is_empty() {
            return Err(AddError::Empty);
        }
        if let Some((name, inside)) = book::unwrapped(bytes)? {
            let name = name.rsplit('/').next().unwrap_or(&name);
            return self.add_plain(name, &inside, row, now);
        }
        self.add_plain(file_name, bytes, row, now)
    }

    /// The same for a book that is in no envelope.
    fn add_plain(
        &self,
        file_name: &str,
        bytes: &[u8],
        row: Option<&BookRecord>,
        now: DateTime<Utc>,
    ) -> Result<Added, AddError> {
        let hash = ContentHash::of(bytes);
        let _no_garbage_is_collected = self.adding.read();
        let added = match self.known(&hash, bytes, row)? {
            Some(known) => known,
            None => {
                let book = book::read(bytes, Some(file_name))?;
                let draft = self.draft(&book, file_name, bytes, row, now)?;
                self.store.write(Durability::Durable, |write| self.enter(write, draft, row))?
            }
        };
        self.indexing.wake();
        Ok(added)
    }

    /// The table of contents that was read from the file.
    ///
    /// # Errors
    /// When the store fails.
    pub fn contents(&self, book: &BookRecord) -> Result<Vec<ContentsEntry>> {
        let Some(hash) = &book.contents else { return Ok(Vec::new()) };
        let bytes = self.store.files().read(hash)?;
        let entries = serde_json::from_slice(&bytes);
        Ok(entries.map_err(|error| store::Error::Damaged(error.to_string()))?)
    }

    /// A file that has a book already. Its bytes are stored again if they were lost or damaged, and the answer is
    /// durable also if another thread's record was not yet.
    fn known(&self, hash: &ContentHash, bytes: &[u8], row: Option<&BookRecord>) -> Result<Option<Added>> {
        if self.store.get(&BOOK_OF_HASH, &hash.to_string())?.is_none() {
            return Ok(None);
        }
        self.store.files().put(bytes)?;
        self.store.write(Durability::Durable, |write| recognised(write, hash, row))
    }

    fn draft(
        &self,
        book: &Book,
        file_name: &str,
        bytes: &[u8],
        row: Option<&BookRecord>,
        now: DateTime<Utc>,
    ) -> Result<Draft> {
        let mut record = record_of(book, file_name, now);
        if let Some(row) = row {
            catalogue::lay_over(&mut record, row);
        }
        let hash = self.store.files().put(bytes)?;
        let edition = Edition {
            format: book.format(),
            hash: hash.clone(),
            bytes: bytes.len() as u64,
            file_name: shortened(file_name, MOST_TITLE),
            added_at: now,
        };
        record.editions.push(edition);
        record.cover = Some(covers::keep(self.store.files(), book, &record)?);
        let contents = contents_of(book.toc());
        if !contents.is_empty() {
            let json = serde_json::to_vec(&contents).map_err(|error| store::Error::Damaged(error.to_string()))?;
            record.contents = Some(self.store.files().put(&json)?);
        }
        Ok(Draft { record, hash })
    }

    fn enter(&self, write: &mut Write<'_>, draft: Draft, row: Option<&BookRecord>) -> Result<Added> {
        // Another thread may have added the same bytes since.
        if let Some(known) = recognised(write, &draft.hash, row)? {
            return Ok(known);
        }
        let (id, before, after) = match shelf::holder(write, &draft.record)? {
            Some((id, before)) => {
                let mut after = joined(before.clone(), draft.record);
                after.removed_at = None;
                if let Some(row) = row {
                    catalogue::lay_over(&mut after, row);
                }
                (id, Some(before), after)
            }
            None => (shelf::next_id(write)?, None, draft.record),
        };
        shelf::put(write, id, before.as_ref(), &after)?;
        requests::fulfil(&self.store, write, id, &after)?;
        subscriptions::announce(&self.store, write, id, before.as_ref(), &after)?;
        Ok(if before.is_some() { Added::NewFormat(id) } else { Added::New(id) })
    }
}

/// The book that has this file. If it was in the recycle bin, it is back.
fn recognised(write: &mut Write<'_>, hash: &ContentHash, row: Option<&BookRecord>) -> Result<Option<Added>> {
    let Some(id) = write.get(&BOOK_OF_HASH, &hash.to_string())? else { return Ok(None) };
    let Some(before) = write.get(&BOOKS, &id)? else { return Ok(None) };
    let mut after = BookRecord { removed_at: None, ..before.clone() };
    if let Some(row) = row
        && shelf::holder_of_uid(write, row)?.is_none_or(|(holder, _)| holder == id)
    {
        catalogue::lay_over(&mut after, row);
    }
    if after != before {
        shelf::put(write, id, Some(&before), &after)?;
    }
    Ok(Some(Added::Known(id)))
}

/// A book with another one's files; what it does not know itself it learns from the other.
pub(super) fn joined(mut book: BookRecord, other: BookRecord) -> BookRecord {
    let is_better_cover = |cover: &Cover| !cover.drawn;
    if book.cover.as_ref().is_none_or(|cover| cover.drawn) && other.cover.as_ref().is_some_and(is_better_cover)
        || book.cover.is_none()
    {
        book.cover = other.cover;
    }
    if book.authors.is_empty() {
        book.authors = other.authors;
    }
    for alias in other.aliases.into_iter().chain([other.title]) {
        if alias != book.title && !book.aliases.contains(&alias) {
            book.aliases.push(alias);
        }
    }
    book.language = book.language.or(other.language);
    book.series = book.series.or(other.series);
    for isbn in other.isbns {
        if !book.isbns.contains(&isbn) {
            book.isbns.push(isbn);
        }
    }
    if book.subjects.is_empty() {
        book.subjects = other.subjects;
    }
    book.publisher = book.publisher.or(other.publisher);
    book.published = book.published.or(other.published);
    book.description = book.description.or(other.description);
    book.contents = book.contents.or(other.contents);
    book.uid = book.uid.or(other.uid);
    book.votes = book.votes.max(other.votes);
    book.downloads += other.downloads;
    book.editions.extend(other.editions);
    book.editions.sort_by_key(|edition| (preference(edition.format), edition.added_at));
    book
}

/// The order in which formats are offered.
fn preference(format: Format) -> usize {
    Format::ALL.iter().position(|&other| other == format).unwrap_or(usize::MAX)
}

fn record_of(book: &Book, file_name: &str, now: DateTime<Utc>) -> BookRecord {
    let metadata = book.metadata();
    let title = match metadata.title.trim() {
        "" => file_name.to_owned(),
        title => title.to_owned(),
    };
    BookRecord {
        title: shortened(&title, MOST_TITLE),
        authors: metadata.authors().into_iter().take(MOST_AUTHORS).map(|name| shortened(name, 100)).collect(),
        language: metadata.language.as_deref().map(|tag| shortened(tag, 35)),
        series: metadata.series.as_ref().map(|series| shortened(&series.name, MOST_TITLE)),
        isbns: isbn::of(metadata),
        subjects: metadata.subjects.iter().take(MOST_SUBJECTS).map(|subject| shortened(subject, 40)).collect(),
        publisher: metadata.publisher.as_deref().map(|name| shortened(name, 100)),
        published: metadata.published.as_deref().map(|date| shortened(date, 40)),
        description: metadata.description.as_deref().map(|text| shortened(text, MOST_DESCRIPTION)),
        added_at: now,
        ..BookRecord::default()
    }
}

fn contents_of(toc: &[TocEntry]) -> Vec<ContentsEntry> {
    fn walk(entries: &[TocEntry], level: u8, lines: &mut Vec<ContentsEntry>) {
        for entry in entries {
            if lines.len() >= MOST_CONTENTS {
                return;
            }
            lines.push(ContentsEntry { title: shortened(&entry.title, MOST_TITLE), level });
            walk(&entry.children, level.saturating_add(1), lines);
        }
    }
    let mut lines = Vec::new();
    walk(toc, 0, &mut lines);
    lines
}

fn shortened(text: &str, most: usize) -> String {
    let text = text.trim();
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
