//! `shutong admin`: the way in without the setup link, and back in when the password is lost.

use anyhow::{Context, Result, ensure};
use clap::Subcommand;

use super::{Console, Exit};
use crate::app::App;
use crate::server::password;

#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Sets the password of the admin page (asked for, or read from standard input) and ends all sessions.
    SetPassword,
}

impl Admin {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        match self {
            Admin::SetPassword => {
                let password = ask(console)?;
                password::save(&app.store, &password::hash(&password)?)?;
                console.line("the password is set; all sessions are ended");
                Ok(Exit::Done)
            }
        }
    }
}

/// The new password, from whoever sits at the keyboard, or the first line of standard input.
pub(super) fn ask(console: &mut Console) -> Result<String> {
    if console.can_ask() {
        let first = rpassword::prompt_password("New password: ").context("no terminal to ask on")?;
        let second = rpassword::prompt_password("Once more: ").context("no terminal to ask on")?;
        ensure!(first == second, "the two are different");
        return Ok(first);
    }
    let input = String::from_utf8(console.input()?).context("the password is not UTF-8")?;
    Ok(input.lines().next().unwrap_or_default().to_owned())
}
