//! What the room above promises, tried on small inputs.

use super::*;
use image::{ExtendedColorType, ImageEncoder, ImageFormat, Rgb, RgbImage, RgbaImage};
use std::io::Cursor;

fn nothing(_: &str) -> Option<&'static [u8]> {
    None
}

fn photo(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7) as u8, (y * 5) as u8, (x * y) as u8])).into()
}

fn as_format(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).expect("encodes");
    out.into_inner()
}

/// The JPEG with its JFIF segment replaced by other bytes.
fn with_first_segment(jpeg: &[u8], segment: &[u8]) -> Vec<u8> {
    [&jpeg[..2], segment, &jpeg[20..]].concat()
}

/// Exif with nothing but the orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut out = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    out.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    out
}

#[track_caller]
fn converted(outcome: Outcome, expected: &str) -> DynamicImage {
    let Outcome::Converted { bytes, media_type } = outcome else { panic!("{outcome:?}") };
    assert_eq!(media_type, expected);
    assert_eq!(sniff(&bytes).map(Kind::media_type), Some(expected));
    decode(&bytes).expect("decodes")
}

#[test]
fn plain_pictures_stay() {
    for (format, media_type) in
        [(ImageFormat::Jpeg, "image/jpeg"), (ImageFormat::Png, "image/png"), (ImageFormat::Gif, "image/gif")]
    {
        let file = as_format(&photo(30, 20), format);
        assert_eq!(for_epub(&file, &Budget::default()), Outcome::Keep(media_type));
        assert_eq!(for_kindle(&file, &nothing, &Budget::default()), Outcome::Keep(media_type));
    }
    assert_eq!(for_epub(&as_format(&photo(9, 9), ImageFormat::WebP), &Budget::default()), Outcome::Keep("image/webp"));
}

#[test]
fn what_a_target_does_not_show_is_converted() {
    let webp = as_format(&photo(30, 20), ImageFormat::WebP);
    assert_eq!(converted(for_kindle(&webp, &nothing, &Budget::default()), "image/png"), photo(30, 20));
    for format in [ImageFormat::Bmp, ImageFormat::Tiff] {
        assert_eq!(
            converted(for_epub(&as_format(&photo(30, 20), format), &Budget::default()), "image/png"),
            photo(30, 20)
        );
    }
    let glass = DynamicImage::from(RgbaImage::from_pixel(8, 8, image::Rgba([1, 2, 3, 40])));
    let kept = converted(for_kindle(&as_format(&glass, ImageFormat::WebP), &nothing, &Budget::default()), "image/png");
    assert_eq!(kept, glass);
    let deep = DynamicImage::ImageRgb16(photo(8, 8).into_rgb16());
    let deep = as_format(&deep, ImageFormat::Png);
    assert_eq!(for_epub(&deep, &Budget::default()), Outcome::Keep("image/png"));
    assert_eq!(converted(for_kindle(&deep, &nothing, &Budget::default()), "image/png"), photo(8, 8));
}

#[test]
fn jpeg_without_jfif_gets_it_and_stays_the_same_picture() {
    let plain = as_format(&photo(30, 20), ImageFormat::Jpeg);
    assert_eq!(&plain[6..10], b"JFIF", "the encoder writes it first");
    let camera = with_first_segment(&plain, &exif(1));
    let Outcome::Converted { bytes, media_type: "image/jpeg" } = for_kindle(&camera, &nothing, &Budget::default())
    else {
        panic!("not converted")
    };
    assert_eq!(&bytes[6..10], b"JFIF");
    assert_eq!(decode(&bytes), decode(&plain));
    assert_eq!(for_kindle(&bytes, &nothing, &Budget::default()), Outcome::Keep("image/jpeg"));
    assert_eq!(for_epub(&camera, &Budget::default()), Outcome::Keep("image/jpeg"));
}

#[test]
fn turned_pictures_are_turned_for_kindles() {
    let plain = as_format(&photo(30, 20), ImageFormat::Jpeg);
    let turned =
        converted(for_kindle(&with_first_segment(&plain, &exif(6)), &nothing, &Budget::default()), "image/jpeg");
    assert_eq!((turned.width(), turned.height()), (20, 30));
}

#[test]
fn huge_pictures_are_made_smaller_for_kindles() {
    let large = converted(
        for_kindle(&as_format(&photo(4000, 3000), ImageFormat::Jpeg), &nothing, &Budget::default()),
        "image/jpeg",
    );
    assert!(area(large.width(), large.height()) <= KINDLE_PIXELS);
    assert!(large.width() > 2900, "no smaller than need be: {}", large.width());
}

#[test]
fn a_file_cut_in_the_middle_is_shown_and_one_without_picture_data_is_not() {
    let whole = as_format(&photo(300, 200), ImageFormat::Jpeg);
    let half = &whole[..whole.len() / 2];
    assert_eq!(for_epub(half, &Budget::default()), Outcome::Keep("image/jpeg"));
    assert_eq!(for_kindle(half, &nothing, &Budget::default()), Outcome::Keep("image/jpeg"));
    let scan = whole.windows(2).position(|two| two == b"\xff\xda").expect("a scan");
    let mut headless = whole[..scan].to_vec();
    headless.extend_from_slice(b"\xff\xd9");
    assert!(matches!(for_epub(&headless, &Budget::default()), Outcome::Unusable(_)));
    for end in 0..scan {
        assert!(matches!(for_kindle(&whole[..end], &nothing, &Budget::default()), Outcome::Unusable(_)));
    }
    assert_eq!(for_epub(b"<html>Not found</html>", &Budget::default()), Outcome::Unusable(UNKNOWN));
}

/// A PNG whose header promises `side` × `side` pixels.
fn bomb(side: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut out);
    encoder.write_image(&[0], 1, 1, ExtendedColorType::L8).expect("encodes");
    out[16..20].copy_from_slice(&side.to_be_bytes());
    out[20..24].copy_from_slice(&side.to_be_bytes());
    out
}

#[test]
fn bombs_are_neither_decoded_nor_passed_on() {
    assert_eq!(for_epub(&bomb(20_000), &Budget::default()), Outcome::Unusable(TOO_LARGE));
    assert!(matches!(for_kindle(&bomb(20_000), &nothing, &Budget::default()), Outcome::Unusable(_)));
    assert!(matches!(for_kindle(&bomb(9_000), &nothing, &Budget::default()), Outcome::Unusable(_)));
    assert!(matches!(for_cover(&bomb(9_000), &nothing), Outcome::Unusable(_)));
    assert_eq!(for_epub(&bomb(0), &Budget::default()), Outcome::Unusable(DAMAGED));
}

#[test]
fn covers_are_jpeg_of_a_size_that_readers_take() {
    let png = as_format(&photo(1800, 3000), ImageFormat::Png);
    let cover = converted(for_cover(&png, &nothing), "image/jpeg");
    assert_eq!((cover.width(), cover.height()), (1536, 2560));
    let plain = as_format(&photo(600, 800), ImageFormat::Jpeg);
    assert_eq!(for_cover(&plain, &nothing), Outcome::Keep("image/jpeg"));
    assert!(matches!(for_cover(&as_format(&photo(20, 20), ImageFormat::Png), &nothing), Outcome::Unusable(_)));
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 30 40'><rect width='30' height='40'/></svg>";
    let drawn = converted(for_cover(svg, &nothing), "image/jpeg");
    assert_eq!((drawn.width(), drawn.height()), (1000, 1333));
}

#[test]
fn empty_pictures_are_decoded_a_few_times_only() {
    let budget = Budget { empty: Cell::new(1_000_000), ..Budget::default() };
    // Three thousand bytes for nine hundred thousand pixels.
    assert!(budget.decode(900_000, 3000) && !budget.decode(900_000, 3000));
    assert!(budget.decode(900_000, 9000) && budget.decode(900_000, 9000));
    let spent = Budget { empty: Cell::new(0), ..Budget::default() };
    let empty = as_format(&DynamicImage::new_luma8(3000, 3000), ImageFormat::Png);
    assert_eq!(for_kindle(&empty, &nothing, &spent), Outcome::Unusable(TOO_LARGE_TOGETHER));
}

#[test]
fn books_of_many_scans_and_diagrams_fit_the_budget() {
    let budget = Budget::default();
    // Pages of A4 at 300 dpi, next to empty, in 40 kB each; diagrams of a million pixels, painted ten times over.
    assert!((0..600).all(|_| budget.decode(2480 * 3508, 40_000)));
    (0..900).for_each(|_| budget.paint(1e7));
    assert!(budget.painted() > 0.0);
}
