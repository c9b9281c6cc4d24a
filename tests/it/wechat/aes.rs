//! `aes.*`: what can be wrong inside a correctly signed ciphertext. Every one must be refused in the
//! same words, or the difference tells the plaintext.

use super::*;
use crate::support::wechat_sim::cipher;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;
use shutong::wechat::*;

const NOW: i64 = 1_700_000_000;
const MESSAGE: &str = "<xml><ToUserName>gh</ToUserName><FromUserName>oA</FromUserName><CreateTime>5</CreateTime>\
                       <MsgType>text</MsgType><Content>三体</Content><MsgId>1</MsgId></xml>";

/// Opens a ciphertext under the right signatures.
fn open_encrypted(account: &Account, encrypted: &str) -> Result<Opened, Refused> {
    let query = Query::parse(&signed_encrypted(NOW, "1", encrypted.trim())).unwrap();
    open(account, &query, format!("<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>").as_bytes(), NOW)
}

/// `random | length | message | app_id`, without padding.
fn packed(length: u32, message: &[u8], app_id: &str) -> Vec<u8> {
    [b"0123456789abcdef".as_slice(), &length.to_be_bytes(), message, app_id.as_bytes()].concat()
}

fn padded(mut text: Vec<u8>) -> Vec<u8> {
    let fill = 32 - text.len() % 32;
    text.resize(text.len() + fill, fill as u8);
    text
}

fn encrypted(blocks: &[u8]) -> String {
    STANDARD.encode(cipher::encrypt_blocks(KEY, blocks))
}

fn good() -> Vec<u8> {
    padded(packed(MESSAGE.len() as u32, MESSAGE.as_bytes(), APP_ID))
}

/// The good text with its last bytes replaced.
fn ending(end: &[u8]) -> String {
    let mut text = good();
    let start = text.len() - end.len();
    text[start..].copy_from_slice(end);
    encrypted(&text)
}

#[test]
fn the_unchanged_text_is_read() {
    let opened = open_encrypted(&account(Mode::Safe), &encrypted(&good())).unwrap();
    assert_eq!(opened.incoming.msg_id, Some(1));
    let whitespace = format!("\n  {}\n", encrypted(&good()));
    assert_eq!(open_encrypted(&account(Mode::Safe), &whitespace), Ok(opened));
}

#[test]
fn all_that_is_wrong_inside_is_refused_in_the_same_words() {
    let message = MESSAGE.as_bytes();
    let size = message.len() as u32;
    let with_length = |length| encrypted(&padded(packed(length, message, APP_ID)));
    let with_app_id = |app_id: &str| encrypted(&padded(packed(size, message, app_id)));
    let raw = cipher::encrypt_blocks(KEY, &good());
    let flipped = |at: usize| {
        let mut raw = raw.clone();
        raw[at] ^= 1;
        STANDARD.encode(raw)
    };
    let mut first_of_padding = good();
    let fill = usize::from(first_of_padding[first_of_padding.len() - 1]);
    assert!(fill > 1, "this text has no padding to spoil");
    let at = first_of_padding.len() - fill;
    first_of_padding[at] ^= 1;
    let cases = [
        ("empty", String::new()),
        ("not base64", "!!!!".into()),
        ("base64 for URLs", URL_SAFE.encode([0xfb; 96])),
        ("base64 cut", encrypted(&good())[..101].into()),
        ("base64 without padding", STANDARD.encode(&raw[..64]).trim_end_matches('=').into()),
        ("one cipher block", STANDARD.encode(&raw[..16])),
        ("31 bytes", STANDARD.encode(&raw[..31])),
        ("33 bytes", STANDARD.encode(&raw[..33])),
        ("first half", STANDARD.encode(&raw[..96])),
        ("all zeros", STANDARD.encode([0; 96])),
        ("padding 0", ending(&[0])),
        ("padding 33", ending(&[33; 33])),
        ("padding 255", ending(&[255; 64])),
        ("padding not all equal", ending(&[9, 4, 4, 4])),
        ("first byte of the padding", encrypted(&first_of_padding)),
        ("nothing but padding", encrypted(&[32; 32])),
        ("padding longer than the text", encrypted(&[32; 16])),
        ("length 0", with_length(0)),
        ("length one less", with_length(size - 1)),
        ("length one more", with_length(size + 1)),
        ("length beyond the end", with_length(size + 1000)),
        ("length 2^31", with_length(1 << 31)),
        ("length 2^32-1", with_length(u32::MAX)),
        ("length 2^32-20", with_length(u32::MAX - 19)),
        ("only the random part", encrypted(&padded(b"0123456789abcdef".to_vec()))),
        ("no AppID", with_app_id("")),
        ("the beginning of the AppID", with_app_id(&APP_ID[..17])),
        ("more than the AppID", with_app_id(&format!("{APP_ID}x"))),
        ("the AppID in capitals", with_app_id(&APP_ID.to_uppercase())),
        ("not UTF-8", encrypted(&padded(packed(2, &[0xff, 0xfe], APP_ID)))),
        ("first bit of the last block", flipped(raw.len() - 16)),
        ("last bit of the last block", flipped(raw.len() - 1)),
        ("another block after the end", STANDARD.encode([&raw[..], &raw[..32]].concat())),
    ];
    let safe = account(Mode::Safe);
    let refusal = open_encrypted(&safe, &cipher::encrypt(&"Z".repeat(43), &"r".repeat(16), MESSAGE, APP_ID));
    let refusal = refusal.unwrap_err();
    assert_eq!(refusal.status(), 403);
    let other_key = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR";
    for account in [&safe, &account(Mode::Compatible), &account_with(Mode::Safe, other_key, Some(KEY))] {
        for (name, text) in &cases {
            assert_eq!(open_encrypted(account, text), Err(refusal), "{name}");
        }
    }
}

/// What opens is not the ciphertext's fault any more: it is answered like broken XML.
#[test]
fn a_message_that_is_not_a_push_is_malformed() {
    for message in ["", "{}", "<xml/>", "<xml>"] {
        let text = encrypted(&padded(packed(message.len() as u32, message.as_bytes(), APP_ID)));
        assert!(matches!(open_encrypted(&account(Mode::Safe), &text), Err(Refused::Malformed(_))), "{message}");
    }
}

fn incoming() -> Incoming {
    open_encrypted(&account(Mode::Safe), &encrypted(&good())).unwrap().incoming
}

#[test]
fn the_signature_of_a_reply_covers_the_ciphertext() {
    let safe = account(Mode::Safe);
    let reply = Reply::Text("三体".into());
    let body = seal(&safe, &Envelope::CurrentKey, &incoming(), &reply, NOW, [7; 16], "415670741").unwrap();
    let body = String::from_utf8(body).unwrap();
    let part = |name: &str| {
        let (_, after) = body.split_once(&format!("<{name}>")).unwrap();
        let text = after.split_once(&format!("</{name}>")).unwrap().0;
        text.trim_start_matches("<![CDATA[").trim_end_matches("]]>").to_owned()
    };
    assert_eq!((part("TimeStamp"), part("Nonce")), (NOW.to_string(), "415670741".into()));
    let expected = signature(&[TOKEN, &NOW.to_string(), "415670741", &part("Encrypt")]);
    assert_eq!(part("MsgSignature"), expected);
    let (message, app_id) = cipher::decrypt(KEY, &part("Encrypt")).unwrap();
    assert_eq!(app_id, APP_ID);
    assert!(message.contains("<ToUserName><![CDATA[oA]]>") && message.contains("三体"), "{message}");
}

#[test]
fn replies_beyond_the_limits_are_not_sent() {
    let safe = account(Mode::Safe);
    let send = |reply: &Reply| seal(&safe, &Envelope::CurrentKey, &incoming(), reply, NOW, [7; 16], "1").err();
    let text = |text: &str| send(&Reply::Text(text.into()));
    assert_eq!(text(&"书".repeat(683)), Some(Unsendable::TextTooLong { bytes: 2049 }));
    assert_eq!(text(&format!("{}ab", "书".repeat(682))), None);
    assert_eq!(text(fit_text(&"书".repeat(3000), TEXT_FITTING_BYTES)), None);
    for empty in ["", " \n", "\u{7}\u{1}"] {
        assert_eq!(text(empty), Some(Unsendable::EmptyText));
    }
    let [title, description, pic_url, url] = ["t", "d", "p", "u"].map(String::from);
    let article = Article { title, description, pic_url, url };
    assert_eq!(send(&Reply::News(vec![])), Some(Unsendable::Articles { count: 0, allowed: 1 }));
    assert_eq!(send(&Reply::News(vec![article; 2])), Some(Unsendable::Articles { count: 2, allowed: 1 }));
    assert_eq!(send(&Reply::Image { media_id: String::new() }), Some(Unsendable::NoMedia));
    assert_eq!(send(&Reply::Nothing), None);
}

proptest! {
    /// Whatever is said comes back out of the ciphertext, and only under the right key.
    #[test]
    fn sealed_replies_open_again(text in "\\PC{1,300}", random: [u8; 16], now in 0..4_000_000_000i64) {
        prop_assume!(!text.trim().is_empty());
        let safe = account(Mode::Safe);
        let reply = Reply::Text(text.clone());
        let body = seal(&safe, &Envelope::CurrentKey, &incoming(), &reply, now, random, "n").unwrap();
        let body = String::from_utf8(body).unwrap();
        let encrypt = body.split_once("<Encrypt><![CDATA[").unwrap().1.split_once("]]>").unwrap().0;
        // A reply has the form of a message, so it can be opened like one.
        let query = Query::parse(&signed_encrypted(NOW, "1", encrypt)).unwrap();
        let opened = open(&safe, &query, body.as_bytes(), NOW).unwrap();
        prop_assert_eq!(opened.incoming.created_at, now);
        prop_assert_eq!(opened.incoming.kind, MessageKind::Text { content: text, menu_id: None });
        let other = account_with(Mode::Safe, &"Z".repeat(43), None);
        prop_assert_eq!(open(&other, &query, body.as_bytes(), NOW).unwrap_err().status(), 403);
    }
}
