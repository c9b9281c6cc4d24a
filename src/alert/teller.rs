//! Telling the owner who is not looking: by mail, and by a webhook.
//!
//! An alert counts as told when every way that is set up has taken it or will never take it. A way that fails for the
//! moment is tried again later, the others are not bothered twice.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde_json::json;

use super::{Alert, Alerts};
use crate::http::JsonClient;
use crate::mail::{self, Letter, Server};
use crate::secret::Secret;

/// For the webhook's answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The ways there are.
pub struct Teller {
    mail: Option<(Server, String)>,
    webhook: Option<(JsonClient, Secret)>,
    is_chinese: bool,
    /// What some way has taken while another has not: key, since when, way.
    taken: Mutex<HashSet<(String, DateTime<Utc>, &'static str)>>,
}

/// Whether somebody has heard.
enum Heard {
    Yes,
    /// It is of no use to try again.
    Never,
    NotYet,
}

impl Teller {
    /// Tells by mail to this address, and to this webhook; both may be missing.
    ///
    /// # Errors
    /// When the client for the webhook cannot be made.
    pub fn new(mail: Option<(Server, String)>, webhook: Option<Secret>, is_chinese: bool) -> Result<Teller> {
        let webhook = webhook.map(|url| Ok::<_, anyhow::Error>((JsonClient::new(PATIENCE)?, url))).transpose()?;
        Ok(Teller { mail, webhook, is_chinese, taken: Mutex::default() })
    }

    /// Tells what has not been told. Whether everything is told now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tell(&self, alerts: &Alerts, now: DateTime<Utc>) -> Result<bool> {
        let mut is_all = true;
        for alert in alerts.untold()? {
            let heard = [self.by_mail(&alert).await, self.by_webhook(&alert).await];
            if heard.iter().any(|heard| matches!(heard, Heard::NotYet)) {
                is_all = false;
                continue;
            }
            self.taken.lock().retain(|(key, ..)| *key != alert.key);
            alerts.told(&alert.key, now)?;
        }
        Ok(is_all)
    }

    async fn by_mail(&self, alert: &Alert) -> Heard {
        let Some((server, to)) = &self.mail else { return Heard::Never };
        if self.has_taken(alert, "mail") {
            return Heard::Yes;
        }
        let subject = if self.is_chinese { "书童：需要您处理" } else { "Shutong needs you" };
        let letter = Letter {
            to: to.clone(),
            subject: subject.to_owned(),
            text: format!("{}\n\n{}\n", self.text(alert), alert.raised_at.format("%Y-%m-%d %H:%M UTC")),
            attachments: Vec::new(),
            message_id: Some(format!("alert-{}-{}", alert.key, alert.raised_at.timestamp())),
            written_at: alert.raised_at,
        };
        match mail::send(server, &[letter]).await.pop() {
            Some(Ok(())) => self.note_taken(alert, "mail"),
            Some(Err(error)) if error.is_retryable() => {
                log::warn!("an alert could not be mailed yet: {error}");
                Heard::NotYet
            }
            Some(Err(error)) => {
                log::error!("an alert cannot be mailed: {error}");
                Heard::Never
            }
            None => Heard::Never,
        }
    }

    async fn by_webhook(&self, alert: &Alert) -> Heard {
        let Some((client, url)) = &self.webhook else { return Heard::Never };
        if self.has_taken(alert, "webhook") {
            return Heard::Yes;
        }
        let text = self.text(alert);
        // With the fields that the robots of WeCom and DingTalk look for; others find theirs beside them.
        let body = json!({
            "msgtype": "text", "text": { "content": text }, "alert": alert.key, "raised_at": alert.raised_at
        });
        match client.send(url.expose(), None, Some(&body)).await.context("no answer").and_then(is_success) {
            Ok(()) => self.note_taken(alert, "webhook"),
            Err(error) => {
                log::warn!("the webhook for alerts: {error:#}");
                Heard::NotYet
            }
        }
    }

    fn text(&self, alert: &Alert) -> String {
        if self.is_chinese { alert.trouble.zh() } else { alert.trouble.en() }
    }

    fn has_taken(&self, alert: &Alert, way: &'static str) -> bool {
        self.taken.lock().contains(&(alert.key.clone(), alert.raised_at, way))
    }

    fn note_taken(&self, alert: &Alert, way: &'static str) -> Heard {
        self.taken.lock().insert((alert.key.clone(), alert.raised_at, way));
        Heard::Yes
    }
}

/// The robots of WeCom and DingTalk refuse with status 200 and an errcode.
fn is_success((status, answer): (u16, serde_json::Value)) -> Result<()> {
    let code = &answer["errcode"];
    let is_taken = code.is_null() || *code == 0 || *code == "0";
    ensure!((200..300).contains(&status) && is_taken, "it answers {status}, errcode {code}");
    Ok(())
}
