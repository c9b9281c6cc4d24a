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
