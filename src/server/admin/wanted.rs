//! What followers want and the library does not have, most wanted first. Ranking reads all of it, up to ten thousand
//! rows of each kind; where that takes long, what was found holds for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::library::{self, Library};
use crate::store::records::{MissRecord, RequestRecord};

/// Reading that took longer than this is not done again at once.
const LONG: Duration = Duration::from_millis(2);
/// What was found then holds for so long.
const HOLDS: Duration = Duration::from_secs(30);

/// The lists.
pub(super) struct Lists {
    pub(super) requests: Vec<(String, RequestRecord)>,
    pub(super) misses: Vec<MissRecord>,
}

/// The lists read last, and when, if that took long.
#[derive(Default)]
pub(super) struct Wanted(Mutex<Option<(Instant, Arc<Lists>)>>);

impl Wanted {
    /// The lists, at most so many rows of each; `most` is the same in every call.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn lists(&self, library: &Library, most: usize) -> library::Result<Arc<Lists>> {
        self.read(library, most, LONG)
    }

    fn read(&self, library: &Library, most: usize, long: Duration) -> library::Result<Arc<Lists>> {
        let began = Instant::now();
        // Whoever comes while they are being read waits for them, instead of reading the same.
        let mut kept = self.0.lock();
        if let Some((read, lists)) = &*kept
            && read.elapsed() < HOLDS
        {
            return Ok(Arc::clone(lists));
        }
        let lists = Arc::new(Lists { requests: library.requests(most)?, misses: library.misses(most)? });
        *kept = (began.elapsed() > long).then(|| (Instant::now(), Arc::clone(&lists)));
        Ok(lists)
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Asia::Shanghai;

    use super::*;
    use crate::library::requests;
    use crate::store::{Durability, Store};

    #[test]
    fn only_what_took_long_is_shown_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let library = Library::open(store, &dir.path().join("index"), Shanghai, 0).unwrap();
        let missed = |text: &str| {
            let now = chrono::DateTime::UNIX_EPOCH;
            library.store().write(Durability::Soon, |write| requests::count_miss(write, text, now)).unwrap();
        };
        let misses = |wanted: &Wanted, long| wanted.read(&library, 10, long).unwrap().misses.len();
        let (quick, slow) = (Wanted::default(), Wanted::default());
        missed("one");
        assert_eq!((misses(&quick, Duration::MAX), misses(&slow, Duration::ZERO)), (1, 1));
        missed("two");
        assert_eq!((misses(&quick, Duration::MAX), misses(&slow, Duration::ZERO)), (2, 1));
    }
}
