//! Where a book's file comes from, and what may not come again. What is done with either is for `library` to say.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::BookId;

/// Where a file was found, and on what terms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// The source's name, as people know it.
    pub source: String,
    /// The address that the file, or the book's page, was fetched from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The licence, as its short name or address; empty if nothing is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub licence: String,
    /// What the source says of rights, in its own words; empty if nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rights: String,
    /// When it was fetched.
    pub fetched_at: DateTime<Utc>,
}

/// A book that was taken down for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TakenDownRecord {
    /// The number that it had.
    pub book: BookId,
    /// Its title, for lists.
    pub title: String,
    /// Why.
    pub reason: String,
    /// When.
    pub taken_down_at: DateTime<Utc>,
    /// All that it is known again by; only in the entry of the book itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
}
