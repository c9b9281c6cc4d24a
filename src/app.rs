//! Everything assembled, nothing running: no socket is bound, no thread started, no clock read but the one given.

mod configuration;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;

use crate::alert::{Alerts, Teller, Trouble};
use crate::article::{self, Articles};
use crate::backup::Backups;
use crate::bell::Bell;
use crate::chat::Chat;
use crate::clock::Clock;
use crate::config::Config;
use crate::crawler::{self, Crawler};
use crate::kindle::{Kindle, Sealed};
use crate::library::Library;
use crate::library::link::Links;
use crate::logging::Pseudonyms;
use crate::media::Media;
use crate::reply::{self, Desk, Wordings};
use crate::secret::write_private;
use crate::statistics::Statistics;
use crate::store::schema::SETTINGS;
use crate::store::{self, Durability, Store};
use crate::token::{Keys, StandIns, Tokens};
use crate::underway::Underway;
use crate::wechat::Account;

/// The file in the data folder with the key of followers' mail addresses.
const ADDRESS_KEY: &str = "address.key";

/// The program's parts.
pub struct App {
    /// The configuration as read.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Database, index, files and logs are under it.
    pub data_dir: PathBuf,
    /// What survives a restart.
    pub store: Arc<Store>,
    /// The books.
    pub library: Arc<Library>,
    /// Addresses for followers.
    pub links: Arc<Links>,
    /// The owner's articles.
    pub articles: Arc<Articles>,
    /// Pushes by mail.
    pub kindle: Arc<Kindle>,
    /// Files for replies.
    pub media: Arc<Media>,
    /// Sources of books.
    pub crawler: Arc<Crawler>,
    /// Copies of everything.
    pub backups: Arc<Backups>,
    /// Messages that nobody asked for.
    pub chat: Arc<Chat>,
    /// Answers followers.
    pub desk: Arc<Desk>,
    /// What happened how often.
    pub statistics: Arc<Statistics>,
    /// The Official Accounts.
    pub accounts: Vec<Arc<Account>>,
    /// What the owner has to know.
    pub alerts: Arc<Alerts>,
    /// How the owner is told.
    pub teller: Teller,
    /// The accounts' access_tokens and tickets.
    pub tokens: Arc<Tokens>,
    /// Who may ask for them.
    pub keys: Arc<Keys>,
    /// What the relay's callers have instead of them.
    pub stand_ins: StandIns,
    /// Followers' names in logs.
    pub pseudonyms: Pseudonyms,
    /// Jobs that run at this moment.
    pub running: Underway,
    /// When the program was assembled.
    pub started_at: DateTime<Utc>,
    /// Rung when it is to start again.
    pub restart: Bell,
}

impl App {
    /// Opens the data directory and assembles the program. `public_url` is where followers reach it.
    ///
    /// # Errors
    /// When the data cannot be opened; the cause is a [`store::Error`] where the caller can do something about it.
    pub fn open(config: Config, data_dir: &Path, public_url: &str, clock: Clock) -> Result<App> {
        make_private(data_dir)?;
        let store = Arc::new(Store::open(data_dir)?);
        let body_bytes = config.limits.body_search_megabytes.saturating_mul(1024 * 1024);
        let index_dir = data_dir.join("index");
        let library = Arc::new(Library::open(Arc::clone(&store), &index_dir, config.time_zone, body_bytes)?);
        library.set_adverts(config.books.adverts.clone());
        let lifetime = Duration::hours(i64::from(config.limits.link_hours));
        let links = Arc::new(Links::open(&store, public_url, lifetime, random()?)?);
        let alerts = Arc::new(Alerts::new(Arc::clone(&store)));
        let push = config.push_settings();
        let (address_key, is_key_new) = address_key(data_dir)?;
        let kindle = Arc::new(Kindle::new(
            Arc::clone(&store),
            Arc::clone(&library),
            Arc::clone(&alerts),
            push,
            kept_key(&store, "push_key")?,
            &address_key,
        ));
        close_addresses(&kindle, &alerts, is_key_new, clock.now())?;
        let media = config.media.settings(data_dir);
        let media = Arc::new(Media::open(Arc::clone(&store), Arc::clone(&alerts), media)?);
        let accounts: Vec<Arc<Account>> = config.accounts()?.into_iter().map(Arc::new).collect();
        let upstream = config.upstream()?;
        let tokens = Tokens::open(&store, &clock, &alerts, config.token_settings(), upstream.as_ref())?;
        let tokens = Arc::new(tokens);
        let articles = articles(&config, &store, &tokens, data_dir, public_url);
        let verified = accounts.iter().filter(|account| account.verified());
        let keepers = verified.filter_map(|account| tokens.of(Some(account.name())).cloned()).collect();
        let chat = Arc::new(Chat::new(Arc::clone(&store), keepers, Arc::clone(&alerts)));
        // Who is not verified any more has been told, and has done what there was to do.
        for account in accounts.iter().filter(|account| !account.verified()) {
            let trouble = Trouble::NoCustomerMessages { account: account.name().to_owned() };
            alerts.resolve(&trouble.key(), clock.now());
        }
        let crawler = Arc::new(crawler(&config, (&store, &library, &articles, &alerts), public_url, clock.clone())?);
        let statistics = Arc::new(Statistics::new(Arc::clone(&store), config.time_zone));
        let settings = config.backup_settings(data_dir)?;
        let backups = Arc::new(Backups::new(Arc::clone(&store), Arc::clone(&library), settings));
        let rooms = reply::Rooms {
            library: Arc::clone(&library),
            links: Arc::clone(&links),
            kindle: Arc::clone(&kindle),
            media: Arc::clone(&media),
            articles: Arc::clone(&articles),
            chat: Arc::clone(&chat),
            statistics: Arc::clone(&statistics),
        };
        let desk = Arc::new(Desk::new(rooms, wordings(&config, &store)?, limits(&config)));
        match library.take_down_again()? {
            0 => {}
            books => log::info!(books; "taken down again what was taken down since the backup was made"),
        }
        desk.complete_roll()?;
        match desk.forget_again()? {
            0 => {}
            followers => log::info!(followers; "deleted again what was deleted since the backup was made"),
        }
        let keys = Arc::new(Keys::open(Arc::clone(&store))?);
        let stand_ins = StandIns::new(kept_key(&store, "stand_in_key")?);
        let pseudonyms = Pseudonyms::new(kept_key(&store, "log_key")?);
        let started_at = clock.now();
        let data_dir = data_dir.to_owned();
        Ok(App {
            clock,
            data_dir,
            store,
            library,
            links,
            articles,
            kindle,
            media,
            crawler,
            backups,
            chat,
            desk,
            statistics,
            accounts,
            alerts,
            teller: config.teller()?,
            config,
            tokens,
            keys,
            stand_ins,
            pseudonyms,
            running: Underway::default(),
            started_at,
            restart: Bell::default(),
        })
    }

    /// The configuration file: the one that was read, or the one that the first change makes.
    pub fn config_file(&self) -> PathBuf {
        self.config.origin.path.clone().unwrap_or_else(|| self.data_dir.join("shutong.toml"))
    }

    /// The account of this name.
    pub fn account(&self, name: &str) -> Option<&Arc<Account>> {
        self.accounts.iter().find(|account| account.name() == name)
    }

    /// Where the logs are.
    pub fn log_dir(&self) -> PathBuf {
        self.data_dir.join("log")
    }
}

/// Random bytes from the system.
///
/// # Errors
/// When the system has none, which no running system does.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
    Ok(bytes)
}

/// Letters and digits that nobody guesses.
///
/// # Errors
/// As [`random`].
pub fn letters(count: usize) -> Result<String> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let random = random::<64>()?;
    Ok(random.iter().take(count).map(|&byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])).collect())
}

fn articles(
    config: &Config,
    store: &Arc<Store>,
    tokens: &Arc<Tokens>,
    data_dir: &Path,
    public_url: &str,
) -> Arc<Articles> {
    // A command that opens the data by itself listens nowhere; what is configured holds all the same.
    let public_url = if public_url.is_empty() { &config.public_url } else { public_url };
    let verified = config.accounts.iter().filter(|account| account.verified).map(|account| account.name.clone());
    let settings = article::Settings {
        public_url: public_url.trim_end_matches('/').to_owned(),
        time_zone: config.time_zone,
        verified: verified.collect(),
    };
    let folder = data_dir.join("articles");
    Arc::new(Articles::new(Arc::clone(store), Arc::clone(tokens), folder, settings))
}

fn crawler(
    config: &Config,
    (store, library, articles, alerts): (&Arc<Store>, &Arc<Library>, &Arc<Articles>, &Arc<Alerts>),
    public_url: &str,
    clock: Clock,
) -> Result<Crawler> {
    let rooms = crawler::Rooms {
        store: Arc::clone(store),
        library: Arc::clone(library),
        articles: Arc::clone(articles),
        alerts: Arc::clone(alerts),
    };
    let public_url = if public_url.is_empty() { &config.public_url } else { public_url };
    // A pause is no secret: the system's dice are read once, and a small generator goes on from there.
    let mut state = u64::from_le_bytes(random()?) | 1;
    let dice = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    Ok(Crawler::new(rooms, config.crawl.settings(config.time_zone, public_url), clock, dice))
}

/// The texts, as the owner has changed them.
fn wordings(config: &Config, store: &Store) -> Result<Wordings> {
    let overrides = match store.get(&SETTINGS, &"wordings".to_owned())? {
        Some(saved) => serde_json::from_value(saved).context("the owner's wordings")?,
        None => Default::default(),
    };
    Ok(Wordings::new(config.language, overrides)?)
}

fn limits(config: &Config) -> reply::Limits {
    reply::Limits {
        downloads_per_day: config.limits.downloads_per_day,
        place_minutes: config.limits.place_minutes,
        messages_per_minute: config.limits.messages_per_minute,
        searches_per_day: config.limits.searches_per_day,
    }
}

/// A key made at the first start.
fn kept_key(store: &Store, name: &str) -> Result<[u8; 32]> {
    let fresh: [u8; 32] = random()?;
    let key = store.write(Durability::Durable, |write| {
        if let Some(kept) = write.get(&SETTINGS, &name.to_owned())? {
            return serde_json::from_value(kept).map_err(|error| store::Error::Damaged(error.to_string()));
        }
        write.put(&SETTINGS, &name.to_owned(), &json!(fresh))?;
        Ok(fresh)
    })?;
    Ok(key)
}

/// The key of followers' mail addresses, made at the first start in a file of its own: a copy of the database alone
/// must not name them. Whether it was made now.
fn address_key(data_dir: &Path) -> Result<([u8; 32], bool)> {
    let path = data_dir.join(ADDRESS_KEY);
    match fs::read(&path) {
        Ok(bytes) => <[u8; 32]>::try_from(bytes).ok().map(|key| (key, false)).with_context(|| {
            format!(
                "{} is damaged: put it back from a backup; if there is none, delete it, and followers bind their \
                 mail addresses again",
                path.display()
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key: [u8; 32] = random()?;
            write_private(&path, &key).with_context(|| format!("cannot write {}", path.display()))?;
            Ok((key, true))
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Closes addresses that are in clear, and tells the owner of those that a key of before has closed.
fn close_addresses(kindle: &Kindle, alerts: &Alerts, is_key_new: bool, now: DateTime<Utc>) -> Result<()> {
    let Sealed { readable, unreadable } = kindle.seal_addresses()?;
    let trouble = Trouble::AddressKeyLost { file: ADDRESS_KEY.to_owned(), addresses: unreadable };
    if unreadable > 0 && is_key_new {
        alerts.raise(&trouble, now);
        return Ok(());
    }
    // With the old file back, those would be lost that have been bound since: there is nothing to be done any more.
    if unreadable == 0 || readable > 0 {
        alerts.resolve(&trouble.key(), now);
    }
    if unreadable > 0 {
        log::error!(
            "{unreadable} mail addresses of followers cannot be read with the key in {ADDRESS_KEY}: their followers \
             must bind them again"
        );
    }
    Ok(())
}

/// The data is the owner's alone. A directory that is not ours, named by mistake, keeps its mode.
fn make_private(data_dir: &Path) -> Result<()> {
    let is_new = !data_dir.exists();
    let is_ours = || ["db", "shutong.toml"].iter().any(|name| data_dir.join(name).exists());
    fs::create_dir_all(data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
    if !is_new && !is_ours() {
        return Ok(());
    }
    fs::set_permissions(data_dir, fs::Permissions::from_mode(0o700))
        .with_context(|| format!("cannot protect {}", data_dir.display()))
}
