//! The segments of a JPEG file: enough to say whether it can be shown, and to put right what Kindles
//! trip over without touching the picture itself.

use image::metadata::Orientation;

/// What the segments ahead of the picture data say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 1 is grey, 3 is colour, 4 is made for print.
    pub(super) components: u8,
    pub(super) orientation: Orientation,
    /// Whether the JFIF segment is the first, where Kindles look for it.
    jfif_first: bool,
    /// The colour transform of Adobe's segment: 0 means the three components are RGB.
    adobe: Option<u8>,
}

impl Head {
    /// Whether a reading system that knows JFIF and nothing else shows it right.
    pub(super) fn is_plain(&self) -> bool {
        self.jfif_first && self.can_be_plain()
    }

    /// Whether a JFIF segment is all it lacks.
    pub(super) fn can_be_plain(&self) -> bool {
        let turned = self.orientation != Orientation::NoTransforms;
        let rgb = self.components == 3 && self.adobe == Some(0);
        matches!(self.components, 1 | 3) && !turned && !rgb
    }
}

/// One segment ahead of the picture data.
struct Segment<'a> {
    marker: u8,
    body: &'a [u8],
    /// Where its marker starts.
    at: usize,
}

/// The segments up to the start of the picture data, which comes as the last one.
fn segments(bytes: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut at = 2;
    std::iter::from_fn(move || {
        // Fill bytes may stand before a marker; anything else between segments is skipped, too.
        while bytes.get(at)? != &0xff || matches!(bytes.get(at + 1)?, 0 | 0xff) {
            at += 1;
        }
        let start = at;
        let marker = *bytes.get(at + 1)?;
        at += 2;
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            return Some(Segment { marker, body: &[], at: start });
        }
        if marker == 0xd9 {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let body = bytes.get(at + 2..at.checked_add(length)?)?;
        at += length;
        Some(Segment { marker, body, at: start })
    })
}

/// Reads the head; the error says why no reading system would show the picture. A file that ends in
/// the middle of the picture is sound: its upper part is shown.
pub(super) fn head(bytes: &[u8]) -> Result<Head, &'static str> {
    let mut head = Head {
        width: 0,
        height: 0,
        components: 0,
        orientation: Orientation::NoTransforms,
        jfif_first: false,
        adobe: None,
    };
    for segment in segments(bytes) {
        let body = segment.body;
        match segment.marker {
            0xe0 if segment.at == 2 && body.starts_with(b"JFIF\0") => head.jfif_first = true,
            0xe1 => {
                let turned = body.strip_prefix(b"Exif\0\0").and_then(Orientation::from_exif_chunk);
                head.orientation = turned.unwrap_or(head.orientation);
            }
            0xee if body.starts_with(b"Adobe") => head.adobe = body.get(11).copied(),
            0xc0..=0xc2 => {
                let &[precision, h1, h2, w1, w2, components, ..] = body else {
                    return Err("the picture is damaged");
                };
                if precision != 8 {
                    return Err("a kind of JPEG that reading systems do not show");
                }
                head.height = u32::from(u16::from_be_bytes([h1, h2]));
                head.width = u32::from(u16::from_be_bytes([w1, w2]));
                head.components = components;
            }
            // Lossless, hierarchical and arithmetic coding; 0xc4, 0xc8 and 0xcc are no frames.
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Err("a kind of JPEG that reading systems do not show");
            }
            0xda if head.width > 0 && head.height > 0 && matches!(head.components, 1 | 3 | 4) => return Ok(head),
            0xda => return Err("the picture is damaged"),
            _ => {}
        }
    }
    Err("the picture ends before its data")
}

/// The same picture with a JFIF segment in front and without Exif: nothing is encoded anew.
pub(super) fn with_jfif(bytes: &[u8]) -> Vec<u8> {
    /// Version 1.1, no density, no thumbnail.
    const JFIF: [u8; 18] = *b"\xff\xe0\x00\x10JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00";
    let mut out = Vec::with_capacity(bytes.len() + JFIF.len());
    out.extend_from_slice(&[0xff, 0xd8]);
    out.extend_from_slice(&JFIF);
    for segment in segments(bytes) {
        if segment.marker == 0xda {
            out.extend_from_slice(bytes.get(segment.at..).unwrap_or_default());
            break;
        }
        // APP0 and APP1: an old JFIF segment in the wrong place, Exif, XMP.
        if !matches!(segment.marker, 0xe0 | 0xe1 | 0xd8) {
            let end = segment.at + 4 + segment.body.len();
            out.extend_from_slice(bytes.get(segment.at..end).unwrap_or_default());
        }
    }
    out
}
