//! The answers the platform accepts, and their XML.
//!
//! The limits are checked here, where the answer is written, because beyond them the follower sees a
//! notice that the account is broken. Shortening a text to fit is [`fit_text`](super::text::fit_text)'s
//! business and the caller's choice.

use super::xml::{Writer, legal};
use super::{Incoming, MessageKind};
use serde::{Deserialize, Serialize};

/// The most bytes of UTF-8 in a text reply.
pub const TEXT_LIMIT: usize = 2048;
/// The most to aim for when cutting a text: reports differ on whether 2048 itself is accepted.
pub const TEXT_FITTING_BYTES: usize = 2047;
/// The most articles in answer to an event; a message gets one.
pub const ARTICLE_LIMIT: usize = 8;

/// What a follower gets back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Nothing is shown, and the platform does not ask again.
    Nothing,
    /// A text, with links made by [`text_link`](crate::wechat::text_link) and
    /// [`menu_link`](crate::wechat::menu_link). At most [`TEXT_LIMIT`] bytes, not empty.
    Text(String),
    /// A picture, not a GIF.
    Image {
        /// Of temporary media or permanent material.
        media_id: String,
    },
    /// Speech.
    Voice {
        /// Of temporary media or permanent material.
        media_id: String,
    },
    /// A film.
    Video(Video),
    /// A piece of music that is somewhere on the web.
    Music(Music),
    /// Links with title and picture: one in answer to a message, up to [`ARTICLE_LIMIT`] to an event.
    News(Vec<Article>),
    /// Hands the chat over to the people at the desk.
    TransferCustomerService {
        /// A certain person, as `name@account`.
        account: Option<String>,
    },
}

/// A film that has passed the platform's review.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Video {
    /// Of temporary media or permanent material.
    pub media_id: String,
    /// Shown above it.
    pub title: Option<String>,
    /// Shown below it.
    pub description: Option<String>,
}

/// A piece of music.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Music {
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Where it is.
    pub url: Option<String>,
    /// Where it is in a better quality, for use on WiFi.
    pub high_quality_url: Option<String>,
    /// The media id of its picture.
    pub thumb_media_id: String,
}

/// A link with title and picture.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Article {
    /// Its title.
    pub title: String,
    /// Shown below, if it is the only one.
    pub description: String,
    /// JPEG or PNG, 360x200 for the first, 200x200 for the others.
    pub pic_url: String,
    /// Where it leads.
    pub url: String,
}

/// A reply the platform would not accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// A text with nothing to see in it.
    #[error("the text of the reply is empty")]
    EmptyText,
    /// A text beyond [`TEXT_LIMIT`].
    #[error("the text of the reply has {bytes} bytes; the platform takes {TEXT_LIMIT}")]
    TextTooLong {
        /// What it has.
        bytes: usize,
    },
    /// No article, or more than this push may be answered with.
    #[error("the reply has {count} articles; this push may be answered with 1 to {allowed}")]
    Articles {
        /// What it has.
        count: usize,
        /// The most it may have.
        allowed: usize,
    },
    /// A media id is missing.
    #[error("the reply names no media")]
    NoMedia,
    /// The push was encrypted, but this account has no key: it is not the account that opened it.
    #[error("the reply must be encrypted and the account has no key")]
    NoKey,
}

impl Reply {
    /// Whether the platform would take this in answer to `incoming`.
    pub fn check(&self, incoming: &Incoming) -> Result<(), Unsendable> {
        let media = |id: &String| if id.is_empty() { Err(Unsendable::NoMedia) } else { Ok(()) };
        match self {
            Reply::Nothing | Reply::TransferCustomerService { .. } => Ok(()),
            Reply::Text(text) => check_text(&legal(text)),
            Reply::Image { media_id } | Reply::Voice { media_id } => media(media_id),
            Reply::Video(video) => media(&video.media_id),
            Reply::Music(music) => media(&music.thumb_media_id),
            Reply::News(articles) => check_count(articles.len(), incoming),
        }
    }

    fn msg_type(&self) -> &'static str {
        match self {
            Reply::Nothing => "",
            Reply::Text(_) => "text",
            Reply::Image { .. } => "image",
            Reply::Voice { .. } => "voice",
            Reply::Video(_) => "video",
            Reply::Music(_) => "music",
            Reply::News(_) => "news",
            Reply::TransferCustomerService { .. } => "transfer_customer_service",
        }
    }
}

fn check_text(text: &str) -> Result<(), Unsendable> {
    if text.trim().is_empty() {
        return Err(Unsendable::EmptyText);
    }
    if text.len() > TEXT_LIMIT {
        return Err(Unsendable::TextTooLong { bytes: text.len() });
    }
    Ok(())
}

fn check_count(count: usize, incoming: &Incoming) -> Result<(), Unsendable> {
    let is_event = matches!(incoming.kind, MessageKind::Event(_));
    let allowed = if is_event { ARTICLE_LIMIT } else { 1 };
    if (1..=allowed).contains(&count) { Ok(()) } else { Err(Unsendable::Articles { count, allowed }) }
}

/// The reply's XML, not encrypted; of [`Reply::Nothing`] only the head. `now` in Unix seconds.
pub(in crate::wechat) fn write(reply: &Reply, incoming: &Incoming, now: i64) -> Result<String, Unsendable> {
    reply.check(incoming)?;
    let mut writer = Writer::new();
    writer.element("xml", |xml| {
        xml.text("ToUserName", &incoming.from_user);
        xml.text("FromUserName", &incoming.to_user);
        xml.number("CreateTime", now);
        xml.text("MsgType", reply.msg_type());
        write_body(xml, reply);
    });
    Ok(writer.finish())
}

fn write_body(xml: &mut Writer, reply: &Reply) {
    match reply {
        Reply::Nothing => {}
        Reply::Text(text) => xml.text("Content", text),
        Reply::Image { media_id } => xml.element("Image", |xml| xml.text("MediaId", media_id)),
        Reply::Voice { media_id } => xml.element("Voice", |xml| xml.text("MediaId", media_id)),
        Reply::Video(video) => xml.element("Video", |xml| {
            xml.text("MediaId", &video.media_id);
            xml.optional("Title", &video.title);
            xml.optional("Description", &video.description);
        }),
        Reply::Music(music) => xml.element("Music", |xml| {
            xml.optional("Title", &music.title);
            xml.optional("Description", &music.description);
            xml.optional("MusicUrl", &music.url);
            xml.optional("HQMusicUrl", &music.high_quality_url);
            xml.text("ThumbMediaId", &music.thumb_media_id);
        }),
        Reply::News(articles) => write_articles(xml, articles),
        Reply::TransferCustomerService { account: None } => {}
        Reply::TransferCustomerService { account: Some(account) } => {
            xml.element("TransInfo", |xml| xml.text("KfAccount", account));
        }
    }
}

fn write_articles(xml: &mut Writer, articles: &[Article]) {
    xml.number("ArticleCount", articles.len() as i64);
    xml.element("Articles", |xml| {
        for article in articles {
            xml.element("item", |xml| {
                xml.text("Title", &article.title);
                xml.text("Description", &article.description);
                xml.text("PicUrl", &article.pic_url);
                xml.text("Url", &article.url);
            });
        }
    });
}
