//! Records of sources of books: what the owner wants of each, and how it stands.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::book::Format;

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
    /// A page of links to files.
    Listing,
    /// A WebDAV folder.
    Webdav,
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
    /// How it ended, as a person reads it, in English.
    pub outcome: String,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<PassEnd>,
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

/// How a pass ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassEnd {
    /// There is nothing left to do.
    Finished(PassCounts),
    /// The pass or the day has had its share; it goes on at its next time.
    Capped(PassCounts),
    /// The site wants to be left alone until then.
    Later(DateTime<Utc>),
    /// The site failed again and again.
    GivenUp(String),
    /// The program stops; the pass goes on at the next start.
    Stopped,
}
