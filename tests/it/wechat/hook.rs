//! `hook.*`: who may call the callback. Signatures, freshness, replays, modes.

use super::*;
use shutong::wechat::{Envelope, MessageKind, NonceCache, Query, Refused, check, open, verify_url};

/// EasyWeChat's vector (MIT): a text message.
const ENCRYPTED: &str = "rTNFcsut4LfGuAFKEUVVpwcaCOTJzOd9twZdIW910jb3k+iicx2uvhttIZ3Qg9Qgty3BEF2xbOrz6boTfb30dMomcgrkTqdFPwnhqbk+kIQ7rZiwny9D7NUrTgA5kpX3KsZvrXzUZyP2x9YOlxbgm572lmxKvM7HAQQhIQ/p6HBmoY30bGXFK0BtIu1pW9TjhOYrLQoU18nWYjWqDA1ynkmOytpv7QRI1P1+0NoxL0q2zO1DgeSvnE8CZGo/o5Ap/WHK5W2RAsinpzN4/LjPnmB6U01I5XCoJoC0GK/yMZycd2Oh8Nq6+wBkC1U85oy0ktOY4nLvsQMLrourmMGdZHuTbqpeJ8Ao/5PRYJ+WBvRUwPfGKBL2+2IKZF49vAJqkcGWSHGE76ZN2erXeuNazf/o9o3lIE3q739o4c8t9QGPe31GT2Go/rOz1BsrASwvauNulCh+++yz+CQzBIuikA==";

fn safe_body(encrypted: &str) -> String {
    format!("<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>")
}

#[test]
fn easywechat_vector() {
    let now = 1458300676;
    let raw = signed_encrypted(now, "260774613", ENCRYPTED);
    assert!(raw.contains("msg_signature=4f3ad57b6989f09f4eb392acce4f9e93942ed890"), "{raw}");
    let query = Query::parse(&raw).unwrap();
    let opened = open(&account(Mode::Safe), &query, safe_body(ENCRYPTED).as_bytes(), now).unwrap();
    assert_eq!(opened.envelope, Envelope::CurrentKey);
    let incoming = opened.incoming;
    assert_eq!((incoming.to_user.as_str(), incoming.from_user.as_str()), ("asdasdasd", "asdasdasdsadasd"));
    assert_eq!((incoming.created_at, incoming.msg_id), (1234567898, Some(12345)));
    assert_eq!(incoming.kind, MessageKind::Text { content: "hello".into(), menu_id: None });
}

#[test]
fn verify_url_gives_exactly_echostr() {
    let now = 1714036504;
    let query = Query::parse(&format!("{}&echostr=4375120948345356249", signed(now, "1514711492"))).unwrap();
    assert_eq!(verify_url(&account(Mode::Safe), &query, now), Ok("4375120948345356249".into()));
    let query = Query::parse(&signed(now, "1514711492")).unwrap();
    assert!(matches!(verify_url(&account(Mode::Safe), &query, now), Err(Refused::Malformed(_))));
}

const NOW: i64 = 1_700_000_000;
const BODY: &str = "<xml><ToUserName>gh</ToUserName><FromUserName>oA</FromUserName><CreateTime>5</CreateTime>\
                    <MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId></xml>";

#[track_caller]
fn check_query(raw: &str, expected: Option<u16>) {
    let judged = Query::parse(raw).and_then(|query| check(&account(Mode::Plain), &query, NOW));
    assert_eq!(judged.err().map(|refused| refused.status()), expected, "{raw}");
}

#[test]
fn parameters() {
    let good = signed(NOW, "1514711492");
    check_query(&good, None);
    check_query(&format!("app=1&{good}&extra=%20"), None);
    check_query(&good.replace("nonce=1514711492", "nonce=%31514711492"), None);
    check_query("", Some(403));
    check_query("signature=&timestamp=&nonce=", Some(403));
    check_query("signature=da39a3ee5e6b4b0d3255bfef95601890afd80709&timestamp=0&nonce=0", Some(403));
    check_query(&good.replace("signature=", "Signature="), Some(403));
    check_query(&good.replace("nonce=1", "nonce=2"), Some(403));
    check_query(&good.replace("timestamp=1700000000", "timestamp=1700000001"), Some(403));
    check_query(&format!("{good}&nonce=1514711492"), Some(403));
    check_query(&format!("{good}&openid=oB"), Some(403));
    check_query(&format!("{good}&{}", "x".repeat(5000)), Some(403));
    for (time, nonce) in [("+1700000000", "1"), ("1700000000.0", "1"), ("-1", "1"), ("9999999999999", "1"), ("１", "1")]
    {
        let signature = signature(&[TOKEN, time, nonce]);
        check_query(&format!("signature={signature}&timestamp={}&nonce={nonce}", time.replace('+', "%2B")), Some(403));
    }
}

#[test]
fn freshness() {
    for (seconds, expected) in [
        (0, None),
        (300, None),
        (-300, None),
        (301, Some(403)),
        (-301, Some(403)),
        (86_400, Some(403)),
        (-NOW, Some(403)),
    ] {
        check_query(&signed(NOW + seconds, "1"), expected);
    }
    let query = Query::parse(&signed(NOW, "1")).unwrap();
    for now in [i64::MIN, i64::MAX] {
        assert!(check(&account(Mode::Plain), &query, now).is_err());
    }
}

#[test]
fn echostr_is_not_given_to_strangers() {
    let html = "%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let query =
        Query::parse(&format!("{}&echostr={html}", signed(NOW, "1").replace("signature=", "signature=0"))).unwrap();
    assert_eq!(verify_url(&account(Mode::Plain), &query, NOW).unwrap_err().status(), 403);
    let query = Query::parse(&format!("{}&echostr={html}", signed(NOW, "1"))).unwrap();
    assert_eq!(verify_url(&account(Mode::Plain), &query, NOW).unwrap(), "<script>alert(1)</script>");
    assert_eq!(verify_url(&account(Mode::Plain), &query, NOW + 301).unwrap_err().status(), 403);
}

/// What is said aloud does not depend on what was wrong.
#[test]
fn refusals_tell_the_log_and_not_the_caller() {
    let query = Query::parse(&signed(NOW, "1").replace("signature=", "signature=0")).unwrap();
    let refused = check(&account(Mode::Plain), &query, NOW).unwrap_err();
    assert_eq!(refused.to_string(), "forbidden");
    assert!(refused.reason().contains("Token"));
    assert!(!refused.reason().contains(TOKEN));
}

#[test]
fn compatible_believes_only_the_encrypted_part() {
    let raw = signed_encrypted(NOW, "1", ENCRYPTED);
    let forged = BODY.replace("</xml>", &format!("<Encrypt><![CDATA[{ENCRYPTED}]]></Encrypt></xml>"));
    let query = Query::parse(&raw).unwrap();
    let opened = open(&account(Mode::Compatible), &query, forged.as_bytes(), NOW).unwrap();
    assert_eq!((opened.incoming.from_user.as_str(), opened.envelope), ("asdasdasdsadasd", Envelope::CurrentKey));
    // Taking the claim of encryption away does not make the plain part believed.
    let query = Query::parse(&signed(NOW, "1")).unwrap();
    assert_eq!(open(&account(Mode::Compatible), &query, forged.as_bytes(), NOW).unwrap_err().status(), 403);
    let query = Query::parse(&format!("{}&encrypt_type=rsa", signed(NOW, "1"))).unwrap();
    assert_eq!(open(&account(Mode::Compatible), &query, BODY.as_bytes(), NOW).unwrap_err().status(), 400);
    let query = Query::parse(&format!("{}&encrypt_type=raw", signed(NOW, "1"))).unwrap();
    assert_eq!(open(&account(Mode::Compatible), &query, BODY.as_bytes(), NOW).unwrap().envelope, Envelope::Plain);
}

#[test]
fn a_used_signature_is_good_for_one_body() {
    let [one, two] = [account(Mode::Plain), account(Mode::Safe)];
    let nonces = NonceCache::new();
    let query = |time, nonce| Query::parse(&signed(time, nonce)).unwrap();
    let admit = |query: &Query, body: &[u8], now| nonces.admit(&one, query, body, now).is_ok();
    assert!(admit(&query(NOW, "12"), b"a", NOW));
    assert!(admit(&query(NOW, "12"), b"a", NOW + 599), "the platform asks again");
    assert!(!admit(&query(NOW, "12"), b"b", NOW + 599), "another body");
    assert!(admit(&query(NOW, "13"), b"b", NOW), "another nonce");
    assert!(admit(&query(NOW + 1, "12"), b"b", NOW), "another time");
    assert!(!admit(&query(NOW, "12"), b"b", NOW + 600), "kept as long as it may be fresh");
    assert!(admit(&query(NOW, "12"), b"b", NOW + 601), "forgotten");
    assert!(!admit(&query(NOW, "12"), b"a", NOW + 601), "and now the other is the first");
    assert!(nonces.admit(&two, &query(NOW, "12"), b"c", NOW + 601).is_err(), "the same AppID is the same account");
}

/// Coarse: a comparison that stopped at the first wrong digit would be a few nanoseconds faster, which
/// no test can see; this one sees a check that does more for a right beginning.
#[test]
fn timing_of_signatures() {
    let right = signed(NOW, "1");
    let at = right.find('=').unwrap() + 1;
    let time = |position: usize| {
        let mut raw = right.clone();
        let old = raw.as_bytes()[at + position];
        raw.replace_range(at + position..=at + position, if old == b'0' { "1" } else { "0" });
        let query = Query::parse(&raw).unwrap();
        let plain = account(Mode::Plain);
        let mut best = std::time::Duration::MAX;
        for _ in 0..50 {
            let start = std::time::Instant::now();
            for _ in 0..100 {
                assert!(check(std::hint::black_box(&plain), std::hint::black_box(&query), NOW).is_err());
            }
            best = best.min(start.elapsed());
        }
        best.as_secs_f64()
    };
    let (first, last) = (time(0), time(39));
    assert!((0.5..2.0).contains(&(first / last)), "first digit {first} s, last digit {last} s");
}

/// Any other byte in what is signed, or in the names, makes it another request.
#[test]
fn every_byte_of_the_signed_parameters_counts() {
    let good = signed(NOW, "1514711492");
    let end = good.find("&openid").unwrap();
    for at in 0..end {
        for byte in ["0", "9", "a", "F", "&", "=", "%", "+", " ", "x"] {
            let mut raw = good.clone();
            raw.replace_range(at..=at, byte);
            // Hex digits may be capitals: the digest is compared, not its spelling.
            if raw.to_lowercase() != good.to_lowercase() {
                check_query(&raw, Some(403));
            }
        }
    }
}
