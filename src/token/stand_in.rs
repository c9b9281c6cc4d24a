//! What an SDK gets as its access_token when it talks to the platform through the relay: something that is good here
//! and nowhere else. The real token never leaves this server for it.
//!
//! A stand-in is made from a key for an account, and dies with the key: `rt_`, the key's public part, its end, a keyed
//! hash of all, and the account.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::Mac;

use super::keys::unhex;
use super::{Access, Denied, Keys};
use crate::secret::{Secret, keyed_hash};
use crate::store::hex;

/// As long as the platform's own live.
const LIVES: TimeDelta = TimeDelta::hours(2);

/// Makes and reads stand-ins.
pub struct StandIns([u8; 32]);

impl StandIns {
    /// With a key that every start has again.
    pub fn new(key: [u8; 32]) -> StandIns {
        StandIns(key)
    }

    /// A stand-in for this key and account, and the seconds it lives.
    pub fn make(&self, access: &Access, account: &str, now: DateTime<Utc>) -> (Secret, u64) {
        let end = (now + LIVES).timestamp();
        let hash = hex(&keyed_hash(&self.0, message(access.id(), end, account).as_bytes()).finalize().into_bytes());
        (Secret::new(format!("rt_{}_{end}_{hash}_{account}", access.id())), LIVES.num_seconds().unsigned_abs())
    }

    /// Whether this is meant to be one.
    pub fn is_one(text: &str) -> bool {
        text.starts_with("rt_")
    }

    /// What a request with this stand-in may do, and for which account: what its key may, now.
    ///
    /// # Errors
    /// As [`Keys::access`]; also when its time is over.
    pub fn access(
        &self,
        stand_in: &str,
        keys: &Keys,
        peer: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<(Access, String), Denied> {
        // The account comes last because its name may hold what separates the parts.
        let mut parts = stand_in.strip_prefix("rt_").unwrap_or_default().splitn(4, '_');
        let [Some(id), Some(end), Some(hash), Some(account)] = std::array::from_fn(|_| parts.next()) else {
            return Err(Denied::Unknown);
        };
        let end: i64 = end.parse().map_err(|_| Denied::Unknown)?;
        let tag = unhex(hash).ok_or(Denied::Unknown)?;
        keyed_hash(&self.0, message(id, end, account).as_bytes()).verify_slice(&tag).map_err(|_| Denied::Unknown)?;
        if end <= now.timestamp() {
            return Err(Denied::Unknown);
        }
        Ok((keys.access_by_id(id, peer, now)?, account.to_owned()))
    }
}

fn message(id: &str, end: i64, account: &str) -> String {
    format!("rt1|{id}|{end}|{account}")
}
