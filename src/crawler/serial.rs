//! A book that comes chapter by chapter: its own page, its contents, its chapters, and the file they are bound into.
//!
//! Every page is in the store before the next one is asked for. Chapters are known by their addresses; the contents say
//! in what order they stand, so one that is put between others later is fetched and takes its place. A book with
//! chapters missing is not published unless the owner says so; what is missing is looked for again in the next pass.

mod chapters;
mod contents;
mod publish;

use super::catalogue::page_of;
use super::fetch::{Document, Fetched, Validators};
use super::pass::{Pass, Step, may_pass};
use super::rules::{self, Kept as Variables};
use super::{Crawler, Result, clean};
use crate::store::ContentHash;
use crate::store::records::{ChapterRecord, ChapterState, CrawlItemRecord, CrawlPageRecord, ItemState, SerialRecord};
use crate::store::schema::{CHAPTERS, CRAWL_ITEMS, CRAWL_PAGES};

/// Chapters of one book.
const MOST_CHAPTERS: usize = 20_000;
/// Longest address that is kept, in bytes.
const MOST_URL: usize = 2_000;

/// Where the chapters of a book are kept.
pub(super) fn key_of(source: &str, item: &str) -> String {
    let digest = ContentHash::of(item.as_bytes());
    format!("{source}/{}", digest.as_str().get(..24).unwrap_or_default())
}

impl Crawler {
    /// The chapters that a book of a source lacks: title, and why.
    ///
    /// # Errors
    /// When the store fails.
    pub fn missing_chapters(&self, source: &str, item: &str) -> Result<Vec<(String, String)>> {
        let all = self.store.under(&CHAPTERS, &key_of(source, item), MOST_CHAPTERS * 2)?;
        let newest = all.iter().map(|(_, chapter)| chapter.seen_in).max().unwrap_or_default();
        let mut missing: Vec<(u32, String, String)> = Vec::new();
        for (_, chapter) in all {
            let why = match chapter.state {
                ChapterState::Failed { reason, .. } => reason,
                ChapterState::Waiting | ChapterState::Begun { .. } => "not fetched yet".to_owned(),
                ChapterState::Done => continue,
            };
            if !chapter.is_volume && chapter.seen_in == newest {
                missing.push((chapter.number, chapter.title, why));
            }
        }
        missing.sort();
        Ok(missing.into_iter().map(|(_, title, why)| (title, why)).collect())
    }
}

/// Why a page of a book could not be used.
enum Trouble {
    /// It may be had later.
    Passing(String),
    Lasting(String),
}

/// A book being gathered.
struct Gathering {
    id: String,
    key: String,
    item: CrawlItemRecord,
    serial: SerialRecord,
}

impl Gathering {
    fn record(&self) -> CrawlItemRecord {
        CrawlItemRecord { serial: Some(self.serial.clone()), ..self.item.clone() }
    }

    fn kept(&self) -> Variables {
        serde_json::from_value(self.serial.kept.clone()).unwrap_or_default()
    }

    fn keep(&mut self, kept: &Variables) {
        self.serial.kept = serde_json::to_value(kept).unwrap_or_default();
    }
}

impl Pass<'_> {
    /// Brings a book of chapters up to date.
    pub(super) fn gather(&mut self, id: &str, mut item: CrawlItemRecord) -> Step {
        let serial = item.serial.take().unwrap_or_default();
        let mut book = Gathering { id: id.to_owned(), key: key_of(&self.name, id), item, serial };
        if self.rules.is_none() {
            return self.put_off(book, Trouble::Lasting("the source has no rules to read it by".into()));
        }
        let page = match self.read_detail(&mut book)? {
            Ok(page) => page,
            Err(trouble) => return self.put_off(book, trouble),
        };
        // The site may have the book as a file after all.
        if let Some(file) = page.file {
            return self.turn_into_file(book, file);
        }
        if let Err(trouble) = self.read_contents(&mut book, page.document.as_ref())? {
            return self.put_off(book, trouble);
        }
        self.fetch_chapters(&mut book)?;
        self.publish(book)
    }

    /// Reads the book's own page, once in its life: later passes look at its contents.
    fn read_detail(&mut self, book: &mut Gathering) -> Step<Result<Detail, Trouble>> {
        if book.serial.detail_in > 0 {
            return Ok(Ok(Detail::default()));
        }
        let url = book.item.url.clone();
        let document = match self.ask_by_rules(&url, None)? {
            Ok(Some(document)) => document,
            Ok(None) => return Ok(Err(Trouble::Passing("the site says nothing has changed".into()))),
            Err(trouble) => return Ok(Err(trouble)),
        };
        let Some(rules) = &self.rules else { return Ok(Ok(Detail::default())) };
        let mut kept = book.kept();
        let detail = match rules.read_detail(&page_of(&document), &mut kept) {
            Ok(detail) => detail,
            Err(error) => return Ok(Err(Trouble::Passing(error.to_string()))),
        };
        // A page of the site's own in its place has nothing of a book.
        if detail.title.is_none() && detail.contents_url.is_none() && detail.files.is_empty() {
            let first = rules.read_contents(&page_of(&document), &mut kept);
            if first.map_or(true, |contents| contents.chapters.is_empty()) {
                return Ok(Err(Trouble::Passing("its page says nothing of a book".into())));
            }
        }
        book.keep(&kept);
        let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        if let Some(title) = said(detail.title) {
            book.item.title = clean::title(&title);
        }
        if let Some(author) = said(detail.author) {
            book.item.authors = vec![clean::author(&author)];
        }
        book.item.description = said(detail.intro).or_else(|| book.item.description.take());
        book.item.cover = said(detail.cover).or_else(|| book.item.cover.take());
        if let Some(file) = detail.files.into_iter().next() {
            return Ok(Ok(Detail { file: Some(file), document: None }));
        }
        book.serial.contents_url = said(detail.contents_url).unwrap_or(url.clone());
        book.serial.detail_in = self.number;
        self.save(book)?;
        let is_here = book.serial.contents_url == url || book.serial.contents_url == document.url.as_str();
        Ok(Ok(Detail { file: None, document: is_here.then_some(document) }))
    }

    fn turn_into_file(&mut self, book: Gathering, file: String) -> Step {
        let item = CrawlItemRecord { file_url: Some(file), serial: None, state: ItemState::Waiting, ..book.item };
        let (key, turn) = ((self.name.clone(), book.id.clone()), item.turn);
        self.write(0, |write, _| write.put(&CRAWL_ITEMS, &key, &item))?;
        // It comes next, by the other way.
        self.again.insert((turn, book.id));
        Ok(())
    }

    fn save(&mut self, book: &Gathering) -> Step {
        let (key, item) = ((self.name.clone(), book.id.clone()), book.record());
        self.write(0, |write, _| write.put(&CRAWL_ITEMS, &key, &item))?;
        Ok(())
    }

    /// The chapters that stand in the contents, in their order.
    fn chapters_of(&self, book: &Gathering) -> Result<Vec<(String, ChapterRecord)>> {
        let all = self.crawler.store.under(&CHAPTERS, &book.key, MOST_CHAPTERS * 2)?;
        let mut chapters: Vec<(String, ChapterRecord)> = all
            .into_iter()
            .filter(|(_, chapter)| chapter.seen_in == book.serial.listed_in)
            .map(|((_, url), chapter)| (url, chapter))
            .collect();
        chapters.sort_by_key(|(_, chapter)| chapter.number);
        if self.has_newest_first() {
            chapters.reverse();
        }
        Ok(chapters)
    }

    fn has_newest_first(&self) -> bool {
        self.rules.as_ref().is_some_and(rules::Source::has_newest_first)
    }

    fn text_of(&self, chapter: &ChapterRecord) -> Result<String> {
        let mut pages = Vec::new();
        for hash in &chapter.texts {
            pages.push(String::from_utf8_lossy(&self.crawler.store.files().read(hash)?).into_owned());
        }
        Ok(self.rules.as_ref().map(|rules| rules.finished(&pages)).unwrap_or_default())
    }

    fn put_off(&mut self, book: Gathering, trouble: Trouble) -> Step {
        let item = book.record();
        let state = match trouble {
            Trouble::Passing(why) => self.failed(&item.state, why),
            // A book that was there once is not gone for one bad day.
            Trouble::Lasting(why) if item.serial.as_ref().is_some_and(|serial| serial.complete_in > 0) => {
                self.failed(&item.state, why)
            }
            Trouble::Lasting(reason) => ItemState::Refused { reason },
        };
        self.note(&book.id, item, state, None)
    }

    /// Asks for an address that rules have given. None: it has not changed since `unchanged` was read.
    fn ask_by_rules(&mut self, url: &str, unchanged: Option<&str>) -> Step<Result<Option<Document>, Trouble>> {
        let Some(rules) = &self.rules else { return Ok(Err(Trouble::Lasting("the source has no rules".into()))) };
        let request = match rules.request(url, &self.origin) {
            Ok(request) => request,
            Err(error) => return Ok(Err(Trouble::Lasting(error.to_string()))),
        };
        let charset = request.charset.clone();
        let validators = match unchanged {
            Some(page) => {
                let known: Option<CrawlPageRecord> =
                    self.crawler.store.get(&CRAWL_PAGES, &(self.name.clone(), page.to_owned()))?;
                known.map(|known| Validators { etag: known.etag, last_modified: known.last_modified })
            }
            None => None,
        };
        let wanted = self.wanted_by_rules(request, validators);
        Ok(match self.ask(&wanted)? {
            Ok(Fetched::Unchanged) => Ok(None),
            Ok(Fetched::Whole(document)) => Ok(Some(Document { charset: charset.or(document.charset), ..document })),
            Err(error) if may_pass(&error) => Err(Trouble::Passing(error.to_string())),
            Err(error) => Err(Trouble::Lasting(error.to_string())),
        })
    }
}

/// What the book's own page says.
#[derive(Default)]
struct Detail {
    /// The address of the whole book as a file.
    file: Option<String>,
    /// The page, if it is that of the contents, too.
    document: Option<Document>,
}
