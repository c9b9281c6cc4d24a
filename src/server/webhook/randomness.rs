//! Random bytes for sealing answers, drawn from the system a page at a time: asking it for each answer costs nearly
//! half of what encrypting one does. No byte is given out twice.

use anyhow::Result;
use parking_lot::Mutex;

/// Bytes drawn at once.
const PAGE: usize = 4096;

/// Bytes drawn and not given out yet; empty at first.
#[derive(Default)]
pub(super) struct Randomness(Mutex<Vec<u8>>);

impl Randomness {
    /// The next `N` bytes; more than a page does not compile.
    ///
    /// # Errors
    /// When the system has none.
    pub(super) fn next<const N: usize>(&self) -> Result<[u8; N]> {
        const { assert!(N <= PAGE) };
        let mut page = self.0.lock();
        if page.len() < N {
            *page = crate::app::random::<PAGE>()?.to_vec();
        }
        let mut bytes = [0; N];
        let rest = page.len() - N;
        bytes.copy_from_slice(&page[rest..]);
        page.truncate(rest);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_given_twice_and_pages_differ() {
        let randomness = Randomness::default();
        let first: [u8; 24] = randomness.next().unwrap();
        let mut page = randomness.0.lock().clone();
        assert_eq!(page.len(), PAGE - 24);
        // From the end: what is given is just what is no longer there.
        while page.len() >= 24 {
            let given: [u8; 24] = randomness.next().unwrap();
            assert_eq!(page.split_off(page.len() - 24), given);
        }
        let second: [u8; 24] = randomness.next().unwrap();
        assert_ne!(first, second, "the first bytes of two pages");
        assert_eq!(randomness.0.lock().len(), PAGE - 24);
    }
}
