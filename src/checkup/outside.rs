//! What has to ask others: names, the platform, our own public address as it is seen from outside, the mail server.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::{Check, Finding, State};
use crate::app::{self, App};
use crate::http::{self, Found, Glance};
use crate::mail::Session;
use crate::wechat;

/// A server that says nothing for so long is away.
const PATIENCE: Duration = Duration::from_secs(10);
/// A clock that is off by more is set wrong …
const OFF: TimeDelta = TimeDelta::seconds(30);
/// … and by more than this, signatures are refused.
const FAR_OFF: TimeDelta = TimeDelta::seconds(wechat::FRESHNESS_SECONDS);
/// Days before its end a certificate should have been renewed.
const SOON: i64 = 14;

/// All of it: the platform, the public address and mail at the same time, for each of them one question after the other,
/// which have ten seconds each.
pub async fn outside(app: &App) -> Vec<Finding> {
    let (platform, public, mail) = tokio::join!(platform(app), public(app), mail(app));
    [platform, public, mail].concat()
}

/// Each host of the platform once, and the clock against the first that tells the time.
async fn platform(app: &App) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut hosts: Vec<(&str, &str)> = Vec::new();
    for account in &app.config.accounts {
        let host = (account.api_base.as_str(), account.api_proxy.as_str());
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    let fallback = crate::config::platform();
    if hosts.is_empty() {
        hosts.push((&fallback, ""));
    }
    let mut clock = None;
    for (base, proxy) in hosts {
        let name = host_of(base);
        if proxy.is_empty() {
            findings.push(names(base).await);
        }
        let asked = app.clock.now();
        match http::glance(base, proxy, PATIENCE).await {
            Ok(glance) => {
                let answered = app.clock.now();
                let facts = format!("answers {} after {} ms", glance.status, (answered - asked).num_milliseconds());
                findings.push(Finding::new(Check::Platform, State::Good, facts).of(name));
                clock = clock.or_else(|| skew(&glance, asked, answered));
            }
            Err(error) => findings.push(Finding::new(Check::Platform, State::Bad, format!("{error:#}")).of(name)),
        }
    }
    findings.push(match clock {
        Some(skew) => {
            let state = match skew.abs() {
                off if off >= FAR_OFF => State::Bad,
                off if off >= OFF => State::Warn,
                _ => State::Good,
            };
            Finding::new(Check::Clock, state, format!("{:+} s against the platform's", skew.num_seconds()))
        }
        None => Finding::new(Check::Clock, State::Warn, "nobody told the time to compare it with"),
    });
    findings
}

/// How far ours is ahead. A `Date` has whole seconds, and was written somewhere between the two moments.
fn skew(glance: &Glance, asked: DateTime<Utc>, answered: DateTime<Utc>) -> Option<TimeDelta> {
    let date = glance.date?;
    let (early, late) = (asked - date - TimeDelta::seconds(1), answered - date);
    Some(if early > TimeDelta::zero() {
        early
    } else if late < TimeDelta::zero() {
        late
    } else {
        TimeDelta::zero()
    })
}

async fn names(base: &str) -> Finding {
    let (host, port) = (host_of(base), port_of(base));
    let bare = host.trim_matches(['[', ']']).to_owned();
    let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((bare.as_str(), port))).await;
    let (state, facts) = match found {
        Ok(Ok(addresses)) => {
            let mut addresses: Vec<String> = addresses.map(|address| address.ip().to_string()).collect();
            addresses.dedup();
            match addresses.is_empty() {
                true => (State::Bad, "no address".to_owned()),
                false => (State::Good, addresses.join(", ")),
            }
        }
        Ok(Err(error)) => (State::Bad, error.to_string()),
        Err(_) => (State::Bad, "no answer".to_owned()),
    };
    Finding::new(Check::Names, state, facts).of(host)
}

/// What followers and the platform see.
async fn public(app: &App) -> Vec<Finding> {
    let mut findings = Vec::new();
    let url = app.config.public_url.as_str();
    if url.is_empty() {
        return findings;
    }
    findings.push(names(url).await);
    if url.starts_with("https://") {
        findings.push(certificate(url, app.clock.now()).await);
    }
    findings.push(match http::look_at(url).await {
        Ok(Found::Shutong) => Finding::new(Check::Public, State::Good, format!("{url}/healthz answers")),
        Ok(found) => Finding::new(Check::Public, State::Bad, format!("{url}: {found}")),
        Err(error) => Finding::new(Check::Public, State::Bad, format!("{error:#}")),
    });
    for account in &app.accounts {
        findings.push(callback(app, url, account).await.of(account.name()));
    }
    findings
}

/// As the platform verifies an address: what it sends has to come back, which only we can do.
async fn callback(app: &App, url: &str, account: &wechat::Account) -> Finding {
    let Ok(random) = app::random::<16>() else {
        return Finding::new(Check::Callback, State::Warn, "the system gives no random bytes");
    };
    let echo = u64::from_le_bytes(random[..8].try_into().unwrap_or_default()).to_string();
    let query = wechat::verification(account, &echo, app.clock.now().timestamp(), random);
    let (state, facts) = match http::glance(&format!("{url}/wechat/{}?{query}", account.name()), "", PATIENCE).await {
        Ok(Glance { status: 200, text, .. }) if text.trim() == echo => (State::Good, "answers as it should".to_owned()),
        Ok(glance) => (State::Bad, format!("answers {} and something else", glance.status)),
        Err(error) => (State::Bad, format!("{error:#}")),
    };
    Finding::new(Check::Callback, state, facts)
}

async fn certificate(url: &str, now: DateTime<Utc>) -> Finding {
    let host = host_of(url);
    let finding = match http::certificate(&host, port_of(url), PATIENCE).await {
        Ok(shown) => {
            let days = (shown.ends_at - now).num_days();
            let state = if days < SOON { State::Warn } else { State::Good };
            let facts = format!("by {}, until {}, {days} days left", shown.issuer, shown.ends_at.format("%Y-%m-%d"));
            Finding::new(Check::Certificate, state, facts)
        }
        Err(error) => Finding::new(Check::Certificate, State::Bad, format!("{error:#}")),
    };
    finding.of(host)
}

async fn mail(app: &App) -> Vec<Finding> {
    let mut findings = Vec::new();
    for server in &app.config.push_settings().senders {
        let finding = match tokio::time::timeout(PATIENCE, Session::open(server)).await {
            Ok(Ok(session)) => {
                session.close().await;
                Finding::new(Check::Mail, State::Good, "greets and lets us in")
            }
            Ok(Err(error)) => Finding::new(Check::Mail, State::Bad, error.to_string()),
            Err(_) => Finding::new(Check::Mail, State::Bad, "no answer"),
        };
        findings.push(finding.of(format!("{}:{}", server.host, server.port)));
    }
    findings
}

fn host_of(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn port_of(url: &str) -> u16 {
    Url::parse(url).ok().and_then(|url| url.port_or_known_default()).unwrap_or(443)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_only_as_far_as_can_be_told() {
        let at = |text: &str| -> DateTime<Utc> { format!("2026-11-28T00:00:{text}Z").parse().unwrap() };
        let off = |date: &str, asked: &str, answered: &str| {
            let glance = Glance { status: 200, location: None, date: Some(at(date)), text: String::new() };
            skew(&glance, at(asked), at(answered)).unwrap().num_milliseconds()
        };
        assert_eq!(off("10", "10.200", "10.900"), 0);
        assert_eq!(off("10", "10.900", "11.400"), 0, "written before the answer came");
        assert_eq!(off("10", "15", "16"), 4_000);
        assert_eq!(off("30", "10", "11"), -19_000);
    }
}
