//! The accept loop: sockets in, HTTP/1.1 answers out, with every wait limited.
//!
//! `warp::serve` sets no header timeout, caps no connections and leaves Nagle's algorithm on, so two hundred slow
//! clients would hold two hundred sockets for ever. Here a connection costs a permit, a head must arrive in time
//! (which also ends an idle keep-alive connection), and a client that stops taking its answer is dropped. What is
//! *not* limited is how long an answer takes to make, or a download that keeps flowing: those have no deadline.
//!
//! Deliberately not here: TLS (a proxy stands in front), HTTP/2, and how long a body may take (`body`).

mod patience;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use warp::{Filter, Reply};

use patience::Patient;

/// A browser sends 20 headers; a hundred, which is hyper's default, is someone trying.
const MAX_HEADERS: usize = 64;
/// Bounds the head of a request, and with it what one idle connection can make us hold.
const MAX_BUFFER: usize = 64 * 1024;
/// Waits after a failed accept: the first, and the longest. Out of descriptors, retrying at once only burns the
/// processor that could finish requests and free some.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// What a listener gives its clients.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Connections at a time; further ones wait in the system's queue.
    pub connections: usize,
    /// For a request's head to arrive whole, and between two requests of a connection.
    pub head: Duration,
    /// For a client to take the next piece of an answer that waits for it.
    pub stall: Duration,
    /// For requests under way to finish when the server stops.
    pub drain: Duration,
}

impl ConnectionLimits {
    /// The usual limits, for so many connections at a time.
    pub fn of(connections: usize) -> ConnectionLimits {
        ConnectionLimits {
            connections,
            head: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// Serves `routes` until `shutdown` is ready, then lets requests under way finish and returns. A route finds the
/// address of its connection with `warp::ext::optional::<SocketAddr>()`.
///
/// Streams without an end (server-sent events) should end themselves on shutdown, or they are cut off when the
/// drain time is over. The routes must have recovered from every rejection, so that no answer is warp's own.
pub async fn serve<F>(listener: TcpListener, routes: F, limits: ConnectionLimits, shutdown: impl Future<Output = ()>)
where
    F: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    F::Extract: Reply,
{
    let service = TowerToHyperService::new(warp::service(routes));
    let http = http_of(limits);
    let permits = Arc::new(Semaphore::new(limits.connections));
    let draining = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);

    loop {
        let arrival = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, accept(&listener).await)
        };
        let (permit, (stream, peer)) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            arrival = arrival => arrival,
        };
        let io = Patient::new(TokioIo::new(stream), limits.stall);
        let service = service.clone();
        let routes = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            service.call(request)
        });
        let connection = draining.watch(http.serve_connection(io, routes));
        connections.spawn(async move {
            if let Err(error) = connection.await {
                log::debug!("a connection ended: {error}");
            }
            drop(permit);
        });
        while connections.try_join_next().is_some() {}
    }

    drop(listener);
    if tokio::time::timeout(limits.drain, draining.shutdown()).await.is_err() {
        log::warn!("{} connections were still busy after {:?} and are cut off", connections.len(), limits.drain);
    }
    connections.shutdown().await;
}

fn http_of(limits: ConnectionLimits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_BUFFER)
        .keep_alive(true);
    http
}

/// The next connection. Never fails: whatever goes wrong, the next try can succeed.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut wait = BACK_OFF.0;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // An answer is one or two writes; waiting to join them costs 40 ms and wins nothing.
                if let Err(error) = stream.set_nodelay(true) {
                    log::debug!("nodelay: {error}");
                }
                return (stream, peer);
            }
            Err(error) if is_the_clients(&error) => log::debug!("accept: {error}"),
            Err(error) => {
                log::error!("cannot accept connections, next try in {wait:?}: {error}");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(BACK_OFF.1);
            }
        }
    }
}

/// Whether one client went away before it was accepted, which says nothing about the next one.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
