//! robots.txt, RFC 9309: what a site says about programs, read, and how long it may be believed.
//!
//! Written here rather than taken from a crate, because a robots.txt is a stranger's file that decides about every
//! request: the crate at hand compiles a regular expression for each rule with `$`, forgets the whole file for one bad
//! rule, and cannot tell which rule it was. Here a path is matched in a time that grows with the path alone.
//! `Crawl-delay` and `Sitemap` are not in the RFC, and honoured. Deliberately not here: fetching it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Bytes that are read of a robots.txt: what RFC 9309 asks for at least.
pub const LARGEST: usize = 500 << 10;
/// Longest pause that a robots.txt can ask for.
pub const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// Most addresses of sitemaps that are taken.
const SITEMAPS: usize = 1000;
/// How long a robots.txt is believed.
const FRESH: TimeDelta = TimeDelta::hours(24);
/// How long after one that could not be read it is asked for again; twice as long each time, up to [`FRESH`].
const AGAIN: TimeDelta = TimeDelta::minutes(1);
/// Longest rule that is quoted, in characters.
const QUOTED: usize = 120;
/// How the word is also spelt.
const DISALLOW: &[&str] = &["disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"];

/// What was found at a site's robots.txt, to be kept across restarts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRobots {
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// What was found.
    pub found: Found,
}

/// What was found at the place of a robots.txt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Found {
    /// Its text, at most [`LARGEST`].
    Text(String),
    /// There is none: nothing is forbidden.
    Nothing,
    /// It could not be read: everything is forbidden.
    Unreadable {
        /// Why, for a person.
        why: String,
        /// How many times in a row.
        times: u32,
    },
}

impl KeptRobots {
    /// When it is to be asked for again. A clock that was set back leaves it no longer than otherwise.
    pub fn due_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let lasts = match &self.found {
            Found::Unreadable { times, .. } => {
                let doubled = 1_i32.checked_shl(times.saturating_sub(1).min(20)).unwrap_or(1);
                AGAIN.checked_mul(doubled).map_or(FRESH, |pause| pause.min(FRESH))
            }
            Found::Text(_) | Found::Nothing => FRESH,
        };
        self.asked_at.min(now).checked_add_signed(lasts).unwrap_or(now)
    }

    /// Whether it is to be asked for again. One from the future, of a clock set back, is.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.asked_at > now || self.due_at(now) <= now
    }
}

/// The rules of a robots.txt for one agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Robots {
    rules: Vec<Rule>,
    /// The pause that it asks for, at most [`LONGEST_DELAY`].
    pub crawl_delay: Option<Duration>,
    /// The addresses of sitemaps, for every agent, as they are written.
    pub sitemaps: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    allows: bool,
    /// ASCII, with `*` for anything.
    pattern: String,
    is_anchored: bool,
}

/// The groups of a file that matter.
#[derive(Default)]
struct Groups {
    own: Group,
    everybody: Group,
    is_named: bool,
}

#[derive(Default)]
struct Group {
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

impl Robots {
    /// Reads a robots.txt. There is no wrong one: what is not understood is left out.
    ///
    /// `token` is the name of the agent, of letters, `_` and `-`. Groups that name it are put together; where there are
    /// none, those of `*` count.
    pub fn read(text: &str, token: &str) -> Robots {
        let mut end = text.len().min(LARGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = text.get(..end).unwrap_or_default().trim_start_matches('\u{FEFF}');
        let mut sitemaps = Vec::new();
        let mut groups = Groups::default();
        // Rules before any agent are nobody's by the RFC; somebody meant them for everybody.
        let (mut is_own, mut is_everybodys, mut is_naming) = (false, true, false);
        for (key, value) in text.split(['\n', '\r', '\0']).filter_map(line) {
            match key.as_str() {
                "user-agent" | "useragent" | "user agent" => {
                    if !is_naming {
                        (is_own, is_everybodys, is_naming) = (false, false, true);
                    }
                    is_own |= names(value, token);
                    is_everybodys |= value.starts_with('*');
                    groups.is_named |= is_own;
                }
                "sitemap" | "site-map" | "site map" => {
                    if sitemaps.len() < SITEMAPS && !value.is_empty() {
                        sitemaps.push(value.to_owned());
                    }
                }
                key => {
                    let is_rule = groups.add(key, value, is_own, is_everybodys);
                    is_naming &= !is_rule;
                }
            }
        }
        let group = if groups.is_named { groups.own } else { groups.everybody };
        Robots { rules: group.rules, crawl_delay: group.crawl_delay, sitemaps }
    }

    /// The rule that forbids this path with its query, if one does: the longest that fits decides, and of two of the
    /// same length the one that allows.
    pub fn forbidding(&self, target: &str) -> Option<String> {
        if target == "/robots.txt" {
            return None;
        }
        let target = normalised(target, false);
        let fitting = self.rules.iter().filter(|rule| rule.fits(&target));
        let decisive = fitting.max_by_key(|rule| (rule.weight(), rule.allows))?;
        if decisive.allows { None } else { Some(decisive.quoted()) }
    }
}

impl Groups {
    /// Adds a rule to the groups that it belongs to; whether it was one.
    fn add(&mut self, key: &str, value: &str, is_own: bool, is_everybodys: bool) -> bool {
        let (rule, delay) = match key {
            "allow" => (rule(true, value), None),
            "crawl-delay" | "crawldelay" | "crawl delay" => (None, delay(value)),
            key if DISALLOW.contains(&key) => (rule(false, value), None),
            _ => return false,
        };
        for (group, is_meant) in [(&mut self.own, is_own), (&mut self.everybody, is_everybodys)] {
            if is_meant {
                group.rules.extend(rule.clone());
                group.crawl_delay = group.crawl_delay.or(delay);
            }
        }
        true
    }
}

impl Rule {
    /// Every part between stars is looked for once, from where the last one ended: the first place is as good as any.
    fn fits(&self, target: &str) -> bool {
        let mut parts = self.pattern.split('*');
        let Some(mut rest) = parts.next().and_then(|first| target.strip_prefix(first)) else { return false };
        let Some(mut part) = parts.next() else { return !self.is_anchored || rest.is_empty() };
        for next in parts {
            let Some((_, behind)) = rest.split_once(part) else { return false };
            (rest, part) = (behind, next);
        }
        if self.is_anchored { rest.ends_with(part) } else { rest.contains(part) }
    }

    fn weight(&self) -> usize {
        self.pattern.len() + usize::from(self.is_anchored)
    }

    fn quoted(&self) -> String {
        let end = if self.is_anchored { "$" } else { "" };
        format!("Disallow: {:.QUOTED$}{end}", self.pattern)
    }
}

/// Key, in lower case, and value of a line; a blank does for a colon that was forgotten.
fn line(line: &str) -> Option<(String, &str)> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let (key, value) = line.split_once(':').or_else(|| line.split_once([' ', '\t']))?;
    // No key is longer, and lines may have any length.
    let key = key.trim();
    if key.len() > 20 { None } else { Some((key.to_ascii_lowercase(), value.trim())) }
}

/// Whether a line names this agent. What follows the name, such as a version, does not count.
fn names(value: &str, token: &str) -> bool {
    let end = value.find(|c: char| !c.is_ascii_alphabetic() && c != '_' && c != '-').unwrap_or(value.len());
    value.get(..end).is_some_and(|name| !name.is_empty() && name.eq_ignore_ascii_case(token))
}

/// An empty rule says nothing: `Disallow:` allows everything, as every site without rules does.
fn rule(allows: bool, value: &str) -> Option<Rule> {
    let (path, is_anchored) = value.strip_suffix('$').map_or((value, false), |path| (path, true));
    let begins = path.starts_with(['/', '*']);
    if path.is_empty() {
        return None;
    }
    let pattern = if begins { normalised(path, true) } else { format!("/{}", normalised(path, true)) };
    Some(Rule { allows, pattern, is_anchored })
}

fn delay(value: &str) -> Option<Duration> {
    let seconds: f64 = value.parse().ok()?;
    let capped = seconds.min(LONGEST_DELAY.as_secs_f64());
    if seconds.is_nan() { None } else { Duration::try_from_secs_f64(capped).ok() }
}

/// One spelling for what means the same: percent-encoded where it has to be, and only there. In a pattern a `*` stays
/// what it is, and many of them are one.
fn normalised(text: &str, is_pattern: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| byte == b'%').and_then(hexadecimal);
        match (byte, escaped) {
            (_, Some(inner)) if is_unreserved(inner) => out.push(char::from(inner)),
            (_, Some(inner)) => encode(&mut out, inner),
            (b'*', None) if is_pattern => {
                if !out.ends_with('*') {
                    out.push('*');
                }
            }
            (b'*' | b'$' | b'"' | b'<' | b'>' | b'`' | 0..=b' ' | 0x7f.., None) => encode(&mut out, byte),
            (byte, None) => out.push(char::from(byte)),
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
    out
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    match digits {
        [high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            Some(digit(*high)? << 4 | digit(*low)?)
        }
        _ => None,
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn encode(out: &mut String, byte: u8) {
    out.push('%');
    for half in [byte >> 4, byte & 0xf] {
        out.extend(char::from_digit(u32::from(half), 16).map(|digit| digit.to_ascii_uppercase()));
    }
}

#[cfg(test)]
mod tests;
