//! Rules for sites, in the format that readers of web novels share (书源 of the application 阅读, "legado").
//!
//! A source says where to search, and by what rules books, chapters and texts are found in the pages that come. This
//! room reads sources, says what of each works here, makes the requests and reads the pages, all as values: it fetches
//! nothing, knows no clock and keeps nothing.
//!
//! Deliberately without JavaScript, browsers and accounts, which many sources want for a part of their fields: what
//! does not work is named when the source is imported. Sources and pages are written by strangers: every size, depth,
//! count and time has a bound in `limits`, and beyond it is an error.
//!
//! The way of a rule: `rule` takes it apart → `chain` (the format's own selectors, with `css`), `json`, `xpath` or
//! `pattern` look into the `content`, which `tree` parses → `rule` cleans what they give → `source` makes results of it.

mod chain;
mod content;
mod css;
mod encode;
mod error;
mod expression;
mod formatted;
mod header;
mod import;
mod json;
mod kept;
mod lenient;
mod limits;
mod pattern;
mod rate;
mod report;
mod request;
mod rule;
mod source;
mod split;
mod tree;
mod xpath;

#[cfg(test)]
mod tests;

pub use error::{Construct, ImportError, RuleError};
pub use import::{Imported, import};
pub use kept::Kept;
pub use rate::Rate;
pub use report::{FieldReport, Report, Step, StepReport, Verdict, Works};
pub use request::{Method, Request};
pub use source::{ChapterLink, ChapterPage, ContentsPage, Detail, Hit, Source, evaluate};
