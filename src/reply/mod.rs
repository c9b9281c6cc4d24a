//! What a follower gets back: commands, pages of results, wordings.
//!
//! [`Desk::answer`] is the whole of it. A push becomes what it asks (`ask`), words become a [`command::Command`], a
//! command becomes something to say and effects (`outcome`), and one write carries out the effects and keeps the
//! answer for the platform's retries. A command without effect writes nothing. What else waits for the follower goes
//! out with the answer (`delivery`).
//!
//! Deliberately not here: the platform's protocol (`wechat`), what is found (`search`, `library`), the five seconds
//! a callback has (the webhook keeps them, and brings answers that missed them to [`Desk::keep_late_answer`]).

mod article;
mod ask;
mod card;
pub mod command;
mod delivery;
mod dossier;
mod familiar;
mod finding;
mod flood;
mod follower;
mod kindle_help;
mod last_words;
mod late;
mod listing;
mod mine;
mod notice;
mod number;
mod outcome;
mod picture;
mod places;
mod posting;
mod quota;
mod recent;
mod roll;
mod settle;
mod subscribing;
mod sweep;
mod telling;
mod visit;
mod wording;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::RwLock;

use crate::article::{self as articles, Articles};
use crate::chat::Chat;
use crate::kindle::Kindle;
use crate::library::link::Links;
use crate::library::{self, Library};
use crate::media::Media;
use crate::statistics::{Often, Statistics};
use crate::store::records::PlaceRecord;
use crate::store::schema::{ANSWERS, FOLLOWERS};
use crate::store::{self, Durability, Store};
use crate::wechat::{Incoming, Reply, is_test_follower};

use ask::Ask;
use command::Command;
pub use dossier::{Dossier, Listed};
use familiar::Familiars;
use flood::{Flood, Pace};
use follower::FollowerKey;
pub use last_words::LastWords;
use outcome::{Outcome, Speech, fitting};
use places::Places;
pub use quota::Usage;
use recent::{Given, Recent};
pub use roll::{Roll, Standing};
use settle::{answer_number, keep_answer};
pub use sweep::Swept;
pub use telling::Telling;
use visit::Visit;
pub use visit::may_be_keyword;
use wording::Word;
pub use wording::{InvalidWording, Language, Look, Seen, TEXT_BYTES, Wordings};

/// Answers followers. Shared by all accounts; every call names its own.
pub struct Desk {
    store: Arc<Store>,
    library: Arc<Library>,
    links: Arc<Links>,
    kindle: Arc<Kindle>,
    media: Arc<Media>,
    articles: Arc<Articles>,
    chat: Arc<Chat>,
    statistics: Arc<Statistics>,
    limits: RwLock<Limits>,
    flood: Flood,
    /// Read once per message for the time of a clone; written when the admin changes a text.
    wordings: RwLock<Arc<Wordings>>,
    familiars: Familiars,
    recent: Recent,
    places: Places,
    last_words: last_words::Heard,
}

/// The rooms that a desk looks into.
pub struct Rooms {
    /// The books.
    pub library: Arc<Library>,
    /// Addresses for followers.
    pub links: Arc<Links>,
    /// Pushes by mail.
    pub kindle: Arc<Kindle>,
    /// Files for replies.
    pub media: Arc<Media>,
    /// The owner's articles.
    pub articles: Arc<Articles>,
    /// Messages that nobody asked for.
    pub chat: Arc<Chat>,
    /// Where messages and searches are counted.
    pub statistics: Arc<Statistics>,
}

/// The owner's limits, as far as followers are told of them.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Downloads a follower may have on one day.
    pub downloads_per_day: u32,
    /// Minutes after which a list is closed.
    pub place_minutes: u32,
    /// Messages a follower may send in one minute; 0: any number.
    pub messages_per_minute: u32,
    /// Searches a follower may have on one day; 0: any number.
    pub searches_per_day: u32,
}

/// Why a message could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] library::Error),
    /// The folder of articles cannot be read.
    #[error(transparent)]
    Articles(#[from] Box<articles::Error>),
    /// The system gave no random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
}

/// The result of most calls here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Desk {
    /// A desk over these rooms.
    pub fn new(rooms: Rooms, wordings: Wordings, limits: Limits) -> Desk {
        let Rooms { library, links, kindle, media, articles, chat, statistics } = rooms;
        Desk {
            store: Arc::clone(library.store()),
            library,
            links,
            kindle,
            media,
            articles,
            chat,
            statistics,
            limits: RwLock::new(limits),
            flood: Flood::default(),
            wordings: RwLock::new(Arc::new(wordings)),
            familiars: Familiars::default(),
            recent: Recent::default(),
            places: Places::default(),
            last_words: last_words::Heard::default(),
        }
    }

    /// The answer to a push. The same push again has the same answer and no second effect, also when both are
    /// answered at the same time. A failure wrote nothing, so the platform's retry may succeed.
    ///
    /// # Errors
    /// When the store or the library fails; no text is an error.
    pub fn answer(&self, account: &str, incoming: &Incoming, now: DateTime<Utc>) -> Result<Reply> {
        let ask = ask::of(incoming);
        match ask {
            Ask::Nothing => return Ok(Reply::Nothing),
            // The same again changes nothing.
            Ask::Published(publish) => {
                self.articles.told_of(account, publish)?;
                return Ok(Reply::Nothing);
            }
            _ => {}
        }
        let key = (account.to_owned(), incoming.dedup_key());
        if let Some(reply) = self.given(&key, incoming, now)? {
            return Ok(reply);
        }
        let follower = (account.to_owned(), incoming.from_user.clone());
        if matches!(ask, Ask::Words { .. } | Ask::Unsupported | Ask::Unheard | Ask::Place)
            && let Some(reply) = self.too_fast(&key, &incoming.from_user, now)
        {
            let is_blocked = self.store.get(&FOLLOWERS, &follower)?.is_some_and(|follower| follower.blocked);
            return Ok(if is_blocked { Reply::Nothing } else { reply });
        }
        let is_message = !matches!(ask, Ask::Left | Ask::Withdrawn { .. } | Ask::Followed { .. });
        let reply = match ask {
            Ask::Nothing | Ask::Published(_) => Ok(Reply::Nothing),
            Ask::Left => self.leave(&key, &follower, now),
            Ask::Withdrawn { open_id } => self.forget(account, open_id).map(|()| Reply::Nothing),
            Ask::Followed { scene } => {
                let durable = Durability::Durable;
                self.converse(&key, incoming, &follower, durable, now, |visit| visit.welcome(scene))
            }
            Ask::Unsupported | Ask::Unheard | Ask::Place => {
                let word = match ask {
                    Ask::Unheard => Word::UnsupportedVoice,
                    Ask::Place => Word::UnsupportedPlace,
                    _ => Word::Unsupported,
                };
                let said = |visit: &mut Visit<'_>| Ok(Outcome::say(visit.words.plain(word)).filler());
                self.converse(&key, incoming, &follower, Durability::Soon, now, said)
            }
            Ask::Words { text, menu_id } => {
                self.converse(&key, incoming, &follower, Durability::Soon, now, |visit| visit.read(text, menu_id))
            }
        }?;
        if is_message && reply != Reply::Nothing {
            self.tally(&incoming.from_user, Often::Message, now);
        }
        Ok(reply)
    }

    /// The answer to a push that needs no search, no write and no disk: a fixed text such as 帮助, to a follower who is
    /// known and for whom nothing else waits. It takes microseconds, so it may be asked for where waiting is not
    /// allowed. `None` for everything else, which [`Desk::answer`] knows.
    ///
    /// # Errors
    /// When the store fails.
    pub fn answer_at_once(&self, account: &str, incoming: &Incoming, now: DateTime<Utc>) -> Result<Option<Reply>> {
        let Ask::Words { text, menu_id: None } = ask::of(incoming) else { return Ok(None) };
        let Some(word) = command::fixed(text).as_ref().and_then(fixed_word) else { return Ok(None) };
        let Some(follower) = self.familiar(account, &incoming.from_user, now)? else { return Ok(None) };
        if follower.follower.blocked {
            return Ok(Some(Reply::Nothing));
        }
        // A retry of a message that something else was delivered with has that answer.
        let key = (account.to_owned(), incoming.dedup_key());
        if let Some(reply) = self.given(&key, incoming, now)? {
            return Ok(Some(reply));
        }
        if let Some(reply) = self.too_fast(&key, &incoming.from_user, now) {
            return Ok(Some(reply));
        }
        if follower.is_waited_for || self.chat.must_note(account, incoming, now)? {
            return Ok(None);
        }
        self.tally(&incoming.from_user, Often::Message, now);
        self.last_words.note(&(account.to_owned(), incoming.from_user.clone()), text, now);
        let mut said = self.wordings().plain(word);
        said.truncate(fitting(&said).len());
        Ok(Some(Reply::Text(said)))
    }

    /// What is said when answering failed.
    pub fn apology(&self) -> Reply {
        Reply::Text(self.wordings().plain(Word::Apology))
    }

    /// What is said when an answer takes too long and will be kept; to followers of an account that can write to
    /// them, that it comes by itself.
    pub fn still_working(&self, account: &str) -> Reply {
        let word = if self.chat.is_able(account) { Word::StillWorkingSoon } else { Word::StillWorking };
        Reply::Text(self.wordings().plain(word))
    }

    /// Replaces the texts for all messages from now on.
    pub fn set_wordings(&self, wordings: Wordings) {
        *self.wordings.write() = Arc::new(wordings);
    }

    /// Replaces the limits for all messages from now on.
    pub fn set_limits(&self, limits: Limits) {
        *self.limits.write() = limits;
    }

    /// The limits that hold now.
    pub fn limits(&self) -> Limits {
        *self.limits.read()
    }

    fn wordings(&self) -> Arc<Wordings> {
        Arc::clone(&self.wordings.read())
    }

    /// The answer that was given to this push before.
    fn given(&self, key: &(String, String), incoming: &Incoming, now: DateTime<Utc>) -> Result<Option<Reply>> {
        match self.recent.given(key, DateTime::from_timestamp(incoming.created_at, 0).unwrap_or_default(), now) {
            Given::Answer(reply) => Ok(Some(reply)),
            Given::None => Ok(None),
            Given::Unknown => Ok(self.store.get(&ANSWERS, key)?.map(|answer| answer.reply)),
        }
    }

    /// Counts one for the day, unless only the owner tries something.
    fn tally(&self, open_id: &str, what: Often, now: DateTime<Utc>) {
        if !is_test_follower(open_id) {
            self.statistics.count(what, now);
        }
    }

    /// What is said to who writes faster than a person does, if this is one.
    fn too_fast(&self, key: &(String, String), open_id: &str, now: DateTime<Utc>) -> Option<Reply> {
        match self.flood.pace(&key.0, open_id, answer_number(key), self.limits().messages_per_minute, now) {
            Pace::Fine => None,
            Pace::JustTooFast => Some(Reply::Text(self.wordings().plain(Word::TooFast))),
            Pace::TooFast => Some(Reply::Nothing),
        }
    }

    fn converse(
        &self,
        key: &(String, String),
        incoming: &Incoming,
        who: &FollowerKey,
        meeting: Durability,
        now: DateTime<Utc>,
        perform: impl FnOnce(&mut Visit<'_>) -> Result<Outcome>,
    ) -> Result<Reply> {
        let (follower, is_waited_for) = match self.familiar(&who.0, &who.1, now)? {
            Some(familiar) => (familiar.follower, familiar.is_waited_for),
            None => (Arc::new(self.meet(who, now, meeting)?), true),
        };
        if follower.blocked {
            return Ok(Reply::Nothing);
        }
        self.chat.heard(&who.0, incoming, now)?;
        if let Ask::Words { text, .. } = ask::of(incoming)
            && !text.contains(['@', '＠'])
        {
            self.last_words.note(who, text, now);
        }
        let words = self.wordings();
        let mut visit = Visit {
            desk: self,
            words: &words,
            account: &who.0,
            open_id: &who.1,
            follower: &follower,
            place: PlaceRecord::default(),
            seed: answer_number(key),
            now,
        };
        let outcome = perform(&mut visit)?;
        if let Speech::Shown(reply) = outcome.speech {
            return Ok(reply);
        }
        self.settle(key, who, is_waited_for, &words, outcome, now)
    }

    fn leave(&self, key: &(String, String), who: &FollowerKey, now: DateTime<Utc>) -> Result<Reply> {
        self.last_words.forget(who);
        self.store.write(Durability::Durable, |write| {
            // Its retry may come when the follower is back already.
            if write.get(&ANSWERS, key)?.is_none() {
                follower::left(write, who, &self.library.day(now), now)?;
                keep_answer(write, key, &Reply::Nothing, now)?;
            }
            Ok::<_, store::Error>(())
        })?;
        self.recent.keep(key, &Reply::Nothing, now);
        Ok(Reply::Nothing)
    }
}

/// The text of a command that always says the same and changes nothing.
fn fixed_word(command: &Command) -> Option<Word> {
    match command {
        Command::Help => Some(Word::Help),
        Command::Hello => Some(Word::Hello),
        Command::Thanks => Some(Word::Thanks),
        Command::Unsupported => Some(Word::Unsupported),
        _ => None,
    }
}
