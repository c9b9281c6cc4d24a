//! A follower to try things with: what is typed here becomes a push exactly as the platform sends it, goes through
//! the real callback, and comes back as a follower would see it.
//!
//! Its open_ids begin with `sim-`, which no real one does, and its record is marked, so that test followers can be
//! told apart and cleared away. The push itself is written in `wechat`, where signature and keys are.

use askama::Template;
use serde::{Deserialize, Serialize};
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::visit::Visit;
use crate::app::App;
use crate::store::schema::FOLLOWERS;
use crate::store::{self, Durability};
use crate::wechat::{self, Account, Saying, TEST_FOLLOWERS};

#[derive(Template)]
#[template(path = "admin/simulator.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    accounts: Vec<&'a str>,
}

/// `GET /simulator`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let accounts = visit.app.accounts.iter().map(|account| account.name()).collect();
    answer::page(&Page { frame: &visit.frame("simulator"), accounts })
}

/// What the chat sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    account: String,
    follower: String,
    kind: Kind,
    /// The text typed, the key of the menu, the words recognised.
    #[serde(default)]
    text: String,
    /// The id of the tapped link.
    #[serde(default)]
    menu_id: Option<String>,
    /// To send the same message again, as the platform does when it got no answer: its id and time.
    #[serde(default)]
    again: Option<Sent>,
}

/// What makes a message the same as another.
#[derive(Clone, Copy, Deserialize, Serialize)]
struct Sent {
    msg_id: u64,
    created_at: i64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Text,
    Image,
    Voice,
    Subscribe,
    Unsubscribe,
    Click,
}

/// What the chat gets back.
#[derive(Serialize)]
struct Heard {
    sent: Sent,
    status: u16,
    milliseconds: i64,
    /// What the platform would have sent: the query, the message, and the body if it was encrypted.
    query: String,
    message: String,
    pushed: String,
    /// What came back, and the same in the open if it was encrypted.
    answered: String,
    opened: String,
}

/// `POST /simulator/send`
pub(super) async fn send(visit: &Visit, body: &[u8]) -> Result<Response, Refusal> {
    let message: Message = serde_json::from_slice(body).map_err(|_| Refusal::Broken)?;
    let account = visit.app.account(&message.account).ok_or(Refusal::NotFound)?.clone();
    if !is_test_follower(&message.follower) {
        return Err(Refusal::Broken);
    }
    let random: [u8; 16] = crate::app::random().map_err(|error| visit.failed(&error))?;
    let now = visit.now.timestamp();
    let sent = message.again.unwrap_or(Sent { msg_id: message_id(random), created_at: now });
    let push = wechat::push(&account, &message.follower, &saying(&message, sent.msg_id), sent.created_at, now, random);
    let webhook = &visit.admin.webhook;
    let answer = webhook.handle(account.name(), &push.query, push.body.as_bytes()).await;
    let milliseconds = (visit.app.clock.now() - visit.now).num_milliseconds();
    mark(visit, &message).await?;
    let answered = String::from_utf8_lossy(&answer.body).into_owned();
    let heard = Heard {
        sent,
        status: answer.status.as_u16(),
        milliseconds,
        pushed: if push.body == push.message { String::new() } else { push.body },
        query: push.query,
        message: push.message,
        opened: opened(&account, &answered),
        answered,
    };
    Ok(answer::json(StatusCode::OK, &heard))
}

fn opened(account: &Account, answered: &str) -> String {
    // `success`, and what was never encrypted, is open already.
    wechat::read_sealed(account, answered).unwrap_or_else(|| answered.to_owned())
}

fn saying<'a>(message: &'a Message, msg_id: u64) -> Saying<'a> {
    let text = message.text.as_str();
    match message.kind {
        Kind::Text => Saying::Text { text, menu_id: message.menu_id.as_deref(), msg_id },
        Kind::Image => Saying::Image { msg_id },
        Kind::Voice => Saying::Voice { recognition: text, msg_id },
        Kind::Subscribe => Saying::Event { event: "subscribe", key: text },
        Kind::Unsubscribe => Saying::Event { event: "unsubscribe", key: "" },
        Kind::Click => Saying::Event { event: "CLICK", key: text },
    }
}

fn is_test_follower(open_id: &str) -> bool {
    let rest = open_id.strip_prefix(TEST_FOLLOWERS).unwrap_or_default();
    (4..=28).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Long enough never to repeat, and short enough for the numbers of a browser, which have 53 bits.
fn message_id(random: [u8; 16]) -> u64 {
    let (half, _) = random.split_at(8);
    half.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)) & ((1 << 53) - 1)
}

/// Marks the follower's record, which the callback has just made, as a test's.
async fn mark(visit: &Visit, message: &Message) -> Result<(), Refusal> {
    let app = visit.app.clone();
    let key = (message.account.clone(), message.follower.clone());
    visit.ask(move || mark_in(&app, &key)).await
}

fn mark_in(app: &App, key: &(String, String)) -> store::Result<()> {
    if app.store.get(&FOLLOWERS, key)?.is_none_or(|record| record.simulated) {
        return Ok(());
    }
    app.store.write(Durability::Soon, |write| {
        let Some(mut record) = write.get(&FOLLOWERS, key)? else { return Ok(()) };
        record.simulated = true;
        write.put(&FOLLOWERS, key, &record)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_followers_are_played() {
        assert!(is_test_follower("sim-a1b2c3d4"));
        for name in ["oABCDEFGHIJ", "sim-", "sim-abc", "sim-ab cd", "sim-\u{4e09}\u{4f53}", "", "xsim-abcdef"] {
            assert!(!is_test_follower(name), "{name}");
        }
    }
}
