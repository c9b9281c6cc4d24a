//! One visit to a public page: what a handler needs of the request, and how its outcome becomes an answer.

use std::convert::Infallible;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use warp::http::header::USER_AGENT;
use warp::http::{HeaderMap, Method};
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::error::Error;
use super::words::{self, Words};
use crate::app::App;
use crate::blocking::blocking;
use crate::config::Language;
use crate::library;
use crate::library::Library;

/// A request, as far as the public pages look at it.
pub(super) struct Visit {
    pub(super) app: Arc<App>,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    /// Without the question mark; empty if there is none.
    pub(super) query: String,
    /// The visitor's language.
    pub(super) language: Language,
    /// When it came.
    pub(super) now: DateTime<Utc>,
}

impl Visit {
    /// The words in the visitor's language.
    pub(super) fn words(&self) -> &'static Words {
        Words::of(self.language)
    }

    /// Whether the page is shown inside WeChat, which downloads nothing.
    pub(super) fn is_in_wechat(&self) -> bool {
        let agent = self.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        agent.is_some_and(|agent| agent.contains("MicroMessenger"))
    }

    /// The first value of a parameter, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let mut parameters = url::form_urlencoded::parse(self.query.as_bytes());
        parameters.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Asks the library on a thread that may wait for the disk.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Library) -> library::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let library = Arc::clone(&self.app.library);
        Ok(blocking(move || question(&library)).await??)
    }
}

/// Lets GET and HEAD in; the body of an answer to HEAD is dropped further down.
pub(super) fn visit(app: Arc<App>) -> impl Filter<Extract = (Visit,), Error = Rejection> + Clone {
    let reading = warp::get().or(warp::head()).unify();
    let query = warp::query::raw().or_else(|_| async { Ok::<_, Infallible>((String::new(),)) });
    reading.and(warp::method()).and(warp::header::headers_cloned()).and(query).map(
        move |method, headers: HeaderMap, query| {
            let language = words::preferred(&headers, app.config.language);
            Visit { method, query, language, now: app.clock.now(), app: Arc::clone(&app), headers }
        },
    )
}

/// Makes an error page of an error.
pub(super) async fn answered(language: Language, outcome: impl Future<Output = Result<Response, Error>>) -> Response {
    outcome.await.unwrap_or_else(|error| error.page(language))
}
