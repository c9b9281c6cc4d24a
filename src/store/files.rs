//! Bytes by their content: books, covers and tables of contents, each under its SHA-256.
//!
//! A file is written under a temporary name, synced, renamed, and its folder synced, so a name that exists is whole
//! and stays. Nothing here knows which record points at a file; the library does.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Result;

/// The SHA-256 of some bytes, written as 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash(String);

impl ContentHash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> ContentHash {
        ContentHash(hex(&Sha256::digest(bytes)))
    }

    /// The 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The folder of files by content hash: `ab/abcd…`.
pub struct Files {
    dir: PathBuf,
    next_temporary: AtomicU64,
}

impl Files {
    /// Opens the folder and removes what an interrupted write left behind.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(dir: &Path) -> Result<Files> {
        let temporary = dir.join("tmp");
        if temporary.exists() {
            fs::remove_dir_all(&temporary)?;
        }
        fs::create_dir_all(&temporary)?;
        // A converter that outlived the process that was killed may still write under a name of that one's.
        let mut first = [0; 8];
        getrandom::fill(&mut first).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Files { dir: dir.to_owned(), next_temporary: AtomicU64::new(u64::from_le_bytes(first)) })
    }

    /// Stores the bytes durably; storing them again changes nothing, unless what is here is damaged.
    ///
    /// # Errors
    /// When the disk refuses. Nothing is left behind then.
    pub fn put(&self, bytes: &[u8]) -> Result<ContentHash> {
        let hash = ContentHash::of(bytes);
        let path = self.path(&hash);
        if self.verify(&hash) {
            return Ok(hash);
        }
        self.refuse_without(bytes.len() as u64)?;
        let temporary = self.temporary();
        let written = write_synced(&temporary, bytes).and_then(|()| move_into_place(&temporary, &path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written?;
        Ok(hash)
    }

    /// Refuses what would leave the database too little room.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`].
    pub fn refuse_without(&self, bytes: u64) -> Result<()> {
        Ok(super::room::refuse_without(&self.dir, bytes)?)
    }

    /// Where the file of this hash is, if it is here.
    pub fn path(&self, hash: &ContentHash) -> PathBuf {
        self.dir.join(&hash.0[..2]).join(&hash.0)
    }

    /// All bytes of a file.
    ///
    /// # Errors
    /// When it is missing or unreadable.
    pub fn read(&self, hash: &ContentHash) -> Result<Vec<u8>> {
        Ok(fs::read(self.path(hash))?)
    }

    /// Whether the file is here and its bytes still have this hash.
    pub fn verify(&self, hash: &ContentHash) -> bool {
        digest_of(&self.path(hash)).is_ok_and(|found| found == *hash)
    }

    /// Removes a file; one that is not here is removed already.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&self, hash: &ContentHash) -> Result<()> {
        match fs::remove_file(self.path(hash)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The hashes of all files here.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn all(&self) -> Result<Vec<ContentHash>> {
        let mut hashes = Vec::new();
        for folder in fs::read_dir(&self.dir)? {
            let folder = folder?.path();
            if folder.is_dir() && folder.file_name().is_some_and(|name| name != "tmp") {
                for file in fs::read_dir(folder)? {
                    hashes.extend(file?.file_name().to_str().and_then(|name| name.parse::<ContentHash>().ok()));
                }
            }
        }
        Ok(hashes)
    }

    /// A name for a file in the making, on the same disk, swept at the next start.
    pub fn temporary(&self) -> PathBuf {
        let number = self.next_temporary.fetch_add(1, Ordering::Relaxed);
        self.dir.join("tmp").join(number.to_string())
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn move_into_place(from: &Path, to: &Path) -> io::Result<()> {
    let Some(folder) = to.parent() else { return Err(io::ErrorKind::InvalidInput.into()) };
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        if let Some(parent) = folder.parent() {
            File::open(parent)?.sync_all()?;
        }
    }
    fs::rename(from, to)?;
    File::open(folder)?.sync_all()
}

/// The hash of a file's bytes, read in pieces.
///
/// # Errors
/// When the file cannot be read.
pub fn digest_of(path: &Path) -> io::Result<ContentHash> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; 128 * 1024];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(ContentHash(hex(&digest.finalize())));
        }
        digest.update(&piece[..read]);
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl FromStr for ContentHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hash = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if is_hash { Ok(ContentHash(text.to_owned())) } else { Err("a content hash has 64 hexadecimal digits") }
    }
}

impl TryFrom<String> for ContentHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> String {
        hash.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", &self.0[..8])
    }
}
