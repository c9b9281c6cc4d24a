//! What the platform accepts as an answer. Everything else is "该公众号提供的服务出现故障" to the follower.

use super::http::HttpAnswer;
use super::push::Push;
use super::xml::Node;
use super::{SimAccount, SimMode, cipher};

/// What the follower sees.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Nothing.
    Nothing,
    Text(String),
    Image {
        media_id: String,
    },
    Voice {
        media_id: String,
    },
    Video {
        media_id: String,
        title: Option<String>,
        description: Option<String>,
    },
    Music {
        title: Option<String>,
        url: Option<String>,
        thumb_media_id: String,
    },
    News(Vec<SimArticle>),
    /// The chat goes to the people at the desk.
    TransferCustomerService(Option<String>),
    /// The notice that the account is broken; and why, which no follower sees.
    Failure(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct SimArticle {
    pub title: String,
    pub description: String,
    pub pic_url: String,
    pub url: String,
}

/// A link in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub href: String,
    pub label: String,
}

impl Answer {
    /// The text; panics with the whole answer if it is something else.
    #[track_caller]
    pub fn expect_text(&self) -> &str {
        match self {
            Answer::Text(text) => text,
            other => panic!("expected a text, got {other:?}"),
        }
    }
}

/// The links that the client makes of a text.
pub fn links(text: &str) -> Vec<Link> {
    let mut found = Vec::new();
    for part in text.split("<a href=\"").skip(1) {
        let (href, after) = part.split_once("\">").unwrap_or_else(|| panic!("a broken link: {part}"));
        let (label, _) = after.split_once("</a>").unwrap_or_else(|| panic!("an open link: {part}"));
        found.push(Link { href: href.into(), label: label.into() });
    }
    found
}

impl Link {
    /// The text and the id that tapping it sends.
    pub fn menu_item(&self) -> Option<(String, String)> {
        let query = self.href.strip_prefix("weixin://bizmsgmenu?msgmenucontent=")?;
        let (text, id) = query.split_once("&msgmenuid=")?;
        Some((unescape(text), unescape(id)))
    }
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| after.get(..2)).flatten();
        match escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &after[2..]).1,
            None => (bytes.push(first), rest = after).1,
        }
    }
    String::from_utf8(bytes).expect("a link in UTF-8")
}

/// Judges one answer at the time `now`.
pub fn judge(account: &SimAccount, push: &Push, http: &HttpAnswer, now: i64) -> Result<Answer, String> {
    if http.status != 200 {
        return Err(format!("status {}: {}", http.status, http.text()));
    }
    let body = std::str::from_utf8(&http.body).map_err(|e| e.to_string())?;
    if body.is_empty() || body == "success" {
        return Ok(Answer::Nothing);
    }
    let outer = Node::parse(body)?;
    let reply = match (account.mode, outer.child("Encrypt")) {
        (SimMode::Plain, Ok(_)) => return Err("encrypted, but the mode is plain".into()),
        (SimMode::Safe, Err(_)) => return Err("not encrypted, but the mode is safe".into()),
        (_, Err(_)) => outer,
        (_, Ok(_)) => Node::parse(&opened(account, &outer)?)?,
    };
    check_head(&reply, push, now)?;
    content(&reply, push)
}

fn opened(account: &SimAccount, outer: &Node) -> Result<String, String> {
    let [encrypted, signature] = [outer.text_of("Encrypt")?, outer.text_of("MsgSignature")?];
    let [time, nonce] = [outer.text_of("TimeStamp")?, outer.text_of("Nonce")?];
    if nonce.is_empty() || time.parse::<i64>().is_err() {
        return Err("TimeStamp or Nonce is missing".into());
    }
    if signature != cipher::sha1_hex(&[&account.token, &time, &nonce, &encrypted]) {
        return Err("MsgSignature is wrong".into());
    }
    let (message, app_id) = cipher::decrypt(&account.encoding_aes_key, &encrypted)?;
    if app_id == account.app_id { Ok(message) } else { Err(format!("encrypted for {app_id}")) }
}

fn check_head(reply: &Node, push: &Push, now: i64) -> Result<(), String> {
    let [to, from] = [reply.text_of("ToUserName")?, reply.text_of("FromUserName")?];
    if reply.name != "xml" || to != push.open_id || from != push.account {
        return Err(format!("<{}> from {from} to {to}: not the names of the push, exchanged", reply.name));
    }
    let time: i64 = reply.text_of("CreateTime")?.parse().map_err(|_| "CreateTime is no number")?;
    if (time - now).abs() > 86_400 { Err(format!("CreateTime {time} is not now, in seconds")) } else { Ok(()) }
}

fn content(reply: &Node, push: &Push) -> Result<Answer, String> {
    let media = |name: &str, id: &str| {
        let id = reply.child(name)?.text_of(id)?;
        if id.is_empty() { Err("the media id is empty".to_owned()) } else { Ok(id) }
    };
    Ok(match reply.text_of("MsgType")?.as_str() {
        "text" => Answer::Text(text(reply.text_of("Content")?)?),
        "image" => Answer::Image { media_id: media("Image", "MediaId")? },
        "voice" => Answer::Voice { media_id: media("Voice", "MediaId")? },
        "video" => Answer::Video {
            media_id: media("Video", "MediaId")?,
            title: reply.child("Video")?.optional("Title"),
            description: reply.child("Video")?.optional("Description"),
        },
        "music" => Answer::Music {
            title: reply.child("Music")?.optional("Title"),
            url: reply.child("Music")?.optional("MusicUrl"),
            thumb_media_id: media("Music", "ThumbMediaId")?,
        },
        "news" => Answer::News(articles(reply, push)?),
        "transfer_customer_service" => Answer::TransferCustomerService(
            reply.child("TransInfo").ok().map(|info| info.text_of("KfAccount")).transpose()?,
        ),
        other => return Err(format!("MsgType {other} is not known")),
    })
}

fn text(text: String) -> Result<String, String> {
    match text.len() {
        0 => Err("the text is empty".into()),
        1..=2048 => Ok(text),
        bytes => Err(format!("the text has {bytes} bytes, more than 2048")),
    }
}

fn articles(reply: &Node, push: &Push) -> Result<Vec<SimArticle>, String> {
    let items = &reply.child("Articles")?.children;
    let count: usize = reply.text_of("ArticleCount")?.parse().map_err(|_| "ArticleCount is no number")?;
    let allowed = if push.msg_type == "event" { 8 } else { 1 };
    if count != items.len() || !(1..=allowed).contains(&count) {
        return Err(format!("ArticleCount {count}, {} items, {allowed} allowed", items.len()));
    }
    let article = |item: &Node| {
        Ok(SimArticle {
            title: item.text_of("Title")?,
            description: item.text_of("Description")?,
            pic_url: item.text_of("PicUrl")?,
            url: item.text_of("Url")?,
        })
    };
    items.iter().map(article).collect()
}
