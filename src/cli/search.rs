//! `shutong search`: as a follower would search.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::{Console, Exit, absolute};
use crate::app::App;
use crate::store::records::{BookId, BookRecord};

#[derive(Debug, Args)]
pub(super) struct Search {
    /// What to search for.
    #[arg(required_unless_present = "batch")]
    query: Vec<String>,
    /// Most books to print.
    #[arg(long, default_value_t = 10)]
    limit: usize,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Read lines `number<TAB>query` from a file (- is standard input), print `number<TAB>rank<TAB>id` lines.
    #[arg(long, value_name = "FILE", conflicts_with = "query")]
    batch: Option<PathBuf>,
}

impl Search {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        app.library.index_changes()?;
        match &self.batch {
            Some(file) => self.run_batch(app, file, console),
            None => self.run_one(app, console),
        }
    }

    fn run_one(&self, app: &App, console: &mut Console) -> Result<Exit> {
        let query = self.query.join(" ");
        let finding = app.library.find(&query)?;
        let mut books = Vec::new();
        for id in finding.books.iter().take(self.limit) {
            books.extend(app.library.shown(*id)?);
        }
        if self.json {
            let books: Vec<_> = books.iter().map(|(id, book)| as_json(*id, book)).collect();
            let confidence = format!("{:?}", finding.confidence).to_lowercase();
            console.line(json!({ "query": query, "confidence": confidence, "books": books }));
            return Ok(Exit::Done);
        }
        for (rank, (id, book)) in books.iter().enumerate() {
            console.line(format_args!("{:>2}. {}  [{id}]", rank + 1, described(book)));
        }
        if books.is_empty() {
            console.error("nothing found");
            return Ok(Exit::Failed);
        }
        Ok(Exit::Done)
    }

    fn run_batch(&self, app: &App, file: &Path, console: &mut Console) -> Result<Exit> {
        let bytes = if file.as_os_str() == "-" {
            console.input()?
        } else {
            let path = absolute(file, console)?;
            fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?
        };
        let text = String::from_utf8(bytes).context("the queries are not UTF-8")?;
        for (number, line) in text.lines().enumerate() {
            let (name, query) =
                line.split_once('\t').with_context(|| format!("line {}: no tab after the number", number + 1))?;
            for (rank, id) in app.library.find(query)?.books.into_iter().take(self.limit).enumerate() {
                let uid = app.library.book(id)?.and_then(|book| book.uid).unwrap_or_else(|| id.to_string());
                console.line(format_args!("{name}\t{}\t{uid}", rank + 1));
            }
        }
        Ok(Exit::Done)
    }
}

pub(super) fn described(book: &BookRecord) -> String {
    let mut text = book.title.clone();
    if !book.authors.is_empty() {
        text = format!("{text} — {}", book.authors.join(", "));
    }
    if book.is_incomplete() {
        text.push_str(" (incomplete)");
    }
    let formats: Vec<&str> = book.editions.iter().map(|edition| edition.format.extension()).collect();
    if !formats.is_empty() {
        text = format!("{text}  ({})", formats.join(", "));
    }
    text
}

pub(super) fn as_json(id: BookId, book: &BookRecord) -> serde_json::Value {
    let files: Vec<_> = book
        .editions
        .iter()
        .map(|edition| {
            json!({
                "format": edition.format.extension(),
                "bytes": edition.bytes,
                "sha256": edition.hash,
                "file_name": edition.file_name,
                "incomplete": edition.is_incomplete,
                "origin": edition.origin,
            })
        })
        .collect();
    json!({
        "id": id,
        "uid": book.uid,
        "title": book.title,
        "authors": book.authors,
        "language": book.language,
        "series": book.series,
        "description": book.description,
        "downloads": book.downloads,
        "added_at": book.added_at,
        "removed_at": book.removed_at,
        "files": files,
    })
}
