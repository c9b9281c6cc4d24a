//! The one integration-test binary. What belongs where:
#![allow(clippy::unwrap_used, clippy::expect_used)] // in a test a failed `expect` is the report

mod support; // what tests stand on: the program, its executable, the simulated platform, a mail server, builders of books

mod accept; // the accept loop on real sockets: slow clients, the cap, draining, bodies too large
mod admin; // the admin page over real sockets: who gets in, what a change needs, uploads, the simulator
mod alerts; // the owner is told of trouble: by mail, by webhook, once
mod architecture; // the rules of the house, read from the source itself
mod article; // the owner's articles: pages, feed, search, bringing in, the platform's draft box
mod backup; // everything in one file and back: under writes, killed, encrypted, damaged; who was forgotten stays so
mod backup_peers; // backups against the real age, a WebDAV server, a bucket that checks signatures, an SSH server
mod backup_since; // what happened after a backup and is not undone by it: take-downs, letters; what lies outside it
mod binary; // the executable as people use it: first lines, commands, exit codes, signals
mod board; // the board for Grafana against what is exported
mod book; // e-books through `book::read`: formats, faults of real files, covers
mod book_epub; // EPUBs: layout, landmarks, pages that the spine forgot, archives cut off
mod book_hostile; // e-books that must be refused or survived: DRM, bombs, random damage
mod book_txt; // plain text: chapters, title and authors against lists made by hand
mod chat; // what is said unasked: windows and counts, late answers, subscriptions; who writes too fast, who is blocked
mod config; // the configuration file: every mistake refused by name
mod conversion; // books in other formats: the command, what the library makes and keeps, what a hostile book costs
mod crawl; // sources of books: a web that fails while the executable is killed, real servers of catalogues and folders
mod deliveries; // pushes through a real mail server while the executable is killed: each arrives, once, in order
mod edit; // what the owner says of books: it wins; covers, duplicates, lists of all books, filtered and sorted
mod faults; // kill -9 under load, again and again: nothing acknowledged is lost
mod hostile; // what the internet sends: broken, huge, slow, repeated
mod jobs; // jobs on the command line: listed, run, given another schedule
mod judges; // what epubcheck and mobitool say of the books we write
mod kindle; // pushes by mail: whose an address is, what arrives, what is tried again, what is forgotten
mod library; // the catalogue: adding, merging, the recycle bin, requests, quotas, imports
mod mail; // one SMTP session with a server on a socket: what arrives, what is refused, what is cut
mod media; // pictures and other media: weeks of uploads against the platform, keyword replies, what goes wrong
mod menu; // the menu below the chat: judged before it is sent, pushed, pulled, compared, the command
mod opds; // the catalogue for reading apps: feeds, paging, search, who may read it
mod pages; // public pages and downloads: signatures, quotas, ranges, WeChat's browser
mod provenance; // books that were found: where they come from, newer editions, take-downs, what is asked of sources
mod reply; // conversations of followers with the desk, over a real library
mod restart; // starting again in place: what is taken over, what is refused, how long nobody answers
mod search; // the index: every kind of query, paging, rebuilding, damage, hostile text
mod statistics; // counts of days, from what really happens
mod store; // what a write promises, what a restart finds, what damage does
mod token; // the keeper of a token against the simulated platform: weeks of faults, reports, restarts, outages
mod token_api; // the token API over sockets: keys, scopes, the platform's own interface, relay, following, an SDK
mod webhook; // a follower's journey through the callback: search to download, retries, late answers
mod wechat; // the platform's protocol through its public API: vectors, hostile input, every push
mod wechat_api; // the simulated platform itself: the rules it must keep, so that others can be tested against it
