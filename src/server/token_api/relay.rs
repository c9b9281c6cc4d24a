//! Calls of the platform's API passed on, for servers whose address is not whitelisted or that shall not have the
//! token: what they send as access_token is a stand-in, and the real one is put in its place here.
//!
//! Off until the owner lists paths (`[token] relay`). A call refused for a stale token is made once more with the one
//! that is right then. Answers are the platform's; where there is none, the platform's manner of saying so.

use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use futures_util::Stream;
use serde_json::json;
use warp::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use warp::http::{HeaderValue, Method, StatusCode};
use warp::reply::{Reply, Response};

use super::answer::{self, Refusal};
use super::{Call, TokenApi};
use crate::server::body::{self, BodyLimits};
use crate::token::{CallError, Denied, Keeper, Scope, StandIns};
use crate::wechat::{Error, Passed, Raw};

/// The platform takes pictures of 10 MB.
const BODY: BodyLimits = BodyLimits { bytes: 12 * 1024 * 1024, time: Duration::from_secs(60) };

/// Its answer shows requests of the past with the real token in their address.
const NEVER: [&str; 1] = ["/cgi-bin/openapi/rid/get"];

pub(super) async fn passed<S, B>(api: &Arc<TokenApi>, call: &Call, body: S) -> Response
where
    S: Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf,
{
    let keeper = match allowed(api, call) {
        Ok(keeper) => Arc::clone(keeper),
        // So that an SDK fetches a new stand-in and tries again.
        Err(Refusal::Denied(Denied::Unknown)) => {
            return error(40001, "invalid credential, access_token is invalid or not latest (this server's relay)");
        }
        Err(refusal) => return refusal.in_platforms_manner(),
    };
    // Never closed, so there is always a permit to wait for.
    let _permit = api.passing.acquire().await;
    let body = match body::read(&call.headers, body, BODY).await {
        Ok(body) => body,
        Err(error) => return Refusal::Body(error).in_platforms_manner(),
    };
    let parameters = url::form_urlencoded::parse(call.query.as_bytes()).into_owned();
    let query: Vec<(String, String)> = parameters.filter(|(name, _)| name != "access_token").collect();
    let request = Passed {
        is_post: call.method == Method::POST,
        path: &call.path,
        query: &query,
        content_type: call.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()),
        body,
    };
    answered(&keeper, &request).await
}

/// Whose account it is for, if the path may be called and the caller may call it.
fn allowed<'a>(api: &'a TokenApi, call: &Call) -> Result<&'a Arc<Keeper>, Refusal> {
    let now = api.app.clock.now();
    let token = call.parameter("access_token").unwrap_or_default();
    let (access, account) = if StandIns::is_one(&token) {
        let (access, account) = api.app.stand_ins.access(&token, &api.app.keys, call.peer, now)?;
        (access, Some(account))
    } else {
        (api.access(call)?, None)
    };
    let keeper = api.keeper(&access, Scope::Relay, account.as_deref())?;
    if !matches!(call.method, Method::GET | Method::POST) {
        return Err(Refusal::Method);
    }
    if !api.app.config.token.relay.iter().any(|allowed| is_covered(&call.path, allowed)) {
        return Err(Refusal::Malformed(format!("{} is not among the paths in token.relay", call.path)));
    }
    Ok(keeper)
}

/// Whether `path` is the one allowed, or with `*` at its end begins so. A path that could mean another is none.
fn is_covered(path: &str, allowed: &str) -> bool {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-'));
    if NEVER.contains(&path) {
        return false;
    }
    let is_covered = match allowed.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == allowed,
    };
    is_plain && is_covered && !path.contains("//")
}

async fn answered(keeper: &Arc<Keeper>, request: &Passed<'_>) -> Response {
    let client = keeper.client();
    let call = |token| async move {
        let raw = client.pass(request, &token).await?;
        match raw.refusal() {
            Some(refusal) if refusal.is_stale_token() => Err(refusal),
            _ => Ok(raw),
        }
    };
    match keeper.with(call).await {
        Ok(raw) => of_platform(raw),
        Err(CallError::Call(Error::Api { code, message })) => error(code, &message),
        Err(CallError::Call(error @ Error::Transport { .. })) => self::error(-1, &format!("system error: {error}")),
        Err(CallError::Token(error)) => Refusal::Token(error).in_platforms_manner(),
    }
}

fn of_platform(raw: Raw) -> Response {
    let mut response = raw.body.into_response();
    *response.status_mut() = StatusCode::from_u16(raw.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    for (name, value) in [(CONTENT_TYPE, raw.content_type), (CONTENT_DISPOSITION, raw.disposition)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn error(code: i64, message: &str) -> Response {
    answer::body(StatusCode::OK, &json!({ "errcode": code, "errmsg": message }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_passed_on() {
        assert!(is_covered("/cgi-bin/user/info", "/cgi-bin/user/info"));
        assert!(is_covered("/cgi-bin/message/custom/send", "/cgi-bin/message/*"));
        for path in [
            "/cgi-bin/user/info2",
            "/cgi-bin/user",
            "/cgi-bin/user/../token",
            "/cgi-bin/user%2Finfo",
            "/cgi-bin//user/info",
        ] {
            assert!(!is_covered(path, "/cgi-bin/user/info"), "{path}");
        }
        assert!(!is_covered("/cgi-bin/openapi/rid/get", "/cgi-bin/*"));
        assert!(!is_covered("/cgi-bin/message/../token", "/cgi-bin/message/*"));
        assert!(!is_covered("/cgi-bin/message/%2e%2e/token", "/cgi-bin/message/*"));
    }
}
