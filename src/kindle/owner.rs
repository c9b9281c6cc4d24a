//! Pushes by the owner, to any address that followers could have: there is nothing to prove, because whoever holds the
//! account's books may send them. They stand in the same queue, count against the same letters of an hour and a day, and
//! end in the same rows as everybody's; nobody has to be told of their end, which the list of deliveries shows.

use chrono::{DateTime, Utc};

use super::{Address, Done, Kindle, Who};
use crate::store::records::{AddressRecord, BookId, DeliveryRecord, DeliveryState, Parcel};
use crate::store::schema::{ADDRESSES, DELIVERIES};
use crate::store::{self, Durability};

/// Whose the owner's addresses and deliveries are. No follower's key is like it: those have a slash.
pub const OWNER: &str = "owner";

impl Kindle {
    /// Queues a book for an address. `file` is its name as links have it; none, or for a Kindle: what the address takes
    /// best. The same book, file and address on the same day is one delivery; one that failed is tried anew. The address
    /// is remembered, see [`Kindle::addresses`] of [`OWNER`].
    ///
    /// # Errors
    /// When the store fails.
    pub fn send(
        &self,
        (book, title, file): (BookId, String, Option<String>),
        address: &Address,
        now: DateTime<Utc>,
    ) -> store::Result<Done> {
        let who = Who { key: OWNER.to_owned() };
        let owned = (who.key.clone(), self.seal.name(address.as_str()));
        let done = self.store.write(Durability::Durable, |write| {
            if write.get::<_, AddressRecord>(&ADDRESSES, &owned)?.is_none() {
                let record = AddressRecord {
                    address: self.seal.close(address.as_str()),
                    is_kindle: address.is_kindle(),
                    sender: self.sender_for(address),
                    bound_at: Some(now),
                    code: None,
                };
                write.put(&ADDRESSES, &owned, &record)?;
            }
            let what = format!("{}/{book}-{}", self.library.day(now), file.as_deref().unwrap_or("any"));
            let before: Option<DeliveryRecord> =
                write.get(&DELIVERIES, &(owned.0.clone(), format!("{what}/{}", owned.1)))?;
            if let Some(before) = before.filter(|before| before.state != DeliveryState::Failed) {
                return Ok(Done::PushedBefore(Box::new(self.opened(before))));
            }
            let parcel = Parcel::Book { book, title: title.clone(), file };
            self.enqueue(write, &who, &what, parcel, address.as_str(), now)?;
            Ok::<_, store::Error>(Done::Pushed { title, address: address.as_str().to_owned() })
        })?;
        self.bell.ring();
        Ok(done)
    }
}
