//! What waits for a follower and goes out with the next answer, or before it where the account can write to followers
//! (`telling`): a late answer, news of deliveries, books that were asked for and have come, once a day new books that
//! the follower subscribes to, and once a week, for who wants it, the list of all that has come.

use chrono::{DateTime, Utc};

use super::delivery::{self, Line};
use super::follower::FollowerKey;
use super::outcome::shortened;
use super::posting;
use super::wording::{Word, Wordings};
use super::{Desk, Result};
use crate::library::requests::follower_key;
use crate::library::subscriptions;
use crate::store::records::{AnswerRecord, BookId, ContactRecord};
use crate::store::schema::{CONTACTS, DELIVERY_NEWS, LATE, NOTICES};
use crate::store::{self, Write};
use crate::wechat::{Reply, literal, menu_link};

/// Most notices told with one answer; the others follow with the next.
const AT_ONCE: usize = 10;
/// Longest title of a book that was asked for, in characters.
const TITLE: usize = 30;
/// Most new books named in the news of a day; the others are only counted.
const NAMED: usize = 5;
/// Most new books in the news of a day; the others follow on the next.
const IN_NEWS: usize = 500;
/// Most books named in the list of a week: they have to fit into one message.
const IN_WEEKLY: usize = 8;
/// Longest title there, in characters: the news have to fit into one message.
const NEWS_TITLE: usize = 20;

/// What waits for a follower.
#[derive(Default)]
pub(super) struct Waiting {
    /// There is an answer that came too late.
    pub(super) has_late: bool,
    pub(super) notices: Vec<Notice>,
}

/// Something that has happened for a follower.
pub(super) struct Notice {
    pub(super) key: Key,
    /// None if there is nothing to tell any more.
    pub(super) line: Option<Line>,
}

/// Where it is noted that it has to be told.
pub(super) enum Key {
    Book((String, String)),
    /// Books that the follower subscribes to: one notice for all of them.
    News(Vec<(String, String)>),
    /// The list of a week: whose, and since when.
    Weekly(String, DateTime<Utc>),
    Delivery((String, String)),
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        !self.has_late && self.notices.is_empty()
    }

    pub(super) fn count(&self) -> usize {
        self.notices.len() + usize::from(self.has_late)
    }
}

impl Key {
    fn is_there(&self, write: &Write<'_>) -> store::Result<bool> {
        Ok(match self {
            Key::Book(key) => write.get(&NOTICES, key)?.is_some(),
            Key::News(keys) => match keys.first() {
                Some(first) => write.get(&NOTICES, first)?.is_some(),
                None => false,
            },
            Key::Weekly(follower, since) => subscriptions::is_weekly_since(write, follower, *since)?,
            Key::Delivery(key) => write.get(&DELIVERY_NEWS, key)?.is_some(),
        })
    }

    fn strike_off(&self, write: &mut Write<'_>) {
        match self {
            Key::Book(key) => write.delete(&NOTICES, key),
            Key::News(keys) => keys.iter().for_each(|key| write.delete(&NOTICES, key)),
            // It has a time, not a note: it is put on where the others are struck off.
            Key::Weekly(..) => {}
            Key::Delivery(key) => write.delete(&DELIVERY_NEWS, key),
        }
    }
}

/// Strikes off what was told, and notes that news were among it.
pub(super) fn strike_off(
    write: &mut Write<'_>,
    who: &FollowerKey,
    keys: &[Key],
    now: DateTime<Utc>,
) -> store::Result<()> {
    keys.iter().for_each(|key| key.strike_off(write));
    if keys.iter().any(|key| matches!(key, Key::News(_))) {
        let known = write.get(&CONTACTS, who)?.unwrap_or_default();
        write.put(&CONTACTS, who, &ContactRecord { news_at: Some(now), ..known })?;
    }
    for key in keys {
        if let Key::Weekly(follower, _) = key {
            subscriptions::told_weekly(write, follower, now)?;
        }
    }
    Ok(())
}

impl Desk {
    /// What waits for this follower.
    pub(super) fn waiting(&self, who: &FollowerKey, words: &Wordings, now: DateTime<Utc>) -> Result<Waiting> {
        let key = follower_key(&who.0, &who.1);
        let mut notices = Vec::new();
        for (key, row) in self.kindle.news_for(&key, AT_ONCE)? {
            notices.push(Notice { key: Key::Delivery(key), line: Some(Line::Delivery(posting::news(words, &row))) });
        }
        let (news, books): (Vec<_>, Vec<_>) = self
            .store
            .under(&NOTICES, &key, AT_ONCE + IN_NEWS)?
            .into_iter()
            .partition(|((_, what), _)| subscriptions::is_news(what));
        let mut living = 0;
        for (key, book) in books {
            // Books that have gone must not stand before those that are there.
            let line = self.book_line(book, TITLE)?.map(Line::Book);
            living += usize::from(line.is_some());
            notices.push(Notice { key: Key::Book(key), line });
            if living == AT_ONCE {
                break;
            }
        }
        if !news.is_empty() {
            notices.extend(self.news(who, words, news, now)?);
        }
        notices.extend(self.weekly(&key, words, now)?);
        Ok(Waiting { has_late: self.store.get(&LATE, who)?.is_some(), notices })
    }

    /// The news of the day for somebody who subscribes to something still; for others there is nothing to tell.
    fn news(
        &self,
        who: &FollowerKey,
        words: &Wordings,
        news: Vec<((String, String), BookId)>,
        now: DateTime<Utc>,
    ) -> Result<Option<Notice>> {
        let keys = subscriptions::keys_of(&self.store, &who.0, &who.1)?;
        let is_wanted = keys.iter().any(|key| key != subscriptions::WEEKLY);
        if is_wanted && !self.may_have_news(who, now)? {
            return Ok(None);
        }
        let (mut keys, mut lines, mut more) = (Vec::new(), Vec::new(), 0);
        // The latest first.
        for (key, book) in news.into_iter().rev() {
            let is_update = subscriptions::is_update(&key.1);
            keys.push(key);
            let line = self.book_line(book, NEWS_TITLE)?.filter(|_| is_wanted);
            let line = line.map(|line| if is_update { words.say(Word::NewsUpdated, &[("book", &line)]) } else { line });
            match line {
                Some(line) if lines.len() < NAMED => lines.push(line),
                Some(_) => more += 1,
                None => {}
            }
        }
        if more > 0 {
            lines.push(words.say(Word::NewsMore, &[("count", &more.to_string())]));
        }
        let line = (!lines.is_empty()).then(|| Line::News(lines.join("\n")));
        Ok(Some(Notice { key: Key::News(keys), line }))
    }

    /// The list of what has come within a week or more, for who subscribes to it, once a week. None if nothing has.
    fn weekly(&self, follower: &str, words: &Wordings, now: DateTime<Utc>) -> Result<Option<Notice>> {
        let Some(since) = subscriptions::weekly_since(&self.store, follower, now)? else { return Ok(None) };
        let books = self.library.arrived_since(since, IN_NEWS)?;
        let mut lines = Vec::new();
        for book in books.iter().take(IN_WEEKLY) {
            lines.extend(self.book_line(*book, NEWS_TITLE)?);
        }
        if lines.is_empty() {
            return Ok(None);
        }
        if books.len() > IN_WEEKLY {
            lines.push(words.say(Word::WeeklyMore, &[("count", &(books.len() - IN_WEEKLY).to_string())]));
        }
        Ok(Some(Notice { key: Key::Weekly(follower.to_owned(), since), line: Some(Line::Weekly(lines.join("\n"))) }))
    }

    /// Whether the follower has not been told of new books today.
    fn may_have_news(&self, who: &FollowerKey, now: DateTime<Utc>) -> Result<bool> {
        let told_at = self.store.get(&CONTACTS, who)?.and_then(|contact| contact.news_at);
        Ok(told_at.is_none_or(|told_at| self.library.day(told_at) != self.library.day(now)))
    }

    fn book_line(&self, book: BookId, most: usize) -> Result<Option<String>> {
        let shown = self.library.shown(book)?;
        Ok(shown.map(|(id, book)| {
            let title = shortened(&book.title, most);
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
    keys.truncate(parcel.notices);
    strike_off(write, who, &keys, now)?;
    match own {
        Some(own) if parcel.keeps_own => {
            write.put(&LATE, who, &AnswerRecord { reply: Reply::Text(own), answered_at: now })?;
        }
        _ if late.is_some() => write.delete(&LATE, who),
        _ => {}
    }
    Ok(parcel.reply)
}
