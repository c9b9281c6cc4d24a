//! `shutong convert`: files and folders from one format to another, without a library.
//!
//! The library runs this command, too, as a process of its own with limits, so that a book made to exhaust a
//! converter takes no more than that process.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use parking_lot::Mutex;
use rustix::process::{Resource, Rlimit, setrlimit};
use serde_json::{Value, json};

use super::{Console, Exit, absolute};
use crate::book::{self, Charset, Corrections, Format, ReadOptions, Report, WriteOptions, Written};

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 512 << 20;
/// Stack of a converting thread, in bytes: drawings nest, and whoever draws them calls himself.
const STACK: usize = 64 << 20;

/// Converts books between EPUB, AZW3, MOBI, TXT and HTML; reads Markdown, FB2 and DOCX, too.
#[derive(Debug, Args)]
pub(super) struct Convert {
    /// A file, a folder with books, or - for standard input.
    input: PathBuf,
    /// A file, a folder if the input is one, or - for standard output.
    output: PathBuf,
    /// The format of the input, if its content does not tell: epub, azw3, mobi, txt, html, md, fb2, docx.
    #[arg(long, value_parser = format)]
    from: Option<Format>,
    /// The format of the output, if its name does not tell: epub, azw3, mobi, txt, html.
    #[arg(long, value_parser = format)]
    to: Option<Format>,
    /// Take what can be read of a damaged file.
    #[arg(long)]
    rescue: bool,
    /// Write a text in GB18030 instead of UTF-8.
    #[arg(long)]
    gb18030: bool,
    /// Write an EPUB with only what Amazon's Send to Kindle takes (EPUB only).
    #[arg(long)]
    for_kindle: bool,
    /// Give the book this title.
    #[arg(long)]
    title: Option<String>,
    /// Give the book this author; repeat it for several.
    #[arg(long = "author", value_name = "NAME")]
    authors: Vec<String>,
    /// Give the book this language, as in zh-CN.
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Give the book this JPEG or PNG as its cover.
    #[arg(long, value_name = "FILE")]
    cover: Option<PathBuf>,
    /// The same, if the book has no cover.
    #[arg(long, value_name = "FILE")]
    default_cover: Option<PathBuf>,
    /// Leave out lines of a text like this one (`*` stands for anything); repeat it for several.
    #[arg(long = "advert", value_name = "PATTERN")]
    adverts: Vec<String>,
    /// Print one JSON document with what was changed or left out.
    #[arg(long)]
    json: bool,
    /// Fail rather than take more memory than this, in megabytes.
    #[arg(long, value_name = "MB")]
    memory: Option<u64>,
    /// Fail rather than take more processor time than this, in seconds.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
}

fn format(name: &str) -> Result<Format, String> {
    Format::from_extension(name).ok_or_else(|| format!("there is no format {name}"))
}

/// What became of one file.
struct Converted {
    from: String,
    to: String,
    outcome: Result<Written, String>,
}

/// All that is the same for every file of a folder.
struct Plan<'c> {
    command: &'c Convert,
    corrections: Corrections,
}

impl Convert {
    pub(super) fn run(&self, console: &mut Console) -> Result<Exit> {
        self.limit()?;
        let picture = |path: &Option<PathBuf>| -> Result<Option<Vec<u8>>> {
            let Some(path) = path else { return Ok(None) };
            Ok(Some(fs::read(path).with_context(|| format!("cannot read {}", path.display()))?))
        };
        let corrections = Corrections {
            title: self.title.clone(),
            authors: self.authors.clone(),
            language: self.language.clone(),
            cover: picture(&self.cover)?,
            default_cover: picture(&self.default_cover)?,
        };
        let plan = Plan { command: self, corrections };
        if self.input.is_dir() { plan.folder(console) } else { plan.one(console) }
    }

    /// The process's own limits: what exceeds them ends it, and nothing else.
    fn limit(&self) -> Result<()> {
        let of = |amount: u64| Rlimit { current: Some(amount), maximum: Some(amount) };
        if let Some(megabytes) = self.memory {
            setrlimit(Resource::As, of(megabytes.saturating_mul(1 << 20))).context("cannot limit the memory")?;
        }
        if let Some(seconds) = self.seconds {
            // The first limit ends it with a signal of its own, so that whoever waits can tell it from a kill.
            let limit = Rlimit { current: Some(seconds.max(1)), maximum: Some(seconds.saturating_add(2)) };
            setrlimit(Resource::Cpu, limit).context("cannot limit the time")?;
        }
        Ok(())
    }
}

impl Plan<'_> {
    fn one(&self, console: &mut Console) -> Result<Exit> {
        let Convert { input, output, .. } = self.command;
        let is_stream = |path: &Path| path.as_os_str() == "-";
        let target = self.target(output)?;
        ensure!(!output.is_dir(), "{} is a folder; name the file to write", output.display());
        let (bytes, name) = if is_stream(input) {
            (console.input()?, None)
        } else {
            let path = absolute(input, console)?;
            (read_file(&path)?, path.file_name().map(|name| name.to_string_lossy().into_owned()))
        };
        let outcome = on_big_stack(|| self.convert(&bytes, name.as_deref(), target));
        let written = outcome.map_err(|reason| anyhow::anyhow!("{}: {reason}", input.display()))?;
        if is_stream(output) {
            console.write_all(&written.bytes)?;
            console.flush()?;
        } else {
            ensure!(!same_file(input, output), "input and output are the same file");
            put(&absolute(output, console)?, &written.bytes)?;
        }
        self.report_one(&written, is_stream(output), console);
        Ok(Exit::Done)
    }

    fn report_one(&self, written: &Written, to_stream: bool, console: &mut Console) {
        let Convert { input, output, .. } = self.command;
        if self.command.json {
            let document = entry(&input.to_string_lossy(), &output.to_string_lossy(), Ok(written));
            // Standard output may be the book.
            if to_stream {
                console.error(document)
            } else {
                console.line(document)
            }
            return;
        }
        for line in sentences(&written.report) {
            console.error(line);
        }
    }

    fn target(&self, output: &Path) -> Result<Format> {
        let named = output.file_name().and_then(|name| Format::from_file_name(&name.to_string_lossy()));
        let target = self.command.to.or(named);
        let target = target.with_context(|| {
            format!("{} does not tell a format; give one with --to: {}", output.display(), writable())
        })?;
        self.check(target)?;
        Ok(target)
    }

    /// Refuses what cannot be written, and an option that would do nothing there.
    fn check(&self, target: Format) -> Result<()> {
        ensure!(target.is_writable(), "{target} cannot be written; choose one of: {}", writable());
        let does_something = !self.command.for_kindle || target == Format::Epub;
        ensure!(does_something, "--for-kindle is for EPUB only; leave it out, or write to EPUB (--to epub)");
        Ok(())
    }

    fn folder(&self, console: &mut Console) -> Result<Exit> {
        let Convert { input, output, to, .. } = self.command;
        let Some(target) = *to else { bail!("a folder needs --to: {}", writable()) };
        self.check(target)?;
        let (input, output) = (absolute(input, console)?, absolute(output, console)?);
        ensure!(!output.is_file(), "{} is a file; name a folder to write to", output.display());
        ensure!(!output.starts_with(&input), "the output must not lie in the folder that is converted");
        let tasks = tasks(&input, &output, target);
        ensure!(!tasks.is_empty(), "no books in {}; books end in .epub, .txt, .azw3, .mobi, .html, …", input.display());
        let progress = console.progress("books", tasks.len() as u64);
        let done = self.convert_all(&tasks, target, || progress.advance(1));
        progress.finish();
        Ok(self.report_all(&done, console))
    }

    fn convert_all(&self, tasks: &[(PathBuf, PathBuf)], target: Format, report: impl Fn() + Sync) -> Vec<Converted> {
        let queue = Mutex::new(tasks.iter().enumerate());
        let done = Mutex::new(Vec::with_capacity(tasks.len()));
        let threads = thread::available_parallelism().map_or(2, usize::from).min(8);
        thread::scope(|scope| {
            for _ in 0..threads {
                let work = || {
                    loop {
                        let Some((at, (from, to))) = queue.lock().next() else { return };
                        let mut outcome = self.convert_file(from, to, target);
                        if let Ok(written) = &mut outcome {
                            // Only the report is needed from here on; a folder may hold thousands of books.
                            written.bytes = Vec::new();
                        }
                        let shown = |path: &Path| path.to_string_lossy().into_owned();
                        done.lock().push((at, Converted { from: shown(from), to: shown(to), outcome }));
                        report();
                    }
                };
                // Without a thread more the others do the work; without any, the scope's own error tells.
                let _ = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
            }
        });
        let mut done = done.into_inner();
        done.sort_by_key(|(at, _)| *at);
        done.into_iter().map(|(_, converted)| converted).collect()
    }

    fn convert_file(&self, from: &Path, to: &Path, target: Format) -> Result<Written, String> {
        let bytes = read_file(from).map_err(|error| format!("{error:#}"))?;
        let name = from.file_name().map(|name| name.to_string_lossy().into_owned());
        let written = self.convert(&bytes, name.as_deref(), target)?;
        put(to, &written.bytes).map_err(|error| format!("{error:#}"))?;
        Ok(written)
    }

    fn convert(&self, bytes: &[u8], name: Option<&str>, target: Format) -> Result<Written, String> {
        let Convert { from, rescue, adverts, gb18030, for_kindle, .. } = self.command;
        let read = ReadOptions { file_name: name, format: *from, rescue: *rescue, adverts };
        let charset = if *gb18030 { Charset::Gb18030 } else { Charset::Utf8 };
        let write = WriteOptions { charset, for_kindle: *for_kindle };
        let work = || book::convert(bytes, &read, &self.corrections, target, &write);
        match panic::catch_unwind(AssertUnwindSafe(work)) {
            Ok(outcome) => outcome.map_err(|error| advised(&error, *rescue)),
            Err(_) => Err("the converter has a fault that this book shows; please report it".into()),
        }
    }

    fn report_all(&self, done: &[Converted], console: &mut Console) -> Exit {
        let failed = done.iter().filter(|one| one.outcome.is_err()).count();
        if self.command.json {
            let entries: Vec<Value> = done
                .iter()
                .map(|one| entry(&one.from, &one.to, one.outcome.as_ref().map_err(String::as_str)))
                .collect();
            console.line(json!({ "files": entries, "converted": done.len() - failed, "failed": failed }));
        } else {
            for one in done {
                if let Err(reason) = &one.outcome {
                    console.error(format_args!("{}: {reason}", one.from));
                }
            }
            console.line(format_args!("{} converted, {failed} failed", done.len() - failed));
        }
        if failed == 0 { Exit::Done } else { Exit::Failed }
    }
}

fn advised(error: &book::Error, rescuing: bool) -> String {
    match error {
        book::Error::Malformed(_) if !rescuing => format!("{error}; --rescue takes what can be read of it"),
        error => error.to_string(),
    }
}

fn writable() -> String {
    Format::WRITABLE.map(Format::extension).join(", ")
}

/// The files of a folder that can be converted, with where each goes: the same place under the output folder. Two that
/// differ in the extension alone do not overwrite each other.
fn tasks(input: &Path, output: &Path, target: Format) -> Vec<(PathBuf, PathBuf)> {
    let files = walkdir::WalkDir::new(input).sort_by_file_name().into_iter().filter_map(Result::ok);
    let mut taken = HashSet::new();
    let mut tasks = Vec::new();
    for file in files.filter(|entry| entry.file_type().is_file()) {
        let from = file.into_path();
        let is_book = Format::from_file_name(&from.to_string_lossy()).is_some_and(Format::is_readable);
        let Some(relative) = from.strip_prefix(input).ok().filter(|_| is_book) else { continue };
        let stem = relative.with_extension("");
        let mut to = output.join(relative).with_extension(target.extension());
        let mut number = 2;
        while !taken.insert(to.clone()) {
            to = output.join(format!("{} ({number}).{}", stem.display(), target.extension()));
            number += 1;
        }
        tasks.push((from, to));
    }
    tasks
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    let size = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    ensure!(size <= MOST_BYTES, "{} is larger than {} MB", path.display(), MOST_BYTES >> 20);
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let cannot = || format!("cannot write {}", path.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = folder.join(format!(".{}.{}", name.chars().take(60).collect::<String>(), std::process::id()));
    let written = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.with_context(cannot)
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Runs the work on a thread with a stack for deeply nested drawings.
fn on_big_stack<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| format!("cannot start a thread: {error}"))?;
        thread.join().unwrap_or_else(|_| Err("the converter has a fault that this book shows".into()))
    })
}

fn entry(from: &str, to: &str, outcome: Result<&Written, &str>) -> Value {
    match outcome {
        Ok(written) => json!({ "input": from, "output": to, "report": written.report }),
        Err(reason) => json!({ "input": from, "output": to, "error": reason }),
    }
}

/// The report as people read it.
fn sentences(report: &Report) -> impl Iterator<Item = String> {
    report.entries().map(|(change, entry)| {
        let examples =
            if entry.examples.is_empty() { String::new() } else { format!(": {}", entry.examples.join("; ")) };
        format!("{change} ({}){examples}", entry.count)
    })
}
