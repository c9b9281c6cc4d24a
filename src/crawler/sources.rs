//! The owner's sources: adding, changing, stopping, importing those of reading programs.
//!
//! Every source carries the owner's word why its books may be taken. Presets are catalogues that give their books away.

mod import;

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use ipnet::IpNet;
use url::Url;

use super::rules;
use super::{Crawler, Error, Refused, Result};
use crate::http::reach::Reach;
use crate::schedule::Times;
use crate::store::Durability;
use crate::store::records::{CrawlItemRecord, SourceKind, SourceRecord, SourceStateRecord};
use crate::store::schema::{CHAPTERS, CRAWL_ITEMS, CRAWL_LOG, CRAWL_PAGES, SOURCE_STATES, SOURCES};

pub use import::{Imported, Preset, presets};

/// Most sources.
const MOST_SOURCES: usize = 10_000;
/// Longest name.
const MOST_NAME: usize = 60;
/// Records deleted in one write.
const BATCH: usize = 1_000;

/// A source, and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// By which it is called.
    pub name: String,
    /// What the owner wants.
    pub record: SourceRecord,
    /// How it stands.
    pub state: SourceStateRecord,
    /// When its schedule comes next; none while it is stopped.
    pub next_at: Option<DateTime<Utc>>,
}

impl Crawler {
    /// Adds a source, or changes the one of this name: what was found there stays, unless it begins elsewhere now.
    ///
    /// # Errors
    /// [`Error::Refused`] says what is wrong with it.
    pub fn put_source(&self, name: &str, source: SourceRecord, now: DateTime<Utc>) -> Result<()> {
        judge(name, &source, self.settings.time_zone)?;
        let is_full = || Ok::<_, Error>(self.store.page(&SOURCES, None, MOST_SOURCES)?.len() >= MOST_SOURCES);
        let before = self.store.get(&SOURCES, &name.to_owned())?;
        if before.is_none() && is_full()? {
            return Err(Refused::Full(MOST_SOURCES).into());
        }
        let is_read_anew = before.is_some_and(|before| {
            let looks_for = |source: &SourceRecord| {
                let SourceRecord { url, kind, rules, lists, formats, languages, feed_use, .. } = source.clone();
                (url, kind, rules, lists, formats, languages, feed_use)
            };
            looks_for(&before) != looks_for(&source)
        });
        if is_read_anew {
            // What has not changed there has to be read all the same: with other eyes.
            self.forget(name, Forget::Pages)?;
        }
        self.store.write(Durability::Durable, |write| {
            let key = name.to_owned();
            let mut state = write.get(&SOURCE_STATES, &key)?.unwrap_or_else(|| fresh(now));
            // What the owner has just put right may work again.
            state.stopped = None;
            state.failures = 0;
            if is_read_anew {
                (state.is_under_way, state.not_before) = (false, None);
            }
            write.put(&SOURCE_STATES, &key, &state)?;
            write.put(&SOURCES, &key, &source)
        })?;
        self.alerts.resolve(&super::pass::stopped_key(name), now);
        self.bell.ring();
        Ok(())
    }

    /// All sources, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sources(&self) -> Result<Vec<Source>> {
        self.first_sources(MOST_SOURCES)
    }

    /// The first sources by name, at most so many.
    ///
    /// # Errors
    /// When the store fails.
    pub fn first_sources(&self, most: usize) -> Result<Vec<Source>> {
        let records = self.store.page(&SOURCES, None, most)?;
        records.into_iter().map(|(name, record)| self.with_state(name, record)).collect()
    }

    /// One source.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`], or when the store fails.
    pub fn source(&self, name: &str) -> Result<Source> {
        let record = self.store.get(&SOURCES, &name.to_owned())?;
        self.with_state(name.to_owned(), record.ok_or_else(|| Error::NoSuchSource(name.to_owned()))?)
    }

    fn with_state(&self, name: String, record: SourceRecord) -> Result<Source> {
        let state = self.store.get(&SOURCE_STATES, &name)?.unwrap_or_else(|| fresh(record.added_at));
        let is_on = self.settings.is_on && !record.is_paused && state.stopped.is_none();
        let times = Times::parse(&record.schedule, record.time_zone.unwrap_or(self.settings.time_zone)).ok();
        let next_at = times.filter(|_| is_on).and_then(|times| times.next_after(state.counts_from));
        Ok(Source { name, record, state, next_at })
    }

    /// Takes a source away, and all that is noted of it; the books it has brought stay.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`], [`Error::Busy`], or when the store fails.
    pub fn remove_source(&self, name: &str) -> Result<()> {
        self.source(name)?;
        let _alone = self.begin_reading(name)?;
        self.forget(name, Forget::All)?;
        Ok(self.store.write(Durability::Durable, |write| {
            write.delete(&SOURCES, &name.to_owned());
            write.delete(&SOURCE_STATES, &name.to_owned());
            Ok::<_, crate::store::Error>(())
        })?)
    }

    /// Stops a source, or lets it go on, also if the program had stopped it.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`], or when the store fails.
    pub fn pause_source(&self, name: &str, is_paused: bool) -> Result<()> {
        self.change(name, |source, state| {
            source.is_paused = is_paused;
            if is_paused {
                state.stops += 1;
                state.is_wanted_now = false;
            }
            if !is_paused {
                state.stopped = None;
                state.failures = 0;
            }
        })?;
        self.alerts.resolve(&super::pass::stopped_key(name), self.now());
        self.bell.ring();
        Ok(())
    }

    /// Has a source read as soon as may be, whatever its schedule says.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`], or when the store fails.
    pub fn read_soon(&self, name: &str) -> Result<()> {
        self.change(name, |_, state| {
            state.is_wanted_now = true;
            state.not_before = None;
            state.stopped = None;
            state.failures = 0;
        })?;
        self.alerts.resolve(&super::pass::stopped_key(name), self.now());
        self.bell.ring();
        Ok(())
    }

    /// Has a book of chapters published as far as it goes, or no longer so.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is no such book of chapters, or when the store fails.
    pub fn publish_incomplete(&self, name: &str, item: &str, may: bool) -> Result<()> {
        let key = (name.to_owned(), item.to_owned());
        self.store.write(Durability::Durable, |write| {
            let found: Option<CrawlItemRecord> = write.get(&CRAWL_ITEMS, &key)?;
            let Some((mut record, mut serial)) = found.and_then(|mut item| item.serial.take().map(|one| (item, one)))
            else {
                return Err(Error::Refused(Refused::Said(format!("{name} has no book of chapters {item}"))));
            };
            serial.may_be_incomplete = may;
            record.serial = Some(serial);
            record.state = crate::store::records::ItemState::Waiting;
            write.put(&CRAWL_ITEMS, &key, &record)?;
            Ok(())
        })?;
        self.read_soon(name)
    }

    /// The books of a source behind one of them, with what it knows each by, in order of that.
    ///
    /// # Errors
    /// When the store fails.
    pub fn items_of(&self, name: &str, after: Option<&str>, most: usize) -> Result<Vec<(String, CrawlItemRecord)>> {
        let after = (name.to_owned(), after.unwrap_or_default().to_owned());
        let page = self.store.page(&CRAWL_ITEMS, Some(&after), most)?;
        Ok(page.into_iter().take_while(|((source, _), _)| source == name).map(|((_, id), item)| (id, item)).collect())
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut SourceRecord, &mut SourceStateRecord)) -> Result<()> {
        let key = name.to_owned();
        self.store.write(Durability::Durable, |write| {
            let Some(mut source) = write.get(&SOURCES, &key)? else {
                return Err(Error::NoSuchSource(key.clone()));
            };
            let mut state = write.get(&SOURCE_STATES, &key)?.unwrap_or_else(|| fresh(source.added_at));
            change(&mut source, &mut state);
            write.put(&SOURCES, &key, &source)?;
            write.put(&SOURCE_STATES, &key, &state)?;
            Ok(())
        })
    }

    /// Forgets what is noted of a source.
    fn forget(&self, name: &str, what: Forget) -> Result<()> {
        self.forget_under(&CRAWL_PAGES, name)?;
        if what == Forget::All {
            for (id, item) in self.items_of(name, None, usize::MAX)? {
                if item.serial.is_some() {
                    self.forget_under(&CHAPTERS, &super::serial::key_of(name, &id))?;
                }
            }
            self.forget_under(&CRAWL_ITEMS, name)?;
            self.forget_under(&CRAWL_LOG, name)?;
        }
        Ok(())
    }

    fn forget_under<V: serde::de::DeserializeOwned>(
        &self,
        table: &crate::store::Table<(String, String), V>,
        first: &str,
    ) -> Result<()> {
        loop {
            let keys: Vec<_> = self.store.under(table, first, BATCH)?.into_iter().map(|(key, _)| key).collect();
            if keys.is_empty() {
                return Ok(());
            }
            self.store.write(Durability::Soon, |write| {
                keys.iter().for_each(|key| write.delete(table, key));
                Ok::<_, crate::store::Error>(())
            })?;
        }
    }
}

/// How much is forgotten.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Forget {
    Pages,
    All,
}

/// A source as the owner would most often want it: once a day, early in the morning.
pub(super) fn defaults(now: DateTime<Utc>) -> SourceRecord {
    SourceRecord {
        schedule: "0 30 4 * * *".into(),
        most_per_pass: 500,
        most_per_day: 2_000,
        added_at: now,
        ..SourceRecord::default()
    }
}

impl SourceRecord {
    /// A source as the owner would most often want it: once a day at half past four, at most 500 files in one pass.
    pub fn usual(now: DateTime<Utc>) -> SourceRecord {
        defaults(now)
    }

    /// Which addresses may be reached besides public ones.
    ///
    /// # Errors
    /// Which of its networks is none.
    pub fn reach(&self) -> Result<Reach> {
        let net = |text: &String| {
            let one = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            one.ok_or_else(|| Refused::NoNetwork(text.clone()))
        };
        Ok(Reach { nets: self.nets.iter().map(net).collect::<Result<_, _>>()?, ports: self.ports.clone() })
    }
}

fn fresh(now: DateTime<Utc>) -> SourceStateRecord {
    SourceStateRecord { counts_from: now, ..SourceStateRecord::default() }
}

/// Whether a source can be as it is.
fn judge(name: &str, source: &SourceRecord, zone: Tz) -> Result<()> {
    let refuse = |why: Refused| Err(why.into());
    if name.is_empty() || name.len() > MOST_NAME || slug(name) != name {
        return refuse(Refused::NoName { name: name.to_owned(), most: MOST_NAME });
    }
    if source.rights.trim().is_empty() {
        return refuse(Refused::NoRights);
    }
    let Ok(url) = Url::parse(&source.url) else {
        return refuse(Refused::NoAddress(source.url.clone()));
    };
    if let Err(error) = source.reach()?.check(&url) {
        return refuse(Refused::OutOfReach { url: source.url.clone(), why: error.to_string() });
    }
    Times::parse(&source.schedule, source.time_zone.unwrap_or(zone))
        .map_err(|error| Refused::NoSchedule { text: source.schedule.clone(), why: error.to_string() })?;
    if source.most_per_pass == 0 || source.most_per_day == 0 {
        return refuse(Refused::Nothing);
    }
    match (&source.rules, source.kind) {
        (None, SourceKind::Rules) => refuse(Refused::NeedsRules),
        (Some(rules), _) => {
            rules::Source::parse(rules).map_err(|error| Refused::Said(error.to_string()))?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What remains of a title as a name.
pub(super) fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() && slug.len() + c.len_utf8() <= MOST_NAME {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') && slug.len() < MOST_NAME {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-28T00:00:00Z".parse().unwrap()
    }

    fn source() -> SourceRecord {
        SourceRecord {
            url: "https://books.example.org/opds".into(),
            rights: "public domain".into(),
            ..SourceRecord::usual(now())
        }
    }

    #[test]
    fn a_source_needs_a_name_an_address_a_schedule_and_a_right() {
        let zone = Tz::Asia__Shanghai;
        judge("books", &source(), zone).unwrap();
        let refused = |name: &str, change: fn(&mut SourceRecord), word: &str| {
            let mut source = source();
            change(&mut source);
            let error = judge(name, &source, zone).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        };
        refused("Books!", |_| {}, "no name");
        refused("books", |source| source.rights = " ".into(), "rights");
        refused("books", |source| source.url = "books".into(), "https://");
        refused("books", |source| source.url = "http://127.0.0.1:8080/".into(), "network");
        refused("books", |source| source.url = "file:///etc/passwd".into(), "cannot be read");
        refused("books", |source| source.schedule = "daily".into(), "schedule");
        refused("books", |source| source.nets = vec!["here".into()], "network");
        refused("books", |source| source.kind = SourceKind::Rules, "rules");
        refused("books", |source| source.most_per_pass = 0, "paused");
        let mut own = source();
        own.url = "http://192.168.1.5:8080/opds".into();
        own.nets = vec!["192.168.1.5".into()];
        judge("own", &own, zone).unwrap();
    }

    #[test]
    fn names_are_made_of_letters_and_digits() {
        assert_eq!(slug("  Standard  Ebooks! "), "standard-ebooks");
        assert_eq!(slug("笔趣阁②"), "笔趣阁②".chars().filter(|c| c.is_alphanumeric()).collect::<String>());
        assert!(slug(&"a".repeat(500)).len() <= MOST_NAME);
        for preset in presets() {
            assert_eq!(slug(preset.name), preset.name);
        }
    }
}
