//! The JSON interface: it does what the pages do, by the same handlers; and how many bytes a page costs on its way.
//! Whether answers are as the document says is tested in `tests/browser`, with a validator of JSON schemas.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::browser::{Browser, Page};

async fn given(admin: &mut Browser, path: &str) -> Value {
    let answer = admin.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

#[tokio::test]
async fn an_article_is_written_and_published_by_a_script() {
    let (page, mut admin) = Page::with_admin().await;
    let text = "+++\ntitle = \"冬天的书单\"\ndraft = true\n+++\n\n围炉夜读。\n";
    let saved = admin.json("/api/articles", &json!({ "name": "winter", "text": text })).await;
    assert_eq!((saved.status, saved.json()["slug"].as_str()), (200, Some("winter")), "{}", saved.body);
    let whole = given(&mut admin, "/api/articles/winter").await;
    assert_eq!((whole["text"].as_str(), whole["is_published"].as_bool()), (Some(text), Some(false)));
    assert_eq!(admin.json("/api/articles/winter/publish", &json!({})).await.json(), json!({ "done": true }));
    assert!(page.app.articles.shelf(page.now()).unwrap().article("winter").unwrap().is_published(page.now()));

    let wrong = admin.json("/api/articles", &json!({ "file": whole["file"], "text": "+++\ntitle = \n+++\n" })).await;
    assert_eq!(wrong.status, 422);
    assert!(!wrong.json()["error"].as_str().unwrap().is_empty());
    assert_eq!(given(&mut admin, "/api/articles/winter").await["title"], "冬天的书单", "what was there stays");
    assert_eq!(admin.json("/api/articles/nobody/publish", &json!({})).await.status, 404);
    // No platform listens: the reason comes back as an error, not as a notice on some page.
    assert_eq!(admin.json("/api/articles/winter/draft", &json!({ "account": "safe" })).await.status, 422);
}

#[tokio::test]
async fn texts_are_checked_before_they_are_saved() {
    let (_page, mut admin) = Page::with_admin().await;
    let rule = "[[reply]]\nwords = [\"地址\"]\ntext = \"长安街一号\"\n";
    let tried = admin.json("/api/keywords", &json!({ "do": "try", "text": rule, "tried": "地址" })).await.json();
    let hit = json!({ "what": "rule", "number": 1, "words": "地址", "answer": "长安街一号" });
    assert_eq!(tried["hit"], hit, "{tried}");
    assert_eq!(given(&mut admin, "/api/keywords").await["text"], Value::Null, "trying saves nothing");
    assert_eq!(admin.json("/api/keywords", &json!({ "do": "save", "text": "[[reply]]" })).await.status, 422);
    assert_eq!(admin.json("/api/keywords", &json!({ "do": "save", "text": rule })).await.json()["done"], true);
    let kept = given(&mut admin, "/api/keywords").await;
    assert_eq!((kept["text"].as_str(), kept["rules"][0]["answer"].as_str()), (Some(rule), Some("长安街一号")));

    assert_eq!(given(&mut admin, "/api/menu").await, json!({ "text": null, "mistakes": [] }));
}

#[tokio::test]
async fn sources_keys_and_sessions_are_kept_by_scripts() {
    let (page, mut admin) = Page::with_admin().await;
    let source =
        json!({ "name": "mine", "url": "https://books.example.org/opds", "kind": "opds", "rights": "自己的书" });
    assert_eq!(admin.json("/api/sources", &source).await.json(), json!({ "done": true, "name": "mine" }));
    assert_eq!(admin.json("/api/sources", &source).await.status, 422, "there is one of this name");
    assert_eq!(admin.json("/api/sources/mine", &json!({ "do": "pause" })).await.json(), json!({ "done": true }));
    assert_eq!(given(&mut admin, "/api/sources").await["items"][0]["is_paused"], true);
    assert!(given(&mut admin, "/api/sources/mine").await["source"].get("password").is_none());
    assert_eq!(admin.get("/api/sources/nobody").await.status, 404);

    let new = json!({ "name": "crm", "scopes": ["token:read"], "networks": ["10.0.0.0/8"], "days": 30 });
    let made = admin.json("/api/keys", &new).await.json();
    let listed = given(&mut admin, "/api/keys").await["items"][0].clone();
    assert_eq!((listed["id"].clone(), listed["from"].clone()), (made["id"].clone(), json!(["10.0.0.0/8"])));
    assert!(!listed.to_string().contains(made["key"].as_str().unwrap()));
    let path = format!("/api/keys/{}/revoke", made["id"].as_str().unwrap());
    assert_eq!(admin.json(&path, &json!({})).await.status, 200);
    assert_eq!(given(&mut admin, "/api/keys").await["items"], json!([]));

    let mut other = page.browser();
    assert_eq!(other.log_in(super::PASSWORD).await.status, 303);
    let sessions = given(&mut admin, "/api/sessions").await["items"].clone();
    let foreign = sessions.as_array().unwrap().iter().find(|session| session["is_own"] == false).unwrap();
    let path = format!("/api/sessions/{}/end", foreign["id"].as_str().unwrap());
    assert_eq!(admin.json(&path, &json!({})).await.status, 200);
    assert_eq!(other.get("/api/session").await.status, 401);
    assert_eq!(given(&mut admin, "/api/tokens").await["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_log_is_given_by_its_levels() {
    let (page, mut admin) = Page::with_admin().await;
    std::fs::create_dir_all(page.app.log_dir()).unwrap();
    let lines = "2026-11-28 08:00:00 INFO one\n2026-11-28 08:00:01 WARN two\n2026-11-28 08:00:02 ERROR three\n";
    std::fs::write(page.app.log_dir().join("shutong.log"), lines).unwrap();
    for (query, expected) in [("", 3), ("?level=warn", 2), ("?level=error", 1), ("?lines=2", 2)] {
        assert_eq!(given(&mut admin, &format!("/api/log{query}")).await.as_array().unwrap().len(), expected, "{query}");
    }
    assert_eq!(admin.get("/api/log?level=loud").await.status, 422);
}

#[tokio::test]
async fn a_change_needs_the_token_whatever_its_body() {
    let (_page, mut admin) = Page::with_admin().await;
    let json = ("Content-Type", "application/json");
    assert_eq!(admin.send("POST", "/api/keywords", &[json], "{}").await.status, 403);
    let csrf = given(&mut admin, "/api/session").await["csrf"].as_str().unwrap().to_owned();
    let with = ("X-CSRF-Token", csrf.as_str());
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(admin.send("POST", "/api/keywords", &[form, with], &format!("csrf={csrf}")).await.status, 415);
    for body in ["", "[]", "{\"text\":{}}"] {
        assert_eq!(admin.send("POST", "/api/keywords", &[json, with], body).await.status, 400, "{body}");
    }
    assert_ne!(given(&mut admin, "/api/session").await["csrf"], csrf, "it looks different every time");
    assert_eq!(admin.send("POST", "/api/sessions/0/end", &[json, with], "{}").await.status, 200);
}

/// An answer with its bytes as they came.
async fn raw(admin: &Browser, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(admin.address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n",
        admin.address, admin.cookie
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase(), bytes[end + 4..].to_vec())
}

#[tokio::test]
async fn the_first_page_is_light_on_its_way() {
    let (_page, mut admin) = Page::with_admin().await;
    let (head, small) = raw(&admin, "/").await;
    assert!(head.contains("content-encoding: gzip") && head.contains("vary: accept-encoding"), "{head}");
    let mut html = String::new();
    GzDecoder::new(small.as_slice()).read_to_string(&mut html).unwrap();
    let plain = admin.get("/").await;
    assert!(html.contains("data-csrf") && plain.header("content-encoding").is_none());

    // What it loads, and what those scripts load; pictures of books are their own affair.
    let assets: Vec<&str> = html.split("=\"/assets/").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    let stamp = assets[0].split_once('/').unwrap().0;
    let mut paths: Vec<String> = assets.iter().map(|path| format!("/assets/{path}")).collect();
    paths.extend([format!("/assets/{stamp}/core.js"), "/api/disk".to_owned()]);
    let mut bytes = small.len();
    for path in &paths {
        let (head, body) = raw(&admin, path).await;
        assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
        bytes += body.len();
    }
    assert!(paths.len() < 6, "with the page itself more than six requests: {paths:?}");
    assert!(bytes <= 60 * 1024, "{bytes} bytes");
}
