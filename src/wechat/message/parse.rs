//! XML -> [`Incoming`]. The order of elements is free and unknown ones are ignored, as the platform
//! adds new ones without notice.

use super::event_parse;
use super::xml::Element;
use super::{FromArticle, Incoming, MessageKind};
use roxmltree::Document;

/// Reads one push. The error is a reason for the log; only a broken head is one.
pub(in crate::wechat) fn incoming(document: &Document<'_>) -> Result<Incoming, &'static str> {
    let xml = Element::root(document)?;
    let head = |name| xml.text_of(name)?.filter(|text| !text.is_empty()).ok_or("the head is incomplete");
    let to_user = head("ToUserName")?;
    let from_user = head("FromUserName")?;
    let created_at = head("CreateTime")?;
    let created_at = created_at.parse().map_err(|_| "CreateTime is not a number")?;
    let kind = kind(&xml, head("MsgType")?)?;
    // An event's MsgID is the id of what it reports on, not its own.
    let msg_id = if matches!(kind, MessageKind::Event(_)) { None } else { msg_id(&xml)? };
    Ok(Incoming { to_user, from_user, created_at, msg_id, article: article(&xml), kind })
}

/// Some tools and old documents write `MsgID`. Not a number is not an id: two messages without one
/// must not look the same to whoever asks for `dedup_key`.
fn msg_id(xml: &Element<'_>) -> Result<Option<u64>, &'static str> {
    let text = match xml.text_of("MsgId")? {
        Some(text) => Some(text),
        None => xml.text_of("MsgID")?,
    };
    text.map(|text| text.parse().map_err(|_| "MsgId is not a number")).transpose()
}

fn article(xml: &Element<'_>) -> Option<FromArticle> {
    let msg_data_id = xml.some_text("MsgDataId")?;
    Some(FromArticle { msg_data_id, idx: xml.number("Idx").unwrap_or(0) })
}

fn kind(xml: &Element<'_>, name: String) -> Result<MessageKind, &'static str> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "text" => text(xml),
        "image" => MessageKind::Image { pic_url: xml.text_or_empty("PicUrl"), media_id: xml.text_or_empty("MediaId") },
        "voice" => MessageKind::Voice {
            media_id: xml.text_or_empty("MediaId"),
            format: xml.text_or_empty("Format"),
            recognition: xml.some_text("Recognition"),
        },
        "video" => MessageKind::Video {
            media_id: xml.text_or_empty("MediaId"),
            thumb_media_id: xml.text_or_empty("ThumbMediaId"),
        },
        "shortvideo" => MessageKind::ShortVideo {
            media_id: xml.text_or_empty("MediaId"),
            thumb_media_id: xml.text_or_empty("ThumbMediaId"),
        },
        "location" => MessageKind::Location {
            latitude: xml.text_or_empty("Location_X"),
            longitude: xml.text_or_empty("Location_Y"),
            scale: xml.text_or_empty("Scale"),
            label: xml.text_or_empty("Label"),
        },
        "link" => MessageKind::Link {
            title: xml.text_or_empty("Title"),
            description: xml.text_or_empty("Description"),
            url: xml.text_or_empty("Url"),
        },
        "file" => MessageKind::File {
            title: xml.text_or_empty("Title"),
            description: xml.text_or_empty("Description"),
            size: xml.number("FileTotalLen"),
        },
        "event" => MessageKind::Event(event_parse::event(xml)?),
        _ => MessageKind::Unknown(name),
    })
}

/// The one text that is kept as typed, spaces and line ends included.
fn text(xml: &Element<'_>) -> MessageKind {
    MessageKind::Text {
        content: xml.child("Content").map(|content| content.text()).unwrap_or_default(),
        menu_id: xml.some_text("bizmsgmenuid"),
    }
}
