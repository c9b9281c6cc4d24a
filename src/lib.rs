//! Shutong (书童, the page boy who fetches the scholar's books): the e-book service of a WeChat Official Account, in
//! one binary.
//!
//! The modules below stand in dependency order, in paragraphs: a module uses only modules of earlier paragraphs. A
//! test holds the source to that. The journeys that pass through them:
//!
//! **A follower's message.** `POST /wechat/{account}` → [`server`] checks the signature before it reads the body →
//! [`wechat`] verifies, decrypts, parses → a task of its own, joined by the platform's retries → [`reply`] finds the
//! stored answer, or turns the text into a command, asks [`library`], and stores the answer with what it changed in
//! one commit → [`wechat`] seals it.
//!
//! **A file becomes a book.** Upload, command line or starter library → [`library`] asks [`book`] what it is, keeps
//! the bytes by content hash, then the record; a thread brings [`search`] up to the store afterwards. A crash between
//! any two steps leaves the index to catch up at the next start, and files without a record to the nightly collection.
//!
//! **A token.** A tick every second → [`token`]: due? → the one lock of the account → [`wechat`] asks the platform → the
//! disk → everybody: this program's own calls, and through [`server`]'s token API the owner's other servers. What only
//! the owner can put right becomes an [`alert`].
//!
//! **A push.** 推送 → [`reply`] → [`kindle`] notes the delivery in the answer's write → its drain, woken at once and
//! found again by a job, has [`library`] make the file and [`mail`] hand it in → the row says what became of it, and the
//! follower hears with the next answer.
//!
//! **An article.** A file in the folder of articles → [`article`] reads it at its next look → its page, the list, the
//! feed, and 文章 in [`reply`]; on the owner's word the platform's draft box, and what becomes of it there.
//!
//! **A picture.** A file in the media folder → [`media`] notes it, makes it fit, uploads it, and uploads it again before
//! the platform forgets it → [`reply`] answers with the id that lives now, and never waits for an upload.
//!
//! **A source of books.** Its schedule, or the owner → [`crawler`] reads its catalogue, no faster than the site wants →
//! a file, or chapters that are bound into one → [`library`], as from an upload. What is done is noted step by step, so
//! a pass that is cut off goes on where it was.
//!
//! **Something to say unasked.** A late answer, news of a delivery, a book that somebody waits for → [`reply`] packs it →
//! [`chat`] sends it if the platform's window of that follower is open; else it goes out with the next answer.
//!
//! **A number.** What happens is counted by [`statistics`], in the write that makes it so, or in memory and written every
//! ten seconds → the overview of [`server`] draws the last thirty days.
//!
//! **A backup.** Its schedule, the owner, or the command line → [`backup`] packs what the store has at one moment, the
//! files it names, and what else lies in the data folder → a file, verified entry by entry on its way back, that takes
//! the data folder's place before the store opens.
//!
//! **A download.** A signed link of [`library::link`] → the book's page → the file, counted once a day for each
//! follower and book.

pub mod bell;
pub mod blocking;
pub mod clock;
pub mod http;
pub mod schedule;
pub mod secret;
pub mod toml_text;
pub mod underway;

pub mod book;
pub mod wechat;

pub mod mail;
pub mod search;
pub mod store;

pub mod statistics;

pub mod alert;
pub mod library;

pub mod token;

pub mod article;
pub mod backup;
pub mod kindle;
pub mod media;

pub mod chat;
pub mod crawler;
pub mod menu;

pub mod reply;

pub mod config;

pub mod logging;

pub mod app;

pub mod checkup;

pub mod jobs;

pub mod server;

pub mod run;

pub mod cli;
