//! What can be put right without asking: modes, and the index.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result};

use super::here::exposed;
use crate::app::App;

/// Does it, and says what was done, a line each; nothing if there was nothing to do.
///
/// # Errors
/// When the disk or the store refuses; what was done before stays done.
pub fn repair(app: &App) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for path in exposed(&app.data_dir) {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .with_context(|| format!("cannot protect {}", path.display()))?;
        done.push(format!("{} is yours alone now", path.display()));
    }
    let (books, indexed) = (app.library.counts()?.books, app.library.index_state());
    if indexed.pending > 0 || indexed.rebuilding.is_some() {
        let changes = app.library.index_changes()?;
        done.push(format!("{changes} changes indexed"));
    }
    if app.library.index_state().books != books {
        app.library.reindex();
        app.library.index_changes()?;
        done.push(format!("the index was made anew: {} books", app.library.index_state().books));
    }
    Ok(done)
}
