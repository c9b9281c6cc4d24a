//! The nightly backup: made, sent on, and the owner told when that fails.

use anyhow::Result;

use crate::alert::Trouble;
use crate::app::App;

/// Makes a backup and sends it on, and says so. Called on a thread that may block.
///
/// # Errors
/// When none could be made, or it did not arrive where it was sent.
pub fn back_up(app: &App) -> Result<String> {
    let made = app.backups.make(app.clock.now())?;
    let (name, missing) = (made.path.display(), made.end.missing.len());
    let mut says = format!("{name}: {} bytes, {} records, {} files", made.bytes, made.end.records, made.end.files);
    if missing > 0 {
        says += &format!("; {missing} files could not be read");
    }
    let runtime = tokio::runtime::Handle::try_current()?;
    if runtime.block_on(app.backups.send(&made, app.clock.now()))? {
        says += "; sent on";
    }
    Ok(says)
}

/// The same, and tells the owner when it fails.
pub(super) fn nightly(app: &App) -> Result<String> {
    let outcome = back_up(app);
    let folder = app.backups.settings().folder.display().to_string();
    let error = outcome.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
    let (trouble, now) = (Trouble::BackupFailed { folder, error }, app.clock.now());
    match outcome {
        Err(_) => app.alerts.raise(&trouble, now),
        Ok(_) => app.alerts.resolve(&trouble.key(), now),
    }
    outcome
}
