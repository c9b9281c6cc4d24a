//! Which records have been written since one last asked: for what is kept in memory of a whole table, and for a
//! snapshot, which stops nobody and reads once more what has changed meanwhile.
//!
//! A key is noted after its change can be read. So whoever takes the keys and then reads them misses nothing; at worst
//! a record is read twice. Nothing is noted of tables that nobody follows.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};

use super::{Key, Store, Table};

pub(super) type Keys = Mutex<BTreeSet<Vec<u8>>>;

/// What is followed: the prefixes of tables, none for all of them, and what was written there.
#[derive(Default)]
pub(super) struct Followers(RwLock<Vec<(Option<u8>, Weak<Keys>)>>);

impl Followers {
    /// The keys among these that somebody wants to hear of.
    pub(super) fn among<'k>(&self, keys: impl Iterator<Item = &'k Vec<u8>>) -> Vec<Vec<u8>> {
        let followed = self.0.read();
        if followed.is_empty() {
            return Vec::new();
        }
        let is_followed = |key: &&Vec<u8>| followed.iter().any(|(prefix, _)| is_of(key, *prefix));
        keys.filter(is_followed).cloned().collect()
    }

    /// Notes keys whose change can be read from now on.
    pub(super) fn note(&self, keys: Vec<Vec<u8>>) {
        for key in keys {
            for (_, written) in self.0.read().iter().filter(|(prefix, _)| is_of(&key, *prefix)) {
                if let Some(written) = written.upgrade() {
                    written.lock().insert(key.clone());
                }
            }
        }
    }
}

fn is_of(key: &[u8], prefix: Option<u8>) -> bool {
    prefix.is_none_or(|prefix| key.first() == Some(&prefix))
}

/// The keys of one table that have been written since they were last taken.
pub struct Written<K> {
    keys: Arc<Keys>,
    of: PhantomData<fn() -> K>,
}

impl<K: Key> Written<K> {
    /// Takes them, in order; what is written from now on is there next time.
    pub fn take(&self) -> Vec<K> {
        let keys = std::mem::take(&mut *self.keys.lock());
        keys.iter().filter_map(|key| K::read_from(&key[1..])).collect()
    }
}

impl Store {
    /// Follows a table from now on, for as long as what this gives is kept.
    pub fn follow<K: Key, V>(&self, table: &Table<K, V>) -> Written<K> {
        Written { keys: self.follow_keys(Some(table.prefix)), of: PhantomData }
    }

    /// The keys of a table, or of all, that are written from now on.
    pub(super) fn follow_keys(&self, prefix: Option<u8>) -> Arc<Keys> {
        // A write that is under way has asked already who follows, so it has to end first.
        let _writer = self.writer.lock();
        let keys = Arc::new(Keys::default());
        let mut followed = self.engine.followers().0.write();
        followed.retain(|(_, keys)| keys.strong_count() > 0);
        followed.push((prefix, Arc::downgrade(&keys)));
        keys
    }
}
