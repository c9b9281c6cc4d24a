//! The contents as an index: positions, labels, and who belongs under whom.

use super::encoding::TextEncoding;
use super::index::{Entry, Index};
use super::part::Part;
use crate::book::{Change, Report, xhtml};

/// A line of the contents.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::book) struct NcxEntry {
    pub(in crate::book) title: String,
    pub(in crate::book) depth: usize,
    pub(in crate::book) place: Option<Place>,
}

/// Where a line leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) enum Place {
    /// A byte of the text.
    Position(usize),
    /// KF8: a fragment and an offset from where it is put in.
    InFragment(usize, usize),
}

const POSITION: u8 = 1;
const LABEL: u8 = 3;
const DEPTH: u8 = 4;
const PLACE: u8 = 6;
const PARENT: u8 = 21;

impl Part<'_, '_> {
    /// The contents in reading order; what is damaged is left out and noted.
    pub(in crate::book) fn ncx(&self, encoding: TextEncoding, report: &mut Report) -> Vec<NcxEntry> {
        let Some(at) = self.header.contents else { return Vec::new() };
        let index = Index::read(self, at);
        if let Some(damage) = &index.damage {
            report.note(Change::ContentsRepaired, damage);
        }
        let depths = reading_order(&index.entries);
        let entry = |(at, depth): (usize, usize)| {
            let entry = index.entries.get(at)?;
            let label = entry.value(LABEL, 0).and_then(|address| index.string(address)).unwrap_or_default();
            Some(NcxEntry { title: xhtml::one_line(&encoding.decode(label)), depth, place: place(entry) })
        };
        depths.into_iter().filter_map(entry).collect()
    }
}

fn place(entry: &Entry<'_>) -> Option<Place> {
    let in_fragment = entry.value(PLACE, 0).zip(entry.value(PLACE, 1));
    let in_fragment = in_fragment.map(|(fragment, offset)| Place::InFragment(fragment as usize, offset as usize));
    in_fragment.or_else(|| entry.value(POSITION, 0).map(|at| Place::Position(at as usize)))
}

/// Entries are stored level by level, children with the number of their parent, which is always
/// smaller. Without such numbers they stand in order and only have a depth. Gives number and depth.
fn reading_order(entries: &[Entry<'_>]) -> Vec<(usize, usize)> {
    let parent = |at: usize, entry: &Entry<'_>| {
        entry.value(PARENT, 0).map(|parent| parent as usize).filter(|&parent| parent < at)
    };
    if !entries.iter().enumerate().any(|(at, entry)| parent(at, entry).is_some()) {
        let depth = |entry: &Entry<'_>| entry.value(DEPTH, 0).map_or(0, |depth| depth as usize);
        return entries.iter().map(depth).enumerate().collect();
    }
    nested(&entries.iter().enumerate().map(|(at, entry)| parent(at, entry)).collect::<Vec<_>>())
}

/// Number and depth of entries in reading order, from the numbers of their parents, which must be
/// smaller than their own.
fn nested(parents: &[Option<usize>]) -> Vec<(usize, usize)> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
    let mut waiting = Vec::new();
    for (at, parent) in parents.iter().enumerate() {
        match parent.filter(|&parent| parent < at).and_then(|parent| children.get_mut(parent)) {
            Some(siblings) => siblings.push(at),
            None => waiting.push((at, 0)),
        }
    }
    waiting.reverse();
    let mut order = Vec::with_capacity(parents.len());
    while let Some((at, depth)) = waiting.pop() {
        order.push((at, depth));
        let below = children.get(at).map(Vec::as_slice).unwrap_or_default();
        waiting.extend(below.iter().rev().map(|&child| (child, depth + 1)));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_follow_their_parents() {
        let parents = [None, None, Some(0), Some(0), Some(1), Some(3), Some(9)];
        assert_eq!(nested(&parents), [(0, 0), (2, 1), (3, 1), (5, 2), (1, 0), (4, 1), (6, 0)]);
        assert_eq!(nested(&[Some(0), Some(1)]), [(0, 0), (1, 0)], "no one is their own parent");
    }
}
