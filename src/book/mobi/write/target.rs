//! The places that links, the guide and the table of contents lead to.
//!
//! In old Mobipocket files a link is the offset of a tag in the text, so every place is asked for
//! before the text is written, and found while it is written. Places of the table of contents are
//! never shared: readers drop entries that lead to the same offset.

use std::collections::HashMap;

/// A place to be found: index into [`Targets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(usize);

/// All places.
#[derive(Debug, Default)]
pub(super) struct Targets<'a> {
    pages: HashMap<&'a str, usize>,
    /// For each page what leads to its elements, by id; under the empty id to its start.
    wanted: Vec<HashMap<String, Vec<Place>>>,
    places: Vec<Found>,
}

#[derive(Clone, Copy, Debug)]
struct Found {
    at: Option<usize>,
    page: usize,
    own: bool,
}

impl<'a> Targets<'a> {
    /// No places yet in the pages of those paths.
    pub(super) fn new(paths: impl Iterator<Item = &'a str>) -> Targets<'a> {
        let pages: HashMap<&str, usize> = paths.enumerate().map(|(at, path)| (path, at)).collect();
        let mut targets = Targets { wanted: vec![HashMap::new(); pages.len()], pages, places: Vec::new() };
        // The start of every page is asked for: it stands in for ids that the page does not have.
        for page in 0..targets.wanted.len() {
            targets.shared(page, "");
        }
        targets
    }

    /// The place a link leads to; none if it leads to no page.
    pub(super) fn link(&mut self, from: usize, href: &str) -> Option<Place> {
        let (path, fragment) = href.split_once('#').unwrap_or((href, ""));
        let page = if path.is_empty() { from } else { *self.pages.get(path)? };
        self.shared(page, fragment)
    }

    /// A place that links may share.
    pub(super) fn shared(&mut self, page: usize, fragment: &str) -> Option<Place> {
        let known = self.wanted.get(page)?.get(fragment).into_iter().flatten().copied();
        let known = known.into_iter().find(|&place| self.places.get(place.0).is_some_and(|found| !found.own));
        known.or_else(|| self.add(page, fragment, false))
    }

    /// A place with an offset of its own.
    pub(super) fn own(&mut self, page: usize, fragment: &str) -> Option<Place> {
        self.add(page, fragment, true)
    }

    fn add(&mut self, page: usize, fragment: &str, own: bool) -> Option<Place> {
        let place = Place(self.places.len());
        self.wanted.get_mut(page)?.entry(fragment.to_owned()).or_default().push(place);
        self.places.push(Found { at: None, page, own });
        Some(place)
    }

    /// What leads to an element, or with the empty id to the start of the page.
    pub(super) fn wanted(&self, page: usize, id: &str) -> &[Place] {
        self.wanted.get(page).and_then(|page| page.get(id)).map_or(&[], Vec::as_slice)
    }

    /// Whether a place must have an offset of its own.
    pub(super) fn is_own(&self, place: Place) -> bool {
        self.places.get(place.0).is_some_and(|found| found.own)
    }

    /// A place in no page.
    pub(super) fn loose(&mut self) -> Option<Place> {
        self.places.push(Found { at: None, page: usize::MAX, own: false });
        Some(Place(self.places.len() - 1))
    }

    /// A place was found; the first time counts.
    pub(super) fn found(&mut self, place: Place, at: usize) {
        if let Some(found) = self.places.get_mut(place.0) {
            found.at.get_or_insert(at);
        }
    }

    /// The offset of a place. One that was not found is the start of its page.
    pub(super) fn offset(&self, place: Place) -> usize {
        let Some(found) = self.places.get(place.0) else { return 0 };
        let start = || self.wanted(found.page, "").iter().find_map(|start| self.places.get(start.0)?.at);
        found.at.or_else(start).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_share_places_and_entries_do_not() {
        let mut targets = Targets::new(["a.xhtml", "b.xhtml"].into_iter());
        let entry = targets.own(1, "x");
        let link = targets.link(0, "b.xhtml#x");
        assert_ne!(entry, link);
        assert_eq!(targets.link(1, "#x"), link);
        assert_ne!(targets.own(1, "x"), entry);
        assert_eq!(targets.link(1, "c.xhtml"), None);
        assert_eq!(targets.wanted(1, "x").len(), 3);
        let place = link.expect("a place");
        let start = targets.wanted(1, "")[0];
        targets.found(start, 9);
        assert_eq!(targets.offset(place), 9);
        targets.found(place, 12);
        targets.found(place, 15);
        assert_eq!(targets.offset(place), 12);
    }
}
