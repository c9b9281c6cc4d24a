//! What a catalogue offers: a book as its pages name it, and whether that is something new.

use url::Url;

use super::super::clean;
use super::super::feeds::Entry;
use super::super::pass::Pass;
use super::super::rules::Hit;
use super::MOST_URL;
use crate::book::Format;
use crate::store::records::{CrawlItemRecord, ItemState, SerialRecord};
use crate::store::schema::CRAWL_ITEMS;
use crate::store::{self, Write};

/// Longest text kept of what a catalogue says, in characters.
const MOST_TEXT: usize = 1_000;

impl Pass<'_> {
    /// A book that rules have found.
    pub(in crate::crawler) fn item_of_hit(&self, hit: Hit) -> (String, CrawlItemRecord) {
        let serial =
            SerialRecord { kept: serde_json::to_value(&hit.kept).unwrap_or_default(), ..SerialRecord::default() };
        let item = CrawlItemRecord {
            title: clean::title(&hit.title),
            authors: Some(clean::author(&hit.author)).filter(|author| !author.is_empty()).into_iter().collect(),
            url: hit.url.clone(),
            cover: hit.cover,
            description: hit.intro.map(|intro| shortened(&intro)),
            stamp: hit.last_chapter,
            serial: Some(serial),
            ..CrawlItemRecord::default()
        };
        (hit.url, item)
    }

    /// What of an entry is a book for the library.
    pub(in crate::crawler) fn item_of_entry(&self, entry: &Entry) -> Option<CrawlItemRecord> {
        let tag = entry.language.as_deref().and_then(|tag| tag.split(['-', '_']).next()).map(str::to_ascii_lowercase);
        if !self.source.languages.is_empty() && tag.is_some_and(|tag| !self.source.languages.contains(&tag)) {
            return None;
        }
        let formats = if self.source.formats.is_empty() { &Format::ALL[..] } else { &self.source.formats };
        let (url, format, serial, stamp) = match entry.best_file(formats) {
            Some(file) => {
                let size = file.bytes.map(|bytes| bytes.to_string());
                let stamp = file.modified.clone().or_else(|| entry.updated.clone()).or(size);
                (file.url.to_string(), file.format, None, stamp)
            }
            None => {
                let page =
                    entry.page.as_ref().filter(|page| self.rules.as_ref().is_some_and(|rules| rules.owns(page)))?;
                (page.to_string(), None, Some(SerialRecord::default()), entry.updated.clone())
            }
        };
        if url.len() > MOST_URL {
            return None;
        }
        Some(CrawlItemRecord {
            title: clean::title(&entry.title),
            authors: entry.authors.iter().take(10).map(|author| clean::author(author)).collect(),
            url,
            format,
            cover: entry.cover.as_ref().map(Url::to_string),
            language: entry.language.clone(),
            publisher: entry.publisher.clone(),
            published: entry.issued.clone(),
            description: entry.summary.as_deref().map(shortened),
            subjects: entry.subjects.iter().take(20).cloned().collect(),
            identifiers: entry.identifiers.iter().take(20).cloned().collect(),
            licence: entry.rights.as_deref().map(shortened),
            stamp,
            serial,
            ..CrawlItemRecord::default()
        })
    }
}

/// Notes a book that a page names. Gives its turn if it is to be fetched.
pub(in crate::crawler) fn note_item(
    write: &mut Write<'_>,
    name: &str,
    id: &str,
    item: CrawlItemRecord,
    now: chrono::DateTime<chrono::Utc>,
    done: &mut crate::store::records::PassCounts,
) -> store::Result<Option<u64>> {
    let key = (name.to_owned(), id.to_owned());
    let known: Option<CrawlItemRecord> = write.get(&CRAWL_ITEMS, &key)?;
    let Some(known) = known else {
        done.found += 1;
        let turn = write.count(&format!("crawl_turn.{name}"), 1)?;
        write.put(&CRAWL_ITEMS, &key, &CrawlItemRecord { turn, found_at: now, ..item })?;
        return Ok(Some(turn));
    };
    let is_same = known.stamp == item.stamp && known.url == item.url;
    if is_same {
        return Ok(None);
    }
    let is_waiting = known.state == ItemState::Waiting;
    let is_read = known.file_url.is_some() || known.serial.as_ref().is_some_and(|serial| serial.detail_in > 0);
    if is_read && known.url == item.url {
        // The book's own page has said more of it than a list does.
        let changed = CrawlItemRecord { state: ItemState::Waiting, stamp: item.stamp, ..known };
        write.put(&CRAWL_ITEMS, &key, &changed)?;
        return Ok((!is_waiting).then_some(changed.turn));
    }
    let changed = CrawlItemRecord {
        state: ItemState::Waiting,
        turn: known.turn,
        found_at: known.found_at,
        fetched_at: known.fetched_at,
        etag: known.etag.filter(|_| known.url == item.url),
        last_modified: known.last_modified.filter(|_| known.url == item.url),
        book: known.book,
        hash: known.hash,
        serial: match (known.serial, item.serial) {
            (Some(known), Some(_)) => Some(known),
            (_, serial) => serial,
        },
        ..item
    };
    write.put(&CRAWL_ITEMS, &key, &changed)?;
    Ok((!is_waiting).then_some(changed.turn))
}

pub(super) fn cut_id(id: &str) -> String {
    // A NUL would part the key elsewhere.
    id.chars().filter(|c| *c != '\0').take(MOST_TEXT).collect()
}

fn shortened(text: &str) -> String {
    text.chars().take(MOST_TEXT).collect()
}
