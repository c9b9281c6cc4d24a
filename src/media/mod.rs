//! The media folder: pictures, speech and films for replies, always with an id that the platform knows.
//!
//! A look at the folder (`folder`) makes records of its files. What has no id at an account of the platform's, has
//! changed, or ends soon is made fit (`fit`) and uploaded (`upload`), a few at a time, and not faster than the platform
//! and the owner allow (`pace`). The id there is stays in use until the next one is stored; permanent material that is
//! not needed any more is deleted (`material`). Which words are answered with what is the owner's file of keyword
//! replies (`keywords`, read by `keywords_file`). What the owner changes through the program is in `change` and
//! `keyword_changes`.
//!
//! Whoever answers a follower reads records and never waits for an upload. Deliberately not here: what is said
//! (`reply`), how the platform is called (`wechat`).

mod change;
mod fit;
mod folder;
mod keyword_changes;
mod keywords;
mod keywords_file;
mod material;
mod pace;
mod upload;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Duration, Utc};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Mutex as AsyncMutex;

pub use change::{Error, Put};
pub use folder::{LARGEST, Scanned, Taking};
pub use keyword_changes::KeywordChange;
pub use keywords::{Answer, CardAnswer, How, KeywordFile, KeywordReply, Keywords, MusicAnswer, Rule, VideoAnswer};
pub use keywords_file::SaveKeywords;
pub use upload::Uploads;

use crate::alert::Alerts;
use crate::bell::Bell;
use crate::store::records::{MediaFileRecord, MediaRecord, MediaTrouble};
use crate::store::schema::{MEDIA, MEDIA_FILES};
use crate::store::{self, Durability, Store};
use crate::wechat::MediaKind;
use folder::Seen;
use keywords_file::KeywordsSeen;
use pace::Pace;

/// Records in one step of a scan.
const PAGE: usize = 500;
/// Most media of one account that are looked through.
const MOST_ROWS: usize = 100_000;
/// An id is let go this long before its end: the platform looks at it when the answer has arrived.
const LET_GO: Duration = Duration::minutes(2);

/// The media folder, and what the platform calls its files. Shared by all accounts.
pub struct Media {
    store: Arc<Store>,
    alerts: Arc<Alerts>,
    settings: Settings,
    keywords: RwLock<Arc<Keywords>>,
    keywords_seen: Mutex<KeywordsSeen>,
    seen: Mutex<Seen>,
    /// How fast each account may go.
    paces: Mutex<HashMap<String, Pace>>,
    /// Held by the one round of uploads that runs.
    uploading: AsyncMutex<()>,
    /// Held while a picture is decoded, which takes up to some hundred megabytes.
    fitting: AsyncMutex<()>,
    bell: Bell,
    uploaded: AtomicU64,
    failed: AtomicU64,
}

/// What the owner decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder with the files.
    pub folder: PathBuf,
    /// The file with the keyword replies.
    pub keywords: PathBuf,
    /// How long before its end an id is renewed.
    pub renew_before: Duration,
    /// Uploads of one account on one day.
    pub uploads_per_day: u32,
    /// Whether permanent material is used, where the platform would take temporary media, too.
    pub permanent: bool,
}

/// How a file stands at one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The account.
    pub account: String,
    /// What it is used as: [`MediaKind::Thumb`] besides its own kind, if a piece of music has it.
    pub kind: MediaKind,
    /// What the platform calls it, and since when; none before its first upload.
    pub record: Option<MediaRecord>,
}

impl MediaRecord {
    /// The id, if the platform still knows it.
    pub fn living(&self, now: DateTime<Utc>) -> Option<&str> {
        let lives = self.is_permanent || self.ends_at.is_some_and(|end| now + LET_GO < end);
        self.media_id.as_deref().filter(|_| lives)
    }
}

impl Media {
    /// Over a store. The keyword replies that were good last are taken up; the folder is not looked at yet.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open(store: Arc<Store>, alerts: Arc<Alerts>, settings: Settings) -> store::Result<Media> {
        let keywords = keywords_file::remembered(&store)?;
        Ok(Media {
            store,
            alerts,
            settings,
            keywords: RwLock::new(Arc::new(keywords)),
            keywords_seen: Mutex::default(),
            seen: Mutex::default(),
            paces: Mutex::default(),
            uploading: AsyncMutex::default(),
            fitting: AsyncMutex::default(),
            bell: Bell::default(),
            uploaded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    /// What the platform calls a file of this name, used as this, if it knows it now.
    ///
    /// # Errors
    /// When the store fails.
    pub fn living(
        &self,
        account: &str,
        kind: MediaKind,
        name: &str,
        now: DateTime<Utc>,
    ) -> store::Result<Option<String>> {
        let record: Option<MediaRecord> = self.store.get(&MEDIA, &row_key(account, kind, name))?;
        Ok(record.and_then(|record| record.living(now).map(str::to_owned)))
    }

    /// All files of the folder by name, in order.
    ///
    /// # Errors
    /// When the store fails.
    pub fn files(&self) -> store::Result<Vec<(String, MediaFileRecord)>> {
        let mut files = Vec::new();
        loop {
            let page = self.store.page(&MEDIA_FILES, files.last().map(|(name, _)| name), PAGE)?;
            let is_last = page.len() < PAGE;
            files.extend(page);
            if is_last {
                return Ok(files);
            }
        }
    }

    /// A file of the folder.
    ///
    /// # Errors
    /// When the store fails.
    pub fn file(&self, name: &str) -> store::Result<Option<MediaFileRecord>> {
        self.store.get(&MEDIA_FILES, &name.to_owned())
    }

    /// The names of the pictures that an account has or will have, in order: not of those that cannot be uploaded.
    ///
    /// # Errors
    /// When the store fails.
    pub fn pictures(&self, account: &str, now: DateTime<Utc>) -> store::Result<Vec<String>> {
        let mut names = Vec::new();
        for (name, file) in self.files()? {
            if file.kind != Some(MediaKind::Image) {
                continue;
            }
            let row: MediaRecord =
                self.store.get(&MEDIA, &row_key(account, MediaKind::Image, &name))?.unwrap_or_default();
            let is_coming = row.tried != file.content || matches!(row.trouble, None | Some(MediaTrouble::NotNow(_)));
            if is_coming || row.living(now).is_some() {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// How a file stands at each of these accounts.
    ///
    /// # Errors
    /// When the store fails.
    pub fn standing(&self, name: &str, file: &MediaFileRecord, accounts: &[&str]) -> store::Result<Vec<Standing>> {
        let mut all = Vec::new();
        for account in accounts {
            for kind in self.uses(name, file) {
                let record = self.store.get(&MEDIA, &row_key(account, kind, name))?;
                all.push(Standing { account: (*account).to_owned(), kind, record });
            }
        }
        Ok(all)
    }

    /// The keyword replies.
    pub fn keywords(&self) -> Arc<Keywords> {
        Arc::clone(&self.keywords.read())
    }

    /// The platform has refused this id (40007): it is used no more, and its file uploaded anew. Whether it was one of
    /// ours.
    ///
    /// # Errors
    /// When the store fails.
    pub fn unknown(&self, account: &str, media_id: &str) -> store::Result<bool> {
        let mut after = None;
        loop {
            let page: Vec<((String, String), MediaRecord)> = self.store.page(&MEDIA, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| key.clone());
            let is_it = |record: &MediaRecord| record.media_id.as_deref() == Some(media_id);
            if let Some((key, _)) = page.into_iter().find(|((of, _), record)| of == account && is_it(record)) {
                // Lost in a crash it is refused once more.
                self.store.write(Durability::Soon, |write| {
                    if let Some(record) = write.get::<_, MediaRecord>(&MEDIA, &key)?.filter(is_it) {
                        let forgotten = MediaRecord { media_id: None, ends_at: None, is_permanent: false, ..record };
                        write.put(&MEDIA, &key, &forgotten)?;
                    }
                    Ok::<_, store::Error>(())
                })?;
                self.bell.ring();
                return Ok(true);
            }
            if is_last {
                return Ok(false);
            }
        }
    }

    /// The name of the file that an account's media id stands for, if it is one of ours.
    ///
    /// # Errors
    /// When the store fails.
    pub fn file_of(&self, account: &str, media_id: &str) -> store::Result<Option<String>> {
        let rows: Vec<((String, String), MediaRecord)> = self.store.under(&MEDIA, account, MOST_ROWS)?;
        let found = rows.into_iter().find(|(_, record)| record.media_id.as_deref() == Some(media_id));
        Ok(found.and_then(|((_, of), _)| Some(of.split_once(':')?.1.to_owned())))
    }

    /// Rings when there may be something to do.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Counters in Prometheus's text format.
    pub fn metrics(&self) -> String {
        let (uploaded, failed) = (self.uploaded.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed));
        format!(
            "# TYPE shutong_media_renewals_total counter\n\
             shutong_media_renewals_total{{outcome=\"ok\"}} {uploaded}\n\
             shutong_media_renewals_total{{outcome=\"failed\"}} {failed}\n"
        )
    }

    /// What a file is uploaded as.
    fn uses(&self, name: &str, file: &MediaFileRecord) -> Vec<MediaKind> {
        let own = file.kind.filter(|_| file.trouble.is_none());
        let is_thumb = own == Some(MediaKind::Image) && self.keywords.read().has_thumb(name);
        own.into_iter().chain(is_thumb.then_some(MediaKind::Thumb)).collect()
    }

    /// The records of a file at every account, in each of its uses.
    fn rows_of(&self, name: &str) -> store::Result<Vec<((String, String), MediaRecord)>> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let page: Vec<((String, String), MediaRecord)> = self.store.page(&MEDIA, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| key.clone());
            rows.extend(page.into_iter().filter(|((_, of), _)| of.split_once(':').is_some_and(|(_, own)| own == name)));
            if is_last {
                return Ok(rows);
            }
        }
    }
}

fn row_key(account: &str, kind: MediaKind, name: &str) -> (String, String) {
    (account.to_owned(), format!("{}:{name}", kind.name()))
}
