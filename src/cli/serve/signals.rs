//! What signals mean to `shutong serve`, from its first moment to its last.
//!
//! Between the end of one program and the beginning of the next, in the same process, nobody expects any, and a hangup
//! would end it: it is held back there. Who wants the process to end then means it.

use std::sync::Arc;

use anyhow::Result;
use nix::sys::signal::{SigSet, Signal as Hangup};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::app::App;
use crate::blocking::blocking;

/// Holds back a hangup until the program that this process becomes expects one.
pub(super) fn hold_hangup() -> Result<()> {
    Ok(SigSet::from(Hangup::SIGHUP).thread_block()?)
}

/// The signals that mean something here.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// From now on none of them ends the process by itself. Called while there is no thread but this one, so that a
    /// hangup that was held back since before the restart is not taken anywhere else.
    pub(super) fn expect() -> Result<Signals> {
        // What is registered stays so when this runtime goes; it only has to be there for that.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let _inside = runtime.enter();
        let signals = Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        };
        SigSet::from(Hangup::SIGHUP).thread_unblock()?;
        Ok(signals)
    }

    /// Tells of Ctrl-C or SIGTERM; a second one ends the process at once. SIGHUP has it start again, but for one at a
    /// terminal: there it says that the terminal was closed.
    pub(super) fn heed(mut self, app: Arc<App>, is_at_terminal: bool) -> watch::Receiver<bool> {
        let (stop, stopping) = watch::channel(false);
        tokio::spawn(async move {
            while self.next().await == Wish::Restart && !is_at_terminal {
                let same = Arc::clone(&app);
                match blocking(move || same.start_again()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => log::error!("not started again, everything goes on as it is: {error:#}"),
                    Err(panicked) => log::error!("not started again: {panicked}"),
                }
            }
            drop(app);
            let _ = stop.send(true);
            while self.next().await == Wish::Restart {}
            std::process::exit(130);
        });
        stopping
    }

    async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.interrupt.recv() => Wish::End,
            _ = self.terminate.recv() => Wish::End,
            _ = self.hangup.recv() => Wish::Restart,
        }
    }
}

/// What a signal means.
#[derive(PartialEq, Eq)]
enum Wish {
    End,
    Restart,
}
