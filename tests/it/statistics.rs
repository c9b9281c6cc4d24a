//! Counts of days, from what really happens: messages through the callback, downloads over a socket, tokens of the
//! simulated platform, a process that is stopped.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use shutong::statistics::{Day, Renewals, Statistics};
use shutong::store::Store;

use crate::support::binary::Home;
use crate::support::test_app::{FOLLOWER, TestApp};
use crate::support::wait_until_closed;
use crate::support::wechat_sim::{SimMode, links};

fn today(app: &TestApp) -> Day {
    app.app.statistics.days(1, app.clock.now()).unwrap().remove(0)
}

#[tokio::test]
async fn messages_searches_and_misses_are_counted_once() {
    let app = TestApp::with_account(SimMode::Safe).await.with_book("三体");
    app.say("三体").await;
    app.say("帮助").await;
    let push = app.sim.text(FOLLOWER, "天外飞仙");
    let first = app.sim.deliver(&push).await.answer;
    assert_eq!(app.sim.deliver(&push).await.answer, first, "the platform's retry");
    let day = today(&app);
    assert_eq!((day.messages, day.searches, day.misses), (3, 2, 1), "{day:?}");
    app.app.statistics.flush().unwrap();
    let app = app.restart().await;
    assert_eq!(app.sim.deliver(&push).await.answer, first, "and one after a restart");
    assert_eq!(today(&app), day);
}

#[tokio::test]
async fn followers_come_and_go_on_their_days() {
    let app = TestApp::with_account(SimMode::Safe).await;
    app.sim.event("oOne", "subscribe", &[]).await;
    app.sim.event("oTwo", "subscribe", &[]).await;
    app.sim.say("oOne", "帮助").await;
    app.clock.advance(TimeDelta::days(1));
    app.sim.event("oTwo", "unsubscribe", &[]).await;
    app.sim.event("oTwo", "unsubscribe", &[]).await;
    let days = app.app.statistics.days(2, app.clock.now()).unwrap();
    assert_eq!((days[0].followed, days[0].left, days[0].messages), (2, 0, 1), "{days:?}");
    assert_eq!((days[1].followed, days[1].left, days[1].messages), (0, 1, 0), "{days:?}");
}

#[tokio::test]
async fn a_download_counts_once_a_day_and_the_book_is_among_the_top() {
    let app = TestApp::with_account(SimMode::Safe).await.with_book("三体").with_book("球状闪电");
    let card = app.say("三体").await;
    let link = links(&card).into_iter().find(|link| link.href.contains("/dl/")).unwrap();
    for _ in 0..3 {
        assert_eq!(app.get(&link.href).send().await.unwrap().status().as_u16(), 200);
    }
    assert_eq!(today(&app).downloads, 1);
    let top = app.app.statistics.top_books().unwrap();
    assert_eq!(top.len(), 1, "only what was downloaded");
    assert_eq!((app.app.library.book(top[0].0).unwrap().unwrap().title, top[0].1), ("三体".into(), 1));
}

#[tokio::test]
async fn fetched_tokens_and_failures_are_counted_for_their_account() {
    let app = TestApp::with_platform("", "").await;
    app.app.tokens.tick().await;
    assert!(app.app.tokens.of(Some("main")).unwrap().current().is_some());
    assert_eq!(today(&app).tokens["main"], Renewals { fetched: 1, failed: 0 });
    let unreachable = TestApp::with(
        "[[account]]\nname = \"main\"\napp_id = \"wx1\"\napp_secret = \"x\"\ntoken = \"token123\"\nmode = \"plain\"\n\
         api_base = \"http://127.0.0.1:1\"\n",
    )
    .await;
    unreachable.app.tokens.tick().await;
    assert_eq!(today(&unreachable).tokens["main"], Renewals { fetched: 0, failed: 1 });
}

/// Counts of the day in the data of a program that does not run any more.
fn left_behind(home: &Home) -> Day {
    wait_until_closed(&home.data());
    let store = Arc::new(Store::open(&home.data()).unwrap());
    let counts = Statistics::new(store, chrono_tz::Asia::Shanghai);
    // The test may run over midnight.
    let days = counts.days(2, chrono::Utc::now()).unwrap();
    days.into_iter().max_by_key(|day| day.messages).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_writes_everything_and_a_kill_loses_ten_seconds_at_most() {
    let home = Home::with_account(SimMode::Safe);
    let program = home.serve(&[]);
    let sim = program.sim(SimMode::Safe);
    for _ in 0..3 {
        sim.say("oOne", "没有这本书").await;
    }
    program.stop();
    let day = left_behind(&home);
    assert_eq!((day.messages, day.searches, day.misses, day.followed), (3, 3, 3, 1), "{day:?}");

    let program = home.serve(&[]);
    // The same platform, which gives no number of a message twice.
    sim.moved_to(program.callback()).say("oTwo", "没有这本书").await;
    tokio::time::sleep(Duration::from_secs(11)).await;
    program.kill9();
    let day = left_behind(&home);
    assert_eq!((day.messages, day.followed), (4, 2), "what was counted ten seconds before: {day:?}");
}
