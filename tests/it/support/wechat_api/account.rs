//! One account at the platform: its tokens and tickets, and what it has used of its quotas. All times are Unix
//! milliseconds; nothing here waits or reads a clock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::Fault;
use super::conversation::Conversation;
use super::media::Shelf;
use super::menus::Menus;
use super::press::Press;
use super::refusal::Refusal;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
/// Days begin at midnight in Beijing.
const BEIJING: i64 = 8 * 60 * MINUTE;
/// How long a token or a ticket lives.
const LIFE: i64 = 7200 * SECOND;
/// How long the previous classic token lives beside a new one.
const GRACE: i64 = 5 * MINUTE;
/// So long before its end, a stable token or a ticket has a successor.
const EARLY: i64 = 5 * MINUTE;
const BETWEEN_FORCED: i64 = 30 * SECOND;
const FORCED_PER_DAY: usize = 20;
/// Of both kinds of `clear_quota` together.
const CLEARED_PER_MONTH: usize = 10;
/// A shorter value is not even the shape of a token.
const SHORTEST_TOKEN: usize = 20;

/// What has a quota of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `/cgi-bin/token`
    Token,
    /// `/cgi-bin/stable_token`
    Stable,
    CallbackIp,
    ApiDomainIp,
    /// `/cgi-bin/ticket/getticket`, of every type
    Ticket,
    UserInfo,
    CustomSend,
    MenuGet,
    MediaUpload,
    /// `/cgi-bin/media/uploadimg`
    UploadImage,
    AddMaterial,
    DeleteMaterial,
    /// `/cgi-bin/draft/add` and `update`
    DraftAdd,
    /// `/cgi-bin/draft/get` and `batchget`
    DraftGet,
    /// `/cgi-bin/freepublish/submit`
    Publish,
}

impl Endpoint {
    /// Calls in a day, for a new account. Of the others no figure is published.
    fn per_day(self) -> Option<u64> {
        match self {
            Endpoint::Token => Some(2000),
            Endpoint::Stable | Endpoint::CustomSend => Some(500_000),
            Endpoint::UserInfo => Some(5_000_000),
            Endpoint::MenuGet => Some(10_000),
            Endpoint::AddMaterial | Endpoint::DraftAdd => Some(1000),
            Endpoint::DraftGet => Some(500),
            Endpoint::Publish => Some(100),
            Endpoint::MediaUpload => Some(100_000),
            Endpoint::CallbackIp
            | Endpoint::ApiDomainIp
            | Endpoint::Ticket
            | Endpoint::UploadImage
            | Endpoint::DeleteMaterial => None,
        }
    }

    fn per_minute(self) -> Option<u64> {
        (self == Endpoint::Stable).then_some(10_000)
    }
}

/// A token or a ticket, and until when it can be used.
#[derive(Clone)]
pub struct Granted {
    pub value: String,
    ends: i64,
    /// Refused from then on, though it has not come to its end.
    dies: i64,
}

impl Granted {
    fn new(app_id: &str, prefix: &str, now: i64) -> Granted {
        Granted { value: random_looking(app_id, prefix), ends: now + LIFE, dies: i64::MAX }
    }

    pub fn seconds_left(&self, now: i64) -> i64 {
        (self.ends - now) / SECOND
    }

    fn is_accepted(&self, now: i64) -> bool {
        now < self.ends && now < self.dies
    }

    /// What is dead already does not come back to life.
    fn die(&mut self, at: i64) {
        self.dies = self.dies.min(at);
    }
}

#[derive(Default)]
struct Meter {
    day: i64,
    in_day: u64,
    minute: i64,
    in_minute: u64,
}

#[derive(Default)]
pub struct Account {
    pub app_id: String,
    pub secret: String,
    /// The caller's address is not on the whitelist.
    pub is_foreign: bool,
    pub is_frozen: bool,
    /// The administrator has to confirm the caller's address.
    pub is_unconfirmed: bool,
    pub fault: Option<Fault>,
    /// Every one ever issued, the latest last.
    classic: Vec<Granted>,
    stable: Vec<Granted>,
    /// The platform's own memory of the stable token is behind: it hands out a dead one.
    is_unaware: bool,
    tickets: HashMap<String, Granted>,
    pub shelf: Shelf,
    pub press: Press,
    meters: HashMap<Endpoint, Meter>,
    pub per_day: HashMap<Endpoint, u64>,
    pub per_minute: HashMap<Endpoint, u64>,
    forced: Vec<i64>,
    cleared: Vec<i64>,
    /// It may have no menu, and write to nobody (48001).
    pub is_unverified: bool,
    /// When it may write to followers, if that is kept; else always.
    pub conversation: Option<Conversation>,
    /// Its menus, if they are kept; else it has always the same.
    pub menus: Option<Menus>,
}

impl Account {
    pub fn new(app_id: &str, secret: &str) -> Account {
        Account { app_id: app_id.into(), secret: secret.into(), ..Account::default() }
    }

    /// Whether this is permanent material of the account.
    pub fn has_material(&self, media_id: &str) -> bool {
        self.shelf.is_permanent(media_id)
    }

    /// A new classic token. Its predecessor lives a little longer, and nothing before that.
    pub fn issue_classic(&mut self, now: i64) -> Granted {
        if let Some((previous, earlier)) = self.classic.split_last_mut() {
            previous.die(now + GRACE);
            earlier.iter_mut().for_each(|token| token.die(now));
        }
        let token = Granted::new(&self.app_id, "72_", now);
        self.classic.push(token.clone());
        token
    }

    /// The stable token; a new one if the present one is near its end or dead.
    pub fn ask_stable(&mut self, now: i64) -> Granted {
        let present = self.stable.last().filter(|token| now < token.ends - EARLY);
        match present {
            Some(token) if token.is_accepted(now) || self.is_unaware => token.clone(),
            _ => self.issue_stable(now),
        }
    }

    /// The same with `force_refresh`. Too soon after the last time it is as if nobody had asked for force.
    pub fn force_stable(&mut self, now: i64) -> Result<Granted, Refusal> {
        if self.forced.last().is_some_and(|last| now - last < BETWEEN_FORCED) {
            return Ok(self.ask_stable(now));
        }
        if self.forced.iter().filter(|at| day(**at) == day(now)).count() >= FORCED_PER_DAY {
            return Err(45009.into());
        }
        Ok(self.replace_stable(now))
    }

    /// Every earlier stable token dies at once, whatever the limits.
    pub fn replace_stable(&mut self, now: i64) -> Granted {
        self.forced.push(now);
        self.stable.iter_mut().for_each(|token| token.die(now));
        self.issue_stable(now)
    }

    fn issue_stable(&mut self, now: i64) -> Granted {
        self.is_unaware = false;
        let token = Granted::new(&self.app_id, "72_", now);
        self.stable.push(token.clone());
        token
    }

    /// Every token is refused from now on. If the platform is `unaware` of it, `stable_token` goes on to return the
    /// dead one until it is forced.
    pub fn kill_tokens(&mut self, now: i64, unaware: bool) {
        self.classic.iter_mut().chain(&mut self.stable).for_each(|token| token.die(now));
        self.is_unaware = unaware;
    }

    /// Whether a token is good for a call; `None` if it was never this account's.
    pub fn judge(&self, token: &str, now: i64) -> Option<Result<(), Refusal>> {
        let token = self.classic.iter().chain(&self.stable).find(|granted| granted.value == token)?;
        Some(if token.is_accepted(now) {
            Ok(())
        } else if token.dies < token.ends {
            Err(40001.into())
        } else {
            Err(42001.into())
        })
    }

    pub fn ticket(&mut self, kind: &str, now: i64) -> Granted {
        match self.tickets.get(kind).filter(|ticket| now < ticket.ends - EARLY) {
            Some(ticket) => ticket.clone(),
            None => {
                let ticket = Granted::new(&self.app_id, "sM4AOVdWfPE4DxkXGEs8V", now);
                self.tickets.insert(kind.to_owned(), ticket.clone());
                ticket
            }
        }
    }

    /// The latest token or ticket, if it still lives.
    pub fn current(&self, endpoint: Endpoint, now: i64) -> Option<String> {
        let latest = match endpoint {
            Endpoint::Token => self.classic.last(),
            Endpoint::Stable => self.stable.last(),
            Endpoint::Ticket => self.tickets.get("jsapi"),
            other => panic!("{other:?} issues nothing"),
        };
        latest.filter(|granted| granted.is_accepted(now)).map(|granted| granted.value.clone())
    }

    /// How many tokens were ever issued.
    pub fn issued(&self, endpoint: Endpoint) -> usize {
        match endpoint {
            Endpoint::Token => self.classic.len(),
            Endpoint::Stable => self.stable.len(),
            other => panic!("{other:?} issues no token"),
        }
    }

    /// Counts a call, unless the day's or the minute's quota is used up.
    pub fn charge(&mut self, endpoint: Endpoint, now: i64) -> Result<(), Refusal> {
        let per_day = self.per_day.get(&endpoint).copied().or(endpoint.per_day());
        let per_minute = self.per_minute.get(&endpoint).copied().or(endpoint.per_minute());
        let meter = self.meters.entry(endpoint).or_default();
        if meter.day != day(now) {
            (meter.day, meter.in_day) = (day(now), 0);
        }
        if meter.minute != now.div_euclid(MINUTE) {
            (meter.minute, meter.in_minute) = (now.div_euclid(MINUTE), 0);
        }
        if per_day.is_some_and(|limit| meter.in_day >= limit) {
            return Err(45009.into());
        }
        if per_minute.is_some_and(|limit| meter.in_minute >= limit) {
            return Err(45011.into());
        }
        meter.in_day += 1;
        meter.in_minute += 1;
        Ok(())
    }

    /// Starts every day's quota anew, a few times in a month. The number of forced tokens is no quota.
    pub fn clear_quota(&mut self, now: i64) -> Result<(), Refusal> {
        if self.cleared.iter().filter(|at| month(**at) == month(now)).count() >= CLEARED_PER_MONTH {
            return Err(48006.into());
        }
        self.cleared.push(now);
        self.meters.values_mut().for_each(|meter| meter.in_day = 0);
        Ok(())
    }
}

/// Whether this could be a token at all.
pub fn is_well_formed(token: &str) -> bool {
    token.len() >= SHORTEST_TOKEN && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

fn day(at: i64) -> i64 {
    (at + BEIJING).div_euclid(DAY)
}

fn month(at: i64) -> String {
    chrono::DateTime::from_timestamp_millis(at + BEIJING).unwrap().format("%Y-%m").to_string()
}

/// A value that nobody has had before, in any test of this process, as long as the platform's.
fn random_looking(app_id: &str, prefix: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let serial = COUNTER.fetch_add(1, Ordering::Relaxed);
    let digests = (0..4).flat_map(|part| Sha256::digest(format!("{app_id} {serial} {part}")));
    digests.fold(prefix.to_owned(), |mut value, byte| {
        value.push(char::from(LETTERS[usize::from(byte & 63)]));
        value
    })
}
