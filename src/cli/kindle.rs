//! `shutong kindle`: deliveries by mail, listed, tried again, called off.

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::json;

use super::{Console, Exit};
use crate::app::App;
use crate::kindle::masked;
use crate::store::records::{DeliveryRecord, DeliveryState, Parcel};

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
