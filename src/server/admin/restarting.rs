//! Starting again from the page, and the page that waits meanwhile: its script asks until another start answers.

use std::net::SocketAddr;

use askama::Template;
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::configuration;
use super::frame::Frame;
use super::settings::{self, Said};
use super::visit::Visit;
use crate::config;

#[derive(Template)]
#[template(path = "admin/restarting.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    /// Stands for the start that ends now.
    started: i64,
    /// Where the page goes then.
    next: &'a str,
    /// Where it has to be opened then, if that is another address.
    moved: Option<String>,
}

/// `POST /settings/restart`
pub(super) async fn restart(visit: &Visit) -> Result<Response, Refusal> {
    match start_again(visit).await? {
        Ok(()) => waiting(visit, "/settings").await,
        Err(why) => settings::draw(visit, Said { broken: Some(why), ..Said::default() }).await,
    }
}

/// `GET /api/restart`: which start answers, and what waits for the next one.
pub(super) async fn state(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let waiting = visit.ask(move || Ok::<_, std::convert::Infallible>(app.waiting())).await?;
    let (waiting, error) = match waiting {
        Ok(keys) => (keys, None),
        Err(error) => (Vec::new(), Some(format!("{error:#}"))),
    };
    let started = stamp(visit).to_string();
    Ok(answer::json(StatusCode::OK, &json!({ "started": started, "waiting": waiting, "error": error })))
}

/// Has the program start again; why not, if it must not.
pub(super) async fn start_again(visit: &Visit) -> Result<Result<(), String>, Refusal> {
    let app = visit.app.clone();
    let asked = visit.ask(move || Ok::<_, std::convert::Infallible>(app.start_again())).await?;
    Ok(asked.map_err(|error| configuration::one_line(&format!("{error:#}"))))
}

/// The page that waits for the next start and then leads to `next`.
pub(super) async fn waiting(visit: &Visit, next: &str) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let config = visit.ask(move || Ok::<_, std::convert::Infallible>(app.next_config())).await?;
    let held = visit.app.config.listen.admin;
    let is_other = |address: &SocketAddr| address.port() != 0 && !config::is_same_place(*address, held);
    let moved = config.ok().map(|config| config.listen.admin).filter(is_other);
    let frame = visit.frame("settings");
    let moved = moved.map(|address| format!("http://{address}{next}"));
    answer::page(&Page { frame: &frame, started: stamp(visit), next, moved })
}

fn stamp(visit: &Visit) -> i64 {
    visit.app.started_at.timestamp_millis()
}
