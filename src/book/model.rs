//! An e-book as a value: what every reader makes and every writer takes.
//!
//! Nothing here knows a file format, a disk or a clock. Markup in a chapter is kept as it was
//! written, as UTF-8; it comes from strangers, so whoever shows it to a browser cleans it first.

pub use super::metadata::{Contributor, Identifier, Metadata, Role, Series};
use super::{Corrections, Format, Report, xhtml};
use std::borrow::Cow;
use std::collections::BTreeMap;

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
    pub(super) layout: Layout,
    pub(super) landmarks: Vec<Landmark>,
    pub(super) page_list: Vec<TocEntry>,
    pub(super) report: Report,
}

impl Book {
    /// A book of that format with nothing in it yet; its text counts as known.
    pub(super) fn new(format: Format) -> Book {
        Book {
            format,
            metadata: Metadata::default(),
            chapters: Vec::new(),
            toc: Vec::new(),
            resources: Vec::new(),
            cover: None,
            text_known: true,
            layout: Layout::default(),
            landmarks: Vec::new(),
            page_list: Vec::new(),
            report: Report::default(),
        }
    }

    /// How the pages want to be shown.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The places a reading system offers besides the table of contents.
    pub fn landmarks(&self) -> &[Landmark] {
        &self.landmarks
    }

    /// The pages of the printed edition, in order and without children.
    pub fn page_list(&self) -> &[TocEntry] {
        &self.page_list
    }

    /// What was put right or left out when the book was read.
    pub fn report(&self) -> &Report {
        &self.report
    }

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

    /// Takes over what somebody knows better.
    pub fn correct(&mut self, corrections: &Corrections) {
        if let Some(title) = &corrections.title {
            title.clone_into(&mut self.metadata.title);
        }
        if !corrections.authors.is_empty() {
            self.metadata.contributors.retain(|one| one.role != Role::Author);
            for other in &mut self.metadata.contributors {
                other.creator = false;
            }
            let authors = corrections.authors.iter().map(|name| Contributor::new(name, Role::Author));
            self.metadata.contributors.splice(0..0, authors);
        }
        if let Some(language) = &corrections.language {
            self.metadata.language = Some(language.clone());
        }
        let picture = match (&corrections.cover, self.cover) {
            (None, None) => corrections.default_cover.as_ref(),
            (picture, _) => picture.as_ref(),
        };
        if let Some(picture) = picture {
            self.set_cover(picture.clone());
        }
    }

    fn set_cover(&mut self, bytes: Vec<u8>) {
        let media_type = if bytes.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" };
        let mut path = "cover-picture".to_owned();
        while self.resources.iter().any(|one| one.path == path) {
            path.push('x');
        }
        self.cover = Some(self.resources.len());
        self.resources.push(Resource { path, media_type: media_type.into(), bytes });
    }

    /// False if the format is only kept, not read: then the metadata was guessed from the file
    /// name and there are no chapters.
    pub fn text_known(&self) -> bool {
        self.text_known
    }
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
    /// False for what stands outside the reading order: notes, answers. Links lead there.
    pub linear: bool,
}

impl Chapter {
    /// The first so many bytes of the plain text, or a little more; all if there are fewer.
    pub(super) fn beginning(&self, enough: usize) -> Cow<'_, str> {
        match &self.content {
            Content::Markup(markup) => Cow::Owned(xhtml::beginning(markup, enough)),
            Content::Text(text) => {
                let end = (enough..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
                Cow::Borrowed(text.get(..end).unwrap_or(text))
            }
        }
    }

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
    /// Most entries of a book's contents, on all levels: five times as many as the longest serials have chapters.
    pub(super) const MOST: usize = 50_000;
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

/// How the pages want to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Which way pages are turned, if the book says.
    pub direction: Option<Direction>,
    /// Lines run from top to bottom, as in traditional Chinese and Japanese books.
    pub vertical: bool,
    /// Pages of a fixed size, as in comics and picture books.
    pub fixed: Option<FixedLayout>,
    /// The side on which some chapters are to be shown where two pages are open.
    pub spreads: BTreeMap<usize, Spread>,
}

/// A side of two open pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// The left one.
    Left,
    /// The right one.
    Right,
    /// Across both.
    Center,
}

impl Spread {
    const PROPERTIES: [(Spread, &'static str); 3] = [
        (Spread::Left, "page-spread-left"),
        (Spread::Right, "page-spread-right"),
        (Spread::Center, "rendition:page-spread-center"),
    ];

    /// From the properties of an entry of a spine.
    pub(super) fn of_properties(properties: &str) -> Option<Spread> {
        let plain = |name: &'_ str| name.trim_start_matches("rendition:").to_owned();
        let names: Vec<String> = properties.split_whitespace().map(plain).collect();
        let known = |(_, property): &(Spread, &str)| names.contains(&plain(property));
        Spread::PROPERTIES.into_iter().find(known).map(|(spread, _)| spread)
    }

    /// The property that says so.
    pub(super) fn property(self) -> &'static str {
        Spread::PROPERTIES.into_iter().find(|(spread, _)| *spread == self).map_or("", |(_, property)| property)
    }
}

/// Which way pages are turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The next page lies to the right.
    LeftToRight,
    /// The next page lies to the left.
    RightToLeft,
}

/// Pages of a fixed size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixedLayout {
    /// `landscape`, `portrait` or `auto`.
    pub orientation: Option<String>,
    /// When two pages are shown side by side: `landscape`, `both`, `none`, `auto`.
    pub spread: Option<String>,
    /// Width and height of a page in pixels, if the book names one size for all.
    pub size: Option<(u32, u32)>,
}

/// A place that a reading system offers by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landmark {
    /// What is there.
    pub kind: LandmarkKind,
    /// As the book calls it; may be empty.
    pub title: String,
    /// Where it is.
    pub target: Target,
}

/// The kinds of places: those that both the guide of EPUB 2 and the landmarks of EPUB 3 know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LandmarkKind {
    /// The page with the cover.
    Cover,
    /// The title page.
    TitlePage,
    /// The table of contents as a page of the book.
    Contents,
    /// Where reading starts.
    Start,
    /// Foreword.
    Foreword,
    /// Preface.
    Preface,
    /// Epigraph.
    Epigraph,
    /// Dedication.
    Dedication,
    /// Acknowledgements.
    Acknowledgements,
    /// Copyright page.
    Copyright,
    /// Notes.
    Notes,
    /// Bibliography.
    Bibliography,
    /// Glossary.
    Glossary,
    /// Index.
    Index,
    /// Colophon.
    Colophon,
    /// List of illustrations.
    Illustrations,
    /// List of tables.
    Tables,
}
