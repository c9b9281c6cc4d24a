//! The contents and the guide of a KF8 book.

use super::places::Places;
use crate::book::epub::toc::nest;
use crate::book::model::{Landmark, TocEntry};
use crate::book::palm::{Index, NcxEntry, Part, Place, TextEncoding, landmark_kind};
use crate::book::{Change, LandmarkKind, Report, xhtml};

/// A named place.
pub(super) struct Reference {
    kind: LandmarkKind,
    title: String,
    pub(super) place: Place,
}

/// Tags of the index of named places.
const TITLE: u8 = 1;
const PLACE: u8 = 6;
/// EXTH: where reading starts.
const START: u32 = 116;

/// The places that the contents lead to.
pub(super) fn places(ncx: &[NcxEntry]) -> impl Iterator<Item = Place> {
    ncx.iter().filter_map(|entry| entry.place)
}

/// The named places of the guide, and where reading starts if it does not say.
pub(super) fn guide(part: &Part<'_, '_>, encoding: TextEncoding, report: &mut Report) -> Vec<Reference> {
    let index = part.header.guide.map(|at| Index::read(part, at)).unwrap_or_default();
    if let Some(damage) = &index.damage {
        report.note(Change::ContentsRepaired, damage);
    }
    let reference = |entry: &crate::book::palm::Entry<'_>| {
        let kind = landmark_kind(&encoding.decode(entry.label))?;
        let title = entry.value(TITLE, 0).and_then(|address| index.string(address)).unwrap_or_default();
        let (fragment, offset) = entry.value(PLACE, 0).zip(entry.value(PLACE, 1))?;
        let place = Place::InFragment(fragment as usize, offset as usize);
        Some(Reference { kind, title: xhtml::one_line(&encoding.decode(title)), place })
    };
    let mut references: Vec<Reference> = index.entries.iter().filter_map(reference).collect();
    if let Some(start) = part.exth.number(START)
        && !references.iter().any(|one| one.kind == LandmarkKind::Start)
    {
        references.push(Reference { kind: LandmarkKind::Start, title: String::new(), place: Place::Position(start) });
    }
    references
}

/// The contents from the index.
pub(super) fn toc(ncx: Vec<NcxEntry>, places: &Places<'_>, report: &mut Report) -> Vec<TocEntry> {
    let mut entry = |entry: NcxEntry| {
        let target = entry.place.and_then(|place| places.target(place));
        if target.is_none() || entry.title.is_empty() {
            report.note(Change::ContentsRepaired, &entry.title);
        }
        (entry.depth, TocEntry { title: entry.title, target, children: Vec::new() })
    };
    nest(ncx.into_iter().map(&mut entry).collect())
}

/// The named places as places in the book.
pub(super) fn landmarks(guide: Vec<Reference>, places: &Places<'_>) -> Vec<Landmark> {
    let landmark =
        |one: Reference| places.target(one.place).map(|target| Landmark { kind: one.kind, title: one.title, target });
    guide.into_iter().filter_map(landmark).collect()
}
