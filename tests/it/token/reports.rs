//! Tokens that somebody says were refused.

use std::sync::Arc;
use std::time::Duration;

use chrono::Duration as Span;
use shutong::secret::Secret;
use shutong::token::Refreshed;
use shutong::wechat::TokenEndpoint::{Classic, Stable};

use crate::support::central::{APP_ID, Central};
use crate::support::wechat_api::Fault;

/// A thousand callers report the same token at the same time.
async fn reported(central: &Central, token: &str) -> Vec<Refreshed> {
    let reports: Vec<_> = (0..1_000)
        .map(|_| {
            let (keeper, refused) = (Arc::clone(central.keeper()), Secret::new(token));
            tokio::spawn(async move { keeper.report(refused).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for report in reports {
        answers.push(report.await.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_reports_of_a_dead_token_cost_one_call() {
    for endpoint in [Stable, Classic] {
        let central = Central::start(endpoint);
        central.minute().await;
        central.clock.advance(Span::minutes(10));
        let dead = central.given().unwrap();
        central.platform.kill_tokens(APP_ID);
        central.platform.clear_calls();
        central.platform.set_latency(Some(Duration::from_millis(50)));
        let answers = reported(&central, &dead).await;
        assert_eq!(central.asked(), 1, "{endpoint:?}");
        assert_eq!(central.platform.count("/cgi-bin/getcallbackip"), 1, "{endpoint:?}");
        let fresh = central.given().unwrap();
        assert!(answers.iter().all(|answer| answer.is_new || answer.note.is_some()));
        assert!(answers.iter().all(|answer| answer.held.value.expose() == fresh));
        assert!(central.works() && fresh != dead);
        assert_eq!(central.troubles(), ["somebody_else/main"], "{endpoint:?}: it should have lived");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_false_reports_cost_one_look() {
    let central = Central::start(Stable);
    central.minute().await;
    let token = central.given().unwrap();
    central.platform.clear_calls();
    central.platform.set_latency(Some(Duration::from_millis(50)));
    let answers = reported(&central, &token).await;
    assert!(answers.iter().all(|answer| !answer.is_new && answer.held.value.expose() == token));
    assert_eq!((central.asked(), central.platform.count("/cgi-bin/getcallbackip")), (0, 1));
    // An old one, or one that never was, costs nothing at all.
    for other in ["72_never-was", ""] {
        let answer = central.keeper().report(Secret::new(other)).await.unwrap();
        assert!(!answer.is_new && answer.held.value.expose() == token);
    }
    assert_eq!(central.platform.calls().len(), 1);
}

#[tokio::test]
async fn where_nothing_can_be_shown_the_token_stays() {
    let central = Central::start(Stable);
    central.minute().await;
    let token = central.given().unwrap();
    for fault in [Fault::Refused, Fault::Busy, Fault::Status500, Fault::Html] {
        central.platform.set_fault_everywhere(Some(fault));
        let answer = central.keeper().report(Secret::new(token.clone())).await.unwrap();
        assert!(!answer.is_new && answer.held.value.expose() == token, "{fault:?}");
    }
}

#[tokio::test]
async fn dead_and_nothing_to_be_had_nobody_is_given_the_dead_one() {
    let central = Central::start(Stable);
    central.minute().await;
    let dead = central.given().unwrap();
    central.platform.kill_tokens(APP_ID);
    central.platform.set_fault(APP_ID, Some(Fault::Busy)); // of the calls for tokens only
    assert!(central.keeper().report(Secret::new(dead.clone())).await.is_err());
    assert_eq!(central.given(), None);
    let central = central.restart();
    assert_eq!(central.given(), None, "after a restart neither");
    central.platform.set_fault(APP_ID, None);
    central.minutes(2).await;
    assert!(central.works());
}

#[tokio::test]
async fn a_stable_endpoint_that_insists_on_a_dead_token_is_forced() {
    let central = Central::start(Stable);
    central.minute().await;
    let dead = central.given().unwrap();
    central.platform.kill_tokens_unawares(APP_ID);
    let answer = central.keeper().report(Secret::new(dead)).await.unwrap();
    assert!(answer.is_new && central.works());
    assert_eq!(central.platform.calls().iter().filter(|call| call.forced).count(), 1);
}

/// Somebody else asks the classic endpoint again and again, and every time ends our token.
#[tokio::test]
async fn two_who_renew_do_not_start_a_storm() {
    let central = Central::start(Classic);
    central.minute().await;
    central.platform.clear_calls();
    for _ in 0..600 {
        central.platform.rotate_by_somebody(APP_ID);
        central.clock.advance(Span::minutes(6));
        central.tokens.tick().await;
        if let Some(token) = central.given() {
            let _ = central.keeper().report(Secret::new(token)).await;
        }
    }
    let days = 600.0 * 6.0 / 1_440.0;
    let calls = central.asked() as f64 / days;
    // The regular renewals, twenty that answered a report, and the tries when there was no token any more.
    assert!(calls < 180.0, "{calls} calls a day");
    assert!(central.troubles().contains(&"somebody_else/main".to_owned()), "{:?}", central.troubles());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_reports_that_cannot_be_checked_cost_one_look() {
    let central = Central::start(Stable);
    central.minute().await;
    let token = central.given().unwrap();
    central.platform.clear_calls();
    central.platform.set_latency(Some(Duration::from_millis(50)));
    central.platform.set_fault_everywhere(Some(Fault::Status500));
    let answers = reported(&central, &token).await;
    let is_kept = |answer: &Refreshed| !answer.is_new && answer.held.value.expose() == token;
    assert!(answers.iter().all(is_kept));
    // Each look may take as long as a call can, and nothing is renewed meanwhile.
    assert_eq!(central.platform.calls().len(), 1);
    central.platform.set_fault_everywhere(None);
    central.platform.kill_tokens(APP_ID);
    central.clock.advance(Span::seconds(11));
    assert!(central.keeper().report(Secret::new(token)).await.unwrap().is_new && central.works());
}

/// The platform refuses a token and goes on to give it.
#[tokio::test]
async fn a_token_known_to_be_dead_does_not_come_back() {
    for is_restarted in [false, true] {
        let mut central = Central::start(Stable);
        central.minute().await;
        let dead = central.given().unwrap();
        central.platform.kill_tokens_unawares(APP_ID);
        central.platform.set_fault(APP_ID, Some(Fault::Busy));
        assert!(central.keeper().report(Secret::new(dead.clone())).await.is_err());
        if is_restarted {
            central = central.restart();
        }
        let mut changes = central.keeper().subscribe();
        let own = dead.clone();
        let has_come_back = tokio::spawn(async move {
            while changes.changed().await.is_ok() {
                let shown = changes.borrow_and_update().clone();
                if shown.is_some_and(|held| held.value.expose() == own) {
                    return true;
                }
            }
            false
        });
        central.platform.set_fault(APP_ID, None);
        central.platform.set_latency(Some(Duration::from_millis(50)));
        central.minutes(2).await;
        assert!(central.works() && central.given() != Some(dead), "restarted: {is_restarted}");
        assert_eq!(central.platform.calls().iter().filter(|call| call.forced).count(), 1);
        drop(central);
        assert!(!has_come_back.await.unwrap(), "restarted: {is_restarted}");
    }
}

#[tokio::test]
async fn where_force_is_used_up_a_dead_token_is_not_given_for_want_of_another() {
    let central = Central::start(Stable);
    central.minute().await;
    for _ in 0..20 {
        central.clock.advance(Span::seconds(31));
        central.keeper().refresh().await.unwrap();
    }
    central.clock.advance(Span::seconds(31));
    let dead = central.given().unwrap();
    central.platform.kill_tokens_unawares(APP_ID);
    central.platform.clear_calls();
    assert!(central.keeper().report(Secret::new(dead)).await.is_err());
    central.minutes(30).await;
    assert_eq!(central.given(), None);
    assert!(central.asked() <= 40, "{}", central.asked());
    central.platform.kill_tokens(APP_ID); // it has noticed
    central.minutes(2).await;
    assert!(central.works());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_forces_a_refresh_at_the_same_time_has_the_same_one() {
    for endpoint in [Stable, Classic] {
        let central = Central::start(endpoint);
        central.minute().await;
        let before = central.given();
        central.platform.clear_calls();
        central.platform.set_latency(Some(Duration::from_millis(100)));
        let refreshes = (0..20).map(|_| central.keeper().refresh());
        let answers = futures_util::future::join_all(refreshes).await;
        let is_new = |answer: &Refreshed| answer.is_new && Some(answer.held.value.expose()) != before.as_deref();
        assert!(answers.iter().all(|answer| is_new(answer.as_ref().unwrap())), "{endpoint:?}");
        assert_eq!(central.asked(), 1, "{endpoint:?}");
    }
}

/// A number stands for a value: whoever follows the changes is not told of one that is none.
#[tokio::test]
async fn the_same_token_given_again_keeps_its_number() {
    let central = Central::start(Stable);
    central.minute().await;
    let first = central.keeper().current().unwrap();
    let central = central.restart();
    central.minute().await;
    let again = central.keeper().current().unwrap();
    assert_eq!((central.asked(), again.number, &again.value), (2, first.number, &first.value));
}
