//! What the admin does with an access_token: looks at it, gets a new one, sets one by hand, has this server follow
//! another or not.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::notice::Notice;
use super::tokens::{self, Fault, Place, Said};
use super::visit::{Form, Visit};
use crate::secret::Secret;
use crate::token::{Error, Keeper, LONGEST_BY_HAND, Refreshed};

/// Where all of these lead back to.
const PAGE: &str = "/token";

/// `POST /token/{account}/show`
pub(super) async fn reveal(visit: &Visit) -> Result<Response, Refusal> {
    let keeper = keeper(visit)?;
    let account = keeper.account().to_owned();
    let Some(held) = keeper.current() else {
        let says = visit.words().get("tokens.none_to_show").to_owned();
        return refused(visit, Fault { place: Place::Account(account), says, detail: None }).await;
    };
    log::info!(account; "the access_token was looked at on the admin page");
    if visit.head.wants_json() {
        let value = json!({ "access_token": held.value.expose(), "expires_in": keeper.left(&held).as_secs() });
        return Ok(answer::json(StatusCode::OK, &value));
    }
    tokens::draw(visit, Said { shown: Some((account, held.value.clone())), ..Said::default() }).await
}

/// `POST /token/{account}/refresh`
pub(super) async fn refresh(visit: &Visit) -> Result<Response, Refusal> {
    let keeper = keeper(visit)?;
    let account = keeper.account().to_owned();
    let fault = |key: &str, detail| {
        let says = visit.words().with(key, "account", &account);
        Fault { place: Place::Account(account.clone()), says, detail }
    };
    if !tokens::can_ask(&visit.app, &keeper) {
        return refused(visit, fault("tokens.nobody_to_ask", None)).await;
    }
    log::info!(account; "the admin asks for a new access_token");
    match keeper.refresh().await {
        Ok(Refreshed { is_new, .. }) => {
            let key = if is_new { "tokens.refreshed" } else { "tokens.same" };
            Ok(changed(visit, Notice::of(visit.words().with(key, "account", &account))))
        }
        Err(error @ Error::Store(_)) => Err(visit.failed(&error)),
        Err(error) => refused(visit, fault("tokens.not_refreshed", Some(error.to_string()))).await,
    }
}

/// `POST /token/{account}/set`: the token and the seconds it lives.
pub(super) async fn set(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let keeper = keeper(visit)?;
    let account = keeper.account().to_owned();
    let words = visit.words();
    let fault = |says: String, detail| Fault { place: Place::Setting(account.clone()), says, detail };
    let value = form.get("token").map_or("", |text| text.trim());
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refused(visit, fault(words.get("tokens.set_malformed").to_owned(), None)).await;
    }
    let longest = LONGEST_BY_HAND.as_secs();
    let seconds = form.get("seconds").and_then(|text| text.trim().parse().ok());
    let Some(seconds) = seconds.filter(|seconds| (1..=longest).contains(seconds)) else {
        return refused(visit, fault(words.with("tokens.set_seconds", "longest", &longest), None)).await;
    };
    match keeper.set(Secret::new(value), Duration::from_secs(seconds)).await {
        Ok(Refreshed { note, .. }) => {
            log::info!(account; "the admin has set the access_token by hand");
            let key = if note.is_none() { "tokens.set_checked" } else { "tokens.set_unchecked" };
            Ok(changed(visit, Notice { detail: note, ..Notice::of(words.with(key, "account", &account)) }))
        }
        Err(error @ Error::Store(_)) => Err(visit.failed(&error)),
        Err(error) => refused(visit, fault(words.get("tokens.set_refused").to_owned(), Some(error.to_string()))).await,
    }
}

/// `POST /token/{account}/lead`: with `leads=yes` this server asks the platform itself, else it follows again.
pub(super) async fn lead(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let keeper = keeper(visit)?;
    if !tokens::has_upstream(&visit.app) {
        return Err(Refusal::NotFound);
    }
    let account = keeper.account().to_owned();
    let leads = form.get("leads").is_some_and(|text| text == "yes");
    if leads && keeper.settings().app_secret.is_empty() {
        let says = visit.words().with("tokens.cannot_lead", "account", &account);
        return refused(visit, Fault { place: Place::Account(account), says, detail: None }).await;
    }
    let same = Arc::clone(&keeper);
    visit.ask(move || same.lead(leads)).await?;
    log::info!(account, leads; "the admin has said whom to ask for the access_token");
    let key = if leads { "tokens.leads_now" } else { "tokens.follows_now" };
    Ok(changed(visit, Notice::of(visit.words().with(key, "account", &account))))
}

fn keeper(visit: &Visit) -> Result<Arc<Keeper>, Refusal> {
    let name = visit.parameters.first().ok_or(Refusal::NotFound)?;
    visit.app.tokens.of(Some(name)).cloned().ok_or(Refusal::NotFound)
}

/// Back to the page, which says what was done.
pub(super) fn changed(visit: &Visit, notice: Notice) -> Response {
    if !visit.head.wants_json() {
        visit.leave(notice);
    }
    answer::done(visit, PAGE)
}

/// The page again, with what is wrong.
async fn refused(visit: &Visit, fault: Fault) -> Result<Response, Refusal> {
    if visit.head.wants_json() {
        let detail = fault.detail.map(|detail| format!(" {detail}")).unwrap_or_default();
        return Err(Refusal::Invalid(fault.says + &detail));
    }
    tokens::draw(visit, Said { fault: Some(fault), ..Said::default() }).await
}
