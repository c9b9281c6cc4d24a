//! What followers ask for and the library does not have, and what they have searched for in vain.

use askama::Template;
use chrono::{DateTime, Utc};
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::library;
use crate::store::records::{MissRecord, RequestRecord};

const PAGE: &str = "/books/requests";
/// Rows of each list.
const ROWS: usize = 200;

#[derive(Template)]
#[template(path = "admin/requests.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    requests: &'a [(String, RequestRecord)],
    misses: &'a [MissRecord],
}

impl Page<'_> {
    /// Where the library is searched for this.
    fn search(&self, text: &str) -> String {
        let query: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        format!("/books?q={query}")
    }

    /// When the sources were last asked.
    fn looked_at(&self, request: &RequestRecord) -> Option<DateTime<Utc>> {
        request.looked.iter().map(|(_, at)| *at).max()
    }
}

async fn look(visit: &Visit) -> Result<(Vec<(String, RequestRecord)>, Vec<MissRecord>), Refusal> {
    let library = visit.app.library.clone();
    visit.ask(move || Ok::<_, library::Error>((library.requests(ROWS)?, library.misses(ROWS)?))).await
}

/// `GET /books/requests`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let (requests, misses) = look(visit).await?;
    let notice = visit.notice();
    answer::page(&Page { frame: &visit.frame("books"), notice: notice.as_ref(), requests: &requests, misses: &misses })
}

/// `GET /api/requests`
pub(super) async fn list(visit: &Visit) -> Result<Response, Refusal> {
    let (requests, misses) = look(visit).await?;
    let requests: Vec<_> = requests
        .into_iter()
        .map(|(key, one)| {
            json!({
                "key": key, "text": one.text, "book": one.book, "count": one.count,
                "first_at": one.first_at, "last_at": one.last_at,
            })
        })
        .collect();
    Ok(answer::json(StatusCode::OK, &json!({ "requests": requests, "misses": misses })))
}

/// `POST /books/requests` with `do`: `answer` the request `key` with the book of number `book`, `decline` it, or `enter`
/// what was searched for, `text`, as a book without a file.
pub(super) async fn act(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (library, now, words) = (visit.app.library.clone(), visit.now, visit.words());
    let text = |name: &str| form.get(name).cloned().unwrap_or_default();
    let key = match form.get("do").map(String::as_str) {
        Some("answer") => {
            let number = text("book");
            let book = number.trim().trim_start_matches('#').parse();
            let book = book.map_err(|_| Refusal::Invalid(words.with("requests.no_number", "text", &number)))?;
            let request = text("key");
            visit.ask_of_book(move || library.answer_request(&request, book)).await?;
            "requests.answered"
        }
        Some("decline") => {
            let request = text("key");
            visit.ask_of_book(move || library.decline_request(&request)).await?;
            "requests.declined"
        }
        Some("enter") => {
            let title = text("text");
            let entering = move || {
                library.add_entry(&title, &[], now)?;
                library.forget_miss(&title)
            };
            visit.ask_of_book(entering).await?;
            "requests.entered"
        }
        _ => return Err(Refusal::Invalid(words.get("bulk.unknown").to_owned())),
    };
    visit.leave(words.get(key).to_owned());
    Ok(answer::done(visit, PAGE))
}
