//! What MOBI and AZW3 share: the Palm database and what Mobipocket put into it.
//!
//! `write` makes the parts, from compressed text to indexes; which parts a book has, and what its
//! text looks like, is said by `azw3` and `mobi`.

pub(in crate::book) mod write;
