//! What keepers have done since the start, for `/metrics`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Keeper;

/// Counters of one keeper.
#[derive(Default)]
pub(super) struct Tally(Mutex<Counts>);

#[derive(Clone, Default)]
struct Counts {
    /// Renewals by outcome.
    renewals: BTreeMap<&'static str, u64>,
    /// Calls of the platform by path and errcode; `none` where no answer came.
    calls: BTreeMap<(&'static str, String), u64>,
}

impl Tally {
    pub(super) fn renewal(&self, outcome: &'static str) {
        *self.0.lock().renewals.entry(outcome).or_default() += 1;
    }

    pub(super) fn call(&self, path: &'static str, errcode: Option<i64>) {
        let errcode = errcode.map_or("none".to_owned(), |code| code.to_string());
        *self.0.lock().calls.entry((path, errcode)).or_default() += 1;
    }
}

pub(super) fn lines(keepers: &[Arc<Keeper>]) -> String {
    let mut text = String::new();
    let head = |text: &mut String, name: &str, kind: &str, help: &str| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    };
    head(&mut text, "shutong_token_expires_in_seconds", "gauge", "Seconds the access_token still lives.");
    for keeper in keepers {
        let left = keeper.current().map_or(0, |held| held.left(keeper.uptime()).as_secs());
        let _ = writeln!(text, "shutong_token_expires_in_seconds{{account=\"{}\"}} {left}", keeper.account());
    }
    head(&mut text, "shutong_token_refresh_total", "counter", "Renewals of the access_token.");
    let counts: Vec<(&str, Counts)> =
        keepers.iter().map(|keeper| (keeper.account(), keeper.tally().0.lock().clone())).collect();
    for (account, counts) in &counts {
        for (outcome, count) in &counts.renewals {
            let labels = format!("account=\"{account}\",outcome=\"{outcome}\"");
            let _ = writeln!(text, "shutong_token_refresh_total{{{labels}}} {count}");
        }
    }
    head(&mut text, "shutong_platform_calls_total", "counter", "Calls of the platform's API.");
    for (account, counts) in &counts {
        for ((path, errcode), count) in &counts.calls {
            let labels = format!("account=\"{account}\",path=\"{path}\",errcode=\"{errcode}\"");
            let _ = writeln!(text, "shutong_platform_calls_total{{{labels}}} {count}");
        }
    }
    text
}
