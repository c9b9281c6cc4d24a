//! Bringing the index up to the store: every changed book is noted under a running number, the index knows up to which
//! number it has come. Small backlogs are put in one commit, large ones and broken indexes are a rebuild beside the
//! index in use.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::{Library, Result, bodies, shelf};
use crate::search::{BodyIndex, Entry, Found, Index, Opened, Options};
use crate::store::records::{BookId, BookRecord};
use crate::store::schema::{BOOKS, CHANGES, META};
use crate::store::{Durability, Store};

/// Most changes that go into one commit.
const COMMIT: usize = 2_000;
/// A longer backlog than this is indexed faster as a whole.
const REBUILD: u64 = 20_000;
/// Records read from the store at a time.
const PAGE: usize = 500;

/// How far the index has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct IndexState {
    /// Books that can be found.
    pub books: u64,
    /// Changes that are not in it yet.
    pub pending: u64,
    /// While it is rebuilt: books done, of how many.
    pub rebuilding: Option<(u64, u64)>,
}

pub(super) struct Indexing {
    index: Index,
    /// Held by whoever brings the index up to date; two would undo each other's order.
    turn: Mutex<()>,
    pub(super) bodies: Option<BodyIndex>,
    must_rebuild: AtomicBool,
    pub(super) is_stopping: AtomicBool,
    /// Books done by the rebuild under way, plus one; 0 when there is none.
    rebuilt: AtomicU64,
    /// Whether there may be something to do.
    woken: Mutex<bool>,
    wake: Condvar,
}

impl Indexing {
    pub(super) fn open(store: &Store, dir: &Path, body_bytes: u64) -> Result<Indexing> {
        let (index, mut must_rebuild) = match Index::open(&dir.join("titles"), Options::default())? {
            Opened::Ready(index) => (index, false),
            Opened::Rebuild(index, reason) => {
                log::info!("the index starts anew: {reason:?}");
                (index, true)
            }
        };
        let committed = index.committed_sequence();
        // Ahead of the store, or behind what the store still remembers: not made from this data.
        must_rebuild |= committed > number(store, LAST)? || committed < number(store, TRIMMED)?;
        Ok(Indexing {
            index,
            bodies: bodies::open(&dir.join("bodies"), body_bytes)?,
            turn: Mutex::new(()),
            must_rebuild: AtomicBool::new(must_rebuild),
            is_stopping: AtomicBool::new(false),
            rebuilt: AtomicU64::new(0),
            woken: Mutex::new(true),
            wake: Condvar::new(),
        })
    }

    pub(super) fn search(&self, text: &str, limit: usize) -> Result<Found> {
        Ok(self.index.search(text, limit, 0)?)
    }

    pub(super) fn wake(&self) {
        *self.woken.lock() = true;
        self.wake.notify_one();
    }
}

/// The number of the last change; kept by `shelf`.
pub(super) const LAST: &str = "last_change";
/// Changes up to this number are in a committed index and forgotten.
pub(super) const TRIMMED: &str = "trimmed_changes";

impl Library {
    /// Brings the index up to date and says how many changes that took. Called by one background thread, and by
    /// commands before they end; a search never waits for it.
    ///
    /// # Errors
    /// When the store or the index fails; what was not done is done by the next call.
    pub fn index_changes(&self) -> Result<u64> {
        let _turn = self.indexing.turn.lock();
        let mut done = 0;
        while !self.indexing.is_stopping.load(Ordering::Acquire) {
            let committed = self.indexing.index.committed_sequence();
            let last = number(&self.store, LAST)?;
            if self.indexing.must_rebuild.load(Ordering::Acquire) || last.saturating_sub(committed) > REBUILD {
                self.rebuild(last)?;
                done += last.saturating_sub(committed);
                continue;
            }
            let changes = self.store.page(&CHANGES, Some(&committed), COMMIT)?;
            let Some((sequence, _)) = changes.last() else { break };
            for (_, id) in &changes {
                match self.book(*id)?.filter(BookRecord::is_shown) {
                    Some(book) => self.indexing.index.put(&entry(*id, &book))?,
                    None => self.indexing.index.delete(*id)?,
                }
            }
            self.commit(|| Ok(self.indexing.index.commit(*sequence)?))?;
            done += changes.len() as u64;
        }
        self.index_bodies()?;
        self.trim()?;
        Ok(done)
    }

    /// Has the whole index made anew by the next call of [`Library::index_changes`].
    pub fn reindex(&self) {
        self.indexing.must_rebuild.store(true, Ordering::Release);
        self.indexing.wake();
    }

    /// Waits until there may be changes to index, `most` at most.
    pub fn wait_for_changes(&self, most: Duration) {
        let mut woken = self.indexing.woken.lock();
        if !*woken {
            self.indexing.wake.wait_for(&mut woken, most);
        }
        *woken = false;
    }

    /// Ends waiting and rebuilding for good: the process stops, and the index is a cache.
    pub fn stop_indexing(&self) {
        self.indexing.is_stopping.store(true, Ordering::Release);
        self.indexing.wake();
    }

    /// How far the index has come.
    pub fn index_state(&self) -> IndexState {
        let last = number(&self.store, LAST).unwrap_or(0);
        let books = || self.counts().map_or(0, |counts| counts.books);
        let rebuilt = self.indexing.rebuilt.load(Ordering::Relaxed);
        IndexState {
            books: self.indexing.index.len(),
            pending: last.saturating_sub(self.indexing.index.committed_sequence()),
            rebuilding: rebuilt.checked_sub(1).map(|done| (done, books())),
        }
    }

    fn rebuild(&self, sequence: u64) -> Result<()> {
        let indexing = &self.indexing;
        let mut rebuild = indexing.index.rebuild()?;
        let mut after = None;
        indexing.rebuilt.store(1, Ordering::Relaxed);
        let outcome = (|| {
            loop {
                if indexing.is_stopping.load(Ordering::Acquire) {
                    return Ok(false);
                }
                let page: Vec<(BookId, BookRecord)> = self.store.page(&BOOKS, after.as_ref(), PAGE)?;
                let Some((last, _)) = page.last() else { break };
                after = Some(*last);
                for (id, book) in page.iter().filter(|(_, book)| book.is_shown()) {
                    rebuild.put(&entry(*id, book))?;
                    indexing.rebuilt.fetch_add(1, Ordering::Relaxed);
                }
            }
            self.commit(|| Ok(rebuild.finish(sequence)?)).map(|()| true)
        })();
        indexing.rebuilt.store(0, Ordering::Relaxed);
        if !outcome? {
            return Ok(());
        }
        indexing.must_rebuild.store(false, Ordering::Release);
        Ok(())
    }

    /// The store is made durable first: an index that knows more than a store after a power cut would skip changes.
    fn commit(&self, commit: impl FnOnce() -> Result<()>) -> Result<()> {
        self.store.sync()?;
        commit()
    }

    /// Forgets the changes that are in every index.
    fn trim(&self) -> Result<()> {
        let bodies = bodies::done(&self.store, self.indexing.bodies.as_ref())?;
        let sequence = self.indexing.index.committed_sequence().min(bodies);
        loop {
            let changes = self.store.page(&CHANGES, None, COMMIT)?;
            let old: Vec<u64> = changes.into_iter().map(|(number, _)| number).filter(|n| *n <= sequence).collect();
            if old.is_empty() {
                return Ok(());
            }
            self.store.write(Durability::Soon, |write| {
                for number in &old {
                    write.delete(&CHANGES, number);
                }
                write.put(&META, &TRIMMED.to_owned(), &sequence)
            })?;
        }
    }
}

pub(super) fn number(store: &Store, name: &str) -> Result<u64> {
    Ok(store.get(&META, &name.to_owned())?.unwrap_or(0))
}

fn entry(id: BookId, book: &BookRecord) -> Entry {
    Entry {
        id,
        title: book.title.clone(),
        // As good as another name: it is typed, or scanned from the back of a printed copy.
        aliases: book.aliases.iter().chain(&book.isbns).cloned().collect(),
        authors: book.authors.clone(),
        series: book.series.clone(),
        language: book.language.clone(),
        popularity: shelf::popularity(book),
    }
}
