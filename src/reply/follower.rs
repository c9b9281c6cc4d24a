//! Followers: met, gone, forgotten. What is known of one is keyed by account and openid, in links by a random alias;
//! here is the one place that knows every table with such a key, so that forgetting forgets all of it.

use chrono::{DateTime, Duration, Utc};

use super::{Desk, Result, answer_number, roll};
use crate::kindle;
use crate::library::requests::follower_key;
use crate::library::subscriptions;
use crate::statistics::{self, Rarely};
use crate::store::records::{AnswerRecord, FollowerRecord, RequestRecord};
use crate::store::schema::{
    ANSWERED, ANSWERS, CONTACTS, FOLLOWER_OF_ALIAS, FOLLOWERS, LATE, NOTICES, PLACES, QUOTAS, REQUESTERS, REQUESTS,
};
use crate::store::{self, Durability, Store, Write, hex};
use crate::wechat::is_test_follower;

/// How old `seen_at` gets before it is written again: an ordinary message writes nothing.
const SEEN_AGAIN: Duration = Duration::hours(1);
/// Records looked at in one step of a scan.
const PAGE: usize = 500;
/// Most notices of one follower.
const NOTICES_OF_ONE: usize = 10_000;
/// Days of which downloads are counted, today included.
const DAYS_COUNTED: i64 = 4;
/// The counter of followers that follow.
pub(super) const FOLLOWING: &str = "followers";

/// Who wrote: their key in the tables.
pub(super) type FollowerKey = (String, String);

impl Desk {
    /// The follower's record, made at first contact and brought up to date now and then.
    pub(super) fn meet(&self, key: &FollowerKey, now: DateTime<Utc>, durability: Durability) -> Result<FollowerRecord> {
        if let Some(follower) = self.known(key, now)? {
            return Ok(follower);
        }
        let (alias, day) = (new_alias()?, self.library.day(now));
        Ok(self.store.write(durability, |write| met(write, key, alias, &day, now))?)
    }

    /// The follower's record, if it is there and as it should be.
    pub(super) fn known(&self, key: &FollowerKey, now: DateTime<Utc>) -> Result<Option<FollowerRecord>> {
        let known: Option<FollowerRecord> = self.store.get(&FOLLOWERS, key)?;
        Ok(known.filter(|known| is_known(known.blocked, known.left_at.is_some(), known.seen_at, now)))
    }

    /// Deletes everything about a follower, at once and durably. Of a blocked one it stays that they are blocked.
    ///
    /// # Errors
    /// When the store fails.
    pub fn forget(&self, account: &str, open_id: &str) -> Result<()> {
        let key = (account.to_owned(), open_id.to_owned());
        let traces = self.traces(&key)?;
        self.leave_place(&key);
        self.store.write(Durability::Durable, |write| forgotten(write, &key, &traces, &self.store))?;
        self.last_words.forget(&key);
        Ok(())
    }

    /// Deletes again, after a restore, everything about those who were deleted since the backup was made, and says how
    /// many were there.
    ///
    /// # Errors
    /// When the store fails; the next call goes on.
    pub fn forget_again(&self) -> Result<u64> {
        let Some(marks) = self.store.to_forget_again()? else { return Ok(0) };
        let (mut forgotten, mut after) = (0, None);
        loop {
            let page: Vec<(FollowerKey, FollowerRecord)> = self.store.page(&FOLLOWERS, after.as_ref(), PAGE)?;
            for ((account, open_id), _) in page.iter().filter(|((account, open_id), _)| marks.has(account, open_id)) {
                self.forget(account, open_id)?;
                forgotten += 1;
            }
            let Some((last, _)) = page.into_iter().next_back() else { break };
            after = Some(last);
        }
        self.store.forgotten_again()?;
        Ok(forgotten)
    }

    /// What has to be searched for before a follower can be forgotten: long, and so done before the write.
    pub(super) fn traces(&self, key: &FollowerKey) -> Result<Traces> {
        let follower: Option<FollowerRecord> = self.store.get(&FOLLOWERS, key)?;
        let alias = follower.map(|follower| follower.alias).unwrap_or_default();
        Ok(Traces {
            requests: requests_of(&self.store, &key.0, &key.1)?,
            notices: notices_of(&self.store, &key.0, &key.1)?,
            answers: self.answers_of(key, &alias)?,
            quotas: self.quotas_of(&alias)?,
            subscriptions: subscriptions::keys_of(&self.store, &key.0, &key.1)?,
        })
    }

    /// Answers of the last day that name the follower, in their key or by the alias in a link.
    fn answers_of(&self, key: &FollowerKey, alias: &str) -> Result<Vec<((String, String), i64)>> {
        let mut found = Vec::new();
        let mut after: Option<(String, String)> = None;
        loop {
            let page: Vec<((String, String), AnswerRecord)> = self.store.page(&ANSWERS, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| key.clone());
            for (answer_key, answer) in page {
                let named = answer_key.0 == key.0 && answer_key.1.contains(&key.1);
                if named || mentions(&answer, alias) {
                    found.push((answer_key, answer.answered_at.timestamp_millis()));
                }
            }
            if is_last {
                return Ok(found);
            }
        }
    }

    fn quotas_of(&self, alias: &str) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        if alias.is_empty() {
            return Ok(found);
        }
        let files = format!("{alias}/");
        let mut day = self.store.page_back(&QUOTAS, None, 1)?.pop().map(|((day, _), _)| day);
        for _ in 0..DAYS_COUNTED {
            let Some(today) = day else { break };
            found.push((today.clone(), alias.to_owned()));
            // Counted files stand right behind the total: alias, then alias/book/file.
            let mut after = (today.clone(), files.clone());
            while let Some((next, _)) = self.store.page(&QUOTAS, Some(&after), 1)?.pop() {
                if next.0 != today || !next.1.starts_with(&files) {
                    break;
                }
                found.push(next.clone());
                after = next;
            }
            let before = self.store.page_back(&QUOTAS, Some(&(today, String::new())), 1)?.pop();
            day = before.map(|((day, _), _)| day);
        }
        Ok(found)
    }
}

/// Whether nothing has to be written at a follower's message.
pub(super) fn is_known(blocked: bool, has_left: bool, seen_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    blocked || (!has_left && now - seen_at < SEEN_AGAIN)
}

/// Everything of a follower that is not under their own key.
pub(super) struct Traces {
    pub(super) requests: Vec<String>,
    pub(super) notices: Vec<(String, String)>,
    pub(super) answers: Vec<((String, String), i64)>,
    pub(super) quotas: Vec<(String, String)>,
    pub(super) subscriptions: Vec<String>,
}

/// Notes that a follower has left; their data is deleted 30 days later.
pub(super) fn left(write: &mut Write<'_>, key: &FollowerKey, day: &str, now: DateTime<Utc>) -> store::Result<()> {
    let Some(mut follower) = write.get(&FOLLOWERS, key)?.filter(|follower| follower.left_at.is_none()) else {
        return Ok(());
    };
    follower.left_at = Some(now);
    // Who has left cannot be written to, and following again is no message.
    write.delete(&CONTACTS, key);
    if count(write, key, &follower, -1)? {
        statistics::note(write, day, Rarely::Leave)?;
    }
    roll::put(write, key, &follower)
}

/// Counts one who begins or ceases to follow, and says whether. Test followers are not counted; who is only known to be
/// blocked never was, or is not any more.
fn count(write: &mut Write<'_>, key: &FollowerKey, follower: &FollowerRecord, change: i64) -> store::Result<bool> {
    let is_counted = !follower.alias.is_empty() && !is_test_follower(&key.1);
    if is_counted {
        write.count(FOLLOWING, change)?;
    }
    Ok(is_counted)
}

/// Deletes everything of a follower.
pub(super) fn forgotten(write: &mut Write<'_>, key: &FollowerKey, traces: &Traces, store: &Store) -> store::Result<()> {
    // First, and durably: a backup from before must not bring them back.
    store.note_forgotten(&key.0, &key.1)?;
    let follower = write.get(&FOLLOWERS, key)?.unwrap_or_default();
    if follower.left_at.is_none() {
        count(write, key, &follower, -1)?;
    }
    write.delete(&FOLLOWER_OF_ALIAS, &follower.alias);
    roll::delete(write, key)?;
    write.delete(&PLACES, key);
    write.delete(&LATE, key);
    write.delete(&CONTACTS, key);
    subscriptions::remove(write, &key.0, &key.1, &traces.subscriptions)?;
    traces.notices.iter().for_each(|notice| write.delete(&NOTICES, notice));
    traces.quotas.iter().for_each(|quota| write.delete(&QUOTAS, quota));
    for (answer, at) in &traces.answers {
        write.delete(&ANSWERS, answer);
        write.delete(&ANSWERED, &(at.max(&0).unsigned_abs(), answer_number(answer)));
    }
    // Looked for only now, when nobody else writes: it is few, and a push may have been asked for a moment ago.
    let mail = kindle::Traces::of(store, &follower_key(&key.0, &key.1))?;
    mail.forget(write, &follower_key(&key.0, &key.1))?;
    for request in &traces.requests {
        withdraw(write, request, &follower_key(&key.0, &key.1))?;
    }
    if follower.blocked {
        // Or a blocked follower would be free again by leaving.
        let kept = FollowerRecord { blocked: true, left_at: follower.left_at, ..FollowerRecord::default() };
        roll::put(write, key, &kept)?;
    }
    Ok(())
}

/// The keys of all requests of a follower, open or not. A scan: only for what followers do rarely.
pub(super) fn requests_of(store: &Store, account: &str, open_id: &str) -> store::Result<Vec<String>> {
    let follower = follower_key(account, open_id);
    let mut found = Vec::new();
    let mut after: Option<(String, String)> = None;
    loop {
        let page: Vec<((String, String), DateTime<Utc>)> = store.page(&REQUESTERS, after.as_ref(), PAGE)?;
        let is_last = page.len() < PAGE;
        after = page.last().map(|(key, _)| key.clone());
        let own = page.into_iter().filter(|((_, requester), _)| *requester == follower);
        found.extend(own.map(|((request, _), _)| request));
        if is_last {
            return Ok(found);
        }
    }
}

fn notices_of(store: &Store, account: &str, open_id: &str) -> store::Result<Vec<(String, String)>> {
    let found = store.under(&NOTICES, &follower_key(account, open_id), NOTICES_OF_ONE)?;
    Ok(found.into_iter().map(|(key, _)| key).collect())
}

fn met(
    write: &mut Write<'_>,
    key: &FollowerKey,
    alias: String,
    day: &str,
    now: DateTime<Utc>,
) -> store::Result<FollowerRecord> {
    let known = write.get(&FOLLOWERS, key)?;
    let is_new = known.as_ref().is_none_or(|follower| follower.left_at.is_some());
    let mut follower = known.unwrap_or_else(|| FollowerRecord { since: now, ..FollowerRecord::default() });
    if follower.alias.is_empty() {
        follower.alias = alias;
    }
    follower.seen_at = now;
    follower.left_at = None;
    follower.simulated = is_test_follower(&key.1);
    if is_new && count(write, key, &follower, 1)? {
        statistics::note(write, day, Rarely::Follow)?;
    }
    write.put(&FOLLOWER_OF_ALIAS, &follower.alias, key)?;
    roll::put(write, key, &follower)?;
    Ok(follower)
}

/// Takes a follower's name off a request. A request nobody asks for any more was theirs alone, words included.
fn withdraw(write: &mut Write<'_>, request: &str, follower: &str) -> store::Result<()> {
    let key = request.to_owned();
    write.delete(&REQUESTERS, &(key.clone(), follower.to_owned()));
    let Some(mut record) = write.get::<_, RequestRecord>(&REQUESTS, &key)? else { return Ok(()) };
    record.count = record.count.saturating_sub(1);
    if record.count > 0 || record.fulfilled_by.is_some() || record.dismissed {
        return write.put(&REQUESTS, &key, &record);
    }
    write.delete(&REQUESTS, &key);
    write.count("requests", -1)?;
    Ok(())
}

fn mentions(answer: &AnswerRecord, alias: &str) -> bool {
    match &answer.reply {
        crate::wechat::Reply::Text(text) => !alias.is_empty() && text.contains(alias),
        _ => false,
    }
}

/// 64 random bits in hexadecimal: nobody guesses one, and it says nothing about whose it is.
fn new_alias() -> Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| super::Error::Random(error.to_string()))?;
    Ok(hex(&random))
}
