//! A KF8 book into a [`Book`]: pages are put together, links in Kindle's own scheme become paths.

mod contents;
mod flows;
mod layout;
mod links;
mod page;
mod parts;
mod places;
mod salvage;

use crate::book::epub::toc::{from_chapters, name_chapters};
use crate::book::model::{Book, Chapter, Content, Resource};
use crate::book::palm::{self, Part, Resources, TextEncoding};
use crate::book::{Change, Error, Format, ReadOptions, Report, xhtml};
use flows::Flows;
use links::Links;
use parts::Parts;
use places::Places;

/// EXTH: the numbers of the cover and of the thumbnail.
const COVER: u32 = 201;
const THUMBNAIL: u32 = 202;

/// Reads a book from its part of the database; `holder` is the part that has the pictures.
pub(in crate::book) fn read(
    part: &Part<'_, '_>,
    holder: &Part<'_, '_>,
    options: &ReadOptions<'_>,
    mut report: Report,
) -> Result<Book, Error> {
    let text = part.text(options.rescue, &mut report)?;
    let encoding = part.encoding(&text);
    let flows = Flows::cut(part, &text, options.rescue, &mut report)?;
    let parts = match Parts::rebuild(part, flows.pages(), flows.are_known()) {
        Ok(parts) => parts,
        Err(what) if options.rescue => {
            report.note(Change::Rescued, what);
            salvage::pages(flows.probable_pages())
        }
        Err(what) => return Err(Error::Malformed(what)),
    };
    if parts.files.is_empty() {
        return Err(Error::Malformed("it has no pages".into()));
    }
    let thumbnail = part.exth.number(THUMBNAIL).filter(|number| part.exth.number(COVER) != Some(*number));
    let resources = Resources::read(holder, thumbnail.filter(|&number| !links::shows(&text, number)), &mut report);
    let ncx = part.ncx(encoding, &mut report);
    let guide = contents::guide(part, encoding, &mut report);
    let places = Places::of(&parts, contents::places(&ncx).chain(guide.iter().map(|one| one.place)));
    let mut links = Links::new(&places, &resources, &flows);
    let mut chapters = chapters(&parts, &mut links, encoding, &mut report);
    let styles = links.resources(encoding, &mut report);
    let toc = contents::toc(ncx, &places, &mut report);
    name_chapters(&toc, &mut chapters);
    let toc = if toc.is_empty() { from_chapters(&chapters) } else { toc };
    let landmarks = contents::landmarks(guide, &places);
    let layout = layout::layout(&part.exth, resources.description, &mut chapters);
    let mut metadata = palm::metadata(part, encoding, options.file_name, &mut report);
    palm::complete(&mut metadata, resources.description);
    metadata.language = palm::language_of(&chapters, metadata.language);
    let cover = palm::cover(&part.exth, &resources, &landmarks, &chapters, &mut report);
    let resources: Vec<Resource> = resources.files.into_iter().chain(styles).collect();
    Ok(Book { metadata, chapters, toc, resources, cover, layout, landmarks, report, ..Book::new(Format::Azw3) })
}

fn chapters(parts: &Parts, links: &mut Links<'_>, encoding: TextEncoding, report: &mut Report) -> Vec<Chapter> {
    let chapter = |(at, file): (usize, &parts::File)| {
        let markup = encoding.decode(&page::write(at, &file.bytes, links, report));
        let title = xhtml::heading(&markup).unwrap_or_default();
        Chapter { path: places::path(at), title, content: Content::Markup(markup), linear: true }
    };
    parts.files.iter().enumerate().map(chapter).collect()
}
