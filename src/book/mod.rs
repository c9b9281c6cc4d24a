//! E-books as values: bytes in, [`Book`] out, and back in another format.
//!
//! Every format is read into one model, `model`, and every writer takes what `edition` makes of it for one target, so
//! that N readers and M writers make N × M conversions. There is no disk, no network, no clock and no state here, and
//! nothing is ever unpacked to a path that a file names.
//!
//! All input is a stranger's. Readers are linear in their input, hold to caps, recurse nowhere deeper than
//! [`TocEntry::MAX_DEPTH`] or the depth of a page's tree, and return an [`Error`] instead of panicking. What a reader or
//! writer put right or had to leave out is in the [`Report`]. EPUB, AZW3, MOBI, text, HTML, Markdown, FB2 and DOCX are
//! read whole, PDF for its title, of any other format only the file name ([`Book::text_known`] says which).

mod azw3;
pub mod bound;
mod charset;
pub mod cover;
mod css;
mod docx;
mod dom;
mod edition;
mod envelope;
mod epub;
mod fb2;
mod file_name;
mod font;
mod format;
mod html;
mod language;
mod markdown;
mod markup;
mod metadata;
mod mobi;
mod model;
mod outcome;
mod palm;
mod pdf;
mod picture;
mod report;
mod safe;
mod sniff;
mod txt;
mod web_picture;
mod xhtml;

pub use format::Format;
pub use markup::unescaped;
pub use model::{
    Book, Chapter, Content, Contributor, Direction, FixedLayout, Identifier, Landmark, LandmarkKind, Layout, Metadata,
    Resource, Role, Series, Spread, Target, TocEntry,
};
pub use picture::svg::drawing_as_png;
pub use picture::{BoundedPicture, Bounds, bounded_picture, is_picture};
pub use report::{Change, Report};
pub use safe::{Rules, Safe, Shown, markdown as markdown_markup, safe as safe_markup};
pub use sniff::sniff;
pub use web_picture::web_picture;

/// Why a file is not a book we can keep; the text says what its owner can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Damaged, or not what it claims to be.
    #[error("the file is damaged ({0}); please send a fresh copy")]
    Malformed(String),
    /// Protected by DRM.
    #[error("the book is protected by DRM and cannot be opened; please send a copy without protection")]
    Encrypted,
    /// Nothing that is known as an e-book.
    #[error("it is not an e-book of a known format; please send EPUB, TXT, MOBI, AZW3 or PDF")]
    Unknown,
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
    /// Short lines that contain one of these are adverts and left out of plain text. `*` stands for
    /// any characters, `^` at the start for the start of the line; full-width letters and capitals
    /// are taken as plain small ones.
    pub adverts: &'a [String],
}

/// What a writer may be told.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions {
    /// The encoding of plain text.
    pub charset: Charset,
    /// An EPUB that Amazon's Send to Kindle takes: pictures as JPEG, PNG or GIF of moderate size, a raster cover, fonts
    /// as TTF or OTF, no sound and film, no empty pages, a language in any case. Drawings and formulas that stand in a
    /// page's own markup stay. It says nothing to other formats.
    pub for_kindle: bool,
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

/// What somebody knows better than the file.
#[derive(Clone, Debug, Default)]
pub struct Corrections {
    /// The title.
    pub title: Option<String>,
    /// The authors; none leaves them as they are.
    pub authors: Vec<String>,
    /// A BCP 47 tag.
    pub language: Option<String>,
    /// A picture that takes the place of the book's cover.
    pub cover: Option<Vec<u8>>,
    /// A picture for a book that has no cover.
    pub default_cover: Option<Vec<u8>>,
}

/// Reads a book, corrects it and writes it in another format.
///
/// # Errors
/// What [`read_with`] and [`write()`] say; also if the text of the book cannot be read.
pub fn convert(
    bytes: &[u8],
    read: &ReadOptions<'_>,
    corrections: &Corrections,
    target: Format,
    write: &WriteOptions,
) -> Result<Written, Error> {
    let mut book = read_with(bytes, read)?;
    book.correct(corrections);
    self::write(&book, target, write)
}

/// Reads a book. The content decides the format, the name only helps where content cannot.
pub fn read(bytes: &[u8], file_name: Option<&str>) -> Result<Book, Error> {
    read_with(bytes, &ReadOptions { file_name, ..ReadOptions::default() })
}

/// The book in a ZIP that holds one and is none itself, with its name there. Who keeps books keeps that one.
///
/// # Errors
/// When the ZIP unpacks to more than a book should.
pub fn unwrapped(bytes: &[u8]) -> Result<Option<(String, Vec<u8>)>, Error> {
    if bytes.starts_with(b"PK") { envelope::open(bytes) } else { Ok(None) }
}

/// A language tag as BCP 47 writes it, from what people write: `zh_tw` is `zh-TW`, `chi` is `zh`. None if it is none.
pub fn language_tag(text: &str) -> Option<String> {
    language::tag(text)
}

/// Reads a book under options.
pub fn read_with(bytes: &[u8], options: &ReadOptions<'_>) -> Result<Book, Error> {
    if bytes.is_empty() {
        return Err(Error::Malformed("it is empty".into()));
    }
    if options.format.is_none()
        && let Some((name, inside)) = unwrapped(bytes)?
    {
        let format = sniff(&inside, Some(&name)).or_else(|| Format::from_file_name(&name));
        return read_with(&inside, &ReadOptions { file_name: Some(&name), format, ..*options });
    }
    let format = options
        .format
        .or_else(|| sniff(bytes, options.file_name))
        .or_else(|| options.rescue.then(|| options.file_name.and_then(Format::from_file_name)).flatten())
        .ok_or(Error::Unknown)?;
    let mut book = match format {
        Format::Epub => epub::read(bytes, options),
        Format::Txt => txt::read(bytes, options),
        Format::Azw3 | Format::Mobi => palm::read(bytes, options),
        Format::Html => html::read::read(bytes, options),
        Format::Markdown => markdown::read(bytes, options),
        Format::Fb2 => fb2::read(bytes, options),
        Format::Docx => docx::read(bytes, options),
        Format::Pdf => pdf::read(bytes, options.file_name),
        Format::Doc | Format::Rtf | Format::Cbz | Format::Cbr | Format::Djvu | Format::Kfx | Format::Chm => {
            named_only(bytes, format, options.file_name)
        }
    }?;
    for field in book.metadata.bound() {
        book.report.note(Change::BeyondBounds, format!("metadata: {field}"));
    }
    bound_contents(&mut book);
    bound_pages(&book)?;
    Ok(book)
}

/// Cuts contents and lists of pages that nobody could look through, and says so.
fn bound_contents(book: &mut Book) {
    for list in [&mut book.toc, &mut book.page_list] {
        let all = epub::toc::count(list);
        if all > TocEntry::MOST {
            let mut left = TocEntry::MOST;
            keep_first(list, &mut left);
            book.report.note_many(Change::BeyondBounds, all - TocEntry::MOST, "entries of the contents");
        }
    }
}

/// Keeps the first `left` entries. Recursion is no deeper than [`TocEntry::MAX_DEPTH`].
fn keep_first(entries: &mut Vec<TocEntry>, left: &mut usize) {
    let mut kept = 0;
    for entry in entries.iter_mut() {
        if *left == 0 {
            break;
        }
        (kept, *left) = (kept + 1, *left - 1);
        keep_first(&mut entry.children, left);
    }
    entries.truncate(kept);
}

/// Most text of a book in all its pages, in bytes: twice a novel of ten million Chinese characters.
const LARGEST_TEXT: usize = 64 << 20;

/// The answer to more than that.
fn too_long() -> Error {
    Error::Unsupported(format!("a book may have {} MB of text", LARGEST_TEXT >> 20))
}

/// Refuses a book of too much text, and one whose pages are nothing but tags: each costs a writer as much as a hundred
/// letters.
fn bound_pages(book: &Book) -> Result<(), Error> {
    /// Ten million letters in a million paragraphs have half as many.
    const MOST_TAGS: usize = 4_000_000;
    let (mut size, mut tags) = (0, 0);
    for chapter in &book.chapters {
        match &chapter.content {
            Content::Markup(markup) => {
                size += markup.len();
                tags += markup.bytes().filter(|byte| *byte == b'<').count();
            }
            Content::Text(text) => size += text.len(),
        }
    }
    if size > LARGEST_TEXT {
        return Err(too_long());
    }
    if tags > MOST_TAGS {
        return Err(Error::Unsupported(format!("its pages have more than {MOST_TAGS} tags")));
    }
    Ok(())
}

/// Writes a book in one of [`Format::WRITABLE`].
///
/// # Errors
/// [`Error::Unsupported`] if the format is none of those, if the text of the book is not known, or if it is too large
/// for the format.
pub fn write(book: &Book, format: Format, options: &WriteOptions) -> Result<Written, Error> {
    let edition = || edition::prepare(book, format, options.for_kindle);
    match format {
        Format::Epub => epub::write(edition()?),
        Format::Azw3 => azw3::write(&edition()?),
        Format::Mobi => mobi::write(&edition()?),
        Format::Txt => Ok(txt::write(&edition()?, options)),
        Format::Html => Ok(html::write::write(&edition()?)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_is_said() {
        let tags: String = (0..1100).map(|at| format!("  - tag {at}\n")).collect();
        let read = |text: String| read(text.as_bytes(), Some("x.md")).expect("a book");
        let book = read(format!("---\ntitle: t\ntags:\n{tags}---\ntext\n"));
        assert_eq!((book.metadata.subjects.len(), book.report.count(Change::BeyondBounds)), (1000, 1));
        let entry = TocEntry { title: "t".into(), target: None, children: Vec::new() };
        let mut book = Book::new(Format::Epub);
        for _ in 0..2 {
            book.toc.push(TocEntry { children: vec![entry.clone(); TocEntry::MOST / 2], ..entry.clone() });
        }
        bound_contents(&mut book);
        assert_eq!((epub::toc::count(&book.toc), book.report.count(Change::BeyondBounds)), (TocEntry::MOST, 2));
        assert_eq!(book.toc.last().map(|last| last.children.len()), Some(TocEntry::MOST / 2 - 2));
        assert_eq!(read("text".into()).report.count(Change::BeyondBounds), 0);
    }

    #[test]
    fn a_text_that_is_too_long_hears_how_long_it_may_be() {
        let said = |bytes: Vec<u8>| match super::read(&bytes, Some("x.txt")) {
            Err(Error::Unsupported(said)) => said,
            other => panic!("{other:?}"),
        };
        assert_eq!(said(vec![b'x'; 2 * LARGEST_TEXT + 1]), "a book may have 64 MB of text");
    }

    #[test]
    fn books_of_tags_only_or_too_much_text_are_refused() {
        let content = Content::Markup("<b>".repeat(3_000_000));
        let half = Chapter { path: String::new(), title: String::new(), content, linear: true };
        let mut book = Book { chapters: vec![half.clone()], ..Book::new(Format::Html) };
        assert_eq!(bound_pages(&book), Ok(()));
        book.chapters.push(half);
        assert!(matches!(bound_pages(&book), Err(Error::Unsupported(_))));
        let content = Content::Text("x".repeat(65 << 20));
        let long = Chapter { path: String::new(), title: String::new(), content, linear: true };
        let book = Book { chapters: vec![long], ..Book::new(Format::Txt) };
        assert!(matches!(bound_pages(&book), Err(Error::Unsupported(_))));
    }
}
