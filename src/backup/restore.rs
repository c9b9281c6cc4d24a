//! A backup takes the data's place: unpacked into a folder of its own first, and moved only when every byte of it is
//! right and nobody serves.
//!
//! In the data folder, because another place on the same disk need not be ours: `restored-TIME` is whole; at the next
//! start the present data goes to `before-restore-TIME`, the folder is renamed to `restoring-TIME`, and what is in it
//! goes to the data folder. Every step can be done again, so a start that is cut off is finished by the next one, and
//! no start sees a mixture.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use fs2::FileExt;
use serde::Serialize;

use super::pack::{End, FORGOTTEN, Manifest, is_own};
use super::unpack::{self, Sink};
use super::{Error, Result};
use crate::library::keep_taken_down;
use crate::secret::Secret;
use crate::store::records::{DeliveryRecord, DeliveryState, DeliveryTrouble};
use crate::store::schema::{API_KEYS, CONVERSIONS, DELIVERIES, DELIVERY_QUEUE, META, SESSIONS, TICKETS, TOKENS};
use crate::store::{self, ContentHash, Durability, Key, Store, Table, keep_forgotten, newest_schema};

/// Stands before the time in the name of a folder that is whole, and waits for a start.
const WHOLE: &str = "restored-";
/// Of one whose parts are being moved.
const MOVING: &str = "restoring-";
/// Of what was there before.
const BEFORE: &str = "before-restore-";
/// Of one in the making.
const UNFINISHED: &str = ".restoring.unfinished";
/// So much of the disk stays free, in bytes.
const RESERVE: u64 = 64 * 1024 * 1024;
/// Records read at a time.
const PAGE: usize = 1_000;

/// What was restored.
#[derive(Clone, Debug, Serialize)]
pub struct Restored {
    /// How the backup begins.
    pub manifest: Manifest,
    /// How it ends.
    pub end: End,
    /// Where it lies.
    pub folder: PathBuf,
}

/// Unpacks a backup into a folder that is not there yet, or empty. Who was forgotten in `present`, a data folder, since
/// the backup was made, is forgotten there when it is opened, and what was taken down is taken down. `now` is noted as the
/// end of letters that waited.
///
/// # Errors
/// When the backup is damaged, of a newer program, or too large for the disk; then nothing is left of it.
pub fn unpack(
    file: &Path,
    passphrase: &Secret,
    into: &Path,
    present: Option<&Path>,
    now: DateTime<Utc>,
    reached: &dyn Fn(u64),
) -> Result<Restored> {
    let is_empty = || fs::read_dir(into).is_ok_and(|mut entries| entries.next().is_none());
    if into.exists() && !is_empty() {
        return Err(Error::Refused(format!("{} exists and is not empty; name a new folder", into.display())));
    }
    let backup = super::open(file, passphrase)?;
    let mut guard = Unfinished { folder: into, is_finished: false };
    let (manifest, end) = fill(backup, into, now, reached)?;
    keep_forgotten(present.unwrap_or(into), into, into)?;
    keep_taken_down(present.unwrap_or(into), into)?;
    sync_all(into)?;
    guard.is_finished = true;
    Ok(Restored { manifest, end, folder: into.to_owned() })
}

/// Unpacks a backup in the data folder, to take the data's place at the next start. One that waited already is given up.
///
/// # Errors
/// As [`unpack`].
pub fn prepare(
    file: &Path,
    passphrase: &Secret,
    data_dir: &Path,
    now: DateTime<Utc>,
    reached: &dyn Fn(u64),
) -> Result<Restored> {
    let unfinished = data_dir.join(UNFINISHED);
    remove_folder(&unfinished)?;
    let backup = super::open(file, passphrase)?;
    let mut guard = Unfinished { folder: &unfinished, is_finished: false };
    let (manifest, end) = fill(backup, &unfinished, now, reached)?;
    sync_all(&unfinished)?;
    give_up(data_dir)?;
    let folder = data_dir.join(format!("{WHOLE}{}", free_time(data_dir, now)));
    fs::rename(&unfinished, &folder)?;
    File::open(data_dir)?.sync_all()?;
    guard.is_finished = true;
    Ok(Restored { manifest, end, folder })
}

/// The time in the names of what is put away: the first second from now on that no other restore has, for each of them
/// keeps the data of before.
fn free_time(data_dir: &Path, now: DateTime<Utc>) -> String {
    let time = |later: i64| (now + TimeDelta::seconds(later)).format("%Y%m%d-%H%M%S").to_string();
    let is_taken = |time: &String| data_dir.join(format!("{BEFORE}{time}")).exists();
    (0..).map(time).find(|time| !is_taken(time)).unwrap_or_default()
}

/// An error if a program has the data open.
///
/// # Errors
/// [`store::Error::InUse`].
pub fn refuse_in_use(data_dir: &Path) -> Result<()> {
    in_use(data_dir).map(|_| ())
}

/// Gives up a backup that waits to take the data's place.
///
/// # Errors
/// When the disk refuses.
pub fn give_up(data_dir: &Path) -> Result<()> {
    while let Some((waiting, _)) = found(data_dir, WHOLE)? {
        remove_folder(&waiting)?;
    }
    Ok(())
}

/// Whether a backup waits to take the data's place.
pub fn is_prepared(data_dir: &Path) -> bool {
    found(data_dir, WHOLE).is_ok_and(|found| found.is_some())
}

/// The folder of a backup that waits to take the data's place.
pub fn waiting(data_dir: &Path) -> Option<PathBuf> {
    found(data_dir, WHOLE).ok()?.map(|(folder, _)| folder)
}

/// Lets a backup that waits take the data's place, and says where the data of before is. Called before the store is
/// opened.
///
/// # Errors
/// When the data is in use, or the disk refuses; the next call goes on.
pub fn finish(data_dir: &Path) -> Result<Option<PathBuf>> {
    let mut before = None;
    if let Some((folder, time)) = found(data_dir, WHOLE)? {
        refuse_mounts(data_dir)?;
        let lock = in_use(data_dir)?;
        keep_forgotten(data_dir, &folder, data_dir)?;
        let place = data_dir.join(format!("{BEFORE}{time}"));
        private_folder(&place)?;
        for name in entries(data_dir)? {
            let is_data = ["db", "index", "files", "forgotten.again"].contains(&name.as_str());
            // Backups stay where they are, whatever their folder is called.
            let folder = data_dir.join(&name);
            let holds_backups = super::is_name(&name) || super::list(&folder).is_ok_and(|kept| !kept.is_empty());
            if is_data || (!is_own(&name) && name != FORGOTTEN && !holds_backups) {
                fs::rename(data_dir.join(&name), place.join(&name))?;
            }
        }
        drop(lock);
        File::open(&place)?.sync_all()?;
        fs::rename(&folder, data_dir.join(format!("{MOVING}{time}")))?;
        File::open(data_dir)?.sync_all()?;
    }
    if let Some((folder, time)) = found(data_dir, MOVING)? {
        for name in entries(&folder)?.iter().filter(|name| *name != FORGOTTEN) {
            fs::rename(folder.join(name), data_dir.join(name))?;
        }
        File::open(data_dir)?.sync_all()?;
        fs::remove_dir_all(&folder)?;
        before = Some(data_dir.join(format!("{BEFORE}{time}")));
    }
    Ok(before)
}

/// What is mounted into the data folder cannot be moved, and half a move would leave two halves of the data.
fn refuse_mounts(data_dir: &Path) -> Result<()> {
    let data_dir = fs::canonicalize(data_dir)?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let is_moved = |rest: &Path| {
        let name = rest.iter().next().and_then(|name| name.to_str());
        name.is_some_and(|name| ["db", "index", "files"].contains(&name) || !is_own(name))
    };
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(Path::new);
    match places.into_iter().find(|place| place.strip_prefix(&data_dir).is_ok_and(is_moved)) {
        None => Ok(()),
        Some(place) => {
            let place = place.display();
            Err(Error::Refused(format!(
                "{place} is mounted and cannot be moved; restore into another folder with --into"
            )))
        }
    }
}

/// A folder that is removed when this is dropped before the end.
struct Unfinished<'a> {
    folder: &'a Path,
    is_finished: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            let _ = fs::remove_dir_all(self.folder);
        }
    }
}

/// Writes what comes into a folder, as a data folder is.
struct Folder<'a> {
    dir: &'a Path,
    store: Store,
}

impl Sink for Folder<'_> {
    fn room(&self) -> Result<u64> {
        Ok(fs2::available_space(self.dir)?.saturating_sub(RESERVE))
    }

    fn records(&mut self, lines: &[u8]) -> Result<()> {
        self.store.import(lines).map_err(|error| match error {
            store::Error::Damaged(why) => Error::Damaged(why),
            other => other.into(),
        })?;
        Ok(())
    }

    fn data(&mut self, path: &Path, body: &mut dyn Read) -> Result<()> {
        let path = self.dir.join(path);
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        write(&path, body)
    }

    fn file(&mut self, hash: &ContentHash, body: &mut dyn Read) -> Result<()> {
        let path = self.store.files().path(hash);
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        write(&path, body)
    }
}

fn fill(backup: impl Read, dir: &Path, now: DateTime<Utc>, reached: &dyn Fn(u64)) -> Result<(Manifest, End)> {
    private_folder(dir)?;
    let mut folder = Folder { dir, store: Store::open(dir)? };
    let read = unpack::read(backup, &mut folder, reached)?;
    let store = folder.store;
    // Who was logged in on the old machine, or had a key of it, is not to be let in by that; tokens have been replaced
    // since; and conversions are made again.
    clear(&store, &SESSIONS)?;
    clear(&store, &API_KEYS)?;
    clear(&store, &TOKENS)?;
    clear(&store, &TICKETS)?;
    clear(&store, &CONVERSIONS)?;
    hold_letters(&store, now)?;
    // What cannot be opened is found here, and not at the next start.
    let (found, known) = (store.get(&META, &"schema".to_owned())?.unwrap_or(0), newest_schema());
    if found > known {
        return Err(store::Error::Newer { found, known }.into());
    }
    store.sync()?;
    Ok(read)
}

/// Letters that waited when the backup was made may have been sent since: none is sent again by itself. They end here, the
/// owner sees which they are and sends again what is missed, and so does a follower who asks once more.
fn hold_letters(store: &Store, now: DateTime<Utc>) -> Result<()> {
    loop {
        let page = store.page(&DELIVERY_QUEUE, None, PAGE)?;
        if page.is_empty() {
            return Ok(());
        }
        store.write(Durability::Soon, |write| {
            for (number, key) in &page {
                write.delete(&DELIVERY_QUEUE, number);
                let Some(row) = write.get(&DELIVERIES, key)? else { continue };
                let (state, trouble) = (DeliveryState::Failed, Some(DeliveryTrouble::Restored));
                let held = DeliveryRecord { state, trouble, ended_at: Some(now), ..row };
                write.put(&DELIVERIES, key, &held)?;
            }
            Ok::<_, Error>(())
        })?;
    }
}

fn clear<K: Key + Clone, V: serde::de::DeserializeOwned>(store: &Store, table: &Table<K, V>) -> Result<()> {
    loop {
        let page = store.page(table, None, PAGE)?;
        if page.is_empty() {
            return Ok(());
        }
        store.write(Durability::Soon, |write| {
            page.iter().for_each(|(key, _)| write.delete(table, key));
            Ok::<_, Error>(())
        })?;
    }
}

fn write(path: &Path, body: &mut dyn Read) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    io::copy(body, &mut file)?;
    Ok(())
}

fn private_folder(folder: &Path) -> Result<()> {
    Ok(DirBuilder::new().recursive(true).mode(0o700).create(folder)?)
}

/// Removes what a process was unpacking when it was killed. What cannot be removed is told by who looks at the disk.
pub(super) fn sweep(data_dir: &Path) {
    let _ = remove_folder(&data_dir.join(UNFINISHED));
}

fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Many files at once: as soon as this returns, all of them are on the disk.
fn sync_all(folder: &Path) -> Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?).map_err(io::Error::from)?)
}

/// The lock that a store in use holds; taken as long as this is kept.
fn in_use(data_dir: &Path) -> Result<Option<File>> {
    match File::options().read(true).write(true).open(data_dir.join("db").join("db")) {
        Ok(file) => match file.try_lock_exclusive() {
            Ok(()) => Ok(Some(file)),
            Err(_) => Err(store::Error::InUse.into()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The folder in the data folder whose name begins like this, and the rest of its name.
fn found(data_dir: &Path, begin: &str) -> Result<Option<(PathBuf, String)>> {
    let rest = |name: &String| name.strip_prefix(begin).map(|time| (data_dir.join(name), time.to_owned()));
    Ok(entries(data_dir)?.iter().find_map(rest))
}

/// The names in a folder; those that are no text are none of ours.
fn entries(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.collect())
}
