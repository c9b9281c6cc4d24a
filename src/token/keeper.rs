//! The keeper of one account's token: who holds its lock, and nobody else, asks the platform.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, watch};

use super::held::Moment;
use super::history::{self, Status};
use super::renewal::Work;
use super::tally::Tally;
use super::ticket::Tickets;
use super::{Error, Held, Result, Settings, Upstream, counts};
use crate::alert::Alerts;
use crate::clock::Clock;
use crate::secret::Secret;
use crate::store::Store;
use crate::store::records::{GrantRecord, Origin};
use crate::store::schema::{TOKEN_COUNTS, TOKENS};
use crate::wechat::{self, Client, Granted, TokenEndpoint};

/// How often a token that is asked for again is looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(60);
/// The longest a token can be set by hand for: what the platform itself grants.
pub const LONGEST_BY_HAND: Duration = Duration::from_secs(7_200);

/// Keeps one account's token, and its tickets.
pub struct Keeper {
    pub(super) settings: Settings,
    pub(super) client: Client,
    pub(super) upstream: Option<Upstream>,
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    pub(super) alerts: Arc<Alerts>,
    /// What everybody sees. Changed only by who holds `work`, after the store has it.
    pub(super) shown: watch::Sender<Option<Arc<Held>>>,
    /// Why there is none, and when it is tried again, by uptime.
    pub(super) excuse: Mutex<Option<(String, Duration)>>,
    /// Held by whoever asks the platform.
    pub(super) work: AsyncMutex<Work>,
    pub(super) tally: Tally,
    tickets: Tickets,
    /// Which token each key was given last, and when one that was asked for again was looked at.
    given: Mutex<(HashMap<String, u64>, Duration)>,
}

/// What came of asking for a new token.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// The token to use now.
    pub held: Arc<Held>,
    /// Whether it is a new one; a refresh within 30 seconds of another gives the same.
    pub is_new: bool,
    /// What the owner should know about it.
    pub note: Option<String>,
}

/// A call of the platform's API that needed a token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// There was none.
    #[error(transparent)]
    Token(#[from] Error),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] wechat::Error),
}

impl Keeper {
    pub(super) fn open(
        store: Arc<Store>,
        clock: Clock,
        alerts: Arc<Alerts>,
        settings: Settings,
        upstream: Option<Upstream>,
    ) -> anyhow::Result<Keeper> {
        let client = Client::new(&settings.hosts)?;
        let account = settings.account.clone();
        let now = Moment { at: clock.now(), uptime: clock.uptime() };
        let record: Option<GrantRecord> = store.get(&TOKENS, &account)?;
        let counts = store.get(&TOKEN_COUNTS, &account)?.unwrap_or_default();
        let (_, next_renewal) = history::of(&store, &account)?;
        let number = record.as_ref().map_or(0, |record| record.number);
        // A record that was over when it began is of a token that was found dead.
        let dead = record.as_ref().filter(|record| record.expires_at <= record.obtained_at);
        let dead = dead.map(|record| Secret::new(record.value.clone()));
        let held = record.and_then(|record| Held::remembered(record, now)).map(Arc::new);
        // Asking for the stable token again is harmless and tells what it is worth; another one is looked at first.
        let is_ours = held.as_ref().is_some_and(|held| held.origin != Origin::Manual);
        let is_harmless = settings.endpoint == TokenEndpoint::Stable || upstream.is_some();
        let must_ask = counts.is_asking || is_ours && is_harmless;
        let work = Work {
            must_check: held.is_some() && !must_ask,
            must_ask,
            number,
            next_renewal,
            dead,
            ..Work::starting(now.uptime)
        };
        let tickets = Tickets::open(&store, &account, now)?;
        Ok(Keeper {
            settings,
            client,
            upstream,
            store,
            clock,
            alerts,
            shown: watch::Sender::new(held),
            excuse: Mutex::new(None),
            work: AsyncMutex::new(work),
            tally: Tally::default(),
            tickets,
            given: Mutex::default(),
        })
    }

    /// The account's name.
    pub fn account(&self) -> &str {
        &self.settings.account
    }

    /// The account's settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The platform.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The account's tickets.
    pub fn tickets(&self) -> &Tickets {
        &self.tickets
    }

    /// The token, if there is one that still lives.
    pub fn current(&self) -> Option<Arc<Held>> {
        let uptime = self.uptime();
        self.shown.borrow().as_ref().filter(|held| !held.left(uptime).is_zero()).cloned()
    }

    /// The token; tried once to get one if there is none and it is time to try.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn token(self: &Arc<Self>) -> Result<Arc<Held>> {
        if let Some(held) = self.current() {
            return Ok(held);
        }
        let same = Arc::clone(self);
        // If somebody is asking already, what they get is the answer.
        detached(async move {
            same.catch_up().await;
            same.current().ok_or_else(|| same.unavailable())
        })
        .await
    }

    /// How long somebody who has just asked may keep the token. With the classic endpoint a renewal leaves the old
    /// one five minutes; who kept it longer would use a dead one.
    pub fn usable(&self, held: &Held) -> Duration {
        let left = held.left(self.uptime());
        if self.settings.endpoint != TokenEndpoint::Classic || self.follows() {
            return left;
        }
        left.min(left.saturating_sub(self.renewed_before()) + Duration::from_secs(240))
    }

    /// How long a token or ticket still lives.
    pub fn left(&self, held: &Held) -> Duration {
        held.left(self.uptime())
    }

    /// Notes that a key is given this token. Whether it had it before, although it may still use it: then it may have
    /// found it refused. Said at most once a minute, because others ask each time they need one.
    pub fn is_asked_again(&self, key: &str, held: &Held) -> bool {
        let uptime = self.uptime();
        let mut given = self.given.lock();
        let before = given.0.insert(key.to_owned(), held.number);
        let is_again = before == Some(held.number) && self.usable(held) > Duration::from_secs(120);
        let may_look = uptime.saturating_sub(given.1) >= LOOKED_AT_EVERY;
        if is_again && may_look {
            given.1 = uptime;
        }
        is_again && may_look
    }

    /// Follows the changes of the token.
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<Held>>> {
        self.shown.subscribe()
    }

    /// A new token at once, whatever the old one is worth; it may die at this moment.
    ///
    /// # Errors
    /// [`Error::Refused`] when today's forced refreshes are used up, or what the platform says.
    pub async fn refresh(self: &Arc<Self>) -> Result<Refreshed> {
        let before = self.current().map(|held| held.number);
        let same = Arc::clone(self);
        detached(async move {
            let mut work = same.work.lock().await;
            // Somebody else wanted the same and has it.
            if let Some(held) = same.current().filter(|held| before.is_none_or(|number| number < held.number)) {
                return Ok(Refreshed { held, is_new: true, note: None });
            }
            // Each try takes as long as the servers followed may be silent, and nothing else is asked meanwhile.
            if same.follows() && work.failures > 0 && same.uptime() < work.next_try {
                return Err(same.unavailable());
            }
            match same.counts()?.may_force(same.clock.now()) {
                Ok(()) => {}
                Err(counts::NotNow::TooSoon) => {
                    let held = same.current().ok_or_else(|| same.unavailable())?;
                    let note = "refreshed less than 30 seconds ago; this is the same one";
                    return Ok(Refreshed { held, is_new: false, note: Some(note.into()) });
                }
                Err(counts::NotNow::UsedUp) => {
                    let text = "today's 20 forced refreshes are used up; the token is still renewed by itself";
                    return Err(Error::Refused(text.into()));
                }
            }
            let held =
                same.renew(&mut work, "forced", true).await.map_err(|error| Error::Refused(error.to_string()))?;
            Ok(Refreshed { is_new: before != Some(held.number), held, note: None })
        })
        .await
    }

    /// Takes a token set by hand. It is shown to the platform first: one that is refused is not taken; if the platform
    /// cannot be asked it is taken as it is, because then it may be the only one.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn set(self: &Arc<Self>, value: Secret, lives: Duration) -> Result<Refreshed> {
        if !Granted::is_value(value.expose()) {
            return Err(Error::Refused("that is no access_token: it is empty, too long, or has spaces".into()));
        }
        if lives.is_zero() || lives > LONGEST_BY_HAND {
            return Err(Error::Refused("expires_in must be between 1 and 7200 seconds".into()));
        }
        let same = Arc::clone(self);
        detached(async move {
            let mut work = same.work.lock().await;
            let asked = same.moment();
            let note = match same.client.callback_ips(&value).await {
                Ok(_) => None,
                Err(error) if error.is_stale_token() => {
                    return Err(Error::Refused(format!("the platform refuses this token: {error}")));
                }
                Err(error) => Some(format!("not checked, the platform could not be asked: {error}")),
            };
            let granted = Granted { value, lives };
            let held = same.adopt(&mut work, granted, Origin::Manual, asked, "manual").await?;
            Ok(Refreshed { held, is_new: true, note })
        })
        .await
    }

    /// Calls the platform with the token; if it is refused as stale, once more with the one that is right then.
    ///
    /// # Errors
    /// When there is no token, or the call fails.
    pub async fn with<T, F>(self: &Arc<Self>, call: impl Fn(Secret) -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, wechat::Error>>,
    {
        let held = self.token().await?;
        match call(held.value.clone()).await {
            Err(error) if error.is_stale_token() => {
                let fresh = self.report(held.value.clone()).await?;
                if fresh.held.value == held.value {
                    return Err(error.into());
                }
                Ok(call(fresh.held.value.clone()).await?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// What can be told of it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn status(&self) -> Result<Status> {
        let held = self.current();
        let (renewals, _) = history::of(&self.store, self.account())?;
        let last_error = renewals.first().filter(|renewal| !renewal.succeeded).map(|renewal| renewal.outcome.clone());
        let failures = renewals.iter().take_while(|renewal| !renewal.succeeded).count() as u32;
        Ok(Status {
            account: self.account().to_owned(),
            origin: held.as_ref().map(|held| held.origin),
            obtained_at: held.as_ref().map(|held| held.obtained_at),
            expires_at: held.as_ref().map(|held| held.expires_at),
            expires_in: held.map_or(0, |held| held.left(self.uptime()).as_secs()),
            failures,
            last_error,
            follows: self.follows(),
            counts: self.counts()?,
            renewals,
        })
    }

    pub(super) async fn idle(&self) {
        drop(self.work.lock().await);
    }

    /// Why there is no token, and when to ask again.
    pub(super) fn unavailable(&self) -> Error {
        let uptime = self.uptime();
        let (reason, retry_after) = match &*self.excuse.lock() {
            Some((reason, next_try)) => (reason.clone(), next_try.saturating_sub(uptime)),
            None if !self.can_ask() => {
                let text = "the account has no app_secret in the configuration; set one, or a token by hand";
                (text.to_owned(), Duration::from_secs(600))
            }
            None => ("it is being fetched".to_owned(), Duration::from_secs(1)),
        };
        Error::Unavailable { reason, retry_after: retry_after.max(Duration::from_secs(1)) }
    }

    pub(super) fn follows(&self) -> bool {
        self.upstream.is_some() && !self.leads_by_order()
    }

    /// Whether there is anybody to ask for a token.
    pub(super) fn can_ask(&self) -> bool {
        self.upstream.is_some() || !self.settings.app_secret.is_empty()
    }

    pub(super) fn moment(&self) -> Moment {
        Moment { at: self.clock.now(), uptime: self.clock.uptime() }
    }

    pub(super) fn uptime(&self) -> Duration {
        self.clock.uptime()
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// Runs to its end even if whoever asked goes away: an answer of the platform's must be kept.
pub(super) async fn detached<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(work).await.unwrap_or_else(|_| Err(Error::Store("the work on the token broke off".into())))
}
