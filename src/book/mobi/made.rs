//! What the writer adds because old Kindles do not: signs, and a place for pages outside the reading order. Each stands
//! in an element by which the reader knows it and takes it back, so that a book comes back with the text that it had.
//! Other programs may use the same elements for what is theirs: they count only in a file that names our writer.

use crate::book::palm::{Exth, Kind, Token, attribute};

/// EXTH: the name and version of the program that wrote the file; kindlegen and calibre write it, too.
pub(super) const WRITER: u32 = 535;
/// What our writer calls itself there.
pub(super) const OWN_WRITER: &str = "shutong";

/// Whether our writer made the file.
pub(super) fn is_own(exth: &Exth<'_>) -> bool {
    exth.ascii(WRITER) == Some(OWN_WRITER)
}

/// What a sign was added for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// Before a quotation (`<q>`).
    QuoteStart,
    /// Behind it.
    QuoteEnd,
    /// Around a reading (`<rt>`).
    Bracket,
    /// Where a page outside the reading order stood, which is behind the others now; no sign.
    AsidePlace,
    /// Where such a page starts; no sign either. They come in the order of their places.
    Aside,
}

impl Made {
    const ALL: [Made; 5] = [Made::QuoteStart, Made::QuoteEnd, Made::Bracket, Made::AsidePlace, Made::Aside];

    /// The start tag.
    pub(super) fn start(self) -> &'static str {
        match self {
            Made::QuoteStart => "<span class=\"q-start\">",
            Made::QuoteEnd => "<span class=\"q-end\">",
            Made::Bracket => "<rp class=\"made\">",
            Made::AsidePlace => "<a class=\"aside-place\">",
            Made::Aside => "<a class=\"aside\">",
        }
    }

    /// The name of the element.
    pub(super) fn element(self) -> &'static str {
        match self {
            Made::QuoteStart | Made::QuoteEnd => "span",
            Made::Bracket => "rp",
            Made::AsidePlace | Made::Aside => "a",
        }
    }

    /// What the start tag in a file stands for.
    pub(super) fn of(token: &Token<'_>) -> Option<Made> {
        if token.kind != Kind::Open || attribute(token, "class").is_none() {
            return None;
        }
        Made::ALL.into_iter().find(|made| token.bytes == made.start().as_bytes())
    }
}
