//! Pictures that any browser shows, known by their first bytes. They are not changed: what has to be is `bounded_picture`'s
//! matter.

use super::picture::{Kind, size, sniff};

/// The media type of a picture that any browser shows, and its width and height in pixels; `None` if it is none: SVG is a
/// program, not a picture.
pub fn web_picture(bytes: &[u8]) -> Option<(&'static str, (u32, u32))> {
    let kind = sniff(bytes).filter(|kind| matches!(kind, Kind::Jpeg | Kind::Png | Kind::Gif | Kind::WebP))?;
    Some((kind.media_type(), size(bytes, kind).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, RgbImage};
    use std::io::Cursor;

    #[test]
    fn only_what_browsers_show_is_a_picture() {
        for (format, kind) in [
            (ImageFormat::Png, "image/png"),
            (ImageFormat::WebP, "image/webp"),
            (ImageFormat::Gif, "image/gif"),
            (ImageFormat::Jpeg, "image/jpeg"),
        ] {
            let mut out = Cursor::new(Vec::new());
            RgbImage::new(20, 10).write_to(&mut out, format).unwrap();
            assert_eq!(web_picture(&out.into_inner()), Some((kind, (20, 10))));
        }
        for bytes in [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM"] {
            assert_eq!(web_picture(bytes), None);
        }
    }
}
