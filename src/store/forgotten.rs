//! Who was forgotten, outside the database: a copy of it from before must not bring them back.
//!
//! A file in the data folder holds a random key and, for each time that somebody was forgotten, a keyed hash of who: it
//! tells whether somebody given is meant, and names nobody. It only grows. A backup has the file as it was; whatever
//! stands behind that in today's file happened since, and is to be done again after a restore. The key lies beside the
//! hashes: an openid is random enough that hashing all there could be finds none.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hmac::Mac;
use parking_lot::Mutex;

use super::{Error, Result, Store, hex};
use crate::secret::keyed_hash;

/// The file in the data folder.
const NAME: &str = "forgotten";
/// Beside it, after a restore: who is to be forgotten again.
const AGAIN: &str = "forgotten.again";

/// The file being written.
pub(super) struct Forgotten {
    path: PathBuf,
    /// Serialises writers of the file; the key, once it is known.
    key: Mutex<Option<[u8; 32]>>,
}

/// What such a file says: keys, and the hashes made with each, in the order they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(Vec<([u8; 32], Vec<[u8; 32]>)>);

impl Forgotten {
    pub(super) fn of(data_dir: &Path) -> Forgotten {
        Forgotten { path: data_dir.join(NAME), key: Mutex::new(None) }
    }

    fn note(&self, account: &str, open_id: &str) -> Result<()> {
        let mut key = self.key.lock();
        let (known, mut text) = match *key {
            Some(known) => (known, String::new()),
            None => match Marks::load(&self.path)?.0.last() {
                // Behind a line that a crash cut off.
                Some((known, _)) => (*known, "\n".to_owned()),
                None => {
                    let mut fresh = [0; 32];
                    getrandom::fill(&mut fresh).map_err(|error| io::Error::other(error.to_string()))?;
                    (fresh, format!("key {}\n", hex(&fresh)))
                }
            },
        };
        text += &format!("{}\n", hex(&mark(&known, account, open_id)));
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if key.is_none() {
            sync_folder(&self.path)?;
        }
        *key = Some(known);
        Ok(())
    }
}

impl Store {
    /// Notes durably that somebody is forgotten, before they are: see [`Marks`].
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn note_forgotten(&self, account: &str, open_id: &str) -> Result<()> {
        self.forgotten.note(account, open_id)
    }

    /// Who is to be forgotten again after a restore. None when there was none, or it is done.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn to_forget_again(&self) -> Result<Option<Marks>> {
        let path = self.forgotten.path.with_file_name(AGAIN);
        if !path.try_exists()? {
            return Ok(None);
        }
        Ok(Some(Marks::load(&path)?))
    }

    /// It is done, durably.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn forgotten_again(&self) -> Result<()> {
        let path = self.forgotten.path.with_file_name(AGAIN);
        fs::remove_file(&path)?;
        sync_folder(&path)
    }
}

impl Marks {
    /// What the file says; nothing if it is not there. A line that a crash cut off is none.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub fn load(path: &Path) -> Result<Marks> {
        match fs::read_to_string(path) {
            Ok(text) => Marks::parse(&text).ok_or_else(|| Error::Damaged(format!("{} is damaged", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Marks::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether this follower is among them.
    pub fn has(&self, account: &str, open_id: &str) -> bool {
        self.0.iter().any(|(key, marks)| marks.contains(&mark(key, account, open_id)))
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, marks)| marks.is_empty())
    }

    fn parse(text: &str) -> Option<Marks> {
        let mut sections: Vec<([u8; 32], Vec<[u8; 32]>)> = Vec::new();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            match (line.strip_prefix("key "), sections.last_mut()) {
                (Some(key), _) => sections.push((bytes_of(key)?, Vec::new())),
                (None, _) if line.len() < 64 => {}
                (None, Some((_, marks))) => marks.push(bytes_of(line)?),
                (None, None) => return None,
            }
        }
        Some(Marks(sections))
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (key, marks) in &self.0 {
            text += &format!("key {}\n", hex(key));
            marks.iter().for_each(|mark| text += &format!("{}\n", hex(mark)));
        }
        text
    }

    /// These and those of `other`: with one key the longer list, of which the other is the beginning.
    fn with(&self, other: &Marks) -> Marks {
        // The last key is the one that is written on with, so ours stand last.
        let mut sections: Vec<_> = other.0.iter().filter(|(key, _)| self.of(key).is_none()).cloned().collect();
        for (key, own) in &self.0 {
            let others = other.of(key).filter(|others| others.len() > own.len());
            sections.push((*key, others.unwrap_or(own).to_vec()));
        }
        Marks(sections)
    }

    /// Those that stand behind the ones of `before`.
    fn since(&self, before: &Marks) -> Marks {
        let since = |(key, own): &([u8; 32], Vec<[u8; 32]>)| {
            let known = before.of(key).map_or(0, <[_]>::len).min(own.len());
            (*key, own[known..].to_vec())
        };
        Marks(self.0.iter().map(since).filter(|(_, marks)| !marks.is_empty()).collect())
    }

    fn of(&self, key: &[u8; 32]) -> Option<&[[u8; 32]]> {
        self.0.iter().find(|(own, _)| own == key).map(|(_, marks)| marks.as_slice())
    }
}

/// Keeps forgotten who was: adds what `restored`, a folder with restored data, knows of them to the file in `present`,
/// and notes in `restored` who was forgotten only since. Doing it again changes nothing. In `into`, which is `present`
/// or another folder, stands then what both know.
///
/// # Errors
/// When a file is damaged, or the disk refuses.
pub fn keep_forgotten(present: &Path, restored: &Path, into: &Path) -> Result<()> {
    let (now, then) = (Marks::load(&present.join(NAME))?, Marks::load(&restored.join(NAME))?);
    let again = now.since(&then);
    if !again.is_empty() {
        replace(&restored.join(AGAIN), &again.text())?;
    }
    let both = now.with(&then);
    if both != Marks::default() {
        replace(&into.join(NAME), &both.text())?;
    }
    Ok(())
}

fn mark(key: &[u8; 32], account: &str, open_id: &str) -> [u8; 32] {
    keyed_hash(key, format!("{account}\0{open_id}").as_bytes()).finalize().into_bytes().into()
}

fn bytes_of(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Writes a file of the owner's alone in the place of the one that is there, if any: whole or not at all, and durably.
///
/// # Errors
/// When the disk refuses.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) => Ok(File::open(folder)?.sync_all()?),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(dir: &Path, who: &[&str]) {
        let forgotten = Forgotten::of(dir);
        who.iter().for_each(|open_id| forgotten.note("main", open_id).unwrap());
    }

    #[test]
    fn who_was_forgotten_since_is_to_be_forgotten_again_and_nobody_else() {
        let (present, restored) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        noted(present.path(), &["oBefore", "oTwice"]);
        fs::copy(present.path().join(NAME), restored.path().join(NAME)).unwrap();
        noted(present.path(), &["oTwice", "oSince"]);
        let text = fs::read_to_string(present.path().join(NAME)).unwrap();
        assert!(!text.contains("oSince"), "it names nobody");
        for _ in 0..2 {
            keep_forgotten(present.path(), restored.path(), present.path()).unwrap();
            let again = Marks::load(&restored.path().join(AGAIN)).unwrap();
            for (who, is_meant) in [("oBefore", false), ("oTwice", true), ("oSince", true), ("oOther", false)] {
                assert_eq!(again.has("main", who), is_meant, "{who}");
            }
            assert!(!again.has("other", "oSince"), "of the other account");
        }
        assert_eq!(Marks::load(&present.path().join(NAME)).unwrap().0[0].1.len(), 4);
    }

    #[test]
    fn another_house_has_its_own_key_and_what_both_know_is_kept() {
        let (present, restored) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        noted(present.path(), &["oHere"]);
        noted(restored.path(), &["oThere"]);
        keep_forgotten(present.path(), restored.path(), present.path()).unwrap();
        let both = Marks::load(&present.path().join(NAME)).unwrap();
        assert!(both.has("main", "oHere") && both.has("main", "oThere"));
        noted(present.path(), &["oLater"]);
        assert!(Marks::load(&present.path().join(NAME)).unwrap().has("main", "oLater"));
    }

    #[test]
    fn a_line_that_was_cut_off_costs_nothing_but_itself() {
        let dir = tempfile::tempdir().unwrap();
        noted(dir.path(), &["oOne"]);
        let path = dir.path().join(NAME);
        let mut text = fs::read_to_string(&path).unwrap();
        text += "0123abc";
        fs::write(&path, &text).unwrap();
        noted(dir.path(), &["oTwo"]);
        let marks = Marks::load(&path).unwrap();
        assert!(marks.has("main", "oOne") && marks.has("main", "oTwo"));
        fs::write(&path, "something else that is long enough to be a line of such a file, but is none\n").unwrap();
        assert!(Marks::load(&path).is_err());
    }
}
