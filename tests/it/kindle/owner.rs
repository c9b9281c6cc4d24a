//! Books that the owner sends: to any address that followers could have, through the same queue.

use shutong::kindle::{Done, OWNER};
use shutong::store::records::DeliveryState;

use super::{KINDLE, Post, rows_in, sent};
use crate::support::book_builder::BookBuilder;

#[tokio::test]
async fn the_owner_sends_to_an_address_that_nobody_has_bound() {
    let post = Post::start("").await;
    let book = post.app.add("三体.epub", &BookBuilder::new("三体").build());
    let kindle = &post.app.app.kindle;
    let now = || post.app.clock.now();
    assert!(kindle.judge("me@kindle.cn").is_err());
    let address = kindle.judge(KINDLE).unwrap();
    let send = || kindle.send((book, "三体".into(), None), &address, now()).unwrap();
    assert!(matches!(send(), Done::Pushed { .. }));
    assert!(matches!(send(), Done::PushedBefore(_)), "once a day is enough");
    assert_eq!(post.drain().await, sent(1));
    let letter = post.books().remove(0);
    assert_eq!(letter.to, [KINDLE]);
    assert!(!letter.text().contains("您在公众号里要的"), "nobody has asked for it: {}", letter.text());
    let row = kindle.deliveries(OWNER, 9).unwrap().remove(0);
    assert_eq!((row.state, row.address.as_str()), (DeliveryState::Sent, KINDLE));
    assert_eq!(kindle.addresses(OWNER).unwrap()[0].0, KINDLE, "it is remembered");
    assert_eq!(rows_in(&post, "delivery_news"), 0, "nobody has to be told");

    // The address is still a follower's to bind, and to forget.
    let post = post.bound(KINDLE).await;
    assert!(post.say("推送 三体").await.contains("zh***@kindle.com"));
    assert_eq!(post.drain().await, sent(1));
    post.say(&format!("解绑 {KINDLE}")).await;
    assert_eq!(post.app.app.kindle.addresses(OWNER).unwrap().len(), 1);
}
