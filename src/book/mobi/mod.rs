//! MOBI6, the Kindle format before KF8: one long page of HTML 3.2 whose links count bytes.

mod made;
mod read;
mod write;

use made::Made;

pub(super) use read::{read, read_palmdoc};
use write::MARK;
pub(super) use write::write;
