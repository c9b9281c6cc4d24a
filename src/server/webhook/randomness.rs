//! Random bytes for sealing answers, drawn from the system a page at a time: asking it for each answer costs as much as
//! encrypting one. No byte is given out twice.

use anyhow::Result;
use parking_lot::Mutex;

/// Bytes drawn at once.
const PAGE: usize = 4096;

/// Bytes drawn and not given out yet; empty at first.
#[derive(Default)]
pub(super) struct Randomness(Mutex<Vec<u8>>);

impl Randomness {
    /// The next `N` bytes, at most a page.
    ///
    /// # Errors
    /// When the system has none.
    pub(super) fn next<const N: usize>(&self) -> Result<[u8; N]> {
        let mut page = self.0.lock();
        if page.len() < N {
            *page = crate::app::random::<PAGE>()?.to_vec();
        }
        let mut bytes = [0; N];
        let rest = page.len().saturating_sub(N);
        bytes.copy_from_slice(&page[rest..]);
        page.truncate(rest);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bytes_are_given_twice() {
        let randomness = Randomness::default();
        let drawn: std::collections::BTreeSet<[u8; 24]> = (0..1_000).map(|_| randomness.next().unwrap()).collect();
        assert_eq!(drawn.len(), 1_000);
        assert!(!drawn.contains(&[0; 24]));
    }
}
