//! What is said without being asked, against the platform's windows and counts: the platform must never have to refuse.
//! And who is held back: who writes too fast, who is blocked.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration as Real, Instant};

use chrono::Duration;
use shutong::jobs;
use shutong::server::Patience;
use shutong::store::records::ContactRecord;
use shutong::store::schema::CONTACTS;
use shutong::store::{Durability, Store};
use shutong::wechat::Reply;

use crate::support::binary::Home;
use crate::support::book_builder::BookBuilder;
use crate::support::central::APP_ID;
use crate::support::smtp_sink::SmtpSink;
use crate::support::test_app::{FOLLOWER, TestApp, account_toml};
use crate::support::wechat_api::{Act, Fault, WechatApi};
use crate::support::wechat_sim::{Answer, Field, SimAccount, SimMode};

const SEND: &str = "/cgi-bin/message/custom/send";
const TYPING: &str = "/cgi-bin/message/custom/typing";

/// The program with an account that may write to followers, and the platform that keeps its rules.
struct Room {
    app: TestApp,
}

impl Room {
    async fn start() -> Room {
        Room::with("", Patience::default()).await
    }

    async fn with(more: &str, patience: Patience) -> Room {
        let app = TestApp::with_platform_and_patience("verified = true", more, patience).await;
        app.platform.as_ref().unwrap().keep_rules(APP_ID);
        app.app.tokens.tick().await;
        Room { app }
    }

    fn platform(&self) -> &WechatApi {
        self.app.platform.as_ref().unwrap()
    }

    /// The follower writes, and both sides know.
    async fn says(&self, text: &str) -> String {
        self.after(Duration::seconds(1));
        self.platform().act(APP_ID, FOLLOWER, Act::Writes);
        self.app.say(text).await
    }

    /// The follower taps the menu.
    async fn taps(&self, key: &str) {
        self.platform().act(APP_ID, FOLLOWER, Act::Taps);
        self.app.sim.event(FOLLOWER, "CLICK", &[("EventKey", key)]).await;
    }

    async fn tell(&self) -> u64 {
        jobs::tell(&self.app.app).await.unwrap()
    }

    /// Something waits for the follower, and is told if it can be.
    async fn wait_and_tell(&self, text: &str) -> u64 {
        let desk = &self.app.app.desk;
        desk.keep_late("main", FOLLOWER, Reply::Text(text.into()), self.app.clock.now()).unwrap();
        self.tell().await
    }

    /// The texts that have arrived unasked.
    fn said(&self) -> Vec<String> {
        let all = self.platform().said(APP_ID);
        all.iter().map(|message| message["text"]["content"].as_str().unwrap().to_owned()).collect()
    }

    /// What the platform has answered to messages, 0 for each that it took.
    fn codes(&self) -> Vec<i64> {
        let calls = self.platform().calls();
        calls.iter().filter(|call| call.path == SEND).map(|call| call.errcode).collect()
    }

    fn contact(&self) -> Option<ContactRecord> {
        self.app.app.store.get(&CONTACTS, &("main".to_owned(), FOLLOWER.to_owned())).unwrap()
    }

    fn after(&self, time: Duration) {
        self.app.clock.advance(time);
    }
}

#[tokio::test]
async fn a_book_that_was_asked_for_is_told_of_when_it_comes_once() {
    let room = Room::start().await;
    room.says("求书 天外飞仙").await;
    assert_eq!(room.tell().await, 0);
    room.app.add("天外飞仙.epub", &BookBuilder::new("天外飞仙").build());
    assert_eq!(room.tell().await, 1);
    let said = room.said();
    assert!(said.len() == 1 && said[0].starts_with("您求的书到了：") && said[0].contains("《天外飞仙》"), "{said:?}");
    assert!(said[0].ends_with("</a>"), "nothing is left open at the end: {said:?}");
    assert_eq!(room.tell().await, 0);
    assert!(!room.says("你好").await.contains("天外飞仙"), "struck off");
}

#[tokio::test]
async fn five_for_each_message_and_never_one_too_many() {
    let room = Room::start().await;
    room.says("你好").await;
    let mut told = 0;
    for number in 0..9 {
        told += room.wait_and_tell(&format!("第{number}条")).await;
    }
    assert_eq!((told, room.codes()), (5, vec![0; 5]));
    // The rest comes with the next answer, and with it there are five more.
    let answer = room.says("你好").await;
    assert!((5..9).all(|number| answer.contains(&format!("第{number}条"))), "{answer}");
    room.after(Duration::hours(47));
    assert_eq!(room.wait_and_tell("还来得及").await, 1);
    room.after(Duration::hours(1));
    assert_eq!(room.wait_and_tell("来不及了").await, 0);
    assert_eq!(room.codes(), [0; 6]);
    assert!(room.says("你好").await.contains("来不及了"));
}

#[tokio::test]
async fn a_tap_opens_a_minute_for_three() {
    let room = Room::start().await;
    room.taps("最新").await;
    let mut told = 0;
    for number in 0..4 {
        told += room.wait_and_tell(&format!("第{number}条")).await;
    }
    assert_eq!(told, 3);
    room.after(Duration::minutes(2));
    room.taps("最新").await;
    room.after(Duration::seconds(55));
    assert_eq!(room.wait_and_tell("差一点").await, 0, "it could arrive too late");
    assert_eq!(room.codes(), [0; 3]);
}

#[tokio::test]
async fn a_refusal_closes_the_window_until_the_follower_writes() {
    let room = Room::start().await;
    room.says("你好").await;
    room.after(Duration::hours(30));
    // The platform has not counted this one.
    room.app.say("你好").await;
    room.after(Duration::hours(30));
    for _ in 0..3 {
        assert_eq!(room.wait_and_tell("没送到").await, 0);
    }
    assert_eq!(room.codes(), [45015]);
    assert!(room.says("你好").await.contains("没送到"));
    assert_eq!(room.wait_and_tell("又能说了").await, 1);
    // A follower who does not want any.
    room.platform().set_refusing(APP_ID, FOLLOWER, true);
    for _ in 0..3 {
        assert_eq!(room.wait_and_tell("不想听").await, 0);
    }
    assert_eq!(room.codes(), [45015, 0, 48002]);
}

#[tokio::test]
async fn an_account_that_may_not_is_asked_once() {
    let room = Room::start().await;
    room.platform().set_verified(APP_ID, false);
    room.says("你好").await;
    for _ in 0..3 {
        assert_eq!(room.wait_and_tell("没送到").await, 0);
    }
    assert_eq!(room.codes(), [48001]);
    let alerts = room.app.app.alerts.open().unwrap();
    let [alert] = alerts.as_slice() else { panic!("{alerts:?}") };
    assert!(alert.key == "no_customer_messages/main" && alert.trouble.en().contains("verified = false"), "{alert:?}");
    assert!(!room.app.app.chat.is_able("main"));
    assert!(room.says("你好").await.contains("没送到"), "as in an account that is not verified");
}

#[tokio::test]
async fn an_account_that_is_not_verified_notes_and_sends_nothing() {
    let app = TestApp::with_platform("", "").await;
    app.platform.as_ref().unwrap().keep_rules(APP_ID);
    let room = Room { app };
    room.says("你好").await;
    assert_eq!(room.wait_and_tell("等着").await, 0);
    assert_eq!((room.contact(), room.codes().len()), (None, 0));
    assert!(room.says("你好").await.contains("等着"));
}

#[tokio::test]
async fn nothing_is_sent_to_test_followers_of_the_admin_page() {
    let room = Room::start().await;
    room.app.sim.say("sim-abcd1234", "求书 天外飞仙").await;
    room.app.add("天外飞仙.epub", &BookBuilder::new("天外飞仙").build());
    assert_eq!((room.tell().await, room.codes().len()), (0, 0));
    let answer = room.app.sim.say("sim-abcd1234", "你好").await;
    assert!(answer.expect_text().contains("您求的书到了"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_told_does_not_come_with_an_answer_too() {
    let room = Arc::new(Room::start().await);
    room.says("求书 天外飞仙").await;
    room.app.add("天外飞仙.epub", &BookBuilder::new("天外飞仙").build());
    room.platform().set_latency(Some(Real::from_millis(800)));
    let telling = tokio::spawn({
        let room = Arc::clone(&room);
        async move { room.tell().await }
    });
    until(async || !room.codes().is_empty()).await;
    assert!(!room.says("你好").await.contains("天外飞仙"));
    assert_eq!(telling.await.unwrap(), 1);
    assert!(!room.says("你好").await.contains("天外飞仙"));
}

#[tokio::test]
async fn a_quota_that_is_used_up_makes_the_account_quiet_and_costs_no_count() {
    let room = Room::start().await;
    room.says("你好").await;
    room.platform().set_fault_everywhere(Some(Fault::Quota));
    for _ in 0..3 {
        assert_eq!(room.wait_and_tell("等一等").await, 0);
    }
    assert_eq!(room.codes(), [45009], "not every time");
    room.platform().set_fault_everywhere(None);
    room.after(Duration::minutes(5));
    let mut told = room.tell().await;
    for number in 0..9 {
        told += room.wait_and_tell(&format!("第{number}条")).await;
    }
    assert_eq!(told, 5, "the one that was not sent was given back");
}

#[tokio::test]
async fn whether_it_arrived_or_not_it_is_told_at_most_twice() {
    let room = Room::start().await;
    room.says("你好").await;
    room.platform().set_fault_everywhere(Some(Fault::ResetAfter));
    for _ in 0..3 {
        assert_eq!(room.tell().await + room.wait_and_tell("到了吗").await, 0);
    }
    room.platform().set_fault_everywhere(None);
    assert_eq!((room.tell().await, room.said().len()), (0, 1));
    assert!(room.says("你好").await.contains("到了吗"));
    assert!(!room.says("你好").await.contains("到了吗"));
}

#[tokio::test]
async fn counts_survive_a_restart_and_most_messages_write_nothing() {
    let room = Room::start().await;
    room.says("你好").await;
    let first = room.contact().unwrap();
    room.after(Duration::minutes(9));
    room.says("你好").await;
    assert_eq!(room.contact().unwrap(), first);
    for number in 0..5 {
        room.wait_and_tell(&format!("第{number}条")).await;
    }
    let room = Room { app: room.app.restart().await };
    assert_eq!(room.wait_and_tell("第5条").await, 0);
    assert_eq!(room.codes(), [0; 5]);
    room.says("你好").await;
    assert_eq!(room.wait_and_tell("第6条").await, 1, "and a message gives five again");
}

#[tokio::test]
async fn what_became_of_a_delivery_is_told_at_once() {
    let sink = SmtpSink::start();
    let mail =
        format!("[mail]\nfrom = \"books@example.com\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n", sink.port());
    let room = Room::with(&mail, Patience::default()).await;
    room.app.add("三体.epub", &BookBuilder::new("三体").build());
    let drain = async || room.app.app.kindle.drain(&room.app.clock.clock()).await.unwrap();
    room.says("同意绑定 lisi@qq.com").await;
    drain().await;
    let code: String = sink.letters()[0].subject().chars().filter(char::is_ascii_digit).collect();
    room.says(&code).await;
    room.says("推送 三体").await;
    drain().await;
    assert_eq!(room.tell().await, 1);
    assert_eq!(room.said(), ["《三体》→ li***@qq.com：已寄出"]);
    assert!(!room.says("你好").await.contains("已寄出"));
}

/// Holds the store's write lock, so that every answer with an effect waits, until told to go on.
struct Hold {
    release: Sender<()>,
    thread: JoinHandle<()>,
}

impl Hold {
    fn of(store: &Arc<Store>) -> Hold {
        let (release, released) = channel::<()>();
        let (held, holding) = channel();
        let store = Arc::clone(store);
        let thread = std::thread::spawn(move || {
            let done: Result<(), shutong::store::Error> = store.write(Durability::Soon, |_| {
                held.send(()).unwrap();
                // An error means that the test has ended; then nobody needs the lock either.
                let _ = released.recv_timeout(Real::from_secs(60));
                Ok(())
            });
            done.unwrap();
        });
        holding.recv_timeout(Real::from_secs(10)).unwrap();
        Hold { release, thread }
    }

    fn release(self) {
        self.release.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

/// Waits for what another task does.
async fn until(mut done: impl AsyncFnMut() -> bool) {
    let limit = Instant::now() + Real::from_secs(20);
    while !done().await {
        assert!(Instant::now() < limit, "it never came");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_comes_by_itself_and_the_follower_sees_that_it_is_being_written() {
    let patience = Patience { attempt: Real::from_millis(300), attempts: 3, typing: Real::from_millis(100) };
    let room = Room::with("", patience).await;
    room.says("你好").await;
    let hold = Hold::of(&room.app.app.store);
    let push = room.app.sim.text(FOLLOWER, "求书 天外飞仙");
    room.platform().act(APP_ID, FOLLOWER, Act::Writes);
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(room.app.sim.deliver(&push).await.answer);
    }
    assert_eq!(told[2].expect_text(), "正在处理，好了马上发给您", "{told:?}");
    until(async || room.platform().count(TYPING) > 0).await;
    hold.release();
    until(async || room.tell().await > 0).await;
    let said = room.said();
    assert!(said.len() == 1 && said[0].contains("记下了：《天外飞仙》"), "{said:?}");
    let typed: Vec<i64> =
        room.platform().calls().iter().filter(|call| call.path == TYPING).map(|call| call.errcode).collect();
    assert_eq!(typed, [0], "once, for all attempts");
    assert!(!room.says("你好").await.contains("天外飞仙"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_with_an_address_is_not_kept_but_asked_for_again() {
    let patience = Patience { attempt: Real::from_millis(300), attempts: 3, typing: Real::from_secs(60) };
    let mail = "[mail]\nfrom = \"books@example.com\"\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"\n";
    let room = Room::with(mail, patience).await;
    room.says("你好").await;
    for text in ["绑定 secret@kindle.com", "同意绑定 secret@kindle.cn", "ｓｅｃｒｅｔ＠kindle.com"] {
        // What opens the window again is written, and waits.
        room.after(Duration::minutes(11));
        let hold = Hold::of(&room.app.app.store);
        let push = room.app.sim.text(FOLLOWER, text);
        room.platform().act(APP_ID, FOLLOWER, Act::Writes);
        let mut told = Vec::new();
        for _ in 0..3 {
            told.push(room.app.sim.deliver(&push).await.answer);
        }
        assert_eq!(told[2].expect_text(), "正在处理，好了马上发给您", "{told:?}");
        hold.release();
        until(async || room.tell().await > 0).await;
        let said = room.said().pop().unwrap();
        assert!(said.contains("请再发一次：绑定") && !said.contains('@'), "{text}: {said}");
        let mut kept = Vec::new();
        room.app.app.store.export(&mut kept).unwrap();
        assert!(!String::from_utf8(kept).unwrap().contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn an_answer_that_is_ready_shows_no_sign_of_being_written() {
    let room = Room::with("", Patience { typing: Real::from_secs(60), ..Patience::default() }).await;
    room.says("求书 天外飞仙").await;
    assert_eq!(room.platform().count(TYPING), 0);
}

fn by(author: &str, title: &str) -> (String, Vec<u8>) {
    (format!("{title} - {author}.txt"), format!("第一章 {title}\n\n从前有一本书。\n").into_bytes())
}

#[tokio::test]
async fn new_books_are_told_of_once_a_day_until_the_subscription_ends() {
    let room = Room::start().await;
    let arrives = |author: &str, title: &str| {
        let (name, bytes) = by(author, title);
        room.app.add(&name, &bytes);
    };
    assert!(room.says("订阅").await.contains("想订阅谁的新书"));
    assert!(room.says("订阅 刘慈欣").await.contains("订阅好了：刘慈欣"));
    assert!(room.says("订阅 劉慈欣").await.contains("已经订阅了"));
    assert!(room.says("订阅").await.contains("1. 刘慈欣"));
    arrives("刘慈欣", "球状闪电");
    arrives("鲁迅", "呐喊");
    assert_eq!(room.tell().await, 1);
    let said = room.said().remove(0);
    assert!(said.starts_with("您订阅的有新书") && said.contains("《球状闪电》") && !said.contains("呐喊"), "{said}");
    // More of them on the same day wait, also for an answer.
    arrives("刘慈欣", "流浪地球");
    assert_eq!(room.tell().await, 0);
    assert!(!room.says("你好").await.contains("流浪地球"));
    room.after(Duration::days(1));
    assert!(room.says("你好").await.contains("《流浪地球》"), "with an answer as well as without");
    arrives("刘慈欣", "三体");
    room.after(Duration::days(1));
    assert!(room.says("退订 1").await.contains("退订了：刘慈欣"));
    let answer = room.says("你好").await;
    assert!(!answer.contains("三体"), "who has ended it hears no more: {answer}");
}

#[tokio::test]
async fn a_list_of_all_new_books_comes_once_a_week_to_who_wants_it() {
    let room = Room::start().await;
    let arrives = |title: &str| {
        let (name, bytes) = by("某人", title);
        room.app.add(&name, &bytes);
    };
    arrives("旧书");
    room.after(Duration::hours(1));
    assert!(room.says("订阅 周报").await.contains("订阅好了：周报"));
    assert!(room.says("订阅 週報").await.contains("已经订阅了"));
    assert!(room.says("订阅").await.contains("1. 周报"));
    room.after(Duration::hours(1));
    for number in "一二三四五六七八九十".chars() {
        arrives(&format!("{number}号星"));
    }
    room.after(Duration::days(6));
    assert_eq!(room.tell().await, 0);
    assert!(!room.says("你好").await.contains("号星"), "a week is not over");
    room.after(Duration::days(1));
    assert_eq!(room.tell().await, 1);
    let said = room.said().pop().unwrap();
    assert!(said.starts_with("这一周新到的书") && said.contains("《十号星》") && !said.contains("旧书"), "{said}");
    assert!(said.ends_with("还有 2 本，发“最新”都能看到"), "{said}");
    assert_eq!(room.tell().await, 0);
    assert!(!room.says("你好").await.contains("号星"), "told once");
    // Where nobody may be written to, it waits for the next answer.
    arrives("新书");
    room.after(Duration::days(8));
    assert_eq!(room.tell().await, 0);
    let answer = room.says("你好").await;
    assert!(answer.contains("《新书》") && !answer.contains("号星"), "{answer}");
    // A week in which nothing comes is not told of.
    room.after(Duration::days(8));
    assert!(!room.says("你好").await.contains("这一周"));
    arrives("末书");
    assert_eq!(room.tell().await, 1);
    arrives("多余");
    assert!(room.says("退订 周报").await.contains("退订了：周报"));
    room.after(Duration::days(8));
    let answer = room.says("你好").await;
    assert!(!answer.contains("多余") && room.tell().await == 0, "{answer}");
}

#[tokio::test]
async fn many_new_books_are_one_message_and_no_burden_for_tomorrow() {
    let room = Room::start().await;
    room.says("订阅 刘慈欣").await;
    room.says("求书 天外飞仙").await;
    for number in 1..=8 {
        let (name, bytes) = by("刘慈欣", &format!("{}号星", "一二三四五六七八".chars().nth(number - 1).unwrap()));
        room.app.add(&name, &bytes);
    }
    room.app.add("天外飞仙.epub", &BookBuilder::new("天外飞仙").build());
    assert_eq!(room.tell().await, 1);
    let said = room.said().remove(0);
    assert!(said.starts_with("您求的书到了") && said.contains("《八号星》") && !said.contains("《三号星》"), "{said}");
    assert!(said.ends_with("还有 3 本，发作者名就能看到"), "{said}");
    room.after(Duration::days(1));
    assert_eq!(room.tell().await, 0);
    assert!(!room.says("你好").await.contains("号星"));
}

#[tokio::test]
async fn forgetting_leaves_nothing_and_an_export_has_it_all() {
    let room = Room::start().await;
    room.app.add("三体.epub", &BookBuilder::new("三体").build());
    for text in ["订阅 刘慈欣", "求书 天外飞仙", "三体", "我的"] {
        room.says(text).await;
    }
    room.taps("最新").await;
    let (name, bytes) = by("刘慈欣", "球状闪电");
    room.app.add(&name, &bytes);
    let summary = room.says("我的数据").await;
    assert!(summary.contains("求书 1 个") && summary.contains("订阅 1 个"), "{summary}");
    let app = &room.app.app;
    let document = app.desk.export_follower("main", FOLLOWER, chrono::Utc::now()).unwrap();
    let records = document["records"].as_array().unwrap();
    let tables: Vec<&str> = records.iter().map(|record| record["table"].as_str().unwrap()).collect();
    for table in ["contacts", "followers", "follower_of_alias", "places", "requesters", "subscriptions", "subscribers"]
    {
        assert!(tables.contains(&table), "{table}: {tables:?}");
    }
    assert_eq!(records.len(), dump(&app.store, &document).len(), "every line that names them");
    app.desk.forget("main", FOLLOWER).unwrap();
    assert!(dump(&app.store, &document).is_empty(), "{:?}", dump(&app.store, &document));
}

/// The lines of a whole export that name the follower, by openid or alias, in key or value.
fn dump(store: &Store, document: &serde_json::Value) -> Vec<String> {
    let mut bytes = Vec::new();
    store.export(&mut bytes).unwrap();
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let names = [FOLLOWER, document["alias"].as_str().unwrap()];
    let has = |line: &str| names.iter().any(|name| line.contains(name) || line.contains(&hex(name)));
    String::from_utf8(bytes).unwrap().lines().filter(|line| has(line)).map(str::to_owned).collect()
}

#[tokio::test]
async fn who_writes_too_fast_gets_one_word_and_then_silence() {
    let account = account_toml(&SimAccount::new(SimMode::Safe));
    let app = TestApp::with(&format!("{account}[limits]\nmessages_per_minute = 3\n")).await.with_book("三体");
    for text in ["三体", "帮助", "三体"] {
        assert!(!app.say(text).await.contains("太快"), "{text}");
    }
    let too_many = app.sim.text(FOLLOWER, "三体");
    assert!(app.sim.deliver(&too_many).await.answer.expect_text().contains("太快"));
    for text in ["三体", "帮助"] {
        assert_eq!(app.sim.say(FOLLOWER, text).await, Answer::Nothing, "{text}");
    }
    assert!(app.sim.deliver(&too_many).await.answer.expect_text().contains("太快"), "the same message again");
    assert!(matches!(app.sim.say("oOther", "三体").await, Answer::Text(text) if text.contains("《三体》")));
    app.clock.advance(Duration::minutes(1));
    assert!(app.say("三体").await.contains("《三体》"));
}

#[tokio::test]
async fn searches_have_their_quota_of_a_day() {
    let account = account_toml(&SimAccount::new(SimMode::Safe));
    let app = TestApp::with(&format!("{account}[limits]\nsearches_per_day = 2\n")).await.with_book("三体");
    for _ in 0..2 {
        assert!(app.say("三体").await.contains("《三体》"));
    }
    assert!(app.say("三体").await.contains("今天已经替您找了 2 次书"));
    assert!(app.say("最新").await.contains("三体"), "what costs no search goes on");
    app.clock.advance(Duration::days(1));
    assert!(app.say("三体").await.contains("《三体》"));
}

#[tokio::test]
async fn what_is_spoken_scanned_or_shown_on_a_map_gets_a_sensible_answer() {
    let app = TestApp::with_account(SimMode::Safe).await.with_book("活着");
    let book = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
        <FictionBook xmlns=\"http://www.gribuser.ru/xml/fictionbook/2.0\"><description><title-info>\
        <author><first-name></first-name><last-name>刘慈欣</last-name></author><book-title>三体</book-title>\
        <lang>zh</lang></title-info><publish-info><isbn>978-7-5366-9293-0</isbn></publish-info></description>\
        <body><section><title><p>第一章</p></title><p>从前有一本书。</p></section></body></FictionBook>";
    app.add("三体.fb2", book.as_bytes());
    let scanned = async |digits: &str| {
        let code = [("ScanType", "barcode".to_owned()), ("ScanResult", format!("EAN_13,{digits}"))];
        let code = code.into_iter().map(|(name, value)| (name.to_owned(), Field::Text(value))).collect();
        let event = app.sim.happening(FOLLOWER, "scancode_waitmsg", &[("EventKey", "isbn")]);
        app.clock.advance(Duration::seconds(1));
        app.sim.deliver(&event.with("ScanCodeInfo", Field::Inside(code))).await.answer.expect_text().to_owned()
    };
    let card = scanned("9787536692930").await;
    assert!(card.starts_with("《三体》"), "{card}");
    let unknown = scanned("9787020002207").await;
    assert!(unknown.contains("没找到“9787020002207”") && unknown.contains("求书"), "{unknown}");
    assert!(app.say("978-7-5366-9293-0").await.starts_with("《三体》"), "typed with hyphens");

    let voice = async |heard: &str| {
        let push = app.sim.voice(FOLLOWER, "media", heard);
        app.sim.deliver(&push).await.answer.expect_text().to_owned()
    };
    assert!(voice("活着。").await.starts_with("《活着》"));
    assert!(voice("").await.contains("没听出来"));
    let place = app.sim.message(FOLLOWER, "location").with_texts(&[("Location_X", "23.1"), ("Location_Y", "113.3")]);
    assert!(app.sim.deliver(&place).await.answer.expect_text().contains("不记您在哪里"));
    assert!(app.sim.image(FOLLOWER, "media").await.expect_text().contains("只认识文字"));
}

#[tokio::test]
async fn a_code_opens_the_book_it_is_of() {
    let app = TestApp::with_account(SimMode::Safe).await.with_book("三体").with_book("b1");
    let card = app.sim.event(FOLLOWER, "SCAN", &[("EventKey", "b1"), ("Ticket", "t")]).await;
    assert!(card.expect_text().starts_with("《三体》"), "{card:?}");
    let welcome = app.sim.event("oOther", "subscribe", &[("EventKey", "qrscene_b1"), ("Ticket", "t")]).await;
    let text = welcome.expect_text();
    assert!(text.starts_with("您好，我是书童") && text.contains("《三体》"), "{text}");
    let gone = app.sim.event("oThird", "SCAN", &[("EventKey", "b99"), ("Ticket", "t")]).await;
    assert!(gone.expect_text().contains("下架"), "{gone:?}");
}

#[tokio::test]
async fn the_owner_lists_blocks_exports_and_forgets_followers_while_the_server_runs() {
    let home = Home::with_account(SimMode::Safe);
    let server = home.serve(&[]);
    let sim = server.sim(SimMode::Safe);
    assert!(matches!(sim.say(FOLLOWER, "帮助").await, Answer::Text(_)));
    let listed = home.json(&["follower", "list"]);
    assert_eq!((&listed[0]["open_id"], &listed[0]["account"]), (&FOLLOWER.into(), &"main".into()));
    let alias = listed[0]["record"]["alias"].as_str().unwrap().to_owned();
    assert!(home.done(&["follower", "block", FOLLOWER]).contains("is blocked now"));
    assert_eq!(sim.say(FOLLOWER, "帮助").await, Answer::Nothing);
    assert_eq!(home.json(&["follower", "list", "--blocked"]).as_array().unwrap().len(), 1);
    home.done(&["follower", "unblock", &alias]);
    assert!(matches!(sim.say(FOLLOWER, "帮助").await, Answer::Text(_)));
    let file = home.folder().join("export.json");
    home.done(&["follower", "export", FOLLOWER, "-o", "export.json"]);
    assert!(std::fs::read_to_string(file).unwrap().contains(&alias));
    assert!(home.done(&["follower", "forget", FOLLOWER]).starts_with("forgotten"));
    assert!(home.json(&["follower", "list"]).as_array().unwrap().is_empty());
    // Somebody who has never written.
    home.done(&["follower", "block", "oNever"]);
    assert_eq!(sim.say("oNever", "帮助").await, Answer::Nothing);
    home.done(&["follower", "unblock", "oNever"]);
    assert!(matches!(sim.say("oNever", "帮助").await, Answer::Text(_)));
    assert!(home.run(&["follower", "show", "oNobody"]).err.contains("there is no follower oNobody"));
}
