//! The section `[media]`: files for replies, kept at the platform.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use chrono::Duration;
use serde::Deserialize;

use crate::media;

/// Pictures, speech and films for replies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MediaConfig {
    /// The folder with the files, absolute or below the data directory.
    pub folder: PathBuf,
    /// The file with the keyword replies, absolute or below the data directory.
    pub keywords: PathBuf,
    /// How many hours before the platform forgets a file it is uploaded again.
    pub renew_before_hours: u32,
    /// Uploads of one account on one day.
    pub uploads_per_day: u32,
    /// Whether permanent material is used where temporary media would do.
    pub permanent: bool,
}

impl Default for MediaConfig {
    fn default() -> Self {
        MediaConfig {
            folder: "pictures".into(),
            keywords: "keywords.toml".into(),
            renew_before_hours: 12,
            uploads_per_day: 1_000,
            permanent: false,
        }
    }
}

impl MediaConfig {
    /// What the room of media has to know; `data_dir` is where relative paths begin.
    pub fn settings(&self, data_dir: &Path) -> media::Settings {
        media::Settings {
            folder: data_dir.join(&self.folder),
            keywords: data_dir.join(&self.keywords),
            renew_before: Duration::hours(i64::from(self.renew_before_hours)),
            uploads_per_day: self.uploads_per_day,
            permanent: self.permanent,
        }
    }

    pub(super) fn judge(&self) -> Result<()> {
        ensure!(
            (1..=48).contains(&self.renew_before_hours),
            "media.renew_before_hours must be from 1 to 48: the platform keeps a file for 72 hours"
        );
        ensure!(self.uploads_per_day > 0, "media.uploads_per_day must be at least 1");
        let is_data = |path: &Path| {
            path.as_os_str().is_empty() || ["db", "index", "files", "log"].iter().any(|own| path == Path::new(own))
        };
        ensure!(!is_data(&self.folder), "media.folder must be a folder of its own, like \"pictures\"");
        ensure!(!self.keywords.as_os_str().is_empty(), "media.keywords must name a file, like \"keywords.toml\"");
        Ok(())
    }
}
