//! Saying something to a follower who has not asked: customer-service messages within the platform's windows, and the
//! sign that an answer is being written. Only verified accounts may.
//!
//! The windows are kept here (`window`), so that the platform never has to refuse: a message is counted, on disk,
//! before it is sent, and a refusal closes the window until the follower does something again. Whoever cannot be
//! written to gets everything with their next answer, as in an account that is not verified.
//!
//! Deliberately not here: what is said (`reply`), when it is looked whether there is something to say (`jobs`).

mod window;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use parking_lot::Mutex;

pub use window::Act;

use crate::alert::{Alerts, Trouble};
use crate::bell::Bell;
use crate::blocking::{Panicked, blocking};
use crate::store::records::ContactRecord;
use crate::store::schema::CONTACTS;
use crate::store::{self, Durability, Store};
use crate::token::{CallError, Keeper};
use crate::wechat::{CustomMessage, Incoming, is_test_follower};

/// After a failure that has nothing to do with the follower, an account is quiet for so long.
const QUIET: Duration = Duration::minutes(5);
/// How long after a message the platform takes a sign that an answer is being written.
const TYPING_AFTER: Duration = Duration::seconds(25);

/// Writes to followers. Shared by all accounts.
pub struct Chat {
    store: Arc<Store>,
    /// Of the accounts that may.
    keepers: Vec<Arc<Keeper>>,
    alerts: Arc<Alerts>,
    /// Accounts that say nothing for the time being.
    quiet: Mutex<HashMap<String, Quiet>>,
    /// Followers who are being told something.
    telling: Mutex<HashSet<(String, String)>>,
    bell: Bell,
}

#[derive(Clone, Copy)]
enum Quiet {
    Until(DateTime<Utc>),
    /// The platform says that the account may not at all. A restart asks again.
    ForGood,
}

/// The errcode for a medium that the platform does not know.
const UNKNOWN_MEDIA: i64 = 40007;

/// What came of saying something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The platform has taken it.
    Sent,
    /// It was not sent: this follower cannot be written to now.
    Closed,
    /// It was not sent: the platform does not know the picture or the speech in it any more.
    UnknownMedia,
    /// It was not sent, or nobody knows; for whatever reason the account cannot write to anybody now.
    NotNow(String),
}

/// A follower who is being told something.
pub struct BeingTold<'a> {
    chat: &'a Chat,
    who: (String, String),
}

impl Drop for BeingTold<'_> {
    fn drop(&mut self) {
        self.chat.telling.lock().remove(&self.who);
    }
}

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Our fault.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

/// The result of most calls here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Chat {
    /// For the accounts of these keepers, which are verified.
    pub fn new(store: Arc<Store>, keepers: Vec<Arc<Keeper>>, alerts: Arc<Alerts>) -> Chat {
        Chat { store, keepers, alerts, quiet: Mutex::default(), telling: Mutex::default(), bell: Bell::default() }
    }

    /// Whether the account writes to followers, as far as is known.
    pub fn is_able(&self, account: &str) -> bool {
        let is_quiet = || matches!(self.quiet.lock().get(account), Some(Quiet::ForGood));
        self.keepers.iter().any(|keeper| keeper.account() == account) && !is_quiet()
    }

    /// Whether no account writes to anybody.
    pub fn is_silent(&self) -> bool {
        !self.keepers.iter().any(|keeper| self.is_able(keeper.account()))
    }

    /// Marks a follower as being told something, until what is returned is dropped.
    pub fn begin_telling(&self, account: &str, open_id: &str) -> BeingTold<'_> {
        let who = (account.to_owned(), open_id.to_owned());
        self.telling.lock().insert(who.clone());
        BeingTold { chat: self, who }
    }

    /// Whether a follower is being told something; an answer at the same time need not tell it once more.
    pub fn is_telling(&self, who: &(String, String)) -> bool {
        self.telling.lock().contains(who)
    }

    /// Notes what a follower did, if it opens a window that was not as good as open. Nothing is written for accounts
    /// that are not verified.
    ///
    /// # Errors
    /// When the store fails.
    pub fn heard(&self, account: &str, incoming: &Incoming, now: DateTime<Utc>) -> store::Result<()> {
        if !self.must_note(account, incoming, now)? {
            return Ok(());
        }
        let Some(act) = Act::of(incoming) else { return Ok(()) };
        let key = (account.to_owned(), incoming.from_user.clone());
        // Lost in a power cut, it costs a message that waits for the follower's next one.
        self.store.write(Durability::Soon, |write| {
            let known = write.get(&CONTACTS, &key)?.unwrap_or_default();
            match window::noted(&known, act, time_of(incoming, now)) {
                Some(contact) => write.put(&CONTACTS, &key, &contact),
                None => Ok(()),
            }
        })
    }

    /// Whether [`Chat::heard`] would write.
    ///
    /// # Errors
    /// When the store fails.
    pub fn must_note(&self, account: &str, incoming: &Incoming, now: DateTime<Utc>) -> store::Result<bool> {
        if !self.is_able(account) || is_test_follower(&incoming.from_user) {
            return Ok(false);
        }
        let Some(act) = Act::of(incoming) else { return Ok(false) };
        let known = self.contact(account, &incoming.from_user)?;
        Ok(window::noted(&known, act, time_of(incoming, now)).is_some())
    }

    /// Whether something may be said to this follower at `now`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn may_say(&self, account: &str, open_id: &str, now: DateTime<Utc>) -> store::Result<bool> {
        Ok(self.line(account, now).is_some() && window::is_open(&self.contact(account, open_id)?, now))
    }

    /// Says it, if the platform lets us.
    ///
    /// # Errors
    /// When the store fails; what the platform says is no error.
    pub async fn say(&self, account: &str, open_id: &str, message: &CustomMessage, now: DateTime<Utc>) -> Result<Said> {
        let Some(keeper) = self.line(account, now) else { return Ok(Said::Closed) };
        let key = (account.to_owned(), open_id.to_owned());
        if !self.count(&key, now).await? {
            return Ok(Said::Closed);
        }
        let client = keeper.client();
        let sent = keeper
            .with(|token| {
                let (client, open_id, message) = (client.clone(), open_id.to_owned(), message.clone());
                async move { client.send_custom(&token, &open_id, &message).await }
            })
            .await;
        match sent {
            Ok(()) => {
                self.alerts.resolve(&not_able(account).key(), now);
                Ok(Said::Sent)
            }
            Err(CallError::Call(error)) if error.code() == Some(UNKNOWN_MEDIA) => {
                self.give_back(&key, now).await?;
                Ok(Said::UnknownMedia)
            }
            Err(error) => self.refused(&key, &error, now).await,
        }
    }

    /// Shows the follower that an answer to their message of `asked_at` is being written. Nothing depends on it, so
    /// nothing is told of a failure.
    pub async fn show_typing(&self, account: &str, open_id: &str, asked_at: DateTime<Utc>, now: DateTime<Utc>) {
        let is_fit = now - asked_at < TYPING_AFTER && !is_test_follower(open_id);
        let Some(keeper) = self.line(account, now).filter(|_| is_fit) else { return };
        let client = keeper.client();
        let shown = keeper
            .with(|token| {
                let (client, open_id) = (client.clone(), open_id.to_owned());
                async move { client.show_typing(&token, &open_id).await }
            })
            .await;
        match shown {
            Err(CallError::Call(error)) if error.is_not_authorised() => self.not_able(account, now),
            Err(error) => log::debug!(account; "the sign that an answer is being written: {error}"),
            Ok(()) => {}
        }
    }

    /// Rings when there may be something to do.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// The keeper of the account, if it may say something now.
    fn line(&self, account: &str, now: DateTime<Utc>) -> Option<&Arc<Keeper>> {
        let is_quiet = match self.quiet.lock().get(account) {
            Some(Quiet::ForGood) => true,
            Some(Quiet::Until(end)) => now < *end,
            None => false,
        };
        self.keepers.iter().find(|keeper| keeper.account() == account && !is_quiet)
    }

    fn contact(&self, account: &str, open_id: &str) -> store::Result<ContactRecord> {
        let key = (account.to_owned(), open_id.to_owned());
        Ok(self.store.get(&CONTACTS, &key)?.unwrap_or_default())
    }

    /// Counts a message that is about to be sent, on disk: forgotten in a crash, it would be one too many for the
    /// platform. False if there is no window for it.
    async fn count(&self, key: &(String, String), now: DateTime<Utc>) -> Result<bool> {
        self.change(key, Durability::Durable, move |contact| {
            window::is_open(&contact, now).then(|| window::counted(contact, now, false))
        })
        .await
    }

    /// What a refusal means: for this follower, or for all of the account's.
    async fn refused(&self, key: &(String, String), error: &CallError, now: DateTime<Utc>) -> Result<Said> {
        let account = key.0.as_str();
        match meaning(error) {
            Meaning::OfFollower => {
                log::warn!(account; "a follower cannot be written to until they write again: {error}");
                self.change(key, Durability::Soon, |contact| Some(window::spent(contact))).await?;
                Ok(Said::Closed)
            }
            // Told once more with the next answer, perhaps; but not every minute until then.
            Meaning::Unknown => {
                self.change(key, Durability::Soon, |contact| Some(window::spent(contact))).await?;
                Ok(Said::NotNow(error.to_string()))
            }
            Meaning::NotAble => {
                self.not_able(account, now);
                self.give_back(key, now).await?;
                Ok(Said::Closed)
            }
            Meaning::OfAccount => {
                self.quiet.lock().insert(account.to_owned(), Quiet::Until(now + QUIET));
                self.give_back(key, now).await?;
                Ok(Said::NotNow(error.to_string()))
            }
        }
    }

    async fn give_back(&self, key: &(String, String), now: DateTime<Utc>) -> Result<()> {
        self.change(key, Durability::Soon, move |contact| Some(window::counted(contact, now, true))).await?;
        Ok(())
    }

    fn not_able(&self, account: &str, now: DateTime<Utc>) {
        let before = self.quiet.lock().insert(account.to_owned(), Quiet::ForGood);
        if !matches!(before, Some(Quiet::ForGood)) {
            self.alerts.raise(&not_able(account), now);
        }
    }

    /// Changes what is known of a follower. False if `change` wants nothing changed, or nothing is known.
    async fn change(
        &self,
        key: &(String, String),
        durability: Durability,
        change: impl FnOnce(ContactRecord) -> Option<ContactRecord> + Send + 'static,
    ) -> Result<bool> {
        let (store, key) = (Arc::clone(&self.store), key.clone());
        let changed = blocking(move || {
            store.write(durability, |write| {
                // Forgotten meanwhile, it stays forgotten.
                let Some(changed) = write.get(&CONTACTS, &key)?.and_then(change) else { return Ok(false) };
                write.put(&CONTACTS, &key, &changed)?;
                Ok::<_, store::Error>(true)
            })
        });
        Ok(changed.await??)
    }
}

/// What the owner is told of an account that may not.
fn not_able(account: &str) -> Trouble {
    Trouble::NoCustomerMessages { account: account.to_owned() }
}

/// What follows from a refusal.
enum Meaning {
    /// This follower is not to be written to.
    OfFollower,
    /// Nobody of this account, for a while.
    OfAccount,
    /// Nobody of this account at all.
    NotAble,
    /// It may have been sent.
    Unknown,
}

fn meaning(error: &CallError) -> Meaning {
    let CallError::Call(error) = error else { return Meaning::OfAccount };
    match error {
        error if error.is_not_authorised() => Meaning::NotAble,
        error if error.may_have_had_effect() => Meaning::Unknown,
        error if error.is_quota() || error.is_retryable() || error.is_stale_token() => Meaning::OfAccount,
        // 45015 and 45047, 48002, 40003; and what is wrong with this one message (a picture that is gone) must not
        // keep others waiting.
        _ => Meaning::OfFollower,
    }
}

/// When it was done: the platform counts by its own clock, and retries come later.
fn time_of(incoming: &Incoming, now: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(incoming.created_at, 0).map_or(now, |at| at.min(now))
}
