//! One write: reads see what it has changed itself, and everything lands in one batch.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::engine::{Batch, Engine};
use super::schema::COUNTS;
use super::{Key, Result, Table, damaged, decode};

/// A write in the making, handed to the closure of [`super::Store::write`].
pub struct Write<'a> {
    engine: &'a Engine,
    /// `None` is a deletion.
    pending: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'a> Write<'a> {
    pub(super) fn new(engine: &'a Engine) -> Write<'a> {
        Write { engine, pending: BTreeMap::new() }
    }

    /// One record, as this write left it.
    ///
    /// # Errors
    /// When the disk fails or the record cannot be read.
    pub fn get<K: Key, V: DeserializeOwned>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>> {
        let key = table.key(key);
        match self.pending.get(&key) {
            Some(Some(value)) => decode(table, value).map(Some),
            Some(None) => Ok(None),
            None => self.engine.get(&key)?.map(|value| decode(table, &value)).transpose(),
        }
    }

    /// Stores a record under the key, replacing what was there.
    ///
    /// # Errors
    /// When the value cannot be encoded.
    pub fn put<K: Key, V: Serialize>(&mut self, table: &Table<K, V>, key: &K, value: &V) -> Result<()> {
        let bytes = serde_json::to_vec(value).map_err(|error| damaged(table, &error.to_string()))?;
        self.pending.insert(table.key(key), Some(bytes));
        Ok(())
    }

    /// Removes a record; one that is not there is removed already.
    pub fn delete<K: Key, V>(&mut self, table: &Table<K, V>, key: &K) {
        self.pending.insert(table.key(key), None);
    }

    /// Adds to a counter and gives its new value; counters start at 0 and stop there.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn count(&mut self, counter: &str, change: i64) -> Result<u64> {
        let key = counter.to_owned();
        let value = self.get(&COUNTS, &key)?.unwrap_or(0).saturating_add_signed(change);
        self.put(&COUNTS, &key, &value)?;
        Ok(value)
    }

    pub(super) fn apply(self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let followed = self.engine.followers().among(self.pending.keys());
        let mut batch = Batch::default();
        for (key, change) in self.pending {
            match change {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            }
        }
        let applied = self.engine.apply(batch);
        // Also after a failure, which may have come too late to change nothing.
        self.engine.followers().note(followed);
        applied
    }
}
