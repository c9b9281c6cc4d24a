//! What each follower said last, for the owner: shortened, in memory only, for seven days at most. A restart forgets it,
//! no backup has it, and it goes with the follower. The platform's own console shows the owner the same words for days.
//!
//! Deliberately not here: words with a mail address in them, and what the words were answered with.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use parking_lot::Mutex;

use super::follower::FollowerKey;
use super::outcome::shortened;

/// How long words are kept.
const KEPT: Duration = Duration::days(7);
/// Characters kept of them.
const MOST_CHARS: usize = 60;
/// Followers in each half of the memory; some 300 bytes each.
const MOST: usize = 10_000;

/// What a follower said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWords {
    /// In one line, cut to 60 characters.
    pub text: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The last words of those who wrote last.
#[derive(Default)]
pub(super) struct Heard(Mutex<Halves>);

/// Who writes goes into the fresh half. When it is full it becomes the old one, and the old one is forgotten: without a
/// list in order, never more than twice [`MOST`].
#[derive(Default)]
struct Halves {
    fresh: HashMap<FollowerKey, LastWords>,
    old: HashMap<FollowerKey, LastWords>,
}

impl Heard {
    pub(super) fn note(&self, who: &FollowerKey, text: &str, now: DateTime<Utc>) {
        let words = LastWords { text: shortened(text, MOST_CHARS), at: now };
        let mut halves = self.0.lock();
        if halves.fresh.len() >= MOST && !halves.fresh.contains_key(who) {
            halves.old = std::mem::take(&mut halves.fresh);
        }
        halves.old.remove(who);
        halves.fresh.insert(who.clone(), words);
    }

    pub(super) fn of(&self, who: &FollowerKey, now: DateTime<Utc>) -> Option<LastWords> {
        let halves = self.0.lock();
        let words = halves.fresh.get(who).or_else(|| halves.old.get(who))?;
        (now - words.at < KEPT).then(|| words.clone())
    }

    pub(super) fn forget(&self, who: &FollowerKey) {
        let mut halves = self.0.lock();
        halves.fresh.remove(who);
        halves.old.remove(who);
    }

    pub(super) fn sweep(&self, now: DateTime<Utc>) {
        let mut halves = self.0.lock();
        halves.fresh.retain(|_, words| now - words.at < KEPT);
        halves.old.retain(|_, words| now - words.at < KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(number: usize) -> FollowerKey {
        ("main".to_owned(), format!("o{number}"))
    }

    #[test]
    fn words_are_short_last_a_week_and_can_be_forgotten() {
        let (heard, now) = (Heard::default(), Utc::now());
        heard.note(&who(1), "三体\n 刘慈欣", now);
        assert_eq!(heard.of(&who(1), now).unwrap().text, "三体 刘慈欣");
        heard.note(&who(1), &"长".repeat(100), now);
        assert_eq!(heard.of(&who(1), now).unwrap().text.chars().count(), MOST_CHARS + 1);
        assert_eq!(heard.of(&who(1), now + KEPT), None);
        heard.sweep(now + KEPT);
        assert_eq!(heard.of(&who(1), now), None, "swept, not only hidden");
        heard.note(&who(2), "活着", now);
        heard.forget(&who(2));
        assert_eq!(heard.of(&who(2), now), None);
    }

    #[test]
    fn memory_is_bounded_and_who_wrote_last_stays() {
        let (heard, now) = (Heard::default(), Utc::now());
        for number in 0..3 * MOST {
            heard.note(&who(number), "x", now);
        }
        let halves = heard.0.lock();
        assert!(halves.fresh.len() + halves.old.len() <= 2 * MOST);
        assert!(halves.fresh.contains_key(&who(3 * MOST - 1)) && !halves.old.contains_key(&who(0)));
    }
}
