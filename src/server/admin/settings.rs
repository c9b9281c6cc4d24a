//! The admin's own things: password, sessions, look and language of the page.

use askama::Template;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::login::{self, Fault};
use super::session::Session;
use super::visit::{Form, Visit};
use super::{password, session};

#[derive(Template)]
#[template(path = "admin/settings.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    fault: Option<&'a str>,
    sessions: &'a [Session],
    own: &'a str,
    shortest: usize,
}

impl Page<'_> {
    fn is_own(&self, session: &Session) -> bool {
        session.id == self.own
    }
}

/// `GET /settings`, or the same after a password was not taken.
pub(super) async fn show(visit: &Visit, fault: Option<&'static str>) -> Result<Response, Refusal> {
    let (store, now) = (visit.app.store.clone(), visit.now);
    let sessions = visit.ask(move || session::list(&store, now)).await?;
    let frame = visit.frame("settings");
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Page {
        frame: &frame,
        fault: fault.map(|key| visit.words().get(key)),
        sessions: &sessions,
        own: visit.session_id(),
        shortest: password::SHORTEST,
    };
    answer::page_with(status, &page)
}

/// `POST /settings/password`: the old one, the new one twice. Ends every session and begins a new one.
pub(super) async fn change_password(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    match login::check_password(visit, form.get("password").map_or("", String::as_str)).await {
        Ok(()) => {}
        Err(Refusal::Forbidden(key)) => return show(visit, Some(key)).await,
        Err(refusal) => return Err(refusal),
    }
    let hash = match login::new_password(visit, form).await {
        Ok(hash) => hash,
        Err(Fault::Words(key)) => return show(visit, Some(key)).await,
        Err(Fault::Refusal(refusal)) => return Err(refusal),
    };
    let store = visit.app.store.clone();
    visit.ask(move || password::save(&store, &hash)).await?;
    log::info!("the admin password has been changed");
    login::begin_session(visit, "/settings").await
}

/// `POST /sessions/{id}/end`
pub(super) async fn end_session(visit: &Visit) -> Result<Response, Refusal> {
    let id = visit.parameters.first().cloned().unwrap_or_default();
    let store = visit.app.store.clone();
    visit.ask(move || session::end(&store, &id)).await?;
    Ok(answer::done(visit, "/settings"))
}

/// `POST /sessions/end-all`: this one too.
pub(super) async fn end_all_sessions(visit: &Visit) -> Result<Response, Refusal> {
    let store = visit.app.store.clone();
    visit.ask(move || session::end_all(&store)).await?;
    log::info!("all sessions of the admin have been ended");
    Ok(answer::done(visit, "/login"))
}
