//! Pages, scripts, styles and JSON, compressed for whoever takes that. Files of books go as they are: they are
//! compressed already.
//!
//! A page holds the session's token beside what was asked for, and its compressed size would tell of the token to who
//! could have it drawn again and again with guesses. Nobody else can: requests of other sites come without the cookie.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use warp::http::header::{self, HeaderValue};
use warp::reply::{Reply, Response};

use super::visit::Head;

/// Below this the header costs more than is saved, in bytes.
const LEAST: usize = 1_000;
/// What is worth it.
const TYPES: [&str; 6] =
    ["text/html", "text/css", "text/javascript", "application/json", "image/svg+xml", "text/plain"];

/// The answer, compressed if that is worth it and wanted.
pub(super) async fn packed(head: &Head, response: Response) -> Response {
    let mime = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_text = TYPES.iter().any(|text| mime.starts_with(text));
    let is_free = !response.headers().contains_key(header::CONTENT_ENCODING)
        && !response.headers().contains_key(header::CONTENT_RANGE)
        && !response.headers().contains_key(header::CONTENT_DISPOSITION);
    if !is_text || !is_free {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    parts.headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    if !takes_gzip(head.header("accept-encoding").unwrap_or_default()) {
        return Response::from_parts(parts, body);
    }
    // The body is in memory already, so this waits for nothing.
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return parts.status.into_response();
    };
    let smaller = if body.len() < LEAST { None } else { gzip(&body) };
    if smaller.is_some() {
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let mut answer = warp::http::Response::new(smaller.unwrap_or(body)).into_response();
    *answer.status_mut() = parts.status;
    *answer.headers_mut() = parts.headers;
    answer
}

fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::default());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Whether a client says that it takes gzip; with `q=0` it says that it does not.
fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && weight > 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::takes_gzip;

    #[test]
    fn nobody_gets_what_they_do_not_take() {
        for (accepted, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("identity", false),
            ("", false),
            ("xgzip", false),
        ] {
            assert_eq!(takes_gzip(accepted), takes, "{accepted}");
        }
    }
}
