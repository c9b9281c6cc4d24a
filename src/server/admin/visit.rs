//! One request to the admin page, with everything a handler may ask of it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use warp::http::{HeaderMap, Method};
use warp::multipart::FormData;

use super::Admin;
use super::answer::Refusal;
use super::first_run;
use super::frame::Frame;
use super::guard;
use super::notice::Notice;
use super::session::{self, Session};
use super::words::Words;
use crate::alert::Alert;
use crate::app::App;
use crate::article;
use crate::blocking::blocking;
use crate::config::Language;
use crate::store;

/// The fields of a form.
pub(super) type Form = BTreeMap<String, String>;

/// A form or a JSON document is at most this large, in bytes: all wordings together have some 30 kB.
const BODY_BYTES: usize = 256 * 1024;
/// A form with a whole text in it: a character of three bytes has nine on its way.
const LONG_BODY_BYTES: usize = 3 * article::LARGEST_ARTICLE + (2 << 20);
/// And has arrived within this time.
const BODY_TIME: Duration = Duration::from_secs(10);
/// A long one within this.
const LONG_BODY_TIME: Duration = Duration::from_secs(60);

/// What stands before the body.
pub(super) struct Head {
    pub(super) method: Method,
    /// Decoded, so that routes are matched on what is meant.
    pub(super) path: String,
    pub(super) query: Form,
    pub(super) headers: HeaderMap,
    /// The address of the connection; whoever forwards it counts as one peer.
    pub(super) peer: IpAddr,
}

/// The body, not yet read.
pub(super) enum Body {
    /// Parts of `multipart/form-data`.
    Parts(FormData),
    /// Anything else.
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>),
}

/// A request on its way through the page.
pub(super) struct Visit {
    pub(super) app: Arc<App>,
    pub(super) admin: Arc<Admin>,
    pub(super) head: Head,
    /// What stood in the place of `{…}` in the route.
    pub(super) parameters: Vec<String>,
    /// Who asks; the filter has let nobody through who must not be.
    pub(super) session: Option<Session>,
    /// The session's token as this answer has it; empty without a session.
    pub(super) csrf: String,
    /// What is wrong now, for who has a session.
    pub(super) alerts: Vec<Alert>,
    /// The first steps are not over.
    pub(super) is_new: bool,
    pub(super) now: DateTime<Utc>,
}

impl Head {
    pub(super) fn new(method: Method, path: &str, query: &str, headers: HeaderMap, peer: Option<SocketAddr>) -> Head {
        Head {
            method,
            path: percent_decode_str(path).decode_utf8_lossy().into_owned(),
            query: pairs(query.as_bytes()),
            headers,
            peer: peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip()),
        }
    }

    /// A header, if it is there and is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header_text(&self.headers, name)
    }

    /// The media type of the body, without parameters.
    pub(super) fn content_type(&self) -> &str {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }

    /// The value of a cookie.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all("cookie")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(|cookies| {
                cookies.split(';').filter_map(|pair| pair.trim().split_once('=')).find(|(own, _)| *own == name)
            })
            .map(|(_, value)| value)
    }

    /// Whether a page that is open asks by itself, without anybody having touched it.
    pub(super) fn is_unattended(&self) -> bool {
        self.header("x-unattended").is_some()
    }

    /// Whether a script asks, which wants JSON, rather than a person with a browser.
    pub(super) fn wants_json(&self) -> bool {
        self.path.starts_with("/api/")
            || self.header("accept").is_some_and(|types| types.starts_with("application/json"))
    }
}

impl Body {
    /// The whole of it, when it is not in parts.
    pub(super) async fn read(self) -> Result<Vec<u8>, Refusal> {
        self.read_within(BODY_BYTES, BODY_TIME).await
    }

    /// The same of a form with a whole text in it.
    pub(super) async fn read_long(self) -> Result<Vec<u8>, Refusal> {
        self.read_within(LONG_BODY_BYTES, LONG_BODY_TIME).await
    }

    async fn read_within(self, limit: usize, time: Duration) -> Result<Vec<u8>, Refusal> {
        let Body::Stream(mut stream) = self else { return Err(Refusal::MediaType) };
        let reading = async move {
            let mut bytes = Vec::new();
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map_err(|_| Refusal::Broken)?;
                if bytes.len() + chunk.len() > limit {
                    return Err(Refusal::TooLarge(limit as u64));
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        tokio::time::timeout(time, reading).await.map_err(|_| Refusal::Slow)?
    }
}

impl Visit {
    /// What was left to be said, if a person reads the page: not in answer to a form, nor to a script that asks by itself.
    pub(super) fn notice(&self) -> Option<Notice> {
        let is_read = self.head.method == Method::GET && !self.head.is_unattended();
        if is_read { self.admin.notices.take(self.session_id(), self.now) } else { None }
    }

    /// Leaves something to say on the next page.
    pub(super) fn leave(&self, notice: impl Into<Notice>) {
        self.admin.notices.leave(self.session_id(), notice.into(), self.now);
    }

    /// A visit that nothing is known of yet.
    pub(super) fn new(app: Arc<App>, admin: Arc<Admin>, head: Head, now: DateTime<Utc>) -> Visit {
        let (parameters, alerts) = (Vec::new(), Vec::new());
        Visit { app, admin, head, parameters, session: None, csrf: String::new(), alerts, is_new: false, now }
    }

    /// Does blocking work and logs what fails, once: the visitor learns that something did.
    pub(super) async fn ask<T, E>(&self, work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Refusal>
    where
        T: Send + 'static,
        E: Display + Send + 'static,
    {
        match blocking(work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(panicked) => Err(self.failed(&panicked)),
        }
    }

    /// What a failure of ours becomes.
    pub(super) fn failed(&self, error: &dyn Display) -> Refusal {
        log::error!("admin {} {}: {error}", self.head.method, self.head.path.escape_debug());
        Refusal::Failed
    }

    /// The language of this visitor: chosen on the page, else the configuration's.
    pub(super) fn words(&self) -> &Words {
        let language = match self.head.cookie("lang") {
            Some("zh") => Language::Zh,
            Some("en") => Language::En,
            _ => self.app.config.language,
        };
        self.admin.words(language)
    }

    /// What every page is drawn with. `place` is the entry of the navigation it belongs to.
    pub(super) fn frame(&self, place: &'static str) -> Frame<'_> {
        Frame {
            words: self.words(),
            place,
            theme: match self.head.cookie("theme") {
                Some("light") => "light",
                Some("dark") => "dark",
                _ => "auto",
            },
            csrf: &self.csrf,
            assets: self.admin.assets.prefix(),
            alerts: &self.alerts,
            is_new: self.is_new,
            zone: self.app.config.time_zone,
            now: self.now,
        }
    }

    /// The id in the path.
    ///
    /// # Errors
    /// Not found, when it is no number.
    pub(super) fn id(&self) -> Result<u64, Refusal> {
        self.parameters.first().and_then(|text| text.parse().ok()).ok_or(Refusal::NotFound)
    }

    /// The id of the session that asks.
    pub(super) fn session_id(&self) -> &str {
        self.session.as_ref().map_or("", |session| &session.id)
    }

    /// Finds out who asks, and on the way what the admin has to know: a few records, from the same store.
    pub(super) async fn recognise(&mut self) -> Result<(), Refusal> {
        let Some(cookie) = self.head.cookie(session::COOKIE).map(str::to_owned) else { return Ok(()) };
        let (app, now) = (self.app.clone(), self.now);
        let is_used = !self.head.is_unattended();
        let found = move || {
            let session = session::find(&app.store, &cookie, is_used, now)?;
            let alerts = if session.is_some() { app.alerts.open()? } else { Vec::new() };
            let is_new = session.is_some() && first_run::is_open(&app.store)?;
            Ok::<_, store::Error>((session, alerts, is_new))
        };
        (self.session, self.alerts, self.is_new) = self.ask(found).await?;
        if let Some(session) = &self.session {
            let random = crate::app::random().map_err(|error| self.failed(&error))?;
            self.csrf = guard::masked(&session.record.csrf, &random);
        }
        Ok(())
    }
}

/// The pairs of a query or of a form.
pub(super) fn pairs(text: &[u8]) -> Form {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// The fields of a JSON object, as a form would have sent them: a box that is not ticked is not there, and a list is its
/// values with commas between.
pub(super) fn fields(text: &[u8]) -> Result<Form, Refusal> {
    let object: BTreeMap<String, Value> = serde_json::from_slice(text).map_err(|_| Refusal::Broken)?;
    let plain = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Refusal::Broken),
    };
    let mut form = Form::new();
    for (name, value) in object {
        let text = match &value {
            Value::Null | Value::Bool(false) => continue,
            Value::Bool(true) => "yes".to_owned(),
            Value::Array(values) => values.iter().map(plain).collect::<Result<Vec<_>, _>>()?.join(","),
            value => plain(value)?,
        };
        form.insert(name, text);
    }
    Ok(form)
}

/// A header, if it is there and is text.
pub(super) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Makes one type of the many that a body's chunks can have.
pub(super) fn stream<B: Buf>(
    stream: impl Stream<Item = Result<B, warp::Error>> + Send + 'static,
) -> Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>> {
    Box::pin(stream.map(|chunk| chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_a_form() {
        let text = r#"{"name":"书","days":30,"scopes":["a","b"],"leads":true,"off":false,"none":null}"#;
        let expected = [("days", "30"), ("leads", "yes"), ("name", "书"), ("scopes", "a,b")];
        let expected: Form = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(fields(text.as_bytes()).unwrap(), expected);
        for wrong in ["", "[]", "3", r#"{"a":{}}"#, r#"{"a":[{}]}"#, r#"{"a":"b""#] {
            assert!(matches!(fields(wrong.as_bytes()), Err(Refusal::Broken)), "{wrong}");
        }
    }
}
