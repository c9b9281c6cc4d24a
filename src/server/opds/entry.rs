//! A book as an Atom entry. Every text is freed of characters that XML 1.0 cannot hold: escaping does not help there,
//! and one such title would make the whole feed unreadable.

use chrono::{DateTime, SecondsFormat, Utc};
use url::Url;

use crate::library::CoverSize;
use crate::library::link::{Links, offers};
use crate::server::download::OPDS_ALIAS;
use crate::server::pages::cover_address;
use crate::store::records::{BookId, BookRecord, Provenance};

/// What the template shows of a book.
pub(super) struct BookEntry {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) updated: String,
    pub(super) authors: Vec<String>,
    pub(super) language: Option<String>,
    pub(super) publisher: Option<String>,
    pub(super) issued: Option<String>,
    pub(super) summary: Option<String>,
    /// Licence or rights, and address, of every source.
    pub(super) rights: Vec<String>,
    pub(super) sources: Vec<String>,
    pub(super) cover: String,
    pub(super) thumbnail: String,
    pub(super) cover_mime: String,
    pub(super) files: Vec<FileLink>,
}

/// A file of it.
pub(super) struct FileLink {
    pub(super) href: String,
    pub(super) mime: &'static str,
    /// None for what is made when it is asked for.
    pub(super) length: Option<u64>,
    pub(super) title: &'static str,
}

impl BookEntry {
    pub(super) fn of(links: &Links, id: BookId, book: BookRecord, now: DateTime<Utc>) -> BookEntry {
        let files = offers(&book).into_iter().map(|offer| FileLink {
            href: root_relative(&links.download(id, &offer.name, OPDS_ALIAS, now)),
            mime: offer.format.mime(),
            length: offer.edition.map(|edition| edition.bytes),
            title: offer.format.name(),
        });
        let updated = book.editions.iter().map(|edition| edition.added_at).max().unwrap_or(book.added_at);
        let cleaned = |text: Option<&String>| text.map(|text| clean(text)).filter(|text| !text.is_empty());
        BookEntry {
            id: format!("urn:shutong:book:{id}"),
            title: clean(&book.title),
            updated: timestamp(updated),
            authors: book.authors.iter().map(|author| clean(author)).collect(),
            language: cleaned(book.language.as_ref()),
            publisher: cleaned(book.publisher.as_ref()),
            issued: cleaned(book.published.as_ref()),
            summary: cleaned(book.description.as_ref()),
            rights: stated(&book, |origin| [&origin.licence, &origin.rights]),
            sources: stated(&book, |origin| [&origin.url, &origin.source]),
            cover: cover_address(id, &book, CoverSize::Full),
            thumbnail: cover_address(id, &book, CoverSize::Thumbnail),
            cover_mime: book.cover.as_ref().map_or("image/jpeg", |cover| &cover.mime).to_owned(),
            files: files.collect(),
        }
    }
}

/// Of every source the first of two texts that says something.
fn stated(book: &BookRecord, texts: impl Fn(&Provenance) -> [&String; 2]) -> Vec<String> {
    let first = |origin| texts(origin).into_iter().map(|text| clean(text)).find(|text| !text.is_empty());
    book.origins().into_iter().filter_map(first).collect()
}

/// A point in time as Atom wants it.
pub(super) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The text with only the characters of XML 1.0 (its production 2).
pub(super) fn clean(text: &str) -> String {
    let is_allowed = |char: &char| {
        matches!(char, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
            && *char != '\u{7f}'
    };
    text.chars().filter(is_allowed).collect::<String>().trim().to_owned()
}

/// Path and query of an address: what works under every name that this server is reached by.
fn root_relative(address: &str) -> String {
    match Url::parse(address) {
        Ok(url) => url[url::Position::BeforePath..].to_owned(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_left_out() {
        assert_eq!(clean("\0\u{1}a\u{b}b\u{fffe}c\u{ffff}\u{7f}"), "abc");
        assert_eq!(clean(" 三体\t\u{1f4d6}\n"), "三体\t\u{1f4d6}");
    }

    #[test]
    fn addresses_lose_scheme_and_host() {
        assert_eq!(root_relative("https://books.example.com/dl/1/epub?u=a&s=b"), "/dl/1/epub?u=a&s=b");
        assert_eq!(root_relative("http://127.0.0.1:8080/dl/1/epub"), "/dl/1/epub");
        assert_eq!(root_relative("/dl/1"), "/dl/1");
    }
}
