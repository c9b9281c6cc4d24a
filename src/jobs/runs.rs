//! One run of a job, whoever asks for it: never two at a time, a panic is its outcome, and the last ones are remembered.

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Job;
use crate::app::App;
use crate::blocking::Panicked;
use crate::schedule::{Rhythm, Times};
use crate::store::Durability;
use crate::store::records::RunRecord;
use crate::store::schema::RUNS;
use crate::underway::Work;

/// Runs remembered of each job.
pub const RUNS_KEPT: usize = 20;
/// How many old ones a write removes at most; one is the rule.
const REMOVED_AT_ONCE: usize = 10;

/// A job that runs: whoever holds this is the only one who runs it.
pub struct Begun {
    job: Job,
    at: DateTime<Utc>,
    began: Duration,
    by_hand: bool,
    _work: Work,
}

/// How a job stands.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// Which.
    #[serde(skip)]
    pub job: Job,
    /// Its name.
    pub name: &'static str,
    /// The cron expression that holds; none if it is switched off.
    pub schedule: Option<String>,
    /// The same in English, as far as one says it.
    pub in_words: Option<String>,
    /// The cron expression it comes with.
    pub default_schedule: &'static str,
    /// When it comes next.
    pub next_at: Option<DateTime<Utc>>,
    /// Since when it runs, if it does.
    pub running_since: Option<DateTime<Utc>>,
    /// Its last run.
    pub last: Option<RunRecord>,
}

impl Job {
    /// Begins a run, asked for by somebody or by its schedule; none if it runs already.
    pub fn begin(self, app: &App, by_hand: bool) -> Option<Begun> {
        let at = app.clock.now();
        let work = app.running.begin(self.name(), at)?;
        Some(Begun { job: self, at, began: app.clock.uptime(), by_hand, _work: work })
    }

    /// Runs it if it is due, and says whether it was.
    ///
    /// # Errors
    /// When the store fails; a job that fails or panics is an outcome.
    pub fn tick(self, app: &App) -> Result<bool> {
        let Some(expression) = self.expression(app)? else { return Ok(false) };
        let last = match self.counts_from(app)? {
            Some(last) => last,
            None => self.first_seen(app)?,
        };
        if !Times::parse(&expression, app.config.time_zone)?.are_due(last, app.clock.now()) {
            return Ok(false);
        }
        let Some(begun) = self.begin(app, false) else { return Ok(false) };
        begun.run(app)?;
        Ok(true)
    }

    /// How it stands.
    ///
    /// # Errors
    /// When the store fails.
    pub fn standing(self, app: &App) -> Result<Standing> {
        let schedule = self.expression(app)?;
        let from = self.counts_from(app)?.unwrap_or(app.started_at);
        let times = schedule.as_ref().map(|expression| Times::parse(expression, app.config.time_zone)).transpose()?;
        Ok(Standing {
            job: self,
            name: self.name(),
            in_words: schedule.as_deref().and_then(|expression| Rhythm::of(expression).en()),
            schedule,
            default_schedule: self.default_schedule(),
            next_at: times.and_then(|times| times.next_after(from)),
            running_since: app.running.since(self.name()),
            last: self.last_runs(app, 1)?.pop(),
        })
    }

    /// How all stand.
    ///
    /// # Errors
    /// When the store fails.
    pub fn all_standing(app: &App) -> Result<Vec<Standing>> {
        Job::ALL.into_iter().map(|job| job.standing(app)).collect()
    }

    /// Its last runs, newest first, at most [`RUNS_KEPT`].
    ///
    /// # Errors
    /// When the store fails.
    pub fn last_runs(self, app: &App, most: usize) -> Result<Vec<RunRecord>> {
        let runs = app.store.under(&RUNS, self.name(), RUNS_KEPT + REMOVED_AT_ONCE)?;
        Ok(runs.into_iter().rev().take(most.min(RUNS_KEPT)).map(|(_, run)| run).collect())
    }

    /// Notes where a job that never ran counts from. Without it a machine that is restarted every day would count from
    /// each start anew, and never come to the night's jobs.
    fn first_seen(self, app: &App) -> Result<DateTime<Utc>> {
        app.store.write(Durability::Soon, |write| self.count_from(write, app.started_at))?;
        Ok(app.started_at)
    }
}

impl Begun {
    /// Runs the job to its end, and notes what came of it.
    ///
    /// # Errors
    /// When the store fails; a job that fails or panics is an outcome.
    pub fn run(self, app: &App) -> Result<RunRecord> {
        let job = self.job;
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| job.run(app))).unwrap_or_else(|_| Err(Panicked.into()));
        let succeeded = outcome.is_ok();
        let (did, outcome) = match outcome {
            Ok(did) => (Some(did.clone()), did.to_string()),
            Err(error) => (None, format!("{error:#}")),
        };
        if succeeded {
            // What runs every few minutes would be all that the log tells.
            let is_frequent = matches!(job, Job::Deliver | Job::Bounces) && !self.by_hand;
            let level = if is_frequent { log::Level::Debug } else { log::Level::Info };
            log::log!(level, job = job.name(); "done: {outcome}");
        } else {
            log::error!(job = job.name(); "failed: {outcome}");
        }
        let millis = app.clock.uptime().saturating_sub(self.began).as_millis() as u64;
        let run = RunRecord { at: self.at, millis, outcome, did, succeeded, by_hand: self.by_hand };
        self.note(app, &run)?;
        Ok(run)
    }

    fn note(&self, app: &App, run: &RunRecord) -> Result<()> {
        let name = self.job.name();
        let known = app.store.under(&RUNS, name, RUNS_KEPT + REMOVED_AT_ONCE)?;
        let surplus = (known.len() + 1).saturating_sub(RUNS_KEPT);
        let key = (name.to_owned(), format!("{:020}", run.at.timestamp_millis().max(0)));
        app.store.write(Durability::Soon, |write| {
            known.iter().take(surplus).for_each(|(key, _)| write.delete(&RUNS, key));
            write.put(&RUNS, &key, run)?;
            self.job.count_from(write, run.at)
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Plan;
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// A program whose clock the test sets.
    fn program(dir: &tempfile::TempDir, now: &str) -> (App, Arc<parking_lot::Mutex<DateTime<Utc>>>) {
        let now = Arc::new(parking_lot::Mutex::new(at(now)));
        let same = Arc::clone(&now);
        let config = crate::config::Config::parse("", dir.path(), []).unwrap();
        let clock = crate::clock::Clock::of(move || *same.lock());
        (App::open(config, dir.path(), "", clock).unwrap(), now)
    }

    #[test]
    fn a_job_comes_to_its_turn_on_a_machine_that_starts_anew_every_day() {
        let dir = tempfile::tempdir().unwrap();
        let (mut app, now) = program(&dir, "2026-11-20T00:00:00Z"); // 08:00 in Shanghai
        assert!(!Job::EmptyBin.tick(&app).unwrap());
        assert_eq!(Job::EmptyBin.standing(&app).unwrap().last, None);
        // Switched off at night: the next start is behind the hour of the job.
        *now.lock() = at("2026-11-21T00:00:00Z");
        app.started_at = at("2026-11-21T00:00:00Z");
        assert!(Job::EmptyBin.tick(&app).unwrap());
        assert!(!Job::EmptyBin.tick(&app).unwrap(), "once");
        let standing = Job::EmptyBin.standing(&app).unwrap();
        assert_eq!(standing.last.unwrap().at, at("2026-11-21T00:00:00Z"));
        assert_eq!(standing.next_at, Some(at("2026-11-21T20:20:00Z")));
    }

    #[test]
    fn a_schedule_of_the_owners_counts_from_when_it_was_set() {
        let dir = tempfile::tempdir().unwrap();
        let (app, now) = program(&dir, "2026-11-20T00:00:00Z");
        let job = Job::EmptyBin;
        assert!(!job.tick(&app).unwrap());
        *now.lock() = at("2026-11-20T02:00:00Z"); // 10:00 in Shanghai
        job.set_plan(&app, &Plan::of("0 0 9 * * *")).unwrap();
        assert!(!job.tick(&app).unwrap(), "today's nine o'clock is over");
        assert_eq!(job.standing(&app).unwrap().next_at, Some(at("2026-11-21T01:00:00Z")));
        *now.lock() = at("2026-11-21T01:00:20Z");
        assert!(job.tick(&app).unwrap());
        job.set_plan(&app, &Plan::Off).unwrap();
        *now.lock() = at("2026-12-21T01:00:20Z");
        assert!(!job.tick(&app).unwrap(), "switched off");
        job.set_plan(&app, &Plan::Default).unwrap();
        assert!(!job.tick(&app).unwrap(), "what was missed meanwhile was not wanted");
        assert_eq!(job.standing(&app).unwrap().schedule.as_deref(), Some(job.default_schedule()));
        for wrong in ["every day", "0 0 9 * * * 2001"] {
            assert!(job.set_plan(&app, &Plan::of(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(job.plan(&app).unwrap(), Plan::Default, "a wrong one changes nothing");
    }

    #[test]
    fn a_run_is_the_only_one_and_the_last_twenty_are_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let (app, now) = program(&dir, "2026-11-20T00:00:00Z");
        let first = Job::EmptyBin.begin(&app, true).unwrap();
        assert!(Job::EmptyBin.begin(&app, true).is_none(), "it runs already");
        assert!(Job::EmptyBin.standing(&app).unwrap().running_since.is_some());
        first.run(&app).unwrap();
        for _ in 0..2 * RUNS_KEPT {
            *now.lock() += chrono::TimeDelta::seconds(1);
            Job::EmptyBin.begin(&app, true).unwrap().run(&app).unwrap();
        }
        let runs = Job::EmptyBin.last_runs(&app, 100).unwrap();
        assert_eq!((runs.len(), runs[0].at), (RUNS_KEPT, at("2026-11-20T00:00:40Z")));
        assert!(
            runs.iter().all(|run| run.succeeded && run.by_hand && run.outcome == "0 books deleted, 0 files removed"),
            "{runs:?}"
        );
        assert_eq!(app.store.under(&RUNS, "empty-bin", 100).unwrap().len(), RUNS_KEPT);
    }
}
