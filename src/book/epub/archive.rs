//! The ZIP that an EPUB is: entries by name, under caps, and never a file on the disk.
//!
//! Declared sizes are not believed; what counts is what comes out of the decompressor. Names are
//! matched the way real Chinese books need: without UTF-8 flag (GBK), in another normal form, in
//! another case, with backslashes.

use super::salvage;
use crate::book::{Error, charset};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::io::{Cursor, Read};
use unicode_normalization::UnicodeNormalization;
use zip::ZipArchive;
use zip::read::ZipReadOptions;

/// Most entries. Web novels have a file per chapter and up to some 6,000 chapters.
pub(super) const MOST_ENTRIES: usize = 12_000;
/// Most bytes of all names of entries, and of the directory that lists them.
const LONGEST_NAMES: usize = 4 << 20;
/// Most bytes that may come out of one entry.
pub(super) const LARGEST_ENTRY: u64 = 32 << 20;
/// Most bytes that may come out of all entries read.
pub(super) const LARGEST_TOTAL: u64 = 128 << 20;
/// Beyond [`RATIO_FROM`] bytes, output may be at most so many times the compressed size; deflate
/// can do 1,032, real books do less than 10.
const LARGEST_RATIO: u64 = 200;
const RATIO_FROM: u64 = 1 << 20;

/// An open container.
pub(in crate::book) struct Archive<'a> {
    zip: ZipArchive<Cursor<Cow<'a, [u8]>>>,
    names: Vec<String>,
    exact: HashMap<String, usize>,
    folded: HashMap<String, usize>,
    spent: u64,
    rebuilt: bool,
    damaged: Vec<String>,
    lost: Vec<String>,
    matched: RefCell<BTreeSet<String>>,
}

impl<'a> Archive<'a> {
    /// Opens a ZIP; one without a readable directory is rebuilt from its entries.
    pub(in crate::book) fn open(bytes: &'a [u8]) -> Result<Archive<'a>, Error> {
        let announced = announced(bytes).unwrap_or_default();
        // No directory is longer than its file: then the number is damaged, and nothing is loaded by it.
        let sound = announced.directory <= bytes.len();
        if announced.entries > MOST_ENTRIES || sound && announced.directory > LONGEST_NAMES {
            return Err(too_many());
        }
        let mut was_rebuilt = false;
        let listed = sound.then(|| ZipArchive::new(Cursor::new(Cow::Borrowed(bytes))).ok()).flatten();
        let zip = match listed.filter(|zip| !zip.is_empty()) {
            Some(zip) => zip,
            None => {
                was_rebuilt = true;
                let rebuilt = salvage::rebuild(bytes, MOST_ENTRIES)
                    .ok_or_else(|| Error::Malformed("it is not a whole ZIP archive".into()))?;
                ZipArchive::new(Cursor::new(Cow::Owned(rebuilt)))
                    .map_err(|error| Error::Malformed(format!("it is not a whole ZIP archive: {error}")))?
            }
        };
        if zip.len() > MOST_ENTRIES {
            return Err(too_many());
        }
        if zip.file_names_raw().map(<[u8]>::len).sum::<usize>() > LONGEST_NAMES {
            return Err(Error::Unsupported("the names of its parts are too long".into()));
        }
        let names: Vec<String> =
            zip.file_names_raw().map(|name| charset::decode_name(name).replace('\\', "/")).collect();
        let (mut exact, mut folded) = (HashMap::new(), HashMap::new());
        for (at, name) in names.iter().enumerate() {
            exact.entry(name.clone()).or_insert(at);
            folded.entry(fold(name)).or_insert(at);
        }
        Ok(Archive {
            zip,
            names,
            exact,
            folded,
            spent: 0,
            rebuilt: was_rebuilt,
            damaged: Vec::new(),
            lost: Vec::new(),
            matched: RefCell::default(),
        })
    }

    /// The entry of that name, or the one that must be meant.
    pub(in crate::book) fn find(&self, name: &str) -> Option<usize> {
        if let Some(&entry) = self.exact.get(name) {
            return Some(entry);
        }
        let entry = self.folded.get(&fold(name)).copied()?;
        self.matched.borrow_mut().insert(name.to_owned());
        Some(entry)
    }

    /// Names that were asked for and found only in another spelling.
    pub(in crate::book) fn matched(&self) -> BTreeSet<String> {
        self.matched.borrow().clone()
    }

    /// Whether the directory was missing and made anew.
    pub(in crate::book) fn is_rebuilt(&self) -> bool {
        self.rebuilt
    }

    /// Entries of which only the beginning could be read.
    pub(in crate::book) fn damaged(&self) -> &[String] {
        &self.damaged
    }

    /// Notes a page that is not there.
    pub(in crate::book) fn miss(&mut self, name: &str) {
        self.lost.push(name.to_owned());
    }

    /// Pages that are not there.
    pub(in crate::book) fn lost(&self) -> &[String] {
        &self.lost
    }

    /// The names of all entries, in the order of the archive; an entry is known by its index here.
    pub(in crate::book) fn names(&self) -> &[String] {
        &self.names
    }

    /// What is in an entry; `None` if nothing of it can be read. An entry that is damaged gives
    /// what stands before the damage. Fails only when a cap is passed.
    pub(in crate::book) fn read(&mut self, entry: usize) -> Result<Option<Vec<u8>>, Error> {
        // Checksums are not asked: a book with one bad letter is better than none.
        let options = ZipReadOptions::new().ignore_crc32(true);
        let Ok(mut file) = self.zip.by_index_with_options(entry, options) else {
            return Ok(None);
        };
        let allowed = LARGEST_ENTRY.min(LARGEST_TOTAL - self.spent);
        let ratio = (file.compressed_size().saturating_mul(LARGEST_RATIO)).max(RATIO_FROM);
        let limit = allowed.min(ratio);
        let mut out = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        let damaged = loop {
            match file.read(&mut buffer) {
                Ok(0) => break false,
                Ok(count) => out.extend_from_slice(&buffer[..count]),
                Err(_) => break true,
            }
            if out.len() as u64 > limit {
                return Err(Error::Unsupported("it unpacks to more than a book should".into()));
            }
        };
        self.spent += out.len() as u64;
        if damaged && let Some(name) = self.names.get(entry) {
            self.damaged.push(name.clone());
        }
        Ok((!damaged || !out.is_empty()).then_some(out))
    }

    /// The same by name.
    pub(in crate::book) fn read_named(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.find(name) {
            Some(entry) => self.read(entry),
            None => Ok(None),
        }
    }
}

fn too_many() -> Error {
    Error::Unsupported(format!("it has more than {MOST_ENTRIES} parts"))
}

/// One form for names that differ in normal form or case only.
fn fold(name: &str) -> String {
    name.trim_start_matches('/').nfc().collect::<String>().to_lowercase()
}

/// What the end record says of the directory.
#[derive(Default)]
struct Announced {
    entries: usize,
    /// In bytes.
    directory: usize,
}

/// The end record, read before the directory is loaded; 65,535 entries and 4 GB stand for "more, see ZIP64".
fn announced(bytes: &[u8]) -> Option<Announced> {
    const END: usize = 22;
    const LONGEST_COMMENT: usize = 65_535;
    let from = bytes.len().saturating_sub(END + LONGEST_COMMENT);
    let at = from + bytes[from..].windows(4).rposition(|four| four == b"PK\x05\x06")?;
    let entries = u16::from_le_bytes(bytes.get(at + 10..at + 12)?.try_into().ok()?);
    let directory = u32::from_le_bytes(bytes.get(at + 12..at + 16)?.try_into().ok()?);
    Some(Announced { entries: usize::from(entries), directory: usize::try_from(directory).unwrap_or(usize::MAX) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn long_directories_are_not_loaded() {
        let end = |entries: u16, directory: u32| {
            let mut end = b"PK\x05\x06\0\0\0\0\0\0".to_vec();
            end.extend(entries.to_le_bytes());
            end.extend(directory.to_le_bytes());
            end.extend([0; 6]);
            end
        };
        let refused = |file: Vec<u8>| Archive::open(&file).err();
        assert_eq!(refused(end(12_001, 0)), Some(too_many()));
        assert_eq!(refused([vec![0; 6 << 20], end(1, 5 << 20)].concat()), Some(too_many()));
        assert_ne!(refused(end(1, 0)), Some(too_many()));
    }

    #[test]
    fn a_damaged_length_of_the_directory_loses_nothing() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("a.txt", zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(b"text").expect("its bytes");
        let whole = zip.finish().expect("an archive").into_inner();
        for length in [u32::MAX, 5 << 20] {
            let mut file = whole.clone();
            let at = file.len() - 10;
            file[at..at + 4].copy_from_slice(&length.to_le_bytes());
            let mut archive = Archive::open(&file).expect("opens");
            assert!(archive.is_rebuilt());
            assert_eq!(archive.read_named("a.txt"), Ok(Some(b"text".to_vec())));
        }
    }
}
