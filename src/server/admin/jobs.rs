//! What runs by a schedule: how it stands, run now, another schedule, the last runs.

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::app::App;
use crate::jobs::{Job, Plan, RUNS_KEPT, Standing};
use crate::store::records::RunRecord;

/// The page's own address.
const PAGE: &str = "/jobs";

#[derive(Template)]
#[template(path = "admin/jobs.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    /// What was wrong with a schedule: of which job, what was written, why.
    fault: Option<&'a (Job, String, String)>,
    rows: &'a [Row],
    zone: &'static str,
}

/// One job.
struct Row {
    standing: Standing,
    runs: Vec<RunRecord>,
}

impl Page<'_> {
    fn title(&self, row: &Row) -> &str {
        title(self.frame, row.standing.job)
    }

    fn says(&self, row: &Row) -> &str {
        self.frame.s(match row.standing.job {
            Job::Forget => "job.forget.says",
            Job::EmptyBin => "job.empty_bin.says",
            Job::OldLogs => "job.old_logs.says",
            Job::Deliver => "job.deliver.says",
            Job::Bounces => "job.bounces.says",
            Job::Backup => "job.backup.says",
        })
    }

    /// Why what was written into the form of this job is no schedule, and what that was.
    fn fault(&self, row: &Row) -> Option<(&str, &str)> {
        let (job, written, why) = self.fault?;
        (*job == row.standing.job).then_some((written, why))
    }

    /// What stands in the field: what was written, else what holds, else what it comes with.
    fn written<'p>(&'p self, row: &'p Row) -> &'p str {
        let held = row.standing.schedule.as_deref().unwrap_or(row.standing.default_schedule);
        self.fault(row).map_or(held, |(written, _)| written)
    }

    fn is_default(&self, row: &Row) -> bool {
        row.standing.schedule.as_deref() == Some(row.standing.default_schedule)
    }
}

/// What a job is called.
pub(super) fn title<'f>(frame: &'f Frame<'_>, job: Job) -> &'f str {
    frame.s(match job {
        Job::Forget => "job.forget",
        Job::EmptyBin => "job.empty_bin",
        Job::OldLogs => "job.old_logs",
        Job::Deliver => "job.deliver",
        Job::Bounces => "job.bounces",
        Job::Backup => "job.backup",
    })
}

/// `GET /jobs`
pub(super) async fn list(visit: &Visit) -> Result<Response, Refusal> {
    draw(visit, None).await
}

async fn draw(visit: &Visit, fault: Option<(Job, String, String)>) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let rows = visit.ask(move || Job::ALL.into_iter().map(|job| Row::of(&app, job)).collect::<Result<Vec<_>, _>>());
    let rows = rows.await?;
    // What a script asks for by itself nobody reads.
    let notice = visit.notice();
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Page {
        frame: &visit.frame("jobs"),
        notice: notice.as_ref(),
        fault: fault.as_ref(),
        rows: &rows,
        zone: visit.app.config.time_zone.name(),
    };
    answer::page_with(status, &page)
}

impl Row {
    fn of(app: &App, job: Job) -> anyhow::Result<Row> {
        Ok(Row { standing: job.standing(app)?, runs: job.last_runs(app, RUNS_KEPT)? })
    }
}

/// `POST /jobs/{name}/run`, `POST /api/jobs/{name}/run`: begins it, and does not wait for its end.
pub(super) async fn run(visit: &Visit) -> Result<Response, Refusal> {
    let (job, app) = (job(visit)?, Arc::clone(&visit.app));
    let name = title(&visit.frame(""), job).to_owned();
    let Some(begun) = job.begin(&app, true) else {
        return Err(Refusal::Invalid(visit.words().with("jobs.busy", "name", &name)));
    };
    tokio::task::spawn_blocking(move || {
        if let Err(error) = begun.run(&app) {
            log::error!(job = job.name(); "{error:#}");
        }
    });
    Ok(said(visit, visit.words().with("jobs.begun", "name", &name)))
}

/// `POST /jobs/{name}/schedule`: `do` is `save` with `schedule`, `default` or `off`.
pub(super) async fn schedule(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (job, app) = (job(visit)?, Arc::clone(&visit.app));
    let written = form.get("schedule").map(|text| text.trim().to_owned()).unwrap_or_default();
    let plan = match form.get("do").map(String::as_str) {
        Some("default") => Plan::Default,
        Some("off") => Plan::Off,
        _ => Plan::of(&written),
    };
    let set = visit.ask(move || Ok::<_, Infallible>(job.set_plan(&app, &plan))).await?;
    match set {
        Ok(()) => {
            let name = title(&visit.frame(""), job).to_owned();
            Ok(said(visit, visit.words().with("jobs.saved", "name", &name)))
        }
        Err(error) if error.chain().any(|cause| cause.is::<crate::store::Error>()) => Err(visit.failed(&error)),
        Err(_) => {
            let why = visit.words().get("jobs.wrong").to_owned();
            if visit.head.wants_json() {
                return Err(Refusal::Invalid(why));
            }
            draw(visit, Some((job, written, why))).await
        }
    }
}

/// `GET /api/jobs`
pub(super) async fn all(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let all = visit.ask(move || Job::all_standing(&app)).await?;
    Ok(answer::json(StatusCode::OK, &json!({ "items": all })))
}

/// `GET /api/jobs/{name}`: how it stands, and its last runs.
pub(super) async fn one(visit: &Visit) -> Result<Response, Refusal> {
    let (app, job) = (visit.app.clone(), job(visit)?);
    let row = visit.ask(move || Row::of(&app, job)).await?;
    Ok(answer::json(StatusCode::OK, &json!({ "job": row.standing, "runs": row.runs })))
}

fn job(visit: &Visit) -> Result<Job, Refusal> {
    visit.parameters.first().and_then(|name| Job::named(name)).ok_or(Refusal::NotFound)
}

fn said(visit: &Visit, says: String) -> Response {
    if !visit.head.wants_json() {
        visit.leave(says);
    }
    answer::done(visit, PAGE)
}
