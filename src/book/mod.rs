//! E-books as values: bytes in, [`Book`] out.
//!
//! Every format reads into one model, and every writer will take the same model, so that N readers
//! and M writers make N × M conversions. There is no disk, no network, no clock and no state here,
//! and nothing is ever unpacked to a path that a file names.
//!
//! All input is a stranger's. Readers are linear in their input, hold to the caps in
//! `epub::archive`, recurse nowhere deeper than [`TocEntry::MAX_DEPTH`], and return an
//! [`Error`] instead of panicking. EPUB and plain text are read whole; of any other format only
//! the file name is understood ([`Book::text_known`] says which).

mod azw3;
mod charset;
pub mod cover;
mod dom;
mod edition;
mod epub;
mod file_name;
mod format;
mod language;
mod markup;
mod model;
mod palm;
mod report;
mod sniff;
mod txt;
mod xhtml;

pub use format::Format;
pub use model::{
    Book, Chapter, Content, Contributor, Direction, FixedLayout, Identifier, Landmark, LandmarkKind, Layout, Metadata,
    Resource, Role, Series, Target, TocEntry,
};
pub use report::{Change, Report};
pub use sniff::sniff;

/// Why a file is not a book we can keep; the text says what its owner can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Damaged, or not what it claims to be.
    #[error("the file is damaged ({0}); please send a fresh copy")]
    Malformed(String),
    /// Protected by DRM.
    #[error("the book is protected by DRM and cannot be opened; please send a copy without protection")]
    Encrypted,
    /// Sound perhaps, but of a kind or size that is not taken.
    #[error("this file cannot be taken ({0}); please send EPUB, TXT, MOBI, AZW3 or PDF")]
    Unsupported(String),
}

/// What a reader may be told besides the bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions<'a> {
    /// Helps where the content cannot tell: the format of plain text, a title.
    pub file_name: Option<&'a str>,
    /// The format, if the caller knows better than the content.
    pub format: Option<Format>,
    /// Take what can be read of a damaged file instead of refusing it.
    pub rescue: bool,
    /// Lines that contain one of these are adverts and left out of plain text.
    pub adverts: &'a [String],
}

/// What a writer may be told.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions {
    /// The encoding of plain text.
    pub charset: Charset,
}

/// The encodings in which plain text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// With any character.
    #[default]
    Utf8,
    /// For old readers in China; it, too, has every character.
    Gb18030,
}

/// A book in its new format.
#[derive(Clone, Debug)]
pub struct Written {
    /// The file. Equal books and options give equal bytes.
    pub bytes: Vec<u8>,
    /// What was changed or left out by reader and writer.
    pub report: Report,
}

/// Reads a book. The content decides the format, the name only helps where content cannot.
pub fn read(bytes: &[u8], file_name: Option<&str>) -> Result<Book, Error> {
    read_with(bytes, &ReadOptions { file_name, ..ReadOptions::default() })
}

/// Reads a book under options.
pub fn read_with(bytes: &[u8], options: &ReadOptions<'_>) -> Result<Book, Error> {
    if bytes.is_empty() {
        return Err(Error::Malformed("it is empty".into()));
    }
    let format = options
        .format
        .or_else(|| sniff(bytes, options.file_name))
        .ok_or_else(|| Error::Unsupported("it is not an e-book of a known format".into()))?;
    match format {
        Format::Epub => epub::read(bytes, options.file_name),
        Format::Txt => txt::read(bytes, options.file_name),
        Format::Azw3
        | Format::Mobi
        | Format::Html
        | Format::Markdown
        | Format::Pdf
        | Format::Docx
        | Format::Doc
        | Format::Rtf
        | Format::Fb2
        | Format::Cbz
        | Format::Cbr
        | Format::Djvu
        | Format::Kfx
        | Format::Chm => named_only(bytes, format, options.file_name),
    }
}

/// Writes a book in one of [`Format::WRITABLE`].
pub fn write(book: &Book, format: Format, options: &WriteOptions) -> Result<Written, Error> {
    let _ = options;
    match format {
        Format::Azw3 => azw3::write(&edition::prepare(book, format)?),
        _ => Err(Error::Unsupported(format!("{format} cannot be written"))),
    }
}

/// A book that is kept without being understood: what its name says, and no text.
fn named_only(bytes: &[u8], format: Format, file_name: Option<&str>) -> Result<Book, Error> {
    if sniff::is_protected(bytes, format) {
        return Err(Error::Encrypted);
    }
    Ok(Book { metadata: file_name::metadata(file_name), text_known: false, ..Book::new(format) })
}
