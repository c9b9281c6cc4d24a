//! The owner's keyword replies: a table of them, their file to be edited, and a box that tells what a text would hit.
//!
//! A file with a mistake is not saved, and stays in the form with what is wrong. The box tries what stands in the form,
//! saved or not. What changes one reply is in `keyword`.

use askama::Template;
use serde::Serialize;
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::media::{Answer, Keywords, Rule, SaveKeywords};
use crate::reply;

const PAGE: &str = "/keywords";
/// What the form begins with when there is no file.
const EXAMPLE: &str = include_str!("../../../assets/keywords.example.toml");

#[derive(Template)]
#[template(path = "admin/keywords.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    shown: &'a Shown,
    /// Those of the file; if that is wrong, those in use.
    rules: &'a [Rule],
    /// By which the file is known again when a reply of it is changed; none if it is wrong.
    stamp: Option<&'a str>,
    /// Files that they name and that are not there, or are something else.
    missing: &'a [String],
    path: &'a str,
}

/// What the page shows besides the rules in use.
#[derive(Default)]
struct Shown {
    /// The file's text, or what was typed.
    text: String,
    /// There is no file: the text is the example.
    is_example: bool,
    /// The text that was typed into the box.
    tried: String,
    /// What it hits.
    hit: Option<Hit>,
    /// What is wrong with the file.
    fault: Option<String>,
}

/// What a text hits.
#[derive(Serialize)]
#[serde(tag = "what", rename_all = "lowercase")]
enum Hit {
    /// A rule, by its number and words.
    Rule {
        number: usize,
        words: String,
        #[serde(serialize_with = "said")]
        answer: (&'static str, String),
    },
    /// Nothing: it is searched for.
    Nothing,
    /// The program's own command, whatever the rules say.
    Command,
}

impl Page<'_> {
    fn answer(&self, rule: &Rule) -> (&'static str, String) {
        told(&rule.answer)
    }

    fn words(&self, rule: &Rule) -> String {
        rule.words.join("、")
    }
}

/// An answer: the key of its kind, and what it is.
pub(super) fn told(answer: &Answer) -> (&'static str, String) {
    match answer {
        Answer::Text(text) => ("keywords.text", text.clone()),
        Answer::Picture(file) => ("media.image", file.clone()),
        Answer::Voice(file) => ("media.voice", file.clone()),
        Answer::Video(video) => ("media.video", video.file.clone()),
        Answer::Music(music) => ("keywords.music", format!("{} {}", music.title, music.url)),
        Answer::Card(card) => ("keywords.card", format!("{} {}", card.title, card.url)),
    }
}

/// An answer without the key of its kind, which is the page's own.
fn said<S: serde::Serializer>(answer: &(&'static str, String), serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&answer.1)
}

/// `GET /keywords`; with `good` the last good file instead of the one that is there.
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let (media, wants_good) = (visit.app.media.clone(), visit.head.query.contains_key("good"));
    let text = visit.ask(move || {
        let text = if wants_good { Some(media.good_keywords_text()?) } else { media.keywords_text()? };
        Ok::<_, crate::store::Error>(text)
    });
    let shown = match text.await? {
        None => Shown { text: EXAMPLE.to_owned(), is_example: true, ..Shown::default() },
        Some(text) => Shown { fault: Keywords::parse(&text).err(), text, ..Shown::default() },
    };
    draw(visit, StatusCode::OK, shown).await
}

/// `POST /keywords`: `text`, and what to `do`: `save` it, `check` it, or `try` what is in `tried`.
pub(super) async fn act(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    // Browsers send the line ends of their forms.
    let mut shown = Shown { text: field("text").replace("\r\n", "\n"), tried: field("tried"), ..Shown::default() };
    if field("do") == "save" {
        let (media, text, now) = (visit.app.media.clone(), shown.text.clone(), visit.now);
        let saved = visit.ask(move || match media.save_keywords(&text, now) {
            Ok(()) => Ok(None),
            Err(SaveKeywords::Store(error)) => Err(error),
            Err(wrong @ (SaveKeywords::Wrong(_) | SaveKeywords::Stale)) => Ok(Some(wrong.to_string())),
        });
        let Some(fault) = saved.await? else {
            log::info!("the file of keyword replies has been saved on the admin page");
            let notice = Notice::of(visit.words().get("keywords.saved").to_owned());
            visit.leave(notice);
            return Ok(answer::done(visit, PAGE));
        };
        shown.fault = Some(fault);
        return draw(visit, StatusCode::UNPROCESSABLE_ENTITY, shown).await;
    }
    match Keywords::parse(&shown.text) {
        Ok(keywords) => {
            shown.hit = Some(shown.tried.trim()).filter(|tried| !tried.is_empty()).map(|tried| hit(&keywords, tried));
            draw(visit, StatusCode::OK, shown).await
        }
        Err(fault) => {
            shown.fault = Some(fault);
            draw(visit, StatusCode::UNPROCESSABLE_ENTITY, shown).await
        }
    }
}

fn hit(keywords: &Keywords, text: &str) -> Hit {
    if !reply::may_be_keyword(text) {
        return Hit::Command;
    }
    match keywords.rule_for(text) {
        Some((number, rule)) => Hit::Rule { number, words: rule.words.join("、"), answer: told(&rule.answer) },
        None => Hit::Nothing,
    }
}

async fn draw(visit: &Visit, status: StatusCode, shown: Shown) -> Result<Response, Refusal> {
    if visit.head.wants_json() {
        let Shown { fault: None, hit, .. } = shown else {
            return Err(Refusal::Invalid(shown.fault.unwrap_or_default()));
        };
        return Ok(answer::json(StatusCode::OK, &json!({ "hit": hit })));
    }
    let media = visit.app.media.clone();
    let found = visit.ask(move || Ok::<_, crate::store::Error>((media.missing()?, media.keywords_to_change()?)));
    let (missing, (file, stamp)) = found.await?;
    let notice = visit.notice();
    let own = Keywords::parse(&file).ok();
    let (in_use, stamp) = (visit.app.media.keywords(), own.is_some().then_some(stamp.as_str()));
    let page = Page {
        frame: &visit.frame("keywords"),
        notice: notice.as_ref(),
        shown: &shown,
        rules: own.as_ref().unwrap_or(&in_use).rules(),
        stamp,
        missing: &missing,
        path: &visit.app.media.keywords_path().display().to_string(),
    };
    answer::page_with(status, &page)
}
