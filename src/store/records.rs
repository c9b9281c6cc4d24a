//! What the tables hold. Fields added later need `#[serde(default)]`; nothing here has behaviour beyond its data.

mod article;
mod chat;
mod crawl;
mod mail;
mod media;
mod provenance;
mod run;
mod source;
mod token;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use article::{ArticleDraftRecord, ArticleRecord, PublicationRecord, PublicationState};

use super::ContentHash;
use crate::book::Format;
use crate::wechat::Reply;
pub use chat::{ContactRecord, SubscriptionRecord, WindowRecord};
pub use crawl::{
    ChapterRecord, ChapterState, CrawlItemRecord, CrawlLogRecord, CrawlPageRecord, ItemState, RobotsRecord,
    SerialRecord,
};
pub use source::{FeedUse, PassCounts, PassEnd, SourceKind, SourceRecord, SourceStateRecord};
pub use token::{ApiKeyRecord, GrantRecord, Origin, RenewalRecord, TokenCountsRecord};

pub use mail::{AddressRecord, CodeRecord, DeliveryRecord, DeliveryState, DeliveryTrouble, InboxRecord, Parcel};
pub use media::{MaterialRecord, MediaFileRecord, MediaRecord, MediaTrouble};
pub use provenance::{Provenance, TakenDownRecord};
pub use run::{BackedUp, Did, Forgot, RunRecord};

/// The number of a book, given once, shown to people and in addresses.
pub type BookId = u64;

/// One book: a work, with all the files it can be had in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BookRecord {
    /// The title as people write it.
    pub title: String,
    /// Other names it is searched by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Authors' names, first author first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// BCP 47 tag, as far as known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The series it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// What it is about, as the file says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Who published it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// When it was published, as the file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// Plain text, cut to 1,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its ISBNs, 13 digits each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub isbns: Vec<String>,
    /// The number of the catalogue it was imported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Popularity that came with a catalogue: votes, ratings.
    #[serde(skip_serializing_if = "is_zero")]
    pub votes: u64,
    /// Downloads counted here.
    #[serde(skip_serializing_if = "is_zero")]
    pub downloads: u64,
    /// The files; none for an entry of a catalogue that followers can request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub editions: Vec<Edition>,
    /// The cover picture, if one has been extracted or drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover: Option<Cover>,
    /// The table of contents, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contents: Option<ContentHash>,
    /// What the owner has set: no file, source or catalogue changes it any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edited: Vec<BookField>,
    /// When it came.
    pub added_at: DateTime<Utc>,
    /// When it was put into the recycle bin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<DateTime<Utc>>,
    /// The book that has swallowed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<BookId>,
}

/// A part of a book's record that the owner can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookField {
    /// [`BookRecord::title`].
    Title,
    /// [`BookRecord::aliases`].
    Aliases,
    /// [`BookRecord::authors`].
    Authors,
    /// [`BookRecord::language`].
    Language,
    /// [`BookRecord::series`].
    Series,
    /// [`BookRecord::subjects`].
    Subjects,
    /// [`BookRecord::publisher`].
    Publisher,
    /// [`BookRecord::published`].
    Published,
    /// [`BookRecord::description`].
    Description,
    /// [`BookRecord::isbns`].
    Isbns,
    /// [`BookRecord::cover`].
    Cover,
}

impl BookRecord {
    /// Whether the owner has set this.
    pub fn is_edited(&self, field: BookField) -> bool {
        self.edited.contains(&field)
    }

    /// Whether followers may see it.
    pub fn is_shown(&self) -> bool {
        self.removed_at.is_none() && self.merged_into.is_none()
    }

    /// Where its files were found; files of one source on one licence count once.
    pub fn origins(&self) -> Vec<&Provenance> {
        let mut origins: Vec<&Provenance> = Vec::new();
        for origin in self.editions.iter().filter_map(|edition| edition.origin.as_ref()) {
            if !origins.iter().any(|one| (&one.source, &one.licence) == (&origin.source, &origin.licence)) {
                origins.push(origin);
            }
        }
        origins
    }

    /// Whether there is more of it to come: it has files, and none of them is whole.
    pub fn is_incomplete(&self) -> bool {
        !self.editions.is_empty() && self.editions.iter().all(|edition| edition.is_incomplete)
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One file of a book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edition {
    /// What kind of file.
    pub format: Format,
    /// Its bytes.
    pub hash: ContentHash,
    /// Its size.
    pub bytes: u64,
    /// The name it came under.
    pub file_name: String,
    /// When it came.
    pub added_at: DateTime<Utc>,
    /// Where it was found, if nobody gave it to the library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Provenance>,
    /// Its end is not in it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_incomplete: bool,
}

/// A conversion of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversionRecord {
    /// The file that was made and its size, or why none could be.
    pub outcome: Result<(ContentHash, u64), String>,
    /// Stands for all that it depends on besides the source: title, cover, the version of the writers.
    pub maker: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

/// The picture of a book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cover {
    /// The picture, at most 600 × 800.
    pub picture: ContentHash,
    /// The small one for lists.
    pub thumbnail: ContentHash,
    /// `image/jpeg` or `image/png`, of both.
    pub mime: String,
    /// Drawn from the title, because the file had none.
    pub drawn: bool,
}

/// A merge, so that it can be undone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MergeRecord {
    /// The book that remained.
    pub kept: BookId,
    /// What it was before.
    pub kept_before: BookRecord,
    /// The book that went into it.
    pub merged: BookId,
    /// What that was before.
    pub merged_before: BookRecord,
    /// When.
    pub merged_at: DateTime<Utc>,
}

/// The answer to one message, kept for the platform's retries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// What was answered.
    pub reply: Reply,
    /// When.
    pub answered_at: DateTime<Utc>,
}

/// Where a follower is in the conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlaceRecord {
    /// What was listed last.
    pub listing: Option<Listing>,
    /// A book asked for that was not found, so that one key requests it.
    pub unfound: Option<String>,
    /// The book whose card was shown last.
    pub book: Option<BookId>,
    /// The names of the pictures that were listed last, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<String>,
    /// After this the place is forgotten.
    pub expires_at: DateTime<Utc>,
}

/// A numbered list that a follower can page through and pick from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// What it is a list of, shown as its head: the words searched for, or a command's title.
    pub title: String,
    /// All books of it, in order.
    pub books: Vec<BookId>,
    /// Number of the first book on the page that is shown, from 0.
    pub first: usize,
    /// How many are on that page.
    pub shown: usize,
    /// The format asked for with the search, if any.
    pub format: Option<Format>,
}

/// A follower, as far as the service needs to know one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FollowerRecord {
    /// Random name that stands for the follower in links.
    pub alias: String,
    /// First seen.
    pub since: DateTime<Utc>,
    /// Last message.
    pub seen_at: DateTime<Utc>,
    /// `None` while the follower follows.
    pub left_at: Option<DateTime<Utc>>,
    /// Blocked by the admin.
    pub blocked: bool,
    /// What was downloaded last, newest first, at most 20.
    pub downloads: Vec<(BookId, DateTime<Utc>)>,
    /// A test follower of the simulator.
    pub simulated: bool,
}

/// A book that followers asked for and the library does not have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestRecord {
    /// As first asked.
    pub text: String,
    /// The entry of a catalogue that is meant, if one is.
    pub book: Option<BookId>,
    /// How many followers asked.
    pub count: u64,
    /// First asked.
    pub first_at: DateTime<Utc>,
    /// Last asked.
    pub last_at: DateTime<Utc>,
    /// The book that answered it.
    pub fulfilled_by: Option<BookId>,
    /// The admin does not want to see it any more, or its book was taken down.
    pub dismissed: bool,
    /// The sources that were asked for it, and when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub looked: Vec<(String, DateTime<Utc>)>,
}

/// A search that found nothing, counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MissRecord {
    /// As last typed.
    pub text: String,
    /// How often.
    pub count: u64,
    /// Last time.
    pub last_at: DateTime<Utc>,
}

/// A session of the admin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionRecord {
    /// When the password was given.
    pub started_at: DateTime<Utc>,
    /// Last request.
    pub seen_at: DateTime<Utc>,
    /// Sent with every form.
    pub csrf: String,
    /// Shortened `User-Agent`, for the list of sessions.
    pub agent: String,
}

/// Something the owner has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AlertRecord {
    /// What, as the room of alerts writes it.
    pub trouble: serde_json::Value,
    /// Since when.
    pub raised_at: DateTime<Utc>,
    /// When it was over; the record stays for a while, so that trouble that comes and goes is told once.
    #[serde(default)]
    pub over_at: Option<DateTime<Utc>>,
    /// When the owner was told.
    #[serde(default)]
    pub told_at: Option<DateTime<Utc>>,
}
