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
use crate::library::{self, Counts, IndexState};
use crate::token::Keeper;

/// Lines of the log that `/api/log` gives.
const LOG_LINES: usize = 100;

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

/// `GET /api/log`
pub(super) async fn log(visit: &Visit) -> Result<Response, Refusal> {
    let path = visit.app.log_dir().join(log_tail::FILE);
    let (lines, _) = visit.ask(move || log_tail::tail(&path, LOG_LINES)).await?;
    Ok(answer::json(StatusCode::OK, &lines))
}

/// `GET /api/disk`: bytes of each part of the data, and what is free. Walks the folders, so it is asked for apart.
pub(super) async fn disk(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let disk = visit.ask(move || disk_use(&app)).await?;
    Ok(answer::json(StatusCode::OK, &disk))
}

fn disk_use(app: &App) -> anyhow::Result<serde_json::Value> {
    let folder = |name: &str| -> u64 {
        let files = walkdir::WalkDir::new(app.data_dir.join(name)).into_iter().filter_map(Result::ok);
        files.filter_map(|entry| entry.metadata().ok()).filter(|meta| meta.is_file()).map(|meta| meta.len()).sum()
    };
    Ok(json!({
        "database": app.store.bytes_on_disk()?,
        "index": folder("index"),
        "files": folder("files"),
        "log": folder("log"),
        "free": fs2::available_space(&app.data_dir)?,
    }))
}
