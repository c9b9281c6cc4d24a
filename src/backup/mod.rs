//! Backups: everything that a new machine needs, in one file, made while the program serves; and the way back.
//!
//! The file is a tar archive, compressed by gzip, encrypted on request (`seal`): a manifest, the records of the store
//! as they were at one moment, what else lies in the data folder (configuration, keys, articles, pictures), the files
//! of books, and at last an end that vouches for all of it (`pack`). The index is not in it, which is made again, nor
//! are logs and conversions. On its way back it is read as if a stranger had made it (`unpack`): first into a folder of
//! its own, and only when every byte is right does that take the present data's place (`restore`).
//!
//! Deliberately not here: increments. A library is small beside the disks of today, and a backup that needs no other
//! one is the one that works.

mod doing;
mod keep;
mod pack;
mod remote;
mod restore;
mod seal;
#[cfg(test)]
mod tests;
mod trouble;
mod unpack;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::library::{self, Library};
use crate::secret::Secret;
use crate::store::records::BackedUp;
use crate::store::{self, Store};

pub use doing::{Doing, Ended, Work};
pub use keep::{Keep, Kept, is_name, list};
pub use pack::{Elsewhere, End, Manifest};
pub use remote::{Remote, Sent};
pub use restore::{Restored, finish, give_up, is_prepared, prepare, refuse_in_use, unpack, waiting};

/// The folder for backups inside the data folder.
pub const FOLDER: &str = "backups";
/// How the name of every backup begins.
const BEGIN: &str = "shutong-";
/// How it ends.
const PLAIN: &str = ".tar.gz";
const SEALED: &str = ".tar.gz.age";

/// What can go wrong, by what can be done about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not what was written once.
    #[error("the backup is damaged: {0}; take another one")]
    Damaged(String),
    /// A newer program made it.
    #[error("the backup was made by shutong {0}, which is newer than this one; install that version")]
    Newer(String),
    /// It cannot be done like this; the message says how.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] library::Error),
    /// The disk refused.
    #[error("the disk: {0}")]
    Io(#[from] io::Error),
}

/// The result of most calls here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the owner wants.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data folder.
    pub data_dir: PathBuf,
    /// Where backups are kept.
    pub folder: PathBuf,
    /// Which of them.
    pub keep: Keep,
    /// What they are encrypted with; empty: not at all.
    pub passphrase: Secret,
    /// Where each goes besides.
    pub remote: Option<Remote>,
    /// In whose time they are named.
    pub time_zone: Tz,
    /// What is configured to lie elsewhere than in the data folder.
    pub elsewhere: Elsewhere,
}

/// The room.
pub struct Backups {
    store: Arc<Store>,
    library: Arc<Library>,
    settings: Settings,
    /// What is being done; one thing at a time.
    doing: Mutex<Option<Doing>>,
    /// What was begun by itself and has ended.
    ended: Mutex<Option<Ended>>,
}

/// A backup that was just made.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// What is in it.
    #[serde(rename = "contents")]
    pub end: End,
}

/// What a backup was found to hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verified {
    /// How it begins.
    pub manifest: Manifest,
    /// How it ends.
    pub end: End,
}

impl Backups {
    /// The room. What an earlier process left half made in the folder is removed.
    pub fn new(store: Arc<Store>, library: Arc<Library>, settings: Settings) -> Backups {
        keep::sweep(&settings.folder);
        restore::sweep(&settings.data_dir);
        Backups { store, library, settings, doing: Mutex::new(None), ended: Mutex::new(None) }
    }

    /// What the owner wants.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What is being done, if anything is.
    pub fn doing(&self) -> Option<Doing> {
        *self.doing.lock()
    }

    /// What was done last, if it was noted by [`Backups::end`].
    pub fn ended(&self) -> Option<Ended> {
        self.ended.lock().clone()
    }

    /// Notes what was done, for who comes to look; none when something else is about to begin.
    pub fn end(&self, ended: Option<Ended>) {
        *self.ended.lock() = ended;
    }

    /// Makes a backup in the folder, and removes those that are not to be kept any more.
    ///
    /// # Errors
    /// When something else is being done, or the store or the disk fails. Nothing half made is left.
    pub fn make(&self, now: DateTime<Utc>) -> Result<Made> {
        let made = self.write(&self.settings.folder, &self.settings.passphrase, now)?;
        for name in keep::superfluous(&self.list()?, self.settings.keep) {
            match fs::remove_file(self.settings.folder.join(&name)) {
                Ok(()) => log::info!("the backup {name} is not kept any more"),
                // The next one tries again.
                Err(error) => log::warn!("the backup {name} cannot be removed: {error}"),
            }
        }
        Ok(made)
    }

    /// Makes a backup, sends it where it is to go besides, and says so. Called on a thread of a runtime that may block.
    ///
    /// # Errors
    /// When none could be made, or it did not arrive.
    pub fn back_up(&self, clock: &Clock) -> anyhow::Result<BackedUp> {
        let made = self.make(clock.now())?;
        let is_sent = tokio::runtime::Handle::try_current()?.block_on(self.send(&made, clock.now()))?;
        Ok(BackedUp {
            path: made.path.display().to_string(),
            bytes: made.bytes,
            records: made.end.records,
            files: made.end.files,
            missing: made.end.missing.len() as u64,
            outside: made.end.outside,
            is_sent,
        })
    }

    /// Writes a backup to `to`: a folder, where it gets its usual name, or a file that is not there yet. An empty
    /// passphrase does not encrypt.
    ///
    /// # Errors
    /// As [`Backups::make`], and when the file is there.
    pub fn write(&self, to: &Path, passphrase: &Secret, now: DateTime<Utc>) -> Result<Made> {
        let doing = self.begin(Work::Making, self.about(), now)?;
        let is_folder = to.is_dir() || to == self.settings.folder;
        let path = if is_folder { to.join(self.name(!passphrase.is_empty(), now)) } else { to.to_owned() };
        if path.exists() {
            return Err(Error::Refused(format!("{} exists; name another file", path.display())));
        }
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let unfinished = Unfinished::beside(&path)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished.0)?;
        let house = pack::House {
            store: &self.store,
            library: &self.library,
            data_dir: &self.settings.data_dir,
            backups: &self.settings.folder,
            elsewhere: &self.settings.elsewhere,
        };
        let out = io::BufWriter::with_capacity(128 * 1024, file);
        let (end, out) = if passphrase.is_empty() {
            pack::pack(&house, out, now, &|bytes| doing.reached(bytes))?
        } else {
            let (end, sealer) =
                pack::pack(&house, seal::Sealer::new(out, passphrase)?, now, &|bytes| doing.reached(bytes))?;
            (end, sealer.finish()?)
        };
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        fs::rename(&unfinished.0, &path)?;
        File::open(&folder)?.sync_all()?;
        Ok(Made { path, bytes, end })
    }

    /// The backups in the folder, the latest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Kept>> {
        list(&self.settings.folder)
    }

    /// Where the backup of this name is.
    ///
    /// # Errors
    /// When there is none.
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        let is_there = self.list()?.iter().any(|kept| kept.name == name);
        is_there
            .then(|| self.settings.folder.join(name))
            .ok_or_else(|| Error::Refused(format!("there is no backup {name}")))
    }

    /// Reads a backup to its end, changing nothing.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Newer`], or when something else is being done.
    pub fn verify(&self, path: &Path, now: DateTime<Utc>) -> Result<Verified> {
        let doing = self.begin(Work::Verifying, 0, now)?;
        verify(path, &self.settings.passphrase, &|bytes| doing.reached(bytes))
    }

    /// Unpacks a backup beside the data, to take its place at the next start.
    ///
    /// # Errors
    /// As [`Backups::verify`]; then nothing is left of it.
    pub fn restore(&self, path: &Path, passphrase: &Secret, now: DateTime<Utc>) -> Result<Restored> {
        let doing = self.begin(Work::Restoring, 0, now)?;
        restore::prepare(path, passphrase, &self.settings.data_dir, now, &|bytes| doing.reached(bytes))
    }

    /// Removes a backup from the folder.
    ///
    /// # Errors
    /// When there is none of this name, or the disk refuses.
    pub fn remove(&self, name: &str) -> Result<()> {
        Ok(fs::remove_file(self.path(name)?)?)
    }

    /// Sends a backup where the owner wants it besides; false if that is nowhere. What lies there and is not to be kept
    /// any more is removed.
    ///
    /// # Errors
    /// When it does not arrive.
    pub async fn send(&self, made: &Made, now: DateTime<Utc>) -> anyhow::Result<bool> {
        let Some(remote) = &self.settings.remote else { return Ok(false) };
        let _doing = self.begin(Work::Sending, made.bytes, now)?;
        remote::send(remote, &self.store, made, self.settings.keep, now).await?;
        Ok(true)
    }

    /// What belongs to the service, lies elsewhere, and is in no backup.
    pub fn outside(&self) -> Vec<String> {
        self.settings.elsewhere.outside(&self.settings.data_dir)
    }

    /// What lies where backups are sent, the latest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sent(&self) -> Result<Vec<Sent>> {
        remote::sent(&self.store)
    }

    fn name(&self, is_sealed: bool, now: DateTime<Utc>) -> String {
        let time = now.with_timezone(&self.settings.time_zone).format("%Y%m%d-%H%M%S");
        format!("{BEGIN}{time}{}", if is_sealed { SEALED } else { PLAIN })
    }

    /// As many bytes as the last one had, before compression; books are compressed already.
    fn about(&self) -> u64 {
        self.list().ok().and_then(|kept| Some(kept.first()?.bytes)).unwrap_or(0)
    }

    fn begin(&self, what: Work, of: u64, now: DateTime<Utc>) -> Result<Busy<'_>> {
        let mut doing = self.doing.lock();
        if let Some(doing) = &*doing {
            let what = match doing.what {
                Work::Making => "a backup is being made",
                Work::Sending => "a backup is being sent",
                Work::Verifying => "a backup is being verified",
                Work::Restoring => "a backup is being restored",
            };
            return Err(Error::Refused(format!("{what}; wait for its end")));
        }
        *doing = Some(Doing { what, since: now, bytes: 0, of });
        Ok(Busy(self))
    }
}

/// Ends what is being done, however it ends.
struct Busy<'a>(&'a Backups);

impl Busy<'_> {
    fn reached(&self, bytes: u64) {
        if let Some(doing) = &mut *self.0.doing.lock() {
            doing.bytes = bytes;
        }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        *self.0.doing.lock() = None;
    }
}

/// A file in the making, gone when this is dropped before it is renamed.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(path: &Path) -> Result<Unfinished> {
        let name = path.file_name().ok_or_else(|| Error::Refused(format!("{} is no file", path.display())))?;
        let unfinished = path.with_file_name(format!(".{}.unfinished", name.to_string_lossy()));
        // Of a run that was killed.
        let _ = fs::remove_file(&unfinished);
        Ok(Unfinished(unfinished))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Reads a backup to its end, and tells how far it is on the way.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Newer`]; [`Error::Refused`] when the passphrase is wrong.
pub fn verify(path: &Path, passphrase: &Secret, reached: &dyn Fn(u64)) -> Result<Verified> {
    let (manifest, end) = unpack::read(open(path, passphrase)?, &mut unpack::Nowhere, reached)?;
    Ok(Verified { manifest, end })
}

/// Opens a backup, encrypted or not.
fn open(path: &Path, passphrase: &Secret) -> Result<Box<dyn Read>> {
    let file = File::open(path).map_err(|error| Error::Refused(format!("cannot read {}: {error}", path.display())))?;
    let mut file = BufReader::with_capacity(128 * 1024, file);
    use std::io::BufRead;
    let begin = file.fill_buf()?;
    if begin.starts_with(seal::AS_TEXT) {
        let how = "it is encrypted and written as text; decrypt it with `age -d` first";
        return Err(Error::Refused(how.into()));
    }
    if !begin.starts_with(seal::MAGIC) {
        return Ok(Box::new(file));
    }
    if passphrase.is_empty() {
        let how = "it is encrypted: give the passphrase, by --passphrase-file or backup.passphrase";
        return Err(Error::Refused(how.into()));
    }
    Ok(Box::new(seal::Opener::new(file, passphrase)?))
}
