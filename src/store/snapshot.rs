//! Everything as it was at one moment, while others go on writing.
//!
//! The records are read without stopping anybody, so those read early may be older than those read late. What is
//! written meanwhile is watched, read again, and given behind them, in rounds that get shorter; only the last few
//! records are read while writers wait. Records first, changes after them: that is the store at the moment of the end.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::schema::TABLES;
use super::{Error, Result, Store, export};

/// What a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A record as it was when it was come by.
    Records,
    /// A record as it was later, or that it is gone.
    Changes,
}

/// Writers wait for at most about so many records to be read.
const FEW: usize = 100;
/// More keys than these are not kept in memory: they are read again at once.
const MANY: usize = 20_000;
/// After so many rounds the writers are faster than the reader, and wait.
const ROUNDS: usize = 30;

impl Store {
    /// Gives every record as a line of JSON with its end, and behind them what has changed meanwhile: read in this
    /// order by [`Store::import`], they are the store at one moment near the end of the call. Says how many lines
    /// there were.
    ///
    /// # Errors
    /// What `give` returns, or when the store fails.
    pub fn snapshot<E: From<Error>>(&self, mut give: impl FnMut(Part, &[u8]) -> Result<(), E>) -> Result<u64, E> {
        let written = self.follow_keys(None);
        let take = || std::mem::take(&mut *written.lock());
        let mut lines = 0;
        for (prefix, name) in TABLES {
            for entry in self.scan_raw((Bound::Included(*prefix), Bound::Excluded(prefix + 1))) {
                let (key, value) = entry?;
                give(Part::Records, &export::line(name, &key, Some(&value))?)?;
                lines += 1;
                if written.lock().len() > MANY {
                    lines += self.again(&take(), &mut give)?;
                }
            }
        }
        for _ in 0..ROUNDS {
            if written.lock().len() <= FEW {
                break;
            }
            lines += self.again(&take(), &mut give)?;
        }
        let last = {
            let _writer = self.writer.lock();
            let last: Result<Vec<Vec<u8>>> = take().iter().map(|key| self.now(key)).collect();
            last?
        };
        for line in &last {
            give(Part::Changes, line)?;
        }
        Ok(lines + last.len() as u64)
    }

    /// Gives these records as they are now.
    fn again<E: From<Error>>(
        &self,
        keys: &BTreeSet<Vec<u8>>,
        give: &mut impl FnMut(Part, &[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        for key in keys {
            give(Part::Changes, &self.now(key)?)?;
        }
        Ok(keys.len() as u64)
    }

    fn now(&self, key: &[u8]) -> Result<Vec<u8>> {
        let table = TABLES.iter().find(|(prefix, _)| key.first() == Some(prefix));
        let (_, name) = table.ok_or_else(|| Error::Damaged("a key belongs to no table".into()))?;
        let value = self.engine.get(key)?;
        export::line(name, key, value.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::store::Durability;
    use crate::store::schema::{COUNTS, SHELF};

    /// Writers keep two counters equal, and a third record there or not there together with them. Whatever moment a
    /// snapshot shows, it shows them so.
    #[test]
    fn a_snapshot_is_one_moment_while_others_write() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for n in 0..3_000_u64 {
            store.write(Durability::Soon, |write| write.put(&COUNTS, &format!("m{n:05}"), &n)).unwrap();
        }
        let (first, last) = ("a".to_owned(), "z".to_owned());
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut n = 0;
                while !is_over.load(Ordering::Acquire) {
                    n += 1;
                    store
                        .write(Durability::Soon, |write| {
                            write.put(&COUNTS, &first, &n)?;
                            if n % 2 == 0 {
                                write.put(&SHELF, &7, &())?
                            } else {
                                write.delete(&SHELF, &7)
                            }
                            write.put(&COUNTS, &last, &n)
                        })
                        .unwrap();
                }
            });
            for round in 0..5 {
                let mut lines = Vec::new();
                let keep = |_: Part, line: &[u8]| {
                    lines.extend_from_slice(line);
                    Ok::<_, Error>(())
                };
                let count = store.snapshot(keep).unwrap();
                assert!(count >= 3_000);
                let other = tempfile::tempdir().unwrap();
                let copy = Store::open(other.path()).unwrap();
                copy.import(lines.as_slice()).unwrap();
                let counted = copy.get(&COUNTS, &first).unwrap().unwrap_or(0);
                assert_eq!(copy.get(&COUNTS, &last).unwrap().unwrap_or(0), counted, "round {round}");
                assert_eq!(copy.get(&SHELF, &7).unwrap().is_some(), counted > 0 && counted.is_multiple_of(2));
                assert_eq!(copy.get(&COUNTS, &"m02999".to_owned()).unwrap(), Some(2_999));
            }
            is_over.store(true, Ordering::Release);
        });
    }

    #[test]
    fn several_at_once_are_each_whole_and_a_failed_one_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let write = |n: u64| store.write(Durability::Soon, |write| write.put(&COUNTS, &format!("m{n}"), &n)).unwrap();
        write(1);
        let (mut inner, mut changes) = (0, 0);
        let outer = store.snapshot(|part, _| {
            if inner == 0 {
                write(2);
                inner = store.snapshot(|_, _| Ok::<_, Error>(()))?;
            }
            changes += u64::from(part == Part::Changes);
            Ok::<_, Error>(())
        });
        outer.unwrap();
        // The version of the records is one, too.
        assert_eq!((inner, changes), (3, 1), "the outer one has what was written meanwhile behind its records");
        let failed = store.snapshot(|_, _| Err::<(), _>(Error::Damaged("the other end".into())));
        assert!(failed.unwrap_err().to_string().contains("the other end"));
        assert_eq!(store.snapshot(|_, _| Ok::<_, Error>(())).unwrap(), 3);
    }
}
