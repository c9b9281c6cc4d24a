//! A picture for those who take only JPEG and PNG, up to a size: chats, articles.

use super::{DAMAGED, Kind, NO_DECODER, QUALITY, TOO_LARGE, UNKNOWN, check, decode, jpeg, sniff};
use image::DynamicImage;

/// When even this is too heavy, the picture is made smaller.
const QUALITIES: [u8; 4] = [QUALITY, 80, 65, 50];
/// A picture that is too heavy at this size is none.
const SMALLEST_SIDE: u32 = 32;

/// What a picture may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Longest side, in pixels.
    pub side: u32,
    /// Size of the file, in bytes.
    pub bytes: usize,
    /// Whether PNG is taken besides JPEG.
    pub png: bool,
}

/// A picture within its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundedPicture {
    /// The file, as it was if it kept to the bounds.
    pub bytes: Vec<u8>,
    /// `image/jpeg` or `image/png`.
    pub media_type: &'static str,
}

/// Whether this is a picture of a format that is known, though perhaps not of one that can be read.
pub fn is_picture(bytes: &[u8]) -> bool {
    sniff(bytes).is_some_and(|kind| kind != Kind::SvgZ)
}

/// The picture as JPEG or PNG within bounds: as it is if it can be, else made anew, with less quality and smaller if
/// need be. Of what moves the first picture stands for all.
///
/// # Errors
/// Why it cannot be had, for people.
pub fn bounded_picture(bytes: &[u8], bounds: Bounds) -> Result<BoundedPicture, &'static str> {
    let kind = sniff(bytes).ok_or(UNKNOWN)?;
    if matches!(kind, Kind::Svg | Kind::SvgZ | Kind::Avif | Kind::Heic | Kind::JpegXl | Kind::Jpeg2000) {
        return Err(NO_DECODER);
    }
    let (width, height) = check(bytes, kind)?;
    let is_taken = match kind {
        // Turned ones and those made for print are shown differently here and there.
        Kind::Jpeg => jpeg::head(bytes).is_ok_and(|head| head.is_plain() || head.can_be_plain()),
        Kind::Png => bounds.png,
        _ => false,
    };
    let picture = decode(bytes).ok_or(DAMAGED)?;
    if is_taken && bytes.len() <= bounds.bytes && width.max(height) <= bounds.side {
        return Ok(BoundedPicture { bytes: bytes.to_vec(), media_type: kind.media_type() });
    }
    encoded(decode::fit(picture, bounds.side, bounds.side), bounds).ok_or(TOO_LARGE)
}

fn encoded(mut picture: DynamicImage, bounds: Bounds) -> Option<BoundedPicture> {
    if bounds.png && decode::is_transparent(&picture) {
        let bytes = decode::png(&picture)?;
        if bytes.len() <= bounds.bytes {
            return Some(BoundedPicture { bytes, media_type: "image/png" });
        }
    }
    loop {
        for quality in QUALITIES {
            let bytes = decode::jpeg(picture.clone(), quality)?;
            if bytes.len() <= bounds.bytes {
                return Some(BoundedPicture { bytes, media_type: "image/jpeg" });
            }
        }
        let side = picture.width().max(picture.height()) * 7 / 10;
        if side < SMALLEST_SIDE {
            return None;
        }
        picture = decode::fit(picture, side, side);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
    use std::io::Cursor;

    const POST: Bounds = Bounds { side: 2560, bytes: 2 << 20, png: true };

    fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    /// Colours without order: nothing makes them light.
    fn noise(width: u32, height: u32) -> DynamicImage {
        let mut state = 1_u32;
        DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgb([(state >> 8) as u8, (state >> 16) as u8, (state >> 24) as u8])
        }))
    }

    fn sides(picture: &BoundedPicture) -> (u32, u32) {
        let picture = image::load_from_memory(&picture.bytes).unwrap();
        (picture.width(), picture.height())
    }

    #[test]
    fn what_keeps_to_the_bounds_stays_as_it_is() {
        for (format, media_type) in [(ImageFormat::Jpeg, "image/jpeg"), (ImageFormat::Png, "image/png")] {
            let bytes = file(&noise(60, 40), format);
            assert_eq!(bounded_picture(&bytes, POST), Ok(BoundedPicture { bytes, media_type }));
        }
    }

    #[test]
    fn other_formats_become_jpeg_or_with_transparency_png() {
        for format in [ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Tiff] {
            let bytes = file(&noise(60, 40), format);
            let made = bounded_picture(&bytes, POST).unwrap();
            assert_eq!((made.media_type, sides(&made)), ("image/jpeg", (60, 40)), "{format:?}");
        }
        let glass = DynamicImage::ImageRgba8(RgbaImage::from_pixel(60, 40, Rgba([9, 9, 9, 40])));
        let bytes = file(&glass, ImageFormat::WebP);
        assert_eq!(bounded_picture(&bytes, POST).unwrap().media_type, "image/png");
        let only_jpeg = Bounds { png: false, ..POST };
        assert_eq!(bounded_picture(&bytes, only_jpeg).unwrap().media_type, "image/jpeg");
    }

    #[test]
    fn large_ones_are_made_small_and_light() {
        let wide = bounded_picture(&file(&noise(3_000, 30), ImageFormat::Png), POST).unwrap();
        assert_eq!((wide.media_type, sides(&wide)), ("image/jpeg", (2_560, 26)));
        let thumb = Bounds { side: 900, bytes: 64 << 10, png: false };
        let light = bounded_picture(&file(&noise(1_000, 1_000), ImageFormat::Png), thumb).unwrap();
        assert!(light.bytes.len() <= 64 << 10, "{}", light.bytes.len());
        assert_eq!(light.media_type, "image/jpeg");
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let whole = file(&noise(60, 40), ImageFormat::Png);
        assert_eq!(bounded_picture(&whole[..whole.len() / 2], POST), Err(DAMAGED));
        assert_eq!(bounded_picture(b"text", POST), Err(UNKNOWN));
        assert_eq!(bounded_picture(b"<svg xmlns='http://www.w3.org/2000/svg'/>", POST), Err(NO_DECODER));
        assert!(is_picture(b"\0\0\0\x1cftypavif") && !is_picture(b"\x1f\x8b\x08") && !is_picture(b"text"));
    }
}
