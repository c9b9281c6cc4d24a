//! The admin page: one listener of its own, one password, and everything else behind a session.
//!
//! A request passes, in this order: is it addressed to us (`guard`), was it started here (`guard`), is there such an
//! address (`route`), who asks (`session`), is the body of the right type, does a change carry the token. Only then
//! does a handler see it. Pages are drawn on the server (`assets/admin/*.html`); a few small scripts add what a page
//! cannot do without them: progress of uploads, the chat, the live log.
//!
//! Deliberately not here: TLS and other people's proxies (bind the listener to loopback and tunnel to it), and any
//! notion of several admins.

mod accounts;
mod act;
mod answer;
mod api;
mod api_keys;
mod api_screens;
mod articles;
mod assets;
mod backup;
mod book;
mod book_changes;
mod books;
mod bulk;
mod compress;
mod configuration;
mod dashboard;
mod deliveries;
mod diagnostics;
mod duplicates;
mod events;
mod first_run;
mod follower;
mod followers;
mod frame;
mod guard;
mod jobs;
mod keyword;
mod keywords;
mod log_tail;
mod login;
mod media;
mod menu;
mod metrics;
mod notice;
mod openapi;
mod outcomes;
pub mod password;
mod plot;
mod refusals;
mod requests;
mod restarting;
mod route;
mod routes;
mod session;
mod settings;
mod setup;
mod simulator;
mod sources;
mod throttle;
mod token_changes;
mod tokens;
mod trials;
mod upload;
mod visit;
mod wanted;
mod welcome;
mod wordings;
mod words;

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::Semaphore;
use warp::http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Rejection};

use crate::app::App;
use crate::clock::Clock;
use crate::config::{Language, Listen};
use crate::server::webhook::Webhook;
use crate::store::Store;

use answer::Refusal;
use route::{Access, Missing, Route, Takes};
use visit::{Body, Form, Head, Visit, fields, pairs};
use words::Words;

/// Hashing a password takes 19 MiB; more than this many at a time and a flood of logins would cost real memory.
const HASHES_AT_A_TIME: usize = 2;
/// A file is read into memory to be added, up to the largest upload allowed.
const FILES_AT_A_TIME: usize = 2;
/// Live pages open at a time.
const STREAMS_AT_A_TIME: usize = 16;

/// What the admin page itself keeps in memory.
pub struct Admin {
    store: Arc<Store>,
    clock: Clock,
    setup: setup::Setup,
    throttle: throttle::Throttle,
    hashing: Semaphore,
    adding: Semaphore,
    streams: Arc<Semaphore>,
    notices: notice::Notices,
    wanted: wanted::Wanted,
    assets: assets::Assets,
    zh: Words,
    en: Words,
    /// Where the process listens.
    listening: Listen,
    /// The callback, which the simulator talks to.
    webhook: Arc<Webhook>,
    /// Further lines for `/metrics`. Written once at start.
    metrics: RwLock<Option<MetricsSource>>,
}

/// Gives lines in Prometheus's text format.
pub type MetricsSource = Arc<dyn Fn() -> String + Send + Sync>;

impl Admin {
    /// The page's state: `listening` is where the process really listens, with ports, because a request is judged by
    /// it; `webhook` is the callback that the simulator talks to.
    ///
    /// # Errors
    /// When the texts compiled in cannot be read, which a test rules out.
    pub fn new(app: &App, listening: Listen, webhook: Arc<Webhook>) -> anyhow::Result<Admin> {
        Ok(Admin {
            store: Arc::clone(&app.store),
            clock: app.clock.clone(),
            setup: setup::Setup::default(),
            throttle: throttle::Throttle::default(),
            hashing: Semaphore::new(HASHES_AT_A_TIME),
            adding: Semaphore::new(FILES_AT_A_TIME),
            streams: Arc::new(Semaphore::new(STREAMS_AT_A_TIME)),
            notices: notice::Notices::default(),
            wanted: wanted::Wanted::default(),
            assets: assets::Assets::new(),
            zh: Words::of(Language::Zh)?,
            en: Words::of(Language::En)?,
            listening,
            webhook,
            metrics: RwLock::new(None),
        })
    }

    /// Adds lines to `/metrics`.
    pub fn set_metrics(&self, source: MetricsSource) {
        *self.metrics.write() = Some(source);
    }

    /// The link by which the first password is set: good for 30 minutes, once. None when there is a password.
    pub fn setup_link(&self) -> Option<String> {
        let link = match password::saved(&self.store) {
            Ok(Some(_)) => return None,
            Ok(None) => self.setup.link(self.listening.admin, self.clock.now()).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        link.map_err(|error| log::error!("no setup link: {error}")).ok()
    }

    /// Ends the streams of open pages, so that a stopping server does not wait for them.
    pub fn close_streams(&self) {
        self.streams.close();
    }

    fn words(&self, language: Language) -> &Words {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

/// Every address of the page: method, path with `{…}` for a value, and whether it is open without a session. For the
/// test that walks them all as a stranger.
pub fn addresses() -> Vec<(Method, &'static str, bool)> {
    route::ROUTES.iter().map(|route| (route.method.clone(), route.path, route.access == Access::Open)).collect()
}

/// The whole admin page as one filter. It answers every request itself, also those that lead nowhere.
pub fn routes(
    app: Arc<App>,
    admin: Arc<Admin>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync + 'static {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let peer = warp::ext::optional::<SocketAddr>();
    let parts = warp::multipart::form().max_length(None).map(Body::Parts);
    let body = parts.or(warp::body::stream().map(|body| Body::Stream(visit::stream(body)))).unify();
    warp::method().and(warp::path::full()).and(query).and(warp::header::headers_cloned()).and(peer).and(body).then(
        move |method: Method, path: FullPath, query: String, headers: HeaderMap, peer, body: Body| {
            let (app, admin) = (Arc::clone(&app), Arc::clone(&admin));
            async move {
                let head = Head::new(method, path.as_str(), &query, headers, peer);
                let now = app.clock.now();
                let mut visit = Visit::new(app, admin, head, now);
                let answer = respond(&mut visit, body).await;
                let response = answer.unwrap_or_else(|refusal| refusal.answer(&visit));
                let mut response = compress::compressed(&visit.head, response).await;
                guard::harden(&mut response);
                response
            }
        },
    )
}

async fn respond(visit: &mut Visit, body: Body) -> Result<Response, Refusal> {
    let bound = visit.admin.listening.admin;
    let host = guard::own_host(&visit.head.headers, bound, &visit.app.config.admin.hosts);
    let host = host.ok_or(Refusal::Misdirected)?;
    if guard::is_foreign(&visit.head.method, &visit.head.headers, host) {
        return Err(Refusal::Foreign);
    }
    let (route, parameters) = route::find(&visit.head.method, &visit.head.path).map_err(|missing| match missing {
        Missing::Path => Refusal::NotFound,
        Missing::Method(allowed) => Refusal::Method(allowed),
    })?;
    visit.parameters = parameters;
    visit.recognise().await?;
    if route.access == Access::Session && visit.session.is_none() {
        return Err(Refusal::LoggedOut);
    }
    let load = load(visit, route, body).await?;
    act::act(visit, route.action, load).await
}

/// The body, as far as the route takes one.
struct Load {
    form: Form,
    json: Vec<u8>,
    files: Option<warp::multipart::FormData>,
}

/// Checks the type, then the token, then reads. In a form the token may be a field; everywhere else it is a header,
/// so that nothing is read for a stranger.
async fn load(visit: &Visit, route: &Route, body: Body) -> Result<Load, Refusal> {
    let takes = route.takes;
    let mut load = Load { form: Form::new(), json: Vec::new(), files: None };
    let mime = match takes {
        Takes::Nothing => return Ok(load),
        Takes::Form | Takes::LongForm => "application/x-www-form-urlencoded",
        Takes::Json | Takes::Fields => "application/json",
        Takes::Files => "multipart/form-data",
    };
    if !visit.head.content_type().eq_ignore_ascii_case(mime) || visit.head.header("content-encoding").is_some() {
        return Err(Refusal::MediaType);
    }
    let sent = visit.head.header("x-csrf-token");
    if matches!(takes, Takes::Form | Takes::LongForm) {
        let body = if takes == Takes::LongForm { body.read_long().await? } else { body.read().await? };
        load.form = pairs(&body);
        let token = sent.or(load.form.get("csrf").map(String::as_str));
        require_token(visit, route.access, token)?;
        return Ok(load);
    }
    require_token(visit, route.access, sent)?;
    match body {
        Body::Parts(parts) if takes == Takes::Files => load.files = Some(parts),
        body if takes == Takes::Fields => load.form = fields(&body.read_long().await?)?,
        body => load.json = body.read().await?,
    }
    Ok(load)
}

/// Login and setup have no token to carry: there need not be a session yet. Other sites are kept from them by the
/// check of the origin, and by what they ask for.
fn require_token(visit: &Visit, access: Access, sent: Option<&str>) -> Result<(), Refusal> {
    match (access, &visit.session) {
        (Access::Open, _) => Ok(()),
        (Access::Session, Some(session)) if guard::is_token(sent, &session.record.csrf) => Ok(()),
        (Access::Session, _) => Err(Refusal::Forbidden("refused.token")),
    }
}
