//! Numbers in records: big-endian, or seven bits a byte, or written in base 32.

/// The two bytes at `at` as a number.
pub(in crate::book) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(two.try_into().ok()?))
}

/// The four bytes at `at` as a number.
pub(in crate::book) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

/// A variable-width number at the start of `bytes` and how many bytes it takes: seven bits a byte,
/// the last byte has the high bit set.
pub(super) fn varint(bytes: &[u8]) -> Option<(u32, usize)> {
    const LONGEST: usize = 5;
    let mut value: u32 = 0;
    for (at, &byte) in bytes.iter().take(LONGEST).enumerate() {
        value = value << 7 | u32::from(byte & 0x7F);
        if byte & 0x80 != 0 {
            return Some((value, at + 1));
        }
    }
    None
}

/// A variable-width number read from the end of `bytes` to the front; the first byte, which comes
/// last, has the high bit set. Four bytes at most, as every reader has it.
pub(super) fn varint_backwards(bytes: &[u8]) -> u32 {
    let mut value = 0;
    for (at, &byte) in bytes.iter().rev().take(4).enumerate() {
        value |= u32::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 != 0 {
            break;
        }
    }
    value
}

/// A number in base 32, as links in KF8 have them: `0`–`9`, then `A`–`V`.
pub(in crate::book) fn base32(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0usize, |value, &digit| {
        let digit = char::from(digit).to_digit(32)?;
        value.checked_mul(32)?.checked_add(digit as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_each_way_of_writing() {
        assert_eq!(varint(&[0x04, 0x22, 0x91, 7]), Some((0x11111, 3)));
        assert_eq!(varint(&[0x80]), Some((0, 1)));
        assert_eq!(varint(&[1, 2, 3, 4, 5, 0x86]), None);
        assert_eq!(varint_backwards(&[9, 0x84, 0x22, 0x11]), 0x11111);
        assert_eq!(varint_backwards(&[]), 0);
        assert_eq!(base32(b"00V0"), Some(31 * 32));
        assert_eq!(base32(b"00W0"), None);
        assert_eq!(base32(b""), None);
        assert_eq!(u16_at(&[1, 2], 1), None);
        assert_eq!(u32_at(&[0, 0, 1, 2], 0), Some(0x102));
    }
}
