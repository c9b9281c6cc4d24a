//! The platform's memory of who called: what tests count.

use std::collections::HashMap;
use std::net::SocketAddr;

/// Which of the platform's two names was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    First,
    /// For the day on which the first cannot be reached.
    Second,
}

/// One request, as far as it has come.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it arrived, by the platform's clock.
    pub at: i64,
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    /// Bytes that are no UTF-8 are replaced.
    pub body: String,
    /// What the platform decided, even if the caller never heard of it; 0 if that is no error, or nothing.
    pub errcode: i64,
    /// With `force_refresh`.
    pub forced: bool,
    pub host: Host,
    pub peer: SocketAddr,
    /// A whole HTTP answer was sent.
    pub answered: bool,
}

/// All calls, in the order of their arrival, and how many are under way.
#[derive(Default)]
pub struct Log {
    calls: Vec<(u64, Call)>,
    serial: u64,
    under_way: HashMap<String, Overlap>,
}

#[derive(Clone, Copy, Default)]
struct Overlap {
    now: usize,
    most: usize,
}

impl Log {
    /// A call has arrived. The number is for the rest of its life.
    pub fn begin(&mut self, call: Call) -> u64 {
        self.serial += 1;
        let overlap = self.under_way.entry(call.path.clone()).or_default();
        overlap.now += 1;
        overlap.most = overlap.most.max(overlap.now);
        self.calls.push((self.serial, call));
        self.serial
    }

    /// It is about to be answered, or will never be. Whoever has the answer can rely on this being noted.
    pub fn finish(&mut self, path: &str, serial: u64, answered: bool) {
        if let Some(overlap) = self.under_way.get_mut(path) {
            overlap.now -= 1;
        }
        self.note(serial, answered);
    }

    pub fn note(&mut self, serial: u64, answered: bool) {
        // It is not there if the test has cleared the log meanwhile.
        if let Some((_, call)) = self.calls.iter_mut().find(|(number, _)| *number == serial) {
            call.answered = answered;
        }
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.iter().map(|(_, call)| call.clone()).collect()
    }

    pub fn count(&self, path: &str) -> usize {
        self.calls.iter().filter(|(_, call)| call.path == path).count()
    }

    pub fn most_at_once(&self, path: &str) -> usize {
        self.under_way.get(path).map_or(0, |overlap| overlap.most)
    }

    /// Forgets what has been. Calls that are under way stay under way.
    pub fn clear(&mut self) {
        self.calls.clear();
        self.under_way.values_mut().for_each(|overlap| overlap.most = overlap.now);
    }

    pub fn last_serial(&self) -> u64 {
        self.serial
    }
}
