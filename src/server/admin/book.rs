//! One book: shown, handed out, changed. What the owner says of it goes through `library`, as from the command line.

use askama::Template;
use serde::Serialize;
use serde_json::json;
use tokio_util::io::ReaderStream;
use warp::http::StatusCode;
use warp::http::header::{self, HeaderValue};
use warp::reply::{Reply, Response};

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::book::Format;
use crate::kindle::OWNER;
use crate::library::{self, ContentsEntry, Conversion, CoverSize, Library, link};
use crate::server::pages::day_of;
use crate::store::records::{BookField, BookId, BookRecord, Edition};

/// A format that a book can be converted to.
pub(super) struct Made {
    name: String,
    format: Format,
    state: Conversion,
}

/// The same for scripts.
#[derive(Serialize)]
struct MadeState {
    format: &'static str,
    /// `possible`, `wanted`, `made` or `failed`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Made {
    fn state_name(&self) -> &'static str {
        match self.state {
            Conversion::Possible => "possible",
            Conversion::Wanted => "wanted",
            Conversion::Made { .. } => "made",
            Conversion::Failed { .. } => "failed",
        }
    }
}

impl From<Made> for MadeState {
    fn from(made: Made) -> MadeState {
        let (format, state) = (made.format.extension(), made.state_name());
        let (bytes, reason) = match made.state {
            Conversion::Made { bytes } => (Some(bytes), None),
            Conversion::Failed { reason } => (None, Some(reason)),
            Conversion::Possible | Conversion::Wanted => (None, None),
        };
        MadeState { format, state, bytes, reason }
    }
}

fn conversions(library: &Library, id: BookId, book: &BookRecord) -> library::Result<Vec<Made>> {
    let mut made = Vec::new();
    for offer in link::offers(book).into_iter().filter(|offer| offer.edition.is_none()) {
        let is_wanted = library.is_wanted(id, offer.format);
        let state = if is_wanted { Conversion::Wanted } else { library.conversion_of(book, offer.format)? };
        made.push(Made { name: offer.name, format: offer.format, state });
    }
    Ok(made)
}

#[derive(Template)]
#[template(path = "admin/book.html", config = "assets/askama.toml")]
struct BookPage<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    id: BookId,
    book: &'a BookRecord,
    files: &'a [(String, &'a Edition)],
    made: &'a [Made],
    contents: &'a [ContentsEntry],
    public: &'a str,
    /// Addresses that books were sent to before.
    addresses: &'a [String],
    /// There is a mail server in the configuration.
    can_push: bool,
    cover_limit: u64,
}

impl BookPage<'_> {
    /// The mark of a field that the owner has set.
    fn set(&self, field: BookField) -> &str {
        if self.book.is_edited(field) { self.frame.words.get("edit.set") } else { "" }
    }

    fn day<'d>(&self, date: &'d str) -> &'d str {
        day_of(date)
    }

    /// The address of the picture, another one for another picture: browsers keep it for a while.
    fn cover(&self) -> String {
        let stamp = self.book.cover.as_ref().map(|cover| cover.picture.as_str()[..8].to_owned());
        format!("/cover/{}?v={}", self.id, stamp.unwrap_or_default())
    }
}

/// `GET /books/{id}`; a book that was merged leads to the one it went into.
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let id = visit.id()?;
    let (library, kindle) = (visit.app.library.clone(), visit.app.kindle.clone());
    let found = visit.ask(move || {
        let Some(book) = library.book(id)? else { return Ok(None) };
        let contents = library.contents(&book)?;
        let made = conversions(&library, id, &book)?;
        let addresses = kindle.addresses(OWNER)?.into_iter().map(|(address, _)| address).collect::<Vec<_>>();
        Ok::<_, library::Error>(Some((book, contents, made, addresses)))
    });
    let (book, contents, made, addresses) = found.await?.ok_or(Refusal::NotFound)?;
    if let Some(kept) = book.merged_into {
        return Ok(answer::see(&format!("/books/{kept}")));
    }
    let public = format!("{}/b/{id}", visit.app.links.public_url());
    let notice = visit.notice();
    answer::page(&BookPage {
        frame: &visit.frame("books"),
        notice: notice.as_ref(),
        id,
        book: &book,
        files: &link::file_names(&book),
        made: &made,
        contents: &contents,
        public: &public,
        addresses: &addresses,
        can_push: visit.app.kindle.is_ready(),
        cover_limit: super::book_changes::COVER_BYTES,
    })
}

/// `GET /api/books/{id}`
pub(super) async fn describe(visit: &Visit) -> Result<Response, Refusal> {
    let id = visit.id()?;
    let library = visit.app.library.clone();
    let found = visit.ask(move || {
        let Some(book) = library.book(id)? else { return Ok(None) };
        let made = conversions(&library, id, &book)?;
        Ok::<_, library::Error>(Some((book, made)))
    });
    let (book, made) = found.await?.ok_or(Refusal::NotFound)?;
    let made: Vec<MadeState> = made.into_iter().map(MadeState::from).collect();
    Ok(answer::json(StatusCode::OK, &json!({ "id": id, "book": book, "conversions": made })))
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
    // It is for this browser only; the page of the book asks for a new one by another address.
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
            Err(error @ (library::Error::Unconvertible(_) | library::Error::Busy)) => Ok(Err(error)),
            file => file.map(Ok),
        }
    });
    let file =
        found.await?.map_err(|error| Refusal::Invalid(visit.words().undone(&error)))?.ok_or(Refusal::NotFound)?;
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
    /// [`Visit::ask`], for changes of books: that there is none, or that it cannot be, is said to the visitor.
    pub(super) async fn ask_of_book<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> library::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let outcome = self.ask(move || Ok::<_, std::convert::Infallible>(work())).await?;
        outcome.map_err(|error| match error {
            library::Error::NoSuchBook(_) => Refusal::NotFound,
            library::Error::Refused(_) | library::Error::Unconvertible(_) | library::Error::Busy => {
                Refusal::Invalid(self.words().undone(&error))
            }
            library::Error::Store(_) | library::Error::Index(_) => self.failed(&error),
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
