//! `shutong export`: everything to be taken away, for people and for programs.
//!
//! Records as lines of JSON and files by their content are all there is; beside them the books lie once more under names
//! that people can read, with a catalogue that `shutong book import` takes, and what followers ask for.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::{Console, Exit, absolute};
use crate::app::App;
use crate::library::Library;
use crate::library::link::file_names;
use crate::store::records::{BookId, BookRecord};

/// Longest title in the name of a file, in characters: with four bytes each there is room for the rest.
const LONGEST: usize = 40;
/// Records read at a time.
const PAGE: usize = 500;
/// Requests listed.
const REQUESTS: usize = 100_000;

#[derive(Debug, Args)]
pub(super) struct Export {
    /// A directory that does not exist yet.
    directory: PathBuf,
}

impl Export {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        let directory = absolute(&self.directory, console)?;
        ensure!(!directory.exists(), "{} exists; name a new directory", directory.display());
        for folder in ["files", "books"] {
            fs::create_dir_all(directory.join(folder))?;
        }
        let _kept = app.library.keep_files();
        let path = directory.join("records.jsonl");
        let mut out = BufWriter::new(File::create(&path).with_context(|| format!("cannot write {}", path.display()))?);
        let records = app.store.export(&mut out)?;
        out.flush()?;
        let (mut files, mut missing) = (0, 0);
        for hash in app.library.named_files()? {
            let from = app.store.files().path(&hash);
            match fs::copy(&from, directory.join("files").join(hash.as_str())) {
                Ok(_) => files += 1,
                // The rest is worth the more.
                Err(error) if !from.exists() => {
                    console.error(format_args!("cannot copy {}: {error}", from.display()));
                    missing += 1;
                }
                Err(error) => return Err(error).with_context(|| format!("cannot copy {}", from.display())),
            }
        }
        let books = catalogue(&app.library, &directory)?;
        requests(&app.library, &directory)?;
        console.line(format_args!(
            "{records} records and {files} files written to {}; {books} books under their names",
            directory.display()
        ));
        Ok(if missing == 0 { Exit::Done } else { Exit::Damaged })
    }
}

/// The books under their names, and the list of them with entries that have no file.
fn catalogue(library: &Library, directory: &Path) -> Result<u64> {
    let mut list = csv::WriterBuilder::new().delimiter(b'\t').from_path(directory.join("catalogue.tsv"))?;
    list.write_record(["id", "title", "author", "language", "popularity", "path"])?;
    let (mut books, mut after) = (0, None);
    loop {
        let page = library.page(after, PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        for (id, book) in page.iter().filter(|(_, book)| book.merged_into.is_none()) {
            let popularity = (book.votes + book.downloads).to_string();
            let uid = book.uid.clone().unwrap_or_default();
            let language = book.language.clone().unwrap_or_default();
            let authors = book.authors.join(", ");
            let cells = [uid.as_str(), &book.title, &authors, &language, &popularity];
            let mut row = |path: &str| list.write_record(cells.iter().chain([&path]));
            let mut is_listed = false;
            for (name, edition) in file_names(book) {
                let from = directory.join("files").join(edition.hash.as_str());
                let name = format!("books/{}", file_name(*id, book, &name));
                // A second name of the same file, where the disk has such a thing.
                let to = directory.join(&name);
                if from.exists() && (fs::hard_link(&from, &to).is_ok() || fs::copy(&from, &to).is_ok()) {
                    row(&name)?;
                    is_listed = true;
                }
            }
            books += u64::from(is_listed);
            if !is_listed {
                row("")?;
            }
        }
    }
    list.flush()?;
    Ok(books)
}

/// What followers ask for, most wanted first.
fn requests(library: &Library, directory: &Path) -> Result<()> {
    let mut list = csv::WriterBuilder::new().delimiter(b'\t').from_path(directory.join("requests.tsv"))?;
    list.write_record(["title", "followers", "first", "last"])?;
    for (_, request) in library.requests(REQUESTS)? {
        let (first, last) = (request.first_at.to_rfc3339(), request.last_at.to_rfc3339());
        list.write_record([request.text, request.count.to_string(), first, last])?;
    }
    Ok(list.flush()?)
}

/// `Title - Author (7).epub`; `name` is what links call the file.
fn file_name(id: BookId, book: &BookRecord, name: &str) -> String {
    let plain = |text: &str| -> String {
        let is_odd = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
        text.trim().chars().take(LONGEST).map(|c| if is_odd(c) { '_' } else { c }).collect()
    };
    let author = book.authors.first().map(|author| format!(" - {}", plain(author))).unwrap_or_default();
    let (extension, number) = name.split_once('-').unwrap_or((name, "1"));
    let number = if number == "1" { String::new() } else { format!("-{number}") };
    let title = plain(&book.title);
    // A name that begins with a dot is hidden.
    format!("{}{author} ({id}{number}).{extension}", title.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_readable_and_leads_nowhere() {
        let book = |title: &str, author: &str| BookRecord {
            title: title.into(),
            authors: vec![author.into()],
            ..BookRecord::default()
        };
        assert_eq!(file_name(7, &book("三体", "刘慈欣"), "epub"), "三体 - 刘慈欣 (7).epub");
        assert_eq!(file_name(7, &book("三体", "刘慈欣"), "epub-2"), "三体 - 刘慈欣 (7-2).epub");
        assert_eq!(file_name(8, &book("../etc/passwd", "a/b"), "txt"), "_etc_passwd - a_b (8).txt");
        assert!(file_name(9, &book(&"书".repeat(500), &"人".repeat(500)), "epub").len() < 255);
    }
}
