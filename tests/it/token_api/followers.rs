//! Servers that follow another: they serve its token, and its last one while it is away.

use serde_json::json;
use shutong::store::records::Origin;
use shutong::token::Scope;

use crate::support::central::APP_ID;
use crate::support::test_app::TestApp;
use crate::support::wechat_api::Fault;

/// A leader with its platform, and a server that follows it. The follower has a platform of its own, so that whom it
/// asks can be seen.
async fn pair(take_over: &str) -> (TestApp, TestApp) {
    let leader = TestApp::with_platform("", "").await;
    let key = leader.key(&[Scope::Read, Scope::Refresh, Scope::Ticket]);
    let more = format!(
        "[token]\nupstream = [\"http://127.0.0.1:9\", \"http://{}\"]\nupstream_key = \"{key}\"\ntake_over = \"{take_over}\"\n",
        leader.token
    );
    let follower = TestApp::with_platform("", &more).await;
    (leader, follower)
}

/// Time passes at both.
async fn minutes(leader: &TestApp, follower: &TestApp, count: u32) {
    for _ in 0..count {
        for test in [leader, follower] {
            test.clock.advance(chrono::Duration::minutes(1));
        }
        leader.app.tokens.tick().await;
        follower.app.tokens.tick().await;
    }
}

#[tokio::test]
async fn a_follower_has_the_leaders_token_and_asks_nobody_else() {
    let (leader, follower) = pair("never").await;
    let key = follower.key(&Scope::ALL);
    minutes(&leader, &follower, 1).await;
    let own = async || follower.ask("/accesstoken", &key, None).await;
    let first = own().await;
    assert!(leader.platform.as_ref().unwrap().accepts(APP_ID, first.access_token()), "{first:?}");
    let held = follower.app.tokens.of(None).unwrap().current().unwrap();
    assert_eq!(held.origin, Origin::Upstream);
    minutes(&leader, &follower, 300).await;
    assert!(leader.platform.as_ref().unwrap().accepts(APP_ID, own().await.access_token()));
    // A report goes to the leader, who judges it.
    let token = own().await.access_token().to_owned();
    let told = follower.ask("/accesstoken/main/report", &key, Some(json!({ "refused": token }))).await;
    assert_eq!((told.access_token(), &told.json["is_new"]), (token.as_str(), &json!(false)));
    leader.platform.as_ref().unwrap().force_by_somebody(APP_ID);
    for test in [&leader, &follower] {
        test.clock.advance(chrono::Duration::seconds(11));
    }
    let told = follower.ask("/accesstoken/main/report", &key, Some(json!({ "refused": token }))).await;
    assert!(told.json["is_new"] == true && leader.platform.as_ref().unwrap().accepts(APP_ID, told.access_token()));
    let ticket = follower.ask("/ticket/main", &key, None).await;
    assert_eq!(ticket.status, 200, "{ticket:?}");
    assert!(follower.platform.as_ref().unwrap().calls().is_empty(), "the platform was never asked");
}

#[tokio::test]
async fn with_the_leader_away_the_last_token_is_served_to_its_end() {
    let (mut leader, follower) = pair("never").await;
    minutes(&leader, &follower, 1).await;
    let keeper = follower.app.tokens.of(None).unwrap();
    let last = keeper.current().unwrap();
    leader.stop().await;
    minutes(&leader, &follower, 100).await;
    assert_eq!(keeper.current().unwrap().value, last.value);
    minutes(&leader, &follower, 25).await;
    assert!(keeper.current().is_none());
    assert!(follower.platform.as_ref().unwrap().calls().is_empty(), "not without being told to");
    // Whoever wants a new one does not make it ask more often than that.
    for _ in 0..20 {
        assert!(keeper.refresh().await.is_err());
    }
    let renewals = keeper.status().unwrap().renewals;
    assert!(renewals.iter().filter(|renewal| renewal.cause == "forced").count() <= 1);
    // Told to.
    keeper.lead(true).unwrap();
    minutes(&leader, &follower, 2).await;
    let held = keeper.current().unwrap();
    assert!(
        held.origin == Origin::Platform && follower.platform.as_ref().unwrap().accepts(APP_ID, held.value.expose())
    );
}

#[tokio::test]
async fn where_it_is_harmless_a_follower_takes_over_and_gives_back() {
    let (mut leader, follower) = pair("stable").await;
    minutes(&leader, &follower, 1).await;
    let keeper = follower.app.tokens.of(None).unwrap();
    leader.stop().await;
    minutes(&leader, &follower, 100).await;
    assert_eq!(keeper.current().unwrap().origin, Origin::Upstream, "the last one is good");
    for minute in 0..300 {
        minutes(&leader, &follower, 1).await;
        let held = keeper.current().unwrap_or_else(|| panic!("minute {minute}: without a token"));
        let is_taken = held.origin == Origin::Platform;
        assert!(!is_taken || follower.platform.as_ref().unwrap().accepts(APP_ID, held.value.expose()), "{minute}");
    }
    assert_eq!(keeper.current().unwrap().origin, Origin::Platform, "nobody it follows answers");
    let calls = follower.platform.as_ref().unwrap().calls().len();
    assert!(calls <= 4, "{calls}");
    // The leader comes back, at the same address.
    let leader = leader.restart_at_same_address().await;
    minutes(&leader, &follower, 3).await;
    let held = keeper.current().unwrap();
    assert!(held.origin == Origin::Upstream && leader.platform.as_ref().unwrap().accepts(APP_ID, held.value.expose()));
}

#[tokio::test]
async fn a_leader_without_a_token_does_not_take_the_followers_away() {
    let (leader, follower) = pair("never").await;
    minutes(&leader, &follower, 1).await;
    let keeper = follower.app.tokens.of(None).unwrap();
    let last = keeper.current().unwrap();
    leader.platform.as_ref().unwrap().kill_tokens(APP_ID);
    leader.platform.as_ref().unwrap().set_fault(APP_ID, Some(Fault::Busy));
    let own = leader.app.tokens.of(None).unwrap();
    assert!(own.report(last.value.clone()).await.is_err());
    minutes(&leader, &follower, 3).await;
    assert_eq!(keeper.current().unwrap().value, last.value, "it may be good, for all the follower knows");
    leader.platform.as_ref().unwrap().set_fault(APP_ID, None);
    minutes(&leader, &follower, 3).await;
    assert!(leader.platform.as_ref().unwrap().accepts(APP_ID, keeper.current().unwrap().value.expose()));
}
