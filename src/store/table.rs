//! A table is a prefix byte and two types: how its keys become bytes, what its values are.
//!
//! All tables live in one tree of the engine, so that one batch changes several of them or none. Values are JSON:
//! a newer program reads what an older one wrote, and the logical export is the data itself. Values stay small
//! (a few kB: the engine leaks space on large ones); bytes of books and covers belong to [`super::Files`].

use std::marker::PhantomData;

/// One table of the store. Declared as constants in [`super::schema`].
pub struct Table<K, V> {
    pub(super) prefix: u8,
    pub(super) name: &'static str,
    types: PhantomData<fn(K) -> V>,
}

impl<K: Key, V> Table<K, V> {
    pub(super) const fn new(prefix: u8, name: &'static str) -> Self {
        Table { prefix, name, types: PhantomData }
    }

    pub(super) fn key(&self, key: &K) -> Vec<u8> {
        let mut bytes = vec![self.prefix];
        key.write_to(&mut bytes);
        bytes
    }
}

/// What can be a key. The byte order of the encoding is the order of a scan.
pub trait Key: Sized {
    /// Appends the encoding.
    fn write_to(&self, bytes: &mut Vec<u8>);
    /// Reads it back; `None` if these bytes are not such a key.
    fn read_from(bytes: &[u8]) -> Option<Self>;
}

impl Key for String {
    fn write_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.as_bytes());
    }

    fn read_from(bytes: &[u8]) -> Option<Self> {
        String::from_utf8(bytes.to_vec()).ok()
    }
}

impl Key for u64 {
    fn write_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_be_bytes());
    }

    fn read_from(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u64::from_be_bytes)
    }
}

/// Two numbers, ordered by the first, then the second.
impl Key for (u64, u64) {
    fn write_to(&self, bytes: &mut Vec<u8>) {
        self.0.write_to(bytes);
        self.1.write_to(bytes);
    }

    fn read_from(bytes: &[u8]) -> Option<Self> {
        let (first, second) = bytes.split_at_checked(8)?;
        Some((u64::read_from(first)?, u64::read_from(second)?))
    }
}

/// Two strings: a scan over the first finds all of the second. The first must not hold a NUL (names of
/// accounts, folded titles and dates never do).
impl Key for (String, String) {
    fn write_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.0.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(self.1.as_bytes());
    }

    fn read_from(bytes: &[u8]) -> Option<Self> {
        let zero = bytes.iter().position(|&byte| byte == 0)?;
        let first = String::from_utf8(bytes[..zero].to_vec()).ok()?;
        let second = String::from_utf8(bytes[zero + 1..].to_vec()).ok()?;
        Some((first, second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round_trip<K: Key + PartialEq + std::fmt::Debug>(key: K) {
        let mut bytes = Vec::new();
        key.write_to(&mut bytes);
        assert_eq!(K::read_from(&bytes), Some(key));
    }

    #[test]
    fn keys_come_back() {
        round_trip(String::from("三体"));
        round_trip(7_u64);
        round_trip((u64::MAX, 1_u64));
        round_trip((String::from("zagan123"), String::from("oABC")));
        assert_eq!(u64::read_from(b"short"), None);
    }
}
