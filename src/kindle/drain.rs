//! Handing deliveries in: in order, one session for many, each noted before and after, so that a process killed at any
//! line loses none and repeats at most the one whose answer it did not live to hear.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Duration, Utc};

use super::line::{Line, Try};
use super::seal::name_of;
use super::{Kindle, bare, letter};
use crate::blocking::blocking;
use crate::clock::Clock;
use crate::library;
use crate::mail::{Letter, Server};
use crate::statistics::{self, Rarely};
use crate::store::records::{AddressRecord, DeliveryRecord, DeliveryState, DeliveryTrouble, Parcel};
use crate::store::schema::{ADDRESSES, DELIVERIES, DELIVERY_QUEUE, FOLLOWERS, QUOTAS};
use crate::store::{self, Durability};

/// Deliveries handed in with one session.
const BATCH: usize = 50;
/// Rows of the queue looked at in one step.
const PAGE: usize = 500;
/// How long a letter is tried that does not get through.
const GIVE_UP_AFTER: Duration = Duration::hours(48);
/// How many times the first wait each further one is; the last holds for all that follow. Five minutes, which servers
/// that greylist want to begin with, become four hours.
const BACK_OFF: [i32; 6] = [1, 3, 6, 12, 24, 48];
/// Counts the letters handed in on a day; with the hour behind it, within that hour.
const LETTERS: &str = "letters";

/// What a drain did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Accepted by a mail server.
    pub sent: u64,
    /// Put off.
    pub put_off: u64,
    /// Given up.
    pub failed: u64,
}

/// A row of the queue with its key.
type Row = ((String, String), DeliveryRecord);

/// A delivery ready to be handed in, or why it never will be.
enum Ready {
    Letter(Box<Letter>),
    Never(DeliveryTrouble),
    NotNow(String),
}

impl Kindle {
    /// Hands in everything that is due, and says what became of it. Two drains at one time do one after the other.
    ///
    /// # Errors
    /// When the store fails. A mail server's failure is noted in the rows.
    pub async fn drain(self: &Arc<Self>, clock: &Clock) -> Result<Drained> {
        let _alone = self.draining.lock().await;
        let mut drained = Drained::default();
        let mut silent: HashSet<String> = {
            let mut quiet = self.quiet.lock();
            quiet.retain(|_, until| *until > clock.now());
            quiet.keys().cloned().collect()
        };
        while self.is_ready() && !self.bell.is_stopping() {
            let (same, now, without) = (Arc::clone(self), clock.now(), silent.clone());
            let due = blocking(move || same.due(&without, now)).await??;
            if due.is_empty() {
                break;
            }
            for (sender, rows) in due {
                if !self.hand_in(&sender, rows, clock, &mut drained).await? {
                    self.quiet.lock().insert(sender.clone(), clock.now() + self.settings.retry_after);
                    silent.insert(sender);
                }
            }
        }
        Ok(drained)
    }

    /// What is due, by sender, in the order it was asked for. What waits for its next try holds up what goes to the
    /// same address behind it.
    fn due(&self, without: &HashSet<String>, now: DateTime<Utc>) -> store::Result<BTreeMap<String, Vec<Row>>> {
        let room = self.allowance(now)?.min(BATCH);
        let mut due: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        let mut held = HashSet::new();
        let (mut after, mut found) = (None, 0);
        while found < room {
            let page = self.store.page(&DELIVERY_QUEUE, after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (number, key) in page {
                let Some(row) =
                    self.store.get::<_, DeliveryRecord>(&DELIVERIES, &key)?.filter(|row| row.number == number)
                else {
                    // The row was forgotten, or asked for again under another number.
                    self.store.write(Durability::Soon, |write| {
                        write.delete(&DELIVERY_QUEUE, &number);
                        Ok::<_, store::Error>(())
                    })?;
                    continue;
                };
                if row.next_at > now || held.contains(&row.address) {
                    held.insert(row.address);
                } else if found < room {
                    let sender = self.sender_of(&key, &row)?;
                    if !without.contains(&sender) {
                        found += 1;
                        due.entry(sender).or_default().push((key, row));
                    }
                }
            }
        }
        Ok(due)
    }

    /// How long until something that waits is to be tried again; none if nothing waits.
    ///
    /// # Errors
    /// When the store fails.
    pub fn next_in(&self, now: DateTime<Utc>) -> store::Result<Option<Duration>> {
        let mut first = None;
        for (_, key) in self.store.page(&DELIVERY_QUEUE, None, PAGE)? {
            let row: Option<DeliveryRecord> = self.store.get(&DELIVERIES, &key)?;
            first = row.map(|row| row.next_at).into_iter().chain(first).min();
        }
        Ok(first.map(|at| at - now))
    }

    /// How many letters may still be handed in within this hour and day.
    fn allowance(&self, now: DateTime<Utc>) -> store::Result<usize> {
        let limits = self.settings.limits;
        let (day, hour) = self.counters(now);
        let of_day = u64::from(limits.letters_per_day).saturating_sub(self.store.get(&QUOTAS, &day)?.unwrap_or(0));
        let of_hour = u64::from(limits.letters_per_hour).saturating_sub(self.store.get(&QUOTAS, &hour)?.unwrap_or(0));
        Ok(of_day.min(of_hour) as usize)
    }

    fn counters(&self, now: DateTime<Utc>) -> ((String, String), (String, String)) {
        let day = self.library.day(now);
        ((day.clone(), LETTERS.to_owned()), (day, format!("{LETTERS}/{}", now.format("%H"))))
    }

    fn sender_of(&self, key: &(String, String), row: &DeliveryRecord) -> store::Result<String> {
        let record: Option<AddressRecord> =
            self.store.get(&ADDRESSES, &(key.0.clone(), name_of(&row.address).to_owned()))?;
        Ok(record.map(|record| record.sender).unwrap_or_default())
    }

    /// The server for a sender's address; the first, if that one has been taken out of the configuration.
    fn server(&self, sender: &str) -> Option<&Server> {
        let senders = &self.settings.senders;
        senders.iter().find(|server| bare(&server.from) == sender).or(senders.first())
    }

    /// Hands rows in, and says whether the sender's server can be talked to at all.
    async fn hand_in(
        self: &Arc<Self>,
        sender: &str,
        rows: Vec<Row>,
        clock: &Clock,
        drained: &mut Drained,
    ) -> Result<bool> {
        let Some(server) = self.server(sender) else { return Ok(false) };
        let mut line = Line::Closed;
        let mut held = HashSet::new();
        for (key, row) in rows {
            if matches!(line, Line::Broken) {
                return Ok(false);
            }
            if held.contains(&row.address) {
                continue;
            }
            if self.bell.is_stopping() {
                break;
            }
            let (same, now, of_try) = (Arc::clone(self), clock.now(), (key.clone(), row.number));
            let Some(row) = blocking(move || same.begin(&of_try.0, of_try.1, now)).await?? else { continue };
            let (same, of_try) = (Arc::clone(self), (key.clone(), row.clone()));
            // Whatever goes wrong here is this letter's own trouble: nobody else's waits for it.
            let ready = match blocking(move || same.ready(&of_try.0, &of_try.1, now)).await {
                Ok(Ok(ready)) => ready,
                Ok(Err(error)) => Ready::NotNow(format!("{error:#}")),
                Err(panicked) => Ready::NotNow(panicked.to_string()),
            };
            let outcome = match ready {
                Ready::Never(trouble) => Try::Failed(trouble),
                Ready::NotNow(why) => Try::Later(why),
                Ready::Letter(letter) => self.try_letter(server, &mut line, &letter, row.attempts, clock).await,
            };
            if matches!(outcome, Try::Later(_)) {
                held.insert(row.address.clone());
            }
            match outcome {
                Try::Sent => drained.sent += 1,
                Try::Later(_) => drained.put_off += 1,
                Try::Failed(_) => drained.failed += 1,
            }
            let (same, now) = (Arc::clone(self), clock.now());
            blocking(move || same.note(&key, row, outcome, now)).await??;
        }
        match line {
            Line::Open(session) => session.close().await,
            Line::Closed => {}
            Line::Broken => return Ok(false),
        }
        Ok(true)
    }

    /// Notes that a try begins, and when the next would be, before anything can go wrong: a letter that ends the process
    /// must not end the next one, too. `None` if the row has gone meanwhile.
    fn begin(&self, key: &(String, String), number: u64, now: DateTime<Utc>) -> store::Result<Option<DeliveryRecord>> {
        self.store.write(Durability::Durable, |write| {
            let found = write.get::<_, DeliveryRecord>(&DELIVERIES, key)?;
            let Some(mut row) = found.filter(|found| found.number == number && !found.has_ended()) else {
                return Ok(None);
            };
            row.state = DeliveryState::Sending;
            row.attempts += 1;
            row.next_at = now + self.settings.retry_after * BACK_OFF[step(row.attempts)];
            write.put(&DELIVERIES, key, &row)?;
            Ok(Some(row))
        })
    }

    fn ready(&self, key: &(String, String), row: &DeliveryRecord, now: DateTime<Utc>) -> Result<Ready> {
        if self.is_blocked(&key.0)? {
            return Ok(Ready::Never(DeliveryTrouble::Blocked));
        }
        let address = (key.0.clone(), name_of(&row.address).to_owned());
        let row = &self.opened(row.clone());
        let Some(record) = self.store.get::<_, AddressRecord>(&ADDRESSES, &address)? else {
            return Ok(Ready::Never(DeliveryTrouble::NotBound));
        };
        if row.address.is_empty() {
            // Closed with a key that is lost.
            return Ok(Ready::Never(DeliveryTrouble::NotBound));
        }
        match &row.parcel {
            Parcel::Code => Ok(match record.code.filter(|code| super::binding::is_open(code, now)) {
                Some(code) => {
                    let letter = letter::with_code(key, row, &code.digits, record.is_kindle, code.ends_at)?;
                    Ready::Letter(Box::new(letter))
                }
                None => Ready::Never(DeliveryTrouble::NotBound),
            }),
            // Looked at again at every try: the address may be another follower's by now.
            Parcel::Book { .. } if record.bound_at.is_none() => Ok(Ready::Never(DeliveryTrouble::NotBound)),
            Parcel::Book { book, title, file } => {
                let Some((_, found)) = self.library.shown(*book)? else {
                    return Ok(Ready::Never(DeliveryTrouble::BookGone));
                };
                let made = match file.as_deref().filter(|_| !record.is_kindle) {
                    Some(file) => self.library.obtain(&found, file, now),
                    None => self.library.obtain_for_reading(&found, record.is_kindle, now).map(Some),
                };
                let made = match made {
                    Ok(Some(made)) => made,
                    Ok(None) => return Ok(Ready::Never(DeliveryTrouble::BookGone)),
                    Err(library::Error::Unconvertible(why)) => {
                        return Ok(Ready::Never(DeliveryTrouble::Unconvertible(why)));
                    }
                    Err(library::Error::Busy) => return Ok(Ready::NotNow(library::Error::Busy.to_string())),
                    Err(error) => return Err(error.into()),
                };
                if made.bytes > self.book_bytes() {
                    return Ok(Ready::Never(DeliveryTrouble::TooLarge(made.bytes)));
                }
                let bytes = self.store.files().read(&made.hash)?;
                Ok(Ready::Letter(Box::new(letter::with_book(key, row, title, &made, bytes))))
            }
        }
    }

    /// Whether this follower is not served any more. Looked at at every try: what was being tried when they were blocked
    /// has not been given up then.
    fn is_blocked(&self, who: &str) -> store::Result<bool> {
        let Some((account, open_id)) = who.split_once('/') else { return Ok(false) };
        let follower = self.store.get(&FOLLOWERS, &(account.to_owned(), open_id.to_owned()))?;
        Ok(follower.is_some_and(|follower| follower.blocked))
    }

    /// Notes what became of a try.
    fn note(&self, key: &(String, String), row: DeliveryRecord, outcome: Try, now: DateTime<Utc>) -> store::Result<()> {
        let (day, hour) = self.counters(now);
        let today = day.0.clone();
        self.store.write(Durability::Durable, |write| {
            let found = write.get::<_, DeliveryRecord>(&DELIVERIES, key)?;
            if matches!(outcome, Try::Sent | Try::Failed(DeliveryTrouble::Refused(_))) {
                for counter in [day, hour] {
                    let count = write.get(&QUOTAS, &counter)?.unwrap_or(0);
                    write.put(&QUOTAS, &counter, &(count + 1))?;
                }
            }
            // Called off while it was tried, and asked for again since: that is the same letter, and it has gone out.
            let is_same_sent =
                |found: &DeliveryRecord| matches!(outcome, Try::Sent) && found.is_book() && !found.has_ended();
            // Forgotten meanwhile, with everything of its follower's.
            let Some(mut found) = found.filter(|found| found.number == row.number || is_same_sent(found)) else {
                return Ok(());
            };
            match outcome {
                Try::Sent => {
                    found.trouble = None;
                    if found.is_book() {
                        statistics::note(write, &today, Rarely::Push)?;
                    }
                    self.end(write, key, found, DeliveryState::Sent, now)
                }
                // Called off while it was tried.
                _ if found.has_ended() => Ok(()),
                Try::Failed(trouble) => {
                    found.trouble = Some(trouble);
                    self.end(write, key, found, DeliveryState::Failed, now)
                }
                Try::Later(why) if is_hopeless(&found, now) => {
                    found.trouble = Some(DeliveryTrouble::Later(why));
                    self.end(write, key, found, DeliveryState::Failed, now)
                }
                Try::Later(why) => {
                    found.state = DeliveryState::Retry;
                    found.trouble = Some(DeliveryTrouble::Later(why));
                    write.put(&DELIVERIES, key, &found)
                }
            }
        })
    }
}

/// Which wait follows the try of this number, counted from 1.
fn step(attempts: u32) -> usize {
    (attempts.max(1) as usize - 1).min(BACK_OFF.len() - 1)
}

/// Tried for long enough, and often enough: time in which nobody could try does not count.
fn is_hopeless(row: &DeliveryRecord, now: DateTime<Utc>) -> bool {
    now - row.queued_at >= GIVE_UP_AFTER && row.attempts as usize >= BACK_OFF.len()
}
