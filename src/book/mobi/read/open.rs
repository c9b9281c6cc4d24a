//! The elements open at a place, so that a page can end there and the next start with them.

use crate::book::palm::Token;

/// Opening tags whose ends have not come yet, the outermost first.
#[derive(Default)]
pub(super) struct OpenElements<'a> {
    stack: Vec<Token<'a>>,
}

/// How far up an end tag looks for its element.
const FARTHEST: usize = 64;
/// More open elements than this are markup that never closes any.
const MOST_AT_BREAK: usize = 24;

impl<'a> OpenElements<'a> {
    /// A start tag. The old pages leave out the ends of paragraphs and links, as HTML allows.
    pub(super) fn open(&mut self, token: Token<'a>) {
        if token.is_empty() {
            return;
        }
        let implied = |above: &Token<'_>| above.is("p") && is_block(&token) || above.is("a") && token.is("a");
        if self.stack.last().is_some_and(implied) {
            self.stack.pop();
        }
        self.stack.push(token);
    }

    /// An end tag: ends the nearest element of its name and what was left open inside.
    pub(super) fn close(&mut self, token: &Token<'_>) {
        let name = token.name();
        let near = self.stack.iter().rev().take(FARTHEST);
        if let Some(up) = near.into_iter().position(|open| open.name().eq_ignore_ascii_case(name)) {
            self.stack.truncate(self.stack.len().saturating_sub(up + 1));
        }
    }

    /// Whether a page may end here: not inside a table, a list and the like.
    pub(super) fn may_break(&self) -> bool {
        self.stack.len() <= MOST_AT_BREAK && self.stack.iter().all(|open| is_block(open) || is_inline(open))
    }

    /// The open elements, the outermost first.
    pub(super) fn elements(&self) -> &[Token<'a>] {
        &self.stack
    }
}

/// Blocks that may be cut in two.
pub(super) fn is_block(token: &Token<'_>) -> bool {
    const BLOCKS: [&str; 14] =
        ["p", "div", "blockquote", "center", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "pre", "hr"];
    BLOCKS.iter().any(|name| token.is(name))
}

fn is_inline(token: &Token<'_>) -> bool {
    const INLINES: [&str; 18] = [
        "a", "b", "i", "u", "s", "em", "strong", "font", "span", "big", "small", "sub", "sup", "tt", "strike", "del",
        "ins", "cite",
    ];
    INLINES.iter().any(|name| token.is(name))
}
