//! The owner's articles: what the folder shows, the pages and the feed, what followers find, what is brought in, and the
//! platform's draft box.

mod brought;
mod platform;
mod talk;

use std::fs;
use std::path::PathBuf;

use chrono::Duration;

use crate::support::test_app::TestApp;
use crate::support::wechat_sim::SimMode;

/// A picture of noise, so that it has a size.
fn picture(width: u32, height: u32, format: image::ImageFormat) -> Vec<u8> {
    let mut state = 7_u32;
    let picture = image::RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
    });
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn png() -> Vec<u8> {
    picture(40, 30, image::ImageFormat::Png)
}

/// Writes a file below the folder of articles.
fn write(app: &TestApp, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = app.app.data_dir.join("articles").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn scan(app: &TestApp) {
    app.app.articles.scan(app.clock.now()).unwrap();
}

const WINTER: &str = "+++\ntitle = \"冬天的书单\"\nauthor = \"童子\"\ntags = [\"书单\", \"冬天\"]\nsummary = \"十本围炉的书\"\n\
                      +++\n\n下雪的时候读《雪国》。\n\n![封面](winter/snow.png)\n\n见 [另一篇](spring.md)。\n";
const SPRING: &str = "---\ntitle: 春天的书单\ntags: [书单, 春天]\ndate: 2026-01-01\n---\n\n春眠不觉晓。\n";

#[tokio::test]
async fn a_file_in_the_folder_is_a_page() {
    let app = TestApp::start().await;
    write(&app, "winter.md", WINTER);
    write(&app, "winter/snow.png", png());
    scan(&app);
    let response = app.get("/a/winter").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("img-src 'self'"), "{policy}");
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    let page = response.text().await.unwrap();
    assert!(page.contains("<h1>冬天的书单</h1>") && page.contains("童子 · <time"), "{page}");
    assert!(page.contains("<img src=\"/a/winter/snow.png\" alt=\"封面\" width=\"40\" height=\"30\""), "{page}");
    assert!(page.contains("<a href=\"/a/spring\">另一篇</a>") && page.contains("href=\"/a/?tag="), "{page}");
    let again = app.get("/a/winter").header("If-None-Match", &tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    let picture = app.get("/a/winter/snow.png").send().await.unwrap();
    assert_eq!((picture.status().as_u16(), picture.headers()["content-type"].to_str().unwrap()), (200, "image/png"));
    assert_eq!(picture.bytes().await.unwrap(), png());
    // A change is seen at the next look.
    write(&app, "winter.md", WINTER.replace("下雪的时候", "炉火旁边"));
    scan(&app);
    let changed = app.get("/a/winter").header("If-None-Match", &tag).send().await.unwrap();
    assert!(changed.text().await.unwrap().contains("炉火旁边"));
}

#[tokio::test]
async fn a_page_is_light_enough_for_a_phone() {
    let app = TestApp::start().await;
    let paragraph = "书童把书送到读者手里，读者在灯下翻开第一页，窗外正下着今年的第一场雪。".repeat(8);
    let text = format!("# 一万字\n\n{}", format!("{paragraph}\n\n").repeat(36));
    assert!(text.chars().count() > 10_000);
    write(&app, "long.md", &text);
    scan(&app);
    let (status, page) = app.fetch("/a/long").await;
    assert!(status == 200 && page.len() <= 60_000, "{} bytes", page.len());
    assert!(!page.contains("<script") && page.contains("width=device-width"));
}

#[tokio::test]
async fn heavy_pictures_are_shown_lighter_and_made_once() {
    let app = TestApp::start().await;
    let heavy = picture(1_800, 900, image::ImageFormat::Png);
    assert!(heavy.len() > 1_000_000);
    write(&app, "winter/snow.png", &heavy);
    write(&app, "winter.md", WINTER);
    scan(&app);
    for _ in 0..2 {
        let response = app.get("/a/winter/snow.png").send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "image/jpeg");
        let light = response.bytes().await.unwrap();
        assert!(light.len() <= 300 << 10 && light.starts_with(b"\xff\xd8"), "{} bytes", light.len());
    }
    let kept = app.app.articles.folder().join(".light");
    let files: Vec<PathBuf> = fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    // It comes from there, and another picture has another.
    fs::write(&files[0], b"kept").unwrap();
    assert_eq!(app.get("/a/winter/snow.png").send().await.unwrap().bytes().await.unwrap(), &b"kept"[..]);
    write(&app, "winter/snow.png", picture(1_810, 900, image::ImageFormat::Png));
    scan(&app);
    assert_ne!(app.get("/a/winter/snow.png").send().await.unwrap().bytes().await.unwrap(), &b"kept"[..]);
}

#[tokio::test]
async fn what_is_not_published_is_not_there() {
    let app = TestApp::start().await;
    write(&app, "draft.md", "---\ntitle: 草稿\ndraft: true\n---\n\n![](pictures/secret.png)\n");
    write(&app, "pictures/secret.png", png());
    let later = app.clock.now() + Duration::hours(2);
    write(&app, "later.md", format!("---\ntitle: 以后\ndate: {}\n---\n\n正文\n", later.to_rfc3339()));
    scan(&app);
    for path in ["/a/draft", "/a/later", "/a/draft/secret.png", "/a/nothing", "/a/..%2f..%2fshutong", "/a/draft.md"] {
        assert_eq!(app.fetch(path).await.0, 404, "{path}");
    }
    assert!(!app.fetch("/a/").await.1.contains("草稿") && !app.fetch("/a/feed.xml").await.1.contains("以后"));
    app.clock.advance(Duration::hours(2));
    assert_eq!(app.fetch("/a/later").await.0, 200, "its time has come, and nothing had to run for that");
    app.app.articles.publish("draft", app.clock.now() + Duration::minutes(1), app.clock.now()).unwrap();
    assert_eq!(app.fetch("/a/draft").await.0, 404);
    app.clock.advance(Duration::minutes(1));
    assert_eq!(app.fetch("/a/draft").await.0, 200);
    assert_eq!(app.fetch("/a/draft/secret.png").await.0, 200);
    // The order outlives the process.
    let app = app.restart().await;
    assert_eq!(app.fetch("/a/draft").await.0, 200);
}

#[tokio::test]
async fn an_article_shows_its_own_pictures_and_no_other_file() {
    let app = TestApp::start().await;
    write(&app, "pictures/other.png", png());
    write(&app, "a/not.png", b"no picture at all");
    write(&app, "a/own.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>x()</script></svg>");
    write(
        &app,
        "a.md",
        "# A\n\n![无](a/missing.png) ![](a/not.png) ![](a/own.svg) ![](../../shutong.toml) ![](a/link.png) ![远](https://example.com/x.png)\n",
    );
    let elsewhere = app.app.data_dir.join("elsewhere.png");
    fs::write(&elsewhere, png()).unwrap();
    std::os::unix::fs::symlink(&elsewhere, app.app.data_dir.join("articles/a/link.png")).unwrap();
    scan(&app);
    let response = app.get("/a/a").send().await.unwrap();
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    let page = response.text().await.unwrap();
    assert!(!page.contains("<img") && page.contains("无") && page.contains("远"), "{page}");
    for name in ["other.png", "not.png", "own.svg", "missing.png", "link.png", "shutong.toml", "..%2fa.md", "a.md"] {
        assert_eq!(app.fetch(&format!("/a/a/{name}")).await.0, 404, "{name}");
    }
    let shelf = app.app.articles.shelf(app.clock.now()).unwrap();
    let notes = shelf.article("a").unwrap().notes.join("\n");
    assert!(notes.contains("no picture missing.png") && notes.contains("example.com/x.png is elsewhere"), "{notes}");
    // One that comes later is seen, although the text has not changed, also by who has the page already.
    write(&app, "pictures/missing.png", png());
    scan(&app);
    let later = app.get("/a/a").header("If-None-Match", &tag).send().await.unwrap();
    assert!(later.text().await.unwrap().contains("<img src=\"/a/a/missing.png\""));
}

#[tokio::test]
async fn hostile_markup_does_not_reach_a_page() {
    let app = TestApp::start().await;
    write(
        &app,
        "x.md",
        "---\ntitle: \"<script>t()</script>\"\nsummary: '\"><script>s()</script>'\ntags: [\"<b>\"]\n---\n\
         <script>a()</script><img src=x onerror=b()><a href=\"javascript:c()\">d</a>\n\n[e](javascript:f())\n\n\
         <iframe src=\"https://example.com\"></iframe><style>*{}</style>\n\n<p style=\"position:fixed\" onclick=\"g()\">h</p>\n",
    );
    scan(&app);
    for path in ["/a/x", "/a/", "/a/feed.xml"] {
        let (status, page) = app.fetch(path).await;
        assert_eq!(status, 200);
        for bad in ["<script", "onerror", "javascript:", "<iframe", "<style", "style=", "onclick", "<b>\""] {
            assert!(!page.contains(bad), "{path}: {bad}: {page}");
        }
    }
}

#[tokio::test]
async fn the_list_has_tags_and_pages_and_the_feed_can_be_read() {
    let app = TestApp::with("public_url = \"https://books.example.com\"\n").await;
    write(&app, "winter.md", WINTER);
    write(&app, "winter/snow.png", png());
    write(&app, "spring.md", SPRING);
    scan(&app);
    let (_, list) = app.fetch("/a/").await;
    let (first, second) = (list.find("冬天的书单").unwrap(), list.find("春天的书单").unwrap());
    assert!(first < second, "the latest first");
    assert!(list.contains("十本围炉的书") && list.contains("2026-01-01"), "{list}");
    let (_, tagged) = app.fetch("/a/?tag=%E6%98%A5%E5%A4%A9").await;
    assert!(tagged.contains("春天的书单") && !tagged.contains("冬天的书单"), "{tagged}");
    assert_eq!(app.fetch("/a/?tag=nothing").await.0, 404);
    let (_, feed) = app.fetch("/a/feed.xml").await;
    let parsed = roxmltree::Document::parse(&feed).unwrap();
    let entries: Vec<_> =
        parsed.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2005/Atom", "entry"))).collect();
    assert_eq!(entries.len(), 2);
    let text = |name: &str| {
        let found = entries[0].children().find(|node| node.tag_name().name() == name);
        found.and_then(|node| node.text()).unwrap_or_default().to_owned()
    };
    assert_eq!((text("title").as_str(), text("summary").as_str()), ("冬天的书单", "十本围炉的书"));
    assert!(text("content").contains("<img src=\"/a/winter/snow.png\""), "{feed}");
    assert!(feed.contains("xml:base=\"https://books.example.com/a/\""));
    for number in 0..40 {
        write(
            &app,
            &format!("more-{number}.md"),
            format!("---\ntitle: 更早的第{number}篇\ndate: 2025-01-01\n---\nx\n"),
        );
    }
    scan(&app);
    let (_, list) = app.fetch("/a/").await;
    assert!(list.contains("/a/?skip=30"), "{list}");
    assert_eq!(app.fetch("/a/?skip=30").await.1.matches("更早的第").count(), 12);
}

#[tokio::test]
async fn files_that_cannot_be_shown_are_told_with_the_reason() {
    let app = TestApp::start().await;
    write(&app, "bad.md", "+++\ntitle = 无引号\n+++\n");
    write(&app, "latin.md", b"\xe9t\xe9");
    write(&app, "huge.md", "长".repeat(170_000));
    write(&app, "Same Name.md", "a");
    write(&app, "same-name.md", "b");
    write(&app, "_note.md", "mine");
    write(&app, "good.md", "c");
    scan(&app);
    let shelf = app.app.articles.shelf(app.clock.now()).unwrap();
    let told: Vec<String> = shelf.problems.iter().map(|(path, what)| format!("{}: {what}", path.display())).collect();
    let told = told.join("\n");
    assert_eq!(shelf.problems.len(), 4, "{told}");
    for part in ["put texts into quotes", "save it as UTF-8", "divide it", "/a/same-name is another's"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(shelf.all().len(), 2);
}

#[tokio::test]
async fn tags_with_signs_are_found_as_they_are_written() {
    let app = TestApp::with_account(SimMode::Safe).await;
    let all =
        [("模板", "C++", "泛型"), ("委托", "c#", "事件"), ("智能", "AI/ML", "学习"), ("运行时", ".NET", "机器码")];
    for (title, tag, text) in all {
        write(&app, &format!("{title}.md"), format!("+++\ntitle = \"{title}\"\ntags = [\"{tag}\"]\n+++\n\n{text}\n"));
    }
    write(&app, "cat.md", "# A cat\n\nAn old c book about ai, ml and the net\n");
    scan(&app);
    let shelf = app.app.articles.shelf(app.clock.now()).unwrap();
    for (question, title) in [("C++", "模板"), ("c＋＋！", "模板"), ("C#", "委托"), ("C++ 泛型", "模板")] {
        let found = shelf.find(question, app.clock.now());
        let titles: Vec<&str> = found.iter().map(|article| article.title.as_str()).collect();
        assert_eq!(titles, [title], "{question}");
    }
    for (question, first) in [("ai/ml", "智能"), (".net", "运行时")] {
        assert_eq!(shelf.find(question, app.clock.now())[0].title, first, "the tag comes first");
    }
    let listed = app.say("文章 C++").await;
    assert!(listed.contains("模板") && !listed.contains("cat"), "{listed}");
    for (address, title) in
        [("/a/?tag=C%2B%2B", "模板"), ("/a/?tag=c++", "模板"), ("/a/?tag=C%23", "委托"), ("/a/?tag=AI%2FML", "智能")]
    {
        let (status, list) = app.fetch(address).await;
        assert!(status == 200 && list.contains(title) && !list.contains("A cat"), "{address}: {list}");
    }
}
