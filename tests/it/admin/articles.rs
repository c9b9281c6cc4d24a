//! Articles on the admin page: written, looked at, given pictures, published, taken out.

use super::browser::Page;

/// The smallest GIF there is, all of it ASCII, so that it can stand in a text.
const GIF: &str = "GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test]
async fn an_article_is_written_looked_at_and_published() {
    let (page, mut admin) = Page::with_admin().await;
    assert!(admin.get("/articles").await.body.contains("还没有文章"));
    assert!(admin.get("/articles/new").await.body.contains("draft = true"));
    let text = "+++\ntitle = \"<b>书单\"\ndraft = true\n+++\r\n\r\n正文<script>x()</script>\n\n![图](a.gif)\n";
    let saved = admin.form("/articles/save", &form(&[("file", ""), ("name", "书单"), ("text", text)])).await;
    assert_eq!((saved.status, saved.header("location")), (303, Some("/articles/%E4%B9%A6%E5%8D%95")), "{}", saved.body);
    let place = "/articles/%E4%B9%A6%E5%8D%95";
    let shown = admin.get(place).await.body;
    assert!(shown.contains("<p>正文</p>") && shown.contains("&#60;b&#62;书单") && !shown.contains("x()"), "{shown}");
    assert!(shown.contains("there is no picture a.gif"), "{shown}");
    assert_eq!(admin.get("/a/%E4%B9%A6%E5%8D%95/a.gif").await.status, 404);

    let part = |name: &str, bytes: &str| {
        format!("--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{bytes}\r\n")
    };
    let token = admin.token().await;
    let headers = [("Content-Type", "multipart/form-data; boundary=cut"), ("X-CSRF-Token", token.as_str())];
    let body = format!("{}{}--cut--\r\n", part("a.gif", GIF), part("b.svg", "<svg/>"));
    let answer = admin.send("POST", &format!("/api{place}/pictures"), &headers, &body).await;
    let items = answer.json()["items"].clone();
    assert_eq!(
        (answer.status, items[0]["error"].is_null(), items[1]["error"].is_string()),
        (200, true, true),
        "{items}"
    );
    // The preview has the picture before the article is public.
    assert!(admin.get(place).await.body.contains("<img src=\"/a/%E4%B9%A6%E5%8D%95/a.gif\""));
    assert_eq!(admin.get("/a/%E4%B9%A6%E5%8D%95/a.gif").await.header("content-type"), Some("image/gif"));

    let edit = admin.get(&format!("{place}/edit")).await.body;
    assert!(edit.contains("&#60;script&#62;x()") && edit.contains("value=\"书单.md\""), "{edit}");
    let taken = admin.form("/articles/save", &form(&[("file", ""), ("name", "书单"), ("text", "x")])).await;
    assert!(taken.status == 422 && taken.body.contains("choose another"), "{}", taken.body);
    for (name, text, fault) in [("../x", "x", "letters, digits and dashes"), ("x", "+++\nx", "not closed")] {
        let wrong = admin.form("/articles/save", &form(&[("file", ""), ("name", name), ("text", text)])).await;
        assert!(wrong.status == 422 && wrong.body.contains(fault), "{name}: {}", wrong.body);
    }
    let now = page.now();
    let is_public = || page.app.articles.shelf(now).unwrap().article("书单").unwrap().is_published(now);
    assert!(!is_public());
    assert_eq!(admin.form(&format!("{place}/publish"), "at=soon").await.status, 422);
    assert_eq!(admin.form(&format!("{place}/publish"), "at=2099-01-01T08%3A00").await.status, 303);
    assert!(!is_public() && admin.get("/articles").await.body.contains("2099-01-01"));
    assert_eq!(admin.form(&format!("{place}/publish"), "at=").await.status, 303);
    assert!(is_public());
    // A picture that cannot be made fit is found before the platform is asked for anything.
    assert_eq!(admin.form(&format!("{place}/draft"), "account=safe").await.status, 303);
    let told = admin.get(place).await.body;
    assert!(told.contains("没有成功") && told.contains("a.gif"), "{told}");
    assert_eq!(admin.form(&format!("{place}/remove"), "").await.status, 303);
    assert!(admin.get("/articles").await.body.contains("removed/书单.md"));
    for path in [place, "/articles/nothing", "/articles/nothing/edit", "/a/nothing/a.gif"] {
        assert_eq!(admin.get(path).await.status, 404, "{path}");
    }
    assert_eq!(admin.form("/articles/nothing/publish", "").await.status, 404);
    assert_eq!(admin.form("/articles/nothing/draft", "").await.status, 404);
}
