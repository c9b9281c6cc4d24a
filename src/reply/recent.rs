//! Answers of the last minute, kept in memory for the platform's retries, which come within fifteen seconds. The store
//! has those with an effect that must happen once; what only moved the follower is here alone, and after a restart such
//! a message is answered anew, to the same effect.
//!
//! Deliberately not here: whether a message may be answered at all.

use std::collections::HashMap;
use std::mem;

use chrono::{DateTime, Duration, Utc};
use parking_lot::Mutex;

use crate::wechat::Reply;

/// How long an answer is kept at least, unless there are too many.
const KEPT: Duration = Duration::seconds(60);
/// A message as old as this may be a retry; an older one is looked for in the store, whoever sends it.
const YOUNG: Duration = Duration::seconds(30);
/// Most bytes of texts in one of the two halves: some 2,500 lists.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// What an answer counts that is no text.
const OTHER_BYTES: usize = 512;

/// Answers by account and message, in two halves: when the younger one is full or old, the older one goes.
#[derive(Default)]
pub(super) struct Recent(Mutex<Option<Halves>>);

struct Halves {
    young: Half,
    old: Half,
}

struct Half {
    answers: HashMap<(String, String), Reply>,
    bytes: usize,
    since: DateTime<Utc>,
}

/// What is known of the answer to a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// This one was given.
    Answer(Reply),
    /// None was.
    None,
    /// If there is one, it is in the store.
    Unknown,
}

impl Recent {
    /// What was answered to this message, which its sender made at `created_at`.
    pub(super) fn given(&self, key: &(String, String), created_at: DateTime<Utc>, now: DateTime<Utc>) -> Given {
        let mut halves = self.0.lock();
        let Halves { young, old } = halves.get_or_insert_with(|| Halves::begin(now));
        if let Some(reply) = young.answers.get(key).or_else(|| old.answers.get(key)) {
            return Given::Answer(reply.clone());
        }
        let is_all_here = old.since <= now - KEPT;
        if is_all_here && (now - created_at).abs() < YOUNG { Given::None } else { Given::Unknown }
    }

    /// Keeps an answer that was given.
    pub(super) fn keep(&self, key: &(String, String), reply: &Reply, now: DateTime<Utc>) {
        let bytes = if let Reply::Text(text) = reply { text.len() } else { OTHER_BYTES };
        let mut halves = self.0.lock();
        let Halves { young, old } = halves.get_or_insert_with(|| Halves::begin(now));
        if young.bytes + bytes > MOST_BYTES || now - young.since >= KEPT {
            *old = mem::replace(young, Half::begin(now));
        }
        young.bytes += bytes;
        young.answers.insert(key.clone(), reply.clone());
    }
}

impl Halves {
    fn begin(now: DateTime<Utc>) -> Halves {
        Halves { young: Half::begin(now), old: Half::begin(now) }
    }
}

impl Half {
    fn begin(now: DateTime<Utc>) -> Half {
        Half { answers: HashMap::new(), bytes: 0, since: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

    fn key(number: usize) -> (String, String) {
        ("main".to_owned(), number.to_string())
    }

    fn text(text: &str) -> Reply {
        Reply::Text(text.to_owned())
    }

    #[test]
    fn an_answer_is_there_for_a_minute_at_least_and_two_at_most() {
        let recent = Recent::default();
        recent.keep(&key(1), &text("one"), START);
        recent.keep(&key(2), &text("two"), START + KEPT);
        assert_eq!(recent.given(&key(1), START, START + KEPT), Given::Answer(text("one")));
        recent.keep(&key(3), &text("three"), START + KEPT * 2);
        assert_eq!(recent.given(&key(1), START, START + KEPT * 2), Given::Unknown);
        assert_eq!(recent.given(&key(2), START, START + KEPT * 2), Given::Answer(text("two")));
    }

    #[test]
    fn what_is_not_here_was_not_answered_once_a_minute_has_been_seen_and_if_the_message_is_young() {
        let recent = Recent::default();
        let second = Duration::seconds(1);
        assert_eq!(recent.given(&key(1), START, START), Given::Unknown, "answered by the process before, perhaps");
        let now = START + KEPT;
        assert_eq!(recent.given(&key(1), now - second, now - second), Given::Unknown);
        assert_eq!(recent.given(&key(1), now - second, now), Given::None);
        assert_eq!(recent.given(&key(1), now - YOUNG, now), Given::Unknown);
        assert_eq!(recent.given(&key(1), now + YOUNG, now), Given::Unknown, "one of the clocks is wrong");
    }

    #[test]
    fn many_answers_take_a_bounded_place_and_then_nothing_is_sure() {
        let recent = Recent::default();
        let list = text(&"三".repeat(680));
        assert_eq!(recent.given(&key(0), START, START), Given::Unknown);
        let now = START + KEPT;
        for number in 0..20_000 {
            recent.keep(&key(number), &list, now);
        }
        assert_eq!(recent.given(&key(0), now, now), Given::Unknown);
        assert_eq!(recent.given(&key(19_999), now, now), Given::Answer(list));
        let halves = recent.0.lock();
        let bytes: usize = halves.iter().flat_map(|halves| [&halves.young, &halves.old]).map(|half| half.bytes).sum();
        assert!(bytes <= 2 * MOST_BYTES, "{bytes}");
    }
}
