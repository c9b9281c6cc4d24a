//! Sources of books: catalogues, feeds, folders and sites, read on a schedule, politely and safely.
//!
//! A source is the owner's (`sources`), who says why the books there may be taken. A pass reads its pages (`pass`,
//! `catalogue`), fetches what is new (`items`) or gathers it chapter by chapter (`serial`), and hands it to the
//! library. What is done is noted step by step: a pass that is cut off at any line goes on where it was, and nothing is
//! fetched twice but what was on its way. Pages become values in `feeds` and `rules`, which know no network; `judge`
//! looks at what has arrived, because a site that refuses often says so in a page of status 200. All that goes out
//! passes through `fetch`, which keeps to robots.txt and to the site's pace, over the one guarded client of
//! [`crate::http`]. What followers ask for is looked for first (`wanted`).
//!
//! Deliberately not here: scripts of sites are never run, and a site that refuses programs is left alone.

mod catalogue;
mod check;
mod clean;
pub mod feeds;
pub mod fetch;
mod items;
mod journal;
mod judge;
mod memory;
mod pace;
mod page;
mod pass;
mod place;
mod progress;
mod refused;
mod robots;
pub mod rules;
mod serial;
mod sources;
mod wanted;

use std::collections::{BTreeMap, HashMap};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use parking_lot::Mutex;

pub use crate::store::records::PassEnd;
pub use check::{CheckStep, DryRun, Tried, WouldFetch};
pub use page::Page;
pub use place::Place;
pub use progress::Progress;
pub use refused::Refused;
pub use sources::{Imported, Preset, Source, presets};

use crate::alert::Alerts;
use crate::article::Articles;
use crate::bell::Bell;
use crate::blocking::Panicked;
use crate::clock::Clock;
use crate::library::Library;
use crate::store::{self, Store};
use fetch::Fetcher;

/// What the owner decides for all sources.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether sources are read at their times.
    pub is_on: bool,
    /// Sources that are read at the same time.
    pub sources_at_once: usize,
    /// Where times of schedules are, if a source does not say.
    pub time_zone: Tz,
    /// How sites are asked.
    pub manners: fetch::Settings,
}

/// What can go wrong when sources are changed or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] crate::library::Error),
    /// There is no such source.
    #[error("there is no source {0}; shutong crawl list shows all")]
    NoSuchSource(String),
    /// It cannot be as it was wanted.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The source is being read.
    #[error("{0} is being read at the moment; try again later")]
    Busy(String),
}

/// The result of most calls here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Reads sources. Shared by all accounts.
pub struct Crawler {
    store: Arc<Store>,
    library: Arc<Library>,
    articles: Arc<Articles>,
    alerts: Arc<Alerts>,
    clock: Clock,
    settings: Settings,
    fetcher: Fetcher,
    bell: Bell,
    /// What became of books since the start, by source and outcome.
    outcomes: Mutex<BTreeMap<(String, &'static str), u64>>,
    /// The sources that are being read, and how far.
    running: Mutex<HashMap<String, Arc<Progress>>>,
}

/// What a crawler works with.
pub struct Rooms {
    /// What survives a restart.
    pub store: Arc<Store>,
    /// Where books go.
    pub library: Arc<Library>,
    /// Where articles go.
    pub articles: Arc<Articles>,
    /// Where the owner is told.
    pub alerts: Arc<Alerts>,
}

/// How soon it is looked again which sources are due.
const LOOK_EVERY: Duration = Duration::from_secs(20);

impl Crawler {
    /// Over a store and a library. `dice` gives numbers from 0 to 1, for pauses that are no machine's.
    pub fn new(rooms: Rooms, settings: Settings, clock: Clock, dice: impl FnMut() -> f64 + Send + 'static) -> Crawler {
        let Rooms { store, library, articles, alerts } = rooms;
        let memory = memory::of_robots(Arc::clone(&store), Arc::clone(&library));
        let fetcher = Fetcher::new(settings.manners.clone(), memory, clock.clone(), dice);
        let (bell, running, outcomes) = (Bell::default(), Mutex::default(), Mutex::default());
        Crawler { store, library, articles, alerts, clock, settings, fetcher, bell, outcomes, running }
    }

    /// Rings when a source may be due.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Ends all waiting and lets what is under way come to its next step. What is left goes on at the next start.
    pub fn stop(&self) {
        self.fetcher.stop();
        self.bell.stop();
    }

    /// How far the sources are that are being read, by name.
    pub fn progress(&self) -> Vec<(String, Arc<Progress>)> {
        let mut all: Vec<_> = self.running.lock().iter().map(|(name, one)| (name.clone(), Arc::clone(one))).collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    }

    /// Requests sent and bytes fetched since the start.
    pub fn counts(&self) -> fetch::Counts {
        self.fetcher.counts()
    }

    /// What became of books since the start, in Prometheus's text format.
    pub fn metrics(&self) -> String {
        let mut text = String::from("# TYPE shutong_crawl_items_total counter\n");
        for ((source, outcome), times) in self.outcomes.lock().iter() {
            // Names of sources hold letters, digits and dashes only.
            text.push_str(&format!("shutong_crawl_items_total{{source=\"{source}\",outcome=\"{outcome}\"}} {times}\n"));
        }
        text
    }

    fn count_outcome(&self, source: &str, outcome: &'static str) {
        *self.outcomes.lock().entry((source.to_owned(), outcome)).or_default() += 1;
    }

    /// Reads sources whenever they are due, several at a time, until it is stopped. For a thread that may wait on
    /// sockets through the runtime it was started in.
    pub async fn run(self: Arc<Self>) {
        let mut passes = tokio::task::JoinSet::new();
        while !self.bell.is_stopping() {
            let now = self.clock.now();
            let due = match self.due(now) {
                Ok(due) => due,
                Err(error) => {
                    log::error!("looking which sources are due: {error}");
                    Vec::new()
                }
            };
            for name in due {
                if passes.len() >= self.settings.sources_at_once {
                    break;
                }
                if self.running.lock().contains_key(&name) {
                    continue;
                }
                let same = Arc::clone(&self);
                let runtime = tokio::runtime::Handle::current();
                passes.spawn_blocking(move || {
                    let read = panic::catch_unwind(AssertUnwindSafe(|| same.read_source(&name, &runtime)));
                    match read {
                        Ok(Ok(end)) => log::info!(source = name.as_str(); "{end}"),
                        Ok(Err(error)) => log::error!(source = name.as_str(); "{error}"),
                        Err(_) => {
                            log::error!(source = name.as_str(); "{}", Panicked);
                            if let Err(error) = same.put_aside(&name, &Panicked.to_string()) {
                                log::error!(source = name.as_str(); "{error}");
                            }
                        }
                    }
                });
            }
            tokio::select! {
                Some(_) = passes.join_next() => {}
                () = self.bell.rung() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        while passes.join_next().await.is_some() {}
    }

    /// The time.
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// Marks a source as being read, as long as it lives.
struct Reading<'c> {
    crawler: &'c Crawler,
    name: String,
    progress: Arc<Progress>,
}

impl Crawler {
    fn begin_reading(&self, name: &str) -> Result<Reading<'_>> {
        let mut running = self.running.lock();
        if running.contains_key(name) {
            return Err(Error::Busy(name.to_owned()));
        }
        let progress = Arc::new(Progress::new(self.now()));
        running.insert(name.to_owned(), Arc::clone(&progress));
        Ok(Reading { crawler: self, name: name.to_owned(), progress })
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.crawler.running.lock().remove(&self.name);
    }
}
