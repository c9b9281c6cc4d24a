//! Binding the chapters that are there into a file for the library.

use std::collections::HashMap;

use super::super::Result;
use super::super::items::{Arrived, Change, Kept, bind};
use super::super::judge;
use super::super::pass::{Pass, Step};
use super::{Gathering, Trouble};
use crate::book::bound::{Leaf, LeafText};
use crate::store::ContentHash;
use crate::store::records::{ChapterRecord, ChapterState, ItemState};
use crate::store::schema::CHAPTERS;

impl Pass<'_> {
    /// Binds what is there, if it is all there or may be published as it is, and is not what the library has.
    pub(super) fn publish(&mut self, mut book: Gathering) -> Step {
        let chapters = self.chapters_of(&book)?;
        let texts = chapters.iter().filter(|(_, chapter)| !chapter.is_volume);
        let missing = texts.clone().filter(|(_, chapter)| chapter.state != ChapterState::Done).count() as u32;
        book.serial.chapters = (texts.count() as u32).saturating_sub(missing);
        let missing = missing + book.serial.beyond;
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
            self.forget_repeated(&book, &chapters, &leaves)?;
            return self.put_off(book, Trouble::Passing(suspicion.to_string()));
        }
        let cover = self.fetch_cover(book.item.cover.clone().as_deref())?;
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

    /// Chapters with the text of another one, or none, are to be fetched again.
    fn forget_repeated(&mut self, book: &Gathering, chapters: &[(String, ChapterRecord)], leaves: &[Leaf]) -> Step {
        let mut times: HashMap<&LeafText, u32> = HashMap::new();
        for (leaf, (_, chapter)) in leaves.iter().zip(chapters) {
            *times.entry(&leaf.text).or_default() += u32::from(!chapter.is_volume);
        }
        let repeated = leaves.iter().zip(chapters).filter(|(leaf, (_, chapter))| {
            let is_empty = matches!(&leaf.text, LeafText::Plain(text) if text.trim().is_empty());
            !chapter.is_volume && (is_empty || times.get(&leaf.text).is_some_and(|&times| times > 1))
        });
        let again: Vec<_> = repeated.map(|(_, (url, chapter))| (url.clone(), chapter.clone())).collect();
        let key = book.key.clone();
        self.write(0, |write, _| {
            for (url, chapter) in again {
                let chapter = ChapterRecord { state: ChapterState::Waiting, texts: Vec::new(), ..chapter };
                write.put(&CHAPTERS, &(key.clone(), url), &chapter)?;
            }
            Ok(())
        })?;
        Ok(())
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
