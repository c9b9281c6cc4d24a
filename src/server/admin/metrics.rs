//! `/metrics`: numbers in Prometheus's text format, for whoever may reach the listener.
//!
//! No login, because collectors have none; the Host check still keeps web pages out, and no name of a follower or of
//! a book is in it.

use std::fmt::Write;
use std::fs;

use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::api::{self, State};
use super::visit::Visit;
use crate::checkup;
use crate::jobs::{Job, RUNS_KEPT};
use crate::store::records::RunRecord;

/// `GET /metrics`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let state = visit.ask(move || api::state(&app)).await?;
    let uptime = (visit.now - visit.app.started_at).num_seconds();
    let mut text = own(&state, uptime);
    let app = visit.app.clone();
    let good = move |job: Job| {
        let runs = job.last_runs(&app, RUNS_KEPT)?;
        Ok::<_, anyhow::Error>((job, runs.into_iter().find(|run| run.succeeded)))
    };
    text += &successes(&visit.ask(move || Job::ALL.into_iter().map(good).collect::<Result<Vec<_>, _>>()).await?);
    let source = visit.admin.metrics.read().clone();
    if let Some(source) = source {
        text += &source();
    }
    Ok(answer::bytes(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text.into_bytes()))
}

fn own(state: &State, uptime: i64) -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: u64| {
        // Writing to a string cannot fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
    };
    gauge("shutong_books", "Books that followers can see.", state.counts.books);
    gauge("shutong_books_with_file", "Books that have a file.", state.counts.shelf);
    gauge("shutong_books_removed", "Books in the recycle bin.", state.counts.removed);
    gauge("shutong_followers", "Followers that follow.", state.counts.followers);
    gauge("shutong_requests_open", "Open requests.", state.counts.requests);
    gauge("shutong_index_books", "Books in the index.", state.index.books);
    gauge("shutong_index_pending", "Changes that wait for the index.", state.index.pending);
    gauge("shutong_uptime_seconds", "Seconds since the start.", u64::try_from(uptime).unwrap_or(0));
    if let Some(bytes) = checkup::resident_bytes() {
        gauge("process_resident_memory_bytes", "Resident memory.", bytes);
    }
    if let Ok(descriptors) = fs::read_dir("/proc/self/fd") {
        gauge("process_open_fds", "Open file descriptors.", descriptors.count() as u64);
    }
    text
}

/// When jobs last did what they should, among the runs that are kept: failures since do not hide it, for its age is what
/// is watched.
fn successes(jobs: &[(Job, Option<RunRecord>)]) -> String {
    let name = "shutong_job_last_success_seconds";
    let mut text = format!("# HELP {name} Time of a job's last run that did what it should.\n# TYPE {name} gauge\n");
    for (job, run) in jobs {
        if let Some(run) = run {
            let _ = writeln!(text, "{name}{{job=\"{}\"}} {}", job.name(), run.at.timestamp());
        }
    }
    text
}
