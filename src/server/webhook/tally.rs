//! What the callback has done, for `/metrics`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use parking_lot::Mutex;

/// Upper ends of the histogram's buckets, in seconds. The last one before infinity is the platform's patience.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 4.5];

/// Refused pushes are told of at most this often, in seconds.
const TELL_EVERY: i64 = 60;

/// Counters since the start of the process.
#[derive(Default)]
pub(super) struct Tally(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// Distinct messages by account and kind.
    handled: BTreeMap<String, BTreeMap<String, u64>>,
    /// Pushes refused.
    refused: u64,
    /// How many of them have been told of, and when that was, in Unix seconds.
    told: (u64, i64),
    /// Attempts answered, by bucket; the last are slower than all.
    attempts: [u64; BUCKETS.len() + 1],
    seconds: f64,
}

impl Tally {
    /// A message that was not under way yet.
    pub(super) fn message(&self, account: &str, kind: &str) {
        let mut counts = self.0.lock();
        // Names are copied the first time only.
        if let Some(count) = counts.handled.get_mut(account).and_then(|kinds| kinds.get_mut(kind)) {
            *count += 1;
            return;
        }
        counts.handled.entry(account.to_owned()).or_default().insert(kind.to_owned(), 1);
    }

    /// An attempt was answered after so long.
    pub(super) fn answered(&self, after: Duration) {
        let seconds = after.as_secs_f64();
        let bucket = BUCKETS.iter().position(|end| seconds <= *end).unwrap_or(BUCKETS.len());
        let mut counts = self.0.lock();
        counts.attempts[bucket] += 1;
        counts.seconds += seconds;
    }

    /// A push was refused at `now`, in Unix seconds. Gives how many were since the last time it gave a number, at
    /// most once a minute.
    pub(super) fn refused(&self, now: i64) -> Option<u64> {
        let mut counts = self.0.lock();
        counts.refused += 1;
        let (told, at) = counts.told;
        if now.saturating_sub(at) < TELL_EVERY {
            return None;
        }
        counts.told = (counts.refused, now);
        Some(counts.refused - told)
    }

    /// All of it in Prometheus's text format.
    pub(super) fn lines(&self) -> String {
        let counts = self.0.lock();
        let mut text = String::from("# TYPE shutong_messages_handled_total counter\n");
        for (account, kinds) in &counts.handled {
            for (kind, count) in kinds {
                // Names of accounts are letters, digits, - and _; kinds come from the program: nothing to escape.
                let _ =
                    writeln!(text, "shutong_messages_handled_total{{account=\"{account}\",kind=\"{kind}\"}} {count}");
            }
        }
        let _ = writeln!(text, "# TYPE shutong_pushes_refused_total counter");
        let _ = writeln!(text, "shutong_pushes_refused_total {}", counts.refused);
        let _ = writeln!(text, "# TYPE shutong_message_seconds histogram");
        let mut sum = 0;
        for (end, count) in BUCKETS.iter().zip(&counts.attempts) {
            sum += count;
            let _ = writeln!(text, "shutong_message_seconds_bucket{{le=\"{end}\"}} {sum}");
        }
        sum += counts.attempts[BUCKETS.len()];
        let _ = writeln!(text, "shutong_message_seconds_bucket{{le=\"+Inf\"}} {sum}");
        let _ = writeln!(text, "shutong_message_seconds_sum {}", counts.seconds);
        let _ = writeln!(text, "shutong_message_seconds_count {sum}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_of_once_a_minute() {
        let tally = Tally::default();
        let told: Vec<_> = [1_000, 1_001, 1_059, 1_060, 1_061].map(|now| tally.refused(now)).into();
        assert_eq!(told, [Some(1), None, None, Some(3), None]);
    }

    #[test]
    fn buckets_hold_everything_below_them() {
        let tally = Tally::default();
        tally.message("demo", "text");
        tally.answered(Duration::from_millis(3));
        tally.answered(Duration::from_secs(9));
        let lines = tally.lines();
        assert!(lines.contains("shutong_messages_handled_total{account=\"demo\",kind=\"text\"} 1\n"), "{lines}");
        assert!(lines.contains("bucket{le=\"0.001\"} 0\n") && lines.contains("bucket{le=\"0.005\"} 1\n"), "{lines}");
        assert!(lines.contains("bucket{le=\"4.5\"} 1\n") && lines.contains("bucket{le=\"+Inf\"} 2\n"), "{lines}");
    }
}
