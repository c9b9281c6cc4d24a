//! JSON for scripts, the page's own and the owner's, behind the same guard as the pages.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::books;
use super::log_tail;
use super::visit::Visit;
use crate::app::App;
use crate::checkup;
use crate::library::{self, Counts, IndexState};
use crate::statistics::DAYS_KEPT;
use crate::token::Keeper;

/// Lines of the log that `/api/log` gives when it is not told how many.
const LOG_LINES: usize = 100;
/// And at most.
const MOST_LOG_LINES: usize = 1000;

/// What changes while one looks.
#[derive(Serialize)]
pub(super) struct State {
    #[serde(flatten)]
    pub(super) counts: Counts,
    pub(super) index: Index,
}

/// The state of the index, in numbers.
#[derive(Serialize)]
pub(super) struct Index {
    pub(super) books: u64,
    pub(super) pending: u64,
    /// While it is being rebuilt: how many of how many.
    pub(super) rebuilding: Option<(u64, u64)>,
}

impl From<IndexState> for Index {
    fn from(state: IndexState) -> Index {
        Index { books: state.books, pending: state.pending, rebuilding: state.rebuilding }
    }
}

/// How many there are of what, and how far the index is.
pub(super) fn state(app: &App) -> library::Result<State> {
    Ok(State { counts: app.library.counts()?, index: app.library.index_state().into() })
}

/// How long a token still lives. The value is not in it.
#[derive(Serialize)]
pub(super) struct TokenState {
    account: String,
    /// In seconds; 0 if there is none.
    left: u64,
}

/// How long each account's token still lives.
pub(super) fn tokens(app: &App) -> Vec<TokenState> {
    let state = |keeper: &Arc<Keeper>| TokenState {
        account: keeper.account().to_owned(),
        left: keeper.current().map_or(0, |held| keeper.left(&held).as_secs()),
    };
    app.tokens.all().iter().map(state).collect()
}

/// `GET /api/counts`
pub(super) async fn counts(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let state = visit.ask(move || state(&app)).await?;
    Ok(answer::json(StatusCode::OK, &state))
}

/// `GET /api/books?q=&format=&language=&source=&lack=&sort=&page=&before=`: one page of the list, and what there is to
/// filter by.
pub(super) async fn books(visit: &Visit) -> Result<Response, Refusal> {
    let (asked, found) = books::find(visit).await?;
    Ok(answer::json(
        StatusCode::OK,
        &json!({
            "books": found.entries, "total": found.total, "page": asked.page, "pages": found.pages,
            "older": found.older, "languages": found.facets.languages, "sources": found.facets.sources,
        }),
    ))
}

/// `GET /api/log?level=&lines=`: the last lines; with `level`, those of `warn` and `error`, or of `error` alone.
pub(super) async fn log(visit: &Visit) -> Result<Response, Refusal> {
    let path = visit.app.log_dir().join(log_tail::FILE);
    let query = |name: &str| visit.head.query.get(name).map_or("", String::as_str);
    let levels: &'static [&'static str] = match query("level") {
        "" | "all" => &["", "warn", "error"],
        "warn" => &["warn", "error"],
        "error" => &["error"],
        _ => return Err(Refusal::Invalid(visit.words().get("log.levels").to_owned())),
    };
    let most = query("lines").parse().unwrap_or(LOG_LINES).min(MOST_LOG_LINES);
    let (mut lines, _) = visit.ask(move || log_tail::tail(&path, usize::MAX)).await?;
    lines.retain(|line| levels.contains(&line.level));
    lines.drain(..lines.len().saturating_sub(most));
    Ok(answer::json(StatusCode::OK, &lines))
}

/// `GET /api/disk`: bytes of each part of the data, what is free, and the memory used. Walks the folders, so it is
/// asked for apart.
pub(super) async fn disk(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let health = visit.ask(move || Health::of(&app)).await?;
    Ok(answer::json(StatusCode::OK, &health))
}

/// Days that `/api/statistics` gives if it is not asked for a number.
const DAYS: u64 = 30;

/// `GET /api/statistics?days=`: counts of each day, oldest first, today last.
pub(super) async fn statistics(visit: &Visit) -> Result<Response, Refusal> {
    let days = match visit.head.query.get("days") {
        None => DAYS,
        Some(text) => text
            .parse()
            .ok()
            .filter(|days| (1..=DAYS_KEPT).contains(days))
            .ok_or_else(|| Refusal::Invalid(visit.words().with("statistics.days", "n", &DAYS_KEPT)))?,
    };
    let (app, now) = (visit.app.clone(), visit.now);
    let days = visit.ask(move || app.statistics.days(days, now)).await?;
    Ok(answer::json(StatusCode::OK, &json!({ "time_zone": visit.app.config.time_zone.name(), "days": days })))
}

/// What disk and memory are used for, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Health {
    database: u64,
    index: u64,
    files: u64,
    log: u64,
    /// What is free where the data is.
    free: u64,
    /// Resident memory; none where the system does not say.
    memory: Option<u64>,
}

impl Health {
    /// All of it. Walks the folders.
    pub(super) fn of(app: &App) -> anyhow::Result<Health> {
        let folder = |name: &str| -> u64 {
            let files = walkdir::WalkDir::new(app.data_dir.join(name)).into_iter().filter_map(Result::ok);
            files.filter_map(|entry| entry.metadata().ok()).filter(|meta| meta.is_file()).map(|meta| meta.len()).sum()
        };
        let of_folders = Health {
            database: 0,
            index: folder("index"),
            files: folder("files"),
            log: folder("log"),
            free: 0,
            memory: None,
        };
        of_folders.now(app)
    }

    /// The same with what can be had without walking brought up to date.
    pub(super) fn now(&self, app: &App) -> anyhow::Result<Health> {
        Ok(Health {
            database: app.store.bytes_on_disk()?,
            free: fs2::available_space(&app.data_dir)?,
            memory: checkup::resident_bytes(),
            ..self.clone()
        })
    }
}
