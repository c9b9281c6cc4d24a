//! What sources bring, journey by journey: a book that grows, a book that was asked for, a feed's texts, a WebDAV folder.

use std::sync::Arc;

use serde_json::json;
use shutong::app::App;
use shutong::book;
use shutong::crawler::PassEnd;
use shutong::library::requests::{self, follower_key};
use shutong::library::subscriptions;
use shutong::store::Durability;
use shutong::store::records::{FeedUse, ItemState, PassCounts, SourceKind, SourceRecord};
use shutong::store::schema::NOTICES;

use super::home;
use crate::support::book_builder::BookBuilder;
use crate::support::web::{Resource, Web};

async fn read(app: &Arc<App>) -> PassCounts {
    let (same, runtime) = (Arc::clone(app), tokio::runtime::Handle::current());
    let end = tokio::task::spawn_blocking(move || same.crawler.read_source("site", &runtime)).await.unwrap().unwrap();
    let PassEnd::Finished(done) = end else { panic!("{end}: {:?}", app.crawler.log_of("site", 50)) };
    done
}

fn add(app: &App, web: &Web, path: &str, change: impl FnOnce(SourceRecord) -> SourceRecord) {
    let usual = SourceRecord {
        url: format!("{}{path}", web.url(0)),
        rights: "made for this test".into(),
        nets: vec!["127.1.0.0/16".into()],
        ..SourceRecord::usual(app.clock.now())
    };
    app.crawler.put_source("site", change(usual), app.clock.now()).unwrap();
}

fn html(body: &str) -> Resource {
    Resource::new("text/html; charset=utf-8", format!("<html><body>{body}</body></html>"))
}

fn contents(web: &Web, chapters: usize) {
    let links: String = (1..=chapters).map(|at| format!("<li><a href=\"/c/{at}\">第{at}章</a></li>")).collect();
    web.put(0, "/t", html(&format!("<ul id=list>{links}</ul>")));
    for at in 1..=chapters {
        let lines: String =
            (1..9).map(|line| format!("<p>第{at}章里的第{line}句：白日依山尽，黄河入海流。</p>")).collect();
        web.put(0, &format!("/c/{at}"), html(&format!("<div id=content>{lines}</div>")));
    }
}

fn texts(app: &App, id: u64) -> Vec<String> {
    let record = app.library.book(id).unwrap().unwrap();
    assert_eq!(record.editions.len(), 1, "{:?}", record.editions);
    let bytes = app.store.files().read(&record.editions[0].hash).unwrap();
    book::read(&bytes, None).unwrap().chapter_texts().map(|(title, _)| title.to_owned()).collect()
}

fn notices(app: &App, open_id: &str) -> Vec<u64> {
    let found = app.store.under(&NOTICES, &follower_key("main", open_id), 100).unwrap();
    found.into_iter().map(|(_, book)| book).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_grows_in_place_and_never_shrinks() {
    let web = Web::start(1, 0, 1).await;
    let (_dir, app) = home();
    let app = Arc::new(app);
    web.put(0, "/list/1", html("<div class=item><a href=\"/b\">长夜书</a><span class=by>某甲</span></div>"));
    web.put(0, "/list/2", html("<p>没有了</p>"));
    web.put(0, "/b", html("<h1>长夜书</h1><a class=toc href=\"/t\">目录</a>"));
    contents(&web, 4);
    let rules = json!({
        "bookSourceUrl": web.url(0), "bookSourceName": "site", "bookSourceType": 0, "exploreUrl": "全部::/list/{{page}}",
        "ruleExplore": { "bookList": "class.item", "name": "tag.a@text", "author": "class.by@text", "bookUrl": "tag.a@href" },
        "ruleBookInfo": { "name": "tag.h1@text", "tocUrl": "class.toc@href" },
        "ruleToc": { "chapterList": "id.list@tag.a", "chapterName": "text", "chapterUrl": "href" },
        "ruleContent": { "content": "id.content@html" },
    });
    let rules = rules.to_string();
    add(&app, &web, "/", |usual| SourceRecord { kind: SourceKind::Rules, rules: Some(rules), lists: vec![0], ..usual });
    assert_eq!(read(&app).await.added, 1, "{:?}", app.crawler.log_of("site", 50));
    let item = || app.crawler.items_of("site", None, 10).unwrap().remove(0).1;
    let id = item().book.unwrap();
    assert_eq!(texts(&app, id), ["第1章", "第2章", "第3章", "第4章"]);
    let subscribed = app
        .store
        .write(Durability::Durable, |write| subscriptions::add(write, "main", "oReader", "某甲", app.clock.now()));
    subscribed.unwrap();

    // Nothing new: no file is made, nobody is told.
    let again = read(&app).await;
    assert_eq!((again.updated, again.chapters), (0, 0));
    assert!(notices(&app, "oReader").is_empty());

    contents(&web, 6);
    web.forget();
    assert_eq!(read(&app).await.updated, 1, "{:?}", app.crawler.log_of("site", 50));
    assert_eq!((item().book, texts(&app, id).len()), (Some(id), 6));
    assert_eq!(notices(&app, "oReader"), [id]);
    let chapters = web.seen().into_iter().map(|one| one.path).filter(|path| path.starts_with("/c/")).count();
    assert_eq!(chapters, 2, "only the new chapters are fetched");

    // Another page in the place of the contents is no shorter book.
    contents(&web, 1);
    read(&app).await;
    let ItemState::Failed { reason, .. } = item().state else { panic!("{:?}", item().state) };
    assert!(reason.contains("1 chapters, where 6 were"), "{reason}");
    assert_eq!(texts(&app, id).len(), 6);
}

const OPDS: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
    <feed xmlns=\"http://www.w3.org/2005/Atom\"><id>x</id><title>目录</title><updated>2026-01-01T00:00:00Z</updated>\
    <link rel=\"search\" type=\"application/atom+xml\" href=\"/search?q={searchTerms}\"/>ENTRIES</feed>";

fn entry(title: &str, path: &str) -> String {
    format!(
        "<entry><id>urn:{path}</id><title>{title}</title><updated>2026-01-01T00:00:00Z</updated>\
         <link rel=\"http://opds-spec.org/acquisition\" type=\"application/epub+zip\" href=\"{path}\"/></entry>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_follower_asks_for_is_found_in_the_catalogues_search() {
    let web = Web::start(1, 0, 1).await;
    let (_dir, app) = home();
    let app = Arc::new(app);
    let kind = "application/atom+xml;profile=opds-catalog;kind=acquisition";
    web.put(0, "/opds", Resource::new(kind, OPDS.replace("ENTRIES", "")));
    // The search finds something that only looks alike, too.
    let found = entry("长安十二时辰外传", "/other.epub") + &entry("长安十二时辰", "/wanted.epub");
    let words = percent_encoding::utf8_percent_encode("长安十二时辰", percent_encoding::NON_ALPHANUMERIC);
    web.put(0, &format!("/search?q={words}"), Resource::new(kind, OPDS.replace("ENTRIES", &found)));
    for (path, title) in [("/other.epub", "长安十二时辰外传"), ("/wanted.epub", "长安十二时辰")] {
        web.put(0, path, Resource::new("application/epub+zip", BookBuilder::new(title).build()));
    }
    add(&app, &web, "/opds", |usual| SourceRecord { kind: SourceKind::Opds, ..usual });
    // The first pass learns how the catalogue is searched.
    assert_eq!(read(&app).await.added, 0);
    let asked = app.store.write(Durability::Durable, |write| {
        requests::add(write, "main", "oReader", "长安十二时辰", None, app.clock.now())
    });
    asked.unwrap();
    assert_eq!(read(&app).await.added, 1, "{:?}", app.crawler.log_of("site", 50));
    let told = notices(&app, "oReader");
    assert_eq!(told.len(), 1, "who asked hears of it");
    assert_eq!(app.library.book(told[0]).unwrap().unwrap().title, "长安十二时辰");
    assert!(web.seen().iter().all(|one| one.path != "/other.epub"), "what only looks alike is not taken");
}

fn rss(items: &[(&str, &str)]) -> String {
    let items: String = items
        .iter()
        .map(|(title, text)| {
            format!(
                "<item><title>{title}</title><guid>{title}</guid><link>http://x.example/{title}</link>\
                 <content:encoded><![CDATA[<p>{text}</p>]]></content:encoded></item>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\
         <channel><title>日报</title><link>http://x.example/</link><description>x</description>{items}</channel></rss>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feeds_new_texts_become_a_book_or_drafts_of_articles() {
    let web = Web::start(1, 0, 1).await;
    let (_dir, app) = home();
    let app = Arc::new(app);
    web.put(0, "/feed", Resource::new("application/rss+xml", rss(&[("新", "新的正文"), ("旧", "旧的正文")])));
    let feed =
        |feed_use| move |usual| SourceRecord { kind: SourceKind::Feed, feed_use, title: "日报".into(), ..usual };
    add(&app, &web, "/feed", feed(FeedUse::Periodical));
    assert_eq!(read(&app).await.added, 1, "{:?}", app.crawler.log_of("site", 50));
    let books = app.library.page(None, 10).unwrap();
    assert_eq!(books.len(), 1);
    assert!(books[0].1.title.starts_with("日报 2"), "{}", books[0].1.title);
    assert_eq!(texts(&app, books[0].0), ["旧", "新"], "the oldest first");
    assert_eq!(read(&app).await.added, 0, "each text once");
    web.put(0, "/feed", Resource::new("application/rss+xml", rss(&[("更新", "又一篇"), ("新", "新的正文")])));
    assert_eq!(read(&app).await.added, 1);
    let newest = app.library.page(None, 10).unwrap().into_iter().map(|(id, _)| id).max().unwrap();
    assert_eq!(texts(&app, newest), ["更新"]);

    app.crawler.remove_source("site").unwrap();
    add(&app, &web, "/feed", feed(FeedUse::Articles));
    read(&app).await;
    let shelf = app.articles.shelf(app.clock.now()).unwrap();
    let mut titles: Vec<String> = shelf.all().iter().map(|article| article.title.clone()).collect();
    titles.sort();
    assert_eq!(titles, ["新", "更新"]);
    assert!(shelf.all().iter().all(|article| article.published_at.is_none()), "drafts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webdav_folder_is_asked_for_what_it_holds() {
    let web = Web::start(1, 0, 1).await;
    let (_dir, app) = home();
    let app = Arc::new(app);
    let response = |path: &str, kind: &str| {
        format!(
            "<d:response><d:href>{path}</d:href><d:propstat><d:prop><d:resourcetype>{kind}</d:resourcetype>\
             <d:getlastmodified>Sat, 28 Nov 2026 08:00:00 GMT</d:getlastmodified></d:prop>\
             <d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
        )
    };
    let folder = |entries: &[String]| {
        let text =
            format!("<?xml version=\"1.0\"?><d:multistatus xmlns:d=\"DAV:\">{}</d:multistatus>", entries.concat());
        Resource { status: 207, has_etag: false, ..Resource::new("application/xml", text) }
    };
    let is_folder = "<d:collection/>";
    web.put(
        0,
        "/dav/",
        folder(&[response("/dav/", is_folder), response("/dav/a.epub", ""), response("/dav/deep/", is_folder)]),
    );
    web.put(0, "/dav/deep/", folder(&[response("/dav/deep/", is_folder), response("/dav/deep/b.epub", "")]));
    for (path, title) in [("/dav/a.epub", "甲书"), ("/dav/deep/b.epub", "乙书")] {
        web.put(0, path, Resource::new("application/epub+zip", BookBuilder::new(title).build()));
    }
    add(&app, &web, "/dav/", |usual| SourceRecord { kind: SourceKind::Webdav, ..usual });
    assert_eq!(read(&app).await.added, 2, "{:?}", app.crawler.log_of("site", 50));
    let again = read(&app).await;
    assert_eq!((again.added, again.updated, again.failed), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_paused_while_it_is_read_stops_and_goes_on_where_it_was() {
    let web = Web::start(1, 0, 1).await;
    let (_dir, app) = home();
    let app = Arc::new(app);
    let kind = "application/atom+xml;profile=opds-catalog;kind=acquisition";
    let names: Vec<String> = (0..6).map(|at| format!("书{at}")).collect();
    let entries: String = names.iter().enumerate().map(|(at, name)| entry(name, &format!("/{at}.epub"))).collect();
    web.put(0, "/opds", Resource::new(kind, OPDS.replace("ENTRIES", &entries)));
    for (at, name) in names.iter().enumerate() {
        web.put(0, &format!("/{at}.epub"), Resource::new("application/epub+zip", BookBuilder::new(name).build()));
    }
    add(&app, &web, "/opds", |usual| SourceRecord { kind: SourceKind::Opds, most_per_pass: 2, ..usual });
    let once = || {
        let (same, runtime) = (Arc::clone(&app), tokio::runtime::Handle::current());
        tokio::task::spawn_blocking(move || same.crawler.read_source("site", &runtime))
    };
    let end = once().await.unwrap().unwrap();
    assert!(matches!(end, PassEnd::Capped(done) if done.added == 2), "{end}");
    app.crawler.pause_source("site", true).unwrap();
    assert!(app.crawler.due(app.clock.now()).unwrap().is_empty(), "a paused source is never due");
    app.crawler.pause_source("site", false).unwrap();
    app.crawler.read_soon("site").unwrap();
    assert_eq!(app.crawler.due(app.clock.now()).unwrap(), ["site"]);
    assert!(matches!(once().await.unwrap().unwrap(), PassEnd::Capped(done) if done.added == 4));
    assert!(matches!(once().await.unwrap().unwrap(), PassEnd::Finished(done) if done.added == 6));
    let fetched = web.seen().iter().filter(|one| one.path.ends_with(".epub")).count();
    assert_eq!(fetched, 6, "each file once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_names_what_would_be_fetched_and_what_is_forbidden() {
    let web = Web::start(1, 0, 1).await;
    let (_dir, app) = home();
    let app = Arc::new(app);
    web.put(0, "/robots.txt", Resource::new("text/plain", "User-agent: *\nDisallow: /closed/\n"));
    let kind = "application/atom+xml;profile=opds-catalog;kind=acquisition";
    let entries = entry("开放的", "/open.epub") + &entry("不许的", "/closed/b.epub");
    web.put(0, "/opds", Resource::new(kind, OPDS.replace("ENTRIES", &entries)));
    web.put(0, "/", html("<p>欢迎</p>"));
    let head =
        "<html><head><link rel=alternate type=\"application/atom+xml;profile=opds-catalog\" href=/opds></head></html>";
    web.put(0, "/home", Resource::new("text/html", head));
    add(&app, &web, "/opds", |usual| SourceRecord { kind: SourceKind::Opds, ..usual });
    let (same, runtime) = (Arc::clone(&app), tokio::runtime::Handle::current());
    let at_home = SourceRecord { url: format!("{}/home", web.url(0)), ..app.crawler.source("site").unwrap().record };
    let looked = tokio::task::spawn_blocking(move || {
        (same.crawler.dry_run("site", &runtime).unwrap(), same.crawler.kind_of(&at_home, &runtime))
    });
    let (dry, kind) = looked.await.unwrap();
    let told: Vec<(&str, bool)> =
        dry.would_fetch.iter().map(|one| (one.title.as_str(), one.forbidden.is_some())).collect();
    assert_eq!(told, [("开放的", false), ("不许的", true)]);
    assert!(web.seen().iter().all(|one| !one.path.ends_with(".epub")), "no file is fetched");
    let why = kind.unwrap_err().to_string();
    assert!(why.contains("/opds"), "{why}");
}
