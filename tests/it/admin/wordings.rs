//! A wording is looked at while it is changed: its links, its holes, how long it is, what is wrong with it.

use serde_json::json;

use super::browser::Page;

#[tokio::test]
async fn a_wording_is_seen_as_followers_would_see_it() {
    let (_page, mut admin) = Page::with_admin().await;
    let look = |text: &str| json!({ "key": "thanks", "wordings": { "thanks": text, "label_help": "求助" } });
    let seen = admin.json("/api/wordings/look", &look("不客气\r\n{tap_help}")).await.json();
    assert_eq!(seen["pieces"], json!([{ "text": "不客气\n" }, { "tap": "求助" }]), "{seen}");
    assert!(seen["bytes"].as_u64().unwrap() > 30 && seen["most"].as_u64().unwrap() <= 2048, "{seen}");
    let wrong = admin.json("/api/wordings/look", &look("{nonsense}")).await;
    assert!(wrong.status == 200 && wrong.json()["error"].as_str().unwrap().contains("nonsense"), "{}", wrong.body);
    let unknown = json!({ "key": "no_such", "wordings": {} });
    assert_eq!(admin.json("/api/wordings/look", &unknown).await.status, 404);
    assert_eq!(admin.json("/api/wordings/look", &json!({ "wordings": 1 })).await.status, 400);
    assert!(admin.get("/wordings").await.body.contains("不客气，读得开心"), "looking changes nothing");
}
