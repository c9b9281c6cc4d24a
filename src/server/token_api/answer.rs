//! Answers of the token API: the platform's shape, with a status that fits.

use std::time::Duration;

use serde_json::{Value, json};
use warp::Reply;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;

use crate::server::error;
use crate::token::{self, Denied, Held};

/// The platform's advice: whoever has a central server keeps a token for a minute at most.
const KEPT: u64 = 60;
const KEPT_HEADER: &str = "private, max-age=60";

/// Why a call gets nothing.
#[derive(Debug)]
pub(super) enum Refusal {
    /// By its key.
    Denied(Denied),
    /// The account does not exist.
    NoAccount,
    /// There is no such path.
    NoPath,
    /// Not with this method.
    Method,
    /// It makes no sense; the text says why.
    Malformed(String),
    /// Too many streams.
    Busy,
    /// The body is not what it should be.
    Body(error::Error),
    /// The token room says no.
    Token(token::Error),
}

impl From<token::Error> for Refusal {
    fn from(error: token::Error) -> Refusal {
        Refusal::Token(error)
    }
}

impl Refusal {
    fn parts(&self) -> (StatusCode, i64, String) {
        use token::Error::{ForeignDomain, Refused, Store, Unavailable};
        match self {
            Refusal::Denied(denied) => match denied {
                Denied::Unknown => (StatusCode::UNAUTHORIZED, 40125, denied.to_string()),
                Denied::Network => (StatusCode::FORBIDDEN, 40164, denied.to_string()),
                Denied::Scope => (StatusCode::FORBIDDEN, 48001, denied.to_string()),
            },
            Refusal::NoAccount => (StatusCode::NOT_FOUND, 40013, "there is no such account here".into()),
            Refusal::NoPath => (StatusCode::NOT_FOUND, 404, "there is no such path".into()),
            Refusal::Method => (StatusCode::METHOD_NOT_ALLOWED, 405, "not with this method".into()),
            Refusal::Malformed(why) => (StatusCode::BAD_REQUEST, 47001, why.clone()),
            Refusal::Busy => (StatusCode::TOO_MANY_REQUESTS, 45011, "too many streams are open".into()),
            Refusal::Body(error) => (error.status(), 47001, error.to_string()),
            Refusal::Token(error) => match error {
                Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, -1, error.to_string()),
                Refused(why) => (StatusCode::CONFLICT, 45009, why.clone()),
                ForeignDomain(_) => (StatusCode::FORBIDDEN, 40048, error.to_string()),
                Store(why) => {
                    log::error!("the token API: {why}");
                    (StatusCode::INTERNAL_SERVER_ERROR, -1, "something went wrong here; it has been noted".into())
                }
            },
        }
    }

    /// With a status that says what kind it is.
    pub(super) fn answer(&self) -> Response {
        let (status, code, message) = self.parts();
        let mut response = body(status, &json!({ "errcode": code, "errmsg": message }));
        let headers = response.headers_mut();
        if let Refusal::Token(token::Error::Unavailable { retry_after, .. }) = self {
            headers.insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
        }
        if matches!(self, Refusal::Denied(Denied::Unknown)) {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// As the platform would say it: SDKs look at the errcode, and break on another status than 200.
    pub(super) fn in_platforms_manner(&self) -> Response {
        let (_, code, message) = self.parts();
        body(StatusCode::OK, &json!({ "errcode": code, "errmsg": message }))
    }
}

/// A token, and how long whoever gets it may use it.
pub(super) fn token(held: &Held, usable: Duration) -> Response {
    let seconds = usable.as_secs();
    let value = held.value.expose();
    // The platform's are letters, digits, - and _; what a hand may have set is escaped.
    let is_plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let text = match is_plain {
        true => format!("{{\"access_token\":\"{value}\",\"expires_in\":{seconds}}}"),
        false => json!({ "access_token": value, "expires_in": seconds }).to_string(),
    };
    kept(text, seconds)
}

/// A ticket, likewise.
pub(super) fn ticket(held: &Held, left: Duration) -> Response {
    let seconds = left.as_secs();
    let value = json!({ "errcode": 0, "errmsg": "ok", "ticket": held.value.expose(), "expires_in": seconds });
    kept(value.to_string(), seconds)
}

/// JSON that nobody keeps.
pub(super) fn body(status: StatusCode, value: &Value) -> Response {
    let mut response = dressed(value.to_string());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn kept(text: String, seconds: u64) -> Response {
    let mut response = dressed(text);
    let headers: &mut HeaderMap = response.headers_mut();
    let age = if seconds >= KEPT { HeaderValue::from_static(KEPT_HEADER) } else { age(seconds) };
    headers.insert(CACHE_CONTROL, age);
    headers.insert(VARY, HeaderValue::from_static("authorization"));
    response
}

fn age(seconds: u64) -> HeaderValue {
    let text = format!("private, max-age={seconds}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("no-store"))
}

fn dressed(text: String) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}
