//! Room on the disk: files leave some to the database, and a file of ballast holds some more for bad times.
//!
//! The database cannot be opened on a full disk, and data that cannot be opened cannot be made smaller. So new files are
//! refused while there is still room for records; and when somebody else takes that too, the ballast is given up.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};

/// The ballast's name in the data directory.
pub const RESERVE: &str = "reserve";
/// Its size, in bytes.
const RESERVE_BYTES: u64 = 16 << 20;
/// So much stays free, in bytes; more than the ballast gives, so that only records go into its place.
pub const LEAST: u64 = 20 << 20;
/// The ballast is made anew when so much is free.
const PLENTY: u64 = 48 << 20;
/// With less than this, the ballast is given up.
const FULL: u64 = 4 << 20;

/// What is free where this folder is, in bytes.
///
/// # Errors
/// When the system does not say.
pub fn free(folder: &Path) -> io::Result<u64> {
    fs2::available_space(folder)
}

/// Refuses a new file of so many bytes that would leave the database too little.
///
/// # Errors
/// [`io::ErrorKind::StorageFull`], or when the system does not say what is free.
pub fn refuse_without(folder: &Path, bytes: u64) -> io::Result<()> {
    if free(folder)? < LEAST.saturating_add(bytes) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

/// Gives the ballast up if the disk is full; says whether there was any to give.
///
/// # Errors
/// When it cannot be removed.
pub fn give_up_if_full(data_dir: &Path) -> io::Result<bool> {
    let reserve = data_dir.join(RESERVE);
    if !reserve.exists() || free(data_dir)? >= FULL {
        return Ok(false);
    }
    fs::remove_file(reserve)?;
    Ok(true)
}

/// Gives the ballast up, or makes it anew, as the disk is; gives what is free then, in bytes.
///
/// # Errors
/// When the disk refuses.
pub fn keep(data_dir: &Path) -> io::Result<u64> {
    let reserve = data_dir.join(RESERVE);
    if !give_up_if_full(data_dir)? && !reserve.exists() && free(data_dir)? >= PLENTY {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&reserve)?;
        if let Err(error) = take(&file) {
            fs::remove_file(&reserve)?;
            return Err(error);
        }
    }
    free(data_dir)
}

/// Whether there is room for records, from the ballast if it has to be.
///
/// # Errors
/// When the disk refuses.
pub fn make(data_dir: &Path) -> io::Result<bool> {
    Ok(give_up_if_full(data_dir)? || free(data_dir)? >= FULL)
}

fn take(file: &File) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, RESERVE_BYTES) {
        // A file system that cannot has no ballast, but a file that says so.
        Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
        taken => Ok(taken?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ballast_takes_room_and_is_kept_while_there_is_some() {
        let dir = tempfile::tempdir().unwrap();
        let free = keep(dir.path()).unwrap();
        assert!(free >= FULL, "this test needs room");
        assert_eq!(fs::metadata(dir.path().join(RESERVE)).unwrap().len(), RESERVE_BYTES);
        assert!(!give_up_if_full(dir.path()).unwrap() && make(dir.path()).unwrap());
        keep(dir.path()).unwrap();
        refuse_without(dir.path(), 1).unwrap();
        let refused = refuse_without(dir.path(), u64::MAX).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    }
}
