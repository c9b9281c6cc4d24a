//! What cron runs. Every job may be killed at any line and run again.

mod backup;
mod did;
mod plan;
mod runs;
mod telling;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::alert::Trouble;
use crate::app::App;
use crate::article::{Followed, Scanned};
use crate::blocking::blocking;
use crate::kindle::Drained;
use crate::library::requests;
use crate::logging;
use crate::media::Taking;
use crate::reply::Swept;
use crate::store::records::{Did, Forgot};
use crate::store::room;
pub use backup::back_up;
pub use plan::Plan;
pub use runs::{Begun, RUNS_KEPT, Standing};
pub use telling::{tell, tell_followers};

/// A job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Forgets what has expired: places, old answers, quotas of past days, followers that left 30 days ago.
    Forget,
    /// Deletes what has been in the recycle bin for 30 days, and files that no book names.
    EmptyBin,
    /// Removes closed logs that are too old.
    OldLogs,
    /// Looks for deliveries whose time to be tried (again) has come.
    Deliver,
    /// Reads the mailbox that notices of undeliverable letters come back to.
    Bounces,
    /// Makes a backup, if the owner wants one every night, and sends it on.
    Backup,
}

/// How often it is looked whether a token is due, and where followers are is written.
const TICK: Duration = Duration::from_secs(1);

/// How often the folder of articles is looked at.
const READ_ARTICLES: Duration = Duration::from_secs(5);
/// How often the platform is asked how publishing stands; an event tells sooner.
const FOLLOW_ARTICLES: Duration = Duration::from_secs(60);

/// When a way of telling failed, so long passes until the next try …
const TELL_AGAIN: Duration = Duration::from_secs(300);
/// … and if none did, so long at most until the store is asked again.
const LISTEN_AGAIN: Duration = Duration::from_secs(3_600);

/// How often the media folder and the file of keyword replies are looked at.
const LOOK_AT_MEDIA_EVERY: Duration = Duration::from_secs(2);
/// After so long the owner is told that a file which keyword replies name is not there.
const MISSED_AFTER: Duration = Duration::from_secs(300);
/// How often it is looked whether a file of the media folder is due, when nothing has changed there.
const MEDIA_DUE_EVERY: Duration = Duration::from_secs(20);

/// How often it is looked how much room there is on the disk.
const LOOK_FOR_ROOM_EVERY: Duration = Duration::from_secs(5);

/// How often counts are written that wait in memory.
const WRITE_STATISTICS: Duration = Duration::from_secs(10);

/// How often a sleeping job looks whether it is due: a machine that slept catches up this soon.
const LOOK_EVERY: Duration = Duration::from_secs(20);

impl Job {
    /// All jobs.
    pub const ALL: [Job; 6] = [Job::Forget, Job::EmptyBin, Job::OldLogs, Job::Deliver, Job::Bounces, Job::Backup];

    /// The name it goes by.
    pub fn name(self) -> &'static str {
        match self {
            Job::Forget => "forget",
            Job::EmptyBin => "empty-bin",
            Job::OldLogs => "old-logs",
            Job::Deliver => "deliver",
            Job::Bounces => "bounces",
            Job::Backup => "backup",
        }
    }

    /// The job of this name.
    pub fn named(name: &str) -> Option<Job> {
        Job::ALL.into_iter().find(|job| job.name() == name)
    }

    /// When it runs if the owner has said nothing else: seconds, minutes, hours, day of month, month, day of week.
    pub fn default_schedule(self) -> &'static str {
        match self {
            Job::Forget => "0 7 * * * *",
            Job::EmptyBin => "0 20 4 * * *",
            Job::OldLogs => "0 30 4 * * *",
            Job::Deliver => "0 * * * * *",
            Job::Bounces => "30 */5 * * * *",
            Job::Backup => "0 15 3 * * *",
        }
    }

    /// Runs it and says what it did.
    ///
    /// # Errors
    /// What a person should read on the page of jobs.
    pub fn run(self, app: &App) -> Result<Did> {
        let now = app.clock.now();
        match self {
            Job::Forget => {
                let Swept { answers, late, places, quotas, contacts, followers } = app.desk.sweep(now)?;
                let misses = requests::forget_misses(&app.store, now)?;
                let pushes = app.kindle.sweep(now)?;
                let days = app.statistics.forget_old(now)?;
                Ok(Did::Forgot(Forgot { answers, late, places, quotas, contacts, followers, misses, pushes, days }))
            }
            Job::EmptyBin => {
                let books = app.library.empty_bin(now)?;
                Ok(Did::EmptiedBin { books, files: app.library.collect_garbage(now)? })
            }
            Job::OldLogs => Ok(Did::RemovedLogs(logging::remove_old(&app.log_dir(), app.config.log.days, now.into())?)),
            Job::Deliver => {
                app.kindle.bell().ring();
                Ok(Did::Woke(app.kindle.waiting()? as u64))
            }
            Job::Bounces if !app.kindle.has_inbox() => Ok(Did::NoInbox),
            Job::Bounces => {
                let runtime = tokio::runtime::Handle::try_current()?;
                Ok(Did::ReadBounces(runtime.block_on(app.kindle.read_bounces(&app.clock))? as u64))
            }
            Job::Backup => back_up(app).map(Did::BackedUp),
        }
    }
}

/// Looks forever whether the job is due. To stop it, drop it: only its waiting is cancelled, a run under way ends.
pub async fn repeat(job: Job, app: Arc<App>) {
    loop {
        let same = Arc::clone(&app);
        match blocking(move || job.tick(&same)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => log::error!(job = job.name(); "{error:#}"),
            Err(panicked) => log::error!(job = job.name(); "{panicked}"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Renews tokens and tickets when they are due, for ever. Not a [`Job`]: what is due follows from each token's end and
/// from what the platform answered last, not from a calendar. To stop it, drop it: a call under way ends.
pub async fn keep_tokens(app: Arc<App>) {
    loop {
        app.tokens.tick().await;
        tokio::time::sleep(TICK).await;
    }
}

/// Writes the counts of messages that wait in memory, for ever. To stop it, drop it, and flush once more.
pub async fn write_statistics(app: Arc<App>) {
    loop {
        tokio::time::sleep(WRITE_STATISTICS).await;
        let same = Arc::clone(&app);
        match blocking(move || same.statistics.flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log::error!("statistics: {error}"),
            Err(panicked) => log::error!("statistics: {panicked}"),
        }
    }
}

/// Hands in what is to be sent by mail, whenever there may be something, until its bell says to stop.
pub async fn deliver(app: Arc<App>) {
    while !app.kindle.bell().is_stopping() {
        match app.kindle.drain(&app.clock).await {
            Ok(drained) if drained == Drained::default() => {}
            Ok(Drained { sent, put_off, failed }) => {
                log::info!(sent, put_off, failed; "deliveries by mail");
                app.chat.bell().ring();
            }
            Err(error) => log::error!("deliveries by mail: {error:#}"),
        }
        let (same, now) = (Arc::clone(&app), app.clock.now());
        let next = blocking(move || same.kindle.next_in(now)).await;
        let next = next.ok().and_then(Result::ok).flatten().and_then(|next| next.to_std().ok());
        // What is due and was left, because its server is away or the hour has had its letters, waits for the job.
        let again = next.filter(|next| !next.is_zero()).map_or(LOOK_EVERY, |next| next.clamp(TICK, LOOK_EVERY));
        tokio::select! {
            () = app.kindle.bell().rung() => {}
            () = tokio::time::sleep(again) => {}
        }
    }
}

/// Writes where followers are, for ever. To stop it, drop it: the end of the process writes what is left.
pub async fn save_places(app: Arc<App>) {
    loop {
        let same = Arc::clone(&app);
        match blocking(move || same.desk.save_places()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log::error!("saving where followers are: {error}"),
            Err(panicked) => log::error!("saving where followers are: {panicked}"),
        }
        tokio::time::sleep(TICK).await;
    }
}

/// Reads articles again that have changed, for ever. To stop it, drop it: a look under way ends.
pub async fn read_articles(app: Arc<App>) {
    loop {
        let same = Arc::clone(&app);
        match blocking(move || same.articles.scan(same.clock.now())).await {
            Ok(Ok(Scanned { changed: 0, gone: 0, .. })) => {}
            Ok(Ok(Scanned { articles, changed, gone, .. })) => log::info!(articles, changed, gone; "articles read"),
            Ok(Err(error)) => log::error!("articles: {error}"),
            Err(panicked) => log::error!("articles: {panicked}"),
        }
        tokio::time::sleep(READ_ARTICLES).await;
    }
}

/// Asks the platform how what it publishes stands, for ever. To stop it, drop it: it changes nothing there.
pub async fn follow_articles(app: Arc<App>) {
    loop {
        match app.articles.follow(app.clock.now()).await {
            Ok(Followed { ended: 0, .. }) => {}
            Ok(Followed { asked, ended }) => log::info!(asked, ended; "articles at the platform"),
            Err(error) => log::error!("articles at the platform: {error}"),
        }
        tokio::time::sleep(FOLLOW_ARTICLES).await;
    }
}

/// Notices what changes in the media folder and in the file of keyword replies, for ever. To stop it, drop it.
pub async fn watch_media(app: Arc<App>) {
    // A file that is named before it is there comes soon, or somebody has to be told.
    let (mut missing, mut missing_since) = (Vec::new(), app.clock.uptime());
    loop {
        let same = Arc::clone(&app);
        let looked = blocking(move || {
            let now = same.clock.now();
            let scanned = same.media.scan(Taking::Settled, now)?;
            let replies = same.media.reread_keywords(Taking::Settled, now)?;
            Ok::<_, crate::store::Error>((scanned, replies, same.media.missing()?))
        });
        match looked.await {
            Ok(Ok((scanned, replies, now_missing))) => {
                let (changed, gone) = (scanned.changed, scanned.gone);
                if changed + gone > 0 || replies {
                    log::info!(changed, gone, replies; "the media folder");
                    app.media.bell().ring();
                }
                if now_missing != missing {
                    (missing, missing_since) = (now_missing, app.clock.uptime());
                }
                if missing.is_empty() || app.clock.uptime().saturating_sub(missing_since) >= MISSED_AFTER {
                    app.media.tell_missing(&missing, app.clock.now());
                }
            }
            Ok(Err(error)) => log::error!("looking at the media folder: {error}"),
            Err(panicked) => log::error!("looking at the media folder: {panicked}"),
        }
        tokio::time::sleep(LOOK_AT_MEDIA_EVERY).await;
    }
}

/// Keeps room on the disk for the database, and tells the owner when there is little, for ever.
pub async fn keep_room(app: Arc<App>) {
    loop {
        let same = Arc::clone(&app);
        match blocking(move || room::keep(&same.data_dir)).await {
            Ok(Ok(free)) if free < room::LEAST => {
                let folder = app.data_dir.display().to_string();
                app.alerts.raise(&Trouble::DiskFull { folder }, app.clock.now());
            }
            Ok(Ok(_)) => app.alerts.resolve(Trouble::DISK_FULL, app.clock.now()),
            Ok(Err(error)) => log::error!("keeping room on the disk: {error}"),
            Err(panicked) => log::error!("keeping room on the disk: {panicked}"),
        }
        tokio::time::sleep(LOOK_FOR_ROOM_EVERY).await;
    }
}

/// Uploads files of the media folder when they are due, until its bell says to stop.
pub async fn upload_media(app: Arc<App>) {
    while !app.media.bell().is_stopping() {
        match app.media.upload_due(&app.tokens, &app.clock).await {
            Ok(done) if done.uploaded + done.failed + done.deleted > 0 => {
                log::info!(uploaded = done.uploaded, failed = done.failed, deleted = done.deleted; "media");
            }
            Ok(_) => {}
            Err(error) => log::error!("uploading media: {error:#}"),
        }
        tokio::select! {
            () = app.media.bell().rung() => {}
            () = tokio::time::sleep(MEDIA_DUE_EVERY) => {}
        }
    }
}

/// Tells the owner what is wrong, for ever, when there is something to tell and as long as somebody has not heard.
pub async fn tell_alerts(app: Arc<App>) {
    loop {
        let told = app.teller.tell(&app.alerts, app.clock.now()).await;
        if let Err(error) = &told {
            log::error!("telling alerts: {error:#}");
        }
        let again = tokio::time::sleep(if told.unwrap_or(false) { LISTEN_AGAIN } else { TELL_AGAIN });
        tokio::select! {
            () = app.alerts.news() => {}
            () = again => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Rhythm;

    #[test]
    fn every_schedule_is_one() {
        for job in Job::ALL {
            let times = crate::schedule::Times::parse(job.default_schedule(), chrono_tz::Tz::UTC);
            assert!(times.is_ok() && Rhythm::of(job.default_schedule()).en().is_some(), "{}", job.name());
        }
    }
}
