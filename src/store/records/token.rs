//! Access_tokens and the keys that others ask for them with. What is done with them is `token`'s business.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An access_token or a ticket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GrantRecord {
    /// The value.
    pub value: String,
    /// Counts up with every new value of the account.
    pub number: u64,
    /// Where it came from.
    pub origin: Origin,
    /// When it came.
    pub obtained_at: DateTime<Utc>,
    /// When it ends, by the wall's clock: between two runs of the program there is no other.
    pub expires_at: DateTime<Utc>,
    /// Of a ticket: when somebody last asked for it.
    #[serde(default)]
    pub asked_at: Option<DateTime<Utc>>,
}

/// Where a token came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The platform, asked by this program.
    Platform,
    /// Set by hand.
    Manual,
    /// The server this one follows.
    Upstream,
}

/// One try to renew a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RenewalRecord {
    /// When it began.
    pub at: DateTime<Utc>,
    /// Why: `due`, `start`, `reported`, `forced`, `manual`, `followed`.
    pub cause: String,
    /// How long it took.
    pub millis: u64,
    /// What came of it.
    pub outcome: String,
    /// Whether there was a token in it.
    pub succeeded: bool,
}

/// What has been asked of the platform on one day of its own, which begins at midnight in Beijing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenCountsRecord {
    /// The day, `2026-11-27`.
    pub day: String,
    /// Calls of `/cgi-bin/token`.
    pub classic: u64,
    /// Calls of `/cgi-bin/stable_token`.
    pub stable: u64,
    /// Of all these, forced ones.
    pub forced: u64,
    /// When the last one was forced.
    pub forced_at: Option<DateTime<Utc>>,
    /// A call is under way that ends the token before: should its answer get lost, the one here has minutes left.
    pub is_asking: bool,
}

/// A key of the token API. The key itself is not kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiKeyRecord {
    /// What its owner calls it.
    pub name: String,
    /// SHA-256 of the key, in hexadecimal.
    pub hash: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The accounts it is for; none means all.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Networks it may be used from; none means all.
    #[serde(default)]
    pub networks: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to ten minutes.
    #[serde(default)]
    pub used_at: Option<DateTime<Utc>>,
}
