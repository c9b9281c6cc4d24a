//! The full-text index: which books a follower may mean by a few typed words. A cache of the store's records, built
//! anew whenever it is missing, damaged or of another version. It knows ids and names only; what a book is, where its
//! files are and what is shown of it are not its matter.
//!
//! A query is folded and cleaned (`ask`), a few hundred books are found by terms, keys and sounds (`recall`), and
//! compared with it one by one (`rank`). A follower's text is never parsed as query syntax.

mod ask;
mod body;
mod clean;
mod digits;
mod distance;
mod fold;
mod generations;
mod live;
mod names;
mod pinyin;
mod rank;
mod recall;
mod results;
mod schema;
mod segment;
mod words;

pub use body::{BodyHit, BodyIndex};
pub use fold::{fold, title_key};
pub use generations::Reason;
pub use names::author_key;
pub use pinyin::sort_key;
pub use results::{Confidence, Found, Hit};

use live::Live;
use parking_lot::RwLock;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the index knows of one book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The book's id in the store.
    pub id: u64,
    /// The title as written.
    pub title: String,
    /// Other names of the book. The first eleven count.
    pub aliases: Vec<String>,
    /// The authors as written; an entry may name several, separated by `/`, `、`, `,` or `&`.
    pub authors: Vec<String>,
    /// The series it belongs to.
    pub series: Option<String>,
    /// BCP 47 tag. Not used yet: the script of a title says enough.
    pub language: Option<String>,
    /// Votes known from outside and weighted own downloads. Counts by its logarithm.
    pub popularity: u64,
}

/// Sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Memory of the writer in bytes, at least 15,000,000: books wait there for the next commit.
    pub writer_bytes: usize,
    /// The same while a whole index is rebuilt.
    pub rebuild_bytes: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { writer_bytes: 16_000_000, rebuild_bytes: 48_000_000 }
    }
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk: full, missing, not allowed. The index is as it was after the last commit.
    #[error("index: {0}")]
    Io(#[from] std::io::Error),
    /// The index itself. Rebuild it.
    #[error("index is damaged: {0}")]
    Damaged(String),
    /// Another process is writing to it.
    #[error("index is in use by another process")]
    Busy,
}

impl From<tantivy::TantivyError> for Error {
    fn from(error: tantivy::TantivyError) -> Error {
        match error {
            tantivy::TantivyError::LockFailure(..) => Error::Busy,
            tantivy::TantivyError::IoError(error) => Error::Io(std::io::Error::new(error.kind(), error.to_string())),
            other => Error::Damaged(other.to_string()),
        }
    }
}

/// Result of a function here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What [`Index::open`] found.
#[derive(Debug)]
pub enum Opened {
    /// The index as it was committed last.
    Ready(Index),
    /// An empty index in use, to be filled from the store, and why.
    Rebuild(Index, Reason),
}

impl Opened {
    /// The index, filled or not.
    pub fn into_index(self) -> Index {
        match self {
            Opened::Ready(index) | Opened::Rebuild(index, _) => index,
        }
    }
}

/// The index. Cheap to share behind an `Arc`; every method takes `&self`.
pub struct Index {
    dir: PathBuf,
    options: Options,
    /// The generation in use. Held only to clone or replace the pointer: a search goes on over the generation it
    /// began with.
    live: RwLock<Arc<Live>>,
}

impl Index {
    /// Opens the index in `dir`, verifying every byte (30 ms for 277,000 books). What cannot be used is moved aside and an
    /// empty index takes its place. Errors: the directory cannot be written.
    pub fn open(dir: &Path, options: Options) -> Result<Opened> {
        let opened = generations::current(dir).and_then(|generation| open_checked(&generation, options));
        match opened {
            Ok(live) => Ok(Opened::Ready(Index::over(dir, live, options))),
            Err(reason) => {
                if matches!(reason, Reason::Damaged(_)) {
                    generations::set_aside(dir)?;
                }
                let generation = generations::next(dir)?;
                let live = Live::create(&generation, options)?;
                generations::switch(dir, &generation)?;
                generations::sweep(dir, &generation)?;
                Ok(Opened::Rebuild(Index::over(dir, live, options), reason))
            }
        }
    }

    fn over(dir: &Path, live: Live, options: Options) -> Index {
        Index { dir: dir.to_owned(), options, live: RwLock::new(Arc::new(live)) }
    }

    /// Books like `text`, best first, without the first `offset`. Any text is allowed.
    pub fn search(&self, text: &str, limit: usize, offset: usize) -> Result<Found> {
        let live = self.live();
        results::search(&live.searcher(), &live.fields, text, limit, offset)
    }

    /// Adds a book, or replaces the one with its id. Visible after [`Index::commit`].
    pub fn put(&self, entry: &Entry) -> Result<()> {
        self.live().put(entry)
    }

    /// Removes a book. Visible after [`Index::commit`].
    pub fn delete(&self, id: u64) -> Result<()> {
        self.live().delete(id)
    }

    /// Makes all changes durable and visible and notes the store's `sequence` number with them. 50 to 120 ms on a
    /// large index: batch changes, every few seconds or 500 books.
    pub fn commit(&self, sequence: u64) -> Result<()> {
        self.live().commit(sequence)
    }

    /// The number given to the last commit; 0 before the first.
    pub fn committed_sequence(&self) -> u64 {
        self.live().committed_sequence()
    }

    /// Books in the last commit.
    pub fn len(&self) -> u64 {
        self.live().searcher().num_docs()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Begins a new index beside the one in use, which is searched meanwhile. Changes made by [`Index::put`] during a
    /// rebuild go to the old one: put them into the rebuild too, or repeat them from the store by sequence number.
    pub fn rebuild(&self) -> Result<Rebuild<'_>> {
        let current = self.live();
        generations::sweep(&self.dir, &current.dir)?;
        let options = Options { writer_bytes: self.options.rebuild_bytes, ..self.options };
        let live = Live::create(&generations::next(&self.dir)?, options)?;
        Ok(Rebuild { index: self, live: Some(live) })
    }

    fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read())
    }
}

/// Opens a generation. The engine panics over some damaged files (one shorter than its footer) instead of refusing
/// them, and a cache must not keep the program from starting.
fn open_checked(generation: &Path, options: Options) -> Result<Live, Reason> {
    match std::panic::catch_unwind(|| Live::open(generation, options)) {
        Ok(opened) => opened.map_err(|error| Reason::Damaged(error.to_string())),
        Err(_) => Err(Reason::Damaged("opening it panicked".to_owned())),
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Index").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// An index in the making. Dropped unfinished, it leaves the old one in use.
pub struct Rebuild<'a> {
    index: &'a Index,
    live: Option<Live>,
}

impl Rebuild<'_> {
    /// Adds a book. Each id once.
    pub fn put(&mut self, entry: &Entry) -> Result<()> {
        match &self.live {
            Some(live) => live.add(entry),
            None => Ok(()),
        }
    }

    /// Commits with the store's `sequence` number and brings the new index into use: on disk by one rename, in
    /// memory for every search that begins after it.
    pub fn finish(mut self, sequence: u64) -> Result<()> {
        let Some(live) = self.live.take() else {
            return Ok(());
        };
        live.commit(sequence)?;
        live.compact()?;
        let generation = live.dir.clone();
        let dir = &self.index.dir;
        let live = Live::open(&generation, self.index.options)?;
        generations::switch(dir, &generation)?;
        *self.index.live.write() = Arc::new(live);
        generations::sweep(dir, &generation)
    }
}
