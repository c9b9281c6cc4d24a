//! Keys of the token API: made, shown once, ended.

use std::net::IpAddr;

use chrono::TimeDelta;
use ipnet::IpNet;
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::notice::{Made, Notice};
use super::token_changes::changed;
use super::tokens::{self, Fault, Place, Said};
use super::visit::{Form, Visit};
use crate::secret::Secret;
use crate::token::{NewKey, Scope};

/// In characters.
const LONGEST_NAME: usize = 100;
/// A hundred years.
const MOST_DAYS: i64 = 36_500;

/// The form for a new key as it was filled in.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    scopes: Vec<Scope>,
    /// Empty for all accounts.
    pub(super) account: String,
    /// With commas or spaces between them; empty for anywhere.
    pub(super) networks: String,
    /// Empty for no end.
    pub(super) days: String,
}

impl Default for Draft {
    fn default() -> Draft {
        let empty = String::new;
        Draft { name: empty(), scopes: vec![Scope::Read], account: empty(), networks: empty(), days: empty() }
    }
}

impl Draft {
    fn of(form: &Form) -> Draft {
        let text = |name: &str| form.get(name).map_or("", |text| text.trim()).to_owned();
        // A form ticks boxes; a script gives a list.
        let listed = text("scopes");
        let is_ticked = |scope: &Scope| {
            listed.split(',').any(|name| name == scope.name()) || form.contains_key(&format!("scope.{}", scope.name()))
        };
        Draft {
            name: text("name"),
            scopes: Scope::ALL.into_iter().filter(is_ticked).collect(),
            account: text("account"),
            networks: text("networks"),
            days: text("days"),
        }
    }

    /// Whether the form has this scope ticked.
    pub(super) fn has(&self, scope: &Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// The key to be made, or the key of the text that says what is wrong.
    fn judged(&self, visit: &Visit) -> Result<NewKey, &'static str> {
        let is_name = (1..=LONGEST_NAME).contains(&self.name.chars().count());
        if !is_name || self.name.chars().any(char::is_control) {
            return Err("api_keys.bad_name");
        }
        if self.scopes.is_empty() {
            return Err("api_keys.no_scope");
        }
        let accounts = match self.account.as_str() {
            "" => Vec::new(),
            name if visit.app.tokens.of(Some(name)).is_some() => vec![name.to_owned()],
            _ => return Err("api_keys.no_account"),
        };
        let parts = self.networks.split([',', '，', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty());
        let networks = parts.map(network).collect::<Option<Vec<_>>>().ok_or("api_keys.bad_network")?;
        let days: Option<i64> = match self.days.as_str() {
            "" => None,
            text => Some(text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days)).ok_or("api_keys.bad_days")?),
        };
        let expires_at = days.map(|days| visit.now + TimeDelta::days(days));
        Ok(NewKey { name: self.name.clone(), scopes: self.scopes.clone(), accounts, networks, expires_at })
    }
}

/// `POST /token/keys`
pub(super) async fn add(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let draft = Draft::of(form);
    let new = match draft.judged(visit) {
        Ok(new) => new,
        Err(key) => {
            let says = visit.words().get(key).to_owned();
            if visit.head.wants_json() {
                return Err(Refusal::Invalid(says));
            }
            let fault = Fault { place: Place::Keys, says, detail: None };
            return tokens::draw(visit, Said { fault: Some(fault), draft, ..Said::default() }).await;
        }
    };
    let random = crate::app::random().map_err(|error| visit.failed(&error))?;
    let (app, now, kept) = (visit.app.clone(), visit.now, new.clone());
    let (id, key) = visit.ask(move || app.keys.add(&kept, random, now)).await?;
    log::info!(id; "a key of the token API was made on the admin page");
    if visit.head.wants_json() {
        return Ok(answer::json(StatusCode::OK, &json!({ "id": id, "key": key.expose() })));
    }
    let says = visit.words().with("api_keys.made", "name", &new.name);
    let example = example(visit, &new, &key).map(Secret::new);
    Ok(changed(visit, Notice { made: Some(Made { key, example }), ..Notice::of(says) }))
}

/// `POST /token/keys/{id}/revoke`
pub(super) async fn revoke(visit: &Visit) -> Result<Response, Refusal> {
    let id = visit.parameters.first().cloned().ok_or(Refusal::NotFound)?;
    let (app, same) = (visit.app.clone(), id.clone());
    if !visit.ask(move || app.keys.revoke(&same)).await? {
        return Err(Refusal::NotFound);
    }
    log::info!(id; "a key of the token API was revoked on the admin page");
    Ok(changed(visit, Notice::of(visit.words().with("api_keys.revoked", "id", &id))))
}

/// A command line that tries the key, if there is one that changes nothing.
fn example(visit: &Visit, new: &NewKey, key: &Secret) -> Option<String> {
    let first = || visit.app.tokens.of(None).map(|keeper| keeper.account().to_owned());
    let account = new.accounts.first().cloned().or_else(first)?;
    let path = match new.scopes.as_slice() {
        scopes if scopes.contains(&Scope::Read) => format!("accesstoken/{account}"),
        scopes if scopes.contains(&Scope::Ticket) => format!("ticket/{account}"),
        _ => return None,
    };
    let listener = tokens::reachable(visit.admin.listening.token);
    Some(format!("curl -H 'Authorization: Bearer {}' http://{listener}/{path}", key.expose()))
}

/// A network, or one address.
fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpAddr>().map(IpNet::from).ok().or_else(|| text.parse().ok())
}
