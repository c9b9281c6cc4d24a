//! Words searched for, and books requested: from what the library found to a card, a list, or a way to ask for it.

use super::Result;
use super::listing::found_title;
use super::outcome::{Effect, Outcome, Speech, shortened};
use super::visit::Visit;
use super::wording::Word;
use crate::library::Finding;
use crate::search::Confidence;
use crate::store::records::{BookId, BookRecord, Listing, PlaceRecord};
use crate::store::schema::QUOTAS;
use crate::wechat::literal;

/// How much of a follower's words is repeated, in characters.
const ECHO: usize = 30;
/// Requests of one follower on one day.
const REQUESTS_PER_DAY: u64 = 20;
/// Most books listed because the words stand in them.
const INSIDE: usize = 27;
/// How much is shown of where they stand, in characters.
const SNIPPET: usize = 80;

impl Visit<'_> {
    /// Searches, and shows the one book that is meant, or a list, or how to request it.
    pub(super) fn search(&self, text: &str) -> Result<Outcome> {
        let finding = self.desk.library.find(text)?;
        let words = asked_for(text, &finding);
        let outcome = match finding.confidence {
            Confidence::Sure => return Ok(self.sure(text, finding)?.with(Effect::Search)),
            Confidence::Several => self.found_list(Word::ListSearch, text, finding),
            Confidence::Doubtful => self.found_list(Word::ListDoubtful, text, finding),
            Confidence::Nothing => self.inside(text, finding),
        };
        Ok(self.with_article(outcome?, &words).with(Effect::Search))
    }

    /// No title is like it: perhaps the words stand in books.
    fn inside(&self, text: &str, finding: Finding) -> Result<Outcome> {
        let words = asked_for(text, &finding);
        let found = self.desk.library.find_inside(&words, INSIDE)?;
        let Some(first) = found.first() else { return Ok(self.nothing(text, &finding)) };
        let echo = literal(&shortened(text, ECHO));
        let snippet = literal(&shortened(first.snippet.trim(), SNIPPET));
        let title = self.words.say(Word::ListInside, &[("text", &echo), ("snippet", &snippet)]);
        let books = found.iter().map(|inside| inside.book).collect();
        let listing = Listing { title, books, first: 0, shown: 0, format: finding.format };
        self.list(listing, Some(words))
    }

    /// A number that picks nothing: a title like 1984, or a slip.
    pub(super) fn number(&self, number: &str) -> Result<Outcome> {
        let finding = self.desk.library.find(number)?;
        match finding.confidence {
            Confidence::Sure => return Ok(self.sure(number, finding)?.with(Effect::Search)),
            Confidence::Several => {
                return Ok(self.found_list(Word::ListSearch, number, finding)?.with(Effect::Search));
            }
            Confidence::Doubtful | Confidence::Nothing if is_isbn(number) => {
                return Ok(self.nothing(number, &finding).with(Effect::Search));
            }
            Confidence::Doubtful | Confidence::Nothing => {}
        }
        let number = shortened(number, ECHO);
        let listing = self.place.listing.as_ref().filter(|listing| listing.shown > 0);
        let text = match listing.map(|listing| listing.books.len().to_string()) {
            Some(total) => self.words.say(Word::NumberOutside, &[("number", &number), ("total", &total)]),
            None => self.words.say(Word::NumberUnknown, &[("number", &number)]),
        };
        Ok(Outcome::say(text).filler())
    }

    /// Requests what was just not found, or the book on the card if it has no file.
    pub(super) fn request_unfound(&self) -> Result<Outcome> {
        if let Some(text) = &self.place.unfound {
            return self.requested(text.clone(), None);
        }
        match self.place.book.map(|id| self.desk.library.shown(id)).transpose()?.flatten() {
            Some((id, book)) => self.request_book(id, &book),
            None => Ok(Outcome::say(self.words.plain(Word::RequestUsage))),
        }
    }

    /// Requests a book by name, unless it is here.
    pub(super) fn request(&self, text: &str) -> Result<Outcome> {
        let finding = self.desk.library.find(text)?;
        match finding.confidence {
            Confidence::Sure => match self.first_shown(&finding)? {
                Some((id, book)) => self.request_book(id, &book),
                None => self.requested(asked_for(text, &finding), None),
            },
            Confidence::Several => self.found_list(Word::ListSearch, text, finding),
            Confidence::Doubtful | Confidence::Nothing => self.requested(asked_for(text, &finding), None),
        }
    }

    fn request_book(&self, id: BookId, book: &BookRecord) -> Result<Outcome> {
        if book.editions.is_empty() {
            return Ok(self.requested(book.title.clone(), Some(id))?.with(self.moved_to(self.at_book(id))));
        }
        let card = format!("{}\n{}", self.words.plain(Word::RequestHave), self.card(id, book, None, 0));
        Ok(Outcome::say(card).with(self.moved_to(self.at_book(id))))
    }

    /// Notes the request, up to a day's limit: whoever sends more is not looking for books.
    fn requested(&self, text: String, book: Option<BookId>) -> Result<Outcome> {
        let library = &self.desk.library;
        let counter = (library.day(self.now), format!("{}/requests", self.follower.alias));
        let today: u64 = library.store().get(&QUOTAS, &counter)?.unwrap_or(0);
        if today >= REQUESTS_PER_DAY {
            let limit = REQUESTS_PER_DAY.to_string();
            return Ok(Outcome::say(self.words.say(Word::RequestLimit, &[("limit", &limit)])));
        }
        let speech = Speech::Requested { title: literal(&shortened(&text, ECHO * 2)) };
        let effects = vec![Effect::Request { text, book }, Effect::Count(counter, today + 1)];
        Ok(Outcome { speech, effects, is_filler: false })
    }

    fn sure(&self, text: &str, finding: Finding) -> Result<Outcome> {
        let Some((id, book)) = self.first_shown(&finding)? else { return Ok(self.nothing(text, &finding)) };
        let others = finding.books.len().saturating_sub(1);
        let card = self.card(id, &book, finding.format, others);
        // Not shown yet, so no number picks from it: the first page comes with 下一页.
        let title = found_title(self, Word::ListSearch, text);
        let format = finding.format;
        let listing = Listing { title, books: finding.books, first: 0, shown: 0, format };
        Ok(Outcome::say(card).with(self.found(id, Some(listing))))
    }

    pub(super) fn found_list(&self, title: Word, text: &str, finding: Finding) -> Result<Outcome> {
        if self.first_shown(&finding)?.is_none() {
            return Ok(self.nothing(text, &finding));
        }
        let unfound = Some(asked_for(text, &finding));
        let title = found_title(self, title, text);
        let listing = Listing { title, books: finding.books, first: 0, shown: 0, format: finding.format };
        self.list(listing, unfound)
    }

    pub(super) fn nothing(&self, text: &str, finding: &Finding) -> Outcome {
        let echo = literal(&shortened(text, ECHO));
        let asked = asked_for(text, finding);
        let place = PlaceRecord { unfound: Some(asked.clone()), ..PlaceRecord::default() };
        let said = self.words.say(Word::Nothing, &[("text", &echo)]);
        Outcome::say(said).with(self.moved_to(place)).with(Effect::Miss(asked)).filler()
    }

    pub(super) fn first_shown(&self, finding: &Finding) -> Result<Option<(BookId, BookRecord)>> {
        for id in &finding.books {
            if let Some(shown) = self.desk.library.shown(*id)? {
                return Ok(Some(shown));
            }
        }
        Ok(None)
    }
}

/// A number from the back of a book, which nobody picks from a list by.
fn is_isbn(number: &str) -> bool {
    number.len() == 13 && (number.starts_with("978") || number.starts_with("979"))
}

/// What the follower would request: the words without chat around them and without the marks of a title.
fn asked_for(text: &str, finding: &Finding) -> String {
    let words = if finding.cleaned.trim().is_empty() { text } else { &finding.cleaned };
    shortened(words.trim_matches(['《', '》', ' ']), ECHO * 2)
}
