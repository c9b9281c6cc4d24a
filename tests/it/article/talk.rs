//! Articles in the conversation.

use super::{SPRING, WINTER, png, scan, write};
use crate::support::test_app::{FOLLOWER, TestApp};
use crate::support::wechat_sim::{Answer, SimMode};

async fn library() -> TestApp {
    let app = TestApp::with_account(SimMode::Safe).await;
    write(&app, "winter.md", WINTER);
    write(&app, "winter/snow.png", png());
    write(&app, "spring.md", SPRING);
    write(&app, "draft.md", "---\ntitle: 秋天的书单\ndraft: true\n---\n\n落叶\n");
    scan(&app);
    app
}

#[tokio::test]
async fn one_article_is_a_card_and_several_are_a_list() {
    let app = library().await;
    let Answer::News(cards) = app.sim.say(FOLLOWER, "文章 雪国").await else { panic!("no card") };
    let base = app.app.links.public_url();
    assert_eq!((cards[0].title.as_str(), cards[0].description.as_str()), ("冬天的书单", "十本围炉的书"));
    assert_eq!(cards[0].url, format!("{base}/a/winter"));
    assert_eq!(cards[0].pic_url, format!("{base}/a/winter/snow.png"));
    let list = app.say("文章 书单").await;
    assert!(list.contains("1. <a href=") && list.contains("冬天的书单") && list.contains("2. "), "{list}");
    assert!(list.contains("春天的书单") && !list.contains("秋天"), "{list}");
    // Traditional characters, full width, and a word order of one's own.
    assert!(app.say("文章：書單　春天").await.contains("春天的书单"));
    let newest = app.say("文章").await;
    assert!(newest.starts_with("最新文章") && newest.contains("全部文章"), "{newest}");
    assert!(app.say("articles 沙漠").await.contains("没有写到“沙漠”的文章"));
    assert!(app.say("文章 落叶").await.contains("没有写到"), "drafts are nobody's");
}

#[tokio::test]
async fn a_long_list_fits_into_one_reply() {
    let app = TestApp::with_account(SimMode::Safe).await;
    for number in 0..30 {
        let title = format!("{number}{}", "很长的标题".repeat(30));
        write(&app, &format!("{}{number}.md", "长".repeat(60)), format!("# {title}\n\n正文\n"));
    }
    scan(&app);
    let list = app.say("文章 标题").await;
    assert!(
        list.len() <= 2048 && list.contains("\n2. ") && list.ends_with("全部文章</a>"),
        "{} bytes: {list}",
        list.len()
    );
}

#[tokio::test]
async fn a_search_for_books_mentions_an_article_of_that_name() {
    let app = library().await.with_book("三体");
    let nothing = app.say("冬天的书单").await;
    assert!(nothing.contains("没找到") && nothing.contains("文章：<a href="), "{nothing}");
    let sure = app.say("三体").await;
    assert!(sure.contains("三体") && !sure.contains("文章"), "{sure}");
    assert!(!app.say("秋天的书单").await.contains("文章："), "drafts are nobody's");
    // One letter is in every title.
    assert!(!app.say("书").await.contains("文章："));
}

#[tokio::test]
async fn without_articles_that_is_said() {
    let app = TestApp::with_account(SimMode::Safe).await;
    assert!(app.say("文章").await.contains("还没有文章"));
    write(&app, "plain.md", "# 素的\n\n没有图\n");
    scan(&app);
    let text = app.say("文章 素的").await;
    assert!(text.starts_with("文章：<a href="), "without a picture there is no card: {text}");
}
