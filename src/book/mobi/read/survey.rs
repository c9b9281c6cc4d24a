//! The first passes over the page: where links lead, where pages break, what is on them.

use super::asides::Asides;
use super::walk::{Fate, Walk, number};
use crate::book::model::Target;
use crate::book::palm::{Anchor, Anchors, Kind, Takes, TextEncoding, Token, attribute, tokens};
use std::collections::{BTreeSet, HashMap};

/// Most pages; behind the last, page breaks cut nothing. An EPUB of ours must be one that we read.
const MOST_PAGES: usize = 10_000;

/// What was found.
pub(super) struct Survey<'a> {
    /// Every place that links, contents or guide lead to, in rising order.
    anchors: Vec<Anchor>,
    /// Where the pages start, in rising order; the first is 0.
    starts: Vec<usize>,
    /// The first thing to see on each page.
    firsts: Vec<usize>,
    /// The references of the guide.
    pub(super) guide: Vec<Reference>,
    /// The numbers of the pictures in the text.
    pictures: BTreeSet<usize>,
    /// Where pages outside the reading order start, and where they stood.
    pub(super) asides: Asides,
    /// Whether our writer made the file, so that what it added is known.
    pub(super) own: bool,
    /// The page on which a name or id stands.
    names: HashMap<&'a [u8], usize>,
}

/// A named place in the guide.
pub(super) struct Reference {
    pub(super) kind: Vec<u8>,
    pub(super) title: Vec<u8>,
    pub(super) target: usize,
}

/// The path of a page in the book.
pub(super) fn path(page: usize) -> String {
    format!("text/{}", file_name(page))
}

/// The same as other pages see it.
pub(super) fn file_name(page: usize) -> String {
    format!("part{:04}.xhtml", page.saturating_add(1))
}

impl<'a> Survey<'a> {
    /// Goes over the page; `places` are those that the index of contents leads to.
    pub(super) fn of(
        text: &'a [u8],
        encoding: TextEncoding,
        own: bool,
        places: impl Iterator<Item = usize>,
    ) -> Survey<'a> {
        let mut survey = Survey {
            anchors: Vec::new(),
            starts: vec![0],
            firsts: vec![usize::MAX],
            guide: Vec::new(),
            pictures: BTreeSet::new(),
            asides: Asides::default(),
            own,
            names: HashMap::new(),
        };
        let targets = survey.targets(text, places);
        let mut anchors = Anchors::new(&targets);
        let mut walk = Walk::new(own);
        for token in tokens(text) {
            let fate = walk.step(token);
            let room = survey.starts.len() < MOST_PAGES && survey.page_has_content();
            if fate == Fate::Break && room && walk.open.may_break() {
                survey.starts.push(token.end());
                survey.firsts.push(usize::MAX);
            }
            survey.see(&token, fate);
            let takes = match fate {
                Fate::Element | Fate::Picture(_) | Fate::QuoteStart if token.kind == Kind::Open => Takes::Id,
                Fate::Text => Takes::Anchor,
                _ => Takes::Nothing,
            };
            anchors.token(&token, takes, |at| boundary(&token, at, encoding));
        }
        if !survey.page_has_content() && survey.starts.len() > 1 {
            survey.starts.pop();
            survey.firsts.pop();
        }
        survey.anchors = anchors.finish(Some(text.len()));
        survey
    }

    /// The places that links and the guide lead to, and `places`, in rising order.
    fn targets(&mut self, text: &[u8], places: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut targets: Vec<usize> = places.collect();
        for token in tokens(text).filter(|token| token.kind == Kind::Open) {
            let Some(target) = attribute(&token, "filepos").and_then(number) else { continue };
            targets.push(target);
            if token.is("reference") {
                let value = |name| attribute(&token, name).unwrap_or_default().to_vec();
                self.guide.push(Reference { kind: value("type"), title: value("title"), target });
            }
        }
        targets.retain(|&target| target <= text.len());
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    fn see(&mut self, token: &Token<'a>, fate: Fate) {
        match fate {
            Fate::Aside => self.asides.starts.push(self.starts.len() - 1),
            Fate::AsidePlace => self.asides.places.push(self.starts.len() - 1),
            _ => {}
        }
        let shows = match fate {
            Fate::Text => !token.is_blank(),
            Fate::QuoteStart => true,
            Fate::Picture(number) => {
                self.pictures.insert(number);
                true
            }
            _ => false,
        };
        if let Some(first) = self.firsts.last_mut().filter(|first| shows && **first == usize::MAX) {
            *first = token.at;
        }
        if fate == Fate::Element && token.kind == Kind::Open {
            let page = self.starts.len() - 1;
            let name = attribute(token, "id").or_else(|| attribute(token, "name").filter(|_| token.is("a")));
            if let Some(name) = name.filter(|name| !name.is_empty()) {
                self.names.entry(name).or_insert(page);
            }
        }
    }

    fn page_has_content(&self) -> bool {
        self.firsts.last().is_some_and(|&first| first != usize::MAX)
    }

    /// Whether a picture, by its number counted from 0, is in the text.
    pub(super) fn shows(&self, picture: usize) -> bool {
        self.pictures.contains(&picture)
    }

    /// Whether a new page starts at `at`.
    pub(super) fn starts_at(&self, at: usize) -> bool {
        at > 0 && self.starts.binary_search(&at).is_ok()
    }

    /// Whether there is nothing to see on the page that `at` is on before `at`.
    pub(super) fn is_top(&self, at: usize) -> bool {
        self.firsts.get(self.page(at)).is_none_or(|&first| at <= first)
    }

    /// The page that a place is on.
    pub(super) fn page(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at).saturating_sub(1)
    }

    /// The page with an element of that name or id.
    pub(super) fn page_of_name(&self, name: &[u8]) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// The places at which an id is to be put in, in rising order.
    pub(super) fn new_ids(&self) -> Vec<usize> {
        let mut new: Vec<usize> =
            self.anchors.iter().filter(|anchor| anchor.existing.is_none()).map(|anchor| anchor.at).collect();
        new.sort_unstable();
        new.dedup();
        new
    }

    /// Where a link leads.
    pub(super) fn anchor(&self, target: usize) -> Option<&Anchor> {
        let at = self.anchors.binary_search_by_key(&target, |anchor| anchor.target).ok()?;
        self.anchors.get(at)
    }

    /// The same as a place in the book; without id if it is the top of a page.
    pub(super) fn target(&self, target: usize) -> Option<Target> {
        let anchor = self.anchor(target)?;
        let fragment = (!self.is_top(anchor.at)).then(|| String::from_utf8_lossy(&id(anchor)).into_owned());
        Some(Target { chapter: self.page(anchor.at), fragment })
    }
}

/// The id at which a link ends.
pub(super) fn id(anchor: &Anchor) -> Vec<u8> {
    anchor.existing.clone().unwrap_or_else(|| new_id(anchor.at))
}

/// The id that is put in at a place.
pub(super) fn new_id(at: usize) -> Vec<u8> {
    format!("filepos{at}").into_bytes()
}

/// The place at or before `at` where a text can be cut: not within a character or a reference.
fn boundary(token: &Token<'_>, at: usize, encoding: TextEncoding) -> usize {
    const LONGEST_REFERENCE: usize = 10;
    if !encoding.is_utf8() && !token.bytes.is_ascii() {
        return token.at;
    }
    let mut inside = at.saturating_sub(token.at);
    while inside > 0 && token.bytes.get(inside).is_some_and(|byte| byte & 0xC0 == 0x80) {
        inside -= 1;
    }
    let before = token.bytes.get(inside.saturating_sub(LONGEST_REFERENCE)..inside).unwrap_or_default();
    if let Some(back) = before.iter().rev().position(|&byte| byte == b'&')
        && !before.iter().rev().take(back).any(|&byte| byte == b';' || byte.is_ascii_whitespace())
    {
        inside -= back + 1;
    }
    token.at + inside
}
