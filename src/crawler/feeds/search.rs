//! How catalogues are searched: the template of an OpenSearch description, and the address that a template makes of words.
//!
//! Two kinds of template are read, OpenSearch's `?q={searchTerms}` (OPDS 1) and the query part of RFC 6570 as OPDS 2 uses
//! it, `{?query,title,author}`. Deliberately not here: when and where to search.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::{FeedError, MOST_NODES, xml};
use crate::crawler::page::Page;

/// Longest template, in bytes.
const LONGEST: usize = 4_000;
/// Longest search, in characters.
const LONGEST_WORDS: usize = 200;
/// Most descriptions are a page long.
const LARGEST: usize = 256 << 10;
/// Everything but the unreserved characters of RFC 3986. A blank is `%20`: a `+` is one to some servers only.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The template of an OpenSearch description that answers with a catalogue: entries before navigation, OPDS 1 before 2.
/// One that answers with a page for people is none.
pub fn search_template(description: &Page<'_>) -> Option<String> {
    described(description).ok().flatten()
}

fn described(page: &Page<'_>) -> Result<Option<String>, FeedError> {
    if page.bytes.len() > LARGEST {
        return Err(FeedError::TooLarge(1));
    }
    let sound = xml::sound(&page.text())?;
    let document = sound.parse(MOST_NODES)?;
    let root = document.root_element();
    if root.tag_name().name() != "OpenSearchDescription" {
        return Ok(None);
    }
    let addresses = root.children().filter(|node| node.is_element() && node.tag_name().name() == "Url");
    let known = addresses.filter_map(|node| {
        let rank = rank(&node.attribute("type")?.to_ascii_lowercase())?;
        let is_results =
            node.attribute("rel").is_none_or(|rel| rel.split_ascii_whitespace().any(|rel| rel == "results"));
        let template = absolute_template(&xml::base_of(node, page.url), node.attribute("template")?)?;
        (is_results && template.contains("{searchTerms")).then_some((rank, template))
    });
    Ok(known.min_by_key(|(rank, _)| *rank).map(|(_, template)| template))
}

fn rank(media_type: &str) -> Option<u8> {
    let is_catalogue = media_type.contains("opds");
    match () {
        () if media_type.contains("atom+xml") && is_catalogue => Some(u8::from(media_type.contains("kind=navigation"))),
        () if media_type.contains("opds+json") => Some(2),
        () if media_type.contains("atom+xml") => Some(3),
        () => None,
    }
}

/// A template whose address is whole, so that it can be kept without the page that it stood in.
pub(super) fn absolute_template(base: &Url, template: &str) -> Option<String> {
    let template = template.trim();
    if template.is_empty() || template.len() > LONGEST {
        return None;
    }
    let (head, rest) = template.split_at_checked(template.find('{').unwrap_or(template.len()))?;
    let mut url = base.join(head).ok()?;
    url.set_fragment(None);
    matches!(url.scheme(), "http" | "https").then(|| format!("{url}{rest}"))
}

/// The address that answers a search for these words. A place that must be filled and is not known stays empty, and what
/// may be left out is.
///
/// `None` if the template has no place for the words, or is no address that can be fetched.
pub fn search_url(template: &str, words: &str, base: &Url) -> Option<Url> {
    if template.len() > LONGEST {
        return None;
    }
    let words: String = words.trim().chars().take(LONGEST_WORDS).collect();
    let mut filling =
        Filling { out: String::new(), words: utf8_percent_encode(&words, ENCODED).to_string(), is_used: false };
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filling.literal(before);
        let (place, behind) = after.split_once('}')?;
        filling.place(place);
        rest = behind;
    }
    filling.literal(rest);
    let filled = filling.out.trim_end_matches(['&', '?']);
    filling.is_used.then(|| super::gather::address(base, filled)).flatten()
}

struct Filling {
    out: String,
    /// Encoded.
    words: String,
    is_used: bool,
}

impl Filling {
    fn literal(&mut self, text: &str) {
        let is_double = text.starts_with('&') && self.out.ends_with(['?', '&']);
        self.out.push_str(if is_double { text.get(1..).unwrap_or_default() } else { text });
    }

    fn place(&mut self, place: &str) {
        match place.strip_prefix(['?', '&']) {
            Some(names) => self.query(names, if self.out.contains('?') { '&' } else { '?' }),
            None => self.named(place),
        }
    }

    /// `{?query,title}`: the first name that takes any words.
    fn query(&mut self, names: &str, mark: char) {
        let takes = |name: &&str| matches!(*name, "query" | "q" | "search" | "searchTerms" | "keyword" | "keywords");
        let mut names = names.split(',').map(|name| name.trim().trim_end_matches('*'));
        if let Some(name) = names.find(takes).filter(|_| !self.is_used) {
            let value = &self.words;
            self.out.push_str(&format!("{mark}{name}={value}"));
            self.is_used = true;
        }
    }

    /// `{searchTerms}`, `{startPage?}`, `{atom:author?}`.
    fn named(&mut self, place: &str) {
        let (name, may_lack) = place.strip_suffix('?').map_or((place, false), |name| (name, true));
        match name.rsplit(':').next().unwrap_or(name) {
            "searchTerms" | "query" => {
                self.out.push_str(&self.words);
                self.is_used = true;
            }
            "startPage" | "startIndex" if !may_lack => self.out.push('1'),
            "count" if !may_lack => self.out.push_str("50"),
            "language" if !may_lack => self.out.push('*'),
            "inputEncoding" | "outputEncoding" if !may_lack => self.out.push_str("UTF-8"),
            // Programs that expect a number there fail on an empty one.
            _ if may_lack && self.out.ends_with('=') => {
                let end = self.out.rfind(['?', '&']).map_or(self.out.len(), |at| at + 1);
                self.out.truncate(end);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::page;
    use super::*;

    #[test]
    fn words_go_where_the_template_says() {
        let base = Url::parse("https://example.com/opds/").unwrap();
        for (template, expected) in [
            ("/s?q={searchTerms}", "https://example.com/s?q=%E4%B8%89%E4%BD%93%20a%2Bb%26c"),
            ("s/{searchTerms}?page={startPage?}&n=1", "https://example.com/opds/s/%E4%B8%89%E4%BD%93%20a%2Bb%26c?n=1"),
            (
                "s?a={atom:author?}&t={atom:title?}&q={searchTerms}&l={language?}",
                "https://example.com/opds/s?q=%E4%B8%89%E4%BD%93%20a%2Bb%26c",
            ),
            (
                "s?q={searchTerms}&p={startPage}&c={count}",
                "https://example.com/opds/s?q=%E4%B8%89%E4%BD%93%20a%2Bb%26c&p=1&c=50",
            ),
            ("https://x.example/s{?query,title,author}", "https://x.example/s?query=%E4%B8%89%E4%BD%93%20a%2Bb%26c"),
            ("/s?x=1{&title,query}", "https://example.com/s?x=1&query=%E4%B8%89%E4%BD%93%20a%2Bb%26c"),
        ] {
            assert_eq!(
                search_url(template, " 三体 a+b&c ", &base).map(String::from).as_deref(),
                Some(expected),
                "{template}"
            );
        }
        for template in ["/s", "", "/s?q={searchTerms", "/s{?author}", "ftp://x/{searchTerms}", "data:,{searchTerms}"] {
            assert_eq!(search_url(template, "a", &base), None, "{template}");
        }
    }

    #[test]
    fn templates_become_whole() {
        let base = Url::parse("https://example.com/opds/x?y").unwrap();
        assert_eq!(
            absolute_template(&base, "../s?q={searchTerms}").as_deref(),
            Some("https://example.com/s?q={searchTerms}")
        );
        assert_eq!(absolute_template(&base, "{?query}").as_deref(), Some("https://example.com/opds/x?y{?query}"));
        assert_eq!(absolute_template(&base, "javascript:{x}"), None);
    }

    #[test]
    fn the_catalogue_among_the_addresses_of_a_description() {
        let source = "<OpenSearchDescription xmlns=\"http://a9.com/-/spec/opensearch/1.1/\"><ShortName>S</ShortName>\
            <Url type=\"text/html\" template=\"https://example.com/html?q={searchTerms}\"/>\
            <Url type=\"application/atom+xml\" template=\"https://example.com/atom?q={searchTerms}\"/>\
            <Url type=\"application/atom+xml;profile=opds-catalog\" rel=\"suggestions\" template=\"https://example.com/no?q={searchTerms}\"/>\
            <Url type=\"application/atom+xml;profile=opds-catalog;kind=acquisition\" template=\"/opds?q={searchTerms}&p={startPage?}\"/>\
            </OpenSearchDescription>";
        let found = search_template(&page("https://example.com/osd.xml", source.as_bytes()));
        assert_eq!(found.as_deref(), Some("https://example.com/opds?q={searchTerms}&p={startPage?}"));
        let html =
            "<OpenSearchDescription><Url type=\"text/html\" template=\"/s?q={searchTerms}\"/></OpenSearchDescription>";
        assert_eq!(search_template(&page("https://example.com/", html.as_bytes())), None);
        assert_eq!(search_template(&page("https://example.com/", b"x")), None);
    }
}
