//! `shutong check` and `reindex`: does everything belong together, and is everything around it as it should be?

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::token::wait_for;
use super::{Console, Exit};
use crate::app::App;
use crate::checkup::{self, State};

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Read every byte of every file, not only its size.
    #[arg(long)]
    deep: bool,
    /// Look also at what has to ask others: names, the platform, the public address, the mail server.
    #[arg(long)]
    outside: bool,
    /// Put right what can be: who may read the data, the index.
    #[arg(long)]
    repair: bool,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        let repaired = if self.repair { checkup::repair(app)? } else { Vec::new() };
        let found = app.library.check(self.deep)?;
        let state = app.library.index_state();
        let mut findings = checkup::here(app, Ok(found.clone()), app.clock.now());
        if self.outside {
            findings.extend(wait_for(async { Ok::<_, anyhow::Error>(checkup::outside(app).await) })?);
        }
        if self.json {
            console.line(json!({
                "books": found.books, "files": found.files, "damaged": found.damaged, "index": state,
                "findings": findings, "repaired": repaired,
            }));
        } else {
            for damage in &found.damaged {
                console.error(damage);
            }
            repaired.iter().for_each(|done| console.line(format_args!("done {done}")));
            for finding in findings.iter().filter(|finding| finding.check != checkup::Check::Files) {
                console.line(finding.line());
            }
            console.line(format_args!(
                "{} books, {} files, {} damaged; the index has {} books and {} changes to come",
                found.books,
                found.files,
                found.damaged.len(),
                state.books,
                state.pending
            ));
        }
        let is_bad = findings.iter().any(|finding| finding.state == State::Bad);
        Ok(match (found.damaged.is_empty(), is_bad) {
            (false, _) => Exit::Damaged,
            (true, true) => Exit::Failed,
            (true, false) => Exit::Done,
        })
    }
}

pub(super) fn reindex(app: &App, console: &mut Console) -> Result<Exit> {
    app.library.reindex();
    app.library.index_changes()?;
    console.line(format_args!("{} books indexed", app.library.index_state().books));
    Ok(Exit::Done)
}
