//! The platform's own interface, the relay behind it, and an SDK that was not written for us.

use std::process::Command;

use serde_json::json;
use shutong::token::{NewKey, Scope};

use crate::support::central::APP_ID;
use crate::support::test_app::{TestApp, Told};
use crate::support::wechat_api::Fault;

const RELAY: &str = "[token]\nrelay = [\"/cgi-bin/getcallbackip\", \"/cgi-bin/user/*\", \"/cgi-bin/media/upload\"]";

async fn classic(test: &TestApp, app_id: &str, key: &str) -> Told {
    test.ask(&format!("/cgi-bin/token?grant_type=client_credential&appid={app_id}&secret={key}"), "", None).await
}

async fn stable(test: &TestApp, key: &str, force: bool) -> Told {
    let body = json!({ "grant_type": "client_credential", "appid": APP_ID, "secret": key, "force_refresh": force });
    test.ask("/cgi-bin/stable_token", "", Some(body)).await
}

#[tokio::test]
async fn the_key_stands_in_for_the_secret() {
    let test = TestApp::with_platform("", "").await;
    let key = test.key(&[Scope::Read]);
    let own = test.ask("/accesstoken", &key, None).await;
    for told in [classic(&test, APP_ID, &key).await, stable(&test, &key, false).await] {
        assert_eq!((told.status, &told.json), (200, &own.json));
    }
    // As the platform refuses: status 200 and an errcode that SDKs know.
    let cases = [
        (classic(&test, "wxffffffffffffffff", &key).await, 40013),
        (classic(&test, "", &key).await, 41002),
        (classic(&test, APP_ID, "").await, 41004),
        (classic(&test, APP_ID, "bk_00_00").await, 40125),
        (classic(&test, "wxffffffffffffffff", "bk_00_00").await, 40125),
        (classic(&test, APP_ID, crate::support::central::APP_SECRET).await, 40125),
        (test.ask(&format!("/cgi-bin/token?appid={APP_ID}&secret={key}"), "", None).await, 40002),
        (test.ask("/cgi-bin/stable_token", "", None).await, 43002),
        (classic(&test, APP_ID, &test.key(&[Scope::Ticket])).await, 48001),
        (stable(&test, &key, true).await, 48001),
    ];
    for (told, code) in cases {
        assert_eq!((told.status, told.errcode()), (200, code), "{told:?}");
    }
    let refresher = test.key(&[Scope::Read, Scope::Refresh]);
    let forced = stable(&test, &refresher, true).await;
    assert_ne!(forced.access_token(), own.access_token());
    assert_eq!(stable(&test, &refresher, true).await.access_token(), forced.access_token(), "within 30 seconds");
    test.platform.as_ref().unwrap().set_fault_everywhere(Some(Fault::Busy));
    test.clock.advance(chrono::Duration::hours(3));
    assert_eq!(classic(&test, APP_ID, &key).await.errcode(), -1);
}

/// An SDK whose token was refused cannot say so; it asks again.
#[tokio::test]
async fn who_asks_again_for_a_dead_token_gets_another() {
    let test = TestApp::with_platform("", "").await;
    let key = test.key(&[Scope::Read]);
    let dead = classic(&test, APP_ID, &key).await.access_token().to_owned();
    test.platform.as_ref().unwrap().force_by_somebody(APP_ID);
    test.clock.advance(chrono::Duration::minutes(2));
    for _ in 0..200 {
        let token = classic(&test, APP_ID, &key).await.access_token().to_owned();
        if token != dead {
            assert!(test.platform.as_ref().unwrap().accepts(APP_ID, &token));
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the dead token is given for ever");
}

#[tokio::test]
async fn the_relay_passes_on_what_is_listed_and_the_token_stays_here() {
    let test = TestApp::with_platform("", RELAY).await;
    let platform = test.platform.as_ref().unwrap();
    let key = test.key(&[Scope::Relay]);
    let stand_in = classic(&test, APP_ID, &key).await.access_token().to_owned();
    assert!(!stand_in.is_empty() && !platform.accepts(APP_ID, &stand_in));
    let call = async |path: &str, token: &str| test.ask(&format!("{path}access_token={token}"), "", None).await;
    let ips = call("/cgi-bin/getcallbackip?", &stand_in).await;
    assert!(ips.json["ip_list"].is_array(), "{ips:?}");
    let user = call("/cgi-bin/user/info?openid=oABC&lang=zh_CN&", &stand_in).await;
    assert_eq!(user.json["openid"], "oABC", "{user:?}");
    let by_header = test.ask("/cgi-bin/user/info?openid=oABC", &key, None).await;
    assert_eq!(by_header.json, user.json);
    let last = platform.calls().into_iter().rev().find(|call| call.path == "/cgi-bin/user/info").unwrap();
    let real = last.query.iter().find(|(name, _)| name == "access_token").unwrap().1.clone();
    assert!(platform.accepts(APP_ID, &real) && real != stand_in);
    assert!(platform.calls().iter().any(|call| call.query.contains(&("lang".to_owned(), "zh_CN".to_owned()))));
    let refused = [
        (call("/cgi-bin/menu/get?", &stand_in).await, 47001),
        (call("/cgi-bin/user/../menu/get?", &stand_in).await, 47001),
        (call("/cgi-bin/getcallbackip?", "").await, 40001),
        (call("/cgi-bin/getcallbackip?", &real).await, 40001),
        (call("/cgi-bin/getcallbackip?", &key).await, 40001),
        (call("/cgi-bin/getcallbackip?", &format!("{stand_in}x")).await, 40001),
        (call("/cgi-bin/getcallbackip?", &stand_in.replace("main", "mein")).await, 40001),
        (test.ask("/cgi-bin/getcallbackip", &test.key(&[Scope::Read]), None).await, 48001),
    ];
    let before = platform.calls().len();
    for (told, code) in refused {
        assert_eq!((told.status, told.errcode()), (200, code), "{told:?}");
    }
    assert_eq!(platform.calls().len(), before);
    // A stale token is put right on the way.
    platform.force_by_somebody(APP_ID);
    assert!(call("/cgi-bin/getcallbackip?", &stand_in).await.json["ip_list"].is_array());
    platform.set_fault_everywhere(Some(Fault::Status500));
    let told = call("/cgi-bin/getcallbackip?", &stand_in).await;
    assert!(told.status == 500 || told.errcode() == -1, "{told:?}");
    platform.set_fault_everywhere(None);
    // It ends with its time, and with its key.
    assert!(test.app.keys.revoke(key.split('_').nth(1).unwrap()).unwrap());
    assert_eq!(call("/cgi-bin/getcallbackip?", &stand_in).await.errcode(), 40001);
    let other = test.key(&[Scope::Relay]);
    let stand_in = classic(&test, APP_ID, &other).await.access_token().to_owned();
    test.clock.advance(chrono::Duration::hours(2));
    assert_eq!(call("/cgi-bin/getcallbackip?", &stand_in).await.errcode(), 40001);
}

#[tokio::test]
async fn a_picture_goes_through_the_relay_whole() {
    let test = TestApp::with_platform("", RELAY).await;
    let key = test.key(&[Scope::Relay]);
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    picture.resize(300_000, 0x89);
    let part = reqwest::multipart::Part::bytes(picture).file_name("a.png").mime_str("image/png").unwrap();
    let form = reqwest::multipart::Form::new().part("media", part);
    let url = format!("http://{}/cgi-bin/media/upload?type=image", test.token);
    let answer = test.http.post(url).bearer_auth(&key).multipart(form).send().await.unwrap();
    let json: serde_json::Value = answer.json().await.unwrap();
    assert!(json["media_id"].as_str().is_some_and(|id| id.contains("300000")), "{json}");
}

#[tokio::test]
async fn the_relay_is_off_until_the_owner_lists_paths() {
    let test = TestApp::with_platform("", "").await;
    assert_eq!(
        classic(&test, APP_ID, &test.key(&[Scope::Relay])).await.errcode(),
        48001,
        "a stand-in is good for nothing"
    );
    let told = test.ask("/cgi-bin/getcallbackip", &test.key(&Scope::ALL), None).await;
    assert_eq!(told.errcode(), 47001);
    assert!(told.json["errmsg"].as_str().unwrap().contains("token.relay"));
    assert!(test.platform.as_ref().unwrap().calls().is_empty());
}

/// wechatpy as it was published, its API base set to ours.
#[tokio::test(flavor = "multi_thread")]
async fn an_sdk_that_was_not_written_for_us_gets_its_token_and_calls_through_us() {
    let python =
        std::env::var("TEST_PYTHON").expect("no TEST_PYTHON: run tests/run.sh, which installs what this needs");
    let test = TestApp::with_platform("", RELAY).await;
    let run = |key: String| {
        let client = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wechatpy/client.py");
        let (python, base) = (python.clone(), format!("http://{}", test.token));
        tokio::task::spawn_blocking(move || {
            let ran = Command::new(python).args([client, &base, APP_ID, &key]).output().unwrap();
            let text = String::from_utf8(ran.stdout).unwrap();
            let json = serde_json::from_str(&text).unwrap_or_default();
            (ran.status.code(), json, String::from_utf8_lossy(&ran.stderr).into_owned())
        })
    };
    let platform = test.platform.as_ref().unwrap();
    let (code, told, errors): (_, serde_json::Value, _) = run(test.key(&[Scope::Relay])).await.unwrap();
    assert_eq!(code, Some(0), "{told} {errors}");
    assert!(told["ips"].as_array().is_some_and(|ips| !ips.is_empty()), "{told}");
    assert_eq!(told["user"]["openid"], "oABC");
    assert!(platform.count("/cgi-bin/user/info") == 1 && platform.count("/cgi-bin/stable_token") == 1);
    let (code, told, _) = run("bk_00_00".to_owned()).await.unwrap();
    assert_eq!((code, told["errcode"].as_i64()), (Some(1), Some(40125)));
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_calls_are_passed_on_at_a_time_and_the_others_wait() {
    let test = TestApp::with_platform("", RELAY).await;
    let key = test.key(&[Scope::Relay]);
    test.ask("/cgi-bin/getcallbackip", &key, None).await;
    let platform = test.platform.as_ref().unwrap();
    platform.clear_calls();
    platform.set_latency(Some(std::time::Duration::from_millis(50)));
    let calls = (0..100).map(|_| test.ask("/cgi-bin/getcallbackip", &key, None));
    let told = futures_util::future::join_all(calls).await;
    assert!(told.iter().all(|told| told.json["ip_list"].is_array()));
    let most = platform.max_overlap("/cgi-bin/getcallbackip");
    assert!((2..=16).contains(&most), "{most}");
}

#[tokio::test]
async fn a_stand_in_is_good_where_its_key_is() {
    let test = TestApp::with_platform("", RELAY).await;
    let add = |network: &str| {
        let new = NewKey {
            name: "test".into(),
            scopes: vec![Scope::Relay],
            accounts: Vec::new(),
            networks: vec![network.parse().unwrap()],
            expires_at: None,
        };
        let (_, key) = test.app.keys.add(&new, shutong::app::random().unwrap(), test.clock.now()).unwrap();
        key.expose().to_owned()
    };
    let home: Option<std::net::IpAddr> = Some("10.1.2.3".parse().unwrap());
    for (network, peer, code) in [("127.0.0.0/8", Some([127, 0, 0, 1].into()), 0), ("10.0.0.0/8", home, 40164)] {
        let access = test.app.keys.access(&add(network), peer, test.clock.now()).unwrap();
        let (stand_in, _) = test.app.stand_ins.make(&access, "main", test.clock.now());
        let told = test.ask(&format!("/cgi-bin/getcallbackip?access_token={}", stand_in.expose()), "", None).await;
        assert_eq!(told.errcode(), code, "{network}: {told:?}");
    }
}

/// Who asks again and again, because its SDK knows no better, makes us look once a minute.
#[tokio::test]
async fn asking_again_and_again_costs_the_platform_little() {
    let test = TestApp::with_platform("", "").await;
    let key = test.key(&[Scope::Read]);
    for _ in 0..24 {
        test.clock.advance(chrono::Duration::seconds(11));
        classic(&test, APP_ID, &key).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let looks = test.platform.as_ref().unwrap().count("/cgi-bin/getcallbackip");
    assert!((1..=5).contains(&looks), "{looks} looks in four and a half minutes");
}
