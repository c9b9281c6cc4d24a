//! Numbered lists: at most nine lines to a page, as many as fit into one reply, turned with `n` and `p`.
//!
//! Numbers run through the whole list, so that a number means the same book on every page. Each line is also a link
//! that names its book, which still works when another list is open by then. Pages are laid out from where the
//! follower is, forwards or backwards; with long titles they are shorter.

use super::Result;
use super::card::authors;
use super::outcome::{Effect, Outcome, Speech, shortened};
use super::visit::Visit;
use super::wording::Word;
use crate::store::records::{BookId, BookRecord, Listing, PlaceRecord};
use crate::wechat::{TEXT_FITTING_BYTES, literal, menu_link};

/// Most lines of a page.
const LINES: usize = 9;
/// Most books of a list that no search made.
const LISTED: usize = 90;
/// Longest title in a line, in characters.
const TITLE: usize = 40;
/// Most formats named in a line.
const FORMATS: usize = 3;

/// What a list shows at one time.
struct Page {
    text: String,
    first: usize,
    shown: usize,
}

impl Visit<'_> {
    /// Books by arrival.
    pub(super) fn latest(&self) -> Result<Outcome> {
        self.list_of(Word::ListLatest, self.desk.library.latest(None, LISTED)?)
    }

    /// Books by popularity.
    pub(super) fn popular(&self) -> Result<Outcome> {
        self.list_of(Word::ListPopular, self.desk.library.popular(0, LISTED)?)
    }

    /// Books by chance.
    pub(super) fn random(&self) -> Result<Outcome> {
        let mut outcome = self.list_of(Word::ListRandom, self.desk.library.random(LINES, self.seed)?)?;
        let again = format!(" · {}", self.words.plain(Word::PageAgain));
        if let Speech::Text(text) = &mut outcome.speech
            && !outcome.effects.is_empty()
            && text.len() + again.len() <= TEXT_FITTING_BYTES
        {
            text.push_str(&again);
        }
        Ok(outcome)
    }

    /// The first page of a list; `unfound` is what can be requested in its place.
    pub(super) fn list(&self, listing: Listing, unfound: Option<String>) -> Result<Outcome> {
        let place = PlaceRecord { listing: Some(listing.clone()), unfound, ..PlaceRecord::default() };
        let page = self.page_from(&listing, 0, place.unfound.is_some())?;
        Ok(self.turned(page, place, Effect::Place))
    }

    /// The page behind the one that is shown.
    pub(super) fn next_page(&self) -> Result<Outcome> {
        let Some(listing) = &self.place.listing else { return Ok(self.no_list()) };
        let first = listing.first + listing.shown;
        if first >= listing.books.len() {
            let total = listing.books.len().to_string();
            return Ok(Outcome::say(self.words.say(Word::ListEnd, &[("total", &total)])));
        }
        let page = self.page_from(listing, first, self.place.unfound.is_some())?;
        Ok(self.turned(page, self.place.clone(), Effect::Turn))
    }

    /// The page before the one that is shown.
    pub(super) fn previous_page(&self) -> Result<Outcome> {
        let Some(listing) = &self.place.listing else { return Ok(self.no_list()) };
        if listing.first == 0 {
            return Ok(Outcome::say(self.words.plain(Word::ListStart)));
        }
        let page = self.page_before(listing, listing.first, self.place.unfound.is_some())?;
        Ok(self.turned(page, self.place.clone(), Effect::Turn))
    }

    /// A book of the list by its number from 1.
    pub(super) fn pick(&self, number: usize) -> Result<Outcome> {
        let books = self.place.listing.as_ref().map(|listing| listing.books.as_slice()).unwrap_or_default();
        match number.checked_sub(1).and_then(|at| books.get(at)) {
            Some(book) => self.open(*book),
            None => Ok(self.no_list()),
        }
    }

    fn list_of(&self, title: Word, books: Vec<BookId>) -> Result<Outcome> {
        if books.is_empty() {
            return Ok(Outcome::say(self.words.plain(Word::ShelfEmpty)));
        }
        self.list(Listing { title: self.words.plain(title), books, first: 0, shown: 0, format: None }, None)
    }

    fn no_list(&self) -> Outcome {
        let minutes = self.desk.limits().place_minutes.to_string();
        Outcome::say(self.words.say(Word::ListNone, &[("minutes", &minutes)]))
    }

    fn turned(&self, page: Page, place: PlaceRecord, effect: fn(PlaceRecord) -> Effect) -> Outcome {
        let listing = place.listing.map(|listing| Listing { first: page.first, shown: page.shown, ..listing });
        // A card that was shown is out of sight now: a format alone is a search again.
        Outcome::say(page.text).with(effect(self.until(PlaceRecord { listing, book: None, ..place })))
    }

    fn page_from(&self, listing: &Listing, first: usize, can_request: bool) -> Result<Page> {
        let room = self.room(listing, can_request);
        let (mut lines, mut bytes, mut shown, mut count) = (String::new(), 0, 0, 0);
        for number in first..listing.books.len() {
            let line = self.line(listing, number)?;
            if count == LINES || (count > 0 && bytes + line.len() > room) {
                break;
            }
            // A book that has gone since leaves its number unused.
            count += usize::from(!line.is_empty());
            bytes += line.len();
            shown += 1;
            lines.push_str(&line);
        }
        Ok(self.page(listing, &lines, first, shown, can_request))
    }

    fn page_before(&self, listing: &Listing, end: usize, can_request: bool) -> Result<Page> {
        let room = self.room(listing, can_request);
        let (mut lines, mut bytes, mut first, mut count) = (Vec::new(), 0, end, 0);
        for number in (0..end.min(listing.books.len())).rev() {
            let line = self.line(listing, number)?;
            if count == LINES || (count > 0 && bytes + line.len() > room) {
                break;
            }
            count += usize::from(!line.is_empty());
            bytes += line.len();
            first = number;
            lines.push(line);
        }
        lines.reverse();
        Ok(self.page(listing, &lines.concat(), first, end - first, can_request))
    }

    fn page(&self, listing: &Listing, lines: &str, first: usize, shown: usize, can_request: bool) -> Page {
        let total = listing.books.len();
        let foot = self.foot(first, shown, total, can_request);
        Page { text: [&self.list_head(listing), lines, &foot].concat(), first, shown }
    }

    /// Bytes for the lines, whatever the foot will be.
    fn room(&self, listing: &Listing, can_request: bool) -> usize {
        let foot = self.foot(LINES, LINES, 999, can_request).len();
        TEXT_FITTING_BYTES.saturating_sub(self.list_head(listing).len() + foot)
    }

    fn list_head(&self, listing: &Listing) -> String {
        let hint = listing.format.map(|format| self.words.say(Word::ListFormat, &[("format", format.name())]));
        format!("{}{}\n", listing.title, hint.unwrap_or_default())
    }

    /// One line; empty for a book that is not shown any more.
    fn line(&self, listing: &Listing, number: usize) -> Result<String> {
        let id = listing.books.get(number).copied().unwrap_or_default();
        let Some((id, book)) = self.desk.library.shown(id)? else { return Ok(String::new()) };
        let count = (number + 1).to_string();
        let title = format!("{count}. {}", shortened(&book.title, TITLE));
        let mut line = menu_link(&count, &format!("b{id}"), &title);
        if book.is_incomplete() {
            line = self.words.say(Word::CardIncomplete, &[("title", &line)]);
        }
        let about: Vec<String> =
            [authors(&book, 1), self.kinds(&book)].into_iter().filter(|part| !part.is_empty()).collect();
        if !about.is_empty() {
            line.push(' ');
            line.push_str(&about.join(" · "));
        }
        line.push('\n');
        Ok(line)
    }

    fn kinds(&self, book: &BookRecord) -> String {
        let mut names: Vec<&str> = Vec::new();
        for edition in &book.editions {
            let name = edition.format.name();
            if !names.contains(&name) && names.len() < FORMATS {
                names.push(name);
            }
        }
        if names.is_empty() { self.words.plain(Word::ListAbsent) } else { names.join("/") }
    }

    fn foot(&self, first: usize, shown: usize, total: usize, can_request: bool) -> String {
        let mut foot = String::from("\n");
        let end = first + shown;
        if first > 0 || end < total {
            let (first, last) = ((first + 1).to_string(), end.to_string());
            let values = [("first", first.as_str()), ("last", &last), ("total", &total.to_string())];
            foot.push_str(&self.words.say(Word::ListRange, &values));
            foot.push('\n');
        }
        foot.push_str(&self.words.plain(Word::ListPick));
        let turns = [(first > 0, Word::PagePrevious), (end < total, Word::PageNext)];
        for (_, word) in turns.into_iter().filter(|(is_there, _)| *is_there) {
            foot.push_str(" · ");
            foot.push_str(&self.words.plain(word));
        }
        if can_request {
            foot.push('\n');
            foot.push_str(&self.words.plain(Word::ListRequest));
        }
        foot
    }
}

/// The head of a list that a search made.
pub(super) fn found_title(visit: &Visit<'_>, word: Word, text: &str) -> String {
    visit.words.say(word, &[("text", &literal(&shortened(text, 30)))])
}
