//! The catalogue for reading apps: OPDS 1.2 (Atom) at `/opds`.
//!
//! A start feed leads to the newest, the most downloaded and all books; each of those, and a search, is a feed of books
//! with links to their files, in pages. Addresses are root-relative, so that a proxy's or a home network's name works
//! as well as the public one; the files' links are signed and need nothing else. Who may read it is the owner's choice.
//!
//! Deliberately not here: what a book looks like in Atom (`entry`).

mod entry;

use std::sync::Arc;

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;
use warp::http::StatusCode;
use warp::http::header::{AUTHORIZATION, CONTENT_TYPE};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use super::error::Error;
use super::respond::{Cache, dressed, unlisted, with_cache};
use super::visit::{Visit, answered, visit};
use super::words::Words;
use crate::app::App;
use crate::config::{Opds, OpdsAccess};
use crate::library::{self, Library};
use crate::store::records::{BookId, BookRecord};
use crate::store::schema::SHELF;
use entry::{BookEntry, timestamp};

/// Books on a page: what an e-ink screen can still draw in a moment.
const PAGE: usize = 30;
/// How far the most popular can be paged; behind that, popularity means nothing.
const MOST_POPULAR: usize = 600;
/// Longest search that is looked at, in characters.
const MOST_QUERY: usize = 200;

/// All feeds.
pub fn routes(app: Arc<App>) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let start =
        warp::path!("opds").and(visit(Arc::clone(&app))).then(|visit: Visit| answered(visit.language, start(visit)));
    let inner = warp::path!("opds" / String)
        .and(visit(app))
        .then(|feed, visit: Visit| answered(visit.language, inner(visit, feed)));
    start.or(inner).unify().map(|response| dressed(unlisted(response)))
}

/// What a feed leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Other feeds.
    Navigation,
    /// Books.
    Acquisition,
}

impl Kind {
    fn mime(self) -> &'static str {
        match self {
            Kind::Navigation => "application/atom+xml;profile=opds-catalog;kind=navigation",
            Kind::Acquisition => "application/atom+xml;profile=opds-catalog;kind=acquisition",
        }
    }
}

#[derive(Template)]
#[template(path = "public/opds.xml", config = "assets/askama.toml")]
struct Feed {
    words: &'static Words,
    id: String,
    title: String,
    kind: Kind,
    updated: String,
    /// Its own address.
    address: String,
    first: Option<String>,
    next: Option<String>,
    shelves: Vec<Shelf>,
    books: Vec<BookEntry>,
}

/// An entry that leads to another feed.
struct Shelf {
    id: &'static str,
    title: &'static str,
    about: &'static str,
    rel: &'static str,
    href: &'static str,
}

#[derive(Template)]
#[template(path = "public/opensearch.xml", config = "assets/askama.toml")]
struct SearchDescription {
    words: &'static Words,
    base: String,
}

/// A page of books: which, and the address of the next page.
struct Page {
    title: String,
    /// The address of the first page.
    first: String,
    books: Vec<BookId>,
    next: Option<String>,
}

async fn start(visit: Visit) -> Result<Response, Error> {
    admit(&visit)?;
    let newest = visit.ask(newest_arrival).await?;
    let words = visit.words();
    let feed = Feed {
        words,
        id: "urn:shutong:opds".into(),
        title: words.name.into(),
        kind: Kind::Navigation,
        updated: timestamp(newest.unwrap_or(visit.app.started_at)),
        address: "/opds".into(),
        first: None,
        next: None,
        shelves: shelves(words),
        books: Vec::new(),
    };
    respond(&feed)
}

async fn inner(visit: Visit, feed: String) -> Result<Response, Error> {
    admit(&visit)?;
    let page = match feed.as_str() {
        "new" => newest(&visit).await?,
        "popular" => popular(&visit).await?,
        "all" => all(&visit).await?,
        "search" => search(&visit).await?,
        "search.xml" => return search_description(&visit),
        _ => return Err(Error::NotFound),
    };
    let address = if visit.query.is_empty() { page.first.clone() } else { format!("/opds/{feed}?{}", visit.query) };
    let ids = page.books;
    let books = visit.ask(move |library| records(library, &ids)).await?;
    let updated = books.iter().map(|(_, book)| book.added_at).max().unwrap_or(visit.app.started_at);
    let app = &visit.app;
    let feed = Feed {
        words: visit.words(),
        id: format!("urn:shutong:opds:{feed}"),
        title: page.title,
        kind: Kind::Acquisition,
        updated: timestamp(updated),
        address: entry::clean(&address),
        first: Some(page.first),
        next: page.next,
        shelves: Vec::new(),
        books: books.into_iter().map(|(id, book)| BookEntry::of(&app.links, id, book, visit.now)).collect(),
    };
    respond(&feed)
}

async fn newest(visit: &Visit) -> Result<Page, Error> {
    let before = number(visit, "before");
    let books = visit.ask(move |library| library.latest(before, PAGE + 1)).await?;
    Ok(Page::new(visit.words().newest, "/opds/new", books, |last| format!("before={last}")))
}

async fn popular(visit: &Visit) -> Result<Page, Error> {
    let skip = number(visit, "skip").and_then(|skip| usize::try_from(skip).ok()).unwrap_or(0);
    if skip > MOST_POPULAR {
        return Err(Error::NotFound);
    }
    let books = visit.ask(move |library| library.popular(skip, PAGE + 1)).await?;
    let mut page = Page::new(visit.words().popular, "/opds/popular", books, |_| format!("skip={}", skip + PAGE));
    page.next = page.next.filter(|_| skip + PAGE <= MOST_POPULAR);
    Ok(page)
}

async fn all(visit: &Visit) -> Result<Page, Error> {
    let after = number(visit, "after");
    let books = visit.ask(move |library| Ok(library.store().page(&SHELF, after.as_ref(), PAGE + 1)?)).await?;
    let books = books.into_iter().map(|(id, ())| id).collect();
    Ok(Page::new(visit.words().all, "/opds/all", books, |last| format!("after={last}")))
}

async fn search(visit: &Visit) -> Result<Page, Error> {
    let query: String = visit.parameter("q").unwrap_or_default().chars().take(MOST_QUERY).collect();
    let skip = number(visit, "skip").and_then(|skip| usize::try_from(skip).ok()).unwrap_or(0);
    let text = query.clone();
    let found = visit.ask(move |library| with_files(library, library.find(&text)?.books)).await?;
    let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let title = format!("{}：{}", visit.words().results, entry::clean(&query));
    let books = found.into_iter().skip(skip).take(PAGE + 1).collect();
    let first = format!("/opds/search?q={encoded}");
    Ok(Page::new(title, &first, books, |_| format!("skip={}", skip + PAGE)))
}

fn search_description(visit: &Visit) -> Result<Response, Error> {
    // The standard leaves it open what a relative template is relative to, so this one is absolute.
    let page = SearchDescription { words: visit.words(), base: visit.app.links.public_url().to_owned() };
    let response = warp::reply::with_header(page.render()?, CONTENT_TYPE, "application/opensearchdescription+xml");
    Ok(with_cache(response.into_response(), Cache::Private))
}

impl Page {
    /// `books` holds one more than fit, if there are more; `next` names the page behind the last that fits.
    fn new(title: impl Into<String>, first: &str, mut books: Vec<BookId>, next: impl Fn(BookId) -> String) -> Page {
        let has_more = books.len() > PAGE;
        books.truncate(PAGE);
        let mark = if first.contains('?') { '&' } else { '?' };
        let next = books.last().filter(|_| has_more).map(|&last| format!("{first}{mark}{}", next(last)));
        Page { title: title.into(), first: first.to_owned(), books, next }
    }
}

fn shelves(words: &'static Words) -> Vec<Shelf> {
    let shelf = |id, title, about, rel, href| Shelf { id, title, about, rel, href };
    vec![
        shelf("urn:shutong:opds:new", words.newest, words.newest_about, "http://opds-spec.org/sort/new", "/opds/new"),
        shelf(
            "urn:shutong:opds:popular",
            words.popular,
            words.popular_about,
            "http://opds-spec.org/sort/popular",
            "/opds/popular",
        ),
        shelf("urn:shutong:opds:all", words.all, words.all_about, "subsection", "/opds/all"),
    ]
}

fn records(library: &Library, ids: &[BookId]) -> library::Result<Vec<(BookId, BookRecord)>> {
    let mut books = Vec::with_capacity(ids.len());
    for &id in ids {
        books.extend(library.shown(id)?);
    }
    Ok(books)
}

/// Entries of a catalogue are found by searching too, but a reading app can do nothing with them.
fn with_files(library: &Library, ids: Vec<BookId>) -> library::Result<Vec<BookId>> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        if library.shown(id)?.is_some_and(|(_, book)| !book.editions.is_empty()) {
            found.push(id);
        }
    }
    Ok(found)
}

fn newest_arrival(library: &Library) -> library::Result<Option<DateTime<Utc>>> {
    let newest = library.latest(None, 1)?;
    let Some(&id) = newest.first() else { return Ok(None) };
    Ok(library.book(id)?.map(|book| book.added_at))
}

fn number(visit: &Visit, name: &str) -> Option<u64> {
    visit.parameter(name)?.parse().ok()
}

fn respond(feed: &Feed) -> Result<Response, Error> {
    let response =
        warp::reply::with_header(feed.render()?, CONTENT_TYPE, format!("{};charset=utf-8", feed.kind.mime()));
    let response = warp::reply::with_status(response, StatusCode::OK).into_response();
    Ok(with_cache(response, Cache::Private))
}

/// Lets in who may read the catalogue.
fn admit(visit: &Visit) -> Result<(), Error> {
    match visit.app.config.opds.access {
        OpdsAccess::Open => Ok(()),
        OpdsAccess::Off => Err(Error::NotFound),
        OpdsAccess::Password => {
            let header = visit.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
            if header.is_some_and(|header| is_owner(header, &visit.app.config.opds)) {
                Ok(())
            } else {
                Err(Error::Unauthorized)
            }
        }
    }
}

/// Compares name and password in a time that does not tell how much of them was right.
fn is_owner(header: &str, opds: &Opds) -> bool {
    let encoded = match header.split_once(' ') {
        Some((scheme, encoded)) if scheme.eq_ignore_ascii_case("basic") => encoded.trim(),
        _ => return false,
    };
    let Ok(given) = BASE64_STANDARD.decode(encoded) else { return false };
    let expected = format!("{}:{}", opds.user, opds.password.expose());
    given.ct_eq(expected.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leads_on_only_if_there_is_more() {
        let full = Page::new("t", "/opds/all", (1..=PAGE as u64).collect(), |last| format!("after={last}"));
        assert_eq!((full.books.len(), full.next), (PAGE, None));
        let more = Page::new("t", "/opds/search?q=a", (1..=PAGE as u64 + 1).collect(), |last| format!("after={last}"));
        assert_eq!((more.books.len(), more.next.as_deref()), (PAGE, Some("/opds/search?q=a&after=30")));
        assert_eq!(Page::new("t", "/opds/all", vec![], |_| String::new()).next, None);
    }
}
