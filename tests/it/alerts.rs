//! The owner is told of trouble: by mail and by a webhook, once, and again if nobody heard.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use parking_lot::Mutex;
use shutong::alert::{Alerts, Teller, Trouble};
use shutong::config::Config;
use shutong::store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::support::smtp_sink::{SmtpFault, SmtpSink, SmtpStep};

/// A server of the owner's that takes alerts, with a status that the test sets.
struct Hook {
    url: String,
    status: Arc<Mutex<u16>>,
    /// The body of the answer.
    said: Arc<Mutex<&'static str>>,
    taken: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Hook {
    async fn start() -> Hook {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/alerts?key=hook-secret", listener.local_addr().unwrap());
        let (status, taken) = (Arc::new(Mutex::new(204)), Arc::new(Mutex::new(Vec::new())));
        let said = Arc::new(Mutex::new(""));
        let (own, words, kept) = (Arc::clone(&status), Arc::clone(&said), Arc::clone(&taken));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                let mut piece = [0; 4096];
                let json = loop {
                    let length = stream.read(&mut piece).await.unwrap();
                    request.extend_from_slice(&piece[..length]);
                    let body = request.windows(4).position(|window| window == b"\r\n\r\n");
                    let json = body.and_then(|head| serde_json::from_slice(&request[head + 4..]).ok());
                    if let Some(json) = json {
                        break json;
                    }
                    assert_ne!(length, 0, "no whole request");
                };
                let (status, body) = (*own.lock(), *words.lock());
                if status < 300 {
                    kept.lock().push(json);
                }
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Hook { url, status, said, taken }
    }
}

fn teller(sink: &SmtpSink, hook: &Hook, language: &str) -> Teller {
    let text = format!(
        "language = \"{language}\"\n[mail]\nfrom = \"books@example.com\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
         [alerts]\nmail_to = \"owner@example.com\"\nwebhook = \"{}\"\n",
        sink.port(),
        hook.url
    );
    Config::parse(&text, std::path::Path::new("."), []).unwrap().teller().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_is_tried_until_it_is_heard_and_no_longer() {
    let dir = tempfile::tempdir().unwrap();
    let alerts = Alerts::new(Arc::new(Store::open(dir.path()).unwrap()));
    let (sink, hook) = (SmtpSink::start(), Hook::start().await);
    let teller = teller(&sink, &hook, "zh");
    let now: DateTime<Utc> = "2026-11-27T00:00:00Z".parse().unwrap();
    assert!(teller.tell(&alerts, now).await.unwrap(), "nothing to tell");
    alerts.raise(&Trouble::NotWhitelisted { account: "main".into(), ip: "203.0.113.7".into() }, now);
    // The mail server is busy, the webhook takes it.
    sink.set_fault(Some(SmtpFault::answer(SmtpStep::Rcpt, 451)));
    assert!(!teller.tell(&alerts, now).await.unwrap());
    assert!(!teller.tell(&alerts, now).await.unwrap());
    assert_eq!((hook.taken.lock().len(), sink.letters().len()), (1, 0), "the webhook is not told twice");
    sink.set_fault(None);
    assert!(teller.tell(&alerts, now + Duration::minutes(5)).await.unwrap());
    let letter = &sink.letters()[0];
    assert_eq!(letter.subject(), "书童：需要您处理");
    assert!(letter.text().contains("203.0.113.7") && letter.text().contains("白名单"), "{}", letter.text());
    let told = hook.taken.lock()[0].clone();
    assert!(told["text"]["content"].as_str().unwrap().contains("203.0.113.7"), "{told}");
    assert_eq!(told["alert"], "not_whitelisted/main");
    for minute in 0..10 {
        alerts.raise(&Trouble::NotWhitelisted { account: "main".into(), ip: "203.0.113.7".into() }, now);
        assert!(teller.tell(&alerts, now + Duration::minutes(minute)).await.unwrap());
    }
    assert_eq!((hook.taken.lock().len(), sink.letters().len()), (1, 1), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_refuses_is_asked_again_and_a_letter_that_is_refused_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let alerts = Alerts::new(Arc::new(Store::open(dir.path()).unwrap()));
    let (sink, hook) = (SmtpSink::start(), Hook::start().await);
    let teller = teller(&sink, &hook, "en");
    let now: DateTime<Utc> = "2026-11-27T00:00:00Z".parse().unwrap();
    alerts.raise(&Trouble::SomebodyElse { account: "main".into() }, now);
    *hook.status.lock() = 500;
    assert!(!teller.tell(&alerts, now).await.unwrap());
    assert_eq!(sink.letters().len(), 1);
    assert!(sink.letters()[0].text().contains("Another program"));
    *hook.status.lock() = 204;
    assert!(teller.tell(&alerts, now).await.unwrap());
    assert_eq!((hook.taken.lock().len(), sink.letters().len()), (1, 1));
    sink.set_fault(Some(SmtpFault::answer(SmtpStep::Rcpt, 550)));
    alerts.raise(&Trouble::SomebodyElse { account: "other".into() }, now);
    assert!(teller.tell(&alerts, now).await.unwrap(), "a letter that never will be taken holds nothing up");
    assert_eq!(hook.taken.lock().len(), 2);
}

/// The robots of WeCom and DingTalk refuse with status 200.
#[tokio::test(flavor = "multi_thread")]
async fn a_robot_that_says_no_has_not_taken_it() {
    let dir = tempfile::tempdir().unwrap();
    let alerts = Alerts::new(Arc::new(Store::open(dir.path()).unwrap()));
    let (sink, hook) = (SmtpSink::start(), Hook::start().await);
    let teller = teller(&sink, &hook, "en");
    let now: DateTime<Utc> = "2026-11-27T00:00:00Z".parse().unwrap();
    alerts.raise(&Trouble::SomebodyElse { account: "main".into() }, now);
    *hook.status.lock() = 200;
    for said in [r#"{"errcode":310000,"errmsg":"keywords not in content"}"#, r#"{"errcode":"93000"}"#] {
        *hook.said.lock() = said;
        assert!(!teller.tell(&alerts, now).await.unwrap(), "{said}");
    }
    *hook.said.lock() = r#"{"errcode":0,"errmsg":"ok"}"#;
    assert!(teller.tell(&alerts, now).await.unwrap());
}
