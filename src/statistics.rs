//! How much of what happened on which day, in the owner's time zone: messages, searches, downloads, pushes, followers,
//! tokens. Kept for 400 days. Nobody is named: a day has numbers, and the list of top books has numbers of books.
//!
//! What the store is told of anyway (a download, a letter, a follower who comes or goes, a token) is counted in the
//! same write, by [`note`], and is as exact and as durable as that. Messages, searches and misses happen too often for
//! that: [`Statistics::count`] adds them up in memory, and [`Statistics::flush`] writes them every ten seconds and at a
//! clean stop. A kill loses the last ten seconds of these three, and nothing else.
//!
//! Deliberately not here: counters since the start, for `/metrics` (each room has its own), and the words that were
//! searched for (`library::requests`).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use parking_lot::Mutex;
use serde::Serialize;

use crate::store::records::BookId;
use crate::store::schema::STATISTICS;
use crate::store::{Durability, Result, Store, Write};

/// So many days are kept, today among them.
pub const DAYS_KEPT: u64 = 400;
/// Books kept in the list of those downloaded most.
pub const TOP_BOOKS: usize = 50;

/// The first part of the keys of that list; it stands behind all days.
const TOP: &str = "top";
/// Rows of the table read at a time. A day has seven, and two for each account.
const PAGE: usize = 1_000;

/// What is counted in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Often {
    /// A follower's message, tap on the menu or scanned code was answered; coming and going are none.
    Message,
    /// Words were searched for.
    Search,
    /// A search that found nothing.
    Miss,
}

/// What is counted in the write that makes it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rarely<'a> {
    /// A file was downloaded.
    Download,
    /// A book was handed in to a mail server.
    Push,
    /// Somebody follows who did not.
    Follow,
    /// A follower left.
    Leave,
    /// A token was fetched for this account.
    Renewal(&'a str),
    /// A token could not be fetched for this account.
    FailedRenewal(&'a str),
}

/// One day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The date in the owner's time zone.
    pub day: NaiveDate,
    /// Followers' messages that were answered.
    pub messages: u64,
    /// Searches.
    pub searches: u64,
    /// Searches that found nothing.
    pub misses: u64,
    /// Downloads.
    pub downloads: u64,
    /// Books handed in to a mail server.
    pub pushes: u64,
    /// Followers that came.
    pub followed: u64,
    /// Followers that left.
    pub left: u64,
    /// What was asked for tokens, by account.
    pub tokens: BTreeMap<String, Renewals>,
}

/// What came of asking for one account's token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Renewals {
    /// Answers with a token.
    pub fetched: u64,
    /// Tries without.
    pub failed: u64,
}

/// The counts of all days. What happens often waits here to be written.
pub struct Statistics {
    store: Arc<Store>,
    zone: Tz,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// The minute, since 1970, that `day` is known for: a new day begins with a minute everywhere.
    minute: i64,
    day: NaiveDate,
    counts: BTreeMap<NaiveDate, [u64; 3]>,
}

impl Often {
    const ALL: [Often; 3] = [Often::Message, Often::Search, Often::Miss];

    fn name(self) -> &'static str {
        match self {
            Often::Message => "messages",
            Often::Search => "searches",
            Often::Miss => "misses",
        }
    }
}

impl Rarely<'_> {
    fn name(self) -> String {
        match self {
            Rarely::Download => "downloads".into(),
            Rarely::Push => "pushes".into(),
            Rarely::Follow => "followed".into(),
            Rarely::Leave => "left".into(),
            Rarely::Renewal(account) => format!("fetched/{account}"),
            Rarely::FailedRenewal(account) => format!("failed/{account}"),
        }
    }
}

impl Statistics {
    /// The counts in this store, by days of this time zone.
    pub fn new(store: Arc<Store>, zone: Tz) -> Statistics {
        Statistics { store, zone, waiting: Mutex::default() }
    }

    /// Counts one, in memory: some ten nanoseconds.
    pub fn count(&self, what: Often, now: DateTime<Utc>) {
        let mut waiting = self.waiting.lock();
        let minute = now.timestamp().div_euclid(60);
        if minute != waiting.minute {
            (waiting.minute, waiting.day) = (minute, date(now, self.zone));
        }
        let day = waiting.day;
        waiting.counts.entry(day).or_default()[what as usize] += 1;
    }

    /// Writes what was counted in memory. What cannot be written waits for the next time.
    ///
    /// # Errors
    /// When the store fails.
    pub fn flush(&self) -> Result<()> {
        let counts = std::mem::take(&mut self.waiting.lock().counts);
        if counts.is_empty() {
            return Ok(());
        }
        let written = self.store.write(Durability::Soon, |write| {
            for (day, of_day) in &counts {
                for what in Often::ALL.into_iter().filter(|what| of_day[*what as usize] > 0) {
                    add(write, &day.to_string(), what.name(), of_day[what as usize])?;
                }
            }
            Ok(())
        });
        if written.is_err() {
            let mut waiting = self.waiting.lock();
            for (day, lost) in counts {
                let of_day = waiting.counts.entry(day).or_default();
                of_day.iter_mut().zip(lost).for_each(|(count, lost)| *count += lost);
            }
        }
        written
    }

    /// The last days, oldest first, today last; those without anything among them. What was not written yet counts.
    ///
    /// # Errors
    /// When the store fails.
    pub fn days(&self, most: u64, now: DateTime<Utc>) -> Result<Vec<Day>> {
        let today = date(now, self.zone);
        let first = today - Days::new(most.clamp(1, DAYS_KEPT) - 1);
        let mut days: BTreeMap<NaiveDate, Day> =
            first.iter_days().take_while(|day| *day <= today).map(|day| (day, Day { day, ..Day::default() })).collect();
        let mut after = (first.to_string(), String::new());
        loop {
            let page = self.store.page(&STATISTICS, Some(&after), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = last.clone();
            let is_over = page.len() < PAGE || after.0.as_str() >= TOP;
            for ((day, what), count) in page {
                let day = day.parse().ok().and_then(|day: NaiveDate| days.get_mut(&day));
                day.into_iter().for_each(|day| day.take(&what, count));
            }
            if is_over {
                break;
            }
        }
        for (day, counts) in &self.waiting.lock().counts {
            let Some(day) = days.get_mut(day) else { continue };
            Often::ALL.into_iter().for_each(|what| day.take(what.name(), counts[what as usize]));
        }
        Ok(days.into_values().collect())
    }

    /// Forgets days that are too old, at most a thousand rows at a time, and says how many rows.
    ///
    /// # Errors
    /// When the store fails.
    pub fn forget_old(&self, now: DateTime<Utc>) -> Result<u64> {
        let first = (date(now, self.zone) - Days::new(DAYS_KEPT - 1)).to_string();
        let mut old = self.store.page(&STATISTICS, None, PAGE)?;
        old.retain(|((day, _), _)| *day < first);
        self.store.write(Durability::Soon, |write| {
            old.iter().for_each(|(key, _)| write.delete(&STATISTICS, key));
            Ok(old.len() as u64)
        })
    }

    /// The books downloaded most, with the number of downloads, most downloads first, at most [`TOP_BOOKS`].
    ///
    /// # Errors
    /// When the store fails.
    pub fn top_books(&self) -> Result<Vec<(BookId, u64)>> {
        let mut books = top(&self.store)?;
        books.sort_by_key(|(_, downloads)| std::cmp::Reverse(*downloads));
        books.truncate(TOP_BOOKS);
        Ok(books)
    }
}

impl Day {
    fn take(&mut self, what: &str, count: u64) {
        let place = match what.split_once('/') {
            Some(("fetched", account)) => &mut self.tokens.entry(account.to_owned()).or_default().fetched,
            Some(("failed", account)) => &mut self.tokens.entry(account.to_owned()).or_default().failed,
            Some(_) => return,
            None => match what {
                "messages" => &mut self.messages,
                "searches" => &mut self.searches,
                "misses" => &mut self.misses,
                "downloads" => &mut self.downloads,
                "pushes" => &mut self.pushes,
                "followed" => &mut self.followed,
                "left" => &mut self.left,
                // Of a newer program.
                _ => return,
            },
        };
        *place += count;
    }
}

/// The day in a time zone, as it is written in keys: `2026-11-28`.
pub fn day_of(now: DateTime<Utc>, zone: Tz) -> String {
    date(now, zone).to_string()
}

/// Counts one on a day, in the write that makes it so.
///
/// # Errors
/// When the store fails.
pub fn note(write: &mut Write<'_>, day: &str, what: Rarely<'_>) -> Result<()> {
    add(write, day, &what.name(), 1)
}

/// Notes how often a book has been downloaded, for the list of those downloaded most. Counts only grow, so a book that
/// belongs there comes in with the download that makes it so.
///
/// # Errors
/// When the store fails.
pub fn note_downloads(write: &mut Write<'_>, store: &Store, book: BookId, downloads: u64) -> Result<()> {
    let mut books = top(store)?;
    books.retain(|(other, _)| *other != book);
    books.sort_by_key(|(_, downloads)| *downloads);
    let surplus = (books.len() + 1).saturating_sub(TOP_BOOKS);
    match books.get(surplus.saturating_sub(1)).filter(|_| surplus > 0) {
        Some((_, least)) if *least >= downloads => return Ok(()),
        _ => books.iter().take(surplus).for_each(|(last, _)| write.delete(&STATISTICS, &top_key(*last))),
    }
    write.put(&STATISTICS, &top_key(book), &downloads)
}

/// A book that is gone is in no list.
pub fn forget_book(write: &mut Write<'_>, book: BookId) {
    write.delete(&STATISTICS, &top_key(book));
}

fn top(store: &Store) -> Result<Vec<(BookId, u64)>> {
    let rows = store.under(&STATISTICS, TOP, 2 * TOP_BOOKS)?;
    Ok(rows.into_iter().filter_map(|((_, book), downloads)| Some((book.parse().ok()?, downloads))).collect())
}

fn top_key(book: BookId) -> (String, String) {
    (TOP.to_owned(), book.to_string())
}

fn add(write: &mut Write<'_>, day: &str, what: &str, count: u64) -> Result<()> {
    let key = (day.to_owned(), what.to_owned());
    let before = write.get(&STATISTICS, &key)?.unwrap_or(0);
    write.put(&STATISTICS, &key, &before.saturating_add(count))
}

fn date(now: DateTime<Utc>, zone: Tz) -> NaiveDate {
    now.with_timezone(&zone).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Shanghai;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn opened(dir: &tempfile::TempDir, zone: Tz) -> Statistics {
        Statistics::new(Arc::new(Store::open(dir.path()).unwrap()), zone)
    }

    #[test]
    fn a_day_is_that_of_the_owner() {
        let dir = tempfile::tempdir().unwrap();
        let counts = opened(&dir, Shanghai);
        let (before, after) = (at("2026-11-27T15:59:59Z"), at("2026-11-27T16:00:00Z"));
        counts.count(Often::Message, before);
        counts.count(Often::Message, after);
        counts.count(Often::Search, after);
        let told = |days: &[Day]| -> Vec<(String, u64, u64)> {
            days.iter().map(|day| (day.day.to_string(), day.messages, day.searches)).collect()
        };
        let expected = [("2026-11-26".into(), 0, 0), ("2026-11-27".into(), 1, 0), ("2026-11-28".into(), 1, 1)];
        assert_eq!(told(&counts.days(3, after).unwrap()), expected, "before it is written");
        counts.flush().unwrap();
        assert_eq!(told(&counts.days(3, after).unwrap()), expected, "and after");
        let elsewhere = Statistics::new(Arc::clone(&counts.store), chrono_tz::America::New_York);
        elsewhere.count(Often::Message, after);
        assert_eq!(told(&elsewhere.days(1, after).unwrap()), [("2026-11-27".into(), 2, 0)], "11:00 in New York");
    }

    #[test]
    fn a_kill_loses_what_was_not_flushed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let now = at("2026-11-28T00:00:00Z");
        let counts = opened(&dir, Shanghai);
        counts.count(Often::Message, now);
        counts.flush().unwrap();
        counts.count(Often::Message, now);
        let noted = counts.store.write(Durability::Durable, |write| note(write, "2026-11-28", Rarely::Download));
        noted.unwrap();
        drop(counts);
        let day = opened(&dir, Shanghai).days(1, now).unwrap().remove(0);
        assert_eq!((day.messages, day.downloads), (1, 1));
    }

    #[test]
    fn counts_of_one_day_add_up_and_old_days_go() {
        let dir = tempfile::tempdir().unwrap();
        let counts = opened(&dir, Shanghai);
        let (old, now) = (at("2025-10-24T00:00:00Z"), at("2026-11-28T00:00:00Z"));
        for moment in [old, now, now] {
            counts.count(Often::Miss, moment);
            counts.flush().unwrap();
        }
        let renewals = [Rarely::Renewal("main"), Rarely::FailedRenewal("main"), Rarely::Renewal("main")];
        let noted = counts.store.write(Durability::Soon, |write| {
            renewals.iter().try_for_each(|what| note(write, &day_of(now, Shanghai), *what))
        });
        noted.unwrap();
        let today = counts.days(1, now).unwrap().remove(0);
        assert_eq!((today.misses, today.tokens["main"]), (2, Renewals { fetched: 2, failed: 1 }));
        assert_eq!(counts.days(u64::MAX, now).unwrap().len(), 400);
        assert_eq!(counts.forget_old(now).unwrap(), 1, "day 401");
        assert_eq!(counts.forget_old(now).unwrap(), 0);
        assert_eq!(counts.days(1, now).unwrap(), [today]);
    }

    #[test]
    fn the_books_downloaded_most_stay_in_the_list() {
        let dir = tempfile::tempdir().unwrap();
        let counts = opened(&dir, Shanghai);
        let had = |book: BookId, downloads: u64| {
            let noted = counts.store.write(Durability::Soon, |w| note_downloads(w, &counts.store, book, downloads));
            noted.unwrap();
        };
        (1..=TOP_BOOKS as u64).for_each(|book| had(book, book));
        had(1_000, 1);
        assert!(!counts.top_books().unwrap().contains(&(1_000, 1)), "as many as the last does not push it out");
        had(1_000, 2);
        had(1_000, 60);
        let top = counts.top_books().unwrap();
        assert_eq!((top.len(), top[0], top[49]), (TOP_BOOKS, (1_000, 60), (2, 2)));
        assert_eq!(counts.days(2, at("2026-11-28T00:00:00Z")).unwrap().len(), 2, "no day is called top");
    }
}
