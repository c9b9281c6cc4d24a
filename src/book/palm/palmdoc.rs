//! PalmDOC compression, the reading side: LZ77 within one record of text.

/// Unpacks a record behind what `out` has. `false` if it is damaged or gives more than `most` bytes;
/// `out` then ends before the damage.
pub(super) fn decompress(packed: &[u8], most: usize, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut bytes = packed.iter().copied();
    while let Some(byte) = bytes.next() {
        if out.len() - start > most {
            return false;
        }
        match byte {
            // So many bytes follow as they are.
            1..=8 => {
                for _ in 0..byte {
                    let Some(byte) = bytes.next() else { return false };
                    out.push(byte);
                }
            }
            // A copy of what came before: 11 bits of distance, 3 of length.
            0x80..=0xBF => {
                let Some(low) = bytes.next() else { return false };
                let pair = usize::from(byte) << 8 | usize::from(low);
                let (distance, length) = (pair >> 3 & 0x7FF, (pair & 7) + 3);
                if distance == 0 || distance > out.len() - start {
                    return false;
                }
                let from = out.len() - distance;
                for at in from..from + length {
                    let Some(&byte) = out.get(at) else { return false };
                    out.push(byte);
                }
            }
            // A blank and a letter.
            0xC0..=0xFF => out.extend_from_slice(&[b' ', byte ^ 0x80]),
            0 | 9..=0x7F => out.push(byte),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(packed: &[u8], text: &[u8], whole: bool) {
        let mut out = b"before".to_vec();
        assert_eq!(decompress(packed, 100, &mut out), whole);
        assert_eq!(out, [b"before", text].concat());
    }

    #[test]
    fn each_kind_of_code() {
        check(b"ab\0\x09", b"ab\0\x09", true);
        check(&[3, 0xE4, 0xB9, 0xA6], "书".as_bytes(), true);
        check(&[b'x', 0xC0 | b'a'], b"x a", true);
        // Distance 1, length 5: the copy overlaps itself.
        check(&[b'a', 0x80, 0b1010], b"aaaaaa", true);
    }

    #[test]
    fn damage_ends_the_record() {
        check(&[b'a', 0x80, 0b10010], b"a", false);
        check(&[b'a', 0x80, 0b00010], b"a", false);
        check(&[b'a', 0x80], b"a", false);
        check(&[b'a', 8, b'b'], b"ab", false);
        let mut out = Vec::new();
        assert!(!decompress(&[b'a'; 300], 100, &mut out));
    }
}
