//! An e-book as a value: what every reader makes and every writer takes.
//!
//! Nothing here knows a file format, a disk or a clock. Markup in a chapter is kept as it was
//! written, as UTF-8; it comes from strangers, so whoever shows it to a browser cleans it first.

use super::{Format, xhtml};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A whole book in memory.
#[derive(Clone, Debug)]
pub struct Book {
    pub(super) format: Format,
    pub(super) metadata: Metadata,
    pub(super) chapters: Vec<Chapter>,
    pub(super) toc: Vec<TocEntry>,
    pub(super) resources: Vec<Resource>,
    pub(super) cover: Option<usize>,
    pub(super) text_known: bool,
}

impl Book {
    /// The format the book was read from.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Title, authors and the rest of what is said about the book.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The same, to be corrected before the book is written again.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// The table of contents; never empty when there is a chapter.
    pub fn toc(&self) -> &[TocEntry] {
        &self.toc
    }

    /// The chapters in reading order.
    pub fn chapters(&self) -> &[Chapter] {
        &self.chapters
    }

    /// Title and plain text of each chapter in reading order, those without text left out.
    pub fn chapter_texts(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let texts = self.chapters.iter().map(|chapter| (chapter.title.as_str(), chapter.text()));
        texts.filter(|(_, text)| !text.is_empty())
    }

    /// Pictures, style sheets, fonts and whatever else the chapters refer to.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The resource that the book itself names as its cover. [`cover::of`](super::cover::of)
    /// always has a picture.
    pub fn cover(&self) -> Option<&Resource> {
        self.cover.and_then(|at| self.resources.get(at))
    }

    /// False if the format is only kept, not read: then the metadata was guessed from the file
    /// name and there are no chapters.
    pub fn text_known(&self) -> bool {
        self.text_known
    }
}

/// What is said about a book. Only the title is certain to be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Never empty in a book that was read.
    pub title: String,
    /// The second part of the title.
    pub subtitle: Option<String>,
    /// Everyone named, in the order of the book: authors, translators, illustrators.
    pub contributors: Vec<Contributor>,
    /// A BCP 47 tag, as in `zh-CN`; found from the text if the book does not say.
    pub language: Option<String>,
    /// The publishing house.
    pub publisher: Option<String>,
    /// The date of publication as the book writes it: a year, a day or a point in time.
    pub published: Option<String>,
    /// The series the book belongs to.
    pub series: Option<Series>,
    /// Subjects and tags.
    pub subjects: Vec<String>,
    /// A blurb, as plain text.
    pub description: Option<String>,
    /// ISBN, UUID and so on.
    pub identifiers: Vec<Identifier>,
    /// Who may do what with it, as the book says.
    pub rights: Option<String>,
}

impl Metadata {
    /// The names of the authors proper; if no one is called an author, of everyone named.
    pub fn authors(&self) -> Vec<&str> {
        let authors = || self.contributors.iter().filter(|one| one.role == Role::Author);
        if authors().next().is_some() {
            return authors().map(|one| one.name.as_str()).collect();
        }
        self.contributors.iter().map(|one| one.name.as_str()).collect()
    }

    /// Adds an author unless the name is empty or already there.
    pub fn add_author(&mut self, name: &str) {
        self.add(name, Role::Author);
    }

    pub(super) fn add(&mut self, name: &str, role: Role) {
        let name = name.trim();
        let known = self.contributors.iter().any(|one| one.name == name && one.role == role);
        if !name.is_empty() && !known {
            self.contributors.push(Contributor { name: name.to_owned(), role, sort_as: None });
        }
    }
}

/// One person who made the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contributor {
    /// As printed.
    pub name: String,
    /// What they did.
    pub role: Role,
    /// As sorted (`Austen, Jane`), if the book says.
    pub sort_as: Option<String>,
}

/// What a contributor did: the MARC relator codes that books use, and the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// `aut`
    Author,
    /// `trl`
    Translator,
    /// `edt`
    Editor,
    /// `ill`
    Illustrator,
    /// Any other, as `bkp` (made the e-book).
    Other,
}

impl Role {
    /// From a MARC relator code.
    pub fn from_code(code: &str) -> Role {
        match code.trim().to_ascii_lowercase().as_str() {
            "aut" | "cre" => Role::Author,
            "trl" => Role::Translator,
            "edt" => Role::Editor,
            "ill" | "art" => Role::Illustrator,
            _ => Role::Other,
        }
    }
}

/// A series and the place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// As in `基地`.
    pub name: String,
    /// As written: `2`, `1.5`.
    pub number: Option<String>,
}

/// A name of the book among all books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    /// `isbn`, `uuid`, … in lower case; empty if the book does not say.
    pub scheme: String,
    /// Without `urn:isbn:` and the like.
    pub value: String,
}

/// A piece of the book in reading order.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// The place inside the book that links refer to, as in `text/ch1.xhtml`; unique in the book.
    pub path: String,
    /// From the table of contents, else the first heading; empty if there is neither.
    pub title: String,
    /// The text.
    pub content: Content,
}

impl Chapter {
    /// The plain text: paragraphs parted by one newline, without surrounding blanks.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.content {
            Content::Markup(markup) => Cow::Owned(xhtml::text(markup)),
            Content::Text(text) => Cow::Borrowed(text),
        }
    }
}

/// The text of a chapter.
#[derive(Clone, Debug)]
pub enum Content {
    /// XHTML, HTML or SVG as the book has it, decoded; maybe not well-formed.
    Markup(String),
    /// Plain paragraphs parted by one newline, the title not repeated.
    Text(String),
}

/// A line of the table of contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TocEntry {
    /// Never empty.
    pub title: String,
    /// Where it leads; none for a mere heading over its children.
    pub target: Option<Target>,
    /// At most [`TocEntry::MAX_DEPTH`] levels, so that recursion over them is safe.
    pub children: Vec<TocEntry>,
}

impl TocEntry {
    /// Deeper entries are raised to this level by the readers; real books have at most six.
    pub const MAX_DEPTH: usize = 16;
}

/// A place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Index into [`Book::chapters`].
    pub chapter: usize,
    /// The `id` of an element in the chapter.
    pub fragment: Option<String>,
}

/// A file that belongs to the book and is not a chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The place inside the book; unique in it.
    pub path: String,
    /// As the book declares it; not verified.
    pub media_type: String,
    /// As stored, fonts freed of obfuscation.
    pub bytes: Vec<u8>,
}
