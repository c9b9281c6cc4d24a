//! Whose trouble a mail server's refusal is: the recipient's, the sender's, or only of a session that has ended.

use chrono::Duration;
use shutong::kindle::Drained;
use shutong::store::records::{DeliveryState, DeliveryTrouble, FollowerRecord};
use shutong::store::schema::FOLLOWERS;
use shutong::store::{Durability, Error};

use super::{KINDLE, MAILBOX, Post, sent};
use crate::support::book_builder::BookBuilder;
use crate::support::smtp_sink::{SmtpFault, SmtpStep};
use crate::support::test_app::FOLLOWER;

const TITLES: [&str; 4] = ["三体", "活着", "围城", "边城"];

/// Some books, and as many addresses of the one follower.
async fn start(addresses: &[&str]) -> Post {
    let mut post = Post::start("[limits]\naddresses = 5\n").await;
    for address in addresses {
        post = post.bound(address).await;
    }
    for title in TITLES {
        post.app.add(&format!("{title}.epub"), &BookBuilder::new(title).build());
    }
    post
}

fn alerts(post: &Post) -> usize {
    post.app.app.alerts.open().unwrap().len()
}

#[tokio::test]
async fn one_recipient_that_is_refused_by_policy_is_told_so_at_once() {
    let post = start(&[KINDLE, MAILBOX]).await;
    let begun = post.sink.letters().len();
    post.say("推送 三体 到 1").await;
    post.say("推送 活着 到 2").await;
    post.sink.set_fault(Some(SmtpFault::policy(SmtpStep::Rcpt).only(begun + 1)));
    assert_eq!(post.drain().await, Drained { sent: 1, failed: 1, put_off: 0 });
    assert_eq!(alerts(&post), 0);
    let news = post.say("你好").await;
    assert!(news.contains("《三体》→ zh***@kindle.com：没寄成（邮件服务器拒收：550 5.7.1"), "{news}");
}

#[tokio::test]
async fn several_recipients_in_a_row_are_the_senders_trouble() {
    let post = start(&[KINDLE, MAILBOX, "wangwu@qq.com"]).await;
    for (at, title) in TITLES[..3].iter().enumerate() {
        post.say(&format!("推送 {title} 到 {}", at + 1)).await;
    }
    post.sink.set_fault(Some(SmtpFault::policy(SmtpStep::Rcpt)));
    assert_eq!(post.drain().await, Drained { sent: 0, failed: 2, put_off: 1 });
    assert_eq!(alerts(&post), 1);
    post.sink.set_fault(None);
    post.app.clock.advance(Duration::minutes(5));
    assert_eq!(post.drain().await, sent(1));
    assert_eq!(alerts(&post), 0);
    // A letter got through: who is refused next is refused alone.
    post.say("推送 边城 到 1").await;
    post.sink.set_fault(Some(SmtpFault::policy(SmtpStep::Rcpt)));
    assert_eq!(post.drain().await, Drained { sent: 0, failed: 1, put_off: 0 });
    assert_eq!(alerts(&post), 0);
}

#[tokio::test]
async fn a_refusal_of_the_sender_or_the_letter_by_policy_is_tried_again_and_told_to_the_owner() {
    for step in [SmtpStep::Mail, SmtpStep::Data, SmtpStep::End] {
        let post = start(&[KINDLE]).await;
        post.say("推送 三体").await;
        post.sink.set_fault(Some(SmtpFault::policy(step)));
        assert_eq!(post.drain().await, Drained { sent: 0, failed: 0, put_off: 1 }, "{step:?}");
        assert_eq!(alerts(&post), 1, "{step:?}");
    }
}

#[tokio::test]
async fn a_session_that_was_ended_while_idle_costs_no_wait() {
    let post = start(&[KINDLE]).await;
    let (begun, sessions) = (post.sink.letters().len(), post.sink.sessions());
    post.say("推送 三体").await;
    post.say("推送 活着").await;
    post.say("推送 围城").await;
    post.sink.set_fault(Some(SmtpFault::close(SmtpStep::Mail).only(begun + 2)));
    assert_eq!(post.drain().await, sent(3));
    assert_eq!(post.sink.sessions(), sessions + 2);
    assert!(post.rows().iter().all(|row| row.attempts == 1), "{:?}", post.rows());
    // It says so as politely as it can.
    post.app.clock.advance(Duration::days(1));
    let begun = begun + 4;
    post.say("推送 三体").await;
    post.say("推送 活着").await;
    post.sink.set_fault(Some(SmtpFault::answer(SmtpStep::Mail, 421).only(begun + 2)));
    assert_eq!(post.drain().await, sent(2));
}

#[tokio::test]
async fn a_letter_that_may_have_been_taken_is_not_told_again_at_once() {
    let post = start(&[KINDLE]).await;
    let (begun, sessions) = (post.sink.letters().len(), post.sink.sessions());
    post.say("推送 三体").await;
    post.say("推送 活着").await;
    post.sink.set_fault(Some(SmtpFault::close(SmtpStep::End).only(begun + 2)));
    assert_eq!(post.drain().await, Drained { sent: 1, failed: 0, put_off: 1 });
    assert_eq!(post.sink.sessions(), sessions + 1);
}

#[tokio::test]
async fn who_does_not_answer_a_fresh_session_is_not_called_twice() {
    let post = start(&[KINDLE]).await;
    let sessions = post.sink.sessions();
    post.say("推送 三体").await;
    post.sink.set_fault(Some(SmtpFault::close(SmtpStep::Mail)));
    assert_eq!(post.drain().await, Drained { sent: 0, failed: 0, put_off: 1 });
    assert_eq!(post.sink.sessions(), sessions + 1);
}

#[tokio::test]
async fn nothing_goes_out_to_who_is_blocked_and_nothing_comes_back_by_itself() {
    let post = start(&[KINDLE]).await;
    let block = |is_blocked: bool| {
        post.app.app.desk.block("main", FOLLOWER, is_blocked, post.app.clock.now()).unwrap();
    };
    post.say("推送 三体").await;
    block(true);
    assert_eq!(post.drain().await, sent(0));
    assert_eq!(
        (post.rows()[0].state, &post.rows()[0].trouble),
        (DeliveryState::Failed, &Some(DeliveryTrouble::Blocked))
    );
    block(false);
    assert_eq!(post.drain().await, sent(0));
    let news = post.say("你好").await;
    assert!(news.contains("没寄成（当时您的推送停用了）"), "{news}");
    assert!(post.say("推送 三体").await.contains("这就寄往"), "what is still wanted is asked for again");
    assert_eq!(post.drain().await, sent(1));
    // What was being handed in at that moment is not found among what waits.
    post.say("推送 活着").await;
    let key = ("main".to_owned(), FOLLOWER.to_owned());
    let blocked = post.app.app.store.write(Durability::Durable, |write| {
        let known: FollowerRecord = write.get(&FOLLOWERS, &key)?.unwrap();
        write.put(&FOLLOWERS, &key, &FollowerRecord { blocked: true, ..known })?;
        Ok::<_, Error>(())
    });
    blocked.unwrap();
    assert_eq!(post.drain().await, Drained { sent: 0, failed: 1, put_off: 0 });
    assert_eq!(post.books().len(), 1);
}
