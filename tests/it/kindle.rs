//! Pushes by mail, through the conversation and a mail server on a socket: whose an address is, what arrives, what is
//! tried again, what is forgotten.

mod help;
mod owner;
mod refusals;
mod traces;

use chrono::Duration;
use shutong::book;
use shutong::kindle::Drained;
use shutong::store::records::{DeliveryRecord, DeliveryState};

use crate::support::book_builder::BookBuilder;
use crate::support::dovecot::Dovecot;
use crate::support::smtp_sink::{SmtpFault, SmtpSink, SmtpStep, SunkLetter};
use crate::support::test_app::{FOLLOWER, TestApp, account_toml};
use crate::support::wechat_sim::{Answer, SimAccount, SimMode, links};

const KINDLE: &str = "zhangsan@kindle.com";
const MAILBOX: &str = "lisi@qq.com";

/// The program with a mail server, and a second follower.
struct Post {
    app: TestApp,
    sink: SmtpSink,
}

impl Post {
    async fn start(more: &str) -> Post {
        let sink = SmtpSink::start();
        let mail = format!(
            "{}[mail]\nfrom = \"书童 <books@example.com>\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n{more}",
            account_toml(&SimAccount::new(SimMode::Safe)),
            sink.port()
        );
        Post { app: TestApp::with(&mail).await, sink }
    }

    async fn say(&self, text: &str) -> String {
        self.app.say(text).await
    }

    async fn other_says(&self, text: &str) -> String {
        match self.app.sim.say("oOther", text).await {
            Answer::Text(text) => text,
            other => panic!("{text}: {other:?}"),
        }
    }

    async fn drain(&self) -> Drained {
        self.app.app.kindle.drain(&self.app.clock.clock()).await.unwrap()
    }

    /// The code in the letter that was sent last.
    fn code(&self) -> String {
        code_in(self.sink.letters().last().unwrap())
    }

    /// Binds an address to the first follower.
    async fn bound(self, address: &str) -> Post {
        self.say(&format!("同意绑定 {address}")).await;
        self.drain().await;
        let answer = self.say(&self.code()).await;
        assert!(answer.contains("绑好了"), "{answer}");
        self.app.clock.advance(Duration::seconds(1));
        self
    }

    /// The letters with books, without those with codes.
    fn books(&self) -> Vec<SunkLetter> {
        self.sink.letters().into_iter().filter(|letter| letter.subject().starts_with('《')).collect()
    }

    fn rows(&self) -> Vec<DeliveryRecord> {
        self.app.app.kindle.deliveries(&format!("main/{FOLLOWER}"), 100).unwrap()
    }
}

/// Everything in the store, as text.
fn everything(post: &Post) -> String {
    let mut lines = Vec::new();
    post.app.app.store.export(&mut lines).unwrap();
    String::from_utf8(lines).unwrap()
}

/// How many rows a table has.
fn rows_in(post: &Post, table: &str) -> usize {
    everything(post).lines().filter(|line| line.contains(&format!("\"table\":\"{table}\""))).count()
}

/// How many rows name a mailbox.
fn address_rows(post: &Post) -> usize {
    ["addresses", "follower_of_address", "deliveries", "delivery_queue", "delivery_news"]
        .map(|table| rows_in(post, table))
        .iter()
        .sum()
}

fn code_in(letter: &SunkLetter) -> String {
    letter.subject().chars().filter(char::is_ascii_digit).collect()
}

fn sent(count: u64) -> Drained {
    Drained { sent: count, ..Drained::default() }
}

#[tokio::test]
async fn a_book_is_pushed_to_a_kindle_from_the_first_word_to_the_letter() {
    let post = Post::start("").await;
    let post = Post { app: post.app.with_book("三体"), ..post };
    let answer = post.say("推送 三体").await;
    assert!(answer.contains("还没有绑定") && answer.contains("books@example.com"), "{answer}");
    let answer = post.say(&format!("绑定 {KINDLE}")).await;
    assert!(answer.contains("只用来寄") && answer.contains("同意绑定 zhangsan@kindle.com"), "{answer}");
    assert_eq!(post.drain().await, sent(0), "nothing is sent before consent");
    post.say(&format!("同意绑定 {KINDLE}")).await;
    assert_eq!(post.drain().await, sent(1));
    let letter = &post.sink.letters()[0];
    assert_eq!((letter.to[0].as_str(), letter.from.as_str()), (KINDLE, "books@example.com"));
    let code = code_in(letter);
    // A Kindle shows no text: the code is a book, and its title says it.
    let (_, kind, page) = &letter.attachments()[0];
    assert_eq!(kind, "application/epub+zip");
    assert!(book::read(page, None).unwrap().metadata().title.contains(&code));
    assert!(post.say(&code).await.contains("绑好了：zh***@kindle.com"));
    let answer = post.say("推送 三体").await;
    assert!(answer.contains("《三体》") && answer.contains("zh***@kindle.com"), "{answer}");
    assert_eq!(post.drain().await, sent(1));
    let letter = &post.books()[0];
    let (name, kind, bytes) = letter.attachments().remove(0);
    assert_eq!(kind, "application/epub+zip");
    assert_eq!(name, "attachment; filename=\"book.epub\"; filename*=UTF-8''%E4%B8%89%E4%BD%93.epub");
    assert!(letter.text().contains("三体"), "Amazon refuses a letter without text");
    let arrived = book::read(&bytes, None).unwrap();
    assert_eq!(arrived.metadata().title, "三体");
    // What became of it is told with whatever is said next, once.
    let answer = post.say("你好").await;
    assert!(answer.starts_with("《三体》→ zh***@kindle.com：已寄出"), "{answer}");
    assert!(!post.say("你好").await.contains("已寄出"));
    assert!(post.say("推送状态").await.contains("《三体》→ zh***@kindle.com：已寄出"));
}

#[tokio::test]
async fn a_mailbox_gets_the_format_that_was_asked_for() {
    let post = Post::start("").await.bound(MAILBOX).await;
    post.app.add("瓦尔登湖 - 梭罗.txt", "第一章 经济篇\n\n当我写下后面那些页。\n".as_bytes());
    post.say("推送 瓦尔登湖").await;
    post.say("推送 瓦尔登湖 azw3").await;
    post.say("推送 瓦尔登湖 txt").await;
    assert_eq!(post.drain().await, sent(3));
    let kinds: Vec<String> = post.books().iter().map(|letter| letter.attachments()[0].1.clone()).collect();
    assert_eq!(kinds, ["application/epub+zip", "application/vnd.amazon.mobi8-ebook", "text/plain"]);
}

#[tokio::test]
async fn numbers_cards_and_taps_push_too() {
    let post = Post::start("").await.bound(KINDLE).await;
    for title in ["三体", "三体前传", "三体外传"] {
        post.app.add(&format!("{title}.epub"), &BookBuilder::new(title).build());
    }
    let card = post.say("三体").await;
    let push = links(&card).into_iter().find(|link| link.label.contains("推送到")).unwrap();
    let answer = post.app.sim.tap(FOLLOWER, &push).await;
    assert!(answer.expect_text().contains("《三体》"), "{answer:?}");
    post.say("最新").await;
    assert!(post.say("推送 1").await.contains("三体外传"));
    assert!(post.say("推送").await.contains("今天已经推送过了"));
    assert_eq!(post.drain().await, sent(2));
}

#[tokio::test]
async fn addresses_that_cannot_be_bound_are_refused_with_the_reason() {
    let post = Post::start("").await;
    for (text, reason) in [
        ("绑定 me@kindle.cn", "2024 年 6 月 30 日"),
        ("绑定 me@kindle.com.evil.com", "域名不对"),
        ("绑定 me@localhost", "不像邮箱地址"),
        ("绑定 books@example.com", "自己的发件地址"),
        ("同意绑定 me@kindle.cn", "2024 年 6 月 30 日"),
    ] {
        let answer = post.say(text).await;
        assert!(answer.contains(reason), "{text}: {answer}");
    }
    assert_eq!(post.drain().await, sent(0));
    let off = TestApp::with_account(SimMode::Safe).await;
    assert!(off.say("绑定 me@kindle.com").await.contains("没有开通"));
    assert!(off.say("推送 三体").await.contains("没有开通"));
}

#[tokio::test]
async fn nobody_pushes_to_an_address_that_another_has_proven() {
    let post = Post::start("").await.bound(KINDLE).await;
    let post = Post { app: post.app.with_book("三体"), ..post };
    let begun = post.sink.letters().len();
    post.other_says(&format!("绑定 {KINDLE}")).await;
    assert!(post.other_says("推送 三体").await.contains("还没有绑定"));
    post.other_says(&format!("同意绑定 {KINDLE}")).await;
    assert!(post.other_says("推送 三体").await.contains("还没有绑定"));
    assert!(post.other_says("推送 三体 到 1").await.contains("还没有绑定"));
    post.drain().await;
    let real = post.code();
    for left in ["2", "1"] {
        let wrong = format!("{:06}", (real.parse::<u32>().unwrap() + 7) % 1_000_000);
        let answer = post.other_says(&wrong).await;
        assert!(answer.contains(&format!("还可以试 {left} 次")), "{answer}");
    }
    assert!(post.other_says("验证码 999999").await.contains("作废") || real == "999999");
    // The right one is worth nothing any more.
    assert!(post.other_says(&format!("验证码 {real}")).await.contains("没有等您输入"));
    assert!(post.other_says("推送 三体").await.contains("还没有绑定"));
    post.drain().await;
    // All that the stranger got sent there is a code.
    let letters = post.sink.letters();
    assert!(letters[begun..].iter().all(|letter| letter.subject().starts_with("验证码")), "{letters:?}");
    // And the owner is not disturbed in it.
    assert!(post.say("推送 三体").await.contains("这就寄往"));
    assert_eq!(post.drain().await, sent(1));
}

#[tokio::test]
async fn who_reads_the_mail_takes_an_address_over_and_what_was_queued_stays_away() {
    let post = Post::start("").await.bound(MAILBOX).await;
    let post = Post { app: post.app.with_book("三体"), ..post };
    post.other_says(&format!("同意绑定 {MAILBOX}")).await;
    post.drain().await;
    let code = post.code();
    // Queued by the first before the second has proven that the mailbox is theirs.
    assert!(post.say("推送 三体").await.contains("这就寄往"));
    assert!(post.other_says(&code).await.contains("绑好了"));
    assert_eq!(post.drain().await, Drained { failed: 1, ..Drained::default() });
    assert!(post.books().is_empty());
    assert!(post.say("你好").await.contains("地址已不在您名下"));
    assert!(post.say("推送 三体").await.contains("还没有绑定"));
    assert!(post.other_says("推送 三体").await.contains("这就寄往"));
}

#[tokio::test]
async fn codes_and_addresses_have_their_limits() {
    let post = Post::start("[limits]\naddresses = 2\n").await;
    for _ in 0..3 {
        assert!(post.say(&format!("同意绑定 {MAILBOX}")).await.contains("验证码已寄往"));
    }
    assert!(post.say(&format!("同意绑定 {MAILBOX}")).await.contains("请明天再试"));
    // Somebody else must not have more sent there, either.
    assert!(post.other_says(&format!("同意绑定 {MAILBOX}")).await.contains("请明天再试"));
    assert_eq!(post.drain().await, sent(3));
    let codes: Vec<String> = post.sink.letters().iter().map(code_in).collect();
    assert!(codes.iter().all(|code| *code == codes[0]), "each of the letters is as good: {codes:?}");
    post.app.clock.advance(Duration::hours(25));
    let late = post.say(&format!("验证码 {}", codes[0])).await;
    assert!(late.contains("没有等您输入"), "a code lives for a day: {late}");
    post.say("同意绑定 one@qq.com").await;
    assert!(post.say("同意绑定 two@qq.com").await.contains("最多绑定 2 个"));
}

#[tokio::test]
async fn the_same_is_sent_once_a_day_and_not_more_than_the_quota() {
    let post = Post::start("[limits]\npushes_per_day = 2\n").await.bound(KINDLE).await;
    for title in ["三体", "活着", "围城"] {
        post.app.add(&format!("{title}.epub"), &BookBuilder::new(title).build());
    }
    post.say("推送 三体").await;
    assert!(post.say("推送 三体").await.contains("今天已经推送过了"));
    post.say("推送 活着").await;
    assert!(post.say("推送 围城").await.contains("今天已经推送 2 本"));
    assert_eq!(post.drain().await, sent(2));
    assert!(post.say("推送 三体").await.contains("已寄出"));
    post.app.clock.advance(Duration::days(1));
    assert!(post.say("推送 三体").await.contains("这就寄往"));
    assert_eq!(post.drain().await, sent(1));
}

#[tokio::test]
async fn what_is_put_off_is_tried_again_in_order_and_given_up_after_two_days() {
    let post = Post::start("").await.bound(KINDLE).await;
    for title in ["三体", "活着"] {
        post.app.add(&format!("{title}.epub"), &BookBuilder::new(title).build());
    }
    post.say("推送 三体").await;
    post.say("推送 活着").await;
    post.sink.set_fault(Some(SmtpFault::answer(SmtpStep::Rcpt, 451)));
    // The second waits for the first: they go to the same address.
    assert_eq!(post.drain().await, Drained { put_off: 1, ..Drained::default() });
    assert_eq!(post.drain().await, Drained::default(), "not before its time");
    post.sink.set_fault(None);
    post.app.clock.advance(Duration::minutes(5));
    assert_eq!(post.drain().await, sent(2));
    let subjects: Vec<String> = post.books().iter().map(SunkLetter::subject).collect();
    assert_eq!(subjects, ["《三体》", "《活着》"]);

    post.app.clock.advance(Duration::days(1));
    post.sink.set_fault(Some(SmtpFault::answer(SmtpStep::Rcpt, 451)));
    post.say("推送 三体").await;
    let mut tries = 0;
    while !post.rows()[0].has_ended() {
        tries += post.drain().await.put_off;
        post.app.clock.advance(Duration::minutes(5));
        assert!(tries < 100);
    }
    assert!((10..=20).contains(&tries), "{tries}");
    assert!(post.say("你好").await.contains("两天里一直没寄通"));
}

#[tokio::test]
async fn a_refusal_is_told_at_once_and_holds_nobody_up() {
    let post = Post::start("").await.bound(KINDLE).await;
    for title in ["三体", "活着"] {
        post.app.add(&format!("{title}.epub"), &BookBuilder::new(title).build());
    }
    let begun = post.sink.letters().len();
    post.say("推送 三体").await;
    post.say("推送 活着").await;
    post.sink.set_fault(Some(SmtpFault::answer(SmtpStep::Rcpt, 550).only(begun + 1)));
    assert_eq!(post.drain().await, Drained { sent: 1, failed: 1, ..Drained::default() });
    let news = post.say("你好").await;
    assert!(news.contains("《三体》→ zh***@kindle.com：没寄成（邮件服务器拒收：550"), "{news}");
    assert!(news.contains("《活着》→ zh***@kindle.com：已寄出"), "{news}");
    // Asked for again on the same day, it is tried again.
    post.sink.set_fault(None);
    assert!(post.say("推送 三体").await.contains("这就寄往"));
    assert_eq!(post.drain().await, sent(1));
}

#[tokio::test]
async fn a_mail_server_that_is_away_is_called_once_and_the_owner_is_told_if_it_is_the_settings() {
    let post = Post::start("").await.bound(KINDLE).await.bound(MAILBOX).await;
    for title in ["三体", "活着"] {
        post.app.add(&format!("{title}.epub"), &BookBuilder::new(title).build());
    }
    post.say("推送 三体").await;
    post.say("推送 活着 到 2").await;
    let calls = post.sink.sessions();
    post.sink.set_fault(Some(SmtpFault::answer(SmtpStep::Greeting, 554)));
    assert_eq!(post.drain().await, Drained { put_off: 1, ..Drained::default() });
    assert_eq!(post.sink.sessions(), calls + 1);
    let open = post.app.app.alerts.open().unwrap();
    assert!(open.iter().any(|alert| alert.trouble.zh().contains("books@example.com")), "{open:?}");
    post.sink.set_fault(None);
    post.app.clock.advance(Duration::minutes(5));
    assert_eq!(post.drain().await, sent(2));
    assert!(post.app.app.alerts.open().unwrap().is_empty());
}

#[tokio::test]
async fn the_hour_has_its_limit() {
    let post = Post::start("[limits]\nletters_per_hour = 2\n").await.bound(KINDLE).await;
    for title in ["三体", "活着"] {
        post.app.add(&format!("{title}.epub"), &BookBuilder::new(title).build());
        post.say(&format!("推送 {title}")).await;
    }
    assert_eq!(post.drain().await, sent(1), "the code was the first of two");
    post.app.clock.advance(Duration::hours(1));
    assert_eq!(post.drain().await, sent(1));
}

#[tokio::test]
async fn what_is_too_large_for_mail_is_offered_as_a_download() {
    let post = Post::start("[push]\nmegabytes = 1\n").await.bound(MAILBOX).await;
    let mut random = 1_u64;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from_u32(0x4e00 + (random >> 40) as u32 % 20_000).unwrap()
    };
    let noise: String = (0..700_000).map(|_| next()).collect();
    post.app.add("天书.epub", &BookBuilder::new("天书").chapter("big.xhtml", "第一章", &noise).build());
    let answer = post.say("推送 天书").await;
    assert!(answer.contains("寄不了，请下载") && answer.contains("/dl/"), "{answer}");
    assert_eq!(post.drain().await, sent(0));
}

#[tokio::test]
async fn a_delivery_survives_a_crash_in_the_middle_with_the_same_message_id() {
    let mut post = Post::start("").await.bound(KINDLE).await;
    post.app = post.app.with_book("三体");
    post.say("推送 三体").await;
    // The server takes the letter, and its answer is lost.
    post.sink.set_fault(Some(SmtpFault::close(SmtpStep::End)));
    assert_eq!(post.drain().await, Drained { put_off: 1, ..Drained::default() });
    post.sink.set_fault(None);
    let post = Post { app: post.app.restart().await, sink: post.sink };
    post.app.clock.advance(Duration::minutes(5));
    assert_eq!(post.drain().await, sent(1));
    let first = post.books()[0].header("Message-ID").unwrap();
    assert!(first.starts_with("<delivery-") && first.ends_with("@example.com>"), "{first}");
    // Whatever is sent again is the same letter.
    let row = &post.rows()[0];
    assert_eq!((row.state, row.attempts), (DeliveryState::Sent, 2));
}

#[tokio::test]
async fn a_letter_that_comes_back_is_noted_and_told() {
    let mut inbox = Dovecot::start();
    let post = Post::start(&inbox.toml()).await.bound(MAILBOX).await;
    let post = Post { app: post.app.with_book("三体"), ..post };
    post.say("推送 三体").await;
    assert_eq!(post.drain().await, sent(1));
    assert!(post.say("你好").await.contains("已寄出"));
    let id = post.books()[0].header("Message-ID").unwrap();
    inbox.put("From: friend@example.org\nSubject: Hello\n\nNothing to do with it.\n");
    inbox.put(&format!(
        "From: MAILER-DAEMON@qq.com\nSubject: Undelivered\n\nFinal-Recipient: rfc822; lisi@qq.com\n\
         Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 <lisi@qq.com> mailbox full\n\nMessage-ID: {id}\n"
    ));
    let kindle = &post.app.app.kindle;
    assert_eq!(kindle.read_bounces(&post.app.clock.clock()).await.unwrap(), 1);
    assert_eq!(post.rows()[0].state, DeliveryState::Failed);
    let news = post.say("你好").await;
    assert!(news.contains("被退信：552 ") && news.contains("mailbox full") && !news.contains("lisi@"), "{news}");
    // It is read, the other letter is left as it was.
    assert_eq!(kindle.read_bounces(&post.app.clock.clock()).await.unwrap(), 0);
    // Asked for again, it goes out again.
    assert!(post.say("推送 三体").await.contains("这就寄往"));
}

#[tokio::test]
async fn a_mailbox_is_read_on_from_where_it_was_left_however_much_comes() {
    let mut inbox = Dovecot::start();
    let post = Post::start(&inbox.toml()).await.bound(MAILBOX).await;
    let post = Post { app: post.app.with_book("三体"), ..post };
    let bounce = |id: &str| {
        format!(
            "From: MAILER-DAEMON@qq.com\nSubject: Undelivered\n\nFinal-Recipient: rfc822; lisi@qq.com\n\
             Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 mailbox full\n\nMessage-ID: {id}\n"
        )
    };
    post.say("推送 三体").await;
    assert_eq!(post.drain().await, sent(1));
    let id = post.books()[0].header("Message-ID").unwrap();
    // The notice stands before more letters than are looked at in one session.
    inbox.put(&bounce(&id));
    inbox.put_many("From: friend@example.org\nSubject: Hello\n\nNothing to do with it.\n", 205);
    let kindle = &post.app.app.kindle;
    let read = async |post: &Post| post.app.app.kindle.read_bounces(&post.app.clock.clock()).await.unwrap();
    assert!(kindle.has_inbox());
    assert_eq!(read(&post).await, 1);
    assert_eq!(post.rows()[0].state, DeliveryState::Failed);
    // Sent again it is the same letter: the old notice must not be taken for one about it.
    assert!(post.say("推送 三体").await.contains("这就寄往"));
    assert_eq!(post.drain().await, sent(1));
    let post = Post { app: post.app.restart().await, sink: post.sink };
    assert_eq!(read(&post).await, 0);
    assert_eq!(post.rows()[0].state, DeliveryState::Sent);
    // The next one is found, also if somebody has opened it before.
    inbox.put_seen(&bounce(&id));
    assert_eq!(read(&post).await, 1);
    assert_eq!(post.rows()[0].state, DeliveryState::Failed);
    assert_eq!(read(&post).await, 0);
}

#[tokio::test]
async fn a_notice_from_before_a_letter_was_sent_again_is_not_about_it() {
    let mut inbox = Dovecot::start();
    let post = Post::start(&inbox.toml()).await.bound(MAILBOX).await;
    let post = Post { app: post.app.with_book("三体"), ..post };
    post.say("推送 三体").await;
    assert_eq!(post.drain().await, sent(1));
    let id = post.books()[0].header("Message-ID").unwrap();
    let bounce = format!(
        "From: MAILER-DAEMON@qq.com\nSubject: Undelivered\n\nFinal-Recipient: rfc822; lisi@qq.com\n\
         Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 mailbox full\n\nMessage-ID: {id}\n"
    );
    let (kindle, now) = (&post.app.app.kindle, post.app.clock.now());
    for (minutes, state) in [(-60, DeliveryState::Sent), (-5, DeliveryState::Failed)] {
        inbox.put_at(&bounce, now + Duration::minutes(minutes));
        kindle.read_bounces(&post.app.clock.clock()).await.unwrap();
        assert_eq!(post.rows()[0].state, state, "{minutes}");
    }
}

#[tokio::test]
async fn unbinding_and_forgetting_leave_no_address_behind() {
    let post = Post::start("").await.bound(KINDLE).await.bound(MAILBOX).await;
    let post = Post { app: post.app.with_book("三体"), ..post };
    let list = post.say("邮箱").await;
    assert!(list.contains("1. zh***@kindle.com\n2. li***@qq.com"), "{list}");
    assert!(post.say("解绑").await.contains("要解绑哪一个"));
    assert!(post.say("解绑 2").await.contains("li***@qq.com"));
    // Of the other address: itself, whose it is, and the letter with its code.
    assert_eq!(address_rows(&post), 3, "nothing of what was sent there");
    assert!(post.say("邮箱").await.contains("zh***") && !post.say("邮箱").await.contains("li***"));
    post.say("推送 三体").await;
    post.drain().await;
    post.say("确认删除").await;
    assert_eq!(address_rows(&post), 0);
    let everything = everything(&post);
    for trace in [KINDLE, "zhangsan", "lisi", FOLLOWER] {
        // The answer to the deletion itself is kept for the platform's retries; it names nobody.
        assert!(!everything.contains(trace), "{trace}");
    }
}

#[tokio::test]
async fn one_that_is_called_off_is_not_sent_and_its_follower_hears() {
    let post = Post::start("").await;
    let post = Post { app: post.app.with_book("三体"), ..post }.bound(KINDLE).await;
    post.say("推送 三体").await;
    let number = post.rows()[0].number;
    let cancelled = post.app.app.kindle.cancel(number, post.app.clock.now()).unwrap();
    assert_eq!(cancelled.map(|row| row.state), Some(DeliveryState::Failed));
    assert_eq!(post.drain().await, sent(0));
    assert!(post.books().is_empty());
    assert!(post.app.app.kindle.cancel(number, post.app.clock.now()).unwrap().is_none(), "once");
    assert!(post.say("帮助").await.contains("没寄成（管理员取消了）"));
    // It can be asked for again on the same day.
    post.say("推送 三体").await;
    assert_eq!(post.drain().await, sent(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_called_off_while_it_goes_out_and_asked_for_again_goes_out_once() {
    let post = Post::start("").await;
    let post = Post { app: post.app.with_book("三体"), ..post }.bound(KINDLE).await;
    post.say("推送 三体").await;
    post.sink.set_fault(Some(SmtpFault::hold(SmtpStep::Mail)));
    let (kindle, clock) = (post.app.app.kindle.clone(), post.app.clock.clock());
    let draining = tokio::spawn(async move { kindle.drain(&clock).await.unwrap() });
    let begun = async {
        while post.rows()[0].state != DeliveryState::Sending {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), begun).await.expect("a try under way");
    assert!(post.app.app.kindle.cancel(post.rows()[0].number, post.app.clock.now()).unwrap().is_some());
    assert!(post.say("推送 三体").await.contains("这就寄往"));
    post.sink.set_fault(None);
    assert_eq!(draining.await.unwrap(), sent(1));
    assert_eq!(post.drain().await, sent(0));
    assert_eq!((post.rows()[0].state, post.books().len()), (DeliveryState::Sent, 1));
}
