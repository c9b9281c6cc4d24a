//! What all readers share: bounds, Gutenberg's two entries, and nothing that breaks them.

use super::*;
use url::Url;

/// A page of a test. Its address lives as long as the test program.
pub(super) fn page<'a>(url: &str, bytes: &'a [u8]) -> Page<'a> {
    let url: &'static Url = Box::leak(Box::new(Url::parse(url).unwrap()));
    Page { url, media_type: "", bytes, charset: None }
}

const KINDS: [Kind; 4] = [Kind::Opds, Kind::Feed, Kind::Sitemap, Kind::Listing];

#[test]
fn gutenberg_s_two_entries_are_one_book() {
    let entry = |number: u32, edition: u32, images: &str| {
        format!(
            "<entry><title>T{number}</title><id>urn:gutenberg:{number}:{edition}</id><link rel=\"http://opds-spec.org/acquisition\" \
             type=\"application/epub+zip\" href=\"/ebooks/{number}.epub.{images}\"/><link rel=\"http://opds-spec.org/image/thumbnail\" \
             type=\"image/png\" href=\"data:image/png;base64,AAAA\"/></entry>"
        )
    };
    let entries =
        [entry(84, 2, "noimages"), entry(85, 3, "images"), entry(84, 3, "images"), entry(85, 2, "noimages")].concat();
    let source = format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>G</title>{entries}</feed>");
    let listing = read(Kind::Opds, &page("https://www.example.org/ebooks/84.opds", source.as_bytes())).unwrap();
    let found: Vec<_> =
        listing.entries.iter().map(|entry| (entry.id.as_str(), entry.files.len(), entry.cover.as_ref())).collect();
    assert_eq!(found, [("urn:gutenberg:84", 2, None), ("urn:gutenberg:85", 2, None)]);
    for entry in &listing.entries {
        assert!(entry.files[0].url.path().ends_with(".images"));
        assert!(entry.best_file(&[crate::book::Format::Epub]).unwrap().url.path().ends_with(".images"));
    }
}

#[test]
fn more_than_the_bounds_is_counted() {
    let entries: String = (0..5_010).map(|n| format!("<entry><id>{n}</id><title>x</title></entry>")).collect();
    let listing =
        read(Kind::Feed, &page("https://example.com/", format!("<feed>{entries}</feed>").as_bytes())).unwrap();
    assert_eq!((listing.entries.len(), listing.dropped), (5_000, 10));
    let links: String = (0..50_100).map(|n| format!("<link rel=\"subsection\" href=\"{n}\"/>")).collect();
    let listing = read(Kind::Opds, &page("https://example.com/", format!("<feed>{links}</feed>").as_bytes())).unwrap();
    assert_eq!((listing.deeper.len(), listing.dropped), (50_000, 100));
}

#[test]
fn what_is_something_else_is_refused_by_name() {
    let refused =
        |kind, source: &str| read(kind, &page("https://example.com/", source.as_bytes())).unwrap_err().to_string();
    assert_eq!(refused(Kind::Opds, "<html><body/></html>"), "it is no OPDS catalogue");
    assert_eq!(refused(Kind::Feed, "<urlset/>"), "it is no feed of RSS, Atom or JSON Feed");
    assert_eq!(refused(Kind::Feed, "{}"), "it is no feed of RSS, Atom or JSON Feed");
    assert!(refused(Kind::Feed, "<rss><channel>").starts_with("it is damaged"));
    assert!(refused(Kind::Feed, "<!DOCTYPE a [<!ENTITY b 'c'>]><rss/>").starts_with("it is refused"));
}

#[test]
fn a_wrong_charset_and_a_mark_do_no_harm() {
    let source =
        "\u{FEFF}<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss><channel><title>读书</title></channel></rss>";
    let mut page = page("https://example.com/", source.as_bytes());
    page.charset = Some("us-ascii");
    assert_eq!(read(Kind::Feed, &page).unwrap().title.as_deref(), Some("读书"));
    let source = "<?xml version=\"1.0\" encoding=\"gb2312\"?><rss><channel><title>朱镕基读书</title></channel></rss>";
    let bytes = encoding_rs::GB18030.encode(source).0;
    page.bytes = &bytes;
    page.charset = None;
    assert_eq!(read(Kind::Feed, &page).unwrap().title.as_deref(), Some("朱镕基读书"));
}

/// Cuts, doublings and changed bytes of sound documents.
#[test]
fn random_damage_breaks_nothing() {
    let seeds = [
        include_str!("tests/catalogue.xml"),
        "<rss><channel><title>t</title><item><guid>1</guid><enclosure url=\"a.epub\"/><pubDate>Fri, 01 May 2026 08:30:00 GMT</pubDate></item></channel></rss>",
        "{\"version\": \"https://jsonfeed.org/version/1\", \"items\": [{\"id\": 1, \"attachments\": [{\"url\": \"a.epub\"}]}]}",
        "{\"metadata\": {\"title\": {\"a\": [1]}}, \"publications\": [{\"metadata\": {\"author\": [{}]}, \"links\": [{\"rel\": 1}]}], \"groups\": [[]]}",
        "<urlset><url><loc>https://example.com/书.epub</loc><lastmod>2026</lastmod></url></urlset>",
        "<title>Index of</title><pre><a href=\"a.epub\">a</a> 2026-05-01 08:30 1.2M\n<a href='书/'>书</a> -\n",
        "<multistatus xmlns=\"DAV:\"><response><href>/a.epub</href><propstat><status>200</status></propstat></response></multistatus>",
    ];
    let mut state = 7_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    for round in 0..700 {
        let mut bytes = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..1 + random(4) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes.truncate(at),
                1 => bytes.extend_from_within(at..),
                2 => {
                    bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = b"<>&\"'/=\x00\xE4\xFF;{}[]"[round % 15])
                }
                _ => bytes.drain(at..(at + 7).min(bytes.len())).for_each(drop),
            }
        }
        let page = page("https://example.com/", &bytes);
        let _ = (kind_of(&page), advertised(&page), search_template(&page));
        for kind in KINDS {
            if let Ok(listing) = read(kind, &page) {
                assert!(listing.entries.iter().all(|entry| !entry.id.is_empty()));
            }
        }
    }
}
