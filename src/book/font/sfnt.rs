//! The table directory that TrueType and OpenType fonts begin with.

use super::{u16_at, u32_at};

/// Whether every table lies inside the file and those are there without which nothing is shown.
pub(super) fn is_sound(bytes: &[u8]) -> bool {
    let Some(count) = u16_at(bytes, 4) else { return false };
    let mut seen = [false; 4];
    for at in (0..count).map(|nth| 12 + nth * 16) {
        let (Some(tag), Some(offset), Some(length)) =
            (bytes.get(at..at + 4), u32_at(bytes, at + 8), u32_at(bytes, at + 12))
        else {
            return false;
        };
        if offset.checked_add(length).is_none_or(|end| end > bytes.len()) {
            return false;
        }
        match tag {
            b"cmap" => seen[0] = true,
            b"head" => seen[1] = length >= 54,
            b"maxp" => seen[2] = length >= 6,
            b"glyf" | b"CFF " | b"CFF2" | b"CBDT" | b"sbix" | b"EBDT" => seen[3] = true,
            _ => {}
        }
    }
    seen.into_iter().all(|seen| seen)
}
