//! What is kept of addresses and what is not, and what one letter's trouble means for others.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use chrono::Duration;
use sha2::{Digest, Sha256};
use shutong::kindle::Drained;
use shutong::store::records::{AddressRecord, DeliveryRecord};
use shutong::store::schema::{ADDRESSES, DELIVERIES, DELIVERY_QUEUE, FOLLOWER_OF_ADDRESS};
use shutong::store::{Durability, Error, Store, Write};

use super::{KINDLE, MAILBOX, Post, address_rows, everything, rows_in, sent};
use crate::support::book_builder::BookBuilder;
use crate::support::test_app::FOLLOWER;

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
        assert_eq!(rows_in(&post, "addresses"), 1, "{text}");
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
    assert_eq!(address_rows(&post), 0);
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

#[tokio::test]
async fn a_copy_of_the_database_names_no_mailbox_and_the_key_lies_beside_it() {
    let post = Post::start("").await.bound(KINDLE).await;
    let post = Post { app: post.app.with_book("三体"), ..post };
    post.say("推送 三体").await;
    assert!(!everything(&post).contains("zhangsan") && rows_in(&post, "deliveries") == 2, "{}", everything(&post));
    let key = post.app.app.data_dir.join("address.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    // Under the same key everything goes on where it was.
    let post = Post { app: post.app.restart().await, sink: post.sink };
    assert!(post.say("邮箱").await.contains("1. zh***@kindle.com"));
    assert_eq!(post.drain().await, sent(1));
    assert_eq!(post.books()[0].to, [KINDLE]);
    assert!(post.say("推送状态").await.contains("《三体》→ zh***@kindle.com：已寄出"));
    let copy = post.app.app.desk.export_follower("main", FOLLOWER, chrono::Utc::now()).unwrap();
    assert_eq!(copy["addresses"], serde_json::json!([KINDLE]), "the follower's own copy has it");
    // With a key that is lost nothing is sent to nobody knows whom, and nothing breaks.
    post.app.clock.advance(Duration::days(1));
    post.say("推送 三体").await;
    fs::remove_file(&key).unwrap();
    let post = Post { app: post.app.restart().await, sink: post.sink };
    assert_eq!(post.drain().await, Drained { sent: 0, put_off: 0, failed: 1 });
    assert!(post.say("你好").await.contains("地址已不在您名下"));
    assert!(post.say("推送 三体").await.contains("还没有绑定"));
    post.app.clock.advance(Duration::days(1));
    post.bound(KINDLE).await;
}

#[tokio::test]
async fn a_key_that_is_lost_is_told_until_it_is_put_back() {
    let mut post = Post::start("").await.bound(KINDLE).await;
    let key = post.app.app.data_dir.join("address.key");
    let bytes = fs::read(&key).unwrap();
    let is_told = |post: &Post| {
        let open = post.app.app.alerts.open().unwrap();
        open.iter().any(|alert| alert.key == "address_key_lost/address.key")
    };
    assert!(!is_told(&post), "a key that is made at the first start is missed by nobody");
    fs::remove_file(&key).unwrap();
    for _ in 0..2 {
        post = Post { app: post.app.restart().await, sink: post.sink };
        assert!(is_told(&post) && !post.say("邮箱").await.contains("zh***"));
    }
    fs::write(&key, bytes).unwrap();
    post = Post { app: post.app.restart().await, sink: post.sink };
    assert!(!is_told(&post) && post.say("邮箱").await.contains("1. zh***@kindle.com"));
}

#[tokio::test]
async fn what_was_stored_in_clear_is_closed_at_the_next_start_and_goes_on() {
    let post = Post::start("").await.bound(KINDLE).await;
    let post = Post { app: post.app.with_book("三体"), ..post };
    post.say("推送 三体").await;
    let who = format!("main/{FOLLOWER}");
    let written = post.app.app.store.write(Durability::Durable, |write| {
        in_clear(write, &post.app.app.store, &who)?;
        Ok::<_, Error>(())
    });
    written.unwrap();
    assert!(everything(&post).contains(KINDLE));
    let plain = post.app.app.store.under(&DELIVERIES, &who, 10).unwrap();
    let book = plain.iter().find(|(_, row)| row.is_book()).unwrap().0.1.clone();
    let post = Post { app: post.app.restart().await, sink: post.sink };
    assert!(!everything(&post).contains("zhangsan"), "{}", everything(&post));
    assert!(post.say("邮箱").await.contains("1. zh***@kindle.com"));
    assert!(post.say("推送 三体").await.contains("今天已经推送过了"));
    assert_eq!(post.drain().await, sent(1));
    assert!(post.say("你好").await.contains("已寄出"));
    // Notices of letters from before have to find their rows.
    let hash = Sha256::digest(format!("{who}\n{book}"));
    let id: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(post.books()[0].header("Message-ID").unwrap(), format!("<delivery-{id}@example.com>"));
    assert_eq!(address_rows(&post), 4, "an address, whose it is, a code and a book");
}

/// Puts everything of the follower's as it was before addresses were closed.
fn in_clear(write: &mut Write<'_>, store: &Store, who: &str) -> Result<(), Error> {
    for (key, record) in store.under(&ADDRESSES, who, 10)? {
        write.delete(&ADDRESSES, &key);
        write.delete(&FOLLOWER_OF_ADDRESS, &key.1);
        let record = AddressRecord { address: String::new(), ..record };
        write.put(&ADDRESSES, &(who.to_owned(), KINDLE.to_owned()), &record)?;
        write.put(&FOLLOWER_OF_ADDRESS, &KINDLE.to_owned(), &who.to_owned())?;
    }
    for (key, row) in store.under(&DELIVERIES, who, 10)? {
        write.delete(&DELIVERIES, &key);
        let (what, _) = key.1.rsplit_once('/').unwrap();
        let plain = (who.to_owned(), format!("{what}/{KINDLE}"));
        if !row.has_ended() {
            write.put(&DELIVERY_QUEUE, &row.number, &plain)?;
        }
        write.put(&DELIVERIES, &plain, &DeliveryRecord { address: KINDLE.to_owned(), ..row })?;
    }
    Ok(())
}
