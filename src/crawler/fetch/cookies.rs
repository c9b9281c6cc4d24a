//! Cookies, for sources that do not work without: in memory, sent back to the very host that set them, and few.
//!
//! Each source has its own, so that two of them on one host do not meet. `Domain` and `Path` are ignored: a cookie never
//! goes to another host, and goes to all of its own.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use url::{Origin, Url};

/// Most hosts with cookies, over all sources. Beyond that all begin anew.
const HOSTS: usize = 500;
/// Most cookies of one host.
const COOKIES: usize = 50;
/// Longest cookie, name and value, in bytes.
const LONGEST: usize = 4096;
/// Longest header of them all, in bytes: servers commonly take 8 kB of headers.
const HEADER: usize = 6 << 10;

/// Both readings of the clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) wall: DateTime<Utc>,
    pub(super) uptime: Duration,
}

/// The cookies of all sources.
#[derive(Default)]
pub(super) struct Jar {
    hosts: HashMap<(Origin, String), Vec<Cookie>>,
}

struct Cookie {
    name: String,
    value: String,
    is_secure: bool,
    ends_at: Option<Duration>,
}

impl Jar {
    /// Notes what an answer sets.
    pub(super) fn take<'a>(&mut self, source: &Url, url: &Url, lines: impl Iterator<Item = &'a [u8]>, now: Now) {
        let Some(host) = url.host_str() else { return };
        for line in lines.take(COOKIES) {
            let Some(cookie) = std::str::from_utf8(line).ok().and_then(|line| read(line, now)) else { continue };
            let key = (source.origin(), host.to_owned());
            if self.hosts.len() >= HOSTS && !self.hosts.contains_key(&key) {
                // A source with a name for every page costs the others nothing, as long as it is alone in that.
                self.hosts.retain(|(other, _), _| *other != key.0);
                if self.hosts.len() >= HOSTS {
                    self.hosts.clear();
                }
            }
            let cookies = self.hosts.entry(key).or_default();
            cookies.retain(|known| known.name != cookie.name && known.is_alive(now));
            if cookie.is_alive(now) && cookies.len() < COOKIES {
                cookies.push(cookie);
            }
        }
    }

    /// What is sent to this address.
    pub(super) fn header(&self, source: &Url, url: &Url, now: Now) -> Option<String> {
        let cookies = self.hosts.get(&(source.origin(), url.host_str()?.to_owned()))?;
        let mut header = String::new();
        let is_safe = url.scheme() == "https";
        for cookie in cookies.iter().filter(|cookie| cookie.is_alive(now) && (is_safe || !cookie.is_secure)) {
            if header.len() + cookie.name.len() + cookie.value.len() < HEADER {
                let join = if header.is_empty() { "" } else { "; " };
                header.extend([join, &cookie.name, "=", &cookie.value]);
            }
        }
        if header.is_empty() { None } else { Some(header) }
    }
}

impl Cookie {
    fn is_alive(&self, now: Now) -> bool {
        self.ends_at.is_none_or(|end| end > now.uptime)
    }
}

/// RFC 6265, section 5.2.
fn read(line: &str, now: Now) -> Option<Cookie> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || name.len() + value.len() > LONGEST || line.chars().any(char::is_control) {
        return None;
    }
    let mut cookie = Cookie { name: name.into(), value: value.into(), is_secure: false, ends_at: None };
    let mut has_age = false;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        match key.trim().to_ascii_lowercase().as_str() {
            "secure" => cookie.is_secure = true,
            "max-age" => {
                let Ok(seconds) = value.trim().parse::<i64>() else { continue };
                has_age = true;
                cookie.ends_at = Some(now.uptime.saturating_add(Duration::from_secs(seconds.max(0).unsigned_abs())));
            }
            "expires" if !has_age => {
                // Netscape wrote dashes, and many still do.
                let Ok(end) = DateTime::parse_from_rfc2822(&value.trim().replace('-', " ")) else { continue };
                let left = (end.to_utc() - now.wall).to_std().unwrap_or_default();
                cookie.ends_at = Some(now.uptime.saturating_add(left));
            }
            _ => {}
        }
    }
    Some(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(seconds: u64) -> Now {
        let wall = DateTime::from_timestamp(1_800_000_000 + seconds as i64, 0).unwrap();
        Now { wall, uptime: Duration::from_secs(1000 + seconds) }
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn jar(lines: &[&str]) -> Jar {
        let mut jar = Jar::default();
        let lines = lines.iter().map(|line| line.as_bytes());
        jar.take(&url("https://source.example/"), &url("https://a.example/x"), lines, now(0));
        jar
    }

    fn sent(jar: &Jar, to: &str, seconds: u64) -> Option<String> {
        jar.header(&url("https://source.example/"), &url(to), now(seconds))
    }

    #[test]
    fn to_the_same_host_and_source_alone() {
        let jar = jar(&["a=b; Domain=example; Path=/y", "c = d=e ;HttpOnly", "s=1; Secure", "a=2"]);
        assert_eq!(sent(&jar, "https://a.example/", 0).as_deref(), Some("c=d=e; s=1; a=2"));
        assert_eq!(sent(&jar, "http://a.example/", 0).as_deref(), Some("c=d=e; a=2"));
        assert_eq!(sent(&jar, "https://b.a.example/", 0), None);
        assert_eq!(sent(&jar, "https://example/", 0), None);
        assert_eq!(jar.header(&url("https://other.example/"), &url("https://a.example/"), now(0)), None);
    }

    #[test]
    fn they_end() {
        let jar = jar(&[
            "a=1; Max-Age=10",
            "b=1; Expires=Fri, 15-Jan-2027 08:00:20 GMT",
            "c=1; Expires=Fri, 15 Jan 2027 08:00:30 GMT; Max-Age=5",
            "d=1; Max-Age=5",
            "d=gone; Max-Age=0",
            "e=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "f=1; Max-Age=99999999999999999",
        ]);
        let at = |seconds| sent(&jar, "https://a.example/", seconds).unwrap();
        assert_eq!([at(4), at(9), at(19), at(21)], ["a=1; b=1; c=1; f=1", "a=1; b=1; f=1", "b=1; f=1", "f=1"]);
    }

    #[test]
    fn they_are_few_and_small() {
        let many: Vec<String> = (0..200).map(|n| format!("n{n}=1")).collect();
        let jar = jar(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(sent(&jar, "https://a.example/", 0).unwrap().split("; ").count(), COOKIES);
        let large = "a".repeat(LONGEST);
        for line in [format!("a={large}"), "=a".into(), "a".into(), "a=\u{1}".into(), String::new()] {
            assert!(read(&line, now(0)).is_none(), "{line:.20}");
        }
        let mut jar = Jar::default();
        for n in 0..2 * HOSTS {
            let host = url(&format!("https://a{n}.example/"));
            jar.take(&host, &host, [b"a=b".as_slice()].into_iter(), now(0));
            assert!(jar.hosts.len() <= HOSTS);
        }
        let lines: Vec<String> = (0..9).map(|n| format!("n{n}={}", "a".repeat(3000))).collect();
        let host = url("https://a.example/");
        jar.take(&host, &host, lines.iter().map(|line| line.as_bytes()), now(0));
        assert!(jar.header(&host, &host, now(0)).unwrap().len() <= HEADER + 2);
    }
}
