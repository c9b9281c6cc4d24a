//! What a feed, a catalogue or a folder offers, the same for all of them.
//!
//! Deliberately not here: reading any of them, and deciding what is worth fetching beyond [`Entry::best_file`].

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use url::Url;

use super::markup::plain;
use crate::book::Format;

/// Longest title or name, in characters.
const LONGEST_NAME: usize = 500;
/// Longest summary, in characters.
const LONGEST_SUMMARY: usize = 10_000;
/// Longest identity or identifier, in bytes; longer ones are known by their hash.
const LONGEST_ID: usize = 1000;
/// Longest full text of an entry, in bytes.
const LONGEST_HTML: usize = 2 << 20;
/// Most authors, subjects or identifiers of an entry.
const MOST_NAMES: usize = 100;
/// Most files of an entry.
const MOST_FILES: usize = 100;
/// What Standard Ebooks calls the EPUB that every reader opens.
const RECOMMENDED: &str = "recommended compatible";

/// What one document offers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// What it calls itself.
    pub title: Option<String>,
    /// What it has, in its order.
    pub entries: Vec<Entry>,
    /// Where it goes on. It may lead back: who follows it remembers where it was.
    pub next: Option<Url>,
    /// Catalogues below it, folders, sitemaps of an index, entries that must be opened to see their files. Each once.
    pub deeper: Vec<Url>,
    /// The feed that has the whole catalogue (OPDS).
    pub crawlable: Option<Url>,
    /// How it is searched.
    pub search: Option<Search>,
    /// It says of itself that it is all there is (RFC 5005): what it no longer has is gone.
    pub is_complete: bool,
    /// So many entries and links were beyond the bounds.
    pub dropped: u32,
}

/// How a catalogue is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// A template for [`search_url`](super::search_url).
    Template(String),
    /// The address of an OpenSearch description, for [`search_template`](super::search_template).
    Description(Url),
}

/// A book, an article or a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// What it is known by from one reading to the next: its id or guid, else its address, else a hash.
    pub id: String,
    /// Plain text; may be empty.
    pub title: String,
    /// As it names them, each once.
    pub authors: Vec<String>,
    /// A BCP 47 tag, as it says.
    pub language: Option<String>,
    /// The publishing house.
    pub publisher: Option<String>,
    /// When the work came out: a year, a day or a point in time, as it says.
    pub issued: Option<String>,
    /// A blurb in plain text.
    pub summary: Option<String>,
    /// Who may do what with it.
    pub rights: Option<String>,
    /// Subjects and tags.
    pub subjects: Vec<String>,
    /// ISBN, URN and so on, as it says.
    pub identifiers: Vec<String>,
    /// When it was last changed, as it says.
    pub updated: Option<String>,
    /// When it came out, else when it was last changed.
    pub published_at: Option<DateTime<Utc>>,
    /// The files in which it can be had.
    pub files: Vec<File>,
    /// A picture; never one inside the document itself.
    pub cover: Option<Url>,
    /// The whole entry, where this is a part of it.
    pub details: Option<Url>,
    /// Its web page.
    pub page: Option<Url>,
    /// Its full text, in markup that is not safe.
    pub html: Option<String>,
}

/// A file of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is.
    pub url: Url,
    /// In lower case and without parameters; may be empty.
    pub media_type: String,
    /// What type and name promise.
    pub format: Option<Format>,
    /// Its size; rounded where a page for people says it.
    pub bytes: Option<u64>,
    /// What its link says.
    pub title: Option<String>,
    /// It can be had by fetching it: not bought, borrowed, subscribed to, sampled, or handed over by another program.
    pub is_open: bool,
    /// When it was last changed, as it says.
    pub modified: Option<String>,
}

impl Entry {
    /// The file to fetch: open, in the first of these formats that there is; among equals the one that is recommended,
    /// then plain EPUB before Kobo's, with pictures before without, then the first.
    pub fn best_file(&self, wanted: &[Format]) -> Option<&File> {
        let place = |file: &File| wanted.iter().position(|format| Some(*format) == file.format);
        let open = self.files.iter().filter(|file| file.is_open);
        let ranked = open.filter_map(|file| Some((place(file)?, file.rank(), file)));
        ranked.min_by_key(|(place, rank, _)| (*place, *rank)).map(|(_, _, file)| file)
    }

    /// Cuts what is longer than it could be, and sees to an identity.
    pub(super) fn finish(mut self) -> Entry {
        self.title = plain(&self.title, LONGEST_NAME);
        for names in [&mut self.authors, &mut self.subjects] {
            *names = names.iter().take(MOST_NAMES).map(|name| plain(name, LONGEST_NAME)).collect();
            distinct(names);
        }
        self.identifiers.truncate(MOST_NAMES);
        self.identifiers.retain(|one| one.len() <= LONGEST_ID);
        distinct(&mut self.identifiers);
        let short = [&mut self.language, &mut self.publisher, &mut self.issued, &mut self.rights, &mut self.updated];
        for one in short {
            *one = one.take().map(|text| plain(&text, LONGEST_NAME)).filter(|text| !text.is_empty());
        }
        self.summary = self.summary.map(|text| cut(text, LONGEST_SUMMARY)).filter(|text| !text.is_empty());
        self.html = self.html.filter(|html| html.len() <= LONGEST_HTML && !html.trim().is_empty());
        self.files.truncate(MOST_FILES);
        for file in &mut self.files {
            file.title = file.title.take().map(|title| plain(&title, LONGEST_NAME)).filter(|title| !title.is_empty());
        }
        self.id = self.identity();
        self
    }

    fn identity(&self) -> String {
        let id = self.id.trim();
        if !id.is_empty() && id.len() <= LONGEST_ID {
            return id.to_owned();
        }
        let address = self.page.as_ref().or(self.details.as_ref()).or(self.files.first().map(|file| &file.url));
        match address {
            Some(url) if id.is_empty() && url.as_str().len() <= LONGEST_ID => url.to_string(),
            _ => {
                let address = address.map(Url::as_str).unwrap_or_default();
                let said =
                    [id, address, &self.title, &self.authors.join(","), self.updated.as_deref().unwrap_or_default()];
                let hash = Sha256::digest(said.join("\n"));
                hash.iter().take(16).fold("hash:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
            }
        }
    }
}

impl File {
    fn rank(&self) -> u8 {
        let title = self.title.as_deref().unwrap_or_default().to_lowercase();
        let path = self.url.path();
        match () {
            () if title.contains(RECOMMENDED) => 0,
            () if self.media_type.contains("kepub") || path.contains(".kepub") => 3,
            () if path.contains("noimages") || title.contains("no images") || title.contains("advanced") => 2,
            () => 1,
        }
    }
}

/// Each once, empty ones left out.
fn distinct(names: &mut Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| !name.is_empty() && seen.insert(name.clone()));
}

/// At most so many characters, without blanks around them.
pub(super) fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(address: &str, format: Format, title: &str) -> File {
        let url = Url::parse("https://example.com/").unwrap().join(address).unwrap();
        let media_type = format.mime().to_owned();
        File {
            url,
            media_type,
            format: Some(format),
            bytes: None,
            title: Some(title.into()),
            is_open: true,
            modified: None,
        }
    }

    fn best(files: Vec<File>, wanted: &[Format]) -> Option<String> {
        let entry = Entry { files, ..Entry::default() };
        entry.best_file(wanted).map(|file| file.url.path().to_owned())
    }

    #[test]
    fn the_caller_s_order_decides_then_what_is_recommended() {
        let files = vec![
            file("a_advanced.epub", Format::Epub, "Advanced epub"),
            file("a_other.epub", Format::Epub, "Epub"),
            file("a.azw3", Format::Azw3, "Kindle"),
            file("a.epub", Format::Epub, "Recommended compatible epub"),
        ];
        assert_eq!(best(files.clone(), &[Format::Epub, Format::Azw3]).as_deref(), Some("/a.epub"));
        assert_eq!(best(files.clone(), &[Format::Azw3, Format::Epub]).as_deref(), Some("/a.azw3"));
        assert_eq!(best(files, &[Format::Pdf]), None);
        let files = vec![file("1.epub.noimages", Format::Epub, ""), file("1.epub3.images", Format::Epub, "")];
        assert_eq!(best(files, &[Format::Epub]).as_deref(), Some("/1.epub3.images"));
        let mut bought = file("a.epub", Format::Epub, "Recommended compatible epub");
        bought.is_open = false;
        assert_eq!(best(vec![bought], &[Format::Epub]), None);
    }

    #[test]
    fn everything_has_an_identity_and_an_end() {
        let page = Url::parse("https://example.com/1").ok();
        assert_eq!(Entry { id: " urn:1\n".into(), page: page.clone(), ..Entry::default() }.finish().id, "urn:1");
        assert_eq!(Entry { page, ..Entry::default() }.finish().id, "https://example.com/1");
        let (one, two) =
            (Entry { title: "a".into(), ..Entry::default() }, Entry { title: "b".into(), ..Entry::default() });
        assert!(one.clone().finish().id.starts_with("hash:") && one.finish().id != two.finish().id);
        let long = Entry {
            id: "x".repeat(2000),
            title: "书".repeat(900),
            subjects: vec!["s".into(); 1000],
            summary: Some("y".repeat(50_000)),
            html: Some("z".repeat(LONGEST_HTML + 1)),
            ..Entry::default()
        };
        let entry = long.finish();
        assert_eq!((entry.id.len(), entry.title.chars().count(), entry.subjects.len()), (37, LONGEST_NAME, 1));
        assert_eq!((entry.summary.map(|text| text.len()), entry.html), (Some(LONGEST_SUMMARY), None));
    }
}
