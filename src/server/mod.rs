//! HTTP: three listeners, each with routes of its own, so that nothing of one can be reached through another. Only
//! this room names warp and hyper.
//!
//! - **public**: the platform's callback (`webhook`), pages, downloads, OPDS;
//! - **token API**: for the owner's other servers;
//! - **admin**: the admin page, and commands of the data's owner.

pub mod accept;
pub mod admin;
pub mod body;
mod commands;
pub mod download;
pub mod error;
pub mod opds;
pub mod pages;
mod respond;
mod visit;
pub mod webhook;
mod words;

use std::convert::Infallible;
use std::sync::Arc;

use warp::http::StatusCode;
use warp::{Filter, Reply};

pub use accept::{ConnectionLimits, serve};
pub use admin::{Admin, password};
pub use commands::Commands;
pub use webhook::{Patience, Webhook};

use crate::app::App;

/// What the public listener serves.
pub fn public(
    app: Arc<App>,
    webhook: Arc<Webhook>,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let language = app.config.language;
    webhook::routes(webhook)
        .or(pages::routes(Arc::clone(&app)))
        .or(download::routes(Arc::clone(&app)))
        .or(opds::routes(app))
        .recover(error::recover(language))
}

/// What the token API's listener serves. Tokens are not kept yet, so it says that, in the platform's manner.
pub fn token_api() -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let alive = warp::path("healthz").and(warp::path::end()).map(|| "ok\n".into_response());
    let nothing = warp::any().map(|| {
        let body = r#"{"errcode":404,"errmsg":"this version of shutong keeps no access_token"}"#;
        let answer = warp::reply::with_header(body, "content-type", "application/json; charset=utf-8");
        warp::reply::with_status(answer, StatusCode::NOT_FOUND).into_response()
    });
    alive.or(nothing).unify()
}

/// What the admin listener serves.
pub fn admin(
    app: Arc<App>,
    admin: Arc<Admin>,
    commands: Commands,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let language = app.config.language;
    commands::routes(commands).or(admin::routes(app, admin)).recover(error::recover(language))
}
