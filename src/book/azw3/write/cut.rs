//! A page cut into a skeleton and fragments of about 8 KiB.
//!
//! A fragment is a row of whole elements with the text behind each. An element that is larger is
//! left in the skeleton and what is inside it is cut, the text before its first element too. What is not numbered, tables above all, is
//! never cut. All this as kindlegen does.

use super::page::{Element, LARGEST};
use std::ops::Range;

/// A piece of a page that is stored behind the skeleton.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    /// In the text; where it starts is also where it is put back.
    pub(super) range: Range<usize>,
    /// The number of the element that it stands in.
    pub(super) parent: usize,
}

/// The fragments of a page in order; none only if there is no body. `text` is that in which the elements are.
pub(super) fn fragments(text: &str, elements: &[Element]) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    if elements.is_empty() {
        return fragments;
    }
    // The elements that are being cut: which, and the next of its children.
    let mut open: Vec<(usize, usize)> = vec![(0, 1)];
    let mut current = leading_text(text, elements, 0);
    while let Some((number, child)) = open.last_mut() {
        let Some(parent) = elements.get(*number) else { break };
        let Some(element) = elements.get(*child).filter(|_| *child < parent.after) else {
            fragments.extend(current.take());
            open.pop();
            continue;
        };
        let this = *child;
        *child = element.after;
        let next = elements.get(element.after).filter(|_| element.after < parent.after);
        let end = next.map_or(parent.inner_end, |next| next.start);
        let is_cut = element.end - element.start > LARGEST && element.aid.is_some() && element.after > this + 1;
        if is_cut {
            fragments.extend(current.take());
            open.push((this, this + 1));
            current = leading_text(text, elements, this);
            continue;
        }
        if current.as_ref().is_some_and(|current| end - current.range.start > LARGEST) {
            fragments.extend(current.take());
        }
        let aid = parent.aid.unwrap_or(0);
        let start = element.start;
        current.get_or_insert(Fragment { range: start..end, parent: aid }).range.end = end;
    }
    fragments
}

/// The start of a fragment with the text before the first element in one that is cut: what stays in the skeleton
/// cannot be linked to, and the contents would lead past the first words of a chapter.
fn leading_text(text: &str, elements: &[Element], number: usize) -> Option<Fragment> {
    let (parent, first) = (elements.get(number)?, elements.get(number + 1)?);
    let range = parent.inner..first.start;
    let says = text.get(range.clone()).is_some_and(|text| !text.trim().is_empty());
    says.then(|| Fragment { range, parent: parent.aid.unwrap_or(0) })
}
