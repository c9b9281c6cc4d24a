//! One request at a time for each host, and the pause before the next.
//!
//! The pause is counted from the end of one request to the start of the next. It is at least what the site and the
//! owner ask for, grows with the time that the site takes for its answers (Scrapy's AutoThrottle), and is lengthened at
//! random, so that a crawl has no beat. A host is a name or an address, whatever the port: it is one machine. What a
//! site says about later (`Retry-After`) is kept here as well. Waiting for one host holds up no other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;
use tokio::time::sleep;

use crate::clock::Clock;

/// Hosts beyond which those are forgotten that are not waited for and owe no pause.
const HOSTS: usize = 1000;

/// The pauses of one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rule {
    /// Never less.
    pub(super) least: Duration,
    /// The pause grows with slow answers up to this, unless `least` is more.
    pub(super) most: Duration,
    /// By how much of itself the pause is changed, from 0 to 1.
    pub(super) jitter: f64,
    /// Where in that range, from 0 to 1.
    pub(super) dice: f64,
    /// Whether an earlier life of this program may have asked this host a moment ago.
    pub(super) is_known: bool,
}

/// What a host has told us to do: to ask no more until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Suspended {
    pub(super) until: DateTime<Utc>,
}

/// A host, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPace {
    /// Its name or address.
    pub host: String,
    /// The last pause before a request.
    pub delay: Duration,
    /// Until when nothing is asked, on its own word.
    pub suspended_until: Option<DateTime<Utc>>,
}

/// The hosts.
#[derive(Default)]
pub(super) struct Paces {
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Default)]
struct Host {
    gate: Arc<tokio::sync::Mutex<()>>,
    state: Mutex<State>,
}

/// Times are of [`Clock::uptime`].
#[derive(Default)]
struct State {
    ended_at: Option<Duration>,
    /// What AutoThrottle thinks right.
    adaptive: Duration,
    /// The same within the limits of the last request.
    usual: Duration,
    last_delay: Duration,
    not_before: Duration,
    suspended: Option<(Duration, DateTime<Utc>)>,
}

/// The right to one request. The pause after it begins when this ends, however it ends.
pub(super) struct Turn {
    host: Arc<Host>,
    clock: Clock,
    _gate: OwnedMutexGuard<()>,
}

impl Paces {
    /// Waits for the host to be free and for the pause to be over.
    ///
    /// # Errors
    /// When nothing is to be asked there for long.
    pub(super) async fn turn(&self, host: &str, rule: Rule, clock: &Clock) -> Result<Turn, Suspended> {
        let host = self.host(host, clock);
        host.state.lock().admission(clock)?;
        let gate = host.gate.clone().lock_owned().await;
        let pause = {
            let mut state = host.state.lock();
            state.admission(clock)?;
            state.pause(rule, clock.uptime())
        };
        if !pause.is_zero() {
            sleep(pause).await;
        }
        Ok(Turn { host, clock: clock.clone(), _gate: gate })
    }

    /// Every host that is remembered, those with the longest pause first.
    pub(super) fn shown(&self, clock: &Clock) -> Vec<HostPace> {
        let hosts = self.hosts.lock();
        let shown = hosts.iter().map(|(name, host)| {
            let state = host.state.lock();
            let suspended_until = state.admission(clock).err().map(|suspended| suspended.until);
            HostPace { host: name.clone(), delay: state.last_delay, suspended_until }
        });
        let mut shown: Vec<HostPace> = shown.collect();
        shown.sort_by(|a, b| b.delay.cmp(&a.delay).then_with(|| a.host.cmp(&b.host)));
        shown
    }

    fn host(&self, name: &str, clock: &Clock) -> Arc<Host> {
        let mut hosts = self.hosts.lock();
        if let Some(host) = hosts.get(name) {
            return host.clone();
        }
        if hosts.len() >= HOSTS {
            let now = clock.uptime();
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || host.state.lock().owes_until() > now);
        }
        hosts.entry(name.to_owned()).or_default().clone()
    }
}

impl State {
    fn admission(&self, clock: &Clock) -> Result<(), Suspended> {
        match self.suspended {
            Some((end, until)) if end > clock.uptime() => Err(Suspended { until }),
            _ => Ok(()),
        }
    }

    /// How long to wait from now.
    fn pause(&mut self, rule: Rule, now: Duration) -> Duration {
        let most = rule.most.max(rule.least);
        let usual = self.adaptive.clamp(rule.least, most);
        // NaN, which no clamp takes away, becomes nothing by `max`.
        let changed = (1.0 + rule.jitter.clamp(0.0, 1.0) * (2.0 * rule.dice.clamp(0.0, 1.0) - 1.0)).max(0.0);
        let delay = usual.mul_f64(changed).max(rule.least);
        if rule.is_known && self.ended_at.is_none() {
            self.ended_at = Some(now);
        }
        let ready_at = self.ended_at.map_or(Duration::ZERO, |end| end.saturating_add(delay));
        (self.usual, self.last_delay) = (usual, delay);
        ready_at.max(self.not_before).saturating_sub(now)
    }

    /// Until when it must be remembered; twice the pause, because the next one may be longer.
    fn owes_until(&self) -> Duration {
        let pause =
            self.ended_at.map_or(Duration::ZERO, |end| end.saturating_add(self.last_delay.max(self.adaptive) * 2));
        let suspended = self.suspended.map_or(Duration::ZERO, |(end, _)| end);
        pause.max(self.not_before).max(suspended)
    }
}

impl Turn {
    /// Takes the time that an answer took into account. One that was no success never makes it faster.
    pub(super) fn took(&self, latency: Duration, is_success: bool) {
        let mut state = self.host.state.lock();
        let average = state.usual.saturating_add(latency) / 2;
        if is_success || average > state.usual {
            state.adaptive = average;
        }
    }

    /// Asks nothing of this host for so long.
    pub(super) fn hold_off(&self, pause: Duration) {
        let mut state = self.host.state.lock();
        state.not_before = state.not_before.max(self.clock.uptime().saturating_add(pause));
    }

    /// Asks nothing of this host for so long, and lets nobody wait for it.
    pub(super) fn suspend(&self, pause: Duration) -> Suspended {
        let until = TimeDelta::from_std(pause).ok().and_then(|pause| self.clock.now().checked_add_signed(pause));
        let until = until.unwrap_or(DateTime::<Utc>::MAX_UTC);
        self.host.state.lock().suspended = Some((self.clock.uptime().saturating_add(pause), until));
        Suspended { until }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.host.state.lock().ended_at = Some(self.clock.uptime());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Rule =
        Rule { least: Duration::from_secs(1), most: Duration::from_secs(60), jitter: 0.0, dice: 0.5, is_known: false };

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn turn(paces: &Paces) -> Turn {
        let clock = Clock::of(|| DateTime::from_timestamp(1000, 0).unwrap());
        let host = paces.host("a", &clock);
        let gate = host.gate.clone().try_lock_owned().unwrap();
        Turn { host, clock, _gate: gate }
    }

    #[test]
    fn the_pause_runs_from_the_end_of_one_to_the_start_of_the_next() {
        let mut state = State::default();
        assert_eq!(state.pause(NONE, seconds(100.0)), seconds(0.0), "nothing was asked before");
        state.ended_at = Some(seconds(100.0));
        assert_eq!(state.pause(NONE, seconds(100.0)), seconds(1.0));
        assert_eq!(state.pause(NONE, seconds(100.4)), seconds(0.6));
        assert_eq!(state.pause(NONE, seconds(200.0)), seconds(0.0));
        state.not_before = seconds(250.0);
        assert_eq!(state.pause(NONE, seconds(200.0)), seconds(50.0));
        let mut known = State::default();
        assert_eq!(known.pause(Rule { is_known: true, ..NONE }, seconds(7.0)), seconds(1.0));
    }

    #[test]
    fn chance_lengthens_and_never_goes_below_the_rule() {
        let mut state = State { adaptive: seconds(10.0), ended_at: Some(seconds(0.0)), ..State::default() };
        let mut pause = |least: f64, dice: f64| {
            state.pause(Rule { least: seconds(least), jitter: 0.5, dice, ..NONE }, seconds(0.0)).as_secs_f64()
        };
        assert_eq!([pause(1.0, 0.0), pause(1.0, 0.5), pause(1.0, 1.0)], [5.0, 10.0, 15.0]);
        assert_eq!([pause(8.0, 0.0), pause(20.0, 0.0), pause(20.0, 1.0)], [8.0, 20.0, 30.0]);
        assert_eq!(pause(70.0, 0.5), 70.0, "a rule may be longer than slow answers lead to");
        assert_eq!([pause(1.0, f64::NAN), pause(1.0, 9.0)], [1.0, 15.0]);
    }

    #[test]
    fn slow_answers_make_slower_and_failures_never_faster() {
        let paces = Paces::default();
        let after = |latency: f64, is_success: bool| {
            let turn = turn(&paces);
            turn.took(seconds(latency), is_success);
            let state = &mut turn.host.state.lock();
            state.pause(NONE, seconds(1000.0));
            state.usual.as_secs_f64()
        };
        // AutoThrottle: the mean of the last pause and the time of the answer.
        assert_eq!([after(2.0, true), after(9.0, true), after(9.0, true)], [1.0, 5.0, 7.0]);
        assert_eq!([after(0.0, false), after(0.0, true), after(10.5, false)], [7.0, 3.5, 7.0]);
        assert_eq!([after(500.0, true), after(0.0, true)], [60.0, 30.0], "no longer than the longest");
    }

    #[tokio::test]
    async fn only_so_many_hosts_are_remembered() {
        let paces = Paces::default();
        let uptime = Arc::new(Mutex::new(seconds(5000.0)));
        let same = uptime.clone();
        let clock = Clock::of_both(|| DateTime::from_timestamp(1000, 0).unwrap(), move || *same.lock());
        let quick = Rule { least: Duration::ZERO, most: Duration::ZERO, ..NONE };
        let suspended = paces.turn("suspended", quick, &clock).await.unwrap();
        suspended.suspend(Duration::from_secs(3600));
        drop(suspended);
        let held = paces.turn("held", quick, &clock).await.unwrap();
        for n in 0..3 * HOSTS {
            drop(paces.turn(&n.to_string(), quick, &clock).await.unwrap());
        }
        assert!(paces.hosts.lock().len() <= HOSTS);
        let names: Vec<String> = paces.shown(&clock).into_iter().map(|host| host.host).collect();
        assert!(names.contains(&"held".into()) && names.contains(&"suspended".into()));
        drop(held);
        assert!(paces.turn("suspended", quick, &clock).await.is_err());
        *uptime.lock() += seconds(3600.0);
        assert!(paces.turn("suspended", quick, &clock).await.is_ok());
    }
}
