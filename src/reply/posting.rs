//! Mail in the conversation: binding an address, pushing a book, and how that stands.
//!
//! Nothing of an address is stored before consent: it stands in the link that gives it, or is typed once more. Answers
//! are kept for the platform's retries, so they show an address masked.

use super::card::size;
use super::command::{self, Command};
use super::number;
use super::outcome::{Effect, Outcome, Speech, shortened};
use super::visit::Visit;
use super::wording::{Word, Wordings};
use super::{Desk, Error, Result};
use crate::book::Format;
use crate::kindle::{Action, Done, Unfit, masked};
use crate::library::link::offers;
use crate::library::requests::follower_key;
use crate::search::Confidence;
use crate::store::records::{
    AddressRecord, BookId, BookRecord, DeliveryRecord, DeliveryState, DeliveryTrouble, Parcel, PlaceRecord,
};
use crate::wechat::{literal, menu_link};

/// Digits of a code.
const DIGITS: u32 = 6;
/// Deliveries shown of a follower.
const SHOWN: usize = 5;
/// Longest title, in characters.
const TITLE: usize = 40;
/// What is shown of a mail server's words, in characters.
const SERVER_WORDS: usize = 80;

impl Visit<'_> {
    /// Tells what binding means and asks for consent, which carries the address: until then it is not stored.
    pub(super) fn bind(&self, typed: &str) -> Result<Outcome> {
        if !self.desk.kindle.is_ready() {
            return Ok(self.push_off());
        }
        let text = match self.desk.kindle.judge(typed) {
            Ok(address) => {
                let kind = if address.is_kindle() { Word::BindKindle } else { Word::BindMailbox };
                let agree = self.words.plain(Word::LabelAgree);
                let sent = self.words.say(Word::AgreeSent, &[("address", address.as_str())]);
                let link = menu_link(&sent, "c", &agree);
                self.words
                    .say(kind, &[("address", &literal(address.as_str())), ("agree", &link), ("sent", &literal(&sent))])
            }
            Err(unfit) => self.unfit(&unfit, typed),
        };
        Ok(private(text))
    }

    /// Has a code sent to the address.
    pub(super) fn agree(&self, typed: &str) -> Result<Outcome> {
        if !self.desk.kindle.is_ready() {
            return Ok(self.push_off());
        }
        match self.desk.kindle.judge(typed) {
            Ok(address) => Ok(self.post(Action::Bind { address, digits: digits()? })),
            Err(unfit) => Ok(private(self.unfit(&unfit, typed))),
        }
    }

    /// Whether this number is most likely a code that was sent.
    pub(super) fn is_awaited_code(&self, number: &str) -> Result<bool> {
        let is_code = number.len() == DIGITS as usize && self.desk.kindle.is_ready();
        Ok(is_code && self.desk.kindle.expects_code(&self.key(), self.now)?)
    }

    /// A code was typed.
    pub(super) fn enter_code(&self, digits: &str) -> Outcome {
        self.post(Action::Enter { digits: digits.to_owned() })
    }

    /// The addresses, numbered.
    pub(super) fn mailboxes(&self) -> Result<Outcome> {
        if self.addresses()?.is_empty() {
            return self.push_help();
        }
        Ok(Outcome::say(self.address_list()?))
    }

    /// Forgets one: named, numbered, or the only one. The name may be of one that is not proven yet.
    pub(super) fn unbind(&self, which: &str) -> Result<Outcome> {
        let bound = self.addresses()?;
        let address = match (which, &bound[..]) {
            ("", [(only, _)]) => Some(only.clone()),
            ("", []) => return Ok(Outcome::say(self.words.plain(Word::UnbindNone))),
            ("", _) => None,
            (which, bound) => match number::pick(which) {
                Some(number) => number.checked_sub(1).and_then(|at| bound.get(at)).map(|(address, _)| address.clone()),
                None => self.desk.kindle.judge(which).ok().map(|address| address.as_str().to_owned()),
            },
        };
        match address {
            Some(address) => Ok(self.post(Action::Unbind { address })),
            None => Ok(Outcome::say(self.words.say(Word::UnbindWhich, &[("list", &numbered(&bound))]))),
        }
    }

    /// Pushes what the words, the number or the last card mean: `推送 三体 到 2`.
    pub(super) fn push(&self, what: &str) -> Result<Outcome> {
        if !self.desk.kindle.is_ready() {
            return Ok(self.push_off());
        }
        let bound = self.addresses()?;
        // Who has bound none yet means the first.
        let (what, to) = destination(what, bound.len().max(1));
        let shown = self.place.listing.as_ref().filter(|listing| listing.shown > 0);
        let picked = number::pick(what).and_then(|number| shown?.books.get(number.checked_sub(1)?).copied());
        match (what, picked.or(self.place.book)) {
            ("", Some(book)) => self.push_to(book, None, to, &bound),
            ("", None) => Ok(Outcome::say(self.words.plain(Word::PushUsage))),
            (_, Some(book)) if picked.is_some() => self.push_to(book, None, to, &bound),
            (words, _) => self.push_words(words, to, &bound),
        }
    }

    /// Pushes a certain book.
    pub(super) fn push_book(&self, book: BookId) -> Result<Outcome> {
        if !self.desk.kindle.is_ready() {
            return Ok(self.push_off());
        }
        self.push_to(book, None, 0, &self.addresses()?)
    }

    fn push_words(&self, words: &str, to: usize, bound: &[(String, AddressRecord)]) -> Result<Outcome> {
        let finding = self.desk.library.find(words)?;
        let format = finding.format;
        match finding.confidence {
            Confidence::Sure => match self.first_shown(&finding)? {
                Some((book, _)) => self.push_to(book, format, to, bound),
                None => Ok(self.nothing(words, &finding)),
            },
            Confidence::Several | Confidence::Doubtful => {
                let mut outcome = self.found_list(Word::ListPush, words, finding)?;
                if let Speech::Text(text) = &mut outcome.speech {
                    let hint = format!("\n{}", self.words.plain(Word::PushPick));
                    if text.len() + hint.len() <= crate::wechat::TEXT_FITTING_BYTES {
                        text.push_str(&hint);
                    }
                }
                Ok(outcome)
            }
            Confidence::Nothing => Ok(self.nothing(words, &finding)),
        }
    }

    fn push_to(
        &self,
        book: BookId,
        format: Option<Format>,
        to: usize,
        bound: &[(String, AddressRecord)],
    ) -> Result<Outcome> {
        let Some((id, found)) = self.desk.library.shown(book)? else {
            return Ok(Outcome::say(self.words.plain(Word::BookGone)));
        };
        let here = self.moved_to(self.at_book(id));
        if found.editions.is_empty() {
            return Ok(Outcome::say(self.words.plain(Word::CardAbsent)).with(here));
        }
        let Some((address, record)) = bound.get(to) else {
            let senders = self.desk.kindle.senders().join("、");
            let text = self.words.say(Word::PushUnbound, &[("senders", &literal(&senders))]);
            return Ok(Outcome::say(text).with(here));
        };
        let title = shortened(&found.title, TITLE);
        let file = format
            .filter(|_| !record.is_kindle)
            .and_then(|format| offers(&found).into_iter().find(|offer| offer.format == format).map(|offer| offer.name));
        let most = self.desk.kindle.book_bytes();
        if let Some(bytes) = known_size(&found, file.as_deref()).filter(|bytes| *bytes > most) {
            let values = [("title", literal(&title)), ("size", size(bytes)), ("limit", size(most))];
            let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let text = format!("{}\n{}", self.words.say(Word::PushTooLarge, &values), self.card(id, &found, format, 0));
            return Ok(Outcome::say(text).with(here));
        }
        let action = Action::Push { book: id, title, file, address: address.clone() };
        Ok(self.post(action).with(here))
    }

    /// The latest pushes and how they stand.
    pub(super) fn push_status(&self) -> Result<Outcome> {
        let rows = self.desk.kindle.deliveries(&self.key(), SHOWN)?;
        if rows.is_empty() {
            return Ok(Outcome::say(self.words.plain(Word::PushNone)));
        }
        let lines: Vec<String> = rows.iter().map(|row| standing(self.words, row)).collect();
        Ok(Outcome::say(self.words.say(Word::PushStatus, &[("list", &lines.join("\n"))])))
    }

    /// The line on a card that pushes its book; none if there are no pushes.
    pub(super) fn push_link(&self, id: BookId, book: &BookRecord) -> Option<String> {
        let sent = format!("推送《{}》", shortened(&book.title, 20));
        let link = || menu_link(&sent, &format!("p{id}"), &self.words.plain(Word::LabelPush));
        self.desk.kindle.is_ready().then(|| self.words.say(Word::CardPush, &[("link", &link())]))
    }

    fn post(&self, action: Action) -> Outcome {
        let effects = vec![Effect::Post { alias: self.follower.alias.clone(), action }];
        Outcome { speech: Speech::Posted, effects, is_filler: false }
    }

    pub(super) fn push_off(&self) -> Outcome {
        Outcome::say(self.words.plain(Word::PushOff))
    }

    fn unfit(&self, unfit: &Unfit, typed: &str) -> String {
        let word = match unfit {
            Unfit::NoAddress => Word::UnfitAddress,
            Unfit::Closed => Word::UnfitClosed,
            Unfit::LooksLikeKindle => Word::UnfitKindle,
            Unfit::OtherDomain => Word::UnfitDomain,
            Unfit::Ours => Word::UnfitOurs,
        };
        self.words.say(word, &[("text", &literal(&shortened(typed, TITLE)))])
    }

    pub(super) fn addresses(&self) -> Result<Vec<(String, AddressRecord)>> {
        Ok(self.desk.kindle.addresses(&self.key())?)
    }

    pub(super) fn address_list(&self) -> Result<String> {
        Ok(self.words.say(Word::Mailboxes, &[("list", &numbered(&self.addresses()?))]))
    }

    fn key(&self) -> String {
        follower_key(self.account, self.open_id)
    }
}

impl Desk {
    /// Whether what is said to this text is [`private`]: it repeats an address before there is consent.
    pub(super) fn is_private(&self, text: &str) -> bool {
        // Where they are makes no difference to such a text.
        match command::parse(text, &PlaceRecord::default()) {
            Command::Bind(_) => true,
            Command::Agree(typed) => self.kindle.judge(&typed).is_err(),
            _ => false,
        }
    }
}

/// Said once, and not kept for a retry: the same is said again then.
fn private(text: String) -> Outcome {
    Outcome { speech: Speech::Private(text), effects: Vec::new(), is_filler: false }
}

/// What is said after an action.
pub(super) fn said(words: &Wordings, done: &Done) -> String {
    let count = |word: Word, number: &u32| words.say(word, &[("count", &number.to_string())]);
    let at = |word: Word, address: &str| words.say(word, &[("address", &literal(&masked(address)))]);
    match done {
        Done::CodeSent { address, sender } => {
            let word = if address.is_kindle() { Word::CodeSentKindle } else { Word::CodeSent };
            let values = [("address", literal(&masked(address.as_str()))), ("sender", literal(sender))];
            words.say(word, &[("address", &values[0].1), ("sender", &values[1].1)])
        }
        Done::AlreadyBound(address) => at(Word::AlreadyBound, address),
        Done::TooManyAddresses(most) => count(Word::TooManyAddresses, most),
        Done::TooManyCodes(most) => count(Word::TooManyCodes, most),
        Done::Bound(address) => at(Word::Bound, address),
        Done::WrongCode(0) => words.plain(Word::CodeSpent),
        Done::WrongCode(left) => count(Word::CodeWrong, left),
        Done::NoCode => words.plain(Word::CodeNone),
        Done::Unbound(address) => at(Word::Unbound, address),
        Done::NotBound(address) => at(Word::NotBound, address),
        Done::Pushed { title, address } => {
            let values = (literal(title), literal(&masked(address)));
            words.say(Word::Pushed, &[("title", &values.0), ("address", &values.1)])
        }
        Done::PushedBefore(row) => words.say(Word::PushedBefore, &[("state", &standing(words, row))]),
        Done::TooManyPushes(most) => count(Word::TooManyPushes, most),
    }
}

/// What is told of a delivery that has ended.
pub(super) fn news(words: &Wordings, row: &DeliveryRecord) -> String {
    match (&row.parcel, &row.trouble) {
        (Parcel::Code, trouble) => {
            let why = trouble.as_ref().map(|trouble| self::trouble(words, trouble)).unwrap_or_default();
            words.say(Word::CodeFailed, &[("address", &literal(&masked(&row.address))), ("why", &why)])
        }
        (Parcel::Book { .. }, _) => standing(words, row),
    }
}

/// A delivery in one line.
fn standing(words: &Wordings, row: &DeliveryRecord) -> String {
    let Parcel::Book { title, .. } = &row.parcel else { return String::new() };
    let state = match row.state {
        DeliveryState::Queued | DeliveryState::Sending => words.plain(Word::StateQueued),
        DeliveryState::Retry => words.plain(Word::StateRetry),
        DeliveryState::Sent => words.plain(Word::StateSent),
        DeliveryState::Failed => {
            let why = row.trouble.as_ref().map(|trouble| self::trouble(words, trouble)).unwrap_or_default();
            words.say(Word::StateFailed, &[("why", &why)])
        }
    };
    let values = (literal(title), literal(&masked(&row.address)));
    words.say(Word::Delivery, &[("title", &values.0), ("address", &values.1), ("state", &state)])
}

fn trouble(words: &Wordings, trouble: &DeliveryTrouble) -> String {
    let quoted = |word: Word, text: &str| words.say(word, &[("text", &literal(&shortened(text, SERVER_WORDS)))]);
    match trouble {
        DeliveryTrouble::Refused(text) => quoted(Word::TroubleRefused, text),
        DeliveryTrouble::Later(text) => quoted(Word::TroubleLater, text),
        DeliveryTrouble::TooLarge(bytes) => words.say(Word::TroubleLarge, &[("size", &size(*bytes))]),
        DeliveryTrouble::Unconvertible(_) => words.plain(Word::TroubleFormat),
        DeliveryTrouble::BookGone => words.plain(Word::TroubleGone),
        DeliveryTrouble::NotBound => words.plain(Word::TroubleUnbound),
        DeliveryTrouble::Bounced(text) => quoted(Word::TroubleBounced, text),
        DeliveryTrouble::Cancelled => words.plain(Word::TroubleCancelled),
        DeliveryTrouble::Blocked => words.plain(Word::TroubleBlocked),
        DeliveryTrouble::Restored => words.plain(Word::TroubleRestored),
    }
}

fn numbered(bound: &[(String, AddressRecord)]) -> String {
    let line =
        |(at, (address, _)): (usize, &(String, AddressRecord))| format!("{}. {}", at + 1, literal(&masked(address)));
    bound.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// What is pushed, and to which of so many addresses, counted from 0: `三体 到 2`, `Walden to 2`.
fn destination(what: &str, addresses: usize) -> (&str, usize) {
    for verb in ["到", " to "] {
        if let Some((before, behind)) = what.rsplit_once(verb)
            && let Some(number) = number::pick(behind.trim())
            && (1..=addresses).contains(&number)
        {
            return (before.trim(), number - 1);
        }
    }
    (what.trim(), 0)
}

/// The size of what would be sent, where a file is sent as it is.
fn known_size(book: &BookRecord, file: Option<&str>) -> Option<u64> {
    let all = offers(book);
    let offer = match file {
        Some(file) => all.iter().find(|offer| offer.name == file),
        None => all.iter().find(|offer| offer.format == Format::Epub),
    };
    offer.and_then(|offer| offer.edition).map(|edition| edition.bytes)
}

/// Random digits for a code.
fn digits() -> Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| Error::Random(error.to_string()))?;
    Ok(format!("{:06}", u64::from_be_bytes(random) % 10_u64.pow(DIGITS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_a_number_of_an_address() {
        assert_eq!(destination("三体 到 2", 2), ("三体", 1));
        assert_eq!(destination("三体到2", 2), ("三体", 1));
        assert_eq!(destination("Walden to 1", 1), ("Walden", 0));
        assert_eq!(destination("1 到 二", 3), ("1", 1));
        assert_eq!(destination("到 2", 2), ("", 1));
        // Titles have such words, too.
        assert_eq!(destination("从一到无穷大", 2), ("从一到无穷大", 0));
        assert_eq!(destination("三体 到 3", 2), ("三体 到 3", 0));
    }
}
