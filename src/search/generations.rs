//! Which directory holds the index in use. The folder of the index has a file `current` that names a generation
//! (`gen-3`) and the versions it was written with; replacing that file by renaming another over it is the only way a
//! generation comes into use, so a crash leaves the old one or the new one, never half of either.

use super::{Error, fold, schema};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

const CURRENT: &str = "current";
const BAD: &str = "index.bad";

/// Why the index must be filled anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// There was none.
    Missing,
    /// It was written by a version that folds or stores otherwise.
    Version,
    /// It cannot be opened, or a checksum is wrong; with what was seen. It was moved aside to `index.bad-…`.
    Damaged(String),
}

/// The generation in use, or why there is none.
pub(crate) fn current(dir: &Path) -> Result<PathBuf, Reason> {
    let text = match fs::read_to_string(dir.join(CURRENT)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Reason::Missing),
        Err(error) => return Err(Reason::Damaged(error.to_string())),
    };
    let mut lines = text.lines();
    let name = lines.next().unwrap_or_default();
    if number(name).is_none() {
        return Err(Reason::Damaged("the file `current` names no generation".to_owned()));
    }
    if lines.next() != Some(versions().as_str()) {
        return Err(Reason::Version);
    }
    Ok(dir.join(name))
}

/// Brings `generation`, a folder in `dir`, into use.
pub(crate) fn switch(dir: &Path, generation: &Path) -> Result<(), Error> {
    let name = generation.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let temporary = dir.join(".tmp-current");
    let mut file = File::create(&temporary)?;
    file.write_all(format!("{name}\n{}\n", versions()).as_bytes())?;
    file.sync_all()?;
    File::open(generation)?.sync_all()?;
    fs::rename(&temporary, dir.join(CURRENT))?;
    File::open(dir)?.sync_all()?;
    Ok(())
}

/// A folder for the next generation. It does not exist yet.
pub(crate) fn next(dir: &Path) -> Result<PathBuf, Error> {
    fs::create_dir_all(dir)?;
    let mut highest = 0;
    for file in fs::read_dir(dir)? {
        highest = highest.max(number(&file?.file_name().to_string_lossy()).unwrap_or(0));
    }
    Ok(dir.join(format!("gen-{}", highest + 1)))
}

/// Moves the generation in use aside, for a person to look at, in place of the last one moved aside.
pub(crate) fn set_aside(dir: &Path) -> Result<(), Error> {
    let text = fs::read_to_string(dir.join(CURRENT)).unwrap_or_default();
    let Some(name) = text.lines().next().filter(|name| number(name).is_some()) else {
        return Ok(());
    };
    let from = dir.join(name);
    if !from.exists() {
        return Ok(());
    }
    for file in fs::read_dir(dir)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with(BAD) {
            fs::remove_dir_all(file.path())?;
        }
    }
    fs::rename(from, dir.join(format!("{BAD}-{}", name.trim_start_matches("gen-"))))?;
    Ok(())
}

/// Removes generations that are neither `keep` nor newer: left by a rebuild that was finished or killed. A newer one
/// may be in the making by this process.
pub(crate) fn sweep(dir: &Path, keep: &Path) -> Result<(), Error> {
    for file in fs::read_dir(dir)? {
        let file = file?;
        if number(&file.file_name().to_string_lossy()).is_some() && file.path() != keep {
            fs::remove_dir_all(file.path())?;
        }
    }
    Ok(())
}

fn number(name: &str) -> Option<u64> {
    name.strip_prefix("gen-")?.parse().ok()
}

fn versions() -> String {
    format!("schema {} folding {}", schema::VERSION, fold::VERSION)
}
