//! Followers as their owner and they themselves may ask about them: who there is, everything that is kept of one, and
//! who is not answered.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::last_words::LastWords;
use super::outcome::Outcome;
use super::quota::Usage;
use super::visit::Visit;
use super::wording::Word;
use super::{Desk, Result, roll};
use crate::kindle::{self, masked};
use crate::library::requests::follower_key;
use crate::library::subscriptions;
use crate::store::records::{BookId, DeliveryRecord, FollowerRecord, PlaceRecord, RequestRecord, SubscriptionRecord};
use crate::store::schema::{FOLLOWER_OF_ALIAS, FOLLOWERS, REQUESTS};
use crate::store::{self, Durability};

/// Deliveries of one follower that are shown.
const DELIVERIES_SHOWN: usize = 50;

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

impl Listed {
    /// What the follower is called in addresses: the alias; the openid if nothing else is kept.
    pub fn id(&self) -> &str {
        if self.record.alias.is_empty() { &self.open_id } else { &self.record.alias }
    }
}

/// What there is to see of one follower without a walk through the whole store.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// Who.
    pub follower: Listed,
    /// What they have used today.
    pub usage: Usage,
    /// What they said last, if it is remembered.
    pub last_words: Option<LastWords>,
    /// What they downloaded last, newest first; without a title if the book is gone.
    pub downloads: Vec<(BookId, Option<String>, DateTime<Utc>)>,
    /// What they asked for.
    pub requests: Vec<RequestRecord>,
    /// What they subscribe to.
    pub subscriptions: Vec<SubscriptionRecord>,
    /// Their mail addresses, masked, and whether they have proven them.
    pub addresses: Vec<(String, bool)>,
    /// Their latest deliveries.
    pub deliveries: Vec<DeliveryRecord>,
    /// What waits to be told to them.
    pub waiting: usize,
    /// Where they are in the conversation, if they are anywhere.
    pub place: Option<PlaceRecord>,
}

impl Desk {
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
                roll::delete(write, &key)?;
            } else {
                roll::put(write, &key, &FollowerRecord { blocked: is_blocked, ..met })?;
            }
            if is_blocked {
                self.kindle.give_up_all(write, &kindle::Who::new(account, open_id), now)?;
            }
            Ok::<_, store::Error>(true)
        })?)
    }

    /// What is known of a follower, if there is one.
    ///
    /// # Errors
    /// When the store or the library fails.
    pub fn dossier(&self, account: &str, open_id: &str, now: DateTime<Utc>) -> Result<Option<Dossier>> {
        let key = (account.to_owned(), open_id.to_owned());
        let Some(record) = self.store.get(&FOLLOWERS, &key)? else { return Ok(None) };
        let follower = Listed { account: key.0.clone(), open_id: key.1.clone(), record };
        let who = follower_key(account, open_id);
        let mut downloads = Vec::new();
        for (book, at) in &follower.record.downloads {
            downloads.push((*book, self.library.book(*book)?.map(|book| book.title), *at));
        }
        let mut requests = Vec::new();
        for request in super::follower::requests_of(&self.store, account, open_id)? {
            requests.extend(self.store.get(&REQUESTS, &request)?);
        }
        let addresses = self.kindle.all_addresses(&who)?.into_iter();
        let place = self.place(&key)?;
        Ok(Some(Dossier {
            usage: self.usage(&follower, now)?,
            last_words: self.last_words(account, open_id, now),
            downloads,
            requests,
            subscriptions: self.subscriptions_of(account, open_id)?,
            addresses: addresses.map(|(address, record)| (masked(&address), record.bound_at.is_some())).collect(),
            deliveries: self.kindle.deliveries(&who, DELIVERIES_SHOWN)?,
            waiting: self.waiting(&key, &self.wordings(), now)?.count(),
            place: place.filter(|place| place.expires_at > now),
            follower,
        }))
    }

    /// What a follower said last, if it is remembered.
    pub fn last_words(&self, account: &str, open_id: &str, now: DateTime<Utc>) -> Option<LastWords> {
        self.last_words.of(&(account.to_owned(), open_id.to_owned()), now)
    }

    /// What a follower subscribes to, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn subscriptions_of(&self, account: &str, open_id: &str) -> Result<Vec<SubscriptionRecord>> {
        let found = subscriptions::of(&self.store, account, open_id)?;
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    /// Every record that names the follower, by openid or alias, in whatever table: a copy to be handed out. It takes
    /// a walk through the whole store.
    ///
    /// # Errors
    /// When the store fails.
    pub fn export_follower(&self, account: &str, open_id: &str, now: DateTime<Utc>) -> Result<Value> {
        // Where they are may not be written yet.
        self.save_places()?;
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
        let last_words = self.last_words(account, open_id, now);
        let last_words = last_words.map(|words| json!({ "text": words.text, "at": words.at }));
        Ok(json!({
            "account": account, "open_id": open_id, "alias": alias, "addresses": addresses, "last_words": last_words,
            "records": records,
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
