//! The WeChat platform as a callback sees it: followers write, it signs, encrypts and delivers, asks
//! again when nobody answers, and judges the answer by its own rules.
//!
//! It signs, encrypts, writes and reads XML and speaks HTTP with code of its own. It is not the
//! platform's API (tokens, media, menus): that is another module beside this one.
#![allow(dead_code)] // each test uses its part of the platform

pub mod cipher;
mod http;
mod judge;
mod push;
mod xml;

pub use http::HttpAnswer;
pub use judge::{Answer, Link, SimArticle, links};
pub use push::{Field, Push};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The mode set in the simulated console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimMode {
    Plain,
    Compatible,
    Safe,
}

/// An account as the console shows it.
#[derive(Clone, Debug)]
pub struct SimAccount {
    pub token: String,
    pub app_id: String,
    pub encoding_aes_key: String,
    pub mode: SimMode,
    /// The account's own name in messages, `gh_…`.
    pub original_id: String,
}

impl SimAccount {
    /// An account with fixed keys; the AES key has the surplus bits that a strict decoder refuses.
    pub fn new(mode: SimMode) -> Self {
        SimAccount {
            token: "simtoken2026".into(),
            app_id: "wx0123456789abcdef".into(),
            encoding_aes_key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG".into(),
            mode,
            original_id: "gh_0123456789ab".into(),
        }
    }
}

/// The platform, set to one callback URL.
pub struct WechatSim {
    pub account: SimAccount,
    callback: String,
    /// How long one attempt may take; 5 s at the platform.
    patience: Duration,
    /// Attempts in all; 3 at the platform.
    attempts: u32,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    counter: AtomicU64,
}

/// One HTTP request of the platform. Tests may change it before it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub query: Vec<(String, String)>,
    pub body: String,
}

/// What a push came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub answer: Answer,
    /// How often it was sent.
    pub attempts: u32,
}

/// Ways in which a request can be other than the platform's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tamper {
    /// One digit of `signature` is another.
    BadSignature,
    /// One digit of `msg_signature` is another.
    BadMsgSignature,
    /// `signature` stands where `msg_signature` belongs.
    SignatureAsMsgSignature,
    /// There is no such parameter.
    Without(&'static str),
    /// The parameter is there but empty.
    Empty(&'static str),
    /// The parameter is there twice.
    Twice(&'static str),
    /// Correctly signed, but so many seconds from now.
    At(i64),
    /// The signatures of this push over the body of another.
    OtherBody,
    /// A plain body, correctly signed.
    PlainBody,
    /// Encrypted with a key that the account never had, correctly signed.
    WrongKey,
    /// Encrypted for another AppID, correctly signed.
    WrongAppId,
    /// The account's Token is another.
    WrongToken,
}

impl WechatSim {
    /// A platform that delivers to `callback`, like `http://127.0.0.1:8080/wechat/main`.
    pub fn new(account: SimAccount, callback: impl Into<String>) -> Self {
        WechatSim {
            account,
            callback: callback.into(),
            patience: Duration::from_secs(5),
            attempts: 3,
            clock: Arc::new(system_seconds),
            counter: AtomicU64::new(1),
        }
    }

    /// Waits so long for each of so many attempts.
    pub fn with_patience(mut self, patience: Duration, attempts: u32) -> Self {
        (self.patience, self.attempts) = (patience, attempts);
        self
    }

    /// Delivers to another address from now on; what it has sent and counted stays.
    pub fn moved_to(mut self, callback: impl Into<String>) -> Self {
        self.callback = callback.into();
        self
    }

    /// Reads the time, in Unix seconds, from `clock`.
    pub fn with_clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Saves the configuration in the console: the GET that tests a callback URL.
    pub async fn verify_url(&self) -> Result<(), String> {
        let echo = format!("43751209483453{:05}", self.next());
        let mut query = self.signature_parameters(self.now());
        query.push(("echostr".into(), echo.clone()));
        let answer = http::send("GET", &self.callback, &query, "", self.patience).await?;
        match answer {
            HttpAnswer { status: 200, body, .. } if body == echo.as_bytes() => Ok(()),
            other => Err(format!("{} {:?} is not echostr", other.status, other.text())),
        }
    }

    /// A follower writes.
    pub async fn say(&self, open_id: &str, text: &str) -> Answer {
        self.deliver(&self.text(open_id, text)).await.answer
    }

    /// A follower sends a picture.
    pub async fn image(&self, open_id: &str, media_id: &str) -> Answer {
        self.deliver(&self.picture(open_id, media_id)).await.answer
    }

    /// Something happens: `subscribe`, `CLICK` with its `EventKey`, …
    pub async fn event(&self, open_id: &str, event: &str, fields: &[(&str, &str)]) -> Answer {
        self.deliver(&self.happening(open_id, event, fields)).await.answer
    }

    /// A follower taps a link in a reply that sends a message.
    pub async fn tap(&self, open_id: &str, link: &Link) -> Answer {
        let (text, id) = link.menu_item().unwrap_or_else(|| panic!("{link:?} sends no message"));
        self.deliver(&self.text(open_id, &text).with("bizmsgmenuid", Field::Bare(id))).await.answer
    }

    /// Delivers a push, again if there is no answer, and judges what comes back.
    pub async fn deliver(&self, push: &Push) -> Outcome {
        let mut last = String::new();
        for attempt in 1..=self.attempts {
            match self.post(&self.request(push)).await {
                Ok(http) => return Outcome { answer: self.judge(push, &http), attempts: attempt },
                Err(reason) => last = reason,
            }
        }
        let reason = format!("no answer in {} attempts: {last}", self.attempts);
        Outcome { answer: Answer::Failure(reason), attempts: self.attempts }
    }

    /// One attempt, exactly as given.
    pub async fn post(&self, request: &Request) -> Result<HttpAnswer, String> {
        http::send("POST", &self.callback, &request.query, &request.body, self.patience).await
    }

    /// What the platform makes of an answer to `push`.
    pub fn judge(&self, push: &Push, http: &HttpAnswer) -> Answer {
        judge::judge(&self.account, push, http, self.now()).unwrap_or_else(Answer::Failure)
    }

    /// The request for one attempt: time, nonce, signatures and ciphertext are new each time.
    pub fn request(&self, push: &Push) -> Request {
        self.request_at(push, self.now())
    }

    /// A request that the platform would not make.
    pub fn tampered(&self, push: &Push, tamper: Tamper) -> Request {
        let now = self.now();
        let mut request = self.request_at(push, now);
        match tamper {
            Tamper::BadSignature => request.change("signature", flip),
            Tamper::BadMsgSignature => request.change("msg_signature", flip),
            Tamper::SignatureAsMsgSignature => {
                let signature = request.parameter("signature");
                request.change("msg_signature", |_| signature);
            }
            Tamper::Without(name) => request.query.retain(|(n, _)| n != name),
            Tamper::Empty(name) => request.change(name, |_| String::new()),
            Tamper::Twice(name) => {
                let value = request.parameter(name);
                request.query.push((name.into(), value));
            }
            Tamper::At(seconds) => request = self.request_at(push, now + seconds),
            Tamper::OtherBody => {
                let other = self.text(&push.open_id, "something else");
                request.body = self.request_at(&other, now).body;
            }
            Tamper::PlainBody => request = self.with_mode(SimMode::Plain).request_at(push, now),
            Tamper::WrongKey => {
                let mut other = self.with_mode(self.account.mode);
                other.account.encoding_aes_key = "Z".repeat(43);
                request = other.request_at(push, now);
            }
            Tamper::WrongAppId => {
                let mut other = self.with_mode(self.account.mode);
                other.account.app_id = "wxffffffffffffffff".into();
                request = other.request_at(push, now);
            }
            Tamper::WrongToken => {
                let mut other = self.with_mode(self.account.mode);
                other.account.token.push('x');
                request = other.request_at(push, now);
            }
        }
        request
    }

    fn request_at(&self, push: &Push, time: i64) -> Request {
        let mut query = self.signature_parameters(time);
        query.push(("openid".into(), push.open_id.clone()));
        let message = push.xml();
        if self.account.mode == SimMode::Plain {
            return Request { query, body: message };
        }
        let account = &self.account;
        let random = format!("{:016x}", self.next().wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let encrypted = cipher::encrypt(&account.encoding_aes_key, &random, &message, &account.app_id);
        let [time, nonce] = [&query[1].1, &query[2].1];
        let msg_signature = cipher::sha1_hex(&[&account.token, time, nonce, &encrypted]);
        query.push(("encrypt_type".into(), "aes".into()));
        query.push(("msg_signature".into(), msg_signature));
        let encrypt = format!("<Encrypt><![CDATA[{encrypted}]]></Encrypt>");
        let body = if account.mode == SimMode::Compatible {
            message.replace("</xml>", &format!("{encrypt}</xml>"))
        } else {
            format!("<xml>\n<ToUserName><![CDATA[{}]]></ToUserName>\n{encrypt}\n</xml>", account.original_id)
        };
        Request { query, body }
    }

    fn signature_parameters(&self, time: i64) -> Vec<(String, String)> {
        let (time, nonce) = (time.to_string(), format!("{}", 100_000_000 + self.next() * 7919 % 900_000_000));
        let signature = cipher::sha1_hex(&[&self.account.token, &time, &nonce]);
        vec![("signature".into(), signature), ("timestamp".into(), time), ("nonce".into(), nonce)]
    }

    fn with_mode(&self, mode: SimMode) -> WechatSim {
        WechatSim {
            account: SimAccount { mode, ..self.account.clone() },
            callback: self.callback.clone(),
            patience: self.patience,
            attempts: self.attempts,
            clock: self.clock.clone(),
            counter: AtomicU64::new(self.next() + 1000),
        }
    }

    fn now(&self) -> i64 {
        (self.clock)()
    }

    fn next(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }
}

impl Request {
    /// The value of a parameter; panics if it is not there.
    pub fn parameter(&self, name: &str) -> String {
        self.query.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no {name}")).1.clone()
    }

    /// Changes the value of a parameter; panics if it is not there.
    pub fn change(&mut self, name: &str, change: impl FnOnce(&str) -> String) {
        let found = self.query.iter_mut().find(|(n, _)| n == name);
        let value = &mut found.unwrap_or_else(|| panic!("no {name}")).1;
        *value = change(value);
    }
}

/// Another last digit.
fn flip(hex: &str) -> String {
    let (start, last) = hex.split_at(hex.len() - 1);
    format!("{start}{}", if last == "0" { "1" } else { "0" })
}

fn system_seconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}
