//! x
#![allow(missing_docs, dead_code)]

mod chain;
mod content;
mod css;
mod encode;
mod entities;
mod error;
mod expression;
mod json;
mod kept;
mod lenient;
mod limits;
mod pattern;
mod formatted;
mod request;
mod rule;
mod split;
mod tree;
mod xpath;

pub use error::{Construct, ImportError, RuleError};
pub use kept::Kept;
pub use request::{Method, Rate, Request};
