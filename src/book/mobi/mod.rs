//! MOBI: the format of Kindles before KF8, and of Mobipocket before them.

mod write;

pub(super) use write::write;
