//! Whether a site's robots.txt allows an address: asked for once, kept by the caller's store, asked for again after a
//! day, or sooner if it could not be read.
//!
//! What a robots.txt that is not there means follows RFC 9309: none (any 4xx) forbids nothing; one that cannot be had
//! (5xx, 429, the network) forbids everything until it can. There is one for each scheme, host and port.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use url::{Position, Url};

use super::error::FetchError;
use super::hop::destination;
use super::{Fetcher, Manner, REDIRECTS};
use crate::crawler::robots::{Found, KeptRobots, LARGEST, Robots};
use crate::http::guarded::{Ask, Excess, Method};

/// Sites whose rules are held in memory; the store has the others.
const SITES: usize = 100;

/// Gives back what is kept under a key.
pub type Recall = Box<dyn Fn(&str) -> Option<KeptRobots> + Send + Sync>;
/// Keeps something under a key.
pub type Keep = Box<dyn Fn(&str, &KeptRobots) + Send + Sync>;

/// Where robots.txt are kept. Both are called on the threads of the asynchronous part, and should not wait for long.
pub struct RobotsMemory {
    /// What is kept of a site: `https://example.com:443`.
    pub recall: Recall,
    /// Keeps it.
    pub keep: Keep,
}

impl RobotsMemory {
    /// Keeps nothing beyond the life of the fetcher.
    pub fn none() -> RobotsMemory {
        RobotsMemory { recall: Box::new(|_| None), keep: Box::new(|_, _| {}) }
    }
}

/// The robots.txt of all sites.
pub(super) struct Permissions {
    memory: RobotsMemory,
    sites: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Known>>>>>,
}

/// The rules of one site.
#[derive(Clone)]
pub(super) struct Known {
    /// Without its text.
    kept: KeptRobots,
    pub(super) robots: Arc<Robots>,
    /// Whether it was kept by an earlier life of this program, which may have asked the site a moment ago.
    pub(super) is_recalled: bool,
}

impl Permissions {
    pub(super) fn new(memory: RobotsMemory) -> Permissions {
        Permissions { memory, sites: Mutex::default() }
    }

    fn site(&self, key: &str) -> Arc<tokio::sync::Mutex<Option<Known>>> {
        let mut sites = self.sites.lock();
        if sites.len() >= SITES && !sites.contains_key(key) {
            sites.retain(|_, site| Arc::strong_count(site) > 1);
        }
        sites.entry(key.to_owned()).or_default().clone()
    }
}

impl Known {
    fn new(mut kept: KeptRobots, is_recalled: bool, token: &str) -> Known {
        let robots = match &mut kept.found {
            // The text is the store's; only what was read in it stays in memory.
            Found::Text(text) => Robots::read(&std::mem::take(text), token),
            Found::Nothing | Found::Unreadable { .. } => Robots::default(),
        };
        Known { robots: Arc::new(robots), kept, is_recalled }
    }

    fn times(&self) -> u32 {
        match self.kept.found {
            Found::Unreadable { times, .. } => times,
            Found::Text(_) | Found::Nothing => 0,
        }
    }
}

impl Fetcher {
    /// The rules of a site, if they allow this address.
    pub(super) async fn permission(&self, manner: &Manner, url: &Url) -> Result<Known, FetchError> {
        let known = match self.rules(manner, url).await {
            Err(FetchError::RobotsUnread { .. }) if manner.owns(url) => {
                let kept = KeptRobots { asked_at: self.clock.now(), found: Found::Nothing };
                return Ok(Known::new(kept, false, &self.settings.agent_token));
            }
            known => known?,
        };
        match known.robots.forbidding(&url[Position::BeforePath..Position::AfterQuery]) {
            Some(rule) if !manner.owns(url) => Err(FetchError::Robots { rule }),
            _ => Ok(known),
        }
    }

    /// The rules of a site, if they could be read.
    pub(super) async fn rules(&self, manner: &Manner, url: &Url) -> Result<Known, FetchError> {
        let key = site_key(url);
        let site = self.permissions.site(&key);
        // Held while the file is asked for, so that it is asked for once.
        let mut known = site.lock().await;
        if known.is_none() {
            let kept = (self.permissions.memory.recall)(&key);
            *known = kept.map(|kept| Known::new(kept, true, &self.settings.agent_token));
        }
        if let Some(fresh) = known.as_ref().filter(|known| !known.kept.is_due(self.clock.now())) {
            return self.readable(fresh);
        }
        let (is_recalled, times) = known.as_ref().map_or((false, 0), |known| (known.is_recalled, known.times()));
        let found = self.ask_for_rules(manner, url, is_recalled, times).await?;
        let kept = KeptRobots { asked_at: self.clock.now(), found };
        (self.permissions.memory.keep)(&key, &kept);
        let fresh = known.insert(Known::new(kept, is_recalled, &self.settings.agent_token));
        self.readable(fresh)
    }

    fn readable(&self, known: &Known) -> Result<Known, FetchError> {
        match &known.kept.found {
            Found::Unreadable { why, .. } => {
                let until = known.kept.due_at(self.clock.now());
                Err(FetchError::RobotsUnread { why: why.clone(), until })
            }
            Found::Text(_) | Found::Nothing => Ok(known.clone()),
        }
    }

    /// What there is, tried as often as a page. Only what is no fault of the file's is an error.
    async fn ask_for_rules(
        &self,
        manner: &Manner,
        url: &Url,
        is_recalled: bool,
        times: u32,
    ) -> Result<Found, FetchError> {
        let mut tries = 1;
        loop {
            let error = match self.follow_to_rules(manner, url, is_recalled).await {
                Ok(found) => return Ok(found),
                Err(error) => error,
            };
            match self.before_next_try(error, &mut tries).await {
                Ok(()) => {}
                // These say why the address itself is not fetched.
                Err(error @ (FetchError::Forbidden(_) | FetchError::Suspended { .. })) => return Err(error),
                Err(error) => return Ok(Found::Unreadable { why: error.to_string(), times: times.saturating_add(1) }),
            }
        }
    }

    async fn follow_to_rules(&self, manner: &Manner, url: &Url, is_recalled: bool) -> Result<Found, FetchError> {
        let mut url = url.join("/robots.txt").map_err(|_| FetchError::Redirect("it has no robots.txt".into()))?;
        for _ in 0..=REDIRECTS {
            manner.reach.check(&url)?;
            let ask = Ask {
                method: Method::Get,
                url: url.clone(),
                headers: Vec::new(),
                body: None,
                most_bytes: LARGEST as u64,
                excess: Excess::Cut,
                patience: self.settings.patience,
            };
            let answer = self.visit(manner, &ask, None, is_recalled).await?;
            if let Some(next) = destination(&url, &answer)? {
                url = next;
                continue;
            }
            return match answer.status {
                200..300 => Ok(Found::Text(String::from_utf8_lossy(&answer.body).into_owned())),
                code @ (408 | 429) => Err(FetchError::Status { code }),
                400..500 => Ok(Found::Nothing),
                code => Err(FetchError::Status { code }),
            };
        }
        // By the RFC as good as none.
        Ok(Found::Nothing)
    }
}

fn site_key(url: &Url) -> String {
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
    format!("{}://{}:{port}", url.scheme(), host.trim_end_matches('.'))
}
