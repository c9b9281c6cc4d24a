//! A follower's journey through the callback: from the platform's check of the address to the bytes of a book, with
//! retries, restarts and answers that come too late. The platform's part is played by the simulator, over sockets.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use shutong::server::Patience;
use shutong::store::Durability;

use crate::support::book_builder::BookBuilder;
use crate::support::test_app::{FOLLOWER, TestApp};
use crate::support::wechat_sim::{Answer, Push, SimMode, Tamper, links};

const MODES: [SimMode; 3] = [SimMode::Plain, SimMode::Compatible, SimMode::Safe];

#[tokio::test]
async fn the_address_is_verified_in_every_mode() {
    for mode in MODES {
        let app = TestApp::with_account(mode).await;
        app.sim.verify_url().await.unwrap();
        // What the platform sees when the token is another: not the echo.
        let elsewhere = TestApp::with_account(mode).await;
        let mut sim = elsewhere.sim.moved_to(format!("http://{}/wechat/main", app.public));
        sim.account.token.push('x');
        assert!(sim.verify_url().await.is_err(), "{mode:?}");
    }
}

#[tokio::test]
async fn a_message_is_answered_in_every_mode() {
    for mode in MODES {
        let app = TestApp::with_account(mode).await.with_book("三体");
        assert!(app.say("三体").await.contains("《三体》"), "{mode:?}");
        let elsewhere = app.sim.post(&app.sim.request(&app.sim.text(FOLLOWER, "三体"))).await.unwrap();
        assert_eq!(elsewhere.status, 200);
        let forged = app.sim.tampered(&app.sim.text(FOLLOWER, "三体"), Tamper::BadSignature);
        let refused = app.sim.post(&forged).await.unwrap();
        assert_eq!((refused.status, refused.body.len()), (403, 0), "{mode:?}");
    }
}

#[tokio::test]
async fn an_unknown_account_is_refused_like_a_forgery() {
    let app = TestApp::with_account(SimMode::Safe).await;
    let push = app.sim.text(FOLLOWER, "三体");
    let request = app.sim.request(&push);
    let TestApp { sim, public, .. } = &app;
    assert_eq!(sim.post(&request).await.unwrap().status, 200);
    let (status, _) = app.fetch(&format!("http://{public}/wechat/other?signature=x&timestamp=1&nonce=1")).await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn from_a_search_to_the_bytes_of_the_book() {
    let app = TestApp::with_account(SimMode::Safe).await;
    let files: Vec<(String, Vec<u8>)> = ["三国演义", "三国志", "三国史话"]
        .iter()
        .map(|title| (format!("{title}.epub"), BookBuilder::new(title).build()))
        .collect();
    for (name, bytes) in &files {
        app.add(name, bytes);
    }

    let list = app.say("三国").await;
    for (name, _) in &files {
        assert!(list.contains(name.trim_end_matches(".epub")), "{list}");
    }
    // Tapping a title sends a message, as typing its number does.
    let second = links(&list).into_iter().filter(|link| link.menu_item().is_some()).nth(1).unwrap();
    let tapped = app.sim.tap(FOLLOWER, &second).await.expect_text().to_owned();
    let card = app.say("2").await;
    assert_eq!(card.lines().next(), tapped.lines().next(), "{card}\n{tapped}");

    let (_, expected) =
        files.iter().find(|(name, _)| card.contains(&format!("《{}》", &name[..name.len() - 5]))).unwrap();
    let direct = links(&card).into_iter().find(|link| link.href.contains("/dl/")).expect("a download on the card");
    let page = links(&card).into_iter().find(|link| link.href.contains("/b/")).expect("a page on the card");
    assert_eq!(fetch(&app, &direct.href).await, *expected);

    let (status, html) = app.fetch(&page.href).await;
    assert_eq!(status, 200);
    let start = html.find("/dl/").expect("a download on the page");
    let path = html[start..].split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
    assert_eq!(fetch(&app, &path).await, *expected);
    assert_eq!(app.app.library.counts().unwrap().downloads, 1, "one follower, book and day");
}

async fn fetch(app: &TestApp, address: &str) -> Vec<u8> {
    let answer = app.get(address).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{address}");
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_at_the_same_time_have_one_effect_and_one_answer() {
    let app = Arc::new(TestApp::with_account(SimMode::Safe).await);
    let push = app.sim.text(FOLLOWER, "求书 天外飞仙");
    let attempts: Vec<_> = (0..9)
        .map(|_| {
            let (app, push) = (Arc::clone(&app), push.clone());
            tokio::spawn(async move { app.sim.deliver(&push).await.answer })
        })
        .collect();
    let mut answers = Vec::new();
    for attempt in attempts {
        answers.push(attempt.await.unwrap());
    }
    assert!(answers[0].expect_text().contains("现在有 1 位"), "{answers:?}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let requests = app.app.library.requests(10).unwrap();
    assert_eq!((requests.len(), requests[0].1.count), (1, 1));
}

#[tokio::test]
async fn a_retry_after_a_restart_has_the_same_answer_and_no_second_effect() {
    let app = TestApp::with_account(SimMode::Safe).await;
    let push = app.sim.text(FOLLOWER, "求书 天外飞仙");
    let first = app.sim.deliver(&push).await.answer;
    let app = app.restart().await;
    assert_eq!(app.sim.deliver(&push).await.answer, first);
    // Another follower counts, so the first one has not been forgotten.
    let second = app.sim.say("oOther", "求书 天外飞仙").await;
    assert!(second.expect_text().contains("现在有 2 位"), "{second:?}");
}

/// Holds the store's write lock, so that every answer with an effect waits, until told to go on.
struct Hold {
    release: Sender<()>,
    thread: JoinHandle<()>,
}

impl Hold {
    fn of(app: &TestApp) -> Hold {
        let (release, released) = channel::<()>();
        let (held, holding) = channel();
        let store = Arc::clone(&app.app.store);
        let thread = thread::spawn(move || {
            let done: Result<(), shutong::store::Error> = store.write(Durability::Soon, |_| {
                held.send(()).unwrap();
                // An error means that the test has ended; then nobody needs the lock either.
                let _ = released.recv_timeout(Duration::from_secs(60));
                Ok(())
            });
            done.unwrap();
        });
        holding.recv_timeout(Duration::from_secs(10)).unwrap();
        Hold { release, thread }
    }

    fn release(self) {
        self.release.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

/// A callback that waits much shorter than the platform.
const SHORT: Patience = Patience { attempt: Duration::from_millis(150), attempts: 3, typing: Duration::from_secs(2) };

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_too_late_for_all_attempts_comes_with_the_next_message() {
    let app = TestApp::with_patience(SimMode::Safe, SHORT).await.with_book("三体");
    // Known to the service already, so that only the answer itself is held up.
    app.say("你好").await;
    let hold = Hold::of(&app);
    let push = app.sim.text(FOLLOWER, "求书 天外飞仙");
    let told: Vec<Answer> = attempts(&app, &push).await;
    let told: Vec<&str> = told.iter().map(Answer::expect_text).collect();
    assert_eq!(told[2], "正在处理，稍后回复任意文字获取结果", "{told:?}");
    hold.release();

    let kept = kept_answer(&app).await;
    assert!(kept.contains("天外飞仙") && kept.contains("现在有 1 位"), "{kept}");
    // It is given once.
    assert!(!app.say("你好").await.contains("天外飞仙"));
    assert_eq!(app.app.library.requests(10).unwrap()[0].1.count, 1);
}

/// Three attempts, each begun after the one before was given up, as the platform makes them.
async fn attempts(app: &TestApp, push: &Push) -> Vec<Answer> {
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(app.sim.deliver(push).await.answer);
    }
    answers
}

/// Asks with a filler until the late answer is there.
async fn kept_answer(app: &TestApp) -> String {
    for _ in 0..200 {
        let answer = app.say("好了吗好了吗").await;
        if answer.contains("天外飞仙") {
            return answer;
        }
        tokio::task::yield_now().await;
    }
    panic!("the late answer never came");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_ready_at_the_second_attempt_is_given_then() {
    let patience = Patience { attempt: Duration::from_secs(5), ..Patience::default() };
    let app = TestApp::with_patience(SimMode::Safe, patience).await;
    app.say("你好").await;
    let hold = Hold::of(&app);
    let push = app.sim.text(FOLLOWER, "求书 天外飞仙");
    let request = app.sim.request(&push);
    // The first attempt is given up by the platform before there is an answer.
    let given_up = tokio::time::timeout(Duration::from_millis(300), app.sim.post(&request)).await;
    assert!(given_up.is_err(), "{given_up:?}");
    let (second, ()) = tokio::join!(app.sim.deliver(&push), async { hold.release() });
    assert!(second.answer.expect_text().contains("现在有 1 位"), "{second:?}");
    assert_eq!(app.app.library.requests(10).unwrap()[0].1.count, 1);
}

#[tokio::test]
async fn a_fault_of_ours_is_an_apology_with_status_200() {
    let app = TestApp::with_account(SimMode::Safe).await.with_book("三体");
    app.damage_book(1);
    assert_eq!(app.say("三体").await, "书童绊了一跤，没取到。请稍后再发一次。");
    // And what does not need the damaged record still works.
    assert!(app.say("帮助").await.contains("发书名或作者"));
}

#[tokio::test]
async fn a_push_that_is_no_message_is_answered_with_nothing() {
    let app = TestApp::with_account(SimMode::Safe).await;
    assert_eq!(app.sim.event(FOLLOWER, "TEMPLATESENDJOBFINISH", &[("Status", "success")]).await, Answer::Nothing);
    assert_eq!(app.sim.event(FOLLOWER, "SomethingNew", &[]).await, Answer::Nothing);
    assert_eq!(app.sim.event(FOLLOWER, "unsubscribe", &[]).await, Answer::Nothing);
    assert!(matches!(app.sim.event(FOLLOWER, "subscribe", &[("EventKey", "")]).await, Answer::Text(_)));
}
