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
mod token_api;
mod visit;
pub mod webhook;
mod words;

use std::convert::Infallible;
use std::sync::Arc;

use warp::{Filter, Reply};

pub use accept::{ConnectionLimits, serve};
pub use admin::{Admin, password};
pub use commands::Commands;
pub use token_api::{TokenApi, routes as token_api};
pub use webhook::{Patience, Webhook};

use crate::app::App;

/// What the public listener serves.
pub fn public(
    app: Arc<App>,
    webhook: Arc<Webhook>,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let language = app.config.language;
    // A filter copies what stands behind its `or` for every request. Boxed, the pages are one pointer to a message.
    let for_readers =
        pages::routes(Arc::clone(&app)).or(download::routes(Arc::clone(&app))).or(opds::routes(app)).boxed();
    webhook::routes(webhook).or(for_readers).recover(error::recover(language))
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
