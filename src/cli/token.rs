//! `shutong token`: the access_token, looked at and set right, with the server running or not.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Console, Exit};
use crate::app::App;
use crate::secret::Secret;
use crate::token::{Held, Keeper, Refreshed};

#[derive(Debug, Args)]
pub(super) struct Token {
    #[command(subcommand)]
    what: What,
    /// Which account; without it the only one.
    #[arg(long, global = true)]
    account: Option<String>,
    /// Print one JSON document.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Tells where the token comes from, how long it lives, and how the last renewals went.
    Show {
        /// Print the token itself too.
        #[arg(long)]
        reveal: bool,
    },
    /// Gets a new one at once; the one before may die at this moment.
    Refresh,
    /// Sets one by hand; it is shown to the platform first.
    Set {
        /// The access_token; - reads it from standard input, where no list of processes shows it.
        token: String,
        /// Seconds it lives.
        #[arg(long, value_name = "SECONDS", default_value_t = 7_200)]
        expires_in: u64,
    },
    /// Says that the platform refused a token; a new one is got only if that is true.
    Report {
        /// The access_token that was refused; - reads it from standard input.
        token: String,
    },
    /// Has this server ask the platform itself although it follows another, or with --off follow again.
    Lead {
        /// Follow again.
        #[arg(long)]
        off: bool,
    },
}

impl Token {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        let keeper = keeper_of(app, self.account.as_deref())?;
        match &self.what {
            What::Show { reveal } => self.show(keeper, *reveal, console),
            What::Refresh => self.changed(keeper, wait_for(keeper.refresh())?, console),
            What::Set { token, expires_in } => {
                let value = given(token, console)?;
                self.changed(keeper, wait_for(keeper.set(value, Duration::from_secs(*expires_in)))?, console)
            }
            What::Report { token } => {
                let refused = given(token, console)?;
                self.changed(keeper, wait_for(keeper.report(refused))?, console)
            }
            What::Lead { off } => {
                let has_secret = !keeper.settings().app_secret.is_empty();
                ensure!(*off || has_secret, "account {} has no app_secret to ask the platform with", keeper.account());
                ensure!(!app.config.token.upstream.is_empty(), "this server follows none: there is no token.upstream");
                keeper.lead(!off)?;
                console.line(match off {
                    true => "this server follows again",
                    false => "this server asks the platform itself from now on",
                });
                Ok(Exit::Done)
            }
        }
    }

    fn show(&self, keeper: &Keeper, reveal: bool, console: &mut Console) -> Result<Exit> {
        let status = keeper.status()?;
        let value = keeper.current().filter(|_| reveal).map(|held| held.value.expose().to_owned());
        if self.json {
            let mut document = serde_json::to_value(&status)?;
            if let Some(value) = value {
                document["access_token"] = value.into();
            }
            console.line(document);
            return Ok(Exit::Done);
        }
        match (status.origin, status.expires_at) {
            (Some(origin), Some(at)) => console.line(format_args!(
                "{}: a token {}, {} s left, until {}",
                status.account,
                match origin {
                    crate::store::records::Origin::Platform => "of the platform",
                    crate::store::records::Origin::Manual => "set by hand",
                    crate::store::records::Origin::Upstream => "of the server followed",
                },
                status.expires_in,
                at.format("%Y-%m-%d %H:%M:%S UTC")
            )),
            _ => console.line(format_args!("{}: no token now", status.account)),
        }
        if let Some(value) = value {
            console.line(value);
        }
        let counts = &status.counts;
        console.line(format_args!(
            "today: {} calls of stable_token, {} of token, {} of 20 forced",
            counts.stable, counts.classic, counts.forced
        ));
        for renewal in status.renewals.iter().take(10) {
            let sign = if renewal.succeeded { " " } else { "!" };
            let at = renewal.at.format("%m-%d %H:%M:%S");
            console
                .line(format_args!("{sign} {at}  {:<9} {:>6} ms  {}", renewal.cause, renewal.millis, renewal.outcome));
        }
        Ok(Exit::Done)
    }

    fn changed(&self, keeper: &Keeper, refreshed: Refreshed, console: &mut Console) -> Result<Exit> {
        let Refreshed { held, is_new, note } = refreshed;
        let left = keeper.left(&held).as_secs();
        if self.json {
            console.line(json!({ "account": keeper.account(), "is_new": is_new, "expires_in": left, "note": note }));
            return Ok(Exit::Done);
        }
        let what = if is_new { "a new token" } else { "the same token" };
        console.line(format_args!("{}: {what} {}, {left} s left", keeper.account(), shortened(&held)));
        if let Some(note) = note {
            console.line(note);
        }
        Ok(Exit::Done)
    }
}

/// Enough to tell two tokens apart.
fn shortened(held: &Held) -> String {
    let end: String = held.value.expose().chars().rev().take(6).collect();
    format!("…{}", end.chars().rev().collect::<String>())
}

fn given(token: &str, console: &mut Console) -> Result<Secret> {
    if token != "-" {
        return Ok(Secret::new(token));
    }
    let text = String::from_utf8(console.input()?).context("standard input is not UTF-8")?;
    Ok(Secret::new(text.trim()))
}

/// The keeper of this account; without a name that of the only one.
pub(super) fn keeper_of<'a>(app: &'a App, account: Option<&str>) -> Result<&'a Arc<Keeper>> {
    let all = app.tokens.all();
    let names = || all.iter().map(|keeper| keeper.account()).collect::<Vec<_>>().join(", ");
    match account {
        Some(name) => app.tokens.of(Some(name)).with_context(|| format!("no account {name}; there are: {}", names())),
        None if all.len() > 1 => Err(anyhow!("which one? --account with one of: {}", names())),
        None => all.first().context("there is no account; fill in [[account]] in the configuration"),
    }
}

/// Waits for the platform, in the server's runtime if this is the server, else in one of its own.
pub(super) fn wait_for<T, E: Into<anyhow::Error>>(work: impl Future<Output = Result<T, E>>) -> Result<T> {
    let outcome = match tokio::runtime::Handle::try_current() {
        Ok(handle) => handle.block_on(work),
        Err(_) => tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work),
    };
    outcome.map_err(Into::into)
}
