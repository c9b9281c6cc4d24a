//! `shutong follower`: who there is, who is not answered, and what is kept of one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Console, Exit, absolute};
use crate::app::App;
use crate::reply::{Listed, Standing};

/// Followers.
#[derive(Debug, Args)]
pub(super) struct Follower {
    #[command(subcommand)]
    what: What,
    /// Of which account; without it of all.
    #[arg(long, global = true)]
    account: Option<String>,
    /// Print one JSON document.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists followers, who wrote last first.
    List {
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Only those who are blocked.
        #[arg(long, conflicts_with_all = ["left", "active"])]
        blocked: bool,
        /// Only those who do not follow any more.
        #[arg(long, conflicts_with = "active")]
        left: bool,
        /// Only those who have written within seven days.
        #[arg(long)]
        active: bool,
    },
    /// Shows one.
    Show {
        /// The openid, or the alias in links.
        id: String,
    },
    /// Writes everything that is kept of one as JSON.
    Export {
        /// The openid, or the alias in links.
        id: String,
        /// Where to; without it to standard output.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
    /// Deletes everything that is kept of one, at once. That one is blocked stays.
    Forget {
        /// The openid, or the alias in links.
        id: String,
    },
    /// Answers one no more, and serves no links of theirs.
    Block {
        /// The openid, or the alias in links.
        id: String,
    },
    /// Answers one again.
    Unblock {
        /// The openid, or the alias in links.
        id: String,
    },
    /// Gives one today's downloads, searches and pushes back.
    ResetQuota {
        /// The openid, or the alias in links.
        id: String,
    },
}

impl Follower {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        match &self.what {
            What::List { limit, blocked, left, active } => {
                let standing = match (blocked, left, active) {
                    (true, ..) => Standing::Blocked,
                    (_, true, _) => Standing::Left,
                    (.., true) => Standing::Active,
                    _ => Standing::All,
                };
                let roll = app.desk.roll(self.account.as_deref(), standing, None, *limit, app.clock.now())?;
                let found = roll.followers;
                if self.json {
                    console.line(json!(found.iter().map(described).collect::<Vec<_>>()));
                } else {
                    found.iter().for_each(|listed| console.line(line(listed)));
                }
            }
            What::Show { id } => {
                let found = self.one(app, id)?;
                if self.json {
                    console.line(described(&found));
                } else {
                    console.line(line(&found));
                    let (used, most) = (app.desk.usage(&found, app.clock.now())?, app.desk.quota());
                    console.line(format_args!(
                        "  today\tdownloads {}/{}\tsearches {}/{}\tpushes {}/{}",
                        used.downloads, most.downloads, used.searches, most.searches, used.pushes, most.pushes
                    ));
                    for (book, at) in &found.record.downloads {
                        console.line(format_args!("  {}\tbook {book}", at.format("%Y-%m-%d %H:%M")));
                    }
                }
            }
            What::Export { id, output } => {
                let found = self.one(app, id)?;
                let document = app.desk.export_follower(&found.account, &found.open_id, app.clock.now())?;
                match output {
                    Some(path) => write(&absolute(path, console)?, &document, console)?,
                    None => console.line(serde_json::to_string_pretty(&document)?),
                }
            }
            What::Forget { id } => {
                let found = self.one(app, id)?;
                app.desk.forget(&found.account, &found.open_id)?;
                console.line(match found.record.blocked {
                    true => "forgotten; only that they are blocked is kept",
                    false => "forgotten",
                });
            }
            What::Block { id } => {
                let (account, open_id) = self.anybody(app, id)?;
                self.block(app, (&account, &open_id), true, console)?;
            }
            What::Unblock { id } => {
                let (account, open_id) = self.anybody(app, id)?;
                self.block(app, (&account, &open_id), false, console)?;
            }
            What::ResetQuota { id } => {
                app.desk.reset_quota(&self.one(app, id)?, app.clock.now())?;
                console.line("today's downloads, searches and pushes count from 0 again");
            }
        }
        Ok(Exit::Done)
    }

    fn block(&self, app: &App, who: (&str, &str), is_blocked: bool, console: &mut Console) -> Result<()> {
        let is_new = app.desk.block(who.0, who.1, is_blocked, app.clock.now())?;
        let state = if is_blocked { "blocked" } else { "not blocked" };
        match self.json {
            true => {
                console.line(json!({ "account": who.0, "open_id": who.1, "blocked": is_blocked, "is_new": is_new }))
            }
            false if is_new => console.line(format_args!("{} is {state} now", who.1)),
            false => console.line(format_args!("{} is {state} already", who.1)),
        }
        Ok(())
    }

    /// The accounts that are meant.
    fn accounts<'a>(&self, app: &'a App) -> Result<Vec<&'a str>> {
        let mut names: Vec<&str> = app.accounts.iter().map(|account| account.name()).collect();
        if let Some(account) = &self.account {
            ensure!(names.contains(&account.as_str()), "no account {account}; there are: {}", names.join(", "));
            names.retain(|name| name == account);
        }
        Ok(names)
    }

    fn one(&self, app: &App, id: &str) -> Result<Listed> {
        let mut found = app.desk.find_followers(&self.accounts(app)?, id)?;
        ensure!(found.len() < 2, "{id} is a follower of several accounts; say which: --account NAME");
        found.pop().with_context(|| format!("there is no follower {id}; `shutong follower list` shows them"))
    }

    /// Also somebody who has never written.
    fn anybody(&self, app: &App, id: &str) -> Result<(String, String)> {
        let accounts = self.accounts(app)?;
        let mut found = app.desk.find_followers(&accounts, id)?;
        match (found.pop(), accounts.as_slice()) {
            (Some(only), _) if found.is_empty() => Ok((only.account, only.open_id)),
            (Some(_), _) => bail!("{id} is a follower of several accounts; say which: --account NAME"),
            (None, [account]) => Ok(((*account).to_owned(), id.to_owned())),
            (None, []) => bail!("there is no account; fill in [[account]] in the configuration"),
            (None, _) => bail!("{id} has never written; say to which account: --account NAME"),
        }
    }
}

fn write(path: &Path, document: &Value, console: &mut Console) -> Result<()> {
    fs::write(path, serde_json::to_vec_pretty(document)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    console.line(format_args!("written to {}", path.display()));
    Ok(())
}

fn line(listed: &Listed) -> String {
    let Listed { account, open_id, record } = listed;
    let state = match record.left_at {
        _ if record.blocked => "blocked",
        Some(_) => "left",
        None => "follows",
    };
    let (since, seen) = (record.since.format("%Y-%m-%d"), record.seen_at.format("%Y-%m-%d %H:%M"));
    format!("{account}\t{open_id}\t{}\t{state}\tsince {since}\tseen {seen}", record.alias)
}

fn described(listed: &Listed) -> Value {
    let Listed { account, open_id, record } = listed;
    json!({ "account": account, "open_id": open_id, "record": record })
}
