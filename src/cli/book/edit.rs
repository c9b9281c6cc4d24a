//! `shutong book edit`: what the owner says of a book. And the books that may be one.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::app::App;
use crate::cli::{Console, Exit, absolute};
use crate::library::{CoverChoice, Edit};
use crate::store::records::BookId;

/// Groups that are listed.
const MOST: usize = 1_000;

/// What is changed; what is not given stays, and an empty text takes away what there was.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Change {
    /// The book's number.
    id: BookId,
    /// The title.
    #[arg(long)]
    title: Option<String>,
    /// An author; repeat it for several.
    #[arg(long = "author", value_name = "NAME")]
    authors: Option<Vec<String>>,
    /// Another name that it is found by; repeat it for several.
    #[arg(long = "alias", value_name = "TITLE")]
    aliases: Option<Vec<String>>,
    /// The language, as in zh-CN.
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// The series it belongs to.
    #[arg(long)]
    series: Option<String>,
    /// A subject; repeat it for several.
    #[arg(long = "subject", value_name = "WORD")]
    subjects: Option<Vec<String>>,
    /// Who published it.
    #[arg(long)]
    publisher: Option<String>,
    /// When it was published.
    #[arg(long, value_name = "DATE")]
    published: Option<String>,
    /// What it is about.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// An ISBN; repeat it for several.
    #[arg(long = "isbn", value_name = "NUMBER")]
    isbns: Option<Vec<String>>,
    /// The cover: a JPEG, PNG or WebP file; `own` takes the one of its files, `drawn` draws one.
    #[arg(long, value_name = "FILE")]
    cover: Option<PathBuf>,
}

impl Change {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        let edit = Edit {
            title: self.title.clone(),
            aliases: self.aliases.clone(),
            authors: self.authors.clone(),
            language: self.language.clone(),
            series: self.series.clone(),
            subjects: self.subjects.clone(),
            publisher: self.publisher.clone(),
            published: self.published.clone(),
            description: self.description.clone(),
            isbns: self.isbns.clone(),
        };
        if edit == Edit::default() && self.cover.is_none() {
            bail!("nothing to change; `shutong book edit --help` lists what can be");
        }
        // First what may be refused without having read a file.
        app.library.edit(self.id, &edit)?;
        match self.cover.as_ref().map(|cover| (cover, cover.to_str())) {
            None => {}
            Some((_, Some("own"))) => app.library.set_cover(self.id, CoverChoice::Own)?,
            Some((_, Some("drawn"))) => app.library.set_cover(self.id, CoverChoice::Drawn)?,
            Some((cover, _)) => {
                let path = absolute(cover, console)?;
                let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                app.library.set_cover(self.id, CoverChoice::Picture(&bytes))?;
            }
        }
        app.library.index_changes()?;
        console.line("changed");
        Ok(Exit::Done)
    }
}

/// Lists groups of books that may be one.
pub(super) fn duplicates(app: &App, as_json: bool, console: &mut Console) -> Result<Exit> {
    let found = app.library.duplicates(0, MOST)?;
    if as_json {
        let ids = found.groups.iter().map(|group| group.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        console.line(json!({ "total": found.total, "groups": ids.collect::<Vec<_>>() }));
        return Ok(Exit::Done);
    }
    for group in &found.groups {
        for (id, book) in group {
            console.line(format_args!("{id:>7}  {} · {}", book.title, book.authors.join(", ")));
        }
        console.line("");
    }
    console.error(format_args!("{} groups; `shutong book merge KEPT OTHER` makes one of two", found.total));
    Ok(Exit::Done)
}
