//! One pass over a source: what is known and waits comes first, then the pages that are not read yet, until nothing is
//! left, the day's share is fetched, or the site has had enough.
//!
//! Everything is in the store before the next request goes out, so a pass that is cut off goes on where it was. A site
//! that fails again and again is left alone for longer and longer, and at last until the owner has looked.

mod end;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use tokio::runtime::Handle;
use url::Url;

use super::fetch::{Category, FetchError, Fetched, Manner, Wanted};
use super::{Crawler, Error, Progress, Refused, Result, catalogue, rules};
use crate::secret::Secret;
use crate::store::records::{
    CrawlItemRecord, CrawlLogRecord, ItemState, PassCounts, PassEnd, SourceRecord, SourceStateRecord,
};
use crate::store::schema::{CRAWL_ITEMS, CRAWL_PAGES, SOURCE_STATES, SOURCES};
use crate::store::{self, Durability, Write};

pub(super) use end::stopped_key;

/// Records read at a time.
const PAGE: usize = 1_000;
/// Failures in a row after which a pass gives the site up for now.
const MOST_FAILURES: u32 = 10;
/// Catalogue pages read at one time; a catalogue without end has its turn like the others.
const MOST_PAGES: u32 = 5_000;
/// How often what could not be had is tried again before a pass ends.
const ROUNDS: u32 = 2;
/// How long a book that could not be fetched is let alone at first; twice as long each time.
const AGAIN_AFTER: Duration = Duration::minutes(10);
/// Longest text of a line of what happened, in characters.
const MOST_WHAT: usize = 200;

/// Why a step goes no further.
pub(super) enum Halt {
    Capped,
    Stopped,
    Later(DateTime<Utc>),
    GivenUp(String),
    Error(Error),
}

impl<E: Into<Error>> From<E> for Halt {
    fn from(error: E) -> Halt {
        Halt::Error(error.into())
    }
}

/// The result of a step.
pub(super) type Step<T = ()> = std::result::Result<T, Halt>;

/// A text with its addresses cut at their question marks: what stands behind may be a secret.
pub(super) fn without_queries(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.split_once('?') {
        Some((address, _)) if address.contains("://") => address,
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether a page that could not be had may be had another time: a page that never ends, or that the site has put in
/// its place, is not the site's last word.
pub(super) fn may_pass(error: &FetchError) -> bool {
    match error.category() {
        Category::Address | Category::Robots | Category::Gone | Category::Denied => error.is_passing(),
        Category::RateLimited | Category::ServerTrouble | Category::Network => true,
        Category::TooLarge | Category::Unexpected | Category::Stopped => true,
    }
}

/// A pass under way.
pub(super) struct Pass<'c> {
    pub(super) crawler: &'c Crawler,
    pub(super) name: String,
    pub(super) source: SourceRecord,
    pub(super) rules: Option<rules::Source>,
    pub(super) origin: Url,
    /// Its number.
    pub(super) number: u64,
    /// Its share of files and chapters.
    budget: u32,
    pub(super) done: PassCounts,
    failures: u32,
    pub(super) pages: VecDeque<String>,
    pub(super) items: BTreeSet<(u64, String)>,
    /// Those that could not be had in this round.
    pub(super) again: BTreeSet<(u64, String)>,
    /// Whether what failed is due, whatever it was to wait.
    is_by_hand: bool,
    /// How often the owner had stopped the source when it began.
    stops: u64,
    pub(super) progress: Arc<Progress>,
    manner: Manner,
    runtime: &'c Handle,
}

impl Crawler {
    /// The sources that are to be read now, those that were cut off first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn due(&self, now: DateTime<Utc>) -> Result<Vec<String>> {
        if !self.settings.is_on {
            // What the owner asks for by hand is read all the same.
            let wanted = self.sources()?.into_iter().filter(|source| source.state.is_wanted_now);
            return Ok(wanted.map(|source| source.name).collect());
        }
        let mut due = Vec::new();
        for source in self.sources()? {
            let state = &source.state;
            let is_open = |until: DateTime<Utc>| until <= now;
            if state.stopped.is_some() || !state.not_before.is_none_or(is_open) {
                continue;
            }
            let is_cut_off = state.is_under_way && !state.is_capped;
            let has_come = || source.next_at.is_some_and(|next| next <= now);
            if state.is_wanted_now || !source.record.is_paused && (is_cut_off || has_come()) {
                due.push((!is_cut_off, state.counts_from, source.name));
            }
        }
        due.sort();
        Ok(due.into_iter().map(|(_, _, name)| name).collect())
    }

    /// Reads a source now: goes on with the pass that was cut off, or begins one. For a thread that may block; the
    /// runtime is where its requests are sent from.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`], [`Error::Busy`], or when store or library fail. What the site does is no error.
    pub fn read_source(&self, name: &str, runtime: &Handle) -> Result<PassEnd> {
        let reading = self.begin_reading(name)?;
        let mut pass = self.open_pass(name, Arc::clone(&reading.progress), runtime)?;
        let end = match pass.run() {
            Ok(()) => PassEnd::Finished(pass.done),
            Err(Halt::Capped) => PassEnd::Capped(pass.done),
            Err(Halt::Stopped) => PassEnd::Stopped,
            Err(Halt::Later(until)) => PassEnd::Later(until),
            Err(Halt::GivenUp(why)) => PassEnd::GivenUp(why),
            Err(Halt::Error(error)) => {
                self.put_aside(name, &error.to_string())?;
                return Err(error);
            }
        };
        self.close_pass(&pass, &end)?;
        Ok(end)
    }

    fn open_pass<'c>(&'c self, name: &str, progress: Arc<Progress>, runtime: &'c Handle) -> Result<Pass<'c>> {
        let key = name.to_owned();
        let now = self.now();
        let (source, state, is_by_hand) = self.store.write(Durability::Durable, |write| {
            let source = write.get(&SOURCES, &key)?.ok_or_else(|| Error::NoSuchSource(key.clone()))?;
            let mut state: SourceStateRecord = write.get(&SOURCE_STATES, &key)?.unwrap_or_default();
            let today = self.today(&source, now);
            if state.today != today {
                (state.today, state.fetched_today) = (today, 0);
            }
            if !state.is_under_way {
                state.pass += 1;
                state.is_under_way = true;
                state.began_at = Some(now);
                state.done = PassCounts::default();
                state.outcome = String::new();
                state.end = None;
                catalogue::want_first_pages(write, &key, &source, state.pass)?;
            }
            let is_by_hand = state.is_wanted_now;
            state.is_capped = false;
            state.counts_from = now;
            write.put(&SOURCE_STATES, &key, &state)?;
            Ok::<_, Error>((source, state, is_by_hand))
        })?;
        let rules = source.rules.as_deref().map(rules::Source::parse).transpose();
        let rules = rules.map_err(|error| Refused::Said(error.to_string()))?;
        let manner = self.manner_of(&source, rules.as_ref())?;
        let origin = manner.origin.clone();
        let mut pass = Pass {
            crawler: self,
            name: key,
            budget: source.most_per_pass.min(source.most_per_day.saturating_sub(state.fetched_today)),
            source,
            rules,
            origin,
            number: state.pass,
            done: state.done,
            failures: 0,
            pages: VecDeque::new(),
            items: BTreeSet::new(),
            again: BTreeSet::new(),
            is_by_hand,
            stops: state.stops,
            progress,
            manner,
            runtime,
        };
        pass.load()?;
        Ok(pass)
    }

    /// How a source's site is asked.
    pub(super) fn manner_of(&self, source: &SourceRecord, rules: Option<&rules::Source>) -> Result<Manner> {
        let origin = Url::parse(&source.url).map_err(|error| Refused::Said(format!("{}: {error}", source.url)))?;
        let login = (!source.username.is_empty()).then(|| (source.username.clone(), Secret::new(&source.password)));
        let rate = rules.and_then(rules::Source::rate).map(|rate| match rate {
            rules::Rate::Every(pause) => (1, pause),
            rules::Rate::Within(requests, period) => (requests, period),
        });
        Ok(Manner {
            reach: source.reach()?,
            least_delay: source.pause_ms.map(std::time::Duration::from_millis),
            rate,
            // Only to its own address: there may be a cookie among them.
            headers: rules.map(rules::Source::headers_of_source).unwrap_or_default(),
            login,
            origin,
            // Sites that are made for browsers may hand out a cookie first.
            keeps_cookies: rules.is_some(),
            is_own: source.is_own,
        })
    }

    fn today(&self, source: &SourceRecord, now: DateTime<Utc>) -> String {
        now.with_timezone(&source.time_zone.unwrap_or(self.settings.time_zone)).format("%F").to_string()
    }
}

impl Pass<'_> {
    /// Takes up what waits.
    fn load(&mut self) -> Result<()> {
        let now = self.crawler.now();
        let store = &self.crawler.store;
        let mut waiting = Vec::new();
        let mut after = Some((self.name.clone(), String::new()));
        loop {
            let page = store.page(&CRAWL_PAGES, after.as_ref(), PAGE)?;
            let own = page.iter().take_while(|((source, _), _)| *source == self.name);
            let unread = own.clone().filter(|(_, page)| page.wanted_in == self.number && page.read_in < self.number);
            waiting.extend(unread.map(|((_, url), page)| (page.turn, url.clone())));
            if own.count() < PAGE {
                break;
            }
            after = page.into_iter().next_back().map(|(key, _)| key);
        }
        waiting.sort();
        self.pages = waiting.into_iter().map(|(_, url)| url).collect();
        let mut after = Some((self.name.clone(), String::new()));
        loop {
            let page = store.page(&CRAWL_ITEMS, after.as_ref(), PAGE)?;
            let own = page.iter().take_while(|((source, _), _)| *source == self.name);
            let is_due = |item: &CrawlItemRecord| match &item.state {
                ItemState::Waiting => true,
                ItemState::Failed { next_at, .. } => self.is_by_hand || *next_at <= now,
                // A book of chapters may have new ones.
                ItemState::Done => item.serial.as_ref().is_some_and(|serial| serial.complete_in < self.number),
                ItemState::Refused { .. } => false,
            };
            let due = own.clone().filter(|(_, item)| is_due(item));
            // What has failed before comes last: the rest must not wait for it.
            let turn = |item: &CrawlItemRecord| match item.state {
                ItemState::Failed { .. } => item.turn.saturating_add(u64::MAX / 2),
                _ => item.turn,
            };
            self.items.extend(due.map(|((_, id), item)| (turn(item), id.clone())));
            if own.count() < PAGE {
                return Ok(());
            }
            after = page.into_iter().next_back().map(|(key, _)| key);
        }
    }

    fn run(&mut self) -> Step {
        self.look_for_requests()?;
        let (mut rounds, mut pages) = (ROUNDS, 0);
        loop {
            self.show("");
            if let Some((turn, id)) = self.items.first().cloned() {
                self.fetch_item(&id)?;
                self.items.remove(&(turn, id));
            } else if let Some(url) = self.pages.front().cloned() {
                pages += 1;
                if pages > MOST_PAGES {
                    return Err(Halt::Capped);
                }
                self.read_page(&url)?;
                self.pages.pop_front();
            } else if rounds > 0 && !self.again.is_empty() {
                rounds -= 1;
                self.items = std::mem::take(&mut self.again);
            } else {
                return Ok(());
            }
        }
    }

    /// Whether the owner has asked for this pass.
    pub(super) fn is_by_hand(&self) -> bool {
        self.is_by_hand
    }

    /// Says what it is busy with.
    pub(super) fn show(&self, what: &str) {
        self.progress.set(|now| {
            if !what.is_empty() {
                now.what = without_queries(what).chars().take(MOST_WHAT).collect();
                now.chapters = None;
            }
            now.done = self.done;
            (now.pages_waiting, now.books_waiting) = (self.pages.len(), self.items.len());
        });
    }

    /// Asks the site. What a site does wrong is the inner error; the outer one ends the pass.
    pub(super) fn ask(&mut self, wanted: &Wanted) -> Step<std::result::Result<Fetched, FetchError>> {
        if self.crawler.bell.is_stopping() {
            return Err(Halt::Stopped);
        }
        // The owner may have stopped the source meanwhile, or taken it away.
        let state: Option<SourceStateRecord> = self.crawler.store.get(&SOURCE_STATES, &self.name)?;
        if state.is_none_or(|state| state.stops != self.stops) {
            return Err(Halt::Stopped);
        }
        let got = self.runtime.block_on(self.crawler.fetcher.fetch(&self.manner, wanted));
        match &got {
            Ok(_) => self.failures = 0,
            Err(FetchError::Stopped) => return Err(Halt::Stopped),
            // A file may lie at another host, which is that file's matter alone.
            Err(FetchError::Suspended { until, .. } | FetchError::RobotsUnread { until, .. })
                if wanted.url.host() == self.origin.host() =>
            {
                return Err(Halt::Later(*until));
            }
            Err(error) => self.count_failure(wanted, error)?,
        }
        Ok(got)
    }

    fn count_failure(&mut self, wanted: &Wanted, error: &FetchError) -> Step {
        let is_the_sites = match error.category() {
            Category::Robots
            | Category::Denied
            | Category::RateLimited
            | Category::ServerTrouble
            | Category::Network => true,
            Category::Address | Category::TooLarge | Category::Gone | Category::Unexpected | Category::Stopped => false,
        };
        if is_the_sites && wanted.url.host() == self.origin.host() {
            self.failures += 1;
        }
        if self.failures >= MOST_FAILURES { Err(Halt::GivenUp(error.to_string())) } else { Ok(()) }
    }

    /// Takes one of the share of files and chapters.
    pub(super) fn take_share(&mut self) -> Step {
        self.budget = self.budget.checked_sub(1).ok_or(Halt::Capped)?;
        Ok(())
    }

    /// Changes records and notes what was done so far, as one durable step.
    pub(super) fn write<T>(
        &mut self,
        fetched: u32,
        change: impl FnOnce(&mut Write<'_>, &mut PassCounts) -> store::Result<T>,
    ) -> Result<T> {
        let mut done = self.done;
        let changed = self.crawler.store.write(Durability::Durable, |write| {
            let changed = change(write, &mut done)?;
            if let Some(mut state) = write.get(&SOURCE_STATES, &self.name)? {
                state.done = done;
                state.fetched_today = state.fetched_today.saturating_add(fetched);
                write.put(&SOURCE_STATES, &self.name, &state)?;
            }
            Ok::<_, store::Error>(changed)
        })?;
        self.done = done;
        Ok(changed)
    }

    /// A line for the owner.
    pub(super) fn line(&self, what: &str, outcome: &str, is_failure: bool) -> CrawlLogRecord {
        let cut = |text: &str| without_queries(text).chars().take(MOST_WHAT).collect();
        CrawlLogRecord { at: self.crawler.now(), what: cut(what), outcome: cut(outcome), is_failure }
    }

    /// An item that could not be had and may be had later.
    pub(super) fn failed(&self, before: &ItemState, reason: String) -> ItemState {
        let tries = match before {
            ItemState::Failed { tries, .. } => tries + 1,
            _ => 1,
        };
        let next_at = self.crawler.now() + AGAIN_AFTER * (1 << tries.min(8));
        ItemState::Failed { reason, tries, next_at }
    }
}
