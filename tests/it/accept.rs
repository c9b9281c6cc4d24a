//! The accept loop on real sockets.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use shutong::config::Language;
use shutong::server::body::{self, BodyLimits};
use shutong::server::{ConnectionLimits, error, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use warp::{Filter, Reply};

/// Limits so short that a test can wait for them.
const LIMITS: ConnectionLimits = ConnectionLimits {
    connections: 4,
    head: Duration::from_millis(300),
    stall: Duration::from_millis(400),
    drain: Duration::from_millis(800),
};

const CAP: BodyLimits = BodyLimits { bytes: 64 * 1024, time: Duration::from_millis(500) };

struct Server {
    address: SocketAddr,
    /// Lets the answers of `/wait` go.
    release: Arc<Notify>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Server {
    async fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let release = Arc::new(Notify::new());
        let (stop, stopping) = oneshot::channel();
        let shutdown = async {
            let _ = stopping.await;
        };
        let served = tokio::spawn(serve(listener, routes(Arc::clone(&release)), LIMITS, shutdown));
        Server { address, release, stop, served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read_answer(&mut stream).await
    }
}

fn routes(
    release: Arc<Notify>,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let hello = warp::path("hello").map(|| "hello".into_response());
    let wait = warp::path("wait").then(move || {
        let release = Arc::clone(&release);
        async move {
            release.notified().await;
            "waited".into_response()
        }
    });
    let endless = warp::path("endless").map(|| {
        let piece = Bytes::from(vec![b'x'; 64 * 1024]);
        let pieces = futures_util::stream::repeat_with(move || Ok::<_, Infallible>(piece.clone()));
        warp::reply::stream(pieces).into_response()
    });
    let upload = warp::path("upload").and(warp::header::headers_cloned()).and(warp::body::stream()).then(
        |headers: warp::http::HeaderMap, stream| async move {
            match body::read(&headers, stream, CAP).await {
                Ok(bytes) => format!("{} bytes", bytes.len()).into_response(),
                Err(error) => error.plain(),
            }
        },
    );
    hello.or(wait).unify().or(endless).unify().or(upload).unify().recover(error::recover(Language::En))
}

/// Reads until the peer closes or two seconds pass.
async fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(2), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// How long until the peer closes, at most three seconds.
async fn closes_after(stream: &mut TcpStream) -> Duration {
    let started = Instant::now();
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(3), stream.read_to_end(&mut rest)).await;
    started.elapsed()
}

#[tokio::test]
async fn a_request_is_answered_and_the_connection_kept() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut space = [0; 1024];
        let count = stream.read(&mut space).await.unwrap();
        let answer = String::from_utf8_lossy(&space[..count]);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_comes_too_slowly_ends_the_connection() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /hello HTTP/1.1\r\nHost:").await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let dripping = async {
        loop {
            sleep(Duration::from_millis(50)).await;
            if writer.write_all(b"a").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut rest = Vec::new();
    let started = Instant::now();
    tokio::select! {
        () = dripping => unreachable!(),
        closed = timeout(Duration::from_secs(3), reader.read_to_end(&mut rest)) => { let _ = closed.expect("still open"); }
    }
    assert!(started.elapsed() < Duration::from_millis(1_500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Server::start().await;
    let mut silent = server.connect().await;
    assert!(closes_after(&mut silent).await < Duration::from_millis(1_500));
    let mut kept = server.connect().await;
    kept.write_all(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(closes_after(&mut kept).await < Duration::from_millis(2_500));
}

#[tokio::test]
async fn an_answer_may_take_longer_than_any_limit_of_the_connection() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    sleep(LIMITS.head + LIMITS.stall + Duration::from_millis(300)).await;
    server.release.notify_waiters();
    assert!(read_answer(&mut stream).await.ends_with("waited"));
}

#[tokio::test]
async fn a_client_that_stops_taking_its_answer_is_dropped() {
    let server = Server::start().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    // Long enough for the system's buffers to fill and the patience to end; then what is buffered can be read, and
    // no more.
    sleep(LIMITS.stall * 4).await;
    let mut rest = Vec::new();
    let ended = timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "{} bytes and still coming", rest.len());
}

#[tokio::test]
async fn a_client_that_keeps_reading_is_not_dropped() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let started = Instant::now();
    let mut space = vec![0; 64 * 1024];
    while started.elapsed() < LIMITS.stall * 3 {
        assert!(stream.read(&mut space).await.unwrap() > 0);
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn connections_above_the_cap_wait_for_their_turn() {
    let server = Server::start().await;
    let mut busy = Vec::new();
    for _ in 0..LIMITS.connections {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
        busy.push(stream);
    }
    sleep(Duration::from_millis(100)).await;
    let mut next = server.connect().await;
    next.write_all(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut byte = [0];
    let early = timeout(Duration::from_millis(300), next.read(&mut byte)).await;
    assert!(early.is_err(), "it was answered although the server was full");
    server.release.notify_waiters();
    for mut stream in busy {
        assert!(read_answer(&mut stream).await.ends_with("waited"));
    }
    assert!(read_answer(&mut next).await.ends_with("hello"));
}

#[tokio::test]
async fn stopping_lets_requests_under_way_finish() {
    let server = Server::start().await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(100)).await;
    server.stop.send(()).unwrap();
    sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(server.address).await.is_err(), "it still accepts");
    assert!(!server.served.is_finished());
    server.release.notify_waiters();
    assert!(read_answer(&mut busy).await.ends_with("waited"));
    timeout(Duration::from_secs(3), server.served).await.expect("it does not end").unwrap();
}

#[tokio::test]
async fn stopping_waits_no_longer_than_the_drain_time() {
    let server = Server::start().await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    server.stop.send(()).unwrap();
    timeout(Duration::from_secs(5), server.served).await.expect("it does not end").unwrap();
    assert!(started.elapsed() >= LIMITS.drain && started.elapsed() < LIMITS.drain * 3, "{:?}", started.elapsed());
    assert!(!read_answer(&mut busy).await.contains("200"));
}

#[tokio::test]
async fn a_body_of_100_megabytes_is_refused_and_the_client_is_told() {
    let server = Server::start().await;
    let size = 100 * 1024 * 1024;
    // With its length in the head, and without one: both are refused, and the answer survives the bytes in flight.
    let heads = [
        format!("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n"),
        "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
    ];
    for head in heads {
        let is_chunked = head.contains("chunked");
        let mut stream = server.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let piece = vec![b'x'; 64 * 1024];
        let mut sent = 0;
        while sent < size {
            let written = async {
                if is_chunked {
                    stream.write_all(b"10000\r\n").await?;
                }
                stream.write_all(&piece).await?;
                if is_chunked { stream.write_all(b"\r\n").await } else { Ok(()) }
            };
            if written.await.is_err() {
                break;
            }
            sent += piece.len();
        }
        let answer = read_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "chunked: {is_chunked}, {sent} bytes sent: {answer:?}");
    }
}

#[tokio::test]
async fn a_body_that_drips_runs_out_of_time() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n").await.unwrap();
    let started = Instant::now();
    for _ in 0..8 {
        let _ = stream.write_all(b"a").await;
        sleep(Duration::from_millis(100)).await;
    }
    let answer = read_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer:?}");
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn odd_heads_are_refused_and_do_no_harm() {
    let server = Server::start().await;
    let many: String = (0..100).map(|number| format!("x-{number}: a\r\n")).collect();
    let long = "a".repeat(1024 * 1024);
    let cases = [
        (format!("GET /hello HTTP/1.1\r\nHost: a\r\n{many}\r\n"), "HTTP/1.1 431"),
        (format!("GET /hello HTTP/1.1\r\nHost: a\r\nx: {long}\r\n\r\n"), "HTTP/1.1 431"),
        ("GET /hello HTTP/1.1\r\nHost: a\r\n x: folded\r\n\r\n".into(), "HTTP/1.1 400"),
        ("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".into(), "HTTP/1.1 400"),
        ("nonsense\r\n\r\n".into(), "HTTP/1.1 400"),
        ("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\nConnection: close\r\n\r\na".into(), "HTTP/1.1 415"),
    ];
    for (request, expected) in cases {
        let mut stream = server.connect().await;
        let _ = stream.write_all(request.as_bytes()).await;
        let answer = read_answer(&mut stream).await;
        assert!(answer.starts_with(expected), "{:?} -> {answer:?}", &request[..request.len().min(80)]);
    }
    let answer = server.ask("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with("hello"));
}
