//! How often a password may be tried: a few times per peer, some more in all, within five minutes.
//!
//! A try is counted when it begins, so that trying in parallel gains nothing. The peer is the address of the
//! connection; `X-Forwarded-For` is what the other side claims, so it does not count.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use parking_lot::Mutex;

/// The length of the window, in seconds.
const WINDOW_SECONDS: i64 = 300;
/// Tries of one peer within the window.
const TRIES_PER_PEER: usize = 5;
/// Tries of everyone within the window. It also bounds how many peers are remembered.
const TRIES_IN_ALL: usize = 30;

/// The tries of the last minutes.
#[derive(Default)]
pub(super) struct Throttle {
    /// Unix seconds of each try, oldest first, by peer. Held for microseconds, never across an await.
    tries: Mutex<BTreeMap<IpAddr, VecDeque<i64>>>,
}

impl Throttle {
    /// Counts a try, or gives the seconds to wait until the next one is possible.
    pub(super) fn admit(&self, peer: IpAddr, now: i64) -> Result<(), i64> {
        let mut tries = self.tries.lock();
        for times in tries.values_mut() {
            while times.front().is_some_and(|&at| now - at >= WINDOW_SECONDS) {
                times.pop_front();
            }
        }
        tries.retain(|_, times| !times.is_empty());
        let in_all: usize = tries.values().map(VecDeque::len).sum();
        let oldest = tries.values().filter_map(|times| times.front().copied()).min();
        let of_peer = tries.entry(peer).or_default();
        let blocked_since = if of_peer.len() >= TRIES_PER_PEER {
            of_peer.front().copied()
        } else if in_all >= TRIES_IN_ALL {
            oldest
        } else {
            None
        };
        if let Some(since) = blocked_since {
            return Err((since + WINDOW_SECONDS - now).max(1));
        }
        of_peer.push_back(now);
        Ok(())
    }

    /// The peer knew the password: its tries are forgotten.
    pub(super) fn forgive(&self, peer: IpAddr) {
        self.tries.lock().remove(&peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_peer_waits_after_five_tries() {
        let throttle = Throttle::default();
        for second in 0..5 {
            assert_eq!(throttle.admit(peer(1), second), Ok(()));
        }
        assert_eq!(throttle.admit(peer(1), 10), Err(290));
        assert_eq!(throttle.admit(peer(2), 10), Ok(()), "another peer is not concerned");
        assert_eq!(throttle.admit(peer(1), 300), Ok(()), "the first try has left the window");
        assert_eq!(throttle.admit(peer(1), 300), Err(1));
        throttle.forgive(peer(1));
        assert_eq!(throttle.admit(peer(1), 300), Ok(()));
    }

    #[test]
    fn many_peers_are_stopped_together() {
        let throttle = Throttle::default();
        for last in 0..30 {
            assert_eq!(throttle.admit(peer(last), 0), Ok(()));
        }
        assert_eq!(throttle.admit(peer(99), 100), Err(200));
        assert_eq!(throttle.admit(peer(99), 300), Ok(()));
    }
}
