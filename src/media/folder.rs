//! The folder as records: what has come, changed and gone. A file is read only when its size or its time is another,
//! so that looking every two seconds costs nothing.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use chrono::{DateTime, Duration, Utc};
use walkdir::WalkDir;

use super::{Media, fit};
use crate::alert::Trouble;
use crate::store::records::{MaterialRecord, MediaFileRecord, MediaRecord, MediaTrouble};
use crate::store::schema::{MATERIAL_GONE, MEDIA, MEDIA_FILES};
use crate::store::{self, ContentHash, Durability, Write};

/// Folders within folders that are looked into.
const DEEPEST: usize = 4;
/// Most files that are kept in mind; an account has room for that many permanent pictures, too.
const MOST_FILES: usize = 5_000;
/// Larger files are not read: nothing that large could be made fit. In bytes.
pub const LARGEST: u64 = 64 << 20;
/// When more files than these are gone at once and none is left, a disk is missing rather than every file.
const FEW: usize = 3;
/// What was answered last may be under way with the id of material that is not needed any more.
const MATERIAL_KEPT: Duration = Duration::hours(1);

/// When a file is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// When it has been the same at two looks: it may still be being written.
    Settled,
    /// At the first look.
    AtOnce,
    /// At the first look; and what is not there is gone, whatever it was.
    SurelyGone,
}

/// What a look at the folder found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Files that are there.
    pub files: usize,
    /// Of these, new or changed ones.
    pub changed: usize,
    /// Files that have gone.
    pub gone: usize,
}

/// Size and time of a file. The time is that of the last change of any kind: a copy may bring its old one along.
pub(super) type Look = (u64, i64);

/// The last look at the folder.
#[derive(Default)]
pub(super) struct Seen {
    files: HashMap<String, Look>,
    /// The log has been told that not all could be seen.
    is_told: bool,
}

impl Media {
    /// Brings the records up to the folder. One that is not there is made if no file was ever seen in it; else nothing
    /// counts as gone: perhaps its disk is missing. That is the same with one that is empty all at once, where the disk's
    /// place may be left: the owner is told.
    ///
    /// # Errors
    /// When the store fails or the folder cannot be read.
    pub fn scan(&self, taking: Taking, now: DateTime<Utc>) -> store::Result<Scanned> {
        // Two at a time would each see a file that the other has just noted as unsettled.
        let mut seen = self.seen.lock();
        let known: HashMap<String, MediaFileRecord> = self.files()?.into_iter().collect();
        let folder = &self.settings.folder;
        if known.is_empty() {
            fs::create_dir_all(folder)?;
        }
        let (found, is_whole) = files_under(folder);
        if !is_whole && !seen.is_told {
            log::warn!("not all of the media folder {} can be seen; no file counts as gone", folder.display());
        }
        seen.is_told = !is_whole;
        let is_lost = found.is_empty() && known.len() > FEW && taking != Taking::SurelyGone;
        self.tell_lost(is_lost.then_some(known.len()), now);
        let mut scanned = Scanned { files: found.len(), ..Scanned::default() };
        for (name, look) in &found {
            let is_known = known.get(name).is_some_and(|record| is_read(record, *look));
            let is_settled = taking != Taking::Settled || seen.files.get(name) == Some(look);
            if !is_known && is_settled {
                scanned.changed += usize::from(self.take(name, known.get(name), *look, now)?);
            }
        }
        for name in known.keys().filter(|name| is_whole && !is_lost && !found.contains_key(*name)) {
            self.forget_file(name, now)?;
            scanned.gone += 1;
        }
        seen.files = found;
        Ok(scanned)
    }

    /// Whether files are known of a folder that is not there, or more than a few and it has none of them.
    pub(super) fn is_lost(&self) -> store::Result<bool> {
        let (folder, known) = (&self.settings.folder, self.files()?);
        let is_there = |(name, _): &(String, MediaFileRecord)| fs::symlink_metadata(folder.join(name)).is_ok();
        Ok(!known.is_empty() && (!folder.is_dir() || known.len() > FEW && !known.iter().any(is_there)))
    }

    /// Tells the owner that so many files are gone at once, or that they are not.
    fn tell_lost(&self, files: Option<usize>, now: DateTime<Utc>) {
        let folder = self.settings.folder.display().to_string();
        let trouble = Trouble::MediaFolderEmpty { folder, files: files.unwrap_or_default() };
        match files {
            Some(_) => self.alerts.raise(&trouble, now),
            None => self.alerts.resolve(&trouble.key(), now),
        }
    }

    /// Reads a file and notes what it is. Whether there was something to note: it may have gone since it was seen.
    fn take(
        &self,
        name: &str,
        known: Option<&MediaFileRecord>,
        (bytes, changed): Look,
        now: DateTime<Utc>,
    ) -> store::Result<bool> {
        let mut record = MediaFileRecord { bytes, changed, content: None, kind: None, trouble: None };
        if bytes > LARGEST {
            record.trouble = Some(MediaTrouble::TooLarge { bytes, limit: LARGEST });
        } else {
            match fs::read(self.settings.folder.join(name)) {
                Ok(read) => {
                    record.kind = fit::kind_of(&read);
                    record.content = Some(ContentHash::of(&read));
                    record.trouble = match record.kind {
                        None => Some(MediaTrouble::UnknownKind),
                        kind => fit::trouble_with(kind, read.len() as u64),
                    };
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => record.trouble = Some(MediaTrouble::Unreadable(error.to_string())),
            }
        }
        let is_other = known.is_none_or(|known| known.content != record.content || known.trouble != record.trouble);
        // One that cannot be read is come back to at every look, and most often as before.
        if known != Some(&record) {
            self.store.write(Durability::Soon, |write| write.put(&MEDIA_FILES, &name.to_owned(), &record))?;
        }
        match record.trouble {
            Some(trouble) => self.alerts.raise(&Trouble::MediaUnfit { file: name.to_owned(), trouble }, now),
            None if is_other => self.alerts.resolve(&unfit_key(name), now),
            None => {}
        }
        Ok(is_other)
    }

    /// Forgets a file, and has its permanent material deleted.
    pub(super) fn forget_file(&self, name: &str, now: DateTime<Utc>) -> store::Result<()> {
        let rows = self.rows_of(name)?;
        self.store.write(Durability::Durable, |write| {
            write.delete(&MEDIA_FILES, &name.to_owned());
            for (key, row) in &rows {
                let row = write.get(&MEDIA, key)?.unwrap_or_else(|| row.clone());
                discard(write, &key.0, &row, now)?;
                write.delete(&MEDIA, key);
            }
            Ok::<_, store::Error>(())
        })?;
        self.alerts.resolve(&unfit_key(name), now);
        Ok(())
    }
}

/// Whether a file of this look need not be read again. One that could not be read may be readable next time.
fn is_read(record: &MediaFileRecord, look: Look) -> bool {
    (record.bytes, record.changed) == look && !matches!(record.trouble, Some(MediaTrouble::Unreadable(_)))
}

/// Notes that the material of a row is not needed any more; what is temporary goes by itself.
pub(super) fn discard(
    write: &mut Write<'_>,
    account: &str,
    row: &MediaRecord,
    now: DateTime<Utc>,
) -> store::Result<()> {
    let Some(media_id) = row.media_id.clone().filter(|_| row.is_permanent) else { return Ok(()) };
    let gone = MaterialRecord { next_at: now + MATERIAL_KEPT, attempts: 0 };
    write.put(&MATERIAL_GONE, &(account.to_owned(), media_id), &gone)
}

/// The key of the alert about a file.
pub(super) fn unfit_key(name: &str) -> String {
    Trouble::MediaUnfit { file: name.to_owned(), trouble: MediaTrouble::UnknownKind }.key()
}

/// Whether a look sees a file of this name.
pub(super) fn is_visible(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.ends_with('~') && !name.ends_with(".part")
}

/// The regular files, by their names below the folder, and whether these are all. What begins with a dot or ends in `~`
/// or `.part` is somebody's work in progress.
fn files_under(folder: &Path) -> (HashMap<String, Look>, bool) {
    let walk = WalkDir::new(folder).min_depth(1).max_depth(DEEPEST).sort_by_file_name().into_iter();
    let walk = walk.filter_entry(|entry| entry.depth() == 0 || entry.file_name().to_str().is_none_or(is_visible));
    let mut files = HashMap::new();
    let mut is_whole = true;
    for entry in walk {
        let seen = entry.ok().and_then(|entry| Some((entry.metadata().ok()?, entry)));
        // It went while one looked, its folder is not ours to read, or there is no folder at all.
        let Some((metadata, entry)) = seen else {
            is_whole = false;
            continue;
        };
        if files.len() == MOST_FILES {
            return (files, false);
        }
        let name = entry.path().strip_prefix(folder).ok().and_then(Path::to_str);
        if let Some(name) = name.filter(|_| metadata.is_file()) {
            files.insert(name.to_owned(), look(&metadata));
        }
    }
    (files, is_whole)
}

pub(super) fn look(metadata: &Metadata) -> Look {
    (metadata.len(), metadata.ctime().saturating_mul(1_000_000_000).saturating_add(metadata.ctime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_is_read_again() {
        let record = |trouble| MediaFileRecord { bytes: 1, changed: 2, content: None, kind: None, trouble };
        assert!(is_read(&record(None), (1, 2)) && is_read(&record(Some(MediaTrouble::UnknownKind)), (1, 2)));
        assert!(!is_read(&record(None), (1, 3)));
        assert!(!is_read(&record(Some(MediaTrouble::Unreadable("EIO".into()))), (1, 2)));
    }
}
