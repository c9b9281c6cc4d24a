//! The other side of the callback: writes a push as the platform would, and opens the answer to it.
//!
//! For the owner's chat simulator, which must go through exactly the code that the platform's pushes go through.
//! It is not the platform: nothing is sent from here, and tests of the callback do not use it, because an error
//! in signing that both sides share would not be seen.

use crate::wechat::account::{Account, Mode};
use crate::wechat::message::xml;
use crate::wechat::signature;

/// How the openid of every test follower begins. The platform knows none of them: nothing can be sent there.
pub const TEST_FOLLOWERS: &str = "sim-";

/// What a test follower says or does.
#[derive(Clone, Copy, Debug)]
pub enum Saying<'a> {
    /// Text, typed or tapped.
    Text {
        /// The text.
        text: &'a str,
        /// The id of the link that was tapped.
        menu_id: Option<&'a str>,
        /// The platform's number of the message.
        msg_id: u64,
    },
    /// A picture, which is nowhere to be fetched.
    Image {
        /// The platform's number of the message.
        msg_id: u64,
    },
    /// Speech, recognised.
    Voice {
        /// What was understood; may be empty.
        recognition: &'a str,
        /// The platform's number of the message.
        msg_id: u64,
    },
    /// An event.
    Event {
        /// Its name, as in `subscribe`.
        event: &'a str,
        /// Its EventKey.
        key: &'a str,
    },
}

/// A push, ready for the callback.
#[derive(Clone, Debug)]
pub struct Push {
    /// The query string, without `?`.
    pub query: String,
    /// The message in the open.
    pub message: String,
    /// The body: the message, or its encryption if the account's mode asks for one.
    pub body: String,
}

/// The query string with which the platform verifies that an address is the account's callback: `echo` has to come
/// back. `random` must be fresh for every call.
pub fn verification(account: &Account, echo: &str, now: i64, random: [u8; 16]) -> String {
    let nonce: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let time = now.to_string();
    let signature = signature::sign(&mut [account.token(), &time, &nonce]);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("signature", &signature).append_pair("timestamp", &time);
    query.append_pair("nonce", &nonce).append_pair("echostr", echo);
    query.finish()
}

/// Writes a push. `created_at` is the message's own time, the same when it is sent again; `now` is that of the
/// signature. Both in Unix seconds. `random` must be fresh for every call.
pub fn push(
    account: &Account,
    open_id: &str,
    saying: &Saying<'_>,
    created_at: i64,
    now: i64,
    random: [u8; 16],
) -> Push {
    let message = message(account, open_id, saying, created_at);
    let nonce: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let time = now.to_string();
    let signature = signature::sign(&mut [account.token(), &time, &nonce]);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("signature", &signature);
    query.append_pair("timestamp", &time).append_pair("nonce", &nonce).append_pair("openid", open_id);
    let mut body = message.clone();
    if let (Mode::Compatible | Mode::Safe, Some(keys)) = (account.mode(), account.keys()) {
        let encrypted = keys.current.encrypt(&random, message.as_bytes(), account.app_id());
        let signature = signature::sign(&mut [account.token(), &time, &nonce, &encrypted]);
        query.append_pair("encrypt_type", "aes").append_pair("msg_signature", &signature);
        let mut writer = xml::Writer::new();
        writer.element("xml", |xml| {
            xml.text("ToUserName", &original_id(account));
            xml.text("Encrypt", &encrypted);
        });
        body = writer.finish();
    }
    Push { query: query.finish(), message, body }
}

/// The answer to a push in the open, if it was encrypted under one of the account's keys.
pub fn read_sealed(account: &Account, answer: &str) -> Option<String> {
    let document = xml::read(answer).ok()?;
    let encrypted = xml::Element::root(&document).ok()?.text_of("Encrypt").ok()??;
    let keys = account.keys()?;
    let opened = [Some(&keys.current), keys.previous.as_ref()]
        .into_iter()
        .flatten()
        .find_map(|key| key.decrypt(&encrypted, account.app_id()).ok())?;
    String::from_utf8(opened).ok()
}

fn message(account: &Account, open_id: &str, saying: &Saying<'_>, created_at: i64) -> String {
    let mut writer = xml::Writer::new();
    writer.element("xml", |xml| {
        xml.text("ToUserName", &original_id(account));
        xml.text("FromUserName", open_id);
        xml.number("CreateTime", created_at);
        match *saying {
            Saying::Text { text, menu_id, msg_id } => {
                xml.text("MsgType", "text");
                xml.text("Content", text);
                xml.number("MsgId", msg_id.cast_signed());
                if let Some(id) = menu_id {
                    xml.text("bizmsgmenuid", id);
                }
            }
            Saying::Image { msg_id } => {
                xml.text("MsgType", "image");
                xml.text("PicUrl", "http://mmbiz.qpic.cn/simulated/0");
                xml.text("MediaId", "simulated");
                xml.number("MsgId", msg_id.cast_signed());
            }
            Saying::Voice { recognition, msg_id } => {
                xml.text("MsgType", "voice");
                xml.text("MediaId", "simulated");
                xml.text("Format", "amr");
                xml.text("Recognition", recognition);
                xml.number("MsgId", msg_id.cast_signed());
            }
            Saying::Event { event, key } => {
                xml.text("MsgType", "event");
                xml.text("Event", event);
                xml.text("EventKey", key);
            }
        }
    });
    writer.finish()
}

/// The real one is known to the platform only.
fn original_id(account: &Account) -> String {
    format!("gh_{}", account.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use crate::wechat::{AccountSettings, MessageKind, Query, Reply, open, seal};

    fn account(mode: Mode) -> Account {
        let key = Secret::new("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG");
        Account::new(AccountSettings {
            name: "test".into(),
            app_id: "wx1234567890abcdef".into(),
            token: Secret::new("token123"),
            mode,
            encoding_aes_key: Some(key),
            previous_encoding_aes_key: None,
            verified: false,
        })
        .unwrap()
    }

    #[test]
    fn a_push_is_believed_in_every_mode_and_its_answer_can_be_read() {
        for mode in [Mode::Plain, Mode::Compatible, Mode::Safe] {
            let account = account(mode);
            let saying = Saying::Text { text: "三体 ]]> <b>", menu_id: Some("7"), msg_id: 42 };
            let push = push(&account, "sim-abcd1234", &saying, 1_000, 1_100, [7; 16]);
            let query = Query::parse(&push.query).unwrap();
            let opened = open(&account, &query, push.body.as_bytes(), 1_100).unwrap();
            assert_eq!(opened.incoming.msg_id, Some(42));
            assert_eq!(opened.incoming.created_at, 1_000);
            let said = MessageKind::Text { content: "三体 ]]> <b>".into(), menu_id: Some("7".into()) };
            assert_eq!(opened.incoming.kind, said);
            assert_eq!(push.body == push.message, mode == Mode::Plain, "{mode:?}");

            let reply = Reply::Text("好".into());
            let sealed = seal(&account, &opened.envelope, &opened.incoming, &reply, 1_100, [1; 16], "n").unwrap();
            let sealed = String::from_utf8(sealed).unwrap();
            let readable = read_sealed(&account, &sealed).unwrap_or(sealed);
            assert!(readable.contains("好"), "{mode:?}: {readable}");
        }
    }
}
