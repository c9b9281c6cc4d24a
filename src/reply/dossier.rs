//! Followers as their owner and they themselves may ask about them: who there is, everything that is kept of one, and
//! who is not answered.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::outcome::Outcome;
use super::visit::Visit;
use super::wording::Word;
use super::{Desk, Result};
use crate::kindle;
use crate::library::requests::follower_key;
use crate::store::records::FollowerRecord;
use crate::store::schema::{FOLLOWER_OF_ALIAS, FOLLOWERS};
use crate::store::{self, Durability};

/// Records in one step of a scan.
const PAGE: usize = 500;

/// A follower in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Of which account.
    pub account: String,
    /// Who.
    pub open_id: String,
    /// What is known of them.
    pub record: FollowerRecord,
}

impl Desk {
    /// The followers that `wanted` wants, who wrote last first, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn followers(&self, limit: usize, wanted: impl Fn(&Listed) -> bool) -> Result<Vec<Listed>> {
        let mut found: Vec<Listed> = Vec::new();
        let mut after: Option<(String, String)> = None;
        loop {
            let page: Vec<((String, String), FollowerRecord)> = self.store.page(&FOLLOWERS, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| key.clone());
            let listed = page.into_iter().map(|((account, open_id), record)| Listed { account, open_id, record });
            found.extend(listed.filter(|listed| wanted(listed)));
            found.sort_by_key(|listed| std::cmp::Reverse(listed.record.seen_at));
            found.truncate(limit);
            if is_last {
                return Ok(found);
            }
        }
    }

    /// The follower of this openid, or of this alias, in one of the accounts.
    ///
    /// # Errors
    /// When the store fails.
    pub fn find_followers(&self, accounts: &[&str], id: &str) -> Result<Vec<Listed>> {
        let mut keys: Vec<(String, String)> =
            accounts.iter().map(|account| ((*account).to_owned(), id.to_owned())).collect();
        let of_alias = self.store.get(&FOLLOWER_OF_ALIAS, &id.to_owned())?;
        keys.extend(of_alias.filter(|(account, _)| accounts.contains(&account.as_str())));
        let mut found = Vec::new();
        for key in keys {
            let record = self.store.get(&FOLLOWERS, &key)?;
            found.extend(record.map(|record| Listed { account: key.0, open_id: key.1, record }));
        }
        Ok(found)
    }

    /// Has a follower answered no more, or again; also one who has never written. False if it was so already.
    ///
    /// # Errors
    /// When the store fails.
    pub fn block(&self, account: &str, open_id: &str, is_blocked: bool, now: DateTime<Utc>) -> Result<bool> {
        let key = (account.to_owned(), open_id.to_owned());
        Ok(self.store.write(Durability::Durable, |write| {
            let known: Option<FollowerRecord> = write.get(&FOLLOWERS, &key)?;
            if known.as_ref().is_some_and(|known| known.blocked) == is_blocked {
                return Ok(false);
            }
            let met = known.unwrap_or_else(|| FollowerRecord { since: now, seen_at: now, ..FollowerRecord::default() });
            if !is_blocked && met.alias.is_empty() {
                // All that was kept is that they are blocked. They are met anew.
                write.delete(&FOLLOWERS, &key);
            } else {
                write.put(&FOLLOWERS, &key, &FollowerRecord { blocked: is_blocked, ..met })?;
            }
            if is_blocked {
                self.kindle.give_up_all(write, &kindle::Who::new(account, open_id), now)?;
            }
            Ok::<_, store::Error>(true)
        })?)
    }

    /// Every record that names the follower, by openid or alias, in whatever table: a copy to be handed out. It takes
    /// a walk through the whole store.
    ///
    /// # Errors
    /// When the store fails.
    pub fn export_follower(&self, account: &str, open_id: &str) -> Result<Value> {
        let key = (account.to_owned(), open_id.to_owned());
        let alias = self.store.get(&FOLLOWERS, &key)?.map(|follower| follower.alias).unwrap_or_default();
        let names: Vec<&str> = [open_id, alias.as_str()].into_iter().filter(|name| !name.is_empty()).collect();
        let records: Vec<Value> = self
            .store
            .naming(&names)?
            .into_iter()
            .map(|named| json!({ "table": named.table, "key": named.key, "value": named.value }))
            .collect();
        // In the records they are closed, and it is the follower's copy.
        let addresses = self.kindle.all_addresses(&follower_key(account, open_id))?;
        let addresses: Vec<String> = addresses.into_iter().map(|(address, _)| address).collect();
        Ok(json!({
            "account": account, "open_id": open_id, "alias": alias, "addresses": addresses, "records": records,
        }))
    }
}

impl Visit<'_> {
    /// What is kept of the follower, by kind and number.
    pub(super) fn my_data(&self) -> Result<Outcome> {
        let key = (self.account.to_owned(), self.open_id.to_owned());
        let traces = self.desk.traces(&key)?;
        let mail = kindle::Traces::of(&self.desk.store, &follower_key(self.account, self.open_id))?;
        let (addresses, deliveries) = mail.counts();
        let day = |at: DateTime<Utc>| self.desk.library.day(at);
        let values = [
            ("since", day(self.follower.since)),
            ("seen", day(self.follower.seen_at)),
            ("downloads", self.follower.downloads.len().to_string()),
            ("counts", traces.quotas.len().to_string()),
            ("requests", traces.requests.len().to_string()),
            ("notices", traces.notices.len().to_string()),
            ("subscriptions", traces.subscriptions.len().to_string()),
            ("addresses", addresses.to_string()),
            ("deliveries", deliveries.to_string()),
            ("answers", traces.answers.len().to_string()),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Ok(Outcome::say(self.words.say(Word::MyData, &values)))
    }
}
