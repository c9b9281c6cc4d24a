//! Why a change of the library makes no sense: a closed list, so that whoever shows it to a person can say it in that
//! person's language. As text it is English, for the command line and the log.

use crate::store::records::{BookField, BookId};

/// Why not, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The book was merged into another one.
    #[error("book {book} is part of book {kept} now; change that one")]
    PartOf {
        /// It.
        book: BookId,
        /// The one that has its files now.
        kept: BookId,
    },
    /// The book is not on the shelf.
    #[error("book {0} is removed or merged; restore it first")]
    NotShown(BookId),
    /// A book was to be merged with itself.
    #[error("book {0} cannot be merged with itself")]
    WithItself(BookId),
    /// There is no such merge, or it has been undone.
    #[error("there is no merge {0} to undo")]
    NoSuchMerge(u64),
    /// One of the books was merged again.
    #[error("undo the later merge of these books first")]
    MergedLater,
    /// Books were to be told apart that nobody takes for one.
    #[error("these books are not of one title and author")]
    NotOneWork,
    /// The file has gone from the book.
    #[error("book {0} does not have this file any more")]
    NoSuchFile(BookId),
    /// A book keeps one file.
    #[error("it is the only file of the book; remove the book instead")]
    OnlyFile,
    /// Only what lies in the recycle bin is deleted.
    #[error("book {0} is not in the recycle bin; remove it first")]
    NotInBin(BookId),
    /// The book is an entry of a catalogue.
    #[error("book {0} has no file yet")]
    NoFile(BookId),
    /// Nobody asks for that, or no longer.
    #[error("there is no such open request")]
    NoSuchRequest,
    /// The title is empty.
    #[error("a book needs a title")]
    NoTitle,
    /// What was given is too long.
    #[error("{} may have {most} characters, this has {length}", said(*.field))]
    TooLong {
        /// What it was given for.
        field: BookField,
        /// Most characters.
        most: usize,
        /// How many there are.
        length: usize,
    },
    /// More was given than a book has.
    #[error("{most} entries at most, each {}", said(*.field))]
    TooMany {
        /// What it was given for.
        field: BookField,
        /// Most entries.
        most: usize,
    },
    /// It is no BCP 47 tag.
    #[error("\"{0}\" is no language tag; such are zh, zh-TW, en")]
    NoLanguage(String),
    /// It is no ISBN.
    #[error("{0} is no ISBN: 10 or 13 digits, the last one checks the rest")]
    NoIsbn(String),
    /// The book was taken down for good.
    #[error("the book was taken down ({reason}); `shutong book lift {key}` lets it in again")]
    TakenDown {
        /// Why, as the owner wrote.
        reason: String,
        /// What [`super::Library::lift`] takes.
        key: String,
    },
    /// A book is taken down for a reason.
    #[error("say why the book is taken down; the reason is shown to who adds it again")]
    NoReason,
    /// Nothing was taken down under this key.
    #[error("nothing was taken down under {0}; `shutong book take-downs` lists the keys")]
    NotTakenDown(String),
    /// The picture cannot be read, or is too small or too large.
    #[error(
        "it is no picture that can be used: JPEG, PNG or WebP, at least 60 pixels each way and at most 40 megapixels"
    )]
    NoPicture,
    /// No file has a cover.
    #[error("none of its files has a picture of its own")]
    NoOwnPicture,
    /// The table does not say what its columns are.
    #[error("the first line must name the columns, one of them `title`: id title author language popularity [path]")]
    NoTitleColumn,
    /// The table cannot be read: why.
    #[error("{0}")]
    Table(String),
}

/// One of the kind, with its article.
fn said(field: BookField) -> &'static str {
    match field {
        BookField::Title => "the title",
        BookField::Aliases => "another title",
        BookField::Authors => "an author",
        BookField::Language => "the language",
        BookField::Series => "the series",
        BookField::Subjects => "a subject",
        BookField::Publisher => "the publisher",
        BookField::Published => "the date",
        BookField::Description => "the description",
        BookField::Isbns => "an ISBN",
        BookField::Cover => "the cover",
    }
}
