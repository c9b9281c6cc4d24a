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

/// The longest wait until a dead token is replaced, whatever was waited for before.
const ONCE_DEAD: Duration = Duration::from_secs(60);

const STILL_TAKEN: &str = "the platform still takes this one";

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
        let uptime = self.uptime();
        let known = work.looked.as_ref().filter(|(number, at, _)| *number == held.number && uptime - *at < CHECK_KEEPS);
        if let Some((_, _, found)) = known {
            return Ok(Refreshed { held, is_new: false, note: Some(found.clone()) });
        }
        if let Some(upstream) = self.upstream.as_ref().filter(|_| self.follows()) {
            let asked = self.moment();
            return match upstream.reported(self.account(), &held.value).await {
                Ok(granted) if granted.value != held.value => {
                    let held = self.adopt(work, granted, Origin::Upstream, asked, "reported").await?;
                    Ok(Refreshed { held, is_new: true, note: None })
                }
                Ok(_) => Ok(self.stays(work, held, STILL_TAKEN.to_owned())),
                Err(error) => Ok(self.stays(work, held, format!("it could not be checked: {error}"))),
            };
        }
        match self.client.callback_ips(&held.value).await {
            Err(error) if error.is_stale_token() => log::warn!(account = self.account(); "a reported token: {error}"),
            Ok(_) => return Ok(self.stays(work, held, STILL_TAKEN.to_owned())),
            // Nothing is shown. If it is dead, a later report finds out.
            Err(error) => return Ok(self.stays(work, held, format!("it could not be checked: {error}"))),
        }
        if held.origin == Origin::Platform && held.left(uptime) > self.renewed_before() {
            self.alerts.raise(&Trouble::SomebodyElse { account: self.account().to_owned() }, self.clock.now());
        }
        self.drop_dead(work, &held).await?;
        self.replaced(work).await
    }

    /// What was found keeps for all who report the same; a look that failed too, because each can take as long as a
    /// call may, and nothing is renewed meanwhile.
    fn stays(&self, work: &mut Work, held: Arc<Held>, found: String) -> Refreshed {
        work.looked = Some((held.number, self.uptime(), found.clone()));
        Refreshed { held, is_new: false, note: Some(found) }
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
    pub(super) async fn drop_dead(&self, work: &mut Work, held: &Held) -> Result<()> {
        let (store, account) = (Arc::clone(&self.store), self.account().to_owned());
        // The record stays for its number, and is over.
        let record = GrantRecord { expires_at: held.obtained_at, ..held.record() };
        let written = move || store.write(Durability::Durable, |write| write.put(&TOKENS, &account, &record));
        blocking(written).await.map_err(|error| Error::Store(error.to_string()))??;
        work.dead = Some(held.value.clone());
        // With a token in hand there was no hurry; now there is.
        work.next_try = work.next_try.min(self.uptime() + ONCE_DEAD);
        self.shown.send_replace(None);
        Ok(())
    }
}
