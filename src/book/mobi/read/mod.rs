//! A MOBI6 book into a [`Book`]: the page is cut into chapters where it breaks, links that count bytes
//! get ids to lead to, numbers of pictures become paths.

mod asides;
mod contents;
mod lengths;
mod open;
mod page;
mod survey;
mod walk;

use crate::book::epub::toc::{from_chapters, name_chapters};
use crate::book::mobi::{MARK, made};
use crate::book::model::{Book, Chapter, Content};
use crate::book::palm::{self, Part, Resources};
use crate::book::{Change, Error, Format, ReadOptions, Report, txt, xhtml};
use page::Pages;
use survey::Survey;

/// EXTH: the number of the cover, that of the thumbnail, and where reading starts.
const COVER: u32 = 201;
const THUMBNAIL: u32 = 202;
const START: u32 = 116;

/// Reads a book from its part of the database.
pub(in crate::book) fn read(part: &Part<'_, '_>, options: &ReadOptions<'_>, mut report: Report) -> Result<Book, Error> {
    let mut text = part.text(options.rescue, &mut report)?;
    let own = made::is_own(&part.exth);
    if own {
        leave_out_made_contents(&mut text);
    }
    if text.trim_ascii().is_empty() {
        return Err(Error::Malformed("it has no text".into()));
    }
    let encoding = part.encoding(&text);
    let ncx = part.ncx(encoding, &mut report);
    let start = part.exth.number(START);
    let survey = Survey::of(&text, encoding, own, contents::places(&ncx).chain(start));
    let thumbnail = part.exth.number(THUMBNAIL).filter(|number| part.exth.number(COVER) != Some(*number));
    let resources = Resources::read(part, thumbnail.filter(|number| !survey.shows(*number)), &mut report);
    let pages = Pages::write(&text, &survey, &resources, &mut report);
    let mut metadata = palm::metadata(part, encoding, options.file_name, &mut report);
    palm::complete(&mut metadata, resources.description);
    let mut chapters = chapters(pages, &metadata.title, |page| encoding.decode(page));
    let mut landmarks = contents::landmarks(&survey, start, encoding);
    let mut toc = contents::toc(&text, &survey, ncx, encoding, &mut report);
    survey.asides.put_back(&mut chapters, &mut toc, &mut landmarks);
    name_chapters(&toc, &mut chapters);
    let toc = if toc.is_empty() { from_chapters(&chapters) } else { toc };
    metadata.language = palm::language_of(&chapters, metadata.language);
    let cover = palm::cover(&part.exth, &resources, &landmarks, &chapters, &mut report);
    let resources = resources.files;
    Ok(Book { metadata, chapters, toc, resources, cover, landmarks, report, ..Book::new(Format::Mobi) })
}

/// The page of contents that our own writer puts behind a book without one is not part of the book.
fn leave_out_made_contents(text: &mut Vec<u8>) {
    // Between the page break and the mark there is nothing but the tags of a page.
    const BETWEEN: usize = 200;
    let last = |what: &[u8], until: usize| text.get(..until)?.windows(what.len()).rposition(|found| found == what);
    let Some(mark) = last(MARK.as_bytes(), text.len()) else { return };
    if let Some(page) = last(b"<mbp:pagebreak", mark).filter(|page| mark - page <= BETWEEN) {
        text.truncate(page);
        text.extend_from_slice(b"</body></html>");
    }
}

/// Reads a PalmDOC document, which is plain text or HTML.
pub(in crate::book) fn read_palmdoc(
    part: &Part<'_, '_>,
    options: &ReadOptions<'_>,
    mut report: Report,
) -> Result<Book, Error> {
    let mut unread = Report::default();
    let text = part.text(options.rescue, &mut unread)?;
    if is_markup(&text) {
        return read(part, options, report);
    }
    report.merge(&unread);
    let name = part.encoding(part.database_name()).decode(part.database_name());
    let mut book = txt::read(&text, &ReadOptions { file_name: options.file_name.or(Some(&name)), ..*options })?;
    report.merge(&book.report);
    book.format = Format::Mobi;
    book.report = report;
    Ok(book)
}

/// Whether a text is HTML: it starts as a page does, or has paragraphs.
fn is_markup(text: &[u8]) -> bool {
    const HEAD: usize = 4096;
    let head = text.get(..text.len().min(HEAD)).unwrap_or_default().to_ascii_lowercase();
    let has = |tag: &[u8]| head.windows(tag.len()).any(|found| found == tag);
    [b"<html".as_slice(), b"<body", b"<p>", b"<p ", b"<br", b"<h1", b"<mbp:pagebreak"].into_iter().any(has)
}

/// The pages as chapters.
fn chapters(pages: Vec<Vec<u8>>, title: &str, decode: impl Fn(&[u8]) -> String) -> Vec<Chapter> {
    let head = title.replace('&', "&amp;").replace('<', "&lt;");
    let chapter = |(at, page): (usize, Vec<u8>)| {
        let body = decode(&page);
        let title = xhtml::heading(&body).unwrap_or_default();
        let markup = format!(
            "<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>{head}</title></head><body>{body}</body></html>"
        );
        Chapter { path: survey::path(at), title, content: Content::Markup(markup), linear: true }
    };
    pages.into_iter().enumerate().map(chapter).collect()
}

/// Notes a link that leads nowhere.
fn lost_link(report: &mut Report, target: usize) {
    report.note(Change::LinkDropped, format!("filepos {target} lies behind the text"));
}
