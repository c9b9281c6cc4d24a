//! What followers read: every text with the owner's own in its place, checked whole and used at once.

use std::collections::BTreeMap;

use askama::Template;
use serde::{Deserialize, Serialize};
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::visit::Visit;
use crate::reply::{InvalidWording, Wordings};
use crate::store::schema::SETTINGS;
use crate::store::{self, Durability};

/// Where the owner's texts are kept among the settings.
const SETTING: &str = "wordings";

/// One text.
#[derive(Serialize)]
pub(super) struct Row {
    key: String,
    default: String,
    /// The owner's, if there is one.
    own: Option<String>,
    #[serde(skip)]
    lines: usize,
}

#[derive(Template)]
#[template(path = "admin/wordings.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    rows: &'a [Row],
}

/// `GET /wordings`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let rows = find(visit).await?;
    answer::page(&Page { frame: &visit.frame("wordings"), rows: &rows })
}

/// All texts.
pub(super) async fn find(visit: &Visit) -> Result<Vec<Row>, Refusal> {
    let store = visit.app.store.clone();
    let mut own = visit.ask(move || saved(&store)).await?;
    let row = |(key, default): (String, String)| {
        let own = own.remove(&key);
        let lines = own.as_ref().unwrap_or(&default).lines().count().clamp(1, 12);
        Row { key, default, own, lines }
    };
    Ok(Wordings::defaults(visit.app.config.language).into_iter().map(row).collect())
}

/// The owner's texts by key; a text that is left out, or is as built in, is the built-in one.
#[derive(Deserialize)]
struct Saving {
    wordings: BTreeMap<String, String>,
}

/// `POST /wordings`
pub(super) async fn save(visit: &Visit, body: &[u8]) -> Result<Response, Refusal> {
    let Ok(Saving { wordings: mut own }) = serde_json::from_slice(body) else { return Err(Refusal::Broken) };
    let language = visit.app.config.language;
    let defaults = Wordings::defaults(language);
    // Browsers send the line ends of their forms.
    own.values_mut().for_each(|text| *text = text.replace("\r\n", "\n"));
    own.retain(|key, text| defaults.get(key) != Some(text));
    let wordings = match Wordings::new(language, own.clone()) {
        Ok(wordings) => wordings,
        Err(wrong) => {
            let key = own.keys().find(|key| wrong.to_string().contains(key.as_str()));
            let fault = json!({ "error": wrong.to_string(), "key": key });
            return Ok(answer::json(StatusCode::UNPROCESSABLE_ENTITY, &fault));
        }
    };
    let changed = own.len();
    let store = visit.app.store.clone();
    let value = json!(own);
    let saving = move || store.write(Durability::Durable, |write| write.put(&SETTINGS, &SETTING.to_owned(), &value));
    visit.ask::<(), store::Error>(saving).await?;
    visit.app.desk.set_wordings(wordings);
    log::info!("the wordings have been saved, {changed} of them the owner's own");
    Ok(answer::json(StatusCode::OK, &json!({ "done": true, "own": changed })))
}

/// A text to look at, and the owner's texts, whose labels may stand on its links.
#[derive(Deserialize)]
struct Looking {
    key: String,
    #[serde(default)]
    wordings: BTreeMap<String, String>,
}

/// `POST /api/wordings/look`: a text as followers would see it, and how long it is. What is wrong with it is an answer,
/// too.
pub(super) fn look(visit: &Visit, body: &[u8]) -> Result<Response, Refusal> {
    let Ok(Looking { key, mut wordings }) = serde_json::from_slice(body) else { return Err(Refusal::Broken) };
    wordings.values_mut().for_each(|text| *text = text.replace("\r\n", "\n"));
    match Wordings::look(visit.app.config.language, &key, wordings) {
        Ok(look) => Ok(answer::json(StatusCode::OK, &look)),
        Err(InvalidWording::UnknownKey { .. }) => Err(Refusal::NotFound),
        Err(wrong) => Ok(answer::json(StatusCode::OK, &json!({ "error": wrong.to_string() }))),
    }
}

fn saved(store: &store::Store) -> store::Result<BTreeMap<String, String>> {
    let value = store.get(&SETTINGS, &SETTING.to_owned())?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}
