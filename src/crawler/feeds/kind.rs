//! What an address turns out to be, and which catalogues and feeds a page for people names.

use url::Url;

use super::gather::address;
use super::markup::{Piece, pieces};
use super::media::bare_type;
use super::{Kind, LARGEST_SITEMAP, folder, json, json_feed, looks_like, opds2, sitemap, text, unpacked};
use crate::crawler::page::Page;

/// So much of a feed is looked at to see whether it is a catalogue, in bytes.
const SAMPLE: usize = 256 << 10;
/// Most catalogues and feeds that a page names.
const MOST_NAMED: usize = 50;

/// What an address that somebody typed turns out to be; `None` for anything else, such as a page for people, which may
/// name its feeds ([`advertised`]).
pub fn kind_of(page: &Page<'_>) -> Option<Kind> {
    let bytes = unpacked(page.bytes, LARGEST_SITEMAP).ok()?;
    let text = text(&bytes, page.charset);
    let is = |name: &str| looks_like(&text, name);
    match () {
        () if text.trim_start_matches('\u{FEFF}').trim_start().starts_with('{') => of_json(&text),
        () if is("feed") || is("entry") => Some(if is_catalogue(page, &text) { Kind::Opds } else { Kind::Feed }),
        () if is("rss") || is("RDF") => Some(Kind::Feed),
        () if is("urlset") || is("sitemapindex") => Some(Kind::Sitemap),
        () if is("multistatus") => Some(Kind::Listing),
        () if sitemap::is_list(&text) => Some(Kind::Sitemap),
        () if text.trim_start().starts_with('<') && folder::is_folder(&text, page.url) => Some(Kind::Listing),
        () => None,
    }
}

fn of_json(text: &str) -> Option<Kind> {
    let value = json::parse(text).ok()?;
    match () {
        () if json_feed::is_feed(&value) => Some(Kind::Feed),
        () if opds2::is_catalogue(&value) => Some(Kind::Opds),
        () => None,
    }
}

/// An Atom feed with the types or relations of OPDS.
fn is_catalogue(page: &Page<'_>, text: &str) -> bool {
    let head = text.get(..text.floor_char_boundary(SAMPLE)).unwrap_or(text);
    let signs = ["profile=opds-catalog", "http://opds-spec.org/", "rel=\"subsection\"", "rel='subsection'"];
    page.media_type.contains("opds") || signs.iter().any(|sign| head.contains(sign))
}

/// The catalogues and feeds that a page names in its head, catalogues first, each once.
pub fn advertised(page: &Page<'_>) -> Vec<(Kind, Url)> {
    let text = page.text();
    let mut base = page.url.clone();
    let mut found: Vec<(Kind, Url)> = Vec::new();
    for piece in pieces(&text) {
        let Piece::Open(tag) = piece else { continue };
        if tag.is("base") {
            base = tag.get("href").and_then(|href| page.url.join(href.trim()).ok()).unwrap_or(base);
        }
        if tag.is("body") || found.len() >= MOST_NAMED {
            break;
        }
        let is_other = tag
            .get("rel")
            .is_some_and(|rel| rel.to_ascii_lowercase().split_ascii_whitespace().any(|rel| rel == "alternate"));
        if !tag.is("link") || !is_other {
            continue;
        }
        let whole_type = tag.get("type").unwrap_or_default().to_ascii_lowercase();
        let kind = match bare_type(&whole_type).as_str() {
            "application/opds+json" => Kind::Opds,
            "application/atom+xml" if whole_type.contains("opds") => Kind::Opds,
            "application/atom+xml" | "application/rss+xml" | "application/feed+json" | "application/rdf+xml" => {
                Kind::Feed
            }
            _ => continue,
        };
        let url = tag.get("href").and_then(|href| address(&base, &href));
        found.extend(url.filter(|url| !found.iter().any(|(_, known)| known == url)).map(|url| (kind, url)));
    }
    found.sort_by_key(|(kind, _)| *kind != Kind::Opds);
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::page;
    use super::*;

    fn kind(source: &str) -> Option<Kind> {
        kind_of(&page("https://example.com/", source.as_bytes()))
    }

    #[test]
    fn every_kind_is_known() {
        for (source, expected) in [
            ("<?xml version=\"1.0\"?><!-- c --><feed xmlns=\"http://www.w3.org/2005/Atom\"/>", Some(Kind::Feed)),
            (
                "<a:feed xmlns:a=\"http://www.w3.org/2005/Atom\"><a:link rel=\"start\" type=\"application/atom+xml;profile=opds-catalog\"/></a:feed>",
                Some(Kind::Opds),
            ),
            ("<feed><entry><link rel=\"http://opds-spec.org/acquisition\"/></entry></feed>", Some(Kind::Opds)),
            ("\u{FEFF}<rss/>", Some(Kind::Feed)),
            ("<rdf:RDF/>", Some(Kind::Feed)),
            ("{\"version\": \"https://jsonfeed.org/version/1\", \"items\": []}", Some(Kind::Feed)),
            ("{\"metadata\": {}, \"navigation\": []}", Some(Kind::Opds)),
            ("<sitemapindex/>", Some(Kind::Sitemap)),
            ("https://example.com/a\nhttps://example.com/b", Some(Kind::Sitemap)),
            ("<D:multistatus xmlns:D=\"DAV:\"/>", Some(Kind::Listing)),
            ("<html><title>Index of /x</title></html>", Some(Kind::Listing)),
            ("<html><a href=\"/about\">x</a><a href=\"https://elsewhere.example/\">y</a>", None),
            ("{\"error\": 1}", None),
            ("words", None),
            ("", None),
        ] {
            assert_eq!(kind(source), expected, "{source}");
        }
    }

    #[test]
    fn a_page_names_its_feeds() {
        let source = "<head><base href=\"/b/\"><link rel=\"Alternate\" type=\"application/rss+xml\" href=\"feed\"><link rel=stylesheet href=x>\
            <link rel=\"alternate\" type=\"application/rss+xml\" href=\"feed\"><link rel=\"alternate\" hreflang=\"en\" href=\"/en\">\
            <link rel=\"alternate\" type=\"application/atom+xml;profile=opds-catalog\" href=\"/opds\"></head>";
        let found = advertised(&page("https://example.com/", source.as_bytes()));
        let found: Vec<_> = found.iter().map(|(kind, url)| (*kind, url.path())).collect();
        assert_eq!(found, [(Kind::Opds, "/opds"), (Kind::Feed, "/b/feed")]);
    }
}
