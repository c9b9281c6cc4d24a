//! A token that somebody says was refused: is it still ours, is it really dead, and what comes in its place.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::MutexGuard;

use super::keeper::{Keeper, Refreshed, detached};
use super::renewal::Work;
use super::{Error, Held, Result};
use crate::alert::Trouble;
use crate::blocking::blocking;
use crate::secret::Secret;
use crate::store::Durability;
use crate::store::records::{GrantRecord, Origin};
use crate::store::schema::TOKENS;

/// A check of a reported token is good for so long: a thousand reports of a token that works cost one.
const CHECK_KEEPS: Duration = Duration::from_secs(10);

impl Keeper {
    /// Somebody says that the platform refused this token. Gives the token to use now: the present one if that is
    /// another, or if the platform still takes it; a new one if the platform refuses it to us as well.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it is dead and no other could be had.
    pub async fn report(self: &Arc<Self>, refused: Secret) -> Result<Refreshed> {
        if let Some(held) = self.current().filter(|held| held.value != refused) {
            return Ok(Refreshed { held, is_new: false, note: Some("this is the present one".into()) });
        }
        let same = Arc::clone(self);
        detached(async move {
            let mut work = same.work.lock().await;
            // Whoever had the lock before may have replaced it.
            match same.current() {
                Some(held) if held.value == refused => same.judge(&mut work, held).await,
                Some(held) => Ok(Refreshed { held, is_new: true, note: None }),
                None => same.replaced(&mut work).await,
            }
        })
        .await
    }

    /// Is a token that was reported really dead?
    async fn judge(self: &Arc<Self>, work: &mut MutexGuard<'_, Work>, held: Arc<Held>) -> Result<Refreshed> {
        let fine = |held| Refreshed { held, is_new: false, note: Some("the platform still takes this one".into()) };
        if let Some(upstream) = self.upstream.as_ref().filter(|_| self.follows()) {
            let asked = self.moment();
            return match upstream.reported(self.account(), &held.value).await {
                Ok(granted) if granted.value != held.value => {
                    let held = self.adopt(work, granted, Origin::Upstream, asked, "reported").await?;
                    Ok(Refreshed { held, is_new: true, note: None })
                }
                Ok(_) => Ok(fine(held)),
                Err(error) => {
                    Ok(Refreshed { held, is_new: false, note: Some(format!("it could not be checked: {error}")) })
                }
            };
        }
        let uptime = self.uptime();
        if work.checked.is_some_and(|(number, at)| number == held.number && uptime - at < CHECK_KEEPS) {
            return Ok(fine(held));
        }
        match self.client.callback_ips(&held.value).await {
            Err(error) if error.is_stale_token() => log::warn!(account = self.account(); "a reported token: {error}"),
            Ok(_) => {
                work.checked = Some((held.number, self.uptime()));
                return Ok(fine(held));
            }
            // Nothing is shown. If it is dead, the next report finds out.
            Err(error) => {
                let note = Some(format!("it could not be checked: {error}"));
                return Ok(Refreshed { held, is_new: false, note });
            }
        }
        if held.origin == Origin::Platform && held.left(uptime) > self.renewed_before() {
            self.alerts.raise(&Trouble::SomebodyElse { account: self.account().to_owned() }, self.clock.now());
        }
        self.drop_dead(&held).await?;
        self.replaced(work).await
    }

    /// There is no token; one is fetched unless it is too early.
    async fn replaced(self: &Arc<Self>, work: &mut MutexGuard<'_, Work>) -> Result<Refreshed> {
        if self.uptime() < work.next_try {
            return Err(self.unavailable());
        }
        match self.renew_dead(work).await {
            Ok(held) => Ok(Refreshed { held, is_new: true, note: None }),
            Err(_) => Err(self.unavailable()),
        }
    }

    /// The platform refuses it: nobody shall get it any more, after a restart neither.
    pub(super) async fn drop_dead(&self, held: &Held) -> Result<()> {
        let (store, account) = (Arc::clone(&self.store), self.account().to_owned());
        // The record stays for its number, and is over.
        let record = GrantRecord { expires_at: held.obtained_at, ..held.record() };
        let written = move || store.write(Durability::Durable, |write| write.put(&TOKENS, &account, &record));
        blocking(written).await.map_err(|error| Error::Store(error.to_string()))??;
        self.shown.send_replace(None);
        Ok(())
    }
}
