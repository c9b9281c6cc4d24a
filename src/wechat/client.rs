//! Calling the platform's API: one request, one answer, its error if it is one.
//!
//! The client keeps no token and decides about no second try; `token` does. What it does decide is the host: the
//! further ones are tried when no connection to one before can be made, and for no other reason, because a request
//! that arrived may have had its effect.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Error;
use crate::http;
use crate::secret::Secret;

/// The largest answer that is read, in bytes. The longest lists the platform gives have some hundred kilobytes.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// The longest errmsg that is kept, in characters: it goes into alerts, histories and logs.
const MESSAGE_LIMIT: usize = 500;

/// How an access_token is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenEndpoint {
    /// `/cgi-bin/stable_token`: the same token to everybody who asks, until it is about to end.
    #[default]
    Stable,
    /// `/cgi-bin/token`: a new token each time, which ends the one before after five minutes.
    Classic,
}

/// Where the platform is, and how long one waits for it.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// Addresses without a path; the first is used unless it cannot be connected to.
    pub bases: Vec<String>,
    /// An HTTP proxy to go through, for a server without a fixed address of its own.
    pub proxy: Option<String>,
    /// For the connection.
    pub connect: Duration,
    /// For a whole call.
    pub total: Duration,
}

/// A token or ticket as the platform gives it.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The value.
    pub value: Secret,
    /// How long it lives, from the request on.
    pub lives: Duration,
}

impl Granted {
    /// Whether this can be a token or a ticket at all: it goes into headers, addresses and the store.
    pub fn is_value(text: &str) -> bool {
        (1..=2_048).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

/// What a ticket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TicketKind {
    /// Signing a page for the JS-SDK.
    Jsapi,
    /// Cards and coupons.
    WxCard,
}

impl TicketKind {
    /// Both.
    pub const ALL: [TicketKind; 2] = [TicketKind::Jsapi, TicketKind::WxCard];

    /// The platform's name for it.
    pub fn name(self) -> &'static str {
        match self {
            TicketKind::Jsapi => "jsapi",
            TicketKind::WxCard => "wx_card",
        }
    }
}

/// A request to be passed on.
#[derive(Debug)]
pub struct Passed<'a> {
    /// `GET` or `POST`.
    pub is_post: bool,
    /// Its path, starting with a slash.
    pub path: &'a str,
    /// Its parameters, without the token.
    pub query: &'a [(String, String)],
    /// The type of its body.
    pub content_type: Option<&'a str>,
    /// Its body.
    pub body: Bytes,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Raw {
    /// The HTTP status.
    pub status: u16,
    /// The type of the body.
    pub content_type: Option<String>,
    /// What the platform would have a file called.
    pub disposition: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Calls the platform for one account.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    bases: Vec<Url>,
}

impl Client {
    /// A client for these hosts.
    ///
    /// # Errors
    /// When an address is none, or there is none at all.
    pub fn new(hosts: &Hosts) -> anyhow::Result<Client> {
        let mut builder = http::builder()?.connect_timeout(hosts.connect).timeout(hosts.total);
        if let Some(proxy) = &hosts.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy)?);
        }
        let bases: Vec<Url> = hosts.bases.iter().map(|base| Url::parse(base)).collect::<Result<_, _>>()?;
        anyhow::ensure!(!bases.is_empty(), "the platform's host is missing");
        Ok(Client { http: builder.build()?, bases })
    }

    /// A new access_token of the classic kind: the one before has five minutes left.
    ///
    /// # Errors
    /// What the platform says (wechat-api: 40001, 40125, 40013, 40164, 40243, 45009, …), or no answer.
    pub async fn classic_token(&self, app_id: &str, secret: &Secret) -> Result<Granted, Error> {
        let query = [("grant_type", "client_credential"), ("appid", app_id), ("secret", secret.expose())];
        let answer: TokenAnswer = self.get("/cgi-bin/token", &query).await?;
        granted(answer.access_token, answer.expires_in)
    }

    /// The stable access_token, or with `force` a new one at once, which ends the old one at once.
    ///
    /// # Errors
    /// As [`Client::classic_token`].
    pub async fn stable_token(&self, app_id: &str, secret: &Secret, force: bool) -> Result<Granted, Error> {
        let body = json!({
            "grant_type": "client_credential", "appid": app_id, "secret": secret.expose(), "force_refresh": force
        });
        let answer: TokenAnswer = self.post("/cgi-bin/stable_token", &[], &body).await?;
        granted(answer.access_token, answer.expires_in)
    }

    /// Asks the cheapest thing that needs an access_token: the addresses the platform calls from. An answer shows
    /// that the token is good.
    ///
    /// # Errors
    /// [`Error::is_stale_token`] if it is not; otherwise nothing is shown.
    pub async fn callback_ips(&self, token: &Secret) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            ip_list: Vec<String>,
        }
        let answer: Answer = self.get("/cgi-bin/getcallbackip", &[("access_token", token.expose())]).await?;
        Ok(answer.ip_list)
    }

    /// A ticket.
    ///
    /// # Errors
    /// What the platform says, or no answer.
    pub async fn ticket(&self, token: &Secret, kind: TicketKind) -> Result<Granted, Error> {
        #[derive(Deserialize)]
        struct Answer {
            ticket: String,
            #[serde(deserialize_with = "number")]
            expires_in: u64,
        }
        let query = [("access_token", token.expose()), ("type", kind.name())];
        let answer: Answer = self.get("/cgi-bin/ticket/getticket", &query).await?;
        granted(answer.ticket, answer.expires_in)
    }

    /// Passes a request of somebody else's on, with this token, and gives the answer as it is.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn pass(&self, request: &Passed<'_>, token: &Secret) -> Result<Raw, Error> {
        let method = if request.is_post { Method::POST } else { Method::GET };
        self.send(request.path, |base| {
            let mut url = base.clone();
            url.query_pairs_mut().extend_pairs(request.query).append_pair("access_token", token.expose());
            let mut call = self.http.request(method.clone(), url).body(request.body.clone());
            if let Some(kind) = request.content_type {
                call = call.header(reqwest::header::CONTENT_TYPE, kind);
            }
            call
        })
        .await
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Error> {
        read(&self.send(path, |url| self.http.get(url).query(query)).await?)
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<T, Error> {
        // The whole body at once, so that its length is told: the platform refuses chunked ones.
        let bytes = body.to_string();
        let call = |url| {
            let call = self.http.post(url).query(query);
            call.header(reqwest::header::CONTENT_TYPE, "application/json").body(bytes.clone())
        };
        read(&self.send(path, call).await?)
    }

    /// Sends a file, which may take longer than other calls.
    pub(super) async fn post_bytes<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        content_type: &str,
        body: &Bytes,
        patience: Duration,
    ) -> Result<T, Error> {
        let call = |url| {
            let call = self.http.post(url).query(query).timeout(patience);
            call.header(reqwest::header::CONTENT_TYPE, content_type).body(body.clone())
        };
        read(&self.send(path, call).await?)
    }

    /// What is at an address that needs no token: its status, type and bytes.
    pub(super) async fn fetch(&self, url: &str, query: &[(&str, &str)]) -> Result<Raw, Error> {
        let unreachable = |error: reqwest::Error| {
            let may_have_arrived = !error.is_connect();
            Error::Transport { what: told(&error), may_have_arrived }
        };
        raw(self.http.get(url).query(query).send().await.map_err(unreachable)?).await
    }

    /// Sends to the first host that takes the connection.
    async fn send(&self, path: &str, call: impl Fn(Url) -> reqwest::RequestBuilder) -> Result<Raw, Error> {
        let mut refused = None;
        for base in &self.bases {
            let mut url = base.clone();
            url.set_path(path);
            match call(url).send().await {
                Ok(response) => return raw(response).await,
                Err(error) if error.is_connect() => {
                    let host = base.host_str().unwrap_or_default();
                    log::debug!("no connection to {host}: {}", told(&error));
                    refused.get_or_insert(Error::Transport { what: told(&error), may_have_arrived: false });
                }
                Err(error) => return Err(Error::Transport { what: told(&error), may_have_arrived: true }),
            }
        }
        Err(refused.unwrap_or(Error::Transport { what: "there is no host".into(), may_have_arrived: false }))
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    #[serde(deserialize_with = "number")]
    expires_in: u64,
}

/// A number, which the platform writes as text now and then.
pub(super) fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(from)?;
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number.ok_or_else(|| serde::de::Error::custom("not a number"))
}

/// Judges what the platform granted: a value that cannot be one must not replace one that works.
fn granted(value: String, seconds: u64) -> Result<Granted, Error> {
    if !Granted::is_value(&value) || !(1..=86_400).contains(&seconds) {
        return Err(unreadable("what the platform granted is no token".into()));
    }
    Ok(Granted { value: Secret::new(value), lives: Duration::from_secs(seconds) })
}

async fn raw(response: reqwest::Response) -> Result<Raw, Error> {
    let status = response.status().as_u16();
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let content_type = header(reqwest::header::CONTENT_TYPE);
    let disposition = header(reqwest::header::CONTENT_DISPOSITION);
    let mut body = Vec::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| unreadable(format!("the answer broke off: {}", told(&error))))?;
        if body.len() + piece.len() > ANSWER_LIMIT {
            return Err(unreadable("the answer is too large".into()));
        }
        body.extend_from_slice(&piece);
    }
    Ok(Raw { status, content_type, disposition, body })
}

impl Raw {
    /// The error that the body tells of, if it does: an object with an errcode other than 0.
    pub fn refusal(&self) -> Option<Error> {
        let starts = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        if starts != Some(&b'{') {
            return None;
        }
        let value: Value = serde_json::from_slice(&without_controls(&self.body)).ok()?;
        refusal_in(&value)
    }
}

fn read<T: DeserializeOwned>(raw: &Raw) -> Result<T, Error> {
    let is_success = StatusCode::from_u16(raw.status).is_ok_and(|status| status.is_success());
    // By its content: answers come as text/plain too, and a proxy's error page as 200.
    let value: Option<Value> = serde_json::from_slice(&without_controls(&raw.body)).ok();
    match value {
        Some(value) => match refusal_in(&value) {
            Some(refusal) => Err(refusal),
            None if is_success => {
                serde_json::from_value(value).map_err(|error| unreadable(format!("an answer without sense: {error}")))
            }
            None => Err(unreadable(format!("HTTP status {}", raw.status))),
        },
        None if is_success => Err(unreadable("the answer is not JSON".into())),
        None => Err(unreadable(format!("HTTP status {}", raw.status))),
    }
}

fn refusal_in(value: &Value) -> Option<Error> {
    let code = value.get("errcode")?;
    // Numbers come as strings too.
    let code = code.as_i64().or_else(|| code.as_str()?.parse().ok())?;
    let message = value.get("errmsg").and_then(Value::as_str).unwrap_or_default();
    (code != 0).then(|| Error::Api { code, message: message.chars().take(MESSAGE_LIMIT).collect() })
}

/// What followers typed comes back with raw control characters in it, which no reader of JSON takes.
fn without_controls(body: &[u8]) -> Vec<u8> {
    body.iter().map(|&byte| if byte < 0x20 { b' ' } else { byte }).collect()
}

/// It came, but says nothing: the call may have had its effect.
fn unreadable(what: String) -> Error {
    Error::Transport { what, may_have_arrived: true }
}

/// The error and its causes, without the address, which holds the token.
fn told(error: &reqwest::Error) -> String {
    let kind = match () {
        () if error.is_timeout() => "no answer in time",
        () if error.is_connect() => "no connection",
        () if error.is_body() || error.is_decode() => "the answer broke off",
        () => "no answer",
    };
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    match causes.last() {
        Some(last) if !last.contains("access_token") && !last.contains("secret=") => format!("{kind} ({last})"),
        _ => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_be_written_as_text() {
        for seconds in ["7200", "\"7200\""] {
            let text = format!("{{\"access_token\":\"x\",\"expires_in\":{seconds}}}");
            assert_eq!(serde_json::from_str::<TokenAnswer>(&text).unwrap().expires_in, 7_200);
        }
        assert!(serde_json::from_str::<TokenAnswer>("{\"access_token\":\"x\",\"expires_in\":\"soon\"}").is_err());
    }

    #[test]
    fn what_goes_into_alerts_and_histories_is_short() {
        let refusal = refusal_in(&json!({ "errcode": "45009", "errmsg": "长".repeat(100_000) })).unwrap();
        assert_eq!(refusal, Error::Api { code: 45009, message: "长".repeat(MESSAGE_LIMIT) });
    }
}
