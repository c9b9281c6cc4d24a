//! What the platform says to us and what we say back, as values.
//!
//! Reading is forgiving where the platform may grow (unknown types and elements) and strict where
//! meaning depends on it (the head). Wordings and commands are not here: see `reply`.

pub(super) mod event;
mod event_kind;
mod event_parse;
pub(super) mod flat;
pub(super) mod parse;
pub(super) mod reply;
pub(super) mod text;
pub(super) mod xml;

use event::Event;
use serde::{Deserialize, Serialize};

/// One push: a follower's message, or an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Incoming {
    /// The account's original id, `gh_…` (ToUserName).
    pub to_user: String,
    /// The follower's open_id (FromUserName).
    pub from_user: String,
    /// When it was sent, Unix seconds by the platform's clock. The same in every retry.
    pub created_at: i64,
    /// The platform's id of a message; events have none.
    pub msg_id: Option<u64>,
    /// Set when the follower wrote from an article's page.
    pub article: Option<FromArticle>,
    /// What it says.
    pub kind: MessageKind,
}

/// The article from whose page a message was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FromArticle {
    /// The id of the mass message it belongs to (MsgDataId).
    pub msg_data_id: String,
    /// Its place in there, counted from 1 (Idx); 0 if it was not a number.
    pub idx: u32,
}

/// The kinds of messages. Ids of media are temporary: the platform keeps them for three days.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MessageKind {
    /// Text, as typed.
    Text {
        /// What was typed. Smileys come as `/::)`, emoji as they are.
        content: String,
        /// The id of the menu item, when a link of [`menu_link`](crate::wechat::menu_link) was tapped.
        menu_id: Option<String>,
    },
    /// A picture.
    Image {
        /// Where it can be fetched, over http.
        pic_url: String,
        /// Its media id.
        media_id: String,
    },
    /// Speech.
    Voice {
        /// Its media id.
        media_id: String,
        /// `amr` or `speex`.
        format: String,
        /// What was said, if the account has speech recognition on and it understood something.
        recognition: Option<String>,
    },
    /// A film.
    Video {
        /// Its media id.
        media_id: String,
        /// The media id of its still.
        thumb_media_id: String,
    },
    /// A short film made in the chat.
    ShortVideo {
        /// Its media id.
        media_id: String,
        /// The media id of its still.
        thumb_media_id: String,
    },
    /// A place on the map.
    Location {
        /// Degrees north, as the platform wrote them.
        latitude: String,
        /// Degrees east, as the platform wrote them.
        longitude: String,
        /// The zoom of the map.
        scale: String,
        /// The address.
        label: String,
    },
    /// A shared link.
    Link {
        /// Its title.
        title: String,
        /// Its description.
        description: String,
        /// Its address.
        url: String,
    },
    /// A file. The platform documents no way to fetch it.
    File {
        /// Its name.
        title: String,
        /// Its description.
        description: String,
        /// Its size in bytes, if it was told.
        size: Option<u64>,
    },
    /// Something happened.
    Event(Event),
    /// A MsgType that this program does not know: acknowledge it.
    Unknown(String),
}

impl Incoming {
    /// The same for every attempt of the platform to deliver this push, and for nothing else: the
    /// MsgId, or for events, which have none, sender, second, event and key. (Sender and second
    /// alone, as documented, would confuse a `subscribe` with the `SCAN` of the same second.)
    ///
    /// The parts are separated by U+001F, which cannot occur in XML 1.0.
    pub fn dedup_key(&self) -> String {
        const SEPARATOR: &str = "\u{1f}";
        if let (Some(id), false) = (self.msg_id, matches!(self.kind, MessageKind::Event(_))) {
            return [&self.to_user, "message", &id.to_string()].join(SEPARATOR);
        }
        let (kind, key) = match &self.kind {
            MessageKind::Event(event) => (event.name(), event.key()),
            other => (other.name(), ""),
        };
        let time = self.created_at.to_string();
        [&self.to_user, "event", &self.from_user, &time, kind, key].join(SEPARATOR)
    }

    /// Whether a follower sees the answer. Otherwise say [`Reply::Nothing`](crate::wechat::Reply).
    pub fn is_conversation(&self) -> bool {
        match &self.kind {
            MessageKind::Event(event) => event.is_conversation(),
            _ => true,
        }
    }
}

impl MessageKind {
    /// The MsgType, as the platform writes it.
    pub fn name(&self) -> &str {
        match self {
            MessageKind::Text { .. } => "text",
            MessageKind::Image { .. } => "image",
            MessageKind::Voice { .. } => "voice",
            MessageKind::Video { .. } => "video",
            MessageKind::ShortVideo { .. } => "shortvideo",
            MessageKind::Location { .. } => "location",
            MessageKind::Link { .. } => "link",
            MessageKind::File { .. } => "file",
            MessageKind::Event(_) => "event",
            MessageKind::Unknown(name) => name,
        }
    }
}
