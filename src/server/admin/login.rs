//! Logging in and out: one password, the same answer to every wrong one, and not too many tries.

use askama::Template;
use warp::http::StatusCode;
use warp::http::header::{self, HeaderValue};
use warp::reply::{Reply, Response};

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::password::{self, Unusable};
use super::session;
use super::visit::{Form, Visit};

/// Why a new password was not taken.
pub(super) enum Fault {
    /// The visitor can mend it; the key of the text that says how.
    Words(&'static str),
    /// Something else.
    Refusal(Refusal),
}

#[derive(Template)]
#[template(path = "admin/login.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    fault: Option<&'a str>,
    next: &'a str,
}

/// `GET /login`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    if visit.session.is_some() {
        return Ok(answer::see("/"));
    }
    Ok(form(visit, StatusCode::OK, None))
}

/// The form in place of whatever was asked for, to which it leads back.
pub(super) fn form(visit: &Visit, status: StatusCode, fault: Option<&str>) -> Response {
    let next = match visit.head.path.as_str() {
        "/login" | "/logout" => "/",
        path => path,
    };
    form_to(visit, status, fault, next)
}

fn form_to(visit: &Visit, status: StatusCode, fault: Option<&str>, next: &str) -> Response {
    let frame = visit.frame("login");
    let page = Page { frame: &frame, fault, next };
    answer::page_with(status, &page).unwrap_or_else(|_| status.into_response())
}

/// `POST /login`
pub(super) async fn log_in(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let next = form.get("next").map_or("/", String::as_str);
    match check_password(visit, form.get("password").map_or("", String::as_str)).await {
        Ok(()) => {}
        Err(Refusal::Forbidden(key)) => {
            log::warn!("a login from {} was refused", visit.head.peer);
            return Ok(form_to(visit, StatusCode::UNAUTHORIZED, Some(visit.words().get(key)), next));
        }
        Err(refusal) => return Err(refusal),
    }
    if !visit.session_id().is_empty() {
        let (store, id) = (visit.app.store.clone(), visit.session_id().to_owned());
        visit.ask(move || session::end(&store, &id)).await?;
    }
    begin_session(visit, next).await
}

/// `POST /logout`
pub(super) async fn log_out(visit: &Visit) -> Result<Response, Refusal> {
    let (store, id) = (visit.app.store.clone(), visit.session_id().to_owned());
    visit.ask(move || session::end(&store, &id)).await?;
    let mut response = answer::done(visit, "/login");
    set_cookie(&mut response, "", "; Max-Age=0");
    Ok(response)
}

/// Lets a known password pass.
///
/// # Errors
/// Throttled, or forbidden with the one text for every wrong password.
pub(super) async fn check_password(visit: &Visit, given: &str) -> Result<(), Refusal> {
    let throttle = &visit.admin.throttle;
    throttle.admit(visit.head.peer, visit.now.timestamp()).map_err(Refusal::Throttled)?;
    let Some(hash) = saved_password(visit).await? else { return Err(Refusal::Forbidden("login.no_password")) };
    let given = given.to_owned();
    let is_right = hashing(visit, move || password::verify(&given, &hash)).await?;
    if !is_right {
        return Err(Refusal::Forbidden("login.wrong"));
    }
    throttle.forgive(visit.head.peer);
    Ok(())
}

/// Hashes the new password of a form that has it twice.
pub(super) async fn new_password(visit: &Visit, form: &Form) -> Result<String, Fault> {
    let new = form.get("new").cloned().unwrap_or_default();
    if form.get("again") != Some(&new) {
        return Err(Fault::Words("password.different"));
    }
    match hashing(visit, move || password::hash(&new)).await.map_err(Fault::Refusal)? {
        Ok(hash) => Ok(hash),
        Err(Unusable::TooShort(_)) => Err(Fault::Words("password.too_short")),
        Err(Unusable::TooLong) => Err(Fault::Words("password.too_long")),
        Err(error @ Unusable::NotHashed(_)) => Err(Fault::Refusal(visit.failed(&error))),
    }
}

/// The hash in the store, if a password was ever set.
pub(super) async fn saved_password(visit: &Visit) -> Result<Option<String>, Refusal> {
    let store = visit.app.store.clone();
    visit.ask(move || password::saved(&store)).await
}

/// Gives the visitor a new session and sends it on.
pub(super) async fn begin_session(visit: &Visit, next: &str) -> Result<Response, Refusal> {
    let agent = visit.head.header("user-agent").unwrap_or_default().to_owned();
    let (store, now) = (visit.app.store.clone(), visit.now);
    let cookie = visit.ask(move || session::start(&store, &agent, now)).await?;
    log::info!("the admin has logged in from {}", visit.head.peer);
    let mut response = answer::see(next);
    set_cookie(&mut response, &cookie, "");
    Ok(response)
}

async fn hashing<T: Send + 'static>(visit: &Visit, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    let _permit = visit.admin.hashing.acquire().await.map_err(|error| visit.failed(&error))?;
    visit.ask(move || Ok::<T, std::convert::Infallible>(work())).await
}

fn set_cookie(response: &mut Response, value: &str, more: &str) {
    let cookie = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{more}", session::COOKIE);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
