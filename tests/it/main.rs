//! The one integration-test binary. What belongs where:
#![allow(clippy::unwrap_used, clippy::expect_used)] // in a test a failed `expect` is the report

mod support; // what tests stand on: the program, its executable, the simulated platform, builders of books

mod book; // e-books through `book::read`: formats, faults of real files, covers
mod book_hostile; // e-books that must be refused or survived: DRM, bombs, random damage
mod library; // the catalogue: adding, merging, the recycle bin, requests, quotas, imports
mod reply; // conversations of followers with the desk, over a real library
mod search; // the index: every kind of query, paging, rebuilding, damage, hostile text
mod wechat; // the platform's protocol through its public API: vectors, hostile input, every push
