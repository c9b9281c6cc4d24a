//! A picture for every book: the one inside, made small and safe, or one that is drawn.
//!
//! A book's own picture is decoded under limits and encoded anew, so that what is served is ours
//! and small. SVG is not rendered; such a book gets a drawn cover. Equal books give equal bytes.

mod canvas;
mod draw;

use super::model::Book;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};
use std::io::Cursor;

pub use draw::draw;

/// Width of a drawn cover, and the most a book's own cover keeps, in pixels.
pub const WIDTH: u32 = 600;
/// Height of a drawn cover, in pixels; a book's own may be up to half as high again.
pub const HEIGHT: u32 = 800;

/// JPEG qualities tried until the file is small; a drawn cover has 30 to 40 kB at the first.
const QUALITIES: [u8; 3] = [82, 70, 55];
/// What a cover should weigh at most, in bytes; the last quality is taken whatever it gives.
const LIGHT: usize = 50 << 10;
/// Wider or higher pictures are refused, in pixels: the header alone decides.
const LARGEST_SIDE: u32 = 12_000;
/// Most memory a decoder may take, in bytes: 40 megapixels of RGBA.
const LARGEST_ALLOCATION: u64 = 160 << 20;

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

/// The cover of a book: always a picture, at most 600 × 1200 pixels.
pub fn of(book: &Book) -> Picture {
    own(book).unwrap_or_else(|| draw(&book.metadata().title, &book.metadata().authors()))
}

/// The picture that is in the book, at most 600 × 1200 pixels, if it has one that can be used.
pub fn own(book: &Book) -> Option<Picture> {
    let picture = decode(&book.cover()?.bytes)?;
    let is_usable = picture.width() >= SMALLEST_SIDE && picture.height() >= SMALLEST_SIDE;
    is_usable.then(|| encode(&flat(fit(picture, WIDTH, HEIGHT * 3 / 2))))
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

/// Decodes a stranger's picture; `None` if it is damaged, too large, or of a format not known.
fn decode(bytes: &[u8]) -> Option<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(LARGEST_ALLOCATION);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    // The decoders hold to limits by themselves, but not all of them to all limits.
    if decoder.total_bytes() > LARGEST_ALLOCATION {
        return None;
    }
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Some(picture)
}

/// Makes a picture smaller, keeping its shape: coarsely to twice the size, then well.
fn fit(picture: DynamicImage, max_width: u32, max_height: u32) -> DynamicImage {
    let (max_width, max_height) = (max_width.max(1), max_height.max(1));
    if picture.width() <= max_width && picture.height() <= max_height {
        return picture;
    }
    let coarse = if picture.width() > max_width * 2 && picture.height() > max_height * 2 {
        picture.thumbnail(max_width * 2, max_height * 2)
    } else {
        picture
    };
    coarse.resize(max_width, max_height, FilterType::CatmullRom)
}

/// Without transparency, on white.
fn flat(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    let mut out = RgbImage::new(picture.width(), picture.height());
    for (to, from) in out.pixels_mut().zip(picture.pixels()) {
        let alpha = u32::from(from[3]);
        for channel in 0..3 {
            let mixed = (u32::from(from[channel]) * alpha + 255 * (255 - alpha)) / 255;
            to[channel] = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
    }
    out
}

/// As JPEG. Encoding into memory does not fail for sizes that [`fit`] gives.
fn encode(picture: &RgbImage) -> Picture {
    let mut bytes = Vec::new();
    for quality in QUALITIES {
        bytes.clear();
        let encoded = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture);
        debug_assert!(encoded.is_ok());
        if bytes.len() <= LIGHT {
            break;
        }
    }
    Picture { bytes, mime: "image/jpeg", width: picture.width(), height: picture.height() }
}
