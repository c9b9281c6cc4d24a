//! Records of the crawler: what was found at sources, and how it stands.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::BookId;
use crate::book::Format;
use crate::store::ContentHash;

/// A page of a catalogue. The key is the source and the address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CrawlPageRecord {
    /// Steps from where the source begins.
    pub depth: u32,
    /// The last pass that wants it read.
    pub wanted_in: u64,
    /// Its turn in that pass.
    pub turn: u64,
    /// The last pass that has read it.
    pub read_in: u64,
    /// How often it could not be read in that pass.
    pub tries: u32,
    /// What the site said to tell whether it has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The same by time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// The pages it leads to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
}

/// How a book of a source stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// To be fetched.
    #[default]
    Waiting,
    /// In the library, and as the source has it.
    Done,
    /// Could not be fetched, and is tried again.
    Failed {
        /// Why.
        reason: String,
        /// How often.
        tries: u32,
        /// When again.
        next_at: DateTime<Utc>,
    },
    /// Is not wanted or no book, and left alone until the source offers it anew.
    Refused {
        /// Why.
        reason: String,
    },
}

/// A book of a source. The key is the source and what the source knows it by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CrawlItemRecord {
    /// Its title.
    pub title: String,
    /// Its authors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// Where its file or its page is.
    pub url: String,
    /// The format of the file, if the source says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Where its file is, if `url` is only the page that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_url: Option<String>,
    /// Where its cover is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover: Option<String>,
    /// BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Who published it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Subjects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Its ISBNs and other numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<String>,
    /// Who may do what with it, as the source says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// What the source says of its last change: another value is another file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
    /// The file's etag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The file's time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// How it stands.
    pub state: ItemState,
    /// The book in the library, once it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub book: Option<BookId>,
    /// Its file there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<ContentHash>,
    /// The order in which it is fetched.
    pub turn: u64,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// When it was fetched last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetched_at: Option<DateTime<Utc>>,
    /// The book of chapters it is; none for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<SerialRecord>,
}

/// A book that comes chapter by chapter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SerialRecord {
    /// What the rules keep from one page for the next.
    pub kept: serde_json::Value,
    /// The last pass that has read its own page.
    pub detail_in: u64,
    /// Where its table of contents begins.
    pub contents_url: String,
    /// The last pass that has begun to read the contents.
    pub contents_in: u64,
    /// The last pass that has read the contents anew: chapters seen in it are those of the book.
    pub listed_in: u64,
    /// Pages of the contents still to be read in that pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contents_next: Vec<String>,
    /// Pages of the contents that were read in that pass.
    pub contents_read: u32,
    /// Those pages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contents_seen: Vec<String>,
    /// Entries counted in that pass.
    pub entries: u32,
    /// Entries among them that are beyond the bounds.
    pub beyond: u32,
    /// The last pass that has read the contents to their end.
    pub complete_in: u64,
    /// What the contents are made of, to tell whether the file in the library is of today.
    pub bound: String,
    /// Whether the owner wants it published with chapters missing.
    pub may_be_incomplete: bool,
    /// Chapters fetched.
    pub chapters: u32,
    /// Chapters that are missing.
    pub missing: u32,
    /// Lengths of the chapters, to judge the next by.
    pub lengths: serde_json::Value,
}

/// How a chapter stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChapterState {
    /// To be fetched.
    #[default]
    Waiting,
    /// Some of its pages are there.
    Begun {
        /// The pages to be fetched.
        next: Vec<String>,
    },
    /// All there.
    Done,
    /// Could not be fetched, and is tried again.
    Failed {
        /// Why.
        reason: String,
        /// How often.
        tries: u32,
        /// When again.
        next_at: DateTime<Utc>,
        /// The pages to be fetched, if those before them are there; none: all of them.
        #[serde(default)]
        next: Vec<String>,
    },
}

/// A chapter. The key is the source with its book (`source/digest`), and the address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChapterRecord {
    /// Its title.
    pub title: String,
    /// Its place in the contents.
    pub number: u32,
    /// Whether it is a heading over the chapters that follow, and no text.
    pub is_volume: bool,
    /// The last pass in whose contents it stood.
    pub seen_in: u64,
    /// How it stands.
    pub state: ChapterState,
    /// The texts of its pages, once there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<ContentHash>,
    /// Letters in them.
    pub length: u32,
}

/// What a site's robots.txt said. The key is scheme, host and port.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RobotsRecord {
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// Its text, if it is short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline: Option<String>,
    /// Its text, if it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<ContentHash>,
    /// Why it could not be read, and how many times in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<(String, u32)>,
}

/// A line of what happened at a source. The key is the source and a number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CrawlLogRecord {
    /// When.
    pub at: DateTime<Utc>,
    /// What it is about: a title or an address.
    pub what: String,
    /// What became of it.
    pub outcome: String,
    /// Whether it is a failure.
    pub is_failure: bool,
}
