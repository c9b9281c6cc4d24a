//! The books taken down for good, in a file beside the database as well: a copy of the database from before must not
//! bring them back.
//!
//! A restore leaves the file where it is. What stands in it and not in the database when that is opened was taken down
//! after the copy was made, and is taken down again; what stands in the database alone, because it was lifted since, stays
//! taken down until it is lifted once more. The file is written after a book was taken down and before one is lifted, so
//! that a crash in between undoes neither.

use std::fs;
use std::io;
use std::path::Path;

use super::{Library, Result, Takedown};
use crate::{secret, store};

/// The file in the data folder.
const NAME: &str = "taken-down.json";

impl Library {
    /// Takes down again what a restore has brought back, and says how many entries there were. Called when the data is
    /// opened.
    ///
    /// # Errors
    /// When the store or the disk fails; the next call goes on.
    pub fn take_down_again(&self) -> Result<u64> {
        let (listed, known) = (listed(self.store.data_dir())?, self.takedowns()?);
        let is_known = |one: &Takedown| {
            known.iter().any(|other| (&other.marks, other.taken_down_at) == (&one.marks, one.taken_down_at))
        };
        let mut since = 0;
        for one in listed.iter().filter(|one| !is_known(one)) {
            self.take_down_since(one)?;
            since += 1;
        }
        if since > 0 || listed.len() != known.len() {
            self.list_takedowns()?;
        }
        Ok(since)
    }

    /// Writes the file anew.
    pub(super) fn list_takedowns(&self) -> Result<()> {
        self.write_list(|_| true)
    }

    /// The same without one entry.
    pub(super) fn list_takedowns_without(&self, key: &str) -> Result<()> {
        self.write_list(|takedown| takedown.key != key)
    }

    fn write_list(&self, is_meant: impl Fn(&Takedown) -> bool) -> Result<()> {
        let _one_at_a_time = self.listing.lock();
        let mut takedowns = self.takedowns()?;
        takedowns.retain(is_meant);
        let text = serde_json::to_string_pretty(&takedowns).map_err(io::Error::from).map_err(store::Error::from)?;
        Ok(secret::write_private(&self.store.data_dir().join(NAME), text.as_bytes()).map_err(store::Error::from)?)
    }
}

/// Lets the data restored into another folder know what was taken down in the present one.
///
/// # Errors
/// When the disk refuses.
pub fn keep_taken_down(present: &Path, restored: &Path) -> io::Result<()> {
    let from = present.join(NAME);
    if from != restored.join(NAME) && from.try_exists()? {
        fs::copy(from, restored.join(NAME))?;
    }
    Ok(())
}

/// What the file says; nothing if there is none. One that is damaged is put aside: the database has the same, unless a
/// backup was restored in between.
fn listed(data_dir: &Path) -> store::Result<Vec<Takedown>> {
    let path = data_dir.join(NAME);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    match serde_json::from_str(&text) {
        Ok(listed) => Ok(listed),
        Err(error) => {
            let aside = path.with_extension("damaged");
            log::error!("{} is damaged ({error}) and is {} now", path.display(), aside.display());
            fs::rename(&path, &aside)?;
            Ok(Vec::new())
        }
    }
}
