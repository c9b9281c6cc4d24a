//! Letters that came back: a notice in the owner's mailbox, found again by the Message-ID of its letter.

use std::collections::HashMap;
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

/// What is kept of a notice's words, in characters.
const LONGEST: usize = 300;

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
        let same = Arc::clone(self);
        let sent = Arc::new(blocking(move || same.by_message_id()).await??);
        let mut failure = None;
        let deal_with = async |notice: mail::Notice| {
            let (same, sent, now) = (Arc::clone(self), Arc::clone(&sent), clock.now());
            let Some(key) = sent.get(&notice.message_id).cloned() else { return true };
            match blocking(move || same.bounced(&key, &notice.why, now)).await {
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

    /// The keys of all deliveries that were sent, by the Message-ID of their letters.
    fn by_message_id(&self) -> store::Result<HashMap<String, (String, String)>> {
        let sent = self.latest(usize::MAX, |row| row.state == DeliveryState::Sent)?.into_iter();
        Ok(sent.map(|(key, _)| (letter::message_id(&key), key)).collect())
    }

    /// A letter came back. `None` if that was known already.
    fn bounced(&self, key: &(String, String), why: &str, now: DateTime<Utc>) -> store::Result<Option<DeliveryRecord>> {
        self.store.write(Durability::Durable, |write| {
            let row = write.get::<_, DeliveryRecord>(&DELIVERIES, key)?;
            let Some(mut row) = row.filter(|row| row.state == DeliveryState::Sent) else { return Ok(None) };
            // Servers repeat the address, and this is shown to the owner.
            let why = why.to_ascii_lowercase().replace(&row.address, "***");
            row.trouble = Some(DeliveryTrouble::Bounced(why.chars().take(LONGEST).collect()));
            self.end(write, key, row.clone(), DeliveryState::Failed, now)?;
            Ok(Some(row))
        })
    }
}
