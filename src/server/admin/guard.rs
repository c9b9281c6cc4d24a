//! What is checked before anything else, session included: is the request addressed to this page, and does it come
//! from it? And the headers every answer carries.
//!
//! Another web page open in the admin's browser can reach the loopback address. It is kept out three times: by the
//! Host header (a name that an attacker points at 127.0.0.1 is not in the list), by what the browser says about where
//! a request starts (`Sec-Fetch-Site`, `Origin`), and by a token that every change must carry. Sessions and passwords
//! are not here: see `session` and `login`.

use std::net::SocketAddr;

use subtle::ConstantTimeEq;
use warp::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::visit::header_text;
use crate::store::hex;

/// Everything from here, nothing inline, nothing framed.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// What every answer says, whatever it is.
const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex, nofollow"),
];

/// The value of the Host header, if the page answers to it: a loopback name with the listener's port, the address
/// it is bound to, or a host from the configuration. Compared whole: `localhost.evil.example` is not `localhost`.
pub(super) fn own_host<'a>(headers: &'a HeaderMap, bound: SocketAddr, configured: &[String]) -> Option<&'a str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    if hosts.next().is_some() {
        return None;
    }
    let port = bound.port();
    let is_loopback = ["127.0.0.1", "[::1]", "localhost"].iter().any(|name| is_name_with_port(host, name, port));
    let is_bound = !bound.ip().is_unspecified() && host == bound.to_string();
    let is_configured = configured.iter().any(|own| host.eq_ignore_ascii_case(own));
    (is_loopback || is_bound || is_configured).then_some(host)
}

fn is_name_with_port(host: &str, name: &str, port: u16) -> bool {
    let Some((given, tail)) = host.split_at_checked(name.len()) else { return false };
    // A browser leaves the port out if it is that of the scheme.
    given.eq_ignore_ascii_case(name) && (tail == format!(":{port}") || (tail.is_empty() && port == 80))
}

/// Whether the request was started by another site. Following a link to here is no harm: without the cookie, which
/// is `SameSite=Strict`, it ends at the login form.
pub(super) fn is_foreign(method: &Method, headers: &HeaderMap, host: &str) -> bool {
    let foreign_origin = header_text(headers, "origin").is_some_and(|origin| {
        let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        own.is_none_or(|own| !own.eq_ignore_ascii_case(host))
    });
    if foreign_origin || headers.get_all(header::ORIGIN).iter().count() > 1 {
        return true;
    }
    match header_text(headers, "sec-fetch-site") {
        None | Some("same-origin" | "none") => false,
        Some(_) => *method != Method::GET || header_text(headers, "sec-fetch-mode") != Some("navigate"),
    }
}

/// The session's token as one answer has it: a pad of random digits, and the token with the pad added, digit by digit.
/// It looks different every time, so that the length of a compressed page says nothing about it.
pub(super) fn masked(token: &str, random: &[u8; 32]) -> String {
    let pad = hex(random);
    let digits = token.chars().zip(pad.chars());
    let hidden: String =
        digits.filter_map(|(own, pad)| char::from_digit(own.to_digit(16)? ^ pad.to_digit(16)?, 16)).collect();
    pad + &hidden
}

/// Whether `given` is the session's token, masked; takes the same time wherever they differ.
pub(super) fn is_token(given: Option<&str>, expected: &str) -> bool {
    let unmasked = given.and_then(|given| {
        let (pad, hidden) = given.split_at_checked(64).filter(|(pad, hidden)| pad.len() == hidden.len())?;
        let digits = hidden.chars().zip(pad.chars());
        digits.map(|(own, pad)| char::from_digit(own.to_digit(16)? ^ pad.to_digit(16)?, 16)).collect::<Option<String>>()
    });
    unmasked.is_some_and(|given| given.as_bytes().ct_eq(expected.as_bytes()).into())
}

/// Adds the headers of every answer. What may be kept by the browser has said so itself.
pub(super) fn harden(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Session realm=\"shutong\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[track_caller]
    fn check_host(host: &'static str, expected: bool) {
        let bound = SocketAddr::from(([127, 0, 0, 1], 8081));
        let configured = ["admin.example.com".to_owned()];
        assert_eq!(own_host(&headers(&[("host", host)]), bound, &configured).is_some(), expected, "{host}");
    }

    #[test]
    fn only_its_own_names_are_answered() {
        for host in ["127.0.0.1:8081", "[::1]:8081", "localhost:8081", "LocalHost:8081", "Admin.example.com"] {
            check_host(host, true);
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:8082",
            "127.0.0.1:80810",
            "localhost.evil.example:8081",
            "evil.example:8081",
            "localhost:8081.evil.example",
            "admin.example.com:8081",
            "localhost.:8081",
            "127.1:8081",
            "",
        ] {
            check_host(host, false);
        }
        let bound = SocketAddr::from(([127, 0, 0, 1], 8081));
        assert!(own_host(&headers(&[]), bound, &[]).is_none(), "no Host header at all");
        let twice = headers(&[("host", "127.0.0.1:8081"), ("host", "127.0.0.1:8081")]);
        assert!(own_host(&twice, bound, &[]).is_none(), "two Host headers");
    }

    #[test]
    fn a_token_is_known_behind_every_mask_and_by_nothing_else() {
        let token = "0123456789abcdef".repeat(4);
        let (one, other) = (masked(&token, &[7; 32]), masked(&token, &[200; 32]));
        assert!(one != other && !one.contains(&token[..16]) && one.len() == 128);
        assert!(is_token(Some(&one), &token) && is_token(Some(&other), &token));
        let changed = format!("{}{}", &one[..127], if one.ends_with('0') { '1' } else { '0' });
        for wrong in [None, Some(""), Some("0"), Some(token.as_str()), Some(&one[..127]), Some(&changed), Some("书童")]
        {
            assert!(!is_token(wrong, &token), "{wrong:?}");
        }
        assert!(!is_token(Some(&one), ""), "no session, no token");
    }

    #[track_caller]
    fn check_foreign(method: Method, pairs: &[(&'static str, &'static str)], expected: bool) {
        assert_eq!(is_foreign(&method, &headers(pairs), "localhost:8081"), expected, "{method} {pairs:?}");
    }

    #[test]
    fn other_sites_are_recognised() {
        check_foreign(Method::POST, &[], false);
        check_foreign(Method::POST, &[("origin", "http://localhost:8081"), ("sec-fetch-site", "same-origin")], false);
        check_foreign(Method::POST, &[("origin", "http://evil.example")], true);
        check_foreign(Method::POST, &[("origin", "null")], true);
        check_foreign(Method::POST, &[("origin", "http://localhost:8082")], true);
        check_foreign(Method::POST, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], true);
        check_foreign(Method::POST, &[("sec-fetch-site", "same-site")], true);
        check_foreign(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], false);
        check_foreign(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")], true);
        check_foreign(Method::GET, &[("origin", "http://evil.example"), ("sec-fetch-mode", "navigate")], true);
    }
}
