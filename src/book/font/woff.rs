//! WOFF and WOFF2, fonts as the web packs them. Headers are checked here before the unpacker, which
//! takes declared sizes at their word, sees the file.

use super::{LARGEST, u16_at, u32_at};

/// Whether the directory of a WOFF file is sound: every table inside the file, none growing when
/// packed, all together of a size that can be unpacked.
pub(super) fn is_sound(bytes: &[u8]) -> bool {
    directory(bytes).is_some_and(|total| total <= LARGEST)
}

/// The sum of the tables' sizes when unpacked.
fn directory(bytes: &[u8]) -> Option<usize> {
    // Deflate does not pack more tightly than 1 to 1032.
    const DENSEST: usize = 1032;
    let count = u16_at(bytes, 12).filter(|count| *count > 0)?;
    let mut total = 0usize;
    for at in (0..count).map(|nth| 44 + nth * 20) {
        let (offset, packed, plain) = (u32_at(bytes, at + 4)?, u32_at(bytes, at + 8)?, u32_at(bytes, at + 12)?);
        let inside = offset.checked_add(packed)? <= bytes.len();
        if !inside || packed > plain || plain > packed.saturating_mul(DENSEST) {
            return None;
        }
        total = total.checked_add(plain)?;
    }
    Some(total)
}

/// A WOFF file as a plain font.
pub(super) fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    if !is_sound(bytes) {
        return None;
    }
    wuff::decompress_woff1(bytes).ok().filter(|font| font.len() <= LARGEST)
}

/// Whether the header of a WOFF2 file is sound; collections are not taken.
pub(super) fn is_sound2(bytes: &[u8]) -> bool {
    let header = || {
        let (length, tables) = (u32_at(bytes, 8)?, u16_at(bytes, 12)?);
        let (plain, packed) = (u32_at(bytes, 16)?, u32_at(bytes, 20)?);
        let whole = length == bytes.len() && packed <= bytes.len();
        Some(whole && tables > 0 && plain <= LARGEST && bytes.get(4..8) != Some(b"ttcf"))
    };
    header().unwrap_or(false)
}

/// A WOFF2 file as a plain font. The unpacker itself stops at a hundredfold size and at 128 MB.
pub(super) fn unpack2(bytes: &[u8]) -> Option<Vec<u8>> {
    /// Packed more than this, no real font unpacks to [`LARGEST`].
    const LARGEST_PACKED: usize = 32 << 20;
    if bytes.len() > LARGEST_PACKED || !is_sound2(bytes) {
        return None;
    }
    wuff::decompress_woff2(bytes).ok().filter(|font| font.len() <= LARGEST)
}
