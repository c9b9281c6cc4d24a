//! A book's page: what it is, and how to get it.
//!
//! With a valid signature the page offers downloads made out to that follower; without one it shows the book and says
//! what to send to the account. Inside WeChat, which downloads nothing, every download leads to a sheet that says how
//! to open the page outside, where the signature in its address is all it needs.

use askama::Template;
use chrono_tz::Tz;
use warp::http::StatusCode;
use warp::reply::Response;

use super::cover;
use crate::library::link::{Grant, LinkError, offers};
use crate::library::{ContentsEntry, CoverSize};
use crate::server::error::Error;
use crate::server::respond::{html, style_path};
use crate::server::visit::Visit;
use crate::server::words::Words;
use crate::store::records::{BookId, BookRecord, Provenance};

/// Most lines of contents on the page; a web novel has thousands, and the page has to stay light.
const MOST_CONTENTS: usize = 300;
/// Deepest level of contents that is set off.
const DEEPEST: u8 = 3;
/// The parameters of a signed address; others were added on the way and are not passed on.
const SIGNED: [&str; 4] = ["u", "e", "k", "s"];

#[derive(Template)]
#[template(path = "public/book.html", config = "assets/askama.toml")]
struct BookPage {
    words: &'static Words,
    style: String,
    title: String,
    incomplete: bool,
    authors: String,
    cover: String,
    offer: Offer,
    /// Whether downloads lead to the sheet about the browser outside.
    outside: bool,
    /// This page's address, to be copied out of WeChat.
    address: Option<String>,
    description: Vec<String>,
    facts: Vec<(&'static str, String)>,
    contents: Vec<Line>,
    contents_total: usize,
}

/// What the page offers.
enum Offer {
    /// Links for the follower whose signature the address has.
    Files { first: File, others: Vec<File> },
    /// Nothing but advice: there is no signature, or it has expired.
    Ask { formats: Vec<File>, expired: bool },
    /// There is only the entry of a catalogue.
    NoFile,
}

struct File {
    name: &'static str,
    size: String,
    href: String,
}

struct Line {
    title: String,
    /// From 1.
    level: u8,
}

/// Answers with the page.
pub(super) async fn page(visit: Visit, id: BookId) -> Result<Response, Error> {
    let found = visit.ask(move |library| {
        let Some((shown, book)) = library.shown(id)? else { return Ok(None) };
        let contents = library.contents(&book).unwrap_or_else(|error| {
            log::warn!("book {shown}: its contents cannot be read: {error}");
            Vec::new()
        });
        Ok(Some((shown, book, contents)))
    });
    let (shown, book, contents) = found.await?.ok_or(Error::NotFound)?;
    // The signature is about the number in the address, which a merge may have led elsewhere.
    let grant = visit.app.links.verify_page(id, &visit.query, visit.now);
    let outside = visit.is_in_wechat() && grant.is_ok();
    let address = outside.then(|| format!("{}/b/{id}?{}", visit.app.links.public_url(), signed_part(&visit.query)));
    let page = BookPage {
        words: visit.words(),
        style: style_path(),
        cover: cover::address(shown, &book, CoverSize::Full),
        offer: offer(&visit, shown, &book, grant),
        outside,
        address,
        description: paragraphs(book.description.as_deref().unwrap_or_default()),
        facts: facts(visit.words(), &book, visit.app.config.time_zone),
        contents_total: contents.len(),
        contents: contents.into_iter().take(MOST_CONTENTS).map(line).collect(),
        authors: book.authors.join(", "),
        incomplete: book.is_incomplete(),
        title: book.title,
    };
    Ok(html(StatusCode::OK, &page))
}

fn offer(visit: &Visit, id: BookId, book: &BookRecord, grant: Result<Grant, LinkError>) -> Offer {
    let expired = grant == Err(LinkError::Expired);
    let alias = grant.ok().map(|grant| grant.alias);
    let href = |file: &str| match &alias {
        Some(_) if visit.is_in_wechat() => "#outside".to_owned(),
        Some(alias) => visit.app.links.download(id, file, alias, visit.now),
        None => String::new(),
    };
    let mut files = offers(book).into_iter().map(|offer| File {
        name: offer.format.name(),
        // What is made when it is asked for has no size yet.
        size: offer.edition.map_or(String::new(), |edition| size(edition.bytes)),
        href: href(&offer.name),
    });
    match (files.next(), &alias) {
        (None, _) => Offer::NoFile,
        (Some(first), Some(_)) => Offer::Files { first, others: files.collect() },
        (Some(first), None) => Offer::Ask { formats: [first].into_iter().chain(files).collect(), expired },
    }
}

fn facts(words: &'static Words, book: &BookRecord, time_zone: Tz) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut state = |label, value: Option<String>| facts.extend(value.map(|value| (label, value)));
    state(words.series, book.series.clone());
    state(words.publisher, book.publisher.clone());
    state(words.published, book.published.as_deref().map(|date| day_of(date).to_owned()));
    state(words.language, book.language.as_deref().map(|tag| words.language_name(tag)));
    state(words.added, Some(book.added_at.with_timezone(&time_zone).format("%Y-%m-%d").to_string()));
    state(words.downloads, (book.downloads > 0).then(|| book.downloads.to_string()));
    for origin in book.origins() {
        let licence = [&origin.licence, &origin.rights].into_iter().find(|text| !text.is_empty());
        state(words.licence, licence.cloned());
        state(words.source, Some(where_from(origin)).filter(|text| !text.is_empty()));
    }
    facts
}

fn where_from(origin: &Provenance) -> String {
    let parts = [origin.source.as_str(), &origin.url];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Files say when they were published to the second, as `2008-01-01T00:00:00+00:00`; nobody means the hour.
pub(in crate::server) fn day_of(date: &str) -> &str {
    let (day, _) = date.split_once('T').unwrap_or((date, ""));
    if day.starts_with(|c: char| c.is_ascii_digit()) { day } else { date }
}

fn paragraphs(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn line(entry: ContentsEntry) -> Line {
    Line { title: entry.title, level: entry.level.saturating_add(1).min(DEEPEST) }
}

/// A size as people read it, in decimal units like the phones that show it next.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// The signed parameters of a query that has been verified.
fn signed_part(query: &str) -> String {
    let is_signed = |part: &&str| part.split_once('=').is_some_and(|(name, _)| SIGNED.contains(&name));
    query.split('&').filter(is_signed).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_like_a_phones() {
        let sizes = [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (999_999, "999 kB"), (1_000_000, "1.0 MB")];
        for (bytes, text) in sizes {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(size(12_345_678), "12.3 MB");
    }

    #[test]
    fn only_what_was_signed_is_passed_on() {
        assert_eq!(signed_part("from=groupmessage&u=a&e=1&k=1&s=ff&isappinstalled=0&x"), "u=a&e=1&k=1&s=ff");
    }

    #[test]
    fn a_description_is_cut_into_paragraphs() {
        assert_eq!(paragraphs(" 一\r\n\n  二 \n"), ["一", "二"]);
        assert!(paragraphs(" \n ").is_empty());
    }
}
