//! `shutong check`, `export`, `reindex`: does everything belong together, and how to take it away.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::json;

use super::{Console, Exit, absolute};
use crate::app::App;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Read every byte of every file, not only its size.
    #[arg(long)]
    deep: bool,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        let found = app.library.check(self.deep)?;
        let state = app.library.index_state();
        if self.json {
            console.line(json!({
                "books": found.books, "files": found.files, "damaged": found.damaged, "index": state,
            }));
        } else {
            for damage in &found.damaged {
                console.error(damage);
            }
            console.line(format_args!(
                "{} books, {} files, {} damaged; the index has {} books and {} changes to come",
                found.books,
                found.files,
                found.damaged.len(),
                state.books,
                state.pending
            ));
        }
        Ok(if found.damaged.is_empty() { Exit::Done } else { Exit::Damaged })
    }
}

pub(super) fn reindex(app: &App, console: &mut Console) -> Result<Exit> {
    app.library.reindex();
    app.library.index_changes()?;
    console.line(format_args!("{} books indexed", app.library.index_state().books));
    Ok(Exit::Done)
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// A directory that does not exist yet.
    directory: PathBuf,
}

impl Export {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        let directory = absolute(&self.directory, console)?;
        ensure!(!directory.exists(), "{} exists; name a new directory", directory.display());
        fs::create_dir_all(directory.join("files"))?;
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
        console.line(format_args!("{records} records and {files} files written to {}", directory.display()));
        Ok(if missing == 0 { Exit::Done } else { Exit::Damaged })
    }
}
