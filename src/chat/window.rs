//! The platform's windows: when, and how often, something may be said to a follower who has not asked. Pure.
//!
//! | the follower | for | messages |
//! |---|---|---|
//! | writes | 48 hours | 5 |
//! | taps the menu or an answer, scans a code, follows | 1 minute | 3 |
//!
//! Every doubt is decided against saying something: whoever is refused too often is looked at. So a window is taken to
//! close a little early, by the earlier of two clocks, and a message counts in every window that is open.

use chrono::{DateTime, Duration, Utc};

use crate::store::records::{ContactRecord, WindowRecord};
use crate::wechat::{Event, Incoming, MessageKind};

/// For a message that is under way at the end.
const MARGIN: Duration = Duration::seconds(10);
/// A window in which nothing was said is as good as a new one for so long: most messages write nothing.
const AS_GOOD_AS_NEW: Duration = Duration::minutes(10);

/// What a follower did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sent a message.
    Wrote,
    /// Tapped, scanned, followed.
    Tapped,
}

impl Act {
    /// What this push tells, if it opens a window.
    pub fn of(incoming: &Incoming) -> Option<Act> {
        match &incoming.kind {
            // A tap on a link that sends a text.
            MessageKind::Text { menu_id: Some(_), .. } => Some(Act::Tapped),
            MessageKind::Text { .. }
            | MessageKind::Image { .. }
            | MessageKind::Voice { .. }
            | MessageKind::Video { .. }
            | MessageKind::ShortVideo { .. }
            | MessageKind::Location { .. }
            | MessageKind::Link { .. }
            | MessageKind::File { .. } => Some(Act::Wrote),
            MessageKind::Event(
                Event::Subscribe { .. }
                | Event::Scan { .. }
                | Event::Click { .. }
                | Event::ScanCodePush(_)
                | Event::ScanCodeWait(_),
            ) => Some(Act::Tapped),
            MessageKind::Event(_) | MessageKind::Unknown(_) => None,
        }
    }

    fn lasts(self) -> Duration {
        match self {
            Act::Wrote => Duration::hours(48),
            Act::Tapped => Duration::minutes(1),
        }
    }

    fn messages(self) -> u32 {
        match self {
            Act::Wrote => 5,
            Act::Tapped => 3,
        }
    }

    fn is_open(self, window: &WindowRecord, now: DateTime<Utc>) -> bool {
        let since = now - window.opened_at;
        // Our clock may have been set back; then nobody knows.
        since >= Duration::zero() && since < self.lasts() - MARGIN && window.said < self.messages()
    }
}

/// What is known after an act; `None` if nothing has to be written, as after a retry of the same push.
pub(super) fn noted(contact: &ContactRecord, act: Act, at: DateTime<Utc>) -> Option<ContactRecord> {
    let fresh = Some(WindowRecord { opened_at: at, said: 0 });
    let known = match act {
        Act::Wrote => contact.message,
        Act::Tapped => contact.tap,
    };
    if let Some(known) = known {
        let is_as_good = act == Act::Wrote && known.said == 0 && at - known.opened_at < AS_GOOD_AS_NEW;
        if at <= known.opened_at || is_as_good {
            return None;
        }
    }
    let mut after = contact.clone();
    match act {
        Act::Wrote => after.message = fresh,
        Act::Tapped => after.tap = fresh,
    }
    Some(after)
}

/// Whether something may be said.
pub(super) fn is_open(contact: &ContactRecord, now: DateTime<Utc>) -> bool {
    contact.message.is_some_and(|window| Act::Wrote.is_open(&window, now))
        || contact.tap.is_some_and(|window| Act::Tapped.is_open(&window, now))
}

/// With one more message said, or one less. Of a window that is used up nobody knows whether the message that is given
/// back was counted in it, so it stays used up.
pub(super) fn counted(mut contact: ContactRecord, now: DateTime<Utc>, is_back: bool) -> ContactRecord {
    for (act, window) in [(Act::Wrote, &mut contact.message), (Act::Tapped, &mut contact.tap)] {
        match window {
            Some(window) if is_back && window.said >= act.messages() => {}
            Some(window) if is_back => window.said = window.said.saturating_sub(1),
            Some(window) if act.is_open(window, now) => window.said += 1,
            _ => {}
        }
    }
    contact
}

/// With nothing left to say until the follower does something again.
pub(super) fn spent(mut contact: ContactRecord) -> ContactRecord {
    for window in [&mut contact.message, &mut contact.tap].into_iter().flatten() {
        window.said = Act::Wrote.messages();
    }
    contact
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn after(acts: &[(Act, i64)]) -> ContactRecord {
        acts.iter()
            .fold(ContactRecord::default(), |contact, (act, time)| noted(&contact, *act, at(*time)).unwrap_or(contact))
    }

    /// How much can be said at this time.
    fn said_at(mut contact: ContactRecord, seconds: i64) -> u32 {
        let mut count = 0;
        while is_open(&contact, at(seconds)) {
            contact = counted(contact, at(seconds), false);
            count += 1;
        }
        count
    }

    #[test]
    fn a_message_opens_two_days_and_a_tap_a_minute() {
        const HOUR: i64 = 3_600;
        assert_eq!(said_at(ContactRecord::default(), 0), 0);
        let wrote = after(&[(Act::Wrote, 0)]);
        assert_eq!((said_at(wrote.clone(), 0), said_at(wrote.clone(), 48 * HOUR - 11)), (5, 5));
        assert_eq!((said_at(wrote.clone(), 48 * HOUR - 10), said_at(wrote, -1)), (0, 0));
        let tapped = after(&[(Act::Tapped, 0)]);
        assert_eq!((said_at(tapped.clone(), 49), said_at(tapped, 50)), (3, 0));
    }

    #[test]
    fn each_message_of_the_follower_gives_five_again_and_a_retry_gives_none() {
        let mut contact = after(&[(Act::Wrote, 0)]);
        for _ in 0..5 {
            contact = counted(contact, at(1), false);
        }
        assert!(!is_open(&contact, at(1)));
        assert_eq!(noted(&contact, Act::Wrote, at(0)), None, "the same message again");
        assert_eq!(said_at(noted(&contact, Act::Wrote, at(2)).unwrap(), 3), 5);
        // A tap alone gives three, of which the message's window knows, too.
        let tapped = noted(&contact, Act::Tapped, at(2)).unwrap();
        assert_eq!((said_at(tapped.clone(), 3), said_at(spent(tapped), 3)), (3, 0));
    }

    #[test]
    fn most_messages_write_nothing() {
        let contact = after(&[(Act::Wrote, 0)]);
        assert_eq!(noted(&contact, Act::Wrote, at(599)), None);
        assert!(noted(&contact, Act::Wrote, at(600)).is_some());
        let used = counted(contact, at(1), false);
        assert!(noted(&used, Act::Wrote, at(2)).is_some(), "five again");
    }

    #[test]
    fn what_was_not_sent_is_given_back() {
        let contact = after(&[(Act::Wrote, 0)]);
        assert_eq!(counted(counted(contact.clone(), at(1), false), at(1), true), contact);
        // The message's window is used up; what is given back was counted in the tap's alone.
        let tapped = noted(&spent(contact), Act::Tapped, at(2)).unwrap();
        let back = counted(counted(tapped.clone(), at(3), false), at(3), true);
        assert_eq!((back.clone(), said_at(back, 3)), (tapped, 3));
    }
}
