//! The first page: is everything well, what was asked for, what has come.

use std::net::SocketAddr;
use std::sync::Arc;

use askama::Template;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::api::{self, State};
use super::books::Entry;
use super::frame::{self, Frame};
use super::log_tail::{self, Line};
use super::visit::Visit;
use crate::app::App;
use crate::config::Listen;
use crate::store::records::{MissRecord, RequestRecord};
use crate::token::Keeper;
use crate::wechat::{Account, Mode};

/// Rows of each list.
const ROWS: usize = 8;
/// Covers of the latest books.
const LATEST: usize = 6;
/// Lines of the log.
const LOG_LINES: usize = 100;

#[derive(Template)]
#[template(path = "admin/dashboard.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    seen: &'a Seen,
    listeners: &'a [Listener],
    accounts: &'a [AccountRow],
    log: &'a [Line],
    uptime: &'a str,
    version: &'static str,
}

/// One listener, as the page shows it.
struct Listener {
    name: &'static str,
    address: SocketAddr,
    /// Whether other machines can reach it.
    is_exposed: bool,
}

/// One account. Its secrets are not here, so they cannot be shown.
struct AccountRow {
    name: String,
    app_id: String,
    callback: String,
    mode: &'static str,
    is_verified: bool,
    /// How long its access_token still lives, if there is one.
    token: Option<String>,
}

/// What was read from the library.
struct Seen {
    state: State,
    requests: Vec<(String, RequestRecord)>,
    misses: Vec<MissRecord>,
    latest: Vec<Entry>,
}

/// `GET /`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let seen = visit.ask(move || look(&app)).await?;
    let path = visit.app.log_dir().join(log_tail::FILE);
    let (log, _) = visit.ask(move || log_tail::tail(&path, LOG_LINES)).await?;
    let frame = visit.frame("dashboard");
    let page = Page {
        frame: &frame,
        seen: &seen,
        listeners: &listeners(visit),
        accounts: &accounts(&visit.app),
        log: &log,
        uptime: &uptime(&frame, (visit.now - visit.app.started_at).num_minutes()),
        version: env!("CARGO_PKG_VERSION"),
    };
    answer::page(&page)
}

fn look(app: &App) -> crate::library::Result<Seen> {
    let latest = app.library.latest(None, LATEST)?;
    Ok(Seen {
        state: api::state(app)?,
        requests: app.library.requests(ROWS)?,
        misses: app.library.misses(ROWS)?,
        latest: Entry::all(&app.library, &latest)?,
    })
}

fn listeners(visit: &Visit) -> Vec<Listener> {
    let Listen { public, token, admin } = visit.admin.listening;
    let listener = |(name, address): (&'static str, SocketAddr)| Listener {
        name,
        address,
        is_exposed: !address.ip().is_loopback(),
    };
    [("public", public), ("token", token), ("admin", admin)].map(listener).into()
}

fn accounts(app: &App) -> Vec<AccountRow> {
    let row = |account: &Arc<Account>| AccountRow {
        name: account.name().to_owned(),
        app_id: account.app_id().to_owned(),
        callback: format!("{}/wechat/{}", app.links.public_url(), account.name()),
        mode: match account.mode() {
            Mode::Plain => "plain",
            Mode::Compatible => "compatible",
            Mode::Safe => "safe",
        },
        is_verified: account.verified(),
        token: app.tokens.of(Some(account.name())).and_then(token_left),
    };
    app.accounts.iter().map(row).collect()
}

fn token_left(keeper: &Arc<Keeper>) -> Option<String> {
    keeper.current().map(|held| frame::clock_face(keeper.left(&held).as_secs()))
}

fn uptime(frame: &Frame<'_>, minutes: i64) -> String {
    match minutes {
        ..120 => frame.f("uptime.minutes", "n", minutes.max(0)),
        120..2880 => frame.f("uptime.hours", "n", minutes / 60),
        _ => frame.f("uptime.days", "n", minutes / 1440),
    }
}
