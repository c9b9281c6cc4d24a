//! One message being answered: who asks, where they are, and what every command needs at hand. Commands are carried
//! out in `finding`, `listing`, `card` and others; nothing is written here.

use std::borrow::Cow;

use chrono::{DateTime, Duration, Utc};

use super::command::{self, Command};
use super::outcome::{Effect, Outcome, Speech};
use super::wording::{Word, Wordings};
use super::{Desk, Result};
use crate::search::Confidence;
use crate::store::records::{BookId, FollowerRecord, PlaceRecord};
use crate::wechat::TEXT_FITTING_BYTES;

/// What is known while a message is answered.
pub(super) struct Visit<'a> {
    pub(super) desk: &'a Desk,
    pub(super) words: &'a Wordings,
    pub(super) account: &'a str,
    pub(super) open_id: &'a str,
    pub(super) follower: &'a FollowerRecord,
    /// Where the follower is; the default place if nowhere or too long ago.
    pub(super) place: PlaceRecord,
    /// Chooses what 随机 shows; the same for every retry of a message.
    pub(super) seed: u64,
    pub(super) now: DateTime<Utc>,
}

impl Visit<'_> {
    /// Reads what was typed, or which link was tapped, and does it.
    pub(super) fn read(&mut self, text: &str, menu_id: Option<&str>) -> Result<Outcome> {
        let quick = menu_id.and_then(tapped).or_else(|| command::fixed(text));
        self.place = match &quick {
            // Most commands do not ask where the follower is.
            Some(command) if !needs_place(command) => PlaceRecord::default(),
            _ => self.place_now()?,
        };
        let command = quick.unwrap_or_else(|| command::parse(text, &self.place));
        if self.is_no_command(&command, text)? {
            let keywords = self.desk.media.keywords();
            if let Some(answer) = keywords.answer_to(text) {
                return self.keyword(answer);
            }
        }
        self.perform(command)
    }

    /// Greets a new follower, with the book whose code was scanned.
    pub(super) fn welcome(&self, scene: &str) -> Result<Outcome> {
        let welcome = self.words.plain(Word::Welcome);
        let mut outcome = match book_of(scene) {
            Some(book) => self.open(book)?,
            None if scene.is_empty() || self.desk.library.find(scene)?.confidence != Confidence::Sure => {
                return Ok(Outcome::say(welcome));
            }
            None => self.search(scene)?,
        };
        if let Speech::Text(card) = &mut outcome.speech
            && welcome.len() + 2 + card.len() <= TEXT_FITTING_BYTES
        {
            *card = [welcome.as_str(), "\n\n", card.as_str()].concat();
        }
        Ok(outcome)
    }

    /// Whether a text means nothing but itself: then it may be one of the owner's keywords.
    fn is_no_command(&self, command: &Command, text: &str) -> Result<bool> {
        match command {
            Command::Number(number) => Ok(!self.is_awaited_code(number)?),
            command => Ok(means_itself(command, text)),
        }
    }

    fn place_now(&self) -> Result<PlaceRecord> {
        let key = (self.account.to_owned(), self.open_id.to_owned());
        let place: Option<PlaceRecord> = self.desk.place(&key)?;
        Ok(place.filter(|place| place.expires_at > self.now).unwrap_or_default())
    }

    /// Carries out a command.
    pub(super) fn perform(&self, command: Command) -> Result<Outcome> {
        let command = match command {
            // No search: it must not be counted as one, nor refused.
            Command::Number(digits) if self.is_awaited_code(&digits)? => Command::Code(digits),
            other => other,
        };
        let Desk { flood, library, .. } = self.desk;
        let limits = self.desk.limits();
        if command.may_search()
            && !flood.may_search(&self.follower.alias, self.seed, limits.searches_per_day, library.day(self.now))
        {
            let limit = limits.searches_per_day.to_string();
            return Ok(Outcome::say(self.words.say(Word::SearchLimit, &[("limit", &limit)])));
        }
        let plain = |word: Word| Outcome::say(self.words.plain(word));
        Ok(match command {
            Command::Help => plain(Word::Help),
            Command::Hello => plain(Word::Hello).filler(),
            Command::Thanks => plain(Word::Thanks).filler(),
            Command::Unsupported => plain(Word::Unsupported).filler(),
            Command::Unreadable => plain(Word::Unreadable).filler(),
            Command::Privacy => self.privacy(),
            Command::Delete => plain(Word::DeleteAsk),
            Command::ConfirmDelete => plain(Word::Deleted).with(Effect::Forget),
            Command::Cancel => plain(Word::Cancelled).with(self.moved_to(PlaceRecord::default())),
            Command::Me => self.mine()?,
            Command::MyData => self.my_data()?,
            Command::Latest => self.latest()?,
            Command::Popular => self.popular()?,
            Command::Random => self.random()?,
            Command::Next => self.next_page()?.filler(),
            Command::Previous => self.previous_page()?.filler(),
            Command::Pick(number) => self.pick(number)?.filler(),
            Command::Number(number) => self.number(&number)?,
            Command::Open(book) => self.open(book)?,
            Command::As(format) => self.as_format(format)?,
            Command::PushHelp => self.push_help()?,
            Command::KindlePicture => self.kindle_picture(),
            Command::Bind(address) => self.bind(&address)?,
            Command::Agree(address) => self.agree(&address)?,
            Command::Code(digits) => self.enter_code(&digits),
            Command::Mailboxes => self.mailboxes()?,
            Command::Unbind(which) => self.unbind(&which)?,
            Command::Push(what) => self.push(&without_addresses(&what))?,
            Command::PushBook(book) => self.push_book(book)?,
            Command::PushStatus => self.push_status()?,
            Command::Articles(text) => self.articles(&text)?,
            Command::Picture { text, what } => self.picture(&text, &what)?,
            Command::Subscriptions => self.subscriptions()?,
            Command::Subscribe(text) => self.subscribe(&text)?,
            Command::Unsubscribe(which) => self.unsubscribe(&which)?,
            Command::RequestUnfound => self.request_unfound()?,
            Command::Request(text) => self.request(&without_addresses(&text))?,
            Command::Search(text) => self.search(&without_addresses(&text))?,
        })
    }

    /// The effect of being at `place` from now on.
    pub(super) fn moved_to(&self, place: PlaceRecord) -> Effect {
        Effect::Place(self.until(place))
    }

    /// The place, as long as it holds from now on.
    pub(super) fn until(&self, place: PlaceRecord) -> PlaceRecord {
        let expires_at = self.now + Duration::minutes(i64::from(self.desk.limits().place_minutes));
        PlaceRecord { expires_at, ..place }
    }

    /// The place with this book's card before the follower; the list stays open.
    pub(super) fn at_book(&self, book: BookId) -> PlaceRecord {
        PlaceRecord { book: Some(book), unfound: None, ..self.place.clone() }
    }

    fn privacy(&self) -> Outcome {
        let minutes = self.desk.limits().place_minutes.to_string();
        Outcome::say(self.words.say(Word::Privacy, &[("minutes", &minutes)]))
    }
}

/// Whether a text is no command of this program's, to a follower who is nowhere: only then the owner's keywords are asked.
pub fn may_be_keyword(text: &str) -> bool {
    means_itself(&command::parse(text, &PlaceRecord::default()), text)
}

fn means_itself(command: &Command, text: &str) -> bool {
    match command {
        // 找 … is a search whatever follows.
        Command::Search(words) => text.trim().starts_with(words.as_str()),
        Command::Number(_) | Command::Unreadable => true,
        _ => false,
    }
}

/// The command in a tapped link: `b` and a number is a book, `p` and a number one to be pushed. The others are recognised
/// by the text they send, which is what followers without such links type.
fn tapped(menu_id: &str) -> Option<Command> {
    let pushed = || menu_id.strip_prefix('p')?.parse().ok().map(Command::PushBook);
    book_of(menu_id).map(Command::Open).or_else(pushed)
}

/// The book that `b` and a number stands for, in links and in the scenes of codes.
pub(super) fn book_of(id: &str) -> Option<BookId> {
    id.strip_prefix('b').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// What is searched for is kept in lists, counts and answers, and nobody looks for a book by a mail address.
fn without_addresses(text: &str) -> Cow<'_, str> {
    let is_address = |word: &str| word.contains(['@', '＠']);
    if !is_address(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split_whitespace().filter(|word| !is_address(word)).collect::<Vec<_>>().join(" "))
}

fn needs_place(command: &Command) -> bool {
    use Command::{Open, Picture, Push, PushBook, RequestUnfound};
    matches!(command, Open(_) | PushBook(_) | Push(_) | Picture { .. } | RequestUnfound)
}
