//! What came of a fetch: the document, and what its headers say about it. What the bytes are is for others to tell.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::disposition;
use super::error::FetchError;
use super::hop::Hop;
use crate::http::guarded::{Answer, Method};

/// Longest validator that is kept, in bytes. A longer one is worth nothing but the next fetch.
const VALIDATOR: usize = 1 << 10;
/// Longest name of a type or charset, in bytes.
const NAME: usize = 100;

/// What came of a fetch.
#[expect(clippy::large_enum_variant, reason = "one for each fetch, taken apart at once")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It is what it was when the validators came.
    Unchanged,
    /// All of it.
    Whole(Document),
}

/// Something that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where it was in the end, after redirects.
    pub url: Url,
    /// The type that the server gives, in lower case and without parameters; may be empty, and wrong.
    pub media_type: String,
    /// The charset that the server gives.
    pub charset: Option<String>,
    /// To be given with the next fetch.
    pub validators: Validators,
    /// The name that the server gives the file: no path, at most 200 characters.
    pub file_name: Option<String>,
    /// The bytes, unpacked.
    pub bytes: Bytes,
}

/// What a server knows a version of a document by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, as it came.
    pub etag: Option<String>,
    /// `Last-Modified`, as it came.
    pub last_modified: Option<String>,
}

impl Validators {
    /// Whether there is nothing to ask with.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// What the last answer comes to.
pub(super) fn conclude(hop: &Hop<'_>, answer: Answer) -> Result<Fetched, FetchError> {
    let is_conditional = hop.wanted.validators.as_ref().is_some_and(|validators| !validators.is_empty());
    match answer.status {
        // 203: a proxy on the way has changed something, as those do.
        200 | 203 => Ok(Fetched::Whole(document(hop.url.clone(), answer))),
        207 if hop.method == Method::Propfind => Ok(Fetched::Whole(document(hop.url.clone(), answer))),
        304 if is_conditional => Ok(Fetched::Unchanged),
        code => Err(FetchError::Status { code }),
    }
}

fn document(url: Url, answer: Answer) -> Document {
    let (media_type, charset) = media_type(answer.header("content-type").unwrap_or_default());
    let validator = |name: &str| answer.ascii(name).filter(|value| value.len() <= VALIDATOR).map(str::to_owned);
    Document {
        url,
        media_type,
        charset,
        validators: Validators { etag: validator("etag"), last_modified: validator("last-modified") },
        file_name: answer.header("content-disposition").and_then(disposition::file_name),
        bytes: answer.body,
    }
}

fn media_type(header: &[u8]) -> (String, Option<String>) {
    let header = String::from_utf8_lossy(header);
    let mut parts = header.split(';');
    let short = |text: &str| Some(text.trim()).filter(|text| text.len() <= NAME).map(str::to_ascii_lowercase);
    let media_type = parts.next().and_then(short).unwrap_or_default();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        if name.trim().eq_ignore_ascii_case("charset") { short(value).filter(|value| !value.is_empty()) } else { None }
    });
    (media_type, charset)
}

/// How long a server asks to wait: `Retry-After`, in seconds or as a date.
pub(super) fn retry_after(answer: &Answer, now: DateTime<Utc>) -> Option<Duration> {
    if !matches!(answer.status, 429 | 503) {
        return None;
    }
    let value = answer.ascii("retry-after")?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too long for a number is too long for everybody.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    Some((date.to_utc() - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #[test]
    fn types() {
        for (header, media_type, charset) in [
            ("text/html; charset=GBK", "text/html", Some("gbk")),
            ("Text/HTML ;a=b; Charset = \"utf-8\" ", "text/html", Some("utf-8")),
            ("application/epub+zip", "application/epub+zip", None),
            ("text/html;charset=", "text/html", None),
            ("", "", None),
            (";;;", "", None),
        ] {
            let expected = (media_type.to_owned(), charset.map(str::to_owned));
            assert_eq!(super::media_type(header.as_bytes()), expected, "{header}");
        }
        assert_eq!(super::media_type("a".repeat(1000).as_bytes()).0, "");
    }
}
