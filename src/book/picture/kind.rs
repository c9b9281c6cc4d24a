//! What a picture is, told by its first bytes. Media types and file names in books are often wrong.

/// The formats of pictures that books hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) enum Kind {
    /// JPEG.
    Jpeg,
    /// PNG, animated or not.
    Png,
    /// GIF, animated or not.
    Gif,
    /// WebP.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// TIFF.
    Tiff,
    /// AVIF.
    Avif,
    /// HEIC.
    Heic,
    /// JPEG XL.
    JpegXl,
    /// JPEG 2000.
    Jpeg2000,
    /// A drawing: SVG.
    Svg,
    /// SVG in a gzip envelope, which reading systems do not open.
    SvgZ,
}

impl Kind {
    /// The registered media type.
    pub(in crate::book) fn media_type(self) -> &'static str {
        match self {
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Gif => "image/gif",
            Kind::WebP => "image/webp",
            Kind::Bmp => "image/bmp",
            Kind::Tiff => "image/tiff",
            Kind::Avif => "image/avif",
            Kind::Heic => "image/heic",
            Kind::JpegXl => "image/jxl",
            Kind::Jpeg2000 => "image/jp2",
            Kind::Svg | Kind::SvgZ => "image/svg+xml",
        }
    }
}

/// The format by content; `None` if it is no picture that is known.
pub(in crate::book) fn sniff(bytes: &[u8]) -> Option<Kind> {
    const MAGIC: [(&[u8], Kind); 11] = [
        (b"\xff\xd8\xff", Kind::Jpeg),
        (b"\x89PNG\r\n\x1a\n", Kind::Png),
        (b"GIF87a", Kind::Gif),
        (b"GIF89a", Kind::Gif),
        (b"II*\0", Kind::Tiff),
        (b"MM\0*", Kind::Tiff),
        (b"\xff\x0a", Kind::JpegXl),
        (b"\0\0\0\x0cJXL \r\n\x87\n", Kind::JpegXl),
        (b"\0\0\0\x0cjP  \r\n\x87\n", Kind::Jpeg2000),
        (b"\xff\x4f\xff\x51", Kind::Jpeg2000),
        (b"\x1f\x8b\x08", Kind::SvgZ),
    ];
    if let Some((_, kind)) = MAGIC.into_iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(kind);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some(Kind::WebP);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return match bytes.get(8..12) {
            Some(b"avif" | b"avis") => Some(Kind::Avif),
            Some(b"heic" | b"heix" | b"mif1" | b"msf1" | b"hevc") => Some(Kind::Heic),
            _ => None,
        };
    }
    // `BM` alone is too little: the four bytes before the pixel offset are reserved and zero.
    if bytes.starts_with(b"BM") && bytes.get(6..10) == Some(&[0; 4]) {
        return Some(Kind::Bmp);
    }
    is_svg(bytes).then_some(Kind::Svg)
}

/// Whether the first element is `svg`.
fn is_svg(bytes: &[u8]) -> bool {
    /// Editors write long comments and document types ahead of the drawing.
    const HEAD: usize = 16 << 10;
    let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or(bytes);
    let text = crate::book::charset::decode_markup(head);
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if !start.starts_with('<') {
        return false;
    }
    let first = crate::book::markup::tokens(start).find_map(|token| match token {
        crate::book::markup::Token::Open { name, .. } => Some(name),
        _ => None,
    });
    first.is_some_and(|name| crate::book::markup::local(name) == "svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_decide() {
        assert_eq!(sniff(b"\xff\xd8\xff\xe0"), Some(Kind::Jpeg));
        assert_eq!(sniff(b"RIFF....WEBPVP8 "), Some(Kind::WebP));
        assert_eq!(sniff(b"\0\0\0\x1cftypavif"), Some(Kind::Avif));
        assert_eq!(sniff(b"BMW is a car"), None);
        assert_eq!(sniff(b"<?xml version='1.0'?><!-- a --><s:svg xmlns:s='x'/>"), Some(Kind::Svg));
        assert_eq!(sniff(b"<html><svg/></html>"), None);
        assert_eq!(sniff(b""), None);
    }
}
