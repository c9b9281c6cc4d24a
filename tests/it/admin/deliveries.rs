//! Deliveries on the admin page: listed by state, tried again, called off; no address in clear.

use shutong::store::records::{DeliveryRecord, DeliveryState, DeliveryTrouble, Parcel};
use shutong::store::schema::{DELIVERIES, DELIVERY_NEWS, DELIVERY_QUEUE};
use shutong::store::{Durability, Error};

use super::browser::Page;

fn key(number: u64) -> (String, String) {
    ("main/oFollower".to_owned(), format!("2026-09-21/{number}-any/zhangsan@kindle.com"))
}

/// A delivery as the drain would have left it.
fn add(page: &Page, number: u64, state: DeliveryState, trouble: Option<DeliveryTrouble>) {
    let row = DeliveryRecord {
        number,
        parcel: Parcel::Book { book: 1, title: format!("<第{number}本>"), file: None },
        address: "zhangsan@kindle.com".into(),
        queued_at: page.now(),
        state,
        attempts: 2,
        next_at: page.now(),
        ended_at: None,
        trouble,
    };
    let row = DeliveryRecord { ended_at: row.has_ended().then_some(page.now()), ..row };
    let written = page.app.store.write(Durability::Durable, |write| {
        write.put(&DELIVERIES, &key(number), &row)?;
        if !row.has_ended() {
            write.put(&DELIVERY_QUEUE, &number, &key(number))?;
        }
        Ok::<_, Error>(())
    });
    written.unwrap();
}

fn row(page: &Page, number: u64) -> DeliveryRecord {
    page.app.store.get(&DELIVERIES, &key(number)).unwrap().unwrap()
}

#[tokio::test]
async fn deliveries_are_listed_by_state_without_addresses() {
    let (page, mut admin) = Page::with_admin().await;
    assert!(admin.get("/deliveries").await.body.contains("这里没有推送"));
    add(&page, 1, DeliveryState::Sent, None);
    add(&page, 2, DeliveryState::Failed, Some(DeliveryTrouble::Refused("550 <no>".into())));
    add(&page, 3, DeliveryState::Retry, Some(DeliveryTrouble::Later("451 greylisted".into())));
    add(&page, 4, DeliveryState::Queued, None);
    // As a start does with rows from before addresses were closed.
    page.app.kindle.seal_addresses().unwrap();
    let all = admin.get("/deliveries").await.body;
    assert!(all.contains("2 件在排队") && all.contains("zh***@kindle.com") && !all.contains("zhangsan"), "{all}");
    assert!(all.contains("邮件服务器拒收：550 &#60;no&#62;") && all.contains("暂时没寄通：451"), "{all}");
    assert!(all.find("第4本").unwrap() < all.find("第1本").unwrap(), "the latest first");
    for (state, shown) in [("waiting", "34"), ("sent", "1"), ("failed", "2"), ("nonsense", "1234")] {
        let page = admin.get(&format!("/deliveries?state={state}")).await.body;
        let there: String = ['1', '2', '3', '4'].iter().filter(|n| page.contains(&format!("第{n}本"))).collect();
        assert_eq!(there, shown, "{state}");
    }
}

#[tokio::test]
async fn one_that_failed_is_tried_again_and_one_that_waits_is_called_off() {
    let (page, mut admin) = Page::with_admin().await;
    add(&page, 1, DeliveryState::Sent, None);
    add(&page, 2, DeliveryState::Failed, Some(DeliveryTrouble::BookGone));
    let retried = admin.form("/deliveries/2/retry", "state=failed").await;
    assert_eq!((retried.status, retried.header("location")), (303, Some("/deliveries?state=failed")));
    assert_eq!((row(&page, 2).state, row(&page, 2).trouble), (DeliveryState::Queued, None));
    assert!(admin.get("/deliveries").await.body.contains("马上再试一次"));
    assert_eq!(admin.form("/deliveries/2/cancel", "").await.status, 303);
    let cancelled = row(&page, 2);
    assert_eq!((cancelled.state, cancelled.trouble), (DeliveryState::Failed, Some(DeliveryTrouble::Cancelled)));
    assert_eq!(page.app.kindle.waiting().unwrap(), 0);
    assert!(page.app.store.get(&DELIVERY_NEWS, &key(2)).unwrap().is_some(), "its follower hears of it");
    assert!(admin.get("/deliveries").await.body.contains("已取消"));
    for path in [
        "/deliveries/2/cancel",
        "/deliveries/1/cancel",
        "/deliveries/1/retry",
        "/deliveries/9/retry",
        "/deliveries/x/retry",
    ] {
        assert_eq!(admin.form(path, "").await.status, 404, "{path}");
    }
    assert_eq!(row(&page, 1).state, DeliveryState::Sent);
}

#[tokio::test]
async fn many_deliveries_are_several_pages() {
    let (page, mut admin) = Page::with_admin().await;
    for number in 1..=120 {
        let state = if number % 2 == 0 { DeliveryState::Sent } else { DeliveryState::Queued };
        add(&page, number, state, None);
    }
    let mut path = "/deliveries?state=sent".to_owned();
    let mut seen = Vec::new();
    loop {
        let shown = admin.get(&path).await.body;
        let numbers = shown.split("data-delivery=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        seen.extend(numbers);
        let Some(next) = shown.split("rel=\"next\" href=\"").nth(1) else { break };
        path = next.split('"').next().unwrap().replace("&amp;", "&");
    }
    let expected: Vec<String> = (1..=60).rev().map(|number| (number * 2).to_string()).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn all_that_failed_is_tried_again_but_for_what_was_meant_to_end() {
    let (page, mut admin) = Page::with_admin().await;
    add(&page, 1, DeliveryState::Sent, None);
    add(&page, 2, DeliveryState::Failed, Some(DeliveryTrouble::Later("451".into())));
    add(&page, 3, DeliveryState::Failed, Some(DeliveryTrouble::Cancelled));
    add(&page, 4, DeliveryState::Failed, Some(DeliveryTrouble::Blocked));
    add(&page, 5, DeliveryState::Failed, Some(DeliveryTrouble::TooLarge(99)));
    assert!(admin.get("/deliveries?state=failed").await.body.contains("action=\"/deliveries/retry-failed\""));
    assert!(
        !admin.get("/deliveries?state=sent").await.body.contains("/deliveries/retry-failed"),
        "nothing failed here"
    );
    let retried = admin.form("/deliveries/retry-failed", "state=failed").await;
    assert_eq!((retried.status, retried.header("location")), (303, Some("/deliveries?state=failed")));
    let states = [1, 2, 3, 4, 5].map(|number| row(&page, number).state);
    let (sent, queued, failed) = (DeliveryState::Sent, DeliveryState::Queued, DeliveryState::Failed);
    assert_eq!(states, [sent, queued, failed, failed, queued]);
    assert_eq!((row(&page, 5).attempts, page.app.kindle.waiting().unwrap()), (0, 2));
    assert!(admin.get("/deliveries").await.body.contains("2 件重新排队了"));
}

#[tokio::test]
async fn deliveries_can_be_taken_along_as_a_table_and_as_json() {
    let (page, mut admin) = Page::with_admin().await;
    add(&page, 1, DeliveryState::Sent, None);
    add(&page, 2, DeliveryState::Failed, Some(DeliveryTrouble::Refused("550 \"no\", never".into())));
    page.app.kindle.seal_addresses().unwrap();
    let table = admin.get("/deliveries.csv?state=failed").await;
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(table.header("content-disposition").unwrap().starts_with("attachment"));
    let lines: Vec<&str> = table.body.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines.len(), 2, "{}", table.body);
    assert!(
        lines[1].starts_with("\"2\",") && lines[1].contains("\"邮件服务器拒收：550 \"\"no\"\", never\""),
        "{}",
        lines[1]
    );
    assert!(lines[1].contains("zh***@kindle.com") && !table.body.contains("zhangsan"), "{}", lines[1]);
    let all = admin.get("/api/deliveries").await.json();
    assert_eq!((all["items"][0]["id"].clone(), all["items"][1]["state"].clone()), (2.into(), "sent".into()));
    assert_eq!(all["items"][0]["address"], "zh***@kindle.com");
    assert!(all["before"].is_null());
}
