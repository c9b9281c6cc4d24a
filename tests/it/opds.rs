//! The catalogue for reading apps, read as they read it: by its links.

use chrono::Duration;
use roxmltree::{Document, Node};

use super::support::test_app::TestApp;

const ATOM: &str = "http://www.w3.org/2005/Atom";

/// What a reading app sees of a feed.
#[derive(Debug, Default)]
struct Feed {
    /// (rel, href, type) of the feed's own links.
    links: Vec<(String, String, String)>,
    entries: Vec<Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    title: String,
    authors: Vec<String>,
    links: Vec<(String, String, String)>,
}

impl Feed {
    fn link(&self, rel: &str) -> Option<&str> {
        href(&self.links, rel)
    }
}

impl Entry {
    fn link(&self, rel: &str) -> Option<&str> {
        href(&self.links, rel)
    }
}

fn href<'a>(links: &'a [(String, String, String)], rel: &str) -> Option<&'a str> {
    links.iter().find(|(found, ..)| found == rel).map(|(_, href, _)| href.as_str())
}

fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.children().find(|child| child.has_tag_name((ATOM, name))).and_then(|child| child.text())
}

fn links(node: Node<'_, '_>) -> Vec<(String, String, String)> {
    let links = node.children().filter(|child| child.has_tag_name((ATOM, "link")));
    let attribute = |link: Node<'_, '_>, name: &str| link.attribute(name).unwrap_or_default().to_owned();
    links.map(|link| (attribute(link, "rel"), attribute(link, "href"), attribute(link, "type"))).collect()
}

/// Parses a feed and holds it to RFC 4287: what a feed and an entry must have, and addresses an app can follow.
fn parse(xml: &str) -> Feed {
    let document = Document::parse(xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
    let root = document.root_element();
    assert!(root.has_tag_name((ATOM, "feed")), "{xml}");
    let is_entry = |node: &Node<'_, '_>| node.has_tag_name((ATOM, "entry"));
    for node in root.children().filter(is_entry).chain([root]) {
        for required in ["id", "title", "updated"] {
            assert!(text(node, required).is_some(), "no {required}: {xml}");
        }
        let updated = text(node, "updated").unwrap();
        assert!(updated.parse::<chrono::DateTime<chrono::Utc>>().is_ok(), "{updated}");
        for (_, href, _) in links(node) {
            assert!(href.starts_with('/'), "{href}");
        }
    }
    let entry = |node: Node<'_, '_>| Entry {
        title: text(node, "title").unwrap().to_owned(),
        authors: node
            .children()
            .filter(|child| child.has_tag_name((ATOM, "author")))
            .filter_map(|author| text(author, "name").map(str::to_owned))
            .collect(),
        links: links(node),
    };
    Feed { links: links(root), entries: root.children().filter(is_entry).map(entry).collect() }
}

async fn feed(test: &TestApp, address: &str) -> Feed {
    let response = test.get(address).send().await.unwrap();
    assert_eq!(response.status(), 200, "{address}");
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/atom+xml;profile=opds-catalog;kind="), "{kind}");
    parse(&response.text().await.unwrap())
}

fn add_books(test: &TestApp, count: usize) {
    for number in 1..=count {
        let text = format!("第{number}号书\n\n第一章\n\n这是第{number}本书的正文。\n");
        let id = test.app.library.add(&format!("第{number}号书.txt"), text.as_bytes(), test.clock.now()).unwrap().id();
        test.alter(id, |book| book.title = format!("第{number}号书"));
    }
    test.app.library.index_changes().unwrap();
}

#[tokio::test]
async fn a_reading_app_finds_a_book_and_downloads_it() {
    let test = TestApp::start().await;
    let bytes = "三体\n\n第一章\n\n正文。\n".as_bytes();
    let id = test.add("三体.txt", bytes);
    test.alter(id, |book| {
        book.title = "三体".into();
        book.authors = vec!["刘慈欣".into(), "另一人".into()];
    });
    let start = feed(&test, "/opds").await;
    assert_eq!(start.entries.len(), 3);
    for shelf in &start.entries {
        let (_, address, kind) = &shelf.links[0];
        assert!(kind.ends_with("kind=acquisition"));
        let books = feed(&test, address).await;
        let book = &books.entries[0];
        assert_eq!((book.title.as_str(), book.authors.len()), ("三体", 2), "{address}");
        for rel in ["http://opds-spec.org/image", "http://opds-spec.org/image/thumbnail"] {
            let picture = test.get(book.link(rel).unwrap()).send().await.unwrap();
            assert_eq!(picture.status(), 200);
            let (_, _, kind) = book.links.iter().find(|(found, ..)| found == rel).unwrap();
            assert_eq!(picture.headers()["content-type"], kind.as_str());
        }
        let file = book.link("http://opds-spec.org/acquisition/open-access").unwrap();
        let download = test.get(file).send().await.unwrap();
        assert_eq!(download.status(), 200);
        assert_eq!(download.bytes().await.unwrap(), bytes);
    }
}

#[tokio::test]
async fn every_book_is_on_one_page_and_one_only() {
    let test = TestApp::start().await;
    add_books(&test, 65);
    for start in ["/opds/new", "/opds/popular", "/opds/all"] {
        let (mut seen, mut pages, mut next) = (Vec::new(), 0, Some(start.to_owned()));
        while let Some(address) = next {
            let page = feed(&test, &address).await;
            assert_eq!(page.link("self"), Some(address.as_str()));
            assert_eq!(page.link("first"), Some(start));
            seen.extend(page.entries.iter().map(|book| book.title.clone()));
            next = page.link("next").map(str::to_owned);
            pages += 1;
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((count, seen.len(), pages), (65, 65, 3), "{start}");
    }
    let newest = feed(&test, "/opds/new").await;
    assert_eq!(newest.entries[0].title, "第65号书");
}

#[tokio::test]
async fn a_search_is_described_and_finds() {
    let test = TestApp::start().await;
    add_books(&test, 3);
    let id = test.add("红楼梦.txt", "红楼梦\n\n第一回\n\n甄士隐梦幻识通灵。\n".as_bytes());
    let start = feed(&test, "/opds").await;
    let description = test.fetch(start.link("search").unwrap()).await.1;
    let document = Document::parse(&description).unwrap();
    let template = document.descendants().find_map(|node| node.attribute("template")).unwrap();
    let found = feed(&test, &template.replace("{searchTerms}", "%E7%BA%A2%E6%A5%BC%E6%A2%A6")).await;
    assert!(found.entries[0].title.contains("红楼梦"), "{found:?}");
    assert!(
        found.entries[0].link("http://opds-spec.org/acquisition/open-access").unwrap().contains(&format!("/dl/{id}/"))
    );
    for odd in ["", "%00%01", "%FF%FE", "%3Cscript%3E%26%22", "%22%20AND%20(%20*", &"a".repeat(5_000)] {
        feed(&test, &format!("/opds/search?q={odd}")).await;
    }
}

#[tokio::test]
async fn hostile_metadata_cannot_break_a_feed() {
    let test = TestApp::start().await;
    add_books(&test, 2);
    let id = test.add("书.txt", "书\n\n第一章\n\n正文正文。\n".as_bytes());
    let evil = "a\u{0}\u{8}\u{b}\u{1f}\u{fffe}]]><b>&amp;\"'<!--\u{1f4d6}";
    test.alter(id, |book| {
        book.title = evil.into();
        book.authors = vec![evil.into()];
        book.publisher = Some(evil.into());
        book.language = Some(evil.into());
        book.published = Some(evil.into());
        book.description = Some(evil.into());
    });
    let books = feed(&test, "/opds/new").await;
    assert_eq!(books.entries[0].title, "a]]><b>&amp;\"'<!--\u{1f4d6}");
    assert_eq!(books.entries.len(), 3);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let test = TestApp::start().await;
    for address in ["/opds/other", "/opds/new/x", "/opds/popular?skip=99999999"] {
        assert_eq!(test.fetch(address).await.0, 404, "{address}");
    }
    // An odd page is the first page, or an empty one, and never an error.
    for address in ["/opds/new?before=x", "/opds/all?after=999", "/opds/popular?skip=-1", "/opds/new?before=0"] {
        feed(&test, address).await;
    }
}

#[tokio::test]
async fn a_password_keeps_strangers_out() {
    let test = TestApp::with("[opds]\naccess = \"password\"\nuser = \"reader\"\npassword = \"秘密 secret\"\n").await;
    test.add("书.txt", "书\n\n第一章\n\n正文正文。\n".as_bytes());
    for address in ["/opds", "/opds/new", "/opds/search?q=a", "/opds/search.xml"] {
        let refused = test.get(address).send().await.unwrap();
        assert_eq!(refused.status(), 401, "{address}");
        assert!(refused.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic "));
        for (user, password) in [("reader", "wrong"), ("other", "秘密 secret"), ("", ""), ("reader", "秘密 secret ")]
        {
            let wrong = test.get(address).basic_auth(user, Some(password)).send().await.unwrap();
            assert_eq!(wrong.status(), 401, "{user}:{password}");
        }
        let right = test.get(address).basic_auth("reader", Some("秘密 secret")).send().await.unwrap();
        assert_eq!(right.status(), 200, "{address}");
    }
    for odd in ["Basic", "Basic !!!", "Bearer cmVhZGVy", ""] {
        let refused = test.get("/opds").header("authorization", odd).send().await.unwrap();
        assert_eq!(refused.status(), 401, "{odd}");
    }
}

#[tokio::test]
async fn switched_off_nothing_of_it_is_left() {
    let test = TestApp::with("[opds]\naccess = \"off\"\n").await;
    let id = test.add("书.txt", "书\n\n第一章\n\n正文正文。\n".as_bytes());
    for address in ["/opds", "/opds/new", "/opds/search.xml"] {
        assert_eq!(test.fetch(address).await.0, 404, "{address}");
    }
    let link = test.app.links.download(id, "txt", "opds", test.clock.now());
    assert_eq!(test.fetch(&link).await.0, 403);
    assert!(!test.fetch("/").await.1.contains("/opds"));
}

#[tokio::test]
async fn all_readers_share_a_days_quota() {
    let test = TestApp::with("[limits]\nopds_downloads_per_day = 2\n").await;
    add_books(&test, 3);
    let books = feed(&test, "/opds/all").await;
    let files: Vec<&str> =
        books.entries.iter().filter_map(|book| book.link("http://opds-spec.org/acquisition/open-access")).collect();
    assert_eq!(test.fetch(files[0]).await.0, 200);
    assert_eq!(test.fetch(files[1]).await.0, 200);
    assert_eq!(test.fetch(files[2]).await.0, 429);
    assert_eq!(test.fetch(files[0]).await.0, 200);
    test.clock.advance(Duration::hours(22));
    assert_eq!(test.fetch(files[2]).await.0, 200);
}
