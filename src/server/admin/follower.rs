//! One follower: what is known, and what can be done about it. All of it is what `shutong follower` does, too.

use askama::Template;
use serde_json::json;
use warp::http::StatusCode;
use warp::http::header::{self, HeaderValue};
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::deliveries::{self, Shown};
use super::followers::{Row, address};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::reply::{self, Dossier, Listed, Usage};

#[derive(Template)]
#[template(path = "admin/follower.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    row: &'a Row,
    /// Where this page is.
    path: &'a str,
    known: &'a Dossier,
    deliveries: &'a [Shown],
    quota: Usage,
}

impl Page<'_> {
    /// Of how many; no limit is said so.
    fn of(&self, used: &u64, most: &u64) -> String {
        let most = if *most == 0 { "∞".to_owned() } else { most.to_string() };
        format!("{used} / {most}")
    }
}

/// `GET /followers/{id}`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let known = dossier(visit).await?;
    let row = row(visit, &known.follower).await?;
    let notice = visit.notice();
    let frame = visit.frame("followers");
    let deliveries: Vec<Shown> = known.deliveries.iter().map(|row| Shown::of(&frame, row)).collect();
    answer::page(&Page {
        frame: &frame,
        notice: notice.as_ref(),
        path: &address(&row.id),
        row: &row,
        known: &known,
        deliveries: &deliveries,
        quota: visit.app.desk.quota(),
    })
}

/// `GET /api/followers/{id}`
pub(super) async fn api(visit: &Visit) -> Result<Response, Refusal> {
    let known = dossier(visit).await?;
    let row = row(visit, &known.follower).await?;
    let downloads = known.downloads.iter().map(|(id, title, at)| json!({ "book": id, "title": title, "at": at }));
    let addresses = known.addresses.iter().map(|(address, proven)| json!({ "address": address, "proven": proven }));
    let deliveries = known.deliveries.iter().map(deliveries::described);
    Ok(answer::json(
        StatusCode::OK,
        &json!({
            "follower": row, "downloads": downloads.collect::<Vec<_>>(), "requests": known.requests,
            "subscriptions": known.subscriptions, "addresses": addresses.collect::<Vec<_>>(),
            "deliveries": deliveries.collect::<Vec<_>>(), "waiting": known.waiting, "place": known.place,
        }),
    ))
}

/// `GET /followers/{id}/export`: everything that is kept, as a file. It takes a walk through the whole store.
pub(super) async fn export(visit: &Visit) -> Result<Response, Refusal> {
    let found = one(visit).await?;
    let name = format!("follower-{}.json", found.id().replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
    let (app, now) = (visit.app.clone(), visit.now);
    let document = visit.ask(move || app.desk.export_follower(&found.account, &found.open_id, now)).await?;
    let text = serde_json::to_vec_pretty(&document).map_err(|error| visit.failed(&error))?;
    let mut response = answer::bytes(StatusCode::OK, "application/json", text);
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition.map_err(|error| visit.failed(&error))?);
    Ok(response)
}

/// `POST /followers/{id}`: `do` says what; forgetting wants a `sure`.
pub(super) async fn change(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let found = one(visit).await?;
    let path = address(found.id());
    let name = visit.app.pseudonyms.of(&found.open_id);
    let (app, now) = (visit.app.clone(), visit.now);
    let (key, path) = match form.get("do").map(String::as_str) {
        Some("block") => {
            visit.ask(move || app.desk.block(&found.account, &found.open_id, true, now)).await?;
            log::info!(follower = name; "blocked on the admin page");
            ("follower.is_blocked", path)
        }
        Some("unblock") => {
            let is_all = found.record.alias.is_empty();
            visit.ask(move || app.desk.block(&found.account, &found.open_id, false, now)).await?;
            log::info!(follower = name; "unblocked on the admin page");
            // Where nothing else was kept, nothing is left to be shown.
            ("follower.is_unblocked", if is_all { "/followers".to_owned() } else { path })
        }
        Some("reset") => {
            visit.ask(move || app.desk.reset_quota(&found, now)).await?;
            log::info!(follower = name; "quotas of today given back on the admin page");
            ("follower.is_reset", path)
        }
        Some("forget") => {
            if !form.contains_key("sure") {
                return Err(Refusal::Invalid(visit.words().get("follower.not_sure").to_owned()));
            }
            visit.ask(move || app.desk.forget(&found.account, &found.open_id)).await?;
            log::info!(follower = name; "forgotten on the admin page");
            ("follower.is_forgotten", "/followers".to_owned())
        }
        _ => return Err(Refusal::Broken),
    };
    visit.leave(visit.words().get(key).to_owned());
    Ok(answer::done(visit, &path))
}

async fn one(visit: &Visit) -> Result<Listed, Refusal> {
    let id = visit.parameters.first().cloned().unwrap_or_default();
    let app = visit.app.clone();
    let found = move || {
        let accounts = app.desk.accounts_met()?;
        let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let mut found = app.desk.find_followers(&accounts, &id)?;
        // An openid is a name here only of somebody who has no alias.
        found.retain(|listed| listed.id() == id);
        Ok::<_, reply::Error>(found.pop())
    };
    visit.ask(found).await?.ok_or(Refusal::NotFound)
}

async fn dossier(visit: &Visit) -> Result<Dossier, Refusal> {
    let found = one(visit).await?;
    let (app, now) = (visit.app.clone(), visit.now);
    let known = visit.ask(move || app.desk.dossier(&found.account, &found.open_id, now));
    known.await?.ok_or(Refusal::NotFound)
}

async fn row(visit: &Visit, follower: &Listed) -> Result<Row, Refusal> {
    let (app, now, follower) = (visit.app.clone(), visit.now, follower.clone());
    visit.ask(move || Row::of(&app, &follower, now)).await
}
