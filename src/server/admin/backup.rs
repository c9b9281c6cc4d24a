//! Backups: those there are, a new one, looking whether one is whole, and the way back. All of it is what
//! `shutong backup` and `shutong restore` do, too.
//!
//! What takes its time is begun here and goes on by itself; the page asks how far it is. A restore is prepared while
//! everything goes on, and takes the data's place at the next start.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use bytes::Buf;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;
use warp::http::StatusCode;
use warp::http::header::{self, HeaderValue};
use warp::multipart::{FormData, Part};
use warp::reply::{Reply, Response};

use super::answer::{self, Refusal};
use super::frame::{self, Frame};
use super::notice::Notice;
use super::upload::{base_name, next_in_time};
use super::visit::{Form, Visit};
use crate::app::App;
use crate::backup::{self, Doing, Ended, Error, Kept, Sent, Work, is_prepared};
use crate::config::Language;
use crate::jobs::{self, Job};
use crate::secret::Secret;

const PAGE: &str = "/backup";
/// So much of the disk stays free when a backup is uploaded, in bytes.
const RESERVE: u64 = 64 << 20;
/// So often it is looked whether what was begun goes on …
const MOMENTS: u32 = 40;
/// … with so much time between.
const MOMENT: Duration = Duration::from_millis(5);

#[derive(Template)]
#[template(path = "admin/backup.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    state: &'a State,
    /// Made every night.
    is_scheduled: bool,
    is_sealing: bool,
    folder: &'a str,
    remote: Option<String>,
    /// What is in no backup.
    outside: &'a [String],
    keep: backup::Keep,
    /// Largest upload, in bytes.
    limit: u64,
}

/// What there is, and what is going on.
#[derive(serde::Serialize)]
struct State {
    /// What is being done.
    doing: Option<Doing>,
    /// What was done last.
    ended: Option<Ended>,
    /// Whether a backup waits to take the data's place.
    prepared: bool,
    backups: Vec<Kept>,
    /// What lies elsewhere.
    sent: Vec<Sent>,
}

impl Page<'_> {
    fn doing(&self, doing: &Doing) -> &str {
        self.frame.words.get(match doing.what {
            Work::Making => "backup.making",
            Work::Sending => "backup.sending",
            Work::Verifying => "backup.verifying",
            Work::Restoring => "backup.restoring",
        })
    }

    fn ended(&self, ended: &Ended) -> String {
        let words = self.frame.words;
        let done = match ended.what {
            Work::Making | Work::Sending => "backup.made",
            Work::Verifying => "backup.verified",
            Work::Restoring => "backup.prepared",
        };
        match &ended.error {
            None => words.with(done, "name", &ended.name),
            Some(error) => words.with("backup.failed", "name", &ended.name).replace("{error}", error),
        }
    }

    fn made(&self, kept: &Kept) -> String {
        kept.made_at.format("%Y-%m-%d %H:%M").to_string()
    }

    fn is_sent(&self, kept: &Kept) -> bool {
        self.state.sent.iter().any(|sent| sent.name == kept.name)
    }

    fn kept(&self) -> String {
        let text = self.frame.words.with("backup.keep", "last", &self.keep.last);
        text.replace("{days}", &self.keep.days.to_string()).replace("{weeks}", &self.keep.weeks.to_string())
    }
}

/// `GET /backup`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let state = state(visit).await?;
    let settings = visit.app.backups.settings();
    let app = visit.app.clone();
    let standing = visit.ask(move || Job::Backup.standing(&app)).await?;
    let notice = visit.notice();
    answer::page(&Page {
        frame: &visit.frame("backup"),
        notice: notice.as_ref(),
        state: &state,
        is_scheduled: standing.schedule.is_some(),
        is_sealing: !settings.passphrase.is_empty(),
        folder: &settings.folder.display().to_string(),
        remote: settings.remote.as_ref().map(backup::Remote::name),
        outside: &visit.app.backups.outside(),
        keep: settings.keep,
        limit: room(visit),
    })
}

/// `GET /api/backup`
pub(super) async fn progress(visit: &Visit) -> Result<Response, Refusal> {
    Ok(answer::json(StatusCode::OK, &state(visit).await?))
}

async fn state(visit: &Visit) -> Result<State, Refusal> {
    let app = visit.app.clone();
    visit
        .ask(move || {
            let backups = &app.backups;
            let (prepared, kept, sent) = (is_prepared(&app.data_dir), backups.list()?, backups.sent()?);
            Ok::<_, Error>(State { doing: backups.doing(), ended: backups.ended(), prepared, backups: kept, sent })
        })
        .await
}

/// `POST /backup`: what to `do`: `make` one; with its `name` `verify`, `remove` or `restore` it (with `confirm`, and
/// perhaps a `passphrase`); `cancel` a restore that waits.
pub(super) async fn act(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let name = field("name");
    match field("do").as_str() {
        "make" => begin(visit, Work::Making, String::new(), |app| jobs::back_up(app).map(drop)).await,
        "verify" => {
            let path = path(visit, &name)?;
            let work = move |app: &App| Ok(app.backups.verify(&path, app.clock.now()).map(|_| ())?);
            begin(visit, Work::Verifying, name, work).await
        }
        "restore" => {
            let path = path(visit, &name)?;
            let words = [Language::Zh, Language::En].map(|language| visit.admin.words(language).get("backup.word"));
            if !words.contains(&field("confirm").trim()) {
                let word = visit.words().get("backup.word");
                return Err(Refusal::Invalid(visit.words().with("backup.unconfirmed", "word", word)));
            }
            let passphrase = match field("passphrase") {
                given if given.is_empty() => visit.app.backups.settings().passphrase.clone(),
                given => Secret::new(given),
            };
            log::warn!("a restore of {name} is being prepared on the admin page");
            let work = move |app: &App| Ok(app.backups.restore(&path, &passphrase, app.clock.now()).map(|_| ())?);
            begin(visit, Work::Restoring, name, work).await
        }
        "remove" => {
            let (backups, own) = (visit.app.backups.clone(), name.clone());
            path(visit, &name)?;
            visit.ask(move || backups.remove(&own)).await?;
            log::info!("the backup {name} has been removed");
            Ok(said(visit, visit.words().with("backup.removed", "name", &name)))
        }
        "cancel" => {
            let app = visit.app.clone();
            visit.ask(move || backup::give_up(&app.data_dir)).await?;
            Ok(said(visit, visit.words().get("backup.cancelled").to_owned()))
        }
        _ => Err(Refusal::Broken),
    }
}

/// Begins what takes its time, unless something is going on already.
async fn begin(
    visit: &Visit,
    what: Work,
    name: String,
    work: impl FnOnce(&App) -> anyhow::Result<()> + Send + 'static,
) -> Result<Response, Refusal> {
    if visit.app.backups.doing().is_some() {
        return Err(Refusal::Invalid(visit.words().get("backup.busy").to_owned()));
    }
    let app: Arc<App> = visit.app.clone();
    app.backups.end(None);
    tokio::task::spawn_blocking(move || {
        let error = work(&app).err().map(|error| format!("{error:#}"));
        if let Some(error) = &error {
            log::error!("backup {name}: {error}");
        }
        app.backups.end(Some(Ended { what, name, error, at: app.clock.now() }));
    });
    // The page that is drawn next shows that it goes on.
    for _ in 0..MOMENTS {
        if visit.app.backups.doing().is_some() || visit.app.backups.ended().is_some() {
            break;
        }
        tokio::time::sleep(MOMENT).await;
    }
    Ok(said(visit, visit.words().get("backup.begun").to_owned()))
}

/// `GET /backup/file/{name}`
pub(super) async fn file(visit: &Visit) -> Result<Response, Refusal> {
    let name = visit.parameters.first().cloned().unwrap_or_default();
    let path = path(visit, &name)?;
    let opened = tokio::fs::File::open(&path).await.map_err(|error| visit.failed(&error))?;
    let size = opened.metadata().await.map_err(|error| visit.failed(&error))?.len();
    let mut response = warp::reply::stream(ReaderStream::with_capacity(opened, 128 * 1024)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    // The name is one of a backup: letters, digits, dots and dashes.
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    log::info!("the backup {name} is being downloaded");
    Ok(response)
}

/// `POST /api/backup/upload`: backups from elsewhere, under the names that they have.
pub(super) async fn receive(visit: &Visit, files: Option<FormData>) -> Result<Response, Refusal> {
    let mut parts = files.ok_or(Refusal::Broken)?;
    let mut items = Vec::new();
    while let Some(part) = next_in_time(&mut parts).await? {
        let part = part.map_err(|_| Refusal::Broken)?;
        let Some(name) = part.filename().map(base_name) else { continue };
        let error = put(visit, &name, part).await?;
        let outcome = if error.is_none() { "new" } else { "error" };
        items.push(json!({ "file": name, "outcome": outcome, "error": error }));
    }
    Ok(answer::json(StatusCode::OK, &json!({ "items": items })))
}

/// A file on its way, gone from the disk when this is dropped before it is renamed.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Writes one into the folder, and says why not.
async fn put(visit: &Visit, name: &str, part: Part) -> Result<Option<String>, Refusal> {
    let folder = visit.app.backups.settings().folder.clone();
    let path = folder.join(name);
    if !backup::is_name(name) {
        return Ok(Some(visit.words().get("backup.bad_name").to_owned()));
    }
    if path.exists() {
        return Ok(Some(visit.words().get("backup.known").to_owned()));
    }
    let failed = |error: std::io::Error| visit.failed(&error);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
    let unfinished = Unfinished(folder.join(format!(".{name}.unfinished")));
    let mut out = tokio::fs::OpenOptions::new();
    let out = out.write(true).create(true).truncate(true).mode(0o600).open(&unfinished.0).await;
    let mut out = out.map_err(failed)?;
    let limit = room(visit);
    let mut pieces = Box::pin(part.stream());
    let mut size = 0;
    while let Some(piece) = next_in_time(&mut pieces).await? {
        let mut piece = piece.map_err(|_| Refusal::Broken)?;
        size += piece.remaining() as u64;
        if size > limit {
            return Err(Refusal::TooLarge(limit));
        }
        out.write_all_buf(&mut piece).await.map_err(failed)?;
    }
    out.sync_all().await.map_err(failed)?;
    std::fs::rename(&unfinished.0, &path).map_err(failed)?;
    log::info!("the backup {name} has been uploaded, {}", frame::size(size));
    Ok(None)
}

/// How large an upload may be.
fn room(visit: &Visit) -> u64 {
    let folder = &visit.app.backups.settings().folder;
    let there: &Path = if folder.exists() { folder } else { &visit.app.data_dir };
    fs2::available_space(there).unwrap_or(0).saturating_sub(RESERVE)
}

fn path(visit: &Visit, name: &str) -> Result<PathBuf, Refusal> {
    visit.app.backups.path(name).map_err(|error| match error {
        Error::Refused(_) => Refusal::NotFound,
        error => visit.failed(&error),
    })
}

fn said(visit: &Visit, says: String) -> Response {
    visit.leave(says);
    answer::done(visit, PAGE)
}
