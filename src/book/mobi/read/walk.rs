//! What each token of the page is for the book; the same for every pass over it.

use super::open::OpenElements;
use crate::book::mobi::Made;
use crate::book::palm::{Kind, Token, attribute};

/// What becomes of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is left out: the head, and tags that only devices know.
    Skip,
    /// Sound or film, left out with a note.
    Sound,
    Film,
    /// The page ends.
    Break,
    Text,
    /// A tag that is kept.
    Element,
    /// The start or the end of a quotation; the signs that the writer put there follow and are skipped.
    QuoteStart,
    QuoteEnd,
    /// The start of a page outside the reading order, and the place where it stood.
    Aside,
    AsidePlace,
    /// A picture, by its number counted from 0.
    Picture(usize),
}

/// A walk over the page.
pub(super) struct Walk<'a> {
    pub(super) open: OpenElements<'a>,
    /// Whether our writer made the page.
    own: bool,
    in_head: bool,
    /// An element whose content is no text.
    hidden: Option<&'a [u8]>,
}

impl<'a> Walk<'a> {
    /// Before the first token of a page that is our writer's `own` or another's.
    pub(super) fn new(own: bool) -> Walk<'a> {
        Walk { open: OpenElements::default(), own, in_head: false, hidden: None }
    }

    /// Takes the next token.
    pub(super) fn step(&mut self, token: Token<'a>) -> Fate {
        let fate = self.fate(token);
        match (fate, token.kind) {
            (Fate::Element, Kind::Open) => self.open.open(token),
            (Fate::Element, Kind::Close) => self.open.close(&token),
            _ => {}
        }
        fate
    }

    fn fate(&mut self, token: Token<'a>) -> Fate {
        if let Some(name) = self.hidden {
            let ends = token.kind == Kind::Close && token.name().eq_ignore_ascii_case(name);
            if ends || token.is("body") || token.is("mbp:pagebreak") {
                self.hidden = None;
            }
            if !token.is("mbp:pagebreak") {
                return Fate::Skip;
            }
        }
        match token.kind {
            Kind::Other => Fate::Skip,
            Kind::Text if self.in_head && token.is_blank() => Fate::Skip,
            Kind::Text => {
                self.in_head = false;
                Fate::Text
            }
            Kind::Open | Kind::Close => self.tag(token),
        }
    }

    fn tag(&mut self, token: Token<'a>) -> Fate {
        let named = |names: &[&str]| names.iter().any(|name| token.is(name));
        if token.is("head") {
            self.in_head = token.kind == Kind::Open;
            return Fate::Skip;
        }
        if named(&["html", "guide", "reference", "meta", "link", "base"]) {
            return Fate::Skip;
        }
        if named(&["title", "style", "script"]) {
            if token.kind == Kind::Open && !token.is_empty() {
                self.hidden = Some(token.name());
            }
            return Fate::Skip;
        }
        self.in_head = false;
        if let Some(made) = Made::of(&token).filter(|_| self.own) {
            self.hidden = Some(token.name());
            return match made {
                Made::QuoteStart => Fate::QuoteStart,
                Made::QuoteEnd => Fate::QuoteEnd,
                Made::Bracket => Fate::Skip,
                Made::Aside => Fate::Aside,
                Made::AsidePlace => Fate::AsidePlace,
            };
        }
        let name = token.name().to_ascii_lowercase();
        match name.as_slice() {
            b"mbp:pagebreak" if token.kind == Kind::Open => Fate::Break,
            b"body" => Fate::Skip,
            b"audio" if token.kind == Kind::Open => Fate::Sound,
            b"video" if token.kind == Kind::Open => Fate::Film,
            b"audio" | b"video" | b"source" => Fate::Skip,
            b"img" => picture(&token).map_or(Fate::Element, Fate::Picture),
            name if name.starts_with(b"mbp:") || name.starts_with(b"idx:") => Fate::Skip,
            _ => Fate::Element,
        }
    }
}

/// The number of a picture, counted from 0; the text counts from 1.
fn picture(token: &Token<'_>) -> Option<usize> {
    let value = attribute(token, "recindex").or_else(|| attribute(token, "hirecindex"));
    number(value.or_else(|| attribute(token, "lorecindex"))?)?.checked_sub(1)
}

/// A number in digits, with or without blanks around it.
pub(super) fn number(value: &[u8]) -> Option<usize> {
    std::str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
}
