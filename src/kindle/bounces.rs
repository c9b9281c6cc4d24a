//! Letters that came back: a notice in the owner's mailbox, found again by the Message-ID of its letter.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};

use hmac::Mac;

use super::delivery::KEPT;
use super::{Kindle, letter};
use crate::blocking::blocking;
use crate::clock::Clock;
use crate::mail::{self, Inbox, Place, Reading};
use crate::secret::keyed_hash;
use crate::store::records::{DeliveryRecord, DeliveryState, DeliveryTrouble, InboxRecord};
use crate::store::schema::{DELIVERIES, INBOXES};
use crate::store::{self, Durability, hex};

/// What is kept of a notice's words, in characters.
const LONGEST: usize = 300;
/// By so much the mailbox's clock may be behind ours.
const CLOCKS: Duration = Duration::minutes(10);

impl Kindle {
    /// Whether there is a mailbox that notices come back to.
    pub fn has_inbox(&self) -> bool {
        self.settings.inbox.is_some()
    }

    /// Reads the notices that have come since the last time and notes what became of the deliveries; says how many.
    ///
    /// # Errors
    /// When the mailbox cannot be read, or the store fails; what was read until then is not read again.
    pub async fn read_bounces(self: &Arc<Self>, clock: &Clock) -> Result<usize> {
        let Some(inbox) = &self.settings.inbox else { return Ok(0) };
        let name = self.name_of(inbox);
        let (same, of_inbox) = (Arc::clone(self), name.clone());
        let known = blocking(move || same.store.get(&INBOXES, &of_inbox)).await??;
        let mut place = known.map(|InboxRecord { validity, last }| Place { validity, last });
        let mut read = 0;
        loop {
            let outcome = self.read_on(inbox, &mut place, clock).await;
            // Behind what the notices changed: killed in between, they are read again, and change nothing.
            if let Some(Place { validity, last }) = place {
                let (same, name) = (Arc::clone(self), name.clone());
                let record = InboxRecord { validity, last };
                let kept = move || same.store.write(Durability::Durable, |write| write.put(&INBOXES, &name, &record));
                blocking(kept).await??;
            }
            let reading = outcome?;
            read += reading.dealt_with;
            if !reading.has_more || self.bell.is_stopping() {
                return Ok(read);
            }
        }
    }

    /// One session.
    async fn read_on(self: &Arc<Self>, inbox: &Inbox, place: &mut Option<Place>, clock: &Clock) -> Result<Reading> {
        let mut sent = self.sent().await?;
        let mut failure = None;
        let deal_with = async |notice: mail::Notice| {
            if !sent.contains_key(&notice.message_id) {
                // It may have been sent since.
                match self.sent().await {
                    Ok(now) => sent = now,
                    Err(error) => {
                        failure = Some(error);
                        return false;
                    }
                }
            }
            let Some(key) = sent.get(&notice.message_id).cloned() else { return true };
            let (same, now) = (Arc::clone(self), clock.now());
            match blocking(move || same.bounced(&key, &notice, now)).await {
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
        // Of what was sent longer ago nothing is known any more.
        let since = clock.now() - KEPT;
        let reading = mail::read_notices(inbox, letter::ID, (place, since), deal_with).await?;
        failure.map_or(Ok(reading), Err)
    }

    /// Stands for a mailbox in the store, and tells nobody which it is.
    fn name_of(&self, inbox: &Inbox) -> String {
        let name = format!("inbox|{}|{}|{}", inbox.host, inbox.username, inbox.folder);
        hex(&keyed_hash(&self.key, name.as_bytes()).finalize().into_bytes()[..16])
    }

    async fn sent(self: &Arc<Self>) -> Result<HashMap<String, (String, String)>> {
        let same = Arc::clone(self);
        Ok(blocking(move || same.by_message_id()).await??)
    }

    /// The keys of all deliveries that were sent, by the Message-ID of their letters.
    fn by_message_id(&self) -> store::Result<HashMap<String, (String, String)>> {
        let sent = self.latest(usize::MAX, |row| row.state == DeliveryState::Sent)?.into_iter();
        Ok(sent.map(|(key, row)| (letter::message_id(&key, &row.address), key)).collect())
    }

    /// A letter came back. `None` if that was known already, or it has been sent again since: every try of a delivery is
    /// the same letter, and a mailbox that was made anew tells of all of them again.
    fn bounced(
        &self,
        key: &(String, String),
        notice: &mail::Notice,
        now: DateTime<Utc>,
    ) -> store::Result<Option<DeliveryRecord>> {
        self.store.write(Durability::Durable, |write| {
            let row = write.get::<_, DeliveryRecord>(&DELIVERIES, key)?;
            let Some(mut row) = row.filter(|row| row.state == DeliveryState::Sent) else { return Ok(None) };
            let is_old = |(arrived, sent): (DateTime<Utc>, DateTime<Utc>)| arrived < sent - CLOCKS;
            if notice.arrived_at.zip(row.ended_at).is_some_and(is_old) {
                return Ok(None);
            }
            // Servers repeat the address, and this is shown to the owner.
            let why = notice.why.to_ascii_lowercase();
            let why = self.seal.open(&row.address).map_or(why.clone(), |address| why.replace(&address, "***"));
            row.trouble = Some(DeliveryTrouble::Bounced(why.chars().take(LONGEST).collect()));
            self.end(write, key, row.clone(), DeliveryState::Failed, now)?;
            Ok(Some(row))
        })
    }
}
