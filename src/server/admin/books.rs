//! The books: found, shown, handed out, put into the recycle bin and taken out of it. Adding them is `upload`.

use askama::Template;
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_util::io::ReaderStream;
use warp::http::StatusCode;
use warp::http::header::{self, HeaderValue};
use warp::reply::{Reply, Response};

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::visit::{Form, Visit};
use crate::book::Format;
use crate::library::{self, ContentsEntry, Conversion, CoverSize, Library, link};
use crate::store::records::{BookId, BookRecord, Edition};

/// Books of one page of the list.
const ROWS: usize = 50;
/// Books of the recycle bin that are shown.
const REMOVED_ROWS: usize = 200;

/// A book in a list.
#[derive(Serialize)]
pub(super) struct Entry {
    pub(super) id: BookId,
    pub(super) title: String,
    pub(super) authors: String,
    pub(super) formats: Vec<&'static str>,
    pub(super) downloads: u64,
    pub(super) added_at: DateTime<Utc>,
    pub(super) removed_at: Option<DateTime<Utc>>,
}

/// One page of books.
pub(super) struct Found {
    pub(super) query: String,
    pub(super) entries: Vec<Entry>,
    /// Where the next page of the newest begins.
    pub(super) older: Option<BookId>,
    pub(super) on_shelf: u64,
}

impl Entry {
    /// The entries of these books, in this order; those that are not there any more are left out.
    pub(super) fn all(library: &Library, ids: &[BookId]) -> library::Result<Vec<Entry>> {
        let mut entries = Vec::with_capacity(ids.len());
        for &id in ids {
            entries.extend(library.book(id)?.map(|book| Entry::of(id, book)));
        }
        Ok(entries)
    }

    fn of(id: BookId, book: BookRecord) -> Entry {
        let mut formats: Vec<&'static str> = Vec::new();
        for edition in &book.editions {
            let name = edition.format.name();
            if !formats.contains(&name) {
                formats.push(name);
            }
        }
        Entry {
            id,
            authors: book.authors.join("、"),
            formats,
            downloads: book.downloads,
            added_at: book.added_at,
            removed_at: book.removed_at,
            title: book.title,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/books.html", config = "assets/askama.toml")]
struct ListPage<'a> {
    frame: &'a Frame<'a>,
    found: &'a Found,
    limit: u64,
}

#[derive(Template)]
#[template(path = "admin/removed.html", config = "assets/askama.toml")]
struct RemovedPage<'a> {
    frame: &'a Frame<'a>,
    entries: &'a [Entry],
}

/// A format that a book can be converted to.
struct Made {
    name: String,
    format: Format,
    state: Conversion,
}

fn conversions(library: &Library, book: &BookRecord) -> library::Result<Vec<Made>> {
    let mut made = Vec::new();
    for offer in link::offers(book).into_iter().filter(|offer| offer.edition.is_none()) {
        let state = library.conversion_of(book, offer.format)?;
        made.push(Made { name: offer.name, format: offer.format, state });
    }
    Ok(made)
}

#[derive(Template)]
#[template(path = "admin/book.html", config = "assets/askama.toml")]
struct BookPage<'a> {
    frame: &'a Frame<'a>,
    id: BookId,
    book: &'a BookRecord,
    files: &'a [(String, &'a Edition)],
    made: &'a [Made],
    contents: &'a [ContentsEntry],
    public: &'a str,
}

/// What `?q=` and `?before=` ask for.
pub(super) async fn find(visit: &Visit) -> Result<Found, Refusal> {
    let query = visit.head.query.get("q").map(|text| text.trim().to_owned()).unwrap_or_default();
    let before = visit.head.query.get("before").and_then(|text| text.parse().ok());
    let library = visit.app.library.clone();
    visit.ask(move || look_up(&library, query, before)).await
}

fn look_up(library: &Library, query: String, before: Option<BookId>) -> library::Result<Found> {
    let on_shelf = library.counts()?.shelf;
    if !query.is_empty() {
        let entries = Entry::all(library, &library.find(&query)?.books)?;
        return Ok(Found { query, entries, older: None, on_shelf });
    }
    let mut ids = library.latest(before, ROWS + 1)?;
    let has_more = ids.len() > ROWS;
    ids.truncate(ROWS);
    let older = ids.last().copied().filter(|_| has_more);
    Ok(Found { query, entries: Entry::all(library, &ids)?, older, on_shelf })
}

/// `GET /books`
pub(super) async fn list(visit: &Visit) -> Result<Response, Refusal> {
    let found = find(visit).await?;
    let limit = visit.app.config.upload_bytes();
    answer::page(&ListPage { frame: &visit.frame("books"), found: &found, limit })
}

/// `GET /books/removed`
pub(super) async fn removed(visit: &Visit) -> Result<Response, Refusal> {
    let library = visit.app.library.clone();
    let books = visit.ask(move || library.removed(REMOVED_ROWS)).await?;
    let entries: Vec<Entry> = books.into_iter().map(|(id, book)| Entry::of(id, book)).collect();
    answer::page(&RemovedPage { frame: &visit.frame("books"), entries: &entries })
}

/// `GET /books/{id}`; a book that was merged leads to the one it went into.
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let id = visit.id()?;
    let library = visit.app.library.clone();
    let found = visit.ask(move || {
        let Some(book) = library.book(id)? else { return Ok(None) };
        let contents = library.contents(&book)?;
        let made = conversions(&library, &book)?;
        Ok::<_, library::Error>(Some((book, contents, made)))
    });
    let (book, contents, made) = found.await?.ok_or(Refusal::NotFound)?;
    if let Some(kept) = book.merged_into {
        return Ok(answer::see(&format!("/books/{kept}")));
    }
    let frame = visit.frame("books");
    let files = link::file_names(&book);
    let public = format!("{}/b/{id}", visit.app.links.public_url());
    let page =
        BookPage { frame: &frame, id, book: &book, files: &files, made: &made, contents: &contents, public: &public };
    answer::page(&page)
}

/// `POST /books/{id}/remove`
pub(super) async fn remove(visit: &Visit) -> Result<Response, Refusal> {
    let (id, library, now) = (visit.id()?, visit.app.library.clone(), visit.now);
    visit.ask_of_book(move || library.remove(id, now)).await?;
    log::info!("book {id} has been put into the recycle bin");
    Ok(answer::done(visit, "/books"))
}

/// `POST /books/{id}/restore`
pub(super) async fn restore(visit: &Visit) -> Result<Response, Refusal> {
    let (id, library, now) = (visit.id()?, visit.app.library.clone(), visit.now);
    visit.ask_of_book(move || library.restore(id, now)).await?;
    log::info!("book {id} has been taken out of the recycle bin");
    Ok(answer::done(visit, &format!("/books/{id}")))
}

/// `POST /books/{id}/take-down`: for good, with a reason.
pub(super) async fn take_down(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (id, library, now) = (visit.id()?, visit.app.library.clone(), visit.now);
    let reason = form.get("reason").cloned().unwrap_or_default();
    visit.ask_of_book(move || library.take_down(id, &reason, now)).await?;
    log::info!("book {id} has been taken down for good");
    Ok(answer::done(visit, "/books"))
}

/// `GET /cover/{id}` and `GET /cover/{id}/thumb`
pub(super) async fn cover(visit: &Visit, size: CoverSize) -> Result<Response, Refusal> {
    let (id, library) = (visit.id()?, visit.app.library.clone());
    let picture = visit.ask(move || library.cover(id, size)).await?.ok_or(Refusal::NotFound)?;
    let mut response = answer::bytes(StatusCode::OK, &picture.mime, picture.bytes);
    // A cover changes with a new edition at most; it is for this browser only.
    let kept = HeaderValue::from_static("private, max-age=600");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    Ok(response)
}

/// `GET /books/{id}/file/{name}`: also of a book in the recycle bin, which the admin may want to look at first.
pub(super) async fn file(visit: &Visit) -> Result<Response, Refusal> {
    let (id, library) = (visit.id()?, visit.app.library.clone());
    let name = visit.parameters.get(1).cloned().unwrap_or_default();
    let now = visit.now;
    let found = visit.ask(move || {
        let Some(book) = library.book(id)? else { return Ok(Ok(None)) };
        match library.obtain(&book, &name, now) {
            Err(library::Error::Unconvertible(reason)) => Ok(Err(reason)),
            file => file.map(Ok),
        }
    });
    let file = found.await?.map_err(Refusal::Invalid)?.ok_or(Refusal::NotFound)?;
    let opened = tokio::fs::File::open(&file.path).await.map_err(|error| visit.failed(&error))?;
    let mut response = warp::reply::stream(ReaderStream::with_capacity(opened, 64 * 1024)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.format.mime()));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.bytes));
    if let Ok(disposition) = HeaderValue::from_str(&disposition(&file.file_name)) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// Always saved, never shown: a book may hold scripts. The name goes encoded (RFC 8187), so nothing in it can be
/// taken for a header.
fn disposition(file_name: &str) -> String {
    let name: String = file_name.rsplit(['/', '\\']).next().unwrap_or_default().chars().take(120).collect();
    let encoded = percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename*=UTF-8''{encoded}")
}

impl Visit {
    /// [`Visit::ask`], for changes of one book: that there is none, or that it cannot be, is said to the visitor.
    async fn ask_of_book(&self, work: impl FnOnce() -> library::Result<()> + Send + 'static) -> Result<(), Refusal> {
        let outcome = self.ask(move || Ok::<_, std::convert::Infallible>(work())).await?;
        outcome.map_err(|error| match error {
            library::Error::NoSuchBook(_) => Refusal::NotFound,
            library::Error::Refused(why) => Refusal::Invalid(why),
            error => self.failed(&error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn names_cannot_leave_the_header() {
        assert_eq!(disposition("三体.epub"), "attachment; filename*=UTF-8''%E4%B8%89%E4%BD%93%2Eepub");
        assert_eq!(disposition("../../etc/a\r\nb\"c"), "attachment; filename*=UTF-8''a%0D%0Ab%22c");
    }
}
