//! A web server for tests, written by hand so that it can misbehave: on a loopback address of its own choice, one
//! thread for each connection, gone with its value.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use url::Url;

/// What was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// One thing that a server does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    /// The same again until the other side has had enough.
    Forever(Vec<u8>, Duration),
    Close,
}

/// All that it does about one request.
pub(crate) type Reply = Vec<Step>;

/// A whole answer; `head` is the status and further headers: `404 Gone\r\nA: b`.
pub(crate) fn answer(head: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    vec![Step::Send(bytes)]
}

/// The server.
pub(crate) struct Site {
    pub(crate) url: Url,
    pub(crate) connections: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Site {
    /// Listens on this address, on any port.
    pub(crate) fn on(ip: &str, reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Site {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let site = Site { url, connections: Arc::default(), is_over: Arc::default() };
        let (connections, is_over, reply) = (site.connections.clone(), site.is_over.clone(), Arc::new(reply));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                connections.fetch_add(1, Ordering::SeqCst);
                let reply = reply.clone();
                thread::spawn(move || serve(stream, &*reply));
            }
        });
        site
    }

    pub(crate) fn at(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    /// The same server under a name.
    pub(crate) fn named(&self, name: &str, path: &str) -> Url {
        let mut url = self.at(path);
        url.set_host(Some(name)).unwrap();
        url
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect((self.url.host_str().unwrap(), self.url.port().unwrap())));
    }
}

fn serve(mut stream: TcpStream, reply: &(dyn Fn(&Request) -> Reply + Send + Sync)) {
    let mut read = Vec::new();
    while let Some(request) = next(&mut stream, &mut read) {
        for step in reply(&request) {
            let is_done = match step {
                Step::Send(bytes) => stream.write_all(&bytes).is_err(),
                Step::Wait(time) => {
                    thread::sleep(time);
                    false
                }
                Step::Forever(bytes, pause) => {
                    while stream.write_all(&bytes).is_ok() {
                        thread::sleep(pause);
                    }
                    true
                }
                Step::Close => true,
            };
            if is_done {
                return;
            }
        }
    }
}

fn next(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        more(stream, read)?;
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let (method, target) = (first.next()?, first.next()?);
    let headers =
        lines.filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut request = Request { method, target, headers: headers.collect(), body: Vec::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while read.len() < end + 4 + length {
        more(stream, read)?;
    }
    request.body = read[end + 4..end + 4 + length].to_vec();
    read.drain(..end + 4 + length);
    Some(request)
}

fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<()> {
    let mut bytes = [0; 4096];
    let length = stream.read(&mut bytes).ok().filter(|&length| length > 0)?;
    read.extend_from_slice(&bytes[..length]);
    Some(())
}
