//! What is kept of addresses and what is not, and what one letter's trouble means for others.

use std::fs;

use chrono::Duration;
use shutong::kindle::Drained;

use super::{KINDLE, MAILBOX, Post, everything, sent};
use crate::support::book_builder::BookBuilder;

#[tokio::test]
async fn no_address_is_kept_before_consent_whatever_is_said_with_it() {
    let post = Post::start("").await.bound(MAILBOX).await;
    let post = Post { app: post.app.with_book("三体"), ..post };
    post.say("推送 三体").await;
    post.drain().await;
    // Something waits to be told, which makes an answer one that is kept.
    let mut is_told = false;
    for text in [
        "绑定 secret@kindle.com",
        "绑定 secret@kindle.cn",
        "同意绑定 secret@kindle.cn",
        "推送 无此书 到 secret@kindle.com",
        "找 secret@kindle.com",
    ] {
        is_told |= post.say(text).await.contains("已寄出");
        assert!(!everything(&post).contains("secret"), "{text}");
    }
    assert!(is_told, "what waits is not lost");
}

#[tokio::test]
async fn being_forgotten_gives_no_fresh_quota_and_leaves_no_address_in_a_counter() {
    let post = Post::start("[limits]\npushes_per_day = 1\n").await.bound(KINDLE).await;
    for title in ["三体", "活着"] {
        post.app.add(&format!("{title}.epub"), &BookBuilder::new(title).build());
    }
    post.say("推送 三体").await;
    for address in ["one@qq.com", "two@qq.com"] {
        assert!(post.say(&format!("同意绑定 {address}")).await.contains("验证码已寄往"));
    }
    post.drain().await;
    post.say("确认删除").await;
    let left = everything(&post);
    assert!(!left.contains("one@qq.com") && !left.contains("two@qq.com") && !left.contains(KINDLE));
    assert!(post.say("同意绑定 three@qq.com").await.contains("请明天再试"));
    post.app.clock.advance(Duration::days(1));
    let post = post.bound(KINDLE).await;
    assert!(post.say("推送 活着").await.contains("这就寄往"));
}

#[tokio::test]
async fn a_letter_that_cannot_be_made_holds_up_nobody_elses() {
    let post = Post::start("").await.bound(KINDLE).await.bound(MAILBOX).await;
    let lost = post.app.add("三体.epub", &BookBuilder::new("三体").build());
    post.app.add("活着.epub", &BookBuilder::new("活着").build());
    post.say("推送 三体").await;
    post.say("推送 活着 到 2").await;
    let book = post.app.app.library.book(lost).unwrap().unwrap();
    let path = post.app.app.library.edition_path(&book.editions[0]);
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(post.drain().await, Drained { sent: 1, put_off: 1, failed: 0 });
    // It is there again, and so is the letter.
    fs::write(&path, bytes).unwrap();
    post.app.clock.advance(Duration::minutes(5));
    assert_eq!(post.drain().await, sent(1));
}
