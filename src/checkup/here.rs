//! What can be seen on this machine without asking anybody.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::{Check, Finding, State};
use crate::app::App;
use crate::library::{self, Checked};

/// Less than this and it is time to make room, in bytes.
const LITTLE_SPACE: u64 = 2 << 30;
/// Less than this and books are refused soon.
const NO_SPACE: u64 = 200 << 20;
/// Memory that should be free, in bytes.
const LITTLE_MEMORY: u64 = 100 << 20;
/// Days after which a backup is old.
const OLD_BACKUP: i64 = 8;
/// So many damaged files are named.
const NAMED: usize = 5;

/// All of it, with what a check of the files of books has found.
pub fn here(app: &App, checked: library::Result<Checked>, now: DateTime<Utc>) -> Vec<Finding> {
    let mut findings =
        vec![program(app, now), time_zone(app, now), permissions(app), disk(app), memory(), open_files(app)];
    findings.push(store(app));
    findings.extend(files(checked));
    findings.push(index(app));
    findings.push(backup(app, now));
    findings.push(public_url(app));
    findings
}

fn program(app: &App, now: DateTime<Utc>) -> Finding {
    let (version, system) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS);
    let minutes = (now - app.started_at).num_minutes();
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let facts = format!("shutong {version}, {system} {}, up {days} d {hours} h {minutes} min", std::env::consts::ARCH);
    Finding::new(Check::Program, State::Good, facts)
}

fn time_zone(app: &App, now: DateTime<Utc>) -> Finding {
    let zone = app.config.time_zone;
    let facts = format!("{zone}, it is {}", now.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S"));
    Finding::new(Check::TimeZone, State::Good, facts)
}

/// What others can read or change in the data folder: the folder itself, and what lies in it.
pub(super) fn exposed(data_dir: &Path) -> Vec<PathBuf> {
    let is_exposed = |path: &PathBuf| {
        let found = fs::symlink_metadata(path);
        found.is_ok_and(|found| !found.file_type().is_symlink() && found.permissions().mode() & 0o077 != 0)
    };
    let inside = fs::read_dir(data_dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    std::iter::once(data_dir.to_owned()).chain(inside).filter(is_exposed).collect()
}

fn permissions(app: &App) -> Finding {
    let exposed = exposed(&app.data_dir);
    // Who cannot enter the folder reads nothing in it, whatever the modes there are.
    let state = match exposed.first() {
        None => State::Good,
        Some(first) if *first == app.data_dir => State::Bad,
        Some(_) => State::Warn,
    };
    let names: Vec<String> = exposed.iter().take(NAMED).map(|path| path.display().to_string()).collect();
    let facts = match exposed.len() {
        0 => format!("{} is yours alone", app.data_dir.display()),
        open => format!("{open} open to others: {}", names.join(", ")),
    };
    Finding::new(Check::Permissions, state, facts)
}

fn disk(app: &App) -> Finding {
    let (free, whole) = (fs2::available_space(&app.data_dir), fs2::total_space(&app.data_dir));
    let (Ok(free), Ok(whole)) = (free, whole) else {
        return Finding::new(Check::Disk, State::Warn, "the system does not say");
    };
    let state = match free {
        0..NO_SPACE => State::Bad,
        NO_SPACE..LITTLE_SPACE => State::Warn,
        _ => State::Good,
    };
    Finding::new(Check::Disk, state, format!("{} MB free of {} MB", free >> 20, whole >> 20))
}

/// Memory of this process; nothing on systems that do not say.
pub fn resident_bytes() -> Option<u64> {
    kernel("/proc/self/status", "VmRSS:")
}

fn kernel(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn memory() -> Finding {
    let (Some(own), Some(free)) = (resident_bytes(), kernel("/proc/meminfo", "MemAvailable:")) else {
        return Finding::new(Check::Memory, State::Good, "the system does not say");
    };
    let state = if free < LITTLE_MEMORY { State::Warn } else { State::Good };
    Finding::new(Check::Memory, state, format!("{} MB in use here, {} MB left", own >> 20, free >> 20))
}

fn open_files(app: &App) -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    // Each connection of each of three listeners is one, and a download is two.
    let wanted = app.config.limits.connections as u64 * 4;
    let state = match limit {
        Some(limit) if limit < wanted => State::Warn,
        _ => State::Good,
    };
    let limit = limit.map_or("no limit".to_owned(), |limit| limit.to_string());
    Finding::new(Check::OpenFiles, state, format!("{open} of {limit}; {wanted} may be needed"))
}

fn store(app: &App) -> Finding {
    if app.store.is_failed() {
        return Finding::new(Check::Store, State::Bad, "the disk has refused a commit");
    }
    match (app.library.counts(), app.store.bytes_on_disk()) {
        (Ok(counts), Ok(bytes)) => {
            let facts = format!("{} books, {} followers, {} MB", counts.books, counts.followers, bytes >> 20);
            Finding::new(Check::Store, State::Good, facts)
        }
        (Err(error), _) => Finding::new(Check::Store, State::Bad, error.to_string()),
        (_, Err(error)) => Finding::new(Check::Store, State::Bad, error.to_string()),
    }
}

/// One finding, and one more for each file that is damaged, the first few of them.
fn files(checked: library::Result<Checked>) -> Vec<Finding> {
    let checked = match checked {
        Ok(checked) => checked,
        Err(error) => return vec![Finding::new(Check::Files, State::Bad, error.to_string())],
    };
    let state = if checked.damaged.is_empty() { State::Good } else { State::Bad };
    let facts = format!("{} of {} books, {} damaged", checked.files, checked.books, checked.damaged.len());
    let mut findings = vec![Finding::new(Check::Files, state, facts)];
    findings.extend(checked.damaged.into_iter().take(NAMED).map(|one| Finding::new(Check::Files, State::Bad, one)));
    findings
}

fn index(app: &App) -> Finding {
    let index = app.library.index_state();
    let (state, facts) = match index.rebuilding {
        Some((done, of)) => (State::Warn, format!("being made anew: {done} of {of}")),
        None if index.pending > 1_000 => {
            (State::Warn, format!("{} books, {} changes to come", index.books, index.pending))
        }
        None => (State::Good, format!("{} books, {} changes to come", index.books, index.pending)),
    };
    Finding::new(Check::Index, state, facts)
}

fn backup(app: &App, now: DateTime<Utc>) -> Finding {
    let kept = match app.backups.list() {
        Ok(kept) => kept,
        Err(error) => return Finding::new(Check::Backup, State::Bad, error.to_string()),
    };
    let Some(last) = kept.first() else { return Finding::new(Check::Backup, State::Warn, "there is none") };
    let age = now.with_timezone(&app.config.time_zone).naive_local() - last.made_at;
    let state = if age.num_days() >= OLD_BACKUP { State::Warn } else { State::Good };
    let facts = format!("{}, {} days ago, {} MB; {} in all", last.name, age.num_days(), last.bytes >> 20, kept.len());
    Finding::new(Check::Backup, state, facts)
}

fn public_url(app: &App) -> Finding {
    let (state, facts) = match app.config.public_url.as_str() {
        "" => (State::Warn, "not set".to_owned()),
        url if url.starts_with("https://") => (State::Good, url.to_owned()),
        url => (State::Warn, format!("{url} is not https")),
    };
    Finding::new(Check::PublicUrl, state, facts)
}
