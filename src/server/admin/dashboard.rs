//! The first page: is everything well, what happened in the last thirty days, what was asked for, what has come.

use std::net::SocketAddr;
use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::api::{self, State};
use super::books::Entry;
use super::frame::{self, Frame};
use super::jobs;
use super::log_tail::{self, Line};
use super::plot::{Plot, Series};
use super::visit::Visit;
use super::wanted::{Lists, Wanted};
use super::{sources, tokens};
use crate::app::App;
use crate::config::Listen;
use crate::crawler::Source;
use crate::jobs::{Job, Standing};
use crate::statistics::Day;
use crate::store::records::{BookId, RenewalRecord};
use crate::token::Status;
use crate::wechat::{Account, Mode};

/// Rows of each list.
const ROWS: usize = 8;
/// Covers of the latest books.
const LATEST: usize = 6;
/// Lines of the log.
const LOG_LINES: usize = 100;
/// Days of the plots.
const DAYS: u64 = 30;
/// Renewals shown of each account.
const RENEWALS: usize = 20;

#[derive(Template)]
#[template(path = "admin/dashboard.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    seen: &'a Seen,
    plots: [Plot<'a>; 4],
    listeners: &'a [Listener],
    log: &'a [Line],
    /// Where the log goes on, for the stream of events.
    log_end: u64,
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
    mode: Mode,
    is_verified: bool,
    /// How its access_token is doing.
    token: Option<Status>,
}

/// What was read from the library.
struct Seen {
    state: State,
    wanted: Arc<Lists>,
    latest: Vec<Entry>,
    days: Vec<Day>,
    top: Vec<(BookId, String, u64)>,
    jobs: Vec<Standing>,
    sources: Vec<Source>,
    accounts: Vec<AccountRow>,
}

/// `GET /`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let (admin, now) = (Arc::clone(&visit.admin), visit.now);
    let seen = visit.ask(move || look(&app, &admin.wanted, now)).await?;
    let path = visit.app.log_dir().join(log_tail::FILE);
    let (log, end) = visit.ask(move || log_tail::tail(&path, LOG_LINES)).await?;
    let frame = visit.frame("dashboard");
    let page = Page {
        frame: &frame,
        seen: &seen,
        plots: plots(&frame, &seen.days),
        listeners: &listeners(visit),
        log: &log,
        log_end: end.offset(),
        uptime: &uptime(&frame, (visit.now - visit.app.started_at).num_minutes()),
        version: env!("CARGO_PKG_VERSION"),
    };
    answer::page(&page)
}

fn look(app: &App, wanted: &Wanted, now: DateTime<Utc>) -> anyhow::Result<Seen> {
    let latest = app.library.latest(None, LATEST)?;
    Ok(Seen {
        state: api::state(app)?,
        wanted: wanted.lists(&app.library, ROWS)?,
        latest: Entry::all(&app.library, &latest)?,
        days: app.statistics.days(DAYS, now)?,
        top: top(app)?,
        jobs: Job::all_standing(app)?,
        sources: app.crawler.first_sources(ROWS)?,
        accounts: app.accounts.iter().map(|account| AccountRow::of(app, account)).collect::<anyhow::Result<_>>()?,
    })
}

/// The books downloaded most, as they are now: one that was merged into another counts there.
fn top(app: &App) -> anyhow::Result<Vec<(BookId, String, u64)>> {
    let mut books: Vec<(BookId, String, u64)> = Vec::new();
    for (id, _) in app.statistics.top_books()? {
        match app.library.shown(id)? {
            Some((id, book)) if !books.iter().any(|(other, ..)| *other == id) => {
                books.push((id, book.title, book.downloads));
            }
            _ => {}
        }
    }
    books.sort_by_key(|(.., downloads)| std::cmp::Reverse(*downloads));
    books.truncate(ROWS);
    Ok(books)
}

fn plots<'a>(frame: &'a Frame<'a>, days: &[Day]) -> [Plot<'a>; 4] {
    let series = |key: &'static str, of: fn(&Day) -> u64| Series { name: frame.s(key), of };
    let messages = [series("plot.messages", |day| day.messages), series("plot.searches", |day| day.searches)];
    let misses = [series("plot.misses", |day| day.misses)];
    let books = [series("plot.downloads", |day| day.downloads), series("plot.pushes", |day| day.pushes)];
    let followers = [series("plot.followed", |day| day.followed), series("plot.left", |day| day.left)];
    [
        Plot::of(frame, "messages", frame.s("plot.of_messages"), &messages, days),
        Plot::of(frame, "books", frame.s("plot.of_books"), &books, days),
        Plot::of(frame, "missed", frame.s("plot.of_misses"), &misses, days),
        Plot::of(frame, "follow", frame.s("plot.of_followers"), &followers, days),
    ]
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

impl AccountRow {
    fn of(app: &App, account: &Account) -> anyhow::Result<AccountRow> {
        let mut token = app.tokens.of(Some(account.name())).map(|keeper| keeper.status()).transpose()?;
        token.iter_mut().for_each(|status| status.renewals.truncate(RENEWALS));
        Ok(AccountRow {
            name: account.name().to_owned(),
            app_id: account.app_id().to_owned(),
            callback: format!("{}/wechat/{}", app.links.public_url(), account.name()),
            mode: account.mode(),
            is_verified: account.verified(),
            token,
        })
    }
}

impl Page<'_> {
    fn left(&self, status: &Status) -> String {
        frame::clock_face(status.expires_in)
    }

    fn cause<'p>(&'p self, renewal: &'p RenewalRecord) -> &'p str {
        tokens::cause(self.frame, renewal)
    }

    fn outcome(&self, renewal: &RenewalRecord) -> String {
        tokens::outcome(self.frame, renewal)
    }

    fn job(&self, standing: &Standing) -> &str {
        jobs::title(self.frame, standing.job)
    }

    /// What is said of a source, and how good that is.
    fn source<'p>(&'p self, source: &'p Source) -> (&'p str, &'static str) {
        match () {
            () if source.state.stopped.is_some() => (self.frame.s("source.stopped"), "bad"),
            () if source.record.is_paused => (self.frame.s("source.paused"), ""),
            () if source.state.is_under_way => (self.frame.s("jobs.running"), "warn"),
            () if source.state.failures > 0 => (self.frame.s("jobs.failed"), "bad"),
            () => (self.frame.s("jobs.waits"), "good"),
        }
    }

    fn place(&self, source: &Source) -> String {
        sources::place(&source.name)
    }
}

fn uptime(frame: &Frame<'_>, minutes: i64) -> String {
    match minutes {
        ..120 => frame.f("uptime.minutes", "n", minutes.max(0)),
        120..2880 => frame.f("uptime.hours", "n", minutes / 60),
        _ => frame.f("uptime.days", "n", minutes / 1440),
    }
}
