//! The card of one book: title, authors, what it is about, a link to its page and one to each of its files.
//!
//! A text reply holds 2048 bytes, and a signed link takes 150 of them: title, page link and as many downloads as fit
//! come first, the description gets what is left. The format that was asked for leads.

use super::Result;
use super::outcome::{Effect, Outcome, shortened};
use super::visit::Visit;
use super::wording::Word;
use crate::book::Format;
use crate::library::link::{Offer, offers};
use crate::store::records::{BookId, BookRecord, Listing, PlaceRecord};
use crate::wechat::{TEXT_FITTING_BYTES, literal, text_link};

/// Longest title on a card, in characters.
const TITLE: usize = 100;
/// Longest description on a card, in characters.
const DESCRIPTION: usize = 120;
/// Most authors named.
const AUTHORS: usize = 3;
/// Most download links on a card; the page has all.
const DOWNLOADS: usize = 6;

impl Visit<'_> {
    /// The card of the book under this number, and the follower before it.
    pub(super) fn open(&self, id: BookId) -> Result<Outcome> {
        let format = self.place.listing.as_ref().and_then(|listing| listing.format);
        match self.desk.library.shown(id)? {
            Some((id, book)) => {
                let card = self.card(id, &book, format, 0);
                Ok(Outcome::say(card).with(self.moved_to(self.at_book(id))))
            }
            None => Ok(Outcome::say(self.words.plain(Word::BookGone))),
        }
    }

    /// The card that was shown last, led by another format.
    pub(super) fn as_format(&self, format: Format) -> Result<Outcome> {
        let shown = self.place.book.map(|id| self.desk.library.shown(id)).transpose()?.flatten();
        Ok(match shown {
            Some((id, book)) => {
                let card = self.card(id, &book, Some(format), 0);
                Outcome::say(card).with(self.moved_to(self.at_book(id)))
            }
            None => Outcome::say(self.words.plain(Word::BookGone)),
        })
    }

    /// A book's card. `others` says how many more were found with it.
    pub(super) fn card(&self, id: BookId, book: &BookRecord, format: Option<Format>, others: usize) -> String {
        let head = self.card_head(book);
        let foot = match others {
            0 => String::new(),
            others => format!("\n{}", self.words.say(Word::CardOthers, &[("count", &others.to_string())])),
        };
        let used = head.len() + foot.len() + DESCRIPTION * 3 / 2;
        let body = self.card_body(id, book, format, TEXT_FITTING_BYTES.saturating_sub(used));
        let left = TEXT_FITTING_BYTES.saturating_sub(head.len() + body.len() + foot.len() + 2);
        let description = self.card_description(book, left);
        [head, description, body, foot].concat()
    }

    /// Where the follower is after the card of a book that a search found.
    pub(super) fn found(&self, id: BookId, listing: Option<Listing>) -> Effect {
        self.moved_to(PlaceRecord { listing, book: Some(id), ..PlaceRecord::default() })
    }

    fn card_head(&self, book: &BookRecord) -> String {
        let mut head = self.words.say(Word::CardTitle, &[("title", &literal(&shortened(&book.title, TITLE)))]);
        if book.is_incomplete() {
            head = self.words.say(Word::CardIncomplete, &[("title", &head)]);
        }
        let authors = authors(book, AUTHORS);
        if !authors.is_empty() {
            head.push('\n');
            head.push_str(&self.words.say(Word::CardAuthors, &[("authors", &authors)]));
        }
        head.push('\n');
        head
    }

    fn card_description(&self, book: &BookRecord, room: usize) -> String {
        let text = book.description.as_deref().unwrap_or_default();
        // Whatever is cut keeps its …, three bytes.
        let most = DESCRIPTION.min(room.saturating_sub(5) / 4);
        let text = literal(&shortened(text, most));
        if most < 20 || text.trim().is_empty() { String::new() } else { format!("{text}\n") }
    }

    /// The links, in at most `room` bytes as far as downloads are concerned.
    fn card_body(&self, id: BookId, book: &BookRecord, format: Option<Format>, room: usize) -> String {
        let label = self.words.plain(Word::LabelOpen);
        let page = text_link(&self.desk.links.book_page(id, &self.follower.alias, self.now), &label);
        let page = self.words.say(Word::CardPage, &[("link", &page)]);
        if book.editions.is_empty() {
            return format!("{}\n{page}", self.words.plain(Word::CardAbsent));
        }
        let mut files = offers(book);
        // What can be made is on the page; here only what was asked for, and the format that most can open.
        files.retain(|offer| offer.edition.is_some() || format == Some(offer.format) || offer.format == Format::Epub);
        // Stable: the other formats keep their order.
        files.sort_by_key(|offer| format.is_some_and(|format| offer.format != format));
        let missing = format.filter(|format| files.iter().all(|offer| offer.format != *format));
        let mut body = missing.map_or(String::new(), |format| {
            format!("{}\n", self.words.say(Word::CardNoFormat, &[("format", format.name())]))
        });
        let push = self.push_link(id, book).filter(|push| push.len() + page.len() + 400 < room);
        let pushed = push.as_ref().map_or(0, |push| push.len() + 1);
        let mut room = room.saturating_sub(body.len() + page.len() + pushed + 60);
        let mut downloads = Vec::new();
        for offer in files.into_iter().take(DOWNLOADS) {
            let link = self.download(id, &offer);
            if link.len() + 4 > room {
                break;
            }
            room -= link.len() + 4;
            downloads.push(link);
        }
        if !downloads.is_empty() {
            body.push_str(&self.words.say(Word::CardDownloads, &[("links", &downloads.join(" · "))]));
            body.push('\n');
        }
        if let Some(push) = push {
            body.push_str(&push);
            body.push('\n');
        }
        body.push_str(&page);
        body
    }

    fn download(&self, id: BookId, offer: &Offer<'_>) -> String {
        let url = self.desk.links.download(id, &offer.name, &self.follower.alias, self.now);
        let number = offer.name.rsplit_once('-').map_or(String::new(), |(_, number)| format!(" {number}"));
        let link = text_link(&url, &format!("{}{number}", offer.format.name()));
        match offer.edition {
            Some(edition) => format!("{link} {}", size(edition.bytes)),
            None => link,
        }
    }
}

/// The first authors, as text.
pub(super) fn authors(book: &BookRecord, most: usize) -> String {
    let names: Vec<String> = book.authors.iter().take(most).map(|name| shortened(name, 20)).collect();
    literal(&names.join("、"))
}

/// A size as people say it: 850 KB, 1.2 MB. Files under 1 KB count as 1 KB.
pub(super) fn size(bytes: u64) -> String {
    const MB: u64 = 1 << 20;
    match bytes {
        0..MB => format!("{} KB", bytes.div_ceil(1024).max(1)),
        bytes if bytes < 10 * MB => format!("{}.{} MB", bytes / MB, bytes % MB * 10 / MB),
        bytes => format!("{} MB", bytes / MB),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_as_people_say_them() {
        for (bytes, said) in [
            (0, "1 KB"),
            (1, "1 KB"),
            (870_400, "850 KB"),
            (1 << 20, "1.0 MB"),
            (1_300_000, "1.2 MB"),
            (15 << 20, "15 MB"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }
}
