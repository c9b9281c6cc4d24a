//! Changes of one book: what is said of it, its picture, its files, a push. Each as a form of the page and as JSON for
//! scripts, with the same functions behind.

use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;
use warp::multipart::FormData;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::upload::{bytes_of, next_in_time};
use super::visit::{Form, Visit};
use crate::blocking::blocking;
use crate::book::Format;
use crate::kindle::{Done, Unfit};
use crate::library::{CoverChoice, Edit, link};
use crate::store::ContentHash;

/// Largest picture that is taken as a cover, in bytes.
pub(super) const COVER_BYTES: u64 = 20 << 20;

/// What is asked for with a format.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// The extension of the format.
    format: String,
}

/// `POST /books/{id}/edit`: all fields of the form at once.
pub(super) async fn edit(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    change(visit, edit_of(form)).await?;
    visit.leave(visit.words().get("edit.saved").to_owned());
    Ok(answer::done(visit, &format!("/books/{}", visit.id()?)))
}

/// `POST /api/books/{id}`: the fields that are given, see [`Edit`]; gives the book as it is then.
pub(super) async fn patch(visit: &Visit, json: &[u8]) -> Result<Response, Refusal> {
    let edit = serde_json::from_slice(json).map_err(|error| Refusal::Invalid(error.to_string()))?;
    change(visit, edit).await?;
    super::book::describe(visit).await
}

async fn change(visit: &Visit, edit: Edit) -> Result<(), Refusal> {
    let (id, library) = (visit.id()?, visit.app.library.clone());
    visit.ask_of_book(move || library.edit(id, &edit)).await?;
    log::info!("book {id} has been edited");
    Ok(())
}

/// Fields with several values have one on each line.
fn edit_of(form: &Form) -> Edit {
    let text = |name: &str| form.get(name).cloned();
    let lines = |name: &str| form.get(name).map(|text| text.lines().map(str::to_owned).collect());
    Edit {
        title: text("title"),
        aliases: lines("aliases"),
        authors: lines("authors"),
        language: text("language"),
        series: text("series"),
        subjects: lines("subjects"),
        publisher: text("publisher"),
        published: text("published"),
        description: text("description"),
        isbns: lines("isbns"),
    }
}

/// `POST /books/{id}/cover` with `do`: `own` takes the picture of its files, `drawn` draws one.
pub(super) async fn choose_cover(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let choice = match form.get("do").map(String::as_str) {
        Some("own") => CoverChoice::Own,
        Some("drawn") => CoverChoice::Drawn,
        _ => return Err(Refusal::Invalid(visit.words().get("cover.which").to_owned())),
    };
    let (id, library) = (visit.id()?, visit.app.library.clone());
    visit.ask_of_book(move || library.set_cover(id, choice)).await?;
    visit.leave(visit.words().get("cover.saved").to_owned());
    Ok(answer::done(visit, &format!("/books/{id}")))
}

/// `POST /api/books/{id}/cover`: the first file is the picture from now on.
pub(super) async fn receive_cover(visit: &Visit, files: Option<FormData>) -> Result<Response, Refusal> {
    let (id, library) = (visit.id()?, visit.app.library.clone());
    let mut parts = files.ok_or(Refusal::Broken)?;
    let part = next_in_time(&mut parts).await?.ok_or(Refusal::Broken)?.map_err(|_| Refusal::Broken)?;
    let bytes = bytes_of(part, COVER_BYTES).await?.ok_or(Refusal::TooLarge(COVER_BYTES))?;
    // A picture takes memory while it is decoded, as a book does.
    let _permit = visit.admin.adding.acquire().await.map_err(|error| visit.failed(&error))?;
    visit.ask_of_book(move || library.set_cover(id, CoverChoice::Picture(&bytes))).await?;
    log::info!("book {id} has got another cover");
    visit.leave(visit.words().get("cover.saved").to_owned());
    Ok(answer::json(StatusCode::OK, &json!({ "done": true })))
}

/// `POST /books/{id}/convert` with `format`: made in the background.
pub(super) async fn convert(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    want(visit, form.get("format").map(String::as_str).unwrap_or_default()).await?;
    Ok(answer::done(visit, &format!("/books/{}#h-files", visit.id()?)))
}

/// `POST /api/books/{id}/convert` with `format`; `GET /api/books/{id}` tells how it stands.
pub(super) async fn convert_json(visit: &Visit, json: &[u8]) -> Result<Response, Refusal> {
    let wish: Wish = serde_json::from_slice(json).map_err(|error| Refusal::Invalid(error.to_string()))?;
    want(visit, &wish.format).await?;
    super::book::describe(visit).await
}

async fn want(visit: &Visit, format: &str) -> Result<(), Refusal> {
    let format = format_of(visit, format)?;
    let (id, library) = (visit.id()?, visit.app.library.clone());
    visit.ask_of_book(move || library.want(id, format)).await?;
    make_wanted(visit);
    Ok(())
}

/// The format that conversions can be asked for in.
pub(super) fn format_of(visit: &Visit, name: &str) -> Result<Format, Refusal> {
    let format = Format::from_extension(name).filter(|format| format.is_writable());
    format.ok_or_else(|| Refusal::Invalid(visit.words().with("convert.unknown", "format", name)))
}

/// Has what waits to be converted made by a thread that may block; nobody waits for it.
pub(super) fn make_wanted(visit: &Visit) {
    let (library, now) = (visit.app.library.clone(), visit.now);
    tokio::spawn(async move {
        if let Err(panicked) = blocking(move || library.convert_wanted(now)).await {
            log::error!("converting: {panicked}");
        }
    });
}

/// `POST /books/{id}/split` with `hash`: one file leaves the book and goes into the recycle bin as a book of its own.
pub(super) async fn split(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (id, library, now) = (visit.id()?, visit.app.library.clone(), visit.now);
    let hash: ContentHash = form.get("hash").and_then(|hash| hash.parse().ok()).ok_or(Refusal::NotFound)?;
    let split = visit.ask_of_book(move || library.split_off(id, &hash, now)).await?;
    log::info!("a file of book {id} has been put into the recycle bin as book {split}");
    visit.leave(visit.words().with("split.done", "id", &split));
    Ok(answer::done(visit, &format!("/books/{id}")))
}

/// `POST /books/{id}/push` with `address` and, if not the best, `file`.
pub(super) async fn push(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (id, library, kindle, now) = (visit.id()?, visit.app.library.clone(), visit.app.kindle.clone(), visit.now);
    let words = visit.words();
    if !kindle.is_ready() {
        return Err(Refusal::Invalid(words.get("deliveries.off").to_owned()));
    }
    let typed = form.get("address").map(String::as_str).unwrap_or_default();
    let address = kindle.judge(typed).map_err(|unfit| Refusal::Invalid(words.get(unfit_key(&unfit)).to_owned()))?;
    let file = form.get("file").filter(|file| !file.is_empty()).cloned();
    let shown = visit.ask(move || library.shown(id)).await?.filter(|(_, book)| !book.editions.is_empty());
    let (id, book) = shown.ok_or(Refusal::NotFound)?;
    if let Some(file) = &file
        && !link::offers(&book).iter().any(|offer| offer.name == *file)
    {
        return Err(Refusal::NotFound);
    }
    let done = visit.ask(move || kindle.send((id, book.title, file), &address, now)).await?;
    visit.leave(match done {
        Done::PushedBefore(_) => words.get("push.before").to_owned(),
        _ => words.get("push.done").to_owned(),
    });
    Ok(answer::done(visit, &format!("/books/{id}")))
}

fn unfit_key(unfit: &Unfit) -> &'static str {
    match unfit {
        Unfit::NoAddress => "push.no_address",
        Unfit::Closed => "push.closed",
        Unfit::LooksLikeKindle => "push.no_kindle",
        Unfit::OtherDomain => "push.other_domain",
        Unfit::Ours => "push.ours",
    }
}
