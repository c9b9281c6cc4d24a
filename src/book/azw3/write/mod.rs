//! An edition as KF8.
//!
//! The pages are written one after another with links to be filled in (`page`), each is cut into a
//! skeleton and fragments (`cut`), links are filled in and the text is put into the order in which
//! it is stored (`text`), and the indexes say where everything is (`tables`). Style sheets and
//! drawings are flows behind the pages (`flow`). Positions count in the text as it is read: page by
//! page, every fragment in its skeleton.

mod cut;
mod extra;
mod flow;
mod names;
mod page;
mod scan;
mod tables;
mod text;

use super::super::edition::Edition;
use super::super::palm::write::{
    END, Header, Record, Resources, TbsKind, Version, database, fcis, fdst, flis, text_records, unique_id,
};
use super::super::{Error, Report, Written};
use text::Composed;

/// A book as AZW3.
///
/// # Errors
/// [`Error::Unsupported`] if the book is too large for the format.
pub(in crate::book) fn write(edition: &Edition) -> Result<Written, Error> {
    let resources = Resources::of(edition, Version::Eight);
    let mut report = edition.report.clone();
    let records = records(edition, &resources, &mut report);
    let bytes = database(&edition.metadata.title, unique_id(&edition.metadata), &records)?;
    Ok(Written { bytes, report })
}

/// The records from the header to the end mark. What cannot be carried goes into the report.
fn records<'a>(edition: &'a Edition, resources: &Resources<'a>, report: &mut Report) -> Vec<Record<'a>> {
    let composed = Composed::of(edition, resources, report);
    let ncx = composed.ncx(&edition.toc);
    let text = text_records(&composed.text, composed.pages_end(), &ncx, TbsKind::Kf8);

    // The header comes first but names the others, so it is put in last.
    let mut records: Vec<Record<'a>> = vec![Record::default()];
    records.extend(text.records);
    let first_non_text = records.len();
    let fragments = add(&mut records, composed.fragment_index());
    let skeletons = add(&mut records, composed.skeleton_index());
    let guide = add(&mut records, composed.guide_index(&edition.landmarks));
    let ncx = add(&mut records, ncx.records());
    let first_resource = records.len();
    let has_resources = !resources.records.is_empty();
    if has_resources {
        records.extend(resources.records.iter().cloned());
    }
    let flows = composed.flow_lengths();
    let fdst_at = records.len();
    records.push(fdst(flows.iter().copied()).into());
    records.push(flis().into());
    records.push(fcis(Version::Eight, composed.text.len()).into());
    records.push(END.into());

    let header = Header {
        version: Version::Eight,
        metadata: &edition.metadata,
        unique_id: unique_id(&edition.metadata),
        text_length: composed.text.len(),
        text_records: text.count,
        extra_flags: text.extra_flags,
        first_non_text,
        first_resource: has_resources.then_some(first_resource),
        last_content: fdst_at,
        fdst: Some((fdst_at, flows.len())),
        fcis: fdst_at + 2,
        flis: fdst_at + 1,
        ncx,
        fragments,
        skeletons,
        guide,
        has_fonts: resources.has_fonts,
        exth: extra::exth(edition, resources, composed.start(&edition.landmarks)).finish(),
    };
    if let Some(first) = records.first_mut() {
        *first = header.record();
    }
    records
}

/// Adds the records of an index and gives the number of the first.
fn add<'a>(records: &mut Vec<Record<'a>>, index: Vec<Record<'a>>) -> Option<usize> {
    let first = records.len();
    records.extend(index);
    (records.len() > first).then_some(first)
}

#[cfg(test)]
mod tests;
