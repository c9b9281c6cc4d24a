//! The table of contents as an index: which entry has which number, and how far each reaches.
//!
//! Readers want the entries stored level by level, in the order of the text within a level, and the
//! children of one entry next to each other. A table of contents that jumps back and forth in the
//! text is brought into the order of the text; an entry then belongs to the nearest one of a higher
//! level before it. It also serves the entries that trail the text records, hence the positions.

use super::{IndexWriter, Record, Tag, u32_of};

/// An entry as the book has it, in the order of reading the table from top to bottom.
#[derive(Clone, Copy, Debug)]
pub(in crate::book) struct NcxPoint<'a> {
    /// What is shown.
    pub(in crate::book) label: &'a str,
    /// 0 at the top.
    pub(in crate::book) depth: usize,
    /// Bytes from the start of the text to the tag it leads to.
    pub(in crate::book) position: usize,
    /// In KF8 also the fragment and the offset in it.
    pub(in crate::book) place: Option<(u32, u32)>,
}

/// An entry as it is stored.
#[derive(Clone, Debug)]
pub(in crate::book) struct NcxEntry<'a> {
    /// The entry it was made from.
    pub(in crate::book) point: NcxPoint<'a>,
    /// Its number: level by level.
    pub(in crate::book) index: usize,
    /// Bytes up to the next entry of its own or a higher level.
    pub(in crate::book) length: usize,
    /// The number of the entry it lies in.
    pub(in crate::book) parent: Option<usize>,
    /// The numbers of the first and the last entry in it.
    pub(in crate::book) children: Option<(usize, usize)>,
}

/// The whole table.
#[derive(Clone, Debug, Default)]
pub(in crate::book) struct Ncx<'a> {
    /// In the order of the text.
    entries: Vec<NcxEntry<'a>>,
    nested: bool,
}

impl<'a> Ncx<'a> {
    /// Numbers the entries; the text they lead to ends at `end`.
    pub(in crate::book) fn new(mut points: Vec<NcxPoint<'a>>, end: usize) -> Ncx<'a> {
        if !points.is_sorted_by_key(|point| point.position) {
            points.sort_by_key(|point| point.position);
        }
        let mut deepest = 0;
        for (at, point) in points.iter_mut().enumerate() {
            point.depth = if at == 0 { 0 } else { point.depth.min(deepest + 1) };
            deepest = point.depth;
        }
        let numbers = level_by_level(&points);
        let lengths = lengths(&points, end);
        let mut entries: Vec<NcxEntry<'a>> = Vec::with_capacity(points.len());
        // The places in `entries` of the entries that are open, one a level.
        let mut open: Vec<usize> = Vec::new();
        for (at, point) in points.into_iter().enumerate() {
            let (index, length) = (numbers.get(at).copied().unwrap_or(at), lengths.get(at).copied().unwrap_or(0));
            open.truncate(point.depth);
            let parent = open.last().and_then(|parent| entries.get_mut(*parent));
            let parent = parent.map(|parent| {
                let first = parent.children.map_or(index, |(first, _)| first);
                parent.children = Some((first, index));
                parent.index
            });
            open.push(at);
            entries.push(NcxEntry { point, index, length, parent, children: None });
        }
        let nested = entries.iter().any(|entry| entry.parent.is_some());
        Ncx { entries, nested }
    }

    /// The entries in the order of the text.
    pub(in crate::book) fn entries(&self) -> &[NcxEntry<'a>] {
        &self.entries
    }

    /// Whether there is no entry.
    pub(in crate::book) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether there is more than one level.
    pub(in crate::book) fn is_nested(&self) -> bool {
        self.nested
    }

    /// The records of the index, none if there is no entry.
    pub(in crate::book) fn records(&self) -> Vec<Record<'static>> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        let is_kf8 = self.entries.iter().any(|entry| entry.point.place.is_some());
        let mut index = IndexWriter::new(match (is_kf8, self.nested) {
            (false, false) => FLAT,
            (false, true) => NESTED,
            (true, false) => KF8_FLAT,
            (true, true) => KF8_NESTED,
        });
        let mut stored: Vec<&NcxEntry<'_>> = self.entries.iter().collect();
        stored.sort_by_key(|entry| entry.index);
        let digits = format!("{:X}", self.entries.len() - 1).len();
        for entry in stored {
            let label = index.text(entry.point.label);
            let position = [u32_of(entry.point.position)];
            let (length, depth) = ([u32_of(entry.length)], [u32_of(entry.point.depth)]);
            let parent = entry.parent.map(|parent| [u32_of(parent)]);
            let children = entry.children.map(|(first, last)| ([u32_of(first)], [u32_of(last)]));
            let place = entry.point.place.map(|(fragment, offset)| [fragment, offset]);
            let label = [label];
            let mut values: Vec<(u8, &[u32])> = vec![(1, &position), (2, &length), (3, &label), (4, &depth)];
            values.extend(parent.as_ref().map(|parent| (21, &parent[..])));
            if let Some((first, last)) = &children {
                values.extend([(22, &first[..]), (23, &last[..])]);
            }
            values.extend(place.as_ref().map(|place| (6, &place[..])));
            index.add(format!("{:0digits$X}", entry.index).as_bytes(), &values);
        }
        index.finish()
    }
}

/// The number of each entry.
fn level_by_level(points: &[NcxPoint<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|at| points.get(*at).map(|point| point.depth));
    let mut numbers = vec![0; points.len()];
    for (number, at) in order.into_iter().enumerate() {
        if let Some(slot) = numbers.get_mut(at) {
            *slot = number;
        }
    }
    numbers
}

/// How far each entry reaches.
fn lengths(points: &[NcxPoint<'_>], end: usize) -> Vec<usize> {
    let mut lengths = vec![0; points.len()];
    let levels = points.iter().map(|point| point.depth + 1).max().unwrap_or(0);
    // From the last entry: where the next one of each level or a higher one starts.
    let mut next = vec![end; levels];
    for (length, point) in lengths.iter_mut().zip(points).rev() {
        let until = next.get(point.depth).copied().unwrap_or(end);
        *length = until.saturating_sub(point.position);
        next.iter_mut().skip(point.depth).for_each(|start| *start = point.position);
    }
    lengths
}

const POSITION: Tag = Tag { id: 1, values: 1, mask: 1 };
const LENGTH: Tag = Tag { id: 2, values: 1, mask: 2 };
const LABEL: Tag = Tag { id: 3, values: 1, mask: 4 };
const DEPTH: Tag = Tag { id: 4, values: 1, mask: 8 };
const PARENT: Tag = Tag { id: 21, values: 1, mask: 16 };
const FIRST_CHILD: Tag = Tag { id: 22, values: 1, mask: 32 };
const LAST_CHILD: Tag = Tag { id: 23, values: 1, mask: 64 };
const FLAT: &[Tag] = &[POSITION, LENGTH, LABEL, DEPTH];
const NESTED: &[Tag] = &[POSITION, LENGTH, LABEL, DEPTH, PARENT, FIRST_CHILD, LAST_CHILD];
const KF8_FLAT: &[Tag] = &[POSITION, LENGTH, LABEL, DEPTH, Tag { id: 6, values: 2, mask: 16 }];
const KF8_NESTED: &[Tag] =
    &[POSITION, LENGTH, LABEL, DEPTH, PARENT, FIRST_CHILD, LAST_CHILD, Tag { id: 6, values: 2, mask: 128 }];

#[cfg(test)]
mod tests {
    use super::*;

    fn point(label: &str, depth: usize, position: usize) -> NcxPoint<'_> {
        NcxPoint { label, depth, position, place: None }
    }

    /// Position, length, parent, first and last child.
    type Shape = (usize, usize, Option<usize>, Option<(usize, usize)>);

    fn shape(ncx: &Ncx<'_>) -> Vec<Shape> {
        ncx.entries().iter().map(|entry| (entry.index, entry.length, entry.parent, entry.children)).collect()
    }

    #[test]
    fn numbered_level_by_level() {
        let ncx = Ncx::new(
            vec![point("I", 0, 10), point("I.1", 1, 10), point("I.2", 1, 30), point("II", 0, 50), point("II.1", 1, 60)],
            100,
        );
        assert!(ncx.is_nested());
        assert_eq!(
            shape(&ncx),
            [
                (0, 40, None, Some((2, 3))),
                (2, 20, Some(0), None),
                (3, 20, Some(0), None),
                (1, 50, None, Some((4, 4))),
                (4, 40, Some(1), None)
            ]
        );
    }

    #[test]
    fn a_table_out_of_order_follows_the_text() {
        let ncx = Ncx::new(vec![point("b", 0, 50), point("b.1", 9, 60), point("a", 0, 10)], 100);
        let expected = [(0, 40, None, None), (1, 50, None, Some((2, 2))), (2, 40, Some(1), None)];
        assert_eq!(shape(&ncx), expected);
    }
}
