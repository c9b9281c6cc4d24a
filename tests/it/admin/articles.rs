//! Articles on the admin page: written, looked at, given pictures, published, taken out.

use super::browser::Page;
use super::{GIF, form};

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

    let answer =
        admin.upload(&format!("/api{place}/pictures"), &[("a.gif", GIF.as_bytes()), ("b.svg", b"<svg/>")]).await;
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

#[tokio::test]
async fn a_long_article_is_saved_and_one_that_is_too_long_stays_in_the_form() {
    let (page, mut admin) = Page::with_admin().await;
    let line = "书童把书送到读者手里，读者在灯下翻开第一页。\n\n";
    let long = line.repeat(300_000 / line.len() + 1);
    assert!(long.len() >= 300_000);
    let saved = admin.form("/articles/save", &form(&[("file", ""), ("name", "long"), ("text", &long)])).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let kept = std::fs::read_to_string(page.app.data_dir.join("articles/long.md")).unwrap();
    assert_eq!(kept, long);
    let longer = line.repeat(600_000 / line.len());
    let refused = admin.form("/articles/save", &form(&[("file", ""), ("name", "longer"), ("text", &longer)])).await;
    assert!(refused.status == 422 && refused.body.contains("at most 500 are taken"), "{}", refused.status);
    assert!(refused.body.len() > longer.len(), "what was typed is not lost");
    // Another form takes no more than before.
    let large = format!("csrf={}", "x".repeat(300 << 10));
    assert_eq!(admin.form("/menu", &large).await.status, 413);
}

#[tokio::test]
async fn a_name_with_signs_in_it_is_edited_and_saved() {
    let (page, mut admin) = Page::with_admin().await;
    for (file, place) in [
        ("a: b?.md", "/articles/a%2Db"),
        ("C# 5.md", "/articles/c%2D5"),
        (" 空 格.md", "/articles/%E7%A9%BA%2D%E6%A0%BC"),
    ] {
        let path = page.app.data_dir.join("articles").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "# 题\n\n旧\n").unwrap();
        let edit = admin.get(&format!("{place}/edit")).await;
        assert!(edit.status == 200 && edit.body.contains(&format!("value=\"{file}\"")), "{file}: {}", edit.body);
        let saved = admin.form("/articles/save", &form(&[("file", file), ("text", "# 题\n\n新\n")])).await;
        assert_eq!((saved.status, saved.header("location")), (303, Some(place)), "{file}: {}", saved.body);
        assert!(std::fs::read_to_string(&path).unwrap().contains("新"), "{file}");
    }
    let answer = admin.upload("/api/articles/a-b/pictures", &[("what? #1.gif", GIF.as_bytes())]).await;
    assert!(answer.json()["items"][0]["error"].is_null(), "{}", answer.body);
    let text = "# 题\n\n![](what%3F%20%231.gif)\n";
    assert_eq!(admin.form("/articles/save", &form(&[("file", "a: b?.md"), ("text", text)])).await.status, 303);
    assert!(admin.get("/articles/a-b").await.body.contains("what%3F%20%231.gif\""));
    assert_eq!(admin.get("/a/a-b/what%3F%20%231.gif").await.header("content-type"), Some("image/gif"));
    for name in ["..", "a/b", "", ".x"] {
        let wrong = admin.form("/articles/save", &form(&[("file", &format!("{name}.md")), ("text", "x")])).await;
        assert_eq!(wrong.status, 422, "{name}");
    }
}

#[tokio::test]
async fn a_picture_that_is_too_large_does_not_keep_the_others_out() {
    let (_page, mut admin) = Page::with_admin().await;
    assert_eq!(admin.form("/articles/save", &form(&[("file", ""), ("name", "x"), ("text", "# 题")])).await.status, 303);
    // Larger than twice the limit: phones take such pictures.
    let large = "GIF89a".to_owned() + &"x".repeat(21 << 20);
    let files = [("a.gif", GIF.as_bytes()), ("large.gif", large.as_bytes()), ("b.gif", GIF.as_bytes())];
    let answer = admin.upload("/api/articles/x/pictures", &files).await;
    let items = answer.json()["items"].clone();
    let is_wrong: Vec<bool> = (0..3).map(|number| items[number]["error"].is_string()).collect();
    assert_eq!((answer.status, is_wrong), (200, vec![false, true, false]), "{items}");
    assert!(items[1]["error"].as_str().unwrap().contains("10 MB"), "{items}");
    let shown = admin.get("/articles/x").await.body;
    assert!(shown.contains("a.gif") && shown.contains("b.gif") && !shown.contains("large.gif"), "{shown}");
}

#[tokio::test]
async fn a_text_is_looked_at_before_it_is_saved_and_a_time_is_taken_back() {
    let (page, mut admin) = Page::with_admin().await;
    let look = |text: &str| form(&[("file", ""), ("name", "冬"), ("text", text)]);
    let text = "+++\ntitle = \"<b>冬\"\ndraft = true\n+++\r\n\r\n正文<script>x()</script>\n\n![](a.gif)\n";
    let made = admin.form("/api/articles/preview", &look(text)).await;
    let told = made.json();
    assert_eq!((made.status, told["title"].as_str()), (200, Some("<b>冬")), "{}", made.body);
    assert!(told["markup"].as_str().unwrap().contains("<p>正文</p>") && !made.body.contains("x()"), "{}", made.body);
    assert!(told["notes"][0].as_str().unwrap().contains("no picture a.gif"), "{}", made.body);
    for (body, fault) in
        [(look("+++\nx"), "not closed"), (form(&[("file", "../x.md"), ("text", "x")]), "no file's name")]
    {
        let wrong = admin.form("/api/articles/preview", &body).await;
        assert!(wrong.status == 422 && wrong.body.contains(fault), "{}", wrong.body);
    }
    assert!(!page.app.data_dir.join("articles/冬.md").exists(), "looking keeps nothing");

    assert_eq!(admin.form("/articles/save", &look(text)).await.status, 303);
    let place = "/articles/%E5%86%AC";
    // The owner's time is Shanghai's.
    assert!(admin.get(place).await.body.contains("Asia/Shanghai"));
    assert_eq!(admin.form(&format!("{place}/publish"), "at=2099-01-01T08%3A00").await.status, 303);
    let planned = page.app.articles.shelf(page.now()).unwrap().article("冬").unwrap().published_at;
    assert_eq!(planned.map(|at| at.to_rfc3339()), Some("2099-01-01T00:00:00+00:00".into()));
    assert_eq!(admin.form(&format!("{place}/hold"), "").await.status, 303);
    let held = admin.get(place).await.body;
    assert!(held.contains("现在是草稿") && !held.contains("2099-01-01"), "{held}");
    assert_eq!(page.app.articles.shelf(page.now()).unwrap().article("冬").unwrap().published_at, None);
    // A picture that only the preview shows is there, and nothing that is none.
    admin.upload(&format!("/api{place}/pictures"), &[("new.gif", GIF.as_bytes())]).await;
    assert_eq!(admin.get("/a/%E5%86%AC/new.gif").await.header("content-type"), Some("image/gif"));
    for name in ["..%2F%E5%86%AC.md", "%E5%86%AC.md", "other.gif"] {
        assert_eq!(admin.get(&format!("/a/%E5%86%AC/{name}")).await.status, 404, "{name}");
    }
    // A file that says itself that it is public can only be hidden there.
    let open = text.replace("draft = true\n", "");
    assert_eq!(admin.form("/articles/save", &form(&[("file", "冬.md"), ("text", &open)])).await.status, 303);
    assert_eq!(admin.form(&format!("{place}/hold"), "").await.status, 303);
    assert!(admin.get(place).await.body.contains("draft = true"));
    assert_eq!(admin.form("/articles/nothing/hold", "").await.status, 404);
}
