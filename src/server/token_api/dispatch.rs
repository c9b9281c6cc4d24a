//! Which path means what, but for reading the token. One place, so that what it asks of a key can be read off.

use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use futures_util::Stream;
use serde_json::{Value, json};
use warp::Reply;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::{Call, TokenApi, events, json, platform, relay};
use crate::app;
use crate::secret::Secret;
use crate::server::body::{self, BodyLimits};
use crate::token::{Keeper, Refreshed, Scope};
use crate::wechat::TicketKind;

/// A request of this API has a token or an address in it.
const BODY: BodyLimits = BodyLimits { bytes: 16 * 1024, time: Duration::from_secs(5) };

pub(super) async fn answered<S, B>(api: &Arc<TokenApi>, call: &Call, body: S) -> Response
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf,
{
    let parts: Vec<&str> = call.path.split('/').skip(1).collect();
    match *parts {
        ["healthz"] => "ok\n".into_response(),
        ["cgi-bin", "token"] => platform::token(api, call).await,
        ["cgi-bin", "stable_token"] => platform::stable_token(api, call, body).await,
        ["cgi-bin", ..] => relay::passed(api, call, body).await,
        _ => own(api, call, &parts, body).await.unwrap_or_else(|refusal| refusal.answer()),
    }
}

async fn own<S, B>(api: &Arc<TokenApi>, call: &Call, parts: &[&str], body: S) -> Result<Response, Refusal>
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf,
{
    let access = api.access(call)?;
    let is_get = call.method == Method::GET;
    let is_post = call.method == Method::POST;
    match *parts {
        ["accesstoken", account] if is_post => {
            let keeper = api.keeper(&access, Scope::Set, Some(account))?;
            let asked = json(&read(call, body).await?)?;
            Ok(changed(keeper, keeper.set(token_in(&asked)?, lives_in(&asked)?).await?))
        }
        ["accesstoken", account, "report"] if is_post => {
            let keeper = api.keeper(&access, Scope::Refresh, Some(account))?;
            let asked = json(&read(call, body).await?)?;
            let refused = asked["refused"].as_str().filter(|text| !text.is_empty());
            let refused = refused.ok_or_else(|| malformed("the body must be {\"refused\":\"TOKEN\"}"))?;
            Ok(changed(keeper, keeper.report(Secret::new(refused)).await?))
        }
        ["accesstoken", account, "refresh"] if is_post => {
            let keeper = api.keeper(&access, Scope::Refresh, Some(account))?;
            Ok(changed(keeper, keeper.refresh().await?))
        }
        ["accesstoken", account, "events"] if is_get => {
            let keeper = api.keeper(&access, Scope::Read, Some(account))?;
            events::stream(api, call, Arc::clone(keeper))
        }
        ["ticket"] | ["ticket", _] if is_get => {
            let keeper = api.keeper(&access, Scope::Ticket, parts.get(1).copied())?;
            let kind = kind(call.parameter("type").as_deref())?;
            let held = keeper.tickets().get(keeper, kind).await?;
            Ok(answer::ticket(&held, keeper.left(&held)))
        }
        ["jssdk"] | ["jssdk", _] if is_post => {
            let keeper = api.keeper(&access, Scope::Ticket, parts.get(1).copied())?;
            let asked = json(&read(call, body).await?)?;
            let url = asked["url"].as_str().ok_or_else(|| malformed("the body must be {\"url\":\"location.href\"}"))?;
            let random = app::random().map_err(|error| crate::token::Error::Store(error.to_string()))?;
            let signed = keeper.tickets().sign(keeper, url, random).await?;
            Ok(answer::body(StatusCode::OK, &serde_json::to_value(signed).unwrap_or_default()))
        }
        ["accesstoken" | "ticket" | "jssdk", ..] if parts.len() <= 3 => Err(Refusal::Method),
        _ => Err(Refusal::NoPath),
    }
}

/// The token to use now, after something was asked for; `note` says what came of that.
fn changed(keeper: &Keeper, refreshed: Refreshed) -> Response {
    let Refreshed { held, is_new, note } = refreshed;
    let mut value = json!({
        "access_token": held.value.expose(), "expires_in": keeper.usable(&held).as_secs(), "is_new": is_new
    });
    if let Some(note) = note {
        value["note"] = note.into();
    }
    answer::body(StatusCode::OK, &value)
}

fn token_in(asked: &Value) -> Result<Secret, Refusal> {
    let value = asked["access_token"].as_str().or(asked["token"].as_str());
    value.map(Secret::new).ok_or_else(|| malformed("the body must be {\"access_token\":\"…\",\"expires_in\":7200}"))
}

/// Without a time it lives as long as the platform's do; renewed too early is better than too late, but a token that
/// somebody sets in an emergency was most likely fetched just now.
fn lives_in(asked: &Value) -> Result<Duration, Refusal> {
    match &asked["expires_in"] {
        Value::Null => Ok(Duration::from_secs(7_200)),
        seconds => seconds.as_u64().map(Duration::from_secs).ok_or_else(|| malformed("expires_in must be seconds")),
    }
}

fn kind(name: Option<&str>) -> Result<TicketKind, Refusal> {
    let name = name.unwrap_or("jsapi");
    let kind = TicketKind::ALL.into_iter().find(|kind| kind.name() == name);
    kind.ok_or_else(|| malformed("type must be jsapi or wx_card"))
}

pub(super) async fn read<S, B>(call: &Call, stream: S) -> Result<bytes::Bytes, Refusal>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    body::read(&call.headers, stream, BODY).await.map_err(Refusal::Body)
}

pub(super) fn malformed(why: &str) -> Refusal {
    Refusal::Malformed(why.to_owned())
}
