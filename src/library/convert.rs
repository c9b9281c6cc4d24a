//! A book in a format that it has no file in: made from one it has, once, and kept by content hash.
//!
//! A conversion is a cache: it can be made again at any time, is made again when the writers or the book's record
//! change, and goes when its book goes or nobody has had it made for a while. The serving process does not convert
//! itself: it runs `shutong convert` under limits ([`Converter::Apart`]), so that a book made to exhaust a converter
//! costs that book's conversion and nothing else.

mod apart;
mod wanted;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::{Condvar, Mutex};

use super::link::offers;
use super::{Error, Library, Result, covers};
use crate::book::{self, Corrections, Format, ReadOptions, WriteOptions};
use crate::store::records::{BookField, BookRecord, ConversionRecord, Edition};
use crate::store::schema::CONVERSIONS;
use crate::store::{ContentHash, Durability};

/// Counts up when writers change so much that what they made before should be made again.
const VERSION: u32 = 1;
/// Conversions at one time. Each takes a processor.
const AT_ONCE: usize = 2;
/// Conversions that wait for their turn; who comes then is told to come back.
const WAITING: usize = 30;
/// How long a conversion is kept after it was made. To make it again takes milliseconds.
const KEPT: TimeDelta = TimeDelta::days(90);

/// Who converts.
#[derive(Clone, Debug)]
pub enum Converter {
    /// This process, without limits: for commands that end anyway.
    Here,
    /// A process of its own.
    Apart {
        /// This program's file.
        program: PathBuf,
        /// The most memory it may take.
        megabytes: u64,
        /// The most processor time it may take.
        seconds: u64,
    },
}

/// A file of a book, ready to be handed out.
#[derive(Clone, Debug)]
pub struct BookFile {
    /// Its format.
    pub format: Format,
    /// Its bytes' hash.
    pub hash: ContentHash,
    /// Its size.
    pub bytes: u64,
    /// Where it is.
    pub path: PathBuf,
    /// The name it came under; of a conversion, the source's with another extension.
    pub file_name: String,
}

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Target {
    format: Format,
    /// An EPUB with nothing in it that Amazon refuses.
    for_kindle: bool,
}

/// How a conversion stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// It has not been asked for.
    Possible,
    /// It waits for its turn, or is being made.
    Wanted,
    /// It is there.
    Made {
        /// Its size.
        bytes: u64,
    },
    /// It was tried.
    Failed {
        /// Why it cannot be.
        reason: String,
    },
}

/// Conversions under way and those that wait.
#[derive(Default)]
pub(super) struct Converting {
    state: Mutex<State>,
    ended: Condvar,
    wanted: wanted::Wanted,
}

#[derive(Default)]
struct State {
    running: usize,
    waiting: usize,
    /// One lock for each conversion that somebody wants, so that two do not make the same.
    keys: HashMap<(String, String), Arc<Mutex<()>>>,
}

impl Library {
    /// The file of this name, made if it has to be. Takes as long as the conversion, usually milliseconds.
    ///
    /// # Errors
    /// [`Error::Unconvertible`] if the book cannot be had in that format, [`Error::Busy`] if too many wait; else when
    /// the store fails.
    pub fn obtain(&self, book: &BookRecord, file: &str, now: DateTime<Utc>) -> Result<Option<BookFile>> {
        let Some(offer) = offers(book).into_iter().find(|offer| offer.name == file) else { return Ok(None) };
        if let Some(edition) = offer.edition {
            return Ok(Some(self.file_of(edition)));
        }
        self.made(book, Target::from(offer.format), now).map(Some)
    }

    /// The file that is best read: an EPUB, made if it has to be, else a PDF, else whatever there is. For a Kindle an
    /// EPUB that Amazon takes, made even from one that is there, or a file of another kind that it takes.
    ///
    /// # Errors
    /// As [`Library::obtain`].
    pub fn obtain_for_reading(&self, book: &BookRecord, for_kindle: bool, now: DateTime<Utc>) -> Result<BookFile> {
        const TAKEN: [Format; 4] = [Format::Pdf, Format::Docx, Format::Doc, Format::Rtf];
        let of = |format: Format| book.editions.iter().find(|edition| edition.format == format);
        if !for_kindle && let Some(epub) = of(Format::Epub) {
            return Ok(self.file_of(epub));
        }
        let made = self.made(book, Target { format: Format::Epub, for_kindle }, now);
        let Err(Error::Unconvertible(why)) = made else { return made };
        let other = TAKEN.into_iter().find_map(of).or_else(|| book.editions.first().filter(|_| !for_kindle));
        other.map(|edition| self.file_of(edition)).ok_or(Error::Unconvertible(why))
    }

    /// Made from the first source that can be converted.
    fn made(&self, book: &BookRecord, target: Target, now: DateTime<Utc>) -> Result<BookFile> {
        let mut refused = None;
        for source in sources(book) {
            match self.converted(book, source, target, now) {
                Ok(made) => return Ok(made),
                Err(Error::Unconvertible(reason)) => refused = refused.or(Some(reason)),
                Err(error) => return Err(error),
            }
        }
        Err(Error::Unconvertible(refused.unwrap_or_else(|| "it has no file that can be read".into())))
    }

    /// How a conversion stands, for lists.
    ///
    /// # Errors
    /// When the store fails.
    pub fn conversion_of(&self, book: &BookRecord, format: Format) -> Result<Conversion> {
        let mut tried = Conversion::Possible;
        for source in sources(book) {
            match self.conversion(book, source, Target::from(format))?.map(|record| record.outcome) {
                Some(Ok((_, bytes))) => return Ok(Conversion::Made { bytes }),
                Some(Err(reason)) => tried = Conversion::Failed { reason },
                None => return Ok(Conversion::Possible),
            }
        }
        Ok(tried)
    }

    fn file_of(&self, edition: &Edition) -> BookFile {
        BookFile {
            format: edition.format,
            hash: edition.hash.clone(),
            bytes: edition.bytes,
            path: self.edition_path(edition),
            file_name: edition.file_name.clone(),
        }
    }

    /// Stands for what a conversion depends on besides its source.
    fn maker(&self, book: &BookRecord) -> String {
        // One that is drawn depends on nothing else than what stands here anyway.
        let own = book.cover.as_ref().filter(|cover| !cover.drawn);
        let cover = own.map(|cover| cover.picture.to_string()).unwrap_or_default();
        let (authors, adverts) = (book.authors.join("|"), self.adverts.read().join("|"));
        let mut depends = format!("{VERSION}|{}|{authors}|{cover}|{adverts}", book.title);
        if covers::is_chosen(book) {
            depends += "|chosen";
        }
        if let Some(language) = own_language(book) {
            depends = format!("{depends}|language {language}");
        }
        ContentHash::of(depends.as_bytes()).as_str()[..16].to_owned()
    }

    /// What is kept of a conversion, if it still holds.
    fn conversion(&self, book: &BookRecord, source: &Edition, target: Target) -> Result<Option<ConversionRecord>> {
        let record = self.store.get(&CONVERSIONS, &key(source, target))?;
        let is_there = |record: &ConversionRecord| match &record.outcome {
            Ok((hash, _)) => self.store.files().path(hash).exists(),
            Err(_) => true,
        };
        Ok(record.filter(|record| record.maker == self.maker(book) && is_there(record)))
    }

    fn converted(&self, book: &BookRecord, source: &Edition, target: Target, now: DateTime<Utc>) -> Result<BookFile> {
        if let Some(record) = self.conversion(book, source, target)? {
            return self.kept(record, source, target);
        }
        let key = key(source, target);
        let lock = Arc::clone(self.converting.state.lock().keys.entry(key.clone()).or_default());
        let made = {
            let _alone = lock.lock();
            match self.conversion(book, source, target)? {
                // Somebody else made it meanwhile.
                Some(record) => Ok(record),
                None => self.make(book, source, target, now),
            }
        };
        let mut state = self.converting.state.lock();
        drop(lock);
        if state.keys.get(&key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            state.keys.remove(&key);
        }
        drop(state);
        self.kept(made?, source, target)
    }

    fn kept(&self, record: ConversionRecord, source: &Edition, target: Target) -> Result<BookFile> {
        let (hash, bytes) = record.outcome.map_err(Error::Unconvertible)?;
        let path = self.store.files().path(&hash);
        let file_name = Path::new(&source.file_name).with_extension(target.format.extension());
        let file_name = file_name.to_string_lossy().into_owned();
        Ok(BookFile { format: target.format, hash, bytes, path, file_name })
    }

    fn make(
        &self,
        book: &BookRecord,
        source: &Edition,
        target: Target,
        now: DateTime<Utc>,
    ) -> Result<ConversionRecord> {
        let _turn = self.converting.turn().ok_or(Error::Busy)?;
        let converter = self.converter.read().clone();
        let outcome = match converter {
            Converter::Here => self.convert_here(book, source, target),
            Converter::Apart { program, megabytes, seconds } => {
                self.convert_apart(book, source, target, &program, megabytes, seconds)
            }
        };
        // The file must not be collected before its record is there.
        let _no_garbage_is_collected = self.adding.read();
        let outcome = match outcome? {
            Ok(bytes) => {
                let size = bytes.len() as u64;
                Ok((self.store.files().put(&bytes)?, size))
            }
            Err(reason) => {
                log::warn!("{} cannot be converted to {}: {reason}", source.file_name, target.format);
                Err(reason)
            }
        };
        let record = ConversionRecord { outcome, maker: self.maker(book), made_at: now };
        self.store.write(Durability::Soon, |write| write.put(&CONVERSIONS, &key(source, target), &record))?;
        Ok(record)
    }

    fn convert_here(
        &self,
        book: &BookRecord,
        source: &Edition,
        target: Target,
    ) -> Result<std::result::Result<Vec<u8>, String>> {
        let bytes = self.store.files().read(&source.hash)?;
        let cover = book.cover.as_ref().and_then(|cover| self.store.files().read(&cover.picture).ok());
        let cover = Some(cover.unwrap_or_else(|| covers::drawing(book)));
        let is_chosen = covers::is_chosen(book);
        let corrections = Corrections {
            title: Some(book.title.clone()),
            authors: book.authors.clone(),
            language: own_language(book).map(str::to_owned),
            cover: cover.clone().filter(|_| is_chosen),
            default_cover: cover.filter(|_| !is_chosen),
        };
        let adverts = self.adverts.read().clone();
        let read = ReadOptions { file_name: Some(&source.file_name), adverts: &adverts, ..ReadOptions::default() };
        let write = WriteOptions { for_kindle: target.for_kindle, ..WriteOptions::default() };
        let written = book::convert(&bytes, &read, &corrections, target.format, &write);
        Ok(written.map(|written| written.bytes).map_err(|error| error.to_string()))
    }

    /// The files of all conversions there are.
    pub(super) fn made_files(&self) -> Result<std::collections::HashSet<ContentHash>> {
        const PAGE: usize = 1_000;
        let mut files = std::collections::HashSet::new();
        let mut after = None;
        loop {
            let page = self.store.page(&CONVERSIONS, after.as_ref(), PAGE)?;
            files.extend(page.iter().filter_map(|(_, record)| Some(record.outcome.as_ref().ok()?.0.clone())));
            let Some((last, _)) = page.into_iter().next_back() else { return Ok(files) };
            after = Some(last);
        }
    }

    /// Forgets conversions whose source is gone, and old ones; says which of their files stay.
    pub(super) fn sweep_conversions(
        &self,
        named: &std::collections::HashSet<ContentHash>,
        now: DateTime<Utc>,
    ) -> Result<Vec<ContentHash>> {
        const PAGE: usize = 1_000;
        let mut files = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.page(&CONVERSIONS, after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(files) };
            after = Some(last.clone());
            let (stay, go): (Vec<_>, Vec<_>) = page.into_iter().partition(|((source, _), record)| {
                record.made_at + KEPT > now && source.parse().is_ok_and(|source: ContentHash| named.contains(&source))
            });
            files.extend(stay.into_iter().filter_map(|(_, record)| record.outcome.ok().map(|(hash, _)| hash)));
            if !go.is_empty() {
                self.store.write(Durability::Soon, |write| {
                    go.iter().for_each(|(key, _)| write.delete(&CONVERSIONS, key));
                    Ok::<_, Error>(())
                })?;
            }
        }
    }
}

impl Converting {
    /// Waits for a turn; none if too many wait.
    fn turn(&self) -> Option<Turn<'_>> {
        let mut state = self.state.lock();
        if state.waiting >= WAITING {
            return None;
        }
        state.waiting += 1;
        while state.running >= AT_ONCE {
            self.ended.wait(&mut state);
        }
        state.waiting -= 1;
        state.running += 1;
        Some(Turn(self))
    }
}

struct Turn<'c>(&'c Converting);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state.lock().running -= 1;
        self.0.ended.notify_one();
    }
}

fn key(source: &Edition, target: Target) -> (String, String) {
    let extension = target.format.extension();
    (source.hash.to_string(), if target.for_kindle { format!("kindle-{extension}") } else { extension.to_owned() })
}

/// The language, if the owner has set it; else the file knows best.
fn own_language(book: &BookRecord) -> Option<&str> {
    book.language.as_deref().filter(|_| book.is_edited(BookField::Language))
}

impl From<Format> for Target {
    fn from(format: Format) -> Target {
        Target { format, for_kindle: false }
    }
}

/// The files that a conversion can start from, the best first: what has structure before what has none.
fn sources(book: &BookRecord) -> Vec<&Edition> {
    let mut sources: Vec<&Edition> = book.editions.iter().filter(|edition| edition.format.is_readable()).collect();
    sources.sort_by_key(|edition| match edition.format {
        Format::Epub => 0,
        Format::Azw3 => 1,
        Format::Fb2 | Format::Docx => 2,
        Format::Html | Format::Markdown => 3,
        Format::Mobi => 4,
        _ => 5,
    });
    sources
}
