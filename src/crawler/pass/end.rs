//! How a pass ends, and what follows from it: when the source is asked again, and when the owner has to look.

use std::fmt;

use chrono::Duration;

use super::super::journal::{PASS, note_line};
use super::super::{Crawler, Result};
use super::Pass;
use crate::alert::Trouble;
use crate::store::records::{CrawlLogRecord, PassCounts, PassEnd};
use crate::store::schema::SOURCE_STATES;
use crate::store::{self, Durability};

/// Passes given up in a row after which the source is stopped.
const MOST_GIVEN_UP: u32 = 5;
/// How long a site that was given up is let alone at first; twice as long each time.
const LEFT_ALONE: Duration = Duration::hours(1);

/// In English, for the command line and the log.
impl fmt::Display for PassEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PassEnd::Finished(done) => write!(f, "finished: {}", Told(done)),
            PassEnd::Capped(done) => write!(f, "as much as it may: {}; it goes on at its next time", Told(done)),
            PassEnd::Later(until) => {
                write!(f, "the site wants to be left alone until {}", until.format("%F %H:%M UTC"))
            }
            PassEnd::GivenUp(why) => write!(f, "given up for now: {why}"),
            PassEnd::Stopped => f.write_str("cut off; it goes on at the next start"),
        }
    }
}

/// What was done, as a person reads it.
struct Told<'a>(&'a PassCounts);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PassCounts { pages, unchanged, found, added, updated, known, chapters, failed } = self.0;
        write!(
            f,
            "{pages} pages read, {unchanged} unchanged; {found} books found, {added} added, {updated} updated, \
             {known} known; {chapters} chapters; {failed} failures"
        )
    }
}

impl Crawler {
    /// Leaves a source alone for a while that could not be read because of something here: it would only happen again.
    pub(in crate::crawler) fn put_aside(&self, name: &str, why: &str) -> Result<()> {
        let now = self.now();
        self.store.write(Durability::Durable, |write| {
            let Some(mut state) = write.get(&SOURCE_STATES, &name.to_owned())? else { return Ok(()) };
            state.not_before = Some(now + LEFT_ALONE);
            state.is_wanted_now = false;
            let end = PassEnd::GivenUp(why.to_owned());
            state.outcome = end.to_string();
            state.end = Some(end);
            let line = CrawlLogRecord { at: now, what: PASS.into(), outcome: state.outcome.clone(), is_failure: true };
            note_line(write, name, &line)?;
            write.put(&SOURCE_STATES, &name.to_owned(), &state)
        })?;
        Ok(())
    }

    pub(super) fn close_pass(&self, pass: &Pass<'_>, end: &PassEnd) -> Result<()> {
        let now = self.now();
        let stopped = self.store.write(Durability::Durable, |write| {
            let Some(mut state) = write.get(&SOURCE_STATES, &pass.name)? else { return Ok(None) };
            if *end == PassEnd::Stopped {
                return Ok(None);
            }
            state.ended_at = Some(now);
            state.outcome = end.to_string();
            state.end = Some(end.clone());
            state.done = pass.done;
            state.not_before = None;
            state.is_wanted_now = false;
            match end {
                PassEnd::Finished(_) => {
                    state.is_under_way = false;
                    state.failures = 0;
                }
                PassEnd::Capped(_) => {
                    state.is_capped = true;
                    state.failures = 0;
                }
                PassEnd::Later(until) => state.not_before = Some(*until),
                PassEnd::GivenUp(why) => {
                    state.failures += 1;
                    let doublings = state.failures.saturating_sub(1).min(5);
                    state.not_before = Some(now + LEFT_ALONE * (1 << doublings));
                    if state.failures >= MOST_GIVEN_UP {
                        state.stopped = Some(why.clone());
                    }
                }
                PassEnd::Stopped => {}
            }
            write.put(&SOURCE_STATES, &pass.name, &state)?;
            let is_failure = matches!(end, PassEnd::GivenUp(_));
            let line = CrawlLogRecord { at: now, what: PASS.into(), outcome: end.to_string(), is_failure };
            note_line(write, &pass.name, &line)?;
            Ok::<_, store::Error>(state.stopped)
        })?;
        match stopped {
            Some(why) => self.alerts.raise(&Trouble::SourceStopped { source: pass.name.clone(), why }, now),
            None if matches!(end, PassEnd::Finished(_) | PassEnd::Capped(_)) => {
                self.alerts.resolve(&stopped_key(&pass.name), now);
            }
            None => {}
        }
        Ok(())
    }
}

/// The key of the alert that a source was stopped.
pub(in crate::crawler) fn stopped_key(name: &str) -> String {
    Trouble::SourceStopped { source: name.to_owned(), why: String::new() }.key()
}
