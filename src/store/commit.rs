//! Durable commits, grouped: one thread makes everything durable that waits for it, with one flush.
//!
//! The engine's own `flush` ends in `sync_file_range`, which a power cut undoes, so the database file is synced
//! after it. Its `flush_async` deadlocks under concurrent use, hence a thread of our own. A failed sync is never
//! retried: the kernel may have dropped the pages, so the store refuses every write from then on and the process
//! has to be restarted, which recovers from what is on disk. A panic on the way counts as a failed sync.

use std::fs::File;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};

use super::{Error, Result};

pub(super) struct Committer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// Guards the two counters and the verdict, never a disk operation: writers only hold it to take a number.
    state: Mutex<State>,
    /// Woken when `requested` or `stopping` changes.
    work: Condvar,
    /// Woken when `done` or `failed` changes.
    done: Condvar,
}

#[derive(Default)]
struct State {
    requested: u64,
    done: u64,
    failed: Option<String>,
    stopping: bool,
}

impl Committer {
    pub(super) fn start(db: sled::Db, file: &Path) -> Result<Committer> {
        let file = File::open(file)?;
        Committer::with(move || sync(&db, &file))
    }

    fn with(sync: impl FnMut() -> Result<()> + Send + 'static) -> Result<Committer> {
        let shared = Arc::new(Shared { state: Mutex::default(), work: Condvar::new(), done: Condvar::new() });
        let worker = Arc::clone(&shared);
        let thread = thread::Builder::new().name("store-commit".into()).spawn(move || worker.run(sync))?;
        Ok(Committer { shared, thread: Some(thread) })
    }

    /// Waits until all that was applied before is durable.
    pub(super) fn commit(&self) -> Result<()> {
        let mut state = self.shared.state.lock();
        state.requested += 1;
        let ticket = state.requested;
        self.shared.work.notify_one();
        while state.done < ticket && state.failed.is_none() {
            self.shared.done.wait(&mut state);
        }
        verdict(&state)
    }

    /// A write failed before it came to a sync: that counts as one that failed.
    pub(super) fn fail(&self, reason: String) {
        self.shared.state.lock().failed.get_or_insert(reason);
        self.shared.done.notify_all();
    }

    /// Whether an earlier sync failed.
    pub(super) fn check(&self) -> Result<()> {
        verdict(&self.shared.state.lock())
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.shared.state.lock().stopping = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, mut sync: impl FnMut() -> Result<()>) {
        let mut state = self.state.lock();
        loop {
            while state.requested == state.done && !state.stopping {
                self.work.wait(&mut state);
            }
            if state.requested == state.done {
                return;
            }
            let target = state.requested;
            drop(state);
            // The engine panics on some faults. Whoever waits must hear of it all the same.
            let outcome = panic::catch_unwind(AssertUnwindSafe(&mut sync))
                .unwrap_or_else(|_| Err(io::Error::other("the engine panicked while it wrote").into()));
            state = self.state.lock();
            match outcome {
                Ok(()) => state.done = target,
                Err(error) => drop(state.failed.get_or_insert(error.to_string())),
            }
            self.done.notify_all();
            if state.failed.is_some() {
                return;
            }
        }
    }
}

fn sync(db: &sled::Db, file: &File) -> Result<()> {
    db.flush()?;
    file.sync_all()?;
    Ok(())
}

fn verdict(state: &State) -> Result<()> {
    match &state.failed {
        Some(reason) => Err(Error::CommitFailed(reason.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_hears_of_a_sync_that_fails_or_panics_and_so_does_everybody_after() {
        let refusing: fn() -> Result<()> = || Err(io::Error::other("no space").into());
        let panicking: fn() -> Result<()> = || panic!("as the engine does");
        for (sync, reason) in [(refusing, "no space"), (panicking, "panicked")] {
            let committer = Committer::with(sync).unwrap();
            committer.check().unwrap();
            for _ in 0..2 {
                let error = committer.commit().unwrap_err();
                assert!(matches!(&error, Error::CommitFailed(told) if told.contains(reason)), "{error}");
            }
            assert!(committer.check().is_err(), "nothing is written any more");
        }
    }
}
