//! `/events?after=`: one stream of server-sent events per open page: new lines of the log (`log`), how much there is of
//! what (`state`), access_tokens that have changed (`token`), jobs that begin or end (`job`), disk and memory (`health`).
//!
//! The id of an event is the place in the log file behind what was sent. Who comes back with it, in `after` or in
//! `Last-Event-ID`, misses no line.
//!
//! It ends when its session does. It never keeps a session alive: only what a person does counts as a use.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Interval, MissedTickBehavior, interval};
use warp::reply::{Reply, Response};
use warp::sse::{self, Event};

use super::answer::Refusal;
use super::api::{self, Health};
use super::log_tail::{self, Follower};
use super::session;
use super::visit::Visit;
use crate::app::App;
use crate::blocking::blocking;
use crate::jobs::Job;

/// The log is looked at this often.
const TICK: Duration = Duration::from_secs(1);
/// Every so many ticks the state is sent too, if it changed.
const STATE_EVERY: u64 = 3;
/// Every so many ticks disk and memory, if they changed, and the sizes of folders, which are walked for it.
const HEALTH_EVERY: u64 = 15;
const FOLDERS_EVERY: u64 = 300;
/// A comment keeps proxies from closing a silent stream.
const PING: Duration = Duration::from_secs(15);

struct Watch {
    app: Arc<App>,
    session: String,
    log: Follower,
    last_state: String,
    last_tokens: Vec<Option<u64>>,
    last_jobs: String,
    last_health: Option<Health>,
    ticks: u64,
    interval: Interval,
    /// Closed when the server stops, which must not wait for whoever has a page open.
    streams: Arc<Semaphore>,
    _permit: OwnedSemaphorePermit,
}

/// What one look found.
enum Look {
    News(Box<Watch>, Vec<(&'static str, String)>),
    Over,
}

/// `GET /events`
pub(super) fn stream(visit: &Visit) -> Result<Response, Refusal> {
    let permit = Arc::clone(&visit.admin.streams).try_acquire_owned().map_err(|_| Refusal::Throttled(30))?;
    let after = visit.head.header("last-event-id").or(visit.head.query.get("after").map(String::as_str));
    let after = after.and_then(|offset| offset.parse().ok());
    let log = log_tail::behind(&visit.app.log_dir().join(log_tail::FILE), after);
    let log = log.map_err(|error| visit.failed(&error))?;
    let mut interval = interval(TICK);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watch = Box::new(Watch {
        app: Arc::clone(&visit.app),
        session: visit.session_id().to_owned(),
        log,
        last_state: String::new(),
        last_tokens: numbers(&visit.app),
        last_jobs: jobs(&visit.app),
        last_health: None,
        ticks: 0,
        interval,
        streams: Arc::clone(&visit.admin.streams),
        _permit: permit,
    });
    let events = stream::unfold((Some(watch), Vec::new()), |(watch, mut waiting)| async move {
        let mut watch = watch?;
        while waiting.is_empty() {
            watch.interval.tick().await;
            match blocking(move || look(watch)).await {
                Ok(Look::News(same, news)) => (watch, waiting) = (same, news),
                Ok(Look::Over) | Err(_) => return None,
            }
        }
        let (name, data) = waiting.remove(0);
        let event = Event::default().event(name).id(watch.log.offset().to_string()).data(data);
        Some((Ok::<Event, Infallible>(event), (Some(watch), waiting)))
    });
    Ok(sse::reply(sse::keep_alive().interval(PING).stream(events)).into_response())
}

fn look(mut watch: Box<Watch>) -> Look {
    let is_alive = session::is_alive(&watch.app.store, &watch.session, watch.app.clock.now());
    if watch.streams.is_closed() || !is_alive.unwrap_or(false) {
        return Look::Over;
    }
    let mut news = Vec::new();
    if let Ok(lines) = watch.log.news()
        && !lines.is_empty()
        && let Ok(json) = serde_json::to_string(&lines)
    {
        news.push(("log", json));
    }
    if watch.ticks.is_multiple_of(STATE_EVERY)
        && let Ok(state) = api::state(&watch.app)
        && let Ok(json) = serde_json::to_string(&state)
        && json != watch.last_state
    {
        watch.last_state.clone_from(&json);
        news.push(("state", json));
    }
    let tokens = numbers(&watch.app);
    if tokens != watch.last_tokens
        && let Ok(json) = serde_json::to_string(&api::tokens(&watch.app))
    {
        watch.last_tokens = tokens;
        news.push(("token", json));
    }
    let jobs = jobs(&watch.app);
    if jobs != watch.last_jobs {
        watch.last_jobs.clone_from(&jobs);
        news.push(("job", jobs));
    }
    if watch.ticks.is_multiple_of(HEALTH_EVERY)
        && let Ok(health) = health(&watch)
        && watch.last_health.as_ref() != Some(&health)
        && let Ok(json) = serde_json::to_string(&health)
    {
        watch.last_health = Some(health);
        news.push(("health", json));
    }
    watch.ticks += 1;
    Look::News(watch, news)
}

/// How jobs stand; the times of the next runs change with the last ones.
fn jobs(app: &App) -> String {
    let all = Job::all_standing(app).ok();
    all.and_then(|all| serde_json::to_string(&all).ok()).unwrap_or_default()
}

fn health(watch: &Watch) -> anyhow::Result<Health> {
    match &watch.last_health {
        Some(before) if !watch.ticks.is_multiple_of(FOLDERS_EVERY) => before.now(&watch.app),
        _ => Health::of(&watch.app),
    }
}

/// Which token each account has now.
fn numbers(app: &App) -> Vec<Option<u64>> {
    app.tokens.all().iter().map(|keeper| keeper.current().map(|held| held.number)).collect()
}
