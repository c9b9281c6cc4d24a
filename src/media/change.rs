//! The folder changed by its owner's order instead of by hand: files put in, taken out, uploaded anew, and given up for
//! gone. What is taken out or replaced is put aside, in a folder that nobody looks into, and not lost.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::folder::{LARGEST, Scanned, Taking, is_visible};
use super::{Media, fit};
use crate::store::records::{MediaRecord, MediaTrouble};
use crate::store::schema::MEDIA;
use crate::store::{self, Durability};

/// Where files go that are taken out or replaced; looks at the folder pass it over.
const ASIDE: &str = ".removed";
/// Longest name, in bytes.
const NAME: usize = 200;

/// What putting a file into the folder changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    New,
    /// It has taken the place of another, which was put aside.
    Changed,
    /// It was there already.
    Same,
}

/// Why the folder was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No file can be called this.
    #[error("{0} can be no file's name here; it must not begin with a dot or end in ~ or .part, nor have slashes")]
    Name(String),
    /// The platform would not take it.
    #[error("the platform does not take it")]
    Unfit(MediaTrouble),
    /// There is no such file.
    #[error("there is no file {0} in the media folder; shutong media list shows them")]
    NoFile(String),
    /// The folder cannot be read, or has none of its many files: nothing is known to be gone.
    #[error(
        "the media folder {} cannot be read or has lost all its files; mount its disk, or if they are to be gone, make \
         the folder, then: shutong media forget",
        .0.display()
    )]
    NoFolder(PathBuf),
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Media {
    /// Puts a file into the folder and looks at it. One of this name that is there is put aside.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Unfit`] with what to do about it, [`Error::NoFolder`] if a disk seems to be missing,
    /// or when the disk or the store fails.
    pub fn put(&self, name: &str, bytes: &[u8], now: DateTime<Utc>) -> Result<Put, Error> {
        if name.contains(['/', '\\']) || name.contains(char::is_control) || name.len() > NAME || !is_visible(name) {
            return Err(Error::Name(name.to_owned()));
        }
        let unfit = match fit::kind_of(bytes) {
            _ if bytes.len() as u64 > LARGEST => {
                Some(MediaTrouble::TooLarge { bytes: bytes.len() as u64, limit: LARGEST })
            }
            None => Some(MediaTrouble::UnknownKind),
            kind => fit::trouble_with(kind, bytes.len() as u64),
        };
        if let Some(trouble) = unfit {
            return Err(Error::Unfit(trouble));
        }
        let path = self.settings.folder.join(name);
        self.must_not_be_lost()?;
        // Only the first file makes it; a folder that files are known of is there.
        fs::create_dir_all(&self.settings.folder)?;
        let put = match fs::read(&path) {
            Ok(before) if before == bytes => return Ok(Put::Same),
            Ok(_) => {
                // Copied, so that there is a file of this name all the time.
                let before = fs::read(&path)?;
                write_whole(&self.place_aside(name)?, &before)?;
                Put::Changed
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Put::New,
            Err(error) => return Err(error.into()),
        };
        write_whole(&path, bytes)?;
        self.look_at_once(now)?;
        Ok(put)
    }

    /// Takes a file out of the folder, and gives the place where it is now.
    ///
    /// # Errors
    /// [`Error::NoFile`], [`Error::NoFolder`] if a disk seems to be missing, or when the disk or the store fails.
    pub fn take_out(&self, name: &str, now: DateTime<Utc>) -> Result<PathBuf, Error> {
        let path = self.known(name)?;
        self.must_not_be_lost()?;
        let place = self.place_aside(name)?;
        fs::rename(path, &place).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NoFile(name.to_owned()),
            _ => Error::Disk(error),
        })?;
        self.forget_file(name, now)?;
        self.look_at_once(now)?;
        Ok(place)
    }

    /// Has a file uploaded anew at every account, whenever its ids end; they stay in use until the new ones are there.
    ///
    /// # Errors
    /// [`Error::NoFile`], or when the store fails.
    pub fn renew(&self, name: &str, now: DateTime<Utc>) -> Result<(), Error> {
        self.known(name)?;
        let rows = self.rows_of(name)?;
        self.store.write(Durability::Durable, |write| {
            for (key, row) in rows {
                let row: MediaRecord = write.get(&MEDIA, &key)?.unwrap_or(row);
                write.put(&MEDIA, &key, &MediaRecord { is_wanted: true, next_at: now, ..row })?;
            }
            Ok::<_, store::Error>(())
        })?;
        self.bell.ring();
        Ok(())
    }

    /// A look at the folder that takes what is not there for gone, though it was many files at once.
    ///
    /// # Errors
    /// [`Error::NoFolder`] if it cannot be seen what is there, or when the store fails.
    pub fn forget_gone(&self, now: DateTime<Utc>) -> Result<Scanned, Error> {
        if !self.settings.folder.is_dir() {
            return Err(Error::NoFolder(self.settings.folder.clone()));
        }
        let scanned = self.scan(Taking::SurelyGone, now)?;
        self.bell.ring();
        Ok(scanned)
    }

    /// The bytes of a file of the folder.
    ///
    /// # Errors
    /// [`Error::NoFile`], or when the disk or the store fails.
    pub fn bytes_of(&self, name: &str) -> Result<Vec<u8>, Error> {
        Ok(fs::read(self.known(name)?)?)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.settings.folder
    }

    /// Where a file is that has a record: no other name leads anywhere.
    fn known(&self, name: &str) -> Result<PathBuf, Error> {
        match self.file(name)? {
            Some(_) => Ok(self.settings.folder.join(name)),
            None => Err(Error::NoFile(name.to_owned())),
        }
    }

    /// Neither may a file be put into the empty place of a disk that is missing, where it would stand for a folder that
    /// is used, and all others for gone; nor may that place be made.
    fn must_not_be_lost(&self) -> Result<(), Error> {
        match self.is_lost()? {
            true => Err(Error::NoFolder(self.settings.folder.clone())),
            false => Ok(()),
        }
    }

    fn look_at_once(&self, now: DateTime<Utc>) -> store::Result<()> {
        self.scan(Taking::AtOnce, now)?;
        self.bell.ring();
        Ok(())
    }

    /// A free place for a file that is put aside; the folder itself is never made for it.
    fn place_aside(&self, name: &str) -> io::Result<PathBuf> {
        let aside = self.settings.folder.join(ASIDE);
        match fs::create_dir(&aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        let name = name.replace('/', "-");
        let numbered = (2..).map(|number: u32| aside.join(format!("{number}-{name}")));
        let mut places = std::iter::once(aside.join(&name)).chain(numbered);
        Ok(places.find(|place| !place.exists()).unwrap_or_else(|| aside.join(&name)))
    }
}

/// Writes a file that is whole or not there.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = path.with_file_name(format!(".{name}.part"));
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
