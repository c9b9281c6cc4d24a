//! AZW3, the format of Kindles since 2011: KF8 in a Palm database.
//!
//! `write` makes it from an edition; what it shares with MOBI is in `palm`.

mod write;

pub(in crate::book) use write::{Place, records, write};
