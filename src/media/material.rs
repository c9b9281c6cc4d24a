//! Permanent material that is not needed any more, because its file has gone or has changed, is deleted. An account has
//! room for so many pictures, and nobody else would clear it up.

use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};

use super::Media;
use super::pace::Leave;
use super::upload::setback;
use crate::blocking::blocking;
use crate::clock::Clock;
use crate::store::records::MaterialRecord;
use crate::store::schema::MATERIAL_GONE;
use crate::store::{self, Durability};
use crate::token::{CallError, Keeper};

/// Deletions of one account in one round.
const AT_MOST: usize = 50;
/// Hours until the next try; the last holds for all further ones.
const BACK_OFF: [i64; 4] = [1, 4, 12, 24];

impl Media {
    /// Deletes what is due at an account, and says how many are deleted.
    pub(super) async fn delete_discarded(self: &Arc<Self>, keeper: &Arc<Keeper>, clock: &Clock) -> Result<u64> {
        let (same, account, now) = (Arc::clone(self), keeper.account().to_owned(), clock.now());
        let due = blocking(move || same.discarded(&account, now)).await??;
        let mut deleted = 0;
        for (key, row) in due {
            if self.bell.is_stopping() || self.leave(keeper.account(), clock) == Leave::None {
                break;
            }
            let (client, begun) = (keeper.client(), self.begun(keeper.account()));
            let outcome = keeper.with(async |token| client.delete_material(&token, &key.1).await).await;
            let is_done = match outcome {
                Ok(()) => {
                    self.succeeded(keeper.account(), begun);
                    true
                }
                // Somebody has deleted it in the console.
                Err(CallError::Call(error)) if matches!(error.code(), Some(40007 | 46001)) => true,
                Err(error) => {
                    if let Some(setback) = setback(&error) {
                        self.set_back(keeper.account(), setback, error.to_string(), clock);
                    }
                    log::warn!("permanent material {} is not deleted yet: {error}", key.1);
                    false
                }
            };
            deleted += u64::from(is_done);
            let (same, now) = (Arc::clone(self), clock.now());
            blocking(move || same.note_deletion(&key, row, is_done, now)).await??;
        }
        Ok(deleted)
    }

    fn discarded(&self, account: &str, now: DateTime<Utc>) -> store::Result<Vec<((String, String), MaterialRecord)>> {
        let mut rows = self.store.under(&MATERIAL_GONE, account, 10 * AT_MOST)?;
        rows.retain(|(_, row): &(_, MaterialRecord)| row.next_at <= now);
        rows.truncate(AT_MOST);
        Ok(rows)
    }

    fn note_deletion(
        &self,
        key: &(String, String),
        row: MaterialRecord,
        is_done: bool,
        now: DateTime<Utc>,
    ) -> store::Result<()> {
        let hours = BACK_OFF[(row.attempts as usize).min(BACK_OFF.len() - 1)];
        let later = MaterialRecord { next_at: now + Duration::hours(hours), attempts: row.attempts + 1 };
        self.store.write(Durability::Soon, |write| {
            if is_done {
                write.delete(&MATERIAL_GONE, key);
                return Ok(());
            }
            write.put(&MATERIAL_GONE, key, &later)
        })
    }
}
