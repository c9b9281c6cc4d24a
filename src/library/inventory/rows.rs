//! The rows of the inventory: what a book becomes there, and the pass over them that makes a list.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::works::Works;
use super::{Facets, Filter, Lack, Listed, Sort};
use crate::book::Format;
use crate::library::{Result, shelf};
use crate::search;
use crate::store::records::{BookId, BookRecord};
use crate::store::schema::BOOKS;
use crate::store::{Store, Written};

/// Records read at a time.
const PAGE: usize = 1_000;
/// Bytes of a title that are sorted by.
const TITLE: usize = 24;
/// Bytes of an author's name that are sorted by.
const AUTHOR: usize = 16;
/// Lies in the recycle bin; beside the bits of [`Lack`].
const REMOVED: u8 = 1 << 7;

/// What is kept of all books.
pub(super) struct Rows {
    /// In the order of their numbers.
    rows: Vec<Row>,
    pub(super) written: Written<BookId>,
    languages: Names<String>,
    /// The sources of one book together, so that a row needs one number for them.
    sources: Names<Vec<String>>,
    /// Of the rows outside the recycle bin.
    works: Works,
}

#[derive(Clone, Copy)]
struct Row {
    id: BookId,
    /// A hash of [`shelf::work_key`].
    work: u64,
    title: [u8; TITLE],
    author: [u8; AUTHOR],
    downloads: u32,
    kilobytes: u32,
    /// A bit for each of [`Format::ALL`].
    formats: u16,
    language: u16,
    sources: u16,
    /// Bits of [`Lack`], and [`REMOVED`].
    flags: u8,
}

/// Things that many rows have in common, by number.
struct Names<T> {
    all: Vec<T>,
    numbers: HashMap<T, u16>,
}

impl<T: Clone + Eq + Hash> Names<T> {
    fn new() -> Names<T> {
        Names { all: Vec::new(), numbers: HashMap::new() }
    }

    /// The number of a name; when there are too many, which no library has, the last stands for all that come.
    fn number(&mut self, name: T) -> u16 {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        if self.all.len() < usize::from(u16::MAX) {
            self.all.push(name.clone());
        }
        let number = (self.all.len() - 1) as u16;
        self.numbers.insert(name, number);
        number
    }
}

impl Rows {
    pub(super) fn build(store: &Store) -> Result<Rows> {
        // Followed first: what changes while the records are read is read again.
        let written = store.follow(&BOOKS);
        let (languages, sources, works) = (Names::new(), Names::new(), Works::default());
        let mut rows = Rows { rows: Vec::new(), written, languages, sources, works };
        let mut after = None;
        loop {
            let page = store.page(&BOOKS, after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(rows) };
            after = Some(*last);
            for (id, book) in page {
                let Some(row) = rows.row(id, Some(book)) else { continue };
                rows.count_work(row);
                rows.rows.push(row);
            }
        }
    }

    pub(super) fn read(&mut self, store: &Store, id: BookId) -> Result<()> {
        let row = self.row(id, store.get(&BOOKS, &id)?);
        let place = self.rows.binary_search_by_key(&id, |row| row.id);
        if let Ok(at) = place {
            self.works.remove(self.rows[at].work, id);
        }
        row.into_iter().for_each(|row| self.count_work(row));
        match (place, row) {
            (Ok(at), Some(row)) => self.rows[at] = row,
            (Ok(at), None) => drop(self.rows.remove(at)),
            (Err(at), Some(row)) => self.rows.insert(at, row),
            (Err(_), None) => {}
        }
        Ok(())
    }

    fn count_work(&mut self, row: Row) {
        if row.flags & REMOVED == 0 {
            self.works.insert(row.work, row.id);
        }
    }

    /// What a book becomes; none if it is part of another, or is not there.
    fn row(&mut self, id: BookId, book: Option<BookRecord>) -> Option<Row> {
        let book = &book.filter(|book| book.merged_into.is_none())?;
        let mut work = DefaultHasher::new();
        shelf::work_key(book).hash(&mut work);
        let mut sources: Vec<String> = book.origins().iter().map(|origin| origin.source.clone()).collect();
        sources.sort();
        sources.dedup();
        let author = book.authors.first().map(|name| search::sort_key(name)).unwrap_or_default();
        let lacks = Lack::ALL.into_iter().filter(|lack| lack.is_of(book)).fold(0, |bits, lack| bits | lack.bit());
        let bytes: u64 = book.editions.iter().map(|edition| edition.bytes).sum();
        Some(Row {
            id,
            work: work.finish(),
            title: beginning(&search::sort_key(&book.title)),
            // Behind all that have one.
            author: if book.authors.is_empty() { [u8::MAX; AUTHOR] } else { beginning(&author) },
            downloads: u32::try_from(book.downloads).unwrap_or(u32::MAX),
            kilobytes: u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX),
            formats: book.editions.iter().fold(0, |bits, edition| bits | bit_of(edition.format)),
            language: self.languages.number(first_part(book.language.as_deref().unwrap_or_default())),
            sources: self.sources.number(sources),
            flags: lacks | if book.removed_at.is_some() { REMOVED } else { 0 },
        })
    }

    pub(super) fn list(&self, filter: &Filter, sort: Sort, skip: usize, limit: usize) -> Listed {
        let wanted = self.judge(filter);
        let mut found: Vec<&Row> = match &filter.among {
            Some(ids) => ids.iter().filter_map(|id| self.of(*id)).filter(|row| wanted(row)).collect(),
            None => self.rows.iter().filter(|row| wanted(row)).collect(),
        };
        let total = found.len();
        let end = skip.saturating_add(limit).min(total);
        if filter.among.is_none() {
            let order = order_of(sort);
            // The page first, then its order: to sort all would take ten times as long.
            if skip > 0 && skip < total {
                found.select_nth_unstable_by(skip, |one, other| order(one, other));
            }
            let page = &mut found[skip.min(total)..];
            if end - skip.min(total) < page.len() {
                page.select_nth_unstable_by(end - skip, |one, other| order(one, other));
            }
            page[..end - skip.min(total)].sort_unstable_by(|one, other| order(one, other));
        }
        Listed { ids: found[skip.min(total)..end].iter().map(|row| row.id).collect(), total }
    }

    /// What decides whether a row is listed; names are looked up once.
    fn judge(&self, filter: &Filter) -> impl Fn(&Row) -> bool + use<> {
        let language = filter.language.as_ref().map(|wanted| self.languages.all.iter().position(|one| one == wanted));
        let sources = filter.source.as_ref().map(|wanted| {
            let has_it = self.sources.all.iter().map(|names| names.contains(wanted));
            has_it.collect::<Vec<bool>>()
        });
        let format = filter.format.map(bit_of);
        let lack = filter.lack.map_or(0, Lack::bit);
        let (removed, before) = (filter.removed, filter.before.unwrap_or(BookId::MAX));
        let without_file = if filter.has_file { Lack::File.bit() } else { 0 };
        move |row: &Row| {
            (row.flags & REMOVED != 0) == removed
                && row.id < before
                && row.flags & lack == lack
                && row.flags & without_file == 0
                && format.is_none_or(|bit| row.formats & bit != 0)
                && language.is_none_or(|number| number == Some(usize::from(row.language)))
                && sources.as_ref().is_none_or(|are| are.get(usize::from(row.sources)) == Some(&true))
        }
    }

    fn of(&self, id: BookId) -> Option<&Row> {
        self.rows.binary_search_by_key(&id, |row| row.id).ok().map(|at| &self.rows[at])
    }

    pub(super) fn facets(&self) -> Facets {
        let (mut of_language, mut of_sources) = (vec![0; self.languages.all.len()], vec![0; self.sources.all.len()]);
        for row in self.rows.iter().filter(|row| row.flags & REMOVED == 0) {
            of_language[usize::from(row.language)] += 1;
            of_sources[usize::from(row.sources)] += 1;
        }
        let mut sources: BTreeMap<&str, u64> = BTreeMap::new();
        for (names, count) in self.sources.all.iter().zip(of_sources) {
            for name in names {
                *sources.entry(name).or_default() += count;
            }
        }
        Facets {
            languages: frequent(self.languages.all.iter().cloned().zip(of_language)),
            sources: frequent(sources.into_iter().map(|(name, count)| (name.to_owned(), count))),
        }
    }

    pub(super) fn of_one_work(&self) -> Vec<Vec<BookId>> {
        let mut groups = self.works.shared();
        groups.sort_unstable_by_key(|group| std::cmp::Reverse(group.last().copied()));
        groups
    }
}

fn order_of(sort: Sort) -> impl Fn(&Row, &Row) -> Ordering {
    move |one, other| {
        let first = match sort {
            Sort::Newest => Ordering::Equal,
            Sort::Title => one.title.cmp(&other.title),
            Sort::Author => one.author.cmp(&other.author).then_with(|| one.title.cmp(&other.title)),
            Sort::Downloads => other.downloads.cmp(&one.downloads),
            Sort::Size => other.kilobytes.cmp(&one.kilobytes),
        };
        first.then_with(|| match sort {
            Sort::Title | Sort::Author => one.id.cmp(&other.id),
            Sort::Newest | Sort::Downloads | Sort::Size => other.id.cmp(&one.id),
        })
    }
}

fn frequent(counted: impl Iterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut counted: Vec<(String, u64)> = counted.filter(|(_, count)| *count > 0).collect();
    counted.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    counted
}

fn beginning<const N: usize>(key: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let length = key.len().min(N);
    bytes[..length].copy_from_slice(&key.as_bytes()[..length]);
    bytes
}

fn bit_of(format: Format) -> u16 {
    1 << format as u16
}

fn first_part(tag: &str) -> String {
    tag.split('-').next().unwrap_or_default().to_ascii_lowercase()
}
