//! What is remembered of renewals, and what is told of an account's token. The value itself is in neither.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::store::records::{Origin, RenewalRecord, TokenCountsRecord};
use crate::store::schema::RENEWALS;
use crate::store::{Result, Store, Write};

/// Renewals kept for each account: four days in calm weather.
pub(super) const KEPT: usize = 50;
/// How many old ones a write removes at most; one is the rule.
const REMOVED_AT_ONCE: usize = 10;

/// What can be said of an account's token.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The account's name.
    pub account: String,
    /// Where the token came from, if there is one.
    pub origin: Option<Origin>,
    /// When it came.
    pub obtained_at: Option<DateTime<Utc>>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Seconds it still lives; 0 if there is none.
    pub expires_in: u64,
    /// Renewals that failed since the last one that did not.
    pub failures: u32,
    /// Why the last one failed.
    pub last_error: Option<String>,
    /// Whether this server asks the platform, or another server.
    pub follows: bool,
    /// Today's calls.
    pub counts: TokenCountsRecord,
    /// The last renewals, newest first.
    pub renewals: Vec<RenewalRecord>,
}

/// Adds one to the history.
pub(super) fn note(write: &mut Write<'_>, account: &str, number: u64, renewal: &RenewalRecord) -> Result<()> {
    write.put(&RENEWALS, &(account.to_owned(), format!("{number:020}")), renewal)
}

/// The history, newest first, and the number for the next one.
pub(super) fn of(store: &Store, account: &str) -> Result<(Vec<RenewalRecord>, u64)> {
    let mut found = store.under(&RENEWALS, account, KEPT + REMOVED_AT_ONCE)?;
    let next = found.last().and_then(|((_, number), _)| number.parse::<u64>().ok()).map_or(0, |last| last + 1);
    let renewals = found.drain(..).rev().take(KEPT).map(|(_, renewal)| renewal).collect();
    Ok((renewals, next))
}

/// The keys of what is too old to be kept, a few at a time.
pub(super) fn too_old(store: &Store, account: &str) -> Result<Vec<(String, String)>> {
    let found = store.under(&RENEWALS, account, KEPT + REMOVED_AT_ONCE)?;
    let surplus = found.len().saturating_sub(KEPT);
    Ok(found.into_iter().take(surplus).map(|(key, _)| key).collect())
}
