//! Which books are of one work. Kept as books come and go: to sort all of them whenever somebody asks would take most of
//! the time of the screen of duplicates.

use std::collections::BTreeSet;

use crate::store::records::BookId;

/// Books by a hash of their work. Two works of one hash, which is not to be expected of a library of any size, would be
/// offered as one; nothing is merged by itself.
#[derive(Default)]
pub(super) struct Works {
    all: BTreeSet<(u64, BookId)>,
    /// The works of more than one book.
    shared: BTreeSet<u64>,
}

impl Works {
    pub(super) fn insert(&mut self, work: u64, id: BookId) {
        self.all.insert((work, id));
        if self.books(work).nth(1).is_some() {
            self.shared.insert(work);
        }
    }

    /// Nothing happens if it is not there.
    pub(super) fn remove(&mut self, work: u64, id: BookId) {
        self.all.remove(&(work, id));
        if self.books(work).nth(1).is_none() {
            self.shared.remove(&work);
        }
    }

    /// The books of each work that has more than one, the oldest first.
    pub(super) fn shared(&self) -> Vec<Vec<BookId>> {
        self.shared.iter().map(|work| self.books(*work).collect()).collect()
    }

    fn books(&self, work: u64) -> impl Iterator<Item = BookId> {
        self.all.range((work, BookId::MIN)..=(work, BookId::MAX)).map(|(_, id)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_is_shared_while_it_has_two_books() {
        let mut works = Works::default();
        for (work, id) in [(7, 1), (8, 2), (7, 3), (9, 4), (7, 5), (8, 6)] {
            works.insert(work, id);
        }
        works.insert(7, 3);
        assert_eq!(works.shared(), [vec![1, 3, 5], vec![2, 6]]);
        works.remove(8, 2);
        works.remove(8, 2);
        works.remove(9, 1);
        works.remove(7, 1);
        assert_eq!(works.shared(), [vec![3, 5]]);
        works.insert(9, 7);
        assert_eq!(works.shared(), [vec![3, 5], vec![4, 7]]);
    }
}
