//! TBS: which entries of the table of contents touch a text record, told behind the record.
//!
//! As kindlegen writes it. The entries that touch a record are told in strands: from an entry down
//! to its first child here and on, or along neighbours of one level. Each level of a strand gives
//! one sequence: a number with flags, then what the flags announce. Verified against the bytes of
//! flat and nested books that kindlegen made.

use super::{Ncx, u32_of, vwi};

/// Which books it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) enum TbsKind {
    /// A MOBI file of version 6.
    Mobi6,
    /// KF8.
    Kf8,
}

/// The sequence's last entry begins before the record and ends after it; a zero follows.
const SPANS: u32 = 1;
/// The kind of book follows.
const KIND: u32 = 2;
/// A count of neighbouring entries follows.
const COUNT: u32 = 4;
/// The number is counted back from the strand before.
const BACKWARD: u32 = 8;

/// The entries of a book, given out record by record.
pub(super) struct Tbs {
    /// In the order of the text, the next at `next`.
    entries: Vec<Touching>,
    next: usize,
    /// Those that began and have not ended.
    open: Vec<Touching>,
    kind: u32,
}

#[derive(Clone, Copy)]
struct Touching {
    index: usize,
    depth: usize,
    parent: Option<usize>,
    start: usize,
    end: usize,
}

impl Tbs {
    pub(super) fn new(ncx: &Ncx<'_>, kind: TbsKind) -> Tbs {
        let entries = ncx.entries().iter().map(|entry| Touching {
            index: entry.index,
            depth: entry.point.depth,
            parent: entry.parent,
            start: entry.point.position,
            // Of two entries with one place the first is empty; it belongs to the record all the same.
            end: entry.point.position + entry.length.max(1),
        });
        let kind = match (kind, ncx.is_nested()) {
            (TbsKind::Mobi6, _) => 0,
            (TbsKind::Kf8, false) => 8,
            (TbsKind::Kf8, true) => 5,
        };
        Tbs { entries: entries.collect(), next: 0, open: Vec::new(), kind }
    }

    /// Appends the trailing entry of the record at `start`; records are asked for in order. It is
    /// empty if the record holds no `text`, but style sheets.
    pub(super) fn push_entry(&mut self, start: usize, size: usize, text: bool, out: &mut Vec<u8>) {
        let before = out.len();
        if text {
            let end = start + size;
            self.open.retain(|entry| entry.end > start);
            while let Some(entry) = self.entries.get(self.next).filter(|entry| entry.start < end) {
                self.open.push(*entry);
                self.next += 1;
            }
            let strands = strands(&self.open);
            self.push_strands(&strands, start..end, out);
        }
        let content = out.len() - before;
        vwi::trailing_size(out, content);
    }

    fn push_strands(&self, strands: &[Vec<Layer>], record: std::ops::Range<usize>, out: &mut Vec<u8>) {
        let mut last_index = None;
        for strand in strands {
            let spans: Vec<bool> = strand
                .iter()
                .map(|layer| layer.last().is_some_and(|last| last.start < record.start && last.end > record.end))
                .collect();
            for (at, layer) in strand.iter().enumerate() {
                let (Some(first), Some(last)) = (layer.first(), layer.last()) else { continue };
                // Of several levels that span the record, only the lowest says so.
                let spans = spans.get(at) == Some(&true) && spans.get(at + 1) != Some(&true);
                let mut flags = if spans { SPANS } else { 0 };
                let mut number = first.index - first.parent.unwrap_or(0).min(first.index);
                if let (0, Some(previous)) = (at, last_index) {
                    if previous >= first.index {
                        flags |= BACKWARD;
                    }
                    number = first.index.abs_diff(previous);
                }
                let is_first = last_index.is_none();
                flags |= if is_first { KIND } else { 0 };
                flags |= if layer.len() > 1 { COUNT } else { 0 };
                vwi::forward(out, (u32_of(number) << if is_first { 3 } else { 4 }) | flags);
                if is_first {
                    vwi::forward(out, self.kind);
                }
                if layer.len() > 1 {
                    out.push(u8::try_from(layer.len()).unwrap_or(u8::MAX));
                }
                if spans {
                    vwi::forward(out, 0);
                }
                last_index = Some(last.index);
            }
        }
    }
}

/// Neighbours of one level.
type Layer = Vec<Touching>;

/// The entries of a record as strands.
fn strands(entries: &[Touching]) -> Vec<Vec<Layer>> {
    let mut rest = entries.to_vec();
    let mut strands = Vec::new();
    while !rest.is_empty() {
        let mut current = rest.remove(0);
        let mut strand: Vec<Layer> = Vec::new();
        let mut layer = Layer::new();
        loop {
            layer.push(current);
            let index = current.index;
            if let Some(child) = take(&mut rest, |entry| entry.parent == Some(index)) {
                strand.push(std::mem::take(&mut layer));
                current = child;
                continue;
            }
            let (parent, depth) = (current.parent, current.depth);
            let is_next = |entry: &Touching| (entry.index, entry.parent, entry.depth) == (index + 1, parent, depth);
            match take(&mut rest, is_next) {
                Some(next) => current = next,
                None => break,
            }
        }
        strand.push(layer);
        strands.push(strand);
    }
    strands
}

fn take(entries: &mut Vec<Touching>, wanted: impl Fn(&Touching) -> bool) -> Option<Touching> {
    let at = entries.iter().position(wanted)?;
    Some(entries.remove(at))
}

#[cfg(test)]
mod tests {
    use super::super::NcxPoint;
    use super::*;

    fn entries(points: &[(usize, usize)], end: usize) -> Vec<Vec<u8>> {
        let points = points.iter().map(|&(depth, position)| NcxPoint { label: "", depth, position, place: None });
        let mut tbs = Tbs::new(&Ncx::new(points.collect(), end), TbsKind::Kf8);
        let entry = |at| {
            let mut out = Vec::new();
            tbs.push_entry(at * 4096, 4096, true, &mut out);
            out
        };
        (0..end.div_ceil(4096)).map(entry).collect()
    }

    /// Positions and bytes of a book that kindlegen made.
    #[test]
    fn flat_as_kindlegen_writes_it() {
        let starts = [
            927, 3044, 4938, 52388, 106_655, 153_104, 231_736, 290_843, 356_200, 418_731, 497_431, 599_014, 688_414,
            742_564, 776_048, 837_875,
        ];
        let made = entries(&starts.map(|start| (0, start)), 898_065);
        assert_eq!(made[0], [0x86, 0x88, 0x02, 0x84]);
        assert_eq!(made[1], [0x8E, 0x88, 0x02, 0x84]);
        assert_eq!(made[2], [0x93, 0x88, 0x80, 0x84]);
        assert_eq!(made[12], [0x96, 0x88, 0x02, 0x84]);
        assert_eq!(made[219], [0xFA, 0x88, 0x83]);
    }

    /// The same of a book with three levels.
    #[test]
    fn nested_as_kindlegen_writes_it() {
        let points = [
            (0, 116),
            (0, 15_608),
            (1, 31_340),
            (2, 47_155),
            (2, 62_970),
            (1, 78_785),
            (0, 94_598),
            (0, 110_330),
            (1, 126_106),
        ];
        let expected = "8285 838580 838580 868502 8b8580 8b8580 8b8580 8b8580b0 8a85b180 8a85b180 8a85b180 8a85b180b0 \
                        8a85b0b180 8a85b0b180 8a85b0b180 8a85b180b402 8a85b0c180 8a85b0c180 8a85b0c180 8b8580b0c0b8 \
                        8a85c180 8a85c180 8a85c180 8a85c0b8 938580 938580 968502 9b8580 9b8580 9b8580 9b8580b0 \
                        9a85b180 9a85b180 9a85b180 9a85b0";
        let made = entries(&points, 141_883);
        let hex =
            |entry: &Vec<u8>| entry[..entry.len() - 1].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(made.iter().map(hex).collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn a_record_of_style_sheets_has_none() {
        let mut out = Vec::new();
        Tbs::new(&Ncx::default(), TbsKind::Mobi6).push_entry(0, 4096, false, &mut out);
        assert_eq!(out, [0x81]);
    }
}
