//! An article as the platform takes it: styles in the elements, pictures of the platform's, no links.
//!
//! The platform drops links that lead elsewhere, so their addresses stand at the end, to be copied. Its limit counts the
//! markup, so the styles are few. Deliberately not here: sending it (`draft`).

use std::cell::RefCell;

use super::page::address_of_picture;
use super::shelf::Article;
use crate::book::{Bounds, Rules, Shown, bounded_picture, safe_markup};
use crate::store::ContentHash;

/// The platform takes pictures inside articles below 1 MB. Comic strips are long.
const PICTURE: Bounds = Bounds { side: 8_000, bytes: (1 << 20) - 1, png: true };
/// Covers may have 2 MB, by the stricter of the platform's two pages.
const COVER: Bounds = Bounds { side: 2_560, bytes: (2 << 20) - 1, png: true };
/// Most addresses at the end.
const LINKS: usize = 50;

/// A picture that the platform takes.
pub(super) struct Upload {
    pub(super) name: String,
    pub(super) mime: &'static str,
    pub(super) bytes: Vec<u8>,
    /// Of the bytes.
    pub(super) hash: String,
}

/// The pictures of an article, made fit.
pub(super) struct Uploads {
    pub(super) pictures: Vec<Upload>,
    pub(super) cover: Option<Upload>,
}

/// Makes the pictures fit.
///
/// # Errors
/// The name of the first that cannot be, and why.
pub(super) fn uploads(article: &Article) -> Result<Uploads, String> {
    let shown = article.pictures.iter().filter(|picture| picture.mime.is_some());
    let pictures = shown.map(|picture| upload(&picture.name, picture.bytes(), PICTURE)).collect::<Result<_, _>>()?;
    let cover = article.cover.as_ref().map(|cover| upload(&cover.name, cover.bytes(), COVER)).transpose()?;
    Ok(Uploads { pictures, cover })
}

fn upload(name: &str, bytes: Option<Vec<u8>>, bounds: Bounds) -> Result<Upload, String> {
    let bytes = bytes.ok_or_else(|| format!("{name}: it has gone"))?;
    let picture = bounded_picture(&bytes, bounds).map_err(|why| format!("{name}: {why}"))?;
    let (bytes, mime) = (picture.bytes, picture.media_type);
    // The platform judges by the extension.
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let extension = if mime == "image/png" { "png" } else { "jpg" };
    let hash = ContentHash::of(&bytes).as_str().to_owned();
    Ok(Upload { name: format!("{stem}.{extension}"), mime, bytes, hash })
}

/// The content; `address` tells where the platform has the picture of this number, counted as in the article.
pub(super) fn content(article: &Article, public_url: &str, address: &dyn Fn(usize) -> Option<String>) -> String {
    let shown: Vec<String> = article
        .pictures
        .iter()
        .filter(|picture| picture.mime.is_some())
        .map(|picture| address_of_picture(&article.slug, &picture.name))
        .collect();
    let links: RefCell<Vec<String>> = RefCell::default();
    let note = |href: &str| {
        let whole = if href.starts_with('/') { format!("{public_url}{href}") } else { href.to_owned() };
        let mut links = links.borrow_mut();
        if whole.starts_with("http") && !links.contains(&whole) && links.len() < LINKS {
            links.push(whole);
        }
        None
    };
    let picture = |src: &str| {
        let number = shown.iter().position(|known| known == src)?;
        Some(Shown { src: address(number)?, size: None })
    };
    let rules = Rules { link: &note, picture: &picture, style: &style, anchors: false };
    let mut markup = safe_markup(&article.markup, &rules).markup;
    let links = links.into_inner();
    if !links.is_empty() {
        let lines = links.iter().map(|link| link.replace('&', "&amp;").replace('<', "&lt;"));
        let lines: Vec<String> = lines.collect();
        markup.push_str(&format!("<p style=\"{SMALL}\">链接：<br/>{}</p>", lines.join("<br/>")));
    }
    format!("<section style=\"font-size:16px;line-height:1.75\">{markup}</section>")
}

const SMALL: &str = "margin:1em 0;font-size:14px;color:#888;word-break:break-all";

fn style(element: &str) -> Option<&'static str> {
    Some(match element {
        "p" => "margin:1em 0",
        "h2" => "margin:1.5em 0 .5em;font-size:20px",
        "h3" => "margin:1.25em 0 .5em;font-size:18px",
        "blockquote" => "margin:1em 0;padding:0 1em;border-left:3px solid #ccc;color:#666",
        "pre" => "padding:12px;background:#f6f6f6;font-size:14px;overflow-x:auto",
        "img" => "max-width:100%",
        "table" => "border-collapse:collapse;font-size:14px",
        "td" | "th" => "border:1px solid #ccc;padding:4px 8px",
        _ => return None,
    })
}
