//! What the owner says of a book, in the place of what its files say. It wins from then on: no file that joins the book,
//! no newer edition of a source's, no catalogue changes what the owner has set ([`BookRecord::edited`]).
//!
//! A new title is a new work: what comes later under the old one is another book, which can be merged. Deliberately not
//! here: the files themselves, which stay as they came. What is made of them carries the new title, authors, language
//! and cover.

use serde::Deserialize;

use super::{Error, Library, Refused, Result, isbn, requests, shelf, takedown};
use crate::book;
use crate::store::records::{BookField, BookId, BookRecord};
use crate::store::schema::BOOKS;
use crate::store::{ContentHash, Durability};

/// Longest title, and longest name of a series, in characters.
pub(super) const LONGEST_TITLE: usize = 300;
/// Longest name of a person or a publisher, in characters.
const LONGEST_NAME: usize = 100;
/// Longest subject and longest date, in characters.
const LONGEST_WORD: usize = 40;
/// Longest description, in characters.
const LONGEST_DESCRIPTION: usize = 1_000;
/// Most authors, most other titles, most subjects and most ISBNs.
const MOST: usize = 20;

/// What is changed; what is not given stays. An empty text or list takes away what there was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Edit {
    /// The title; it cannot be taken away. At most 300 characters.
    pub title: Option<String>,
    /// Other names it is searched by, at most 20.
    pub aliases: Option<Vec<String>>,
    /// Authors, the first first, at most 20 of 100 characters.
    pub authors: Option<Vec<String>>,
    /// A BCP 47 tag.
    pub language: Option<String>,
    /// The series it belongs to.
    pub series: Option<String>,
    /// Subjects, at most 20 of 40 characters.
    pub subjects: Option<Vec<String>>,
    /// Who published it.
    pub publisher: Option<String>,
    /// When it was published, at most 40 characters.
    pub published: Option<String>,
    /// Plain text, at most 1,000 characters.
    pub description: Option<String>,
    /// ISBNs of 10 or 13 digits.
    pub isbns: Option<Vec<String>>,
}

impl Library {
    /// Changes what is said of a book. The index follows; who has asked for a book of the new title is told.
    ///
    /// # Errors
    /// When there is no such book, when it was merged into another one, when something given is no such thing or too
    /// long, or the store fails. Nothing has changed then.
    pub fn edit(&self, id: BookId, edit: &Edit) -> Result<()> {
        self.store.write(Durability::Durable, |write| {
            let before = write.get(&BOOKS, &id)?.ok_or(Error::NoSuchBook(id))?;
            let after = edited(before.clone(), edit)?;
            if after == before {
                return Ok::<_, Error>(());
            }
            refuse_merged(id, &before)?;
            takedown::refuse(write, &after)?;
            shelf::put(write, id, Some(&before), &after)?;
            if after.is_shown() && !after.editions.is_empty() {
                requests::fulfil(&self.store, write, id, &after)?;
            }
            Ok(())
        })?;
        self.indexing.wake();
        Ok(())
    }

    /// Adds a subject to those of a book.
    ///
    /// # Errors
    /// As [`Library::edit`].
    pub fn add_subject(&self, id: BookId, subject: &str) -> Result<()> {
        let mut subjects = self.book(id)?.ok_or(Error::NoSuchBook(id))?.subjects;
        subjects.push(subject.to_owned());
        self.edit(id, &Edit { subjects: Some(subjects), ..Edit::default() })
    }

    /// Takes one file out of a book that has others. It goes into the recycle bin as a book of its own, whose number is
    /// given, so that it can be had back.
    ///
    /// # Errors
    /// When there is no such book or file, when it is the book's only file, or the store fails.
    pub fn split_off(&self, id: BookId, hash: &ContentHash, now: chrono::DateTime<chrono::Utc>) -> Result<BookId> {
        let _no_garbage_is_collected = self.adding.read();
        let split = self.store.write(Durability::Durable, |write| {
            let before = write.get(&BOOKS, &id)?.ok_or(Error::NoSuchBook(id))?;
            refuse_merged(id, &before)?;
            let mut after = before.clone();
            let at = after.editions.iter().position(|edition| edition.hash == *hash);
            let at = at.ok_or(Refused::NoSuchFile(id))?;
            if after.editions.len() == 1 {
                return Err(Refused::OnlyFile.into());
            }
            let edition = after.editions.remove(at);
            // Numbers of catalogues and downloads are the book's, not the file's.
            let alone = BookRecord {
                editions: vec![edition],
                uid: None,
                votes: 0,
                downloads: 0,
                added_at: now,
                removed_at: Some(now),
                ..before.clone()
            };
            shelf::put(write, id, Some(&before), &after)?;
            let split = shelf::next_id(write)?;
            shelf::put(write, split, None, &alone)?;
            Ok::<_, Error>(split)
        })?;
        self.indexing.wake();
        Ok(split)
    }
}

fn refuse_merged(id: BookId, book: &BookRecord) -> Result<()> {
    match book.merged_into {
        Some(kept) => Err(Refused::PartOf { book: id, kept }.into()),
        None => Ok(()),
    }
}

/// The record as the owner wants it, with what was set noted as such. Only what differs is judged: what files and sources
/// have said may be longer than what is typed, and forms send all of it back.
fn edited(before: BookRecord, edit: &Edit) -> Result<BookRecord> {
    let mut book = before.clone();
    if let Some(title) = edit.title.as_ref().filter(|title| **title != before.title) {
        book.title = line(BookField::Title, title, LONGEST_TITLE)?.ok_or(Refused::NoTitle)?;
    }
    if let Some(names) = edit.aliases.as_ref().filter(|names| **names != before.aliases) {
        book.aliases = lines(BookField::Aliases, names, LONGEST_TITLE, &before.aliases)?;
    }
    book.aliases.retain(|alias| *alias != book.title);
    if let Some(names) = edit.authors.as_ref().filter(|names| **names != before.authors) {
        book.authors = lines(BookField::Authors, names, LONGEST_NAME, &before.authors)?;
    }
    if let Some(tag) = edit.language.as_ref().filter(|_| edit.language != before.language) {
        book.language = line(BookField::Language, tag, LONGEST_WORD)?.map(|tag| language(&tag)).transpose()?;
    }
    if let Some(name) = edit.series.as_ref().filter(|_| edit.series != before.series) {
        book.series = line(BookField::Series, name, LONGEST_TITLE)?;
    }
    if let Some(words) = edit.subjects.as_ref().filter(|words| **words != before.subjects) {
        book.subjects = lines(BookField::Subjects, words, LONGEST_WORD, &before.subjects)?;
    }
    if let Some(name) = edit.publisher.as_ref().filter(|_| edit.publisher != before.publisher) {
        book.publisher = line(BookField::Publisher, name, LONGEST_NAME)?;
    }
    if let Some(date) = edit.published.as_ref().filter(|_| edit.published != before.published) {
        book.published = line(BookField::Published, date, LONGEST_WORD)?;
    }
    let described = edit.description.as_ref().map(|text| text.replace("\r\n", "\n"));
    if let Some(text) = described.filter(|text| Some(text) != before.description.as_ref()) {
        book.description = paragraphs(&text)?;
    }
    if let Some(numbers) = edit.isbns.as_ref().filter(|numbers| **numbers != before.isbns) {
        book.isbns = lines(BookField::Isbns, numbers, LONGEST_WORD, &[])?
            .iter()
            .map(|text| number(text))
            .collect::<Result<_>>()?;
    }
    for field in changed(&before, &book) {
        if !book.edited.contains(&field) {
            book.edited.push(field);
        }
    }
    book.edited.sort_unstable();
    // What is drawn shows the title.
    let shows_another = (&before.title, &before.authors) != (&book.title, &book.authors);
    if shows_another && book.cover.as_ref().is_some_and(|cover| cover.drawn) {
        book.cover = None;
    }
    Ok(book)
}

fn changed(before: &BookRecord, after: &BookRecord) -> impl Iterator<Item = BookField> + use<> {
    let fields = [
        (BookField::Title, before.title != after.title),
        (BookField::Aliases, before.aliases != after.aliases),
        (BookField::Authors, before.authors != after.authors),
        (BookField::Language, before.language != after.language),
        (BookField::Series, before.series != after.series),
        (BookField::Subjects, before.subjects != after.subjects),
        (BookField::Publisher, before.publisher != after.publisher),
        (BookField::Published, before.published != after.published),
        (BookField::Description, before.description != after.description),
        (BookField::Isbns, before.isbns != after.isbns),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field)
}

/// One line of text; none if there is nothing in it.
pub(super) fn line(field: BookField, text: &str, most: usize) -> Result<Option<String>> {
    let plain = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = plain.collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        0 => Ok(None),
        length if length > most => Err(Refused::TooLong { field, most, length }.into()),
        _ => Ok(Some(line)),
    }
}

/// Those of `own` are there already and are not judged again.
fn lines(field: BookField, texts: &[String], most: usize, own: &[String]) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for text in texts {
        let line = if own.contains(text) { Some(text.clone()) } else { line(field, text, most)? };
        lines.extend(line.filter(|line| !lines.contains(line)));
    }
    if lines.len() > MOST.max(own.len()) { Err(Refused::TooMany { field, most: MOST }.into()) } else { Ok(lines) }
}

fn paragraphs(text: &str) -> Result<Option<String>> {
    let text: String = text.trim().chars().filter(|c| !c.is_control() || *c == '\n').collect();
    match text.chars().count() {
        0 => Ok(None),
        length if length > LONGEST_DESCRIPTION => {
            Err(Refused::TooLong { field: BookField::Description, most: LONGEST_DESCRIPTION, length }.into())
        }
        _ => Ok(Some(text)),
    }
}

fn language(text: &str) -> Result<String> {
    book::language_tag(text).ok_or_else(|| Refused::NoLanguage(text.to_owned()).into())
}

fn number(text: &str) -> Result<String> {
    isbn::thirteen(text).ok_or_else(|| Refused::NoIsbn(text.to_owned()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> BookRecord {
        BookRecord { title: "三体".into(), authors: vec!["某人".into()], ..BookRecord::default() }
    }

    fn refusal(edit: Edit) -> String {
        edited(book(), &edit).unwrap_err().to_string()
    }

    #[test]
    fn what_is_set_is_noted_and_what_is_not_given_stays() {
        let edit = Edit {
            title: Some("  三体\n全集 ".into()),
            authors: Some(vec!["某人".into()]),
            language: Some("ZH_tw".into()),
            description: Some("第一段\r\n第二段\u{7}".into()),
            isbns: Some(vec!["7-5366-9293-5".into(), " ".into()]),
            ..Edit::default()
        };
        let after = edited(book(), &edit).unwrap();
        assert_eq!((after.title.as_str(), after.language.as_deref()), ("三体 全集", Some("zh-TW")));
        assert_eq!(after.description.as_deref(), Some("第一段\n第二段"));
        assert_eq!(after.isbns, ["9787536692930"]);
        let set = [BookField::Title, BookField::Language, BookField::Description, BookField::Isbns];
        assert_eq!(after.edited, set, "the author was so before");
        let emptied = edited(after, &Edit { language: Some(String::new()), ..Edit::default() }).unwrap();
        assert!(emptied.language.is_none() && emptied.is_edited(BookField::Language), "empty is also said");
    }

    #[test]
    fn what_files_have_said_is_no_obstacle_to_another_title() {
        let long: Vec<String> = (0..25).map(|n| format!("{n}{}", "长".repeat(50))).collect();
        let before = BookRecord {
            description: Some("长".repeat(1_001)),
            language: Some("中文".into()),
            subjects: long.clone(),
            ..book()
        };
        let edit = Edit {
            title: Some("球状闪电".into()),
            description: before.description.clone(),
            language: before.language.clone(),
            subjects: Some(long.clone()),
            ..Edit::default()
        };
        let after = edited(before.clone(), &edit).unwrap();
        assert_eq!((after.title.as_str(), after.edited.as_slice()), ("球状闪电", [BookField::Title].as_slice()));
        let fewer = Edit { subjects: Some(long[1..].to_vec()), ..Edit::default() };
        assert_eq!(edited(before, &fewer).unwrap().subjects, long[1..]);
    }

    #[test]
    fn what_is_no_such_thing_is_refused_with_what_is() {
        assert!(refusal(Edit { title: Some(" ".into()), ..Edit::default() }).contains("needs a title"));
        let long = "长".repeat(301);
        assert!(refusal(Edit { title: Some(long), ..Edit::default() }).contains("300 characters, this has 301"));
        assert!(refusal(Edit { language: Some("中文".into()), ..Edit::default() }).contains("zh-TW"));
        assert!(refusal(Edit { isbns: Some(vec!["123".into()]), ..Edit::default() }).contains("10 or 13 digits"));
        let many = (0..21).map(|n| format!("作者{n}")).collect();
        assert!(refusal(Edit { authors: Some(many), ..Edit::default() }).contains("20 entries at most"));
    }
}
