//! The configuration on the page and as JSON, the accounts in it, and the first steps: what is saved, what is refused,
//! what is never shown.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use super::browser::{Answer, Browser, PASSWORD, Page};
use super::form;
use crate::support::smtp_sink::SmtpSink;
use crate::support::wechat_api::WechatApi;

const SECRETS: [&str; 3] = ["the AppSecret of safe", "token123", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"];

fn file(page: &Page) -> String {
    fs::read_to_string(page.app.config_file()).unwrap()
}

/// The fields of a section as the page shows them, which is what its form sends, with some changed.
async fn section(admin: &mut Browser, name: &str, changed: &[(&str, &str)]) -> String {
    let settings = admin.get("/api/settings").await.json();
    let group = settings["groups"].as_array().unwrap().iter().find(|group| group["name"] == name).unwrap().clone();
    let mut fields = vec![("digest".to_owned(), settings["digest"].as_str().unwrap().to_owned())];
    for field in group["fields"].as_array().unwrap() {
        let (key, value) = (field["key"].as_str().unwrap(), field["value"].as_str().unwrap());
        if field["kind"] != "switch" || value == "true" {
            fields.push((key.to_owned(), value.to_owned()));
        }
    }
    for (key, value) in changed {
        fields.retain(|(own, _)| own != key);
        fields.push((key.to_string(), value.to_string()));
    }
    let pairs: Vec<(&str, &str)> = fields.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    form(&pairs)
}

#[track_caller]
fn hides_secrets(answer: &Answer) {
    for secret in SECRETS {
        assert!(!answer.body.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn every_key_is_shown_and_no_secret() {
    let (_page, mut admin) = Page::with_admin().await;
    let shown = admin.get("/settings").await;
    assert_eq!(shown.status, 200);
    hides_secrets(&shown);
    assert!(shown.body.contains("name=\"limits.upload_megabytes\" type=\"number\" min=\"1\" max=\"1024\""));
    let settings = admin.get("/api/settings").await;
    hides_secrets(&settings);
    let settings = settings.json();
    assert_eq!(settings["waiting"], json!([]));
    assert_eq!(settings["accounts"], json!(["safe", "plain"]));
    for group in settings["groups"].as_array().unwrap() {
        for field in group["fields"].as_array().unwrap() {
            let name = format!("name=\"{}\"", field["key"].as_str().unwrap());
            assert!(shown.body.contains(&name), "{name} is not on the page");
        }
    }
    hides_secrets(&admin.get("/settings/accounts/safe").await);
    assert_eq!(admin.get("/settings/accounts/nobody").await.status, 404);
}

#[tokio::test]
async fn a_section_is_saved_and_what_can_be_is_in_force_at_once() {
    let (page, mut admin) = Page::with_admin().await;
    let before = file(&page);
    let body = section(&mut admin, "limits", &[("limits.downloads_per_day", "3")]).await;
    let saved = admin.form("/settings/groups/limits", &body).await;
    assert_eq!((saved.status, saved.header("location")), (303, Some("/settings?at=limits#limits")));
    assert_eq!(file(&page), before.replace("upload_megabytes = 1\n", "upload_megabytes = 1\ndownloads_per_day = 3\n"));
    assert_eq!(admin.get("/api/restart").await.json()["waiting"], json!([]));
    let mut old = page.app.config_file().into_os_string();
    old.push(".old");
    assert_eq!(fs::read_to_string(old).unwrap(), before);

    let body = section(&mut admin, "limits", &[("limits.upload_megabytes", "7")]).await;
    admin.form("/settings/groups/limits", &body).await;
    assert_eq!(admin.get("/api/restart").await.json()["waiting"], json!(["limits.upload_megabytes"]));
}

#[tokio::test]
async fn where_backups_go_besides_is_one_place_and_can_be_none() {
    let (page, mut admin) = Page::with_admin().await;
    let before = file(&page);
    let body = section(&mut admin, "backup.s3", &[("backup.s3.bucket", "books")]).await;
    assert_eq!(admin.form("/settings/groups/backup.s3", &body).await.status, 422, "no server");
    let to_dav = [("backup.webdav.url", "https://dav.example.com/b/"), ("backup.webdav.password", "a-secret")];
    let body = section(&mut admin, "backup.webdav", &to_dav).await;
    assert_eq!(admin.form("/settings/groups/backup.webdav", &body).await.status, 303);
    let saved = file(&page);
    assert!(saved.contains("[backup.webdav]\nurl = \"https://dav.example.com/b/\"\n"), "{saved}");
    let shown = admin.get("/settings").await.body;
    assert!(shown.contains("https://dav.example.com/b/") && !shown.contains("a-secret"));
    let waiting = admin.get("/api/restart").await.json()["waiting"].to_string();
    assert!(waiting.contains("backup.webdav.url"), "{waiting}");

    let body = section(&mut admin, "backup.sftp", &[("backup.sftp.to", "me@example.com:/b")]).await;
    let refused = admin.form("/settings/groups/backup.sftp", &body).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("only one of them") && refused.body.contains("me@example.com:/b"), "it is not lost");
    assert_eq!(file(&page), saved, "nothing has changed");

    let body = section(&mut admin, "backup.webdav", &[("backup.webdav.url", "")]).await;
    assert_eq!(admin.form("/settings/groups/backup.webdav", &body).await.status, 303);
    assert!(!file(&page).contains("webdav") && file(&page).starts_with(before.trim_end()), "{}", file(&page));
}

#[tokio::test]
async fn what_a_start_would_refuse_is_not_saved_and_what_was_typed_stays() {
    let (page, mut admin) = Page::with_admin().await;
    let before = file(&page);
    for (group, key, typed) in [
        ("general", "public_url", "no address at all"),
        ("general", "time_zone", "Mars/Olympus"),
        ("limits", "limits.connections", "many"),
        ("listen", "listen.public", "8080"),
        ("crawl", "crawl.contact", "谁"),
        ("alerts", "alerts.mail_to", "me@example.com"),
    ] {
        let body = section(&mut admin, group, &[(key, typed)]).await;
        let answer = admin.form(&format!("/settings/groups/{group}"), &body).await;
        assert_eq!(answer.status, 422, "{key}");
        assert!(answer.body.contains(typed), "{key}: what was typed is gone");
        assert!(answer.body.contains("aria-invalid=\"true\""), "{key}: {}", answer.body);
        assert_eq!(file(&page), before, "{key}");
    }
    let stale = section(&mut admin, "general", &[("digest", "0")]).await;
    assert_eq!(admin.form("/settings/groups/general", &stale).await.status, 422);
    assert_eq!(admin.form("/settings/groups/nothing", "").await.status, 404);
    assert_eq!(file(&page), before);
}

#[tokio::test]
async fn programs_change_all_of_their_keys_or_none() {
    let (page, mut admin) = Page::with_admin().await;
    let before = file(&page);
    let wrong = json!({ "set": { "limits.addresses": 7, "limits.codes_per_day": "many" } });
    let answer = admin.json("/api/settings", &wrong).await;
    assert_eq!(answer.status, 422);
    assert!(answer.json()["error"].as_str().unwrap().contains("limits.codes_per_day"));
    assert_eq!(admin.json("/api/settings", &json!({ "set": { "nothing": "x" } })).await.status, 422);
    let stale = json!({ "digest": "0", "set": { "limits.addresses": 7 } });
    assert_eq!(admin.json("/api/settings", &stale).await.status, 409);
    assert_eq!(file(&page), before);
    let right =
        json!({ "set": { "limits.addresses": 7, "books.adverts": ["*a*", "*b*"], "account.safe.verified": true } });
    let answer = admin.json("/api/settings", &right).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["waiting"], json!(["limits.addresses", "account.safe"]));
    assert!(file(&page).contains("adverts = [\"*a*\", \"*b*\"]"));
}

#[tokio::test]
async fn an_account_is_added_shown_renewed_and_removed() {
    let (page, mut admin) = Page::with_admin().await;
    let added = form(&[("name", "third"), ("app_id", "wx1234567890abcde1"), ("app_secret", "its AppSecret")]);
    let answer = admin.form("/settings/new-account", &added).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/settings/accounts/third")), "{answer:?}");
    assert_eq!(admin.form("/settings/new-account", &added).await.status, 422, "the name is taken");
    let shown = admin.form("/settings/accounts/third/show", "").await.body;
    assert!(shown.contains("https://books.example.com/wechat/third"));
    assert!(!shown.contains("its AppSecret"));
    let key = |text: &str| text.split("encoding_aes_key = \"").last().unwrap()[..43].to_owned();
    let first = key(&file(&page));
    assert!(shown.contains(&first));

    assert_eq!(admin.form("/settings/accounts/third/renew", "what=key").await.status, 303);
    assert!(file(&page).contains(&format!("previous_encoding_aes_key = \"{first}\"")), "{}", file(&page));
    let edit = form(&[("name", "third"), ("app_id", "wx1234567890abcde2"), ("app_secret", ""), ("mode", "safe")]);
    assert_eq!(admin.form("/settings/accounts/third", &edit).await.status, 303);
    assert!(file(&page).contains("its AppSecret"), "a secret that is left empty stays");
    assert!(file(&page).contains("wx1234567890abcde2"));

    assert_eq!(admin.form("/settings/accounts/third/remove", "confirm=thirt").await.status, 422);
    assert!(file(&page).contains("third"));
    assert_eq!(admin.form("/settings/accounts/third/remove", "confirm=third").await.status, 303);
    assert!(!file(&page).contains("third"));
}

#[tokio::test]
async fn a_restart_is_asked_for_only_with_a_file_that_would_start() {
    let (page, mut admin) = Page::with_admin().await;
    let before = file(&page);
    fs::write(page.app.config_file(), format!("pubic_url = \"x\"\n{before}")).unwrap();
    let refused = admin.form("/settings/restart", "").await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("pubic_url"), "{}", refused.body);
    let rung = tokio::time::timeout(Duration::from_millis(50), page.app.restart.rung()).await;
    assert!(rung.is_err(), "nothing is stopped");
    assert!(admin.get("/settings").await.body.contains("pubic_url"), "it is said as long as it is wrong");
    fs::write(page.app.config_file(), before).unwrap();
    let asked = admin.form("/settings/restart", "").await;
    assert_eq!(asked.status, 200);
    let started = page.app.started_at.timestamp_millis().to_string();
    assert!(asked.body.contains(&format!("data-started=\"{started}\"")));
    assert_eq!(admin.get("/api/restart").await.json()["started"], started);
    page.app.restart.rung().await;
}

/// Answers every request so, until the test ends.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn the_first_steps_are_tried_and_say_what_to_do() {
    let page = Page::of("").await;
    let mut admin = page.browser();
    let set = format!("token={}&new={PASSWORD}&again={PASSWORD}", page.token());
    assert_eq!(admin.form("/setup", &set).await.header("location"), Some("/welcome"));
    assert_eq!(admin.get("/welcome").await.header("location"), Some("/welcome/account"));
    assert!(admin.get("/").await.body.contains("href=\"/welcome\""));

    let platform = WechatApi::start(|| 1_790_000_000_000);
    platform.add_account("wx1234567890abcdef", "the right secret");
    let account = |secret: &str| {
        form(&[
            ("do", "save"),
            ("name", "main"),
            ("app_id", "wx1234567890abcdef"),
            ("app_secret", secret),
            ("api_base", &platform.base()),
        ])
    };
    let wrong = admin.form("/welcome/account", &account("another secret")).await;
    assert_eq!(wrong.status, 200, "saved, and a restart asked for: {}", wrong.body);
    assert!(wrong.body.contains("data-next=\"/welcome/account\""));
    let shown = admin.get("/welcome/account").await.body;
    assert!(shown.contains("id=\"token-trouble\"") && shown.contains("AppSecret"), "{shown}");
    assert!(!shown.contains("another secret"));
    admin.form("/welcome/account", &account("the right secret")).await;
    let state = admin.get("/api/welcome").await.json();
    assert_eq!(state["token"], "fine", "{state}");
    assert_eq!(state["account"], json!({ "name": "main", "running": false, "verified": false }));
    assert_eq!(admin.form("/welcome/account", "do=next").await.header("location"), Some("/welcome/mail"));

    let sink = SmtpSink::start();
    let mail = |port: u16| {
        form(&[
            ("do", "save"),
            ("mail.from", "books@example.com"),
            ("mail.host", "127.0.0.1"),
            ("mail.port", &port.to_string()),
            ("mail.tls", "none"),
            ("to", "owner@example.com"),
        ])
    };
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(admin.form("/welcome/mail", &mail(closed)).await.status, 422, "saved, but nobody takes the letter");
    assert_eq!(admin.form("/welcome/mail", &mail(sink.port())).await.status, 303);
    assert_eq!(sink.letters().len(), 1);
    assert_eq!(admin.form("/welcome/mail", "do=skip").await.header("location"), Some("/welcome/address"));

    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
    let other = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nnginx";
    let address = |url: &str| form(&[("do", "save"), ("public_url", url)]);
    let wrong = admin.form("/welcome/address", &address(&answering(other))).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("role=\"alert\""));
    assert_eq!(admin.form("/welcome/address", &address("books.example.com")).await.status, 422);
    assert_eq!(admin.form("/welcome/address", &address(&answering(ok))).await.status, 303);
    assert_eq!(admin.form("/welcome/address", "do=next").await.header("location"), Some("/welcome/books"));

    assert_eq!(admin.form("/welcome/books", "do=starter").await.status, 303);
    assert!(page.app.library.counts().unwrap().shelf >= 7);
    let steps = &admin.get("/api/welcome").await.json()["steps"];
    assert_eq!(*steps, json!({ "account": "done", "mail": "skipped", "address": "done" }));
    assert!(
        admin.form("/welcome/books", "do=finish").await.body.contains("data-next=\"/\""),
        "what was saved comes into force"
    );
    assert!(!admin.get("/").await.body.contains("href=\"/welcome\""), "it is over");
    assert_eq!(admin.get("/welcome/mail").await.status, 200, "and can be done over");
}
