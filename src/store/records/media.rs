//! Records of the media folder: its files, and what the platform calls them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::store::ContentHash;
use crate::wechat::MediaKind;

/// A file of the media folder. The key is its name, below the folder, with `/` between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaFileRecord {
    /// Its size. Together with `changed` it tells whether the file is another one.
    pub bytes: u64,
    /// When anything about it was changed last, in nanoseconds of the disk's Unix time.
    pub changed: i64,
    /// What is in it; none if it is too large to be read.
    #[serde(default)]
    pub content: Option<ContentHash>,
    /// What it is, by its content; none if the platform has no use for it.
    #[serde(default)]
    pub kind: Option<MediaKind>,
    /// Why it is not uploaded as it is.
    #[serde(default)]
    pub trouble: Option<MediaTrouble>,
}

/// A file at one account of the platform's. The key is the account, and `image:name`, `thumb:name` and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaRecord {
    /// What the platform calls it; none before the first upload, and when the platform no longer knows it.
    pub media_id: Option<String>,
    /// The content that the id stands for; the file may have changed since.
    pub content: Option<ContentHash>,
    /// When it was uploaded.
    pub uploaded_at: Option<DateTime<Utc>>,
    /// When the platform forgets it; none if it is permanent.
    pub ends_at: Option<DateTime<Utc>>,
    /// Whether it is permanent material, to be deleted when it is not needed any more.
    pub is_permanent: bool,
    /// The content that was tried last.
    pub tried: Option<ContentHash>,
    /// How often in a row it could not be uploaded.
    pub attempts: u32,
    /// Not before this it is tried again, unless the file changes.
    pub next_at: DateTime<Utc>,
    /// What went wrong last.
    pub trouble: Option<MediaTrouble>,
    /// The owner wants it uploaded anew, whenever it ends.
    pub is_wanted: bool,
    /// Permanent material of this content was about to be added: nobody knows whether it was.
    pub adding: Option<ContentHash>,
}

/// Permanent material that is not needed any more. The key is the account and the media id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MaterialRecord {
    /// Not before this it is deleted: what was answered last may still name it.
    pub next_at: DateTime<Utc>,
    /// How often in a row it could not be deleted.
    pub attempts: u32,
}

/// Why a file is not at the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "detail")]
pub enum MediaTrouble {
    /// Larger than the platform takes, in bytes.
    TooLarge {
        /// What it has.
        bytes: u64,
        /// What it may have.
        limit: u64,
    },
    /// No picture, speech or film that the platform takes.
    UnknownKind,
    /// A picture that cannot be read: why.
    Unreadable(String),
    /// The platform refuses it: its words.
    Refused(String),
    /// It did not get through, and is tried again: why.
    NotNow(String),
}
