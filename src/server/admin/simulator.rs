//! A follower to try things with: what is typed here becomes a push exactly as the platform sends it, goes through
//! the real callback, and comes back as a follower would see it.
//!
//! Its open_ids begin with `sim-`, which no real one does, so that test followers count nowhere as people and can be told
//! apart. The push itself is written in `wechat`, where signature and keys are; there also is what there is to push.

use std::collections::BTreeMap;
use std::time::Instant;

use askama::Template;
use serde::{Deserialize, Serialize};
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::visit::Visit;
use crate::app::App;
use crate::menu::{self, Button, Menu};
use crate::reply;
use crate::store::schema::FOLLOWERS;
use crate::wechat::{
    self, Account, CustomMessage, Mode, PushGroup, PushKind, REPERTOIRE, Saying, TEST_FOLLOWERS, TEXT_LIMIT,
};

#[derive(Template)]
#[template(path = "admin/simulator.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    /// Everything that there is to play with, as JSON.
    bench: String,
    is_empty: bool,
}

/// Everything that there is to play with.
#[derive(Serialize)]
struct Bench<'a> {
    accounts: Vec<Played<'a>>,
    kinds: Vec<Playable<'a>>,
    menu: Vec<Button>,
    /// The owner has written no menu: it is the example.
    is_example: bool,
    /// Bytes of text that the platform takes.
    text_limit: usize,
}

#[derive(Serialize)]
struct Played<'a> {
    name: &'a str,
    mode: Mode,
    /// How pushes to it can be made: without a key only in the open.
    modes: &'static [&'static str],
    verified: bool,
}

/// A kind of push.
#[derive(Serialize)]
struct Playable<'a> {
    name: &'static str,
    group: &'static str,
    /// In the visitor's language.
    label: &'a str,
    fields: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    path: &'static str,
    name: &'static str,
    sample: &'static str,
    optional: bool,
}

async fn bench(visit: &Visit) -> Result<Bench<'_>, Refusal> {
    let path = menu::path_in(&visit.app.data_dir);
    let text = visit.ask(move || menu::load(&path)).await?;
    let own = text.as_deref().and_then(|text| Menu::parse(text).ok());
    let is_example = own.is_none();
    let menu = own.or_else(|| Menu::parse(menu::EXAMPLE).ok()).unwrap_or_default();
    let words = visit.words();
    let kinds = REPERTOIRE.iter().map(|kind| Playable {
        name: kind.name,
        group: match kind.group {
            PushGroup::Message => "message",
            PushGroup::Follower => "follower",
            PushGroup::Menu => "menu",
            PushGroup::Report => "report",
        },
        label: words.get(label(kind)),
        fields: kind.fields.iter().map(Part::of).collect(),
    });
    let accounts = visit.app.accounts.iter().map(|account| Played {
        name: account.name(),
        mode: account.mode(),
        modes: if account.has_key() { &["plain", "compatible", "safe"] } else { &["plain"] },
        verified: account.verified(),
    });
    Ok(Bench {
        accounts: accounts.collect(),
        kinds: kinds.collect(),
        menu: menu.buttons,
        is_example,
        text_limit: TEXT_LIMIT,
    })
}

impl Part {
    fn of(field: &wechat::PushField) -> Part {
        Part { path: field.path, name: field.name(), sample: field.sample, optional: field.is_optional }
    }
}

/// `GET /simulator`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let bench = bench(visit).await?;
    let text = serde_json::to_string(&bench).map_err(|error| visit.failed(&error))?;
    answer::page(&Page { frame: &visit.frame("simulator"), is_empty: bench.accounts.is_empty(), bench: text })
}

/// `GET /api/simulator`
pub(super) async fn api(visit: &Visit) -> Result<Response, Refusal> {
    Ok(answer::json(StatusCode::OK, &bench(visit).await?))
}

/// What the chat sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    account: String,
    follower: String,
    /// The platform's name of what is sent.
    kind: String,
    /// What stands in its elements, by path.
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// How it is protected; without it as the account is set.
    #[serde(default)]
    mode: Option<Mode>,
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

/// What the chat gets back.
#[derive(Serialize)]
struct Heard {
    sent: Sent,
    status: u16,
    /// How long the callback took, to a hundredth.
    milliseconds: f64,
    /// What the platform would have sent: the query, the message, and the body if it was encrypted.
    query: String,
    message: String,
    pushed: String,
    /// What came back, and the same in the open if it was encrypted.
    answered: String,
    opened: String,
    /// Bytes of its text, if it is one.
    text_bytes: Option<usize>,
    /// The file of the media folder that it shows, if it is one.
    file: Option<String>,
    /// What the follower is called in addresses, if the callback has met one.
    id: Option<String>,
}

/// `POST /api/simulator/send`
pub(super) async fn send(visit: &Visit, body: &[u8]) -> Result<Response, Refusal> {
    let message: Message = serde_json::from_slice(body).map_err(|_| Refusal::Broken)?;
    let account = visit.app.account(&message.account).ok_or(Refusal::NotFound)?.clone();
    let (kind, fields) = judged(visit, &message)?;
    let mode = message.mode.unwrap_or(account.mode());
    if mode != Mode::Plain && !account.has_key() {
        return Err(Refusal::Invalid(visit.words().get("sim.no_key").to_owned()));
    }
    let random: [u8; 16] = crate::app::random().map_err(|error| visit.failed(&error))?;
    let now = visit.now.timestamp();
    let sent = message.again.unwrap_or(Sent { msg_id: message_id(random), created_at: now });
    let saying = Saying { kind, fields: &fields, msg_id: sent.msg_id };
    let push = wechat::push(&account, &message.follower, &saying, (sent.created_at, now), mode, random);
    let started = Instant::now();
    let answer = visit.admin.webhook.handle(account.name(), &push.query, push.body.as_bytes()).await;
    let milliseconds = (started.elapsed().as_secs_f64() * 100_000.0).round() / 100.0;
    let answered = String::from_utf8_lossy(&answer.body).into_owned();
    let opened = opened(&account, &answered);
    let (file, id) = looked_up(visit, &message, &opened).await?;
    let heard = Heard {
        sent,
        status: answer.status.as_u16(),
        milliseconds,
        pushed: if push.body == push.message { String::new() } else { push.body },
        query: push.query,
        message: push.message,
        text_bytes: wechat::text_bytes(&opened),
        opened,
        answered,
        file,
        id,
    };
    Ok(answer::json(StatusCode::OK, &heard))
}

/// What is to be sent, if it concerns test followers only: nobody else can be played, nor have their data deleted.
fn judged(visit: &Visit, message: &Message) -> Result<(&'static PushKind, BTreeMap<String, String>), Refusal> {
    let invalid = |key: &str, value: &str| Refusal::Invalid(visit.words().with(key, "name", value));
    if !is_playable(&message.follower) {
        return Err(invalid("sim.no_test_follower", &message.follower));
    }
    let kind = PushKind::of(&message.kind).ok_or_else(|| invalid("sim.no_kind", &message.kind))?;
    let mut fields = message.fields.clone();
    if let Some(odd) = fields.keys().find(|path| !kind.fields.iter().any(|field| field.path == path.as_str())) {
        return Err(invalid("sim.no_field", odd));
    }
    if kind.fields.iter().any(|field| field.path == OF_WHOM) {
        let whom = fields.entry(OF_WHOM.to_owned()).or_default();
        if whom.is_empty() {
            whom.clone_from(&message.follower);
        }
        if !is_playable(whom) {
            return Err(invalid("sim.no_test_follower", whom));
        }
    }
    Ok((kind, fields))
}

/// The element that names whom a report is about.
const OF_WHOM: &str = "OpenID";

/// The file that an answer shows, and the follower's alias.
async fn looked_up(
    visit: &Visit,
    message: &Message,
    opened: &str,
) -> Result<(Option<String>, Option<String>), Refusal> {
    let app = visit.app.clone();
    let media_id = between(opened, "<MediaId><![CDATA[", "]]>").map(str::to_owned);
    let key = (message.account.clone(), message.follower.clone());
    let look = move || {
        let file = media_id.map(|media_id| app.media.file_of(&key.0, &media_id)).transpose()?.flatten();
        let alias = app.store.get(&FOLLOWERS, &key)?.map(|record| record.alias);
        Ok::<_, crate::store::Error>((file, alias.filter(|alias| !alias.is_empty())))
    };
    visit.ask(look).await
}

fn between<'a>(text: &'a str, before: &str, behind: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(behind).map(|(found, _)| found)
}

fn opened(account: &Account, answered: &str) -> String {
    // `success`, and what was never encrypted, is open already.
    wechat::read_sealed(account, answered).unwrap_or_else(|| answered.to_owned())
}

/// `GET /api/simulator/waiting?account=&follower=`: what a follower would be told without asking. A verified account
/// says it by itself; in every other it goes out with the next answer. Looking takes nothing away.
pub(super) async fn waiting(visit: &Visit) -> Result<Response, Refusal> {
    let query = |name: &str| visit.head.query.get(name).cloned().unwrap_or_default();
    let (account, follower) = (query("account"), query("follower"));
    if visit.app.account(&account).is_none() || !is_playable(&follower) {
        return Err(Refusal::NotFound);
    }
    let (app, now) = (visit.app.clone(), visit.now);
    let look = move || {
        let message = app.desk.telling(&account, &follower, now)?.map(|telling| described(&telling.message));
        Ok::<_, reply::Error>(json!({ "message": message, "by_itself": comes_by_itself(&app, &account) }))
    };
    Ok(answer::json(StatusCode::OK, &visit.ask(look).await?))
}

fn comes_by_itself(app: &App, account: &str) -> bool {
    app.chat.is_able(account)
}

fn described(message: &CustomMessage) -> serde_json::Value {
    match message {
        CustomMessage::Text(text) => json!({ "type": "text", "text": text }),
        CustomMessage::Image(id) => json!({ "type": "image", "media_id": id }),
        CustomMessage::Voice(id) => json!({ "type": "voice", "media_id": id }),
        CustomMessage::Link(article) => {
            json!({ "type": "news", "title": article.title, "description": article.description, "url": article.url })
        }
    }
}

fn is_playable(open_id: &str) -> bool {
    let rest = open_id.strip_prefix(TEST_FOLLOWERS).unwrap_or_default();
    (4..=28).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Long enough never to repeat, and short enough for the numbers of a browser, which have 53 bits.
fn message_id(random: [u8; 16]) -> u64 {
    let (half, _) = random.split_at(8);
    half.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)) & ((1 << 53) - 1)
}

/// The key of what people call a kind of push.
fn label(kind: &PushKind) -> &'static str {
    match kind.name {
        "text" => "sim.kind.text",
        "image" => "sim.kind.image",
        "voice" => "sim.kind.voice",
        "video" => "sim.kind.video",
        "shortvideo" => "sim.kind.shortvideo",
        "location" => "sim.kind.location",
        "link" => "sim.kind.link",
        "file" => "sim.kind.file",
        "subscribe" => "sim.kind.subscribe",
        "unsubscribe" => "sim.kind.unsubscribe",
        "SCAN" => "sim.kind.scan",
        "LOCATION" => "sim.kind.location_event",
        "CLICK" => "sim.kind.click",
        "VIEW" => "sim.kind.view",
        "view_miniprogram" => "sim.kind.view_miniprogram",
        "scancode_push" => "sim.kind.scancode_push",
        "scancode_waitmsg" => "sim.kind.scancode_waitmsg",
        "pic_sysphoto" => "sim.kind.pic_sysphoto",
        "pic_photo_or_album" => "sim.kind.pic_photo_or_album",
        "pic_weixin" => "sim.kind.pic_weixin",
        "location_select" => "sim.kind.location_select",
        "MASSSENDJOBFINISH" => "sim.kind.masssendjobfinish",
        "TEMPLATESENDJOBFINISH" => "sim.kind.templatesendjobfinish",
        "PUBLISHJOBFINISH" => "sim.kind.publishjobfinish",
        "subscribe_msg_popup_event" => "sim.kind.subscribe_msg_popup_event",
        "subscribe_msg_change_event" => "sim.kind.subscribe_msg_change_event",
        "subscribe_msg_sent_event" => "sim.kind.subscribe_msg_sent_event",
        "qualification_verify_success" => "sim.kind.qualification_verify_success",
        "qualification_verify_fail" => "sim.kind.qualification_verify_fail",
        "naming_verify_success" => "sim.kind.naming_verify_success",
        "naming_verify_fail" => "sim.kind.naming_verify_fail",
        "annual_renew" => "sim.kind.annual_renew",
        "verify_expired" => "sim.kind.verify_expired",
        "kf_create_session" => "sim.kind.kf_create_session",
        "kf_close_session" => "sim.kind.kf_close_session",
        "kf_switch_session" => "sim.kind.kf_switch_session",
        "user_info_modified" => "sim.kind.user_info_modified",
        "user_authorization_revoke" => "sim.kind.user_authorization_revoke",
        "user_authorization_cancellation" => "sim.kind.user_authorization_cancellation",
        // A test names every kind.
        _ => "sim.kind.other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_followers_are_played() {
        assert!(is_playable("sim-a1b2c3d4"));
        for name in ["oABCDEFGHIJ", "sim-", "sim-abc", "sim-ab cd", "sim-\u{4e09}\u{4f53}", "", "xsim-abcdef"] {
            assert!(!is_playable(name), "{name}");
        }
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let mut labels: Vec<&str> = REPERTOIRE.iter().map(label).collect();
        labels.sort_unstable();
        assert!(!labels.contains(&"sim.kind.other") && labels.windows(2).all(|pair| pair[0] != pair[1]), "{labels:?}");
    }
}
