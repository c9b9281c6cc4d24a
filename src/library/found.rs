//! Files that the library found by itself: where they come from, what their source says of them, and what becomes of
//! an edition that a newer one replaces.
//!
//! A source is believed where the file itself says nothing useful, never over it. How files are read and kept is in
//! `add`; how they are found is not this room's matter.

use std::collections::HashSet;

use super::add::{joined, shortened};
use super::{AddError, Added, ContentsEntry, Library, Result, isbn};
use crate::book::cover;
use crate::search;
use crate::store::records::{BookField, BookId, BookRecord, Provenance};
use crate::store::schema::{BOOK_OF_HASH, BOOKS};
use crate::store::{ContentHash, Write};
use chrono::{DateTime, Utc};

/// Longest title that a source is believed, in characters.
const MOST_TITLE: usize = 300;
/// Longest name or other short text kept of what a source says, in characters.
const MOST_NAME: usize = 100;
/// Longest address kept, in characters.
const MOST_ADDRESS: usize = 1_000;
/// Longest description believed, in characters.
const MOST_TEXT: usize = 1_000;
/// Longest note of rights kept, in characters.
const MOST_RIGHTS: usize = 300;
/// Most authors and most subjects believed.
const MOST_NAMES: usize = 10;
/// What stands in files where nobody wrote a title or an author, folded.
const NAMELESS: [&str; 15] = [
    "unknown",
    "unknownauthor",
    "unknowntitle",
    "untitled",
    "anonymous",
    "none",
    "null",
    "book",
    "未命名",
    "未知",
    "未知作者",
    "无名",
    "无题",
    "佚名",
    "作者",
];

/// A file with all that is known of where it comes from.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// The name it came under, without folders.
    pub file_name: &'a str,
    /// The file.
    pub bytes: &'a [u8],
    /// What the source says of the book.
    pub told: Told,
    /// A picture for a file that has none, in any format that books may have pictures in. One that cannot be read is
    /// left out.
    pub cover: Option<&'a [u8]>,
    /// Where it comes from.
    pub origin: Provenance,
    /// The edition that it takes the place of: same book, same format. If the library has that no more, the file is
    /// added like any other; if the format is another one, it joins the book.
    pub supersedes: Option<&'a ContentHash>,
    /// Its end is not in it yet.
    pub is_incomplete: bool,
}

/// What a source says of a book. Believed where the file says nothing, or only its own name, or “Unknown”.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The title.
    pub title: Option<String>,
    /// Authors' names, first author first.
    pub authors: Vec<String>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// Who published it.
    pub publisher: Option<String>,
    /// When it was published.
    pub published: Option<String>,
    /// What it is about, plain text.
    pub description: Option<String>,
    /// Subjects.
    pub subjects: Vec<String>,
    /// The series it belongs to.
    pub series: Option<String>,
    /// ISBNs of 10 or 13 digits; what is none is left out.
    pub isbns: Vec<String>,
}

impl Library {
    /// Adds a file that was found somewhere, or puts it in the place of the edition that it supersedes. Duplicates are
    /// known by hash and by work exactly as in [`Library::add`].
    ///
    /// An edition that is superseded leaves its book: its file is garbage from then on, the book keeps its number,
    /// downloads and requests, and stays in the recycle bin if it is there. If the new one has chapters that the old
    /// one had not, or is the first that is whole, those hear of it who subscribe to the title or an author.
    ///
    /// # Errors
    /// When the file is no readable book, when the book was taken down, or the store fails; nothing has changed then.
    pub fn add_found(&self, found: Found<'_>, now: DateTime<Utc>) -> Result<Added, AddError> {
        self.add_listed(found.file_name, found.bytes, super::add::Said::Found(&found), now)
    }

    /// The contents of the book that this file would replace an edition of.
    pub(super) fn superseded_contents(&self, found: &Found<'_>) -> Result<Option<Vec<ContentsEntry>>> {
        let Some(old) = found.supersedes else { return Ok(None) };
        let Some(id) = self.store.get(&BOOK_OF_HASH, &old.to_string())? else { return Ok(None) };
        let Some(book) = self.book(id)? else { return Ok(None) };
        Ok(Some(self.contents(&book).unwrap_or_default()))
    }
}

impl Found<'_> {
    /// Under which name the file is read. If its source knows the title, only the extension says anything: what a
    /// reader guesses from a name would pass for what the file says itself.
    pub(super) fn name_to_read<'n>(&self, name: &'n str) -> &'n str {
        match (&self.told.title, name.rfind('.')) {
            (Some(title), Some(dot)) if !title.trim().is_empty() => &name[dot..],
            _ => name,
        }
    }

    /// The picture that goes with it, if it can be read.
    pub(super) fn picture(&self) -> Option<cover::Sizes> {
        cover::of_picture(self.cover?, super::covers::THUMBNAIL)
    }

    /// Completes what the file said of itself.
    pub(super) fn lay_under(&self, record: &mut BookRecord, file_name: &str) {
        let told = &self.told;
        if let Some(title) = text(told.title.as_ref(), MOST_TITLE)
            && says_nothing(&record.title, file_name)
        {
            record.title = title;
        }
        record.authors.retain(|name| !is_nameless(name));
        fill(&mut record.authors, &told.authors);
        fill(&mut record.subjects, &told.subjects);
        if record.language.as_deref().is_none_or(|tag| tag.eq_ignore_ascii_case("und")) {
            record.language = text(told.language.as_ref(), MOST_NAME).or(record.language.take());
        }
        for (own, told, most) in [
            (&mut record.publisher, &told.publisher, MOST_NAME),
            (&mut record.published, &told.published, MOST_NAME),
            (&mut record.series, &told.series, MOST_TITLE),
            (&mut record.description, &told.description, MOST_TEXT),
        ] {
            if own.as_ref().is_none_or(|own| own.trim().is_empty()) {
                *own = text(told.as_ref(), most);
            }
        }
        if record.isbns.is_empty() {
            record.isbns = isbn::among(&told.isbns);
        }
        for edition in &mut record.editions {
            edition.origin = Some(self.kept_origin());
            edition.is_incomplete = self.is_incomplete;
        }
    }

    /// Notes where a file comes from that the library has already. Who brought it first is believed.
    pub(super) fn note(&self, book: &mut BookRecord, hash: &ContentHash) {
        for edition in book.editions.iter_mut().filter(|edition| edition.hash == *hash) {
            let origin = edition.origin.get_or_insert_with(|| self.kept_origin());
            if !self.is_incomplete && origin.url == self.origin.url {
                edition.is_incomplete = false;
            }
        }
    }

    fn kept_origin(&self) -> Provenance {
        let Provenance { source, url, licence, rights, fetched_at } = &self.origin;
        Provenance {
            source: shortened(source, MOST_NAME),
            url: shortened(url, MOST_ADDRESS),
            licence: shortened(licence, MOST_NAME * 2),
            rights: shortened(rights, MOST_RIGHTS),
            fetched_at: *fetched_at,
        }
    }
}

/// The book that has this file.
pub(super) fn holder(write: &Write<'_>, hash: &ContentHash) -> Result<Option<(BookId, BookRecord)>> {
    let Some(id) = write.get(&BOOK_OF_HASH, &hash.to_string())? else { return Ok(None) };
    Ok(write.get(&BOOKS, &id)?.map(|book| (id, book)))
}

/// The book with the new edition in the place of the old one; beside it, if they are of different formats.
pub(super) fn replaced(book: BookRecord, mut new: BookRecord, old: &ContentHash) -> BookRecord {
    let format = new.editions.first().map(|edition| edition.format);
    let is_same = book.editions.iter().any(|edition| edition.hash == *old && Some(edition.format) == format);
    if !is_same {
        return joined(book, new);
    }
    let edition = new.editions.pop();
    let contents = new.contents.clone();
    let cover = new.cover.clone().filter(|cover| !cover.drawn);
    let mut book = joined(book, new);
    book.contents = contents.or(book.contents);
    if !book.is_edited(BookField::Cover) {
        book.cover = cover.or(book.cover);
    }
    if let (Some(edition), Some(at)) = (edition, book.editions.iter_mut().find(|edition| edition.hash == *old)) {
        *at = edition;
    }
    book
}

/// Whether the new contents have an entry that the old ones had not.
pub(super) fn has_more(new: &[ContentsEntry], old: &[ContentsEntry]) -> bool {
    let known: HashSet<&str> = old.iter().map(|entry| entry.title.as_str()).collect();
    new.iter().any(|entry| !known.contains(entry.title.as_str()))
}

fn text(told: Option<&String>, most: usize) -> Option<String> {
    told.map(|text| shortened(text, most)).filter(|text| !text.is_empty())
}

fn fill(own: &mut Vec<String>, told: &[String]) {
    if own.is_empty() {
        *own = told.iter().filter_map(|name| text(Some(name), MOST_NAME)).take(MOST_NAMES).collect();
    }
}

/// Whether a title is none: nothing, a placeholder, or the name of the file.
fn says_nothing(title: &str, file_name: &str) -> bool {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let key = search::title_key(title);
    is_nameless(title) || [name, stem].iter().any(|name| search::title_key(name) == key)
}

fn is_nameless(name: &str) -> bool {
    let key = search::title_key(name);
    key.is_empty() || NAMELESS.contains(&key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_nothing() {
        for title in ["", " - ", "Unknown", "UNKNOWN AUTHOR", "[Unknown]", "未知", "佚名", "pg1342", "pg1342.epub"]
        {
            assert!(says_nothing(title, "pg1342.epub"), "{title}");
        }
        for title in ["Emma", "未知的世界", "Unknown Pleasures"] {
            assert!(!says_nothing(title, "pg1342.epub"), "{title}");
        }
    }

    #[test]
    fn more_is_what_was_not_there_before() {
        let contents = |titles: &[&str]| -> Vec<ContentsEntry> {
            titles.iter().map(|title| ContentsEntry { title: (*title).to_owned(), level: 0 }).collect()
        };
        let old = contents(&["第一章", "第二章"]);
        assert!(has_more(&contents(&["第一章", "第二章", "第三章"]), &old));
        assert!(has_more(&contents(&["第二章", "第三章"]), &old), "a window that moves on");
        assert!(!has_more(&contents(&["第一章"]), &old) && !has_more(&old, &old));
    }
}
