//! The executable: killed around renewals, and its commands with the server running and stopped.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::binary::{Binary, Home};
use crate::support::central::{APP_ID, APP_SECRET};
use crate::support::test_app::account_toml;
use crate::support::wechat_api::{Call, Endpoint, Fault, WechatApi};
use crate::support::wechat_sim::{SimAccount, SimMode};

/// A platform on the system's clock, which is the executable's too, and a configuration for it.
fn platform_and_home(more: &str) -> (WechatApi, Home) {
    let platform = WechatApi::start(|| chrono::Utc::now().timestamp_millis());
    platform.add_account(APP_ID, APP_SECRET);
    let account = account_toml(&SimAccount::new(SimMode::Safe));
    let base = platform.base();
    let home = Home::with(&format!("{account}app_secret = \"{APP_SECRET}\"\napi_base = \"{base}\"\n{more}\n"));
    (platform, home)
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap()
}

async fn ask(client: &reqwest::Client, binary: &Binary, path: &str, key: &str, body: Option<Value>) -> Option<Value> {
    let url = format!("{}{path}", binary.token);
    let call = match body {
        Some(body) => client.post(url).json(&body),
        None => client.get(url),
    };
    call.bearer_auth(key).send().await.ok()?.json().await.ok()
}

/// Sixty rounds in full: `SHUTONG_KILL_ROUNDS=60`.
#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_handed_out_that_a_kill_forgets() {
    let rounds: u64 = std::env::var("SHUTONG_KILL_ROUNDS").map_or(8, |text| text.parse().expect("a number"));
    let (platform, home) = platform_and_home("");
    let key = add_key(&home, "token:read,token:refresh");
    let client = client();
    let mut random: u64 = 2_026;
    let mut handed_out = 0;
    for round in 0..rounds {
        let binary = home.serve(&[]);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let until = Duration::from_millis(30 + (random >> 33) % 400);
        let (working, same, own, calls) = (platform.clone(), client.clone(), key.clone(), binary.token.clone());
        // Somebody else ends the token again and again, each report of it brings a new one.
        let reporting = tokio::spawn(async move {
            let mut last: Vec<String> = Vec::new();
            let call = |path: &str| same.get(format!("{calls}{path}")).bearer_auth(&own);
            loop {
                let Ok(answer) = call("/accesstoken").send().await else { return last };
                let Ok(answer) = answer.json::<Value>().await else { return last };
                let Some(token) = answer["access_token"].as_str().map(str::to_owned) else { continue };
                last.push(token.clone());
                // It works: a kill now must not lose it.
                tokio::time::sleep(Duration::from_millis(20)).await;
                working.force_by_somebody(APP_ID);
                let report = same.post(format!("{calls}/accesstoken/main/report")).bearer_auth(&own);
                let Ok(answer) = report.json(&json!({ "refused": token })).send().await else { return last };
                let Ok(answer) = answer.json::<Value>().await else { return last };
                last.extend(answer["access_token"].as_str().map(str::to_owned));
            }
        });
        tokio::time::sleep(until).await;
        binary.kill9();
        let given = reporting.await.unwrap();
        handed_out += given.len();
        // The platform cannot be asked: what is served now is what the disk has.
        let was_judged = |token: &String| {
            let holds = |call: &Call| call.query.contains(&("access_token".to_owned(), token.clone()));
            platform.calls().iter().any(|call| call.path == "/cgi-bin/getcallbackip" && holds(call))
        };
        let newest = platform.current(APP_ID, Endpoint::Stable);
        platform.set_fault_everywhere(Some(Fault::Busy));
        let binary = home.serve(&[]);
        let served = ask(&client, &binary, "/accesstoken", &key, None).await.unwrap();
        let served = served["access_token"].as_str().map(str::to_owned);
        if let Some(last) = given.last() {
            // The last one handed out, or one that came after it; or nothing, if that one was reported as dead.
            let is_newer = served == newest && served.is_some();
            let is_last = served.as_ref() == Some(last);
            let is_dead = served.is_none() && was_judged(last);
            assert!(is_last || is_newer || is_dead, "round {round}, {until:?}: {served:?} after {last}");
            let is_old = served.as_ref().is_some_and(|token| given[..given.len() - 1].contains(token) && token != last);
            assert!(!is_old, "round {round}, {until:?}: an earlier token came back");
        }
        platform.set_fault_everywhere(None);
        binary.kill9();
    }
    let binary = home.serve(&[]);
    let told = ask(&client, &binary, "/accesstoken", &key, None).await.unwrap();
    assert!(told["access_token"].is_string(), "{told}");
    assert!(handed_out as u64 > rounds, "the load did nothing: {handed_out}");
    eprintln!("{rounds} kills, {handed_out} tokens handed out, none forgotten");
    binary.stop();
}

fn add_key(home: &Home, scopes: &str) -> String {
    // The data directory is made by the first command that needs one.
    if !home.data().join("db").exists() {
        home.serve(&[]).stop();
    }
    home.json(&["key", "add", "test", "--scope", scopes])["key"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_with_the_server_stopped_and_running() {
    let (platform, home) = platform_and_home("");
    home.serve(&[]).stop();
    let client = client();
    let mut binary: Option<Binary> = None;
    for is_running in [false, true] {
        if is_running {
            binary = Some(home.serve(&[]));
        }
        let by_hand = platform.rotate_by_somebody(APP_ID);
        let set = home.json(&["token", "set", &by_hand, "--expires-in", "900"]);
        assert_eq!((&set["is_new"], &set["note"]), (&json!(true), &Value::Null), "{set}");
        let shown = home.json(&["token", "show", "--reveal"]);
        assert_eq!((&shown["access_token"], &shown["origin"]), (&json!(by_hand), &json!("manual")));
        assert!(!home.done(&["token", "show"]).contains(&by_hand), "only when asked for");
        let wrong = home.run(&["token", "set", &"x".repeat(100), "--expires-in", "900"]);
        assert!(wrong.code == Some(1) && wrong.err.contains("40001"), "{wrong:?}");
        let from_input = home.run_with_input(&["token", "report", "-", "--json"], &by_hand);
        assert_eq!(from_input.code, Some(0), "{from_input:?}");
        assert!(from_input.out.contains("\"is_new\":false"), "{from_input:?}");
        let key = home.json(&["key", "add", "crm", "--scope", "token:read,token:refresh", "--from", "127.0.0.0/8"]);
        let (id, key) = (key["id"].as_str().unwrap().to_owned(), key["key"].as_str().unwrap().to_owned());
        let listed = home.done(&["key", "list"]);
        assert!(listed.contains(&id) && listed.contains("crm") && !listed.contains(&key), "{listed}");
        if let Some(binary) = &binary {
            let told = ask(&client, binary, "/accesstoken", &key, None).await.unwrap();
            assert_eq!(told["access_token"], json!(by_hand));
        }
        let refused = home.run(&["key", "add", "bad", "--scope", "everything"]);
        assert!(refused.code == Some(2) && refused.err.contains("token:read"), "{refused:?}");
        home.done(&["key", "revoke", &id]);
        assert_eq!(home.run(&["key", "revoke", &id]).code, Some(1));
        if let Some(binary) = &binary {
            let told = ask(&client, binary, "/accesstoken", &key, None).await.unwrap();
            assert_eq!(told["errcode"], 40125, "revoked at once");
        }
        if !is_running {
            let refreshed = home.json(&["token", "refresh"]);
            assert_eq!(refreshed["is_new"], true);
        }
    }
    assert!(home.run(&["token", "show", "--account", "nobody"]).err.contains("main"));
    binary.unwrap().stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_log() {
    let (platform, home) = platform_and_home("[log]\nlevel = \"trace\"");
    let key = add_key(&home, "token:read,token:refresh,token:set,ticket:read");
    let client = client();
    let binary = home.serve(&[]);
    let token = ask(&client, &binary, "/accesstoken", &key, None).await.unwrap()["access_token"].clone();
    let token = token.as_str().unwrap().to_owned();
    for fault in [Fault::Refused, Fault::Html, Fault::ResetAfter, Fault::Busy] {
        platform.set_fault_everywhere(Some(fault));
        ask(&client, &binary, "/accesstoken/main/report", &key, Some(json!({ "refused": token }))).await;
        ask(&client, &binary, "/accesstoken/main/refresh", &key, Some(json!({}))).await;
        ask(&client, &binary, "/ticket/main", &key, None).await;
    }
    let errors = binary.stop();
    let mut text = errors;
    for entry in std::fs::read_dir(home.data().join("log")).unwrap() {
        text += &std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
    }
    assert!(text.contains("not renewed"), "the log tells of it: {text}");
    for secret in [APP_SECRET, &token, &key, &key[key.len() - 32..]] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_while_the_server_stops_is_kept() {
    let (platform, home) = platform_and_home("token_endpoint = \"classic\"");
    let key = add_key(&home, "token:read,token:refresh");
    let client = client();
    let binary = home.serve(&[]);
    while ask(&client, &binary, "/accesstoken", &key, None).await.is_none_or(|told| told["access_token"].is_null()) {}
    platform.set_latency(Some(Duration::from_millis(1_500)));
    // Who asked is gone before the answer, and the server is stopped before it too.
    let call = client.post(format!("{}/accesstoken/main/refresh", binary.token)).bearer_auth(&key);
    assert!(call.timeout(Duration::from_millis(300)).send().await.is_err());
    binary.stop();
    platform.set_latency(None);
    platform.set_fault_everywhere(Some(Fault::Busy));
    let granted = platform.current(APP_ID, Endpoint::Token);
    assert_eq!(platform.issued(APP_ID, Endpoint::Token), 2);
    let binary = home.serve(&[]);
    let served = ask(&client, &binary, "/accesstoken", &key, None).await.unwrap();
    assert_eq!(served["access_token"].as_str(), granted.as_deref());
    binary.stop();
}
