//! `shutong media`: the files of the media folder, as they stand at the platform; put in, taken out, uploaded anew.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use clap::Subcommand;
use serde_json::json;

use super::token::wait_for;
use super::{Console, Exit, absolute};
use crate::alert::Trouble;
use crate::app::App;
use crate::media::{self, Put, Standing, Taking};
use crate::store::records::{MediaFileRecord, MediaTrouble};
use crate::token::Keeper;

/// Files for replies.
#[derive(Debug, Subcommand)]
pub enum Media {
    /// Lists the files, with what the platform calls them and for how long.
    List {
        /// As one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Looks at the folder and at the keyword replies at once, and uploads what is due.
    Sync,
    /// Puts files into the folder. One of the same name is put aside.
    Add {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Takes a file out of the folder, and says where it is then.
    Remove {
        /// Its name in the list.
        name: String,
    },
    /// Uploads a file anew, though its id still lives. The running shutong does it at once, else the next sync.
    Renew {
        /// Its name in the list.
        name: String,
    },
    /// Takes files for gone that are not in the folder, though they went all at once.
    Forget,
}

impl Media {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        match self {
            Media::List { json } => list(app, *json, console),
            Media::Sync => sync(app, console),
            Media::Add { files } => add(app, files, console),
            Media::Remove { name } => {
                let place = app.media.take_out(name, app.clock.now())?;
                console.line(format_args!("{name}: taken out, it is {} now", place.display()));
                Ok(Exit::Done)
            }
            Media::Renew { name } => {
                app.media.renew(name, app.clock.now())?;
                console.line(format_args!("{name}: is uploaded anew"));
                Ok(Exit::Done)
            }
            Media::Forget => {
                let scanned = app.media.forget_gone(app.clock.now())?;
                console.line(format_args!("{} files are there, {} are forgotten", scanned.files, scanned.gone));
                Ok(Exit::Done)
            }
        }
    }
}

fn list(app: &App, json: bool, console: &mut Console) -> Result<Exit> {
    let accounts: Vec<&str> = app.accounts.iter().map(|account| account.name()).collect();
    let mut documents = Vec::new();
    for (name, file) in app.media.files()? {
        let standing = app.media.standing(&name, &file, &accounts)?;
        if json {
            documents.push(document(&name, &file, &standing));
            continue;
        }
        if let Some(trouble) = file.trouble {
            console.line(told(&name, trouble));
        }
        standing.iter().for_each(|standing| console.line(line(app, &name, standing)));
    }
    if json {
        console.line(json!(documents));
        return Ok(Exit::Done);
    }
    let files = app.media.files()?;
    for name in app.media.missing()? {
        let is_there = files.iter().any(|(file, _)| *file == name);
        let what = if is_there { "of another kind than the keyword says" } else { "not in the folder" };
        console.line(format_args!("{name}\tis what a keyword is answered with, and {what}"));
    }
    Ok(Exit::Done)
}

fn add(app: &App, files: &[PathBuf], console: &mut Console) -> Result<Exit> {
    for file in files {
        let path = absolute(file, console)?;
        let name = path.file_name().and_then(|name| name.to_str()).context("a file's name must be text")?;
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let what = match app.media.put(name, &bytes, app.clock.now()) {
            Ok(Put::New) => "new",
            Ok(Put::Changed) => "in the place of another, which is in .removed",
            Ok(Put::Same) => "there already",
            Err(media::Error::Unfit(trouble)) => bail!("{}", told(name, trouble)),
            Err(error) => return Err(error.into()),
        };
        console.line(format_args!("{name}: {what}"));
    }
    Ok(Exit::Done)
}

fn sync(app: &App, console: &mut Console) -> Result<Exit> {
    let now = app.clock.now();
    let scanned = app.media.scan(Taking::AtOnce, now)?;
    app.media.reread_keywords(Taking::AtOnce, now)?;
    let wrong = app.alerts.open()?.into_iter().find(|alert| matches!(alert.trouble, Trouble::KeywordsWrong { .. }));
    let is_callable = |keeper: &Arc<Keeper>| !keeper.settings().app_secret.is_empty() || keeper.current().is_some();
    ensure!(
        app.tokens.all().iter().any(is_callable),
        "no account can call the platform; fill in app_secret of [[account]] in the configuration"
    );
    let done = wait_for(app.media.upload_due(&app.tokens, &app.clock))?;
    console.line(format_args!(
        "{} files: {} changed, {} gone; {} uploaded, {} failed, {} wait",
        scanned.files, scanned.changed, scanned.gone, done.uploaded, done.failed, done.waiting
    ));
    if let Some(wrong) = wrong {
        bail!("{}", wrong.trouble.en());
    }
    if done.failed > 0 {
        bail!("{} files could not be uploaded; shutong media list says why", done.failed);
    }
    if let Some(why) = done.why {
        bail!("{} files wait ({why}); the running shutong goes on by itself", done.waiting);
    }
    Ok(Exit::Done)
}

fn line(app: &App, name: &str, standing: &Standing) -> String {
    let (account, kind, now) = (&standing.account, standing.kind.name(), app.clock.now());
    let Some(record) = &standing.record else { return format!("{name}\t{account}\t{kind}\twaits for its upload") };
    let state = match (record.living(now), record.ends_at) {
        (Some(_), Some(end)) => format!("until {}", end.format("%Y-%m-%d %H:%M UTC")),
        (Some(_), None) => "permanent".to_owned(),
        (None, _) => "not at the platform".to_owned(),
    };
    let trouble = record.trouble.clone().map(|trouble| format!("\t{}", told(name, trouble))).unwrap_or_default();
    format!("{name}\t{account}\t{kind}\t{state}{trouble}")
}

fn document(name: &str, file: &MediaFileRecord, standing: &[Standing]) -> serde_json::Value {
    let at = |standing: &Standing| {
        json!({
            "account": standing.account, "kind": standing.kind, "record": standing.record,
        })
    };
    json!({
        "file": name, "bytes": file.bytes, "kind": file.kind, "trouble": file.trouble,
        "platform": standing.iter().map(at).collect::<Vec<_>>(),
    })
}

fn told(name: &str, trouble: MediaTrouble) -> String {
    Trouble::MediaUnfit { file: name.to_owned(), trouble }.en()
}
