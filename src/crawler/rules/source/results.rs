//! What pages give, as values. All texts are plain, all addresses absolute.

use super::super::kept::Kept;

/// A book found by a search or in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// Its page; may carry `,{json}` options, which [`super::Source::request`] understands.
    pub url: String,
    /// Its title; never empty.
    pub title: String,
    /// Its author; empty if the site does not say.
    pub author: String,
    /// What it is about; several lines.
    pub intro: Option<String>,
    /// Kinds and tags, with commas between.
    pub kind: Option<String>,
    /// The address of its cover.
    pub cover: Option<String>,
    /// The title of its newest chapter.
    pub last_chapter: Option<String>,
    /// What the rules keep for the pages of this book.
    pub kept: Kept,
}

/// What the page of a book says. What it does not is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Its title.
    pub title: Option<String>,
    /// Its author.
    pub author: Option<String>,
    /// What it is about; several lines.
    pub intro: Option<String>,
    /// Kinds and tags, with commas between.
    pub kind: Option<String>,
    /// The address of its cover.
    pub cover: Option<String>,
    /// The title of its newest chapter.
    pub last_chapter: Option<String>,
    /// How long it is, as the site writes it.
    pub word_count: Option<String>,
    /// When it was last changed, as the site writes it.
    pub updated: Option<String>,
    /// Where its chapters are listed; `None` is this same page.
    pub contents_url: Option<String>,
    /// Its files, if the source is one of files.
    pub files: Vec<String>,
}

/// A chapter in a list of contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChapterLink {
    /// Its title; never empty.
    pub title: String,
    /// Its page; may carry options. Of a volume without a page it is no address, only a name that no other has.
    pub url: String,
    /// It is the heading of those that follow.
    pub is_volume: bool,
    /// It has to be paid for.
    pub is_paid: bool,
    /// When it was changed, as the site writes it.
    pub updated: Option<String>,
}

/// A page of contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentsPage {
    /// In the order of the page; [`super::Source::has_newest_first`] says which end the book begins at.
    pub chapters: Vec<ChapterLink>,
    /// Further pages: one is followed by its own next, several are all there are.
    pub next: Vec<String>,
}

/// A page of a chapter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChapterPage {
    /// Lines; pictures are lines `<img src="…">`. [`super::Source::finished`] makes one text of all pages.
    pub text: String,
    /// The title, if the page has a better one than the contents.
    pub title: Option<String>,
    /// Further pages, as with [`ContentsPage::next`]; the next chapter is not among them.
    pub next: Vec<String>,
}
