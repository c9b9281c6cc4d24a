//! Keys of the token API: who may ask for what, from where, until when.
//!
//! A key is `bk_`, a public part, and 32 random bytes. It is shown once; what is kept is its hash, and SHA-256 is
//! enough for something nobody can guess. Every request is checked against memory, which follows the store at once, so
//! a revoked key is refused at the next request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Error, Result};
use crate::secret::Secret;
use crate::store::records::ApiKeyRecord;
use crate::store::schema::API_KEYS;
use crate::store::{self, Durability, Store, hex};

/// More keys than anybody has servers.
const MOST: usize = 1_000;
/// How exactly it is known when a key was last used, in seconds.
const NOTED_EVERY: i64 = 600;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// Read the access_token.
    #[serde(rename = "token:read")]
    Read,
    /// Report a refused token, and force a new one.
    #[serde(rename = "token:refresh")]
    Refresh,
    /// Set the token by hand.
    #[serde(rename = "token:set")]
    Set,
    /// Read tickets, and have pages signed.
    #[serde(rename = "ticket:read")]
    Ticket,
    /// Have calls of the platform's API passed on.
    #[serde(rename = "relay")]
    Relay,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 5] = [Scope::Read, Scope::Refresh, Scope::Set, Scope::Ticket, Scope::Relay];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Read => "token:read",
            Scope::Refresh => "token:refresh",
            Scope::Set => "token:set",
            Scope::Ticket => "ticket:read",
            Scope::Relay => "relay",
        }
    }

    /// The scope of this name.
    pub fn of(name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The accounts it is for; none means all.
    pub accounts: Vec<String>,
    /// Networks it may be used from; none means all.
    pub networks: Vec<IpNet>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a request may do, by its key.
#[derive(Clone, Debug)]
pub struct Access(Arc<Known>);

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is no key, or none that is known. One answer for all of these, so that nothing can be learnt from it.
    #[error("the key is missing, unknown, revoked or over; make one with: shutong key add")]
    Unknown,
    /// The key may not be used from this address.
    #[error("this key may not be used from this address")]
    Network,
    /// The key may not do that, or not for this account.
    #[error("this key may not do that; its scopes are set by: shutong key add --scope")]
    Scope,
}

/// All keys.
pub struct Keys {
    store: Arc<Store>,
    known: RwLock<HashMap<String, Arc<Known>>>,
}

/// A key as every request needs it. Shared with the requests under way.
#[derive(Debug)]
struct Known {
    id: String,
    hash: [u8; 32],
    scopes: Vec<Scope>,
    accounts: Vec<String>,
    networks: Vec<IpNet>,
    expires_at: Option<DateTime<Utc>>,
    /// When it was last used, in Unix seconds; 0 if never.
    used_at: AtomicI64,
}

impl Keys {
    /// Reads the keys.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open(store: Arc<Store>) -> store::Result<Keys> {
        let keys = Keys { store, known: RwLock::default() };
        keys.read()?;
        Ok(keys)
    }

    /// Makes a key and gives it, once. `random` is 32 bytes for the secret part and 5 for the public one.
    ///
    /// # Errors
    /// When it has neither name nor scope, or the store fails.
    pub fn add(&self, new: &NewKey, random: [u8; 37], now: DateTime<Utc>) -> Result<(String, Secret)> {
        if new.name.trim().is_empty() || new.scopes.is_empty() {
            return Err(Error::Refused("a key needs a name and at least one scope".into()));
        }
        // Only so many are read; one more would push another out.
        if self.known.read().len() >= MOST {
            return Err(Error::Refused(format!("there are {MOST} keys already; revoke some that nobody uses")));
        }
        let id = hex(&random[32..]);
        let key = format!("bk_{id}_{}", hex(&random[..32]));
        let record = ApiKeyRecord {
            name: new.name.trim().to_owned(),
            hash: hex(&digest(&key)),
            scopes: new.scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            accounts: new.accounts.clone(),
            networks: new.networks.iter().map(ToString::to_string).collect(),
            created_at: now,
            expires_at: new.expires_at,
            used_at: None,
        };
        self.store.write(Durability::Durable, |write| write.put(&API_KEYS, &id, &record))?;
        self.read()?;
        Ok((id, Secret::new(key)))
    }

    /// All keys, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list(&self) -> Result<Vec<(String, ApiKeyRecord)>> {
        let mut keys = self.store.page(&API_KEYS, None, MOST)?;
        keys.sort_by_key(|(_, record)| record.created_at);
        Ok(keys)
    }

    /// Ends a key at once; says whether there was one.
    ///
    /// # Errors
    /// When the store fails.
    pub fn revoke(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        let was_there = self.store.write(Durability::Durable, |write| {
            let was_there = write.get(&API_KEYS, &id)?.is_some();
            write.delete(&API_KEYS, &id);
            Ok::<_, store::Error>(was_there)
        })?;
        self.read()?;
        Ok(was_there)
    }

    /// What a request with this key, from this address, may do.
    ///
    /// # Errors
    /// [`Denied::Unknown`] or [`Denied::Network`].
    pub fn access(&self, key: &str, peer: Option<IpAddr>, now: DateTime<Utc>) -> Result<Access, Denied> {
        let id = key.strip_prefix("bk_").and_then(|rest| rest.split_once('_')).map(|(id, _)| id);
        self.checked(id.unwrap_or_default(), peer, now, |known| digest(key).ct_eq(&known.hash).into())
    }

    /// The same for something that stands in for the key with this public part, and was made from it here.
    pub(super) fn access_by_id(&self, id: &str, peer: Option<IpAddr>, now: DateTime<Utc>) -> Result<Access, Denied> {
        self.checked(id, peer, now, |_| true)
    }

    fn checked(
        &self,
        id: &str,
        peer: Option<IpAddr>,
        now: DateTime<Utc>,
        is_right: impl Fn(&Known) -> bool,
    ) -> Result<Access, Denied> {
        let Some(known) = self.known.read().get(id).cloned() else { return Err(Denied::Unknown) };
        if !is_right(&known) || known.expires_at.is_some_and(|end| end <= now) {
            return Err(Denied::Unknown);
        }
        if !known.networks.is_empty() {
            let peer = peer.map(|peer| peer.to_canonical());
            let is_near = |peer| known.networks.iter().any(|network| network.contains(&peer));
            if !peer.is_some_and(is_near) {
                return Err(Denied::Network);
            }
        }
        let used_at = known.used_at.load(Ordering::Relaxed);
        if (now.timestamp() - used_at).abs() >= NOTED_EVERY {
            self.note_use(&known, now);
        }
        Ok(Access(known))
    }

    /// Notes that a key was used. It does not bring a revoked one back.
    fn note_use(&self, known: &Known, now: DateTime<Utc>) {
        known.used_at.store(now.timestamp(), Ordering::Relaxed);
        let noted = self.store.write(Durability::Soon, |write| {
            if let Some(mut record) = write.get(&API_KEYS, &known.id)? {
                record.used_at = Some(now);
                write.put(&API_KEYS, &known.id, &record)?;
            }
            Ok::<_, store::Error>(())
        });
        if let Err(error) = noted {
            log::error!("noting the use of a key: {error}");
        }
    }

    fn read(&self) -> store::Result<()> {
        // Locked before the store is read: else what was read before somebody revoked a key could come in after it.
        let mut all = self.known.write();
        let keys: Vec<(String, ApiKeyRecord)> = self.store.page(&API_KEYS, None, MOST)?;
        let known = keys.into_iter().filter_map(|(id, record)| Some((id.clone(), Arc::new(Known::of(id, record)?))));
        *all = known.collect();
        Ok(())
    }
}

impl Known {
    /// `None` for a record that cannot be a key's.
    fn of(id: String, record: ApiKeyRecord) -> Option<Known> {
        // A network that cannot be read must not open the key to all.
        let nowhere = || IpNet::from(IpAddr::from([0, 0, 0, 0]));
        Some(Known {
            id,
            hash: unhex(&record.hash)?.try_into().ok()?,
            scopes: record.scopes.iter().filter_map(|name| Scope::of(name)).collect(),
            accounts: record.accounts,
            networks: record.networks.iter().map(|text| text.parse().unwrap_or_else(|_| nowhere())).collect(),
            expires_at: record.expires_at,
            used_at: AtomicI64::new(record.used_at.map_or(0, |at| at.timestamp())),
        })
    }
}

impl Access {
    /// The public part of the key.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Whether it may do this at all.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.scopes.contains(&scope)
    }

    /// The account it is for, if it is for one only.
    pub fn only_account(&self) -> Option<&str> {
        match &*self.0.accounts {
            [account] => Some(account),
            _ => None,
        }
    }

    /// Whether it may do this for this account.
    ///
    /// # Errors
    /// [`Denied::Scope`].
    pub fn require(&self, scope: Scope, account: &str) -> Result<(), Denied> {
        let accounts = &self.0.accounts;
        let is_for = accounts.is_empty() || accounts.iter().any(|name| name == account);
        if self.0.scopes.contains(&scope) && is_for { Ok(()) } else { Err(Denied::Scope) }
    }
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// 32 bytes written as 64 digits.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| (0..64).step_by(2).filter_map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_does_what_it_may_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let keys = Keys::open(Arc::clone(&store)).unwrap();
        let now = at("2026-11-27T00:00:00Z");
        let new = NewKey {
            name: "crm".into(),
            scopes: vec![Scope::Read],
            accounts: vec!["main".into()],
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            expires_at: Some(at("2026-12-01T00:00:00Z")),
        };
        let (id, key) = keys.add(&new, [7; 37], now).unwrap();
        let home: Option<IpAddr> = Some("10.1.2.3".parse().unwrap());
        let access = keys.access(key.expose(), home, now).unwrap();
        assert_eq!(access.require(Scope::Read, "main"), Ok(()));
        assert_eq!(access.require(Scope::Read, "other"), Err(Denied::Scope));
        assert_eq!(access.require(Scope::Refresh, "main"), Err(Denied::Scope));
        let mapped: Option<IpAddr> = Some("::ffff:10.1.2.3".parse().unwrap());
        assert!(keys.access(key.expose(), mapped, now).is_ok());
        for other in [None, Some("11.0.0.1".parse().unwrap())] {
            assert_eq!(keys.access(key.expose(), other, now).unwrap_err(), Denied::Network);
        }
        let almost = format!("{}0", &key.expose()[..key.expose().len() - 1]);
        for wrong in [&*almost, "", "bk_", "bk__", &format!("bk_{id}_")] {
            assert_eq!(keys.access(wrong, home, now).unwrap_err(), Denied::Unknown, "{wrong}");
        }
        assert_eq!(keys.access(key.expose(), home, at("2026-12-01T00:00:00Z")).unwrap_err(), Denied::Unknown);
        let record = store.get(&API_KEYS, &id).unwrap().unwrap();
        assert!(record.used_at == Some(now) && !record.hash.contains(&key.expose()[20..40]));
        assert!(Keys::open(store).unwrap().access(key.expose(), home, now).is_ok(), "after a restart");
        assert!(keys.revoke(&id).unwrap() && !keys.revoke(&id).unwrap());
        assert_eq!(keys.access(key.expose(), home, now).unwrap_err(), Denied::Unknown);
    }

    #[test]
    fn one_key_too_many_is_refused_and_pushes_none_out() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let now = at("2026-11-27T00:00:00Z");
        let new = NewKey {
            name: "crm".into(),
            scopes: vec![Scope::Read],
            accounts: Vec::new(),
            networks: Vec::new(),
            expires_at: None,
        };
        let (id, key) = Keys::open(Arc::clone(&store)).unwrap().add(&new, [0xff; 37], now).unwrap();
        let record = store.get(&API_KEYS, &id).unwrap().unwrap();
        let filled = store.write(Durability::Soon, |write| {
            (1..MOST).try_for_each(|number| write.put(&API_KEYS, &format!("{number:010}"), &record))
        });
        filled.unwrap_or_else(|error: store::Error| panic!("{error}"));
        let keys = Keys::open(store).unwrap();
        assert!(matches!(keys.add(&new, [7; 37], now), Err(Error::Refused(why)) if why.contains("1000")));
        assert!(keys.access(key.expose(), None, now).is_ok());
    }
}
