//! The nightly backup: made, sent on, and the owner told when that fails.

use anyhow::Result;

use crate::alert::Trouble;
use crate::app::App;

/// Makes a backup, sends it on, and tells the owner when that fails.
pub(super) fn nightly(app: &App) -> Result<String> {
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
