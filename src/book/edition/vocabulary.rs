//! The elements of XHTML that pages may have: where each may stand and what it may hold.
//!
//! After the content model of HTML (WHATWG, "elements" index) as far as books need it; whatever is
//! not in the table is renamed or unwrapped before ([`super::legacy`]).

use super::super::dom::{Document, NodeId, Space};

/// Where an element may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// Among paragraphs.
    Block,
    /// In the text as well.
    Inline,
    /// In certain parents only: items, rows, cells.
    Part,
}

/// What an element may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Nothing.
    Nothing,
    /// Characters.
    Text,
    /// Characters and inline elements.
    Inline,
    /// Anything but parts.
    Blocks,
    /// What its parent may hold.
    Same,
    /// Certain parts only.
    Parts,
}

use Holds::{Blocks, Nothing, Parts, Same, Text};
use Stands::{Block, Part};

const ELEMENTS: [(&str, Stands, Holds); 78] = [
    ("p", Block, Holds::Inline),
    ("span", Stands::Inline, Holds::Inline),
    ("a", Stands::Inline, Same),
    ("br", Stands::Inline, Nothing),
    ("i", Stands::Inline, Holds::Inline),
    ("b", Stands::Inline, Holds::Inline),
    ("em", Stands::Inline, Holds::Inline),
    ("strong", Stands::Inline, Holds::Inline),
    ("div", Block, Blocks),
    ("img", Stands::Inline, Nothing),
    ("abbr", Stands::Inline, Holds::Inline),
    ("address", Block, Blocks),
    ("area", Stands::Inline, Nothing),
    ("article", Block, Blocks),
    ("aside", Block, Blocks),
    ("audio", Stands::Inline, Same),
    ("bdi", Stands::Inline, Holds::Inline),
    ("bdo", Stands::Inline, Holds::Inline),
    ("blockquote", Block, Blocks),
    ("body", Part, Blocks),
    ("caption", Part, Blocks),
    ("cite", Stands::Inline, Holds::Inline),
    ("code", Stands::Inline, Holds::Inline),
    ("col", Part, Nothing),
    ("colgroup", Part, Parts),
    ("dd", Part, Blocks),
    ("del", Stands::Inline, Same),
    ("details", Block, Blocks),
    ("dfn", Stands::Inline, Holds::Inline),
    ("dl", Block, Parts),
    ("dt", Part, Blocks),
    ("figcaption", Part, Blocks),
    ("figure", Block, Blocks),
    ("footer", Block, Blocks),
    ("h1", Block, Holds::Inline),
    ("h2", Block, Holds::Inline),
    ("h3", Block, Holds::Inline),
    ("h4", Block, Holds::Inline),
    ("h5", Block, Holds::Inline),
    ("h6", Block, Holds::Inline),
    ("header", Block, Blocks),
    ("hgroup", Block, Parts),
    ("hr", Block, Nothing),
    ("ins", Stands::Inline, Same),
    ("kbd", Stands::Inline, Holds::Inline),
    ("li", Part, Blocks),
    ("main", Block, Blocks),
    ("map", Stands::Inline, Same),
    ("mark", Stands::Inline, Holds::Inline),
    ("nav", Block, Blocks),
    ("ol", Block, Parts),
    ("pre", Block, Holds::Inline),
    ("q", Stands::Inline, Holds::Inline),
    ("rb", Part, Holds::Inline),
    ("rp", Part, Text),
    ("rt", Part, Holds::Inline),
    ("rtc", Part, Holds::Inline),
    ("ruby", Stands::Inline, Parts),
    ("s", Stands::Inline, Holds::Inline),
    ("samp", Stands::Inline, Holds::Inline),
    ("section", Block, Blocks),
    ("small", Stands::Inline, Holds::Inline),
    ("source", Part, Nothing),
    ("sub", Stands::Inline, Holds::Inline),
    ("summary", Part, Holds::Inline),
    ("sup", Stands::Inline, Holds::Inline),
    ("table", Block, Parts),
    ("tbody", Part, Parts),
    ("td", Part, Blocks),
    ("tfoot", Part, Parts),
    ("th", Part, Blocks),
    ("thead", Part, Parts),
    ("time", Stands::Inline, Holds::Inline),
    ("tr", Part, Parts),
    ("track", Part, Nothing),
    ("u", Stands::Inline, Holds::Inline),
    ("ul", Block, Parts),
    ("var", Stands::Inline, Holds::Inline),
];

/// The row of an element; `video` and `wbr` are like `audio` and `br`.
pub(super) fn rules(name: &str) -> Option<(Stands, Holds)> {
    let name = match name {
        "video" => "audio",
        "wbr" => "br",
        name => name,
    };
    ELEMENTS.iter().find(|(known, ..)| *known == name).map(|(_, stands, holds)| (*stands, *holds))
}

/// Where a node may stand: text, formulas and drawings are inline.
pub(super) fn stands(page: &Document, node: NodeId) -> Stands {
    match page.element(node) {
        Some(element) if element.space == Space::Html => {
            rules(&element.name).map_or(Stands::Inline, |(stands, _)| stands)
        }
        _ => Stands::Inline,
    }
}

/// What an element may hold.
pub(super) fn holds(page: &Document, node: NodeId) -> Holds {
    match page.element(node) {
        Some(element) if element.space == Space::Html => rules(&element.name).map_or(Holds::Inline, |(_, holds)| holds),
        _ => Holds::Inline,
    }
}

/// Whether a node is nothing but blanks.
pub(super) fn is_blank(page: &Document, node: NodeId) -> bool {
    page.text(node).is_some_and(|text| text.chars().all(|c| matches!(c, ' ' | '\t' | '\n' | '\r')))
}
