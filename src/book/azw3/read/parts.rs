//! Pages from skeletons and fragments.
//!
//! A skeleton is a page with its content cut out; the fragments that follow it in the text are put in
//! one by one, each at a place that counts in the page as built so far.

use crate::book::palm::{Entry, Index, Kind, Part, attribute, tokens};
use std::borrow::Cow;

/// The pages of a book.
pub(super) struct Parts {
    pub(super) files: Vec<File>,
    /// Where each fragment was put in, counted over all pages.
    pub(super) fragments: Vec<usize>,
}

/// A page.
pub(super) struct File {
    /// Where it starts if all pages stand one behind the other.
    pub(super) start: usize,
    pub(super) bytes: Vec<u8>,
}

/// The tags of both indexes.
const COUNT: u8 = 1;
const SELECTOR: u8 = 2;
const EXTENT: u8 = 6;

struct Fragment {
    insert: usize,
    length: usize,
    /// The address of the text that names the element it belongs into.
    selector: Option<u32>,
}

impl Parts {
    /// Puts the pages together, or says what is damaged. Behind the pages there is nothing in a `whole_flow`.
    pub(super) fn rebuild(part: &Part<'_, '_>, flow: &[u8], whole_flow: bool) -> Result<Parts, String> {
        let at = part.header.skeletons.ok_or("it has no index of skeletons")?;
        let skeletons = whole(Index::read(part, at))?;
        let fragments = part.header.fragments.map(|at| whole(Index::read(part, at))).transpose()?.unwrap_or_default();
        let list: Option<Vec<Fragment>> = fragments.entries.iter().map(fragment).collect();
        let list = list.ok_or("an entry of its index of fragments lacks numbers")?;
        let mut files = Vec::new();
        let mut waiting = list.iter();
        // Moving text about is what takes time if places come in no order.
        let mut effort = flow.len().saturating_mul(8).saturating_add(1 << 20);
        let mut covered = 0;
        for (number, skeleton) in skeletons.entries.iter().enumerate() {
            let what = |text: &str| format!("skeleton {number} of {}: {text}", skeletons.entries.len());
            let value = |tag, at| skeleton.value(tag, at).map(|value| value as usize);
            let (count, start, length) = value(COUNT, 0)
                .zip(value(EXTENT, 0))
                .zip(value(EXTENT, 1))
                .map(|((count, start), length)| (count, start, length))
                .ok_or_else(|| what("its entry lacks numbers"))?;
            let mut end = start.saturating_add(length);
            let body =
                flow.get(start..end).filter(|_| start >= covered).ok_or_else(|| what("it lies outside the text"))?;
            let mut page = Gap { before: body.to_vec(), after: Vec::new() };
            for _ in 0..count {
                let fragment = waiting.next().ok_or_else(|| what("it has a fragment that is not there"))?;
                let from = end;
                end = from.saturating_add(fragment.length);
                let bytes = flow.get(from..end).ok_or_else(|| what("a fragment lies outside the text"))?;
                let place = fragment.insert.checked_sub(start).filter(|&place| place <= page.len());
                let place = place.ok_or_else(|| what("a fragment belongs outside the page"))?;
                let moved = page.put(place, bytes);
                effort = effort.checked_sub(moved).ok_or_else(|| what("its fragments come in no order"))?;
                if page.is_within_tag(place) {
                    let name = fragment.selector.and_then(|address| fragments.string(address)).unwrap_or_default();
                    page.mend(place, bytes, name);
                }
            }
            covered = end;
            files.push(File { start, bytes: page.finish() });
        }
        let rest = flow.get(covered..).unwrap_or_default();
        if whole_flow && !rest.trim_ascii().is_empty() && !files.is_empty() && rest.len() > 4 {
            return Err(format!("{} bytes of text belong to no page", rest.len()));
        }
        Ok(Parts { files, fragments: list.iter().map(|fragment| fragment.insert).collect() })
    }
}

fn whole(index: Index<'_>) -> Result<Index<'_>, String> {
    match index.damage {
        Some(damage) => Err(damage),
        None => Ok(index),
    }
}

fn fragment(entry: &Entry<'_>) -> Option<Fragment> {
    let insert = std::str::from_utf8(entry.label).ok()?.trim().parse().ok()?;
    Some(Fragment { insert, length: entry.value(EXTENT, 1)? as usize, selector: entry.value(SELECTOR, 0) })
}

/// A page with a gap that moves to where the next fragment goes, so that fragments in order cost
/// nothing extra.
struct Gap {
    before: Vec<u8>,
    /// What follows the gap, backwards.
    after: Vec<u8>,
}

impl Gap {
    fn len(&self) -> usize {
        self.before.len() + self.after.len()
    }

    /// Puts bytes in at a place; gives how many bytes had to be moved.
    fn put(&mut self, place: usize, bytes: &[u8]) -> usize {
        let moved = self.before.len().abs_diff(place);
        if place < self.before.len() {
            let tail = self.before.split_off(place);
            self.after.extend(tail.iter().rev());
        } else {
            let keep = self.after.len().saturating_sub(moved);
            let head = self.after.split_off(keep);
            self.before.extend(head.iter().rev());
        }
        self.before.extend_from_slice(bytes);
        moved
    }

    /// Whether a place in front of the gap is inside a tag.
    fn is_within_tag(&self, place: usize) -> bool {
        const LONGEST_TAG: usize = 4096;
        let head = self.before.get(place.saturating_sub(LONGEST_TAG)..place).unwrap_or_default();
        head.iter().rev().find(|byte| matches!(byte, b'<' | b'>')) == Some(&b'<')
    }

    /// Takes a fragment that was put into a tag out again and puts it behind the element that its
    /// selector names; badly made files have such places.
    fn mend(&mut self, place: usize, bytes: &[u8], selector: &[u8]) {
        let Some(aid) = selector.split(|&byte| byte == b'\'').nth(1) else { return };
        let whole = [self.before.get(..place).unwrap_or_default().to_vec(), self.after.iter().rev().copied().collect()];
        let page: Cow<'_, [u8]> = Cow::Owned(whole.concat());
        let named =
            |token: &crate::book::palm::Token<'_>| token.kind == Kind::Open && attribute(token, "aid") == Some(aid);
        let Some(end) = tokens(&page).find(named).map(|token| token.end()) else { return };
        let (head, tail) = page.split_at(end.min(page.len()));
        self.before = [head, bytes].concat();
        self.after = tail.iter().rev().copied().collect();
    }

    fn finish(mut self) -> Vec<u8> {
        self.before.extend(self.after.iter().rev());
        self.before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_go_in_at_any_place() {
        let mut page = Gap { before: b"<b></b>".to_vec(), after: Vec::new() };
        page.put(3, b"one ");
        assert_eq!(page.put(7, b"two"), 0, "in order nothing is moved");
        page.put(3, b"zero ");
        page.put(19, b"end");
        assert_eq!(page.finish(), b"<b>zero one two</b>end");
    }

    #[test]
    fn a_fragment_within_a_tag_is_mended() {
        let mut page = Gap { before: b"<b aid='x'></b>".to_vec(), after: Vec::new() };
        page.put(4, b"one");
        assert!(page.is_within_tag(4));
        page.mend(4, b"one", b"P-//*[@aid='x']");
        assert_eq!(page.finish(), b"<b aid='x'>one</b>");
    }
}
