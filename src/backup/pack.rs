//! Writes a backup, from the first byte to the last, without going back and with little in memory.
//!
//! ```text
//! manifest.json          what this is, and what a program must be able to read
//! records/000001.jsonl   the records, as they were come by
//! changes/000001.jsonl   what has changed meanwhile
//! data/…                 other files of the data folder
//! files/0123…cdef        files of books, by content
//! end.json               how many entries there were, and a digest over the names and digests of all
//! ```

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Error, FOLDER, Result};
use crate::library::Library;
use crate::store::room::RESERVE;
use crate::store::{Part, Store, hex, newest_schema};

/// The format that is written, and the newest that can be read.
pub(super) const FORMAT: u32 = 1;
/// How the compressed file begins: no name, no time, so that the same bytes are always the same.
pub(super) const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff];
/// The names in the archive.
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const END: &str = "end.json";
pub(super) const RECORDS: &str = "records";
pub(super) const CHANGES: &str = "changes";
pub(super) const DATA: &str = "data";
pub(super) const FILES: &str = "files";

/// Records are written in pieces of about so many bytes: as large as this they are kept in memory.
const PIECE: usize = 2 * 1024 * 1024;

/// Who was forgotten: see [`crate::store::Marks`].
pub(super) const FORGOTTEN: &str = "forgotten";

/// What in the data folder is not packed as it lies there: written otherwise, made again, or of this machine alone.
const OWN: [&str; 11] = [
    "db",
    "index",
    "files",
    "log",
    "run.json",
    "start.out",
    "forgotten.again",
    RESERVE,
    "taken-down.json",
    "taken-down.damaged",
    FOLDER,
];
/// The same by the beginning of the name.
const OWN_BEGIN: [&str; 3] = ["restored-", "restoring-", "before-restore-"];

/// The configuration, by its name in the data folder.
const CONFIGURATION: &str = "shutong.toml";

/// What the service uses and does not lie in the data folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// The configuration file. It is packed as the one of the data folder, where a new machine looks for it.
    pub configuration: Option<PathBuf>,
    /// Files and folders that are not packed: they may be large, or another program's.
    pub left_out: Vec<PathBuf>,
}

impl Elsewhere {
    /// What of the service is in no backup.
    pub fn outside(&self, data_dir: &Path) -> Vec<String> {
        let own = data_dir.join(CONFIGURATION);
        // A link to the one that is used is that one.
        let is_other = |used: &PathBuf| own.exists() && own.canonicalize().ok() != used.canonicalize().ok();
        let unused = self.configuration.as_ref().filter(|used| is_other(used)).map(|_| own.clone());
        self.left_out.iter().chain(&unused).map(|path| path.display().to_string()).collect()
    }
}

/// What is packed.
pub(super) struct House<'a> {
    pub(super) store: &'a Store,
    pub(super) library: &'a Library,
    pub(super) data_dir: &'a Path,
    /// The folder of backups, which is no part of one.
    pub(super) backups: &'a Path,
    /// What is configured elsewhere.
    pub(super) elsewhere: &'a Elsewhere,
}

/// How a backup begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of the archive.
    pub format: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// Of the records.
    pub schema: u64,
    /// When it was begun.
    pub made_at: DateTime<Utc>,
    /// Books there were then.
    pub books: u64,
    /// Followers there were then.
    pub followers: u64,
}

/// How a backup ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Entries before this one.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Records, those among them that changed meanwhile and so are there twice.
    pub records: u64,
    /// Files of books and covers.
    pub files: u64,
    /// Files that a record may name and that were not there to be read.
    pub missing: Vec<String>,
    /// What lies in the data folder and is no file: links, sockets. It is not in the backup.
    pub skipped: Vec<String>,
    /// What belongs to the service, lies elsewhere, and is not in the backup.
    #[serde(default)]
    pub outside: Vec<String>,
    /// SHA-256 over name, size and SHA-256 of every entry.
    pub digest: String,
}

/// Whether something in the data folder, by its name, is not packed as it lies there, nor moved by a restore.
pub(super) fn is_own(name: &str) -> bool {
    OWN.contains(&name) || OWN_BEGIN.iter().any(|begin| name.starts_with(begin)) || name.ends_with(".unfinished")
}

/// The chain over all entries, the same when writing and when reading.
#[derive(Default)]
pub(super) struct Chain {
    digest: Sha256,
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

impl Chain {
    pub(super) fn add(&mut self, name: &str, size: u64, digest: &[u8]) {
        self.digest.update(format!("{name}\0{size}\0{}\n", hex(digest)));
        self.entries += 1;
        self.bytes += size;
    }

    pub(super) fn finish(self) -> (u64, u64, String) {
        (self.entries, self.bytes, hex(&self.digest.finalize()))
    }
}

/// Writes everything to `out` and gives it back.
pub(super) fn pack<W: Write>(house: &House<'_>, out: W, now: DateTime<Utc>, reached: &dyn Fn(u64)) -> Result<(End, W)> {
    // Before the first record is read: no file that one names may go before it has been packed.
    let _kept = house.library.keep_files();
    let counts = house.library.counts()?;
    let manifest = Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        schema: newest_schema(),
        made_at: now,
        books: counts.books,
        followers: counts.followers,
    };
    let tar = tar::Builder::new(GzEncoder::new(out, Compression::fast()));
    let mut packer = Packer { tar, chain: Chain::default(), made_at: now.timestamp().max(0).unsigned_abs(), reached };
    packer.bytes(MANIFEST, &serde_json::to_vec_pretty(&manifest).map_err(io::Error::from)?)?;
    // As far as it goes now: who is forgotten from here on, and may still be among the records, counts as forgotten
    // since. The file only grows.
    let forgotten = fs::metadata(house.data_dir.join(FORGOTTEN)).map_or(0, |found| found.len());
    let mut end = End { outside: house.elsewhere.outside(house.data_dir), ..End::default() };
    let paths = own_files(house, &mut end.skipped)?;
    packer.records(house.store, &mut end)?;
    for path in &paths {
        let elsewhere = house.elsewhere.configuration.as_ref().filter(|_| path == Path::new(CONFIGURATION));
        packer.data(elsewhere.unwrap_or(&house.data_dir.join(path)), path, forgotten)?;
    }
    packer.files(house, &mut end)?;
    packer.end(end)
}

struct Packer<'a, W: Write> {
    tar: tar::Builder<GzEncoder<W>>,
    chain: Chain,
    made_at: u64,
    reached: &'a dyn Fn(u64),
}

impl<W: Write> Packer<'_, W> {
    /// One entry. What is read must have exactly this size.
    fn entry(&mut self, name: &str, size: u64, from: &mut dyn Read) -> Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(self.made_at);
        let mut from = Digesting { from, digest: Sha256::new(), bytes: 0 };
        self.tar.append_data(&mut header, name, &mut from)?;
        if from.bytes != size {
            return Err(Error::Refused(format!("{name} has been changed while it was read; try again")));
        }
        self.chain.add(name, size, &from.digest.finalize());
        (self.reached)(self.chain.bytes);
        Ok(())
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.entry(name, bytes.len() as u64, &mut &*bytes)
    }

    fn file(&mut self, name: &str, file: File) -> Result<()> {
        let size = file.metadata()?.len();
        self.entry(name, size, &mut file.take(size))
    }

    fn records(&mut self, store: &Store, end: &mut End) -> Result<()> {
        let mut pieces = Pieces { part: Part::Records, number: 0, bytes: Vec::new() };
        end.records = store.snapshot(|part, line| {
            if part != pieces.part {
                pieces.write(self)?;
                pieces = Pieces { part, number: 0, bytes: Vec::new() };
            }
            pieces.bytes.extend_from_slice(line);
            if pieces.bytes.len() >= PIECE { pieces.write(self) } else { Ok(()) }
        })?;
        pieces.write(self)
    }

    /// A file of the data folder, by its path there. One that has gone since it was listed is not missed.
    fn data(&mut self, from: &Path, path: &Path, forgotten: u64) -> Result<()> {
        let Some(text) = path.to_str() else { return Ok(()) };
        match File::open(from) {
            Ok(file) if text == FORGOTTEN => {
                self.entry(&format!("{DATA}/{text}"), forgotten, &mut file.take(forgotten))
            }
            Ok(file) => self.file(&format!("{DATA}/{text}"), file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn files(&mut self, house: &House<'_>, end: &mut End) -> Result<()> {
        for hash in house.library.lasting_files()? {
            match File::open(house.store.files().path(&hash)) {
                Ok(file) => {
                    self.file(&format!("{FILES}/{hash}"), file)?;
                    end.files += 1;
                }
                // The rest is worth the more.
                Err(error) => {
                    log::error!("not in the backup: the file {hash}: {error}");
                    end.missing.push(hash.to_string());
                }
            }
        }
        Ok(())
    }

    fn end(mut self, end: End) -> Result<(End, W)> {
        let (entries, bytes, digest) = std::mem::take(&mut self.chain).finish();
        let end = End { entries, bytes, digest, ..end };
        self.bytes(END, &serde_json::to_vec_pretty(&end).map_err(io::Error::from)?)?;
        Ok((end, self.tar.into_inner()?.finish()?))
    }
}

/// Lines on their way into entries.
struct Pieces {
    part: Part,
    number: u32,
    bytes: Vec<u8>,
}

impl Pieces {
    fn write<W: Write>(&mut self, packer: &mut Packer<'_, W>) -> Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        self.number += 1;
        let folder = match self.part {
            Part::Records => RECORDS,
            Part::Changes => CHANGES,
        };
        packer.bytes(&piece(folder, self.number), &self.bytes)?;
        self.bytes.clear();
        Ok(())
    }
}

/// The name of a piece of records.
pub(super) fn piece(folder: &str, number: u32) -> String {
    format!("{folder}/{number:06}.jsonl")
}

/// Counts and digests what is read.
struct Digesting<'a> {
    from: &'a mut dyn Read,
    digest: Sha256,
    bytes: u64,
}

impl Read for Digesting<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(bytes)?;
        self.digest.update(&bytes[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// The other files of the data folder, below it, in order.
fn own_files(house: &House<'_>, skipped: &mut Vec<String>) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    let backups = fs::canonicalize(house.backups).ok();
    let (is_configured, configuration) = (house.elsewhere.configuration.is_some(), PathBuf::from(CONFIGURATION));
    let is_wanted = |entry: &walkdir::DirEntry| {
        let is_own = entry.depth() == 1 && entry.file_name().to_str().is_some_and(is_own);
        let is_folder = entry.depth() > 0 && entry.file_type().is_dir() && backups.is_some();
        let is_backups = is_folder && entry.path().canonicalize().ok() == backups;
        // They may lie in the data folder itself.
        let is_backup = entry.depth() == 1 && entry.file_name().to_str().is_some_and(super::is_name);
        !is_own && !is_backups && !is_backup
    };
    for entry in walkdir::WalkDir::new(house.data_dir).into_iter().filter_entry(is_wanted) {
        let entry = match entry {
            Ok(entry) => entry,
            // Somebody tidies up meanwhile.
            Err(error) if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) => continue,
            Err(error) => return Err(io::Error::from(error).into()),
        };
        let Ok(path) = entry.path().strip_prefix(house.data_dir) else { continue };
        let is_text = path.to_str().is_some();
        if entry.file_type().is_file() && is_text {
            paths.push(path.to_owned());
        } else if !(entry.file_type().is_dir() || is_configured && path == configuration) {
            skipped.push(path.display().to_string());
        }
    }
    if is_configured && !paths.contains(&configuration) {
        paths.push(configuration);
    }
    paths.sort_unstable();
    Ok(paths)
}
