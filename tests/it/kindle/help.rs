//! How followers are shown where a Kindle's owner approves our sender.

use shutong::book;

use super::{KINDLE, Post};
use crate::support::book_builder::BookBuilder;
use crate::support::test_app::{FOLLOWER, TestApp, account_toml};
use crate::support::wechat_sim::{Answer, SimAccount, SimMode, links};

async fn picture(app: &TestApp, address: &str) -> Vec<u8> {
    let response = app.get(address).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200, "{address}");
    assert_eq!(response.headers()["content-type"], "image/png");
    response.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn the_chat_leads_to_a_page_with_a_picture_of_the_place() {
    let post = Post::start("").await;
    let base = post.app.app.links.public_url().to_owned();
    let help = post.say("绑定").await;
    let page = links(&help).into_iter().find(|link| link.label == "看图设置 Kindle").unwrap().href;
    assert_eq!(page, format!("{base}/help/kindle"));
    let response = post.app.get(&page).send().await.unwrap();
    assert!(response.headers()["x-robots-tag"].to_str().unwrap().contains("noindex"));
    let shown = response.text().await.unwrap();
    for words in ["管理我的内容和设备", "首选项", "个人文档设置", "已认可的发件人", "books@example.com", "48 小时"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("<script") && shown.contains("src=\"/help/kindle-zh.png\""), "{shown}");
    let english = post.app.get(&page).header("accept-language", "en").send().await.unwrap().text().await.unwrap();
    assert!(english.contains("Verify Request") && english.contains("src=\"/help/kindle-en.png\""), "{english}");
    let zh = picture(&post.app, "/help/kindle-zh.png").await;
    assert_eq!(book::web_picture(&zh), Some(("image/png", (900, 500))));
    assert!(zh.len() < 150_000, "{} bytes", zh.len());
    assert_ne!(zh, picture(&post.app, "/help/kindle-en.png").await);
    assert_eq!(post.app.fetch("/help/kindle-fr.png").await.0, 404);
}

#[tokio::test]
async fn the_picture_comes_as_a_card_also_where_it_is_needed_most() {
    let post = Post::start("").await;
    let base = post.app.app.links.public_url().to_owned();
    // When a code was sent that will not arrive before the sender is approved.
    let sent = post.say(&format!("同意绑定 {KINDLE}")).await;
    let link = links(&sent).into_iter().find(|link| link.label == "看图设置 Kindle").unwrap();
    let Answer::News(cards) = post.app.sim.tap(FOLLOWER, &link).await else { panic!("no card") };
    assert_eq!((cards.len(), &cards[0].url), (1, &format!("{base}/help/kindle")));
    assert!(cards[0].description.contains("添加 books@example.com"), "{cards:?}");
    assert_eq!(cards[0].pic_url, format!("{base}/help/kindle-zh.png"));
    let drawn = picture(&post.app, &cards[0].pic_url).await;
    // Where something else waits to be told, it is a line with the link.
    post.say("求书 天外飞仙").await;
    post.app.add("天外飞仙.epub", &BookBuilder::new("天外飞仙").build());
    let text = post.say("Kindle 图解").await;
    assert!(text.contains("天外飞仙") && text.contains(&format!("{base}/help/kindle\"")), "{text}");
    // Another sender is another picture: its address stands in it.
    let mail = "[mail]\nfrom = \"post@example.com\"\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"\n";
    let other = TestApp::with(&format!("{}{mail}", account_toml(&SimAccount::new(SimMode::Safe)))).await;
    assert_ne!(picture(&other, "/help/kindle-zh.png").await, drawn);
}

#[tokio::test]
async fn without_mail_there_is_no_such_page() {
    let app = TestApp::with_account(SimMode::Safe).await;
    assert!(app.say("Kindle 图解").await.contains("没有开通"));
    for path in ["/help/kindle", "/help/kindle-zh.png", "/help/", "/help/other"] {
        assert_eq!(app.fetch(path).await.0, 404, "{path}");
    }
}
