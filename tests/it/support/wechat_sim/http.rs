//! HTTP/1.1 as the platform's pushers speak it: one request, one connection.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a server answered.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl HttpAnswer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Sends one request and closes the connection after `patience`, whatever has come.
pub async fn send(
    method: &str,
    url: &str,
    query: &[(String, String)],
    body: &str,
    patience: Duration,
) -> Result<HttpAnswer, String> {
    let exchange = async {
        let rest = url.strip_prefix("http://").ok_or("the URL is not http")?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut stream = TcpStream::connect(host).await.map_err(|e| format!("connecting: {e}"))?;
        let target = target(path, query);
        let head = format!(
            "{method} {target} HTTP/1.1\r\nUser-Agent: Mozilla/4.0\r\nAccept: */*\r\nHost: {host}\r\n\
             Pragma: no-cache\r\nConnection: close\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + body).as_bytes()).await.map_err(|e| format!("sending: {e}"))?;
        let mut bytes = Vec::new();
        stream.take(1 << 20).read_to_end(&mut bytes).await.map_err(|e| format!("reading: {e}"))?;
        parse(&bytes)
    };
    match tokio::time::timeout(patience, exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {patience:?}")),
    }
}

/// The platform appends its parameters to whatever query the URL has.
fn target(path: &str, query: &[(String, String)]) -> String {
    let mut target = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
    for (name, value) in query {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(name);
        target.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => target.push(byte.into()),
                _ => target.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    target
}

fn parse(bytes: &[u8]) -> Result<HttpAnswer, String> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").ok_or("no complete head")?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|e| e.to_string())?;
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or("no status")?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut answer = HttpAnswer { status, headers, body: Vec::new() };
    let rest = &bytes[end + 4..];
    answer.body = if answer.header("transfer-encoding") == Some("chunked") {
        unchunk(rest).ok_or("the chunks are incomplete")?
    } else if let Some(length) = answer.header("content-length") {
        let length: usize = length.parse().map_err(|_| "Content-Length is no number")?;
        rest.get(..length).ok_or("the body is incomplete")?.to_vec()
    } else {
        rest.to_vec()
    };
    Ok(answer)
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?.trim(), 16).ok()?;
        rest = &rest[line + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}
