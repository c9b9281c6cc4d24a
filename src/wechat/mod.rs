//! The WeChat platform's protocol, without state: what arrives at the callback URL, is it genuine,
//! what does it say, how is an answer to it written; and how the platform's API is called ([`Client`]).
//!
//! A callback passes through here in five steps, and the HTTP layer decides nothing itself:
//!
//! 1. [`Query::parse`] reads the parameters, [`check`] the signature, before the body is read;
//! 2. [`open`] checks, decrypts and parses the body into an [`Opened`];
//! 3. [`NonceCache::admit`] refuses a captured signature under another body;
//! 4. the caller finds its [`Reply`], by [`Incoming::dedup_key`] at most once;
//! 5. [`seal`] writes the answer, encrypted as the question was.
//!
//! Nothing here reads a clock or draws a random number: both are arguments. Only [`Client`] opens a socket, and it
//! holds no token: who may call with which is the business of `token`.
//! What a follower gets to read is the business of `reply`.

mod account;
mod callback;
mod client;
mod crypto;
mod custom;
mod draft;
mod error;
mod js_sdk;
mod media;
mod menu;
mod message;
mod nonce;
mod push;
mod qr;
mod repertoire;
mod signature;

pub use account::{Account, AccountSettings, InvalidAccount, Mode};
pub use callback::{
    BODY_LIMIT, Envelope, FRESHNESS_SECONDS, Opened, Query, Refused, check, open, open_checked, seal, verify_url,
};
pub use client::{Client, Granted, Hosts, Passed, Raw, TicketKind, TokenEndpoint};
pub use custom::CustomMessage;
pub use draft::{Draft, ListedDraft, Publication, UnfitDraft};
pub use error::Error;
pub use js_sdk::js_sdk_signature;
pub use media::{Material, MediaKind, Upload, Uploaded};
pub use menu::{MatchRule, MenuButton, OwnMenu, PlatformMenu};
pub use message::event::{
    ArticleUrl, CopyrightCheck, Event, MassSend, PictureSource, Place, Publish, ScanCode, SubscribeMessage,
};
pub use message::reply::{ARTICLE_LIMIT, Article, Music, Reply, TEXT_FITTING_BYTES, TEXT_LIMIT, Unsendable, Video};
pub use message::text::{fit_text, literal, menu_link, text_link};
pub use message::{FromArticle, Incoming, MessageKind};
pub use nonce::NonceCache;
pub use push::{Push, Saying, TEST_FOLLOWERS, is_test_follower, push, read_sealed, text_bytes, verification};
pub use qr::{QrCode, QrLife};
pub use repertoire::{PushField, PushGroup, PushKind, REPERTOIRE, TEXT};
