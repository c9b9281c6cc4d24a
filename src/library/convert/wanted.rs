//! Conversions that the owner wants made beforehand, one after the other, while something else goes on.
//!
//! The list is in memory: a conversion is a cache, and who needs one that was forgotten in a restart has it made then.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use crate::book::Format;
use crate::library::{Error, Library, Result, link};
use crate::store::records::BookId;

/// Most that wait.
const MOST: usize = 10_000;

/// What waits, and what is being made.
#[derive(Default)]
pub(in crate::library) struct Wanted {
    list: Mutex<List>,
    /// Held by whoever makes them.
    turn: Mutex<()>,
}

#[derive(Default)]
struct List {
    waiting: VecDeque<(BookId, Format)>,
    now: Option<(BookId, Format)>,
}

impl Library {
    /// Puts a conversion on the list; [`Library::convert_wanted`] makes it. False if it need not be made, because the
    /// book has such a file, or is on the list.
    ///
    /// # Errors
    /// When there is no such book, when it cannot be had in that format, when very many wait, or the store fails.
    pub fn want(&self, id: BookId, format: Format) -> Result<bool> {
        let (id, book) = self.shown(id)?.ok_or(Error::NoSuchBook(id))?;
        let offer = link::offers(&book).into_iter().find(|offer| offer.format == format);
        let offer =
            offer.ok_or_else(|| Error::Unconvertible(format!("《{}》 cannot be had as {format}", book.title)))?;
        if offer.edition.is_some() || self.is_wanted(id, format) {
            return Ok(false);
        }
        let mut list = self.converting.wanted.list.lock();
        if list.waiting.len() >= MOST {
            return Err(Error::Busy);
        }
        list.waiting.push_back((id, format));
        Ok(true)
    }

    /// Whether this waits or is being made.
    pub fn is_wanted(&self, id: BookId, format: Format) -> bool {
        let list = self.converting.wanted.list.lock();
        list.now == Some((id, format)) || list.waiting.contains(&(id, format))
    }

    /// How many wait, the one that is being made among them.
    pub fn wanted(&self) -> usize {
        let list = self.converting.wanted.list.lock();
        list.waiting.len() + usize::from(list.now.is_some())
    }

    /// Makes all that is on the list, unless somebody is at it, and says how many were made. What fails says so where
    /// its book is shown.
    pub fn convert_wanted(&self, now: DateTime<Utc>) -> u64 {
        let mut made = 0;
        loop {
            let Some(turn) = self.converting.wanted.turn.try_lock() else { return made };
            while let Some((id, format)) = self.next_wanted() {
                match self.convert_one(id, format, now) {
                    Ok(()) => made += 1,
                    Err(error) => log::warn!(book = id; "not converted to {format}: {error}"),
                }
            }
            drop(turn);
            // Something may have been put on the list when this had just found it empty.
            let is_stopping = self.indexing.is_stopping.load(Ordering::Acquire);
            if is_stopping || self.converting.wanted.list.lock().waiting.is_empty() {
                return made;
            }
        }
    }

    fn next_wanted(&self) -> Option<(BookId, Format)> {
        let is_stopping = self.indexing.is_stopping.load(Ordering::Acquire);
        let mut list = self.converting.wanted.list.lock();
        list.now = if is_stopping { None } else { list.waiting.pop_front() };
        list.now
    }

    fn convert_one(&self, id: BookId, format: Format, now: DateTime<Utc>) -> Result<()> {
        let Some((_, book)) = self.shown(id)? else { return Ok(()) };
        self.obtain(&book, format.extension(), now).map(drop)
    }
}
