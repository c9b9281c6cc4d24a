//! Many files at once: folders and patterns become a list, the list is added by a few threads.
//!
//! What was added stays added: running the same intake again skips it by its hash, so an interrupted one is resumed
//! by repeating it. One bad file is one line at the end, not the end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::{Added, Library};
use crate::book::Format;

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 512 * 1024 * 1024;

/// How an intake went.
#[derive(Debug, Default)]
pub struct Outcome {
    /// New books.
    pub new: u64,
    /// Files that joined a book.
    pub joined: u64,
    /// Files that were here already.
    pub known: u64,
    /// Files that could not be added, and why.
    pub failed: Vec<(PathBuf, String)>,
}

/// The files that these paths mean: files as they are, folders with all book files beneath, patterns expanded.
///
/// # Errors
/// A path that does not exist or a pattern that matches nothing, as a sentence.
pub fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            files.extend(books_under(path));
        } else if path.exists() {
            files.insert(path.clone());
        } else {
            files.extend(matches(path)?);
        }
    }
    Ok(files.into_iter().collect())
}

/// Adds the files, reporting each as it is done.
pub fn add_all(
    library: &Library,
    files: &[PathBuf],
    now: DateTime<Utc>,
    report: impl Fn(&Path, &Result<Added, String>) + Sync,
) -> Outcome {
    let queue = Mutex::new(files.iter());
    let outcome = Mutex::new(Outcome::default());
    let threads = thread::available_parallelism().map_or(2, usize::from).min(8);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(path) = queue.lock().next() else { return };
                    let added = add_one(library, path, now);
                    report(path, &added);
                    outcome.lock().count(path, added);
                }
            });
        }
    });
    outcome.into_inner()
}

impl Outcome {
    fn count(&mut self, path: &Path, added: Result<Added, String>) {
        match added {
            Ok(Added::New(_)) => self.new += 1,
            Ok(Added::NewFormat(_) | Added::Updated(_)) => self.joined += 1,
            Ok(Added::Known(_)) => self.known += 1,
            Err(reason) => self.failed.push((path.to_owned(), reason)),
        }
    }
}

fn add_one(library: &Library, path: &Path, now: DateTime<Utc>) -> Result<Added, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > MOST_BYTES {
        return Err(format!("{} MB is more than the {} MB a book may have", size >> 20, MOST_BYTES >> 20));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    library.add(&name, &bytes, now).map_err(|error| error.to_string())
}

fn books_under(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = walkdir::WalkDir::new(folder).follow_links(false).into_iter();
    let visible = entries.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name()));
    visible
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| Format::from_file_name(&path.to_string_lossy()).is_some() && !is_note(path))
}

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.to_string_lossy().starts_with('.')
}

/// Files that lie beside books and are none.
fn is_note(path: &Path) -> bool {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    matches!(stem.as_str(), "readme" | "license" | "licence" | "changelog")
}

fn matches(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let text = pattern.to_string_lossy();
    let found: Vec<PathBuf> =
        glob::glob(&text).map_err(|error| format!("{text}: {error}"))?.filter_map(Result::ok).collect();
    if found.is_empty() {
        return Err(format!("{text}: no such file, folder or pattern"));
    }
    Ok(found
        .into_iter()
        .flat_map(|path| if path.is_dir() { books_under(&path).collect() } else { vec![path] })
        .collect())
}
