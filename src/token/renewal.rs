//! Renewing: when it is due, one try, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use super::counts::{self, NotNow};
use super::held::Moment;
use super::keeper::Keeper;
use super::remedy::{self, Wait};
use super::{Error, Held, Result, history};
use crate::alert::Trouble;
use crate::blocking::blocking;
use crate::secret::Secret;
use crate::statistics::{self, Rarely};
use crate::store::Durability;
use crate::store::records::{Origin, RenewalRecord, TokenCountsRecord};
use crate::store::schema::{RENEWALS, SETTINGS, TOKEN_COUNTS, TOKENS};
use crate::wechat::{self, Granted, TokenEndpoint};

/// The stable endpoint gives a new token in the last five minutes of the old one; a little later it surely does.
const STABLE_BEFORE: Duration = Duration::from_secs(270);
/// The classic endpoint gives a new one at any time, and leaves the old one five minutes.
const CLASSIC_BEFORE: Duration = Duration::from_secs(600);
/// How often a server that follows another asks that one.
const FOLLOW_EVERY: Duration = Duration::from_secs(30);
/// Failures in a row of which the owner is told.
const TELL_AT: u32 = 3;
/// After a token was set aside as dead too often, so long passes between two tries.
const DEAD_EVERY: Duration = Duration::from_secs(600);

/// What the holder of the lock knows.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Failures in a row.
    pub(super) failures: u32,
    /// Not before this uptime.
    pub(super) next_try: Duration,
    /// What is held may be worth less than it says: an answer was lost, or the program was away.
    pub(super) must_ask: bool,
    /// What is held has to be shown to the platform before it is trusted.
    pub(super) must_check: bool,
    /// Which token was looked at after a report, when, and what was found; it was not found dead.
    pub(super) looked: Option<(u64, Duration, String)>,
    /// The last one that was found dead: it is not taken again, whoever gives it.
    pub(super) dead: Option<Secret>,
    /// The number of the last token.
    pub(super) number: u64,
    /// The number of the next entry of the history.
    pub(super) next_renewal: u64,
}

impl Work {
    pub(super) fn starting(uptime: Duration) -> Work {
        Work { next_try: uptime, ..Work::default() }
    }
}

impl Keeper {
    /// Does what is due: checks, renews, or nothing. To be called every second or so; it costs nothing then.
    pub async fn tick(self: &Arc<Self>) {
        self.renew_if_due().await;
        self.tickets().tick(self).await;
    }

    async fn renew_if_due(self: &Arc<Self>) {
        // If somebody is at it, it is being done.
        let is_due = self.work.try_lock().is_ok_and(|work| self.is_due(&work));
        if is_due {
            let same = Arc::clone(self);
            // Not cancelled with whoever ticks.
            let _ = tokio::spawn(async move { same.catch_up().await }).await;
        }
    }

    /// Waits for whoever is at it; then does what is still due.
    pub(super) async fn catch_up(self: &Arc<Self>) {
        let mut work = self.work.lock().await;
        if !self.is_due(&work) {
            return;
        }
        if work.must_check
            && let Some(held) = self.current()
        {
            match self.client.callback_ips(&held.value).await {
                Err(error) if error.is_stale_token() => {
                    if let Err(error) = self.drop_dead(&mut work, &held).await {
                        log::error!(account = self.account(); "{error}");
                    }
                }
                Ok(_) => {
                    work.must_check = false;
                    return;
                }
                Err(_) if held.left(self.uptime()) > self.renewed_before() => {
                    work.next_try = self.uptime() + Duration::from_secs(60);
                    return;
                }
                // Whatever it is worth, it has to be renewed now.
                Err(_) => {}
            }
            work.must_check = false;
        }
        let cause = match self.current() {
            _ if self.follows() => "followed",
            Some(_) if work.must_ask => "start",
            Some(_) => "due",
            None => "start",
        };
        let _ = self.renew(&mut work, cause, false).await;
    }

    fn is_due(&self, work: &Work) -> bool {
        if !self.can_ask() || self.uptime() < work.next_try {
            return false;
        }
        let Some(held) = self.current() else { return true };
        let is_fetched = held.origin != Origin::Manual;
        // An answer that was lost may have ended a token set by hand too.
        (work.must_check || work.must_ask)
            || is_fetched && self.follows()
            || held.left(self.uptime()) <= self.renewed_before()
    }

    /// How long before its end a token is renewed.
    pub(super) fn renewed_before(&self) -> Duration {
        match self.settings.endpoint {
            TokenEndpoint::Stable => STABLE_BEFORE,
            TokenEndpoint::Classic => CLASSIC_BEFORE,
        }
    }

    /// Replaces a token that the platform refuses. Every other token that somebody else's calls end costs one of these,
    /// so they are limited like forced ones.
    pub(super) async fn renew_dead(&self, work: &mut Work) -> Result<Arc<Held>, wechat::Error> {
        if self.settings.endpoint == TokenEndpoint::Classic && !self.follows() {
            let allowed = self.counts().map(|counts| counts.may_force(self.clock.now()));
            if let Ok(Err(not_now)) = allowed {
                let wait = if not_now == NotNow::TooSoon { Duration::from_secs(30) } else { DEAD_EVERY };
                work.next_try = self.uptime() + wait;
                let what = "tokens of this account are ended by somebody else faster than they may be renewed";
                *self.excuse.lock() = Some((what.to_owned(), work.next_try));
                return Err(wechat::Error::Transport { what: what.to_owned(), may_have_arrived: false });
            }
            return self.renew(work, "reported", true).await;
        }
        self.renew(work, "reported", false).await
    }

    /// One try. On failure everything stays as it is, but for when the next one is.
    pub(super) async fn renew(&self, work: &mut Work, cause: &str, force: bool) -> Result<Arc<Held>, wechat::Error> {
        let asked = self.moment();
        match self.fetch_living(work, force).await {
            Ok((granted, origin)) => match self.adopt(work, granted, origin, asked, cause).await {
                Ok(held) => Ok(held),
                Err(error) => {
                    // It is lost: nobody may see what the disk does not have.
                    log::error!(account = self.account(); "a new token could not be kept: {error}");
                    work.must_ask = true;
                    work.failures += 1;
                    work.next_try = self.uptime() + remedy::back_off(work.failures, 0);
                    Err(wechat::Error::Transport { what: error.to_string(), may_have_arrived: true })
                }
            },
            Err(error) => {
                self.failed(work, &error, cause, asked, force).await;
                Err(error)
            }
        }
    }

    /// Keeps what was granted: first on disk, then for everybody to see.
    pub(super) async fn adopt(
        &self,
        work: &mut Work,
        granted: Granted,
        origin: Origin,
        asked: Moment,
        cause: &str,
    ) -> Result<Arc<Held>> {
        let same = self.current().filter(|held| held.value == granted.value && held.origin == origin);
        let number = same.as_ref().map_or(work.number + 1, |held| held.number);
        let mut held = Held::new(granted.value, number, origin, granted.lives, asked);
        if let Some(same) = &same {
            held.obtained_at = same.obtained_at;
        }
        let left = held.left(self.uptime());
        let outcome = match same {
            Some(_) => format!("the same token, {} s left", left.as_secs()),
            None => format!("a new token, {} s left", left.as_secs()),
        };
        let renewal = self.renewal(asked, cause, outcome, true);
        let (store, account, next) = (Arc::clone(&self.store), self.account().to_owned(), work.next_renewal);
        let (record, day) = (held.record(), self.day());
        let kept = blocking(move || {
            let old = history::too_old(&store, &account)?;
            store.write(Durability::Durable, |write| {
                write.put(&TOKENS, &account, &record)?;
                let counts: Option<TokenCountsRecord> = write.get(&TOKEN_COUNTS, &account)?;
                if let Some(counts) = counts.filter(|counts| counts.is_asking) {
                    write.put(&TOKEN_COUNTS, &account, &TokenCountsRecord { is_asking: false, ..counts })?;
                }
                old.iter().for_each(|key| write.delete(&RENEWALS, key));
                if origin != Origin::Manual {
                    statistics::note(write, &day, Rarely::Renewal(&account))?;
                }
                history::note(write, &account, next, &renewal)
            })
        });
        kept.await.map_err(|error| Error::Store(error.to_string()))??;
        let held = Arc::new(held);
        self.shown.send_replace(Some(Arc::clone(&held)));
        let uptime = self.uptime();
        // A token that is still the old one near its end is asked for again in a minute or at its end, not at once.
        let soon = Duration::from_secs(60).min(left.max(Duration::from_secs(5)));
        let pause = if left <= self.renewed_before() { soon } else { Duration::ZERO };
        let pause = if origin == Origin::Upstream { FOLLOW_EVERY } else { pause };
        let dead = work.dead.take().filter(|dead| *dead != held.value);
        *work = Work { number, next_renewal: next + 1, dead, ..Work::starting(uptime + pause) };
        *self.excuse.lock() = None;
        self.tally.renewal(if same.is_some() { "same" } else { "new" });
        self.over(origin, cause);
        Ok(held)
    }

    /// Ends the alerts that a token ends.
    fn over(&self, origin: Origin, cause: &str) {
        if origin == Origin::Manual {
            return;
        }
        let now = self.clock.now();
        Trouble::keys_of_renewal(self.account()).iter().for_each(|key| self.alerts.resolve(key, now));
        if cause == "due" {
            self.alerts.resolve(&Trouble::SomebodyElse { account: self.account().to_owned() }.key(), now);
        }
    }

    async fn failed(&self, work: &mut Work, error: &wechat::Error, cause: &str, asked: Moment, force: bool) {
        work.failures += 1;
        let ends_another = force || self.settings.endpoint == TokenEndpoint::Classic;
        // The platform may have given a new one and ended ours; only asking again tells.
        work.must_ask |= error.may_have_had_effect() && ends_another && !self.follows();
        let remedy = remedy::of(self.account(), error);
        let held = self.current();
        let left = held.as_ref().map_or(Duration::ZERO, |held| held.left(self.uptime()));
        let wait = match remedy.wait {
            Wait::BackOff => remedy::back_off(work.failures, spread()),
            Wait::For(wait) => wait,
            Wait::NextDay if left.is_zero() => Duration::from_secs(60),
            Wait::NextDay => counts::until_next_day(self.clock.now()).min(left).min(Duration::from_secs(600)),
        };
        work.next_try = self.uptime() + wait;
        *self.excuse.lock() = Some((error.to_string(), work.next_try));
        let now = self.clock.now();
        log::warn!(account = self.account(), failures = work.failures, wait_s = wait.as_secs(); "not renewed: {error}");
        match remedy.trouble {
            Some(trouble) => self.alerts.raise(&trouble, now),
            None if work.failures >= TELL_AT => {
                let (account, failures, error) = (self.account().to_owned(), work.failures, error.to_string());
                let ends_at = held.map(|held| held.expires_at);
                self.alerts.raise(&Trouble::RenewalFailing { account, failures, error, ends_at }, now);
            }
            None => {}
        }
        self.tally.renewal("failed");
        // What an earlier try may have done is not undone by one that did nothing.
        let had_no_effect = !error.may_have_had_effect() && !work.must_ask;
        self.note_failure(work, self.renewal(asked, cause, error.to_string(), false), had_no_effect).await;
    }

    async fn note_failure(&self, work: &mut Work, renewal: RenewalRecord, had_no_effect: bool) {
        let (store, account, next) = (Arc::clone(&self.store), self.account().to_owned(), work.next_renewal);
        work.next_renewal += 1;
        let day = self.day();
        let noted = blocking(move || {
            let old = history::too_old(&store, &account)?;
            store.write(Durability::Soon, |write| {
                let counts: Option<TokenCountsRecord> = write.get(&TOKEN_COUNTS, &account)?;
                if let Some(counts) = counts.filter(|counts| counts.is_asking && had_no_effect) {
                    write.put(&TOKEN_COUNTS, &account, &TokenCountsRecord { is_asking: false, ..counts })?;
                }
                old.iter().for_each(|key| write.delete(&RENEWALS, key));
                statistics::note(write, &day, Rarely::FailedRenewal(&account))?;
                history::note(write, &account, next, &renewal)
            })
        });
        if let Ok(Err(error)) = noted.await {
            log::error!(account = self.account(); "the history of renewals: {error}");
        }
    }

    /// Today, for the statistics.
    fn day(&self) -> String {
        statistics::day_of(self.clock.now(), self.settings.time_zone)
    }

    fn renewal(&self, asked: Moment, cause: &str, outcome: String, succeeded: bool) -> RenewalRecord {
        let millis = (self.uptime() - asked.uptime).as_millis() as u64;
        RenewalRecord { at: asked.at, cause: cause.to_owned(), millis, outcome, succeeded }
    }

    /// Whether the owner has told this server, which follows another, to ask the platform itself.
    pub(super) fn leads_by_order(&self) -> bool {
        let setting = format!("token.leads.{}", self.account());
        matches!(self.store.get(&SETTINGS, &setting), Ok(Some(serde_json::Value::Bool(true))))
    }

    /// Tells a server that follows another to ask the platform itself from now on, or to follow again.
    ///
    /// # Errors
    /// When the store fails, or the account has no AppSecret to ask with.
    pub fn lead(&self, leads: bool) -> Result<()> {
        if leads && self.settings.app_secret.is_empty() {
            return Err(Error::Refused(
                "the account has no app_secret in the configuration to ask the platform with".into(),
            ));
        }
        let setting = format!("token.leads.{}", self.account());
        Ok(self
            .store
            .write(Durability::Durable, |write| write.put(&SETTINGS, &setting, &serde_json::Value::Bool(leads)))?)
    }
}

/// Any number; without one all waits are the shortest.
fn spread() -> u8 {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    byte[0]
}
