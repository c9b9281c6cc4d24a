//! Asking for a token: whom, and counted before the question is put.

use super::Result;
use super::keeper::Keeper;
use super::renewal::Work;
use crate::alert::Trouble;
use crate::blocking::blocking;
use crate::store::records::{Origin, TokenCountsRecord};
use crate::store::schema::TOKEN_COUNTS;
use crate::store::{self, Durability};
use crate::wechat::{self, Granted, TokenEndpoint};

/// Failures in a row after which a server that may takes over from the one it follows.
const TAKE_OVER_AT: u32 = 3;

impl Keeper {
    /// Asks for a token that is not known to be dead. The stable endpoint may go on to give one that the platform
    /// refuses; then only force helps, unless the token has come back to life.
    pub(super) async fn fetch_living(&self, work: &Work, force: bool) -> Result<(Granted, Origin), wechat::Error> {
        let is_dead = |granted: &Granted| work.dead.as_ref() == Some(&granted.value);
        let (mut granted, origin) = self.fetch(work, force).await?;
        if origin != Origin::Platform || !is_dead(&granted) {
            return Ok((granted, origin));
        }
        if !force && self.counts().is_ok_and(|counts| counts.may_force(self.clock.now()).is_ok()) {
            granted = self.fetch_from_platform(true).await?;
        }
        if is_dead(&granted) && self.client.callback_ips(&granted.value).await.is_err() {
            let what = "the platform gives an access_token that it refuses itself".to_owned();
            return Err(wechat::Error::Transport { what, may_have_arrived: false });
        }
        Ok((granted, origin))
    }

    /// Asks once: the servers that are followed, or the platform.
    async fn fetch(&self, work: &Work, force: bool) -> Result<(Granted, Origin), wechat::Error> {
        if let Some(upstream) = self.upstream.as_ref().filter(|_| self.follows()) {
            let followed = match force {
                true => upstream.refreshed(self.account()).await,
                false => upstream.token(self.account()).await,
            };
            let is_needed = self.current().is_none_or(|held| held.left(self.uptime()) <= self.renewed_before());
            let takes_over = is_needed
                && upstream.takes_over(self.settings.endpoint)
                && !self.settings.app_secret.is_empty()
                && work.failures + 1 >= TAKE_OVER_AT
                && followed.is_err();
            if !takes_over {
                return followed.map(|granted| (granted, Origin::Upstream));
            }
            log::warn!(account = self.account(); "no server that this one follows answers; asking the platform");
        }
        let granted = self.fetch_from_platform(force).await?;
        Ok((granted, Origin::Platform))
    }

    async fn fetch_from_platform(&self, force: bool) -> Result<Granted, wechat::Error> {
        let (endpoint, client) = (self.settings.endpoint, &self.client);
        let (app_id, secret) = (&self.settings.app_id, &self.settings.app_secret);
        self.count(endpoint, force).await?;
        let outcome = match endpoint {
            TokenEndpoint::Stable => client.stable_token(app_id, secret, force).await,
            TokenEndpoint::Classic => client.classic_token(app_id, secret).await,
        };
        self.tally.call(path_of(endpoint), code_of(&outcome));
        // The two have quotas of their own, and asking for the stable token ends nobody's.
        if endpoint == TokenEndpoint::Classic && outcome.as_ref().is_err_and(|error| error.code() == Some(45009)) {
            self.count(TokenEndpoint::Stable, false).await?;
            let second = client.stable_token(app_id, secret, false).await;
            self.tally.call(path_of(TokenEndpoint::Stable), code_of(&second));
            if second.is_ok() {
                return second;
            }
        }
        outcome
    }

    /// Counts a call before it is made. One that ends the token before is on disk first: should the program be killed
    /// before it has the answer, the next start knows.
    async fn count(&self, endpoint: TokenEndpoint, force: bool) -> Result<(), wechat::Error> {
        let (store, account, now) = (self.store.clone(), self.account().to_owned(), self.clock.now());
        let ends_another = force || endpoint == TokenEndpoint::Classic;
        let durability = if ends_another { Durability::Durable } else { Durability::Soon };
        let counted = blocking(move || {
            store.write(durability, |write| {
                let mut counts = write.get(&TOKEN_COUNTS, &account)?.unwrap_or_default().of_today(now);
                counts.count(endpoint);
                counts.is_asking |= ends_another;
                if force {
                    counts.forced += 1;
                    counts.forced_at = Some(now);
                }
                write.put(&TOKEN_COUNTS, &account, &counts)?;
                Ok::<_, store::Error>(counts)
            })
        });
        let lost = |what: String| wechat::Error::Transport { what, may_have_arrived: false };
        let counts =
            counted.await.map_err(|error| lost(error.to_string()))?.map_err(|error| lost(error.to_string()))?;
        if let Some((quota, used, of)) = counts.nearly_used() {
            let (account, quota) = (self.account().to_owned(), quota.to_owned());
            self.alerts.raise(&Trouble::QuotaNearlyUsed { account, quota, used, of }, now);
        } else {
            self.alerts.resolve(&format!("quota_nearly_used/{}", self.account()), now);
        }
        Ok(())
    }

    pub(super) fn counts(&self) -> Result<TokenCountsRecord> {
        let counts = self.store.get(&TOKEN_COUNTS, &self.account().to_owned())?;
        Ok(counts.unwrap_or_default().of_today(self.clock.now()))
    }
}

fn path_of(endpoint: TokenEndpoint) -> &'static str {
    match endpoint {
        TokenEndpoint::Stable => "/cgi-bin/stable_token",
        TokenEndpoint::Classic => "/cgi-bin/token",
    }
}

fn code_of(outcome: &Result<Granted, wechat::Error>) -> Option<i64> {
    match outcome {
        Ok(_) => Some(0),
        Err(error) => error.code(),
    }
}
