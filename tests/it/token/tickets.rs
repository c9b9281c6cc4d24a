//! Tickets: on disk before anybody sees one.

use std::sync::Arc;
use std::time::Duration;

use shutong::store::{Durability, Error};
use shutong::wechat::TicketKind::Jsapi;
use shutong::wechat::TokenEndpoint::Stable;

use crate::support::central::Central;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_a_ticket_before_the_disk_has_it() {
    let central = Central::start(Stable);
    central.minute().await;
    central.platform.set_latency(Some(Duration::from_millis(300)));
    let ask = || {
        let keeper = Arc::clone(central.keeper());
        tokio::spawn(async move { keeper.tickets().get(&keeper, Jsapi).await })
    };
    let asking = ask();
    while central.platform.count("/cgi-bin/ticket/getticket") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The answer is under way, and somebody else is writing.
    let (release, released) = std::sync::mpsc::channel();
    let store = Arc::clone(&central.store);
    let writing = std::thread::spawn(move || {
        store.write(Durability::Soon, |_| {
            released.recv().unwrap();
            Ok::<_, Error>(())
        })
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    let other = ask();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!asking.is_finished() && !other.is_finished());
    release.send(()).unwrap();
    writing.join().unwrap().unwrap();
    assert_eq!(asking.await.unwrap().unwrap().value, other.await.unwrap().unwrap().value);
    assert_eq!(central.platform.count("/cgi-bin/ticket/getticket"), 1);
}
