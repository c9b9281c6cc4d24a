//! What goes back to the visitor: pages, JSON, redirects, and every refusal with its status, in one place.

use askama::Template;
use serde::Serialize;
use serde_json::json;
use warp::http::header::{self, HeaderValue};
use warp::http::{Response as Parts, StatusCode};
use warp::reply::{Reply, Response};

use super::frame::{self, Frame};
use super::login;
use super::visit::Visit;

/// Why a request gets something else than it asked for.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no such thing.
    NotFound,
    /// There is, but not by this method.
    Method(&'static str),
    /// The Host header is not ours.
    Misdirected,
    /// Another site has started the request.
    Foreign,
    /// No session: the login form.
    LoggedOut,
    /// Not allowed, for the reason with this key.
    Forbidden(&'static str),
    /// It was there once.
    Gone(&'static str),
    /// The body is of another type than this address takes.
    MediaType,
    /// The body is larger than so many bytes.
    TooLarge(u64),
    /// The body did not arrive in time.
    Slow,
    /// The connection broke, or the body is malformed.
    Broken,
    /// What was sent cannot be done, in the visitor's language.
    Invalid(String),
    /// Too many tries; seconds to wait.
    Throttled(i64),
    /// There is no room for it on the disk.
    Full,
    /// Our fault; it has been logged.
    Failed,
}

#[derive(Template)]
#[template(path = "admin/refused.html", config = "assets/askama.toml")]
struct Refused<'a> {
    frame: &'a Frame<'a>,
    status: u16,
    says: &'a str,
}

impl Refusal {
    /// The answer, as a page or as JSON, whichever the visitor can read.
    pub(super) fn answer(self, visit: &Visit) -> Response {
        let status = self.status();
        let is_login = matches!(self, Refusal::LoggedOut);
        if is_login && !visit.head.wants_json() {
            return login::form(visit, status, None);
        }
        let (allowed, wait) = match self {
            Refusal::Method(allowed) => (Some(allowed), None),
            Refusal::Throttled(seconds) => (None, Some(seconds)),
            _ => (None, None),
        };
        let says = self.says(visit);
        let mut response = if visit.head.wants_json() || matches!(self, Refusal::Misdirected) {
            json(status, &json!({ "error": says }))
        } else {
            let frame = visit.frame("");
            let page = Refused { frame: &frame, status: status.as_u16(), says: &says };
            page_with(status, &page).unwrap_or_else(|_| status.into_response())
        };
        if let Some(allowed) = allowed {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        }
        if let Some(seconds) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn status(&self) -> StatusCode {
        match self {
            Refusal::NotFound => StatusCode::NOT_FOUND,
            Refusal::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Refusal::Foreign | Refusal::Forbidden(_) => StatusCode::FORBIDDEN,
            Refusal::LoggedOut => StatusCode::UNAUTHORIZED,
            Refusal::Gone(_) => StatusCode::GONE,
            Refusal::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Slow => StatusCode::REQUEST_TIMEOUT,
            Refusal::Broken => StatusCode::BAD_REQUEST,
            Refusal::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Full => StatusCode::INSUFFICIENT_STORAGE,
            Refusal::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn says(&self, visit: &Visit) -> String {
        let words = visit.words();
        let key = match self {
            Refusal::Invalid(text) => return text.clone(),
            Refusal::TooLarge(limit) => return words.with("refused.too_large", "size", &frame::size(*limit)),
            Refusal::Throttled(seconds) => return words.with("refused.throttled", "seconds", seconds),
            Refusal::Forbidden(key) | Refusal::Gone(key) => key,
            Refusal::NotFound => "refused.not_found",
            Refusal::Method(_) => "refused.method",
            Refusal::Misdirected => "refused.misdirected",
            Refusal::Foreign => "refused.foreign",
            Refusal::LoggedOut => "refused.logged_out",
            Refusal::MediaType => "refused.media_type",
            Refusal::Slow => "refused.slow",
            Refusal::Broken => "refused.broken",
            Refusal::Full => "refused.full",
            Refusal::Failed => "refused.failed",
        };
        words.get(key).to_owned()
    }
}

/// A page, status 200.
pub(super) fn page(page: &impl Template) -> Result<Response, Refusal> {
    page_with(StatusCode::OK, page)
}

/// A page.
pub(super) fn page_with(status: StatusCode, page: &impl Template) -> Result<Response, Refusal> {
    let html = page.render().map_err(|error| {
        log::error!("an admin page cannot be drawn: {error}");
        Refusal::Failed
    })?;
    Ok(bytes(status, "text/html; charset=utf-8", html.into_bytes()))
}

/// A JSON document.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => bytes(status, "application/json", text),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Bytes of a type.
pub(super) fn bytes(status: StatusCode, mime: &str, body: Vec<u8>) -> Response {
    let mut response = Parts::new(body).into_response();
    *response.status_mut() = status;
    let mime = HeaderValue::from_str(mime).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    response.headers_mut().insert(header::CONTENT_TYPE, mime);
    response
}

/// To another address of this page, after a form has done its work. Anything else than a path of our own leads to
/// the first page, so that no link can send the admin elsewhere.
pub(super) fn see(path: &str) -> Response {
    let path = if is_own_path(path) { path } else { "/" };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// `done` as JSON for a script, else the page at `path`.
pub(super) fn done(visit: &Visit, path: &str) -> Response {
    if visit.head.wants_json() { json(StatusCode::OK, &json!({ "done": true })) } else { see(path) }
}

/// What a script wants to know of what was done, as JSON; a person is led to the page at `path`.
pub(super) fn told(visit: &Visit, value: &impl Serialize, path: &str) -> Response {
    if visit.head.wants_json() { json(StatusCode::OK, value) } else { see(path) }
}

fn is_own_path(path: &str) -> bool {
    // Browsers read "//host" and "/\host" as addresses of another host.
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_here() {
        for path in ["/", "/books?q=%E4%B8%89", "/books/7"] {
            assert!(is_own_path(path), "{path}");
        }
        for path in ["", "books", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/三"] {
            assert!(!is_own_path(path), "{path}");
        }
    }
}
