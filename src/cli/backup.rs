//! `shutong backup` and `shutong restore`: everything in one file, and back.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use serde_json::json;

use super::token::wait_for;
use super::{Arguments, Console, Exit, absolute, load_config};
use crate::alert::Trouble;
use crate::app::App;
use crate::backup;
use crate::clock::Clock;
use crate::secret::Secret;

/// Backups.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Backup {
    #[command(subcommand)]
    what: Option<What>,
    /// A folder, where it gets a name with the time, or a file that is not there yet; without it the folder of the
    /// configuration, as every night.
    to: Option<PathBuf>,
    /// Encrypt it with the passphrase of the configuration, or of --passphrase-file.
    #[arg(long)]
    encrypt: bool,
    /// A file with the passphrase. What goes into the folder of the configuration has the configured one.
    #[arg(long, requires = "to")]
    passphrase_file: Option<PathBuf>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the backups in the folder of the configuration.
    List {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Reads a backup to its end and says whether it is whole.
    Verify {
        /// The file.
        file: PathBuf,
        /// A file with the passphrase.
        #[arg(long)]
        passphrase_file: Option<PathBuf>,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
}

impl Backup {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        match &self.what {
            None => self.make(app, console),
            Some(What::List { json }) => list(app, *json, console),
            Some(What::Verify { .. }) => anyhow::bail!("this needs no data"),
        }
    }

    /// What needs no data: a backup can be read anywhere.
    pub(super) fn without_data(&self, arguments: &Arguments, console: &mut Console) -> Option<Result<Exit>> {
        let Some(What::Verify { file, passphrase_file, json }) = &self.what else { return None };
        Some(verify(file, passphrase_file.as_deref(), *json, arguments, console))
    }

    fn make(&self, app: &App, console: &mut Console) -> Result<Exit> {
        let configured = &app.backups.settings().passphrase;
        let passphrase = match &self.passphrase_file {
            Some(path) => read_passphrase(&absolute(path, console)?)?,
            None if self.encrypt || self.to.is_none() => configured.clone(),
            None => Secret::default(),
        };
        let how = "--encrypt needs a passphrase: set backup.passphrase, or give --passphrase-file FILE";
        ensure!(!self.encrypt || !passphrase.is_empty(), how);
        let now = app.clock.now();
        let made = match &self.to {
            Some(to) => app.backups.write(&absolute(to, console)?, &passphrase, now)?,
            None => app.backups.make(now)?,
        };
        let is_sent = self.to.is_none() && wait_for(app.backups.send(&made, app.clock.now()))?;
        if self.to.is_none() {
            app.alerts.resolve(Trouble::BACKUP_FAILED, app.clock.now());
        }
        for missing in &made.end.missing {
            console.error(format_args!("the file {missing} could not be read and is not in the backup"));
        }
        for skipped in &made.end.skipped {
            console.error(format_args!("{skipped} is no file and is not in the backup"));
        }
        for outside in &made.end.outside {
            console.error(format_args!("{outside} is not in the backup; copy it yourself"));
        }
        match self.json {
            true => console.line(json!(made)),
            false => console.line(format_args!(
                "{}: {} bytes, {} records, {} files",
                made.path.display(),
                made.bytes,
                made.end.records,
                made.end.files
            )),
        }
        if is_sent && !self.json {
            console.line("sent on");
        }
        Ok(if made.end.missing.is_empty() { Exit::Done } else { Exit::Damaged })
    }
}

fn list(app: &App, json: bool, console: &mut Console) -> Result<Exit> {
    let (kept, sent) = (app.backups.list()?, app.backups.sent()?);
    if json {
        console.line(json!({ "folder": app.backups.settings().folder, "backups": kept, "sent": sent }));
        return Ok(Exit::Done);
    }
    for one in &kept {
        let sealed = if one.is_sealed { "\tencrypted" } else { "" };
        console.line(format_args!("{}\t{}\t{} bytes{sealed}", one.name, one.made_at, one.bytes));
    }
    if kept.is_empty() {
        let folder = app.backups.settings().folder.display();
        console.line(format_args!("no backups in {folder}; `shutong backup` makes one"));
    }
    Ok(Exit::Done)
}

fn verify(
    file: &Path,
    passphrase_file: Option<&Path>,
    json: bool,
    arguments: &Arguments,
    console: &mut Console,
) -> Result<Exit> {
    let passphrase = passphrase(passphrase_file, arguments, console)?;
    let found = backup::verify(&absolute(file, console)?, &passphrase, &|_| {})?;
    match json {
        true => console.line(json!(found)),
        false => console.line(format_args!(
            "whole: made at {} by shutong {}, {} records, {} files, {} bytes unpacked",
            found.manifest.made_at, found.manifest.program, found.end.records, found.end.files, found.end.bytes
        )),
    }
    Ok(Exit::Done)
}

/// Puts a backup in the place of the data, which is kept beside it.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup.
    file: PathBuf,
    /// Unpack it into a new folder instead, and change nothing else.
    #[arg(long)]
    into: Option<PathBuf>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// A file with the passphrase.
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
}

impl Restore {
    pub(super) fn run(&self, arguments: &Arguments, console: &mut Console) -> Result<Exit> {
        let file = absolute(&self.file, console)?;
        let passphrase = passphrase(self.passphrase_file.as_deref(), arguments, console)?;
        let data = &arguments.data;
        let is_there = data.join("db").exists();
        let now = Clock::system().now();
        if let Some(into) = &self.into {
            let into = absolute(into, console)?;
            let present = is_there.then_some(data.as_path());
            let restored = backup::unpack(&file, &passphrase, &into, present, now, &|_| {})?;
            console.line(format_args!("restored into {}: {}", into.display(), told(&restored)));
            return Ok(Exit::Done);
        }
        if !is_there && !data.join("shutong.toml").exists() {
            let restored = backup::unpack(&file, &passphrase, data, None, now, &|_| {})?;
            console.line(format_args!("restored into {}: {}", data.display(), told(&restored)));
            return Ok(Exit::Done);
        }
        backup::refuse_in_use(data)?;
        if !self.yes {
            ensure!(console.can_ask(), "this puts the backup in the place of the data; say so with --yes");
            console.error(format_args!(
                "The backup takes the place of everything in {}, which is kept beside it. Type yes to go on:",
                data.display()
            ));
            let mut answer = String::new();
            io::stdin().read_line(&mut answer)?;
            ensure!(answer.trim() == "yes", "nothing was changed");
        }
        let restored = backup::prepare(&file, &passphrase, data, now, &|_| {})?;
        let before = backup::finish(data)?.context("somebody else has taken the restored data away")?;
        console.line(format_args!(
            "restored: {}; what was there before is in {}; remove it when all is well",
            told(&restored),
            before.display()
        ));
        Ok(Exit::Done)
    }
}

fn told(restored: &backup::Restored) -> String {
    let (manifest, end) = (&restored.manifest, &restored.end);
    let state = format!("the state of {}, {} records, {} files", manifest.made_at, end.records, end.files);
    format!("{state}; keys of the token API have to be made anew")
}

/// From the file, else from the configuration. One that is wrong is no reason not to restore a right one.
fn passphrase(file: Option<&Path>, arguments: &Arguments, console: &Console) -> Result<Secret> {
    match file {
        Some(path) => read_passphrase(&absolute(path, console)?),
        None => Ok(load_config(arguments).map(|config| config.backup.passphrase).unwrap_or_default()),
    }
}

fn read_passphrase(path: &Path) -> Result<Secret> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    ensure!(!text.is_empty(), "{} is empty; it has to hold the passphrase", path.display());
    Ok(Secret::new(text))
}
