//! One connection to a server, with bytes of the test's own choosing: several requests on it, or half a request.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wechat_sim::{HttpAnswer, Request};

/// Longer than any limit of the server.
pub const PATIENCE: Duration = Duration::from_secs(40);

pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub async fn open(address: &str) -> Connection {
        Connection::try_open(address).await.expect("somebody listens")
    }

    /// The same; `None` if nobody listens.
    pub async fn try_open(address: &str) -> Option<Connection> {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Connection { stream, received: Vec::new() })
    }

    /// Whether a part of an answer has come.
    pub fn holds_a_part(&self) -> bool {
        !self.received.is_empty()
    }

    /// Sends bytes; false if the server does not take them any more.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        matches!(tokio::time::timeout(PATIENCE, self.stream.write_all(bytes)).await, Ok(Ok(())))
    }

    /// The next answer; `None` if the server has closed the connection instead.
    pub async fn answer(&mut self) -> Option<HttpAnswer> {
        loop {
            if let Some(answer) = self.parse() {
                return Some(answer);
            }
            let mut piece = [0; 16 * 1024];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut piece)).await;
            match read.expect("the server neither answers nor closes the connection") {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.received.extend(&piece[..length]),
            }
        }
    }

    /// One request of the platform, the connection staying open.
    pub async fn post(&mut self, path: &str, request: &Request) -> Option<HttpAnswer> {
        let head = head("POST", &target(path, request), &format!("Content-Length: {}\r\n", request.body.len()));
        self.send((head + &request.body).as_bytes()).await;
        self.answer().await
    }

    fn parse(&mut self) -> Option<HttpAnswer> {
        let end = self.received.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&self.received[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, n)| n.parse().ok());
        let whole = end + length.unwrap_or(0);
        if self.received.len() < whole {
            return None;
        }
        let body = self.received[end..whole].to_vec();
        self.received.drain(..whole);
        Some(HttpAnswer { status, headers, body })
    }
}

/// A request's head, with further lines, each ending in CR LF.
pub fn head(method: &str, target: &str, more: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: books.example.com\r\n{more}\r\n")
}

/// Path and query of a request of the platform.
pub fn target(path: &str, request: &Request) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.query).finish();
    format!("{path}?{query}")
}
