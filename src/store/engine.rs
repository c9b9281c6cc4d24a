//! The small seam to the embedded engine: get, scan, apply a batch, make it durable. Only this file names sled,
//! so another engine can stand behind the tables. It knows bytes, no types.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use super::commit::Committer;
use super::follow::Followers;
use super::stamps::{Stamp, Stamps, counters_of};
use super::{Error, Result};

/// Memory the engine may use for its page cache, in bytes. No hard limit (a full scan exceeds it), so scans page.
const CACHE_BYTES: u64 = 24 * 1024 * 1024;

/// How long an acknowledged but unforced write may stay in memory, in milliseconds. What must survive a crash
/// goes through [`Engine::sync`] and does not depend on this.
const FLUSH_EVERY_MS: u64 = 200;

/// A key and its value.
pub(super) type Entry = (sled::IVec, sled::IVec);

pub(super) struct Engine {
    db: sled::Db,
    committer: Committer,
    stamps: Stamps,
    followers: Followers,
}

/// Changes that become visible, and durable, together.
#[derive(Default)]
pub(super) struct Batch {
    changes: sled::Batch,
    counters: Vec<u16>,
}

impl Batch {
    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.counters.extend(counters_of(&key));
        self.changes.insert(key, value);
    }

    pub(super) fn delete(&mut self, key: Vec<u8>) {
        self.counters.extend(counters_of(&key));
        self.changes.remove(key);
    }
}

impl Engine {
    pub(super) fn open(dir: &Path) -> Result<Engine> {
        fs::create_dir_all(dir)?;
        sweep_snapshots(dir, |name| name.ends_with(".generating"))?;
        let db = match open_caught(dir) {
            // A short or damaged snapshot blocks opening for good, and it is only a summary of the log.
            Err(Error::Damaged(_)) if sweep_snapshots(dir, |_| true)? => open_caught(dir)?,
            opened => opened?,
        };
        let committer = Committer::start(db.clone(), &dir.join("db"))?;
        Ok(Engine { db, committer, stamps: Stamps::new(), followers: Followers::default() })
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>> {
        Ok(self.db.get(key)?)
    }

    /// Entries from `from` (inclusive) up to `to` (exclusive), in either direction.
    pub(super) fn range(&self, from: Vec<u8>, to: Vec<u8>) -> impl DoubleEndedIterator<Item = Result<Entry>> + use<> {
        self.db.range(from..to).map(|entry| entry.map_err(Error::from))
    }

    pub(super) fn apply(&self, batch: Batch) -> Result<()> {
        self.check()?;
        let applied = self.db.apply_batch(batch.changes);
        // Also after a failure, which may have come too late to change nothing.
        self.stamps.count_up(&batch.counters);
        if let Err(error) = &applied {
            // The engine takes nothing more until it is opened anew, whatever becomes of the disk.
            self.committer.fail(error.to_string());
        }
        Ok(applied?)
    }

    /// The stamp of a key, or of a key's beginning up to the NUL behind its first part.
    pub(super) fn stamp(&self, key: &[u8]) -> Stamp {
        self.stamps.take(key)
    }

    /// Who wants to hear of changes.
    pub(super) fn followers(&self) -> &Followers {
        &self.followers
    }

    pub(super) fn is_current(&self, stamp: Stamp) -> bool {
        self.stamps.is_current(stamp)
    }

    /// Returns when everything applied before the call is on disk and would survive a power cut.
    pub(super) fn sync(&self) -> Result<()> {
        self.committer.commit()
    }

    /// The error of a sync that failed earlier.
    pub(super) fn check(&self) -> Result<()> {
        self.committer.check()
    }

    pub(super) fn bytes_on_disk(&self) -> Result<u64> {
        Ok(self.db.size_on_disk()?)
    }
}

/// The engine panics on some damage instead of returning it.
fn open_caught(dir: &Path) -> Result<sled::Db> {
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(Some(FLUSH_EVERY_MS))
        .print_profile_on_drop(false);
    match panic::catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) if error.to_string().contains("lock") => Err(Error::InUse),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Error::Damaged("the database file cannot be read".into())),
    }
}

fn sweep_snapshots(dir: &Path, is_swept: impl Fn(&str) -> bool) -> Result<bool> {
    let mut swept = false;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("snap.") && is_swept(&name) {
            fs::remove_file(entry.path())?;
            swept = true;
        }
    }
    Ok(swept)
}

impl From<sled::Error> for Error {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => Error::Io(error),
            other => Error::Damaged(other.to_string()),
        }
    }
}
