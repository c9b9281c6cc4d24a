//! The chapters of a book: fetched page by page, each kept before the next is asked for, and looked at when whole.

use std::collections::HashSet;

use super::super::catalogue::page_of;
use super::super::fetch::Document;
use super::super::judge::{self, Lengths};
use super::super::pass::{Pass, Step};
use super::super::rules;
use super::{Gathering, MOST_URL, Trouble};
use crate::store::records::{ChapterRecord, ChapterState, ItemState};
use crate::store::schema::{CHAPTERS, CRAWL_ITEMS};

/// Pages of one chapter.
const MOST_CHAPTER_PAGES: usize = 50;

/// Chapters in a row that could not be had, after which a book is put off.
const MOST_FAILURES: u32 = 5;
/// How often a page of a chapter that has no text is tried.
const EMPTY_TRIES: u32 = 3;
/// How often the chapters of a book that could not be had are tried before it is put off.
const ROUNDS: u32 = 3;

impl Pass<'_> {
    /// Fetches what is missing, and tries again what could not be had.
    pub(super) fn fetch_chapters(&mut self, book: &mut Gathering) -> Step {
        let chapters = self.chapters_of(book)?;
        let all = chapters.iter().filter(|(_, chapter)| !chapter.is_volume).count() as u32;
        let mut lengths: Lengths = serde_json::from_value(book.serial.lengths.clone()).unwrap_or_default();
        let mut missing: Vec<usize> = (0..chapters.len()).collect();
        let mut chapters = chapters;
        for round in 0..ROUNDS {
            missing.retain(|&at| chapters.get(at).is_some_and(|(_, chapter)| self.is_missing(chapter, round)));
            let mut there = all.saturating_sub(missing.len() as u32);
            let mut failures = 0;
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
                failures = if one.state == ChapterState::Done { 0 } else { failures + 1 };
                if let Some((_, chapter)) = chapters.get_mut(at) {
                    *chapter = one;
                }
                if failures >= MOST_FAILURES {
                    // The others may have more luck: this book is put off.
                    return Ok(());
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
        let mut next = match &chapter.state {
            ChapterState::Begun { next } | ChapterState::Failed { next, .. } => next.clone(),
            ChapterState::Waiting | ChapterState::Done => Vec::new(),
        };
        if next.is_empty() {
            self.take_share()?;
            chapter.texts.clear();
            next.push(url.to_owned());
        }
        let mut asked: HashSet<String> = [url.to_owned()].into();
        while let Some(page) = next.first().cloned() {
            let read = match self.ask_by_rules(&page, None)? {
                Ok(Some(document)) => self.read_chapter_page(book, &document, chapter, next_chapter),
                Ok(None) => Err("the site says nothing has changed".to_owned()),
                Err(Trouble::Passing(why) | Trouble::Lasting(why)) => Err(why),
            };
            let read = match read {
                Ok(read) => read,
                Err(why) => return self.note_chapter_failed(book, url, chapter, why, next),
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
        chapter: &ChapterRecord,
        next_chapter: Option<&str>,
    ) -> Result<rules::ChapterPage, String> {
        let Some(rules) = &self.rules else { return Err("the source has no rules".into()) };
        let mut kept = book.kept();
        let read =
            rules.read_chapter(&page_of(document), &mut kept, next_chapter).map_err(|error| error.to_string())?;
        judge::complaint(&read.text).map_err(|why| why.to_string())?;
        // A site that has had enough puts a page of its own between those of a chapter. Some sites end their chapters
        // with an empty page; that one is empty every time.
        let tries = match &chapter.state {
            ChapterState::Failed { tries, .. } => *tries,
            _ => 0,
        };
        if read.text.trim().is_empty() && tries < EMPTY_TRIES {
            judge::complaint(&page_of(document).text()).map_err(|why| why.to_string())?;
            return Err("a page of it has no text".into());
        }
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
            return self.note_chapter_failed(book, url, chapter, suspicion.to_string(), Vec::new());
        }
        lengths.add(&text);
        book.serial.lengths = serde_json::to_value(&*lengths).unwrap_or_default();
        chapter.length = text.chars().count() as u32;
        chapter.state = ChapterState::Done;
        self.save_chapter(book, url, chapter, 1)
    }

    fn note_chapter_failed(
        &mut self,
        book: &Gathering,
        url: &str,
        chapter: &mut ChapterRecord,
        why: String,
        next: Vec<String>,
    ) -> Step {
        let before = match &chapter.state {
            ChapterState::Failed { reason, tries, next_at, .. } => {
                ItemState::Failed { reason: reason.clone(), tries: *tries, next_at: *next_at }
            }
            _ => ItemState::Waiting,
        };
        let ItemState::Failed { reason, tries, next_at } = self.failed(&before, why) else { return Ok(()) };
        let line = self.line(&format!("{} · {} {url}", book.item.title, chapter.title), &reason, true);
        // Pages that are there need not come again.
        let next = if chapter.texts.is_empty() { Vec::new() } else { next };
        chapter.state = ChapterState::Failed { reason, tries, next_at, next };
        let (name, key, record) = (self.name.clone(), (book.key.clone(), url.to_owned()), chapter.clone());
        self.write(1, |write, done| {
            done.failed += 1;
            write.put(&CHAPTERS, &key, &record)?;
            super::super::journal::note_line(write, &name, &line)
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
}
