//! The simulator: test followers through the real callback, in every mode, with everything that the platform can push;
//! and that they count nowhere as people.

use serde_json::{Value, json};
use shutong::store::schema::{FOLLOWERS, MISSES};

use super::browser::{Browser, Page};

const FOLLOWER: &str = "sim-abcd1234";

/// Sends one message of the test follower; `more` are further members of what is sent.
async fn send(admin: &mut Browser, account: &str, kind: &str, fields: Value, more: Value) -> Value {
    let mut message = json!({ "account": account, "follower": FOLLOWER, "kind": kind, "fields": fields });
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = admin.json("/api/simulator/send", &message).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// Says something.
pub async fn say(admin: &mut Browser, account: &str, text: &str) -> Value {
    send(admin, account, "text", json!({ "Content": text }), json!({})).await
}

fn content(heard: &Value) -> String {
    heard["opened"].as_str().unwrap().split("Content>").nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn it_goes_through_the_real_callback() {
    let (page, mut admin) = Page::with_admin().await;
    for account in ["safe", "plain"] {
        let heard = say(&mut admin, account, "帮助").await;
        assert_eq!(heard["status"], 200, "{heard}");
        assert!(heard["opened"].as_str().unwrap().contains("<MsgType><![CDATA[text]]>"), "{heard}");
        assert_eq!(heard["answered"] != heard["opened"], account == "safe", "only safe mode encrypts");
        assert_eq!(heard["pushed"] != "", account == "safe");
        let bytes = heard["text_bytes"].as_u64().unwrap();
        assert!((100..=2048).contains(&bytes) && heard["milliseconds"].as_f64().unwrap() > 0.0, "{heard}");

        let request = say(&mut admin, account, "求书 无人知晓的书").await;
        let count = page.app.library.counts().unwrap().requests;
        for _ in 0..2 {
            page.advance(chrono::TimeDelta::seconds(5));
            let again = json!({ "again": request["sent"] });
            let again = send(&mut admin, account, "text", json!({ "Content": "求书 无人知晓的书" }), again).await;
            assert_eq!(again["sent"], request["sent"]);
            assert_eq!(content(&again), content(&request), "the same message, the same answer");
        }
        assert_eq!(page.app.library.counts().unwrap().requests, count, "and no second effect");
    }
}

#[tokio::test]
async fn it_comes_in_the_mode_that_is_chosen_and_is_judged_as_the_platforms_would_be() {
    let (_page, mut admin) = Page::with_admin().await;
    let help = json!({ "Content": "帮助" });
    for (mode, status) in [("safe", 200), ("compatible", 200), ("plain", 403)] {
        let heard = send(&mut admin, "safe", "text", help.clone(), json!({ "mode": mode })).await;
        assert_eq!(heard["status"], status, "{mode}: {heard}");
        let pushed = heard["pushed"].as_str().unwrap();
        assert_eq!(
            (pushed.contains("<Encrypt>"), pushed.contains("<Content>")),
            (mode != "plain", mode == "compatible")
        );
    }
    let message = json!({ "account": "plain", "follower": FOLLOWER, "kind": "text", "mode": "safe" });
    let refused = admin.json("/api/simulator/send", &message).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("encoding_aes_key"), "{}", refused.body);
}

#[tokio::test]
async fn every_kind_of_push_has_its_answer_or_its_silence() {
    let (page, mut admin) = Page::with_admin().await;
    let bench = admin.get("/api/simulator").await.json();
    let kinds: Vec<String> =
        bench["kinds"].as_array().unwrap().iter().map(|kind| kind["name"].as_str().unwrap().to_owned()).collect();
    assert!(kinds.len() >= 39, "{kinds:?}");
    let answered = [
        "text",
        "image",
        "voice",
        "video",
        "shortvideo",
        "location",
        "link",
        "file",
        "subscribe",
        "SCAN",
        "CLICK",
        "scancode_push",
        "scancode_waitmsg",
    ];
    for account in ["safe", "plain"] {
        for kind in &kinds {
            page.advance(chrono::TimeDelta::seconds(61));
            let heard = send(&mut admin, account, kind, json!({}), json!({})).await;
            assert_eq!(heard["status"], 200, "{kind}: {heard}");
            let is_silent = heard["opened"] == "success";
            assert_eq!(!is_silent, answered.contains(&kind.as_str()), "{account} {kind}: {heard}");
            if !is_silent {
                assert!(heard["text_bytes"].as_u64().unwrap() <= 2048, "{kind}: {heard}");
            }
        }
    }
    let spoken = send(&mut admin, "plain", "voice", json!({ "Recognition": "帮助" }), json!({})).await;
    let unheard = send(&mut admin, "plain", "voice", json!({}), json!({})).await;
    assert_ne!(content(&spoken), content(&unheard));
    assert_eq!(content(&spoken), content(&say(&mut admin, "plain", "帮助").await));
}

#[tokio::test]
async fn nobody_else_can_be_played_and_what_is_wrong_is_said() {
    let (page, mut admin) = Page::with_admin().await;
    let real = json!({ "account": "safe", "follower": "oREALFOLLOWER", "kind": "text" });
    assert_eq!(admin.json("/api/simulator/send", &real).await.status, 422);
    let of_real = json!({
        "account": "safe", "follower": FOLLOWER, "kind": "user_authorization_revoke", "fields": { "OpenID": "oREAL" },
    });
    let refused = admin.json("/api/simulator/send", &of_real).await;
    assert!(refused.status == 422 && refused.body.contains("oREAL"), "their data would be deleted: {refused:?}");
    for (member, value, named) in [("kind", json!("nonsense"), "nonsense"), ("fields", json!({ "Nope": "x" }), "Nope")]
    {
        let mut message = json!({ "account": "safe", "follower": FOLLOWER, "kind": "text" });
        message[member] = value;
        let refused = admin.json("/api/simulator/send", &message).await;
        assert!(refused.status == 422 && refused.body.contains(named), "{refused:?}");
    }
    let nowhere = json!({ "account": "none", "follower": FOLLOWER, "kind": "text" });
    assert_eq!(admin.json("/api/simulator/send", &nowhere).await.status, 404);
    assert_eq!(page.app.library.counts().unwrap().followers, 0);
}

#[tokio::test]
async fn test_followers_count_nowhere_as_people() {
    let (page, mut admin) = Page::with_admin().await;
    let heard = say(&mut admin, "safe", "查无此书的书").await;
    let key = ("safe".to_owned(), FOLLOWER.to_owned());
    let record = page.app.store.get(&FOLLOWERS, &key).unwrap().unwrap();
    assert!(record.simulated);
    assert_eq!(heard["id"], record.alias);
    assert_eq!(page.app.library.counts().unwrap().followers, 0);
    assert!(page.app.store.page(&MISSES, None, 9).unwrap().is_empty(), "nobody misses a book");
    for kind in ["unsubscribe", "subscribe", "unsubscribe"] {
        page.advance(chrono::TimeDelta::seconds(5));
        send(&mut admin, "safe", kind, json!({}), json!({})).await;
        assert_eq!(page.app.library.counts().unwrap().followers, 0, "{kind}");
    }
    let listed = admin.get("/api/followers").await.json();
    assert_eq!(
        (listed["followers"][0]["test"].clone(), listed["followers"].as_array().unwrap().len()),
        (true.into(), 1)
    );
    page.app.desk.forget("safe", FOLLOWER).unwrap();
    assert_eq!(page.app.library.counts().unwrap().followers, 0);
}

#[tokio::test]
async fn what_waits_for_a_follower_is_shown_and_not_taken_away() {
    let (page, mut admin) = Page::with_admin().await;
    say(&mut admin, "plain", "帮助").await;
    let path = format!("/api/simulator/waiting?account=plain&follower={FOLLOWER}");
    assert!(admin.get(&path).await.json()["message"].is_null());
    let late = shutong::wechat::Reply::Text("晚到的回答".to_owned());
    page.app.desk.keep_late("plain", FOLLOWER, late, page.now()).unwrap();
    for _ in 0..2 {
        let waiting = admin.get(&path).await.json();
        assert_eq!(waiting["by_itself"], false, "the account is not verified");
        assert!(waiting["message"]["text"].as_str().unwrap().contains("晚到的回答"), "{waiting}");
    }
    page.advance(chrono::TimeDelta::seconds(5));
    assert!(content(&say(&mut admin, "plain", "谢谢").await).contains("晚到的回答"));
    assert!(admin.get(&path).await.json()["message"].is_null());
    for query in ["account=none&follower=sim-abcd1234", "account=plain&follower=oREAL", ""] {
        assert_eq!(admin.get(&format!("/api/simulator/waiting?{query}")).await.status, 404, "{query}");
    }
}

#[tokio::test]
async fn the_bench_has_the_accounts_their_modes_and_the_owners_menu() {
    let (page, mut admin) = Page::with_admin().await;
    let bench = admin.get("/api/simulator").await.json();
    assert_eq!(
        bench["accounts"][0],
        json!({
            "name": "safe", "mode": "safe", "modes": ["plain", "compatible", "safe"], "verified": false,
        })
    );
    assert_eq!(bench["accounts"][1]["modes"], json!(["plain"]));
    assert_eq!((bench["is_example"].clone(), bench["text_limit"].clone()), (true.into(), 2048.into()));
    let own = "[[button]]\nname = \"<最新>\"\ntype = \"click\"\nkey = \"最新\"\n";
    std::fs::write(page.app.data_dir.join("menu.toml"), own).unwrap();
    let bench = admin.get("/api/simulator").await.json();
    assert_eq!(bench["menu"], json!([{ "name": "<最新>", "type": "click", "key": "最新" }]));
    let shown = admin.get("/simulator").await.body;
    assert!(shown.contains("&#60;最新&#62;") || shown.contains("\\u003c"), "text, not markup");
    assert!(!shown.contains("<最新>"));
}
