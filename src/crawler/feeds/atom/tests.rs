//! A catalogue and a feed of articles, read.

use super::super::{Kind, Listing, Search, kind_of, read as read_page, tests::page};
use crate::book::Format;

fn read(source: &str) -> Listing {
    read_page(Kind::Feed, &page("https://example.com/blog/feed", source.as_bytes())).unwrap()
}

fn catalogue() -> Listing {
    let page = page("https://mirror.example.com/x", include_bytes!("../tests/catalogue.xml"));
    assert_eq!(kind_of(&page), Some(Kind::Opds));
    read_page(Kind::Opds, &page).unwrap()
}

#[test]
fn a_catalogue_says_where_it_goes_on() {
    let listing = catalogue();
    assert_eq!(listing.title.as_deref(), Some("All books & more"));
    assert!(listing.is_complete);
    assert_eq!(listing.next.unwrap().as_str(), "https://books.example.org/feeds/all?page=2");
    assert_eq!(listing.crawlable.unwrap().as_str(), "https://books.example.org/feeds/crawl");
    assert_eq!(listing.search, Some(Search::Template("https://books.example.org/find?q={searchTerms}".into())));
    let deeper: Vec<&str> = listing.deeper.iter().map(url::Url::as_str).collect();
    assert_eq!(deeper, ["https://books.example.org/feeds/authors/?a=1&b=2", "https://books.example.org/feeds/nav/2"]);
    assert_eq!(listing.entries.len(), 1);
}

#[test]
fn an_entry_says_what_it_is() {
    let listing = catalogue();
    let entry = &listing.entries[0];
    assert_eq!((entry.id.as_str(), entry.title.as_str()), ("https://books.example.org/b/1", "Pride <&> Prejudice"));
    assert_eq!(
        (&entry.authors[..], &entry.subjects[..]),
        (&["Jane Austen".to_owned()][..], &["Fiction".to_owned()][..])
    );
    let told = [&entry.language, &entry.publisher, &entry.issued, &entry.rights, &entry.summary, &entry.updated];
    let told: Vec<&str> = told.into_iter().flatten().map(String::as_str).collect();
    assert_eq!(told, ["en-GB", "P", "1813", "Public domain", "A novel.", "2026-05-01T08:30:00Z"]);
    assert_eq!((&entry.identifiers[..], entry.published_at.is_some()), (&["urn:isbn:1".to_owned()][..], true));
    let places = [&entry.cover, &entry.page, &entry.details];
    let places: Vec<&str> = places.into_iter().flatten().map(url::Url::path).collect();
    assert_eq!(places, ["/b/1.jpg", "/b/1", "/b/1.atom"]);
    assert_eq!(entry.html, None);
}

#[test]
fn files_that_can_be_had_are_told_from_those_that_cannot() {
    let listing = catalogue();
    let files = &listing.entries[0].files;
    let seen: Vec<_> = files.iter().map(|file| (file.url.path(), file.format, file.is_open)).collect();
    let expected = [
        ("/b/1_advanced.epub", Some(Format::Epub), true),
        ("/b/1.epub", Some(Format::Epub), true),
        ("/b/1.kepub.epub", Some(Format::Epub), true),
        ("/b/1.azw3", Some(Format::Azw3), true),
        ("/b/1.pdf", Some(Format::Pdf), false),
        ("/b/1.acsm", None, false),
        ("/b/1.txt", Some(Format::Txt), false),
    ];
    assert_eq!(seen, expected);
    let best = listing.entries[0].best_file(&[Format::Epub]).unwrap();
    assert_eq!((best.url.path(), best.bytes), ("/b/1.epub", Some(10)));
}

#[test]
fn an_entry_alone() {
    let source = "<entry xmlns=\"http://www.w3.org/2005/Atom\"><title>T</title><link rel=\"http://opds-spec.org/acquisition\" \
        href=\"a.epub\" type=\"application/epub+zip\"/></entry>";
    let listing = read_page(Kind::Opds, &page("https://example.com/b/1.atom", source.as_bytes())).unwrap();
    assert_eq!(listing.entries[0].id, "https://example.com/b/a.epub");
}

#[test]
fn a_feed_of_articles() {
    let listing = read(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>b</title><author><name>甲</name></author><link rel=\"next\" href=\"?p=2\"/>\
         <entry><title>一</title><id>urn:1</id><link href=\"/1\"/><link rel=\"replies\" type=\"application/atom+xml\" href=\"/r\"/>\
         <published>2026-12-01T00:00:00Z</published><content type=\"html\">&lt;p&gt;a&lt;/p&gt;</content></entry>\
         <entry><title>二</title><link rel=\"alternate\" type=\"text/html\" href=\"/2\"/><author><name>乙</name></author><content type=\"xhtml\">\
         <div xmlns=\"http://www.w3.org/1999/xhtml\"><p>b</p></div></content></entry>\
         <entry><title>三</title><content>a &lt; b</content></entry>\
         <entry><title>四</title><content src=\"4.epub\" type=\"application/epub+zip\"/><link rel=\"enclosure\" href=\"4.mp3\" type=\"audio/mpeg\"/>\
         <link rel=\"enclosure\" href=\"4.pdf\" length=\"3\"/></entry></feed>",
    );
    let [one, two, three, four] = &listing.entries[..] else { panic!("{listing:?}") };
    assert_eq!((one.html.as_deref(), &one.authors[..]), (Some("<p>a</p>"), &["甲".to_owned()][..]));
    assert_eq!((two.id.as_str(), &two.authors[..]), ("https://example.com/2", &["乙".to_owned()][..]));
    assert!(two.html.as_ref().unwrap().contains("<p>b</p>"));
    assert_eq!((three.html.as_deref(), three.summary.as_deref()), (Some("<p>a &lt; b</p>\n"), Some("a < b")));
    let files: Vec<&str> = four.files.iter().map(|file| file.url.path()).collect();
    assert_eq!(files, ["/blog/4.pdf", "/blog/4.epub"]);
}
