//! The simulated platform's API, held to the platform's published rules by real requests: what is tested against it is
//! worth no more than it is.

use std::process::Command;
use std::time::{Duration as Real, Instant};

use chrono::Duration;
use serde_json::{Map, Value, json};

use crate::support::clock::ManualClock;
use crate::support::wechat_api::{Endpoint, Fault, Host, WechatApi};

const APP: &str = "wx0123456789abcdef";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const TOKEN: &str = "/cgi-bin/token";
const STABLE: &str = "/cgi-bin/stable_token";
const CALLBACK_IP: &str = "/cgi-bin/getcallbackip";

/// A platform with one account, its clock, and somebody who calls.
struct Desk {
    api: WechatApi,
    clock: ManualClock,
    http: reqwest::Client,
}

fn desk() -> Desk {
    let clock = ManualClock::new();
    let same = clock.clone();
    let api = WechatApi::start(move || same.now().timestamp_millis());
    api.add_account(APP, SECRET);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().timeout(Real::from_secs(20)).build().unwrap();
    Desk { api, clock, http }
}

impl Desk {
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let url = format!("{}{path}", self.api.base());
        self.http.get(url).query(query).send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.api.base());
        self.http.post(url).body(body.to_string()).send().await.unwrap().json().await.unwrap()
    }

    async fn fetch(&self) -> Value {
        self.get(TOKEN, &[("grant_type", "client_credential"), ("appid", APP), ("secret", SECRET)]).await
    }

    async fn stable(&self, force: bool) -> Value {
        self.post(STABLE, &credentials(force)).await
    }

    async fn token(&self) -> String {
        value(&self.fetch().await)
    }

    /// What a call with this token comes to: its error code, or 0.
    async fn use_token(&self, token: &str) -> i64 {
        let answer = self.get(CALLBACK_IP, &[("access_token", token)]).await;
        assert!(answer.get("errcode").is_some() || answer["ip_list"].is_array(), "{answer}");
        code(&answer)
    }

    /// Time passes.
    fn pass(&self, seconds: i64) {
        self.clock.advance(Duration::seconds(seconds));
    }
}

fn credentials(force: bool) -> Value {
    json!({ "grant_type": "client_credential", "appid": APP, "secret": SECRET, "force_refresh": force })
}

fn code(answer: &Value) -> i64 {
    answer.get("errcode").map_or(0, |code| code.as_i64().unwrap())
}

fn value(answer: &Value) -> String {
    answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test]
async fn a_new_token_leaves_its_predecessor_five_minutes_and_no_more() {
    let desk = desk();
    let answer = desk.fetch().await;
    assert_eq!(answer["expires_in"], 7200);
    let first = value(&answer);
    assert!(first.starts_with("72_") && first.len() >= 120 && first.len() <= 512, "{first}");
    let second = desk.token().await;
    assert_ne!(first, second);
    desk.pass(299);
    assert_eq!((desk.use_token(&first).await, desk.use_token(&second).await), (0, 0));
    desk.pass(1);
    assert_eq!((desk.use_token(&first).await, desk.use_token(&second).await), (40001, 0));
    let third = desk.token().await;
    let fourth = desk.token().await;
    assert_eq!(desk.use_token(&second).await, 40001, "the last but one is dead at once");
    assert_eq!((desk.use_token(&third).await, desk.use_token(&fourth).await), (0, 0));
    desk.pass(7199);
    assert_eq!(desk.use_token(&fourth).await, 0);
    desk.pass(1);
    assert_eq!(desk.use_token(&fourth).await, 42001);
    assert_eq!(desk.use_token(&first).await, 40001, "what died before its end has not expired");
    assert_eq!(desk.api.issued(APP, Endpoint::Token), 4);
}

#[tokio::test]
async fn the_stable_token_stays_until_its_last_five_minutes() {
    let desk = desk();
    let first = desk.stable(false).await;
    assert_eq!(first["expires_in"], 7200);
    desk.pass(6899);
    let same = desk.stable(false).await;
    assert_eq!((value(&same), &same["expires_in"]), (value(&first), &json!(301)));
    desk.pass(1);
    let next = desk.stable(false).await;
    assert_ne!(value(&next), value(&first));
    assert_eq!(next["expires_in"], 7200);
    assert_eq!(value(&desk.stable(false).await), value(&next));
    desk.pass(299);
    assert_eq!(desk.use_token(&value(&first)).await, 0, "the old one lives to its end");
    desk.pass(1);
    assert_eq!((desk.use_token(&value(&first)).await, desk.use_token(&value(&next)).await), (42001, 0));
    assert_eq!(desk.api.issued(APP, Endpoint::Stable), 2);
}

#[tokio::test]
async fn classic_and_stable_tokens_do_not_touch_each_other() {
    let desk = desk();
    let (classic, stable) = (desk.token().await, value(&desk.stable(false).await));
    for _ in 0..3 {
        desk.token().await;
    }
    assert_eq!(desk.use_token(&stable).await, 0);
    let classic_now = desk.token().await;
    desk.stable(true).await;
    assert_eq!((desk.use_token(&stable).await, desk.use_token(&classic_now).await), (40001, 0));
    assert_eq!(desk.use_token(&classic).await, 40001);
}

#[tokio::test]
async fn force_kills_at_once_but_rarely() {
    let desk = desk();
    let calm = value(&desk.stable(false).await);
    let forced = value(&desk.stable(true).await);
    assert_ne!(calm, forced);
    assert_eq!((desk.use_token(&calm).await, desk.use_token(&forced).await), (40001, 0));
    desk.pass(29);
    assert_eq!(value(&desk.stable(true).await), forced, "too soon: nothing is refreshed");
    for _ in 1..20 {
        desk.pass(30);
        assert_eq!(code(&desk.stable(true).await), 0);
    }
    desk.pass(30);
    let last = desk.api.current(APP, Endpoint::Stable).unwrap();
    assert_eq!(code(&desk.stable(true).await), 45009);
    assert_eq!(value(&desk.stable(false).await), last, "asking in peace goes on");
    // The clock started at noon in Beijing.
    desk.pass(12 * 3600);
    assert_ne!(value(&desk.stable(true).await), last);
    assert_eq!(desk.api.calls().iter().filter(|call| call.forced).count(), 23);
}

#[tokio::test]
async fn who_may_fetch_a_token() {
    let desk = desk();
    let grant = ("grant_type", "client_credential");
    let (app, secret) = (("appid", APP), ("secret", SECRET));
    for (query, expected, words) in [
        (vec![grant, secret], 41002, "appid missing"),
        (vec![grant, app], 41004, "appsecret missing"),
        (vec![app, secret], 40002, "invalid grant_type"),
        (vec![("grant_type", "password"), app, secret], 40002, "invalid grant_type"),
        (vec![grant, ("appid", "wxffffffffffffffff"), secret], 40013, "invalid appid"),
        (vec![grant, app, ("secret", "wrong")], 40125, "invalid appsecret"),
    ] {
        let body: Map<String, Value> = query.iter().map(|(name, value)| ((*name).into(), json!(value))).collect();
        for answer in [desk.get(TOKEN, &query).await, desk.post(STABLE, &body.into()).await] {
            assert_eq!(code(&answer), expected, "{query:?}: {answer}");
            assert!(answer["errmsg"].as_str().unwrap().starts_with(&format!("{words} rid: ")), "{answer}");
        }
    }
    assert_eq!(code(&desk.get(STABLE, &[grant, app, secret]).await), 43002);
    assert_eq!(code(&desk.post(TOKEN, &credentials(false)).await), 43001);
    assert_eq!(desk.api.issued(APP, Endpoint::Token) + desk.api.issued(APP, Endpoint::Stable), 0);

    desk.api.set_whitelist(APP, false);
    for answer in [desk.fetch().await, desk.stable(false).await] {
        assert_eq!(code(&answer), 40164);
        let words = answer["errmsg"].as_str().unwrap();
        assert!(words.starts_with("invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: "), "{words}");
    }
    desk.api.set_whitelist(APP, true);
    desk.api.set_confirm_ip(APP, true);
    assert_eq!(code(&desk.fetch().await), 89503);
    desk.api.set_confirm_ip(APP, false);
    desk.api.set_frozen(APP, true);
    assert_eq!(code(&desk.fetch().await), 40243);
    desk.api.set_frozen(APP, false);
    let token = desk.token().await;
    desk.api.set_secret(APP, "another");
    assert_eq!(code(&desk.fetch().await), 40125);
    desk.api.set_whitelist(APP, false);
    assert_eq!(desk.use_token(&token).await, 0, "only fetching looks at the caller and the secret");
}

#[tokio::test]
async fn what_an_error_looks_like() {
    let desk = desk();
    let url = format!("{}{CALLBACK_IP}?access_token={}", desk.api.base(), "A".repeat(130));
    let answer = desk.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json; encoding=utf-8");
    assert_eq!(answer.headers()["retkey"], "11");
    assert_eq!(answer.headers()["logicret"], "40001");
    let answer: Value = answer.json().await.unwrap();
    let (words, rid) = answer["errmsg"].as_str().unwrap().split_once(" rid: ").unwrap();
    assert_eq!(
        words,
        "invalid credential, access_token is invalid or not latest, could get access_token by \
         getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
    );
    let groups: Vec<&str> = rid.split('-').collect();
    assert!(groups.len() == 3 && groups.iter().all(|group| group.len() == 8), "{rid}");
    assert_eq!(i64::from_str_radix(groups[0], 16), Ok(desk.clock.now().timestamp()));
    assert_eq!(code(&desk.get(CALLBACK_IP, &[]).await), 41001);
    assert_eq!(code(&desk.get(CALLBACK_IP, &[("access_token", "")]).await), 41001);
    assert_eq!(desk.use_token("short").await, 40014);
    assert_eq!(desk.use_token(&"A b".repeat(50)).await, 40014);
    assert_eq!(code(&desk.get("/cgi-bin/nothing", &[]).await), 40066);
}

#[tokio::test]
async fn quotas_end_at_midnight_in_beijing_or_with_the_minute() {
    let desk = desk();
    desk.api.set_quota(APP, Endpoint::Token, 2);
    let (_, kept) = (desk.token().await, desk.token().await);
    assert_eq!(code(&desk.fetch().await), 45009);
    assert_eq!(desk.api.current(APP, Endpoint::Token), Some(kept), "what is refused changes nothing");
    desk.pass(12 * 3600 - 1);
    assert_eq!(code(&desk.fetch().await), 45009);
    desk.pass(1);
    assert_eq!(code(&desk.fetch().await), 0);

    desk.api.set_quota_per_minute(APP, Endpoint::Stable, 3);
    for expected in [0, 0, 0, 45011] {
        assert_eq!(code(&desk.stable(false).await), expected);
    }
    desk.pass(60);
    assert_eq!(code(&desk.stable(false).await), 0);
}

#[tokio::test]
async fn an_account_that_nobody_has_set_has_the_published_quotas() {
    let desk = desk();
    // Only the last of them need travel.
    desk.api.use_up(APP, Endpoint::Token, 1999);
    assert_eq!(code(&desk.fetch().await), 0);
    assert_eq!(code(&desk.fetch().await), 45009);
    desk.api.use_up(APP, Endpoint::Stable, 9999);
    assert_eq!(code(&desk.stable(false).await), 0);
    assert_eq!(code(&desk.stable(false).await), 45011);
}

#[tokio::test]
async fn clearing_the_quota_is_itself_limited() {
    let desk = desk();
    desk.api.set_quota(APP, Endpoint::Token, 1);
    let token = desk.token().await;
    let with_token = format!("/cgi-bin/clear_quota?access_token={token}");
    let with_secret = format!("/cgi-bin/clear_quota/v2?appid={APP}&appsecret={SECRET}");
    assert_eq!(code(&desk.post(&with_token, &json!({ "appid": "wxffffffffffffffff" })).await), 40013);
    assert_eq!(code(&desk.fetch().await), 45009);
    assert_eq!(code(&desk.post(&with_token, &json!({ "appid": APP })).await), 0);
    assert_eq!(code(&desk.fetch().await), 0);
    assert_eq!(code(&desk.fetch().await), 45009);
    for _ in 1..10 {
        assert_eq!(code(&desk.post(&with_secret, &json!({})).await), 0);
    }
    assert_eq!(code(&desk.post(&with_secret, &json!({})).await), 48006);
    desk.pass(31 * 86400);
    assert_eq!(code(&desk.post(&with_secret, &json!({})).await), 0);
}

#[tokio::test]
async fn a_ticket_stays_until_its_last_five_minutes() {
    let desk = desk();
    let token = value(&desk.stable(false).await);
    let path = "/cgi-bin/ticket/getticket";
    let ask = async |kind: &str| desk.get(path, &[("access_token", &token), ("type", kind)]).await;
    let first = ask("jsapi").await;
    assert_eq!((code(&first), &first["errmsg"], &first["expires_in"]), (0, &json!("ok"), &json!(7200)));
    assert_eq!(first["ticket"].as_str(), desk.api.current(APP, Endpoint::Ticket).as_deref());
    assert_ne!(ask("wx_card").await["ticket"], first["ticket"]);
    assert_eq!(code(&ask("other").await), 40097);
    desk.pass(6899);
    assert_eq!(ask("jsapi").await["ticket"], first["ticket"]);
    desk.pass(1);
    let token = value(&desk.stable(false).await);
    let next = desk.get(path, &[("access_token", &token), ("type", "jsapi")]).await;
    assert_ne!(next["ticket"], first["ticket"]);
    assert_eq!(desk.api.count(path), 5);
}

#[tokio::test]
async fn what_somebody_else_does_to_our_token() {
    let desk = desk();
    let classic = desk.token().await;
    let theirs = desk.api.rotate_by_somebody(APP);
    assert!(desk.api.accepts(APP, &classic) && desk.api.accepts(APP, &theirs));
    desk.pass(300);
    assert_eq!((desk.use_token(&classic).await, desk.use_token(&theirs).await), (40001, 0));

    let stable = value(&desk.stable(false).await);
    let theirs = desk.api.force_by_somebody(APP);
    assert_eq!((desk.use_token(&stable).await, desk.use_token(&theirs).await), (40001, 0));
    assert_eq!(value(&desk.stable(false).await), theirs);
    assert_eq!(value(&desk.stable(true).await), theirs, "30 seconds count from their time too");

    desk.api.kill_tokens(APP);
    assert_eq!(desk.use_token(&theirs).await, 40001);
    assert_eq!(desk.api.current(APP, Endpoint::Stable), None);
    let fresh = value(&desk.stable(false).await);
    assert_eq!(desk.use_token(&fresh).await, 0);

    desk.api.kill_tokens_unawares(APP);
    desk.pass(30);
    assert_eq!(value(&desk.stable(false).await), fresh, "the dead one is handed out again");
    assert_eq!(desk.use_token(&fresh).await, 40001);
    let forced = value(&desk.stable(true).await);
    assert_eq!(desk.use_token(&forced).await, 0);
    assert_eq!(value(&desk.stable(false).await), forced);
}

#[tokio::test]
async fn accounts_are_strangers_to_each_other() {
    let desk = desk();
    desk.api.add_account("wx2", "other");
    let token = desk.token().await;
    let answer = desk.get(TOKEN, &[("grant_type", "client_credential"), ("appid", "wx2"), ("secret", "other")]).await;
    let other = value(&answer);
    assert!(desk.api.accepts(APP, &token) && !desk.api.accepts("wx2", &token));
    desk.api.kill_tokens("wx2");
    assert_eq!((desk.use_token(&token).await, desk.use_token(&other).await), (0, 40001));
    // While another account is served the port is open, but this one has no luck there.
    desk.api.set_fault("wx2", Some(Fault::Refused));
    assert!(desk.api.reachable());
    assert_eq!(code(&desk.fetch().await), 0);
    let url = format!("{}{TOKEN}?grant_type=client_credential&appid=wx2&secret=other", desk.api.base());
    let error = desk.http.get(url).send().await.unwrap_err();
    assert!(!error.is_connect() && error.is_request(), "{error:?}");
    assert_eq!(desk.api.issued("wx2", Endpoint::Token), 1);
}

#[tokio::test]
async fn a_refused_connection_is_refused_on_the_first_host_only() {
    let desk = desk();
    desk.token().await;
    for round in 0..3 {
        desk.api.set_fault_everywhere(Some(Fault::Refused));
        assert!(!desk.api.reachable());
        let url = format!("{}{CALLBACK_IP}", desk.api.base());
        assert!(desk.http.get(&url).send().await.unwrap_err().is_connect());
        let second = format!("{}{CALLBACK_IP}", desk.api.second_base());
        let answer: Value = desk.http.get(&second).send().await.unwrap().json().await.unwrap();
        assert_eq!(code(&answer), 41001);
        desk.api.set_fault_everywhere(None);
        assert!(desk.api.reachable());
        assert_eq!(code(&desk.fetch().await), 0, "round {round}");
    }
    desk.api.set_fault(APP, Some(Fault::Refused));
    assert!(!desk.api.reachable(), "there is no other account to serve");
    desk.api.add_account("wx2", "other");
    assert!(desk.api.reachable());
    let hosts = |host| desk.api.calls().iter().filter(|call| call.host == host).count();
    assert_eq!((hosts(Host::First), hosts(Host::Second)), (4, 3), "what was refused is not in the log");
}

#[tokio::test]
async fn every_fault_looks_to_the_caller_like_what_it_is() {
    let desk = desk();
    let url = format!("{}{TOKEN}?grant_type=client_credential&appid={APP}&secret={SECRET}", desk.api.base());
    let ask = || desk.http.get(&url).send();

    desk.api.set_fault(APP, Some(Fault::Status500));
    assert_eq!(ask().await.unwrap().status(), 500);
    for (fault, expected) in [(Fault::Busy, -1), (Fault::Quota, 45009), (Fault::PerMinute, 45011)] {
        desk.api.set_fault(APP, Some(fault));
        assert_eq!(code(&desk.fetch().await), expected);
        assert_eq!(desk.api.calls().last().unwrap().errcode, expected);
    }
    desk.api.set_fault(APP, Some(Fault::Html));
    let answer = ask().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &"text/html".parse().unwrap()));
    assert!(answer.text().await.unwrap().contains("<html>"));
    assert_eq!(desk.api.issued(APP, Endpoint::Token), 0);

    desk.api.set_fault(APP, Some(Fault::Truncated));
    assert!(ask().await.unwrap().text().await.is_err(), "the length promised more");
    assert_eq!(desk.api.issued(APP, Endpoint::Token), 1);
    desk.api.set_fault(APP, Some(Fault::PlainType));
    let answer = ask().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain");
    let text = answer.text().await.unwrap();
    assert!(text.starts_with(['\r', ' ']), "{text}");
    value(&serde_json::from_str(&text).unwrap());

    desk.api.set_fault(APP, Some(Fault::Blackhole));
    let error = desk.http.get(&url).timeout(Real::from_millis(200)).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(desk.api.issued(APP, Endpoint::Token), 2);
    let second = url.replace(&desk.api.base(), &desk.api.second_base());
    assert_eq!(desk.http.get(&second).send().await.unwrap().status(), 200);
    let answered: Vec<bool> = desk.api.calls().iter().map(|call| call.answered).collect();
    assert_eq!(answered, [true, true, true, true, true, false, true, false, true]);

    // A fault of one account's tokens is none of its other calls, and goes before a fault everywhere.
    let token = desk.api.current(APP, Endpoint::Token).unwrap();
    assert_eq!(desk.use_token(&token).await, 0);
    desk.api.set_fault_everywhere(Some(Fault::Busy));
    assert_eq!(desk.use_token(&token).await, -1);
    desk.api.set_fault(APP, Some(Fault::Quota));
    assert_eq!(code(&desk.fetch().await), 45009);
}

#[tokio::test]
async fn a_lost_answer_has_rotated_the_token() {
    let desk = desk();
    let first = desk.token().await;
    desk.api.set_fault(APP, Some(Fault::ResetAfter));
    let url = format!("{}{TOKEN}?grant_type=client_credential&appid={APP}&secret={SECRET}", desk.api.base());
    let error = desk.http.get(url).send().await.unwrap_err();
    let words = format!("{error:?}");
    assert!(words.contains("ConnectionReset"), "{words}");
    let lost = desk.api.current(APP, Endpoint::Token).unwrap();
    assert_ne!(lost, first);
    desk.pass(300);
    assert_eq!((desk.use_token(&first).await, desk.use_token(&lost).await), (40001, 0));
    let call = &desk.api.calls()[1];
    assert_eq!((call.errcode, call.answered), (0, false));
}

#[tokio::test]
async fn the_log_tells_what_was_called_and_how_much_of_it_at_once() {
    let desk = desk();
    let token = value(&desk.stable(false).await);
    for _ in 0..3 {
        desk.use_token(&token).await;
    }
    assert_eq!(desk.api.max_overlap(CALLBACK_IP), 1, "one after the other");
    desk.api.set_latency(Some(Real::from_millis(300)));
    let begun = Instant::now();
    tokio::join!(desk.use_token(&token), desk.use_token(&token), desk.use_token("short"), desk.stable(true));
    assert!(begun.elapsed() >= Real::from_millis(300));
    assert_eq!((desk.api.max_overlap(CALLBACK_IP), desk.api.max_overlap(STABLE)), (3, 1));
    assert_eq!((desk.api.count(CALLBACK_IP), desk.api.count(STABLE), desk.api.count(TOKEN)), (6, 2, 0));
    let calls = desk.api.calls();
    assert_eq!((calls[0].method.as_str(), calls[0].at), ("POST", desk.clock.now().timestamp_millis()));
    assert_eq!(serde_json::from_str::<Value>(&calls[0].body).unwrap(), credentials(false));
    assert_eq!(calls[1].query, [("access_token".to_owned(), token)]);
    assert_eq!(calls.iter().filter(|call| call.errcode == 40014).count(), 1);
    assert_eq!(calls.iter().filter(|call| call.forced).count(), 1);
    assert!(calls.iter().all(|call| call.answered && call.host == Host::First && call.peer.ip().is_loopback()));
    desk.api.clear_calls();
    assert_eq!((desk.api.calls().len(), desk.api.max_overlap(CALLBACK_IP)), (0, 0));
}

#[tokio::test]
async fn calls_of_other_kinds_are_understood() {
    let desk = desk();
    let token = desk.token().await;
    let with_token = |path: &str| format!("/cgi-bin/{path}access_token={token}");
    let user = desk.get("/cgi-bin/user/info", &[("access_token", &token), ("openid", "o A+B")]).await;
    assert_eq!((&user["openid"], &user["subscribe"]), (&json!("o A+B"), &json!(1)));
    assert_eq!(code(&desk.get("/cgi-bin/user/info", &[("access_token", &token)]).await), 41009);
    let menu = desk.get("/cgi-bin/menu/get", &[("access_token", &token)]).await;
    assert_eq!(menu["menu"]["button"][0]["name"], "今日好书");
    let send = with_token("message/custom/send?");
    let message = json!({ "touser": "oABC", "msgtype": "text", "text": { "content": "你好" } });
    assert_eq!(desk.post(&send, &message).await, json!({ "errcode": 0, "errmsg": "ok" }));
    assert!(desk.api.calls().last().unwrap().body.contains("你好"));
    assert_eq!(code(&desk.post(&send, &json!({})).await), 40003);
    assert_eq!(code(&desk.post(&send, &json!("text")).await), 47001);
    assert_eq!(code(&desk.post("/cgi-bin/message/custom/send", &message).await), 41001);
    assert!(desk.get("/cgi-bin/get_api_domain_ip", &[("access_token", &token)]).await["ip_list"].is_array());

    let upload = async |part: reqwest::multipart::Part, name: &'static str, kind: &str| -> Value {
        let form = reqwest::multipart::Form::new().text("other", "x").part(name, part);
        let url = format!("{}{}&type={kind}", desk.api.base(), with_token("media/upload?"));
        desk.http.post(url).multipart(form).send().await.unwrap().json().await.unwrap()
    };
    // Line breaks and dashes, as in any picture.
    let bytes = [b"\xff\xd8\xff\xe0".as_slice(), &b"\r\n--\x00\xff\r\n".repeat(40_000)].concat();
    let part = || reqwest::multipart::Part::bytes(bytes.clone()).file_name("cover.jpg");
    let answer = upload(part(), "media", "image").await;
    let id = answer["media_id"].as_str().unwrap().to_owned();
    assert!(id.starts_with(&format!("media-of-{}-bytes", bytes.len())), "{id}");
    assert_eq!(answer["created_at"], desk.clock.now().timestamp());
    assert_eq!(code(&upload(part(), "media", "thumb").await), 40012);
    let small = || reqwest::multipart::Part::bytes(bytes[..64 << 10].to_vec()).file_name("cover.jpeg");
    assert!(upload(small(), "media", "thumb").await["thumb_media_id"].is_string());
    assert_eq!(code(&upload(part(), "media", "voice").await), 40005);
    assert_eq!(code(&upload(part().file_name("cover.png"), "media", "image").await), 40005);
    assert_eq!(code(&upload(part().file_name("cover"), "media", "image").await), 40005);
    assert_eq!(code(&upload(part(), "media", "epub").await), 40004);
    assert_eq!(code(&upload(part(), "file", "image").await), 41005);
    assert_eq!(code(&upload(reqwest::multipart::Part::bytes(bytes.clone()), "media", "image").await), 41005);
    // The id is good for three days, to the second, in messages too.
    let picture = json!({ "touser": "oABC", "msgtype": "image", "image": { "media_id": id } });
    assert_eq!(code(&desk.post(&send, &picture).await), 0);
    desk.pass(259_199);
    assert!(desk.api.is_alive(APP, &id));
    desk.pass(1);
    assert!(!desk.api.is_alive(APP, &id));
    let send = format!("/cgi-bin/message/custom/send?access_token={}", desk.token().await);
    assert_eq!(code(&desk.post(&send, &picture).await), 40007);
}

#[tokio::test]
async fn permanent_material_stays_until_it_is_deleted() {
    let desk = desk();
    let token = desk.token().await;
    let send = async |path: &str, bytes: &[u8], name: &'static str, description: Option<&'static str>| -> Value {
        let part = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name(name);
        let form = reqwest::multipart::Form::new().part("media", part);
        let form = description.into_iter().fold(form, |form, text| form.text("description", text));
        let url = format!("{}/cgi-bin/{path}access_token={token}", desk.api.base());
        desk.http.post(url).multipart(form).send().await.unwrap().json().await.unwrap()
    };
    let png = b"\x89PNG\r\n\x1a\n and so on";
    let added = send("material/add_material?type=image&", png, "a.png", None).await;
    let id = added["media_id"].as_str().unwrap().to_owned();
    assert!(added["url"].as_str().is_some_and(|url| url.starts_with("http://mmbiz.qpic.cn/")), "{added}");
    let film = b"\0\0\0\x18ftypmp42";
    assert_eq!(code(&send("material/add_material?type=video&", film, "a.mp4", None).await), 47001);
    let about = Some("{\"title\":\"题\",\"introduction\":\"\"}");
    assert!(send("material/add_material?type=video&", film, "a.mp4", about).await["url"].is_null());
    let inside = send("media/uploadimg?", png, "a.png", None).await;
    assert!(inside["url"].as_str().is_some_and(|url| url.starts_with("http://mmbiz.qpic.cn/")), "{inside}");
    assert_eq!(code(&send("media/uploadimg?", b"GIF89a", "a.gif", None).await), 40005);
    // For accounts that nobody has verified there is nothing else.
    desk.api.set_only_permanent(APP, true);
    assert_eq!(code(&send("media/upload?type=image&", png, "a.png", None).await), 48001);
    assert_eq!((desk.api.material(APP), desk.api.uploads(APP)), (2, 0));
    let delete = format!("/cgi-bin/material/del_material?access_token={token}");
    assert_eq!(code(&desk.post(&delete, &json!({ "media_id": id })).await), 0);
    assert_eq!(code(&desk.post(&delete, &json!({ "media_id": id })).await), 40007);
    assert!(!desk.api.is_alive(APP, &id));
}

#[tokio::test]
async fn a_body_in_chunks_is_not_read() {
    let desk = desk();
    let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("{\"touser\":"), Ok("\"oABC\"}")]);
    let url = format!("{}/cgi-bin/message/custom/send?access_token={}", desk.api.base(), desk.token().await);
    let answer = desk.http.post(url).body(reqwest::Body::wrap_stream(pieces)).send().await.unwrap();
    assert_eq!(answer.status(), 412);
}

#[test]
fn the_platform_ends_with_its_last_handle() {
    let api = WechatApi::start(|| 0);
    let address = api.base().trim_start_matches("http://").to_owned();
    let other = api.clone();
    drop(api);
    assert!(std::net::TcpStream::connect(&address).is_ok());
    drop(other);
    assert!(std::net::TcpStream::connect(&address).is_err());
}

#[test]
fn an_unmodified_client_is_content() {
    let python = std::env::var("TEST_PYTHON").expect("TEST_PYTHON names no Python with wechatpy; run tests/run.sh");
    let desk = desk();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wechatpy/client.py");
    let run = |secret: &str| {
        let output = Command::new(&python).arg(script).args([desk.api.base().as_str(), APP, secret]).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let answer: Option<Value> = serde_json::from_str(&printed).ok();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), answer.unwrap_or_else(|| panic!("{printed}{complaint}")))
    };
    let (status, answer) = run(SECRET);
    assert_eq!(status, Some(0), "{answer}");
    assert_eq!(answer["access_token"].as_str(), desk.api.current(APP, Endpoint::Token).as_deref());
    assert_eq!(answer["ips"], json!(["127.0.0.1", "101.226.103.0/25"]));
    assert_eq!(answer["user"]["openid"], "oABC");
    assert_eq!((desk.api.count(TOKEN), desk.api.count(CALLBACK_IP), desk.api.count("/cgi-bin/user/info")), (1, 1, 1));
    let (status, answer) = run("wrong");
    assert_eq!((status, code(&answer)), (Some(1), 40125));
    assert!(answer["errmsg"].as_str().unwrap().starts_with("invalid appsecret"), "{answer}");
}
