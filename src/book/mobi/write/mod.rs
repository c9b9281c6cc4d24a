//! An edition as a MOBI file: one text of HTML 3.2, pictures and an index, as kindlegen wrote it for
//! Kindles before KF8.
//!
//! The text is written once from front to back; links are filled in at the end. Style sheets are
//! applied here, because those Kindles know none. What the parts of the file look like is `palm`'s
//! business.

mod cascade;
mod contents;
mod format;
mod page;
mod property;
mod selector;
mod stream;
mod style;
mod target;
mod text;

use crate::book::edition::Edition;
use crate::book::mobi::made::{OWN_WRITER, WRITER};
use crate::book::palm::write as palm;
use crate::book::{Change, Direction, Error, Report, Written};
pub(super) use contents::MARK;
use palm::{Exth, Header, Ncx, NcxPoint, Record, Resources, TbsKind, Version};
use text::Body;

/// Writes a book that was prepared for MOBI.
///
/// # Errors
/// [`Error::Unsupported`] if the book is larger than the format allows.
pub(in crate::book) fn write(edition: &Edition) -> Result<Written, Error> {
    let mut report = edition.report.clone();
    let resources = Resources::of(edition, Version::Six);
    let body = text::write(edition, &resources, &mut report);
    note_losses(edition, &mut report);
    let bytes = file(edition, &body, resources)?;
    Ok(Written { bytes, report })
}

/// The parts in the order in which kindlegen puts them.
fn file(edition: &Edition, body: &Body<'_>, resources: Resources<'_>) -> Result<Vec<u8>, Error> {
    let points = body.toc.iter().map(|(line, position)| NcxPoint {
        label: line.label,
        depth: line.depth,
        position: *position,
        place: None,
    });
    let ncx = Ncx::new(points.collect(), body.text.len());
    let text = palm::text_records(&body.text, body.text.len(), &ncx, TbsKind::Mobi6);
    let mut exth = Exth::of(&edition.metadata);
    if let Some(start) = body.start {
        exth.number(116, start);
    }
    exth.number(125, resources.records.len());
    if let Some(description) = resources.description {
        exth.number(131, description);
    }
    if let Some(cover) = resources.cover {
        exth.number(201, cover);
        exth.number(203, 0);
    }
    if let Some(thumbnail) = resources.thumbnail {
        exth.number(202, thumbnail);
    }
    exth.text(WRITER, OWN_WRITER);
    let unique_id = palm::unique_id(&edition.metadata);
    let index = ncx.records();
    let first_non_text = 1 + text.records.len();
    let first_resource = first_non_text + index.len();
    let flis = first_resource + resources.records.len();
    let header = Header {
        version: Version::Six,
        metadata: &edition.metadata,
        unique_id,
        text_length: body.text.len(),
        text_records: text.count,
        extra_flags: text.extra_flags,
        first_non_text,
        first_resource: (!resources.records.is_empty()).then_some(first_resource),
        last_content: flis.saturating_sub(1),
        fdst: None,
        fcis: flis + 1,
        flis,
        ncx: (!index.is_empty()).then_some(first_non_text),
        fragments: None,
        skeletons: None,
        guide: None,
        has_fonts: false,
        exth: exth.finish(),
    };
    let mut records: Vec<Record<'_>> = vec![header.record()];
    records.extend(text.records);
    records.extend(index);
    records.extend(resources.records);
    records.push(palm::flis().into());
    records.push(palm::fcis(Version::Six, body.text.len()).into());
    records.push(palm::END.into());
    palm::database(&edition.metadata.title, unique_id, &records)
}

/// What the format has no place for.
fn note_losses(edition: &Edition, report: &mut Report) {
    if edition.layout.vertical {
        report.note(Change::LayoutDropped, "vertical writing");
    }
    if edition.layout.direction == Some(Direction::RightToLeft) {
        report.note(Change::LayoutDropped, "right to left");
    }
    if edition.layout.fixed.is_some() {
        report.note(Change::LayoutDropped, "fixed pages");
    }
    if !edition.page_list.is_empty() {
        report.note(Change::PageListDropped, "page numbers");
    }
    for file in &edition.files {
        if file.media_type.starts_with("font/") {
            report.note(Change::FontDropped, &file.path);
        }
    }
}
