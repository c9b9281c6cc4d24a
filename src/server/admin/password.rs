//! The admin's password: how it is judged, hashed and kept. There is one, and no user name.
//!
//! Kept is only an argon2id hash (19 MiB, 2 passes, 1 lane). Computing it takes tens of milliseconds on purpose, so
//! call it off the async threads and few at a time; `login` sees to both.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use serde_json::Value;

use crate::store::schema::{SESSIONS, SETTINGS};
use crate::store::{self, Durability, Store};

/// The fewest characters.
pub const SHORTEST: usize = 10;
/// The most bytes: more only costs time.
pub const LONGEST_BYTES: usize = 1024;
/// Where the hash is kept among the settings.
const SETTING: &str = "admin_password";

/// Why a password cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It would be guessed.
    #[error("the password has {0} characters; use at least 10, for example four unrelated words")]
    TooShort(usize),
    /// It is a file.
    #[error("the password is longer than 1024 bytes")]
    TooLong,
    /// The system gave no randomness or no memory.
    #[error("the password could not be hashed: {0}")]
    NotHashed(String),
}

/// Hashes a new password, as a PHC string (`$argon2id$…`).
///
/// # Errors
/// When it is too short or too long, or the system has no memory or randomness left.
pub fn hash(password: &str) -> Result<String, Unusable> {
    let characters = password.chars().count();
    if characters < SHORTEST {
        return Err(Unusable::TooShort(characters));
    }
    if password.len() > LONGEST_BYTES {
        return Err(Unusable::TooLong);
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| Unusable::NotHashed(error.to_string()))
}

/// Whether the password belongs to the hash. A hash that cannot be read belongs to none.
pub fn verify(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    password.len() <= LONGEST_BYTES && Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

/// Keeps a hash made by [`hash`] and ends every session, because whoever changes the password may do so to shut
/// somebody out.
///
/// # Errors
/// When the disk fails.
pub fn save(store: &Store, hash: &str) -> store::Result<()> {
    let sessions = store.page(&SESSIONS, None, usize::MAX)?;
    store.write(Durability::Durable, |write| {
        for (id, _) in &sessions {
            write.delete(&SESSIONS, id);
        }
        write.put(&SETTINGS, &SETTING.to_owned(), &Value::from(hash))
    })
}

/// The hash, if a password was ever set.
///
/// # Errors
/// When the disk fails.
pub fn saved(store: &Store) -> store::Result<Option<String>> {
    let value = store.get(&SETTINGS, &SETTING.to_owned())?;
    Ok(value.and_then(|value| value.as_str().map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again() {
        let hash = hash("书中自有黄金屋书中自有").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("书中自有黄金屋书中自有", &hash));
        assert!(!verify("书中自有黄金屋书中自在", &hash));
        assert!(!verify("", &hash));
        assert!(!verify("anything at all", "not a hash"));
    }

    #[test]
    fn a_short_password_is_refused() {
        assert_eq!(hash("九个字的密码不够长"), Err(Unusable::TooShort(9)));
        assert_eq!(hash(&"x".repeat(1025)), Err(Unusable::TooLong));
    }
}
