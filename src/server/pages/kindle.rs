//! How a Kindle's owner approves our senders: a page with the steps and a picture of the place, which the card in the chat
//! has, too. There is neither where nothing is sent by mail.
//!
//! The picture is drawn with the sender's address in it, once for each language.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use parking_lot::Mutex;
use warp::Reply;
use warp::http::StatusCode;
use warp::http::header::CONTENT_TYPE;
use warp::reply::Response;

use crate::blocking::blocking;
use crate::book::drawing_as_png;
use crate::config::Language;
use crate::kindle::{HELP_PAGE, help_picture};
use crate::server::error::Error;
use crate::server::respond::{Cache, html, is_known, not_modified, style_path, with_cache, with_tag};
use crate::server::visit::Visit;
use crate::server::words::{KindleWords, Words};
use crate::store::ContentHash;

/// Of the picture, in pixels: the platform shows cards 9 to 5.
const SIZE: (u32, u32) = (900, 500);
/// How wide the sender's address may be in the picture, and how large its letters at most, in pixels.
const ADDRESS: (usize, usize) = (900, 30);

/// The pictures, by language, as they have been drawn.
#[derive(Default)]
pub(super) struct Drawings(Mutex<HashMap<&'static str, Arc<Vec<u8>>>>);

#[derive(Template)]
#[template(path = "public/kindle.html", config = "assets/askama.toml")]
struct HelpPage {
    words: &'static Words,
    help: &'static KindleWords,
    style: String,
    picture: String,
    width: u32,
    height: u32,
    senders: Vec<String>,
}

#[derive(Template)]
#[template(path = "public/kindle.svg", escape = "html", config = "assets/askama.toml")]
struct Drawing {
    help: &'static KindleWords,
    sender: String,
    letters: usize,
}

/// Answers with the page or the picture.
pub(super) async fn help(visit: Visit, name: String, drawings: Arc<Drawings>) -> Result<Response, Error> {
    let senders = visit.app.kindle.senders();
    let Some(sender) = senders.first().cloned() else { return Err(Error::NotFound) };
    let asked = format!("/help/{name}");
    if asked == HELP_PAGE {
        return Ok(page(&visit, senders));
    }
    let all = [Language::Zh, Language::En];
    let language = all.into_iter().find(|language| asked == help_picture(language.code())).ok_or(Error::NotFound)?;
    let bytes = blocking(move || drawings.of(language, sender)).await?.ok_or(Error::NotFound)?;
    let tag = format!("\"{}\"", &ContentHash::of(&bytes).as_str()[..16]);
    if is_known(&visit.headers, &tag) {
        return Ok(not_modified(&tag, Cache::Day));
    }
    let response = warp::reply::with_header(bytes.to_vec(), CONTENT_TYPE, "image/png").into_response();
    Ok(with_cache(with_tag(response, &tag), Cache::Day))
}

fn page(visit: &Visit, senders: Vec<String>) -> Response {
    let page = HelpPage {
        words: visit.words(),
        help: KindleWords::of(visit.language),
        style: style_path(),
        picture: help_picture(visit.language.code()),
        width: SIZE.0,
        height: SIZE.1,
        senders,
    };
    html(StatusCode::OK, &page)
}

impl Drawings {
    fn of(&self, language: Language, sender: String) -> Option<Arc<Vec<u8>>> {
        // Held while it is drawn: whoever asks at the same time need not draw it, too.
        let mut drawn = self.0.lock();
        if let Some(known) = drawn.get(language.code()) {
            return Some(Arc::clone(known));
        }
        let letters = (ADDRESS.0 / sender.len().max(1)).min(ADDRESS.1);
        let drawing = Drawing { help: KindleWords::of(language), sender, letters };
        let picture = Arc::new(drawing_as_png(&drawing.render().ok()?, SIZE.0, SIZE.1)?);
        drawn.insert(language.code(), Arc::clone(&picture));
        Some(picture)
    }
}
