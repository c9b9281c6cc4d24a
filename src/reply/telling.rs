//! Telling followers what waits for them without being asked, where the account can write to them. What is told is
//! struck off afterwards: killed in between, it is told twice, and never not at all.
//!
//! Deliberately not here: the sending (`chat`), and when it is looked (`jobs`).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::delivery;
use super::notice::{self, Key};
use super::wording::Word;
use super::{Desk, Result};
use crate::library::subscriptions;
use crate::store::records::{AnswerRecord, FollowerRecord};
use crate::store::schema::{DELIVERY_NEWS, FOLLOWERS, LATE, NOTICES};
use crate::store::{self, Durability, Table};
use crate::wechat::{CustomMessage, Reply};

/// Rows in one step of a scan.
const PAGE: usize = 500;

/// Something to tell a follower.
pub struct Telling {
    /// As it is sent.
    pub message: CustomMessage,
    late: Option<Reply>,
    keys: Vec<Key>,
}

impl Desk {
    /// The followers, by account and openid, for whom something waits and who may be written to now.
    ///
    /// # Errors
    /// When the store fails.
    pub fn to_be_told(&self, now: DateTime<Utc>) -> Result<Vec<(String, String)>> {
        let mut found = BTreeSet::new();
        if self.chat.is_silent() {
            return Ok(Vec::new());
        }
        self.gather(&LATE, |key: &(String, String)| Some(key.clone()), &mut found, now)?;
        self.gather(&DELIVERY_NEWS, |(who, _)| named(who), &mut found, now)?;
        self.gather(&NOTICES, |(who, _)| named(who), &mut found, now)?;
        for (account, open_id) in subscriptions::weekly_due(&self.store, now)?.iter().filter_map(|who| named(who)) {
            if self.chat.may_say(&account, &open_id, now)? {
                found.insert((account, open_id));
            }
        }
        Ok(found.into_iter().collect())
    }

    fn gather<V: serde::de::DeserializeOwned>(
        &self,
        table: &Table<(String, String), V>,
        who: impl Fn(&(String, String)) -> Option<(String, String)>,
        found: &mut BTreeSet<(String, String)>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut after: Option<(String, String)> = None;
        let mut last = None;
        loop {
            let page = self.store.page(table, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| key.clone());
            for follower in page.iter().filter_map(|(key, _)| who(key)) {
                // Rows of one follower stand together.
                if last.as_ref() != Some(&follower) && self.chat.may_say(&follower.0, &follower.1, now)? {
                    found.insert(follower.clone());
                }
                last = Some(follower);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// What to tell this follower now, if there is anything. Those who are blocked or have left are told nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub fn telling(&self, account: &str, open_id: &str, now: DateTime<Utc>) -> Result<Option<Telling>> {
        let who = (account.to_owned(), open_id.to_owned());
        let follower: Option<FollowerRecord> = self.store.get(&FOLLOWERS, &who)?;
        if follower.is_none_or(|follower| follower.blocked || follower.left_at.is_some()) {
            return Ok(None);
        }
        let words = self.wordings();
        let waiting = self.waiting(&who, &words, now)?;
        let late: Option<AnswerRecord> = if waiting.has_late { self.store.get(&LATE, &who)? } else { None };
        let (mut keys, mut lines) = (Vec::new(), Vec::new());
        for notice in waiting.notices {
            // What there is nothing to tell of any more is struck off with the next answer.
            if let Some(line) = notice.line {
                keys.push(notice.key);
                lines.push(line);
            }
        }
        if late.is_none() && lines.is_empty() {
            return Ok(None);
        }
        let parcel = delivery::pack(&words, late.as_ref(), &lines, None);
        keys.truncate(parcel.notices);
        let reply = match parcel.reply {
            Reply::Text(text) => Reply::Text(text.trim_end().to_owned()),
            other => other,
        };
        let message = CustomMessage::of(&reply);
        Ok(message.map(|message| Telling { message, late: late.map(|late| late.reply), keys }))
    }

    /// Strikes off what was told.
    ///
    /// # Errors
    /// When the store fails; then it is told again.
    pub fn told(&self, account: &str, open_id: &str, telling: &Telling, now: DateTime<Utc>) -> Result<()> {
        let who = (account.to_owned(), open_id.to_owned());
        Ok(self.store.write(Durability::Durable, |write| {
            let late = write.get(&LATE, &who)?;
            // Another one may have come meanwhile.
            if late.is_some_and(|late| Some(&late.reply) == telling.late.as_ref()) {
                write.delete(&LATE, &who);
            }
            // Forgotten meanwhile, a follower stays forgotten.
            if write.get(&FOLLOWERS, &who)?.is_some() {
                notice::strike_off(write, &who, &telling.keys, now)?;
            }
            Ok::<_, store::Error>(())
        })?)
    }

    /// What was to be told names a medium that the platform does not know any more: the follower is told to ask again.
    ///
    /// # Errors
    /// When the store fails.
    pub fn media_lost(&self, account: &str, open_id: &str, telling: &Telling, now: DateTime<Utc>) -> Result<()> {
        let who = (account.to_owned(), open_id.to_owned());
        let reply = Reply::Text(self.wordings().plain(Word::PictureLater));
        Ok(self.store.write(Durability::Durable, |write| {
            let late: Option<AnswerRecord> = write.get(&LATE, &who)?;
            if late.is_some_and(|late| Some(&late.reply) == telling.late.as_ref()) {
                write.put(&LATE, &who, &AnswerRecord { reply, answered_at: now })?;
            }
            Ok::<_, store::Error>(())
        })?)
    }
}

/// Account and openid of a follower who is named in one string. Names of accounts have no slash.
fn named(who: &str) -> Option<(String, String)> {
    who.split_once('/').map(|(account, open_id)| (account.to_owned(), open_id.to_owned()))
}
