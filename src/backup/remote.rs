//! Where backups go besides: a WebDAV folder, a bucket, another machine. What lies there is known from our own notes,
//! so that whoever can write there need not be able to list it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use chrono::{DateTime, Utc};
use rusty_s3::actions::{DeleteObject, PutObject};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use serde::{Deserialize, Serialize};
use url::Url;

use super::keep::{Keep, superfluous_of, time_of};
use super::{Made, trouble};
use crate::blocking::blocking;
use crate::http::FileClient;
use crate::secret::Secret;
use crate::store::schema::SETTINGS;
use crate::store::{self, Durability, Store};

/// Where the notes are, among the settings.
const NOTES: &str = "backups_sent";
/// A server that says nothing for so long is away.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a signed address lives: long enough for a slow line.
const SIGNED_FOR: Duration = Duration::from_secs(24 * 3_600);
/// What a bucket takes in one piece, in bytes.
const MOST_IN_BUCKET: u64 = 5_000_000_000;

/// A place elsewhere.
#[derive(Clone, Debug)]
pub enum Remote {
    /// A WebDAV folder.
    WebDav {
        /// Its address, with a slash at the end.
        url: Url,
        /// Name and password.
        login: Option<(String, Secret)>,
    },
    /// A bucket.
    S3 {
        /// The bucket.
        bucket: Box<Bucket>,
        /// Stands before the name.
        prefix: String,
        /// Who we are there.
        access_key: String,
        /// What proves it.
        secret_key: Secret,
    },
    /// A folder on another machine.
    Sftp {
        /// `user@host`.
        host: String,
        /// The folder there.
        folder: String,
    },
}

/// A backup that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it had arrived.
    pub sent_at: DateTime<Utc>,
}

impl Remote {
    /// A WebDAV folder.
    ///
    /// # Errors
    /// When it is no address that a password may be sent to.
    pub fn webdav(url: &str, username: &str, password: Secret) -> Result<Remote> {
        let slash = if url.ends_with('/') { "" } else { "/" };
        let url = address(&format!("{url}{slash}"))?;
        let login = (!username.is_empty()).then(|| (username.to_owned(), password));
        Ok(Remote::WebDav { url, login })
    }

    /// A bucket: server, region, name, and whether it is in the path.
    ///
    /// # Errors
    /// When it is no address that a secret may be used with, or something is missing.
    pub fn s3(
        (endpoint, region, name, path_style): (&str, &str, &str, bool),
        prefix: &str,
        access_key: &str,
        secret_key: Secret,
    ) -> Result<Remote> {
        ensure!(!name.is_empty(), "bucket is missing");
        ensure!(!access_key.is_empty() && !secret_key.is_empty(), "access_key and secret_key are missing");
        let style = if path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let bucket = Bucket::new(address(endpoint)?, style, name.to_owned(), region.to_owned())?;
        Ok(Remote::S3 {
            bucket: Box::new(bucket),
            prefix: prefix.to_owned(),
            access_key: access_key.to_owned(),
            secret_key,
        })
    }

    /// A folder on another machine, as `user@host:/folder`.
    ///
    /// # Errors
    /// When it is none, or could be taken for something else on a command line.
    pub fn sftp(to: &str) -> Result<Remote> {
        let (host, folder) = to.split_once(':').context("must be like user@host:/folder")?;
        let is_plain = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        ensure!(is_plain(host, "@.-_") && !host.starts_with('-'), "{host:?} is no user@host");
        ensure!(is_plain(folder, "/.-_"), "the folder may have letters, digits and / . - _ in its name");
        Ok(Remote::Sftp { host: host.to_owned(), folder: folder.trim_end_matches('/').to_owned() })
    }

    /// What a person calls it, without secrets.
    pub fn name(&self) -> String {
        match self {
            Remote::WebDav { url, .. } => url.to_string(),
            Remote::S3 { bucket, prefix, .. } => format!("s3://{}/{prefix}", bucket.name()),
            Remote::Sftp { host, folder } => format!("{host}:{folder}"),
        }
    }

    async fn put(&self, name: &str, path: &Path, bytes: u64) -> Result<()> {
        match self {
            Remote::WebDav { url, login } => {
                let target = url.join(name)?;
                let put = client()?.put(target.as_str(), exposed(login), path).await;
                if put.is_err() {
                    // Half of a file would look like one.
                    let _ = client()?.delete(target.as_str(), exposed(login)).await;
                }
                put
            }
            Remote::S3 { bucket, prefix, access_key, secret_key } => {
                ensure!(bytes <= MOST_IN_BUCKET, "a bucket takes 5 GB in one piece, and this has {bytes} bytes");
                let (object, credentials) =
                    (format!("{prefix}{name}"), Credentials::new(access_key, secret_key.expose()));
                let target = PutObject::new(bucket, Some(&credentials), &object).sign(SIGNED_FOR);
                client()?.put(target.as_str(), None, path).await
            }
            Remote::Sftp { host, folder } => {
                let path = path.to_str().filter(|path| !path.contains(['"', '\\', '\n']));
                let path = path.context("the path of the backup cannot be given to sftp")?;
                let (part, whole) = (format!("{folder}/{name}.part"), format!("{folder}/{name}"));
                let put = sftp(host, format!("put \"{path}\" \"{part}\"\nrename \"{part}\" \"{whole}\"\n")).await;
                if put.is_err() {
                    let _ = sftp(host, format!("-rm \"{part}\"\n")).await;
                }
                put
            }
        }
    }

    async fn remove(&self, name: &str) -> Result<()> {
        match self {
            Remote::WebDav { url, login } => client()?.delete(url.join(name)?.as_str(), exposed(login)).await,
            Remote::S3 { bucket, prefix, access_key, secret_key } => {
                let (object, credentials) =
                    (format!("{prefix}{name}"), Credentials::new(access_key, secret_key.expose()));
                let target = DeleteObject::new(bucket, Some(&credentials), &object).sign(PATIENCE);
                client()?.delete(target.as_str(), None).await
            }
            // With a dash the command may fail: it is gone already.
            Remote::Sftp { host, folder } => sftp(host, format!("-rm \"{folder}/{name}\"\n")).await,
        }
    }
}

/// Sends a backup, and removes there what is not to be kept any more.
pub(super) async fn send(remote: &Remote, store: &Store, made: &Made, keep: Keep, now: DateTime<Utc>) -> Result<()> {
    let name = made.path.file_name().and_then(|name| name.to_str()).context("the backup has no name")?;
    remote.put(name, &made.path, made.bytes).await.map_err(|error| {
        let (place, advice) = (remote.name(), trouble::advice(remote, &error));
        anyhow!("the backup {name} is made and lies here, but did not get to {place}: {error:#}; {advice}")
    })?;
    let mut notes = sent(store).map_err(|error| anyhow!("{error}"))?;
    notes.retain(|sent| sent.name != name);
    notes.insert(0, Sent { name: name.to_owned(), bytes: made.bytes, sent_at: now });
    let times: Vec<_> = notes.iter().filter_map(|sent| Some((sent.name.as_str(), time_of(&sent.name)?))).collect();
    for gone in superfluous_of(&times, keep) {
        match remote.remove(&gone).await {
            Ok(()) => notes.retain(|sent| sent.name != gone),
            // It stays in the notes, and the next one tries again.
            Err(error) => log::warn!("the backup {gone} cannot be removed from {}: {error:#}", remote.name()),
        }
    }
    let notes = serde_json::to_value(&notes)?;
    Ok(store.write(Durability::Durable, |write| write.put(&SETTINGS, &NOTES.to_owned(), &notes))?)
}

/// What was sent and is there still.
pub(super) fn sent(store: &Store) -> super::Result<Vec<Sent>> {
    let notes = store.get(&SETTINGS, &NOTES.to_owned())?;
    let notes = notes.map(serde_json::from_value).transpose();
    Ok(notes.map_err(|error| store::Error::Damaged(error.to_string()))?.unwrap_or_default())
}

/// Runs a batch of the system's sftp.
async fn sftp(host: &str, batch: String) -> Result<()> {
    let host = host.to_owned();
    blocking(move || {
        let mut command = Command::new("sftp");
        command
            .args([
                "-b",
                "-",
                "-o",
                "LogLevel=ERROR",
                "-o",
                "BatchMode=yes",
                "-o",
                "ConnectTimeout=60",
                "-o",
                "ServerAliveInterval=30",
            ])
            .arg(&host);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot run sftp; install openssh-client")?;
        if let Some(mut input) = child.stdin.take() {
            // One that ends at once says why.
            let _ = input.write_all(batch.as_bytes());
        }
        let output = child.wait_with_output()?;
        if output.status.success() {
            return Ok(());
        }
        bail!("sftp to {host}: {}", telling(&String::from_utf8_lossy(&output.stderr)))
    })
    .await?
}

/// The line that tells most: the last one, but for that the connection has ended, which follows upon every reason.
fn telling(said: &str) -> &str {
    let lines = || said.lines().map(str::trim).rev().filter(|line| !line.is_empty());
    let is_end = |line: &&str| line.starts_with("Connection closed") || line.starts_with("Couldn't read packet");
    lines().find(|line| !is_end(line)).or_else(|| lines().next()).unwrap_or("it says nothing")
}

fn client() -> Result<FileClient> {
    FileClient::new(PATIENCE)
}

fn exposed(login: &Option<(String, Secret)>) -> Option<(&str, &str)> {
    login.as_ref().map(|(name, password)| (name.as_str(), password.expose()))
}

/// An address that secrets may be sent to: https, or this machine.
fn address(text: &str) -> Result<Url> {
    let url = Url::parse(text).with_context(|| format!("{text:?} is no address"))?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    ensure!(
        url.scheme() == "https" || (url.scheme() == "http" && is_here),
        "must be https: a password is sent with it"
    );
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_sftp_says_the_reason_is_told() {
        let refused = "me@host: Permission denied (publickey).\r\nConnection closed\r\n";
        assert_eq!(telling(refused), "me@host: Permission denied (publickey).");
        assert_eq!(telling("Connection closed.  \n\n"), "Connection closed.");
        assert_eq!(telling("\n"), "it says nothing");
    }

    #[test]
    fn only_what_can_be_meant_is_taken() {
        for to in ["me@backup.example.com:/srv/shutong", "host:backups"] {
            assert!(Remote::sftp(to).is_ok(), "{to}");
        }
        for to in ["host", "-oProxyCommand=x:/a", "host:", "host:/a b", "host:/a\"b", "a b:/x", ":/x"] {
            assert!(Remote::sftp(to).is_err(), "{to}");
        }
        let secret = || Secret::new("x");
        assert!(Remote::webdav("http://dav.example.com/", "me", secret()).is_err(), "in clear");
        let folder = Remote::webdav("https://dav.example.com/a", "me", secret()).unwrap();
        assert_eq!(folder.name(), "https://dav.example.com/a/");
        let s3 = |name| Remote::s3(("https://s3.example.com", "r", name, true), "p/", "key", secret());
        assert_eq!(s3("b").unwrap().name(), "s3://b/p/");
        assert!(s3("").is_err());
        assert!(!format!("{:?}", s3("b").unwrap()).contains("\"x\""));
    }
}
