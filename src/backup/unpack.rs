//! Reads a backup as if a stranger had made it: only the entries there can be, in their order, each of its size and its
//! content, and an end that vouches for all of them.
//!
//! Nothing in the archive says where it is written: a file of a book is named by its content, the rest by a path that
//! leads down and nowhere else. There are no links, no devices, no second entry of a name, and no more bytes than were
//! allowed. What the archive holds is handed on piece by piece, and whoever takes it waits for the end before he
//! believes it.

use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};
use tar::EntryType;

use super::pack::{CHANGES, Chain, DATA, END, End, FILES, FORMAT, GZIP, MANIFEST, Manifest, RECORDS, is_own, piece};
use super::{Error, Result};
use crate::store::{self, ContentHash, hex, newest_schema};

/// Largest entry that is read into memory, in bytes.
const MOST_IN_MEMORY: u64 = 16 * 1024 * 1024;
/// Longest name of an entry, in bytes.
const LONGEST_NAME: u64 = 4096;
/// Most folders in one another.
const DEEPEST: usize = 32;
/// Most entries: a library of millions of books has fewer.
const MOST_ENTRIES: u64 = 50_000_000;
/// Most bytes behind the end, zeros to fill up.
const MOST_PADDING: u64 = 64 * 1024;

/// What becomes of the entries.
pub(super) trait Sink {
    /// Most bytes that can be taken.
    fn room(&self) -> Result<u64>;
    /// Some lines of records.
    fn records(&mut self, lines: &[u8]) -> Result<()>;
    /// A file of the data folder, by its path below.
    fn data(&mut self, path: &Path, body: &mut dyn Read) -> Result<()>;
    /// A file of a book.
    fn file(&mut self, hash: &ContentHash, body: &mut dyn Read) -> Result<()>;
}

/// For who only wants to know.
pub(super) struct Nowhere;

impl Sink for Nowhere {
    fn room(&self) -> Result<u64> {
        Ok(u64::MAX)
    }

    fn records(&mut self, _lines: &[u8]) -> Result<()> {
        Ok(())
    }

    fn data(&mut self, _path: &Path, body: &mut dyn Read) -> Result<()> {
        io::copy(body, &mut io::sink())?;
        Ok(())
    }

    fn file(&mut self, _hash: &ContentHash, body: &mut dyn Read) -> Result<()> {
        io::copy(body, &mut io::sink())?;
        Ok(())
    }
}

/// An entry, by its name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Manifest,
    Records(u32),
    Changes(u32),
    Data(PathBuf),
    File(ContentHash),
    End,
}

/// Reads it to the end.
pub(super) fn read(from: impl Read, sink: &mut dyn Sink, reached: &dyn Fn(u64)) -> Result<(Manifest, End)> {
    let mut from = BufReader::with_capacity(128 * 1024, from);
    let mut begin = [0; GZIP.len()];
    from.read_exact(&mut begin).map_err(unreadable)?;
    if begin != GZIP {
        return Err(damaged("it does not begin like one; is it a backup of shutong?"));
    }
    let whole = BufReader::with_capacity(128 * 1024, io::Cursor::new(begin).chain(from));
    let mut archive = tar::Archive::new(GzDecoder::new(whole));
    let read = entries(&mut archive, sink, reached)?;
    let mut rest = archive.into_inner();
    let padding = io::copy(&mut (&mut rest).take(MOST_PADDING), &mut Zeros).map_err(unreadable)?;
    if padding == MOST_PADDING || !nothing_left(rest.into_inner())? {
        return Err(damaged("there is something behind its end"));
    }
    Ok(read)
}

fn entries<R: Read>(
    archive: &mut tar::Archive<R>,
    sink: &mut dyn Sink,
    reached: &dyn Fn(u64),
) -> Result<(Manifest, End)> {
    let room = sink.room()?;
    let (mut chain, mut manifest, mut before) = (Chain::default(), None, None::<Kind>);
    let (mut records, mut files) = (0, 0);
    let mut long_name = None;
    // Raw, so that nothing in a header is followed but what is read here.
    for entry in archive.entries().map_err(unreadable)?.raw(true) {
        let mut entry = entry.map_err(unreadable)?;
        let size = entry.header().entry_size().map_err(unreadable)?;
        match entry.header().entry_type() {
            EntryType::GNULongName if long_name.is_none() && size <= LONGEST_NAME => {
                let mut name = in_memory(&mut entry, size)?;
                name.pop_if(|last| *last == 0);
                long_name = Some(name);
                continue;
            }
            EntryType::Regular => {}
            _ => return Err(damaged("it holds something that is no file")),
        }
        let name = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let name = String::from_utf8(name).map_err(|_| damaged("a name is no text"))?;
        let kind = kind_of(&name).ok_or_else(|| damaged(&format!("there is no place for {name:?}")))?;
        follows(before.as_ref(), &kind).map_err(|why| damaged(&format!("{name:?} {why}")))?;
        if chain.bytes.saturating_add(size) > room {
            return Err(Error::Refused(format!("unpacked it needs more than the {room} bytes that are free here")));
        }
        if chain.entries >= MOST_ENTRIES {
            return Err(damaged("it has too many entries"));
        }
        let mut body = Checked { from: &mut entry, digest: Sha256::new(), bytes: 0, failed: None };
        match &kind {
            Kind::Manifest => manifest = Some(judged(&in_memory(&mut body, size)?)?),
            Kind::Records(_) | Kind::Changes(_) => {
                let lines = in_memory(&mut body, size)?;
                records += lines.iter().filter(|&&byte| byte == b'\n').count() as u64;
                sink.records(&lines)?;
            }
            Kind::Data(path) => body.hand(|body| sink.data(path, body))?,
            Kind::File(hash) => {
                body.hand(|body| sink.file(hash, body))?;
                files += 1;
            }
            Kind::End => {
                let end: End = serde_json::from_slice(&in_memory(&mut body, size)?)
                    .map_err(|error| damaged(&format!("its end cannot be read: {error}")))?;
                let manifest = manifest.ok_or_else(|| damaged("it has no manifest"))?;
                let (entries, bytes, digest) = chain.finish();
                let is_whole = (entries, bytes, digest.as_str()) == (end.entries, end.bytes, end.digest.as_str())
                    && (records, files) == (end.records, end.files);
                return is_whole.then_some((manifest, end)).ok_or_else(|| damaged("its end tells of other entries"));
            }
        }
        if body.bytes != size {
            return Err(damaged(&format!("{name:?} is cut off")));
        }
        let digest = body.digest.finalize();
        if matches!(&kind, Kind::File(hash) if hash.as_str() != hex(&digest)) {
            return Err(damaged(&format!("{name:?} has other bytes than its name says")));
        }
        chain.add(&name, size, &digest);
        reached(chain.bytes);
        before = Some(kind);
    }
    Err(damaged("it is cut off: there is no end"))
}

fn judged(text: &[u8]) -> Result<Manifest> {
    let manifest: Manifest =
        serde_json::from_slice(text).map_err(|error| damaged(&format!("its manifest cannot be read: {error}")))?;
    if manifest.format > FORMAT {
        return Err(Error::Newer(manifest.program));
    }
    if manifest.schema > newest_schema() {
        return Err(store::Error::Newer { found: manifest.schema, known: newest_schema() }.into());
    }
    Ok(manifest)
}

/// What an entry of this name is; none if there is no such entry.
fn kind_of(name: &str) -> Option<Kind> {
    let (folder, rest) = match name {
        MANIFEST => return Some(Kind::Manifest),
        END => return Some(Kind::End),
        _ => name.split_once('/')?,
    };
    let number = || -> Option<u32> {
        let number: u32 = rest.strip_suffix(".jsonl")?.parse().ok()?;
        (name == piece(folder, number)).then_some(number)
    };
    match folder {
        RECORDS => Some(Kind::Records(number()?)),
        CHANGES => Some(Kind::Changes(number()?)),
        FILES => Some(Kind::File(rest.parse().ok()?)),
        DATA => Some(Kind::Data(way_down(rest)?)),
        _ => None,
    }
}

/// The path, if it leads down and to a place that a backup may write.
fn way_down(path: &str) -> Option<PathBuf> {
    let parts: Vec<&str> = path.split('/').collect();
    let is_name = |part: &&str| {
        !part.is_empty() && part.len() <= 255 && *part != "." && *part != ".." && !part.contains(['\0', '\\'])
    };
    let is_own = is_own(parts.first()?);
    if is_own || parts.len() > DEEPEST || !parts.iter().all(is_name) {
        return None;
    }
    let path = PathBuf::from(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

/// Whether an entry may come behind the one before: each kind in its turn, pieces by number, names in order, none
/// twice.
fn follows(before: Option<&Kind>, kind: &Kind) -> Result<(), &'static str> {
    let is_next = match (before, kind) {
        (None, Kind::Manifest) => true,
        (None, _) | (_, Kind::Manifest) => false,
        (Some(Kind::Records(last)), Kind::Records(number)) => *number == last + 1,
        (Some(Kind::Changes(last)), Kind::Changes(number)) => *number == last + 1,
        (_, Kind::Records(number) | Kind::Changes(number)) if *number != 1 => false,
        (Some(before), kind) => before < kind,
    };
    is_next.then_some(()).ok_or("does not belong there")
}

fn in_memory(body: &mut impl Read, size: u64) -> Result<Vec<u8>> {
    if size > MOST_IN_MEMORY {
        return Err(damaged("an entry is too large"));
    }
    let mut bytes = Vec::new();
    body.take(size).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// Digests what is read, and tells apart what failed: the reading here, or the writing there.
struct Checked<'a, R> {
    from: &'a mut R,
    digest: Sha256,
    bytes: u64,
    failed: Option<String>,
}

impl<R: Read> Checked<'_, R> {
    fn hand(&mut self, take: impl FnOnce(&mut dyn Read) -> Result<()>) -> Result<()> {
        let taken = take(self);
        match self.failed.take() {
            Some(why) => Err(damaged(&why)),
            None => taken,
        }
    }
}

impl<R: Read> Read for Checked<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(bytes).inspect_err(|error| self.failed = Some(error.to_string()))?;
        self.digest.update(&bytes[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Takes zeros and nothing else.
struct Zeros;

impl io::Write for Zeros {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match bytes.iter().all(|&byte| byte == 0) {
            true => Ok(bytes.len()),
            false => Err(io::Error::new(io::ErrorKind::InvalidData, "there is something behind its end")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn nothing_left(mut from: impl Read) -> Result<bool> {
    Ok(from.read(&mut [0]).map_err(unreadable)? == 0)
}

fn damaged(why: &str) -> Error {
    Error::Damaged(why.to_owned())
}

fn unreadable(error: io::Error) -> Error {
    Error::Damaged(format!("it cannot be read: {error}"))
}
