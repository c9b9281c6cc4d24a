//! The other side of the callback: writes a push as the platform would, and opens the answer to it.
//!
//! For the owner's chat simulator, which must go through exactly the code that the platform's pushes go through.
//! It is not the platform: nothing is sent from here, and tests of the callback do not use it, because an error
//! in signing that both sides share would not be seen.

use std::collections::BTreeMap;

use crate::wechat::account::{Account, Mode};
use crate::wechat::message::xml;
use crate::wechat::repertoire::{PushField, PushKind};
use crate::wechat::signature;

/// How the openid of every test follower begins. The platform knows none of them: nothing can be sent there.
pub const TEST_FOLLOWERS: &str = "sim-";

/// Whether this is a test follower's openid: they count nowhere as people.
pub fn is_test_follower(open_id: &str) -> bool {
    open_id.starts_with(TEST_FOLLOWERS)
}

/// What a test follower says or does.
#[derive(Clone, Copy, Debug)]
pub struct Saying<'a> {
    /// What kind of push it is.
    pub kind: &'static PushKind,
    /// What stands in its elements, by path; in those that are not named, the samples.
    pub fields: &'a BTreeMap<String, String>,
    /// The platform's number of the message. Events have none.
    pub msg_id: u64,
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
    let (_, _, mut query) = signed(account, now, random);
    query.append_pair("echostr", echo);
    query.finish()
}

/// Nonce and time of a push, and the query with their signature.
fn signed(
    account: &Account,
    now: i64,
    random: [u8; 16],
) -> (String, String, url::form_urlencoded::Serializer<'static, String>) {
    let nonce: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let time = now.to_string();
    let signature = signature::sign(&mut [account.token(), &time, &nonce]);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("signature", &signature).append_pair("timestamp", &time).append_pair("nonce", &nonce);
    (nonce, time, query)
}

/// Writes a push as it comes in this mode; without a key it comes in the open. `created_at` is the message's own time,
/// the same when it is sent again; `now` is that of the signature. Both in Unix seconds. `random` must be fresh for every
/// call.
pub fn push(
    account: &Account,
    open_id: &str,
    saying: &Saying<'_>,
    (created_at, now): (i64, i64),
    mode: Mode,
    random: [u8; 16],
) -> Push {
    let message = document(|xml| write_message(xml, account, open_id, saying, created_at));
    let (nonce, time, mut query) = signed(account, now, random);
    query.append_pair("openid", open_id);
    let mut body = message.clone();
    if let (Mode::Compatible | Mode::Safe, Some(keys)) = (mode, account.keys()) {
        let encrypted = keys.current.encrypt(&random, message.as_bytes(), account.app_id());
        let signature = signature::sign(&mut [account.token(), &time, &nonce, &encrypted]);
        query.append_pair("encrypt_type", "aes").append_pair("msg_signature", &signature);
        body = document(|xml| {
            match mode {
                Mode::Compatible => write_message(xml, account, open_id, saying, created_at),
                _ => xml.text("ToUserName", &original_id(account)),
            }
            xml.text("Encrypt", &encrypted);
        });
    }
    Push { query: query.finish(), message, body }
}

/// How many bytes of text are in an answer in the open, if it is a text: the platform takes
/// [`TEXT_LIMIT`](super::TEXT_LIMIT).
pub fn text_bytes(answer: &str) -> Option<usize> {
    let document = xml::read(answer).ok()?;
    let root = xml::Element::root(&document).ok()?;
    root.child("Content").map(|content| content.text().len())
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

fn document(inner: impl FnOnce(&mut xml::Writer)) -> String {
    let mut writer = xml::Writer::new();
    writer.element("xml", inner);
    writer.finish()
}

fn write_message(xml: &mut xml::Writer, account: &Account, open_id: &str, saying: &Saying<'_>, created_at: i64) {
    let kind = saying.kind;
    xml.text("ToUserName", &original_id(account));
    xml.text("FromUserName", open_id);
    xml.number("CreateTime", created_at);
    if kind.is_event() {
        xml.text("MsgType", "event");
        xml.text("Event", kind.name);
    } else {
        xml.text("MsgType", kind.name);
    }
    let elements: Vec<(&str, &str)> = kind.fields.iter().filter_map(|field| element(field, saying.fields)).collect();
    write_elements(xml, &elements);
    if !kind.is_event() {
        xml.number("MsgId", saying.msg_id.cast_signed());
    }
}

/// The path and the text of an element, if it is there.
fn element<'a>(field: &PushField, said: &'a BTreeMap<String, String>) -> Option<(&'static str, &'a str)> {
    let text = said.get(field.path).map(String::as_str);
    match text {
        Some(text) if !text.is_empty() => Some((field.path, text)),
        None | Some(_) if field.is_optional => None,
        Some(_) => Some((field.path, "")),
        None => Some((field.path, field.sample)),
    }
}

/// Writes elements by their paths; those that stand together in another are written into one.
fn write_elements(xml: &mut xml::Writer, elements: &[(&str, &str)]) {
    let mut rest = elements;
    while let Some(((path, text), behind)) = rest.split_first() {
        let Some((outer, _)) = path.split_once('/') else {
            xml.text(path, text);
            rest = behind;
            continue;
        };
        let inner: Vec<(&str, &str)> =
            rest.iter().map_while(|(path, text)| Some((within(path, outer)?, *text))).collect();
        xml.element(outer, |xml| write_elements(xml, &inner));
        rest = &rest[inner.len()..];
    }
}

fn within<'a>(path: &'a str, outer: &str) -> Option<&'a str> {
    path.strip_prefix(outer)?.strip_prefix('/')
}

/// The real one is known to the platform only.
fn original_id(account: &Account) -> String {
    format!("gh_{}", account.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use crate::wechat::repertoire::REPERTOIRE;
    use crate::wechat::{AccountSettings, Event, MessageKind, Query, Reply, open, seal};

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

    fn text(content: &str, menu_id: &str) -> BTreeMap<String, String> {
        [("Content", content), ("bizmsgmenuid", menu_id)].map(|(path, text)| (path.to_owned(), text.to_owned())).into()
    }

    fn opened(account: &Account, push: &Push) -> crate::wechat::Opened {
        open(account, &Query::parse(&push.query).unwrap(), push.body.as_bytes(), 1_100).unwrap()
    }

    #[test]
    fn a_push_is_believed_in_every_mode_and_its_answer_can_be_read() {
        for mode in [Mode::Plain, Mode::Compatible, Mode::Safe] {
            let account = account(mode);
            let (kind, fields) = (PushKind::of("text").unwrap(), text("三体 ]]> <b>", "7"));
            let saying = Saying { kind, fields: &fields, msg_id: 42 };
            let push = push(&account, "sim-abcd1234", &saying, (1_000, 1_100), mode, [7; 16]);
            let opened = opened(&account, &push);
            assert_eq!(opened.incoming.msg_id, Some(42));
            assert_eq!(opened.incoming.created_at, 1_000);
            let said = MessageKind::Text { content: "三体 ]]> <b>".into(), menu_id: Some("7".into()) };
            assert_eq!(opened.incoming.kind, said);
            assert_eq!(push.body == push.message, mode == Mode::Plain, "{mode:?}");
            assert_eq!(push.body.contains("<Content>"), mode != Mode::Safe, "{mode:?}");

            let reply = Reply::Text("好".into());
            let sealed = seal(&account, &opened.envelope, &opened.incoming, &reply, 1_100, [1; 16], "n").unwrap();
            let sealed = String::from_utf8(sealed).unwrap();
            let readable = read_sealed(&account, &sealed).unwrap_or(sealed);
            assert!(readable.contains("好"), "{mode:?}: {readable}");
            assert_eq!(text_bytes(&readable), Some(3));
        }
        assert_eq!(text_bytes("success"), None);
    }

    #[test]
    fn the_whole_repertoire_is_understood_as_what_it_is() {
        let (account, nothing) = (account(Mode::Safe), BTreeMap::new());
        let mut names: Vec<&str> = REPERTOIRE.iter().map(|kind| kind.name).collect();
        for kind in REPERTOIRE {
            let saying = Saying { kind, fields: &nothing, msg_id: 42 };
            let push = push(&account, "sim-abcd1234", &saying, (1_000, 1_100), Mode::Safe, [7; 16]);
            let incoming = opened(&account, &push).incoming;
            let is_unknown =
                matches!(incoming.kind, MessageKind::Unknown(_) | MessageKind::Event(Event::Unknown { .. }));
            assert!(!is_unknown, "{}: {}", kind.name, push.message);
            assert_eq!(incoming.kind.name(), if kind.is_event() { "event" } else { kind.name });
            assert_eq!(incoming.msg_id.is_none(), kind.is_event(), "{}", kind.name);
        }
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }

    #[test]
    fn elements_within_others_arrive_and_what_is_optional_stays_away() {
        let account = account(Mode::Plain);
        let said = |name: &str, fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
            let saying = Saying { kind: PushKind::of(name).unwrap(), fields: &fields, msg_id: 1 };
            opened(&account, &push(&account, "sim-abcd1234", &saying, (1_000, 1_100), Mode::Plain, [7; 16]))
                .incoming
                .kind
        };
        let MessageKind::Event(Event::PublishFinished(publish)) = said("PUBLISHJOBFINISH", &[]) else { panic!() };
        assert_eq!((publish.publish_id.as_str(), publish.status, publish.urls.len()), ("100000001", Some(0), 1));
        let MessageKind::Event(Event::ScanCodeWait(code)) = said("scancode_waitmsg", &[("EventKey", "isbn")]) else {
            panic!()
        };
        assert_eq!((code.key.as_str(), code.isbn()), ("isbn", Some("9787536692930")));
        let MessageKind::Voice { recognition, .. } = said("voice", &[]) else { panic!() };
        assert_eq!(recognition, None, "nobody has put it into words");
        let MessageKind::Event(Event::Subscribe { key, ticket }) = said("subscribe", &[]) else { panic!() };
        assert_eq!((key.as_str(), ticket), ("", None));
    }
}
