//! 订阅: authors, series and subjects of which a follower wants to have new books.
//!
//! Kept by follower, to be listed and forgotten, and by folded words, so that a book that arrives finds its followers
//! by a few look-ups. What has come is noted among the notices, where requests that were answered stand, too.
//!
//! One subscription is to the list of all that has come within a week. Nothing is noted for it: the shelf knows what has
//! come, and the subscription when its list was told last.

use chrono::{DateTime, Duration, Utc};

use super::requests::follower_key;
use crate::search;
use crate::store::records::{BookId, BookRecord, SubscriptionRecord};
use crate::store::schema::{COUNTS, NOTICES, SUBSCRIBERS, SUBSCRIPTIONS};
use crate::store::{Result, Store, Write};

/// Most subscriptions of one follower.
pub const MOST: usize = 20;

/// The key of the weekly list. No other subscription has such a key: they are folded text.
pub const WEEKLY: &str = "\u{e000}weekly";

/// What the weekly list is called.
const WEEKLY_NAMES: [&str; 6] = ["周报", "每周新书", "新书周报", "weekly", "weekly digest", "weekly list"];
/// How often it is told.
const WEEK: Duration = Duration::days(7);
/// The counter of all subscriptions.
const COUNT: &str = "subscriptions";
/// Most followers told of one book for one of its words.
const MOST_SUBSCRIBERS: usize = 10_000;
/// Longest text kept of what was typed, in characters.
const MOST_TEXT: usize = 60;
/// Begins the notice of a new book. No request is kept under such a key: they are folded text. Of all that a follower
/// waits for these notices stand last, so that many of them are in nobody's way.
const NEWS: &str = "\u{e000}new:";
/// Ends the notice of a book that has grown.
const UPDATED: &str = ":updated";

/// What books are compared by with the words of a subscription; empty if nothing in them can be compared.
pub fn key_of(text: &str) -> String {
    let key = key_of_words(text);
    let is_weekly = !key.is_empty() && WEEKLY_NAMES.iter().any(|name| key_of_words(name) == key);
    if is_weekly { WEEKLY.to_owned() } else { key }
}

fn key_of_words(text: &str) -> String {
    search::title_key(text).chars().take(MOST_TEXT).collect()
}

/// What a follower subscribes to, with the keys, the oldest first.
///
/// # Errors
/// When the store fails.
pub fn of(store: &Store, account: &str, open_id: &str) -> Result<Vec<(String, SubscriptionRecord)>> {
    let found = store.under(&SUBSCRIPTIONS, &follower_key(account, open_id), MOST * 2)?;
    let mut found: Vec<_> = found.into_iter().map(|((_, key), record)| (key, record)).collect();
    found.sort_by_key(|(_, record)| record.since);
    Ok(found)
}

/// Only the keys.
///
/// # Errors
/// When the store fails.
pub fn keys_of(store: &Store, account: &str, open_id: &str) -> Result<Vec<String>> {
    Ok(of(store, account, open_id)?.into_iter().map(|(key, _)| key).collect())
}

/// Adds a subscription; one that is there stays.
///
/// # Errors
/// When the store fails.
pub fn add(write: &mut Write<'_>, account: &str, open_id: &str, text: &str, now: DateTime<Utc>) -> Result<()> {
    let (follower, key) = (follower_key(account, open_id), key_of(text));
    let own = (follower.clone(), key.clone());
    if key.is_empty() || write.get(&SUBSCRIPTIONS, &own)?.is_some() {
        return Ok(());
    }
    write.count(COUNT, 1)?;
    let text = text.chars().take(MOST_TEXT).collect();
    write.put(&SUBSCRIPTIONS, &own, &SubscriptionRecord { text, since: now, told_at: None })?;
    write.put(&SUBSCRIBERS, &(key, follower), &())
}

/// Ends subscriptions, by their keys.
///
/// # Errors
/// When the store fails.
pub fn remove(write: &mut Write<'_>, account: &str, open_id: &str, keys: &[String]) -> Result<()> {
    let follower = follower_key(account, open_id);
    for key in keys {
        let own = (follower.clone(), key.clone());
        if write.get(&SUBSCRIPTIONS, &own)?.is_some() {
            write.count(COUNT, -1)?;
        }
        write.delete(&SUBSCRIPTIONS, &own);
        write.delete(&SUBSCRIBERS, &(key.clone(), follower.clone()));
    }
    Ok(())
}

/// The followers (`account/openid`) whose weekly list is due.
///
/// # Errors
/// When the store fails.
pub fn weekly_due(store: &Store, now: DateTime<Utc>) -> Result<Vec<String>> {
    let mut due = Vec::new();
    for ((_, follower), ()) in store.under(&SUBSCRIBERS, WEEKLY, usize::MAX)? {
        if weekly_since(store, &follower, now)?.is_some() {
            due.push(follower);
        }
    }
    Ok(due)
}

/// Since when books belong on the weekly list of this follower, if it is due.
///
/// # Errors
/// When the store fails.
pub fn weekly_since(store: &Store, follower: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let known = store.get(&SUBSCRIPTIONS, &(follower.to_owned(), WEEKLY.to_owned()))?;
    Ok(known.map(|known| known.last_at()).filter(|last_at| now - *last_at >= WEEK))
}

/// Whether the weekly list with books since then has not been told meanwhile.
///
/// # Errors
/// When the store fails.
pub fn is_weekly_since(write: &Write<'_>, follower: &str, since: DateTime<Utc>) -> Result<bool> {
    let known = write.get(&SUBSCRIPTIONS, &(follower.to_owned(), WEEKLY.to_owned()))?;
    Ok(known.is_some_and(|known| known.last_at() == since))
}

/// Notes that the weekly list was told.
///
/// # Errors
/// When the store fails.
pub fn told_weekly(write: &mut Write<'_>, follower: &str, now: DateTime<Utc>) -> Result<()> {
    let key = (follower.to_owned(), WEEKLY.to_owned());
    match write.get(&SUBSCRIPTIONS, &key)? {
        Some(known) => write.put(&SUBSCRIPTIONS, &key, &SubscriptionRecord { told_at: Some(now), ..known }),
        None => Ok(()),
    }
}

impl SubscriptionRecord {
    /// When its list was told last, or would have been.
    fn last_at(&self) -> DateTime<Utc> {
        self.told_at.unwrap_or(self.since)
    }
}

/// Whether the notice under this key is of a new book that somebody subscribes to.
pub fn is_news(notice: &str) -> bool {
    notice.starts_with(NEWS)
}

/// Whether such a notice is of a book that was there before and has grown.
pub fn is_update(notice: &str) -> bool {
    is_news(notice) && notice.ends_with(UPDATED)
}

/// Leaves a notice for everybody who subscribes to the title or an author of a book that has just grown: one for each
/// follower and book, and none for who has not yet heard that the book is there.
pub(super) fn announce_update(store: &Store, write: &mut Write<'_>, id: BookId, book: &BookRecord) -> Result<()> {
    if !book.is_shown() || write.get(&COUNTS, &COUNT.to_owned())?.unwrap_or(0) == 0 {
        return Ok(());
    }
    for key in keys_of_update(book) {
        for ((_, follower), ()) in store.under(&SUBSCRIBERS, &key, MOST_SUBSCRIBERS)? {
            let new = (follower, format!("{NEWS}{id:020}"));
            if write.get(&NOTICES, &new)?.is_none() {
                write.put(&NOTICES, &(new.0, format!("{}{UPDATED}", new.1)), &id)?;
            }
        }
    }
    Ok(())
}

/// Leaves a notice for everybody who subscribes to something of a book that has just got its first file.
pub(super) fn announce(
    store: &Store,
    write: &mut Write<'_>,
    id: BookId,
    before: Option<&BookRecord>,
    book: &BookRecord,
) -> Result<()> {
    let had_file = before.is_some_and(|before| !before.editions.is_empty());
    if had_file || book.editions.is_empty() || write.get(&COUNTS, &COUNT.to_owned())?.unwrap_or(0) == 0 {
        return Ok(());
    }
    for key in keys_of_book(book) {
        for ((_, follower), ()) in store.under(&SUBSCRIBERS, &key, MOST_SUBSCRIBERS)? {
            write.put(&NOTICES, &(follower, format!("{NEWS}{id:020}")), &id)?;
        }
    }
    Ok(())
}

/// Everything under which a book may be subscribed to: authors, series, subjects.
fn keys_of_book(book: &BookRecord) -> Vec<String> {
    let mut keys: Vec<String> = book.authors.iter().map(|author| search::author_key(author)).collect();
    keys.extend(book.authors.iter().chain(&book.series).chain(&book.subjects).map(|words| key_of_words(words)));
    distinct(keys)
}

/// Everything under which the growth of a book may be followed: its names and its authors. Not subjects: who follows
/// one does not want to hear of every chapter in it.
fn keys_of_update(book: &BookRecord) -> Vec<String> {
    let mut keys: Vec<String> = book.authors.iter().map(|author| search::author_key(author)).collect();
    keys.extend(book.aliases.iter().chain([&book.title]).chain(&book.authors).map(|words| key_of_words(words)));
    distinct(keys)
}

fn distinct(mut keys: Vec<String>) -> Vec<String> {
    keys.retain(|key| !key.is_empty());
    keys.sort();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_is_found_by_authors_series_and_subjects() {
        let book = BookRecord {
            title: "红楼梦".into(),
            authors: vec!["[清] 曹雪芹 著".into(), "高鹗".into()],
            series: Some("四大名著".into()),
            subjects: vec!["古典小說".into()],
            ..BookRecord::default()
        };
        let keys = keys_of_book(&book);
        for words in ["曹雪芹", "高鶚", "四大名著", "古典小说"] {
            assert!(keys.contains(&key_of(words)), "{words}: {keys:?}");
        }
        assert!(!keys.contains(&key_of("红楼梦")) && !keys.contains(&String::new()));
    }

    #[test]
    fn the_weekly_list_is_none_of_the_subjects() {
        for words in ["周报", "週報", "每周新书", "Weekly digest", " weekly "] {
            assert_eq!(key_of(words), WEEKLY, "{words}");
        }
        assert_ne!(key_of("南方周报"), WEEKLY);
        let book = BookRecord { subjects: vec!["周报".into()], ..BookRecord::default() };
        assert!(!keys_of_book(&book).contains(&WEEKLY.to_owned()));
    }

    #[test]
    fn no_request_looks_like_a_notice_of_news() {
        assert!(is_news(&format!("{NEWS}{:020}", 7)));
        for request in ["#7", "new7", "新书"] {
            assert!(!is_news(request));
        }
    }
}
