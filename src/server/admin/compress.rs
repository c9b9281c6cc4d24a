//! Answers made smaller on their way, by gzip: pages, scripts, styles and JSON, for browsers that take it.
//!
//! The length of a compressed page tells whether what somebody else put into it repeats what is secret in it (BREACH).
//! So the only secret that stands in every page, the token of the session, is written differently in every answer
//! (`guard::masked`), and only answers to GET are compressed: a value that the admin asks to see comes by POST. Files
//! and the stream of events go as they are.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use warp::http::Method;
use warp::http::header::{
    ACCEPT_ENCODING, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};
use warp::reply::Response;

use super::visit::Head;

/// Smaller answers fit into one packet as they are, in bytes.
const WORTH: u64 = 1000;
/// Larger ones are not held in memory twice, in bytes.
const MOST: u64 = 4 << 20;

/// The answer, compressed if that is of use and the browser takes it.
pub(super) async fn compressed(head: &Head, mut response: Response) -> Response {
    if !can_be(head, &response) {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
    if !takes_gzip(&head.headers) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // What is here has been made already, so reading it neither waits nor fails.
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let Ok(small) = gzip(&bytes) else { return Response::from_parts(parts, bytes.into()) };
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Bytes::from(small).into())
}

fn can_be(head: &Head, response: &Response) -> bool {
    let is_read = matches!(head.method, Method::GET | Method::HEAD);
    // Streams do not know their length.
    let is_of_size = response.body().size_hint().exact().is_some_and(|bytes| (WORTH..=MOST).contains(&bytes));
    let is_file = [CONTENT_ENCODING, CONTENT_DISPOSITION].iter().any(|name| response.headers().contains_key(name));
    is_read && is_of_size && is_text(response.headers()) && !is_file
}

fn is_text(headers: &HeaderMap) -> bool {
    let mime = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    mime.starts_with("text/") || ["application/json", "image/svg+xml"].contains(&mime)
}

/// Whether `Accept-Encoding` names gzip, and not with a weight of nothing.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use warp::http::StatusCode;

    use super::super::answer;
    use super::*;

    fn head(method: Method, accepted: &'static str) -> Head {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
        Head::new(method, "/", "", headers, None)
    }

    async fn sent(method: Method, accepted: &'static str, mime: &str, bytes: usize) -> (Response, Vec<u8>) {
        let response = answer::bytes(StatusCode::OK, mime, "书".repeat(bytes / 3).into_bytes());
        let (parts, body) = compressed(&head(method, accepted), response).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        (Response::from_parts(parts, Bytes::new().into()), bytes)
    }

    #[tokio::test]
    async fn a_text_comes_back_as_it_was() {
        let (response, bytes) = sent(Method::GET, "br, gzip;q=0.8", "text/html; charset=utf-8", 30_000).await;
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
        assert_eq!(response.headers()[VARY], "accept-encoding");
        assert!(bytes.len() < 1000, "{} bytes", bytes.len());
        let mut text = String::new();
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "书".repeat(10_000));
    }

    #[tokio::test]
    async fn everything_else_goes_as_it_is() {
        for (method, accepted, mime, bytes) in [
            (Method::GET, "br", "text/html", 30_000),
            (Method::GET, "gzip;q=0, identity", "text/html", 30_000),
            (Method::GET, "gzip", "image/png", 30_000),
            (Method::GET, "gzip", "application/epub+zip", 30_000),
            (Method::GET, "gzip", "text/html", 900),
            (Method::POST, "gzip", "text/html", 30_000),
        ] {
            let (response, sent) = sent(method.clone(), accepted, mime, bytes).await;
            assert!(!response.headers().contains_key(CONTENT_ENCODING), "{method} {accepted} {mime} {bytes}");
            assert_eq!(sent.len(), bytes);
        }
    }
}
