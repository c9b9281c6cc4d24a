//! The contents of a book that comes chapter by chapter: which chapters there are, and in what order.

use super::super::catalogue::page_of;
use super::super::fetch::Document;
use super::super::judge;
use super::super::pass::{Pass, Step};
use super::super::rules;
use super::{Gathering, MOST_CHAPTERS, MOST_URL, Trouble};
use crate::store::records::{ChapterRecord, CrawlPageRecord, ItemState};
use crate::store::schema::{CHAPTERS, CRAWL_ITEMS, CRAWL_PAGES};
use crate::store::{self, Write};

/// How often a page of the contents that has no chapter is tried.
const EMPTY_TRIES: u32 = 3;
/// Pages of one book's contents.
const MOST_CONTENTS_PAGES: u32 = 1_000;

impl Pass<'_> {
    /// Reads the contents, page by page, unless this pass has done so. `first` is their first page, if it came already.
    pub(super) fn read_contents(
        &mut self,
        book: &mut Gathering,
        first: Option<&Document>,
    ) -> Step<Result<(), Trouble>> {
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
            (book.serial.contents_read, book.serial.entries, book.serial.beyond) = (0, 0, 0);
            book.serial.contents_seen.clear();
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
        // A site that has had enough puts a page of its own between those of the contents, and half a book would be taken
        // for a whole one. Some sites end their contents with an empty page; that one is empty every time.
        let tries = match &book.item.state {
            ItemState::Failed { tries, .. } => *tries,
            _ => 0,
        };
        if page.chapters.is_empty() && (book.serial.contents_read == 0 || tries < EMPTY_TRIES) {
            if let Err(why) = judge::complaint(&page_of(document).text()) {
                return Ok(Err(Trouble::Passing(why.to_string())));
            }
            return Ok(Err(Trouble::Passing("a page of its contents is empty".into())));
        }
        // So many chapters do not go: it is another page that has come. What is there stays.
        let before = book.serial.chapters + book.serial.missing;
        let is_last = book.serial.contents_next.len() <= 1 && page.next.is_empty();
        let now = book.serial.entries + page.chapters.len() as u32;
        if is_last && now < before / 4 * 3 {
            book.serial.contents_in = 0;
            let why = format!("its contents have {now} chapters, where {before} were");
            return Ok(Err(Trouble::Passing(why)));
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
        serial.contents_seen.push(key.1.clone());
        if serial.contents_read >= MOST_CONTENTS_PAGES {
            serial.beyond += page.next.len() as u32;
        } else {
            for next in page.next {
                let is_read = serial.contents_seen.contains(&next);
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
        let all = page.chapters.len();
        let mut chapters = page.chapters;
        chapters.retain(|chapter| chapter.url.len() <= MOST_URL);
        chapters.truncate(MOST_CHAPTERS.saturating_sub(first as usize));
        // A book with a hole is none: what is beyond the bounds counts as missing.
        serial.beyond += (all - chapters.len()) as u32;
        let has_newest_first = self.has_newest_first();
        let (number, of_book, item) = (self.number, book.key.clone(), book.record());
        let item_key = (self.name.clone(), book.id.clone());
        self.write(0, |write, done| {
            done.pages += 1;
            write.put(&CRAWL_PAGES, &key, &read)?;
            for (at, chapter) in chapters.iter().enumerate() {
                let place = first + at as u32;
                note_chapter(write, &of_book, chapter, place, (number, has_newest_first))?;
            }
            write.put(&CRAWL_ITEMS, &item_key, &item)
        })?;
        Ok(Ok(()))
    }
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
