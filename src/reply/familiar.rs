//! What an answer needs to know of a follower, kept in memory: five look-ups and the decoding of a record are a sixth
//! of what an answer at once costs. The store stays the only truth: stamps tell whether what is kept still holds.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::follower::is_known;
use super::{Desk, Result};
use crate::library::requests::follower_key;
use crate::library::subscriptions::WEEKLY;
use crate::store::Stamp;
use crate::store::records::FollowerRecord;
use crate::store::schema::{DELIVERY_NEWS, FOLLOWERS, LATE, NOTICES, SUBSCRIPTIONS};

/// Most followers kept; some 300 bytes each. Who has not written for an hour is of no use here.
const MOST: usize = 10_000;

/// Followers by account and openid.
#[derive(Default)]
pub(super) struct Familiars(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    count: usize,
    /// In two steps, so that looking one up copies no name.
    by_account: HashMap<String, HashMap<String, Familiar>>,
}

/// A follower who has been seen within the hour, or is blocked.
#[derive(Clone)]
pub(super) struct Familiar {
    pub(super) follower: Arc<FollowerRecord>,
    /// Something else may go out with the next answer: a late answer, a notice, news of a delivery, a weekly list.
    pub(super) is_waited_for: bool,
    stamps: [Stamp; 5],
}

impl Desk {
    /// The follower, if known and as they should be.
    pub(super) fn familiar(&self, account: &str, open_id: &str, now: DateTime<Utc>) -> Result<Option<Familiar>> {
        if let Some(kept) = self.familiars.get(account, open_id)
            && kept.stamps.iter().all(|stamp| self.store.is_current(*stamp))
        {
            return Ok(is_known(kept.follower.blocked, false, kept.follower.seen_at, now).then_some(kept));
        }
        let who = (account.to_owned(), open_id.to_owned());
        let waiting = follower_key(account, open_id);
        let weekly = (waiting.clone(), WEEKLY.to_owned());
        // Before anything is read: what changes in between makes the stamp an old one.
        let stamps = [
            self.store.stamp(&FOLLOWERS, &who),
            self.store.stamp(&LATE, &who),
            self.store.stamp_under(&NOTICES, &waiting),
            self.store.stamp_under(&DELIVERY_NEWS, &waiting),
            self.store.stamp(&SUBSCRIPTIONS, &weekly),
        ];
        let Some(follower) = self.known(&who, now)? else { return Ok(None) };
        let is_waited_for = self.store.get(&LATE, &who)?.is_some()
            || !self.store.under(&NOTICES, &waiting, 1)?.is_empty()
            || !self.store.under(&DELIVERY_NEWS, &waiting, 1)?.is_empty()
            || self.store.get(&SUBSCRIPTIONS, &weekly)?.is_some();
        let familiar = Familiar { follower: Arc::new(follower), is_waited_for, stamps };
        self.familiars.keep(who, familiar.clone());
        Ok(Some(familiar))
    }
}

impl Familiars {
    fn get(&self, account: &str, open_id: &str) -> Option<Familiar> {
        self.0.lock().by_account.get(account)?.get(open_id).cloned()
    }

    fn keep(&self, (account, open_id): (String, String), familiar: Familiar) {
        let mut kept = self.0.lock();
        if kept.count >= MOST {
            // They are found again at their next message.
            *kept = Kept::default();
        }
        let is_new = kept.by_account.entry(account).or_default().insert(open_id, familiar).is_none();
        kept.count += usize::from(is_new);
    }
}
