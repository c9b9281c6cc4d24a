//! What is kept of articles: their text is in files of the owner's, here is what files cannot tell.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An article, as it was when its file was read last. The key is its name in addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleRecord {
    /// Its title.
    pub title: String,
    /// What it is about.
    pub tags: Vec<String>,
    /// SHA-256 of its file, in hexadecimal.
    pub hash: String,
    /// When its file was first seen.
    pub seen_at: DateTime<Utc>,
    /// When it is published, by the owner's order; none: what the file says.
    pub published_at: Option<DateTime<Utc>>,
}

/// What the platform has of an article, in one account. The key is the account and the article's name in addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleDraftRecord {
    /// Its draft.
    pub media_id: Option<String>,
    /// A draft was about to be added: without a `media_id` nobody knows whether it was.
    pub is_adding: bool,
    /// SHA-256 of what the draft holds, in hexadecimal.
    pub hash: String,
    /// When it was sent last.
    pub sent_at: DateTime<Utc>,
    /// The cover there: SHA-256 of the picture, and its `media_id`.
    pub cover: Option<(String, String)>,
    /// The pictures there: the address of each, by its SHA-256.
    pub pictures: BTreeMap<String, String>,
    /// How publishing it went last.
    pub publication: Option<PublicationRecord>,
}

/// How publishing an article at the platform goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationRecord {
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// What the platform calls it; none: its answer was not heard.
    #[serde(default)]
    pub publish_id: Option<String>,
    /// A publication that the platform told of while ours had no id: perhaps ours, perhaps one made elsewhere.
    #[serde(default)]
    pub heard: Option<String>,
    /// How it stands.
    pub state: PublicationState,
    /// What the platform calls the published article.
    #[serde(default)]
    pub article_id: Option<String>,
    /// Where it can be read.
    #[serde(default)]
    pub url: Option<String>,
}

/// How a publication stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "detail")]
pub enum PublicationState {
    /// It is being asked for; after a crash nobody knows whether the platform heard it.
    Asking,
    /// The platform works on it.
    Running,
    /// It can be read.
    Published,
    /// It was refused, with the platform's number for why.
    Refused(u32),
}
