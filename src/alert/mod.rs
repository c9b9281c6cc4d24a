//! What the owner has to know without looking for it: raised once, told once, over when it is over.
//!
//! A [`Trouble`] is a closed list, because somebody has to write down what to do about each. It is raised as often as
//! it is noticed and told once: in the log at once, on the admin page while it lasts, and by mail and webhook, later and
//! again if need be ([`Teller`]). Trouble that comes and goes is told again only after a quiet time.
//!
//! Deliberately not here: who notices trouble, and when.

mod teller;
mod trouble;

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use tokio::sync::Notify;

pub use teller::Teller;
pub use trouble::Trouble;

use crate::store::records::AlertRecord;
use crate::store::schema::ALERTS;
use crate::store::{Durability, Result, Store};

/// Trouble that returns within this time was never really over, and is not told again.
const QUIET: Duration = Duration::hours(6);
/// More alerts than there can be: a handful for each account.
const MOST: usize = 1_000;

/// The alerts, in the store.
pub struct Alerts {
    store: Arc<Store>,
    /// Woken when there is something to tell.
    raised: Notify,
}

/// An alert to be shown or told.
#[derive(Clone, Debug)]
pub struct Alert {
    /// By which it is marked as told.
    pub key: String,
    /// What it is.
    pub trouble: Trouble,
    /// Since when.
    pub raised_at: DateTime<Utc>,
}

impl Alerts {
    /// The alerts of this store.
    pub fn new(store: Arc<Store>) -> Alerts {
        Alerts { store, raised: Notify::new() }
    }

    /// There is this trouble, still or again. A failure of the store goes to the log: whoever raises an alert has
    /// worse to do.
    pub fn raise(&self, trouble: &Trouble, now: DateTime<Utc>) {
        match self.note(trouble, now) {
            Ok(true) => {
                log::error!("{}", trouble.en());
                self.raised.notify_one();
            }
            Ok(false) => {}
            Err(error) => log::error!("{} (and noting this failed: {error})", trouble.en()),
        }
    }

    /// Whether it is news.
    fn note(&self, trouble: &Trouble, now: DateTime<Utc>) -> Result<bool> {
        let key = trouble.key();
        let Ok(written) = serde_json::to_value(trouble) else { return Ok(false) };
        // Most often nothing has changed; then nothing is written.
        let before = self.store.get(&ALERTS, &key)?;
        if before.is_some_and(|known| known.over_at.is_none() && known.trouble == written) {
            return Ok(false);
        }
        self.store.write(Durability::Soon, |write| {
            let known: Option<AlertRecord> = write.get(&ALERTS, &key)?;
            let is_old =
                known.as_ref().is_some_and(|known| known.over_at.is_none_or(|over| (now - over).abs() < QUIET));
            let record = match known {
                Some(known) if is_old => AlertRecord { trouble: written, over_at: None, ..known },
                _ => AlertRecord { trouble: written, raised_at: now, over_at: None, told_at: None },
            };
            write.put(&ALERTS, &key, &record)?;
            Ok(!is_old)
        })
    }

    /// Whatever of this key there was, is over.
    pub fn resolve(&self, key: &str, now: DateTime<Utc>) {
        if let Err(error) = self.end(key, now) {
            log::error!("noting that an alert is over failed: {error}");
        }
    }

    fn end(&self, key: &str, now: DateTime<Utc>) -> Result<()> {
        let key = key.to_owned();
        if self.store.get(&ALERTS, &key)?.is_none_or(|known| known.over_at.is_some()) {
            return Ok(());
        }
        self.store.write(Durability::Soon, |write| {
            if let Some(known) = write.get(&ALERTS, &key)?.filter(|known| known.over_at.is_none()) {
                log::info!("over: {key}");
                write.put(&ALERTS, &key, &AlertRecord { over_at: Some(now), ..known })?;
            }
            Ok(())
        })
    }

    /// What is wrong now, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open(&self) -> Result<Vec<Alert>> {
        let mut alerts: Vec<Alert> = self.all(|record| record.over_at.is_none())?;
        alerts.sort_by_key(|alert| alert.raised_at);
        Ok(alerts)
    }

    /// What has still to be told to an owner who is not looking. What was over before anybody could be told is not.
    ///
    /// # Errors
    /// When the store fails.
    pub fn untold(&self) -> Result<Vec<Alert>> {
        self.all(|record| record.over_at.is_none() && record.told_at.is_none())
    }

    /// Notes that the owner was told.
    ///
    /// # Errors
    /// When the store fails.
    pub fn told(&self, key: &str, now: DateTime<Utc>) -> Result<()> {
        let key = key.to_owned();
        // Lost in a crash it costs one more letter.
        self.store.write(Durability::Soon, |write| {
            if let Some(known) = write.get(&ALERTS, &key)? {
                write.put(&ALERTS, &key, &AlertRecord { told_at: Some(now), ..known })?;
            }
            Ok(())
        })
    }

    /// Done when something may have to be told.
    pub async fn news(&self) {
        self.raised.notified().await;
    }

    fn all(&self, wanted: impl Fn(&AlertRecord) -> bool) -> Result<Vec<Alert>> {
        let records = self.store.page(&ALERTS, None, MOST)?;
        let alerts = records.into_iter().filter(|(_, record)| wanted(record)).filter_map(|(key, record)| {
            // One that an older program wrote otherwise has nothing to say any more.
            let trouble = serde_json::from_value(record.trouble).ok()?;
            Some(Alert { key, trouble, raised_at: record.raised_at })
        });
        Ok(alerts.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_once_and_again_after_a_quiet_time() {
        let dir = tempfile::tempdir().unwrap();
        let alerts = Alerts::new(Arc::new(Store::open(dir.path()).unwrap()));
        let mut now: DateTime<Utc> = "2026-11-27T00:00:00Z".parse().unwrap();
        let trouble = |failures| Trouble::RenewalFailing {
            account: "main".into(),
            failures,
            error: "no connection".into(),
            ends_at: None,
        };
        alerts.raise(&trouble(3), now);
        assert_eq!(alerts.untold().unwrap().len(), 1);
        alerts.told(&trouble(3).key(), now).unwrap();
        alerts.raise(&trouble(4), now);
        assert!(alerts.untold().unwrap().is_empty());
        assert_eq!(alerts.open().unwrap()[0].trouble, trouble(4), "what is shown is the latest");
        alerts.resolve(&trouble(0).key(), now);
        assert!(alerts.open().unwrap().is_empty());
        now += Duration::hours(1);
        alerts.raise(&trouble(3), now);
        assert!(alerts.untold().unwrap().is_empty(), "it was never really over");
        alerts.resolve(&trouble(0).key(), now);
        now += Duration::hours(7);
        alerts.raise(&trouble(3), now);
        assert_eq!(alerts.untold().unwrap().len(), 1);
    }

    #[test]
    fn trouble_that_was_over_by_a_clock_that_was_wrong_is_told_again() {
        let dir = tempfile::tempdir().unwrap();
        let alerts = Alerts::new(Arc::new(Store::open(dir.path()).unwrap()));
        let trouble = Trouble::SomebodyElse { account: "main".into() };
        let ahead: DateTime<Utc> = "2036-11-27T00:00:00Z".parse().unwrap();
        alerts.raise(&trouble, ahead);
        alerts.told(&trouble.key(), ahead).unwrap();
        alerts.resolve(&trouble.key(), ahead);
        alerts.raise(&trouble, ahead - Duration::days(3_650));
        assert_eq!(alerts.untold().unwrap().len(), 1);
    }
}
