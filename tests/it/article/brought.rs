//! Articles brought into the folder: files, folders, feeds; taken out again; by the executable.

use std::fs;

use super::{WINTER, png, scan, write};
use crate::support::binary::Home;
use crate::support::test_app::TestApp;
use shutong::article::Brought;

const FEED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
    xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>博客</title>\
    <item><title>第一篇</title><guid>urn:1</guid><category>旧文</category><pubDate>Thu, 01 Jan 2026 08:00:00 +0800</pubDate>\
    <content:encoded><![CDATA[<p>正文<script>x()</script><img src=\"https://example.com/a.png\" alt=\"图\"></p>]]></content:encoded></item>\
    <item><title>第一篇</title><guid>urn:2</guid><pubDate>Thu, 01 Jan 2026 08:00:00 +0800</pubDate><description>另一篇</description></item>\
    </channel></rss>";

#[tokio::test]
async fn a_file_comes_with_the_pictures_it_shows() {
    let app = TestApp::start().await;
    let from = tempfile::tempdir().unwrap();
    fs::create_dir_all(from.path().join("images/2026")).unwrap();
    fs::write(from.path().join("images/2026/snow.png"), png()).unwrap();
    fs::write(from.path().join("images/2026/unused.png"), png()).unwrap();
    let file = from.path().join("winter.md");
    let text = WINTER.replace("winter/snow.png", "images/2026/snow.png");
    fs::write(&file, &text).unwrap();
    let added = app.app.articles.add(&file, app.clock.now()).unwrap();
    assert_eq!((added.slug.as_str(), added.brought, added.notes.len()), ("winter", Brought::New, 0), "{added:?}");
    assert_eq!(app.fetch("/a/winter").await.0, 200);
    assert_eq!(app.fetch("/a/winter/snow.png").await.0, 200);
    assert!(!app.app.articles.folder().join("winter/unused.png").exists());
    assert_eq!(app.app.articles.add(&file, app.clock.now()).unwrap().brought, Brought::Same);
    fs::write(&file, text.replace("下雪", "结冰")).unwrap();
    assert_eq!(app.app.articles.add(&file, app.clock.now()).unwrap().brought, Brought::Changed);
    assert!(app.fetch("/a/winter").await.1.contains("结冰"));
    let aside = fs::read_to_string(app.app.articles.folder().join("removed/winter.md")).unwrap();
    assert_eq!(aside, text, "what was replaced is kept");
    let shows = "![](images/2026/snow.png)";
    for (name, text, what) in [
        ("x.txt", "a", "only .md"),
        ("bad.md", "+++\nx\n", "not closed"),
        ("_x.md", shows, "rename it"),
        ("...md", shows, "rename it"),
        ("pictures.md", shows, "is no article's"),
        ("Removed.html", shows, "is no article's"),
        ("new.md", shows, "is no article's"),
        ("Winter.md", shows, "rename one of them"),
    ] {
        let path = from.path().join(name);
        fs::write(&path, text).unwrap();
        let error = app.app.articles.add(&path, app.clock.now()).unwrap_err().to_string();
        assert!(error.contains(what) && error.contains(name), "{error}");
    }
    let folder = app.app.articles.folder();
    for picture in ["../snow.png", "_x/snow.png", "pictures/snow.png", "Removed/snow.png", "Winter/snow.png"] {
        assert!(!folder.join(picture).exists(), "{picture} came with an article that was refused");
    }
}

#[tokio::test]
async fn an_article_cannot_take_a_shared_folder_with_it() {
    let app = TestApp::start().await;
    write(&app, "pictures/snow.png", png());
    for name in ["pictures.md", "removed.md", "new.md"] {
        write(&app, name, "a");
    }
    scan(&app);
    let (articles, now) = (&app.app.articles, app.clock.now());
    let shelf = articles.shelf(now).unwrap();
    assert!(shelf.problems.len() == 3 && shelf.problems.iter().all(|(_, what)| what.contains("is no article's")));
    assert!(articles.remove("pictures", now).is_err());
    assert!(articles.save("new.md", "a", false, now).is_err());
    assert!(articles.folder().join("pictures/snow.png").exists());
}

#[tokio::test]
async fn a_removed_article_is_gone_and_its_file_is_not() {
    let app = TestApp::start().await;
    write(&app, "winter.md", WINTER);
    write(&app, "winter/snow.png", png());
    scan(&app);
    let place = app.app.articles.remove("winter", app.clock.now()).unwrap();
    assert_eq!(fs::read_to_string(place).unwrap(), WINTER);
    assert_eq!((app.fetch("/a/winter").await.0, app.fetch("/a/winter/snow.png").await.0), (404, 404));
    assert!(app.app.articles.folder().join("removed/winter/snow.png").exists());
    let error = app.app.articles.remove("winter", app.clock.now()).unwrap_err().to_string();
    assert!(error.contains("no article winter"), "{error}");
}

#[tokio::test]
async fn a_feed_is_imported_once_and_safely() {
    let app = TestApp::start().await;
    let from = tempfile::tempdir().unwrap();
    let file = from.path().join("feed.xml");
    fs::write(&file, FEED).unwrap();
    let import = || {
        let brought = app.app.articles.import_feed(&file, false, app.clock.now()).unwrap();
        brought.into_iter().map(|(_, added)| added.unwrap()).collect::<Vec<_>>()
    };
    let brought = import();
    let slugs: Vec<&str> = brought.iter().map(|added| added.slug.as_str()).collect();
    assert_eq!(slugs, ["2026-01-01-第一篇", "2026-01-01-第一篇-2"]);
    assert!(brought[0].notes[0].contains("example.com/a.png is elsewhere"), "{brought:?}");
    let (status, page) = app.fetch("/a/2026-01-01-%E7%AC%AC%E4%B8%80%E7%AF%87").await;
    assert!(status == 200 && page.contains("正文") && page.contains("图") && !page.contains("x()"), "{page}");
    assert!(page.contains("旧文") && page.contains("2026-01-01"), "{page}");
    assert!(import().iter().all(|added| added.brought == Brought::Same));
    fs::write(&file, "<!DOCTYPE rss [<!ENTITY x \"y\">]><rss/>").unwrap();
    assert!(app.app.articles.import_feed(&file, false, app.clock.now()).is_err());
}

#[test]
fn the_command_adds_lists_publishes_and_removes() {
    let home = Home::new();
    home.configure("public_url = \"https://books.example.com\"\n");
    let file = home.file("书单.md", "---\ntitle: 书单\ntags: [冬天]\ndraft: true\n---\n正文\n".as_bytes());
    let out = home.done(&["article", "add", file.to_str().unwrap()]);
    assert!(out.contains("书单\tadded\thttps://books.example.com/a/%E4%B9%A6%E5%8D%95"), "{out}");
    let list = home.json(&["article", "list"]);
    let article = &list["articles"][0];
    assert_eq!((&article["slug"], &article["is_published"]), (&"书单".into(), &false.into()), "{list}");
    assert!(
        home.done(&["article", "publish", "书单", "--at", "2099-01-01 08:00"]).contains("public from 2099-01-01 08:00")
    );
    assert!(home.done(&["article", "list"]).contains("on 2099-01-01 08:00"));
    assert!(home.done(&["article", "publish", "书单"]).starts_with("public: https://books.example.com/a/"));
    assert_eq!(home.json(&["article", "list"])["articles"][0]["is_published"], true);
    let feed = home.file("feed.xml", FEED.as_bytes());
    let out = home.done(&["article", "import", feed.to_str().unwrap(), "--drafts"]);
    assert!(out.contains("2 articles: 2 new, 0 changed, 0 here already, 0 failed"), "{out}");
    let ran = home.run(&["article", "import", feed.parent().unwrap().to_str().unwrap(), "--drafts"]);
    assert!(ran.code == Some(1) && ran.err.contains("--drafts is for feeds only"), "{ran:?}");
    let ran = home.run(&["article", "publish", "nothing"]);
    assert!(ran.code == Some(1) && ran.err.contains("shutong article list"), "{ran:?}");
    let ran = home.run(&["article", "publish", "书单", "--at", "soon"]);
    assert!(ran.code == Some(1) && ran.err.contains("2026-12-01 08:00"), "{ran:?}");
    let bad = home.file("bad.md", b"+++\nx");
    let ran = home.run(&["article", "add", bad.to_str().unwrap(), file.to_str().unwrap()]);
    assert!(ran.code == Some(1) && ran.err.contains("not closed") && ran.out.contains("here already"), "{ran:?}");
    let ran = home.run(&["article", "draft", "书单"]);
    assert!(ran.code == Some(1) && ran.err.contains("no account"), "{ran:?}");
    assert!(home.done(&["article", "remove", "书单"]).contains("removed"));
    // The same with the server running: it has the data open.
    let server = home.serve(&[]);
    home.done(&["article", "add", file.to_str().unwrap()]);
    assert!(home.done(&["article", "list"]).contains("书单\tdraft"));
    drop(server);
}
