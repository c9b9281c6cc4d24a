//! The configuration file `shutong.toml`: what needs a restart, and secrets. What the admin changes while the program
//! runs is in the store, never here.
//!
//! It is read whole and judged whole at start: unknown keys, wrong combinations and secrets that others can read are
//! errors that name the key and the fix.

mod backup;
mod crawl;
mod defaults;
pub mod edit;
mod env;
pub mod fields;
mod limits;
mod mail;
mod media;
mod origin;
mod secrets;
mod token;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use chrono_tz::Tz;
use serde::Deserialize;

pub use crate::reply::Language;
use crate::secret::Secret;
pub use crate::wechat::TokenEndpoint;
use crate::wechat::{Account, AccountSettings, Mode};
pub use backup::BackupConfig;
pub use crawl::CrawlConfig;
pub use limits::Limits;
pub use mail::{Mail, MailInbox, MailTls, Push};
pub use media::MediaConfig;
pub use origin::Origin;
pub use token::{AlertsConfig, TokenConfig};

/// A commented configuration with every key, as `shutong config example` prints it.
pub const EXAMPLE: &str = include_str!("../assets/shutong.example.toml");

/// The platform's host. Only this file names it.
const PLATFORM: &str = "https://api.weixin.qq.com";

/// The host where the platform shows the picture of a QR code to whoever has its ticket.
const PICTURES: &str = "https://mp.weixin.qq.com";

/// The same platform, for when that one cannot be connected to.
const PLATFORM_AGAIN: [&str; 4] = [
    "https://api2.weixin.qq.com",
    "https://sh.api.weixin.qq.com",
    "https://sz.api.weixin.qq.com",
    "https://hk.api.weixin.qq.com",
];

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the public listener is reached from outside, without a slash at the end. Empty: its own address.
    pub public_url: String,
    /// The language of wordings and of the admin page.
    pub language: Language,
    /// In which days, quotas and schedules are counted.
    pub time_zone: Tz,
    /// The three listeners.
    pub listen: Listen,
    /// The Official Accounts.
    #[serde(rename = "account")]
    pub accounts: Vec<AccountConfig>,
    /// The access_token and its API.
    pub token: TokenConfig,
    /// How the owner is told of trouble.
    pub alerts: AlertsConfig,
    /// The feed for reading programs.
    pub opds: Opds,
    /// The admin page.
    pub admin: AdminConfig,
    /// What is logged, and how long logs are kept.
    pub log: Log,
    /// Quotas, sizes, rates.
    pub limits: Limits,
    /// What is taken for granted about books.
    pub books: Books,
    /// How mail is sent.
    pub mail: Option<Mail>,
    /// To whom books are pushed by mail.
    pub push: Push,
    /// Pictures, speech and films for replies.
    pub media: MediaConfig,
    /// Sources of books.
    pub crawl: CrawlConfig,
    /// Where all this was read.
    #[serde(skip)]
    pub origin: Origin,
    /// Copies of everything.
    pub backup: BackupConfig,
}

/// Addresses to listen on; port 0 takes a free one.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// The platform's callback, pages, downloads, OPDS.
    pub public: SocketAddr,
    /// The token API for the owner's other servers.
    pub token: SocketAddr,
    /// The admin page.
    pub admin: SocketAddr,
}

/// One Official Account as written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountConfig {
    /// The path of its callback: `/wechat/{name}`.
    pub name: String,
    /// The AppID.
    pub app_id: String,
    /// The AppSecret, for calling the platform.
    #[serde(default)]
    pub app_secret: Secret,
    /// The callback's token.
    pub token: Secret,
    /// The EncodingAESKey.
    pub encoding_aes_key: Option<Secret>,
    /// The one before.
    pub previous_encoding_aes_key: Option<Secret>,
    /// As chosen in the console; without it, safe if there is a key, else plain.
    pub mode: Option<Mode>,
    /// Whether the account is verified.
    #[serde(default)]
    pub verified: bool,
    /// The platform's host.
    #[serde(default = "platform")]
    pub api_base: String,
    /// How access_tokens are fetched.
    #[serde(default)]
    pub token_endpoint: TokenEndpoint,
    /// Further hosts of the platform, tried when the first cannot be connected to. Without it those that the platform
    /// has for disasters, if `api_base` is the platform's own.
    #[serde(default)]
    pub api_fallbacks: Option<Vec<String>>,
    /// An HTTP proxy for calling the platform; empty: none.
    #[serde(default)]
    pub api_proxy: String,
    /// Domains whose pages are signed for the JS-SDK; empty: that of `public_url`.
    #[serde(default)]
    pub js_domains: Vec<String>,
}

/// Who may read the OPDS feed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Opds {
    /// Who may read it.
    pub access: OpdsAccess,
    /// With `access = "password"`: the name.
    pub user: String,
    /// With `access = "password"`: the password.
    pub password: Secret,
}

/// Who may read the OPDS feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpdsAccess {
    /// Everybody who reaches the public listener.
    #[default]
    Open,
    /// Who knows the name and the password.
    Password,
    /// Nobody.
    Off,
}

/// The admin page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdminConfig {
    /// Further host names (with port, if not 80 or 443) the page may be reached by, behind a proxy of the owner's.
    pub hosts: Vec<String>,
}

/// What is logged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`; changed in the file, it takes effect within seconds.
    pub level: Level,
    /// A file is closed at this size, in megabytes …
    pub file_megabytes: u64,
    /// … and this many closed ones are kept, compressed …
    pub files: u32,
    /// … for at most this many days.
    pub days: u32,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What has failed.
    Error,
    /// What may fail soon, and what was refused.
    Warn,
    /// What happened.
    Info,
    /// Every message.
    Debug,
    /// Everything.
    Trace,
}

impl From<Level> for log::LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => log::LevelFilter::Error,
            Level::Warn => log::LevelFilter::Warn,
            Level::Info => log::LevelFilter::Info,
            Level::Debug => log::LevelFilter::Debug,
            Level::Trace => log::LevelFilter::Trace,
        }
    }
}

/// What is taken for granted about books.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Books {
    /// Lines that are left out of texts, with `*` for anything.
    pub adverts: Vec<String>,
}

/// The environment's variables, those that are text: others are none of ours.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Whether both cannot be listened on at a time. Port 0 is any free one.
pub fn is_same_place(one: SocketAddr, other: SocketAddr) -> bool {
    let is_same_machine = one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && is_same_machine
}

impl Config {
    /// Reads the file, lets the environment override single keys, and judges the whole.
    ///
    /// # Errors
    /// When the file cannot be read or something in it is wrong; the message names the key and the fix.
    pub fn load(path: &Path) -> Result<Config> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut config = Config::parse(&text, path.parent().unwrap_or(Path::new(".")), environment())
            .with_context(|| format!("{} is wrong", path.display()))?;
        config.origin.path = Some(path.to_owned());
        if config.holds_secrets() {
            secrets::refuse_readable_by_others(path)?;
        }
        Ok(config)
    }

    /// The same from text: `folder` is where `…_file` paths start, `environment` what overrides keys.
    ///
    /// # Errors
    /// When something in it is wrong.
    pub fn parse(text: &str, folder: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Result<Config> {
        let mut table: toml::Table = text.parse().context("not TOML")?;
        env::apply(&mut table, environment)?;
        let files = secrets::read_files(&mut table, folder)?;
        let mut config: Config = table.clone().try_into()?;
        config.origin = Origin::of(table, files);
        config.public_url = config.public_url.trim_end_matches('/').to_owned();
        config.read_authorities(folder)?;
        config.judge()?;
        Ok(config)
    }

    /// The accounts, judged.
    ///
    /// # Errors
    /// When one has a wrong setting; the message names it and the fix.
    pub fn accounts(&self) -> Result<Vec<Account>> {
        self.accounts.iter().enumerate().map(|(number, account)| account.judged(number)).collect()
    }

    /// Where the picture of a QR code of this account is shown: beside the API, if that is not the platform's own.
    pub fn qr_pictures(&self, account: &str) -> String {
        let own = self.accounts.iter().find(|own| own.name == account).map(|own| own.api_base.trim_end_matches('/'));
        format!("{}/cgi-bin/showqrcode", own.filter(|base| *base != PLATFORM).unwrap_or(PICTURES))
    }

    /// Largest upload in bytes.
    pub fn upload_bytes(&self) -> u64 {
        self.limits.upload_megabytes.saturating_mul(1024 * 1024)
    }

    fn judge(&self) -> Result<()> {
        self.accounts()?;
        for (number, account) in self.accounts.iter().enumerate() {
            let is_double = self.accounts[..number].iter().any(|other| other.name == account.name);
            ensure!(!is_double, "two accounts have the name \"{}\"; the callback's path needs another", account.name);
            account.judge_api()?;
        }
        if !self.public_url.is_empty() {
            let parsed = url::Url::parse(&self.public_url).context("public_url is no address")?;
            ensure!(
                matches!(parsed.scheme(), "http" | "https") && parsed.path() == "/" && parsed.query().is_none(),
                "public_url must be like https://books.example.com, without a path"
            );
        }
        let Listen { public, token, admin } = self.listen;
        let is_clash = is_same_place(public, token) || is_same_place(public, admin) || is_same_place(token, admin);
        ensure!(!is_clash, "listen.public, listen.token and listen.admin must be three addresses");
        let has_password = !self.opds.password.is_empty() && !self.opds.user.is_empty();
        ensure!(
            self.opds.access != OpdsAccess::Password || has_password,
            "opds.access = \"password\" needs opds.user and opds.password"
        );
        self.judge_mail()?;
        self.media.judge()?;
        self.crawl.judge()?;
        self.backup.judge()?;
        self.judge_token()?;
        self.limits.judge()
    }

    fn holds_secrets(&self) -> bool {
        !self.accounts.is_empty()
            || !self.opds.password.is_empty()
            || self.mail.is_some()
            || !self.token.upstream_key.is_empty()
            || !self.alerts.webhook.is_empty()
            || self.backup.holds_secrets()
    }
}

impl AccountConfig {
    /// The account, judged; `number` is its place in the list, from 0, for the message.
    ///
    /// # Errors
    /// When a setting is wrong; the message names it and the fix.
    pub fn judged(&self, number: usize) -> Result<Account> {
        let has_key = self.encoding_aes_key.as_ref().is_some_and(|key| !key.is_empty());
        let settings = AccountSettings {
            name: self.name.clone(),
            app_id: self.app_id.clone(),
            token: self.token.clone(),
            mode: self.mode.unwrap_or(if has_key { Mode::Safe } else { Mode::Plain }),
            encoding_aes_key: self.encoding_aes_key.clone().filter(|key| !key.is_empty()),
            previous_encoding_aes_key: self.previous_encoding_aes_key.clone().filter(|key| !key.is_empty()),
            verified: self.verified,
        };
        match Account::new(settings) {
            Ok(account) => Ok(account),
            Err(wrong) => bail!("account {} (\"{}\"): {}: {}", number + 1, self.name, wrong.field, wrong.fix),
        }
    }
}

/// The platform's address, unless an account names another.
pub fn platform() -> String {
    PLATFORM.to_owned()
}
