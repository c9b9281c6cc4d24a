//! The indexes of KF8: fragments, skeletons, guide and table of contents.

use super::text::{Composed, Place};
use crate::book::palm::write::{IndexWriter, Ncx, NcxPoint, Record, Tag, base32, u32_of};
use crate::book::{Landmark, LandmarkKind, TocEntry};

const FRAGMENT: &[Tag] = &[
    Tag { id: 2, values: 1, mask: 1 },
    Tag { id: 3, values: 1, mask: 2 },
    Tag { id: 4, values: 1, mask: 4 },
    Tag { id: 6, values: 2, mask: 8 },
];
const SKELETON: &[Tag] = &[Tag { id: 1, values: 1, mask: 3 }, Tag { id: 6, values: 2, mask: 12 }];
const GUIDE: &[Tag] = &[Tag { id: 1, values: 1, mask: 1 }, Tag { id: 6, values: 2, mask: 2 }];

impl Composed<'_> {
    /// Where each fragment is put back, and into which element.
    pub(super) fn fragment_index(&self) -> Vec<Record<'static>> {
        let mut index = IndexWriter::new(FRAGMENT);
        let mut number = 0;
        for (file, skeleton) in self.skeletons.iter().enumerate() {
            let mut start = 0;
            for fragment in self.fragments.iter().skip(skeleton.first).take(skeleton.count) {
                let selector = index.text(&format!("P-//*[@aid='{}']", base32(fragment.parent, 1)));
                let length = fragment.range.len();
                index.add(
                    format!("{:010}", fragment.range.start).as_bytes(),
                    &[
                        (2, &[selector]),
                        (3, &[u32_of(file)]),
                        (4, &[u32_of(number)]),
                        (6, &[u32_of(start), u32_of(length)]),
                    ],
                );
                start += length;
                number += 1;
            }
        }
        index.finish()
    }

    /// Where each page starts and how many fragments it has; everything twice, as kindlegen does.
    pub(super) fn skeleton_index(&self) -> Vec<Record<'static>> {
        let mut index = IndexWriter::new(SKELETON);
        for (number, skeleton) in self.skeletons.iter().enumerate() {
            let (count, start, length) = (u32_of(skeleton.count), u32_of(skeleton.start), u32_of(skeleton.length));
            let values: [(u8, &[u32]); 2] = [(1, &[count, count]), (6, &[start, length, start, length])];
            index.add(format!("SKEL{number:010}").as_bytes(), &values);
        }
        index.finish()
    }

    /// The landmarks, sorted by their kind as readers look for them; no records without any.
    pub(super) fn guide_index(&self, landmarks: &[Landmark]) -> Vec<Record<'static>> {
        let mut sorted: Vec<(&str, &Landmark)> = landmarks.iter().map(|one| (guide_type(one.kind), one)).collect();
        sorted.sort_by_key(|(kind, _)| *kind);
        sorted.dedup_by_key(|(kind, _)| *kind);
        if sorted.is_empty() {
            return Vec::new();
        }
        let mut index = IndexWriter::new(GUIDE);
        for (kind, landmark) in sorted {
            let title = index.text(if landmark.title.is_empty() { kind } else { &landmark.title });
            let place = self.place_of(&landmark.target);
            index.add(kind.as_bytes(), &[(1, &[title]), (6, &[u32_of(place.fragment), u32_of(place.offset)])]);
        }
        index.finish()
    }

    /// Where reading starts, if the book says.
    pub(super) fn start(&self, landmarks: &[Landmark]) -> Option<usize> {
        let start = landmarks.iter().find(|one| one.kind == LandmarkKind::Start)?;
        Some(self.place_of(&start.target).position)
    }

    /// The table of contents with places.
    pub(super) fn ncx<'t>(&self, toc: &'t [TocEntry]) -> Ncx<'t> {
        let mut points = Vec::new();
        self.add_points(toc, 0, &mut points);
        Ncx::new(points, self.pages_end())
    }

    /// Recursion no deeper than [`TocEntry::MAX_DEPTH`]. A heading without a place of its own has
    /// that of the first entry below it.
    fn add_points<'t>(&self, toc: &'t [TocEntry], depth: usize, points: &mut Vec<NcxPoint<'t>>) {
        for entry in toc {
            if let Some(place) = self.first_place(entry) {
                points.push(NcxPoint {
                    label: &entry.title,
                    depth,
                    position: place.position,
                    place: Some((u32_of(place.fragment), u32_of(place.offset))),
                });
            }
            self.add_points(&entry.children, depth + 1, points);
        }
    }

    fn first_place(&self, entry: &TocEntry) -> Option<Place> {
        let own = entry.target.as_ref().map(|target| self.place_of(target));
        own.or_else(|| entry.children.iter().find_map(|child| self.first_place(child)))
    }
}

/// The type of the guide of EPUB 2, which KF8 uses.
fn guide_type(kind: LandmarkKind) -> &'static str {
    match kind {
        LandmarkKind::Cover => "cover",
        LandmarkKind::TitlePage => "title-page",
        LandmarkKind::Contents => "toc",
        LandmarkKind::Start => "text",
        LandmarkKind::Foreword => "foreword",
        LandmarkKind::Preface => "preface",
        LandmarkKind::Epigraph => "epigraph",
        LandmarkKind::Dedication => "dedication",
        LandmarkKind::Acknowledgements => "acknowledgements",
        LandmarkKind::Copyright => "copyright-page",
        LandmarkKind::Notes => "notes",
        LandmarkKind::Bibliography => "bibliography",
        LandmarkKind::Glossary => "glossary",
        LandmarkKind::Index => "index",
        LandmarkKind::Colophon => "colophon",
        LandmarkKind::Illustrations => "loi",
        LandmarkKind::Tables => "lot",
    }
}
