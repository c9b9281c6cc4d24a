//! Books that may be one: of the same title and first author, folded, which is what joins files to books. They stay
//! apart when catalogues know them under different numbers, or when they got the same name later.

use std::collections::HashMap;

use super::{Error, Library, Refused, Result, shelf};
use crate::store::Durability;
use crate::store::records::{BookId, BookRecord};
use crate::store::schema::{BOOKS, NOT_SAME};

/// What the owner has told apart is read up to so many groups.
const MOST_TOLD_APART: usize = 100_000;

/// Some of the groups of books that may be one.
#[derive(Clone, Debug, Default)]
pub struct Duplicates {
    /// Each the books of one title and author, the oldest first.
    pub groups: Vec<Vec<(BookId, BookRecord)>>,
    /// How many groups there are.
    pub total: usize,
}

impl Library {
    /// Groups of books that may be one, those with the newest book first: `limit` of them from number `skip` on. What
    /// the owner has told apart is left out until another book comes.
    ///
    /// # Errors
    /// When the store fails.
    pub fn duplicates(&self, skip: usize, limit: usize) -> Result<Duplicates> {
        let told_apart = self.told_apart()?;
        let is_known = |group: &Vec<BookId>| {
            let sets = group.first().and_then(|first| told_apart.get(first));
            sets.is_some_and(|sets| sets.iter().any(|set| group.iter().all(|id| set.contains(id))))
        };
        let mut groups = self.of_one_work()?;
        groups.retain(|group| !is_known(group));
        let total = groups.len();
        let groups = groups.into_iter().skip(skip).take(limit).map(|group| self.books(&group));
        Ok(Duplicates { groups: groups.collect::<Result<_>>()?, total })
    }

    /// Says that these books are not the same, so that they are not offered to be merged again.
    ///
    /// # Errors
    /// When one of them does not exist, when they are not of one title and author, or the store fails.
    pub fn tell_apart(&self, ids: &[BookId]) -> Result<()> {
        self.store.write(Durability::Durable, |write| {
            let mut works = Vec::new();
            for id in ids {
                works.push(shelf::work_key(&write.get(&BOOKS, id)?.ok_or(Error::NoSuchBook(*id))?));
            }
            works.dedup();
            let [work] = works.as_slice() else {
                return Err(Refused::NotOneWork.into());
            };
            let mut apart = write.get(&NOT_SAME, work)?.unwrap_or_default();
            apart.extend_from_slice(ids);
            apart.sort_unstable();
            apart.dedup();
            Ok::<_, Error>(write.put(&NOT_SAME, work, &apart)?)
        })
    }

    /// By book, the groups that it was told apart in.
    fn told_apart(&self) -> Result<HashMap<BookId, Vec<Vec<BookId>>>> {
        let mut by_book: HashMap<BookId, Vec<Vec<BookId>>> = HashMap::new();
        for (_, ids) in self.store.page(&NOT_SAME, None, MOST_TOLD_APART)? {
            for id in &ids {
                by_book.entry(*id).or_default().push(ids.clone());
            }
        }
        Ok(by_book)
    }

    /// The records of these books; those that are not there any more are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub fn books(&self, ids: &[BookId]) -> Result<Vec<(BookId, BookRecord)>> {
        let mut books = Vec::with_capacity(ids.len());
        for &id in ids {
            books.extend(self.book(id)?.map(|book| (id, book)));
        }
        Ok(books)
    }
}
