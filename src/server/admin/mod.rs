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
pub mod password;
mod plot;
mod requests;
mod restarting;
mod route;
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
use route::{Access, Action, Missing, Route, Takes};
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
    act(visit, route.action, load).await
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

async fn act(visit: &Visit, action: Action, load: Load) -> Result<Response, Refusal> {
    let form = &load.form;
    match action {
        Action::Dashboard => dashboard::show(visit).await,
        Action::Books => books::list(visit).await,
        Action::RemovedBooks => bulk::removed(visit).await,
        Action::ChangeBooks => bulk::act(visit, form).await,
        Action::Duplicates => duplicates::show(visit).await,
        Action::ChangeDuplicates => duplicates::act(visit, form).await,
        Action::UndoMerge => duplicates::undo(visit).await,
        Action::Requests => requests::show(visit).await,
        Action::ChangeRequests => requests::act(visit, form).await,
        Action::Book => book::show(visit).await,
        Action::BookFile => book::file(visit).await,
        Action::EditBook => book_changes::edit(visit, form).await,
        Action::ChooseCover => book_changes::choose_cover(visit, form).await,
        Action::ConvertBook => book_changes::convert(visit, form).await,
        Action::SplitBook => book_changes::split(visit, form).await,
        Action::PushBook => book_changes::push(visit, form).await,
        Action::RemoveBook => book::remove(visit).await,
        Action::RestoreBook => book::restore(visit).await,
        Action::TakeDownBook => book::take_down(visit, form).await,
        Action::Cover => book::cover(visit, crate::library::CoverSize::Full).await,
        Action::Thumbnail => book::cover(visit, crate::library::CoverSize::Thumbnail).await,
        Action::Articles => articles::list(visit).await,
        Action::NewArticle => articles::begin(visit),
        Action::SaveArticle => articles::save(visit, form).await,
        Action::Article => articles::show(visit).await,
        Action::EditArticle => articles::edit(visit).await,
        Action::PublishArticle => articles::publish(visit, form).await,
        Action::HoldArticle => articles::hold(visit).await,
        Action::ApiArticlePreview => articles::preview(visit, form).await,
        Action::RemoveArticle => articles::remove(visit).await,
        Action::DraftArticle => articles::draft(visit, form).await,
        Action::ArticlePicture => articles::picture(visit).await,
        Action::ApiArticlePictures => articles::add_pictures(visit, load.files).await,
        Action::Media => media::list(visit).await,
        Action::MediaPicture => media::picture(visit).await,
        Action::RemoveMedia => media::remove(visit, form).await,
        Action::RenewMedia => media::renew(visit, form).await,
        Action::ForgetMedia => media::forget(visit).await,
        Action::ApiMedia => media::receive(visit, load.files).await,
        Action::Keywords => keywords::show(visit).await,
        Action::ChangeKeywords => keywords::act(visit, form).await,
        Action::NewKeyword => keyword::begin(visit).await,
        Action::Keyword => keyword::show(visit).await,
        Action::ChangeKeyword => keyword::change(visit, form).await,
        Action::Deliveries => deliveries::list(visit).await,
        Action::DeliveriesTable => deliveries::table(visit).await,
        Action::RetryFailedDeliveries => deliveries::retry_failed(visit, form).await,
        Action::RetryDelivery => deliveries::retry(visit, form).await,
        Action::CancelDelivery => deliveries::cancel(visit, form).await,
        Action::Followers => followers::list(visit).await,
        Action::Follower => follower::show(visit).await,
        Action::FollowerExport => follower::export(visit).await,
        Action::ChangeFollower => follower::change(visit, form).await,
        Action::Sources => sources::list(visit).await,
        Action::AddSource => sources::add(visit, form).await,
        Action::ImportSources => sources::import(visit, form).await,
        Action::Source => sources::show(visit).await,
        Action::ChangeSource => sources::act(visit, form).await,
        Action::Jobs => jobs::list(visit).await,
        Action::RunJob => jobs::run(visit).await,
        Action::ScheduleJob => jobs::schedule(visit, form).await,
        Action::ApiJobs => jobs::all(visit).await,
        Action::ApiJob => jobs::one(visit).await,
        Action::ApiStatistics => api::statistics(visit).await,
        Action::ApiSources => api_screens::sources(visit).await,
        Action::Simulator => simulator::show(visit).await,
        Action::Wordings => wordings::show(visit).await,
        Action::SaveWordings => wordings::save(visit, &load.json).await,
        Action::ApiWordingLook => wordings::look(visit, &load.json),
        Action::Menu => menu::show(visit).await,
        Action::ChangeMenu => menu::act(visit, form).await,
        Action::ApiChangeMenu => menu::api(visit, &load.json).await,
        Action::Tokens => tokens::show(visit).await,
        Action::RevealToken => token_changes::reveal(visit).await,
        Action::RefreshToken => token_changes::refresh(visit).await,
        Action::SetToken => token_changes::set(visit, form).await,
        Action::LeadToken => token_changes::lead(visit, form).await,
        Action::AddKey => api_keys::add(visit, form).await,
        Action::RevokeKey => api_keys::revoke(visit).await,
        Action::Backup => backup::show(visit).await,
        Action::ChangeBackup => backup::act(visit, form).await,
        Action::BackupFile => backup::file(visit).await,
        Action::ApiBackup => backup::progress(visit).await,
        Action::ApiBackupUpload => backup::receive(visit, load.files).await,
        Action::Diagnostics => diagnostics::show(visit).await,
        Action::RunDiagnostics => diagnostics::run(visit).await,
        Action::Settings => settings::show(visit, None).await,
        Action::SaveSettings => settings::save(visit, form).await,
        Action::Restart => restarting::restart(visit).await,
        Action::NewAccount => accounts::begin(visit).await,
        Action::AddAccount => accounts::add(visit, form).await,
        Action::Account => accounts::show(visit).await,
        Action::ChangeAccount => accounts::change(visit, form).await,
        Action::RevealAccount => accounts::reveal(visit).await,
        Action::RenewAccount => accounts::renew(visit, form).await,
        Action::RemoveAccount => accounts::remove(visit, form).await,
        Action::ApiSettings => settings::api(visit).await,
        Action::ApiSaveSettings => settings::api_save(visit, &load.json).await,
        Action::ApiRestart => restarting::state(visit).await,
        Action::Welcome => welcome::begin(visit).await,
        Action::FirstStep => welcome::show(visit).await,
        Action::TakeFirstStep => welcome::act(visit, form).await,
        Action::ApiWelcome => welcome::state(visit).await,
        Action::ChangePassword => settings::change_password(visit, form).await,
        Action::EndSession => settings::end_session(visit).await,
        Action::EndAllSessions => settings::end_all_sessions(visit).await,
        Action::LoginForm => login::show(visit).await,
        Action::Login => login::log_in(visit, form).await,
        Action::Logout => login::log_out(visit).await,
        Action::SetupForm => setup::show(visit).await,
        Action::SetUp => setup::set(visit, form).await,
        Action::Asset => assets::serve(visit),
        Action::Icon => assets::icon(visit),
        Action::Events => events::stream(visit),
        Action::Metrics => metrics::show(visit).await,
        Action::ApiDescription => openapi::show(visit),
        Action::ApiSession => api_screens::session(visit),
        Action::ApiSessions => api_screens::sessions(visit).await,
        Action::ApiAlerts => api_screens::alerts(visit),
        Action::ApiArticles => api_screens::articles(visit).await,
        Action::ApiArticle => api_screens::article(visit).await,
        Action::ApiMediaFiles => api_screens::media(visit).await,
        Action::ApiKeywords => api_screens::keywords(visit).await,
        Action::ApiSource => api_screens::source(visit).await,
        Action::ApiTokens => api_screens::tokens(visit).await,
        Action::ApiKeys => api_screens::keys(visit).await,
        Action::ApiMenuFile => api_screens::menu(visit).await,
        Action::ApiWordings => api_screens::wordings(visit).await,
        Action::ApiCounts => api::counts(visit).await,
        Action::ApiBooks => api::books(visit).await,
        Action::ApiFollowers => followers::api(visit).await,
        Action::ApiFollower => follower::api(visit).await,
        Action::ApiDeliveries => deliveries::api(visit).await,
        Action::ApiSimulator => simulator::api(visit).await,
        Action::ApiSimulatorSend => simulator::send(visit, &load.json).await,
        Action::ApiSimulatorWaiting => simulator::waiting(visit).await,
        Action::ApiChangeBooks => bulk::act_json(visit, &load.json).await,
        Action::ApiBook => book::describe(visit).await,
        Action::ApiEditBook => book_changes::patch(visit, &load.json).await,
        Action::ApiConvertBook => book_changes::convert_json(visit, &load.json).await,
        Action::ApiCover => book_changes::receive_cover(visit, load.files).await,
        Action::ApiRequests => requests::list(visit).await,
        Action::ApiLog => api::log(visit).await,
        Action::ApiDisk => api::disk(visit).await,
        Action::ApiUpload => upload::receive(visit, load.files).await,
        Action::ApiCatalogue => upload::catalogue(visit, load.files).await,
    }
}
