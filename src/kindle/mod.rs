//! Pushes by mail: to Kindles, which take books from approved senders only, and to ordinary mailboxes.
//!
//! An address belongs to a follower once a code that was sent there has been typed into the chat (`binding`), because
//! all followers approve the same sender: without it, one could push to another's device. A push is a row
//! (`delivery`), written with the answer that promises it; the drain (`drain`) hands the rows in, in order, and notes
//! of each what became of it (`line` says what a server's answer means). The same follower, book, file, address and day make one row, and every try of it the
//! same letter with the same Message-ID.
//!
//! The store has addresses closed (`seal`): a copy of it alone names nobody's mailbox.
//!
//! Deliberately not here: the conversation (`reply`), the session with the mail server (`mail`), how a file is made
//! (`library`).

mod address;
mod binding;
mod bounces;
mod delivery;
mod drain;
mod letter;
mod line;
mod owner;
mod seal;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use hmac::Mac;
use tokio::sync::Mutex;

pub use address::{Address, Unfit, masked};
pub use delivery::Traces;
pub use drain::Drained;
pub use owner::OWNER;
use seal::Seal;
pub use seal::Sealed;

use crate::alert::Alerts;
use crate::bell::Bell;
use crate::library::Library;
use crate::library::requests::follower_key;
use crate::mail;
use crate::secret::keyed_hash;
use crate::store::records::{AddressRecord, BookId, DeliveryRecord};
use crate::store::schema::{ADDRESSES, DELIVERIES, DELIVERY_NEWS};
use crate::store::{self, Store, Write, hex};

/// Where the public page is that shows followers how to approve our senders.
pub const HELP_PAGE: &str = "/help/kindle";

/// Most rows of one follower that are looked at: none has more within the time they are kept.
const MOST_ROWS: usize = 10_000;

/// Sends by mail. Shared by all accounts.
pub struct Kindle {
    store: Arc<Store>,
    library: Arc<Library>,
    alerts: Arc<Alerts>,
    settings: Settings,
    /// Stands between names and what is counted of them.
    key: [u8; 32],
    /// Between addresses and the store.
    seal: Seal,
    /// Senders whose servers are let alone until then: who asks a bank of guards again and again is locked out.
    quiet: parking_lot::Mutex<HashMap<String, DateTime<Utc>>>,
    /// By sender, recipients that were refused by policy since a letter of it got through.
    turned_away: parking_lot::Mutex<HashMap<String, HashSet<String>>>,
    /// Held by the one drain that runs.
    draining: Mutex<()>,
    bell: Bell,
}

/// What the owner decides.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where mail is handed in, and from which address; an address of a follower keeps the one it was bound with.
    /// None: there are no pushes.
    pub senders: Vec<mail::Server>,
    /// The domains of Amazon's, exactly.
    pub kindle_domains: Vec<String>,
    /// Whether other mailboxes are written to.
    pub mailboxes: bool,
    /// If there are any, the only domains that are.
    pub mailbox_domains: Vec<String>,
    /// The largest letter that the mail server takes, in bytes.
    pub letter_bytes: u64,
    /// How long until a letter that was put off is tried again, at first.
    pub retry_after: Duration,
    /// Where notices of undeliverable letters come back to.
    pub inbox: Option<mail::Inbox>,
    /// How often what may be done.
    pub limits: Limits,
}

/// How often what may be done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Books that one follower may push on one day.
    pub pushes_per_day: u32,
    /// Codes that one follower may have sent on one day, and that one address may get. All together have a quarter of
    /// the day's letters.
    pub codes_per_day: u32,
    /// Addresses of one follower.
    pub addresses: u32,
    /// Letters handed in within one hour, all together.
    pub letters_per_hour: u32,
    /// Letters handed in on one day, all together.
    pub letters_per_day: u32,
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Who {
    /// `account/openid`.
    pub key: String,
}

/// What a follower wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a code to this address. Only after consent.
    Bind {
        /// Where to.
        address: Address,
        /// Six random digits.
        digits: String,
    },
    /// Prove an address with a code.
    Enter {
        /// What was typed.
        digits: String,
    },
    /// Forget an address.
    Unbind {
        /// Which.
        address: String,
    },
    /// Send a book.
    Push {
        /// Which.
        book: BookId,
        /// Its title.
        title: String,
        /// The file as links name it; none: what the address takes best.
        file: Option<String>,
        /// One of the follower's addresses.
        address: String,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// A code is on its way.
    CodeSent {
        /// Where to.
        address: Address,
        /// From where.
        sender: String,
    },
    /// The address is the follower's already.
    AlreadyBound(String),
    /// No more addresses than so many.
    TooManyAddresses(u32),
    /// No more codes today.
    TooManyCodes(u32),
    /// The address is proven.
    Bound(String),
    /// The code is wrong, and may be typed so many times more.
    WrongCode(u32),
    /// There is no code that could be typed.
    NoCode,
    /// The address is forgotten.
    Unbound(String),
    /// It was not the follower's.
    NotBound(String),
    /// The book is on its way.
    Pushed {
        /// Its title.
        title: String,
        /// Where to.
        address: String,
    },
    /// It was asked for today already, and stands so.
    PushedBefore(Box<DeliveryRecord>),
    /// No more books today.
    TooManyPushes(u32),
}

impl Kindle {
    /// Over a store and a library. Both keys are random and always the same: `key` for what is counted, `address_key` for
    /// addresses.
    pub fn new(
        store: Arc<Store>,
        library: Arc<Library>,
        alerts: Arc<Alerts>,
        settings: Settings,
        key: [u8; 32],
        address_key: &[u8; 32],
    ) -> Kindle {
        Kindle {
            store,
            library,
            alerts,
            settings,
            key,
            seal: Seal::new(address_key),
            quiet: parking_lot::Mutex::default(),
            turned_away: parking_lot::Mutex::default(),
            draining: Mutex::new(()),
            bell: Bell::default(),
        }
    }

    /// Whether there are pushes at all.
    pub fn is_ready(&self) -> bool {
        !self.settings.senders.is_empty()
    }

    /// The addresses that followers approve, each without a name.
    pub fn senders(&self) -> Vec<String> {
        self.settings.senders.iter().map(|server| bare(&server.from).to_owned()).collect()
    }

    /// The largest book that can be sent, in bytes: three letters carry two bytes, and lines end.
    pub fn book_bytes(&self) -> u64 {
        const FRAME: u64 = 64 * 1024;
        self.settings.letter_bytes.saturating_sub(FRAME) / 78 * 57
    }

    /// Judges what a follower typed as an address.
    ///
    /// # Errors
    /// Why nothing is sent there.
    pub fn judge(&self, text: &str) -> Result<Address, Unfit> {
        address::judge(text, &self.settings)
    }

    /// The follower's proven addresses, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn addresses(&self, who: &str) -> store::Result<Vec<(String, AddressRecord)>> {
        let mut bound = self.all_addresses(who)?;
        bound.retain(|(_, record)| record.bound_at.is_some());
        bound.sort_by_key(|(_, record)| record.bound_at);
        Ok(bound)
    }

    /// Whether a code that was sent may still be typed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn expects_code(&self, who: &str, now: DateTime<Utc>) -> store::Result<bool> {
        let is_open = |record: &AddressRecord| record.code.as_ref().is_some_and(|code| binding::is_open(code, now));
        Ok(self.all_addresses(who)?.iter().any(|(_, record)| is_open(record)))
    }

    /// The follower's deliveries of books, the latest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn deliveries(&self, who: &str, limit: usize) -> store::Result<Vec<DeliveryRecord>> {
        let rows = self.store.under(&DELIVERIES, who, MOST_ROWS)?.into_iter();
        let rows = rows.map(|(_, row)| self.opened(row));
        let mut books: Vec<DeliveryRecord> = rows.filter(|row| row.is_book()).collect();
        books.sort_by_key(|row| std::cmp::Reverse(row.number));
        books.truncate(limit);
        Ok(books)
    }

    /// Ended deliveries that the follower has not heard of, with their keys.
    ///
    /// # Errors
    /// When the store fails.
    pub fn news_for(&self, who: &str, limit: usize) -> store::Result<Vec<((String, String), DeliveryRecord)>> {
        let mut news = Vec::new();
        for (key, ()) in self.store.under(&DELIVERY_NEWS, who, limit)? {
            news.extend(self.store.get(&DELIVERIES, &key)?.map(|row| (key, self.opened(row))));
        }
        Ok(news)
    }

    /// Carries an action out, in the write of the answer that tells of it. Afterwards ring [`Kindle::bell`].
    ///
    /// # Errors
    /// When the store fails.
    pub fn carry_out(
        &self,
        write: &mut Write<'_>,
        who: &Who,
        action: Action,
        now: DateTime<Utc>,
    ) -> store::Result<Done> {
        match action {
            Action::Bind { address, digits } => self.bind(write, who, address, digits, now),
            Action::Enter { digits } => self.enter(write, who, &digits, now),
            Action::Unbind { address } => self.unbind(write, who, address),
            Action::Push { book, title, file, address } => self.push(write, who, (book, title, file), address, now),
        }
    }

    /// Rings when there may be something to do.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// A counter of today for a follower or an address. It outlives what is forgotten, or who had used a day up would
    /// only have to be forgotten; so it must not tell whose it is.
    fn counter(&self, what: &str, of: &str, day: &str) -> (String, String) {
        let hash = keyed_hash(&self.key, format!("{day}|{what}|{of}").as_bytes()).finalize().into_bytes();
        (day.to_owned(), format!("{what}/{}", hex(&hash[..8])))
    }

    /// All addresses of the follower that can be read, proven or not.
    ///
    /// # Errors
    /// When the store fails.
    pub fn all_addresses(&self, who: &str) -> store::Result<Vec<(String, AddressRecord)>> {
        let found = self.store.under(&ADDRESSES, who, MOST_ROWS)?.into_iter();
        Ok(found.filter_map(|(_, record)| Some((self.seal.open(&record.address)?, record))).collect())
    }
}

impl Who {
    /// A follower of an account.
    pub fn new(account: &str, open_id: &str) -> Who {
        Who { key: follower_key(account, open_id) }
    }
}

/// Where the picture of [`HELP_PAGE`] is in a language, `zh` or `en`.
pub fn help_picture(language: &str) -> String {
    format!("{HELP_PAGE}-{language}.png")
}

/// An address without the name around it.
fn bare(from: &str) -> &str {
    from.rsplit_once('<').map_or(from, |(_, address)| address.trim_end_matches('>')).trim()
}
