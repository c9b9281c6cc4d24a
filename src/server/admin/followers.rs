//! The followers: a list without names, who wrote last first. Who somebody is, nobody here knows; a follower is called by
//! the alias that stands in links, and by the short name that stands in the log.
//!
//! What the list shows is read for its rows only, so that it is as fast with a hundred thousand followers as with ten.

use askama::Template;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::Visit;
use crate::app::App;
use crate::library::requests::follower_key;
use crate::reply::{self, Listed, Standing, Usage};

/// Followers of one page of the list.
const ROWS: usize = 50;

/// A follower in the list.
#[derive(Serialize)]
pub(super) struct Row {
    /// What it is called in addresses.
    pub(super) id: String,
    pub(super) account: String,
    /// What it is called in the log.
    pub(super) log_name: String,
    pub(super) since: DateTime<Utc>,
    pub(super) seen_at: DateTime<Utc>,
    pub(super) left_at: Option<DateTime<Utc>>,
    pub(super) blocked: bool,
    /// A follower of the simulator.
    pub(super) test: bool,
    pub(super) last_words: Option<String>,
    pub(super) downloads_today: u64,
    pub(super) searches_today: u64,
    pub(super) pushes_today: u64,
    pub(super) addresses: usize,
    pub(super) subscriptions: usize,
}

impl Row {
    pub(super) fn of(app: &App, listed: &Listed, now: DateTime<Utc>) -> reply::Result<Row> {
        let Listed { account, open_id, record } = listed;
        let used = app.desk.usage(listed, now)?;
        Ok(Row {
            id: listed.id().to_owned(),
            account: account.clone(),
            log_name: app.pseudonyms.of(open_id),
            since: record.since,
            seen_at: record.seen_at,
            left_at: record.left_at,
            blocked: record.blocked,
            test: record.simulated,
            last_words: app.desk.last_words(account, open_id, now).map(|words| words.text),
            downloads_today: used.downloads,
            searches_today: used.searches,
            pushes_today: used.pushes,
            addresses: app.kindle.addresses(&follower_key(account, open_id))?.len(),
            subscriptions: app.desk.subscriptions_of(account, open_id)?.len(),
        })
    }
}

/// What `?account=&state=&after=` asks for.
struct Found {
    rows: Vec<Row>,
    older: Option<String>,
    accounts: Vec<String>,
    account: String,
    standing: Standing,
}

async fn find(visit: &Visit) -> Result<Found, Refusal> {
    let query = |name: &str| visit.head.query.get(name).cloned().unwrap_or_default();
    let (account, after, state) = (query("account"), query("after"), query("state"));
    let standing = Standing::of(&state).unwrap_or_default();
    let (app, now) = (visit.app.clone(), visit.now);
    let found = move || {
        let of = Some(account.as_str()).filter(|account| !account.is_empty());
        let after = Some(after.as_str()).filter(|after| !after.is_empty());
        let roll = app.desk.roll(of, standing, after, ROWS, now)?;
        let rows = roll.followers.iter().map(|listed| Row::of(&app, listed, now)).collect::<reply::Result<_>>()?;
        Ok::<_, reply::Error>(Found { rows, older: roll.older, accounts: app.desk.accounts_met()?, account, standing })
    };
    visit.ask(found).await
}

#[derive(Template)]
#[template(path = "admin/followers.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    found: &'a Found,
    quota: Usage,
    /// How many follow.
    following: u64,
    /// What was looked for and not found.
    missed: Option<&'a str>,
}

impl Page<'_> {
    fn standings(&self) -> [Standing; 4] {
        Standing::EACH
    }

    fn label(&self, standing: &Standing) -> &str {
        self.frame.words.get(match standing {
            Standing::All => "followers.all",
            Standing::Active => "followers.active",
            Standing::Blocked => "followers.blocked",
            Standing::Left => "followers.left",
        })
    }

    /// Whether nothing is filtered and there is nothing.
    fn is_empty(&self) -> bool {
        self.found.rows.is_empty() && self.found.account.is_empty() && self.found.standing == Standing::All
    }
}

/// `GET /followers?account=&state=&after=`; `q` is an alias, an openid or a name in the log, and leads to who is meant.
pub(super) async fn list(visit: &Visit) -> Result<Response, Refusal> {
    let sought = visit.head.query.get("q").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(sought) = &sought
        && let Some(id) = look_up(visit, sought).await?
    {
        return Ok(answer::see(&address(&id)));
    }
    let found = find(visit).await?;
    let library = visit.app.library.clone();
    let following = visit.ask(move || library.counts()).await?.followers;
    let notice = visit.notice();
    answer::page(&Page {
        frame: &visit.frame("followers"),
        notice: notice.as_ref(),
        found: &found,
        quota: visit.app.desk.quota(),
        following,
        missed: sought.as_deref(),
    })
}

/// `GET /api/followers?account=&state=&after=`
pub(super) async fn api(visit: &Visit) -> Result<Response, Refusal> {
    let found = find(visit).await?;
    let quota = visit.app.desk.quota();
    let limits = json!({ "downloads": quota.downloads, "searches": quota.searches, "pushes": quota.pushes });
    Ok(answer::json(StatusCode::OK, &json!({ "followers": found.rows, "limits": limits, "older": found.older })))
}

/// Where the page of a follower is.
pub(super) fn address(id: &str) -> String {
    format!("/followers/{}", percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC))
}

async fn look_up(visit: &Visit, sought: &str) -> Result<Option<String>, Refusal> {
    let (app, sought) = (visit.app.clone(), sought.to_owned());
    let found = move || {
        let accounts = app.desk.accounts_met()?;
        let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let named = app.desk.find_followers(&accounts, &sought)?.pop();
        let in_log = || app.desk.find_follower(|open_id| app.pseudonyms.of(open_id) == sought);
        let found = if named.is_some() { named } else { in_log()? };
        Ok::<_, reply::Error>(found.map(|listed| listed.id().to_owned()))
    };
    visit.ask(found).await
}
