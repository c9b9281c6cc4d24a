//! Uploading what is due: what has no id, has changed, or ends soon, the nearest end first. The row says what became of
//! each, so that a process killed at any line loses at most the id of the upload whose answer it did not live to hear.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use futures_util::StreamExt;

use super::fit::{self, Fit};
use super::folder::{discard, unfit_key};
use super::pace::{Leave, Pace, Setback, day_of};
use super::{Media, row_key};
use crate::alert::Trouble;
use crate::blocking::blocking;
use crate::clock::Clock;
use crate::store::records::{MediaRecord, MediaTrouble};
use crate::store::schema::{MATERIAL_GONE, MEDIA, MEDIA_FILES, QUOTAS};
use crate::store::{self, ContentHash, Durability};
use crate::token::{CallError, Keeper, Tokens};
use crate::wechat::{MediaKind, Upload};

/// Uploads of one account at one time.
const AT_ONCE: usize = 4;
/// How long the platform keeps temporary media.
const LIFE: Duration = Duration::days(3);
/// A clock is set back by so much now and then, and nothing is wrong.
const CLOCK_STEPS: Duration = Duration::minutes(5);
/// Minutes between tries of a file that did not get through; the last holds for all further ones.
const BACK_OFF: [i64; 5] = [1, 2, 5, 10, 15];
/// The same for one that the platform refused.
const AFTER_REFUSAL: [i64; 3] = [10, 60, 24 * 60];

/// What a round of uploads did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uploads {
    /// Files that have a new id.
    pub uploaded: u64,
    /// Files that could not be uploaded.
    pub failed: u64,
    /// Permanent material that was deleted.
    pub deleted: u64,
    /// Files that are due and wait.
    pub waiting: u64,
    /// Why they wait.
    pub why: Option<String>,
}

/// A file to upload.
pub(super) struct Due {
    pub(super) kind: MediaKind,
    pub(super) name: String,
    pub(super) content: ContentHash,
    /// When there will be no id; long ago if there is none, or one of another content.
    ends_at: DateTime<Utc>,
}

/// What became of a file.
enum Outcome {
    Uploaded,
    Failed,
    Waits,
}

/// An id of the platform's.
pub(super) struct Given {
    pub(super) media_id: String,
    pub(super) is_permanent: bool,
}

impl Media {
    /// Uploads everything that is due at every account that the platform can be called for, and deletes permanent
    /// material that is not needed any more. Two rounds at one time do one after the other.
    ///
    /// # Errors
    /// When the store fails. The platform's failures are noted in the rows.
    pub async fn upload_due(self: &Arc<Self>, tokens: &Tokens, clock: &Clock) -> Result<Uploads> {
        let _alone = self.uploading.lock().await;
        let is_callable =
            |keeper: &&Arc<Keeper>| !keeper.settings().app_secret.is_empty() || keeper.current().is_some();
        let rounds = tokens.all().iter().filter(is_callable).map(|keeper| self.round(keeper, clock));
        let mut all = Uploads::default();
        for done in futures_util::future::join_all(rounds).await {
            let Uploads { uploaded, failed, deleted, waiting, why } = done?;
            all.uploaded += uploaded;
            all.failed += failed;
            all.deleted += deleted;
            all.waiting += waiting;
            all.why = all.why.or(why);
        }
        Ok(all)
    }

    /// One account.
    async fn round(self: &Arc<Self>, keeper: &Arc<Keeper>, clock: &Clock) -> Result<Uploads> {
        let account = keeper.account();
        let mut done = Uploads { deleted: self.delete_discarded(keeper, clock).await?, ..Uploads::default() };
        loop {
            let (same, of, now) = (Arc::clone(self), account.to_owned(), clock.now());
            let mut due = blocking(move || same.due(&of, now)).await??;
            let all = due.len() as u64;
            let leave = self.leave(account, clock);
            match leave {
                Leave::All => {}
                Leave::One => due.truncate(1),
                Leave::OneEndingBefore(end) => {
                    due.retain(|due| due.ends_at < end);
                    due.truncate(1);
                }
                Leave::None => due.clear(),
            }
            done.waiting = all - due.len() as u64;
            let before = done.uploaded;
            let uploads: Vec<_> = due.into_iter().map(|due| self.upload(keeper, due, clock)).collect();
            let mut outcomes = futures_util::stream::iter(uploads).buffer_unordered(AT_ONCE);
            while let Some(outcome) = outcomes.next().await {
                match outcome? {
                    Outcome::Uploaded => done.uploaded += 1,
                    Outcome::Failed => done.failed += 1,
                    Outcome::Waits => done.waiting += 1,
                }
            }
            // It goes again: now the others.
            if leave == Leave::All || done.uploaded == before {
                break;
            }
        }
        self.uploaded.fetch_add(done.uploaded, Ordering::Relaxed);
        self.failed.fetch_add(done.failed, Ordering::Relaxed);
        if done.waiting > 0 {
            done.why = self.paces.lock().get(account).and_then(|pace| pace.why.clone());
        }
        Ok(done)
    }

    /// What is due at an account, the nearest end first.
    fn due(&self, account: &str, now: DateTime<Utc>) -> store::Result<Vec<Due>> {
        let mut due = Vec::new();
        for (name, file) in self.files()? {
            let Some(content) = &file.content else { continue };
            for kind in self.uses(&name, &file) {
                let row: MediaRecord = self.store.get(&MEDIA, &row_key(account, kind, &name))?.unwrap_or_default();
                // A time that has not come yet was told by a clock that has been put right since, and so was its end.
                let is_true = row.uploaded_at.is_none_or(|at| at - now <= CLOCK_STEPS);
                let is_present = is_true && row.content.as_ref() == Some(content) && row.living(now).is_some();
                let ends_at = match is_present {
                    true if row.is_permanent && !row.is_wanted => continue,
                    true => row.ends_at.unwrap_or_default(),
                    false => DateTime::<Utc>::default(),
                };
                let is_due = row.is_wanted || ends_at - now <= self.settings.renew_before;
                let wait = row.next_at - now;
                // Longer than a day nothing waits; if it seems to, the clock was wrong.
                let is_put_off =
                    row.tried.as_ref() == Some(content) && wait > Duration::zero() && wait <= Duration::days(1);
                if is_due && !is_put_off {
                    due.push(Due { kind, name: name.clone(), content: content.clone(), ends_at });
                }
            }
        }
        due.sort_by_key(|due| due.ends_at);
        Ok(due)
    }

    /// One file, from the disk to its new id.
    async fn upload(self: &Arc<Self>, keeper: &Arc<Keeper>, due: Due, clock: &Clock) -> Result<Outcome> {
        let account = keeper.account();
        if self.bell.is_stopping() || self.leave(account, clock) == Leave::None {
            return Ok(Outcome::Waits);
        }
        let fit = match self.made_fit(&due).await? {
            Some(Ok(fit)) => fit,
            Some(Err(trouble)) => return self.failed(account, due, trouble, clock).await,
            None => return Ok(Outcome::Waits),
        };
        if let Err(error) = keeper.token().await {
            self.set_back(account, Setback::Passing, error.to_string(), clock);
            return Ok(Outcome::Waits);
        }
        let begun = self.begun(account);
        if !self.count(account, clock).await? {
            let why =
                format!("the {} uploads of today (media.uploads_per_day) are used", self.settings.uploads_per_day);
            self.set_back(account, Setback::Day, why, clock);
            return Ok(Outcome::Waits);
        }
        // The platform's days begin with its answer; ours before the question, so that ours end first.
        let asked_at = clock.now();
        match self.call(keeper, &due, fit, asked_at).await? {
            Ok(given) => {
                self.succeeded(account, begun);
                self.keep(account, due, given, asked_at).await?;
                Ok(Outcome::Uploaded)
            }
            Err(error) => match setback(&error) {
                Some(setback) => {
                    self.set_back(account, setback, error.to_string(), clock);
                    self.failed(account, due, MediaTrouble::NotNow(error.to_string()), clock).await
                }
                None => self.failed(account, due, MediaTrouble::Refused(error.to_string()), clock).await,
            },
        }
    }

    /// The file as it is uploaded; none if it is not the one any more that was looked at.
    async fn made_fit(self: &Arc<Self>, due: &Due) -> Result<Option<Result<Fit, MediaTrouble>>> {
        let _alone = self.fitting.lock().await;
        let path = self.settings.folder.join(&due.name);
        let (kind, content) = (due.kind, due.content.clone());
        Ok(blocking(move || {
            let bytes = std::fs::read(path).ok().filter(|bytes| ContentHash::of(bytes) == content)?;
            Some(fit::made_fit(kind, bytes))
        })
        .await?)
    }

    async fn call(
        self: &Arc<Self>,
        keeper: &Arc<Keeper>,
        due: &Due,
        fit: Fit,
        asked_at: DateTime<Utc>,
    ) -> Result<Result<Given, CallError>> {
        let account = keeper.account();
        let stem = due.name.rsplit('/').next().unwrap_or_default();
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        let file_name = format!("{stem}.{}", fit.extension);
        let upload = Upload { file_name: &file_name, media_type: fit.media_type, bytes: Bytes::from(fit.bytes) };
        let client = keeper.client();
        let permanent_only = self.paces.lock().get(account).is_some_and(|pace| pace.permanent_only);
        if !self.settings.permanent && !permanent_only {
            let kept = keeper.with(async |token| client.upload_media(&token, due.kind, &upload).await).await;
            match kept {
                Err(CallError::Call(error)) if error.code() == Some(48001) => {
                    log::info!(account; "no temporary media for this account; its files become permanent material");
                    self.paces.lock().entry(account.to_owned()).or_default().permanent_only = true;
                }
                kept => return Ok(kept.map(|kept| Given { media_id: kept.media_id, is_permanent: false })),
            }
        }
        let video = (due.kind == MediaKind::Video).then_some((stem, stem));
        self.add_material(keeper, due, upload, video, asked_at).await
    }

    /// Stores a new id; only now the old one is out of use.
    async fn keep(self: &Arc<Self>, account: &str, due: Due, given: Given, asked_at: DateTime<Utc>) -> Result<()> {
        let (same, account) = (Arc::clone(self), account.to_owned());
        let name = due.name.clone();
        blocking(move || {
            let key = row_key(&account, due.kind, &due.name);
            same.store.write(Durability::Durable, |write| {
                let Given { media_id, is_permanent } = given;
                let fresh = MediaRecord {
                    media_id: Some(media_id),
                    content: Some(due.content.clone()),
                    uploaded_at: Some(asked_at),
                    ends_at: (!is_permanent).then_some(asked_at + LIFE),
                    is_permanent,
                    tried: Some(due.content),
                    attempts: 0,
                    next_at: asked_at,
                    trouble: None,
                    is_wanted: false,
                    adding: None,
                };
                // The file may have gone while it was on its way.
                if write.get(&MEDIA_FILES, &due.name)?.is_none() {
                    return discard(write, &account, &fresh, asked_at);
                }
                if let Some(before) = write.get(&MEDIA, &key)?
                    && before.media_id != fresh.media_id
                {
                    discard(write, &account, &before, asked_at)?;
                }
                // What is in use is not to be deleted, whatever was noted before.
                if let Some(media_id) = &fresh.media_id {
                    write.delete(&MATERIAL_GONE, &(account.clone(), media_id.clone()));
                }
                write.put(&MEDIA, &key, &fresh)
            })?;
            same.alerts.resolve(&unfit_key(&name), asked_at);
            Ok(())
        })
        .await?
    }

    /// Notes why a file could not be uploaded, and when it is tried again. The id there is stays.
    async fn failed(
        self: &Arc<Self>,
        account: &str,
        due: Due,
        trouble: MediaTrouble,
        clock: &Clock,
    ) -> Result<Outcome> {
        let (same, account, now) = (Arc::clone(self), account.to_owned(), clock.now());
        blocking(move || {
            let key = row_key(&account, due.kind, &due.name);
            let attempts = same.store.write(Durability::Soon, |write| {
                // The file may have gone meanwhile: then there is nothing to note, and nobody to be told.
                if write.get(&MEDIA_FILES, &due.name)?.is_none() {
                    return Ok(None);
                }
                let row: MediaRecord = write.get(&MEDIA, &key)?.unwrap_or_default();
                let is_again = row.tried.as_ref() == Some(&due.content);
                let attempts = if is_again { row.attempts + 1 } else { 1 };
                let waits: &[i64] = if matches!(trouble, MediaTrouble::NotNow(_)) { &BACK_OFF } else { &AFTER_REFUSAL };
                let wait = waits[(attempts as usize - 1).min(waits.len() - 1)];
                let next_at = now + Duration::minutes(wait);
                let tried = Some(due.content);
                write.put(
                    &MEDIA,
                    &key,
                    &MediaRecord { tried, attempts, next_at, trouble: Some(trouble.clone()), ..row },
                )?;
                Ok::<_, store::Error>(Some(attempts))
            })?;
            let is_sure = match trouble {
                MediaTrouble::NotNow(_) => false,
                MediaTrouble::Refused(_) => attempts > Some(1),
                MediaTrouble::TooLarge { .. } | MediaTrouble::UnknownKind | MediaTrouble::Unreadable(_) => {
                    attempts.is_some()
                }
            };
            if is_sure {
                same.alerts.raise(&Trouble::MediaUnfit { file: due.name, trouble }, now);
            }
            Ok(Outcome::Failed)
        })
        .await?
    }

    /// Counts an upload, unless the owner's limit for the day is reached.
    async fn count(self: &Arc<Self>, account: &str, clock: &Clock) -> Result<bool> {
        let (same, key) = (Arc::clone(self), (day_of(clock.now()), format!("media/{account}")));
        let most = u64::from(self.settings.uploads_per_day);
        let counted = blocking(move || {
            same.store.write(Durability::Soon, |write| {
                let used = write.get(&QUOTAS, &key)?.unwrap_or(0);
                if used < most {
                    write.put(&QUOTAS, &key, &(used + 1))?;
                }
                Ok::<_, store::Error>(used < most)
            })
        });
        Ok(counted.await??)
    }

    pub(super) fn leave(&self, account: &str, clock: &Clock) -> Leave {
        self.paces.lock().get(account).map_or(Leave::All, |pace| pace.leave(clock.now(), clock.uptime()))
    }

    pub(super) fn begun(&self, account: &str) -> u64 {
        self.paces.lock().get(account).map_or(0, Pace::begun)
    }

    pub(super) fn succeeded(&self, account: &str, begun: u64) {
        self.paces.lock().entry(account.to_owned()).or_default().succeeded(begun);
    }

    pub(super) fn set_back(&self, account: &str, setback: Setback, why: String, clock: &Clock) {
        log::warn!(account; "the platform takes no media now: {why}");
        let mut paces = self.paces.lock();
        paces.entry(account.to_owned()).or_default().failed(setback, why, clock.now(), clock.uptime());
    }
}

/// Whether it is not the file's fault.
pub(super) fn setback(error: &CallError) -> Option<Setback> {
    let CallError::Call(error) = error else { return Some(Setback::Passing) };
    match error.code() {
        Some(45009) => Some(Setback::Day),
        Some(45011) => Some(Setback::Minute),
        Some(48001 | 48004 | 48008 | 50002 | 50007 | 61007) => Some(Setback::Forbidden),
        _ if error.is_retryable() || error.is_stale_token() => Some(Setback::Passing),
        _ => None,
    }
}
