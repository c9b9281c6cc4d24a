//! All books as the owner lists them: filtered, sorted, counted, without reading a record.
//!
//! One row of some 80 bytes in memory for each book, 8 MB for 100,000: what filters and sorting need, nothing that is
//! shown. It is built from the store when it is first needed and afterwards reads only what has been written since
//! ([`crate::store::Written`]), so that no place that changes a book has to know of it. A list is one pass over the
//! rows; only the rows of the page that is shown are brought into full order.
//!
//! Titles and authors are sorted by the beginning of how they sound; what begins alike stands in the order it came.

mod rows;
mod works;

use super::{Library, Result};
use crate::book::Format;
use crate::store::records::{BookId, BookRecord};
use rows::Rows;

/// What a book has not, or not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A picture of its own; one that is drawn is none.
    Cover,
    /// A file: an entry of a catalogue.
    File,
    /// An author.
    Author,
    /// A description.
    Description,
    /// Its end, see [`BookRecord::is_incomplete`].
    End,
}

impl Lack {
    /// All of them.
    pub const ALL: [Lack; 5] = [Lack::Cover, Lack::File, Lack::Author, Lack::Description, Lack::End];

    /// As addresses and commands have it.
    pub fn name(self) -> &'static str {
        match self {
            Lack::Cover => "cover",
            Lack::File => "file",
            Lack::Author => "author",
            Lack::Description => "description",
            Lack::End => "end",
        }
    }

    /// What is called so.
    pub fn of_name(name: &str) -> Option<Lack> {
        Lack::ALL.into_iter().find(|lack| lack.name() == name)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }

    fn is_of(self, book: &BookRecord) -> bool {
        match self {
            Lack::Cover => book.cover.as_ref().is_none_or(|cover| cover.drawn),
            Lack::File => book.editions.is_empty(),
            Lack::Author => book.authors.is_empty(),
            Lack::Description => book.description.is_none(),
            Lack::End => book.is_incomplete(),
        }
    }
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The latest to come first.
    #[default]
    Newest,
    /// By title.
    Title,
    /// By first author; those without come last.
    Author,
    /// Most downloads first.
    Downloads,
    /// The largest first, all files together.
    Size,
}

impl Sort {
    /// All of them.
    pub const ALL: [Sort; 5] = [Sort::Newest, Sort::Title, Sort::Author, Sort::Downloads, Sort::Size];

    /// As addresses and commands have it.
    pub fn name(self) -> &'static str {
        match self {
            Sort::Newest => "newest",
            Sort::Title => "title",
            Sort::Author => "author",
            Sort::Downloads => "downloads",
            Sort::Size => "size",
        }
    }

    /// What is called so.
    pub fn of_name(name: &str) -> Option<Sort> {
        Sort::ALL.into_iter().find(|sort| sort.name() == name)
    }
}

/// Which books are listed. Each thing that is given narrows the list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these, in this order, whatever `sort` says: what a search has found.
    pub among: Option<Vec<BookId>>,
    /// With a file in this format.
    pub format: Option<Format>,
    /// In this language: the first part of a BCP 47 tag, so that `zh` finds `zh-TW`; empty: of unknown language.
    pub language: Option<String>,
    /// With a file from the source of this name.
    pub source: Option<String>,
    /// Without this.
    pub lack: Option<Lack>,
    /// With a file; what lacks one is listed otherwise, too.
    pub has_file: bool,
    /// In the recycle bin, instead of all others.
    pub removed: bool,
    /// Older than this book.
    pub before: Option<BookId>,
}

/// Part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The books.
    pub ids: Vec<BookId>,
    /// How many the whole list has.
    pub total: usize,
}

/// What there is to filter by, with how many books each.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Facets {
    /// First parts of BCP 47 tags, the most frequent first; empty: unknown.
    pub languages: Vec<(String, u64)>,
    /// Names of sources, the most frequent first.
    pub sources: Vec<(String, u64)>,
}

/// Kept by the library.
#[derive(Default)]
pub(super) struct Inventory(parking_lot::Mutex<Option<Rows>>);

impl Library {
    /// Lists books: of those that the filter lets through, `limit` from the one of number `skip` on.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list(&self, filter: &Filter, sort: Sort, skip: usize, limit: usize) -> Result<Listed> {
        self.with_rows(|rows| rows.list(filter, sort, skip, limit))
    }

    /// What the books that followers can see may be filtered by.
    ///
    /// # Errors
    /// When the store fails.
    pub fn facets(&self) -> Result<Facets> {
        self.with_rows(Rows::facets)
    }

    /// Books of one title and author, by their work; the groups in order of their newest book, latest first.
    pub(super) fn of_one_work(&self) -> Result<Vec<Vec<BookId>>> {
        self.with_rows(Rows::of_one_work)
    }

    /// Reads what has been written since the last call; everything, at the first. Done by the next list anyway: a
    /// thread that calls this now and then saves whoever looks the time.
    ///
    /// # Errors
    /// When the store fails.
    pub fn take_stock(&self) -> Result<()> {
        self.with_rows(|_| ())
    }

    fn with_rows<T>(&self, look: impl FnOnce(&Rows) -> T) -> Result<T> {
        let mut kept = self.inventory.0.lock();
        let rows = match kept.take() {
            Some(mut rows) => {
                let written = rows.written.take();
                let caught_up = written.into_iter().try_for_each(|id| rows.read(&self.store, id));
                // What could not be read now must not be missed later: all is read anew.
                caught_up.map(|()| rows)
            }
            None => Rows::build(&self.store),
        }?;
        let seen = look(&rows);
        *kept = Some(rows);
        Ok(seen)
    }
}
