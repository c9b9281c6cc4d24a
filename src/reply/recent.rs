//! Answers of the last minute to messages that changed nothing but where the follower is, kept in memory for the
//! platform's retries: those come within fifteen seconds. Nothing of it is promised, so none of it is on the disk;
//! after a restart such a message is answered anew, to the same effect.
//!
//! Deliberately not here: answers with an effect that must happen once. They are in the store.

use std::collections::HashMap;
use std::mem;

use chrono::{DateTime, Duration, Utc};
use parking_lot::Mutex;

use crate::wechat::Reply;

/// A retry comes within fifteen seconds; the rest is for clocks and slow networks.
const KEPT: Duration = Duration::seconds(60);
/// Most bytes of texts in one of the two halves: some 2,500 lists.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Answers by account and message, in two halves: when the younger one is full or old, the older one goes.
#[derive(Default)]
pub(super) struct Recent(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    young: HashMap<(String, String), String>,
    old: HashMap<(String, String), String>,
    /// Of the texts in the younger half.
    bytes: usize,
    /// When the younger half was begun.
    since: DateTime<Utc>,
}

impl Recent {
    /// The answer to this message, if it was given just now.
    pub(super) fn answer(&self, key: &(String, String)) -> Option<Reply> {
        let halves = self.0.lock();
        halves.young.get(key).or_else(|| halves.old.get(key)).map(|text| Reply::Text(text.clone()))
    }

    /// Keeps a text that was answered with.
    pub(super) fn keep(&self, key: &(String, String), text: &str, now: DateTime<Utc>) {
        let mut halves = self.0.lock();
        if halves.bytes + text.len() > MOST_BYTES || now - halves.since >= KEPT {
            *halves = Halves { old: mem::take(&mut halves.young), since: now, ..Halves::default() };
        }
        halves.bytes += text.len();
        halves.young.insert(key.clone(), text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> (String, String) {
        ("main".to_owned(), number.to_string())
    }

    #[test]
    fn an_answer_is_there_for_a_minute_at_least_and_two_at_most() {
        let recent = Recent::default();
        let start = DateTime::<Utc>::UNIX_EPOCH + Duration::days(20_000);
        recent.keep(&key(1), "one", start);
        recent.keep(&key(2), "two", start + KEPT);
        assert_eq!(recent.answer(&key(1)), Some(Reply::Text("one".into())));
        recent.keep(&key(3), "three", start + KEPT * 2);
        assert_eq!(recent.answer(&key(1)), None);
        assert_eq!(recent.answer(&key(2)), Some(Reply::Text("two".into())));
    }

    #[test]
    fn many_answers_take_a_bounded_place() {
        let recent = Recent::default();
        let text = "三".repeat(680);
        for number in 0..20_000 {
            recent.keep(&key(number), &text, DateTime::<Utc>::UNIX_EPOCH);
        }
        let halves = recent.0.lock();
        let bytes: usize = halves.young.values().chain(halves.old.values()).map(String::len).sum();
        assert!(bytes <= 2 * MOST_BYTES, "{bytes}");
        assert!(halves.young.contains_key(&key(19_999)));
    }
}
