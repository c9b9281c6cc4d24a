//! What waits for a follower and goes out with the next answer: a late answer, news of deliveries, books that were asked
//! for and have come.

use chrono::{DateTime, Utc};

use super::delivery::{self, Line};
use super::follower::FollowerKey;
use super::outcome::shortened;
use super::posting;
use super::wording::Wordings;
use super::{Desk, Result};
use crate::library::requests::follower_key;
use crate::store::records::{AnswerRecord, BookId};
use crate::store::schema::{DELIVERY_NEWS, LATE, NOTICES};
use crate::store::{self, Write};
use crate::wechat::{Reply, literal, menu_link};

/// Most notices told with one answer; the others follow with the next.
const AT_ONCE: usize = 10;

/// What waits for a follower.
#[derive(Default)]
pub(super) struct Waiting {
    /// There is an answer that came too late.
    pub(super) has_late: bool,
    pub(super) notices: Vec<Notice>,
}

/// Something that has happened for a follower.
pub(super) struct Notice {
    key: Key,
    /// None if there is nothing to tell any more.
    line: Option<Line>,
}

/// Where it is noted that it has to be told.
enum Key {
    Book((String, String)),
    Delivery((String, String)),
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        !self.has_late && self.notices.is_empty()
    }
}

impl Key {
    fn is_there(&self, write: &Write<'_>) -> store::Result<bool> {
        Ok(match self {
            Key::Book(key) => write.get(&NOTICES, key)?.is_some(),
            Key::Delivery(key) => write.get(&DELIVERY_NEWS, key)?.is_some(),
        })
    }

    fn strike_off(&self, write: &mut Write<'_>) {
        match self {
            Key::Book(key) => write.delete(&NOTICES, key),
            Key::Delivery(key) => write.delete(&DELIVERY_NEWS, key),
        }
    }
}

impl Desk {
    /// What waits for this follower.
    pub(super) fn waiting(&self, who: &FollowerKey, words: &Wordings) -> Result<Waiting> {
        let key = follower_key(&who.0, &who.1);
        let mut notices = Vec::new();
        for (key, row) in self.kindle.news_for(&key, AT_ONCE)? {
            notices.push(Notice { key: Key::Delivery(key), line: Some(Line::Delivery(posting::news(words, &row))) });
        }
        for (key, book) in self.store.under(&NOTICES, &key, AT_ONCE)? {
            notices.push(Notice { key: Key::Book(key), line: self.book_line(book)?.map(Line::Book) });
        }
        Ok(Waiting { has_late: self.store.get(&LATE, who)?.is_some(), notices })
    }

    fn book_line(&self, book: BookId) -> Result<Option<String>> {
        let shown = self.library.shown(book)?;
        Ok(shown.map(|(id, book)| {
            let title = shortened(&book.title, 30);
            menu_link(&title, &format!("b{id}"), &format!("《{}》", literal(&title)))
        }))
    }
}

/// Packs what waits for the follower with the answer, and strikes it off.
pub(super) fn deliver(
    write: &mut Write<'_>,
    who: &FollowerKey,
    words: &Wordings,
    (late, notices): (Option<AnswerRecord>, Vec<Notice>),
    own: Option<String>,
    now: DateTime<Utc>,
) -> store::Result<Reply> {
    let (mut keys, mut lines) = (Vec::new(), Vec::new());
    for notice in notices {
        match notice.line {
            // Another message of the same follower may have told it since.
            Some(line) if notice.key.is_there(write)? => {
                keys.push(notice.key);
                lines.push(line);
            }
            _ => notice.key.strike_off(write),
        }
    }
    let parcel = delivery::pack(words, late.as_ref(), &lines, own.as_deref());
    keys.iter().take(parcel.notices).for_each(|key| key.strike_off(write));
    match own {
        Some(own) if parcel.keeps_own => {
            write.put(&LATE, who, &AnswerRecord { reply: Reply::Text(own), answered_at: now })?;
        }
        _ if late.is_some() => write.delete(&LATE, who),
        _ => {}
    }
    Ok(parcel.reply)
}
