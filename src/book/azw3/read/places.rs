//! Where links lead in a KF8 book: bytes within a fragment, settled on the elements of pages.

use super::links::position;
use super::parts::Parts;
use crate::book::model::Target;
use crate::book::palm::{Anchor, Anchors, Kind, Place, Takes, Token, tokens};

/// The places of a book that anything leads to.
pub(super) struct Places<'p> {
    parts: &'p Parts,
    pages: Vec<Page>,
}

#[derive(Default)]
struct Page {
    anchors: Vec<Anchor>,
    /// The first thing to see.
    first: Option<usize>,
}

/// The path of a page in the book.
pub(super) fn path(page: usize) -> String {
    format!("text/{}", file_name(page))
}

/// The same as other pages see it.
pub(super) fn file_name(page: usize) -> String {
    format!("part{:04}.xhtml", page.saturating_add(1))
}

/// The id that is put in at a place.
pub(super) fn new_id(at: usize) -> Vec<u8> {
    format!("pos{at}").into_bytes()
}

impl<'p> Places<'p> {
    /// Settles what the pages link to, and `others`.
    pub(super) fn of(parts: &'p Parts, others: impl Iterator<Item = Place>) -> Places<'p> {
        let mut places = Places { parts, pages: Vec::new() };
        let mut targets: Vec<Vec<usize>> = vec![Vec::new(); parts.files.len()];
        let mut add = |found: Option<(usize, usize)>| {
            if let Some((list, at)) = found.and_then(|(page, at)| Some((targets.get_mut(page)?, at))) {
                list.push(at);
            }
        };
        for place in others {
            add(places.locate(place));
        }
        for file in &parts.files {
            for token in tokens(&file.bytes).filter(|token| token.kind == Kind::Open) {
                if let Some((place, _)) = position(token.bytes) {
                    add(places.locate(place));
                }
            }
        }
        for (file, mut targets) in parts.files.iter().zip(targets) {
            targets.sort_unstable();
            targets.dedup();
            places.pages.push(Page::of(&file.bytes, &targets));
        }
        places
    }

    /// The page and the byte in it.
    fn locate(&self, place: Place) -> Option<(usize, usize)> {
        let at = match place {
            Place::Position(at) => at,
            Place::InFragment(fragment, offset) => self.parts.fragments.get(fragment)?.checked_add(offset)?,
        };
        let files = &self.parts.files;
        if self.parts.fragments.is_empty() && files.len() > 1 {
            return None;
        }
        let page = files.partition_point(|file| file.start <= at).checked_sub(1)?;
        let file = files.get(page)?;
        let inside = at.checked_sub(file.start).filter(|&inside| inside <= file.bytes.len())?;
        Some((page, inside))
    }

    /// The page a place is on, and the id of the element; no id if the place is the page itself.
    pub(super) fn find(&self, place: Place) -> Option<(usize, Option<Vec<u8>>)> {
        let (page, at) = self.locate(place)?;
        let id = self.pages.get(page)?.anchor(at).map(|anchor| match &anchor.existing {
            Some(id) => id.clone(),
            None => new_id(anchor.at),
        });
        Some((page, id))
    }

    /// The same for contents: without id if there is nothing to see in front of it.
    pub(super) fn target(&self, place: Place) -> Option<Target> {
        let (chapter, id) = self.find(place)?;
        let (_, at) = self.locate(place)?;
        let page = self.pages.get(chapter)?;
        let top = page.anchor(at).is_none_or(|anchor| page.first.is_none_or(|first| anchor.at <= first));
        let fragment = id.filter(|_| !top).map(|id| String::from_utf8_lossy(&id).into_owned());
        Some(Target { chapter, fragment })
    }

    /// Where new ids go on a page, in rising order.
    pub(super) fn new_ids(&self, page: usize) -> Vec<usize> {
        let anchors = self.pages.get(page).map(|page| page.anchors.as_slice()).unwrap_or_default();
        let mut new: Vec<usize> =
            anchors.iter().filter(|anchor| anchor.existing.is_none()).map(|anchor| anchor.at).collect();
        new.sort_unstable();
        new.dedup();
        new
    }
}

impl Page {
    fn of(bytes: &[u8], targets: &[usize]) -> Page {
        let mut anchors = Anchors::new(targets);
        let mut first = None;
        let mut in_body = false;
        for token in tokens(bytes) {
            let takes = takes(&token, in_body);
            let shows = match token.kind {
                Kind::Text => !token.is_blank(),
                Kind::Open => ["img", "svg", "image", "math", "object"].iter().any(|name| token.is(name)),
                Kind::Close | Kind::Other => false,
            };
            if in_body && shows {
                first = first.or(Some(token.at));
            }
            if token.is("body") || token.kind == Kind::Close && token.is("head") {
                in_body = true;
            }
            anchors.token(&token, takes, |at| at);
        }
        Page { anchors: anchors.finish(None), first }
    }

    fn anchor(&self, at: usize) -> Option<&Anchor> {
        let found = self.anchors.binary_search_by_key(&at, |anchor| anchor.target).ok()?;
        self.anchors.get(found)
    }
}

/// Links mean the next element; behind the last one, the end of the page.
fn takes(token: &Token<'_>, in_body: bool) -> Takes {
    match token.kind {
        Kind::Close if token.is("body") || token.is("html") => Takes::Anchor,
        Kind::Open if in_body && !token.is("body") && !token.is("html") => Takes::Id,
        _ => Takes::Nothing,
    }
}
