//! What servers offer, read: catalogues (OPDS 1.2 and 2.0), feeds (RSS, Atom, JSON Feed), sitemaps, folders.
//!
//! A page goes in, a [`Listing`] comes out: what there is, in which files, and where it goes on. Everything is a
//! stranger's: sizes, counts and depths are bounded, and what is beyond is counted rather than kept. Deliberately not
//! here: fetching, following, remembering what was seen (a `next` may lead in a circle), and whether an address may be
//! fetched at all.

mod atom;
mod date;
mod entry;
mod folder;
mod gather;
mod json;
mod json_feed;
mod kind;
mod markup;
mod media;
mod opds2;
mod rss;
mod search;
mod sitemap;
mod webdav;
mod xml;

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use roxmltree::Node;

pub use entry::{Entry, File, Listing, Search};
pub use kind::{advertised, kind_of};
pub use search::{search_template, search_url};

use super::page::{Page, text};
use gather::{Gathering, MOST_ADDRESSES, MOST_ENTRIES};

/// Largest sitemap, in MB unpacked, as sitemaps.org has it.
const LARGEST_SITEMAP: usize = 50;
/// Largest of all others, in MB unpacked.
const LARGEST: usize = 32;
/// Most nodes of a document. A sitemap of 50,000 addresses has a million.
const MOST_NODES: u32 = 1_500_000;

/// What an address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A catalogue of books.
    Opds,
    /// RSS, Atom or JSON Feed.
    Feed,
    /// A sitemap or an index of sitemaps.
    Sitemap,
    /// A folder.
    Listing,
}

/// Why a page could not be read as what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// Larger than so many MB.
    #[error("it is larger than {0} MB")]
    TooLarge(usize),
    /// Something that only an attack has, or a document that nobody can read.
    #[error("it is refused: {0}")]
    Hostile(&'static str),
    /// Damaged: what the parser says.
    #[error("it is damaged: {0}")]
    NotRead(String),
    /// Something else.
    #[error("it is no {0}")]
    NotThat(&'static str),
}

impl Kind {
    /// What it is called in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Opds => "OPDS catalogue",
            Kind::Feed => "feed of RSS, Atom or JSON Feed",
            Kind::Sitemap => "sitemap",
            Kind::Listing => "folder",
        }
    }

    fn most_entries(self) -> usize {
        if self == Kind::Sitemap { MOST_ADDRESSES } else { MOST_ENTRIES }
    }

    fn largest(self) -> usize {
        if self == Kind::Sitemap { LARGEST_SITEMAP } else { LARGEST }
    }
}

/// Reads a page as what its source is. Feeds and catalogues are told apart by their content, so one may be read as the
/// other; a sitemap may be a feed, too.
///
/// # Errors
/// [`FeedError`], whose sentence begins with "it".
pub fn read(kind: Kind, page: &Page<'_>) -> Result<Listing, FeedError> {
    let bytes = unpacked(page.bytes, kind.largest())?;
    let text = text(&bytes, page.charset);
    let mut out = Gathering::new(kind.most_entries());
    let is_json = text.trim_start_matches('\u{FEFF}').trim_start().starts_with('{');
    match kind {
        Kind::Opds | Kind::Feed if is_json => read_json(kind, &text, page, &mut out)?,
        Kind::Listing if !looks_like(&text, "multistatus") => folder::read(&text, page.url, &mut out),
        Kind::Sitemap if sitemap::is_list(&text) => sitemap::read_list(&text, page.url, &mut out),
        _ => read_xml(kind, &text, page, &mut out)?,
    }
    Ok(out.done())
}

fn read_json(kind: Kind, text: &str, page: &Page<'_>, out: &mut Gathering) -> Result<(), FeedError> {
    let value = json::parse(text)?;
    match () {
        () if json_feed::is_feed(&value) => json_feed::read(&value, page.url, out),
        () if opds2::is_catalogue(&value) => opds2::read(&value, page.url, out),
        () => return Err(FeedError::NotThat(kind.name())),
    }
    Ok(())
}

fn read_xml(kind: Kind, text: &str, page: &Page<'_>, out: &mut Gathering) -> Result<(), FeedError> {
    let sound = xml::sound(text)?;
    let document = sound.parse(MOST_NODES)?;
    let root = document.root_element();
    let read: fn(Node<'_, '_>, &url::Url, &mut Gathering) = match (root.tag_name().name(), kind) {
        ("feed" | "entry", Kind::Opds | Kind::Feed | Kind::Sitemap) => atom::read,
        ("rss" | "RDF", Kind::Opds | Kind::Feed | Kind::Sitemap) => rss::read,
        ("urlset" | "sitemapindex", Kind::Sitemap) => sitemap::read,
        ("multistatus", Kind::Listing) => webdav::read,
        _ => return Err(FeedError::NotThat(kind.name())),
    };
    read(root, page.url, out);
    Ok(())
}

/// Whether the first element is of this name, in any namespace.
fn looks_like(text: &str, name: &str) -> bool {
    let head = text.get(..text.floor_char_boundary(4096)).unwrap_or(text);
    let mut tags = head.split('<').skip(1).filter(|tag| tag.starts_with(|c: char| c.is_alphabetic() || c == '_'));
    tags.next().is_some_and(|tag| {
        let end = tag.find(|c: char| c.is_whitespace() || "/>".contains(c)).unwrap_or(tag.len());
        tag.get(..end).is_some_and(|found| found.rsplit(':').next() == Some(name))
    })
}

/// The content of a packed body, which sitemaps have without saying so in a header.
fn unpacked(bytes: &[u8], most: usize) -> Result<Cow<'_, [u8]>, FeedError> {
    let most_bytes = most << 20;
    let bytes = if bytes.starts_with(b"\x1F\x8B\x08") {
        let mut out = Vec::new();
        let mut limited = MultiGzDecoder::new(bytes).take(most_bytes as u64 + 1);
        limited.read_to_end(&mut out).map_err(|error| FeedError::NotRead(error.to_string()))?;
        Cow::Owned(out)
    } else {
        Cow::Borrowed(bytes)
    };
    if bytes.len() > most_bytes { Err(FeedError::TooLarge(most)) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests;
