//! `shutong crawl`: sources of books.

mod add;

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::json;
use tokio::runtime::{Handle, Runtime};

use super::{Console, Exit, absolute};
use crate::app::App;
use crate::crawler::{PassEnd, Source, presets};
use crate::store::records::{ItemState, SourceKind};
use add::Add;

/// How often the progress of a pass is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Items read at a time.
const PAGE: usize = 500;

/// Sources of books: catalogues, feeds, folders, sites.
#[derive(Debug, Subcommand)]
pub enum Crawl {
    /// Reads sources now: those named, else those that are due.
    Run {
        /// Which.
        names: Vec<String>,
        /// Says what would be fetched, and fetches only the catalogue's first pages.
        #[arg(long)]
        dry_run: bool,
        /// As one JSON document; only for a dry run.
        #[arg(long, requires = "dry_run")]
        json: bool,
    },
    /// Tries every step of a source with one book.
    Check {
        /// Which.
        name: String,
        /// A title to search for.
        #[arg(long)]
        search: Option<String>,
    },
    /// Lists the sources and how they stand.
    List {
        /// As one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Shows a source, what failed there, and what is missing.
    Show {
        /// Which.
        name: String,
        /// All its books, not only those that are in trouble.
        #[arg(long)]
        all: bool,
        /// The last lines of what happened.
        #[arg(long)]
        log: bool,
    },
    /// Adds a source, or changes one.
    Add(Box<Add>),
    /// Imports sources of reading programs (书源, JSON). They come paused.
    Import {
        /// The file; - for standard input.
        file: PathBuf,
        /// Why you may take books from there.
        #[arg(long)]
        rights: String,
        /// The licence of the books.
        #[arg(long, default_value = "")]
        licence: String,
    },
    /// Stops a source.
    Pause {
        /// Which.
        name: String,
    },
    /// Lets a source go on.
    Resume {
        /// Which.
        name: String,
    },
    /// Publishes a book of chapters as far as it goes, marked as such.
    Publish {
        /// The source.
        name: String,
        /// What the source knows the book by: crawl show tells.
        item: String,
    },
    /// Removes a source. The books it has brought stay.
    Remove {
        /// Which.
        name: String,
    },
    /// Lists catalogues that give their books away, for crawl add --preset.
    Presets,
}

impl Crawl {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        let now = app.clock.now();
        match self {
            Crawl::Run { names, dry_run: true, json } => dry_run(app, names, *json, console),
            Crawl::Run { names, .. } => run(app, names, console),
            Crawl::Check { name, search } => check(app, name, search.as_deref(), console),
            Crawl::List { json } => list(app, *json, console),
            Crawl::Show { name, all, log } => show(app, name, *all, *log, console),
            Crawl::Add(add) => add.run(app, console),
            Crawl::Import { file, rights, licence } => {
                let text = if file.as_os_str() == "-" {
                    String::from_utf8(console.input()?).context("standard input is not UTF-8")?
                } else {
                    let path = absolute(file, console)?;
                    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?
                };
                let imported = app.crawler.import_sources(&text, rights, licence, now)?;
                let mut taken = 0;
                for one in &imported {
                    match (&one.name, &one.left_out) {
                        (Some(name), _) => {
                            taken += 1;
                            console.line(format_args!("{name}\t{}\t{}", one.title, one.report.verdict()));
                        }
                        (None, why) => {
                            console.line(format_args!("-\t{}\tleft out: {}", one.title, why.as_deref().unwrap_or("")));
                        }
                    }
                }
                console.error(format_args!(
                    "{taken} of {} taken, all paused: look at each (crawl check NAME), then crawl resume NAME",
                    imported.len()
                ));
                Ok(if taken > 0 { Exit::Done } else { Exit::Failed })
            }
            Crawl::Pause { name } => {
                done(app.crawler.pause_source(name, true), format_args!("{name} is paused"), console)
            }
            Crawl::Resume { name } => {
                done(app.crawler.pause_source(name, false), format_args!("{name} goes on"), console)
            }
            Crawl::Publish { name, item } => {
                let told = format_args!("it is published with the next pass, which is due now");
                done(app.crawler.publish_incomplete(name, item, true), told, console)
            }
            Crawl::Remove { name } => {
                done(app.crawler.remove_source(name), format_args!("{name} is removed; its books stay"), console)
            }
            Crawl::Presets => {
                for preset in presets() {
                    console.line(format_args!("{}\t{}\t{}\t{}", preset.name, preset.title, preset.url, preset.licence));
                }
                Ok(Exit::Done)
            }
        }
    }
}

fn done(outcome: crate::crawler::Result<()>, told: std::fmt::Arguments<'_>, console: &mut Console) -> Result<Exit> {
    outcome?;
    console.line(told);
    Ok(Exit::Done)
}

/// Runs work that asks sites: in the runtime that serves, or one made for it, whose sockets need a thread of their own.
fn with_runtime<T>(work: impl FnOnce(&Handle) -> T) -> Result<T> {
    match Handle::try_current() {
        Ok(handle) => Ok(work(&handle)),
        Err(_) => {
            let runtime: Runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            Ok(work(runtime.handle()))
        }
    }
}

fn run(app: &App, names: &[String], console: &mut Console) -> Result<Exit> {
    let mut failed = false;
    let names = if names.is_empty() { app.crawler.due(app.clock.now())? } else { names.to_vec() };
    if names.is_empty() {
        console.line("no source is due; name one to read it now");
        return Ok(Exit::Done);
    }
    for name in &names {
        app.crawler.read_soon(name)?;
        let end = with_runtime(|runtime| watched(app, name, runtime, console))??;
        console.line(format_args!("{name}: {end}"));
        failed |= matches!(end, PassEnd::GivenUp(_));
    }
    if failed {
        bail!("not every source could be read; crawl show NAME says why");
    }
    Ok(Exit::Done)
}

/// Reads a source and shows how far it is.
fn watched(app: &App, name: &str, runtime: &Handle, console: &mut Console) -> Result<PassEnd> {
    let progress = console.progress("files and chapters", 0);
    let end = thread::scope(|scope| {
        let pass = scope.spawn(|| app.crawler.read_source(name, runtime));
        let mut shown = 0;
        while !pass.is_finished() {
            thread::sleep(LOOK_EVERY);
            for (_, now) in app.crawler.progress().iter().filter(|(other, _)| other == name) {
                let done = now.now().done;
                let there = u64::from(done.added + done.updated + done.known + done.chapters + done.failed);
                progress.advance(there.saturating_sub(shown));
                shown = shown.max(there);
            }
        }
        pass.join()
    });
    match end {
        Ok(end) => Ok(end?),
        Err(_) => bail!("reading {name} ended in a panic"),
    }
}

fn dry_run(app: &App, names: &[String], json: bool, console: &mut Console) -> Result<Exit> {
    let names = match names {
        [] => app.crawler.sources()?.into_iter().map(|source| source.name).collect(),
        names => names.to_vec(),
    };
    let mut documents = serde_json::Map::new();
    for name in &names {
        let dry = with_runtime(|runtime| app.crawler.dry_run(name, runtime))??;
        if json {
            documents.insert(name.clone(), serde_json::to_value(&dry)?);
            continue;
        }
        for one in &dry.would_fetch {
            let size = one.bytes.map(|bytes| format!("{} kB", bytes.div_ceil(1024))).unwrap_or_default();
            let (authors, format) = (one.authors.join(", "), one.format.as_deref().unwrap_or_default());
            console.line(format_args!("{name}\t{}\t{authors}\t{format}\t{size}\t{}", one.title, one.url));
            if let Some(why) = &one.forbidden {
                console.line(format_args!("\tnot fetched: {why}"));
            }
        }
        dry.troubles.iter().for_each(|trouble| console.error(trouble));
        console.error(format_args!(
            "{name}: {} books would be fetched, {} are there; {} pages read, {} known and not read",
            dry.would_fetch.len(),
            dry.known,
            dry.pages,
            dry.pages_left
        ));
    }
    if json {
        console.line(serde_json::Value::Object(documents));
    }
    Ok(Exit::Done)
}

fn check(app: &App, name: &str, words: Option<&str>, console: &mut Console) -> Result<Exit> {
    let steps = with_runtime(|runtime| app.crawler.check_source(name, words, runtime))??;
    for step in &steps {
        console.line(format_args!("{}\t{}\t{}", if step.works { "works" } else { "fails" }, step.step, step.outcome));
    }
    Ok(if steps.iter().all(|step| step.works) { Exit::Done } else { Exit::Failed })
}

fn list(app: &App, json: bool, console: &mut Console) -> Result<Exit> {
    let mut documents = Vec::new();
    for source in app.crawler.sources()? {
        if json {
            documents.push(document(&source));
        } else {
            console.line(line(&source));
        }
    }
    if json {
        console.line(json!(documents));
    }
    Ok(Exit::Done)
}

fn line(source: &Source) -> String {
    let Source { name, record, state, next_at } = source;
    let when = match (&state.stopped, record.is_paused, next_at) {
        (Some(why), _, _) => format!("stopped: {why}"),
        (None, true, _) => "paused".to_owned(),
        (None, false, Some(next)) => format!("next {}", next.format("%F %H:%M UTC")),
        (None, false, None) => "never".to_owned(),
    };
    let outcome = if state.outcome.is_empty() { "not read yet" } else { &state.outcome };
    format!("{name}\t{}\t{}\t{when}\t{outcome}", kind_name(record.kind), record.url)
}

/// A source as JSON, without its password, and without its rules, which may hold others.
fn document(source: &Source) -> serde_json::Value {
    let mut record = serde_json::to_value(&source.record).unwrap_or_default();
    if let Some(record) = record.as_object_mut() {
        record.remove("password");
        record.remove("rules");
    }
    json!({ "name": source.name, "source": record, "state": source.state, "next_at": source.next_at })
}

fn kind_name(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Opds => "opds",
        SourceKind::Feed => "feed",
        SourceKind::Sitemap => "sitemap",
        SourceKind::Listing => "listing",
        SourceKind::Webdav => "webdav",
        SourceKind::Rules => "rules",
    }
}

fn show(app: &App, name: &str, all: bool, log: bool, console: &mut Console) -> Result<Exit> {
    let source = app.crawler.source(name)?;
    if log {
        for line in app.crawler.log_of(name, 100)?.into_iter().rev() {
            console.line(format_args!("{}\t{}\t{}", line.at.format("%F %T"), line.what, line.outcome));
        }
        return Ok(Exit::Done);
    }
    console.line(line(&source));
    console.line(format_args!("rights: {}\tlicence: {}", source.record.rights, source.record.licence));
    let mut after: Option<String> = None;
    loop {
        let page = app.crawler.items_of(name, after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(Exit::Done) };
        after = Some(last.clone());
        for (id, item) in &page {
            let state = match &item.state {
                ItemState::Waiting => "waits".to_owned(),
                ItemState::Done => format!("book {}", item.book.unwrap_or_default()),
                ItemState::Failed { reason, tries, next_at } => {
                    format!("failed {tries} times: {reason}; again from {}", next_at.format("%F %H:%M UTC"))
                }
                ItemState::Refused { reason } => format!("left alone: {reason}"),
            };
            if all || item.state != ItemState::Done {
                console.line(format_args!("{id}\t{}\t{state}", item.title));
                for missing in app.crawler.missing_chapters(name, id)? {
                    console.line(format_args!("\t{}\t{}", missing.0, missing.1));
                }
            }
        }
    }
}
