//! How mail is sent, and to whom books are pushed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use chrono::Duration;
use serde::Deserialize;

use super::Config;
use crate::kindle;
use crate::mail;
use crate::secret::Secret;

/// One mail server, and who we are there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The sender.
    pub from: String,
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `starttls`, `tls` or `none`.
    pub tls: MailTls,
    /// The name to log in with.
    #[serde(default)]
    pub username: String,
    /// The password to log in with.
    #[serde(default)]
    pub password: Secret,
    /// A file with certificates in PEM that are trusted besides the usual ones.
    #[serde(default)]
    pub ca_file: String,
    #[serde(skip)]
    authorities: Vec<u8>,
}

/// How the mail server's connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Plain at first, then TLS.
    Starttls,
    /// TLS from the start.
    Tls,
    /// Not at all; on loopback only.
    None,
}

/// To whom books are pushed, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Push {
    /// Whether there are pushes, if there is `[mail]`.
    pub enabled: bool,
    /// Senders besides that of `[mail]`. Each address is written to by one of them, always the same.
    #[serde(rename = "sender")]
    pub senders: Vec<Mail>,
    /// The largest letter that the mail servers take, in megabytes.
    pub megabytes: u64,
    /// The domains of Amazon's, exactly.
    pub kindle_domains: Vec<String>,
    /// Whether other mailboxes are written to.
    pub mailboxes: bool,
    /// If there are any, the only domains that are.
    pub mailbox_domains: Vec<String>,
    /// Seconds until a letter that was put off is tried again; further tries wait longer and longer.
    pub retry_seconds: u64,
    /// The mailbox that notices of undeliverable letters come back to.
    pub inbox: Option<MailInbox>,
}

/// A mailbox, read by IMAP over TLS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailInbox {
    /// The server.
    pub host: String,
    /// Its port.
    #[serde(default = "imaps")]
    pub port: u16,
    /// The name to log in with.
    pub username: String,
    /// The password to log in with.
    pub password: Secret,
    /// The folder that is read.
    #[serde(default = "inbox")]
    pub folder: String,
    /// A file with certificates in PEM that are trusted besides the usual ones.
    #[serde(default)]
    pub ca_file: String,
    #[serde(skip)]
    authorities: Vec<u8>,
}

fn imaps() -> u16 {
    993
}

fn inbox() -> String {
    "INBOX".to_owned()
}

impl Default for Push {
    fn default() -> Self {
        Push {
            enabled: true,
            senders: Vec::new(),
            megabytes: 50,
            kindle_domains: vec!["kindle.com".into(), "free.kindle.com".into()],
            mailboxes: true,
            mailbox_domains: Vec::new(),
            retry_seconds: 300,
            inbox: None,
        }
    }
}

impl Mail {
    /// The server, for a session.
    pub(super) fn server(&self) -> mail::Server {
        mail::Server {
            host: self.host.clone(),
            port: self.port,
            tls: match self.tls {
                MailTls::Starttls => mail::Tls::Starttls,
                MailTls::Tls => mail::Tls::Tls,
                MailTls::None => mail::Tls::None,
            },
            username: self.username.clone(),
            password: self.password.clone(),
            from: self.from.clone(),
            authorities: self.authorities.clone(),
            limits: mail::Limits::default(),
        }
    }

    fn judge(&self, section: &str) -> Result<()> {
        let is_loopback = matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        ensure!(
            self.tls != MailTls::None || is_loopback,
            "{section}.tls = \"none\" is for a server on this machine only"
        );
        ensure!(self.from.contains('@'), "{section}.from must be an address like books@example.com");
        Ok(())
    }
}

impl Config {
    /// The mail server of `[mail]`, if there is one.
    pub fn mail_server(&self) -> Option<mail::Server> {
        self.mail.as_ref().map(Mail::server)
    }

    /// What the room of pushes has to know.
    pub fn push_settings(&self) -> kindle::Settings {
        let Push { enabled, senders, megabytes, kindle_domains, mailboxes, mailbox_domains, retry_seconds, inbox } =
            &self.push;
        let small = |domains: &[String]| domains.iter().map(|domain| domain.to_ascii_lowercase()).collect();
        let senders = self.mail.iter().chain(senders).filter(|_| *enabled);
        kindle::Settings {
            senders: senders.map(Mail::server).collect(),
            kindle_domains: small(kindle_domains),
            mailboxes: *mailboxes,
            mailbox_domains: small(mailbox_domains),
            letter_bytes: megabytes.saturating_mul(1024 * 1024),
            retry_after: Duration::seconds(i64::try_from(*retry_seconds).unwrap_or(i64::MAX)),
            inbox: inbox.as_ref().map(|inbox| mail::Inbox {
                host: inbox.host.clone(),
                port: inbox.port,
                username: inbox.username.clone(),
                password: inbox.password.clone(),
                folder: inbox.folder.clone(),
                authorities: inbox.authorities.clone(),
            }),
            limits: kindle::Limits {
                pushes_per_day: self.limits.pushes_per_day,
                codes_per_day: self.limits.codes_per_day,
                addresses: self.limits.addresses,
                letters_per_hour: self.limits.letters_per_hour,
                letters_per_day: self.limits.letters_per_day,
            },
        }
    }

    /// Reads the certificates named, from `folder` on.
    pub(super) fn read_authorities(&mut self, folder: &Path) -> Result<()> {
        for mail in self.mail.iter_mut().chain(&mut self.push.senders) {
            mail.authorities = authorities(folder, &mail.ca_file)?;
        }
        if let Some(inbox) = &mut self.push.inbox {
            inbox.authorities = authorities(folder, &inbox.ca_file)?;
        }
        Ok(())
    }

    pub(super) fn judge_mail(&self) -> Result<()> {
        if let Some(mail) = &self.mail {
            mail.judge("mail")?;
        }
        for sender in &self.push.senders {
            sender.judge("push.sender")?;
        }
        ensure!(self.push.senders.is_empty() || self.mail.is_some(), "push.sender needs the section [mail]");
        ensure!((1..=150).contains(&self.push.megabytes), "push.megabytes must be from 1 to 150");
        ensure!((1..=14_400).contains(&self.push.retry_seconds), "push.retry_seconds must be from 1 to 14400");
        for domain in self.push.kindle_domains.iter().chain(&self.push.mailbox_domains) {
            ensure!(
                domain.contains('.') && !domain.contains(['@', '*', ' ', '/']),
                "push: the domain \"{domain}\" must be like kindle.com"
            );
        }
        Ok(())
    }
}

fn authorities(folder: &Path, ca_file: &str) -> Result<Vec<u8>> {
    if ca_file.is_empty() {
        return Ok(Vec::new());
    }
    let path = folder.join(ca_file);
    let pem = fs::read(&path).with_context(|| format!("ca_file: cannot read {}", path.display()))?;
    let is_pem = String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----");
    ensure!(is_pem, "ca_file: {} holds no certificate in PEM", path.display());
    Ok(pem)
}
