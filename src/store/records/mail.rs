//! Addresses of followers, and what is sent to them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::BookId;

/// A mail address of a follower's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddressRecord {
    /// The address, closed; the key of the table has only a name that stands for it.
    pub address: String,
    /// Its domain is one of Amazon's.
    pub is_kindle: bool,
    /// The address of ours that writes to it: the one that the follower approved.
    pub sender: String,
    /// Since when it is proven to be the follower's; until then nothing but a code is sent there.
    pub bound_at: Option<DateTime<Utc>>,
    /// The code that was sent last, until it has been used up.
    pub code: Option<CodeRecord>,
}

/// A code that proves an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeRecord {
    /// Six digits.
    pub digits: String,
    /// How many wrong ones may still be typed.
    pub tries_left: u32,
    /// After this it is worth nothing.
    pub ends_at: DateTime<Utc>,
}

/// How far the mailbox has been read that notices come back to. The key stands for which one it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InboxRecord {
    /// The server's UIDVALIDITY: with another one all letters have other numbers.
    pub validity: u32,
    /// The number of the last letter that was read.
    pub last: u32,
}

/// Something that is sent, or was, by mail. The key says when it was asked for, what it is, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// Its number in the queue.
    pub number: u64,
    /// What is sent.
    pub parcel: Parcel,
    /// Where to: in the store closed, and opened wherever it is given out.
    pub address: String,
    /// When it was asked for.
    pub queued_at: DateTime<Utc>,
    /// How it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// Not before this it is tried (again).
    pub next_at: DateTime<Utc>,
    /// When it was sent or given up.
    #[serde(default)]
    pub ended_at: Option<DateTime<Utc>>,
    /// What went wrong last.
    #[serde(default)]
    pub trouble: Option<DeliveryTrouble>,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parcel {
    /// A book.
    Book {
        /// Which.
        book: BookId,
        /// Its title when it was asked for.
        title: String,
        /// The name of the file as links have it; none: whatever the address takes best.
        file: Option<String>,
    },
    /// The code that proves the address.
    Code,
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its first try.
    Queued,
    /// It is being handed in; after a crash nobody knows whether it was.
    Sending,
    /// It is tried again later.
    Retry,
    /// The mail server has accepted it.
    Sent,
    /// It was given up.
    Failed,
}

/// What went wrong with a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "detail")]
pub enum DeliveryTrouble {
    /// The mail server refuses it for good: its words.
    Refused(String),
    /// It did not get through: the last reason.
    Later(String),
    /// The book is larger than mail takes; in bytes.
    TooLarge(u64),
    /// The book cannot be had in a format that the address takes: why.
    Unconvertible(String),
    /// The book has gone.
    BookGone,
    /// The address is no longer the follower's, or not proven in time.
    NotBound,
    /// A notice has come back from where it went.
    Bounced(String),
    /// The owner has called it off.
    Cancelled,
    /// The follower was blocked when it was to be sent.
    Blocked,
    /// It waited when the backup was made that was restored since, and may have been sent after that.
    Restored,
}
