//! The one client for addresses that strangers name: one request, one answer, nothing followed.
//!
//! [`Reach`] is asked twice: about what the address says before anything is sent, and by the resolver about what the
//! name means, in the very moment of connecting; a name that meant something harmless a moment ago gains nothing. Every
//! dimension of an answer has an end: its head, its body as sent and as unpacked, the wait for its first byte, the
//! whole time, and how slowly it may come. Deliberately not here: redirects, retries, robots.txt and pauses, which are
//! the business of whoever asks.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;
use tokio::time::{sleep, timeout};
use url::Url;

pub use super::decode::Excess;
use super::decode::{Body, Trouble};
use super::reach::{Forbidden, Reach};

/// Largest head of an answer, in bytes. hyper itself reads up to 100 headers and 417 kB.
const HEAD: usize = 64 << 10;
/// Most that is read of an answer which is no success, in bytes: nobody reads it, but a connection whose answer was
/// read to the end can be used again.
const FAILED: u64 = 16 << 10;
/// Bytes a second, below which an answer is given up; looked at whenever the patience is over.
const LEAST_RATE: u64 = 1 << 10;
/// Bytes a second that the longest time of an answer is reckoned with, on top of the patience.
const WHOLE_RATE: u64 = 32 << 10;
/// Most addresses taken of one name.
const ADDRESSES: usize = 32;
/// Longest sentence about a failure, in characters.
const SENTENCE: usize = 200;
/// Headers that belong to the client: how a message is framed and packed, where it goes, and who asks.
const OWN_HEADERS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Asks what a name means.
pub type Lookup = Arc<dyn Fn(&str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// What may be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET.
    #[default]
    Get,
    /// POST.
    Post,
    /// PROPFIND: the list of a WebDAV folder, RFC 4918.
    Propfind,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// How.
    pub method: Method,
    /// Of what.
    pub url: Url,
    /// Headers beyond the client's own; those that are its own business are dropped.
    pub headers: Vec<(String, String)>,
    /// The body of a POST or PROPFIND.
    pub body: Option<Vec<u8>>,
    /// Largest body of the answer, in bytes, as sent and as unpacked.
    pub most_bytes: u64,
    /// What becomes of a larger one.
    pub excess: Excess,
    /// Longest wait for the head of the answer, connecting included. Each time so long has passed again, the body must
    /// have grown by 1 kB for each second; the whole takes at most so long, and a second more for each 32 kB of
    /// `most_bytes`.
    pub patience: Duration,
}

/// One answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, unpacked. Of an answer that is no success at most 16 kB, as sent.
    pub body: Bytes,
    headers: HeaderMap,
}

/// An answer of which the head is there.
#[derive(Debug)]
pub struct Opened {
    answer: reqwest::Response,
    is_gzip: bool,
    most_bytes: u64,
    excess: Excess,
    patience: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// It must not be asked for.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Larger than asked for, in bytes.
    #[error("it is larger than {} kB", most >> 10)]
    TooLarge {
        /// The limit.
        most: u64,
    },
    /// It did not come in time.
    #[error("it did not come in time")]
    Slow,
    /// Everything else on the way. The sentence names no address, which could hold a secret.
    #[error("{0}")]
    Broken(String),
}

/// The client of one [`Reach`]. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Guarded {
    reach: Reach,
    anywhere: reqwest::Client,
    /// For ports that are open in the networks of the reach alone: its resolver knows no other addresses.
    within: Option<reqwest::Client>,
}

impl Guarded {
    /// A client that asks the system's resolver. It keeps one idle connection for each host.
    ///
    /// # Errors
    /// When the name of the agent is no header.
    pub fn new(reach: Reach, user_agent: &str) -> Result<Guarded, Failure> {
        Guarded::with_lookup(reach, user_agent, system_lookup())
    }

    /// A client that asks `lookup` what names mean.
    ///
    /// # Errors
    /// As [`Guarded::new`].
    pub fn with_lookup(reach: Reach, user_agent: &str, lookup: Lookup) -> Result<Guarded, Failure> {
        let client = |is_within: bool| -> anyhow::Result<reqwest::Client> {
            let resolver = Resolver { reach: reach.clone(), lookup: lookup.clone(), is_within };
            let builder = super::builder()?.user_agent(HeaderValue::from_str(user_agent)?);
            // Unpacking is done here, where both sizes are counted.
            let builder = builder.no_gzip().referer(false).retry(reqwest::retry::never()).dns_resolver(resolver);
            Ok(builder.pool_max_idle_per_host(1).http1_only().build()?)
        };
        let broken = |error: anyhow::Error| Failure::Broken(format!("the client cannot be made: {error}"));
        let anywhere = client(false).map_err(broken)?;
        let within = if reach.nets.is_empty() { None } else { Some(client(true).map_err(broken)?) };
        Ok(Guarded { reach, anywhere, within })
    }

    /// Sends one request and reads its answer. No redirect is followed.
    ///
    /// # Errors
    /// When there is no whole answer within the limits. A status is no error.
    pub async fn send(&self, ask: &Ask) -> Result<Answer, Failure> {
        self.open(ask).await?.read().await
    }

    /// Sends one request and waits for the head of the answer.
    ///
    /// # Errors
    /// As [`Guarded::send`].
    pub async fn open(&self, ask: &Ask) -> Result<Opened, Failure> {
        self.reach.check(&ask.url)?;
        let is_open = self.reach.is_open(ask.url.port_or_known_default().unwrap_or_default());
        let client = match &self.within {
            Some(within) if !is_open => within,
            _ => &self.anywhere,
        };
        let request = client.execute(request(ask)?);
        let answer = timeout(ask.patience, request).await.map_err(|_| Failure::Slow)?.map_err(failure)?;
        let head = answer.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>();
        if head > HEAD {
            return Err(Failure::Broken("the head of the answer is larger than 64 kB".into()));
        }
        Opened::new(answer, ask)
    }
}

impl Opened {
    fn new(answer: reqwest::Response, ask: &Ask) -> Result<Opened, Failure> {
        let (most_bytes, excess) = match answer.status().is_success() {
            true => (ask.most_bytes, ask.excess),
            false => (ask.most_bytes.min(FAILED), Excess::Cut),
        };
        let announced = answer.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
        if excess == Excess::Refuse && announced.is_some_and(|length: u64| length > most_bytes) {
            return Err(Failure::TooLarge { most: most_bytes });
        }
        let is_gzip = answer.status().is_success() && is_gzip(answer.headers())?;
        Ok(Opened { answer, is_gzip, most_bytes, excess, patience: ask.patience })
    }

    /// Reads the body.
    ///
    /// # Errors
    /// As [`Guarded::send`].
    pub async fn read(self) -> Result<Answer, Failure> {
        let whole = self.patience.saturating_add(Duration::from_secs(self.most_bytes / WHOLE_RATE));
        let (status, headers) = (self.answer.status().as_u16(), self.answer.headers().clone());
        let body = timeout(whole, self.gather()).await.map_err(|_| Failure::Slow)??;
        Ok(Answer { status, body: body.into(), headers })
    }

    async fn gather(self) -> Result<Vec<u8>, Failure> {
        let most = self.most_bytes;
        let spoilt = |trouble| match trouble {
            Trouble::TooLarge => Failure::TooLarge { most },
            Trouble::Corrupt => Failure::Broken("the answer is packed, and cannot be unpacked".into()),
        };
        let least = self.patience.as_secs().saturating_mul(LEAST_RATE)
            + u64::from(self.patience.subsec_millis()) * LEAST_RATE / 1000;
        let mut body = Body::new(self.is_gzip, most, self.excess);
        let mut pieces = self.answer.bytes_stream();
        let mut window = pin!(sleep(self.patience));
        let mut came = 0;
        loop {
            tokio::select! {
                piece = pieces.next() => {
                    let Some(piece) = piece else { break };
                    let piece = piece.map_err(failure)?;
                    came += piece.len() as u64;
                    if !body.push(&piece).map_err(spoilt)? {
                        break;
                    }
                }
                () = &mut window => {
                    if came < least.max(1) {
                        return Err(Failure::Slow);
                    }
                    came = 0;
                    window.set(sleep(self.patience));
                }
            }
        }
        body.finish().map_err(spoilt)
    }
}

impl Answer {
    /// A header, the first of its name. It may hold any bytes but line ends.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.get(name).map(HeaderValue::as_bytes)
    }

    /// All headers of this name.
    pub fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.headers.get_all(name).into_iter().map(HeaderValue::as_bytes)
    }

    /// A header of visible ASCII, which most are.
    pub fn ascii(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Gives out what is admitted, so that a connection can go nowhere else.
struct Resolver {
    reach: Reach,
    lookup: Lookup,
    is_within: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, reach, is_within) = ((self.lookup)(name.as_str()), self.reach.clone(), self.is_within);
        Box::pin(async move {
            let mut refused = None;
            let mut admitted = Vec::new();
            for address in found.await?.into_iter().take(ADDRESSES) {
                match reach.admits(address) {
                    Ok(()) if !is_within || reach.is_granted(address) => admitted.push(SocketAddr::new(address, 0)),
                    Ok(()) => refused = Some(Forbidden::Address(address)),
                    Err(error) => refused = Some(error),
                }
            }
            match refused {
                Some(error) if admitted.is_empty() => Err(error.into()),
                None if admitted.is_empty() => Err(io::Error::other("the name has no address").into()),
                _ => Ok(Box::new(admitted.into_iter()) as Addrs),
            }
        })
    }
}

/// Asks the system, as every other program on this machine does.
fn system_lookup() -> Lookup {
    Arc::new(|name| {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

fn request(ask: &Ask) -> Result<reqwest::Request, Failure> {
    let method = match ask.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Propfind => reqwest::Method::from_bytes(b"PROPFIND").unwrap_or_default(),
    };
    let mut request = reqwest::Request::new(method, ask.url.clone());
    for (name, value) in &ask.headers {
        let wrong = || Failure::Broken(format!("the header {name:.40?} cannot be sent"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| wrong())?;
        if !OWN_HEADERS.contains(&name.as_str()) {
            request.headers_mut().append(name, value);
        }
    }
    request.headers_mut().insert("accept-encoding", HeaderValue::from_static("gzip"));
    *request.body_mut() = ask.body.clone().map(reqwest::Body::from);
    Ok(request)
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Failure> {
    let mut codings = headers.get_all("content-encoding").iter().map(HeaderValue::as_bytes);
    let coding = codings.next().unwrap_or_default().trim_ascii();
    match coding.to_ascii_lowercase().as_slice() {
        b"gzip" | b"x-gzip" if codings.next().is_none() => Ok(true),
        b"" | b"identity" if codings.next().is_none() => Ok(false),
        _ => Err(Failure::Broken("the answer is packed in a way that nobody asked for".into())),
    }
}

/// The reason at the bottom of an error: a refusal of the resolver's, or what the system or the other side said.
fn failure(error: reqwest::Error) -> Failure {
    let is_late = error.is_timeout();
    let error = error.without_url();
    let mut deepest: &(dyn Error + 'static) = &error;
    while let Some(inner) = deepest.source() {
        deepest = inner;
        if let Some(forbidden) = deepest.downcast_ref::<Forbidden>() {
            return Failure::Forbidden(forbidden.clone());
        }
    }
    if is_late {
        return Failure::Slow;
    }
    let text = deepest.to_string();
    Failure::Broken(text.chars().filter(|c| !c.is_control()).take(SENTENCE).collect())
}

#[cfg(test)]
mod tests;
