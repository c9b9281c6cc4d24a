//! One request on the way to a document, and where its answer leads.
//!
//! What belongs to one origin stays there: names, passwords and cookies, and every header that is not known to be
//! harmless, because tokens go by many names.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{CONTROLS, percent_encode};
use url::Url;

use super::error::FetchError;
use super::{Manner, Wanted};
use crate::http::guarded::{Answer, Ask, Excess, Method};
use crate::http::reach::LONGEST_URL;

/// Headers that tell nothing about who asks.
const HARMLESS: &[&str] = &["accept", "accept-language", "cache-control", "content-type", "pragma", "x-requested-with"];
/// Headers that would make the answer something else than the whole document, or that are made here.
const REFUSED: &[&str] =
    &["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range", "user-agent"];

/// One request on the way.
#[derive(Clone, Debug)]
pub(super) struct Hop<'a> {
    pub(super) manner: &'a Manner,
    pub(super) wanted: &'a Wanted,
    pub(super) url: Url,
    pub(super) method: Method,
    has_body: bool,
}

impl<'a> Hop<'a> {
    pub(super) fn first(manner: &'a Manner, wanted: &'a Wanted) -> Hop<'a> {
        let has_body = wanted.body.is_some() && wanted.method != Method::Get;
        Hop { manner, wanted, url: without_fragment(wanted.url.clone()), method: wanted.method, has_body }
    }

    /// The next one, if the answer leads on.
    pub(super) fn next(&self, answer: &Answer) -> Result<Option<Hop<'a>>, FetchError> {
        let Some(url) = destination(&self.url, answer)? else { return Ok(None) };
        // What browsers do: a POST is not repeated elsewhere, unless the answer says so (RFC 9110, 15.4).
        let becomes_get = match answer.status {
            303 => true,
            301 | 302 => self.method == Method::Post,
            _ => false,
        };
        let method = if becomes_get { Method::Get } else { self.method };
        Ok(Some(Hop { url, method, has_body: self.has_body && !becomes_get, ..self.clone() }))
    }

    pub(super) fn ask(&self, cookies: Option<String>, patience: Duration) -> Ask {
        Ask {
            method: self.method,
            url: self.url.clone(),
            headers: self.headers(cookies),
            body: self.wanted.body.clone().filter(|_| self.has_body),
            most_bytes: self.wanted.most_bytes,
            excess: Excess::Refuse,
            patience,
        }
    }

    fn headers(&self, cookies: Option<String>) -> Vec<(String, String)> {
        let mut headers = Headers::default();
        let is_own = self.url.origin() == self.manner.origin.origin();
        let is_asked = self.url.origin() == self.wanted.url.origin();
        for (given, is_home) in [(&self.manner.headers, is_own), (&self.wanted.headers, is_asked)] {
            for (name, value) in given {
                if goes(name, is_home) && (self.has_body || !name.eq_ignore_ascii_case("content-type")) {
                    headers.set(name, value.clone());
                }
            }
        }
        if self.has_body && !headers.has("content-type") {
            headers.set("content-type", "application/x-www-form-urlencoded".into());
        }
        if let Some((name, password)) = self.manner.login.as_ref().filter(|_| is_own) {
            let pair = STANDARD.encode(format!("{name}:{}", password.expose()));
            headers.set("authorization", format!("Basic {pair}"));
        }
        if let Some(cookies) = cookies {
            headers.join("cookie", "; ", cookies);
        }
        if let Some(referer) = self.wanted.referer.as_ref().and_then(|page| referer(page, &self.url)) {
            headers.set("referer", referer);
        }
        if let Some(validators) = &self.wanted.validators {
            headers.set_some("if-none-match", validators.etag.as_ref());
            headers.set_some("if-modified-since", validators.last_modified.as_ref());
        }
        headers.0
    }
}

/// Where an answer leads, if it does: `Location`, resolved, without its fragment.
pub(super) fn destination(from: &Url, answer: &Answer) -> Result<Option<Url>, FetchError> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let wrong = |what: &str| FetchError::Redirect(format!("the site leads on to {what}"));
    let location = answer.header("location").ok_or_else(|| wrong("nowhere"))?;
    if location.len() > LONGEST_URL {
        return Err(wrong("an address of more than 8 kB"));
    }
    // Addresses are ASCII; what is not goes back byte for byte, whatever the site writes in.
    let text = match std::str::from_utf8(location) {
        Ok(text) => text.to_owned(),
        Err(_) => percent_encode(location, CONTROLS).to_string(),
    };
    let url = from.join(text.trim()).map_err(|_| wrong("an address that is none"))?;
    Ok(Some(without_fragment(url)))
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

fn goes(name: &str, is_home: bool) -> bool {
    let name = name.to_ascii_lowercase();
    !REFUSED.contains(&name.as_str()) && (is_home || HARMLESS.contains(&name.as_str()))
}

/// The whole page to its own origin, nothing but the origin to others, nothing at all from a safe one to an unsafe one:
/// what browsers do.
fn referer(page: &Url, to: &Url) -> Option<String> {
    let is_downgrade = page.scheme() == "https" && to.scheme() != "https";
    if !matches!(page.scheme(), "http" | "https") || is_downgrade {
        return None;
    }
    let mut page = without_fragment(page.clone());
    if page.origin() != to.origin() {
        page = page.join("/").ok()?;
    }
    page.set_username("").ok()?;
    page.set_password(None).ok()?;
    Some(page.into())
}

/// Headers to be sent, each name once.
#[derive(Default)]
struct Headers(Vec<(String, String)>);

impl Headers {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    fn set(&mut self, name: &str, value: String) {
        self.0.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self.0.push((name.to_owned(), value));
    }

    fn set_some(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.set(name, value.clone());
        }
    }

    fn join(&mut self, name: &str, between: &str, value: String) {
        match self.0.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
            Some((_, own)) => own.extend([between, &value]),
            None => self.set(name, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn referers_tell_no_more_than_browsers_do() {
        let check = |page: &str, to: &str| referer(&Url::parse(page).unwrap(), &Url::parse(to).unwrap());
        let page = "https://a.example/b?c#d";
        assert_eq!(check(page, "https://a.example/").as_deref(), Some("https://a.example/b?c"));
        assert_eq!(check(page, "https://b.example/").as_deref(), Some("https://a.example/"));
        assert_eq!(check(page, "http://a.example/"), None);
        assert_eq!(check("https://u:p@a.example/b", "https://a.example/").as_deref(), Some("https://a.example/b"));
        assert_eq!(check("file:///etc/passwd", "https://a.example/"), None);
    }

    #[test]
    fn only_harmless_headers_go_elsewhere() {
        for (name, home, elsewhere) in [
            ("Accept", true, true),
            ("Authorization", true, false),
            ("COOKIE", true, false),
            ("X-Token", true, false),
            ("Range", false, false),
            ("User-Agent", false, false),
        ] {
            assert_eq!((goes(name, true), goes(name, false)), (home, elsewhere), "{name}");
        }
    }
}
