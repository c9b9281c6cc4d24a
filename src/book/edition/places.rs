//! Where links lead: the chapters and resources of a book by their paths.
//!
//! Readers have matched names already; here, a link is looked up as written, then without regard to
//! case and normal form, as phones and Windows do.

use super::super::epub::path::{self, Link};
use super::super::model::{Chapter, Resource};
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;

/// What is at the end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A chapter, and the id of an element in it.
    Chapter(usize, Option<String>),
    /// A resource, and what stands after `#`.
    Resource(usize, Option<String>),
    /// A `data:` address.
    Data,
    /// Another site; the address is made well-formed.
    Outside(String),
    /// Something that a book must not lead to: `file:`, `javascript:`.
    Forbidden,
    /// A file that the book does not hold.
    Missing,
}

#[derive(Clone, Copy)]
enum Index {
    Chapter(usize),
    Resource(usize),
}

/// The paths of a book.
pub(super) struct Places {
    exact: HashMap<String, Index>,
    folded: HashMap<String, Index>,
}

impl Places {
    /// Of those chapters and resources.
    pub(super) fn new(chapters: &[Chapter], resources: &[Resource]) -> Places {
        let chapters = chapters.iter().enumerate().map(|(at, one)| (one.path.as_str(), Index::Chapter(at)));
        let resources = resources.iter().enumerate().map(|(at, one)| (one.path.as_str(), Index::Resource(at)));
        let mut places = Places { exact: HashMap::new(), folded: HashMap::new() };
        for (path, index) in chapters.chain(resources) {
            places.exact.entry(path.to_owned()).or_insert(index);
            places.folded.entry(folded(path)).or_insert(index);
        }
        places
    }

    /// What `href`, found in the file `from`, leads to.
    pub(super) fn find(&self, from: &str, href: &str) -> Place {
        let href = href.trim();
        if let Some(outside) = outside(href) {
            return outside;
        }
        let Some(Link { path, fragment }) = path::resolve(from, href) else { return Place::Forbidden };
        let found = self.exact.get(&path).or_else(|| self.folded.get(&folded(&path))).copied();
        match found {
            Some(Index::Chapter(at)) => Place::Chapter(at, fragment),
            Some(Index::Resource(at)) => Place::Resource(at, fragment),
            None => Place::Missing,
        }
    }

    /// The resource that a link from one file to another leads to.
    pub(super) fn resource(&self, from: &str, href: &str) -> Option<usize> {
        match self.find(from, href) {
            Place::Resource(at, _) => Some(at),
            _ => None,
        }
    }
}

fn folded(path: &str) -> String {
    if path.is_ascii() { path.to_ascii_lowercase() } else { path.nfc().collect::<String>().to_lowercase() }
}

/// What an address with a scheme is; `None` if it has none.
fn outside(href: &str) -> Option<Place> {
    if let Some(rest) = href.strip_prefix("//") {
        return Some(web("https", rest));
    }
    let (scheme, rest) = href.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && scheme.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
    if !is_scheme {
        return None;
    }
    Some(match scheme.to_ascii_lowercase().as_str() {
        scheme @ ("http" | "https" | "ftp") => web(scheme, rest.trim_start_matches(['/', '\\'])),
        scheme @ ("mailto" | "tel" | "urn" | "doi" | "geo" | "sms" | "news" | "magnet" | "irc") => {
            Place::Outside(format!("{scheme}:{}", encoded(rest)))
        }
        "data" => Place::Data,
        _ => Place::Forbidden,
    })
}

/// An address of another site; one without a sound host leads nowhere.
fn web(scheme: &str, rest: &str) -> Place {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.trim().trim_end_matches(':');
    let sound = !host.is_empty()
        && host.chars().all(|c| c.is_alphanumeric() || ".-_:@[]~%".contains(c))
        && !host.starts_with(['.', '-', ':'])
        && host
            .rsplit_once(':')
            .is_none_or(|(_, port)| port.ends_with(']') || port.bytes().all(|c| c.is_ascii_digit()));
    if sound { Place::Outside(format!("{scheme}://{host}{}", encoded(path))) } else { Place::Forbidden }
}

/// Characters that must not stand in an address, percent-encoded; everything else stays.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut fragment = false;
    for (at, c) in text.char_indices() {
        let hex = |from: usize| bytes.get(from).is_some_and(u8::is_ascii_hexdigit);
        let bad = match c {
            '%' => !(hex(at + 1) && hex(at + 2)),
            '#' => std::mem::replace(&mut fragment, true),
            ' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '[' | ']' => true,
            c => c.is_control() || c.is_whitespace(),
        };
        if bad {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::model::Content;

    #[test]
    fn links_are_told_apart() {
        let chapter = |path: &str| Chapter {
            path: path.into(),
            title: String::new(),
            content: Content::Text(String::new()),
            linear: true,
        };
        let picture = Resource { path: "a/图.png".into(), media_type: String::new(), bytes: Vec::new() };
        let places = Places::new(&[chapter("a/x.html"), chapter("a/Y.html")], &[picture]);
        let find = |href| places.find("a/x.html", href);
        assert_eq!(find("y.HTML#p%20q"), Place::Chapter(1, Some("p q".into())));
        assert_eq!(find("#q"), Place::Chapter(0, Some("q".into())));
        assert_eq!(find("%E5%9B%BE.png"), Place::Resource(0, None));
        assert_eq!(find("z.html"), Place::Missing);
        assert_eq!(find("HTTP:/ex.org/a b?c#d#e"), Place::Outside("http://ex.org/a%20b?c#d%23e".into()));
        assert_eq!(find("//ex.org"), Place::Outside("https://ex.org".into()));
        for bad in ["http://", "http://a b/", "file:///etc/passwd", "javascript:x()", "kindle:pos:fid:0:0"] {
            assert_eq!(find(bad), Place::Forbidden, "{bad}");
        }
        assert_eq!(find("data:image/png;base64,AA"), Place::Data);
        assert_eq!(find("mailto:a@b.c"), Place::Outside("mailto:a@b.c".into()));
    }
}
