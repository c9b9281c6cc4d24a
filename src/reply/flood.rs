//! Who writes faster than a person can, or searches more than one reads: machines. They get a polite word, then
//! silence, and cost no search.
//!
//! Counted in memory: a restart forgets it, which costs nothing, and no message writes for it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

/// Most followers counted at a time; further ones are not held back.
const MOST: usize = 100_000;
/// Messages of a follower that are known again: more are not under way at a time.
const LAST: usize = 4;

/// What was sent in this minute, what was searched for on this day.
#[derive(Default)]
pub(super) struct Flood {
    minute: Mutex<Minute>,
    day: Mutex<Day>,
}

#[derive(Default)]
struct Minute {
    /// Since 1970.
    number: i64,
    followers: usize,
    /// By account and openid, the messages that were looked at, in order.
    sent: HashMap<String, HashMap<String, Vec<u64>>>,
}

#[derive(Default)]
struct Day {
    name: String,
    /// By alias.
    searches: HashMap<String, Searches>,
}

/// What a follower has searched for on a day.
#[derive(Default)]
struct Searches {
    count: u32,
    /// The messages counted last: the platform sends one again that was not answered.
    last: [u64; LAST],
}

/// How fast a follower writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As a person does.
    Fine,
    /// This is the first message too many in its minute.
    JustTooFast,
    /// This is one of those behind it.
    TooFast,
}

impl Flood {
    /// How fast the follower writes with this message; `limit` messages of a minute are fine, with 0 any number. The
    /// same message again, as the platform repeats them, gets the same verdict.
    pub(super) fn pace(&self, account: &str, open_id: &str, message: u64, limit: u32, now: DateTime<Utc>) -> Pace {
        if limit == 0 {
            return Pace::Fine;
        }
        let number = now.timestamp().div_euclid(60);
        let mut locked = self.minute.lock();
        let minute = &mut *locked;
        if minute.number != number {
            *minute = Minute { number, ..Minute::default() };
        }
        let known = minute.sent.get_mut(account).and_then(|followers| followers.get_mut(open_id));
        let place = match known {
            Some(sent) => place_of(sent, message, limit as usize),
            None if minute.followers >= MOST => return Pace::Fine,
            None => {
                minute.followers += 1;
                let followers = minute.sent.entry(account.to_owned()).or_default();
                followers.insert(open_id.to_owned(), vec![message]);
                0
            }
        };
        match place {
            place if place < limit as usize => Pace::Fine,
            place if place == limit as usize => Pace::JustTooFast,
            _ => Pace::TooFast,
        }
    }

    /// Counts a search of the follower with this alias. False if there were `limit` on this day; 0: any number. The same
    /// message again is not counted again and gets its verdict again.
    pub(super) fn may_search(&self, alias: &str, message: u64, limit: u32, day: String) -> bool {
        if limit == 0 {
            return true;
        }
        let mut today = self.day.lock();
        if today.name != day {
            *today = Day { name: day, searches: HashMap::new() };
        }
        if today.searches.len() >= MOST && !today.searches.contains_key(alias) {
            return true;
        }
        let searches = today.searches.entry(alias.to_owned()).or_default();
        if let Some(at) = searches.last.iter().position(|known| *known == message) {
            // The newest stands first, and counts as the last.
            return searches.count.saturating_sub(at as u32) <= limit;
        }
        searches.count = searches.count.saturating_add(1);
        searches.last.rotate_right(1);
        searches.last[0] = message;
        searches.count <= limit
    }

    /// How many searches the follower with this alias has had on this day.
    pub(super) fn searches(&self, alias: &str, day: &str) -> u32 {
        let today = self.day.lock();
        let searches = today.searches.get(alias).filter(|_| today.name == day);
        searches.map_or(0, |searches| searches.count)
    }

    /// Counts the searches of the follower with this alias from 0 again.
    pub(super) fn forget_searches(&self, alias: &str) {
        self.day.lock().searches.remove(alias);
    }
}

/// The place of a message among those of its minute. Of those behind the first too many none is remembered.
fn place_of(sent: &mut Vec<u64>, message: u64, limit: usize) -> usize {
    if let Some(place) = sent.iter().position(|known| *known == message) {
        return place;
    }
    if sent.len() <= limit {
        sent.push(message);
        return sent.len() - 1;
    }
    limit + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn the_first_too_many_gets_a_word_and_the_others_silence_until_the_minute_is_over() {
        let flood = Flood::default();
        let pace = |message: u64, seconds: i64| flood.pace("main", "o", message, 2, at(seconds));
        assert_eq!((pace(1, 0), pace(2, 1)), (Pace::Fine, Pace::Fine));
        assert_eq!(pace(3, 2), Pace::JustTooFast);
        assert_eq!((pace(4, 3), pace(5, 4)), (Pace::TooFast, Pace::TooFast));
        assert_eq!((pace(1, 5), pace(3, 5)), (Pace::Fine, Pace::JustTooFast), "the platform asks again");
        assert_eq!(flood.pace("main", "other", 6, 2, at(5)), Pace::Fine);
        assert_eq!(flood.pace("other", "o", 6, 2, at(5)), Pace::Fine);
        assert_eq!(pace(7, 60), Pace::Fine);
    }

    #[test]
    fn searches_are_counted_by_day() {
        let flood = Flood::default();
        let may = |alias: &str, message: u64, day: &str| flood.may_search(alias, message, 2, day.to_owned());
        assert!(may("a", 1, "2026-11-28") && may("a", 2, "2026-11-28") && !may("a", 3, "2026-11-28"));
        assert_eq!((flood.searches("a", "2026-11-28"), flood.searches("a", "2026-11-27")), (3, 0));
        flood.forget_searches("a");
        assert!(may("a", 6, "2026-11-28"));
        assert!(may("b", 4, "2026-11-28") && may("a", 5, "2026-11-29"));
    }

    #[test]
    fn a_message_that_comes_again_is_counted_once_and_gets_its_verdict_again() {
        let flood = Flood::default();
        let may = |message: u64| flood.may_search("a", message, 2, "2026-11-28".to_owned());
        assert!(may(1) && may(1) && may(1) && may(2));
        assert!(!may(3) && !may(3) && may(2) && may(1));
    }

    #[test]
    fn no_limit_is_none() {
        let flood = Flood::default();
        assert!((0..1_000).all(|message| flood.pace("main", "o", message, 0, at(0)) == Pace::Fine));
        assert!((0..1_000).all(|message| flood.may_search("a", message, 0, String::new())));
    }
}
