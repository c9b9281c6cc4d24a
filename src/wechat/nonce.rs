//! The memory of signatures already used. A plain body is not signed, so whoever overheard one
//! signature could send any text under it while it is fresh.
//!
//! It does not make answers happen once: the same body again is the platform asking again, and the
//! stored answer under [`Incoming::dedup_key`](super::Incoming::dedup_key) is for that. It is empty
//! after a restart, which the same stored answers make up for.

use crate::wechat::{Account, Query, Refused};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};

/// How long a signature is remembered, in seconds: as long as it can be fresh, early or late.
const KEPT_SECONDS: i64 = 2 * super::FRESHNESS_SECONDS;
/// At most so many are remembered (about 15 MB); the oldest make room, so that a flood costs
/// memory of old signatures and never the service.
const CAPACITY: usize = 100_000;

/// Which body was seen under which signature.
pub struct NonceCache {
    /// Guards map and queue together: they must name the same signatures. It is held for a hash
    /// lookup, never across a wait, so the plain blocking kind is right.
    seen: Mutex<Seen>,
    capacity: usize,
}

#[derive(Default)]
struct Seen {
    bodies: HashMap<[u8; 32], [u8; 32]>,
    in_order: VecDeque<(i64, [u8; 32])>,
}

impl NonceCache {
    /// An empty memory.
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        NonceCache { seen: Mutex::default(), capacity }
    }

    /// Admits a body under the signature it came with, `now` in Unix seconds.
    ///
    /// Refused if another body came under the same signature within the last ten minutes. Call it
    /// after [`open`](super::open), so that only genuine signatures take up room.
    pub fn admit(&self, account: &Account, query: &Query, body: &[u8], now: i64) -> Result<(), Refused> {
        let key = hash(&[account.app_id(), query.timestamp(), query.nonce()].map(str::as_bytes));
        let body = hash(&[body]);
        let mut seen = self.seen.lock();
        seen.forget_before(now.saturating_sub(KEPT_SECONDS));
        if let Some(first) = seen.bodies.get(&key) {
            return if *first == body {
                Ok(())
            } else {
                Err(Refused::Forged("a used signature came with another body"))
            };
        }
        while seen.in_order.len() >= self.capacity {
            seen.forget_oldest();
        }
        seen.bodies.insert(key, body);
        seen.in_order.push_back((now, key));
        Ok(())
    }
}

impl Default for NonceCache {
    fn default() -> Self {
        Self::new()
    }
}

impl Seen {
    fn forget_before(&mut self, time: i64) {
        while self.in_order.front().is_some_and(|(seen_at, _)| *seen_at < time) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.in_order.pop_front() {
            self.bodies.remove(&key);
        }
    }
}

/// Parts are told apart by their length, so that `ab|c` is not `a|bc`.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use crate::wechat::{AccountSettings, Mode};

    #[test]
    fn the_oldest_make_room_and_both_books_agree() {
        let account = Account::new(AccountSettings {
            name: "main".into(),
            app_id: "wx1".into(),
            token: Secret::new("token"),
            mode: Mode::Plain,
            encoding_aes_key: None,
            previous_encoding_aes_key: None,
            verified: false,
        });
        let account = account.unwrap();
        let cache = NonceCache::with_capacity(3);
        let query = |nonce: i64| Query::parse(&format!("signature=s&timestamp=5&nonce={nonce}")).unwrap();
        for nonce in 0..10 {
            cache.admit(&account, &query(nonce), b"a", nonce).unwrap();
        }
        let sizes = || {
            let seen = cache.seen.lock();
            (seen.bodies.len(), seen.in_order.len())
        };
        assert_eq!(sizes(), (3, 3));
        assert!(cache.admit(&account, &query(7), b"b", 10).is_err(), "the last three are known");
        assert!(cache.admit(&account, &query(6), b"b", 10).is_ok(), "the one before is forgotten");
        cache.admit(&account, &query(99), b"a", 10_000).unwrap();
        assert_eq!(sizes(), (1, 1));
    }
}
