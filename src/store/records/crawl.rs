//! Records of the crawler: sources, how each stands, and what was found there.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::BookId;
use crate::book::Format;
use crate::store::ContentHash;

/// How the pages of a source are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A catalogue for reading programs, OPDS 1.2 or 2.0.
    #[default]
    Opds,
    /// RSS, Atom or JSON Feed.
    Feed,
    /// A sitemap.
    Sitemap,
    /// A page of links to files, or a WebDAV folder.
    Listing,
    /// A site read by rules (书源).
    Rules,
}

/// What becomes of the entries of a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedUse {
    /// Books that are enclosed.
    #[default]
    Books,
    /// The full texts, as one book for each day.
    Periodical,
    /// The full texts, as drafts of the owner's articles.
    Articles,
}

/// A source, as the owner wants it. The key is its name: lower-case letters, digits, `-`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceRecord {
    /// What people call it.
    pub title: String,
    /// How it is read.
    pub kind: SourceKind,
    /// Where it begins.
    pub url: String,
    /// Its rules, as JSON; only for [`SourceKind::Rules`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Which of the lists of its rules are read, by number from 0; none: only what followers ask for is looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<u32>,
    /// What becomes of the entries of a feed.
    pub feed_use: FeedUse,
    /// When it is read: a cron expression with seconds.
    pub schedule: String,
    /// Where those times are; none: where the program is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<Tz>,
    /// Whether the owner has stopped it.
    pub is_paused: bool,
    /// Why the owner may take books from there. Never empty.
    pub rights: String,
    /// The licence of the books, if they do not say themselves.
    pub licence: String,
    /// The name to log in with, at its own address only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// The password to log in with.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub password: String,
    /// Formats that are taken, the best first; none: any that are books.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<Format>,
    /// Languages that are taken, as the first part of a BCP 47 tag; none: any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Files and chapters fetched in one pass at most.
    pub most_per_pass: u32,
    /// Files and chapters fetched in one day at most.
    pub most_per_day: u32,
    /// The shortest pause between two requests, in milliseconds; none: the program's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_ms: Option<u64>,
    /// Networks that may be reached besides public addresses, like `192.168.1.0/24`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nets: Vec<String>,
    /// Ports that may be reached besides 80 and 443.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<u16>,
    /// Whether the server is the owner's own, so that its robots.txt, which is for strangers, forbids nothing.
    pub is_own: bool,
    /// Whether books with chapters missing are published, marked as such.
    pub publishes_incomplete: bool,
    /// Words that only pages have which are no chapters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fail_words: Vec<String>,
    /// When it was added.
    pub added_at: DateTime<Utc>,
}

/// How a source stands. The key is its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceStateRecord {
    /// The number of the pass that is under way or was the last.
    pub pass: u64,
    /// Whether that pass is not at its end. It goes on where it stopped.
    pub is_under_way: bool,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began_at: Option<DateTime<Utc>>,
    /// When it ended, or stopped for the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// From when on the schedule counts.
    pub counts_from: DateTime<Utc>,
    /// Whether the owner wants it read now, until a pass has ended.
    pub is_wanted_now: bool,
    /// How often the owner has stopped it.
    pub stops: u64,
    /// Whether the pass under way has fetched as much as it may, and waits for its next time.
    pub is_capped: bool,
    /// How the source is searched, as an OpenSearch template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Not before this it is asked again: the site said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: u32,
    /// Why the program has stopped it by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Files and chapters fetched on the day named.
    pub fetched_today: u32,
    /// That day.
    pub today: String,
    /// What the pass has done.
    pub done: PassCounts,
    /// How it ended, as a person reads it.
    pub outcome: String,
}

/// What a pass has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PassCounts {
    /// Catalogue pages read.
    pub pages: u32,
    /// Catalogue pages that had not changed.
    pub unchanged: u32,
    /// Books seen for the first time.
    pub found: u32,
    /// New books in the library.
    pub added: u32,
    /// Books there with a new format, new chapters or a new file.
    pub updated: u32,
    /// Books that the library had.
    pub known: u32,
    /// Chapters fetched.
    pub chapters: u32,
    /// What could not be fetched or was no book.
    pub failed: u32,
}

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
