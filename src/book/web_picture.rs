//! Pictures for web pages, and for places that take only JPEG and PNG up to a size.
//!
//! Deliberately not here: pictures inside books, which `picture` makes fit for each format.

use super::picture::{Kind, decode, fit, flat, sniff};
use image::ImageReader;
use image::codecs::jpeg::JpegEncoder;
use std::io::Cursor;

/// Widest a picture is made, in pixels: phones in WeChat show no more.
const WIDEST: u32 = 1_280;
/// Highest, in pixels: comic strips are long.
const HIGHEST: u32 = 8_000;
/// What is tried in turn until the file is small enough: JPEG quality, and how many times smaller.
const TRIES: [(u8, u32); 5] = [(88, 1), (75, 1), (65, 1), (70, 2), (60, 4)];

/// What a picture is that any browser shows; `None` if it is none: SVG is a program, not a picture.
pub fn web_picture(bytes: &[u8]) -> Option<(&'static str, (u32, u32))> {
    let kind = sniff(bytes).filter(|kind| matches!(kind, Kind::Jpeg | Kind::Png | Kind::Gif | Kind::WebP))?;
    let size = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?.into_dimensions().ok()?;
    Some((kind.media_type(), size))
}

/// The picture as JPEG or PNG of at most so many bytes, with its media type: as it is if it is one, else encoded anew
/// and, if need be, smaller. `None` if it cannot be decoded.
pub fn plain_picture(bytes: &[u8], most: usize) -> Option<(Vec<u8>, &'static str)> {
    let kind = sniff(bytes)?;
    if matches!(kind, Kind::Jpeg | Kind::Png) && bytes.len() <= most && web_picture(bytes).is_some() {
        return Some((bytes.to_vec(), kind.media_type()));
    }
    let picture = decode(bytes)?;
    for (quality, smaller) in TRIES {
        let small = flat(fit(picture.clone(), WIDEST / smaller, HIGHEST / smaller));
        let mut encoded = Vec::new();
        JpegEncoder::new_with_quality(&mut encoded, quality).encode_image(&small).ok()?;
        if encoded.len() <= most {
            return Some((encoded, Kind::Jpeg.media_type()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, RgbImage};

    fn noise(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut state = 1_u32;
        let picture = RgbImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
        });
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test]
    fn what_is_fit_stays_and_what_is_not_becomes_a_jpeg() {
        let png = noise(20, 10, ImageFormat::Png);
        assert_eq!(web_picture(&png), Some(("image/png", (20, 10))));
        assert_eq!(plain_picture(&png, 100_000).unwrap(), (png, "image/png"));
        let webp = noise(20, 10, ImageFormat::WebP);
        assert_eq!(web_picture(&webp), Some(("image/webp", (20, 10))));
        let (jpeg, kind) = plain_picture(&webp, 100_000).unwrap();
        assert_eq!((kind, web_picture(&jpeg)), ("image/jpeg", Some(("image/jpeg", (20, 10)))));
    }

    #[test]
    fn what_is_too_large_is_made_smaller() {
        let large = noise(1_500, 1_000, ImageFormat::Png);
        assert!(large.len() > 1_000_000);
        let (small, kind) = plain_picture(&large, 300_000).unwrap();
        assert!(small.len() <= 300_000 && kind == "image/jpeg");
        assert!(web_picture(&small).unwrap().1.0 <= 1_280);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for bytes in [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n", b"GIF89a"] {
            assert_eq!(web_picture(bytes), None);
            assert_eq!(plain_picture(bytes, 1_000), None);
        }
    }
}
