//! The first visit: while there is no password, a link with a random token lets its holder set one.
//!
//! The token is printed where only the owner reads (standard output at start), stands behind the `#` of the address,
//! which browsers send nowhere, is good for half an hour and for one use. It lives in memory only, as a hash.
//! The other way to a password is the command `shutong admin set-password`.

use std::net::SocketAddr;

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use subtle::ConstantTimeEq;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::login::{self, Fault};
use super::visit::{Form, Visit};
use super::{first_run, password, session};

/// How long the link is good for, in minutes.
const GOOD_FOR_MINUTES: i64 = 30;

/// The one token there is at a time.
#[derive(Default)]
pub(super) struct Setup {
    /// Held for microseconds, never across an await or a hash.
    token: Mutex<Option<Token>>,
}

struct Token {
    digest: String,
    made_at: DateTime<Utc>,
    is_used: bool,
}

/// What a token given by a visitor is worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// It lets its holder set the password.
    Good,
    /// It was used before, or is too old.
    Gone,
    /// It was never given out.
    Unknown,
}

impl Setup {
    /// A new link; the one before it is worth nothing any more.
    pub(super) fn link(&self, admin: SocketAddr, now: DateTime<Utc>) -> Result<String, getrandom::Error> {
        let text = session::random_text()?;
        *self.token.lock() = Some(Token { digest: session::digest(&text), made_at: now, is_used: false });
        // Listening on every address, it is still this machine that the owner sits at or tunnels to.
        let host = if admin.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], admin.port())) } else { admin };
        Ok(format!("http://{host}/setup#{text}"))
    }

    /// What the token is worth now.
    pub(super) fn worth(&self, given: &str, now: DateTime<Utc>) -> Worth {
        let given = session::digest(given);
        match self.token.lock().as_ref() {
            Some(token) if bool::from(token.digest.as_bytes().ct_eq(given.as_bytes())) => {
                let is_old = now - token.made_at >= TimeDelta::minutes(GOOD_FOR_MINUTES);
                if token.is_used || is_old { Worth::Gone } else { Worth::Good }
            }
            _ => Worth::Unknown,
        }
    }

    /// Uses the token up. Of two at the same time, one gets [`Worth::Good`].
    fn take(&self, given: &str, now: DateTime<Utc>) -> Worth {
        let worth = self.worth(given, now);
        let mut token = self.token.lock();
        match token.as_mut() {
            Some(token) if worth == Worth::Good && !token.is_used => {
                token.is_used = true;
                Worth::Good
            }
            _ if worth == Worth::Good => Worth::Gone,
            _ => worth,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/setup.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    fault: Option<&'a str>,
    shortest: usize,
}

/// `GET /setup`, while there is no password.
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    if login::saved_password(visit).await?.is_some() {
        return Err(Refusal::NotFound);
    }
    let frame = visit.frame("setup");
    answer::page(&Page { frame: &frame, fault: None, shortest: password::SHORTEST })
}

/// `POST /setup`: token, password and the password again.
pub(super) async fn set(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let token = form.get("token").map_or("", String::as_str);
    let setup = &visit.admin.setup;
    match setup.worth(token, visit.now) {
        Worth::Gone => return Err(Refusal::Gone("setup.gone")),
        worth => {
            if login::saved_password(visit).await?.is_some() {
                return Err(Refusal::NotFound);
            }
            if worth == Worth::Unknown {
                return Err(Refusal::Forbidden("setup.unknown"));
            }
        }
    }
    let hash = match login::new_password(visit, form).await {
        Ok(hash) => hash,
        Err(Fault::Words(fault)) => {
            let frame = visit.frame("setup");
            let fault = frame.words.get(fault);
            let page = Page { frame: &frame, fault: Some(fault), shortest: password::SHORTEST };
            return answer::page_with(warp::http::StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Err(Fault::Refusal(refusal)) => return Err(refusal),
    };
    // Only now: a password that was too short must not cost the token.
    if setup.take(token, visit.now) != Worth::Good {
        return Err(Refusal::Gone("setup.gone"));
    }
    let store = visit.app.store.clone();
    visit.ask(move || password::save(&store, &hash)).await?;
    log::info!("the admin password has been set by the setup link");
    if !visit.app.accounts.is_empty() {
        return login::begin_session(visit, "/").await;
    }
    // Nothing is set up yet: the first steps are shown until they are over.
    let store = visit.app.store.clone();
    visit.ask(move || first_run::change(&store, |_| {})).await?;
    login::begin_session(visit, "/welcome").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_once_and_for_half_an_hour() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let setup = Setup::default();
        let link = setup.link(SocketAddr::from(([127, 0, 0, 1], 8081)), now).unwrap();
        let token = link.strip_prefix("http://127.0.0.1:8081/setup#").unwrap();
        assert_eq!(token.len(), 64);
        assert_eq!(setup.worth("", now), Worth::Unknown);
        assert_eq!(setup.worth(token, now + TimeDelta::minutes(29)), Worth::Good);
        assert_eq!(setup.worth(token, now + TimeDelta::minutes(30)), Worth::Gone);
        assert_eq!(setup.take(token, now), Worth::Good);
        assert_eq!(setup.take(token, now), Worth::Gone);
        setup.link(SocketAddr::from(([127, 0, 0, 1], 8081)), now).unwrap();
        assert_eq!(setup.worth(token, now), Worth::Unknown, "a new link replaces the old one");
    }
}
