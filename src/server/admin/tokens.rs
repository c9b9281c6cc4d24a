//! The page of the access_tokens: how each account's is doing, and the keys by which other servers get it.
//!
//! A token's value is no part of the page. It is fetched by itself, in the way of a change, when the admin asks to see
//! it. What the page's forms do is in `token_changes` and `api_keys`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use askama::Template;
use serde::Serialize;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::api_keys::Draft;
use super::frame::{self, Frame};
use super::notice::Notice;
use super::visit::Visit;
use crate::app::App;
use crate::secret::Secret;
use crate::store::records::{ApiKeyRecord, Origin, RenewalRecord};
use crate::token::{self, CLASSIC_A_DAY, FORCED_A_DAY, Keeper, LONGEST_BY_HAND, Scope, Status};
use crate::wechat::TokenEndpoint;

/// Renewals shown of each account.
const RENEWALS: usize = 20;

#[derive(Template)]
#[template(path = "admin/tokens.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    said: &'a Said,
    accounts: &'a [AccountRow],
    keys: &'a [(String, ApiKeyRecord)],
    scopes: [Scope; 5],
    /// Where the token API listens, as this machine reaches it.
    listener: SocketAddr,
    classic_a_day: u64,
    forced_a_day: u64,
    longest: u64,
}

/// How an account's token is doing. The value is not here, so it cannot be shown.
#[derive(Serialize)]
pub(super) struct AccountRow {
    #[serde(flatten)]
    status: Status,
    endpoint: &'static str,
    /// Whether there is anybody to ask for a token.
    can_ask: bool,
    /// Whether another server is configured to be followed.
    has_upstream: bool,
}

/// What the page says in answer to a form, besides how things are.
#[derive(Default)]
pub(super) struct Said {
    pub(super) fault: Option<Fault>,
    /// The account whose token is to be seen, and the token.
    pub(super) shown: Option<(String, Secret)>,
    /// What was written into the form for a new key.
    pub(super) draft: Draft,
}

/// Why something was not done.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) place: Place,
    /// In the visitor's language.
    pub(super) says: String,
    /// What somebody else said about it, as it came.
    pub(super) detail: Option<String>,
}

/// What on the page it belongs to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// This account.
    Account(String),
    /// The form that sets this account's token.
    Setting(String),
    /// The form for a new key.
    Keys,
}

/// `GET /token`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    draw(visit, Said::default()).await
}

/// The page, with the answer to a form.
pub(super) async fn draw(visit: &Visit, said: Said) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let (accounts, keys) = visit.ask(move || look(&app)).await?;
    // Drawn in answer to a form, or for nobody, the page leaves it for the next one.
    let notice = visit.notice();
    let status = if said.fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = visit.frame("tokens");
    let page = Page {
        frame: &frame,
        notice: notice.as_ref(),
        said: &said,
        accounts: &accounts,
        keys: &keys,
        scopes: Scope::ALL,
        listener: reachable(visit.admin.listening.token),
        classic_a_day: CLASSIC_A_DAY,
        forced_a_day: FORCED_A_DAY,
        longest: LONGEST_BY_HAND.as_secs(),
    };
    answer::page_with(status, &page)
}

/// Whether there is anybody to ask for this account's token.
pub(super) fn can_ask(app: &App, keeper: &Keeper) -> bool {
    has_upstream(app) || !keeper.settings().app_secret.is_empty()
}

/// Whether this server is set up to follow another.
pub(super) fn has_upstream(app: &App) -> bool {
    !app.config.token.upstream.is_empty()
}

/// The address of a listener as this machine reaches it: one that listens everywhere is also here.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let here = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(here, address.port())
}

pub(super) type Keys = Vec<(String, ApiKeyRecord)>;

pub(super) fn look(app: &App) -> token::Result<(Vec<AccountRow>, Keys)> {
    let row = |keeper: &std::sync::Arc<Keeper>| {
        let mut status = keeper.status()?;
        status.renewals.truncate(RENEWALS);
        Ok(AccountRow {
            status,
            endpoint: match keeper.settings().endpoint {
                TokenEndpoint::Stable => "stable",
                TokenEndpoint::Classic => "classic",
            },
            can_ask: can_ask(app, keeper),
            has_upstream: has_upstream(app),
        })
    };
    let accounts = app.tokens.all().iter().map(row).collect::<token::Result<_>>()?;
    Ok((accounts, app.keys.list()?))
}

impl AccountRow {
    fn origin(&self) -> &'static str {
        match self.status.origin {
            Some(Origin::Platform) => "tokens.of_platform",
            Some(Origin::Manual) => "tokens.by_hand",
            Some(Origin::Upstream) => "tokens.of_upstream",
            None => "tokens.none",
        }
    }

    fn is_forced_out(&self) -> bool {
        self.status.counts.forced >= FORCED_A_DAY
    }
}

impl Page<'_> {
    fn left(&self, seconds: &u64) -> String {
        frame::clock_face(*seconds)
    }

    fn fault(&self, account: &AccountRow) -> Option<&Fault> {
        self.fault_at(&Place::Account(account.status.account.clone()))
    }

    fn fault_of_setting(&self, account: &AccountRow) -> Option<&Fault> {
        self.fault_at(&Place::Setting(account.status.account.clone()))
    }

    fn fault_of_keys(&self) -> Option<&Fault> {
        self.fault_at(&Place::Keys)
    }

    fn fault_at(&self, place: &Place) -> Option<&Fault> {
        self.said.fault.as_ref().filter(|fault| fault.place == *place)
    }

    /// The token, if it was asked for by a browser without scripts.
    fn shown(&self, account: &AccountRow) -> Option<&str> {
        let (name, value) = self.said.shown.as_ref()?;
        (*name == account.status.account).then(|| value.expose())
    }

    fn cause<'p>(&'p self, renewal: &'p RenewalRecord) -> &'p str {
        cause(self.frame, renewal)
    }

    fn outcome(&self, renewal: &RenewalRecord) -> String {
        outcome(self.frame, renewal)
    }

    fn scope<'p>(&'p self, scope: &Scope) -> &'p str {
        self.frame.s(match scope {
            Scope::Read => "scope.read",
            Scope::Refresh => "scope.refresh",
            Scope::Set => "scope.set",
            Scope::Ticket => "scope.ticket",
            Scope::Relay => "scope.relay",
        })
    }

    fn is_over(&self, key: &ApiKeyRecord) -> bool {
        key.expires_at.is_some_and(|end| end <= self.frame.now)
    }
}

/// Why a token was renewed.
pub(super) fn cause<'f>(frame: &'f Frame<'_>, renewal: &'f RenewalRecord) -> &'f str {
    frame.s(match renewal.cause.as_str() {
        "due" => "cause.due",
        "start" => "cause.start",
        "reported" => "cause.reported",
        "forced" => "cause.forced",
        "manual" => "cause.manual",
        "followed" => "cause.followed",
        other => return other,
    })
}

/// What the token room wrote down, in the page's language; anything it does not write today, as it is.
pub(super) fn outcome(frame: &Frame<'_>, renewal: &RenewalRecord) -> String {
    let said = |before: &str| renewal.outcome.strip_prefix(before)?.strip_suffix(" s left");
    match (said("a new token, "), said("the same token, ")) {
        (Some(left), _) => frame.f("outcome.new", "seconds", left),
        (_, Some(left)) => frame.f("outcome.same", "seconds", left),
        _ => renewal.outcome.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_everywhere_is_also_here() {
        for (bound, here) in [
            ("127.0.0.1:8777", "127.0.0.1:8777"),
            ("0.0.0.0:8777", "127.0.0.1:8777"),
            ("[::]:8777", "[::1]:8777"),
            ("10.0.0.7:1", "10.0.0.7:1"),
        ] {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), here);
        }
    }
}
