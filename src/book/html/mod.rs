//! HTML: one file that holds a whole book, and the pages that people save and send.
//!
//! Readers of formats that are close to HTML (Word, FictionBook, Markdown) make pages and hand them
//! to [`read`], which cuts them into chapters. Nothing here runs a script or fetches anything.

pub(super) mod read;
pub(super) mod write;

/// The name in `<meta name="generator">` by which the reader knows what the writer wrote.
const GENERATOR: &str = "shutong";
