//! `shutong kindle`: deliveries by mail, listed, tried again, called off.

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::json;

use super::{Console, Exit};
use crate::app::App;
use crate::kindle::{Done, Unfit, masked};
use crate::store::records::{BookId, DeliveryRecord, DeliveryState, Parcel};

/// Deliveries by mail.
#[derive(Debug, Subcommand)]
pub enum Kindle {
    /// Lists the latest deliveries.
    List {
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Only those that failed.
        #[arg(long)]
        failed: bool,
        /// As one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Sends a book to an address.
    Send {
        /// The book's number.
        book: BookId,
        /// Where to: a Kindle, or a mailbox that the configuration allows.
        address: String,
        /// Which of its files or formats: epub, pdf, …; without it what the address takes best.
        #[arg(long)]
        format: Option<String>,
    },
    /// Sends one again that failed, or at once one that waits.
    Retry {
        /// Its number in the list.
        id: u64,
    },
    /// Sends everything again that failed, but for what was called off.
    RetryFailed,
    /// Calls off one that waits.
    Cancel {
        /// Its number in the list.
        id: u64,
    },
}

impl Kindle {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        match self {
            Kindle::List { limit, failed, json } => {
                let rows = app.kindle.latest(*limit, |row| !failed || row.state == DeliveryState::Failed)?;
                if *json {
                    let rows: Vec<_> = rows.iter().map(|(_, row)| described(row)).collect();
                    console.line(json!(rows));
                } else {
                    rows.iter().for_each(|(_, row)| console.line(line(row)));
                }
                Ok(Exit::Done)
            }
            Kindle::Send { book, address, format } => send(app, *book, address, format.clone(), console),
            Kindle::Retry { id } => match app.kindle.retry(*id, app.clock.now())? {
                Some(row) => {
                    console.line(line(&row));
                    Ok(Exit::Done)
                }
                None => bail!("no delivery {id} waits or has failed; shutong kindle list shows them"),
            },
            Kindle::RetryFailed => {
                console.line(format_args!("{} are tried again", app.kindle.retry_failed(app.clock.now())?));
                Ok(Exit::Done)
            }
            Kindle::Cancel { id } => match app.kindle.cancel(*id, app.clock.now())? {
                Some(row) => {
                    console.line(line(&row));
                    Ok(Exit::Done)
                }
                None => bail!("no delivery {id} waits; shutong kindle list shows them"),
            },
        }
    }
}

fn why(unfit: &Unfit) -> &'static str {
    match unfit {
        Unfit::NoAddress => "this is no mail address",
        Unfit::Closed => "Amazon takes nothing there any more",
        Unfit::LooksLikeKindle => "it looks like a Kindle's address and is none; check the part behind the @",
        Unfit::OtherDomain => "the configuration allows no mail to this domain; see [mail]",
        Unfit::Ours => "this is our own sender",
    }
}

fn send(app: &App, id: BookId, typed: &str, file: Option<String>, console: &mut Console) -> Result<Exit> {
    if !app.kindle.is_ready() {
        bail!("the configuration has no [mail]: nothing can be sent");
    }
    let address = app.kindle.judge(typed).map_err(|unfit| anyhow::anyhow!("{typed}: {}", why(&unfit)))?;
    let (id, book) = app.library.shown(id)?.with_context(|| format!("there is no book {id}"))?;
    match app.kindle.send((id, book.title, file), &address, app.clock.now())? {
        Done::PushedBefore(_) => console.line("it was sent there today already, or is about to be"),
        _ => console.line("it is on its way; `shutong kindle list` shows how it goes"),
    }
    Ok(Exit::Done)
}

fn line(row: &DeliveryRecord) -> String {
    let trouble = row.trouble.as_ref().map(|trouble| format!("  {trouble:?}")).unwrap_or_default();
    let (number, state, address) = (row.number, format!("{:?}", row.state).to_lowercase(), masked(&row.address));
    format!("{number}\t{}\t{state}\t{address}\t{}{trouble}", row.queued_at.format("%Y-%m-%d %H:%M"), what(row))
}

fn described(row: &DeliveryRecord) -> serde_json::Value {
    json!({
        "id": row.number, "state": row.state, "what": what(row), "address": masked(&row.address),
        "queued_at": row.queued_at, "next_at": row.next_at, "ended_at": row.ended_at, "attempts": row.attempts,
        "trouble": row.trouble,
    })
}

fn what(row: &DeliveryRecord) -> &str {
    match &row.parcel {
        Parcel::Book { title, .. } => title,
        Parcel::Code => "(code)",
    }
}
