//! A text message as the platform writes it, read without a tree: most pushes are one, and the tree costs more than
//! decrypting them.
//!
//! It is a shortcut and never a verdict: whatever is not exactly of that form gets `None` and goes to the tree. Where
//! it does give a message, the tree gives the same; a test compares them.

use std::borrow::Cow;

use super::xml::legal;
use super::{Incoming, MessageKind};

/// The fields of a text message.
#[derive(Default)]
struct Fields<'a> {
    to_user: Option<&'a str>,
    from_user: Option<&'a str>,
    created_at: Option<&'a str>,
    kind: Option<&'a str>,
    content: Option<&'a str>,
    msg_id: Option<&'a str>,
}

/// The message, if it is a text message in the usual form.
pub(in crate::wechat) fn text_message(xml: &str) -> Option<Incoming> {
    // What a reader of XML changes or refuses is left to one.
    if xml.as_bytes().contains(&b'\r') || matches!(legal(xml), Cow::Owned(_)) {
        return None;
    }
    let mut rest = xml.trim_ascii().strip_prefix("<xml>")?.trim_ascii_start();
    let mut fields = Fields::default();
    while rest != "</xml>" {
        rest = fields.take(rest)?.trim_ascii_start();
    }
    let Fields { to_user, from_user, created_at, kind, content, msg_id } = fields;
    if kind? != "text" {
        return None;
    }
    let named = |name: Option<&str>| Some(name?.trim()).filter(|name| !name.is_empty()).map(str::to_owned);
    Some(Incoming {
        to_user: named(to_user)?,
        from_user: named(from_user)?,
        created_at: created_at?.parse().ok()?,
        msg_id: Some(msg_id?.parse().ok()?),
        article: None,
        kind: MessageKind::Text { content: content?.to_owned(), menu_id: None },
    })
}

impl<'a> Fields<'a> {
    /// Takes the element at the beginning of `rest` and gives what is behind it.
    fn take(&mut self, rest: &'a str) -> Option<&'a str> {
        let (name, inner) = rest.strip_prefix('<')?.split_once('>')?;
        let (value, behind) = match inner.strip_prefix("<![CDATA[") {
            Some(text) => text.split_once("]]>")?,
            None => {
                let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
                inner.split_at_checked(digits)?
            }
        };
        let field = match name {
            "ToUserName" => &mut self.to_user,
            "FromUserName" => &mut self.from_user,
            "CreateTime" => &mut self.created_at,
            "MsgType" => &mut self.kind,
            "Content" => &mut self.content,
            "MsgId" => &mut self.msg_id,
            // Something more than a plain text message.
            _ => return None,
        };
        let is_first = field.replace(value).is_none();
        let behind = behind.strip_prefix("</")?.strip_prefix(name)?.strip_prefix('>')?;
        is_first.then_some(behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::message::{parse, xml};

    const USUAL: &str = "<xml><ToUserName><![CDATA[gh_1]]></ToUserName>\n<FromUserName><![CDATA[oA]]></FromUserName>\n\
        <CreateTime>1348831860</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n\
        <Content><![CDATA[ 三体 & <b> ]]></Content>\n<MsgId>1234567890123456</MsgId>\n</xml>";

    fn by_the_tree(text: &str) -> Option<Incoming> {
        let document = xml::read(text).ok()?;
        parse::incoming(&document).ok()
    }

    #[test]
    fn the_usual_form_is_read_as_the_tree_reads_it() {
        let message = text_message(USUAL).unwrap();
        assert_eq!(Some(&message), by_the_tree(USUAL).as_ref());
        assert!(matches!(message.kind, MessageKind::Text { content, .. } if content == " 三体 & <b> "));
    }

    /// Every change of one byte, every cut, and pieces in other places: never another message than the tree's.
    #[test]
    fn whatever_it_reads_the_tree_reads_the_same() {
        let pieces: Vec<&str> = USUAL.split_inclusive('>').collect();
        let mut texts: Vec<String> = Vec::new();
        for (at, _) in USUAL.char_indices() {
            for other in ["", "x", " ", "0", "<", ">", "&", "]", "\r", "\t", "\u{1}", "\u{fffe}", "/", "&amp;"] {
                let next = USUAL[at..].chars().next().map_or(0, char::len_utf8);
                texts.push(format!("{}{other}{}", &USUAL[..at], &USUAL[at + next..]));
                texts.push(format!("{}{other}{}", &USUAL[..at], &USUAL[at..]));
            }
            texts.push(USUAL[..at].to_owned());
        }
        for one in 0..pieces.len() {
            for other in 0..pieces.len() {
                let mut moved = pieces.clone();
                moved.swap(one, other);
                texts.push(moved.concat());
                moved = pieces.clone();
                moved.insert(other, pieces[one]);
                texts.push(moved.concat());
            }
        }
        let mut read = 0;
        for text in &texts {
            if let Some(message) = text_message(text) {
                read += 1;
                assert_eq!(Some(message), by_the_tree(text), "{text}");
            }
        }
        assert!(read > 500 && read < texts.len() / 2, "{read} of {}", texts.len());
    }

    #[test]
    fn anything_more_goes_to_the_tree() {
        for (from, to) in [
            ("<MsgId>", "<bizmsgmenuid>1</bizmsgmenuid><MsgId>"),
            ("[text]", "[event]"),
            ("<MsgId>1234567890123456</MsgId>", ""),
            ("<xml>", "<?xml version=\"1.0\"?><xml>"),
            ("1348831860", "13488318e0"),
            ("<Content>", "<Content>x"),
        ] {
            assert_eq!(text_message(&USUAL.replace(from, to)), None, "{to}");
        }
    }
}
