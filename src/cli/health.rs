//! `shutong health`: whether the service of this data directory answers. For scripts that start it, and for containers.
//!
//! It asks as a proxy would, over the public listener, and does not touch the data.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;

use super::{Arguments, Console, Exit, remote};
use crate::http::JsonClient;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two questions while it is waited for.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(super) struct Health {
    /// How many seconds to wait until it does.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=3600))]
    wait: u64,
}

impl Health {
    pub(super) fn run(&self, arguments: &Arguments, console: &mut Console) -> Result<Exit> {
        let until = Instant::now() + Duration::from_secs(self.wait);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        while let Err(error) = runtime.block_on(ask(&arguments.data)) {
            if Instant::now() >= until {
                return Err(error);
            }
            thread::sleep(PAUSE);
        }
        console.line("ready");
        Ok(Exit::Done)
    }
}

async fn ask(data: &Path) -> Result<()> {
    let public = remote::running(data)?.public;
    let (status, _) = JsonClient::new(PATIENCE)?.send(&format!("http://{public}/readyz"), None, None).await?;
    ensure!(status == 200, "the service answers {status} on {public}: it cannot read its data");
    Ok(())
}
