//! Which keys change while a snapshot is taken: nobody is stopped meanwhile, so what changed is read once more.

use std::collections::BTreeSet;

use parking_lot::Mutex;

/// The keys; none unless somebody watches.
#[derive(Default)]
pub(super) struct Touched(Mutex<Option<BTreeSet<Vec<u8>>>>);

/// A watch. It ends when it is dropped, however that comes.
pub(super) struct Watch<'a>(&'a Touched);

impl Touched {
    /// Begins to watch; none when somebody watches already.
    pub(super) fn watch(&self) -> Option<Watch<'_>> {
        let mut touched = self.0.lock();
        if touched.is_some() {
            return None;
        }
        *touched = Some(BTreeSet::new());
        Some(Watch(self))
    }

    /// Whether somebody watches. Whoever writes asks before the change, because a watch only begins between two writes.
    pub(super) fn is_watched(&self) -> bool {
        self.0.lock().is_some()
    }

    /// These keys have changed: noted once that can be read, or a snapshot would read what was there before.
    pub(super) fn note<'k>(&self, keys: impl Iterator<Item = &'k Vec<u8>>) {
        if let Some(touched) = &mut *self.0.lock() {
            touched.extend(keys.cloned());
        }
    }
}

impl Watch<'_> {
    /// The keys since the last call.
    pub(super) fn take(&self) -> BTreeSet<Vec<u8>> {
        self.0.0.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.0.lock().as_ref().map_or(0, BTreeSet::len)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        *self.0.0.lock() = None;
    }
}
