//! HTTP/1.1 as the platform's front end speaks it: one request, one answer, the connection closed.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More than any upload of a test.
const LONGEST_BODY: usize = 20 << 20;
const LONGEST_HEAD: usize = 64 << 10;

/// What a caller sent.
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The body came in chunks, which the platform does not read.
    pub is_chunked: bool,
}

impl Request {
    /// The value of a parameter; an empty one is as good as none.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(n, value)| n == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// The body, if it is a JSON object.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok().filter(serde_json::Value::is_object)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Reads one request; `None` if the caller leaves or talks nonsense.
pub async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut received = Vec::new();
    let end = loop {
        if let Some(end) = find(&received, b"\r\n\r\n") {
            break end;
        }
        if received.len() > LONGEST_HEAD || stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
    };
    let body = received.split_off(end + 4);
    let mut request = parse(std::str::from_utf8(&received[..end]).ok()?)?;
    request.body = body;
    if request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok()?;
    }
    // A chunked body is read to its end, so that its sender is ready for the refusal.
    let length: usize = request.header("content-length").map_or(Some(0), |value| value.parse().ok())?;
    request.is_chunked = request.header("transfer-encoding").is_some();
    while if request.is_chunked { !request.body.ends_with(b"0\r\n\r\n") } else { request.body.len() < length } {
        if request.body.len() > LONGEST_BODY || stream.read_buf(&mut request.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

fn parse(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let query = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    Some(Request { method, path: decoded(path), query, headers, body: Vec::new(), is_chunked: false })
}

/// Percent-decoding, with `+` for a space.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], hex.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// One part of a form with files.
pub struct Part {
    pub name: String,
    pub file_name: Option<String>,
    pub bytes: Vec<u8>,
}

/// The parts of a `multipart/form-data` body; `None` if it is not one.
pub fn parts(request: &Request) -> Option<Vec<Part>> {
    let kind = request.header("content-type")?;
    let boundary = kind.strip_prefix("multipart/form-data")?.split_once("boundary=")?.1;
    let boundary = boundary.split(';').next()?.trim().trim_matches('"');
    let delimiter = format!("\r\n--{boundary}");
    // With a line break in front, the first delimiter looks like the others.
    let body = [b"\r\n", request.body.as_slice()].concat();
    let mut rest = &body[find(&body, delimiter.as_bytes())? + delimiter.len()..];
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let end = find(rest, delimiter.as_bytes())?;
        let head_end = find(&rest[..end], b"\r\n\r\n")?;
        let head = std::str::from_utf8(&rest[..head_end]).ok()?;
        let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
        let bytes = rest[head_end + 4..end].to_vec();
        let file_name = attribute(disposition, "filename");
        parts.push(Part { name: attribute(disposition, "name")?, file_name, bytes });
        rest = &rest[end + delimiter.len()..];
    }
    Some(parts)
}

/// `name="value"` or `name=value` among the attributes of a header.
fn attribute(header: &str, name: &str) -> Option<String> {
    let mut attributes = header.split(';').filter_map(|part| part.trim().split_once('='));
    attributes.find(|(n, _)| *n == name).map(|(_, value)| value.trim_matches('"').to_owned())
}

/// An answer with its true length. `status` is like `200 OK`; `more` is further header lines, each ending in CR LF.
pub fn answer(status: &str, content_type: &str, more: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: {content_type}\r\n{more}Content-Length: {}\r\n\r\n",
        body.len()
    );
    (head + body).into_bytes()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
