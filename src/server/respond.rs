//! Answers with the headers they must have: no page leaves without its security headers, nothing cacheable without
//! its ETag.

use askama::Template;
use warp::Reply;
use warp::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;

/// What a page may load and do: its style sheet and covers, no script at all.
const PAGE_POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'none'; base-uri 'none'; \
                           frame-ancestors 'none'";
/// What everything else may do if a browser shows it: nothing.
const FILE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

const STYLE: &str = include_str!("../../assets/public/style.css");
const STYLE_HASH: u64 = fnv1a(STYLE.as_bytes());
const FAVICON: &[u8] = include_bytes!("../../assets/public/favicon.ico");

/// The address of the style sheet, which changes with its content.
pub(super) fn style_path() -> String {
    format!("/style-{STYLE_HASH:016x}.css")
}

/// The style sheet, if this is its address.
pub(super) fn style(file_name: &str) -> Option<Response> {
    if style_path()[1..] != *file_name {
        return None;
    }
    let response = warp::reply::with_header(STYLE, CONTENT_TYPE, "text/css; charset=utf-8").into_response();
    Some(with_cache(response, Cache::Forever))
}

/// The icon of the pages.
pub(super) fn favicon() -> Response {
    let response = warp::reply::with_header(FAVICON, CONTENT_TYPE, "image/x-icon").into_response();
    with_cache(response, Cache::Day)
}

/// How long an answer may be kept, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cache {
    /// Its address changes with its content.
    Forever,
    /// By everybody, for a day, then asked again by its ETag.
    Day,
    /// By its reader only, asked again each time.
    Private,
    /// Not at all.
    Never,
}

impl Cache {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Cache::Forever => "public, max-age=31536000, immutable",
            Cache::Day => "public, max-age=86400",
            Cache::Private => "private, no-cache",
            Cache::Never => "no-store",
        })
    }
}

/// A page. It holds a follower's links, so nothing between us and the follower may keep it.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Response {
    let Ok(text) = page.render() else {
        log::error!("a page could not be written");
        return secured(StatusCode::INTERNAL_SERVER_ERROR.into_response(), FILE_POLICY);
    };
    drawn_html(status, text)
}

/// A page that has been drawn already.
pub(super) fn drawn_html(status: StatusCode, text: String) -> Response {
    let mut response = warp::reply::with_status(warp::reply::html(text), status).into_response();
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-language, user-agent"));
    with_cache(secured(response, PAGE_POLICY), Cache::Never)
}

/// A line of text, such as a program asks for.
pub(super) fn text(text: impl Into<String>) -> Response {
    with_cache(
        warp::reply::with_header(text.into(), CONTENT_TYPE, "text/plain; charset=utf-8").into_response(),
        Cache::Never,
    )
}

/// Adds how long it may be kept.
pub(super) fn with_cache(mut response: Response, cache: Cache) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, cache.header());
    response
}

/// Adds what every answer carries; a page has its own, wider policy already.
pub(super) fn dressed(response: Response) -> Response {
    if response.headers().contains_key(CONTENT_SECURITY_POLICY) { response } else { secured(response, FILE_POLICY) }
}

/// Keeps search engines away from it, and from what it links to.
pub(super) fn unlisted(mut response: Response) -> Response {
    let name = HeaderName::from_static("x-robots-tag");
    response.headers_mut().insert(name, HeaderValue::from_static("noindex, nofollow"));
    response
}

/// Whether the client has this version already. `tag` is the ETag with its quotes.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let Some(known) = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()) else { return false };
    known.split(',').map(str::trim).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The answer to a client that has this version already.
pub(super) fn not_modified(tag: &str, cache: Cache) -> Response {
    with_cache(with_tag(StatusCode::NOT_MODIFIED.into_response(), tag), cache)
}

/// Adds the ETag.
pub(super) fn with_tag(mut response: Response, tag: &str) -> Response {
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

fn secured(mut response: Response, policy: &'static str) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// FNV-1a: names a version of a file at compile time; protects nothing.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_is_found_under_its_own_address_only() {
        assert!(style(&style_path()[1..]).is_some());
        assert!(style("style-0000000000000000.css").is_none());
        assert!(style("style.css").is_none());
    }

    #[test]
    fn a_version_is_known_by_its_tag_in_any_form() {
        let knows = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(value));
            is_known(&headers, "\"abc\"")
        };
        assert!(knows("\"abc\"") && knows("W/\"abc\"") && knows("\"x\", \"abc\"") && knows("*"));
        assert!(!knows("\"ab\"") && !knows("abc") && !knows(""));
        assert!(!is_known(&HeaderMap::new(), "\"abc\""));
    }

    #[test]
    fn assets_load_nothing_from_elsewhere() {
        let pages = [
            STYLE,
            include_str!("../../assets/public/base.html"),
            include_str!("../../assets/public/book.html"),
            include_str!("../../assets/public/article.html"),
            include_str!("../../assets/public/articles.html"),
            include_str!("../../assets/public/kindle.html"),
            include_str!("../../assets/public/home.html"),
            include_str!("../../assets/public/error.html"),
        ];
        for page in pages {
            for forbidden in ["http:", "https:", "url(", "@import", "<script", "style=", "onclick"] {
                assert!(!page.contains(forbidden), "{forbidden}");
            }
        }
    }
}
