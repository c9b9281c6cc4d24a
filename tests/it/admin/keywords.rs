//! Keyword replies on the admin page: the file is edited, a wrong one is not taken, a text is tried.

use super::browser::{Answer, Browser, Page};
use super::form;

const GOOD: &str = "[[reply]]\nwords = [\"加群\", \"<群>\"]\ntext = \"扫码<加>群\"\n\n[[reply]]\nwords = [\"书单\"]\n\
                    match = \"contains\"\npicture = \"list.png\"\n";

async fn post(admin: &mut Browser, deed: &str, text: &str, tried: &str) -> Answer {
    admin.form("/keywords", &form(&[("do", deed), ("text", &text.replace('\n', "\r\n")), ("tried", tried)])).await
}

fn answers(page: &Page, text: &str) -> bool {
    page.app.media.keywords().answer_to(text).is_some()
}

#[tokio::test]
async fn a_file_is_saved_and_in_use_at_once() {
    let (page, mut admin) = Page::with_admin().await;
    let offered = admin.get("/keywords").await.body;
    assert!(offered.contains("这里是一份例子") && offered.contains("[[reply]]"), "{offered}");
    assert_eq!(post(&mut admin, "save", GOOD, "").await.status, 303);
    assert_eq!(std::fs::read_to_string(page.app.data_dir.join("keywords.toml")).unwrap(), GOOD);
    assert!(answers(&page, "加群"));
    let shown = admin.get("/keywords").await.body;
    assert!(
        shown.contains("已保存，立即生效") && shown.contains("<td class=\"wrap\"><span class=\"chip\">文字"),
        "{shown}"
    );
    assert!(shown.contains("加群、&#60;群&#62;") && !shown.contains("<群>"), "{shown}");
    assert!(shown.contains("关键词回复里写的 list.png 不在素材文件夹里"), "{shown}");
    // The example itself is right.
    let example = include_str!("../../../assets/keywords.example.toml");
    assert_eq!(post(&mut admin, "check", example, "").await.status, 200);
}

#[tokio::test]
async fn a_wrong_file_is_not_taken_and_the_good_one_stays() {
    let (page, mut admin) = Page::with_admin().await;
    assert_eq!(post(&mut admin, "save", GOOD, "").await.status, 303);
    for (wrong, what) in [
        ("[[reply]]\nwords = [\"新\"]\n", "reply 1 (新): it must have exactly one of text"),
        ("[[reply]\n", "TOML parse error"),
        ("[[reply]]\nwords = [\"新\"]\ntxet = \"<b>\"\n", "txet"),
    ] {
        for deed in ["save", "check", "try"] {
            let answer = post(&mut admin, deed, wrong, "新").await;
            assert!(answer.status == 422 && answer.body.contains(what), "{deed} {wrong}: {}", answer.body);
            assert!(
                answer.body.contains("words = [&#34;新") || !wrong.contains("words"),
                "what was typed stays: {}",
                answer.body
            );
            assert!(!answer.body.contains("<b>"), "{}", answer.body);
        }
    }
    assert!(answers(&page, "加群") && !answers(&page, "新"));
    assert_eq!(std::fs::read_to_string(page.app.data_dir.join("keywords.toml")).unwrap(), GOOD);
    // Broken past the page: the fault is shown, and the good one can be had.
    std::fs::write(page.app.data_dir.join("keywords.toml"), "[[reply]\n").unwrap();
    let shown = admin.get("/keywords").await.body;
    assert!(shown.contains("上一份正确的仍在使用") && shown.contains("[[reply]\n"), "{shown}");
    assert!(admin.get("/keywords?good=1").await.body.contains("扫码&#60;加&#62;群"));
}

#[tokio::test]
async fn a_text_is_tried_before_the_file_is_saved() {
    let (page, mut admin) = Page::with_admin().await;
    for (tried, what) in [
        ("加群！", "命中第 1 条："),
        ("有書單嗎", "命中第 2 条："),
        ("三体", "没有命中"),
        ("帮助", "书童自己的口令"),
        ("找 书单", "书童自己的口令"),
    ] {
        let answer = post(&mut admin, "try", GOOD, tried).await;
        assert!(answer.status == 200 && answer.body.contains(what), "{tried}: {}", answer.body);
    }
    assert!(post(&mut admin, "try", GOOD, "有书单吗").await.body.contains("list.png"));
    assert!(!page.app.data_dir.join("keywords.toml").exists() && !answers(&page, "加群"));
}

const OWN: &str = "# 我的关键词\n\n# 群\n[[reply]]\nwords = [\"加群\"] # 常问\ntext = \"扫码加群\"\n\n# 单子\n[[reply]]\nwords = [\"书单\"]\n\
                   match = \"contains\"\npicture = \"list.png\"\n";

fn file(page: &Page) -> String {
    std::fs::read_to_string(page.app.data_dir.join("keywords.toml")).unwrap_or_default()
}

/// The stamp that the page carries for its forms.
fn stamp(body: &str) -> String {
    body.split_once("name=\"stamp\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_reply_is_written_in_a_form_moved_and_switched_off_and_the_comments_stay() {
    let (page, mut admin) = Page::with_admin().await;
    assert_eq!(post(&mut admin, "save", OWN, "").await.status, 303);
    let own = stamp(&admin.get("/keywords").await.body);
    let change = |stamp: &str, n: &str, deed: &str| form(&[("stamp", stamp), ("n", n), ("do", deed)]);
    assert_eq!(admin.form("/keywords/reply", &change(&own, "1", "off")).await.status, 303);
    assert!(!answers(&page, "加群") && answers(&page, "有书单吗"));
    assert_eq!(file(&page), OWN.replace("扫码加群\"\n", "扫码加群\"\noff = true\n"));
    let shown = admin.get("/keywords").await.body;
    assert!(shown.contains("<span class=\"chip warn\">停用") && shown.contains("第 1 条下移"), "{shown}");

    let stale = admin.form("/keywords/reply", &change(&own, "2", "remove")).await;
    assert_eq!(stale.status, 303);
    assert!(admin.get("/keywords").await.body.contains("文件在别处改过了") && answers(&page, "书单"));
    let now = stamp(&shown);
    assert_eq!(admin.form("/keywords/reply", &change(&now, "2", "up")).await.status, 303);
    assert!(file(&page).starts_with("# 我的关键词\n\n# 单子\n[[reply]]"), "{}", file(&page));
    let edit = admin.get("/keywords/2").await.body;
    assert!(edit.contains("加群</textarea>") && edit.contains("value=\"1\" checked"), "{edit}");
    let now = stamp(&edit);
    let fields = |n: &str, words: &str, kind: &str, text: &str| {
        form(&[
            ("stamp", &now),
            ("n", n),
            ("do", "save"),
            ("words", words),
            ("match", "exact"),
            ("kind", kind),
            ("text", text),
        ])
    };
    for (words, kind, text, fault) in [
        ("", "text", "x", "at least one word"),
        ("加群", "text", " ", "text is empty"),
        ("加群", "text", &"长".repeat(700), "2100 bytes"),
        ("加群", "picture", "<b>", "below the media folder"),
        ("加群", "article", "", "title is empty"),
    ] {
        let wrong = admin.form("/keywords/reply", &fields("2", words, kind, text)).await;
        assert!(wrong.status == 422 && wrong.body.contains(fault), "{fault}: {}", wrong.body);
        assert!(wrong.body.contains(&format!("{words}</textarea>")) && !wrong.body.contains("<b>"), "{}", wrong.body);
    }
    let saved = admin.form("/keywords/reply", &fields("2", "加群\r\n进群", "text", "新的\r\n口令")).await;
    assert_eq!((saved.status, saved.header("location")), (303, Some("/keywords")), "{}", saved.body);
    assert!(answers(&page, "进群") && file(&page).contains("# 群\n"), "{}", file(&page));
    assert_eq!(admin.get("/keywords/3").await.status, 404);
    assert_eq!(admin.get("/keywords/0").await.status, 404);
}

#[tokio::test]
async fn an_article_becomes_a_card_and_the_first_reply_makes_the_file() {
    let (page, mut admin) = Page::with_admin().await;
    let text = "+++\ntitle = \"冬天的书单\"\nsummary = \"十本\"\n+++\n\n![](a.gif)\n";
    assert_eq!(
        admin.form("/articles/save", &form(&[("file", ""), ("name", "winter"), ("text", text)])).await.status,
        303
    );
    admin.upload("/api/articles/winter/pictures", &[("a.gif", super::GIF.as_bytes())]).await;
    let offered = admin.get("/keywords/new").await.body;
    assert!(offered.contains("<option value=\"winter\">冬天的书单"), "{offered}");
    let fields = [("stamp", stamp(&offered)), ("n", String::new())].map(|(name, value)| (name.to_owned(), value));
    let more = [("do", "save"), ("words", "冬天"), ("kind", "article"), ("article", "winter")];
    let fields: Vec<(String, String)> =
        fields.into_iter().chain(more.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect();
    let sent = form(&fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>());
    let saved = admin.form("/keywords/reply", &sent).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let written = file(&page);
    assert!(
        written.contains("url = \"https://books.example.com/a/winter\"")
            && written.contains("picture_url = \"https://books.example.com/a/winter/a.gif\""),
        "{written}"
    );
    assert!(answers(&page, "冬天"));
}
