//! The platform's own interface for tokens, so that an SDK whose API base can be set needs no change: the key stands
//! in for the AppSecret.
//!
//! An SDK that finds its token refused has no way to say so; it asks for one again. So a key that asks again for a
//! token it was given before makes us look, now and then, whether that token is still good.

use std::sync::Arc;

use bytes::Buf;
use futures_util::Stream;
use serde_json::{Value, json};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::dispatch::read;
use super::{Call, TokenApi};
use crate::token::{self, Access, Denied, Keeper, Scope};

/// What is asked for.
struct Wanted {
    grant_type: String,
    app_id: String,
    key: String,
    is_forced: bool,
}

/// `GET /cgi-bin/token?grant_type=client_credential&appid=…&secret=KEY`
pub(super) async fn token(api: &Arc<TokenApi>, call: &Call) -> Response {
    if call.method != Method::GET {
        return error(43001, "require GET method");
    }
    let parameter = |name| call.parameter(name).unwrap_or_default();
    let wanted = Wanted {
        grant_type: parameter("grant_type"),
        app_id: parameter("appid"),
        key: parameter("secret"),
        is_forced: false,
    };
    answered(api, call, wanted).await
}

/// `POST /cgi-bin/stable_token`
pub(super) async fn stable_token<S, B>(api: &Arc<TokenApi>, call: &Call, body: S) -> Response
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf,
{
    if call.method != Method::POST {
        return error(43002, "require POST method");
    }
    let bytes = match read(call, body).await {
        Ok(bytes) => bytes,
        Err(refusal) => return refusal.in_platforms_manner(),
    };
    let Ok(asked) = serde_json::from_slice::<Value>(&bytes) else { return error(47001, "data format error") };
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let wanted = Wanted {
        grant_type: text("grant_type"),
        app_id: text("appid"),
        key: text("secret"),
        is_forced: asked["force_refresh"].as_bool().unwrap_or(false),
    };
    answered(api, call, wanted).await
}

async fn answered(api: &Arc<TokenApi>, call: &Call, wanted: Wanted) -> Response {
    if wanted.app_id.is_empty() {
        return error(41002, "appid missing");
    }
    if wanted.key.is_empty() {
        return error(41004, "appsecret missing");
    }
    if wanted.grant_type != "client_credential" {
        return error(40002, "invalid grant_type");
    }
    let now = api.app.clock.now();
    // The key comes first: whoever has none does not learn which accounts there are.
    let access = match api.app.keys.access(&wanted.key, call.peer, now) {
        Ok(access) => access,
        Err(Denied::Unknown) => return error(40125, "invalid appsecret: the secret must be a key of this server's"),
        Err(denied) => return Refusal::Denied(denied).in_platforms_manner(),
    };
    let Some(keeper) = api.app.tokens.of_app(&wanted.app_id) else { return error(40013, "invalid appid") };
    if access.has(Scope::Relay) {
        if api.app.config.token.relay.is_empty() {
            return error(48001, "the key has the scope relay, but token.relay lists no path to pass calls on to");
        }
        return match access.require(Scope::Relay, keeper.account()) {
            Ok(()) => stand_in(api, &access, keeper),
            Err(denied) => Refusal::Denied(denied).in_platforms_manner(),
        };
    }
    match real(keeper, &access, wanted.is_forced).await {
        Ok(response) => response,
        Err(refusal) => refusal.in_platforms_manner(),
    }
}

/// For a key that calls the platform through us: its calls come here, so the real token need not go there.
fn stand_in(api: &TokenApi, access: &Access, keeper: &Keeper) -> Response {
    let (value, seconds) = api.app.stand_ins.make(access, keeper.account(), api.app.clock.now());
    answer::body(StatusCode::OK, &json!({ "access_token": value.expose(), "expires_in": seconds }))
}

async fn real(keeper: &Arc<Keeper>, access: &Access, is_forced: bool) -> Result<Response, Refusal> {
    access.require(Scope::Read, keeper.account())?;
    if is_forced {
        access.require(Scope::Refresh, keeper.account())?;
        return match keeper.refresh().await {
            Ok(refreshed) => Ok(answer::token(&refreshed.held, keeper.usable(&refreshed.held))),
            Err(token::Error::Refused(why)) => Err(Refusal::Token(token::Error::Refused(why))),
            Err(error) => Err(error.into()),
        };
    }
    let held = keeper.token().await?;
    if keeper.is_asked_again(access.id(), &held) {
        let (keeper, held) = (Arc::clone(keeper), Arc::clone(&held));
        // Whoever asks now has this one; the next one to ask has whatever comes of it.
        tokio::spawn(async move { keeper.report(held.value.clone()).await });
    }
    Ok(answer::token(&held, keeper.usable(&held)))
}

fn error(code: i64, message: &str) -> Response {
    answer::body(StatusCode::OK, &json!({ "errcode": code, "errmsg": message }))
}
