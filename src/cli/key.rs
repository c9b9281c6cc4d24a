//! `shutong key`: keys of the token API.

use anyhow::{Context, Result, ensure};
use chrono::Duration;
use clap::{Args, Subcommand};
use ipnet::IpNet;
use serde_json::json;
use std::net::IpAddr;

use super::{Console, Exit};
use crate::app::{self, App};
use crate::token::{NewKey, Scope};

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Makes a key and prints it, once.
    Add(Add),
    /// Lists the keys; the keys themselves are not kept.
    List {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Ends a key at once.
    Revoke {
        /// Its public part, as `key list` shows it.
        id: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// What you call it: the server that gets it.
    name: String,
    /// What it may do: token:read, token:refresh, token:set, ticket:read, relay. Several with commas.
    #[arg(long, required = true, value_delimiter = ',', value_parser = scope)]
    scope: Vec<Scope>,
    /// For this account only; can be given several times.
    #[arg(long)]
    account: Vec<String>,
    /// Only from this address or network, like 10.0.0.0/8; can be given several times.
    #[arg(long, value_parser = network)]
    from: Vec<IpNet>,
    /// It ends after so many days.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

impl Key {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        match self {
            Key::Add(add) => add.run(app, console),
            Key::List { json } => list(app, *json, console),
            Key::Revoke { id } => {
                ensure!(app.keys.revoke(id)?, "there is no key {id}; `shutong key list` shows them");
                console.line(format_args!("revoked {id}"));
                Ok(Exit::Done)
            }
        }
    }
}

impl Add {
    fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        for account in &self.account {
            let names: Vec<&str> = app.tokens.all().iter().map(|keeper| keeper.account()).collect();
            ensure!(names.contains(&account.as_str()), "no account {account}; there are: {}", names.join(", "));
        }
        let now = app.clock.now();
        let new = NewKey {
            name: self.name.clone(),
            scopes: self.scope.clone(),
            accounts: self.account.clone(),
            networks: self.from.clone(),
            expires_at: self.days.map(|days| now + Duration::days(i64::from(days))),
        };
        let (id, key) = app.keys.add(&new, app::random()?, now)?;
        if self.json {
            console.line(json!({ "id": id, "key": key.expose(), "name": self.name }));
        } else {
            console.line(key.expose());
            console.error("keep it now: it is not shown again");
        }
        Ok(Exit::Done)
    }
}

fn list(app: &App, as_json: bool, console: &mut Console) -> Result<Exit> {
    let keys = app.keys.list()?;
    if as_json {
        let keys: Vec<_> = keys
            .iter()
            .map(|(id, key)| {
                json!({
                    "id": id, "name": key.name, "scopes": key.scopes, "accounts": key.accounts, "from": key.networks,
                    "created_at": key.created_at, "expires_at": key.expires_at, "used_at": key.used_at,
                })
            })
            .collect();
        console.line(json!(keys));
        return Ok(Exit::Done);
    }
    for (id, key) in &keys {
        let used = key.used_at.map_or("never used".to_owned(), |at| format!("used {}", at.format("%Y-%m-%d %H:%M")));
        let mut line = format!("{id}  {}  {}  {used}", key.name, key.scopes.join(","));
        for (label, values) in [("for", &key.accounts), ("from", &key.networks)] {
            if !values.is_empty() {
                line += &format!("  {label} {}", values.join(","));
            }
        }
        if let Some(end) = key.expires_at {
            line += &format!("  until {}", end.format("%Y-%m-%d"));
        }
        console.line(line);
    }
    if keys.is_empty() {
        console.error("no keys yet; make one with: shutong key add NAME --scope token:read");
    }
    Ok(Exit::Done)
}

fn scope(text: &str) -> Result<Scope> {
    let names: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    Scope::of(text).with_context(|| format!("there is no scope {text}; there are {}", names.join(", ")))
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet> {
    let one = text.parse::<IpAddr>().map(IpNet::from);
    one.or_else(|_| text.parse()).with_context(|| format!("{text} is no network; write it like 10.0.0.0/8"))
}
