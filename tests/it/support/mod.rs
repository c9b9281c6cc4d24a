//! What tests stand on: the program under test, the outside world, simulated, and builders of fixtures. The simulators
//! share no code with `src`, so that an error there is not mirrored here.

pub mod binary;
pub mod book_builder;
pub mod central;
pub mod clock;
pub mod connection;
pub mod dovecot;
pub mod exim;
pub mod root;
pub mod smtp_sink;
pub mod tap;
pub mod test_app;
pub mod web;
pub mod wechat_api;
pub mod wechat_sim;

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

/// Waits until nothing has the database under `data` open any more: the engine's own threads let go of it a moment
/// after the last handle is dropped.
pub fn wait_until_closed(data: &Path) {
    let Ok(file) = File::open(data.join("db/db")) else { return };
    let limit = Instant::now() + Duration::from_secs(20);
    while file.try_lock().is_err() {
        assert!(Instant::now() < limit, "the database was never closed");
        std::thread::yield_now();
    }
}
