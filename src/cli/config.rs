//! `shutong config`: an example to begin with, and a judge.

use anyhow::{Context, Result};
use clap::Subcommand;

use super::{Arguments, Console, Exit, config_path};
use crate::config::{self, Config};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Prints a commented configuration with every key.
    Example,
    /// Reads the configuration and says what is wrong with it.
    Check,
}

impl ConfigCommand {
    pub(super) fn run(&self, arguments: &Arguments, console: &mut Console) -> Result<Exit> {
        match self {
            ConfigCommand::Example => console.line(config::EXAMPLE.trim_end()),
            ConfigCommand::Check => {
                let path = config_path(arguments).with_context(|| {
                    let data = arguments.data.display();
                    format!("there is no {data}/shutong.toml; `shutong config example > {data}/shutong.toml` makes one")
                })?;
                let config = Config::load(&path)?;
                let accounts = config.accounts.len();
                console.line(format_args!("{} is sound; {accounts} accounts", path.display()));
            }
        }
        Ok(Exit::Done)
    }
}
