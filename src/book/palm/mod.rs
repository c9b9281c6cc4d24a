//! What all Kindle books share: the Palm database, its records, headers and indexes.
//!
//! A MOBI or AZW3 file is a Palm database: numbered records of bytes. Record 0 is the header, then
//! follows the text in compressed pieces, then indexes (contents, parts), then pictures and fonts. A
//! file may hold two books, an old one for old devices and a KF8 one; [`read`] chooses. What the text
//! means is the business of the rooms `mobi` (old, one HTML page) and `azw3` (KF8, many XHTML pages).
//!
//! The fields are those that the MobileRead wiki lists and that files written by kindlegen have.

mod anchor;
mod bytes;
mod cover;
mod database;
mod description;
mod encoding;
mod exth;
mod guide;
mod header;
mod huffcdic;
mod index;
mod locale;
mod metadata;
mod ncx;
mod palmdoc;
mod part;
mod read;
mod resource;
mod tags;
mod text;
mod trailing;
pub(super) mod write;

#[cfg(test)]
pub(super) mod fixture;

pub(super) use anchor::{Anchor, Anchors, Takes};
pub(super) use bytes::{base32, u32_at};
pub(super) use cover::cover;
pub(super) use description::{complete, xml as description_xml};
pub(super) use encoding::TextEncoding;
pub(super) use exth::Exth;
pub(super) use index::{Entry, Index};
pub(super) use ncx::{NcxEntry, Place};
pub(super) use part::Part;
pub(super) use read::read;
pub(super) use resource::Resources;
pub(super) use tags::{Attribute, Kind, Token, attribute, attributes, tokens};
pub(super) use {guide::landmark_kind, metadata::language_of, metadata::metadata};

/// What went wrong and where.
fn damaged(what: impl Into<String>) -> super::Error {
    super::Error::Malformed(what.into())
}

#[cfg(test)]
mod tests;
