//! Trouble that only the owner can end: said once, in words that help, and not hammered at meanwhile.

use shutong::alert::Trouble;
use shutong::wechat::TokenEndpoint::{Classic, Stable};

use crate::support::central::{APP_ID, APP_SECRET, Central};
use crate::support::wechat_api::{Endpoint, Fault, WechatApi};

#[tokio::test]
async fn what_only_the_owner_can_end_is_told_once_and_asked_rarely() {
    type Setting = fn(&WechatApi, bool);
    let cases: [(&str, Setting); 4] = [
        ("not_whitelisted/main", |platform, bad| platform.set_whitelist(APP_ID, !bad)),
        ("wrong_secret/main", |platform, bad| {
            platform.set_secret(APP_ID, if bad { "another0another0another0another0" } else { APP_SECRET });
        }),
        ("forbidden/main", |platform, bad| platform.set_frozen(APP_ID, bad)),
        ("forbidden/main", |platform, bad| platform.set_confirm_ip(APP_ID, bad)),
    ];
    for (key, set) in cases {
        let central = Central::start(Stable);
        set(&central.platform, true);
        central.minutes(60).await;
        assert!(central.asked() <= 7, "{key}: {} calls in an hour", central.asked());
        let untold = central.alerts.untold().unwrap();
        assert_eq!(untold.len(), 1, "{key}");
        assert_eq!(untold[0].key, key);
        if let Trouble::NotWhitelisted { ip, .. } = &untold[0].trouble {
            assert!(ip.parse::<std::net::IpAddr>().is_ok() && untold[0].trouble.zh().contains(ip), "{ip}");
        }
        central.alerts.told(key, central.clock.now()).unwrap();
        central.minutes(60).await;
        assert!(central.alerts.untold().unwrap().is_empty(), "{key}: once");
        // The owner has mended it, and does not want to wait.
        set(&central.platform, false);
        let refreshed = central.keeper().refresh().await.unwrap();
        assert!(refreshed.is_new && central.works(), "{key}");
        assert!(central.troubles().is_empty(), "{key}: {:?}", central.troubles());
    }
}

#[tokio::test]
async fn mended_without_a_word_it_is_noticed() {
    let central = Central::start(Stable);
    central.platform.set_whitelist(APP_ID, false);
    central.minutes(30).await;
    central.platform.set_whitelist(APP_ID, true);
    central.minutes(11).await;
    assert!(central.works() && central.troubles().is_empty());
}

#[tokio::test]
async fn the_classic_quota_used_up_the_stable_endpoint_helps_out() {
    let central = Central::start(Classic);
    central.minute().await;
    central.platform.use_up(APP_ID, Endpoint::Token, 1_999);
    central.minutes(125).await;
    assert!(central.works(), "the two have quotas of their own");
    assert!(central.platform.calls().len() < 20, "{}", central.platform.calls().len());
}

#[tokio::test]
async fn an_account_without_a_secret_asks_nobody() {
    let central = Central::with(Stable, |settings| settings.app_secret = Default::default());
    central.minutes(60).await;
    assert!(central.platform.calls().is_empty());
    let error = central.keeper().token().await.unwrap_err().to_string();
    assert!(error.contains("app_secret"), "{error}");
    assert!(central.keeper().lead(true).is_err(), "and cannot be told to");
}

#[tokio::test]
async fn a_short_fault_is_nobodys_business() {
    let central = Central::start(Stable);
    central.minutes(114).await;
    central.platform.set_fault(APP_ID, Some(Fault::Busy));
    central.minutes(2).await;
    central.platform.set_fault(APP_ID, None);
    central.minutes(2).await;
    assert!(central.works() && central.alerts.untold().unwrap().is_empty());
}

/// The platform gives few tickets a day, and none at all to some accounts.
#[tokio::test]
async fn a_ticket_that_cannot_be_had_is_not_asked_for_every_minute() {
    let central = Central::start(Stable);
    central.minute().await;
    central.platform.set_quota(APP_ID, Endpoint::Ticket, 0);
    let kind = shutong::wechat::TicketKind::Jsapi;
    assert!(central.keeper().tickets().get(central.keeper(), kind).await.is_err());
    central.minutes(60).await;
    let calls = central.platform.count("/cgi-bin/ticket/getticket");
    assert!(calls <= 7, "{calls} in an hour");
    central.platform.set_quota(APP_ID, Endpoint::Ticket, 10);
    central.minutes(11).await;
    assert!(central.keeper().tickets().get(central.keeper(), kind).await.is_ok());
}
