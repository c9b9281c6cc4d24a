//! What survives a restart: typed tables, durable commits, files by content hash.
//!
//! There is one writer at a time ([`Store::write`]), for microseconds; readers never wait. A write is seen whole or
//! not at all, also after a crash. With [`Durability::Durable`] it is on disk, safe from a power cut, when the call
//! returns; with [`Durability::Soon`] it is within a fifth of a second, which is right for what nobody was promised
//! (a follower's place in a list). The engine stands behind a seam of five calls (`engine`); nothing else names it.
//!
//! Deliberately not here: what the records mean, and the full-text index, which is a cache of this.

mod commit;
mod engine;
mod export;
mod files;
mod follow;
mod forgotten;
mod migrate;
pub mod records;
pub mod room;
pub mod schema;
mod snapshot;
mod stamps;
mod table;
mod write;

use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::de::DeserializeOwned;

use engine::Engine;
pub use export::Named;
pub(crate) use files::hex;
pub use files::{ContentHash, Files, digest_of};
pub use follow::Written;
use forgotten::Forgotten;
pub use forgotten::{Marks, keep_forgotten};
pub use migrate::newest_schema;
pub use snapshot::Part;
pub use stamps::Stamp;
pub use table::{Key, Table};
pub use write::Write;

/// Everything durable, opened.
pub struct Store {
    engine: Engine,
    files: Files,
    forgotten: Forgotten,
    data_dir: PathBuf,
    /// Serialises writers, so that what one reads is what it changes. Guards no data of its own.
    writer: Mutex<()>,
}

/// When a write has to be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Before the call returns.
    Durable,
    /// Within about 200 ms, or at the next durable write.
    Soon,
}

/// What can go wrong, by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the directory open.
    #[error("the data directory is in use by another shutong; stop it, or let this command talk to it")]
    InUse,
    /// A newer program wrote the data.
    #[error(
        "the data was written by a newer shutong (schema {found}, this program knows {known}); install that version"
    )]
    Newer {
        /// The schema found.
        found: u64,
        /// The newest schema this program knows.
        known: u64,
    },
    /// What is on disk cannot be read.
    #[error(
        "the data is damaged: {0}; bring the latest backup back with `shutong restore FILE`, or put a copy of the data directory from before in its place"
    )]
    Damaged(String),
    /// A commit could not be made durable; no write is accepted any more.
    #[error("the disk refused to make a commit durable ({0}); restart shutong once the disk is sound")]
    CommitFailed(String),
    /// The disk refused.
    #[error("the disk: {0}")]
    Io(#[from] io::Error),
}

/// The result of most calls here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A file beside the database that says that records have been in it. The engine opens some damaged databases, and one
/// whose file is gone, as if nothing had ever been there.
const BEGUN: &str = "db/begun";

/// A database that has lost everything is no new one: whoever wrote into it would bury what may still be saved.
fn refuse_emptied(store: &Store, data_dir: &Path) -> Result<()> {
    let is_empty = store.get(&schema::META, &"schema".to_owned())?.is_none();
    if is_empty && data_dir.join(BEGUN).exists() {
        return Err(Error::Damaged("the database is empty, and has not always been".into()));
    }
    Ok(())
}

fn note_begun(data_dir: &Path) -> io::Result<()> {
    let mark = data_dir.join(BEGUN);
    if mark.exists() { Ok(()) } else { std::fs::File::create(mark)?.sync_all() }
}

impl Store {
    /// Opens or creates the database and the files under `data_dir`, and brings old data to today's schema.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::Newer`], [`Error::Damaged`], or what the disk says.
    pub fn open(data_dir: &Path) -> Result<Store> {
        if data_dir.exists() {
            room::give_up_if_full(data_dir)?;
        }
        let engine = Engine::open(&data_dir.join("db"))?;
        let files = Files::open(&data_dir.join("files"))?;
        let forgotten = Forgotten::of(data_dir);
        let store = Store { engine, files, forgotten, data_dir: data_dir.to_owned(), writer: Mutex::new(()) };
        refuse_emptied(&store, data_dir)?;
        migrate::to_current(&store)?;
        note_begun(data_dir)?;
        Ok(store)
    }

    /// The folder that everything is in.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The files by content hash.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// One record.
    ///
    /// # Errors
    /// When the disk fails or the record cannot be read.
    pub fn get<K: Key, V: DeserializeOwned>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>> {
        self.engine.get(&table.key(key))?.map(|value| decode(table, &value)).transpose()
    }

    /// Up to `limit` records in key order, starting behind `after`. Page through: a whole table can be large.
    ///
    /// # Errors
    /// When the disk fails or a record cannot be read.
    pub fn page<K: Key, V: DeserializeOwned>(
        &self,
        table: &Table<K, V>,
        after: Option<&K>,
        limit: usize,
    ) -> Result<Vec<(K, V)>> {
        let from = match after {
            Some(key) => successor(table.key(key)),
            None => vec![table.prefix],
        };
        self.engine.range(from, vec![table.prefix + 1]).take(limit).map(|entry| entry_of(table, entry?)).collect()
    }

    /// The same from the end backwards, starting before `before`.
    ///
    /// # Errors
    /// When the disk fails or a record cannot be read.
    pub fn page_back<K: Key, V: DeserializeOwned>(
        &self,
        table: &Table<K, V>,
        before: Option<&K>,
        limit: usize,
    ) -> Result<Vec<(K, V)>> {
        let to = match before {
            Some(key) => table.key(key),
            None => vec![table.prefix + 1],
        };
        let entries = self.engine.range(vec![table.prefix], to).rev();
        entries.take(limit).map(|entry| entry_of(table, entry?)).collect()
    }

    /// All records whose first key part is `first`, at most `limit`.
    ///
    /// # Errors
    /// When the disk fails or a record cannot be read.
    pub fn under<V: DeserializeOwned>(
        &self,
        table: &Table<(String, String), V>,
        first: &str,
        limit: usize,
    ) -> Result<Vec<((String, String), V)>> {
        let from = table.key(&(first.to_owned(), String::new()));
        let mut to = from.clone();
        if let Some(last) = to.last_mut() {
            *last += 1;
        }
        self.engine.range(from, to).take(limit).map(|entry| entry_of(table, entry?)).collect()
    }

    /// What a record is now, or that it is not there: take it before reading, and [`Store::is_current`] tells later
    /// whether the same would be read again.
    pub fn stamp<K: Key, V>(&self, table: &Table<K, V>, key: &K) -> Stamp {
        self.engine.stamp(&table.key(key))
    }

    /// The same for all records whose first key part is `first`.
    pub fn stamp_under<V>(&self, table: &Table<(String, String), V>, first: &str) -> Stamp {
        self.engine.stamp(&table.key(&(first.to_owned(), String::new())))
    }

    /// Whether nothing that the stamp stands for has been changed since it was taken.
    pub fn is_current(&self, stamp: Stamp) -> bool {
        self.engine.is_current(stamp)
    }

    /// Reads and changes records as one step. When `change` fails nothing is written.
    ///
    /// # Errors
    /// What `change` returns, or what the disk says.
    pub fn write<T, E: From<Error>>(
        &self,
        durability: Durability,
        change: impl FnOnce(&mut Write<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let outcome = {
            let _writer = self.writer.lock();
            let mut write = Write::new(&self.engine);
            let outcome = change(&mut write)?;
            write.apply()?;
            outcome
        };
        if durability == Durability::Durable {
            self.engine.sync()?;
        }
        Ok(outcome)
    }

    /// Makes everything written so far durable.
    ///
    /// # Errors
    /// When the disk refuses; the store accepts no write after that.
    pub fn sync(&self) -> Result<()> {
        self.engine.sync()
    }

    /// Whether the disk has refused a commit. No write is accepted any more: the process should end.
    pub fn is_failed(&self) -> bool {
        self.engine.check().is_err()
    }

    /// Whether that was for want of room. The engine's own words are all there is to tell by.
    pub fn is_failed_for_room(&self) -> bool {
        self.engine.check().is_err_and(|error| error.to_string().contains("No space left on device"))
    }

    /// Size of the database on disk, in bytes, without the files.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn bytes_on_disk(&self) -> Result<u64> {
        self.engine.bytes_on_disk()
    }

    fn scan_raw(&self, bounds: (Bound<u8>, Bound<u8>)) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>)>> + use<> {
        let from = match bounds.0 {
            Bound::Included(prefix) => vec![prefix],
            _ => vec![],
        };
        let to = match bounds.1 {
            Bound::Excluded(prefix) => vec![prefix],
            _ => vec![0xff],
        };
        self.engine.range(from, to).map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }
}

fn successor(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}

fn entry_of<K: Key, V: DeserializeOwned>(table: &Table<K, V>, (key, value): engine::Entry) -> Result<(K, V)> {
    let key = K::read_from(&key[1..]).ok_or_else(|| damaged(table, "a key"))?;
    Ok((key, decode(table, &value)?))
}

fn decode<K: Key, V: DeserializeOwned>(table: &Table<K, V>, value: &[u8]) -> Result<V> {
    serde_json::from_slice(value).map_err(|error| damaged(table, &error.to_string()))
}

fn damaged<K: Key, V>(table: &Table<K, V>, what: &str) -> Error {
    Error::Damaged(format!("table {}: {what}", table.name))
}
