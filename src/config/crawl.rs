//! The section `[crawl]`: how sources of books are read.

use std::time::Duration;

use anyhow::{Result, ensure};
use chrono_tz::Tz;
use serde::Deserialize;

use crate::crawler;

/// How sources are read. The sources themselves are changed while the program runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CrawlConfig {
    /// Whether sources are read at their times.
    pub enabled: bool,
    /// Sources read at the same time; never two requests to one host.
    pub sources_at_once: usize,
    /// Whom a site's owner can turn to: an address or a page, named in every request.
    pub contact: String,
    /// The shortest pause between two requests to a host, in milliseconds.
    pub pause_ms: u64,
    /// The longest, in seconds, however slow the host is.
    pub most_pause_seconds: u64,
    /// How long an answer may take to begin, in seconds.
    pub patience_seconds: u64,
    /// How often a request is tried in all.
    pub tries: u32,
    /// How long it waits for the second try, in milliseconds; twice as long each time.
    pub retry_ms: u64,
    /// The largest page, in megabytes.
    pub page_megabytes: u64,
    /// The largest book, in megabytes.
    pub book_megabytes: u64,
}

impl Default for CrawlConfig {
    fn default() -> Self {
        CrawlConfig {
            enabled: true,
            sources_at_once: 8,
            contact: String::new(),
            pause_ms: 1_000,
            most_pause_seconds: 60,
            patience_seconds: 30,
            tries: 3,
            retry_ms: 2_000,
            page_megabytes: 5,
            book_megabytes: 100,
        }
    }
}

impl CrawlConfig {
    /// What the crawler has to know. Without a contact the account's own address is named, so that nobody reads
    /// anonymously.
    pub fn settings(&self, time_zone: Tz, public_url: &str) -> crawler::Settings {
        let contact = if self.contact.is_empty() { public_url } else { &self.contact };
        let version = env!("CARGO_PKG_VERSION");
        let user_agent = match contact {
            "" => format!("shutong/{version}"),
            contact => format!("shutong/{version} (+{contact})"),
        };
        crawler::Settings {
            is_on: self.enabled,
            sources_at_once: self.sources_at_once,
            time_zone,
            manners: crawler::fetch::Settings {
                user_agent,
                agent_token: "shutong".into(),
                least_delay: Duration::from_millis(self.pause_ms),
                most_delay: Duration::from_secs(self.most_pause_seconds),
                jitter: 0.5,
                tries: self.tries,
                retry_base: Duration::from_millis(self.retry_ms),
                patience: Duration::from_secs(self.patience_seconds),
                page_bytes: self.page_megabytes << 20,
                book_bytes: self.book_megabytes << 20,
                // A longer wait is no wait but a closed door: the source has its turn later, and others go on.
                most_wait: Duration::from_secs(60),
            },
        }
    }

    pub(super) fn judge(&self) -> Result<()> {
        ensure!((1..=64).contains(&self.sources_at_once), "crawl.sources_at_once must be from 1 to 64");
        ensure!((1..=10).contains(&self.tries), "crawl.tries must be from 1 to 10");
        ensure!((1..=600).contains(&self.patience_seconds), "crawl.patience_seconds must be from 1 to 600");
        ensure!((1..=50).contains(&self.page_megabytes), "crawl.page_megabytes must be from 1 to 50");
        ensure!((1..=500).contains(&self.book_megabytes), "crawl.book_megabytes must be from 1 to 500");
        ensure!(
            self.contact.chars().all(|c| c.is_ascii_graphic()) && self.contact.len() <= 200,
            "crawl.contact must be an address like https://example.com/ or a mail address"
        );
        Ok(())
    }
}
