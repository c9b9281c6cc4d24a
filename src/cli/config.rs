//! `shutong config`: an example to begin with, a judge, and changes to single keys.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Subcommand;

use super::{Arguments, Console, Exit, config_path};
use crate::config::edit::{Draft, Source};
use crate::config::{self, Config};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Prints a commented configuration with every key.
    Example,
    /// Reads the configuration and says what is wrong with it.
    Check,
    /// Prints the value of a key like limits.addresses or account.main.app_id; of a secret only whether there is one.
    Get {
        /// The key.
        key: String,
    },
    /// Changes keys, all or none: `config set KEY VALUE [KEY VALUE …]`. An empty value brings the default back. An
    /// account is added by its first key: `config set account.main.app_id wx… account.main.token …`.
    Set {
        /// Keys and values in turn; a list is written with commas.
        #[arg(required = true, num_args = 2.., value_names = ["KEY", "VALUE"])]
        pairs: Vec<String>,
    },
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
            ConfigCommand::Get { key } => {
                let setting = Draft::open(&file(arguments), config::environment())?.get(key)?;
                let value = match (setting.is_set, setting.text.is_empty()) {
                    (true, true) => "***",
                    _ => &setting.text,
                };
                console.line(value);
                match setting.source {
                    Source::File => {}
                    Source::Default => console.error("(the default)"),
                    Source::Environment(variable) => console.error(format_args!("(from the variable {variable})")),
                    Source::SecretFile(path) => console.error(format_args!("(from the file {path})")),
                }
            }
            ConfigCommand::Set { pairs } => set(pairs, arguments, console)?,
        }
        Ok(Exit::Done)
    }
}

fn set(pairs: &[String], arguments: &Arguments, console: &mut Console) -> Result<()> {
    ensure!(pairs.len().is_multiple_of(2), "every key needs a value: config set KEY VALUE [KEY VALUE …]");
    let path = file(arguments);
    let mut draft = Draft::open(&path, config::environment())?;
    for pair in pairs.chunks_exact(2) {
        let (key, value) = (pair[0].as_str(), pair[1].as_str());
        let account = key.strip_prefix("account.").and_then(|rest| rest.split_once('.')).map(|(name, _)| name);
        if let Some(name) = account.filter(|name| !draft.accounts().iter().any(|own| own == name)) {
            draft.add_account(name)?;
        }
        let is_list = config::fields::find(key).is_some_and(|field| field.kind == config::fields::Kind::List);
        let value = if is_list { value.replace(',', "\n") } else { value.to_owned() };
        draft.set(key, &value)?;
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    draft.save()?;
    console.line(format_args!("{} is changed; a server that runs takes it over with: kill -HUP PID", path.display()));
    Ok(())
}

/// The configuration file, or where the first one is made.
fn file(arguments: &Arguments) -> PathBuf {
    config_path(arguments).unwrap_or_else(|| arguments.data.join("shutong.toml"))
}
