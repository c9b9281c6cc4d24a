//! Letters that came back: a notice in the owner's mailbox, found again by the Message-ID of its letter.

use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::{Kindle, letter};
use crate::blocking::blocking;
use crate::clock::Clock;
use crate::mail;
use crate::store::records::{DeliveryRecord, DeliveryState, DeliveryTrouble};
use crate::store::schema::DELIVERIES;
use crate::store::{self, Durability};

impl Kindle {
    /// Whether there is a mailbox that notices come back to.
    pub fn has_inbox(&self) -> bool {
        self.settings.inbox.is_some()
    }

    /// Reads the notices that have come and notes what became of the deliveries; says how many.
    ///
    /// # Errors
    /// When the mailbox cannot be read, or the store fails.
    pub async fn read_bounces(self: &Arc<Self>, clock: &Clock) -> Result<usize> {
        let Some(inbox) = &self.settings.inbox else { return Ok(0) };
        let mut failure = None;
        let deal_with = async |notice: mail::Notice| {
            let (same, now) = (Arc::clone(self), clock.now());
            match blocking(move || same.bounced(&notice.message_id, &notice.why, now)).await {
                // One that is known already, or of a row forgotten since, is dealt with, too.
                Ok(Ok(_)) => true,
                Ok(Err(error)) => {
                    failure = Some(anyhow::Error::from(error));
                    false
                }
                Err(panicked) => {
                    failure = Some(panicked.into());
                    false
                }
            }
        };
        let read = mail::read_notices(inbox, letter::ID, deal_with).await?;
        failure.map_or(Ok(read), Err)
    }

    /// A notice says that a letter came back. `None` if no delivery had that Message-ID, or it was known already.
    ///
    /// # Errors
    /// When the store fails.
    pub fn bounced(&self, message_id: &str, why: &str, now: DateTime<Utc>) -> store::Result<Option<DeliveryRecord>> {
        let own = message_id.trim_matches(['<', '>']).split('@').next().unwrap_or_default();
        let found = self.latest(usize::MAX)?.into_iter().find(|(key, _)| letter::message_id(key) == own);
        let Some((key, _)) = found else { return Ok(None) };
        self.store.write(Durability::Durable, |write| {
            let row = write.get::<_, DeliveryRecord>(&DELIVERIES, &key)?;
            let Some(mut row) = row.filter(|row| row.state == DeliveryState::Sent) else { return Ok(None) };
            row.trouble = Some(DeliveryTrouble::Bounced(why.chars().take(300).collect()));
            self.end(write, &key, row.clone(), DeliveryState::Failed, now)?;
            Ok(Some(row))
        })
    }
}
