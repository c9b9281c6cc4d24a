//! 求书: books that followers ask for and the library does not have.
//!
//! A request is kept under its folded title, or under the number of a catalogue's entry, and counts each follower
//! once. When a book arrives that answers it, everyone who asked gets a notice, told with their next answer: accounts
//! that are not verified have no other way to reach a follower.

use chrono::{DateTime, Duration, Utc};

use super::{Error, Library, Refused};
use crate::library;
use crate::search;
use crate::store::records::{BookId, BookRecord, RequestRecord};
use crate::store::schema::{MISSES, NOTICES, REQUESTERS, REQUESTS};
use crate::store::{Durability, Result, Store, Write};

/// The counter of open requests.
pub(super) const OPEN: &str = "requests";

/// Most requests and misses looked at for a list; beyond that nobody reads.
pub(super) const MOST_KEPT: usize = 10_000;

/// Most followers told of one book.
const MOST_REQUESTERS: usize = 10_000;

/// The counter of searches kept that found nothing.
const KEPT_MISSES: &str = "misses";

/// How long the words of such a search are kept.
const MISSES_KEPT_FOR: Duration = Duration::days(30);

/// Most sources remembered that were asked for one request.
const MOST_LOOKED: usize = 40;

/// After this a source that did not have a book is asked for it again.
const LOOK_AGAIN: Duration = Duration::days(7);

/// Longest text kept of what was asked, in characters.
const MOST_TEXT: usize = 100;

/// Adds a follower's request and gives the number of followers who ask for the same.
///
/// # Errors
/// When the store fails.
pub fn add(
    write: &mut Write<'_>,
    account: &str,
    open_id: &str,
    text: &str,
    book: Option<BookId>,
    now: DateTime<Utc>,
) -> Result<u64> {
    let key = key_of(text, book);
    let found = write.get(&REQUESTS, &key)?;
    let was_open = found.as_ref().is_some_and(is_open);
    let mut request = found.unwrap_or_else(|| RequestRecord { first_at: now, ..RequestRecord::default() });
    if request.text.is_empty() {
        request.text = text.chars().take(MOST_TEXT).collect();
        request.book = book;
    }
    if !was_open {
        request.count = 0;
        request.fulfilled_by = None;
        request.looked.clear();
        write.count(OPEN, 1)?;
    }
    let requester = (key.clone(), follower_key(account, open_id));
    if write.get(&REQUESTERS, &requester)?.is_none() {
        request.count += 1;
        write.put(&REQUESTERS, &requester, &now)?;
    }
    request.last_at = now;
    request.dismissed = false;
    write.put(&REQUESTS, &key, &request)?;
    Ok(request.count)
}

/// Whether this follower has asked for this already.
///
/// # Errors
/// When the store fails.
pub fn has_asked(store: &Store, account: &str, open_id: &str, text: &str, book: Option<BookId>) -> Result<bool> {
    Ok(store.get(&REQUESTERS, &(key_of(text, book), follower_key(account, open_id)))?.is_some())
}

/// Counts a search that found nothing.
///
/// # Errors
/// When the store fails.
pub fn count_miss(write: &mut Write<'_>, text: &str, now: DateTime<Utc>) -> Result<()> {
    let key = key_of(text, None);
    let found = write.get(&MISSES, &key)?;
    if found.is_none() && write.count(KEPT_MISSES, 1)? > MOST_KEPT as u64 {
        // Nobody reads so many, and anybody can send as many as they like.
        write.count(KEPT_MISSES, -1)?;
        return Ok(());
    }
    let mut miss = found.unwrap_or_default();
    miss.text = text.chars().take(MOST_TEXT).collect();
    miss.count += 1;
    miss.last_at = now;
    write.put(&MISSES, &key, &miss)
}

/// Forgets searches that have found nothing and were not repeated for 30 days, and says how many.
///
/// # Errors
/// When the store fails.
pub fn forget_misses(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let mut old = store.page(&MISSES, None, MOST_KEPT)?;
    old.retain(|(_, miss)| now - miss.last_at > MISSES_KEPT_FOR);
    store.write(Durability::Soon, |write| {
        for (key, _) in &old {
            write.delete(&MISSES, key);
            write.count(KEPT_MISSES, -1)?;
        }
        Ok(old.len() as u64)
    })
}

/// Whether somebody still waits for it.
fn is_open(request: &RequestRecord) -> bool {
    request.fulfilled_by.is_none() && !request.dismissed
}

/// Open requests with their keys, most wanted first, at most `most`.
///
/// # Errors
/// When the store fails.
pub fn open(store: &Store, most: usize) -> Result<Vec<(String, RequestRecord)>> {
    let mut open = store.page(&REQUESTS, None, MOST_KEPT)?;
    open.retain(|(_, request)| is_open(request));
    open.sort_by_key(|(_, request)| std::cmp::Reverse((request.count, request.last_at)));
    open.truncate(most);
    Ok(open)
}

/// Notes that a source was asked for what is requested under this key. Of very many sources the last asked are
/// remembered.
///
/// # Errors
/// When the store fails.
pub fn looked_for(write: &mut Write<'_>, key: &str, source: &str, now: DateTime<Utc>) -> Result<()> {
    let key = key.to_owned();
    let Some(mut request) = write.get(&REQUESTS, &key)? else { return Ok(()) };
    request.looked.retain(|(asked, _)| asked != source);
    request.looked.push((source.to_owned(), now));
    let forgotten = request.looked.len().saturating_sub(MOST_LOOKED);
    request.looked.drain(..forgotten);
    write.put(&REQUESTS, &key, &request)
}

/// Whether a source was asked for this so short a time ago, 7 days, that it need not be asked again.
pub fn was_looked_for(request: &RequestRecord, source: &str, now: DateTime<Utc>) -> bool {
    request.looked.iter().any(|(asked, at)| asked == source && now - *at < LOOK_AGAIN)
}

/// Closes the requests for a book that must not come: who asked is told nothing, and may ask again.
pub(super) fn close(store: &Store, write: &mut Write<'_>, id: BookId, book: &BookRecord) -> Result<()> {
    for key in answered_keys(id, book) {
        dismiss(store, write, &key)?;
    }
    Ok(())
}

/// Closes one request without a book, if it is open, and says whether it was.
fn dismiss(store: &Store, write: &mut Write<'_>, key: &str) -> Result<bool> {
    let Some(mut request) = write.get(&REQUESTS, &key.to_owned())?.filter(is_open) else { return Ok(false) };
    request.dismissed = true;
    write.put(&REQUESTS, &key.to_owned(), &request)?;
    write.count(OPEN, -1)?;
    for (requester, _) in store.under(&REQUESTERS, key, MOST_REQUESTERS)? {
        write.delete(&REQUESTERS, &requester);
    }
    Ok(true)
}

impl Library {
    /// Says that a book is what is requested under this key: everyone who asked hears of it.
    ///
    /// # Errors
    /// When there is no such open request, when followers cannot have the book, or the store fails.
    pub fn answer_request(&self, key: &str, book: BookId) -> library::Result<()> {
        let (id, record) = self.shown(book)?.ok_or(Error::NoSuchBook(book))?;
        if record.editions.is_empty() {
            return Err(Refused::NoFile(id).into());
        }
        self.store.write(Durability::Durable, |write| {
            if !write.get(&REQUESTS, &key.to_owned())?.as_ref().is_some_and(is_open) {
                return Err(Refused::NoSuchRequest.into());
            }
            Ok::<_, Error>(answer(&self.store, write, key, id)?)
        })
    }

    /// Closes a request without a book. Who asked is told nothing, and may ask again.
    ///
    /// # Errors
    /// When there is no such open request, or the store fails.
    pub fn decline_request(&self, key: &str) -> library::Result<()> {
        let was_open = self.store.write(Durability::Durable, |write| dismiss(&self.store, write, key))?;
        if was_open { Ok(()) } else { Err(Refused::NoSuchRequest.into()) }
    }

    /// Forgets a search that has found nothing, because it has been dealt with.
    ///
    /// # Errors
    /// When the store fails.
    pub fn forget_miss(&self, text: &str) -> library::Result<()> {
        let key = key_of(text, None);
        Ok(self.store.write(Durability::Soon, |write| {
            if write.get(&MISSES, &key)?.is_some() {
                write.delete(&MISSES, &key);
                write.count(KEPT_MISSES, -1)?;
            }
            Ok::<_, crate::store::Error>(())
        })?)
    }
}

/// The key under which a follower is kept where one string has to name it.
pub fn follower_key(account: &str, open_id: &str) -> String {
    format!("{account}/{open_id}")
}

/// Marks the requests that this book answers and leaves a notice for everyone who asked.
pub(super) fn fulfil(store: &Store, write: &mut Write<'_>, id: BookId, book: &BookRecord) -> Result<()> {
    for key in answered_keys(id, book) {
        answer(store, write, &key, id)?;
    }
    Ok(())
}

/// Marks one request as answered and leaves a notice for everyone who asked.
fn answer(store: &Store, write: &mut Write<'_>, key: &str, id: BookId) -> Result<()> {
    let key = key.to_owned();
    let request = write.get(&REQUESTS, &key)?.filter(|request| request.fulfilled_by.is_none());
    let Some(mut request) = request else { return Ok(()) };
    if is_open(&request) {
        write.count(OPEN, -1)?;
    }
    request.fulfilled_by = Some(id);
    write.put(&REQUESTS, &key, &request)?;
    for ((_, follower), _) in store.under(&REQUESTERS, &key, MOST_REQUESTERS)? {
        write.put(&NOTICES, &(follower.clone(), key.clone()), &id)?;
        write.delete(&REQUESTERS, &(key.clone(), follower));
    }
    Ok(())
}

/// All keys under which this book may have been asked for.
fn answered_keys(id: BookId, book: &BookRecord) -> Vec<String> {
    let names = book.aliases.iter().chain([&book.title]);
    let mut keys = vec![key_of("", Some(id))];
    for name in names {
        keys.push(key_of(name, None));
        keys.extend(
            book.authors.iter().flat_map(|author| {
                [key_of(&format!("{name} {author}"), None), key_of(&format!("{author} {name}"), None)]
            }),
        );
    }
    keys.sort();
    keys.dedup();
    keys
}

fn key_of(text: &str, book: Option<BookId>) -> String {
    match book {
        Some(id) => format!("#{id}"),
        None => {
            let key = search::title_key(text);
            let key = if key.is_empty() { search::fold(text) } else { key };
            key.chars().filter(|c| *c != '\0').take(MOST_TEXT).collect()
        }
    }
}
