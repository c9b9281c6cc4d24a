//! 求书: books that followers ask for and the library does not have.
//!
//! A request is kept under its folded title, or under the number of a catalogue's entry, and counts each follower
//! once. When a book arrives that answers it, everyone who asked gets a notice, told with their next answer: accounts
//! that are not verified have no other way to reach a follower.

use chrono::{DateTime, Duration, Utc};

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
    let was_open = found.as_ref().is_some_and(|request| request.fulfilled_by.is_none());
    let mut request = found.unwrap_or_else(|| RequestRecord { first_at: now, ..RequestRecord::default() });
    if request.text.is_empty() {
        request.text = text.chars().take(MOST_TEXT).collect();
        request.book = book;
    }
    if !was_open {
        request.count = 0;
        request.fulfilled_by = None;
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

/// The key under which a follower is kept where one string has to name it.
pub fn follower_key(account: &str, open_id: &str) -> String {
    format!("{account}/{open_id}")
}

/// Marks the requests that this book answers and leaves a notice for everyone who asked.
pub(super) fn fulfil(store: &Store, write: &mut Write<'_>, id: BookId, book: &BookRecord) -> Result<()> {
    for key in answered_keys(id, book) {
        let Some(mut request) = write.get(&REQUESTS, &key)? else { continue };
        if request.fulfilled_by.is_some() {
            continue;
        }
        request.fulfilled_by = Some(id);
        write.put(&REQUESTS, &key, &request)?;
        write.count(OPEN, -1)?;
        for ((_, follower), _) in store.under(&REQUESTERS, &key, MOST_REQUESTERS)? {
            write.put(&NOTICES, &(follower.clone(), key.clone()), &id)?;
            write.delete(&REQUESTERS, &(key.clone(), follower));
        }
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
