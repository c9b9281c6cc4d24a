//! `shutong article`: the owner's articles, brought in, published, taken out, sent to the platform.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use clap::Subcommand;
use serde_json::json;

use super::token::wait_for;
use super::{Console, Exit, absolute};
use crate::app::App;
use crate::article::{self, Added, Brought, Drafted, Told};
use crate::store::records::PublicationRecord;

/// The owner's articles.
#[derive(Debug, Subcommand)]
pub(super) enum Article {
    /// Adds Markdown files with the pictures beside them; one that is there already is replaced.
    Add {
        /// Files ending in .md or .html.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Imports what an RSS or Atom file has, or every article of a folder.
    Import {
        /// The file or the folder.
        from: PathBuf,
        /// Public only when you say so, with `publish`; for feeds only.
        #[arg(long)]
        drafts: bool,
    },
    /// Lists articles: those that wait first, then the latest; and files that cannot be shown, with the reason.
    List {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Makes an article public, now or at a time, whatever its file says.
    Publish {
        /// Its name in the list.
        slug: String,
        /// When, like "2026-12-01 08:00".
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Takes an article out of the folder; its file is kept in articles/removed.
    Remove {
        /// Its name in the list.
        slug: String,
    },
    /// Brings an article into the platform's draft box, or writes its draft there again.
    Draft {
        /// Its name in the list.
        slug: String,
        /// Which account; without it the first.
        #[arg(long)]
        account: Option<String>,
        /// Has the platform publish it, too; for verified accounts.
        #[arg(long)]
        publish: bool,
    },
}

impl Article {
    /// Whether a library may begin with it.
    pub(super) fn begins_a_library(&self) -> bool {
        matches!(self, Article::Add { .. } | Article::Import { .. })
    }

    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        match self {
            Article::Add { files } => add(app, files, console),
            Article::Import { from, drafts } => import(app, from, *drafts, console),
            Article::List { json } => list(app, *json, console),
            Article::Publish { slug, at } => publish(app, slug, at.as_deref(), console),
            Article::Remove { slug } => {
                let place = app.articles.remove(slug, app.clock.now())?;
                console.line(format_args!("removed; its file is {} now", place.display()));
                Ok(Exit::Done)
            }
            Article::Draft { slug, account, publish } => draft(app, slug, account.as_deref(), *publish, console),
        }
    }
}

fn add(app: &App, files: &[PathBuf], console: &mut Console) -> Result<Exit> {
    let mut exit = Exit::Done;
    for file in files {
        let path = absolute(file, console)?;
        exit = tell(app, &path.display().to_string(), app.articles.add(&path, app.clock.now()), exit, console);
    }
    Ok(exit)
}

fn import(app: &App, from: &Path, drafts: bool, console: &mut Console) -> Result<Exit> {
    let path = absolute(from, console)?;
    let now = app.clock.now();
    ensure!(
        !(drafts && path.is_dir()),
        "--drafts is for feeds only; of a folder, write draft = true into the heads of its files"
    );
    let brought: Vec<(String, article::Result<Added>)> = if path.is_dir() {
        let named = |(file, added): (PathBuf, _)| (file.display().to_string(), added);
        app.articles.add_folder(&path, now)?.into_iter().map(named).collect()
    } else {
        app.articles.import_feed(&path, drafts, now)?
    };
    let count = |wanted: Brought| brought.iter().filter(|(_, added)| is(added, wanted)).count();
    let (new, changed, same) = (count(Brought::New), count(Brought::Changed), count(Brought::Same));
    let all = brought.len();
    let failed = all - new - changed - same;
    let exit = brought.into_iter().fold(Exit::Done, |exit, (name, added)| tell(app, &name, added, exit, console));
    console.line(format_args!("{all} articles: {new} new, {changed} changed, {same} here already, {failed} failed"));
    Ok(exit)
}

fn is(added: &article::Result<Added>, brought: Brought) -> bool {
    added.as_ref().is_ok_and(|added| added.brought == brought)
}

/// Tells what became of one file. One that cannot be taken does not keep the others out, but the command has failed.
fn tell(app: &App, name: &str, added: article::Result<Added>, exit: Exit, console: &mut Console) -> Exit {
    match added {
        Ok(Added { slug, brought, notes }) => {
            let what = match brought {
                Brought::New => "added",
                Brought::Changed => "changed",
                Brought::Same => "here already",
            };
            console.line(format_args!("{slug}\t{what}\t{}", app.articles.url_of(&slug)));
            notes.iter().for_each(|note| console.error(format_args!("{slug}: {note}")));
            exit
        }
        Err(error) => {
            let error = error.to_string();
            let error = if error.contains(name) { error } else { format!("{name}: {error}") };
            console.error(error);
            Exit::Failed
        }
    }
}

fn list(app: &App, as_json: bool, console: &mut Console) -> Result<Exit> {
    let now = app.clock.now();
    app.articles.scan(now)?;
    let shelf = app.articles.shelf(now)?;
    if as_json {
        let articles: Vec<_> = shelf.all().iter().map(|article| described(app, article)).collect::<Result<_>>()?;
        let problems: Vec<_> =
            shelf.problems.iter().map(|(path, what)| json!({ "file": path, "problem": what })).collect();
        console.line(json!({ "articles": articles, "problems": problems }));
        return Ok(Exit::Done);
    }
    for article in shelf.all() {
        let state = match article.published_at {
            None => "draft".to_owned(),
            Some(at) => {
                let at = at.with_timezone(&app.config.time_zone).format("%Y-%m-%d %H:%M");
                if article.is_published(now) { format!("{at}") } else { format!("on {at}") }
            }
        };
        console.line(format_args!("{}\t{state}\t{}\t{}", article.slug, article.title, article.tags.join(", ")));
        for (account, draft) in app.articles.drafts(&article.slug)? {
            let publication = draft.publication.as_ref().map(|publication| format!(", {}", told(publication)));
            let is_there = if draft.media_id.is_some() { "in the draft box" } else { "no draft" };
            console.line(format_args!("\t{account}: {is_there}{}", publication.unwrap_or_default()));
        }
        article.notes.iter().for_each(|note| console.error(format_args!("{}: {note}", article.slug)));
    }
    for (path, what) in &shelf.problems {
        console.error(format_args!("{}: {what}", path.display()));
    }
    Ok(Exit::Done)
}

fn described(app: &App, article: &article::Article) -> Result<serde_json::Value> {
    let drafts = app.articles.drafts(&article.slug)?.into_iter().collect::<std::collections::BTreeMap<_, _>>();
    Ok(json!({
        "slug": article.slug, "title": article.title, "author": article.author, "tags": article.tags,
        "summary": article.summary, "published_at": article.published_at, "url": app.articles.url_of(&article.slug),
        "is_published": article.is_published(app.clock.now()), "notes": article.notes, "drafts": drafts,
    }))
}

fn publish(app: &App, slug: &str, at: Option<&str>, console: &mut Console) -> Result<Exit> {
    let now = app.clock.now();
    let at = at.map(|at| app.articles.moment(at)).transpose().map_err(|error| anyhow!("--at: {error}"))?;
    let article = app.articles.publish(slug, at.unwrap_or(now), now)?;
    let url = app.articles.url_of(&article.slug);
    match at.filter(|at| *at > now) {
        Some(at) => {
            let local = at.with_timezone(&app.config.time_zone).format("%Y-%m-%d %H:%M");
            console.line(format_args!("public from {local}: {url}"));
        }
        None => console.line(format_args!("public: {url}")),
    }
    Ok(Exit::Done)
}

fn draft(app: &App, slug: &str, account: Option<&str>, publish: bool, console: &mut Console) -> Result<Exit> {
    app.articles.scan(app.clock.now())?;
    let Drafted { account: name, media_id, told: done, uploaded } =
        wait_for(app.articles.draft(account, slug, app.clock.now()))?;
    let what = match done {
        Told::Added => "added to the draft box",
        Told::Updated => "written again in the draft box",
        Told::Same => "unchanged in the draft box",
    };
    console.line(format_args!("{name}: {what}, {uploaded} pictures uploaded, media_id {media_id}"));
    if publish {
        let publication = wait_for(app.articles.publish_draft(account, slug, app.clock.now()))?;
        console.line(format_args!("{name}: {}", told(&publication)));
    }
    Ok(Exit::Done)
}

fn told(publication: &PublicationRecord) -> String {
    let url = publication.url.as_ref().map(|url| format!(": {url}"));
    format!("{}{}", publication.state.told(), url.unwrap_or_default())
}
