//! The sections about calling the platform: `[token]`, `[alerts]`, and what an account says of the API.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::{AccountConfig, Config, Language, Mail};
use crate::alert::Teller;
use crate::secret::Secret;
use crate::token::{self, TakeOver, Upstream};
use crate::wechat::Hosts;

/// For a connection to the platform.
const CONNECT: Duration = Duration::from_secs(4);
/// For a whole call.
const TOTAL: Duration = Duration::from_secs(10);

/// The access_token and its API.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenConfig {
    /// Other shutongs to get tokens from, in order; empty: from the platform.
    pub upstream: Vec<String>,
    /// The key of theirs to ask with.
    pub upstream_key: Secret,
    /// Whether this server asks the platform when none of them answers.
    pub take_over: TakeOver,
    /// Paths of the platform's API that are passed on; with `*` at the end everything that begins so.
    pub relay: Vec<String>,
}

/// How the owner is told of trouble, beyond the log and the admin page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsConfig {
    /// The owner's mail address; needs `[mail]`.
    pub mail_to: String,
    /// An address that gets each alert as JSON; it may hold a secret.
    pub webhook: Secret,
}

impl Config {
    /// What the token room has to know of each account.
    pub fn token_settings(&self) -> Vec<token::Settings> {
        let own = url::Url::parse(&self.public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let settings = |account: &AccountConfig| token::Settings {
            account: account.name.clone(),
            app_id: account.app_id.clone(),
            app_secret: account.app_secret.clone(),
            endpoint: account.token_endpoint,
            hosts: account.hosts(),
            time_zone: self.time_zone,
            js_domains: match account.js_domains.is_empty() {
                true => own.iter().cloned().collect(),
                false => account.js_domains.iter().map(|domain| as_compared(domain)).collect(),
            },
        };
        self.accounts.iter().map(settings).collect()
    }

    /// The servers to follow, if any.
    ///
    /// # Errors
    /// When the client for them cannot be made.
    pub fn upstream(&self) -> Result<Option<Upstream>> {
        let TokenConfig { upstream, upstream_key, take_over, .. } = &self.token;
        if upstream.is_empty() {
            return Ok(None);
        }
        for base in upstream.iter().filter(|base| base.starts_with("http://")) {
            log::warn!("token.upstream {base}: tokens come from there in clear; use https outside your own network");
        }
        Ok(Some(Upstream::new(upstream.clone(), upstream_key.clone(), *take_over)?))
    }

    /// The ways in which the owner is told of trouble.
    ///
    /// # Errors
    /// When a client cannot be made.
    pub fn teller(&self) -> Result<Teller> {
        let to = Some(self.alerts.mail_to.clone()).filter(|to| !to.is_empty());
        let mail = self.mail.as_ref().map(Mail::server).zip(to);
        let webhook = Some(self.alerts.webhook.clone()).filter(|url| !url.is_empty());
        Teller::new(mail, webhook, self.language == Language::Zh)
    }

    pub(super) fn judge_token(&self) -> Result<()> {
        for (number, account) in self.accounts.iter().enumerate() {
            let is_rival = |other: &&AccountConfig| {
                other.app_id == account.app_id && !other.app_secret.is_empty() && !account.app_secret.is_empty()
            };
            if let Some(rival) = self.accounts[..number].iter().find(is_rival) {
                let (one, two, app_id) = (&rival.name, &account.name, &account.app_id);
                bail!(
                    "accounts {one} and {two} have the app_id {app_id} and would end each other's access_tokens; \
                       leave app_secret out in one of them"
                );
            }
        }
        let TokenConfig { upstream, upstream_key, relay, .. } = &self.token;
        for base in upstream {
            must_be_http(base).with_context(|| format!("token.upstream: {base}"))?;
        }
        ensure!(
            upstream.is_empty() || !upstream_key.is_empty(),
            "token.upstream needs token.upstream_key; make one there: \
             shutong key add NAME --scope token:read,token:refresh,ticket:read"
        );
        for path in relay {
            let is_path = path.starts_with("/cgi-bin/") && !path.strip_suffix('*').unwrap_or(path).contains('*');
            ensure!(is_path, "token.relay: {path} must be like /cgi-bin/user/info or /cgi-bin/message/*");
        }
        let AlertsConfig { mail_to, webhook } = &self.alerts;
        ensure!(mail_to.is_empty() || self.mail.is_some(), "alerts.mail_to needs the section [mail]");
        if !webhook.is_empty() {
            must_be_http(webhook.expose()).context("alerts.webhook")?;
        }
        Ok(())
    }
}

impl AccountConfig {
    fn hosts(&self) -> Hosts {
        let mut bases = vec![self.api_base.trim_end_matches('/').to_owned()];
        match &self.api_fallbacks {
            Some(further) => bases.extend(further.iter().map(|base| base.trim_end_matches('/').to_owned())),
            None if self.api_base == super::platform() => bases.extend(super::PLATFORM_AGAIN.map(str::to_owned)),
            None => {}
        }
        let proxy = Some(self.api_proxy.clone()).filter(|proxy| !proxy.is_empty());
        Hosts { bases, proxy, connect: CONNECT, total: TOTAL }
    }

    pub(super) fn judge_api(&self) -> Result<()> {
        let name = &self.name;
        must_be_http(&self.api_base).with_context(|| format!("account {name}: api_base"))?;
        for base in self.api_fallbacks.iter().flatten() {
            must_be_http(base).with_context(|| format!("account {name}: api_fallbacks"))?;
        }
        if !self.api_proxy.is_empty() {
            must_be_http(&self.api_proxy).with_context(|| format!("account {name}: api_proxy"))?;
        }
        for domain in &self.js_domains {
            let is_domain = !domain.contains(['/', ':', '*', ' ']) && !domain.is_empty();
            ensure!(is_domain, "account {name}: js_domains: \"{domain}\" must be like books.example.com");
        }
        Ok(())
    }
}

/// A domain as addresses have it: in small letters, 书.cn as xn--….
fn as_compared(domain: &str) -> String {
    url::Host::parse(domain).map_or_else(|_| domain.to_owned(), |host| host.to_string())
}

fn must_be_http(text: &str) -> Result<()> {
    let parsed = url::Url::parse(text).context("it is no address; it must start with https://")?;
    ensure!(matches!(parsed.scheme(), "http" | "https") && parsed.has_host(), "it must start with https://");
    Ok(())
}
