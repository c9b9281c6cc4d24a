//! Decoding under limits, making smaller, and encoding anew.

use super::shrink;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use std::io::Cursor;

/// Wider or higher pictures are not decoded: the header alone decides.
const LARGEST_SIDE: u32 = 20_000;
/// Most memory a decoder may take, in bytes: 40 megapixels of RGBA.
const LARGEST_ALLOCATION: u64 = 160 << 20;

/// Decodes a stranger's picture, turned as its Exif data says; `None` if it is damaged, too large, or
/// of a format not known.
pub(in crate::book) fn decode(bytes: &[u8]) -> Option<DynamicImage> {
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

/// Width and height by the header alone; `None` if the header is damaged.
pub(super) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?.into_dimensions().ok()
}

/// Larger pictures are made smaller in one coarse step: the good way would take 16 bytes for each of their pixels.
const COARSE_FROM: u64 = 8_000_000;

/// Makes a picture smaller, keeping its shape: coarsely to twice the size, then well.
pub(in crate::book) fn fit(picture: DynamicImage, max_width: u32, max_height: u32) -> DynamicImage {
    let (max_width, max_height) = (max_width.max(1), max_height.max(1));
    if picture.width() <= max_width && picture.height() <= max_height {
        return picture;
    }
    if u64::from(picture.width()) * u64::from(picture.height()) > COARSE_FROM {
        return shrink::within(picture, max_width, max_height);
    }
    let coarse = if picture.width() > max_width * 2 && picture.height() > max_height * 2 {
        shrink::within(picture, max_width * 2, max_height * 2)
    } else {
        picture
    };
    coarse.resize(max_width, max_height, FilterType::CatmullRom)
}

/// Makes a picture smaller until it has at most so many pixels: a long strip stays readable.
pub(super) fn fit_area(picture: DynamicImage, pixels: u64) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    let area = u64::from(width) * u64::from(height);
    if area <= pixels {
        return picture;
    }
    let scale = (pixels as f64 / area as f64).sqrt();
    fit(picture, (f64::from(width) * scale) as u32, (f64::from(height) * scale) as u32)
}

/// Whether a pixel lets the page through.
pub(super) fn is_transparent(picture: &DynamicImage) -> bool {
    match picture {
        DynamicImage::ImageRgba8(pixels) => pixels.pixels().any(|pixel| pixel[3] != u8::MAX),
        other => other.color().has_alpha() && other.to_rgba8().pixels().any(|pixel| pixel[3] != u8::MAX),
    }
}

/// Without transparency, on white.
pub(in crate::book) fn flat(picture: DynamicImage) -> RgbImage {
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

/// As JPEG with a JFIF segment; grey stays grey.
pub(super) fn jpeg(picture: DynamicImage, quality: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    match picture {
        DynamicImage::ImageLuma8(grey) => encoder.encode_image(&grey).ok()?,
        other => encoder.encode_image(&flat(other)).ok()?,
    }
    Some(bytes)
}

/// As PNG with eight bits a channel.
pub(super) fn png(picture: &DynamicImage) -> Option<Vec<u8>> {
    use image::ColorType;
    let mut out = Cursor::new(Vec::new());
    match picture.color() {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => {
            picture.write_to(&mut out, ImageFormat::Png).ok()?;
        }
        ColorType::L16 => picture.to_luma8().write_to(&mut out, ImageFormat::Png).ok()?,
        ColorType::La16 => picture.to_luma_alpha8().write_to(&mut out, ImageFormat::Png).ok()?,
        color if color.has_alpha() => picture.to_rgba8().write_to(&mut out, ImageFormat::Png).ok()?,
        _ => picture.to_rgb8().write_to(&mut out, ImageFormat::Png).ok()?,
    }
    Some(out.into_inner())
}
