//! What stands behind the text in a text record: bits for the device's own indexes.
//!
//! The flags say which entries there are. Each but the first is data whose size stands at its end;
//! the first holds the bytes of a character that the end of the record cuts, and is counted in the
//! low two bits of the last byte.

use super::bytes::varint_backwards;

/// The text of a record without what trails it; `None` if the sizes cannot be.
pub(super) fn strip(record: &[u8], flags: u16) -> Option<&[u8]> {
    let mut rest = record;
    for _ in 0..(flags >> 1).count_ones() {
        let size = varint_backwards(rest) as usize;
        if size == 0 && !rest.is_empty() {
            return None;
        }
        rest = rest.get(..rest.len().checked_sub(size)?)?;
    }
    if flags & 1 != 0
        && let Some(&last) = rest.last()
    {
        let size = usize::from(last & 3) + 1;
        rest = rest.get(..rest.len().checked_sub(size)?)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_stripped_from_the_highest_flag_down() {
        assert_eq!(strip(b"text", 0), Some(b"text".as_slice()));
        assert_eq!(strip(b"text\x00", 1), Some(b"text".as_slice()));
        assert_eq!(strip(b"text\x81\x8e\x02", 1), Some(b"text".as_slice()));
        assert_eq!(strip(b"text\x00xx\x83\x81", 7), Some(b"text".as_slice()));
        assert_eq!(strip(b"", 7), Some(b"".as_slice()));
    }

    #[test]
    fn sizes_that_cannot_be_are_damage() {
        assert_eq!(strip(b"text\xFF", 2), None);
        assert_eq!(strip(b"text\x80", 2), None);
        assert_eq!(strip(b"\x03", 1), None);
    }
}
