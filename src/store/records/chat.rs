//! When a follower may be written to, and what about. The rules are `chat`'s and `library`'s.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How a follower can be reached without having asked, and was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactRecord {
    /// Since their last message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<WindowRecord>,
    /// Since their last tap on the menu, scan of a code, or following.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tap: Option<WindowRecord>,
    /// When they were last told of new books that they subscribe to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub news_at: Option<DateTime<Utc>>,
}

/// A time in which the platform lets an account say something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowRecord {
    /// When the follower did what opened it, by the platform's clock or ours, whichever is earlier.
    pub opened_at: DateTime<Utc>,
    /// How often something was said since. Counted before it is sent.
    pub said: u32,
}

/// Something of which a follower wants to have new books. The key says what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubscriptionRecord {
    /// As typed.
    pub text: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When its list was told last, if it is the one of a week's new books.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told_at: Option<DateTime<Utc>>,
}
