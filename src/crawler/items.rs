//! A book that is one file: fetched, looked at, handed to the library. And full texts of a feed, bound into one.
//!
//! What the source says of a book is believed where the file itself says nothing. A file that is none, because the
//! site sent a page of its own under its name, is tried again later and never kept.

use url::Url;

use super::feeds::Entry;
use super::fetch::{Document, Fetched, Validators, Wanted};
use super::pass::{Pass, Step};
use super::{Error, Result, judge};
use crate::book::bound::{Leaf, LeafText, bound};
use crate::book::{Contributor, Format, Metadata, Role, WriteOptions, write};
use crate::http::guarded::Method;
use crate::library::{AddError, Added, Found, Told};
use crate::store::ContentHash;
use crate::store::records::{BookId, CrawlItemRecord, FeedUse, ItemState, Provenance};
use crate::store::schema::CRAWL_ITEMS;

/// How often something that is no book is fetched again, before it is left alone.
const MOST_TRIES: u32 = 4;
/// Largest picture fetched for a cover, in bytes.
const COVER_BYTES: u64 = 10 * 1024 * 1024;

/// A file for the library.
pub(super) struct Arrived<'a> {
    pub(super) file_name: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) url: &'a str,
    pub(super) cover: Option<&'a [u8]>,
    pub(super) is_incomplete: bool,
}

/// What the library made of it.
pub(super) enum Kept {
    Book(BookId, Change),
    Refused(String),
}

/// What that was to the library.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    New,
    More,
    Known,
}

impl Pass<'_> {
    /// Fetches a book that waits.
    pub(super) fn fetch_item(&mut self, id: &str) -> Step {
        let key = (self.name.clone(), id.to_owned());
        let Some(item) = self.crawler.store.get(&CRAWL_ITEMS, &key)? else { return Ok(()) };
        self.show(&item.title);
        if item.serial.is_some() { self.gather(id, item) } else { self.fetch_file(id, item) }
    }

    fn fetch_file(&mut self, id: &str, mut item: CrawlItemRecord) -> Step {
        self.take_share()?;
        let Ok(url) = Url::parse(item.file_url.as_ref().unwrap_or(&item.url)) else {
            return self.note(id, item, ItemState::Refused { reason: "its address is none".into() }, None);
        };
        let has_before = item.hash.is_some();
        let validators = Validators { etag: item.etag.clone(), last_modified: item.last_modified.clone() };
        let wanted = Wanted {
            method: Method::Get,
            headers: Vec::new(),
            body: None,
            most_bytes: self.crawler.settings.manners.book_bytes,
            validators: Some(validators).filter(|_| has_before),
            referer: None,
            url,
        };
        match self.ask(&wanted)? {
            Ok(Fetched::Unchanged) => self.note(id, item, ItemState::Done, Some(Change::Known)),
            Ok(Fetched::Whole(document)) => {
                item.fetched_at = Some(self.crawler.now());
                self.keep_file(id, item, &document)
            }
            Err(error) if error.is_passing() => {
                let state = self.failed(&item.state, error.to_string());
                self.note(id, item, state, None)
            }
            Err(error) => self.note(id, item, ItemState::Refused { reason: error.to_string() }, None),
        }
    }

    fn keep_file(&mut self, id: &str, mut item: CrawlItemRecord, document: &Document) -> Step {
        let format = match judge::file(&document.bytes, item.format) {
            Ok(format) => format,
            Err(no_book) => {
                let state = self.failed(&item.state, no_book.to_string());
                let state = match state {
                    ItemState::Failed { tries, reason, .. } if tries >= MOST_TRIES => ItemState::Refused { reason },
                    state => state,
                };
                return self.note(id, item, state, None);
            }
        };
        if !self.source.formats.is_empty() && !self.source.formats.contains(&format) {
            let reason = format!("it is {format}, which this source is not to bring");
            return self.note(id, item, ItemState::Refused { reason }, None);
        }
        let file_name = file_name_of(document, &item, format);
        let cover = if has_own_cover(format) { None } else { self.fetch_cover(item.cover.as_deref())? };
        let arrived = Arrived {
            file_name: &file_name,
            bytes: &document.bytes,
            url: document.url.as_str(),
            cover: cover.as_deref(),
            is_incomplete: false,
        };
        match self.keep(&item, &arrived)? {
            Kept::Book(book, change) => {
                item.book = Some(book);
                item.hash = Some(ContentHash::of(&document.bytes));
                // Not before: a page of the site's own in the file's place has validators, too.
                item.etag = document.validators.etag.clone();
                item.last_modified = document.validators.last_modified.clone();
                self.note(id, item, ItemState::Done, Some(change))
            }
            Kept::Refused(reason) => self.note(id, item, ItemState::Refused { reason }, None),
        }
    }

    /// Hands a file to the library.
    pub(super) fn keep(&self, item: &CrawlItemRecord, arrived: &Arrived<'_>) -> Result<Kept> {
        let now = self.crawler.now();
        let told = Told {
            title: Some(item.title.clone()).filter(|title| !title.is_empty()),
            authors: item.authors.clone(),
            language: item.language.clone(),
            publisher: item.publisher.clone(),
            published: item.published.clone(),
            description: item.description.clone(),
            subjects: item.subjects.clone(),
            isbns: item.identifiers.clone(),
            ..Told::default()
        };
        let origin = Provenance {
            source: self.name.clone(),
            url: arrived.url.to_owned(),
            licence: item.licence.clone().unwrap_or_else(|| self.source.licence.clone()),
            rights: self.source.rights.clone(),
            fetched_at: now,
        };
        // A file that the library shares with others is not replaced under their hands.
        let supersedes = item.hash.as_ref().filter(|hash| **hash != ContentHash::of(arrived.bytes));
        let found = Found {
            file_name: arrived.file_name,
            bytes: arrived.bytes,
            told,
            cover: arrived.cover,
            origin,
            supersedes,
            is_incomplete: arrived.is_incomplete,
        };
        match self.crawler.library.add_found(found, now) {
            Ok(Added::New(book)) => Ok(Kept::Book(book, Change::New)),
            Ok(Added::NewFormat(book) | Added::Updated(book)) => Ok(Kept::Book(book, Change::More)),
            Ok(Added::Known(book)) => Ok(Kept::Book(book, Change::Known)),
            Err(AddError::Library(error)) => Err(Error::Library(error)),
            Err(error) => Ok(Kept::Refused(error.to_string())),
        }
    }

    /// A picture for a book that has none; that there is none is no failure.
    pub(super) fn fetch_cover(&mut self, url: Option<&str>) -> Step<Option<Vec<u8>>> {
        let Some(url) = url.and_then(|url| Url::parse(url).ok()) else { return Ok(None) };
        let wanted = Wanted { most_bytes: COVER_BYTES, ..self.page_wanted(url) };
        let Ok(Fetched::Whole(document)) = self.ask(&wanted)? else { return Ok(None) };
        let is_picture = crate::book::is_picture(&document.bytes);
        Ok(is_picture.then(|| document.bytes.to_vec()))
    }

    /// Notes how a book stands now, and for the owner what happened.
    pub(super) fn note(&mut self, id: &str, item: CrawlItemRecord, state: ItemState, change: Option<Change>) -> Step {
        let outcome = match (&state, change) {
            (ItemState::Done, Some(Change::New)) => "added".to_owned(),
            (ItemState::Done, Some(Change::More)) => "added to a book, or brought up to date".to_owned(),
            (ItemState::Done, _) => "known".to_owned(),
            (ItemState::Failed { reason, tries, .. }, _) => format!("{reason} (try {tries})"),
            (ItemState::Refused { reason }, _) => format!("left alone: {reason}"),
            (ItemState::Waiting, _) => "waits".to_owned(),
        };
        let is_failure = !matches!(state, ItemState::Done | ItemState::Waiting);
        let counted = match (&state, change) {
            (ItemState::Done, Some(Change::New)) => "added",
            (ItemState::Done, Some(Change::More)) => "updated",
            (ItemState::Done | ItemState::Waiting, _) => "known",
            (ItemState::Failed { .. }, _) => "failed",
            (ItemState::Refused { .. }, _) => "refused",
        };
        self.crawler.count_outcome(&self.name, counted);
        let line = self.line(&format!("{} {}", item.title, item.url), &outcome, is_failure);
        let (name, key) = (self.name.clone(), (self.name.clone(), id.to_owned()));
        let item = CrawlItemRecord { state, ..item };
        if matches!(item.state, ItemState::Failed { .. }) {
            self.again.insert((item.turn, id.to_owned()));
        }
        self.write(u32::from(item.serial.is_none()), |write, done| {
            match change {
                Some(Change::New) => done.added += 1,
                Some(Change::More) => done.updated += 1,
                Some(Change::Known) => done.known += 1,
                None => done.failed += u32::from(is_failure),
            }
            write.put(&CRAWL_ITEMS, &key, &item)?;
            super::journal::note_line(write, &name, &line)
        })?;
        Ok(())
    }

    /// Takes the full texts of a feed that are new: as the day's book, or as drafts of articles.
    pub(super) fn take_full_texts(&mut self, title: Option<&str>, entries: &[Entry]) -> Step {
        let mut fresh = Vec::new();
        for entry in entries {
            let key = (self.name.clone(), entry.id.clone());
            if self.crawler.store.get(&CRAWL_ITEMS, &key)?.is_none() {
                fresh.push(entry);
            }
        }
        // Feeds begin with the newest.
        fresh.reverse();
        if fresh.is_empty() {
            return Ok(());
        }
        let issue = match self.source.feed_use {
            FeedUse::Books => return Ok(()),
            FeedUse::Periodical => match self.bind_periodical(title, &fresh)? {
                Some(issue) => Some(issue),
                // They come with the next pass again.
                None => return Ok(()),
            },
            FeedUse::Articles => {
                fresh.retain(|entry| self.bring_article(entry));
                None
            }
        };
        let (name, now) = (self.name.clone(), self.crawler.now());
        let line = self.line(title.unwrap_or(&self.source.title), &format!("{} new texts", fresh.len()), false);
        self.write(0, |write, done| {
            done.found += fresh.len() as u32;
            done.added += u32::from(issue.is_some());
            let book = issue.as_ref().and_then(|(_, issue)| issue.book);
            if let Some((id, issue)) = &issue {
                write.put(&CRAWL_ITEMS, &(name.clone(), id.clone()), issue)?;
            }
            for entry in &fresh {
                let item = CrawlItemRecord {
                    title: entry.title.clone(),
                    url: entry.page.as_ref().map(Url::to_string).unwrap_or_default(),
                    stamp: entry.updated.clone(),
                    state: ItemState::Done,
                    book,
                    found_at: now,
                    fetched_at: Some(now),
                    ..CrawlItemRecord::default()
                };
                write.put(&CRAWL_ITEMS, &(name.clone(), entry.id.clone()), &item)?;
            }
            super::journal::note_line(write, &name, &line)
        })?;
        Ok(())
    }

    /// Binds an issue, and gives what is to be noted of it.
    fn bind_periodical(&mut self, title: Option<&str>, entries: &[&Entry]) -> Step<Option<(String, CrawlItemRecord)>> {
        let now = self.crawler.now();
        let zone = self.source.time_zone.unwrap_or(self.crawler.settings.time_zone);
        let day = now.with_timezone(&zone).format("%F");
        let name = if self.source.title.is_empty() { title.unwrap_or(&self.name) } else { &self.source.title };
        // A second issue of one day is a book of its own.
        let mut full = format!("{name} {day}");
        for number in 2.. {
            let id = format!("{PERIODICAL}{full}");
            if self.crawler.store.get(&CRAWL_ITEMS, &(self.name.clone(), id))?.is_none() {
                break;
            }
            full = format!("{name} {day} ({number})");
        }
        let leaves = entries.iter().map(|entry| Leaf {
            title: entry.title.clone(),
            is_volume: false,
            text: LeafText::Markup(entry.html.clone().unwrap_or_default()),
        });
        let item = CrawlItemRecord {
            title: full.clone(),
            authors: vec![name.to_owned()],
            url: self.source.url.clone(),
            published: Some(day.to_string()),
            state: ItemState::Done,
            found_at: now,
            fetched_at: Some(now),
            ..CrawlItemRecord::default()
        };
        let bytes = match bind(&item, leaves.collect(), None) {
            Ok(bytes) => bytes,
            Err(error) => {
                log::warn!(source = self.name.as_str(); "the feed's texts make no book: {error}");
                return Ok(None);
            }
        };
        let arrived = Arrived {
            file_name: &format!("{full}.epub"),
            bytes: &bytes,
            url: &self.source.url,
            cover: None,
            is_incomplete: false,
        };
        let Kept::Book(book, _) = self.keep(&item, &arrived)? else { return Ok(None) };
        let item = CrawlItemRecord { book: Some(book), hash: Some(ContentHash::of(&bytes)), ..item };
        Ok(Some((format!("{PERIODICAL}{full}"), item)))
    }

    /// Brings a text as a draft, and says whether that is done.
    fn bring_article(&self, entry: &Entry) -> bool {
        let origin = entry.page.as_ref().map(Url::to_string).unwrap_or_default();
        let html = entry.html.as_deref().unwrap_or_default();
        let brought = self.crawler.articles.bring_text(&entry.title, html, &origin, self.crawler.now());
        if let Err(error) = &brought {
            log::warn!(source = self.name.as_str(), title = entry.title.as_str(); "no article: {error}");
        }
        brought.is_ok()
    }
}

/// In front of the titles of a feed's issues, where its texts have what the feed knows them by.
const PERIODICAL: &str = "issue:";

/// Binds leaves into an EPUB.
///
/// # Errors
/// When they make no book.
pub(super) fn bind(
    item: &CrawlItemRecord,
    leaves: Vec<Leaf>,
    cover: Option<Vec<u8>>,
) -> Result<Vec<u8>, crate::book::Error> {
    let metadata = Metadata {
        title: item.title.clone(),
        contributors: item.authors.iter().map(|name| Contributor::new(name, Role::Author)).collect(),
        language: item.language.clone(),
        publisher: item.publisher.clone(),
        published: item.published.clone(),
        description: item.description.clone(),
        subjects: item.subjects.clone(),
        rights: item.licence.clone(),
        source: Some(item.url.clone()),
        ..Metadata::default()
    };
    let book = bound(metadata, leaves, cover)?;
    Ok(write(&book, Format::Epub, &WriteOptions::default())?.bytes)
}

/// Whether files of a format bring their covers.
fn has_own_cover(format: Format) -> bool {
    !matches!(format, Format::Txt | Format::Html | Format::Markdown | Format::Pdf | Format::Doc | Format::Rtf)
}

/// What a file is called in the library: the site's name for it, else its title, with the right ending.
fn file_name_of(document: &Document, item: &CrawlItemRecord, format: Format) -> String {
    let of_url = || {
        let last = document.url.path_segments()?.next_back()?;
        let name = percent_encoding::percent_decode_str(last).decode_utf8().ok()?.into_owned();
        Format::from_file_name(&name).map(|_| name)
    };
    let named = document.file_name.clone().or_else(of_url).filter(|name| Format::from_file_name(name) == Some(format));
    named.unwrap_or_else(|| {
        let title = if item.title.is_empty() { "book" } else { &item.title };
        format!("{}.{}", title.replace(['/', '\\', '\0'], " "), format.extension())
    })
}
