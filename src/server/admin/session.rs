//! The admin's sessions: a random cookie in the browser, its hash in the store.
//!
//! A stolen database or backup thus opens nothing. A session ends after twelve hours without a request, when it is
//! logged out, and when the password changes. How one begins is decided in `login` and `setup`.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::store::records::SessionRecord;
use crate::store::schema::SESSIONS;
use crate::store::{self, Durability, Store, hex};

/// The name of the cookie.
pub(super) const COOKIE: &str = "shutong_admin";
/// Without a request for so long, a session is over.
const IDLE_HOURS: i64 = 12;
/// The time of the last request is noted no more often than this, in seconds.
const NOTED_EVERY_SECONDS: i64 = 60;
/// More sessions than this are not listed.
pub(super) const LISTED: usize = 100;

/// A session that is alive.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// The hash of its cookie, by which it is kept.
    pub(super) id: String,
    /// What is known about it.
    pub(super) record: SessionRecord,
}

/// 32 random bytes as 64 hex digits.
///
/// # Errors
/// When the system has no randomness.
pub(super) fn random_text() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// What stands for a secret wherever it is kept.
pub(super) fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Begins a session and gives the value of its cookie, which is new every time: a cookie that someone planted in
/// the browser before the login is worth nothing after it.
pub(super) fn start(store: &Store, agent: &str, now: DateTime<Utc>) -> anyhow::Result<String> {
    let cookie = random_text()?;
    let csrf = random_text()?;
    let agent = agent.chars().filter(|c| !c.is_control()).take(120).collect();
    let record = SessionRecord { started_at: now, seen_at: now, csrf, agent };
    sweep(store, now)?;
    store.write(Durability::Durable, |write| write.put(&SESSIONS, &digest(&cookie), &record))?;
    Ok(cookie)
}

/// The session of a cookie, if it is alive. Notes that it was used, if a person did.
pub(super) fn find(store: &Store, cookie: &str, is_used: bool, now: DateTime<Utc>) -> store::Result<Option<Session>> {
    let id = digest(cookie);
    let Some(mut record) = store.get(&SESSIONS, &id)? else { return Ok(None) };
    if is_over(&record, now) {
        end(store, &id)?;
        return Ok(None);
    }
    if is_used && now - record.seen_at >= TimeDelta::seconds(NOTED_EVERY_SECONDS) {
        record.seen_at = now;
        store.write(Durability::Soon, |write| {
            // It may have been ended since it was read: a request under way must not bring it back.
            let alive = write.get(&SESSIONS, &id)?.is_some();
            if alive { write.put(&SESSIONS, &id, &record) } else { Ok(()) }
        })?;
    }
    Ok(Some(Session { id, record }))
}

/// Whether a session is still there, without counting as a use: an open page left alone must not keep itself alive.
pub(super) fn is_alive(store: &Store, id: &str, now: DateTime<Utc>) -> store::Result<bool> {
    Ok(store.get(&SESSIONS, &id.to_owned())?.is_some_and(|record| !is_over(&record, now)))
}

/// Ends one session; one that is not there has ended already.
pub(super) fn end(store: &Store, id: &str) -> store::Result<()> {
    store.write(Durability::Durable, |write| {
        write.delete(&SESSIONS, &id.to_owned());
        Ok(())
    })
}

/// Ends all of them.
pub(super) fn end_all(store: &Store) -> store::Result<()> {
    end_where(store, |_| true)
}

/// Those alive, last used first.
pub(super) fn list(store: &Store, now: DateTime<Utc>) -> store::Result<Vec<Session>> {
    let mut sessions: Vec<Session> = store
        .page(&SESSIONS, None, LISTED)?
        .into_iter()
        .filter(|(_, record)| !is_over(record, now))
        .map(|(id, record)| Session { id, record })
        .collect();
    sessions.sort_by_key(|session| std::cmp::Reverse(session.record.seen_at));
    Ok(sessions)
}

fn sweep(store: &Store, now: DateTime<Utc>) -> store::Result<()> {
    end_where(store, |record| is_over(record, now))
}

fn end_where(store: &Store, is_ended: impl Fn(&SessionRecord) -> bool) -> store::Result<()> {
    let sessions = store.page(&SESSIONS, None, usize::MAX)?;
    store.write(Durability::Durable, |write| {
        for (id, _) in sessions.iter().filter(|(_, record)| is_ended(record)) {
            write.delete(&SESSIONS, id);
        }
        Ok(())
    })
}

fn is_over(record: &SessionRecord, now: DateTime<Utc>) -> bool {
    now - record.seen_at >= TimeDelta::hours(IDLE_HOURS)
}
