//! The text of an article as it stands on its page: safe markup with its links and pictures, and its words for the
//! search. The preview and the published page are the same.

use std::cell::RefCell;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::picture::{self, Picture};
use super::slug;
use crate::book::{Rules, Safe, Shown, safe_markup};

/// Most pictures of one article.
const PICTURES: usize = 100;
/// What an address keeps as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What came of a text.
pub(super) struct Page {
    pub(super) markup: String,
    pub(super) text: String,
    /// The pictures in it, in order, each once.
    pub(super) pictures: Vec<Picture>,
    /// What the owner should know.
    pub(super) notes: Vec<String>,
}

/// Makes the page of an article, whose file has this stem.
pub(super) fn made(markup: &str, folder: &Path, stem: &str) -> Page {
    let own = slug(stem);
    let pictures: RefCell<Vec<Picture>> = RefCell::default();
    let notes: RefCell<Vec<String>> = RefCell::default();
    let show = |address: &str| {
        let Some(name) = picture::name_of(address) else {
            notes.borrow_mut().push(format!("the picture {} is elsewhere and is not shown", short(address)));
            return None;
        };
        let mut pictures = pictures.borrow_mut();
        let found = match pictures.iter().find(|picture| picture.name == name) {
            Some(picture) => picture.clone(),
            None if pictures.len() < PICTURES => {
                let picture = picture::find(folder, stem, &name);
                pictures.push(picture.clone());
                picture
            }
            None => return None,
        };
        if found.mime.is_none() {
            notes.borrow_mut().push(format!("there is no picture {name} (JPEG, PNG, GIF or WebP, at most 10 MB)"));
            return None;
        }
        Some(Shown { src: address_of_picture(&own, &name), size: Some(found.size) })
    };
    let rules = Rules { link: &link, picture: &show, style: &|_| None, anchors: true };
    let Safe { markup, text } = safe_markup(markup, &rules);
    let mut notes = notes.into_inner();
    notes.dedup();
    Page { markup, text, pictures: pictures.into_inner(), notes }
}

/// Where a link leads: to the web, to a mailbox, to another article by its file's name, or to a place of this server.
pub(super) fn link(address: &str) -> Option<String> {
    if let Ok(url) = url::Url::parse(address) {
        return matches!(url.scheme(), "http" | "https" | "mailto").then(|| url.to_string());
    }
    if let Some(stem) = address.strip_suffix(".md").or_else(|| address.strip_suffix(".html"))
        && let Some(name) = picture::name_of(stem)
    {
        return Some(address_of(&slug(&name)));
    }
    let is_here = address.starts_with('/') && !address.starts_with("//") && !address.contains(['\\', '\t', '\n', '\r']);
    is_here.then(|| address.to_owned())
}

/// The path of an article's page.
pub fn address_of(slug: &str) -> String {
    format!("/a/{}", encoded(slug))
}

/// The path of a picture of an article.
pub fn address_of_picture(slug: &str, name: &str) -> String {
    format!("/a/{}/{}", encoded(slug), encoded(name))
}

fn encoded(part: &str) -> String {
    percent_encode(part.as_bytes(), KEPT).to_string()
}

fn short(address: &str) -> String {
    address.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_web_or_stay_here() {
        for (address, leads) in [
            ("https://example.com/a b", Some("https://example.com/a%20b")),
            ("mailto:a@example.com", Some("mailto:a@example.com")),
            ("另一篇.md", Some("/a/%E5%8F%A6%E4%B8%80%E7%AF%87")),
            ("../blog/other.md", Some("/a/other")),
            ("/b/7", Some("/b/7")),
            ("//elsewhere/x", None),
            ("javascript:x()", None),
            ("java\nscript:x()", None),
            (" javascript:x()", None),
            ("data:text/html,x", None),
            ("vbscript:x", None),
            ("/\\elsewhere", None),
            ("x.html", Some("/a/x")),
            ("whatever", None),
        ] {
            assert_eq!(link(address).as_deref(), leads, "{address}");
        }
    }
}
