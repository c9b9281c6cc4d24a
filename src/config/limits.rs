//! The section `[limits]`: quotas, sizes, rates.

use anyhow::{Result, ensure};
use serde::Deserialize;

/// Quotas, sizes, rates.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Downloads of one follower on one day.
    pub downloads_per_day: u32,
    /// Searches of one follower on one day; 0: any number.
    pub searches_per_day: u32,
    /// Messages of one follower in one minute that are answered; 0: any number.
    pub messages_per_minute: u32,
    /// Downloads through OPDS on one day, by everybody together.
    pub opds_downloads_per_day: u32,
    /// Largest upload, in megabytes.
    pub upload_megabytes: u64,
    /// Connections at one time, of each listener.
    pub connections: usize,
    /// How long a link of a download lives, in hours.
    pub link_hours: u32,
    /// How long a list can be paged and picked from, in minutes.
    pub place_minutes: u32,
    /// Text of books kept for searching inside them, in megabytes; 0 switches that off.
    pub body_search_megabytes: u64,
    /// Most memory that the conversion of a book may take, in megabytes.
    pub convert_megabytes: u64,
    /// Most processor time that the conversion of a book may take, in seconds.
    pub convert_seconds: u64,
    /// Books that one follower may push by mail on one day.
    pub pushes_per_day: u32,
    /// Codes that one follower may have sent on one day, and that one address may get.
    pub codes_per_day: u32,
    /// Mail addresses of one follower.
    pub addresses: u32,
    /// Letters sent within one hour, all together.
    pub letters_per_hour: u32,
    /// Letters sent on one day, all together.
    pub letters_per_day: u32,
}

impl Limits {
    pub(super) fn judge(&self) -> Result<()> {
        let must_be_positive = [
            ("upload_megabytes", self.upload_megabytes),
            ("connections", self.connections as u64),
            ("link_hours", u64::from(self.link_hours)),
            ("place_minutes", u64::from(self.place_minutes)),
            ("addresses", u64::from(self.addresses)),
        ];
        for (name, value) in must_be_positive {
            ensure!(value > 0, "limits.{name} must be at least 1");
        }
        ensure!(self.upload_megabytes <= 1024, "limits.upload_megabytes can be 1024 at most");
        Ok(())
    }
}
