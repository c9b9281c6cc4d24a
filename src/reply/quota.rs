//! What a follower has used of a day, and giving it back: the owner's answer to somebody who asks for more just once.

use chrono::{DateTime, Utc};

use super::dossier::Listed;
use super::{Desk, Result};
use crate::kindle::Who;
use crate::store::schema::QUOTAS;
use crate::store::{self, Durability};

/// Counts of one day: what a follower has used, or what everybody may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Files downloaded.
    pub downloads: u64,
    /// Searches. Counted in memory: a restart gives them back. As a limit, 0 is any number.
    pub searches: u64,
    /// Books sent by mail.
    pub pushes: u64,
}

impl Desk {
    /// What a follower may use on a day.
    pub fn quota(&self) -> Usage {
        Usage {
            downloads: self.limits().downloads_per_day.into(),
            searches: self.limits().searches_per_day.into(),
            pushes: self.kindle.pushes_per_day().into(),
        }
    }

    /// What this follower has used today.
    ///
    /// # Errors
    /// When the store fails.
    pub fn usage(&self, follower: &Listed, now: DateTime<Utc>) -> Result<Usage> {
        let alias = &follower.record.alias;
        Ok(Usage {
            downloads: self.library.downloads_today(alias, now)?,
            searches: self.flood.searches(alias, &self.library.day(now)).into(),
            pushes: self.kindle.pushes_today(&Who::new(&follower.account, &follower.open_id), now)?,
        })
    }

    /// Gives a follower today's downloads, searches and pushes back. What they have downloaded today stays free to be
    /// downloaded again.
    ///
    /// # Errors
    /// When the store fails.
    pub fn reset_quota(&self, follower: &Listed, now: DateTime<Utc>) -> Result<()> {
        let alias = &follower.record.alias;
        self.store.write(Durability::Durable, |write| {
            write.delete(&QUOTAS, &(self.library.day(now), alias.clone()));
            self.kindle.give_pushes_back(write, &Who::new(&follower.account, &follower.open_id), now);
            Ok::<_, store::Error>(())
        })?;
        self.flood.forget_searches(alias);
        Ok(())
    }
}
