//! Pages outside the reading order, which our own writer puts behind the others: back to where they stood.

use crate::book::model::{Chapter, Landmark, Target, TocEntry};

/// Numbers of pages, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Asides {
    /// The pages with which those outside the reading order start; all behind them are outside.
    pub(super) starts: Vec<usize>,
    /// The pages in front of which they stood, the first for the first; the last may have none.
    pub(super) places: Vec<usize>,
}

impl Asides {
    /// Puts the pages back and says that they are outside the reading order.
    pub(super) fn put_back(&self, chapters: &mut Vec<Chapter>, toc: &mut [TocEntry], landmarks: &mut [Landmark]) {
        let Some(order) = self.order(chapters.len()) else { return };
        let mut places = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            if let Some(place) = places.get_mut(old) {
                *place = new;
            }
        }
        let first = self.starts.first().copied().unwrap_or(chapters.len());
        chapters.iter_mut().skip(first).for_each(|chapter| chapter.linear = false);
        let mut taken: Vec<Option<Chapter>> = chapters.drain(..).map(Some).collect();
        chapters.extend(order.iter().filter_map(|&old| taken.get_mut(old)?.take()));
        relead(toc, &places);
        landmarks.iter_mut().for_each(|landmark| follow(&mut landmark.target, &places));
    }

    /// The old number of every page in its new place; none if there is nothing to do or the marks cannot be true.
    fn order(&self, pages: usize) -> Option<Vec<usize>> {
        let first = *self.starts.first().filter(|&&first| first > 0 && first < pages)?;
        let rises = |numbers: &[usize]| numbers.is_sorted();
        if !rises(&self.starts) || !rises(&self.places) || self.places.last().is_some_and(|&last| last >= first) {
            return None;
        }
        let end = |at: usize| self.starts.get(at + 1).copied().unwrap_or(pages).min(pages);
        let mut asides = self.starts.iter().enumerate().map(|(at, &start)| start..end(at));
        let mut places = self.places.iter().copied().peekable();
        let mut order = Vec::with_capacity(pages);
        for page in 0..first {
            while places.next_if_eq(&page).is_some() {
                order.extend(asides.next().into_iter().flatten());
            }
            order.push(page);
        }
        order.extend(asides.flatten());
        (order.len() == pages).then_some(order)
    }
}

/// Recursion is no deeper than [`TocEntry::MAX_DEPTH`].
fn relead(entries: &mut [TocEntry], places: &[usize]) {
    for entry in entries.iter_mut() {
        if let Some(target) = &mut entry.target {
            follow(target, places);
        }
        relead(&mut entry.children, places);
    }
    // The index of the file stands in the order of its text.
    if entries.iter().all(|entry| entry.target.is_some()) {
        entries.sort_by_key(|entry| entry.target.as_ref().map(|target| target.chapter));
    }
}

fn follow(target: &mut Target, places: &[usize]) {
    target.chapter = places.get(target.chapter).copied().unwrap_or(target.chapter);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_back_to_their_places() {
        let order = |starts: &[usize], places: &[usize], pages| {
            Asides { starts: starts.to_vec(), places: places.to_vec() }.order(pages)
        };
        assert_eq!(order(&[3, 4], &[0, 2], 6), Some(vec![3, 0, 1, 4, 5, 2]));
        assert_eq!(order(&[2, 3], &[1], 4), Some(vec![0, 2, 1, 3]), "the last stood at the end");
        assert_eq!(order(&[2, 2], &[1, 1], 3), Some(vec![0, 2, 1]), "an empty one");
        assert_eq!(order(&[], &[], 3), None);
        assert_eq!(order(&[0], &[], 3), None);
        assert_eq!(order(&[9], &[], 3), None);
        assert_eq!(order(&[2, 1], &[0], 3), None);
        assert_eq!(order(&[2], &[2], 3), None);
    }
}
