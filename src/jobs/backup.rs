//! A backup, every night or when somebody asks: made, sent on, and the owner told when that fails.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::alert::Trouble;
use crate::app::App;
use crate::store::records::BackedUp;

/// How often it is looked whether something else is going on with backups …
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// … and how many times: an hour.
const LOOKS: u32 = 3_600;

/// Makes a backup, sends it on, and tells the owner when that fails.
///
/// # Errors
/// Why there is no backup, or why it was not sent.
pub fn back_up(app: &App) -> Result<BackedUp> {
    wait_for_others(app);
    let outcome = app.backups.back_up(&app.clock);
    let folder = app.backups.settings().folder.display().to_string();
    let error = outcome.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
    let (trouble, now) = (Trouble::BackupFailed { folder, error }, app.clock.now());
    match outcome {
        Err(_) => app.alerts.raise(&trouble, now),
        Ok(_) => app.alerts.resolve(&trouble.key(), now),
    }
    outcome
}

/// Whatever else is being done with backups comes first: this night has its backup all the same.
fn wait_for_others(app: &App) {
    for _ in 0..LOOKS {
        if app.backups.doing().is_none() {
            return;
        }
        thread::sleep(LOOK_EVERY);
    }
}
