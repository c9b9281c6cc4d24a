//! The polite fetcher: everything that a source asks the web for goes through here, one [`Fetcher`] for all of them.
//!
//! [`Fetcher::fetch`] → the address is judged ([`Reach`]) → the site's robots.txt (`permission`) → the host's turn and
//! pause (`pace`) → one request ([`Guarded`]) → where the answer leads (`hop`), the same from the start for each hop → a
//! [`Document`], or a [`FetchError`] that says what is to be done. What may go well in a moment is tried again.
//! Deliberately not here: what a document means, which ones are wanted, and what becomes of a source that fails.

mod cookies;
mod disposition;
mod document;
mod error;
mod hop;
mod permission;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use url::Url;

pub use super::pace::HostPace;
use super::pace::{Paces, Rule};
use crate::clock::Clock;
pub use crate::http::guarded::Method;
use crate::http::guarded::{Answer, Ask, Guarded, Lookup};
use crate::http::reach::Reach;
use crate::secret::Secret;
use cookies::{Jar, Now};
pub use document::{Document, Fetched, Validators};
pub use error::{Category, FetchError};
use hop::Hop;
use permission::Permissions;
pub use permission::RobotsMemory;

/// Redirects that are followed.
const REDIRECTS: usize = 5;
/// Clients that are kept, one for each [`Reach`].
const CLIENTS: usize = 50;
/// Longest time that a host can shut itself off for.
const LONGEST_SUSPENSION: Duration = Duration::from_secs(7 * 24 * 3600);

/// How the whole crawler behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Who asks: the truth, with a way to reach the owner.
    pub user_agent: String,
    /// The name that robots.txt knows us by, of letters, `_` and `-`.
    pub agent_token: String,
    /// Shortest pause between two requests to one host.
    pub least_delay: Duration,
    /// Longest pause that slow answers lead to.
    pub most_delay: Duration,
    /// By how much of itself a pause is changed at random, from 0 to 1. It never becomes shorter than it has to be.
    pub jitter: f64,
    /// How often something is tried, the first time included.
    pub tries: u32,
    /// Pause before the second try; twice as long before each further one.
    pub retry_base: Duration,
    /// Longest wait for an answer to begin; see [`Ask::patience`].
    pub patience: Duration,
    /// Largest page or feed, in bytes, for [`Wanted::most_bytes`].
    pub page_bytes: u64,
    /// Largest book, in bytes, for [`Wanted::most_bytes`].
    pub book_bytes: u64,
    /// Longest `Retry-After` that is waited for. A longer one suspends the host.
    pub most_wait: Duration,
}

impl Settings {
    /// The usual ones: a second or more between requests, three tries, pages of 5 MB and books of 100 MB.
    pub fn new(user_agent: &str, agent_token: &str) -> Settings {
        Settings {
            user_agent: user_agent.into(),
            agent_token: agent_token.into(),
            least_delay: Duration::from_secs(1),
            most_delay: Duration::from_secs(60),
            jitter: 0.5,
            tries: 3,
            retry_base: Duration::from_secs(2),
            patience: Duration::from_secs(30),
            page_bytes: 5 << 20,
            book_bytes: 100 << 20,
            most_wait: Duration::from_secs(3600),
        }
    }
}

/// How one source is fetched.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Which addresses it may lead to.
    pub reach: Reach,
    /// Shortest pause between two requests to a host, if longer than that of the settings.
    pub least_delay: Option<Duration>,
    /// At most so many requests in so long a time, evenly spread.
    pub rate: Option<(u32, Duration)>,
    /// Headers of all its requests. Those that are not known to be harmless go to `origin` alone.
    pub headers: Vec<(String, String)>,
    /// Name and password (HTTP Basic), for `origin` alone.
    pub login: Option<(String, Secret)>,
    /// An address of the source's own, for its scheme, host and port.
    pub origin: Url,
    /// Whether cookies are kept and sent back.
    pub keeps_cookies: bool,
    /// Whether the site of `origin` is run by who runs this program: what its robots.txt forbids to strangers is not
    /// forbidden then. The pause that it asks for is kept.
    pub is_own: bool,
}

impl Manner {
    fn owns(&self, url: &Url) -> bool {
        self.is_own && url.origin() == self.origin.origin()
    }
}

/// Something to be fetched.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// How.
    pub method: Method,
    /// Where it is.
    pub url: Url,
    /// Headers beyond the source's own. Those that are not known to be harmless follow no redirect to elsewhere.
    pub headers: Vec<(String, String)>,
    /// The body of a POST or PROPFIND; a form, if no header says otherwise.
    pub body: Option<Vec<u8>>,
    /// Largest document, in bytes.
    pub most_bytes: u64,
    /// What is known of it from an earlier fetch.
    pub validators: Option<Validators>,
    /// The page that leads there.
    pub referer: Option<Url>,
}

impl Wanted {
    /// A plain GET.
    pub fn get(url: Url, most_bytes: u64) -> Wanted {
        Wanted { method: Method::Get, url, headers: vec![], body: None, most_bytes, validators: None, referer: None }
    }
}

/// What the fetcher has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests sent, those for robots.txt included.
    pub requests: u64,
    /// Bytes of all bodies, unpacked.
    pub bytes: u64,
    /// The hosts that are remembered, those with the longest pause first.
    pub hosts: Vec<HostPace>,
}

/// Fetches for all sources. It is shared, and may be asked for many things at once.
pub struct Fetcher {
    settings: Settings,
    permissions: Permissions,
    paces: Paces,
    jar: Mutex<Jar>,
    clients: Mutex<HashMap<Reach, Guarded>>,
    lookup: Option<Lookup>,
    clock: Clock,
    dice: Mutex<Box<dyn FnMut() -> f64 + Send>>,
    stopping: CancellationToken,
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Fetcher {
    /// A fetcher that has asked nobody yet. `dice` gives numbers from 0 to 1, for the pauses.
    pub fn new(
        settings: Settings,
        robots: RobotsMemory,
        clock: Clock,
        dice: impl FnMut() -> f64 + Send + 'static,
    ) -> Fetcher {
        Fetcher {
            settings,
            permissions: Permissions::new(robots),
            paces: Paces::default(),
            jar: Mutex::default(),
            clients: Mutex::default(),
            lookup: None,
            clock,
            dice: Mutex::new(Box::new(dice)),
            stopping: CancellationToken::new(),
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// The same, with another one to ask what names mean.
    pub fn with_lookup(self, lookup: Lookup) -> Fetcher {
        Fetcher { lookup: Some(lookup), ..self }
    }

    /// How it behaves.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Fetches one thing. That can take long: the host's pause, and what it asks for, are waited for here.
    ///
    /// # Errors
    /// When it cannot or must not be had, after as many tries as make sense.
    pub async fn fetch(&self, manner: &Manner, wanted: &Wanted) -> Result<Fetched, FetchError> {
        let tried = async {
            let mut tries = 1;
            loop {
                match self.follow(manner, wanted).await {
                    Err(error) => self.before_next_try(error, &mut tries).await?,
                    done => return done,
                }
            }
        };
        self.unless_stopped(tried).await
    }

    /// Whether something might be fetched, as far as its address and robots.txt tell. Only robots.txt is asked for.
    ///
    /// # Errors
    /// As [`Fetcher::fetch`].
    pub async fn allowed(&self, manner: &Manner, url: &Url) -> Result<(), FetchError> {
        manner.reach.check(url)?;
        self.unless_stopped(self.permission(manner, url)).await.map(drop)
    }

    /// The sitemaps that the robots.txt of an address's site names, wherever they lie.
    ///
    /// # Errors
    /// As [`Fetcher::allowed`].
    pub async fn sitemaps(&self, manner: &Manner, url: &Url) -> Result<Vec<Url>, FetchError> {
        manner.reach.check(url)?;
        let known = self.unless_stopped(self.rules(manner, url)).await?;
        Ok(known.robots.sitemaps.iter().filter_map(|sitemap| url.join(sitemap).ok()).collect())
    }

    /// Ends everything that is under way or waited for, now and in future, with [`FetchError::Stopped`].
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        Counts {
            requests: self.requests.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            hosts: self.paces.shown(&self.clock),
        }
    }

    async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T, FetchError>>) -> Result<T, FetchError> {
        self.stopping.run_until_cancelled(work).await.unwrap_or(Err(FetchError::Stopped))
    }

    /// Waits, or gives the error back if another try makes no sense.
    async fn before_next_try(&self, error: FetchError, tries: &mut u32) -> Result<(), FetchError> {
        if *tries >= self.settings.tries || !error.is_worth_another_try() {
            return Err(error);
        }
        let doubled = 2_u32.saturating_pow(tries.saturating_sub(1));
        sleep(self.settings.retry_base.saturating_mul(doubled).min(self.settings.most_wait)).await;
        *tries += 1;
        Ok(())
    }

    async fn follow(&self, manner: &Manner, wanted: &Wanted) -> Result<Fetched, FetchError> {
        let mut hop = Hop::first(manner, wanted);
        for _ in 0..=REDIRECTS {
            manner.reach.check(&hop.url)?;
            let known = self.permission(manner, &hop.url).await?;
            let cookies = if manner.keeps_cookies { self.cookies(manner, &hop.url) } else { None };
            let ask = hop.ask(cookies, self.settings.patience);
            let answer = self.visit(manner, &ask, known.robots.crawl_delay, known.is_recalled).await?;
            if manner.keeps_cookies {
                self.jar.lock().take(&manner.origin, &hop.url, answer.headers("set-cookie"), self.now());
            }
            match hop.next(&answer)? {
                Some(next) => hop = next,
                None => return document::conclude(&hop, answer),
            }
        }
        Err(FetchError::Redirect(format!("the site leads on more than {REDIRECTS} times")))
    }

    /// One request, when it is its turn.
    async fn visit(
        &self,
        manner: &Manner,
        ask: &Ask,
        crawl_delay: Option<Duration>,
        is_known: bool,
    ) -> Result<Answer, FetchError> {
        let host = ask.url.host_str().unwrap_or_default().trim_end_matches('.');
        let suspended = |until| FetchError::Suspended { host: host.to_owned(), until };
        let client = self.client(&manner.reach)?;
        let rule = self.rule(manner, crawl_delay, is_known);
        let turn = self.paces.turn(host, rule, &self.clock).await.map_err(|end| suspended(end.until))?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let began = self.clock.uptime();
        let opened = client.open(ask).await;
        let latency = self.clock.uptime().saturating_sub(began);
        let answer = match opened {
            Ok(opened) => opened.read().await,
            Err(failure) => Err(failure),
        };
        turn.took(latency, answer.as_ref().is_ok_and(|answer| answer.status < 400));
        let answer = answer?;
        self.bytes.fetch_add(answer.body.len() as u64, Ordering::Relaxed);
        match document::retry_after(&answer, self.clock.now()) {
            Some(pause) if pause > self.settings.most_wait => {
                Err(suspended(turn.suspend(pause.min(LONGEST_SUSPENSION)).until))
            }
            pause => {
                turn.hold_off(pause.unwrap_or_default());
                Ok(answer)
            }
        }
    }

    fn rule(&self, manner: &Manner, crawl_delay: Option<Duration>, is_known: bool) -> Rule {
        let rate = manner.rate.map(|(count, time)| time / count.max(1));
        let wishes = [manner.least_delay, rate, crawl_delay];
        let least = wishes.into_iter().flatten().fold(self.settings.least_delay, Duration::max);
        let dice = (self.dice.lock())();
        Rule { least, most: self.settings.most_delay, jitter: self.settings.jitter, dice, is_known }
    }

    /// The client of a reach, with its open connections.
    fn client(&self, reach: &Reach) -> Result<Guarded, FetchError> {
        let mut clients = self.clients.lock();
        if let Some(client) = clients.get(reach) {
            return Ok(client.clone());
        }
        if clients.len() >= CLIENTS {
            clients.clear();
        }
        let (reach, agent) = (reach.clone(), self.settings.user_agent.as_str());
        let client = match &self.lookup {
            Some(lookup) => Guarded::with_lookup(reach.clone(), agent, lookup.clone())?,
            None => Guarded::new(reach.clone(), agent)?,
        };
        clients.insert(reach, client.clone());
        Ok(client)
    }

    fn cookies(&self, manner: &Manner, url: &Url) -> Option<String> {
        self.jar.lock().header(&manner.origin, url, self.now())
    }

    fn now(&self) -> Now {
        Now { wall: self.clock.now(), uptime: self.clock.uptime() }
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
