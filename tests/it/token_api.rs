//! The token API over real sockets, with the simulated platform behind it.

mod followers; // servers that follow another
mod sdk; // the platform's own interface, the relay, and an SDK that was not written for us

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use shutong::secret::Secret;
use shutong::token::{NewKey, Scope};

use super::support::central::APP_ID;
use super::support::test_app::TestApp;
use super::support::wechat_api::Fault;

/// Every path there is, with a method and whether it has a body.
const PATHS: [(&str, bool); 14] = [
    ("/accesstoken", false),
    ("/accesstoken/main", false),
    ("/accesstoken/main", true),
    ("/accesstoken/main/report", true),
    ("/accesstoken/main/refresh", true),
    ("/accesstoken/main/events", false),
    ("/ticket", false),
    ("/ticket/main?type=jsapi", false),
    ("/ticket/main?type=wx_card", false),
    ("/jssdk/main", true),
    ("/jssdk", true),
    ("/", false),
    ("/nothing", false),
    ("/accesstoken/main/report/x", true),
];

#[tokio::test]
async fn without_a_key_there_is_nothing() {
    let test = TestApp::with_platform("", "").await;
    let body = |has_body: bool| has_body.then(|| json!({ "refused": "x", "token": "x", "url": "https://x.com" }));
    for (path, has_body) in PATHS {
        for key in ["", "bk_0_0", "bk__", "nonsense"] {
            let told = test.ask(path, key, body(has_body)).await;
            assert_eq!((told.status, told.errcode()), (401, 40125), "{path} {key}");
            assert!(!told.headers.contains_key("access-control-allow-origin"));
        }
        // Never in the query string.
        let key = test.key(&Scope::ALL);
        let mark = if path.contains('?') { '&' } else { '?' };
        for name in ["key", "secret", "access_token", "authorization"] {
            assert_eq!(test.ask(&format!("{path}{mark}{name}={key}"), "", body(has_body)).await.status, 401);
        }
    }
    assert_eq!(test.platform.as_ref().unwrap().calls().len(), 0, "and the platform was not troubled");
}

#[tokio::test]
async fn the_token_and_how_long_it_may_be_kept() {
    let test = TestApp::with_platform("", "").await;
    let key = test.key(&[Scope::Read]);
    let told = test.ask("/accesstoken", &key, None).await;
    assert_eq!(told.status, 200, "{told:?}");
    assert!(test.platform.as_ref().unwrap().accepts(APP_ID, told.access_token()));
    let left = told.json["expires_in"].as_u64().unwrap();
    assert!((7_180..=7_200).contains(&left), "{left}");
    assert_eq!(told.headers["cache-control"], "private, max-age=60");
    assert_eq!(told.headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(test.ask("/accesstoken/main", &key, None).await.json, told.json);
    test.clock.advance(chrono::Duration::minutes(119));
    let told = test.ask("/accesstoken/main", &key, None).await;
    let left = told.json["expires_in"].as_u64().unwrap();
    assert!(left < 60 && told.headers["cache-control"] == format!("private, max-age={left}"), "{told:?}");
    assert_eq!(test.ask("/accesstoken/nobody", &key, None).await.status, 404);
    let kept = test.app.keys.list().unwrap();
    assert!(kept[0].1.used_at.is_some(), "the last use is known");
}

/// A token that is renewed classically leaves the one before five minutes: nobody is told to keep it longer.
#[tokio::test]
async fn nobody_is_told_to_keep_a_token_beyond_its_renewal() {
    let test = TestApp::with_platform("token_endpoint = \"classic\"", "").await;
    let key = test.key(&[Scope::Read]);
    let mut promised: Vec<(String, i64)> = Vec::new();
    for minute in 0..400 {
        // One set by hand is renewed as well.
        if minute == 200 {
            let by_hand = Secret::new(test.platform.as_ref().unwrap().rotate_by_somebody(APP_ID));
            promised.clear();
            test.app.tokens.of(None).unwrap().set(by_hand, Duration::from_secs(7_200)).await.unwrap();
        }
        test.clock.advance(chrono::Duration::minutes(1));
        test.app.tokens.tick().await;
        let now = test.clock.passed();
        promised.retain(|(_, until)| *until > now);
        for (token, _) in &promised {
            assert!(test.platform.as_ref().unwrap().accepts(APP_ID, token), "somebody may still use it");
        }
        let told = test.ask("/accesstoken", &key, None).await;
        let left = told.json["expires_in"].as_i64().unwrap();
        assert!(left > 230, "{left}");
        promised.push((told.access_token().to_owned(), now + left * 1_000));
    }
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let test = TestApp::with_platform("js_domains = [\"books.example.com\"]", "").await;
    let token = test.ask("/accesstoken", &test.key(&[Scope::Read]), None).await.access_token().to_owned();
    let url = json!({ "url": "https://books.example.com/b/1" });
    let calls = [
        (Scope::Read, "/accesstoken/main", None),
        (Scope::Refresh, "/accesstoken/main/report", Some(json!({ "refused": "72_old" }))),
        (Scope::Refresh, "/accesstoken/main/refresh", Some(json!({}))),
        (Scope::Set, "/accesstoken/main", Some(json!({ "access_token": token, "expires_in": 600 }))),
        (Scope::Ticket, "/ticket/main?type=jsapi", None),
        (Scope::Ticket, "/jssdk/main", Some(url)),
    ];
    for (needed, path, body) in calls {
        for scope in Scope::ALL {
            let told = test.ask(path, &test.key(&[scope]), body.clone()).await;
            let is_set_back = needed == Scope::Set && scope == needed && told.status == 409;
            if scope == needed {
                // By now the token may have been refreshed; then the platform refuses the old one, in its own words.
                assert!(told.status == 200 || is_set_back, "{path} {scope:?}: {told:?}");
            } else {
                assert_eq!((told.status, told.errcode()), (403, 48001), "{path} {scope:?}");
            }
        }
    }
}

#[tokio::test]
async fn networks_accounts_ends_and_revocation() {
    let test = TestApp::with_platform("", "").await;
    let add = |new: NewKey| {
        let (id, key) = test.app.keys.add(&new, shutong::app::random().unwrap(), test.clock.now()).unwrap();
        (id, key.expose().to_owned())
    };
    let new = |networks: &[&str], accounts: &[&str], days: Option<i64>| NewKey {
        name: "test".into(),
        scopes: vec![Scope::Read],
        accounts: accounts.iter().map(|name| (*name).to_owned()).collect(),
        networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
        expires_at: days.map(|days| test.clock.now() + chrono::Duration::days(days)),
    };
    let (_, elsewhere) = add(new(&["10.0.0.0/8", "2001:db8::/32"], &[], None));
    let told = test.ask("/accesstoken", &elsewhere, None).await;
    assert_eq!((told.status, told.errcode()), (403, 40164));
    let (_, here) = add(new(&["127.0.0.0/8"], &["main"], None));
    assert_eq!(test.ask("/accesstoken", &here, None).await.status, 200);
    let (_, other) = add(new(&[], &["other"], None));
    assert_eq!(test.ask("/accesstoken/main", &other, None).await.status, 403);
    let (_, short) = add(new(&[], &[], Some(1)));
    assert_eq!(test.ask("/accesstoken", &short, None).await.status, 200);
    let (id, long) = add(new(&[], &[], None));
    test.clock.advance(chrono::Duration::days(1));
    test.app.tokens.tick().await;
    assert_eq!(test.ask("/accesstoken", &short, None).await.status, 401, "over");
    assert_eq!(test.ask("/accesstoken", &long, None).await.status, 200);
    assert!(test.app.keys.revoke(&id).unwrap());
    assert_eq!(test.ask("/accesstoken", &long, None).await.status, 401, "revoked");
}

#[tokio::test]
async fn reports_refreshes_and_tokens_by_hand() {
    let test = TestApp::with_platform("", "").await;
    let key = test.key(&[Scope::Read, Scope::Refresh, Scope::Set]);
    let platform = test.platform.as_ref().unwrap();
    let first = test.ask("/accesstoken", &key, None).await.access_token().to_owned();
    let report = |token: &str| Some(json!({ "refused": token }));
    let told = test.ask("/accesstoken/main/report", &key, report(&first)).await;
    assert_eq!((told.access_token(), &told.json["is_new"]), (first.as_str(), &json!(false)));
    platform.force_by_somebody(APP_ID);
    // What was found a moment ago is not looked at again so soon.
    test.clock.advance(chrono::Duration::seconds(11));
    let told = test.ask("/accesstoken/main/report", &key, report(&first)).await;
    assert_eq!((told.status, &told.json["is_new"]), (200, &json!(true)));
    assert!(platform.accepts(APP_ID, told.access_token()));
    let by_hand = platform.rotate_by_somebody(APP_ID);
    for name in ["access_token", "token"] {
        let told = test.ask("/accesstoken/main", &key, Some(json!({ name: by_hand, "expires_in": 900 }))).await;
        assert_eq!((told.status, told.access_token()), (200, by_hand.as_str()), "{told:?}");
    }
    let wrong = json!({ "access_token": "x".repeat(100), "expires_in": 900 });
    let told = test.ask("/accesstoken/main", &key, Some(wrong)).await;
    assert_eq!(told.status, 409);
    assert!(told.json["errmsg"].as_str().unwrap().contains("40001"), "{told:?}");
    for body in
        [json!({}), json!({ "access_token": 5 }), json!({ "access_token": "x", "expires_in": "soon" }), json!([])]
    {
        assert_eq!(test.ask("/accesstoken/main", &key, Some(body)).await.status, 400);
    }
    assert_eq!(test.ask("/accesstoken/main/report", &key, Some(json!({ "refused": "" }))).await.status, 400);
    assert_eq!(test.ask("/accesstoken", &key, None).await.access_token(), by_hand);
}

#[tokio::test]
async fn no_token_is_said_with_its_reason_and_when_to_ask_again() {
    let test = TestApp::with_platform("", "").await;
    let key = test.key(&[Scope::Read]);
    test.platform.as_ref().unwrap().set_fault_everywhere(Some(Fault::Busy));
    let told = test.ask("/accesstoken", &key, None).await;
    assert_eq!((told.status, told.errcode()), (503, -1));
    let after: u64 = told.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=75).contains(&after));
    assert!(told.json["errmsg"].as_str().unwrap().contains("system"), "{told:?}");
    assert_eq!(told.headers["cache-control"], "no-store");
    let calls = test.platform.as_ref().unwrap().calls().len();
    for _ in 0..50 {
        assert_eq!(test.ask("/accesstoken", &key, None).await.status, 503);
    }
    assert_eq!(test.platform.as_ref().unwrap().calls().len(), calls, "callers do not make it ask more often");
}

#[tokio::test]
async fn a_change_is_told_at_once_and_no_stream_outlives_its_key_or_the_server() {
    let mut test = TestApp::with_platform("", "").await;
    let key = test.key(&[Scope::Read, Scope::Refresh]);
    let first = test.ask("/accesstoken", &key, None).await.access_token().to_owned();
    let url = format!("http://{}/accesstoken/main/events", test.token);
    let mut events = Box::pin(test.http.get(&url).bearer_auth(&key).send().await.unwrap().bytes_stream());
    let mut next = async || {
        let piece = tokio::time::timeout(Duration::from_secs(20), events.next()).await.expect("nothing came");
        piece.map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap())
    };
    assert!(next().await.unwrap().contains(&first), "what is there now");
    test.platform.as_ref().unwrap().force_by_somebody(APP_ID);
    let fresh = test.ask("/accesstoken/main/report", &key, Some(json!({ "refused": first }))).await;
    let mut told = next().await.unwrap();
    while !told.contains(fresh.access_token()) {
        told += &next().await.unwrap();
    }
    // A key that is revoked is not told what comes after.
    let revoked = test.key(&[Scope::Read]);
    let mut other = Box::pin(test.http.get(&url).bearer_auth(&revoked).send().await.unwrap().bytes_stream());
    let first = other.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains(fresh.access_token()));
    assert!(test.app.keys.revoke(revoked.split('_').nth(1).unwrap()).unwrap());
    test.clock.advance(chrono::Duration::seconds(31));
    let newest = test.ask("/accesstoken/main/refresh", &key, Some(json!({}))).await;
    let mut told = next().await.unwrap();
    while !told.contains(newest.access_token()) {
        told += &next().await.unwrap();
    }
    assert!(other.next().await.is_none());
    test.stop().await;
    while let Some(rest) = next().await {
        assert!(!rest.contains("null"), "{rest}");
    }
}

#[tokio::test]
async fn pages_are_signed_for_own_domains_only() {
    let test = TestApp::with_platform("js_domains = [\"books.example.com\"]", "").await;
    let key = test.key(&[Scope::Ticket]);
    let ticket = test.ask("/ticket/main", &key, None).await;
    assert_eq!((ticket.status, &ticket.json["errcode"]), (200, &json!(0)));
    let url = "https://books.example.com/b/1?a=书#here";
    let signed = test.ask("/jssdk/main", &key, Some(json!({ "url": url }))).await.json;
    let text = format!(
        "jsapi_ticket={}&noncestr={}&timestamp={}&url={}",
        ticket.json["ticket"].as_str().unwrap(),
        signed["nonceStr"].as_str().unwrap(),
        signed["timestamp"],
        url.split('#').next().unwrap()
    );
    let expected = crate::support::wechat_sim::cipher::sha1_hex(&[&text]);
    assert_eq!((&signed["signature"], &signed["appId"]), (&json!(expected), &json!(APP_ID)));
    for url in ["https://evil.example.com/", "https://books.example.com.evil.com/", "javascript:alert(1)", ""] {
        let told = test.ask("/jssdk/main", &key, Some(json!({ "url": url }))).await;
        assert_eq!((told.status, told.errcode()), (403, 40048), "{url}");
    }
    assert_eq!(test.ask("/ticket/main?type=other", &key, None).await.status, 400);
}
