//! The catalogue: add, find, get in a format, remove.
//!
//! A book is a work; its files are editions. A row of an imported catalogue without a file is a book too, which
//! followers can request. The store is the truth; the index is brought up to it by [`Library::index_changes`], never
//! in a follower's path. Every change of a record goes through `shelf::put`, which keeps the derived tables right.
//!
//! Deliberately not here: how a book is read (`book`), how it is ranked (`search`), what a follower is told (`reply`).

mod add;
mod bodies;
pub mod catalogue;
mod check;
mod convert;
mod covers;
mod download;
mod duplicates;
mod edit;
mod found;
mod garbage;
mod indexing;
pub mod intake;
mod inventory;
mod isbn;
pub mod link;
mod merge;
mod refused;
mod remove;
pub mod requests;
mod shelf;
pub mod starter;
pub mod subscriptions;
mod takedown;
mod takedown_list;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use parking_lot::{Mutex, RwLock};

use crate::book::Format;
use crate::search::{self, Confidence};
use crate::store::records::{BookId, BookRecord, Edition, MissRecord, RequestRecord};
use crate::store::schema::{BOOKS, COUNTS, MISSES, POPULAR, REMOVED, SHELF};
use crate::store::{self, Key, Store};

pub use add::{AddError, Added, ContentsEntry};
pub use bodies::Inside;
pub use check::Checked;
pub use convert::{BookFile, Conversion, Converter};
pub use covers::{CoverChoice, CoverSize, Picture};
pub use download::Download;
pub use duplicates::Duplicates;
pub use edit::Edit;
pub use found::{Found, Told};
pub use indexing::IndexState;
pub use inventory::{Facets, Filter, Lack, Listed, Sort};
pub use refused::Refused;
pub use takedown::Takedown;
pub use takedown_list::keep_taken_down;

/// Most books that one search brings back.
pub const MOST_FOUND: usize = 99;

/// How far a merged book is followed, so that a cycle in damaged data ends.
const MOST_MERGES: usize = 8;

/// The catalogue over the store and the index.
pub struct Library {
    store: Arc<Store>,
    indexing: indexing::Indexing,
    inventory: inventory::Inventory,
    time_zone: Tz,
    /// Held shared while a file is stored and its record is not, or goes from record to record; alone while files
    /// without a record are removed.
    adding: RwLock<()>,
    /// Held shared while somebody copies files: nothing is removed meanwhile, and nobody waits for it.
    copying: RwLock<()>,
    /// Held while the list of books taken down is written.
    listing: Mutex<()>,
    converter: RwLock<Converter>,
    converting: convert::Converting,
    /// Lines of texts that the owner knows to be adverts, with `*` for anything.
    adverts: RwLock<Vec<String>>,
}

/// What can go wrong when the library is read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The index failed. It is a cache: it can be rebuilt.
    #[error("the index: {0}; `shutong reindex` rebuilds it")]
    Index(#[from] search::Error),
    /// There is no such book.
    #[error("there is no book {0}")]
    NoSuchBook(BookId),
    /// The change makes no sense for these books.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The book cannot be had in that format.
    #[error("{0}")]
    Unconvertible(String),
    /// Too many conversions are under way.
    #[error("too many books are being converted; try again in a moment")]
    Busy,
}

impl Error {
    /// Whether there is no room on the disk for what was to be kept.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Error::Store(store::Error::Io(error)) if error.kind() == std::io::ErrorKind::StorageFull)
    }
}

/// The result of most calls here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a search found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The books, best first, at most [`MOST_FOUND`].
    pub books: Vec<BookId>,
    /// How sure it is that these are meant.
    pub confidence: Confidence,
    /// A format asked for in the same words.
    pub format: Option<Format>,
    /// The words that were searched for, without chat words.
    pub cleaned: String,
}

/// How many there are of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Books that followers can see, entries of catalogues among them.
    pub books: u64,
    /// Books with a file.
    pub shelf: u64,
    /// Books in the recycle bin.
    pub removed: u64,
    /// Followers that follow.
    pub followers: u64,
    /// Open requests.
    pub requests: u64,
    /// Downloads ever.
    pub downloads: u64,
}

impl Library {
    /// Opens the library. When the index cannot be used as it is, it is rebuilt by the next calls of
    /// [`Library::index_changes`]; everything else works meanwhile. `body_bytes` is how much text of books may be kept
    /// for searching inside them; 0 switches that off.
    ///
    /// # Errors
    /// When the store or the folder of the index fails.
    pub fn open(store: Arc<Store>, index_dir: &Path, time_zone: Tz, body_bytes: u64) -> Result<Library> {
        let indexing = indexing::Indexing::open(&store, index_dir, body_bytes)?;
        Ok(Library {
            store,
            indexing,
            inventory: inventory::Inventory::default(),
            time_zone,
            adding: RwLock::new(()),
            copying: RwLock::new(()),
            listing: Mutex::new(()),
            converter: RwLock::new(Converter::Here),
            converting: convert::Converting::default(),
            adverts: RwLock::default(),
        })
    }

    /// Who converts from now on.
    pub fn set_converter(&self, converter: Converter) {
        *self.converter.write() = converter;
    }

    /// Lines of texts to be left out from now on, with `*` for anything.
    pub fn set_adverts(&self, patterns: Vec<String>) {
        *self.adverts.write() = patterns;
    }

    /// The store beneath.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// A book's record, in whatever state it is.
    ///
    /// # Errors
    /// When the store fails.
    pub fn book(&self, id: BookId) -> Result<Option<BookRecord>> {
        Ok(self.store.get(&BOOKS, &id)?)
    }

    /// The book that followers get to see under this number: the one it was merged into, none if it was removed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn shown(&self, mut id: BookId) -> Result<Option<(BookId, BookRecord)>> {
        for _ in 0..MOST_MERGES {
            let Some(book) = self.book(id)? else { return Ok(None) };
            match book.merged_into {
                Some(kept) => id = kept,
                None if book.removed_at.is_some() => return Ok(None),
                None => return Ok(Some((id, book))),
            }
        }
        Ok(None)
    }

    /// Searches for what a follower typed.
    ///
    /// # Errors
    /// When the index fails; no text is an error.
    pub fn find(&self, text: &str) -> Result<Finding> {
        let found = self.indexing.search(text, MOST_FOUND)?;
        Ok(Finding {
            books: found.hits.iter().map(|hit| hit.id).collect(),
            confidence: found.confidence,
            format: found.format.as_deref().and_then(Format::from_extension),
            cleaned: found.cleaned,
        })
    }

    /// Books with a file, newest first, older than `before`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn latest(&self, before: Option<BookId>, limit: usize) -> Result<Vec<BookId>> {
        Ok(keys(self.store.page_back(&SHELF, before.as_ref(), limit)?))
    }

    /// Books that have come since then, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn arrived_since(&self, since: DateTime<Utc>, limit: usize) -> Result<Vec<BookId>> {
        const PAGE: usize = 50;
        let mut found: Vec<BookId> = Vec::new();
        let mut before = None;
        loop {
            let page = self.latest(before, PAGE)?;
            let Some(last) = page.last().copied() else { return Ok(found) };
            for id in page {
                match self.book(id)? {
                    Some(book) if book.added_at > since && found.len() < limit => found.push(id),
                    // Books stand in the order they came.
                    Some(_) => return Ok(found),
                    None => {}
                }
            }
            before = Some(last);
        }
    }

    /// Books with a file, most popular first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn popular(&self, skip: usize, limit: usize) -> Result<Vec<BookId>> {
        let ranks = keys(self.store.page(&POPULAR, None, skip.saturating_add(limit))?);
        Ok(ranks.into_iter().skip(skip).map(|(_, id)| id).collect())
    }

    /// Different books with a file, chosen by the seed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn random(&self, limit: usize, seed: u64) -> Result<Vec<BookId>> {
        let Some(newest) = self.latest(None, 1)?.first().copied() else { return Ok(Vec::new()) };
        let mut chosen = Vec::new();
        let mut state = seed;
        for _ in 0..limit * 8 {
            state = mixed(state);
            let from = state % newest;
            let next = keys(self.store.page(&SHELF, Some(&from), 1)?);
            chosen.extend(next.into_iter().filter(|id| !chosen.contains(id)).collect::<Vec<_>>());
            if chosen.len() >= limit {
                break;
            }
        }
        chosen.truncate(limit);
        Ok(chosen)
    }

    /// All books in order of arrival, behind `after`: for exports and listings of the admin.
    ///
    /// # Errors
    /// When the store fails.
    pub fn page(&self, after: Option<BookId>, limit: usize) -> Result<Vec<(BookId, BookRecord)>> {
        Ok(self.store.page(&BOOKS, after.as_ref(), limit)?)
    }

    /// Books in the recycle bin.
    ///
    /// # Errors
    /// When the store fails.
    pub fn removed(&self, limit: usize) -> Result<Vec<(BookId, BookRecord)>> {
        let ids = keys(self.store.page_back(&REMOVED, None, limit)?);
        let mut books = Vec::with_capacity(ids.len());
        for id in ids {
            books.extend(self.book(id)?.map(|book| (id, book)));
        }
        Ok(books)
    }

    /// Where the bytes of an edition are.
    pub fn edition_path(&self, edition: &Edition) -> PathBuf {
        self.store.files().path(&edition.hash)
    }

    /// Open requests, most wanted first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn requests(&self, limit: usize) -> Result<Vec<(String, RequestRecord)>> {
        Ok(requests::open(&self.store, limit)?)
    }

    /// Searches that found nothing, most frequent first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn misses(&self, limit: usize) -> Result<Vec<MissRecord>> {
        let misses = self.store.page(&MISSES, None, requests::MOST_KEPT)?;
        let mut misses: Vec<MissRecord> = misses.into_iter().map(|(_, miss)| miss).collect();
        misses.sort_by_key(|miss| std::cmp::Reverse((miss.count, miss.last_at)));
        misses.truncate(limit);
        Ok(misses)
    }

    /// How many there are of what.
    ///
    /// # Errors
    /// When the store fails.
    pub fn counts(&self) -> Result<Counts> {
        let count = |name: &str| self.store.get(&COUNTS, &name.to_owned()).map(|found| found.unwrap_or(0));
        Ok(Counts {
            books: count(shelf::BOOKS_SHOWN)?,
            shelf: count(shelf::BOOKS_ON_SHELF)?,
            removed: count(shelf::BOOKS_REMOVED)?,
            followers: count("followers")?,
            requests: count(requests::OPEN)?,
            downloads: count(download::DOWNLOADS)?,
        })
    }
}

fn keys<K: Key, V>(entries: Vec<(K, V)>) -> Vec<K> {
    entries.into_iter().map(|(key, _)| key).collect()
}

/// The next number of a sequence without visible pattern (SplitMix64).
fn mixed(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
