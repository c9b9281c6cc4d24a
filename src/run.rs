//! The life of the process: listeners, jobs, drain. The caller binds the sockets and decides when to stop.

use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::app::App;
use crate::blocking::Panicked;
use crate::config::Listen;
use crate::jobs::{self, Job};
use crate::server::{self, Admin, Commands, ConnectionLimits, Patience, TokenApi, Webhook};
use crate::store::{Store, room};

/// Changes are indexed at most this often while they keep coming.
const INDEX_EVERY: Duration = Duration::from_secs(1);

/// How often the store is asked whether the disk still takes what it is given.
const LOOK_AT_DISK_EVERY: Duration = Duration::from_secs(1);

/// How long messages under way may take when the process stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Bound sockets.
pub struct Listeners {
    /// The platform's callback, pages, downloads, OPDS.
    pub public: TcpListener,
    /// The token API.
    pub token: TcpListener,
    /// The admin page.
    pub admin: TcpListener,
}

impl Listeners {
    /// Binds all three.
    ///
    /// # Errors
    /// When an address cannot be had; the message names the key to change.
    pub async fn bind(listen: &Listen) -> Result<Listeners> {
        Ok(Listeners {
            public: bind("public", listen.public).await?,
            token: bind("token", listen.token).await?,
            admin: bind("admin", listen.admin).await?,
        })
    }

    /// Where they listen.
    ///
    /// # Errors
    /// When the system does not know.
    pub fn addresses(&self) -> Result<Listen> {
        Ok(Listen {
            public: self.public.local_addr()?,
            token: self.token.local_addr()?,
            admin: self.admin.local_addr()?,
        })
    }
}

/// Why the program has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Somebody wants it to end.
    Stop,
    /// Somebody wants it to start again.
    Restart,
}

/// Serves until `shutdown` is done, the program is to start again, or the disk has refused a commit, then drains.
/// `ready` is called once everything listens.
///
/// # Errors
/// When the admin page cannot be set up, or the disk has refused a commit.
pub async fn run(
    app: Arc<App>,
    listeners: Listeners,
    commands: Commands,
    ready: impl FnOnce(&Admin),
    shutdown: impl Future<Output = ()>,
) -> Result<Ending> {
    let (stop, stopping) = watch::channel(false);
    let limits = ConnectionLimits::of(app.config.limits.connections);
    let addresses = listeners.addresses()?;
    let webhook = Arc::new(Webhook::new(Arc::clone(&app), Patience::default()));
    let admin = Arc::new(Admin::new(&app, addresses, Arc::clone(&webhook))?);
    let (counted, drained) = (Arc::clone(&webhook), Arc::clone(&webhook));
    let (tokens, media, crawler) = (Arc::clone(&app.tokens), Arc::clone(&app.media), Arc::clone(&app.crawler));
    admin.set_metrics(Arc::new(move || counted.metrics() + &tokens.metrics() + &media.metrics() + &crawler.metrics()));

    let mut servers = JoinSet::new();
    let stopped = |mut stopping: watch::Receiver<bool>| async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let public = server::public(Arc::clone(&app), webhook);
    servers.spawn(server::serve(listeners.public, public, limits, stopped(stopping.clone())));
    let token_api = Arc::new(TokenApi::new(Arc::clone(&app)));
    let tokens = server::token_api(Arc::clone(&token_api));
    servers.spawn(server::serve(listeners.token, tokens, limits, stopped(stopping.clone())));
    let pages = server::admin(Arc::clone(&app), Arc::clone(&admin), commands);
    servers.spawn(server::serve(listeners.admin, pages, limits, stopped(stopping)));

    let mut background = JoinSet::new();
    for job in Job::ALL {
        background.spawn(jobs::repeat(job, Arc::clone(&app)));
    }
    background.spawn(jobs::keep_tokens(Arc::clone(&app)));
    background.spawn(jobs::save_places(Arc::clone(&app)));
    background.spawn(jobs::write_statistics(Arc::clone(&app)));
    background.spawn(jobs::tell_alerts(Arc::clone(&app)));
    background.spawn(jobs::read_articles(Arc::clone(&app)));
    background.spawn(jobs::follow_articles(Arc::clone(&app)));
    background.spawn(jobs::watch_media(Arc::clone(&app)));
    background.spawn(jobs::keep_room(Arc::clone(&app)));
    let delivering = tokio::spawn(jobs::deliver(Arc::clone(&app)));
    let uploading = tokio::spawn(jobs::upload_media(Arc::clone(&app)));
    let telling = tokio::spawn(jobs::tell_followers(Arc::clone(&app)));
    let crawling = tokio::spawn(Arc::clone(&app.crawler).run());
    let indexer = Indexer::start(Arc::clone(&app))?;
    ready(&admin);

    let ending = tokio::select! {
        () = shutdown => Ending::Stop,
        () = disk_failure(&app.store) => {
            log::error!("the disk refused to make a commit durable");
            if makes_room(&app) { Ending::Restart } else { Ending::Stop }
        }
        () = app.restart.rung() => Ending::Restart,
    };
    log::info!("{}", if ending == Ending::Stop { "stopping" } else { "starting again" });
    background.abort_all();
    app.kindle.bell().stop();
    app.media.bell().stop();
    app.chat.bell().stop();
    app.crawler.stop();
    let settling = settle(delivering, uploading, telling, crawling);
    let closing = async {
        let _ = stop.send(true);
        admin.close_streams();
        token_api.close_streams();
        while servers.join_next().await.is_some() {}
        // Somebody may have been told to ask for an answer later; and an answer of the platform's that is on its way has
        // to be kept, because it may have ended the token before.
        let messages = tokio::time::timeout(DRAIN, drained.drain());
        let calls = tokio::time::timeout(DRAIN, app.tokens.idle());
        let (messages, calls) = tokio::join!(messages, calls);
        if messages.is_err() {
            log::error!("stopping with messages still being worked on");
        }
        if calls.is_err() {
            log::error!("stopping while a token is being fetched");
        }
    };
    match ending {
        Ending::Stop => drop(tokio::join!(settling, closing)),
        // Whoever writes meanwhile is answered still: nobody listens only for as long as it takes to open the data.
        Ending::Restart => {
            settling.await;
            closing.await;
        }
    }
    if let Err(error) = app.desk.save_places() {
        log::error!("where followers are was not saved: {error}");
    }
    if let Err(error) = app.statistics.flush() {
        log::error!("the last counts are lost: {error}");
    }
    indexer.stop();
    if ending == Ending::Stop || !app.store.is_failed() {
        app.store.sync()?;
    }
    log::info!("stopped");
    Ok(ending)
}

/// Lets work come to its end that began by itself.
async fn settle(
    delivering: JoinHandle<()>,
    uploading: JoinHandle<()>,
    telling: JoinHandle<()>,
    crawling: JoinHandle<()>,
) {
    // A letter that is accepted and not noted would be sent again.
    let letters = tokio::time::timeout(DRAIN, delivering);
    // An id that came and was not noted is uploaded again, and permanent material would stay for ever.
    let media = tokio::time::timeout(DRAIN, uploading);
    // Likewise a message, to a follower.
    let telling = tokio::time::timeout(DRAIN, telling);
    let crawled = tokio::time::timeout(DRAIN, crawling);
    let (letters, media, told, crawled) = tokio::join!(letters, media, telling, crawled);
    if crawled.is_err() {
        log::warn!("stopping while a source is being read; what was on its way is fetched again at the next start");
    }
    if media.is_err() {
        log::warn!("stopping while a file is being uploaded; it is uploaded again at the next start");
    }
    if letters.is_err() {
        log::error!("stopping while a letter is being handed in; it is sent again at the next start");
    }
    if told.is_err() {
        log::error!("stopping while a follower is being told something; they are told again");
    }
}

/// Done when the store accepts no write any more. Only a restart helps, so whoever watches over the process must see
/// it end.
async fn disk_failure(store: &Store) {
    while !store.is_failed() {
        tokio::time::sleep(LOOK_AT_DISK_EVERY).await;
    }
}

/// Whether the disk was only full, and there is room for records now: opened anew, the store works again.
fn makes_room(app: &App) -> bool {
    app.store.is_failed_for_room()
        && room::make(&app.data_dir).unwrap_or_else(|error| {
            log::error!("no room can be made: {error}");
            false
        })
}

/// The thread that brings the index up to the store.
struct Indexer {
    app: Arc<App>,
    is_stopping: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Indexer {
    fn start(app: Arc<App>) -> Result<Indexer> {
        let is_stopping = Arc::new(AtomicBool::new(false));
        let (same, flag) = (Arc::clone(&app), Arc::clone(&is_stopping));
        let thread = thread::Builder::new().name("indexer".into()).spawn(move || {
            // The first search brings the index into memory; better here than in somebody's message.
            if let Err(error) = survived(|| Ok(same.library.find("书童")?)) {
                log::error!("searching: {error:#}");
            }
            while !flag.load(Ordering::Acquire) {
                same.library.wait_for_changes(Duration::from_secs(60));
                if let Err(error) = survived(|| Ok(same.library.take_stock()?)) {
                    log::error!("taking stock: {error:#}");
                }
                match survived(|| Ok(same.library.index_changes()?)) {
                    Ok(0) => continue,
                    Ok(changes) => log::debug!(changes; "indexed"),
                    Err(error) => log::error!("indexing: {error:#}"),
                }
                if !flag.load(Ordering::Acquire) {
                    thread::sleep(INDEX_EVERY);
                }
            }
        })?;
        Ok(Indexer { app, is_stopping, thread })
    }

    fn stop(self) {
        self.is_stopping.store(true, Ordering::Release);
        self.app.library.stop_indexing();
        let _ = self.thread.join();
    }
}

/// Runs `work`; a panic is an error like any other. The thread is the only one of its kind, and has to go on.
fn survived<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Panicked.into()))
}

async fn bind(name: &str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; stop what is there, or change listen.{name} in the configuration")
    })
}
