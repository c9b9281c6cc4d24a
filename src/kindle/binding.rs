//! Whose an address is. It is a follower's once a code that was sent there has been typed by that follower; typed by
//! another one later, it goes over to that one, who reads the mail now.

use chrono::{DateTime, Duration, Utc};
use subtle::ConstantTimeEq;

use super::{Address, Done, Kindle, Who, bare};
use crate::store::records::{AddressRecord, CodeRecord, Parcel};
use crate::store::schema::{ADDRESSES, FOLLOWER_OF_ADDRESS, QUOTAS};
use crate::store::{self, ContentHash, Write};

/// How often a code may be typed wrong.
const TRIES: u32 = 3;
/// How long a code can be used.
const CODE_LIVES: Duration = Duration::hours(24);

impl Kindle {
    /// Notes the address, unproven, and queues the letter with the code. The code is the same on a repeat within its
    /// life, so that the second letter is as good as the first, but its tries are not renewed.
    pub(super) fn bind(
        &self,
        write: &mut Write<'_>,
        who: &Who,
        address: Address,
        digits: String,
        now: DateTime<Utc>,
    ) -> store::Result<Done> {
        let key = (who.key.clone(), self.seal.name(address.as_str()));
        let known: Option<AddressRecord> = write.get(&ADDRESSES, &key)?;
        if known.as_ref().is_some_and(|known| known.bound_at.is_some()) && self.is_owner(write, &key)? {
            return Ok(Done::AlreadyBound(address.as_str().to_owned()));
        }
        let most = self.settings.limits.addresses;
        if known.is_none() && self.all_addresses(&who.key)?.len() >= most as usize {
            return Ok(Done::TooManyAddresses(most));
        }
        let most = self.settings.limits.codes_per_day;
        let day = self.library.day(now);
        // Several followers together must not send more to somebody who has asked for nothing, nor use up the letters
        // that books need.
        let counters = [self.counter("codes-of", &who.key, &day), self.counter("codes-to", address.as_str(), &day)];
        let all = (day.clone(), "codes".to_owned());
        if write.get(&QUOTAS, &all)?.unwrap_or(0) >= u64::from(self.settings.limits.letters_per_day / 4) {
            return Ok(Done::TooManyCodes(most));
        }
        for counter in &counters {
            if write.get(&QUOTAS, counter)?.unwrap_or(0) >= u64::from(most) {
                return Ok(Done::TooManyCodes(most));
            }
        }
        let mut sent_before = 0;
        for counter in [&all, &counters[0], &counters[1]] {
            sent_before = write.get(&QUOTAS, counter)?.unwrap_or(0);
            write.put(&QUOTAS, counter, &(sent_before + 1))?;
        }
        let sender = known.as_ref().map(|known| known.sender.clone()).filter(|sender| !sender.is_empty());
        let sender = sender.unwrap_or_else(|| self.sender_for(&address));
        let open = known.and_then(|known| known.code).filter(|code| is_open(code, now));
        let code = open.unwrap_or(CodeRecord { digits, tries_left: TRIES, ends_at: now + CODE_LIVES });
        let record = AddressRecord {
            address: self.seal.close(address.as_str()),
            is_kindle: address.is_kindle(),
            sender: sender.clone(),
            bound_at: None,
            code: Some(code),
        };
        write.put(&ADDRESSES, &key, &record)?;
        let what = format!("{day}/code-{sent_before}");
        self.enqueue(write, who, &what, Parcel::Code, address.as_str(), now)?;
        Ok(Done::CodeSent { address, sender })
    }

    /// Tries the digits on every address that waits for a code. A wrong one costs a try of each.
    pub(super) fn enter(
        &self,
        write: &mut Write<'_>,
        who: &Who,
        digits: &str,
        now: DateTime<Utc>,
    ) -> store::Result<Done> {
        let mut left = None;
        for (address, _) in self.all_addresses(&who.key)? {
            let key = (who.key.clone(), self.seal.name(&address));
            // Read in the write: two guesses at the same time are two.
            let Some(mut record) = write.get::<_, AddressRecord>(&ADDRESSES, &key)? else { continue };
            let Some(code) = record.code.as_mut().filter(|code| is_open(code, now)) else { continue };
            if bool::from(code.digits.as_bytes().ct_eq(digits.as_bytes())) {
                return self.proven(write, (key, address), record, now);
            }
            code.tries_left -= 1;
            left = left.max(Some(code.tries_left));
            write.put(&ADDRESSES, &key, &record)?;
        }
        Ok(left.map_or(Done::NoCode, Done::WrongCode))
    }

    fn proven(
        &self,
        write: &mut Write<'_>,
        (key, address): ((String, String), String),
        record: AddressRecord,
        now: DateTime<Utc>,
    ) -> store::Result<Done> {
        if let Some(before) = write.get(&FOLLOWER_OF_ADDRESS, &key.1)?.filter(|before| *before != key.0) {
            write.delete(&ADDRESSES, &(before, key.1.clone()));
        }
        let bound = AddressRecord { bound_at: Some(now), code: None, ..record };
        write.put(&ADDRESSES, &key, &bound)?;
        write.put(&FOLLOWER_OF_ADDRESS, &key.1, &key.0)?;
        Ok(Done::Bound(address))
    }

    /// Forgets an address, and what was or is to be sent there.
    pub(super) fn unbind(&self, write: &mut Write<'_>, who: &Who, address: String) -> store::Result<Done> {
        let key = (who.key.clone(), self.seal.name(&address));
        if write.get(&ADDRESSES, &key)?.is_none() {
            return Ok(Done::NotBound(address));
        }
        if self.is_owner(write, &key)? {
            write.delete(&FOLLOWER_OF_ADDRESS, &key.1);
        }
        write.delete(&ADDRESSES, &key);
        self.forget_deliveries(write, &key)?;
        Ok(Done::Unbound(address))
    }

    /// Whether the follower of this key has proven the address, and nobody else since.
    pub(super) fn is_owner(&self, write: &Write<'_>, key: &(String, String)) -> store::Result<bool> {
        Ok(write.get(&FOLLOWER_OF_ADDRESS, &key.1)?.as_ref() == Some(&key.0))
    }

    /// One of our senders, always the same for an address, so that one approval is enough.
    pub(super) fn sender_for(&self, address: &Address) -> String {
        let senders = &self.settings.senders;
        let number = ContentHash::of(address.as_str().as_bytes()).as_str()[..16]
            .bytes()
            .fold(0_usize, |sum, byte| sum * 31 % 65_521 + usize::from(byte));
        senders.get(number % senders.len().max(1)).map(|server| bare(&server.from).to_owned()).unwrap_or_default()
    }
}

/// Whether a code can still prove something.
pub(super) fn is_open(code: &CodeRecord, now: DateTime<Utc>) -> bool {
    code.tries_left > 0 && now < code.ends_at
}
