//! Request bodies, read with a running cap and a total time.
//!
//! warp's own `body::bytes()` has no limit, and its `content_length_limit` turns away every chunked body. Here the
//! bytes are counted as they come, whatever the head said. Check who is asking before reading a body.

use std::pin::pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::time::Instant;
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use super::error::Error;

/// What a body may cost.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Its size, in bytes.
    pub bytes: u64,
    /// The time for all of it.
    pub time: Duration,
}

/// What the head of a request says about its body.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// The body is compressed.
    pub is_encoded: bool,
    /// Its length in bytes, if told.
    pub length: Option<u64>,
}

impl From<&HeaderMap> for Head {
    fn from(headers: &HeaderMap) -> Head {
        Head {
            is_encoded: headers.get_all(CONTENT_ENCODING).iter().any(|value| is_encoded(value.as_bytes())),
            length: headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()),
        }
    }
}

/// Whether a value of `Content-Encoding` says that something was done to the body.
pub fn is_encoded(value: &[u8]) -> bool {
    !value.eq_ignore_ascii_case(b"identity")
}

/// A body that stops with an error where its limits are reached. For large ones; [`read`] is for small ones.
pub struct Limited<S> {
    body: S,
    limits: BodyLimits,
    /// What the head says, in bytes.
    length: Option<u64>,
    seen: u64,
    deadline: Instant,
}

impl<S, B> Limited<S>
where
    S: Stream<Item = Result<B, warp::Error>> + Unpin,
    B: Buf,
{
    /// Looks at what the head says, and starts the clock.
    ///
    /// # Errors
    /// [`Error::Encoded`] for a compressed body, whose size on arrival says nothing about the size it takes in
    /// memory; [`Error::TooLarge`] when the head already admits it.
    pub fn new(head: impl Into<Head>, body: S, limits: BodyLimits) -> Result<Limited<S>, Error> {
        let head = head.into();
        check(head, limits.bytes)?;
        Ok(Limited { body, limits, length: head.length, seen: 0, deadline: Instant::now() + limits.time })
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Slow`], or [`Error::BadRequest`] when the client breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        // The connection gives no byte beyond the length that was told. Asked for more, it would only come to say that
        // there is none, and until then the request would be put aside and a timer set.
        if self.length == Some(self.seen) {
            return Ok(None);
        }
        let piece = tokio::time::timeout_at(self.deadline, self.body.next()).await.map_err(|_| Error::Slow)?;
        let Some(piece) = piece else { return Ok(None) };
        let mut piece = piece.map_err(|_| Error::BadRequest("the body broke off"))?;
        let bytes = piece.copy_to_bytes(piece.remaining());
        self.seen += bytes.len() as u64;
        if self.seen > self.limits.bytes {
            return Err(Error::TooLarge { limit: self.limits.bytes });
        }
        Ok(Some(bytes))
    }
}

/// The whole body, for `warp::body::stream()` and small limits.
///
/// # Errors
/// As [`Limited::new`] and [`Limited::next`].
pub async fn read<S, B>(head: impl Into<Head>, body: S, limits: BodyLimits) -> Result<Bytes, Error>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let body = pin!(body);
    let mut body = Limited::new(head, body, limits)?;
    let Some(first) = body.next().await? else { return Ok(Bytes::new()) };
    let Some(second) = body.next().await? else { return Ok(first) };
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(&second);
    while let Some(piece) = body.next().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

fn check(head: Head, limit: u64) -> Result<(), Error> {
    match head {
        Head { is_encoded: true, .. } => Err(Error::Encoded),
        Head { length: Some(length), .. } if length > limit => Err(Error::TooLarge { limit }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use warp::http::HeaderValue;

    const LIMITS: BodyLimits = BodyLimits { bytes: 8, time: Duration::from_millis(50) };

    async fn read_pieces(headers: &HeaderMap, pieces: &[&'static str]) -> Result<Bytes, Error> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        read(headers, stream::iter(pieces), LIMITS).await
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_read_whole() {
        let headers = HeaderMap::new();
        assert_eq!(read_pieces(&headers, &[]).await.unwrap(), "");
        assert_eq!(read_pieces(&headers, &["12345678"]).await.unwrap(), "12345678");
        assert_eq!(read_pieces(&headers, &["123", "", "45", "678"]).await.unwrap(), "12345678");
    }

    #[tokio::test]
    async fn a_body_is_counted_whatever_its_head_says() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("3"));
        let outcome = read_pieces(&headers, &["12345", "6789"]).await;
        assert!(matches!(outcome, Err(Error::TooLarge { limit: 8 })), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_body_of_a_length_that_was_told_ends_with_its_last_byte() {
        let mut headers = HeaderMap::new();
        for (length, pieces) in [("0", &[][..]), ("3", &["123"][..]), ("8", &["123", "", "45", "678"][..])] {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static(length));
            let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
            let never_ending = stream::iter(pieces).chain(stream::pending::<Result<Bytes, warp::Error>>());
            let body = read(&headers, never_ending, LIMITS).await.unwrap();
            assert_eq!(body.len().to_string(), length);
        }
    }

    #[tokio::test]
    async fn a_head_that_admits_too_much_is_refused_at_once() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("9"));
        let never = stream::pending::<Result<Bytes, warp::Error>>();
        assert!(matches!(read(&headers, never, LIMITS).await, Err(Error::TooLarge { .. })));
    }

    #[tokio::test]
    async fn a_compressed_body_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(matches!(read_pieces(&headers, &["1"]).await, Err(Error::Encoded)));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("Identity"));
        assert!(read_pieces(&headers, &["1"]).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_never_ends_runs_out_of_time() {
        let first = stream::iter([Ok::<_, warp::Error>(Bytes::from_static(b"1"))]);
        let outcome = read(&HeaderMap::new(), first.chain(stream::pending()), LIMITS).await;
        assert!(matches!(outcome, Err(Error::Slow)), "{outcome:?}");
    }
}
