//! The outgoing HTTP client: how every one is built, and what it is allowed.
//!
//! [`builder`] is where each begins: certificates that are compiled in, no redirects, no proxy of the environment's.
//! [`post_local`] talks to the shutong that runs on this machine, for commands given while it runs. It may listen on a
//! LAN address, but nothing on another machine may be reached with that. What strangers name (sources, feeds, links in
//! pages) is fetched by [`guarded`] alone, which goes nowhere that [`reach`] does not admit.

mod certificate;
mod decode;
mod found;
pub mod guarded;
pub mod reach;
#[cfg(test)]
pub(crate) mod site;

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio_util::io::ReaderStream;

pub use certificate::{Certificate, Glance, certificate, glance};

pub use found::{Found, look_at};

/// The largest answer in JSON, in bytes.
const JSON_LIMIT: usize = 1024 * 1024;
/// So much of an answer that says no is read, in bytes.
const REFUSAL_LIMIT: usize = 16 * 1024;
/// A file is sent in pieces of so many bytes.
const PIECE: usize = 128 * 1024;

/// A client in the making, for servers that the owner or the platform named: it follows no redirect, because none of
/// them has a reason for one and each could lead a secret elsewhere, and trusts the certificates compiled in, because
/// a bare machine has none.
///
/// # Errors
/// When the cryptography compiled in does not work, which a test rules out.
pub fn builder() -> Result<reqwest::ClientBuilder> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls()?)
        .user_agent(concat!("shutong/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy())
}

/// TLS with the certificates compiled in.
fn tls() -> Result<ClientConfig> {
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("TLS")?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Speaks JSON with servers of the owner's own: another shutong, a webhook for alerts.
#[derive(Clone, Debug)]
pub struct JsonClient(reqwest::Client);

impl JsonClient {
    /// A client that waits so long for a whole answer.
    ///
    /// # Errors
    /// As [`builder`].
    pub fn new(patience: Duration) -> Result<JsonClient> {
        Ok(JsonClient(builder()?.timeout(patience).build()?))
    }

    /// Sends a GET, or with a body a POST, and gives the status and the JSON of the answer; `Null` if it has none.
    ///
    /// # Errors
    /// When there is no whole answer. The message names no address, which could hold a secret.
    pub async fn send(&self, url: &str, key: Option<&str>, body: Option<&Value>) -> Result<(u16, Value)> {
        let mut call = match body {
            Some(body) => self.0.post(url).json(body),
            None => self.0.get(url),
        };
        if let Some(key) = key {
            call = call.bearer_auth(key);
        }
        let answer = call.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status().as_u16();
        let mut bytes = Vec::new();
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece.map_err(reqwest::Error::without_url)?);
            ensure!(bytes.len() <= JSON_LIMIT, "the answer is too large");
        }
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }
}

/// Puts files on servers of the owner's own and takes them away: WebDAV, and what signs its addresses.
#[derive(Clone, Debug)]
pub struct FileClient {
    client: reqwest::Client,
    patience: Duration,
}

/// A file that goes slower than this is given up, in bytes a second.
const SLOWEST: u64 = 32 * 1024;

/// A server was reached and does not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server answers {status}{}{code}", if code.is_empty() { "" } else { ": " })]
pub struct Answered {
    /// Its status.
    pub status: reqwest::StatusCode,
    /// What stands as `Code` in its answer, as buckets say what is wrong; empty if there is none.
    pub code: String,
}

impl FileClient {
    /// A client that waits so long for a connection, and for an answer beyond what a slow line takes for the file.
    ///
    /// # Errors
    /// As [`builder`].
    pub fn new(patience: Duration) -> Result<FileClient> {
        Ok(FileClient { client: builder()?.connect_timeout(patience).build()?, patience })
    }

    /// Sends a file, piece by piece, by PUT. `login` is a name and a password.
    ///
    /// # Errors
    /// When the file cannot be read or the server does not take it: [`Answered`] if that has said so. The message names no
    /// address, which could hold a secret.
    pub async fn put(&self, url: &str, login: Option<(&str, &str)>, path: &Path) -> Result<()> {
        let file = tokio::fs::File::open(path).await.with_context(|| format!("cannot read {}", path.display()))?;
        let size = file.metadata().await?.len();
        let body = reqwest::Body::wrap_stream(ReaderStream::with_capacity(file, PIECE));
        let call = self.client.put(url).timeout(self.patience + Duration::from_secs(size / SLOWEST));
        let call = call.header("content-length", size).body(body);
        self.done(call, login, &[]).await
    }

    /// Deletes a file; one that is not there is deleted already.
    ///
    /// # Errors
    /// When the server does not do it: [`Answered`] if it has said so.
    pub async fn delete(&self, url: &str, login: Option<(&str, &str)>) -> Result<()> {
        self.done(self.client.delete(url).timeout(self.patience), login, &[404, 410]).await
    }

    async fn done(&self, call: reqwest::RequestBuilder, login: Option<(&str, &str)>, fine: &[u16]) -> Result<()> {
        let call = match login {
            Some((name, password)) => call.basic_auth(name, Some(password)),
            None => call,
        };
        let answer = call.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        if status.is_success() || fine.contains(&status.as_u16()) {
            return Ok(());
        }
        Err(Answered { status, code: code_of(answer).await }.into())
    }
}

/// What stands as `Code` in the beginning of an answer, if that is one word.
async fn code_of(answer: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    let mut pieces = answer.bytes_stream();
    while let Some(Ok(piece)) = pieces.next().await {
        bytes.extend_from_slice(&piece);
        if bytes.len() > REFUSAL_LIMIT {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let code = text.split_once("<Code>").and_then(|(_, rest)| Some(rest.split_once("</Code>")?.0)).unwrap_or_default();
    let is_word = code.len() < 64 && code.chars().all(|letter| letter.is_ascii_alphanumeric());
    if is_word { code.to_owned() } else { String::new() }
}

/// Posts a body to a server on this machine and hands every line of the answer to `line` as it comes.
///
/// # Errors
/// When the address is not of this machine, the server cannot be reached, or its status is no success.
pub async fn post_local(
    address: SocketAddr,
    path: &str,
    key: &str,
    body: Vec<u8>,
    mut line: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    ensure!(is_here(address.ip()), "{address} is not on this machine");
    let client = builder()?.build()?;
    let url = format!("http://{address}{path}");
    let answer = client.post(url).bearer_auth(key).body(body).send().await.map_err(reqwest::Error::without_url)?;
    ensure!(answer.status().is_success(), "the running shutong answers {}", answer.status());
    let mut rest = Vec::new();
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.next().await {
        rest.extend_from_slice(&piece.map_err(reqwest::Error::without_url)?);
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let complete: Vec<u8> = rest.drain(..=end).collect();
            line(&complete[..end]).context("the running shutong gave an answer that cannot be read")?;
        }
    }
    Ok(())
}

/// Whether an address is one of this machine's: only those can be bound.
fn is_here(address: IpAddr) -> bool {
    address.is_loopback() || TcpListener::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_not_this_one() {
        assert!(is_here("127.0.0.1".parse().unwrap()));
        assert!(is_here("::1".parse().unwrap()));
        // Set aside for documentation, RFC 5737.
        assert!(!is_here("192.0.2.1".parse().unwrap()));
    }
}
