//! Permanent material that is not needed any more, because its file has gone or has changed, is deleted. An account has
//! room for so many pictures, and nobody else would clear it up. For the same reason it is noted before any is added: if
//! the answer is never heard, it is looked for by its name before it is added again.

use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};

use super::pace::Leave;
use super::upload::{Due, Given, setback};
use super::{Media, row_key};
use crate::blocking::blocking;
use crate::clock::Clock;
use crate::store::records::{MaterialRecord, MediaRecord};
use crate::store::schema::{MATERIAL_GONE, MEDIA, MEDIA_FILES};
use crate::store::{self, ContentHash, Durability};
use crate::token::{CallError, Keeper};
use crate::wechat::Upload;

/// Deletions of one account in one round.
const AT_MOST: usize = 50;
/// Hours until the next try; the last holds for all further ones.
const BACK_OFF: [i64; 4] = [1, 4, 12, 24];

/// Letters at the beginning of a name by which material is known again.
const MARK: usize = 12;

impl Media {
    /// Adds a file as permanent material, unless that has been done and only the answer was lost.
    pub(super) async fn add_material(
        self: &Arc<Self>,
        keeper: &Arc<Keeper>,
        due: &Due,
        upload: Upload<'_>,
        video: Option<(&str, &str)>,
        now: DateTime<Utc>,
    ) -> Result<Result<Given, CallError>> {
        let client = keeper.client();
        if let Some(before) = self.adding(keeper.account(), due).await? {
            let listed = keeper.with(async |token| client.latest_material(&token, due.kind).await).await;
            let listed = match listed {
                // An account that is not told what it has does without.
                Err(error) if setback(&error).is_none() => Vec::new(),
                Err(error) => return Ok(Err(error)),
                Ok(listed) => listed,
            };
            let mark = mark(due, &before);
            let found = listed.into_iter().filter(|(_, name)| name.starts_with(&mark)).map(|(media_id, _)| media_id);
            match self.unheard(keeper.account(), due, found.collect()).await? {
                Some(media_id) if before == due.content => return Ok(Ok(Given { media_id, is_permanent: true })),
                Some(media_id) => self.discard_unheard(keeper.account(), media_id, now).await?,
                None => {}
            }
        }
        self.note_adding(keeper.account(), due, Some(due.content.clone())).await?;
        let name = format!("{}-{}", mark(due, &due.content), upload.file_name);
        let upload = Upload { file_name: &name, ..upload };
        let added = keeper.with(async |token| client.add_material(&token, due.kind, &upload, video).await).await;
        let is_unheard = matches!(&added, Err(CallError::Call(error)) if error.may_have_had_effect());
        if added.is_err() && !is_unheard {
            self.note_adding(keeper.account(), due, None).await?;
        }
        Ok(added.map(|added| Given { media_id: added.media_id, is_permanent: true }))
    }

    /// What was about to be added for a file when the answer was lost.
    async fn adding(self: &Arc<Self>, account: &str, due: &Due) -> Result<Option<ContentHash>> {
        let (same, key) = (Arc::clone(self), row_key(account, due.kind, &due.name));
        let row: Option<MediaRecord> = blocking(move || same.store.get(&MEDIA, &key)).await??;
        Ok(row.and_then(|row| row.adding))
    }

    /// The first of these that nobody knows of: not what the file has already, nor what is to be deleted.
    async fn unheard(self: &Arc<Self>, account: &str, due: &Due, found: Vec<String>) -> Result<Option<String>> {
        let (same, account, key) = (Arc::clone(self), account.to_owned(), row_key(account, due.kind, &due.name));
        let unheard = blocking(move || {
            let row: Option<MediaRecord> = same.store.get(&MEDIA, &key)?;
            let own = row.and_then(|row| row.media_id);
            for media_id in found.into_iter().filter(|media_id| own.as_ref() != Some(media_id)) {
                let key = (account.clone(), media_id);
                if same.store.get(&MATERIAL_GONE, &key)?.is_none() {
                    return Ok(Some(key.1));
                }
            }
            Ok::<_, store::Error>(None)
        });
        Ok(unheard.await??)
    }

    async fn note_adding(self: &Arc<Self>, account: &str, due: &Due, adding: Option<ContentHash>) -> Result<()> {
        let (same, key, name) = (Arc::clone(self), row_key(account, due.kind, &due.name), due.name.clone());
        let noted = blocking(move || {
            same.store.write(Durability::Durable, |write| {
                // The file may have gone meanwhile.
                if write.get(&MEDIA_FILES, &name)?.is_none() {
                    return Ok(());
                }
                let row: MediaRecord = write.get(&MEDIA, &key)?.unwrap_or_default();
                write.put(&MEDIA, &key, &MediaRecord { adding, ..row })
            })
        });
        Ok(noted.await??)
    }

    /// Has material deleted that was added unheard, of a content that is not wanted any more.
    async fn discard_unheard(self: &Arc<Self>, account: &str, media_id: String, now: DateTime<Utc>) -> Result<()> {
        let (same, key) = (Arc::clone(self), (account.to_owned(), media_id));
        let noted = blocking(move || {
            let gone = MaterialRecord { next_at: now, attempts: 0 };
            same.store.write(Durability::Durable, |write| write.put(&MATERIAL_GONE, &key, &gone))
        });
        Ok(noted.await??)
    }

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

/// What the name of the material of a file, with this content, begins with.
fn mark(due: &Due, content: &ContentHash) -> String {
    let whole = format!("{}:{} {}", due.kind.name(), due.name, content.as_str());
    ContentHash::of(whole.as_bytes()).as_str()[..MARK].to_owned()
}
