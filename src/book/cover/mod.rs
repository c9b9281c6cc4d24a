//! A picture for every book: the one inside, made small and safe, or one that is drawn.
//!
//! A book's own picture is decoded under limits and encoded anew, so that what is served is ours
//! and small. Drawings (SVG) become pictures. Equal books give equal bytes.

pub(in crate::book) mod canvas;
mod draw;

use super::epub::path;
use super::model::{Book, Resource};
use super::outcome::Outcome;
use super::picture::{self, Kind, decode, fit, flat};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

pub use draw::draw;

/// Width of a drawn cover, and the most a book's own cover keeps, in pixels.
pub const WIDTH: u32 = 600;
/// Height of a drawn cover, in pixels; a book's own may be up to half as high again.
pub const HEIGHT: u32 = 800;

/// JPEG qualities tried until the file is small; a drawn cover has 30 to 40 kB at the first.
const QUALITIES: [u8; 3] = [82, 70, LAST];
const LAST: u8 = 55;
/// What a cover should weigh at most, in bytes; the last quality is taken whatever it gives.
const LIGHT: usize = 50 << 10;
/// What weighs more than this, in bytes, is not light at the next quality either, which costs as much again to try.
const HEAVY: usize = 70 << 10;
/// An encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its media type; what this module makes is `image/jpeg`.
    pub mime: &'static str,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// A cover and the small one for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The large one.
    pub picture: Picture,
    /// The small one.
    pub thumbnail: Picture,
}

impl Sizes {
    /// Both from the same pixels: nothing is decoded that has just been encoded.
    fn of(picture: &RgbImage, (max_width, max_height): (u32, u32)) -> Sizes {
        let large = encode(picture);
        let thumbnail = if picture.width() <= max_width && picture.height() <= max_height {
            large.clone()
        } else {
            encode(&flat(fit(picture.clone().into(), max_width, max_height)))
        };
        Sizes { picture: large, thumbnail }
    }
}

/// The cover of a book: always a picture, at most 600 × 1200 pixels.
pub fn of(book: &Book) -> Picture {
    own(book).unwrap_or_else(|| draw(&book.metadata().title, &book.metadata().authors()))
}

/// The picture that is in the book, at most 600 × 1200 pixels, if it has one that can be used.
pub fn own(book: &Book) -> Option<Picture> {
    own_pixels(book).map(|picture| encode(&picture))
}

/// The same in two sizes; `thumbnail` is the most width and height of the small one.
pub fn own_sizes(book: &Book, thumbnail: (u32, u32)) -> Option<Sizes> {
    own_pixels(book).map(|picture| Sizes::of(&picture, thumbnail))
}

/// A drawn cover, [`draw`], in two sizes.
pub fn drawn(title: &str, authors: &[&str], thumbnail: (u32, u32)) -> Sizes {
    Sizes::of(&draw::pixels(title, authors), thumbnail)
}

fn own_pixels(book: &Book) -> Option<RgbImage> {
    let cover = book.cover()?;
    usable(&cover.bytes, &neighbours(book, cover))
}

/// Both sizes of a picture that came with a book, if it is one that can be used.
pub fn of_picture(bytes: &[u8], thumbnail: (u32, u32)) -> Option<Sizes> {
    Some(Sizes::of(&usable(bytes, &|_| None)?, thumbnail))
}

/// A picture as a cover, flat and at most 600 × 1200 pixels.
fn usable(bytes: &[u8], lookup: &picture::Lookup<'_>) -> Option<RgbImage> {
    let (max_width, max_height) = (WIDTH, HEIGHT * 3 / 2);
    let picture = match picture::sniff(bytes)? {
        Kind::Svg => picture::svg::render(bytes, lookup, max_width, max_height).ok()?,
        _ => decode(bytes)?,
    };
    let is_usable = picture.width() >= SMALLEST_SIDE && picture.height() >= SMALLEST_SIDE;
    is_usable.then(|| flat(fit(picture, max_width, max_height)))
}

/// The book's own cover for a new edition: a JPEG of at most 1600 × 2560 pixels and its media type.
///
/// # Errors
/// Why the picture cannot be had.
pub(in crate::book) fn for_edition(book: &Book, cover: &Resource) -> Result<(Vec<u8>, &'static str), &'static str> {
    match picture::for_cover(&cover.bytes, &neighbours(book, cover)) {
        Outcome::Keep(media_type) => Ok((cover.bytes.clone(), media_type)),
        Outcome::Converted { bytes, media_type } => Ok((bytes, media_type)),
        Outcome::Unusable(reason) => Err(reason),
    }
}

/// Finds the pictures to which a drawing in the book refers.
fn neighbours<'a>(book: &'a Book, from: &'a Resource) -> impl Fn(&str) -> Option<&'a [u8]> + Send + Sync + 'a {
    move |href| {
        let path = path::resolve(&from.path, href)?.path;
        let found = book.resources().iter().find(|one| one.path.eq_ignore_ascii_case(&path))?;
        Some(found.bytes.as_slice())
    }
}

/// Smaller pictures are ornaments, not covers.
const SMALLEST_SIDE: u32 = 60;

/// The picture made to fit into `max_width` × `max_height` pixels; never made larger. A picture that
/// cannot be decoded is given back as it is.
pub fn thumbnail(picture: &Picture, max_width: u32, max_height: u32) -> Picture {
    if picture.width <= max_width && picture.height <= max_height {
        return picture.clone();
    }
    match decode(&picture.bytes) {
        Some(large) => encode(&flat(fit(large, max_width, max_height))),
        None => picture.clone(),
    }
}

/// As JPEG. Encoding into memory does not fail for sizes that [`fit`] gives.
fn encode(picture: &RgbImage) -> Picture {
    let mut bytes = Vec::new();
    for quality in QUALITIES {
        if bytes.len() > HEAVY && quality != LAST {
            continue;
        }
        bytes.clear();
        let encoded = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture);
        debug_assert!(encoded.is_ok());
        if bytes.len() <= LIGHT {
            break;
        }
    }
    Picture { bytes, mime: "image/jpeg", width: picture.width(), height: picture.height() }
}
