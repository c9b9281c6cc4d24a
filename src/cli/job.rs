//! `shutong job`: what cron runs, listed, run at once, given another schedule.

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::json;

use super::{Console, Exit};
use crate::app::App;
use crate::jobs::{Job as Known, Plan, RUNS_KEPT, Standing};
use crate::store::records::RunRecord;

/// What runs by a schedule.
#[derive(Debug, Subcommand)]
pub enum Job {
    /// Lists all, with when they run and how the last run went.
    List {
        /// As one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Runs one now, and says what it did.
    Run {
        /// Its name in the list.
        name: String,
    },
    /// Changes when one runs; a running shutong keeps to it at once.
    Schedule {
        /// Its name in the list.
        name: String,
        /// Seconds, minutes, hours, day of month, month, day of week, like "0 30 4 * * *"; or off; or default.
        #[arg(value_name = "CRON", required = true)]
        plan: Vec<String>,
    },
    /// Shows the last runs of one, newest first.
    History {
        /// Its name in the list.
        name: String,
        /// As one JSON document.
        #[arg(long)]
        json: bool,
    },
}

impl Job {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        match self {
            Job::List { json } => {
                let all = Known::all_standing(app)?;
                if *json {
                    console.line(json!(all));
                } else {
                    all.iter().for_each(|standing| console.line(line(app, standing)));
                }
                Ok(Exit::Done)
            }
            Job::Run { name } => run(app, named(name)?, console),
            Job::Schedule { name, plan } => {
                let job = named(name)?;
                job.set_plan(app, &Plan::of(&plan.join(" ")))?;
                console.line(line(app, &job.standing(app)?));
                Ok(Exit::Done)
            }
            Job::History { name, json } => {
                let runs = named(name)?.last_runs(app, RUNS_KEPT)?;
                if *json {
                    console.line(json!(runs));
                } else {
                    runs.iter().for_each(|run| console.line(told(app, run)));
                }
                Ok(Exit::Done)
            }
        }
    }
}

fn run(app: &App, job: Known, console: &mut Console) -> Result<Exit> {
    let Some(begun) = job.begin(app, true) else {
        bail!("{} runs at this moment; shutong job history {} tells what comes of it", job.name(), job.name())
    };
    let run = match tokio::runtime::Handle::try_current() {
        Ok(_) => begun.run(app)?,
        // Some jobs wait for sockets, which need somebody to watch over them.
        Err(_) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            let _entered = runtime.enter();
            begun.run(app)?
        }
    };
    if !run.succeeded {
        bail!("{} failed: {}", job.name(), run.outcome);
    }
    console.line(run.outcome);
    Ok(Exit::Done)
}

fn named(name: &str) -> Result<Known> {
    let names = || Known::ALL.map(Known::name).join(", ");
    Known::named(name).with_context(|| format!("there is no job {name}; there are: {}", names()))
}

fn line(app: &App, standing: &Standing) -> String {
    let schedule = match (&standing.schedule, &standing.in_words) {
        (Some(cron), Some(words)) => format!("{words} ({cron})"),
        (Some(cron), None) => cron.clone(),
        (None, _) => "off".to_owned(),
    };
    let zone = app.config.time_zone;
    let next = standing.next_at.map(|next| next.with_timezone(&zone).format("next %Y-%m-%d %H:%M").to_string());
    let last = match (&standing.running_since, &standing.last) {
        (Some(_), _) => "running".to_owned(),
        (None, Some(run)) => told(app, run),
        (None, None) => "not run yet".to_owned(),
    };
    format!("{}\t{schedule}\t{}\t{last}", standing.name, next.unwrap_or_default())
}

fn told(app: &App, run: &RunRecord) -> String {
    let sign = if run.succeeded { "" } else { "failed: " };
    let at = run.at.with_timezone(&app.config.time_zone).format("%Y-%m-%d %H:%M:%S");
    format!("{at}  {} ms  {sign}{}", run.millis, run.outcome)
}
