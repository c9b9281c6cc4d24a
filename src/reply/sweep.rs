//! Forgetting in time: places and answers that are over, quotas of days gone by, followers who left long ago.
//! A job calls it; it may be killed at any line, the next run goes on.

use chrono::{DateTime, Duration, Utc};

use super::{Desk, Result};
use crate::store::records::{AnswerRecord, ContactRecord, FollowerRecord, PlaceRecord};
use crate::store::schema::{ANSWERED, ANSWERS, CONTACTS, FOLLOWERS, LATE, PLACES, QUOTAS};
use crate::store::{Durability, Key, Table};

/// How long answers are kept: the platform asks again within seconds.
const ANSWERS_KEPT: Duration = Duration::days(1);
/// How long an answer waits for a follower's next message. Its links end long before.
const LATE_KEPT: Duration = Duration::days(7);
/// How long counts of downloads are kept.
const QUOTAS_KEPT: Duration = Duration::days(2);
/// How long it is kept when a follower could be written to, and was told of new books: beyond that it says nothing.
const CONTACTS_KEPT: Duration = Duration::days(2);
/// How long the data of a follower who left is kept.
const LEFT_KEPT: Duration = Duration::days(30);
/// Records in one step.
const PAGE: usize = 500;

/// What a sweep deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Answers, kept for retries.
    pub answers: u64,
    /// Answers that no follower came back for.
    pub late: u64,
    /// Places in the conversation.
    pub places: u64,
    /// Counts of downloads.
    pub quotas: u64,
    /// When followers could be written to.
    pub contacts: u64,
    /// Followers.
    pub followers: u64,
}

impl Desk {
    /// Deletes what is over at `now`.
    ///
    /// # Errors
    /// When the store fails; what was deleted before stays deleted.
    pub fn sweep(&self, now: DateTime<Utc>) -> Result<Swept> {
        self.save_places()?;
        let over = |place: &PlaceRecord| place.expires_at <= now;
        let stale = |late: &AnswerRecord| now - late.answered_at > LATE_KEPT;
        let silent = |contact: &ContactRecord| {
            let windows = [contact.message, contact.tap].into_iter().flatten().map(|window| window.opened_at);
            windows.chain(contact.news_at).all(|at| now - at > CONTACTS_KEPT)
        };
        self.last_words.sweep(now);
        Ok(Swept {
            answers: self.sweep_answers(now)?,
            late: self.sweep_table(&LATE, stale)?,
            places: self.sweep_table(&PLACES, over)?,
            quotas: self.sweep_quotas(now)?,
            contacts: self.sweep_table(&CONTACTS, silent)?,
            followers: self.sweep_followers(now)?,
        })
    }

    /// Answers stand in the order they were given, so that only those that go are read.
    fn sweep_answers(&self, now: DateTime<Utc>) -> Result<u64> {
        let end = (now - ANSWERS_KEPT).timestamp_millis().max(0).unsigned_abs();
        let mut swept = 0;
        loop {
            let page: Vec<((u64, u64), (String, String))> = self.store.page(&ANSWERED, None, PAGE)?;
            let old: Vec<_> = page.into_iter().take_while(|((at, _), _)| *at < end).collect();
            self.store.write(Durability::Soon, |write| {
                for (at, answer) in &old {
                    write.delete(&ANSWERED, at);
                    write.delete(&ANSWERS, answer);
                }
                Ok::<_, super::Error>(())
            })?;
            swept += old.len() as u64;
            if old.len() < PAGE {
                return Ok(swept);
            }
        }
    }

    fn sweep_quotas(&self, now: DateTime<Utc>) -> Result<u64> {
        let first = self.library.day(now - QUOTAS_KEPT);
        let mut swept = 0;
        loop {
            let page: Vec<((String, String), u64)> = self.store.page(&QUOTAS, None, PAGE)?;
            let old: Vec<_> = page.into_iter().map(|(key, _)| key).take_while(|(day, _)| *day < first).collect();
            self.store.write(Durability::Soon, |write| {
                old.iter().for_each(|key| write.delete(&QUOTAS, key));
                Ok::<_, super::Error>(())
            })?;
            swept += old.len() as u64;
            if old.len() < PAGE {
                return Ok(swept);
            }
        }
    }

    fn sweep_followers(&self, now: DateTime<Utc>) -> Result<u64> {
        let gone = |follower: &FollowerRecord| {
            let is_kept_blocked = follower.blocked && follower.alias.is_empty();
            follower.left_at.is_some_and(|at| now - at > LEFT_KEPT) && !is_kept_blocked
        };
        let mut swept = 0;
        let mut after: Option<(String, String)> = None;
        loop {
            let page: Vec<((String, String), FollowerRecord)> = self.store.page(&FOLLOWERS, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| key.clone());
            for ((account, open_id), _) in page.iter().filter(|(_, follower)| gone(follower)) {
                self.forget(account, open_id)?;
                swept += 1;
            }
            if is_last {
                return Ok(swept);
            }
        }
    }

    /// Deletes the records of a table that are `over`, looked at again in the write.
    fn sweep_table<K, V>(&self, table: &Table<K, V>, over: impl Fn(&V) -> bool) -> Result<u64>
    where
        K: Key + Clone,
        V: serde::de::DeserializeOwned,
    {
        let mut swept = 0;
        let mut after: Option<K> = None;
        loop {
            let page: Vec<(K, V)> = self.store.page(table, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| key.clone());
            let old: Vec<K> = page.into_iter().filter(|(_, value)| over(value)).map(|(key, _)| key).collect();
            swept += self.store.write(Durability::Soon, |write| {
                let mut deleted = 0;
                for key in &old {
                    if write.get(table, key)?.is_some_and(|value| over(&value)) {
                        write.delete(table, key);
                        deleted += 1;
                    }
                }
                Ok::<_, super::Error>(deleted)
            })?;
            if is_last {
                return Ok(swept);
            }
        }
    }
}
