//! A book that comes chapter by chapter: its own page, its contents, its chapters, and the file they are bound into.
//!
//! Every page is in the store before the next one is asked for. Chapters are known by their addresses; the contents say
//! in what order they stand, so one that is put between others later is fetched and takes its place. A book with
//! chapters missing is not published unless the owner says so; what is missing is looked for again in the next pass.

use std::collections::HashSet;

use super::catalogue::page_of;
use super::fetch::{Document, Fetched, Validators};
use super::items::{Arrived, Change, Kept, bind};
use super::judge::{self, Lengths};
use super::pass::{Pass, Step};
use super::rules::{self, Kept as Variables};
use super::{Crawler, Result, clean};
use crate::book::bound::{Leaf, LeafText};
use crate::store::records::{ChapterRecord, ChapterState, CrawlItemRecord, CrawlPageRecord, ItemState, SerialRecord};
use crate::store::schema::{CHAPTERS, CRAWL_ITEMS, CRAWL_PAGES};
use crate::store::{self, ContentHash, Write};

/// Chapters of one book.
const MOST_CHAPTERS: usize = 20_000;
/// Pages of one book's contents.
const MOST_CONTENTS_PAGES: u32 = 1_000;
/// Pages of one chapter.
const MOST_CHAPTER_PAGES: usize = 50;
/// How often the chapters of a book that could not be had are tried before it is put off.
const ROUNDS: u32 = 3;
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
        let item = CrawlItemRecord { url: file, serial: None, state: ItemState::Waiting, ..book.item };
        let (key, turn) = ((self.name.clone(), book.id.clone()), item.turn);
        self.write(0, |write, _| write.put(&CRAWL_ITEMS, &key, &item))?;
        // It comes next, by the other way.
        self.again.insert((turn, book.id));
        Ok(())
    }

    /// Reads the contents, page by page, unless this pass has done so. `first` is their first page, if it came already.
    fn read_contents(&mut self, book: &mut Gathering, first: Option<&Document>) -> Step<Result<(), Trouble>> {
        let number = self.number;
        if book.serial.complete_in >= number {
            return Ok(Ok(()));
        }
        if book.serial.contents_in < number {
            let was_one_page = book.serial.contents_read == 1 && book.serial.complete_in > 0;
            let url = book.serial.contents_url.clone();
            let document = match first {
                Some(document) => document.clone(),
                None => match self.ask_by_rules(&url, was_one_page.then_some(url.as_str()))? {
                    Ok(Some(document)) => document,
                    Ok(None) => {
                        book.serial.complete_in = number;
                        book.serial.contents_in = number;
                        self.save(book)?;
                        return Ok(Ok(()));
                    }
                    Err(trouble) => return Ok(Err(trouble)),
                },
            };
            book.serial.contents_in = number;
            book.serial.contents_next = vec![url];
            (book.serial.contents_read, book.serial.entries) = (0, 0);
            if let Err(trouble) = self.note_contents(book, &document)? {
                book.serial.contents_in = 0;
                return Ok(Err(trouble));
            }
        }
        while let Some(url) = book.serial.contents_next.first().cloned() {
            let document = match self.ask_by_rules(&url, None)? {
                Ok(Some(document)) => document,
                Ok(None) => return Ok(Err(Trouble::Passing("the site says nothing has changed".into()))),
                Err(trouble) => return Ok(Err(trouble)),
            };
            if let Err(trouble) = self.note_contents(book, &document)? {
                return Ok(Err(trouble));
            }
        }
        Ok(Ok(()))
    }

    /// Takes up a page of the contents, in one step with which page is next.
    fn note_contents(&mut self, book: &mut Gathering, document: &Document) -> Step<Result<(), Trouble>> {
        let Some(rules) = &self.rules else { return Ok(Ok(())) };
        let mut kept = book.kept();
        let page = match rules.read_contents(&page_of(document), &mut kept) {
            Ok(page) => page,
            Err(error) => return Ok(Err(Trouble::Passing(error.to_string()))),
        };
        if page.chapters.is_empty() && book.serial.contents_read == 0 {
            return Ok(Err(Trouble::Passing("its contents are empty".into())));
        }
        book.keep(&kept);
        let url = book.serial.contents_next.remove(0);
        let serial = &mut book.serial;
        serial.contents_read += 1;
        let key = (self.name.clone(), url);
        let known: Option<CrawlPageRecord> = self.crawler.store.get(&CRAWL_PAGES, &key)?;
        let read = CrawlPageRecord {
            read_in: self.number,
            etag: document.validators.etag.clone(),
            last_modified: document.validators.last_modified.clone(),
            ..known.unwrap_or_default()
        };
        if serial.contents_read < MOST_CONTENTS_PAGES {
            for next in page.next {
                let known: Option<CrawlPageRecord> =
                    self.crawler.store.get(&CRAWL_PAGES, &(self.name.clone(), next.clone()))?;
                let is_read = next == key.1 || known.is_some_and(|known| known.read_in >= self.number);
                if !is_read && !serial.contents_next.contains(&next) && next.len() <= MOST_URL {
                    serial.contents_next.push(next);
                }
            }
        }
        let first = serial.entries;
        serial.entries += page.chapters.len() as u32;
        serial.listed_in = self.number;
        if serial.contents_next.is_empty() {
            serial.complete_in = self.number;
        }
        let chapters: Vec<_> = page.chapters.into_iter().filter(|chapter| chapter.url.len() <= MOST_URL).collect();
        let has_newest_first = self.has_newest_first();
        let (number, of_book, item) = (self.number, book.key.clone(), book.record());
        let item_key = (self.name.clone(), book.id.clone());
        self.write(0, |write, done| {
            done.pages += 1;
            write.put(&CRAWL_PAGES, &key, &read)?;
            for (at, chapter) in chapters.iter().enumerate() {
                let place = first + at as u32;
                if (place as usize) < MOST_CHAPTERS {
                    note_chapter(write, &of_book, chapter, place, (number, has_newest_first))?;
                }
            }
            write.put(&CRAWL_ITEMS, &item_key, &item)
        })?;
        Ok(Ok(()))
    }

    /// Fetches what is missing, and tries again what could not be had.
    fn fetch_chapters(&mut self, book: &mut Gathering) -> Step {
        let chapters = self.chapters_of(book)?;
        let all = chapters.iter().filter(|(_, chapter)| !chapter.is_volume).count() as u32;
        let mut lengths: Lengths = serde_json::from_value(book.serial.lengths.clone()).unwrap_or_default();
        let mut missing: Vec<usize> = (0..chapters.len()).collect();
        let mut chapters = chapters;
        for round in 0..ROUNDS {
            missing.retain(|&at| chapters.get(at).is_some_and(|(_, chapter)| self.is_missing(chapter, round)));
            let mut there = all.saturating_sub(missing.len() as u32);
            for &at in &missing {
                let title = book.item.title.clone();
                self.progress.set(|now| {
                    now.what = title;
                    now.chapters = Some((there, all));
                });
                let next = chapters.get(at + 1..).and_then(|rest| rest.iter().find(|(_, one)| !one.is_volume));
                let next = next.map(|(url, _)| url.clone());
                let Some((url, chapter)) = chapters.get_mut(at) else { continue };
                let (url, mut one) = (url.clone(), chapter.clone());
                self.fetch_chapter(book, &url, &mut one, next.as_deref(), &mut lengths)?;
                there += u32::from(one.state == ChapterState::Done);
                if let Some((_, chapter)) = chapters.get_mut(at) {
                    *chapter = one;
                }
            }
        }
        Ok(())
    }

    fn is_missing(&self, chapter: &ChapterRecord, round: u32) -> bool {
        match &chapter.state {
            _ if chapter.is_volume => false,
            ChapterState::Done => false,
            ChapterState::Waiting | ChapterState::Begun { .. } => true,
            // What failed in an earlier pass waits for its time; what failed in this one has another round.
            ChapterState::Failed { next_at, .. } => round > 0 || self.is_by_hand() || *next_at <= self.crawler.now(),
        }
    }

    /// Fetches the pages of a chapter that are not there, each kept before the next is asked for.
    fn fetch_chapter(
        &mut self,
        book: &mut Gathering,
        url: &str,
        chapter: &mut ChapterRecord,
        next_chapter: Option<&str>,
        lengths: &mut Lengths,
    ) -> Step {
        if !matches!(chapter.state, ChapterState::Begun { .. }) {
            chapter.texts.clear();
        }
        let mut next = match &chapter.state {
            ChapterState::Begun { next } => next.clone(),
            _ => {
                self.take_share()?;
                vec![url.to_owned()]
            }
        };
        let mut asked: HashSet<String> = [url.to_owned()].into();
        while let Some(page) = next.first().cloned() {
            let read = match self.ask_by_rules(&page, None)? {
                Ok(Some(document)) => self.read_chapter_page(book, &document, next_chapter),
                Ok(None) => Err("the site says nothing has changed".to_owned()),
                Err(Trouble::Passing(why) | Trouble::Lasting(why)) => Err(why),
            };
            let read = match read {
                Ok(read) => read,
                Err(why) => return self.note_chapter_failed(book, url, chapter, why),
            };
            next.remove(0);
            asked.insert(page);
            let fresh = read.next.into_iter().filter(|one| asked.insert(one.clone()) && one.len() <= MOST_URL);
            next.extend(fresh);
            next.truncate(MOST_CHAPTER_PAGES.saturating_sub(chapter.texts.len() + 1));
            let crawler = self.crawler;
            // Until the record names it, nobody may take the file for one that is left over.
            let _held = crawler.library.hold_files();
            chapter.texts.push(crawler.store.files().put(read.text.as_bytes())?);
            if next.is_empty() {
                return self.judge_chapter(book, url, chapter, lengths);
            }
            chapter.state = ChapterState::Begun { next: next.clone() };
            self.save_chapter(book, url, chapter, 0)?;
        }
        Ok(())
    }

    fn read_chapter_page(
        &self,
        book: &mut Gathering,
        document: &Document,
        next_chapter: Option<&str>,
    ) -> Result<rules::ChapterPage, String> {
        let Some(rules) = &self.rules else { return Err("the source has no rules".into()) };
        let mut kept = book.kept();
        let read =
            rules.read_chapter(&page_of(document), &mut kept, next_chapter).map_err(|error| error.to_string())?;
        book.keep(&kept);
        Ok(read)
    }

    /// Looks at a chapter that is all there: a page of the site's own in its place is none.
    fn judge_chapter(
        &mut self,
        book: &mut Gathering,
        url: &str,
        chapter: &mut ChapterRecord,
        lengths: &mut Lengths,
    ) -> Step {
        let text = self.text_of(chapter)?;
        if let Err(suspicion) = judge::chapter(&text, &chapter.title, lengths, &self.source.fail_words) {
            chapter.texts.clear();
            return self.note_chapter_failed(book, url, chapter, suspicion.to_string());
        }
        lengths.add(&text);
        book.serial.lengths = serde_json::to_value(&*lengths).unwrap_or_default();
        chapter.length = text.chars().count() as u32;
        chapter.state = ChapterState::Done;
        self.save_chapter(book, url, chapter, 1)
    }

    fn note_chapter_failed(&mut self, book: &Gathering, url: &str, chapter: &mut ChapterRecord, why: String) -> Step {
        let before = match &chapter.state {
            ChapterState::Failed { reason, tries, next_at } => {
                ItemState::Failed { reason: reason.clone(), tries: *tries, next_at: *next_at }
            }
            _ => ItemState::Waiting,
        };
        let ItemState::Failed { reason, tries, next_at } = self.failed(&before, why) else { return Ok(()) };
        let line = self.line(&format!("{} · {} {url}", book.item.title, chapter.title), &reason, true);
        chapter.state = ChapterState::Failed { reason, tries, next_at };
        let (name, key, record) = (self.name.clone(), (book.key.clone(), url.to_owned()), chapter.clone());
        self.write(1, |write, done| {
            done.failed += 1;
            write.put(&CHAPTERS, &key, &record)?;
            super::sources::note_line(write, &name, &line)
        })?;
        Ok(())
    }

    fn save_chapter(&mut self, book: &Gathering, url: &str, chapter: &ChapterRecord, fetched: u32) -> Step {
        let (key, item_key) = ((book.key.clone(), url.to_owned()), (self.name.clone(), book.id.clone()));
        let item = book.record();
        self.write(fetched, |write, done| {
            done.chapters += fetched;
            write.put(&CHAPTERS, &key, chapter)?;
            write.put(&CRAWL_ITEMS, &item_key, &item)
        })?;
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

    /// Binds what is there, if it is all there or may be published as it is, and is not what the library has.
    fn publish(&mut self, mut book: Gathering) -> Step {
        let chapters = self.chapters_of(&book)?;
        let texts = chapters.iter().filter(|(_, chapter)| !chapter.is_volume);
        let missing = texts.clone().filter(|(_, chapter)| chapter.state != ChapterState::Done).count() as u32;
        book.serial.chapters = texts.count() as u32 - missing;
        book.serial.missing = missing;
        let may = self.source.publishes_incomplete || book.serial.may_be_incomplete;
        if missing > 0 && !may || book.serial.chapters == 0 {
            let why = format!("{missing} of {} chapters are missing", missing + book.serial.chapters);
            return self.put_off(book, Trouble::Passing(why));
        }
        let fingerprint = fingerprint(&book, &chapters);
        if fingerprint == book.serial.bound {
            let item = book.record();
            return self.note(&book.id, item, ItemState::Done, Some(Change::Known));
        }
        let leaves = self.leaves(&chapters)?;
        let suspicion = judge::book(leaves.iter().zip(&chapters).filter(|(_, (_, chapter))| !chapter.is_volume).map(
            |(leaf, _)| {
                let LeafText::Plain(text) = &leaf.text else { return (leaf.title.as_str(), 0, 0) };
                (leaf.title.as_str(), hash_of(text), text.chars().count())
            },
        ));
        if let Some(suspicion) = suspicion {
            return self.put_off(book, Trouble::Lasting(suspicion.to_string()));
        }
        let cover_url = book.item.cover.clone().filter(|_| book.item.book.is_none());
        let cover = self.fetch_cover(cover_url.as_deref())?;
        let bytes = match bind(&book.item, leaves, cover) {
            Ok(bytes) => bytes,
            Err(error) => return self.put_off(book, Trouble::Lasting(error.to_string())),
        };
        let arrived = Arrived {
            file_name: &format!("{}.epub", book.item.title.replace(['/', '\\', '\0'], " ")),
            bytes: &bytes,
            url: &book.item.url.clone(),
            cover: None,
            is_incomplete: missing > 0,
        };
        match self.keep(&book.item, &arrived)? {
            Kept::Book(id, change) => {
                book.item.book = Some(id);
                book.item.hash = Some(ContentHash::of(&bytes));
                book.item.fetched_at = Some(self.crawler.now());
                book.serial.bound = fingerprint;
                let (id, item) = (book.id.clone(), book.record());
                if missing > 0 {
                    let why = format!("published with {missing} chapters missing");
                    let state = self.failed(&book.item.state, why);
                    return self.note(&id, item, state, Some(change));
                }
                self.note(&id, item, ItemState::Done, Some(change))
            }
            Kept::Refused(reason) => self.put_off(book, Trouble::Lasting(reason)),
        }
    }

    fn leaves(&self, chapters: &[(String, ChapterRecord)]) -> Result<Vec<Leaf>> {
        let there = chapters.iter().filter(|(_, one)| one.is_volume || one.state == ChapterState::Done);
        there
            .map(|(_, chapter)| {
                let text = if chapter.is_volume { String::new() } else { self.text_of(chapter)? };
                let text = text.lines().filter(|line| !line.trim_start().starts_with("<img")).collect::<Vec<_>>();
                let text = LeafText::Plain(text.join("\n"));
                Ok(Leaf { title: chapter.title.clone(), is_volume: chapter.is_volume, text })
            })
            .collect()
    }

    fn put_off(&mut self, book: Gathering, trouble: Trouble) -> Step {
        let item = book.record();
        let state = match trouble {
            Trouble::Passing(why) => self.failed(&item.state, why),
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
            Err(error) if error.is_passing() => Err(Trouble::Passing(error.to_string())),
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

fn note_chapter(
    write: &mut Write<'_>,
    book: &str,
    chapter: &rules::ChapterLink,
    place: u32,
    (pass, has_newest_first): (u64, bool),
) -> store::Result<()> {
    let key = (book.to_owned(), chapter.url.clone());
    let known: Option<ChapterRecord> = write.get(&CHAPTERS, &key)?;
    // Of an address that is there twice, the later in the book counts: pages often begin with the newest chapters.
    if has_newest_first && known.as_ref().is_some_and(|known| known.seen_in == pass) {
        return Ok(());
    }
    let record = ChapterRecord {
        title: chapter.title.trim().chars().take(200).collect(),
        number: place,
        is_volume: chapter.is_volume,
        seen_in: pass,
        ..known.unwrap_or_default()
    };
    write.put(&CHAPTERS, &key, &record)
}

/// Stands for all that a bound book is made of.
fn fingerprint(book: &Gathering, chapters: &[(String, ChapterRecord)]) -> String {
    let mut all = format!("{}\n{}\n", book.item.title, book.item.authors.join(","));
    for (_, chapter) in chapters {
        all.push_str(&chapter.title);
        chapter.texts.iter().for_each(|hash| all.push_str(hash.as_str()));
        all.push('\n');
    }
    ContentHash::of(all.as_bytes()).as_str().to_owned()
}

fn hash_of(text: &str) -> u64 {
    let digest = ContentHash::of(text.as_bytes());
    u64::from_str_radix(digest.as_str().get(..16).unwrap_or_default(), 16).unwrap_or_default()
}
