//! Telling a supervisor such as systemd how it goes: once that everything listens, and from then on that work is done.
//!
//! A message is a datagram to the socket that the environment names (sd_notify(3)); where none is named, nobody is told.

use std::env;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::blocking::blocking;
use crate::store::schema::META;

/// Says that the service answers.
pub(super) fn ready() {
    tell("READY=1");
}

/// Says it again and again, for as long as the data can be read and this process gets to say it. A supervisor that
/// hears nothing for as long as it has said ends the process and starts another.
pub(super) async fn keep_telling(app: Arc<App>) {
    let Some(patience) = patience() else { return };
    loop {
        let same = Arc::clone(&app);
        match blocking(move || same.store.get(&META, &"schema".to_owned())).await {
            Ok(Ok(_)) => tell("WATCHDOG=1"),
            Ok(Err(error)) => log::error!("the supervisor is not told that all is well: {error}"),
            Err(panicked) => log::error!("the supervisor is not told that all is well: {panicked}"),
        }
        tokio::time::sleep(patience / 3).await;
    }
}

/// How long the supervisor waits, if it waits for this process.
fn patience() -> Option<Duration> {
    let is_meant = env::var("WATCHDOG_PID").ok().is_none_or(|pid| pid == std::process::id().to_string());
    let microseconds: u64 = env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    (is_meant && microseconds > 0).then(|| Duration::from_micros(microseconds))
}

fn tell(state: &str) {
    let Some(socket) = env::var_os("NOTIFY_SOCKET") else { return };
    let sent = UnixDatagram::unbound().and_then(|own| own.send_to(state.as_bytes(), &socket));
    if let Err(error) = sent {
        log::warn!("the supervisor does not hear {state}: {error}");
    }
}
