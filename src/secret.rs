//! A string that must not be printed: tokens, keys, passwords.
//!
//! It hides the value from logs and error messages. It does not encrypt it, and it does not wipe it
//! from memory: whoever reads this process's memory has lost us more than one string. Files that hold secrets are
//! written here, too.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::{fmt, fs, io};

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// A secret string. `Debug` and `Display` print `***`; only [`Secret::expose`] gives the value.
///
/// It can be read from configuration (serde) but deliberately not written back.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes the value over as it is, without trimming.
    pub fn new(value: impl Into<String>) -> Self {
        Secret(value.into())
    }

    /// The value itself. Every call site is a place to look at when a secret leaks.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing was given, which for most settings means "not configured".
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Writes a file of the owner's alone, whole or not at all, also in a power cut.
///
/// # Errors
/// When the disk is full, or the folder may not be written to.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = path.with_file_name(name);
    // What a crash has left may have another mode.
    let _ = fs::remove_file(&unfinished);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

/// The keyed hash (HMAC-SHA256) of a message, to be finished or verified.
pub fn keyed_hash(key: &[u8; 32], message: &[u8]) -> Hmac<Sha256> {
    // HMAC fills a key up to its block with zeros; doing it here leaves no length that could be wrong.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(message);
    mac
}

/// Takes the same time wherever the values differ; only their length can be learnt from it.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_never_printed() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?} {:#?}", Some(&secret)).matches("hunter2").count(), 0);
        assert_eq!(format!("{secret}"), "***");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn keyed_hash_is_hmac() {
        // RFC 4231, case 2, whose key is shorter still.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let hash = keyed_hash(&key, b"what do ya want for nothing?").finalize().into_bytes();
        assert_eq!(hash[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    }

    #[test]
    fn compares_by_value_and_reads_from_configuration() {
        #[derive(Deserialize)]
        struct File {
            password: Secret,
        }
        let file: File = toml::from_str("password = \"hunter2\"").unwrap();
        assert_eq!(file.password, Secret::new("hunter2"));
        assert_ne!(file.password, Secret::new("hunter3"));
        assert!(Secret::default().is_empty() && !file.password.is_empty());
    }
}
