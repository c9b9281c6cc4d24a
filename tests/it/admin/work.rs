//! What the page does once one is in: uploads, the recycle bin, wordings, the live stream.

use std::time::Duration;

use serde_json::json;
use shutong::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::browser::{Answer, Browser, Page};
use super::simulator::say;

pub fn story(title: &str) -> String {
    format!("《{title}》\n作者：测试者\n\n第一章 开头\n\n{}\n", "书童把书送到读者手里。".repeat(200))
}

async fn upload(admin: &mut Browser, files: &[(&str, &str)]) -> Answer {
    let token = admin.token().await;
    let mut body = String::new();
    for (name, content) in files {
        body += &format!(
            "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n"
        );
    }
    body += "--cut--\r\n";
    let headers = [("Content-Type", "multipart/form-data; boundary=cut"), ("X-CSRF-Token", token.as_str())];
    admin.send("POST", "/api/upload", &headers, &body).await
}

#[tokio::test]
async fn every_file_of_an_upload_has_its_own_outcome() {
    let (page, mut admin) = Page::with_admin().await;
    let (small, large) = (story("三国演义"), "x".repeat(1024 * 1024 + 1));
    let files = [
        ("a.txt", small.as_str()),
        ("big.txt", &large),
        ("empty.txt", ""),
        ("again.txt", &small),
        ("x.bin", "\0\u{1}"),
    ];
    let answer = upload(&mut admin, &files).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let items = answer.json()["items"].clone();
    let outcomes: Vec<&str> = items.as_array().unwrap().iter().map(|item| item["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["new", "error", "error", "known", "error"], "{items}");
    assert_eq!(items[0]["title"], "三国演义");
    let why = |at: usize| items[at]["error"].as_str().unwrap();
    assert!(why(1).contains("1.0 MB"), "{items}");
    assert_eq!(why(2), "文件是空的。");
    assert!(why(4).contains("不是认得的电子书格式"), "{items}");

    assert_eq!(admin.get("/api/counts").await.json()["shelf"], 1);
    let left: Vec<_> =
        walkdir::WalkDir::new(page.app.data_dir.join("files")).into_iter().filter_map(Result::ok).collect();
    assert!(left.iter().all(|entry| entry.metadata().unwrap().len() < 1024 * 1024), "a part too large leaves nothing");
    let token = admin.token().await;
    let no_parts = [("Content-Type", "multipart/form-data"), ("X-CSRF-Token", token.as_str())];
    assert_eq!(admin.send("POST", "/api/upload", &no_parts, "x").await.status, 400);
}

#[tokio::test]
async fn an_upload_without_the_token_is_not_read() {
    let (_page, mut admin) = Page::with_admin().await;
    let headers = [("Content-Type", "multipart/form-data; boundary=cut")];
    assert_eq!(admin.send("POST", "/api/upload", &headers, "--cut--\r\n").await.status, 403);
    assert_eq!(admin.get("/api/counts").await.json()["shelf"], 0);
}

#[tokio::test]
async fn a_book_goes_into_the_bin_and_comes_back() {
    let (page, mut admin) = Page::with_admin().await;
    let content = story("红楼梦");
    let id = upload(&mut admin, &[("<b>红楼梦.txt", &content)]).await.json()["items"][0]["book"].clone();
    page.app.library.index_changes().unwrap();

    assert!(admin.get("/books?q=hongloumeng").await.body.contains("红楼梦"), "found by its sound");
    assert!(admin.get("/books?q=%3Cscript%3E").await.body.contains("&#60;script&#62;"), "words are text, not markup");
    let detail = admin.get(&format!("/books/{id}")).await.body;
    assert!(detail.contains("红楼梦") && !detail.contains("<b>"), "so are names of files");
    assert_eq!(admin.get(&format!("/cover/{id}/thumb")).await.status, 200);
    let file = admin.get(&format!("/books/{id}/file/txt")).await;
    assert_eq!((file.status, file.body.as_str()), (200, content.as_str()));
    assert!(file.header("content-disposition").unwrap().starts_with("attachment; "));

    assert_eq!(admin.form(&format!("/books/{id}/remove"), "").await.status, 303);
    assert!(!admin.get("/books").await.body.contains("红楼梦"));
    assert!(admin.get("/books/removed").await.body.contains("红楼梦"));
    assert_eq!(admin.form(&format!("/books/{id}/restore"), "").await.status, 303);
    assert!(admin.get("/books").await.body.contains("红楼梦"));
    for path in ["/books/99", "/books/x", "/cover/99", "/books/1/file/pdf"] {
        assert_eq!(admin.get(path).await.status, 404, "{path}");
    }

    let take_down = format!("/books/{id}/take-down");
    let refused = admin.form(&take_down, "reason=+").await;
    assert_eq!(refused.status, 422, "a reason is needed");
    assert!(refused.body.contains("请写下架的原因"), "{}", refused.body);
    let refused = admin.json("/api/books/bulk", &json!({ "do": "delete", "ids": [id, 99] })).await.json();
    let expected = json!([
        { "id": id, "error": format!("第 {id} 号书不在回收站里；请先把它移到回收站。") },
        { "id": 99, "error": "没有第 99 号书。" },
    ]);
    assert_eq!((&refused["failed"], &refused["done"]), (&expected, &json!([])), "{refused}");
    assert_eq!(admin.form(&take_down, "reason=letter").await.status, 303);
    assert_eq!(admin.get(&format!("/books/{id}")).await.status, 404, "not even the recycle bin has it");
    assert_eq!(admin.form("/books/99/take-down", "reason=letter").await.status, 404);
}

#[tokio::test]
async fn a_wording_is_used_at_once_and_checked_before() {
    let (_page, mut admin) = Page::with_admin().await;
    let own = json!({ "wordings": { "help": "今日暗号。" } });
    assert_eq!(admin.json("/wordings", &own).await.json()["own"], 1);
    let heard = say(&mut admin, "plain", "帮助").await;
    assert!(heard["opened"].as_str().unwrap().contains("今日暗号"), "{heard}");

    let wrong = admin.json("/wordings", &json!({ "wordings": { "help": "{nonsense}" } })).await;
    assert_eq!((wrong.status, wrong.json()["key"].clone()), (422, json!("help")));
    assert_eq!(admin.json("/wordings", &json!({ "wordings": { "no_such": "x" } })).await.status, 422);
    assert!(admin.get("/wordings").await.body.contains("今日暗号"), "what was refused changed nothing");
    assert_eq!(admin.json("/wordings", &json!({ "wordings": {} })).await.json()["own"], 0);
    assert!(!admin.get("/wordings").await.body.contains("今日暗号"));
}

#[tokio::test]
async fn the_live_stream_tells_news_and_ends_with_its_session() {
    let (page, mut admin) = Page::with_admin().await;
    std::fs::create_dir_all(page.app.log_dir()).unwrap();
    let log = page.app.log_dir().join("shutong.log");
    std::fs::write(&log, "old line\n").unwrap();
    let mut stream = TcpStream::connect(page.address).await.unwrap();
    let request = format!("GET /events HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n", page.address, admin.cookie);
    stream.write_all(request.as_bytes()).await.unwrap();

    let mut seen = String::new();
    read_until(&mut stream, &mut seen, "event:state").await;
    assert!(seen.contains("text/event-stream"), "{seen}");
    std::fs::write(&log, "old line\n2026-11-21 WARN something new\n").unwrap();
    read_until(&mut stream, &mut seen, "something new").await;
    assert!(seen.contains("event:log") && !seen.contains("old line"), "{seen}");

    let keeper = page.app.tokens.of(Some("safe")).unwrap();
    keeper.set(Secret::new("88_a-token-set-by-hand"), Duration::from_secs(3600)).await.unwrap();
    read_until(&mut stream, &mut seen, "event:token").await;
    read_until(&mut stream, &mut seen, "3595").await;
    assert!(!seen.contains("88_a-token"), "the value is not told: {seen}");

    admin.form("/logout", "").await;
    read_until(&mut stream, &mut seen, "\r\n0\r\n").await;
}

async fn read_until(stream: &mut TcpStream, seen: &mut String, wanted: &str) {
    let reading = async {
        let mut buffer = [0; 4096];
        while !seen.contains(wanted) {
            let count = stream.read(&mut buffer).await.unwrap();
            assert!(count > 0, "the stream ended before {wanted:?}: {seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap_or_else(|_| panic!("no {wanted:?}"));
}

#[tokio::test]
async fn numbers_are_there_for_collectors_and_scripts() {
    let (page, mut admin) = Page::with_admin().await;
    page.admin.set_metrics(std::sync::Arc::new(|| "shutong_test_total 7\n".to_owned()));
    upload(&mut admin, &[("a.txt", &story("西游记"))]).await;
    let metrics = page.browser().get("/metrics").await;
    assert!(metrics.body.contains("\nshutong_books 1\n") && metrics.body.ends_with("shutong_test_total 7\n"));
    let books = admin.get("/api/books").await.json();
    assert_eq!(books["books"][0]["title"], "西游记");
    assert_eq!(admin.get("/api/books/1").await.json()["book"]["title"], "西游记");
    let disk = admin.get("/api/disk").await.json();
    assert!(disk["files"].as_u64().unwrap() > 1000 && disk["free"].as_u64().unwrap() > 0, "{disk}");
    assert!(admin.get("/api/log").await.json().is_array());
    assert_eq!(page.browser().get("/api/counts").await.json()["error"], "请先登录。", "scripts are told in JSON");
}
