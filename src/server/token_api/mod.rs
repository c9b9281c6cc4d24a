//! The token API: access_tokens and tickets for the owner's other servers, on a listener of its own.
//!
//! Two manners of speaking. `/accesstoken`, `/ticket` and `/jssdk` take a bearer key and answer with fitting statuses.
//! `/cgi-bin/token` and `/cgi-bin/stable_token` are the platform's own interface, where the key stands in for the
//! AppSecret, and answer as the platform does, with status 200, because SDKs expect it; other paths under `/cgi-bin/`
//! are passed on to the platform if the owner allows it (`relay`).
//!
//! Every route but `/healthz` asks for the key before anything else, also before a body is read; only that of
//! `/cgi-bin/stable_token` is in the body. There is no CORS: tokens are for servers.

mod answer;
mod dispatch;
mod events;
mod platform;
mod relay;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Semaphore, watch};
use warp::http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::app::App;
use crate::token::{Access, Denied, Keeper, Scope};

use answer::Refusal;

/// Streams of events open at a time.
const STREAMS: usize = 256;

/// Calls passed on at a time; further ones wait. Each can hold a picture, and an answer as large.
const PASSED: usize = 16;

/// What the token API itself keeps in memory.
pub struct TokenApi {
    app: Arc<App>,
    streams: Arc<Semaphore>,
    passing: Semaphore,
    /// True when the server stops, which must not wait for whoever listens to events.
    closing: watch::Sender<bool>,
}

/// A request, as far as it is looked at.
struct Call {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    peer: Option<IpAddr>,
}

impl TokenApi {
    /// The API of this program.
    pub fn new(app: Arc<App>) -> TokenApi {
        TokenApi {
            app,
            streams: Arc::new(Semaphore::new(STREAMS)),
            passing: Semaphore::new(PASSED),
            closing: watch::Sender::new(false),
        }
    }

    /// Ends all streams of events.
    pub fn close_streams(&self) {
        self.closing.send_replace(true);
    }

    /// What the bearer of this call may do.
    fn access(&self, call: &Call) -> Result<Access, Refusal> {
        Ok(self.app.keys.access(call.bearer().unwrap_or_default(), call.peer, self.app.clock.now())?)
    }

    /// The keeper of this account, if the call's bearer may do this with it. Without a name the only account that the
    /// key is for, else the first one.
    fn keeper(&self, access: &Access, scope: Scope, account: Option<&str>) -> Result<&Arc<Keeper>, Refusal> {
        let account = account.or(access.only_account());
        let keeper = self.app.tokens.of(account).ok_or(Refusal::NoAccount)?;
        access.require(scope, keeper.account())?;
        Ok(keeper)
    }
}

impl Call {
    fn bearer(&self) -> Option<&str> {
        bearer(self.headers.get("authorization")?.to_str().ok()?)
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let mut parameters = url::form_urlencoded::parse(self.query.as_bytes());
        parameters.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// What the token API's listener serves.
pub fn routes(
    api: Arc<TokenApi>,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let (reading, same) = (Arc::clone(&api), Arc::clone(&api));
    // Every server of the owner's asks for the token all the time: this is the way without anything it does not need.
    let read = warp::get()
        .and(warp::path("accesstoken"))
        .and(warp::path::end())
        .and(warp::header::optional::<String>("authorization"))
        .and(warp::ext::optional::<SocketAddr>())
        .then(move |key, peer| token(Arc::clone(&reading), None, key, peer));
    let read_of = warp::get()
        .and(warp::path("accesstoken"))
        .and(warp::path::param::<String>())
        .and(warp::path::end())
        .and(warp::header::optional::<String>("authorization"))
        .and(warp::ext::optional::<SocketAddr>())
        .then(move |account, key, peer| token(Arc::clone(&same), Some(account), key, peer));
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let rest = warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<SocketAddr>())
        .and(warp::body::stream())
        .then(move |method, path: FullPath, query, headers, peer: Option<SocketAddr>, body| {
            let api = Arc::clone(&api);
            let peer = peer.map(|peer| peer.ip());
            let call = Call { method, path: path.as_str().to_owned(), query, headers, peer };
            async move { dispatch::answered(&api, &call, body).await }
        });
    read.or(read_of)
        .unify()
        .or(rest)
        .unify()
        // The last filter rejects nothing; should it begin to, it is our fault.
        .or_else(|_| async { Ok::<_, Infallible>((warp::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),)) })
}

/// `GET /accesstoken[/{account}]`
async fn token(api: Arc<TokenApi>, account: Option<String>, key: Option<String>, peer: Option<SocketAddr>) -> Response {
    let told = async {
        let key = key.as_deref().and_then(bearer).unwrap_or_default();
        let access = api.app.keys.access(key, peer.map(|peer| peer.ip()), api.app.clock.now())?;
        let keeper = api.keeper(&access, Scope::Read, account.as_deref())?;
        let held = keeper.token().await?;
        Ok::<_, Refusal>(answer::token(&held, keeper.usable(&held)))
    };
    told.await.unwrap_or_else(|refusal| refusal.answer())
}

/// The key in an `Authorization` header.
fn bearer(header: &str) -> Option<&str> {
    header.strip_prefix("Bearer ").map(str::trim)
}

/// A body read whole, as JSON.
fn json(body: &Bytes) -> Result<serde_json::Value, Refusal> {
    let value =
        serde_json::from_slice(body).map_err(|error| Refusal::Malformed(format!("the body is not JSON: {error}")))?;
    Ok(value)
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        Refusal::Denied(denied)
    }
}
