//! The section `[backup]`: copies of everything, where they are kept and how long.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use chrono_tz::Tz;
use serde::Deserialize;

use super::Config;
use crate::backup::{self, Elsewhere, Keep, Remote};
use crate::secret::Secret;

/// Copies of everything.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupConfig {
    /// Whether one is made every night.
    pub enabled: bool,
    /// Where they are kept; empty: inside the data directory.
    pub folder: PathBuf,
    /// How many of the latest are kept.
    pub keep_last: u32,
    /// Of how many days the last one is.
    pub keep_days: u32,
    /// Of how many weeks the last one is.
    pub keep_weeks: u32,
    /// Encrypts them; empty: they are not.
    pub passphrase: Secret,
    /// A WebDAV folder that each is sent to.
    pub webdav: Option<WebDav>,
    /// A bucket that each is sent to.
    pub s3: Option<S3>,
    /// A machine that each is sent to.
    pub sftp: Option<Sftp>,
}

/// A WebDAV folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebDav {
    /// Its address.
    pub url: String,
    /// The name to log in with.
    #[serde(default)]
    pub username: String,
    /// The password to log in with.
    #[serde(default)]
    pub password: Secret,
}

/// A bucket, of Amazon's or of somebody who speaks the same language.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// The server's address.
    pub endpoint: String,
    /// The region.
    #[serde(default = "region")]
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// Stands before the name of each.
    #[serde(default)]
    pub prefix: String,
    /// Who we are there.
    pub access_key: String,
    /// What proves it.
    pub secret_key: Secret,
    /// Whether the bucket is in the path, not in the host.
    #[serde(default = "yes")]
    pub path_style: bool,
}

/// A machine reached by `sftp`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sftp {
    /// `user@host:/folder`.
    pub to: String,
}

fn region() -> String {
    "us-east-1".to_owned()
}

fn yes() -> bool {
    true
}

impl Default for BackupConfig {
    fn default() -> Self {
        BackupConfig {
            enabled: false,
            folder: PathBuf::new(),
            keep_last: 3,
            keep_days: 7,
            keep_weeks: 4,
            passphrase: Secret::default(),
            webdav: None,
            s3: None,
            sftp: None,
        }
    }
}

impl Config {
    /// What the room of backups has to know.
    ///
    /// # Errors
    /// When an address is none; the message names the key.
    pub fn backup_settings(&self, data_dir: &Path) -> Result<backup::Settings> {
        self.backup.settings(data_dir, self.time_zone, self.elsewhere(data_dir))
    }

    /// What this configuration has outside the data folder. Of a path that does not exist nothing can be missed.
    fn elsewhere(&self, data_dir: &Path) -> Elsewhere {
        let real = |path: &Path| path.canonicalize().ok();
        let data = real(data_dir);
        let is_outside =
            |path: &PathBuf| real(path).is_some_and(|path| !data.as_ref().is_some_and(|data| path.starts_with(data)));
        let media = self.media.settings(data_dir);
        let named = [media.folder, media.keywords].into_iter().chain(self.origin.files.iter().cloned());
        Elsewhere {
            configuration: self.origin.path.clone().filter(is_outside),
            left_out: named.filter(is_outside).collect(),
        }
    }
}

impl BackupConfig {
    fn settings(&self, data_dir: &Path, time_zone: Tz, elsewhere: Elsewhere) -> Result<backup::Settings> {
        let is_inside = self.folder.as_os_str().is_empty();
        Ok(backup::Settings {
            data_dir: data_dir.to_owned(),
            folder: if is_inside { data_dir.join(backup::FOLDER) } else { self.folder.clone() },
            keep: Keep { last: self.keep_last, days: self.keep_days, weeks: self.keep_weeks },
            passphrase: self.passphrase.clone(),
            remote: self.remote()?,
            time_zone,
            elsewhere,
        })
    }

    pub(super) fn judge(&self) -> Result<()> {
        let is_fine = self.folder.as_os_str().is_empty() || self.folder.is_absolute();
        ensure!(is_fine, "backup.folder must be an absolute path, or left out: then it is in the data directory");
        ensure!(self.keep_last > 0, "backup.keep_last must be at least 1");
        let remotes = [self.webdav.is_some(), self.s3.is_some(), self.sftp.is_some()];
        let is_one = remotes.into_iter().filter(|is_set| *is_set).count() <= 1;
        ensure!(is_one, "[backup.webdav], [backup.s3] and [backup.sftp]: only one of them can be set");
        self.remote().map(|_| ())
    }

    pub(super) fn holds_secrets(&self) -> bool {
        !self.passphrase.is_empty() || self.webdav.is_some() || self.s3.is_some()
    }

    fn remote(&self) -> Result<Option<Remote>> {
        if let Some(WebDav { url, username, password }) = &self.webdav {
            let folder = Remote::webdav(url, username, password.clone()).context("backup.webdav.url")?;
            return Ok(Some(folder));
        }
        if let Some(s3) = &self.s3 {
            let bucket = Remote::s3(
                (&s3.endpoint, &s3.region, &s3.bucket, s3.path_style),
                &s3.prefix,
                &s3.access_key,
                s3.secret_key.clone(),
            );
            return Ok(Some(bucket.context("backup.s3")?));
        }
        self.sftp.as_ref().map(|sftp| Remote::sftp(&sftp.to).context("backup.sftp.to")).transpose()
    }
}
