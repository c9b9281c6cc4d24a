//! A book made ready for one target: what every writer takes.
//!
//! Readers keep a book as it is; writers must be able to trust what they get. Between them stands
//! [`prepare`]: it cleans the markup, resolves every link, drops what the target cannot carry and
//! says so in the report. What it promises is written at the fields of [`Edition`]; writers rely on
//! it and check nothing again. It does not know how any target stores things.

mod about;
mod attributes;
mod context;
mod drawing;
mod files;
mod fixed;
mod fonts;
mod footnotes;
mod formula;
mod head;
mod ids;
mod legacy;
mod lists;
mod media;
mod page;
mod places;
mod repair;
mod ruby;
mod split;
mod styles;
mod tables;
mod text;
mod vocabulary;
mod write;

use super::model::{Content, Landmark, Layout, Metadata, Spread, Target, TocEntry};
use super::{Book, Change, Error, Format, Report, picture};
use context::Context;
use write::Drafts;

/// A book made ready.
#[derive(Clone, Debug)]
pub(in crate::book) struct Edition {
    /// With a title, a well-formed language tag and at least one identifier, made up if need be.
    pub(in crate::book) metadata: Metadata,
    /// How the pages want to be shown, as far as the target can.
    pub(in crate::book) layout: Layout,
    /// The pages in reading order; at least one.
    pub(in crate::book) pages: Vec<Page>,
    /// The files that pages and style sheets use, and the cover; each once, in a form that the
    /// target takes.
    pub(in crate::book) files: Vec<File>,
    /// The table of contents: every entry has a label and, unless it is a heading over others, a
    /// target whose page and fragment exist. At least one entry.
    pub(in crate::book) toc: Vec<TocEntry>,
    /// With targets that exist; each kind once.
    pub(in crate::book) landmarks: Vec<Landmark>,
    /// Pages of the printed edition, with targets that exist.
    pub(in crate::book) page_list: Vec<TocEntry>,
    /// Index into `files` of a raster picture.
    pub(in crate::book) cover: Option<usize>,
    /// What reader and cleaning changed.
    pub(in crate::book) report: Report,
}

/// One page.
#[derive(Clone, Debug)]
pub(in crate::book) struct Page {
    /// A plain name such as `p0001.xhtml`. Pages and files lie in one folder, so that it is also the
    /// link from any other of them.
    pub(in crate::book) path: String,
    /// From the table of contents or the first heading; may be empty.
    pub(in crate::book) title: String,
    /// A whole XHTML document as [`Document`](super::dom::Document) writes it: well-formed, of known
    /// elements where they may stand, ids unique and XML names, every link resolving to a page
    /// (`p0002.xhtml#id`), a file (`i0001.jpg`) or another site. The head has a title and links to
    /// style sheets, nothing else but a viewport in fixed layouts.
    pub(in crate::book) markup: String,
    /// False for what stands outside the reading order.
    pub(in crate::book) linear: bool,
}

/// One file that is not a page.
#[derive(Clone, Debug)]
pub(in crate::book) struct File {
    /// A plain name such as `i0001.jpg`, `s0001.css`, `f0001.ttf`, `d0001.svg`.
    pub(in crate::book) path: String,
    /// What it is, verified by its content.
    pub(in crate::book) media_type: &'static str,
    /// The content.
    pub(in crate::book) bytes: Vec<u8>,
}

/// Makes a book ready for a target. An EPUB `for_kindle` holds only what Send to Kindle takes.
///
/// # Errors
/// [`Error::Unsupported`] if the book has no text that could be written.
pub(in crate::book) fn prepare(book: &Book, target: Format, for_kindle: bool) -> Result<Edition, Error> {
    if !book.text_known || book.chapters.is_empty() {
        return Err(Error::Unsupported("its text is not known".into()));
    }
    let mut context = Context::new(book, target, for_kindle && target == Format::Epub);
    let metadata = about::metadata(book, context.for_kindle, &mut context.report);
    let levels = about::levels(&book.toc, book.chapters.len());
    let mut drafts = Drafts::new(&metadata);
    for (at, chapter) in book.chapters.iter().enumerate() {
        match &chapter.content {
            Content::Markup(markup) => {
                let clean = page::clean(&mut context, &chapter.path, markup);
                drafts.add(&context, chapter, clean);
            }
            Content::Text(text) => {
                let level = levels.get(at).copied().unwrap_or(1);
                drafts.add_text(&mut context, chapter, level, text);
            }
        }
    }
    let cover = cover(&mut context);
    let (pages, anchors) = drafts.finish(&mut context);
    let locate = |target: &Target| anchors.locate(target.chapter, target.fragment.as_deref());
    let mut toc = about::contents(&book.toc, &locate, &mut context.report);
    if toc.is_empty() {
        toc = about::contents_of_pages(&pages, &metadata.title);
    }
    let landmarks = about::landmarks(&book.landmarks, &locate);
    let page_list = about::contents(&book.page_list, &locate, &mut context.report);
    let mut layout = book.layout.clone();
    let side = |(&chapter, &side): (&usize, &Spread)| Some((anchors.locate(chapter, None)?.chapter, side));
    layout.spreads = book.layout.spreads.iter().filter_map(side).collect();
    let Context { files, report, .. } = context;
    let files = files.finish();
    Ok(Edition { metadata, layout, pages, files, toc, landmarks, page_list, cover, report })
}

/// The cover as a file: the book's own picture if the target shows it, else drawn or encoded anew.
fn cover(context: &mut Context<'_>) -> Option<usize> {
    if context.is_plain() {
        return None;
    }
    let book = context.book;
    let (at, own) = book.cover.zip(book.cover())?;
    let kind = picture::sniff(&own.bytes);
    // Amazon takes a cover of 5 MB, and shows no other than these.
    let fits = |context: &Context<'_>, file: usize| {
        !context.for_kindle
            || context.files.get(file).is_some_and(|file| {
                matches!(file.media_type, "image/jpeg" | "image/png") && file.bytes.len() <= picture::KINDLE_BYTES
            })
    };
    let on_a_page = context.files.taken(at).is_some();
    if matches!(kind, Some(picture::Kind::Jpeg | picture::Kind::Png | picture::Kind::Gif))
        && let Some(file) = context.resource_picture(at)
    {
        if fits(context, file) {
            return Some(file);
        }
        if !on_a_page {
            context.files.take_back(at);
        }
    }
    let is_drawing = kind == Some(picture::Kind::Svg);
    match super::cover::for_edition(book, own) {
        Ok((bytes, media_type)) => {
            context.note(if is_drawing { Change::DrawingRasterised } else { Change::PictureConverted }, "cover");
            Some(context.files.add('i', "jpg", media_type, bytes))
        }
        Err(reason) => {
            context.note(Change::PictureDropped, &format!("cover: {reason}"));
            None
        }
    }
}
