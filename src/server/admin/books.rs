//! The list of books: searched as followers do, filtered and sorted as the owner does. What is chosen stands in the
//! address, so that a list can be kept as a link. One book is `book`, many at once are `bulk`, adding them is `upload`.

use askama::Template;
use chrono::{DateTime, Utc};
use serde::Serialize;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::book::Format;
use crate::library::{self, Facets, Filter, Lack, Library, Sort};
use crate::store::records::{BookId, BookRecord};

/// Books of one page of the list.
const ROWS: usize = 50;

/// A book in a list.
#[derive(Serialize)]
pub(super) struct Entry {
    pub(super) id: BookId,
    pub(super) title: String,
    pub(super) authors: String,
    pub(super) formats: Vec<&'static str>,
    /// All files together.
    pub(super) bytes: u64,
    pub(super) downloads: u64,
    pub(super) added_at: DateTime<Utc>,
    pub(super) removed_at: Option<DateTime<Utc>>,
}

impl Entry {
    /// The entries of these books, in this order; those that are not there any more are left out.
    pub(super) fn all(library: &Library, ids: &[BookId]) -> library::Result<Vec<Entry>> {
        Ok(library.books(ids)?.into_iter().map(|(id, book)| Entry::of(id, book)).collect())
    }

    pub(super) fn of(id: BookId, book: BookRecord) -> Entry {
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
            bytes: book.editions.iter().map(|edition| edition.bytes).sum(),
            downloads: book.downloads,
            added_at: book.added_at,
            removed_at: book.removed_at,
            title: book.title,
        }
    }
}

/// What the query of an address asks for: `q`, `format`, `language`, `source`, `lack`, `sort`, `page` from 1, and
/// `before` for the books that are older than one. What is not understood is not asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) query: String,
    pub(super) format: Option<Format>,
    pub(super) language: Option<String>,
    pub(super) source: Option<String>,
    pub(super) lack: Option<Lack>,
    pub(super) sort: Sort,
    pub(super) page: usize,
    before: Option<BookId>,
}

/// One page of books.
pub(super) struct Found {
    pub(super) entries: Vec<Entry>,
    pub(super) total: usize,
    pub(super) pages: usize,
    /// Where the next page of the newest begins.
    pub(super) older: Option<BookId>,
    pub(super) on_shelf: u64,
    pub(super) facets: Facets,
}

impl Asked {
    pub(super) fn of(query: &Form) -> Asked {
        let text = |name: &str| query.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        Asked {
            query: text("q").unwrap_or_default().to_owned(),
            format: text("format").and_then(Format::from_extension),
            language: text("language").map(|tag| if tag == NO_LANGUAGE { String::new() } else { tag.to_lowercase() }),
            source: text("source").map(str::to_owned),
            lack: text("lack").and_then(Lack::of_name),
            sort: text("sort").and_then(Sort::of_name).unwrap_or_default(),
            page: text("page").and_then(|text| text.parse().ok()).unwrap_or(1).clamp(1, 1_000_000),
            before: text("before").and_then(|text| text.parse().ok()),
        }
    }

    /// Whether anything narrows the list.
    pub(super) fn is_narrowed(&self) -> bool {
        !self.query.is_empty()
            || self.format.is_some()
            || self.language.is_some()
            || self.source.is_some()
            || self.lack.is_some()
    }

    /// The address of another page of the same list, without its path.
    fn at_page(&self, page: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let language = self.language.as_deref().map(|tag| if tag.is_empty() { NO_LANGUAGE } else { tag });
        let pairs = [
            ("q", Some(self.query.as_str()).filter(|query| !query.is_empty())),
            ("format", self.format.map(Format::extension)),
            ("language", language),
            ("source", self.source.as_deref()),
            ("lack", self.lack.map(Lack::name)),
            ("sort", Some(self.sort.name()).filter(|_| self.sort != Sort::default())),
        ];
        query.extend_pairs(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        query.finish()
    }

    fn look_up(&self, library: &Library) -> library::Result<Found> {
        let is_search = !self.query.is_empty();
        let filter = Filter {
            among: if is_search { Some(library.find(&self.query)?.books) } else { None },
            format: self.format,
            language: self.language.clone(),
            source: self.source.clone(),
            lack: self.lack,
            // Entries of catalogues are found by who looks for them; else they would hide what there is to read.
            has_file: !is_search && self.lack != Some(Lack::File),
            removed: false,
            before: self.before,
        };
        let listed = library.list(&filter, self.sort, (self.page - 1) * ROWS, ROWS)?;
        let has_more = listed.total > self.page * ROWS;
        let older = listed.ids.last().copied().filter(|_| has_more && !is_search && self.sort == Sort::Newest);
        Ok(Found {
            entries: Entry::all(library, &listed.ids)?,
            total: listed.total,
            pages: listed.total.div_ceil(ROWS),
            older,
            on_shelf: library.counts()?.shelf,
            facets: library.facets()?,
        })
    }
}

/// Stands for the books of unknown language in addresses.
const NO_LANGUAGE: &str = "none";

#[derive(Template)]
#[template(path = "admin/books.html", config = "assets/askama.toml")]
struct ListPage<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    found: &'a Found,
    asked: &'a Asked,
    limit: u64,
    /// Extensions that books have, for what is taken of a folder.
    extensions: &'a str,
}

impl ListPage<'_> {
    fn formats(&self) -> [Format; 16] {
        Format::ALL
    }

    fn targets(&self) -> [Format; 5] {
        Format::WRITABLE
    }

    fn lacks(&self) -> [Lack; 5] {
        Lack::ALL
    }

    fn lack_label(&self, lack: &Lack) -> &str {
        self.frame.words.get(match lack {
            Lack::Cover => "books.lack_cover",
            Lack::File => "books.lack_file",
            Lack::Author => "books.lack_author",
            Lack::Description => "books.lack_description",
            Lack::End => "books.lack_end",
        })
    }

    fn sorts(&self) -> [Sort; 5] {
        Sort::ALL
    }

    fn sort_label(&self, sort: &Sort) -> &str {
        self.frame.words.get(match sort {
            Sort::Newest => "books.sort_newest",
            Sort::Title => "books.sort_title",
            Sort::Author => "books.sort_author",
            Sort::Downloads => "books.sort_downloads",
            Sort::Size => "books.sort_size",
        })
    }

    /// A language, as addresses have it and as people read it.
    fn language<'l>(&'l self, tag: &'l str) -> (&'l str, &'l str) {
        if tag.is_empty() { (NO_LANGUAGE, self.frame.words.get("books.no_language")) } else { (tag, tag) }
    }

    fn is_format(&self, format: &Format) -> bool {
        self.asked.format == Some(*format)
    }

    fn is_lack(&self, lack: &Lack) -> bool {
        self.asked.lack == Some(*lack)
    }

    fn is_sort(&self, sort: &Sort) -> bool {
        self.asked.sort == *sort
    }

    fn has_language(&self, tag: &str) -> bool {
        self.asked.language.as_deref() == Some(tag)
    }

    fn has_source(&self, name: &str) -> bool {
        self.asked.source.as_deref() == Some(name)
    }

    fn at_page(&self, page: usize) -> String {
        format!("/books?{}", self.asked.at_page(page))
    }

    /// The list as it is, to come back to.
    fn here(&self) -> String {
        self.asked.at_page(self.asked.page)
    }
}

/// What the address asks for.
pub(super) async fn find(visit: &Visit) -> Result<(Asked, Found), Refusal> {
    let (asked, library) = (Asked::of(&visit.head.query), visit.app.library.clone());
    let same = asked.clone();
    let found = visit.ask(move || same.look_up(&library)).await?;
    Ok((asked, found))
}

/// `GET /books?q=&format=&language=&source=&lack=&sort=&page=`
pub(super) async fn list(visit: &Visit) -> Result<Response, Refusal> {
    let (asked, found) = find(visit).await?;
    let notice = visit.notice();
    let extensions = Format::ALL.map(Format::extension).join(" ");
    answer::page(&ListPage {
        frame: &visit.frame("books"),
        notice: notice.as_ref(),
        found: &found,
        asked: &asked,
        limit: visit.app.config.upload_bytes(),
        extensions: &extensions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::admin::visit::pairs;

    #[test]
    fn a_list_is_found_again_by_its_address() {
        let address = "q=%E4%B8%89%E4%BD%93&format=epub&language=none&source=a%26b&lack=cover&sort=title&page=3";
        let asked = Asked::of(&pairs(address.as_bytes()));
        assert_eq!((asked.language.as_deref(), asked.source.as_deref()), (Some(""), Some("a&b")));
        assert_eq!(asked.at_page(3), address);
        assert!(!asked.at_page(1).contains("page"));
        let nothing = Asked::of(&pairs(b"q=+&format=exe&lack=money&sort=random&page=-1"));
        assert!(!nothing.is_narrowed() && nothing.page == 1 && nothing.at_page(1).is_empty());
    }
}
