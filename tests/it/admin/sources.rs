//! Sources on the admin page: added, imported, tried, changed, removed.

use shutong::store::records::{SourceKind, SourceRecord};

use super::browser::Page;
use crate::support::web::{Resource, Web};

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_added_changed_stopped_and_removed() {
    let (page, mut admin) = Page::with_admin().await;
    assert!(admin.get("/sources").await.body.contains("还没有书源"));
    let new = |rights: &str| {
        form(&[
            ("name", "my-books"),
            ("title", "<b>书"),
            ("url", "https://books.example.org/opds"),
            ("kind", "opds"),
            ("rights", rights),
        ])
    };
    let refused = admin.form("/sources", &new("")).await;
    assert!(refused.status == 422 && refused.body.contains("为什么可以从那里取书"), "{}", refused.body);
    let added = admin.form("/sources", &new("public domain")).await;
    assert_eq!((added.status, added.header("location")), (303, Some("/sources/my%2Dbooks")), "{}", added.body);
    let again = admin.form("/sources", &new("public domain")).await;
    assert!(again.status == 422 && again.body.contains("已经有书源“my-books”了"), "{}", again.body);
    let shown = admin.get("/sources/my-books").await.body;
    assert!(shown.contains("&#60;b&#62;书") && shown.contains("public domain"), "{shown}");

    assert_eq!(admin.form("/sources/my-books", "do=pause").await.status, 303);
    assert!(page.app.crawler.source("my-books").unwrap().record.is_paused);
    assert_eq!(admin.form("/sources/my-books", "do=resume").await.status, 303);
    let settings = |schedule: &str| {
        let fields = [
            ("do", "save"),
            ("title", "书"),
            ("url", "https://books.example.org/opds"),
            ("schedule", schedule),
            ("rights", "public domain"),
            ("licence", "CC0-1.0"),
            ("formats", "epub, txt"),
            ("languages", "zh"),
            ("per_pass", "7"),
            ("per_day", "9"),
            ("nets", "10.0.0.0/8"),
            ("ports", "8080"),
            ("username", "me"),
            ("password", "canary"),
        ];
        form(&fields)
    };
    let wrong = admin.form("/sources/my-books", &settings("every day")).await;
    assert!(wrong.status == 422 && wrong.body.contains("every day"), "{}", wrong.body);
    assert_eq!(admin.form("/sources/my-books", &settings("0 0 5 * * *")).await.status, 303);
    let source = page.app.crawler.source("my-books").unwrap().record;
    assert_eq!((source.most_per_pass, source.most_per_day, source.ports.as_slice()), (7, 9, [8080].as_slice()));
    assert_eq!((source.languages, source.password.as_str()), (vec!["zh".to_owned()], "canary"));
    assert!(!admin.get("/sources/my-books").await.body.contains("canary"), "the password is shown");

    let progress = admin.get("/api/sources").await.json();
    assert_eq!(progress["items"][0]["name"], "my-books");
    assert_eq!(admin.form("/sources/my-books", "do=remove").await.status, 303);
    assert!(admin.get("/sources").await.body.contains("书源已删除"));
    assert_eq!(admin.get("/sources/my-books").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_says_of_each_source_what_works_and_comes_paused() {
    let (page, mut admin) = Page::with_admin().await;
    let sources = serde_json::json!([
        {
            "bookSourceUrl": "https://one.example", "bookSourceName": "一号", "bookSourceType": 0, "searchUrl": "/s?q={{key}}",
            "ruleSearch": { "bookList": "class.item", "name": "tag.a@text", "bookUrl": "tag.a@href" },
            "ruleToc": { "chapterList": "tag.li", "chapterName": "tag.a@text", "chapterUrl": "tag.a@href" },
            "ruleContent": { "content": "id.content@html" },
        },
        {
            "bookSourceUrl": "https://two.example", "bookSourceName": "二号", "bookSourceType": 0, "searchUrl": "@js:x()",
            "ruleSearch": { "bookList": "<js>x()</js>", "name": "a", "bookUrl": "b" },
            "ruleToc": { "chapterList": "<js>x()</js>", "chapterName": "text", "chapterUrl": "href" },
            "ruleContent": { "content": "<js>x()</js>" },
        },
    ]);
    let text = sources.to_string();
    let imported = admin.form("/sources/import", &form(&[("json", &text), ("rights", "mine")])).await.body;
    assert!(imported.contains("一号") && imported.contains("二号") && imported.contains("JavaScript"), "{imported}");
    let source = page.app.crawler.source("一号").unwrap();
    assert!(source.record.is_paused && source.record.rights == "mine");
    assert!(page.app.crawler.source("二号").is_err());
    let shown = admin.get("/sources/%E4%B8%80%E5%8F%B7").await.body;
    assert!(shown.contains("id.content@html"), "{shown}");
    // What may not be reached is refused in words, not fetched.
    let tried = admin.form("/sources/%E4%B8%80%E5%8F%B7", "do=try&step=search&url=http%3A%2F%2F127.0.0.1%2F").await;
    assert!(tried.status == 422 && tried.body.contains("127.0.0.1"), "{}", tried.body);
    for (json, word) in [("{", "JSON"), ("[]", "")] {
        let body = form(&[("json", json), ("rights", "mine")]);
        let answer = admin.form("/sources/import", &body).await;
        assert!(answer.body.contains(word), "{json}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_tried_on_a_page_and_what_it_found_is_marked() {
    let (page, mut admin) = Page::with_admin().await;
    let web = Web::start(1, 0, 1).await;
    let html = "<html><body><div class=item><a href=\"/b/7.html\">三体&amp;<i>外传</i></a></div></body></html>";
    web.put(0, "/list", Resource::new("text/html; charset=utf-8", html));
    let rules = serde_json::json!({
        "bookSourceUrl": web.url(0), "bookSourceName": "站", "bookSourceType": 0, "searchUrl": "/list?q={{key}}",
        "ruleSearch": { "bookList": "class.item", "name": "tag.a@text", "bookUrl": "tag.a@href" },
        "ruleToc": { "chapterList": "tag.li", "chapterName": "tag.a@text", "chapterUrl": "tag.a@href" },
        "ruleContent": { "content": "id.content@html" },
    });
    let source = SourceRecord {
        url: web.url(0),
        kind: SourceKind::Rules,
        rules: Some(rules.to_string()),
        rights: "made for this test".into(),
        nets: vec!["127.1.0.0/16".into()],
        ..SourceRecord::usual(page.now())
    };
    page.app.crawler.put_source("site", source, page.now()).unwrap();
    assert!(admin.get("/sources/site").await.body.contains("还没有读过"));
    let url = format!("{}/list", web.url(0));
    let try_rule = |rule: &str| form(&[("do", "try"), ("step", "search"), ("url", &url), ("rule", rule)]);
    let tried = admin.form("/sources/site", &try_rule("class.item@tag.a@href")).await;
    assert_eq!(tried.status, 200, "{}", tried.body);
    assert!(tried.body.contains("<mark>/b/7.html</mark>"), "{}", tried.body);
    assert!(tried.body.contains("&#60;a href=&#34;<mark>"), "with what stands around it: {}", tried.body);
    let nothing = admin.form("/sources/site", &try_rule("class.nothing@text")).await;
    assert!(nothing.status == 200 && !nothing.body.contains("<mark>"), "{}", nothing.body);
}
