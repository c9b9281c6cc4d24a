//! Importing a catalogue: a table of books, most of them without a file.
//!
//! The first line names the columns, in any order: `id title author language popularity` and, optionally, `path`
//! of a file to add. Tabs or commas, by the file's extension or by what the first line holds more of. A row without
//! a file becomes an entry that followers can find and request. Importing the same catalogue again changes only what
//! has changed in it.

use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::add::Said;
use super::{Error, Library, Refused, Result, edit, shelf, takedown};
use crate::store::records::{BookField, BookId, BookRecord};
use crate::store::{Durability, Write};

/// Rows that share one write. A crash loses at most the write under way, and running the import again completes it.
const BATCH: usize = 2_000;

/// Why a row could not be used. As text it is English, for the command line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// It has no title.
    #[error("no title")]
    NoTitle,
    /// It is not UTF-8.
    #[error("not UTF-8; save the catalogue as UTF-8")]
    NotUtf8,
    /// The popularity is no number.
    #[error("the popularity \"{0}\" is not a whole number")]
    Popularity(String),
    /// It has a path, in a catalogue from another machine.
    #[error("it names a file; files are named by `shutong book import` on the server itself, or uploaded")]
    PathFromAfar,
    /// Its book must not be there.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The file that it names could not be added.
    #[error("{}: {why}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It cannot be read: why.
    #[error("{0}")]
    Unreadable(String),
}

/// How an import went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows that became new entries.
    pub new: u64,
    /// Rows that changed an entry or a book.
    pub changed: u64,
    /// Rows that were known just so.
    pub unchanged: u64,
    /// Rows with a file that was added.
    pub files: u64,
    /// Rows that could not be used: line number and reason.
    pub failed: Vec<(u64, RowFault)>,
}

/// Which column holds what.
struct Columns {
    uid: Option<usize>,
    title: usize,
    author: Option<usize>,
    language: Option<usize>,
    popularity: Option<usize>,
    path: Option<usize>,
}

struct Row {
    record: BookRecord,
    path: Option<PathBuf>,
}

impl Library {
    /// Imports a catalogue. `paths_from` is the folder that relative paths in it start from; where there is none, rows
    /// with a path fail, because the catalogue comes from another machine. `progress` is called with the number of rows
    /// read so far.
    ///
    /// # Errors
    /// When there is no column `title`, or the store fails. Single bad rows are listed in the outcome.
    pub fn import(
        &self,
        catalogue: impl Read,
        is_tabbed: bool,
        paths_from: Option<&Path>,
        now: DateTime<Utc>,
        mut progress: impl FnMut(u64),
    ) -> Result<Imported> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if is_tabbed { b'\t' } else { b',' })
            .quoting(!is_tabbed)
            .flexible(true)
            .from_reader(catalogue);
        let header = reader.byte_headers().map_err(|error| Refused::Table(error.to_string()))?.clone();
        let columns = Columns::of(&header)?;
        let mut imported = Imported::default();
        let mut batch = Vec::with_capacity(BATCH);
        let mut line = csv::ByteRecord::new();
        let mut number = 1;
        loop {
            number += 1;
            match reader.read_byte_record(&mut line) {
                Ok(false) => break,
                Ok(true) => match columns.row(&line, now) {
                    Ok(row) => batch.push((number, row)),
                    Err(reason) => imported.failed.push((number, reason)),
                },
                Err(error) => imported.failed.push((number, RowFault::Unreadable(error.to_string()))),
            }
            if batch.len() == BATCH {
                self.import_batch(&mut batch, paths_from, now, &mut imported)?;
                progress(number - 1);
            }
        }
        self.import_batch(&mut batch, paths_from, now, &mut imported)?;
        self.store.sync()?;
        self.indexing.wake();
        progress(number - 2);
        Ok(imported)
    }

    fn import_batch(
        &self,
        batch: &mut Vec<(u64, Row)>,
        paths_from: Option<&Path>,
        now: DateTime<Utc>,
        imported: &mut Imported,
    ) -> Result<()> {
        self.store.files().refuse_without(0)?;
        let mut with_files = Vec::new();
        self.store.write(Durability::Soon, |write| {
            for (number, row) in batch.drain(..) {
                match (row.path, paths_from) {
                    (None, _) => enter(write, number, row.record, imported)?,
                    (Some(path), Some(folder)) => with_files.push((number, folder.join(path), row.record)),
                    (Some(_), None) => imported.failed.push((number, RowFault::PathFromAfar)),
                }
            }
            Ok::<_, Error>(())
        })?;
        for (number, path, record) in with_files {
            match self.add_row(&path, &record, now) {
                Ok(()) => imported.files += 1,
                Err(why) => imported.failed.push((number, RowFault::File { path, why })),
            }
        }
        Ok(())
    }

    fn add_row(&self, path: &Path, row: &BookRecord, now: DateTime<Utc>) -> Result<(), String> {
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.add_listed(&name, &bytes, Said::Row(row), now).map(|_| ()).map_err(|error| error.to_string())
    }
}

impl Library {
    /// Makes an entry without a file, which followers can find and request; gives the book that there is already, if
    /// there is one.
    ///
    /// # Errors
    /// When there is no title, when such a book was taken down, or the store fails.
    pub fn add_entry(&self, title: &str, authors: &[String], now: DateTime<Utc>) -> Result<BookId> {
        let title = edit::line(BookField::Title, title, edit::LONGEST_TITLE)?.ok_or(Refused::NoTitle)?;
        let row = BookRecord { title, authors: authors.to_vec(), added_at: now, ..BookRecord::default() };
        let id = self.store.write(Durability::Durable, |write| {
            if let Some(refusal) = takedown::standing(write, &row)? {
                return Err(refusal.into());
            }
            if let Some((id, _)) = shelf::holder(write, &row)? {
                return Ok(id);
            }
            let id = shelf::next_id(write)?;
            shelf::put(write, id, None, &row)?;
            Ok::<_, Error>(id)
        })?;
        self.indexing.wake();
        Ok(id)
    }
}

/// Changes a book to what its row says, as far as it says anything and the owner has not set it; not if the row is
/// another book's.
pub(super) fn lay_over(book: &mut BookRecord, row: &BookRecord) {
    if shelf::is_told_apart(book, row) {
        return;
    }
    if !book.is_edited(BookField::Title) {
        book.title.clone_from(&row.title);
        book.aliases.retain(|alias| *alias != row.title);
    }
    if !row.authors.is_empty() && !book.is_edited(BookField::Authors) {
        book.authors.clone_from(&row.authors);
    }
    if !book.is_edited(BookField::Language) {
        book.language = row.language.clone().or(book.language.take());
    }
    book.uid = row.uid.clone().or(book.uid.take());
    book.votes = row.votes;
}

fn enter(write: &mut Write<'_>, number: u64, row: BookRecord, imported: &mut Imported) -> Result<()> {
    if let Some(refusal) = takedown::standing(write, &row)? {
        imported.failed.push((number, refusal.into()));
        return Ok(());
    }
    // A book that came as a file, before its catalogue did, learns its number.
    let Some((id, before)) = shelf::holder(write, &row)? else {
        let id = shelf::next_id(write)?;
        shelf::put(write, id, None, &row)?;
        imported.new += 1;
        return Ok(());
    };
    let mut after = before.clone();
    // The row of an entry that was merged into another's says nothing of that one.
    if !shelf::is_told_apart(&before, &row) {
        if before.editions.is_empty() {
            lay_over(&mut after, &row);
        } else if !before.is_edited(BookField::Language) {
            after.language = row.language.or(after.language);
        }
        after.uid = row.uid.or(after.uid);
        after.votes = row.votes;
    }
    if after == before {
        imported.unchanged += 1;
    } else {
        shelf::put(write, id, Some(&before), &after)?;
        imported.changed += 1;
    }
    Ok(())
}

impl Columns {
    fn of(header: &csv::ByteRecord) -> Result<Columns> {
        let find = |names: &[&str]| {
            header.iter().position(|cell| {
                let cell = String::from_utf8_lossy(cell).trim().trim_start_matches('\u{feff}').to_lowercase();
                names.contains(&cell.as_str())
            })
        };
        let title = find(&["title", "书名", "標題", "标题"]).ok_or(Refused::NoTitleColumn)?;
        Ok(Columns {
            uid: find(&["id", "uid", "编号"]),
            title,
            author: find(&["author", "authors", "作者"]),
            language: find(&["language", "lang", "语言"]),
            popularity: find(&["popularity", "votes", "热度"]),
            path: find(&["path", "file", "文件"]),
        })
    }

    fn row(&self, line: &csv::ByteRecord, now: DateTime<Utc>) -> Result<Row, RowFault> {
        let cell = |column: Option<usize>| -> Result<Option<String>, RowFault> {
            let Some(bytes) = column.and_then(|column| line.get(column)) else { return Ok(None) };
            let text = std::str::from_utf8(bytes).map_err(|_| RowFault::NotUtf8)?;
            Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned))
        };
        let title = cell(Some(self.title))?.ok_or(RowFault::NoTitle)?;
        let votes = cell(self.popularity)?.map(|text| text.parse::<u64>().map_err(|_| RowFault::Popularity(text)));
        let record = BookRecord {
            title,
            authors: cell(self.author)?.map(|names| split_authors(&names)).unwrap_or_default(),
            language: cell(self.language)?,
            uid: cell(self.uid)?,
            votes: votes.transpose()?.unwrap_or(0),
            added_at: now,
            ..BookRecord::default()
        };
        Ok(Row { record, path: cell(self.path)?.map(PathBuf::from) })
    }
}

/// Several names stand in one cell with `/`, `;`, `、` or `|` between them; a comma may belong to one name.
fn split_authors(names: &str) -> Vec<String> {
    let names = names.split(['/', ';', '；', '、', '|']).map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
