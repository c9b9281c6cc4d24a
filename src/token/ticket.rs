//! Tickets: for signing pages (jsapi) and for cards. Like tokens they are kept for everybody, on disk before anybody
//! sees them, and renewed before their end, but only while somebody asks for them: the platform gives few a day.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;

use super::held::Moment;
use super::keeper::{CallError, Keeper, detached};
use super::remedy::{self, Wait};
use super::{Error, Held, Result};
use crate::blocking::blocking;
use crate::store::records::{GrantRecord, Origin};
use crate::store::schema::TICKETS;
use crate::store::{self, Durability, Store};
use crate::wechat::{TicketKind, js_sdk_signature};

/// How long before its end a ticket is renewed.
const BEFORE: Duration = Duration::from_secs(270);
/// A ticket that nobody asked for so long is let go.
const FORGOTTEN: TimeDelta = TimeDelta::hours(24);
/// How often it is noted that one was asked for.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(30);

/// The tickets of one account.
pub struct Tickets([Ticket; 2]);

struct Ticket {
    kind: TicketKind,
    shown: Mutex<Shown>,
    /// Held by whoever asks the platform.
    asking: AsyncMutex<Asking>,
}

#[derive(Default)]
struct Shown {
    held: Option<Arc<Held>>,
    asked_at: Option<chrono::DateTime<Utc>>,
}

#[derive(Default)]
struct Asking {
    failures: u32,
    next_try: Duration,
    excuse: Option<String>,
}

/// What a page needs for `wx.config`.
#[derive(Clone, Debug, serde::Serialize)]
pub struct PageSignature {
    /// The AppID.
    #[serde(rename = "appId")]
    pub app_id: String,
    /// Unix seconds.
    pub timestamp: i64,
    /// Random.
    #[serde(rename = "nonceStr")]
    pub nonce: String,
    /// Over both, the ticket and the page's address.
    pub signature: String,
}

impl Tickets {
    pub(super) fn open(store: &Store, account: &str, now: Moment) -> anyhow::Result<Tickets> {
        let open = |kind: TicketKind| -> anyhow::Result<Ticket> {
            let record: Option<GrantRecord> = store.get(&TICKETS, &key(account, kind))?;
            let asked_at = record.as_ref().and_then(|record| record.asked_at);
            let held = record.and_then(|record| Held::remembered(record, now)).map(Arc::new);
            let asking = AsyncMutex::new(Asking { next_try: now.uptime, ..Asking::default() });
            Ok(Ticket { kind, shown: Mutex::new(Shown { held, asked_at }), asking })
        };
        let [jsapi, card] = TicketKind::ALL;
        Ok(Tickets([open(jsapi)?, open(card)?]))
    }

    /// The ticket of this kind, fetched if there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn get(&self, keeper: &Arc<Keeper>, kind: TicketKind) -> Result<Arc<Held>> {
        let ticket = self.of(kind);
        ticket.note_asked(keeper);
        if let Some(held) = ticket.current(keeper) {
            return Ok(held);
        }
        let same = Arc::clone(keeper);
        detached(async move { same.tickets().of(kind).renewed(&same).await }).await
    }

    /// Signs a page for the JS-SDK.
    ///
    /// # Errors
    /// [`Error::ForeignDomain`] for a page of somebody else's, [`Error::Unavailable`] without a ticket.
    pub async fn sign(&self, keeper: &Arc<Keeper>, url: &str, random: [u8; 16]) -> Result<PageSignature> {
        if !is_own(url, &keeper.settings().js_domains) {
            return Err(Error::ForeignDomain(url.chars().take(200).collect()));
        }
        let ticket = self.get(keeper, TicketKind::Jsapi).await?;
        let nonce = crate::store::hex(&random[..8]);
        let timestamp = keeper.clock.now().timestamp();
        let signature = js_sdk_signature(ticket.value.expose(), &nonce, timestamp, url);
        Ok(PageSignature { app_id: keeper.settings().app_id.clone(), timestamp, nonce, signature })
    }

    pub(super) async fn tick(&self, keeper: &Arc<Keeper>) {
        for ticket in &self.0 {
            if ticket.is_due(keeper) {
                let (same, kind) = (Arc::clone(keeper), ticket.kind);
                let _ = detached(async move { same.tickets().of(kind).renewed(&same).await }).await;
            }
        }
    }

    fn of(&self, kind: TicketKind) -> &Ticket {
        match kind {
            TicketKind::Jsapi => &self.0[0],
            TicketKind::WxCard => &self.0[1],
        }
    }
}

impl Ticket {
    fn current(&self, keeper: &Keeper) -> Option<Arc<Held>> {
        let uptime = keeper.uptime();
        self.shown.lock().held.clone().filter(|held| !held.left(uptime).is_zero())
    }

    fn is_due(&self, keeper: &Keeper) -> bool {
        let now = keeper.clock.now();
        let is_wanted = self.shown.lock().asked_at.is_some_and(|at| (now - at).abs() < FORGOTTEN);
        let is_near = self.current(keeper).is_none_or(|held| held.left(keeper.uptime()) <= BEFORE);
        let may_try = self.asking.try_lock().is_ok_and(|asking| keeper.uptime() >= asking.next_try);
        is_wanted && is_near && may_try && keeper.current().is_some()
    }

    /// Notes that somebody wants it, which keeps it alive. Lost in a crash it costs one call.
    fn note_asked(&self, keeper: &Keeper) {
        let now = keeper.clock.now();
        let mut shown = self.shown.lock();
        if shown.asked_at.is_some_and(|at| (now - at).abs() < NOTED_EVERY) {
            return;
        }
        shown.asked_at = Some(now);
        let key = key(keeper.account(), self.kind);
        // What is kept may be newer than what is shown: a renewal writes first.
        let noted = keeper.store.write(Durability::Soon, |write| {
            if let Some(record) = write.get(&TICKETS, &key)? {
                write.put(&TICKETS, &key, &GrantRecord { asked_at: Some(now), ..record })?;
            }
            Ok::<_, store::Error>(())
        });
        if let Err(error) = noted {
            log::error!("noting that a ticket was asked for: {error}");
        }
    }

    async fn renewed(&self, keeper: &Arc<Keeper>) -> Result<Arc<Held>> {
        let before = self.current(keeper).map(|held| held.number);
        let mut asking = self.asking.lock().await;
        let uptime = keeper.uptime();
        if let Some(held) = self.current(keeper)
            && (Some(held.number) != before || held.left(uptime) > BEFORE)
        {
            return Ok(held);
        }
        if uptime < asking.next_try {
            return self.current(keeper).ok_or_else(|| asking.unavailable(uptime));
        }
        match self.fetched(keeper).await {
            Ok(held) => {
                let is_near = held.left(keeper.uptime()) <= BEFORE;
                let pause = if is_near { Duration::from_secs(60) } else { Duration::ZERO };
                *asking = Asking { next_try: keeper.uptime() + pause, ..Asking::default() };
                Ok(held)
            }
            Err(error) => {
                log::warn!(account = keeper.account(), ticket = self.kind.name(); "not renewed: {error}");
                asking.failures += 1;
                asking.next_try = keeper.uptime() + wait(keeper.account(), &error, asking.failures);
                asking.excuse = Some(error.to_string());
                self.current(keeper).ok_or_else(|| asking.unavailable(keeper.uptime()))
            }
        }
    }

    async fn fetched(&self, keeper: &Arc<Keeper>) -> Result<Arc<Held>, CallError> {
        let asked = keeper.moment();
        let (kind, client) = (self.kind, keeper.client());
        let (granted, origin) = match keeper.upstream.as_ref().filter(|_| keeper.follows()) {
            Some(upstream) => (upstream.ticket(keeper.account(), kind).await?, Origin::Upstream),
            None => {
                let granted = keeper.with(|token| async move { client.ticket(&token, kind).await }).await;
                let errcode = match &granted {
                    Ok(_) => Some(0),
                    Err(CallError::Call(error)) => error.code(),
                    Err(CallError::Token(_)) => None,
                };
                keeper.tally().call("/cgi-bin/ticket/getticket", errcode);
                (granted?, Origin::Platform)
            }
        };
        let last = self.shown.lock().held.clone();
        let is_same = last.as_ref().is_some_and(|last| last.value == granted.value);
        let number = last.map_or(1, |last| last.number + u64::from(!is_same));
        let held = Held::new(granted.value, number, origin, granted.lives, asked);
        let record = GrantRecord { asked_at: self.shown.lock().asked_at, ..held.record() };
        let (store, key) = (Arc::clone(&keeper.store), key(keeper.account(), kind));
        blocking(move || store.write(Durability::Durable, |write| write.put(&TICKETS, &key, &record)))
            .await
            .map_err(|error| Error::Store(error.to_string()))?
            .map_err(Error::from)?;
        let held = Arc::new(held);
        self.shown.lock().held = Some(Arc::clone(&held));
        Ok(held)
    }
}

impl Asking {
    fn unavailable(&self, uptime: Duration) -> Error {
        let reason = self.excuse.clone().unwrap_or_else(|| "the ticket is being fetched".into());
        Error::Unavailable { reason, retry_after: self.next_try.saturating_sub(uptime).max(Duration::from_secs(1)) }
    }
}

/// How long to wait after so many failures. The platform gives few tickets a day, and to some accounts none.
fn wait(account: &str, error: &CallError, failures: u32) -> Duration {
    match error {
        CallError::Call(error) if !error.is_stale_token() => match remedy::of(account, error).wait {
            Wait::BackOff => remedy::back_off(failures, 0),
            Wait::For(wait) => wait,
            Wait::NextDay => Duration::from_secs(600),
        },
        _ => remedy::back_off(failures, 0),
    }
}

fn key(account: &str, kind: TicketKind) -> (String, String) {
    (account.to_owned(), kind.name().to_owned())
}

/// Whether a page is of one of these domains, or of one below: a signature for another page would lend it the account.
fn is_own(url: &str, domains: &[String]) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")) else { return false };
    domains.iter().any(|domain| {
        let below = host.strip_suffix(domain.as_str());
        below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_pages_are_signed() {
        let own = ["books.example.com".to_owned()];
        for good in
            ["https://books.example.com/b/1?a=b#c", "http://m.books.example.com/", "https://BOOKS.example.com:8443/"]
        {
            assert!(is_own(good, &own), "{good}");
        }
        for bad in [
            "https://example.com/",
            "https://evilbooks.example.com/",
            "https://books.example.com.evil.com/",
            "https://evil.com/?books.example.com",
            "https://books.example.com@evil.com/",
            "javascript://books.example.com/",
            "books.example.com",
            "",
        ] {
            assert!(!is_own(bad, &own), "{bad}");
        }
        assert!(!is_own("https://books.example.com/", &[]));
    }
}
