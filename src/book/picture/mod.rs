//! Pictures made fit for a target, each judged by its bytes.
//!
//! A picture that the target shows is passed through untouched, its header checked and nothing
//! decoded: that costs nothing, loses nothing, and a picture of 400 megapixels in 40 kB harms no one
//! here. Only what the target does not show is decoded, under limits, and encoded anew. There is
//! no animation (the first frame stands for it), no colour management and no AVIF, JPEG XL or
//! HEIC: their decoders are not to be had in plain Rust. Drawings are in [`svg`].

mod bounded;
mod data_uri;
mod decode;
mod jpeg;
mod kind;
mod shrink;
pub(in crate::book) mod svg;
#[cfg(test)]
mod tests;

pub use bounded::{BoundedPicture, Bounds, bounded_picture, is_picture};
pub(in crate::book) use data_uri::data_uri;
pub(in crate::book) use decode::{decode, fit, flat};
pub(in crate::book) use kind::{Kind, sniff};

use super::outcome::Outcome;
use decode::is_transparent;
use image::DynamicImage;
use std::cell::Cell;

/// Finds the picture to which a drawing refers, by the address as written there.
pub(in crate::book) type Lookup<'a> = dyn Fn(&str) -> Option<&'a [u8]> + Send + Sync + 'a;

/// What the pictures of one book may cost together: a small file can ask for a thousand large ones. Books of hundreds
/// of scanned pages, which are mostly white, and of as many diagrams must fit in.
#[derive(Debug)]
pub(in crate::book) struct Budget {
    /// Pixels that may still be touched to paint drawings.
    painted: Cell<f64>,
    /// Pixels that may still be decoded of pictures that show nothing: beyond [`PLAUSIBLE`] for each byte.
    empty: Cell<u64>,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { painted: Cell::new(1e10), empty: Cell::new(3_000_000_000) }
    }
}

impl Budget {
    /// Whether a picture to be decoded may have so many pixels in so many bytes.
    fn decode(&self, pixels: u64, bytes: usize) -> bool {
        let empty = pixels.saturating_sub(PLAUSIBLE * bytes as u64);
        let left = self.empty.get().checked_sub(empty);
        left.map(|left| self.empty.set(left)).is_some()
    }

    fn painted(&self) -> f64 {
        self.painted.get()
    }

    fn paint(&self, work: f64) {
        self.painted.set(self.painted.get() - work);
    }
}

/// Most pixels that a byte of a picture stands for where something is to be seen; of an empty page it can be a thousand.
const PLAUSIBLE: u64 = 100;
/// More than this no reading system decodes, in pixels.
const MOST_SHOWN: u64 = 100_000_000;
/// Most pixels that a picture for a Kindle keeps: the largest Kindle has 1860 × 2480. A bound on the
/// area, not on the sides, leaves comic strips of 800 × 8000 readable.
const KINDLE_PIXELS: u64 = 2560 * 2560;
/// Heavier pictures are encoded anew for a Kindle, in bytes. Amazon's own tool goes down to 128 kB
/// and puts the original into a second container, but for very old devices; converters that leave
/// pictures of some MB as they are have been doing well for years.
pub(in crate::book) const KINDLE_BYTES: usize = 5 << 20;
/// What a cover may measure; Amazon asks for 1600 × 2560.
const COVER: (u32, u32) = (1600, 2560);
/// The box that a drawn cover fills: the screens of readers have no more, and painting costs by the pixel.
const DRAWN_COVER: (u32, u32) = (1000, 1600);
/// Smaller pictures are ornaments, not covers.
const SMALLEST_COVER: u32 = 60;
/// JPEG quality of what is encoded anew: no visible loss.
const QUALITY: u8 = 90;
/// Opaque pictures without loss that weigh more as PNG are photographs.
const LIGHT_PNG: usize = 512 << 10;

const DAMAGED: &str = "the picture is damaged";
const UNKNOWN: &str = "not a picture of a known format";
const TOO_LARGE: &str = "the picture is too large";
const TOO_LARGE_TOGETHER: &str = "the pictures of the book are too many and too large together";
const NO_DECODER: &str = "a format of pictures that cannot be converted";

/// For EPUB: JPEG, PNG, GIF, WebP and SVG stay as they are, BMP and TIFF become PNG or JPEG.
pub(in crate::book) fn for_epub(bytes: &[u8], budget: &Budget) -> Outcome {
    let Some(kind) = sniff(bytes) else { return Outcome::Unusable(UNKNOWN) };
    match kind {
        Kind::Svg => Outcome::Keep(kind.media_type()),
        Kind::Jpeg | Kind::Png | Kind::Gif | Kind::WebP => match check(bytes, kind) {
            Ok(_) => Outcome::Keep(kind.media_type()),
            Err(reason) => Outcome::Unusable(reason),
        },
        Kind::Bmp | Kind::Tiff => convert(bytes, kind, u64::MAX, budget),
        Kind::SvgZ | Kind::Avif | Kind::Heic | Kind::JpegXl | Kind::Jpeg2000 => Outcome::Unusable(NO_DECODER),
    }
}

/// For AZW3 and MOBI: plain JPEG, GIF and PNG of moderate size stay as they are. JPEG without a JFIF
/// segment gets one (Kindles show no such cover); turned, CMYK and huge pictures are encoded anew;
/// so are WebP, BMP, TIFF and drawings.
pub(in crate::book) fn for_kindle(bytes: &[u8], lookup: &Lookup<'_>, budget: &Budget) -> Outcome {
    let Some(kind) = sniff(bytes) else { return Outcome::Unusable(UNKNOWN) };
    let moderate = |(width, height)| area(width, height) <= KINDLE_PIXELS && bytes.len() <= KINDLE_BYTES;
    match kind {
        Kind::Svg => match svg::draw(bytes, lookup, budget) {
            Ok(svg::Drawing { bytes, media_type, .. }) => Outcome::Converted { bytes, media_type },
            Err(reason) => Outcome::Unusable(reason),
        },
        Kind::Jpeg => match jpeg::head(bytes) {
            Ok(head) if !moderate((head.width, head.height)) => convert(bytes, kind, KINDLE_PIXELS, budget),
            Ok(head) if head.is_plain() => Outcome::Keep(kind.media_type()),
            Ok(head) if head.can_be_plain() => {
                Outcome::Converted { bytes: jpeg::with_jfif(bytes), media_type: kind.media_type() }
            }
            Ok(_) => convert(bytes, kind, KINDLE_PIXELS, budget),
            Err(reason) => Outcome::Unusable(reason),
        },
        Kind::Gif | Kind::Png => match check(bytes, kind) {
            Ok(size) if moderate(size) && !(kind == Kind::Png && is_deep_png(bytes)) => {
                Outcome::Keep(kind.media_type())
            }
            Ok(_) => convert(bytes, kind, KINDLE_PIXELS, budget),
            Err(reason) => Outcome::Unusable(reason),
        },
        Kind::WebP | Kind::Bmp | Kind::Tiff => convert(bytes, kind, KINDLE_PIXELS, budget),
        Kind::SvgZ | Kind::Avif | Kind::Heic | Kind::JpegXl | Kind::Jpeg2000 => Outcome::Unusable(NO_DECODER),
    }
}

/// As the cover of a book for any target: a JPEG of at most 1600 × 2560 pixels. A drawing fills
/// 1000 × 1600.
pub(in crate::book) fn for_cover(bytes: &[u8], lookup: &Lookup<'_>) -> Outcome {
    let Some(kind) = sniff(bytes) else { return Outcome::Unusable(UNKNOWN) };
    let (width, height) = COVER;
    let picture = match kind {
        Kind::Svg => match svg::render(bytes, lookup, DRAWN_COVER.0, DRAWN_COVER.1) {
            Ok(picture) => picture,
            Err(reason) => return Outcome::Unusable(reason),
        },
        Kind::Jpeg => match jpeg::head(bytes) {
            Ok(head) if head.width <= width && head.height <= height && head.can_be_plain() => {
                if head.width.min(head.height) < SMALLEST_COVER {
                    return Outcome::Unusable("too small for a cover");
                }
                return for_kindle(bytes, lookup, &Budget::default());
            }
            Ok(_) => match decode(bytes) {
                Some(picture) => picture,
                None => return Outcome::Unusable(DAMAGED),
            },
            Err(reason) => return Outcome::Unusable(reason),
        },
        _ => match decode(bytes) {
            Some(picture) => picture,
            None => return Outcome::Unusable(DAMAGED),
        },
    };
    if picture.width().min(picture.height()) < SMALLEST_COVER {
        return Outcome::Unusable("too small for a cover");
    }
    match decode::jpeg(fit(picture, width, height), QUALITY) {
        Some(bytes) => Outcome::Converted { bytes, media_type: "image/jpeg" },
        None => Outcome::Unusable(DAMAGED),
    }
}

/// Whether a picture is large enough for a cover, as far as its header tells; drawings have any size.
pub(in crate::book) fn is_cover_sized(bytes: &[u8]) -> bool {
    match sniff(bytes) {
        Some(Kind::Svg) => true,
        Some(kind) => check(bytes, kind).is_ok_and(|(width, height)| width.min(height) >= SMALLEST_COVER),
        None => false,
    }
}

/// Width and height by the header alone, of any size.
pub(in crate::book) fn size(bytes: &[u8], kind: Kind) -> Result<(u32, u32), &'static str> {
    match kind {
        Kind::Jpeg => jpeg::head(bytes).map(|head| (head.width, head.height)),
        // The decoder would read all that comes before the picture data, compressed comments too.
        Kind::Png => png_size(bytes).ok_or(DAMAGED),
        _ => decode::size(bytes).ok_or(DAMAGED),
    }
}

/// Whether the header is sound; width and height.
fn check(bytes: &[u8], kind: Kind) -> Result<(u32, u32), &'static str> {
    let (width, height) = size(bytes, kind)?;
    match area(width, height) {
        0 => Err(DAMAGED),
        pixels if pixels > MOST_SHOWN => Err(TOO_LARGE),
        _ => Ok((width, height)),
    }
}

/// Width and height of a PNG that has a header and the start of picture data.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    let mut at = 8usize;
    if bytes.get(12..16)? != b"IHDR" {
        return None;
    }
    // Each step goes on by twelve bytes at least.
    while bytes.get(at + 4..at + 8)? != b"IDAT" {
        at = at.checked_add(12)?.checked_add(usize::try_from(number(at)?).ok()?)?;
    }
    Some((number(16)?, number(20)?))
}

/// Sixteen bits a channel, which a screen in shades of grey cannot show and old devices do not know.
fn is_deep_png(bytes: &[u8]) -> bool {
    bytes.get(24) == Some(&16)
}

fn area(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

/// Decodes and encodes anew, with at most so many pixels.
fn convert(bytes: &[u8], kind: Kind, pixels: u64, budget: &Budget) -> Outcome {
    match decode::size(bytes) {
        None => return Outcome::Unusable(DAMAGED),
        Some((width, height)) if area(width, height) > MOST_SHOWN => return Outcome::Unusable(TOO_LARGE),
        Some((width, height)) if !budget.decode(area(width, height), bytes.len()) => {
            return Outcome::Unusable(TOO_LARGE_TOGETHER);
        }
        Some(_) => {}
    }
    let Some(picture) = decode(bytes) else { return Outcome::Unusable(DAMAGED) };
    let lossy = match kind {
        Kind::Jpeg => true,
        // The first chunk of a lossless file is `VP8L`.
        Kind::WebP => bytes.get(12..16) != Some(b"VP8L"),
        _ => false,
    };
    match encode(decode::fit_area(picture, pixels), lossy) {
        Some((bytes, media_type)) => Outcome::Converted { bytes, media_type },
        None => Outcome::Unusable(DAMAGED),
    }
}

/// As JPEG if it has been one before or is a photograph, as PNG if it has transparency or few colours.
fn encode(picture: DynamicImage, lossy: bool) -> Option<(Vec<u8>, &'static str)> {
    let transparent = is_transparent(&picture);
    if transparent || !lossy {
        let bytes = decode::png(&picture)?;
        let most = if transparent { KINDLE_BYTES } else { LIGHT_PNG };
        if bytes.len() <= most {
            return Some((bytes, "image/png"));
        }
    }
    Some((decode::jpeg(picture, QUALITY)?, "image/jpeg"))
}
