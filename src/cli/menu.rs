//! `shutong menu`: the menu below the chat, as a file and on the platform.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, Subcommand};

use super::token::{keeper_of, wait_for};
use super::{Console, Exit, absolute};
use crate::app::App;
use crate::menu::{self, Pushed};
use crate::token::Keeper;

/// The menu below the chat.
#[derive(Debug, Args)]
pub(super) struct Menu {
    #[command(subcommand)]
    what: What,
    /// Which account; without it the only one.
    #[arg(long, global = true)]
    account: Option<String>,
    /// The file; without it DATA/menu.toml.
    #[arg(long, global = true)]
    file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Shows the menus that followers see.
    Show {
        /// Only the one that this follower sees, by openid.
        #[arg(long, value_name = "OPENID")]
        follower: Option<String>,
    },
    /// Checks the file by the platform's rules, without asking it.
    Check,
    /// Shows how a push would change the platform's menu.
    Diff,
    /// Makes the file's menu the platform's.
    Push,
    /// Writes the platform's menu into the file.
    Pull {
        /// Write over a file with another menu.
        #[arg(long)]
        force: bool,
    },
    /// Takes the platform's menu away.
    Delete,
    /// Prints a good menu to begin with.
    Example,
}

impl Menu {
    /// Whether only the example is wanted, for which no library is needed.
    pub(super) fn is_example(&self) -> bool {
        matches!(self.what, What::Example)
    }

    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        let path = match &self.file {
            Some(path) => absolute(path, console)?,
            None => menu::path_in(&app.data_dir),
        };
        let keeper = || keeper_of(app, self.account.as_deref());
        match &self.what {
            What::Show { follower: None } => show(keeper()?, console)?,
            What::Show { follower: Some(open_id) } => {
                let menu = wait_for(menu::seen_by(keeper()?, open_id))?;
                menu.shown().iter().for_each(|line| console.line(line));
            }
            What::Check => {
                let menu = read(&path)?;
                let mistakes = menu.mistakes();
                ensure!(mistakes.is_empty(), "{} is wrong:\n{}", path.display(), mistakes.join("\n"));
                menu.shown().iter().for_each(|line| console.line(line));
            }
            What::Diff => {
                let (menu, keeper) = (read(&path)?, keeper()?);
                let there = wait_for(menu::pull(keeper))?.unwrap_or_default();
                let changes = menu.changes(&there);
                changes.iter().for_each(|line| console.line(line));
                if changes.is_empty() {
                    console.line("the platform has this menu");
                }
            }
            What::Push => {
                let (menu, keeper) = (read(&path)?, keeper()?);
                console.line(match wait_for(menu::push(keeper, &menu))? {
                    Pushed::Same => "the platform has this menu already; nothing was sent",
                    Pushed::Changed => "pushed; who has the chat open sees it within 5 minutes",
                });
            }
            What::Pull { force } => pull(keeper()?, &path, *force, console)?,
            What::Delete => {
                wait_for(menu::delete(keeper()?))?;
                console.line("the platform has no menu any more; `shutong menu push` makes it again");
            }
            What::Example => console.line(menu::EXAMPLE.trim_end()),
        }
        Ok(Exit::Done)
    }
}

fn show(keeper: &Arc<Keeper>, console: &mut Console) -> Result<()> {
    if let Some(menu) = wait_for(menu::pull(keeper))? {
        menu.shown().iter().for_each(|line| console.line(line));
        return Ok(());
    }
    let seen = wait_for(menu::seen(keeper))?;
    if !seen.is_open || seen.names.is_empty() {
        console.line("there is no menu; `shutong menu example > DATA/menu.toml`, then `shutong menu push`");
        return Ok(());
    }
    console.line("made in the platform's console, which a push replaces:");
    for (name, behind) in seen.names {
        console.line(name);
        behind.iter().for_each(|name| console.line(format_args!("  {name}")));
    }
    Ok(())
}

fn pull(keeper: &Arc<Keeper>, path: &Path, force: bool, console: &mut Console) -> Result<()> {
    let menu = wait_for(menu::pull(keeper))?.context("the platform has no menu made through its API to pull")?;
    let text = menu.to_toml().map_err(|error| anyhow!(error))?;
    let known = menu::load(path).with_context(|| format!("cannot read {}", path.display()))?;
    if known.as_deref().is_some_and(|known| menu::Menu::parse(known).ok().as_ref() == Some(&menu)) {
        console.line(format_args!("{} has this menu already", path.display()));
        return Ok(());
    }
    ensure!(
        known.is_none() || force,
        "{} has another menu; `shutong menu diff` shows what differs, --force writes over it",
        path.display()
    );
    menu::save(path, &text).with_context(|| format!("cannot write {}", path.display()))?;
    console.line(format_args!("written to {}", path.display()));
    Ok(())
}

fn read(path: &Path) -> Result<menu::Menu> {
    let text = fs::read_to_string(path).with_context(|| {
        format!("cannot read {}; begin with: shutong menu example > {}", path.display(), path.display())
    })?;
    menu::Menu::parse(&text).map_err(|error| anyhow!("{}: {error}", path.display()))
}
