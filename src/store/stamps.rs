//! Whether something read from the store is still as it was: for what is kept in memory beside it.
//!
//! 32,768 counters (256 kB) stand for all keys. A write counts up those of the keys that it changes, after the change can
//! be read; so whoever takes a stamp, reads, and later finds the stamp current, has read what is still there. Two keys
//! may share a counter: that costs a second reading, never a wrong one.

use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// A power of two.
const COUNTERS: usize = 32_768;

/// The state of one key, or of all keys under a first part, when the stamp was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    counter: u16,
    count: u64,
}

pub(super) struct Stamps(Box<[AtomicU64]>);

impl Stamps {
    pub(super) fn new() -> Stamps {
        Stamps((0..COUNTERS).map(|_| AtomicU64::new(0)).collect())
    }

    /// The stamp of a key, or of a key's beginning up to the NUL behind its first part.
    pub(super) fn take(&self, key: &[u8]) -> Stamp {
        let counter = counter_of(key);
        Stamp { counter, count: self.count(counter) }
    }

    pub(super) fn is_current(&self, stamp: Stamp) -> bool {
        self.count(stamp.counter) == stamp.count
    }

    pub(super) fn count_up(&self, counters: &[u16]) {
        for &counter in counters {
            self.0[usize::from(counter)].fetch_add(1, Ordering::Release);
        }
    }

    fn count(&self, counter: u16) -> u64 {
        self.0[usize::from(counter)].load(Ordering::Acquire)
    }
}

/// The counters that a change of this key counts up: its own, and that of its first part.
pub(super) fn counters_of(key: &[u8]) -> impl Iterator<Item = u16> {
    let first_part = key.iter().position(|&byte| byte == 0).map(|end| counter_of(&key[..=end]));
    std::iter::once(counter_of(key)).chain(first_part)
}

fn counter_of(key: &[u8]) -> u16 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    (hasher.finish() % COUNTERS as u64) as u16
}
