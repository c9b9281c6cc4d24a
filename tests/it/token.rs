//! The keeper of a token against the simulated platform. Time is the test's: weeks pass in seconds.

mod binary; // the executable: killed around renewals, its commands
mod months; // thirty days of minutes, calm and under random faults
mod reports; // tokens said to be refused: true, false, a thousand at a time
mod tickets; // a ticket is on disk before anybody sees it
mod troubles; // what the owner has to put right, and how little is asked meanwhile

use std::time::Duration;

use chrono::Duration as Span;
use shutong::secret::Secret;
use shutong::store::records::Origin;
use shutong::token::Error;
use shutong::wechat::TokenEndpoint::{Classic, Stable};

use super::support::central::{APP_ID, Central};
use super::support::wechat_api::{Endpoint, Fault};

#[tokio::test]
async fn a_token_is_there_at_the_first_question_and_renewed_before_its_end() {
    for endpoint in [Stable, Classic] {
        let central = Central::start(endpoint);
        let first = central.keeper().token().await.unwrap();
        assert!(central.works() && first.origin == Origin::Platform);
        assert!(central.keeper().left(&first) > Duration::from_secs(7_100));
        central.minutes(105).await;
        assert_eq!(central.asked(), 1, "{endpoint:?}");
        assert_eq!(central.given().unwrap(), first.value.expose());
        while central.given().unwrap() == first.value.expose() {
            central.minute().await;
        }
        let second = central.keeper().current().unwrap();
        assert!(second.number == 2 && central.works() && second.value != first.value, "{endpoint:?}");
        assert_eq!(central.asked(), 2);
        assert!(central.platform.accepts(APP_ID, first.value.expose()), "who still has the old one can use it");
    }
}

#[tokio::test]
async fn a_restart_forgets_nothing_and_trusts_nothing() {
    for endpoint in [Stable, Classic] {
        let central = Central::start(endpoint);
        central.minute().await;
        let before = central.given().unwrap();
        let central = central.restart();
        assert_eq!(central.given().as_ref(), Some(&before), "before anything is asked");
        central.platform.clear_calls();
        central.minute().await;
        assert_eq!(central.given().as_ref(), Some(&before));
        // The stable endpoint may be asked again; for the classic one that would end the token.
        assert_eq!(central.asked(), usize::from(endpoint == Stable));
        // Dead while the program was away.
        let central = central.restart();
        central.platform.kill_tokens(APP_ID);
        central.minutes(2).await;
        assert!(central.works(), "{endpoint:?}");
    }
}

#[tokio::test]
async fn setting_the_clock_breaks_nothing() {
    for jump in [Span::days(-1), Span::days(1), Span::days(3_650), Span::days(-3_650), Span::hours(1)] {
        let central = Central::start(Stable);
        central.minute().await;
        let first = central.given();
        central.clock.set_by(jump);
        central.minutes(100).await;
        assert_eq!((central.given(), central.asked()), (first, 1), "{jump}");
        central.minutes(18).await;
        assert!(central.works() && central.asked() == 2, "{jump}: renewed by the time that has passed");
    }
}

#[tokio::test]
async fn a_lost_answer_of_the_classic_endpoint_is_asked_for_again_at_once() {
    let central = Central::start(Classic);
    central.minute().await;
    central.minutes(108).await;
    for fault in [Fault::ResetAfter, Fault::Truncated] {
        let before = central.given().unwrap();
        // The platform has given a new token and ended ours, and nobody told us.
        central.platform.set_fault(APP_ID, Some(fault));
        central.minutes(3).await;
        assert_eq!(central.given().as_ref(), Some(&before), "{fault:?}: it lives for five minutes more");
        assert!(central.platform.accepts(APP_ID, &before) || central.asked() > 2);
        central.platform.set_fault(APP_ID, None);
        central.minutes(2).await;
        assert!(central.works() && central.given() != Some(before), "{fault:?}");
        central.minutes(107).await;
    }
}

#[tokio::test]
async fn killed_between_question_and_answer_it_asks_again() {
    let central = Central::start(Classic);
    central.minute().await;
    // The question is counted before it is put: this is what a kill in between leaves.
    let before = central.given().unwrap();
    let asking = shutong::store::records::TokenCountsRecord { is_asking: true, ..Default::default() };
    central
        .store
        .write(shutong::store::Durability::Durable, |write| {
            write.put(&shutong::store::schema::TOKEN_COUNTS, &"main".to_owned(), &asking)
        })
        .unwrap_or_else(|error: shutong::store::Error| panic!("{error}"));
    central.platform.rotate_by_somebody(APP_ID);
    let central = central.restart();
    central.minutes(1).await;
    assert_ne!(central.given(), Some(before));
    assert!(central.works());
    central.minutes(10).await;
    assert!(central.works());
}

#[tokio::test]
async fn the_platform_away_for_three_hours() {
    for fault in [Fault::Refused, Fault::Status500, Fault::Busy, Fault::Html, Fault::Quota] {
        let central = Central::start(Stable);
        central.minute().await;
        let token = central.given();
        central.platform.clear_calls();
        central.platform.set_fault_everywhere(Some(fault));
        central.minutes(118).await;
        assert_eq!(central.given(), token, "{fault:?}: to its end");
        central.minutes(62).await;
        assert_eq!(central.given(), None, "{fault:?}");
        let Err(Error::Unavailable { reason, retry_after }) = central.keeper().token().await else { panic!() };
        assert!(!reason.is_empty() && (1..=75).contains(&retry_after.as_secs()), "{fault:?}: {reason}");
        let tries = central.platform.calls().len();
        assert!(tries <= 80, "{fault:?}: {tries} tries in 66 minutes");
        assert_eq!(central.troubles(), ["renewal_failing/main"], "{fault:?}");
        central.platform.set_fault_everywhere(None);
        central.minutes(2).await;
        assert!(central.works(), "{fault:?}: back within two minutes");
        assert_eq!(central.troubles(), [""; 0], "{fault:?}");
    }
}

#[tokio::test]
async fn another_host_is_asked_when_the_first_cannot_be_connected_to() {
    let second = |settings: &mut shutong::token::Settings, base: String| settings.hosts.bases.push(base);
    let clock = super::support::clock::ManualClock::new();
    let platform = super::support::central::platform(&clock);
    let base = platform.second_base();
    let central = Central::with(Stable, |settings| {
        settings.hosts.bases = vec![platform.base()];
        second(settings, base);
    });
    platform.set_fault_everywhere(Some(Fault::Refused));
    central.minute().await;
    assert!(central.given().is_some_and(|token| platform.accepts(APP_ID, &token)));
    // An answer, whatever it says, is no reason to ask elsewhere.
    platform.set_fault_everywhere(Some(Fault::Busy));
    platform.clear_calls();
    let _ = central.keeper().refresh().await;
    assert_eq!(platform.calls().len(), 1);
}

#[tokio::test]
async fn a_token_set_by_hand_counts_at_once_and_is_renewed_by_itself() {
    let central = Central::start(Stable);
    central.minute().await;
    let by_hand = central.platform.rotate_by_somebody(APP_ID);
    let set = |text: &str, seconds| central.keeper().set(Secret::new(text), Duration::from_secs(seconds));
    let Err(Error::Refused(why)) = set(&"x".repeat(120), 7_200).await else { panic!() };
    assert!(why.contains("40001"), "the platform's own words: {why}");
    assert_eq!(central.keeper().current().unwrap().origin, Origin::Platform, "nothing has changed");
    for (text, seconds) in [("", 7_200), ("with space", 7_200), (&*by_hand, 0), (&*by_hand, 7_201)] {
        assert!(set(text, seconds).await.is_err(), "{text} {seconds}");
    }
    assert_eq!(set(&by_hand, 1_800).await.unwrap().note, None);
    let held = central.keeper().current().unwrap();
    assert_eq!((held.origin, held.value.expose()), (Origin::Manual, by_hand.as_str()));
    let central = central.restart();
    central.minutes(20).await;
    assert_eq!(central.given(), Some(by_hand), "neither a restart nor time replaces it before its end");
    central.minutes(10).await;
    assert_eq!(central.keeper().current().unwrap().origin, Origin::Platform);
    assert!(central.works());
}

#[tokio::test]
async fn with_the_platform_away_a_token_set_by_hand_is_believed() {
    let central = Central::start(Stable);
    central.platform.set_fault_everywhere(Some(Fault::Status500));
    central.minute().await;
    let set = central.keeper().set(Secret::new("set-in-an-emergency"), Duration::from_secs(7_200)).await.unwrap();
    assert!(set.note.is_some_and(|note| note.contains("not checked")));
    assert_eq!(central.given().as_deref(), Some("set-in-an-emergency"));
}

#[tokio::test]
async fn forced_refreshes_are_limited_as_the_platform_limits_them() {
    let central = Central::start(Stable);
    central.minute().await;
    let first = central.keeper().refresh().await.unwrap();
    let again = central.keeper().refresh().await.unwrap();
    assert!(first.is_new && !again.is_new && again.held.value == first.held.value, "within 30 seconds");
    for _ in 1..20 {
        central.clock.advance(Span::seconds(31));
        assert!(central.keeper().refresh().await.unwrap().is_new);
    }
    central.clock.advance(Span::seconds(31));
    let central = central.restart();
    assert!(matches!(central.keeper().refresh().await, Err(Error::Refused(why)) if why.contains("20")));
    assert!(central.works());
    assert_eq!(central.troubles(), ["quota_nearly_used/main"]);
    assert_eq!(central.platform.calls().iter().filter(|call| call.forced).count(), 20);
}

#[tokio::test]
async fn tickets_are_kept_like_tokens_but_only_while_they_are_wanted() {
    use shutong::wechat::TicketKind::{Jsapi, WxCard};
    let central = Central::start(Stable);
    central.minutes(300).await;
    assert_eq!(central.platform.count("/cgi-bin/ticket/getticket"), 0, "nobody asked");
    let ticket = central.keeper().tickets().get(central.keeper(), Jsapi).await.unwrap();
    let card = central.keeper().tickets().get(central.keeper(), WxCard).await.unwrap();
    assert_ne!(ticket.value, card.value);
    let mut asking = Vec::new();
    for _ in 0..100 {
        let keeper = std::sync::Arc::clone(central.keeper());
        asking.push(tokio::spawn(async move { keeper.tickets().get(&keeper, Jsapi).await.unwrap().number }));
    }
    for asked in asking {
        assert_eq!(asked.await.unwrap(), ticket.number);
    }
    assert_eq!(central.platform.count("/cgi-bin/ticket/getticket"), 2);
    let central = central.restart();
    central.minutes(119).await;
    let renewed = central.keeper().tickets().get(central.keeper(), Jsapi).await.unwrap();
    assert_ne!(renewed.value, ticket.value, "renewed before its end");
    central.minutes(60 * 25).await;
    central.platform.clear_calls();
    central.minutes(300).await;
    assert_eq!(central.platform.count("/cgi-bin/ticket/getticket"), 0, "forgotten");
    // A page signed with it is one the platform would take: the official vector is in the function's documentation.
    let signed = central.keeper().tickets().sign(central.keeper(), "https://books.example.com/b/1#x", [7; 16]).await;
    assert_eq!(signed.unwrap().app_id, APP_ID);
    let foreign = central.keeper().tickets().sign(central.keeper(), "https://evil.example.com/", [7; 16]).await;
    assert!(matches!(foreign, Err(Error::ForeignDomain(_))));
}

#[tokio::test]
async fn a_call_with_a_stale_token_is_made_once_more() {
    let central = Central::start(Stable);
    central.minute().await;
    central.platform.force_by_somebody(APP_ID);
    let client = central.keeper().client();
    let ips = central.keeper().with(|token| async move { client.callback_ips(&token).await }).await.unwrap();
    assert!(!ips.is_empty() && central.works());
    assert_eq!(central.platform.count("/cgi-bin/stable_token"), 2);
    assert_eq!(central.platform.issued(APP_ID, Endpoint::Stable), 2);
}

#[tokio::test]
async fn the_history_has_causes_and_outcomes_and_no_token() {
    let central = Central::start(Stable);
    central.minutes(60 * 24 * 5).await;
    central.platform.set_fault_everywhere(Some(Fault::Busy));
    central.minutes(130).await;
    let status = central.keeper().status().unwrap();
    assert_eq!(status.renewals.len(), 50, "the last ones");
    assert!(!status.renewals[0].succeeded && status.renewals[0].outcome.contains("-1"));
    assert!(status.failures > 3 && status.last_error.is_some() && status.expires_in == 0);
    let text = serde_json::to_string(&status).unwrap();
    assert!(
        !central.platform.calls().is_empty()
            && !text.contains("72_")
            && !text.contains(super::support::central::APP_SECRET)
    );
    let metrics = central.tokens.metrics();
    for line in ["shutong_token_expires_in_seconds{account=\"main\"} 0", "errcode=\"-1\"", "outcome=\"failed\""] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

/// The answer to a forced refresh is lost; the token that it ended was one set by hand.
#[tokio::test]
async fn a_lost_answer_ends_a_token_set_by_hand_too() {
    for is_restarted in [false, true] {
        let mut central = Central::start(Classic);
        central.minute().await;
        let by_hand = central.platform.rotate_by_somebody(APP_ID);
        central.keeper().set(Secret::new(by_hand.clone()), Duration::from_secs(7_200)).await.unwrap();
        central.platform.set_fault(APP_ID, Some(Fault::ResetAfter));
        assert!(central.keeper().refresh().await.is_err());
        central.platform.set_fault(APP_ID, None);
        if is_restarted {
            central = central.restart();
        }
        central.minutes(7).await;
        assert!(central.works() && central.given() != Some(by_hand), "restarted: {is_restarted}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_not_forgotten_over_a_try_that_did_nothing() {
    let central = Central::start(Classic);
    central.minute().await;
    central.platform.set_fault(APP_ID, Some(Fault::ResetAfter));
    assert!(central.keeper().refresh().await.is_err());
    central.platform.set_fault(APP_ID, Some(Fault::Refused));
    central.minute().await;
    let central = central.restart();
    central.platform.set_fault(APP_ID, None);
    central.minutes(7).await;
    assert!(central.works(), "the token from before has been ended by the answer that was lost");
}

#[tokio::test]
async fn a_token_that_cannot_be_looked_at_is_renewed_in_time_all_the_same() {
    let central = Central::start(Classic);
    central.minute().await;
    let first = central.given();
    let central = central.restart();
    central.platform.set_quota(APP_ID, Endpoint::CallbackIp, 0);
    central.minutes(114).await;
    assert!(central.given() != first && central.works(), "five minutes before its end");
}

#[tokio::test]
async fn noting_that_a_ticket_is_wanted_does_not_bring_an_old_one_back() {
    use shutong::store::{Durability, Error as Failure, schema::TICKETS};
    use shutong::wechat::TicketKind::Jsapi;
    let central = Central::start(Stable);
    central.minute().await;
    central.keeper().tickets().get(central.keeper(), Jsapi).await.unwrap();
    let key = ("main".to_owned(), "jsapi".to_owned());
    // A renewal has written its ticket, and has not shown it yet.
    let renewed = central.store.write(Durability::Durable, |write| {
        let mut record = write.get(&TICKETS, &key)?.unwrap();
        record.value = "the-new-one".into();
        write.put(&TICKETS, &key, &record)
    });
    renewed.unwrap_or_else(|error: Failure| panic!("{error}"));
    central.clock.advance(Span::minutes(31));
    central.keeper().tickets().get(central.keeper(), Jsapi).await.unwrap();
    let kept = central.store.get(&TICKETS, &key).unwrap().unwrap();
    assert_eq!((kept.value.as_str(), kept.asked_at), ("the-new-one", Some(central.clock.now())));
}

#[tokio::test]
async fn a_clock_set_back_between_two_runs_makes_no_token_live_longer() {
    let central = Central::start(Classic);
    central.minute().await;
    central.platform.set_fault_everywhere(Some(Fault::Status500));
    central.clock.set_by(Span::days(-365));
    let central = central.restart();
    assert!(central.given().is_some());
    central.minutes(121).await;
    assert_eq!(central.given(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_a_token_before_the_disk_has_it() {
    let central = Central::start(Stable);
    central.platform.set_latency(Some(Duration::from_millis(300)));
    let keeper = std::sync::Arc::clone(central.keeper());
    let asking = tokio::spawn(async move { keeper.token().await });
    while central.platform.count("/cgi-bin/stable_token") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The answer is under way, and somebody else is writing.
    let (release, released) = std::sync::mpsc::channel();
    let store = std::sync::Arc::clone(&central.store);
    let writing = std::thread::spawn(move || {
        store.write(shutong::store::Durability::Soon, |_| {
            released.recv().unwrap();
            Ok::<_, shutong::store::Error>(())
        })
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(central.given(), None);
    release.send(()).unwrap();
    writing.join().unwrap().unwrap();
    assert!(asking.await.unwrap().is_ok() && central.works());
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_any_more_is_kept() {
    let central = Central::start(Classic);
    central.platform.set_latency(Some(Duration::from_millis(200)));
    assert!(tokio::time::timeout(Duration::from_millis(50), central.keeper().token()).await.is_err());
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(central.works());
    let before = central.given();
    assert!(tokio::time::timeout(Duration::from_millis(50), central.keeper().refresh()).await.is_err());
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(central.works() && central.given() != before && central.asked() == 2);
}
