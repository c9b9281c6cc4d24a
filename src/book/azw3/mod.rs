//! AZW3, which is KF8: a website in pieces. Pages are skeletons with fragments to put in, style sheets
//! and drawings are flows of the same text, links count bytes within fragments.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;
