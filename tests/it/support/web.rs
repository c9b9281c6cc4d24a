//! A web of many sites, each on an address of its own on this machine, that keeps account of every request: when it
//! came, what it asked for, what became of it. Answers fail as real ones do, by a seed.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a site has under an address.
#[derive(Clone, Debug)]
pub struct Resource {
    pub content_type: String,
    pub bytes: Vec<u8>,
    /// Whether it says how to tell whether it has changed.
    pub has_etag: bool,
    pub status: u16,
}

impl Resource {
    pub fn new(content_type: &str, bytes: impl Into<Vec<u8>>) -> Resource {
        Resource { content_type: content_type.to_owned(), bytes: bytes.into(), has_etag: true, status: 200 }
    }
}

/// How an answer fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    TooMany,
    Broken,
    Reset,
    Truncated,
    Endless,
    Slow,
    WrongCharset,
    LimitPage,
}

const FAULTS: [Fault; 8] = [
    Fault::TooMany,
    Fault::Broken,
    Fault::Reset,
    Fault::Truncated,
    Fault::Endless,
    Fault::Slow,
    Fault::WrongCharset,
    Fault::LimitPage,
];

/// A request as the web has seen it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub host: usize,
    pub path: String,
    pub began: Instant,
    /// The count of kills when it came.
    pub epoch: u64,
    pub is_conditional: bool,
    pub user_agent: String,
    pub outcome: Outcome,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Whole,
    Unchanged,
    Missing,
    Failed(Fault),
    /// The client went away before the end.
    Cut,
}

/// What the sites have, by host and path with its query.
pub type Pages = HashMap<String, Resource>;

struct Shared {
    pages: Vec<Mutex<Pages>>,
    seen: Mutex<Vec<Seen>>,
    asked: Mutex<HashMap<(usize, String), u32>>,
    epoch: AtomicU64,
    /// Of a hundred answers, so many fail.
    percent: AtomicU64,
    seed: u64,
}

/// The web. It ends when it is dropped.
pub struct Web {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    _servers: JoinSet<()>,
}

impl Web {
    /// So many sites, each empty, of whose answers so many of a hundred fail.
    pub async fn start(sites: usize, percent: u64, seed: u64) -> Web {
        let shared = Arc::new(Shared {
            pages: (0..sites).map(|_| Mutex::default()).collect(),
            seen: Mutex::default(),
            asked: Mutex::default(),
            epoch: AtomicU64::new(0),
            percent: AtomicU64::new(percent),
            seed,
        });
        let (mut addresses, mut servers) = (Vec::new(), JoinSet::new());
        for site in 0..sites {
            let ip = Ipv4Addr::new(127, 1, (site / 200) as u8, (site % 200 + 1) as u8);
            let listener = TcpListener::bind((ip, 0)).await.unwrap();
            addresses.push(listener.local_addr().unwrap());
            servers.spawn(serve(Arc::clone(&shared), site, listener));
        }
        Web { shared, addresses, _servers: servers }
    }

    /// `http://127.1.0.1:…` of a site, without a slash at the end.
    pub fn url(&self, site: usize) -> String {
        format!("http://{}", self.addresses[site])
    }

    /// Puts something on a site, or in its place.
    pub fn put(&self, site: usize, path: &str, resource: Resource) {
        self.shared.pages[site].lock().insert(path.to_owned(), resource);
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.seen.lock().clear();
    }

    /// A client was killed.
    pub fn next_epoch(&self) {
        self.shared.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// From now on so many of a hundred answers fail.
    pub fn fail(&self, percent: u64) {
        self.shared.percent.store(percent, Ordering::Release);
    }
}

async fn serve(shared: Arc<Shared>, site: usize, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        connections.spawn(answer_all(Arc::clone(&shared), site, stream));
        while connections.try_join_next().is_some() {}
    }
}

async fn answer_all(shared: Arc<Shared>, site: usize, mut stream: TcpStream) {
    let mut buffer = Vec::new();
    while let Some(head) = read_head(&mut stream, &mut buffer).await {
        if !answer(&shared, site, &mut stream, &head).await {
            return;
        }
    }
}

/// The head of the next request; requests here have no body but small forms, which are passed over.
async fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = buffer.split_off(end + 4);
            let head = String::from_utf8_lossy(buffer).into_owned();
            *buffer = rest;
            let length = header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            while buffer.len() < length {
                if stream.read_buf(buffer).await.ok()? == 0 {
                    return None;
                }
            }
            buffer.drain(..length);
            return Some(head);
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// Answers one request and says whether the connection can go on.
async fn answer(shared: &Shared, site: usize, stream: &mut TcpStream, head: &str) -> bool {
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let at = {
        let mut seen = shared.seen.lock();
        seen.push(Seen {
            host: site,
            path: path.clone(),
            began: Instant::now(),
            epoch: shared.epoch.load(Ordering::Acquire),
            is_conditional: header(head, "if-none-match").is_some() || header(head, "if-modified-since").is_some(),
            user_agent: header(head, "user-agent").unwrap_or_default().to_owned(),
            outcome: Outcome::Cut,
        });
        seen.len() - 1
    };
    let resource = shared.pages[site].lock().get(&path).cloned();
    let Some(resource) = resource else {
        let sent = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone").await;
        note(shared, at, Outcome::Missing);
        return sent.is_ok();
    };
    let fault = if path == "/robots.txt" { None } else { fault(shared, site, &path) };
    if let Some(fault) = fault.filter(|fault| *fault != Fault::WrongCharset) {
        note(shared, at, Outcome::Failed(fault));
        fail(stream, fault, &resource).await;
        return false;
    }
    let etag = format!("\"{:x}\"", mixed(0, &String::from_utf8_lossy(&resource.bytes)));
    if resource.has_etag && header(head, "if-none-match") == Some(&etag) {
        let sent = stream.write_all(format!("HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n").as_bytes()).await;
        note(shared, at, Outcome::Unchanged);
        return sent.is_ok();
    }
    let content_type = match fault {
        Some(_) => format!("{}; charset=utf-16", resource.content_type.split(';').next().unwrap_or_default()),
        None => resource.content_type.clone(),
    };
    let etag = if resource.has_etag { format!("ETag: {etag}\r\n") } else { String::new() };
    let head = format!(
        "HTTP/1.1 {} X\r\nContent-Type: {content_type}\r\n{etag}Content-Length: {}\r\n\r\n",
        resource.status,
        resource.bytes.len()
    );
    let sent = stream.write_all(&[head.as_bytes(), &resource.bytes].concat()).await;
    if sent.is_ok() {
        note(shared, at, fault.map_or(Outcome::Whole, Outcome::Failed));
    }
    sent.is_ok()
}

fn note(shared: &Shared, at: usize, outcome: Outcome) {
    if let Some(seen) = shared.seen.lock().get_mut(at) {
        seen.outcome = outcome;
    }
}

/// Whether this request fails, and how: by the seed, the address, and how often it was asked for.
fn fault(shared: &Shared, site: usize, path: &str) -> Option<Fault> {
    let times = {
        let mut asked = shared.asked.lock();
        let times = asked.entry((site, path.to_owned())).or_default();
        *times += 1;
        *times
    };
    let dice = mixed(shared.seed.wrapping_add(u64::from(times)), &format!("{site}{path}"));
    (dice % 100 < shared.percent.load(Ordering::Acquire)).then(|| FAULTS[(dice / 100 % 8) as usize])
}

/// FNV-1a with a last stirring: the same in every run.
fn mixed(seed: u64, text: &str) -> u64 {
    let mut hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ (hash >> 32)
}

async fn fail(stream: &mut TcpStream, fault: Fault, resource: &Resource) {
    let limit_page = "<html><body><p>访问太频繁，请稍后再试</p></body></html>";
    match fault {
        Fault::TooMany => {
            let head =
                b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(head).await;
        }
        Fault::Broken => {
            let head = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(head).await;
        }
        Fault::Reset => {
            // What is not read when a socket closes makes it a reset.
            let _ = stream.set_zero_linger();
        }
        Fault::Truncated => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                resource.content_type,
                resource.bytes.len() + 1
            );
            let _ = stream.write_all(&[head.as_bytes(), &resource.bytes].concat()).await;
        }
        Fault::Endless => {
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nConnection: close\r\n\r\n", resource.content_type);
            let mut alive = stream.write_all(head.as_bytes()).await.is_ok();
            while alive {
                alive = stream.write_all(&[b'a'; 65_536]).await.is_ok();
            }
        }
        Fault::Slow => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
                resource.content_type,
                resource.bytes.len() + 1_000
            );
            let mut alive = stream.write_all(head.as_bytes()).await.is_ok();
            while alive {
                // The slowness is what is tested; it ends when the client has lost its patience.
                tokio::time::sleep(Duration::from_millis(200)).await;
                alive = stream.write_all(b"a").await.is_ok();
            }
        }
        Fault::LimitPage => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
                limit_page.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), limit_page.as_bytes()].concat()).await;
        }
        Fault::WrongCharset => {}
    }
}
