//! `shutong book`: adds, lists, fetches, changes and removes books.

mod edit;
mod qr;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::json;

use super::search::{as_json, described};
use super::{Console, Exit, absolute};
use crate::app::App;
use crate::library::catalogue::{Imported, RowFault};
use crate::library::{intake, link};
use crate::store::records::{BookId, BookRecord};

#[derive(Debug, Subcommand)]
pub(super) enum Book {
    /// Adds files, folders with all books beneath, or patterns like "books/*.epub".
    Add {
        /// What to add. Running it again after an interruption goes on where it stopped.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Imports a catalogue (.tsv or .csv) with the columns id title author language popularity [path].
    Import {
        /// The catalogue; - is standard input, with tabs.
        catalogue: PathBuf,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Lists books, newest first.
    List {
        /// Most books to list.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// List the recycle bin.
        #[arg(long)]
        removed: bool,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Shows all that is known of a book.
    Show {
        /// The book's number.
        id: BookId,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Writes a book's file.
    Get {
        /// The book's number.
        id: BookId,
        /// Which of its files: epub, txt, …; the first if not given.
        #[arg(long)]
        format: Option<String>,
        /// Where to.
        #[arg(long, short)]
        output: PathBuf,
    },
    /// Changes what is said of a book; it wins over its files, sources and catalogues from then on.
    Edit(Box<edit::Change>),
    /// Lists books of one title and author, which may be one.
    Duplicates {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Deletes a book that is in the recycle bin, for good.
    Delete {
        /// The book's number.
        id: BookId,
    },
    /// Puts a book into the recycle bin.
    Remove {
        /// The book's number.
        id: BookId,
    },
    /// Takes a book out of the recycle bin.
    Restore {
        /// The book's number.
        id: BookId,
    },
    /// Makes one book of two: the first keeps its number and gets the other's files.
    Merge {
        /// The book that remains.
        kept: BookId,
        /// The book that goes into it.
        merged: BookId,
    },
    /// Makes a QR code that opens the book's card for whoever scans it with WeChat. Verified service accounts only.
    Qr {
        /// The book's number.
        id: BookId,
        /// Which account; without it the only one.
        #[arg(long)]
        account: Option<String>,
        /// How many days it can be scanned, 30 at most; without it for ever (an account has 100 000 of those).
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=30))]
        days: Option<u32>,
        /// Write the picture, a JPEG, to this file.
        #[arg(long, short)]
        output: Option<PathBuf>,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Takes a merge apart again.
    Unmerge {
        /// The number that `merge` printed.
        merge: u64,
    },
    /// Removes a book for good, and refuses it from then on however it comes.
    TakeDown {
        /// The book's number.
        id: BookId,
        /// Why; who adds it again is told.
        #[arg(long)]
        reason: String,
    },
    /// Lists what was taken down, the latest first.
    TakeDowns {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Lets a book come back that was taken down. It has to be added again.
    Lift {
        /// The key that `take-downs` lists.
        key: String,
    },
}

impl Book {
    /// Whether a library may begin with it.
    pub(super) fn begins_a_library(&self) -> bool {
        matches!(self, Book::Add { .. } | Book::Import { .. })
    }

    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        match self {
            Book::Add { paths, json } => add(app, paths, *json, console),
            Book::Import { catalogue, json } => import(app, catalogue, *json, console),
            Book::List { limit, removed, json } => list(app, *limit, *removed, *json, console),
            Book::Show { id, json } => show(app, *id, *json, console),
            Book::Get { id, format, output } => get(app, *id, format.as_deref(), output, console),
            Book::Edit(change) => change.run(app, console),
            Book::Duplicates { json } => edit::duplicates(app, *json, console),
            Book::Delete { id } => {
                app.library.delete(*id)?;
                console.line("deleted; its files go with the next nightly clean-up");
                Ok(Exit::Done)
            }
            Book::Remove { id } => {
                app.library.remove(*id, app.clock.now())?;
                console.line(format_args!("removed; `shutong book restore {id}` brings it back within 30 days"));
                Ok(Exit::Done)
            }
            Book::Restore { id } => {
                app.library.restore(*id, app.clock.now())?;
                console.line("restored");
                Ok(Exit::Done)
            }
            Book::Merge { kept, merged } => {
                let merge = app.library.merge(*kept, *merged, app.clock.now())?;
                console.line(format_args!("merged; `shutong book unmerge {merge}` undoes it"));
                Ok(Exit::Done)
            }
            Book::Qr { id, account, days, output, json } => {
                let code = qr::of_book(app, *id, account.as_deref(), *days)?;
                if let Some(output) = output {
                    code.save(app, &absolute(output, console)?)?;
                }
                code.tell(app, *json, console);
                Ok(Exit::Done)
            }
            Book::Unmerge { merge } => {
                app.library.undo_merge(*merge)?;
                console.line("taken apart");
                Ok(Exit::Done)
            }
            Book::TakeDown { id, reason } => {
                app.library.take_down(*id, reason, app.clock.now())?;
                console.line(format_args!(
                    "taken down; its files go with the next nightly clean-up, and `shutong book lift {id}` lets it in again"
                ));
                Ok(Exit::Done)
            }
            Book::TakeDowns { json } => take_downs(app, *json, console),
            Book::Lift { key } => {
                app.library.lift(key)?;
                console.line("lifted; the book can be added again");
                Ok(Exit::Done)
            }
        }
    }
}

fn add(app: &App, paths: &[PathBuf], as_json: bool, console: &mut Console) -> Result<Exit> {
    let paths = paths.iter().map(|path| absolute(path, console)).collect::<Result<Vec<_>>>()?;
    let files = intake::expand(&paths).map_err(anyhow::Error::msg)?;
    if files.is_empty() {
        bail!("no books there; books end in .epub, .txt, .azw3, .mobi, .pdf, …");
    }
    let progress = console.progress("files", files.len() as u64);
    let outcome = intake::add_all(&app.library, &files, app.clock.now(), |_, _| progress.advance(1));
    progress.finish();
    app.library.index_changes()?;
    if as_json {
        let failed: Vec<_> = outcome
            .failed
            .iter()
            .map(|(path, reason)| json!({ "path": path.to_string_lossy(), "reason": reason }))
            .collect();
        console.line(json!({
            "new": outcome.new, "joined": outcome.joined, "known": outcome.known, "failed": failed,
        }));
    } else {
        for (path, reason) in &outcome.failed {
            console.error(format_args!("{}: {reason}", path.display()));
        }
        console.line(format_args!(
            "{} new, {} joined a book, {} known, {} failed",
            outcome.new,
            outcome.joined,
            outcome.known,
            outcome.failed.len()
        ));
    }
    Ok(if outcome.failed.is_empty() { Exit::Done } else { Exit::Failed })
}

fn import(app: &App, catalogue: &Path, as_json: bool, console: &mut Console) -> Result<Exit> {
    let now = app.clock.now();
    let is_tabbed = catalogue.extension().is_none_or(|extension| extension != "csv");
    let progress = console.progress("rows", 0);
    let report = |rows: u64| progress.reach(rows);
    let imported = if catalogue.as_os_str() == "-" {
        let input = console.input()?;
        app.library.import(&input[..], is_tabbed, Some(console.folder()), now, report)?
    } else {
        let path = absolute(catalogue, console)?;
        let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        app.library.import(file, is_tabbed, Some(folder), now, report)?
    };
    progress.finish();
    app.library.index_changes()?;
    report_import(&imported, as_json, console);
    Ok(if imported.failed.is_empty() { Exit::Done } else { Exit::Failed })
}

fn report_import(imported: &Imported, as_json: bool, console: &mut Console) {
    let Imported { new, changed, unchanged, files, failed } = imported;
    if as_json {
        let line_of = |(line, why): &(u64, RowFault)| json!({ "line": line, "reason": why.to_string() });
        let failed: Vec<_> = failed.iter().map(line_of).collect();
        console.line(json!({
            "new": new, "changed": changed, "unchanged": unchanged, "files": files, "failed": failed,
        }));
        return;
    }
    for (line, reason) in failed {
        console.error(format_args!("line {line}: {reason}"));
    }
    console.line(format_args!(
        "{new} new, {changed} changed, {unchanged} unchanged, {files} with a file, {} failed",
        failed.len()
    ));
}

fn list(app: &App, limit: usize, removed: bool, as_json_document: bool, console: &mut Console) -> Result<Exit> {
    let books = if removed {
        app.library.removed(limit)?
    } else {
        let mut books = Vec::new();
        for id in app.library.latest(None, limit)? {
            books.extend(app.library.shown(id)?);
        }
        books
    };
    if as_json_document {
        let counts = app.library.counts()?;
        let books: Vec<_> = books.iter().map(|(id, book)| as_json(*id, book)).collect();
        console.line(json!({ "counts": counts, "books": books }));
        return Ok(Exit::Done);
    }
    for (id, book) in &books {
        console.line(format_args!("{id:>7}  {}", described(book)));
    }
    let counts = app.library.counts()?;
    console.error(format_args!("{} with files, {} in all, {} removed", counts.shelf, counts.books, counts.removed));
    Ok(Exit::Done)
}

fn show(app: &App, id: BookId, as_json_document: bool, console: &mut Console) -> Result<Exit> {
    let book = existing(app, id)?;
    let document = as_json(id, &book);
    if as_json_document {
        console.line(document);
        return Ok(Exit::Done);
    }
    console.line(described(&book));
    let serde_json::Value::Object(fields) = document else { return Ok(Exit::Done) };
    for (name, value) in fields.iter().filter(|(name, value)| *name != "files" && !value.is_null()) {
        console.line(format_args!("{name:>12}  {value}"));
    }
    for (name, edition) in link::file_names(&book) {
        let path = app.library.edition_path(edition);
        console.line(format_args!("{name:>12}  {} bytes  {}", edition.bytes, path.display()));
        if let Some(origin) = &edition.origin {
            for (label, text) in [("from", &origin.source), ("", &origin.url), ("licence", &origin.licence)] {
                if !text.is_empty() {
                    console.line(format_args!("{label:>12}  {text}"));
                }
            }
        }
    }
    Ok(Exit::Done)
}

fn take_downs(app: &App, as_json: bool, console: &mut Console) -> Result<Exit> {
    let takedowns = app.library.takedowns()?;
    if as_json {
        console.line(json!({ "taken_down": takedowns }));
        return Ok(Exit::Done);
    }
    for one in &takedowns {
        let day = one.taken_down_at.with_timezone(&app.config.time_zone).format("%Y-%m-%d");
        console.line(format_args!("{:>7}  {day}  {}: {}", one.key, one.title, one.reason));
    }
    console.error(format_args!("{} taken down", takedowns.len()));
    Ok(Exit::Done)
}

fn get(app: &App, id: BookId, format: Option<&str>, output: &Path, console: &mut Console) -> Result<Exit> {
    let book = existing(app, id)?;
    let names: Vec<String> = link::offers(&book).into_iter().map(|offer| offer.name).collect();
    let name = match format {
        Some(format) => format.to_lowercase(),
        None => names.first().cloned().with_context(|| format!("book {id} has no file yet"))?,
    };
    let file = app
        .library
        .obtain(&book, &name, app.clock.now())?
        .with_context(|| format!("book {id} has no {name}; it can be had as: {}", names.join(", ")))?;
    let output = absolute(output, console)?;
    let bytes = fs::copy(&file.path, &output).with_context(|| format!("cannot write {}", output.display()))?;
    console.line(format_args!("{bytes} bytes written to {}", output.display()));
    Ok(Exit::Done)
}

fn existing(app: &App, id: BookId) -> Result<BookRecord> {
    app.library.book(id)?.with_context(|| format!("there is no book {id}; `shutong book list` shows the numbers"))
}
