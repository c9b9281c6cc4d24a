//! How much of anything a rule or a page may have: the one place of all bounds of this room.
//!
//! Sources and pages are written by strangers. What goes beyond a bound is an error, never a silent cut: a list of
//! chapters that ends early would be a book with a hole.

use super::error::RuleError;

/// Largest file of sources, in bytes.
pub(super) const IMPORT: usize = 20 << 20;
/// Most sources of one file.
pub(super) const SOURCES: usize = 10_000;
/// Longest JSON of one source, in bytes.
pub(super) const SOURCE: usize = 1 << 20;
/// Longest single rule, in bytes; rules with scripts are the longest seen, about 20 kB.
pub(super) const RULE: usize = 64 << 10;
/// Largest text a rule reads or makes, in bytes.
pub(super) const TEXT: usize = 5 << 20;
/// Most items of a list, of books or chapters.
pub(super) const LIST: usize = 5_000;
/// Most elements or strings in between.
pub(super) const BETWEEN: usize = 50_000;
/// How deep rules may hold rules, selectors selectors, and expressions parentheses.
pub(super) const NESTING: usize = 16;
/// Most nodes of a page.
pub(super) const NODES: usize = 400_000;
/// Deepest nesting of a page; the parser's work on every tag grows with it.
pub(super) const DEPTH: usize = 512;
/// Most attributes of one tag: the parser compares each with all before it.
pub(super) const ATTRIBUTES: usize = 2_000;
/// Largest compiled regular expression, in bytes: `\w{20}` just fits.
pub(super) const REGEX: usize = 1 << 20;
/// What a search may remember, in bytes, if the expression is not larger itself.
pub(super) const DFA: usize = 128 << 10;
/// Most regular expressions of one source.
pub(super) const PATTERNS: usize = 300;
/// Most groups of a regular expression.
pub(super) const GROUPS: usize = 100;
/// Most holes of one rule.
pub(super) const HOLES: usize = 64;
/// Steps back that one search with look-around or back-references may take; every place it begins at is one.
pub(super) const BACKTRACKS: usize = 20_000;
/// Largest text for such a search, in bytes.
pub(super) const BACKTRACKED: usize = 20 << 10;
/// Longest expression with look-around or back-references, in bytes.
pub(super) const BACKTRACKING: usize = 2_000;
/// Largest part of such an expression that the linear engine carries out, compiled, in bytes.
pub(super) const DELEGATE: usize = 128 << 10;
/// Most matches of one expression in one text.
pub(super) const MATCHES: usize = 100_000;
/// Most variables of a book, and the longest of their names and values, in bytes.
pub(super) const KEPT: usize = 64;
/// See [`KEPT`].
pub(super) const KEPT_NAME: usize = 256;
/// See [`KEPT`].
pub(super) const KEPT_VALUE: usize = 16 << 10;
/// Longest address a rule may give, options and all, in bytes.
pub(super) const ADDRESS: usize = 16 << 10;
/// Largest body of a request, in bytes.
pub(super) const BODY: usize = 64 << 10;
/// Most headers of a request.
pub(super) const HEADERS: usize = 64;
/// Most steps that the reading of one page may take: nodes looked at and bytes searched, roughly a second's worth.
const STEPS: usize = 300_000_000;

/// What is left of the steps of one reading.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new() -> Budget {
        Budget(STEPS)
    }

    /// Fewer steps, for tests of what runs out of them.
    #[cfg(test)]
    pub(super) fn of(steps: usize) -> Budget {
        Budget(steps)
    }

    /// How many are gone, for tests of what is booked.
    #[cfg(test)]
    pub(super) fn spent(&self) -> usize {
        STEPS - self.0
    }

    /// Takes so many steps away.
    ///
    /// # Errors
    /// When there are not as many.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), RuleError> {
        self.0 = self.0.checked_sub(steps.max(1)).ok_or(RuleError::TooSlow)?;
        Ok(())
    }
}

/// A text that is not too long.
pub(super) fn checked(text: String) -> Result<String, RuleError> {
    if text.len() > TEXT { Err(RuleError::TooLarge("text")) } else { Ok(text) }
}
