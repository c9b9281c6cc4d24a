//! Signs that the writer adds because old Kindles add none themselves: each stands in an element by which the reader
//! knows it and takes it back, so that a book comes back with the text that it had.

use crate::book::palm::{Kind, Token, attribute};

/// What a sign was added for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// Before a quotation (`<q>`).
    QuoteStart,
    /// Behind it.
    QuoteEnd,
    /// Around a reading (`<rt>`).
    Bracket,
}

impl Made {
    const ALL: [Made; 3] = [Made::QuoteStart, Made::QuoteEnd, Made::Bracket];

    /// The start tag.
    pub(super) fn start(self) -> &'static str {
        match self {
            Made::QuoteStart => "<span class=\"q-start\">",
            Made::QuoteEnd => "<span class=\"q-end\">",
            Made::Bracket => "<rp class=\"made\">",
        }
    }

    /// The name of the element.
    pub(super) fn element(self) -> &'static str {
        match self {
            Made::QuoteStart | Made::QuoteEnd => "span",
            Made::Bracket => "rp",
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
