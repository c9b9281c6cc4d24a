//! Deliveries as rows: asked for, counted, found again, forgotten.

use chrono::{DateTime, Duration, Utc};

use super::{Done, Kindle, MOST_ROWS, OWNER, Who, seal};
use crate::store::records::{BookId, DeliveryRecord, DeliveryState, DeliveryTrouble, Parcel};
use crate::store::schema::{ADDRESSES, DELIVERIES, DELIVERY_NEWS, DELIVERY_QUEUE, FOLLOWER_OF_ADDRESS, QUOTAS};
use crate::store::{self, Durability, Store, Write};

/// How long a row is kept after its end.
pub(super) const KEPT: Duration = Duration::days(30);
/// Rows in one step of a scan.
const PAGE: usize = 500;
/// Counts the deliveries there have been: the last number given.
const NUMBER: &str = "delivery_number";
/// Counts the books that a follower has had sent on a day.
const PUSHES: &str = "pushes-of";

/// What is kept of a follower: addresses, deliveries. Found before the write that forgets them.
pub struct Traces {
    addresses: Vec<String>,
    deliveries: Vec<(String, u64)>,
}

impl DeliveryRecord {
    /// Whether it has been sent or given up.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, DeliveryState::Sent | DeliveryState::Failed)
    }

    /// Whether it is a book.
    pub fn is_book(&self) -> bool {
        matches!(self.parcel, Parcel::Book { .. })
    }
}

impl Kindle {
    /// Queues a book, unless the same was asked for today: then says how that stands. One that failed is tried anew.
    pub(super) fn push(
        &self,
        write: &mut Write<'_>,
        who: &Who,
        (book, title, file): (BookId, String, Option<String>),
        address: String,
        now: DateTime<Utc>,
    ) -> store::Result<Done> {
        let owned = (who.key.clone(), self.seal.name(&address));
        if !self.is_owner(write, &owned)? {
            return Ok(Done::NotBound(address));
        }
        let day = self.library.day(now);
        let what = format!("{day}/{book}-{}", file.as_deref().unwrap_or("any"));
        let key = (who.key.clone(), format!("{what}/{}", owned.1));
        let before: Option<DeliveryRecord> = write.get(&DELIVERIES, &key)?;
        if let Some(before) = before.filter(|before| before.state != DeliveryState::Failed) {
            return Ok(Done::PushedBefore(Box::new(self.opened(before))));
        }
        let counter = self.counter(PUSHES, &who.key, &day);
        let used = write.get(&QUOTAS, &counter)?.unwrap_or(0);
        let most = self.settings.limits.pushes_per_day;
        if used >= u64::from(most) {
            return Ok(Done::TooManyPushes(most));
        }
        write.put(&QUOTAS, &counter, &(used + 1))?;
        let parcel = Parcel::Book { book, title: title.clone(), file };
        self.enqueue(write, who, &what, parcel, &address, now)?;
        Ok(Done::Pushed { title, address })
    }

    /// Queues a parcel; `what` tells it from others of the follower to the same address.
    pub(super) fn enqueue(
        &self,
        write: &mut Write<'_>,
        who: &Who,
        what: &str,
        parcel: Parcel,
        address: &str,
        now: DateTime<Utc>,
    ) -> store::Result<()> {
        let number = write.count(NUMBER, 1)?;
        let key = (who.key.clone(), format!("{what}/{}", self.seal.name(address)));
        let row = DeliveryRecord {
            number,
            parcel,
            address: self.seal.close(address),
            queued_at: now,
            state: DeliveryState::Queued,
            attempts: 0,
            next_at: now,
            ended_at: None,
            trouble: None,
        };
        write.put(&DELIVERIES, &key, &row)?;
        write.delete(&DELIVERY_NEWS, &key);
        write.put(&DELIVERY_QUEUE, &number, &key)
    }

    /// Deletes the rows of this follower's deliveries to the address of this name.
    pub(super) fn forget_deliveries(&self, write: &mut Write<'_>, owner: &(String, String)) -> store::Result<()> {
        for (key, row) in self.store.under(&DELIVERIES, &owner.0, MOST_ROWS)? {
            if seal::name_of(&row.address) == owner.1 {
                write.delete(&DELIVERIES, &key);
                write.delete(&DELIVERY_NEWS, &key);
                write.delete(&DELIVERY_QUEUE, &row.number);
            }
        }
        Ok(())
    }

    /// Gives up what waits to be sent to a follower who is blocked from now on: it must not go out later by itself. What
    /// is being handed in at this moment notes its own end.
    ///
    /// # Errors
    /// When the store fails.
    pub fn give_up_all(&self, write: &mut Write<'_>, who: &Who, now: DateTime<Utc>) -> store::Result<()> {
        for (key, mut row) in self.store.under(&DELIVERIES, &who.key, MOST_ROWS)? {
            if matches!(row.state, DeliveryState::Queued | DeliveryState::Retry) {
                row.trouble = Some(DeliveryTrouble::Blocked);
                self.end(write, &key, row, DeliveryState::Failed, now)?;
            }
        }
        Ok(())
    }

    /// The latest deliveries of everybody that are wanted, for the owner.
    ///
    /// # Errors
    /// When the store fails.
    pub fn latest(
        &self,
        limit: usize,
        wanted: impl Fn(&DeliveryRecord) -> bool,
    ) -> store::Result<Vec<((String, String), DeliveryRecord)>> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let page: Vec<((String, String), DeliveryRecord)> = self.store.page(&DELIVERIES, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| key.clone());
            rows.extend(page.into_iter().filter(|(_, row)| wanted(row)).map(|(key, row)| (key, self.opened(row))));
            rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.number));
            rows.truncate(limit);
            if is_last {
                return Ok(rows);
            }
        }
    }

    /// Sends a delivery again that failed, or at once one that waits. `None` if there is no such number, or it was sent.
    ///
    /// # Errors
    /// When the store fails.
    pub fn retry(&self, number: u64, now: DateTime<Utc>) -> store::Result<Option<DeliveryRecord>> {
        let Some((key, _)) = self.latest(1, |row| row.number == number)?.pop() else { return Ok(None) };
        let retried = self.store.write(Durability::Durable, |write| {
            let row = write.get::<_, DeliveryRecord>(&DELIVERIES, &key)?;
            let Some(row) = row.filter(|row| row.state != DeliveryState::Sent) else { return Ok(None) };
            queue_again(write, &key, row, now).map(Some)
        })?;
        self.bell.ring();
        Ok(retried)
    }

    /// Calls off a delivery that waits; its follower hears of it. One that is being handed in may arrive all the same, and
    /// is then noted as sent. `None` if there is no such number, or it has ended.
    ///
    /// # Errors
    /// When the store fails.
    pub fn cancel(&self, number: u64, now: DateTime<Utc>) -> store::Result<Option<DeliveryRecord>> {
        let Some((key, _)) = self.latest(1, |row| row.number == number)?.pop() else { return Ok(None) };
        self.store.write(Durability::Durable, |write| {
            let row = write.get::<_, DeliveryRecord>(&DELIVERIES, &key)?;
            let Some(row) = row.filter(|row| row.number == number && !row.has_ended()) else { return Ok(None) };
            let row = DeliveryRecord { trouble: Some(DeliveryTrouble::Cancelled), ..row };
            self.end(write, &key, row, DeliveryState::Failed, now)?;
            write.get(&DELIVERIES, &key)
        })
    }

    /// Notes the end of a delivery, and that its follower has to hear of it.
    pub(super) fn end(
        &self,
        write: &mut Write<'_>,
        key: &(String, String),
        mut row: DeliveryRecord,
        state: DeliveryState,
        now: DateTime<Utc>,
    ) -> store::Result<()> {
        row.state = state;
        row.ended_at = Some(now);
        write.delete(&DELIVERY_QUEUE, &row.number);
        write.put(&DELIVERIES, key, &row)?;
        // Of a code that was sent the letter itself tells; the owner has the list.
        if key.0 != OWNER && (row.is_book() || state == DeliveryState::Failed) {
            write.put(&DELIVERY_NEWS, key, &())?;
        }
        Ok(())
    }

    /// Forgets rows that ended long ago, and addresses that were never proven; says how many.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sweep(&self, now: DateTime<Utc>) -> store::Result<u64> {
        let is_over = |row: &DeliveryRecord| row.ended_at.is_some_and(|at| now - at > KEPT);
        let mut swept = 0;
        let mut after = None;
        loop {
            let page: Vec<((String, String), DeliveryRecord)> = self.store.page(&DELIVERIES, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| key.clone());
            swept += self.store.write(Durability::Soon, |write| {
                let old = page.iter().filter(|(_, row)| is_over(row));
                Ok::<_, store::Error>(old.fold(0, |count, (key, _)| {
                    write.delete(&DELIVERIES, key);
                    write.delete(&DELIVERY_NEWS, key);
                    count + 1
                }))
            })?;
            if is_last {
                return Ok(swept + self.sweep_addresses(now)?);
            }
        }
    }

    fn sweep_addresses(&self, now: DateTime<Utc>) -> store::Result<u64> {
        let mut swept = 0;
        let mut after = None;
        loop {
            let page = self.store.page(&ADDRESSES, after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(swept) };
            after = Some(last.clone());
            let is_stale = |key: &(String, String), write: &Write<'_>| {
                let record = write.get(&ADDRESSES, key)?;
                Ok::<_, store::Error>(record.is_some_and(|record| {
                    let is_unused = record.code.is_none_or(|code| now >= code.ends_at);
                    record.bound_at.is_none() && is_unused
                }))
            };
            swept += self.store.write(Durability::Soon, |write| {
                let mut gone = 0;
                for (key, _) in &page {
                    if is_stale(key, write)? {
                        write.delete(&ADDRESSES, key);
                        gone += 1;
                    }
                }
                Ok::<_, store::Error>(gone)
            })?;
        }
    }

    /// How many books a follower may have sent on a day.
    pub fn pushes_per_day(&self) -> u32 {
        self.settings.limits.pushes_per_day
    }

    /// How many books this follower has had sent today.
    ///
    /// # Errors
    /// When the store fails.
    pub fn pushes_today(&self, who: &Who, now: DateTime<Utc>) -> store::Result<u64> {
        Ok(self.store.get(&QUOTAS, &self.counter(PUSHES, &who.key, &self.library.day(now)))?.unwrap_or(0))
    }

    /// Counts this follower's pushes of today from 0 again.
    pub fn give_pushes_back(&self, write: &mut Write<'_>, who: &Who, now: DateTime<Utc>) {
        write.delete(&QUOTAS, &self.counter(PUSHES, &who.key, &self.library.day(now)));
    }

    /// Sends again what failed for a reason that may be over: not what was called off, its follower blocked, or may have
    /// arrived before a restore. Says how many.
    ///
    /// # Errors
    /// When the store fails.
    pub fn retry_failed(&self, now: DateTime<Utc>) -> store::Result<usize> {
        let is_meant = |row: &DeliveryRecord| {
            use DeliveryTrouble::{Blocked, Cancelled, Restored};
            let is_final = matches!(row.trouble, Some(Cancelled | Blocked | Restored));
            row.state == DeliveryState::Failed && !is_final
        };
        let failed = self.latest(MOST_ROWS, is_meant)?;
        self.store.write(Durability::Durable, |write| {
            for (key, _) in &failed {
                if let Some(row) = write.get(&DELIVERIES, key)?.filter(is_meant) {
                    queue_again(write, key, row, now)?;
                }
            }
            Ok::<_, store::Error>(())
        })?;
        self.bell.ring();
        Ok(failed.len())
    }

    /// How many deliveries wait.
    ///
    /// # Errors
    /// When the store fails.
    pub fn waiting(&self) -> store::Result<usize> {
        Ok(self.store.page(&DELIVERY_QUEUE, None, MOST_ROWS)?.len())
    }
}

/// Puts a delivery back into the queue as if it had just been asked for; its number, and so its turn, stays.
fn queue_again(
    write: &mut Write<'_>,
    key: &(String, String),
    mut row: DeliveryRecord,
    now: DateTime<Utc>,
) -> store::Result<DeliveryRecord> {
    row.state = DeliveryState::Queued;
    (row.attempts, row.trouble) = (0, None);
    (row.queued_at, row.next_at, row.ended_at) = (now, now, None);
    write.put(&DELIVERIES, key, &row)?;
    write.delete(&DELIVERY_NEWS, key);
    write.put(&DELIVERY_QUEUE, &row.number, key)?;
    Ok(row)
}

impl Traces {
    /// Everything of this follower's.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(store: &Store, who: &str) -> store::Result<Traces> {
        let addresses = store.under(&ADDRESSES, who, MOST_ROWS)?.into_iter().map(|((_, address), _)| address);
        let deliveries = store.under(&DELIVERIES, who, MOST_ROWS)?.into_iter();
        Ok(Traces {
            addresses: addresses.collect(),
            deliveries: deliveries.map(|((_, key), row)| (key, row.number)).collect(),
        })
    }

    /// How many addresses and deliveries there are.
    pub fn counts(&self) -> (usize, usize) {
        (self.addresses.len(), self.deliveries.len())
    }

    /// Deletes it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn forget(&self, write: &mut Write<'_>, who: &str) -> store::Result<()> {
        for address in &self.addresses {
            write.delete(&ADDRESSES, &(who.to_owned(), address.clone()));
            if write.get(&FOLLOWER_OF_ADDRESS, address)?.as_deref() == Some(who) {
                write.delete(&FOLLOWER_OF_ADDRESS, address);
            }
        }
        for (key, number) in &self.deliveries {
            let key = (who.to_owned(), key.clone());
            write.delete(&DELIVERIES, &key);
            write.delete(&DELIVERY_NEWS, &key);
            write.delete(&DELIVERY_QUEUE, number);
        }
        Ok(())
    }
}
