//! What can go wrong with a request, and its status: decided here, once.
//!
//! What the client did wrong is said to it. What we did wrong is logged here and answered with a plain 500 that tells
//! nothing: whatever error a handler passes on with `?` is ours.

use std::convert::Infallible;
use std::fmt;

use askama::Template;
use warp::http::header::{CONTENT_RANGE, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;
use warp::{Rejection, Reply};

use super::respond::{html, style_path};
use super::words::{ErrorWords, Words};
use crate::config::Language;
use crate::library::link::LinkError;

/// Why a request gets no answer but this.
#[derive(Debug)]
pub enum Error {
    /// It makes no sense; the text says why.
    BadRequest(&'static str),
    /// It needs a name and a password.
    Unauthorized,
    /// Its signature is not ours.
    Forged,
    /// There is nothing, or nothing this visitor may see.
    NotFound,
    /// Not with this method.
    Method,
    /// Its body took too long.
    Slow,
    /// Its link was good once.
    Expired,
    /// Its body is too large.
    TooLarge {
        /// What would have been accepted, in bytes.
        limit: u64,
    },
    /// Its body is compressed.
    Encoded,
    /// It asks for a part that the file does not have.
    Unsatisfiable {
        /// The size of the file, in bytes.
        size: u64,
    },
    /// The book cannot be had in that format.
    Unconvertible,
    /// It is one download too many today.
    OverQuota,
    /// Our fault.
    Internal(anyhow::Error),
    /// We are not ready to answer.
    Unready,
}

impl Error {
    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        match self {
            Error::BadRequest(_) => StatusCode::BAD_REQUEST,
            Error::Unauthorized => StatusCode::UNAUTHORIZED,
            Error::Forged => StatusCode::FORBIDDEN,
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::Method => StatusCode::METHOD_NOT_ALLOWED,
            Error::Slow => StatusCode::REQUEST_TIMEOUT,
            Error::Expired => StatusCode::GONE,
            Error::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Error::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::Unsatisfiable { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Error::Unconvertible => StatusCode::UNPROCESSABLE_ENTITY,
            Error::OverQuota => StatusCode::TOO_MANY_REQUESTS,
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Error::Unready => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The answer for people: a page that says what happened and what to do.
    pub fn page(self, language: Language) -> Response {
        self.report();
        let words = Words::of(language);
        let [heading, text] = self.words(&words.errors);
        let page = ErrorPage { words, style: style_path(), status: self.status().as_u16(), heading, text };
        self.with_headers(html(self.status(), &page))
    }

    /// The answer for programs: one line of text.
    pub fn plain(self) -> Response {
        self.report();
        self.with_headers(warp::reply::with_status(format!("{self}\n"), self.status()).into_response())
    }

    fn words(&self, words: &ErrorWords) -> [&'static str; 2] {
        match self {
            Error::BadRequest(_) => words.bad_request,
            Error::Unauthorized => words.unauthorized,
            Error::Forged => words.forged,
            Error::NotFound => words.not_found,
            Error::Method => words.method,
            Error::Slow => words.slow,
            Error::Expired => words.expired,
            Error::TooLarge { .. } => words.too_large,
            Error::Encoded => words.encoded,
            Error::Unsatisfiable { .. } => words.unsatisfiable,
            Error::Unconvertible => words.unconvertible,
            Error::OverQuota => words.over_quota,
            Error::Internal(_) => words.internal,
            Error::Unready => words.unready,
        }
    }

    fn report(&self) {
        if let Error::Internal(error) = self {
            log::error!("a request failed: {error:#}");
        }
    }

    fn with_headers(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        match self {
            Error::Unauthorized => {
                let challenge = HeaderValue::from_static(r#"Basic realm="Shutong", charset="UTF-8""#);
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
            Error::Unsatisfiable { size } => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
                    headers.insert(CONTENT_RANGE, value);
                }
            }
            Error::Unready => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response
    }
}

/// What the client may know, in English: for programs and logs.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::BadRequest(why) => f.write_str(why),
            Error::TooLarge { limit } => write!(f, "the body is larger than {limit} bytes"),
            Error::Internal(_) => f.write_str("something went wrong here; it has been noted"),
            Error::Unauthorized
            | Error::Forged
            | Error::NotFound
            | Error::Method
            | Error::Slow
            | Error::Expired
            | Error::Encoded
            | Error::Unsatisfiable { .. }
            | Error::Unconvertible
            | Error::OverQuota
            | Error::Unready => f.write_str(self.words(&Words::of(Language::En).errors)[0]),
        }
    }
}

/// Whatever else fails while a request is handled is our fault.
impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Error::Internal(error.into())
    }
}

/// A link that is no good is the client's.
pub(super) fn of_link(error: LinkError) -> Error {
    match error {
        LinkError::Forged => Error::Forged,
        LinkError::Expired => Error::Expired,
    }
}

/// So that a filter can reject a request with it; [`recover`] answers.
impl warp::reject::Reject for Error {}

/// Answers what no route wanted, in the owner's language. The last link of a router's chain.
pub fn recover(language: Language) -> impl Fn(Rejection) -> std::future::Ready<Result<Response, Infallible>> + Clone {
    move |rejection| std::future::ready(Ok(of_rejection(&rejection).page(language)))
}

/// The error that a rejection stands for.
pub fn of_rejection(rejection: &Rejection) -> Error {
    use warp::reject::{InvalidHeader, InvalidQuery, LengthRequired, MethodNotAllowed, MissingHeader};
    use warp::reject::{PayloadTooLarge, UnsupportedMediaType};

    if rejection.is_not_found() {
        return Error::NotFound;
    }
    if let Some(error) = rejection.find::<Error>() {
        return error.again();
    }
    // Every route that did not match leaves its reason; one that is more telling than "wrong method" wins.
    if rejection.find::<InvalidQuery>().is_some() {
        Error::BadRequest("the query makes no sense")
    } else if rejection.find::<MissingHeader>().is_some() || rejection.find::<InvalidHeader>().is_some() {
        Error::BadRequest("a header is missing or wrong")
    } else if rejection.find::<LengthRequired>().is_some() {
        Error::BadRequest("the length of the body is missing")
    } else if rejection.find::<PayloadTooLarge>().is_some() {
        Error::TooLarge { limit: 0 }
    } else if rejection.find::<UnsupportedMediaType>().is_some() {
        Error::Encoded
    } else if rejection.find::<MethodNotAllowed>().is_some() {
        Error::Method
    } else {
        Error::Internal(anyhow::anyhow!("unforeseen rejection: {rejection:?}"))
    }
}

impl Error {
    /// The same error anew: a rejection only lends its cause.
    fn again(&self) -> Error {
        match self {
            Error::BadRequest(why) => Error::BadRequest(why),
            Error::Unauthorized => Error::Unauthorized,
            Error::Forged => Error::Forged,
            Error::NotFound => Error::NotFound,
            Error::Method => Error::Method,
            Error::Slow => Error::Slow,
            Error::Expired => Error::Expired,
            Error::TooLarge { limit } => Error::TooLarge { limit: *limit },
            Error::Encoded => Error::Encoded,
            Error::Unsatisfiable { size } => Error::Unsatisfiable { size: *size },
            Error::Unconvertible => Error::Unconvertible,
            Error::OverQuota => Error::OverQuota,
            Error::Internal(error) => Error::Internal(anyhow::anyhow!("{error:#}")),
            Error::Unready => Error::Unready,
        }
    }
}

#[derive(Template)]
#[template(path = "public/error.html", config = "assets/askama.toml")]
struct ErrorPage {
    words: &'static Words,
    style: String,
    status: u16,
    heading: &'static str,
    text: &'static str,
}
