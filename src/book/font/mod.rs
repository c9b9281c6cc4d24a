//! Fonts made fit for a target, each judged by its bytes.
//!
//! EPUB takes TrueType, OpenType, WOFF and WOFF2; Kindles take the first two, so the other two are
//! unpacked for them. Nothing is subset or drawn here, and obfuscation is the reader's affair.

mod sfnt;
mod woff;

use super::outcome::Outcome;

/// The formats of font files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) enum Kind {
    /// TrueType outlines.
    TrueType,
    /// OpenType with PostScript outlines.
    OpenType,
    /// Several fonts in one file, which no target takes.
    Collection,
    /// Packed with zlib, table by table.
    Woff,
    /// Packed with Brotli.
    Woff2,
}

impl Kind {
    /// The registered media type.
    pub(in crate::book) fn media_type(self) -> &'static str {
        match self {
            Kind::TrueType => "font/ttf",
            Kind::OpenType => "font/otf",
            Kind::Collection => "font/collection",
            Kind::Woff => "font/woff",
            Kind::Woff2 => "font/woff2",
        }
    }
}

/// The largest font taken, packed or not, in bytes: whole Chinese fonts have 10 to 25 MB.
const LARGEST: usize = 64 << 20;

const DAMAGED: &str = "the font is damaged";
const UNKNOWN: &str = "not a font of a known format";

/// The format by content.
pub(in crate::book) fn sniff(bytes: &[u8]) -> Option<Kind> {
    match bytes.get(..4)? {
        b"\0\x01\0\0" | b"true" => Some(Kind::TrueType),
        b"OTTO" => Some(Kind::OpenType),
        b"ttcf" => Some(Kind::Collection),
        b"wOFF" => Some(Kind::Woff),
        b"wOF2" => Some(Kind::Woff2),
        _ => None,
    }
}

/// For EPUB: sound fonts stay as they are.
pub(in crate::book) fn for_epub(bytes: &[u8]) -> Outcome {
    let sound = match sniff(bytes) {
        None => return Outcome::Unusable(UNKNOWN),
        Some(Kind::TrueType | Kind::OpenType) => sfnt::is_sound(bytes),
        Some(Kind::Woff) => woff::is_sound(bytes),
        Some(Kind::Woff2) => woff::is_sound2(bytes),
        Some(Kind::Collection) => return Outcome::Unusable("a collection of fonts"),
    };
    match sniff(bytes).filter(|_| sound) {
        Some(kind) => Outcome::Keep(kind.media_type()),
        None => Outcome::Unusable(DAMAGED),
    }
}

/// For AZW3: WOFF and WOFF2 are unpacked.
pub(in crate::book) fn for_kindle(bytes: &[u8]) -> Outcome {
    let plain = match sniff(bytes) {
        Some(Kind::Woff) => woff::unpack(bytes),
        Some(Kind::Woff2) => woff::unpack2(bytes),
        _ => return for_epub(bytes),
    };
    match plain.filter(|bytes| sfnt::is_sound(bytes)) {
        Some(bytes) => {
            let kind = if bytes.starts_with(b"OTTO") { Kind::OpenType } else { Kind::TrueType };
            Outcome::Converted { bytes, media_type: kind.media_type() }
        }
        None => Outcome::Unusable(DAMAGED),
    }
}

/// A number in the order of the network, if it is there.
fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(|two| usize::from(u16::from_be_bytes(two)))
}

/// The same of four bytes.
fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(four)).ok()
}

#[cfg(test)]
mod tests;
