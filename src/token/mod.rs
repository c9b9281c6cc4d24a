//! The central control server (中控服务器) for access_tokens and tickets: for this program, and through the token API
//! for the owner's other servers.
//!
//! An account has one [`Keeper`]. It renews the token before its end, and nobody else asks the platform for one, so no
//! two callers end each other's. The promises, and where each is kept:
//!
//! - A token is on disk before anybody sees it (`Keeper::adopt` is the only place that shows one), so none is handed out that a restart forgets.
//! - The token that works stays until it ends, whatever fails meanwhile (`renewal`: a failure changes nothing but the time of the next try).
//! - One call at a time for each account; whoever waited finds out first whether there is anything left to do.
//! - A token that somebody reports as refused is replaced only if it is still the current one, and only after the
//!   platform has refused it to us as well ([`Keeper::report`]).
//! - How long a token lives is measured by a clock that nobody sets (`held`).
//! - What to do about an error is decided in one place (`remedy`).
//!
//! The seam for several servers is [`Upstream`]: a server that follows another asks that one instead of the platform.
//! A store shared by many would stand behind the same [`Keeper`].
//!
//! Deliberately not here: the token API's paths and status codes (`server`), and how the platform is called (`wechat`).

mod counts;
mod fetch;
mod held;
mod history;
mod keeper;
mod keys;
mod probe;
mod remedy;
mod renewal;
mod report;
mod stand_in;
mod tally;
mod ticket;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;

use crate::alert::Alerts;
use crate::clock::Clock;
use crate::secret::Secret;
use crate::store::{self, Store};
use crate::wechat::{Hosts, TokenEndpoint};

pub use counts::{CLASSIC_A_DAY, FORCED_A_DAY};
pub use held::Held;
pub use history::Status;
pub use keeper::{CallError, Keeper, LONGEST_BY_HAND, Refreshed};
pub use keys::{Access, Denied, Keys, NewKey, Scope};
pub use probe::{Tried, probe};
pub use stand_in::StandIns;
pub use ticket::{PageSignature, Tickets};
pub use upstream::{TakeOver, Upstream};

/// What the configuration says about one account, as far as calling the platform goes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The account's name.
    pub account: String,
    /// The AppID.
    pub app_id: String,
    /// The AppSecret; empty if this account is not to call the platform.
    pub app_secret: Secret,
    /// How tokens are fetched.
    pub endpoint: TokenEndpoint,
    /// Where the platform is.
    pub hosts: Hosts,
    /// Domains whose pages may be signed for the JS-SDK, and those below them.
    pub js_domains: Vec<String>,
    /// Whose days the statistics count by.
    pub time_zone: Tz,
}

/// Why there is no token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// There is none now.
    #[error("there is no access_token now: {reason}")]
    Unavailable {
        /// Why, for people.
        reason: String,
        /// When to ask again.
        retry_after: Duration,
    },
    /// The platform has refused, and asking again changes nothing.
    #[error("{0}")]
    Refused(String),
    /// The page is not of a domain that may be signed for.
    #[error("{0} is not among the account's js_domains")]
    ForeignDomain(String),
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        Error::Store(error.to_string())
    }
}

/// The result of most calls here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The keepers of all accounts.
pub struct Tokens {
    keepers: Vec<Arc<Keeper>>,
}

impl Tokens {
    /// Takes up what an earlier run has left. Nothing is fetched yet.
    ///
    /// # Errors
    /// When the store fails or a setting is wrong.
    pub fn open(
        store: &Arc<Store>,
        clock: &Clock,
        alerts: &Arc<Alerts>,
        accounts: Vec<Settings>,
        upstream: Option<&Upstream>,
    ) -> anyhow::Result<Tokens> {
        let keeper = |settings| {
            Ok(Arc::new(Keeper::open(
                Arc::clone(store),
                clock.clone(),
                Arc::clone(alerts),
                settings,
                upstream.cloned(),
            )?))
        };
        let keepers = accounts.into_iter().map(keeper).collect::<anyhow::Result<_>>()?;
        Ok(Tokens { keepers })
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<Keeper>] {
        &self.keepers
    }

    /// The keeper of this account; without a name that of the only one, or of the first.
    pub fn of(&self, account: Option<&str>) -> Option<&Arc<Keeper>> {
        match account {
            Some(name) => self.keepers.iter().find(|keeper| keeper.account() == name),
            None => self.keepers.first(),
        }
    }

    /// The keeper of the account with this AppID; of several, the one that can ask for a token.
    pub fn of_app(&self, app_id: &str) -> Option<&Arc<Keeper>> {
        let mut all = self.keepers.iter().filter(|keeper| keeper.settings().app_id == app_id);
        let first = all.clone().next();
        all.find(|keeper| keeper.can_ask()).or(first)
    }

    /// Does what is due, of every account at the same time.
    pub async fn tick(&self) {
        let ticks = self.keepers.iter().map(|keeper| keeper.tick());
        futures_util::future::join_all(ticks).await;
    }

    /// Waits until no call to the platform is under way: what it grants has to be kept.
    pub async fn idle(&self) {
        futures_util::future::join_all(self.keepers.iter().map(|keeper| keeper.idle())).await;
    }

    /// Counters and gauges in Prometheus's text format.
    pub fn metrics(&self) -> String {
        tally::lines(&self.keepers)
    }
}
