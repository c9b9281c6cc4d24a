//! Thirty days of minutes. What is asserted in each: whoever asks is given a token that the platform takes, whenever
//! one could be had.

use chrono::Duration as Span;
use shutong::wechat::TokenEndpoint::{self, Classic, Stable};

use crate::support::central::{APP_ID, Central};
use crate::support::wechat_api::Fault;

const DAY: u32 = 24 * 60;

/// Random numbers that are the same for the same seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// When a fault ends at the latest, a token must be there again, in minutes: the longest wait between two tries.
fn grace(fault: Fault) -> i64 {
    match fault {
        // A day's quota used up: with a token left it is not tried more often than every ten minutes.
        Fault::Quota => 11,
        _ => 3,
    }
}

const FAULTS: [Fault; 10] = [
    Fault::Refused,
    Fault::Blackhole,
    Fault::Status500,
    Fault::Busy,
    Fault::Quota,
    Fault::PerMinute,
    Fault::Html,
    Fault::Truncated,
    Fault::ResetAfter,
    Fault::PlainType,
];

async fn calm(endpoint: TokenEndpoint) {
    let central = Central::start(endpoint);
    for day in 0..30 {
        central.platform.clear_calls();
        for minute in 0..DAY {
            central.minute().await;
            assert!(central.works(), "{endpoint:?}, day {day}, minute {minute}");
        }
        let calls = central.platform.calls();
        assert!(calls.len() <= 14, "{endpoint:?}, day {day}: {} calls", calls.len());
        assert!(calls.iter().all(|call| !call.forced), "{endpoint:?}, day {day}");
    }
    assert!(central.troubles().is_empty());
}

/// Faults come a few times a day and last up to an hour and a half.
async fn rough(endpoint: TokenEndpoint, seed: u64) {
    let central = Central::with(endpoint, |settings| settings.hosts.total = std::time::Duration::from_millis(60));
    let mut random = Random(seed);
    let mut fault: Option<Fault> = None;
    let mut changes_in = 200;
    // When the last fault ended, and which it was.
    let mut last: (i64, Fault) = (0, Fault::Busy);
    let mut minutes: i64 = 1_000;
    // The last token given, and when it was first given.
    let mut given: Option<(String, i64)> = None;
    let mut forced = 0;
    for _ in 0..30 * DAY {
        minutes += 1;
        changes_in -= 1;
        if changes_in == 0 {
            match fault.take() {
                Some(over) => {
                    last = (minutes, over);
                    changes_in = 20 + random.below(400) as i64;
                }
                None => {
                    fault = Some(FAULTS[random.below(FAULTS.len() as u64) as usize]);
                    changes_in = 1 + random.below(90) as i64;
                }
            }
            central.platform.set_fault(APP_ID, fault);
        }
        central.minute().await;
        let told = || format!("{endpoint:?}, seed {seed}, minute {minutes}, fault {fault:?}, last {last:?}");
        let now = central.given();
        let works = now.as_ref().is_some_and(|token| central.platform.accepts(APP_ID, token));
        let is_harmless = matches!(fault, None | Some(Fault::PlainType));
        if is_harmless && minutes - last.0 > grace(last.1) {
            assert!(works, "{}: a token could have been had", told());
        }
        // While nothing can be had, the one there is stays to its end, five seconds before which it is let go.
        if let Some((token, since)) = &given
            && minutes - since < 119
            && central.platform.accepts(APP_ID, token)
        {
            assert!(works, "{}: a token that works was thrown away", told());
        }
        if let Some(token) = now.filter(|token| given.as_ref().is_none_or(|(known, _)| known != token)) {
            given = Some((token, minutes));
        }
        forced = central.platform.calls().iter().filter(|call| call.forced).count();
    }
    assert_eq!(forced, 0, "{endpoint:?}, seed {seed}: nobody reported a token, so none had to be forced");
    assert!(
        central.clock.now() > "2026-03-30T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap() + Span::days(0)
    );
}

#[tokio::test]
async fn thirty_calm_days_stable() {
    calm(Stable).await;
}

#[tokio::test]
async fn thirty_calm_days_classic() {
    calm(Classic).await;
}

#[tokio::test]
async fn thirty_rough_days_stable() {
    rough(Stable, 0x5eed_0001).await;
}

#[tokio::test]
async fn thirty_rough_days_classic() {
    rough(Classic, 0x5eed_0002).await;
}
