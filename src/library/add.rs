//! Adding a file: sniff, read, keep the bytes, then the record, in one durable write.
//!
//! A file known by its hash changes nothing (but repairs a damaged copy, and comes back from the recycle bin). One of a known work joins that
//! book as another edition. A crash between the files and the record leaves files that no record names, which
//! [`Library::collect_garbage`] removes; never a record without its files.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::found::{self, Found};
use super::{Error, Library, Refused, Result, catalogue, covers, isbn, requests, shelf, subscriptions, takedown};
use crate::book::{self, Book, Format, TocEntry};
use crate::store::records::{BookField, BookId, BookRecord, Cover, Edition};
use crate::store::schema::BOOK_OF_HASH;
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
    /// It took the place of an older edition of a book.
    Updated(BookId),
    /// The same bytes were there.
    Known(BookId),
}

impl Added {
    /// The book it belongs to now.
    pub fn id(self) -> BookId {
        match self {
            Added::New(id) | Added::NewFormat(id) | Added::Updated(id) | Added::Known(id) => id,
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
    /// It must not be there: the book was taken down for good.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] Error),
}

impl From<store::Error> for AddError {
    fn from(error: store::Error) -> AddError {
        AddError::Library(error.into())
    }
}

/// One line of a table of contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentsEntry {
    /// The heading.
    pub title: String,
    /// 0 for the outermost.
    pub level: u8,
}

/// What somebody says of a file besides its bytes.
#[derive(Clone, Copy)]
pub(super) enum Said<'a> {
    /// Nothing.
    Nothing,
    /// The row of a catalogue, believed over the file.
    Row(&'a BookRecord),
    /// Where it was found, believed under the file.
    Found(&'a Found<'a>),
}

impl<'a> Said<'a> {
    fn found(self) -> Option<&'a Found<'a>> {
        match self {
            Said::Found(found) => Some(found),
            _ => None,
        }
    }

    fn row(self) -> Option<&'a BookRecord> {
        match self {
            Said::Row(row) => Some(row),
            _ => None,
        }
    }
}

/// A file, read and stored, before it has a record.
struct Draft {
    record: BookRecord,
    hash: ContentHash,
    /// It has what the edition that it supersedes had not.
    has_more: bool,
}

impl Library {
    /// Adds a file under the name it came with.
    ///
    /// # Errors
    /// When the file is no readable book, when the book was taken down, or the store fails; nothing has changed then.
    pub fn add(&self, file_name: &str, bytes: &[u8], now: DateTime<Utc>) -> Result<Added, AddError> {
        self.add_listed(file_name, bytes, Said::Nothing, now)
    }

    /// The same for a file of which somebody says something.
    pub(super) fn add_listed(
        &self,
        file_name: &str,
        bytes: &[u8],
        said: Said<'_>,
        now: DateTime<Utc>,
    ) -> Result<Added, AddError> {
        if bytes.is_empty() {
            return Err(AddError::Empty);
        }
        if let Some((name, inside)) = book::unwrapped(bytes)? {
            let name = name.rsplit('/').next().unwrap_or(&name);
            return self.add_plain(name, &inside, said, now);
        }
        self.add_plain(file_name, bytes, said, now)
    }

    /// The same for a book that is in no envelope.
    fn add_plain(&self, file_name: &str, bytes: &[u8], said: Said<'_>, now: DateTime<Utc>) -> Result<Added, AddError> {
        let hash = ContentHash::of(bytes);
        let _no_garbage_is_collected = self.adding.read();
        if let Some(refusal) = self.standing_of(&hash)? {
            return Err(refusal.into());
        }
        let added = match self.known(&hash, bytes, said)? {
            Some(known) => known,
            None => {
                let name = said.found().map_or(file_name, |found| found.name_to_read(file_name));
                let book = book::read(bytes, Some(name))?;
                let draft = self.draft(&book, file_name, (hash, bytes), said, now)?;
                self.store.write(Durability::Durable, |write| self.enter(write, draft, said))?
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
    fn known(&self, hash: &ContentHash, bytes: &[u8], said: Said<'_>) -> Result<Option<Added>, AddError> {
        if self.store.get(&BOOK_OF_HASH, &hash.to_string())?.is_none() {
            return Ok(None);
        }
        self.store.files().put(bytes)?;
        self.store.write(Durability::Durable, |write| recognised(write, hash, said))
    }

    fn draft(
        &self,
        book: &Book,
        file_name: &str,
        (hash, bytes): (ContentHash, &[u8]),
        said: Said<'_>,
        now: DateTime<Utc>,
    ) -> Result<Draft, AddError> {
        let mut record = record_of(book, file_name, now);
        record.editions.push(Edition {
            format: book.format(),
            hash: hash.clone(),
            bytes: bytes.len() as u64,
            file_name: shortened(file_name, MOST_TITLE),
            added_at: now,
            origin: None,
            is_incomplete: false,
        });
        match said {
            Said::Row(row) => catalogue::lay_over(&mut record, row),
            Said::Found(found) => found.lay_under(&mut record, file_name),
            Said::Nothing => {}
        }
        if let Some(refusal) = self.standing(&record)? {
            return Err(refusal.into());
        }
        let contents = contents_of(book.toc());
        let superseded = said.found().map(|found| self.superseded_contents(found)).transpose()?.flatten();
        let has_more = superseded.is_some_and(|old| found::has_more(&contents, &old));
        self.store.files().put(bytes)?;
        let picture = || said.found().and_then(Found::picture);
        record.cover = covers::keep(self.store.files(), book, picture)?;
        if !contents.is_empty() {
            let json = serde_json::to_vec(&contents).map_err(|error| store::Error::Damaged(error.to_string()))?;
            record.contents = Some(self.store.files().put(&json)?);
        }
        Ok(Draft { record, hash, has_more })
    }

    fn enter(&self, write: &mut Write<'_>, draft: Draft, said: Said<'_>) -> Result<Added, AddError> {
        // Another thread may have added the same bytes since, or taken the book down.
        if let Some(known) = recognised(write, &draft.hash, said)? {
            return Ok(known);
        }
        if let Some(refusal) = takedown::standing(write, &draft.record)? {
            return Err(refusal.into());
        }
        if let Some(old) = said.found().and_then(|found| found.supersedes)
            && let Some((id, before)) = found::holder(write, old)?
        {
            return self.update(write, id, &before, draft, old);
        }
        let (id, before, after) = match shelf::holder(write, &draft.record)? {
            Some((id, before)) => {
                let mut after = joined(before.clone(), draft.record);
                after.removed_at = None;
                if let Some(row) = said.row() {
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

    /// Puts a new edition into the place of an old one.
    fn update(
        &self,
        write: &mut Write<'_>,
        id: BookId,
        before: &BookRecord,
        draft: Draft,
        old: &ContentHash,
    ) -> Result<Added, AddError> {
        let after = found::replaced(before.clone(), draft.record, old);
        shelf::put(write, id, Some(before), &after)?;
        requests::fulfil(&self.store, write, id, &after)?;
        if draft.has_more || before.is_incomplete() && !after.is_incomplete() {
            subscriptions::announce_update(&self.store, write, id, &after)?;
        }
        let is_beside = after.editions.iter().any(|edition| edition.hash == *old);
        Ok(if is_beside { Added::NewFormat(id) } else { Added::Updated(id) })
    }
}

/// The book that has this file. If it was in the recycle bin, it is back.
fn recognised(write: &mut Write<'_>, hash: &ContentHash, said: Said<'_>) -> Result<Option<Added>, AddError> {
    let Some((id, before)) = found::holder(write, hash)? else { return Ok(None) };
    let mut after = BookRecord { removed_at: None, ..before.clone() };
    match said {
        Said::Row(row) => {
            if let Some(refusal) = takedown::standing(write, row)? {
                return Err(refusal.into());
            }
            if shelf::holder_of_uid(write, row)?.is_none_or(|(holder, _)| holder == id) {
                catalogue::lay_over(&mut after, row);
            }
        }
        Said::Found(found) => found.note(&mut after, hash),
        Said::Nothing => {}
    }
    if after != before {
        shelf::put(write, id, Some(&before), &after)?;
    }
    Ok(Some(Added::Known(id)))
}

/// A book with another one's files; what it does not know itself it learns from the other, but for what the owner has
/// set.
pub(super) fn joined(mut book: BookRecord, other: BookRecord) -> BookRecord {
    let edited = book.edited.clone();
    let is_better_cover = |cover: &Cover| !cover.drawn;
    let is_set = |field| edited.contains(&field);
    if !is_set(BookField::Cover)
        && (book.cover.as_ref().is_none_or(|cover| cover.drawn) && other.cover.as_ref().is_some_and(is_better_cover)
            || book.cover.is_none())
    {
        book.cover = other.cover;
    }
    if book.authors.is_empty() && !is_set(BookField::Authors) {
        book.authors = other.authors;
    }
    for alias in other.aliases.into_iter().chain([other.title]) {
        if alias != book.title && !book.aliases.contains(&alias) && !is_set(BookField::Aliases) {
            book.aliases.push(alias);
        }
    }
    for (field, own, learnt) in [
        (BookField::Language, &mut book.language, other.language),
        (BookField::Series, &mut book.series, other.series),
        (BookField::Publisher, &mut book.publisher, other.publisher),
        (BookField::Published, &mut book.published, other.published),
        (BookField::Description, &mut book.description, other.description),
    ] {
        if own.is_none() && !is_set(field) {
            *own = learnt;
        }
    }
    for isbn in other.isbns {
        if !book.isbns.contains(&isbn) && !is_set(BookField::Isbns) {
            book.isbns.push(isbn);
        }
    }
    if book.subjects.is_empty() && !is_set(BookField::Subjects) {
        book.subjects = other.subjects;
    }
    book.contents = book.contents.or(other.contents);
    book.uid = book.uid.or(other.uid);
    book.votes = book.votes.max(other.votes);
    book.downloads += other.downloads;
    book.editions.extend(other.editions);
    // Stable: of one format, the first to come keeps its place, also when a newer edition has taken it.
    book.editions.sort_by_key(|edition| preference(edition.format));
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

pub(super) fn shortened(text: &str, most: usize) -> String {
    let text = text.trim();
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
