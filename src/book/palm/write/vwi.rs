//! Integers of variable width: seven bits a byte, the most significant first.

/// Forward: the last byte has the high bit.
pub(super) fn forward(out: &mut Vec<u8>, value: u32) {
    let (bytes, start) = sevens(value);
    let digits = bytes.get(start..).unwrap_or_default();
    for (at, digit) in digits.iter().enumerate() {
        out.push(if at + 1 == digits.len() { digit | 0x80 } else { *digit });
    }
}

/// Backward, to be read from the end: the first byte has the high bit.
fn backward(value: u32) -> Vec<u8> {
    let (mut bytes, start) = sevens(value);
    if let Some(first) = bytes.get_mut(start) {
        *first |= 0x80;
    }
    bytes.get(start..).unwrap_or_default().to_vec()
}

/// Appends the size of a trailing entry that holds `content` bytes; the size counts itself.
pub(super) fn trailing_size(out: &mut Vec<u8>, content: usize) {
    for own in 1..=5 {
        let size = backward(super::u32_of(content + own));
        if size.len() == own {
            out.extend(size);
            return;
        }
    }
}

/// The digits to base 128, and where the number starts.
fn sevens(value: u32) -> ([u8; 5], usize) {
    let mut bytes = [0; 5];
    let mut rest = value;
    let mut start = 5;
    for at in (0..5).rev() {
        bytes[at] = (rest & 0x7F) as u8;
        rest >>= 7;
        start = at;
        if rest == 0 {
            break;
        }
    }
    (bytes, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_mobileread_wiki() {
        let mut out = Vec::new();
        forward(&mut out, 0x11111);
        assert_eq!(out, [0x04, 0x22, 0x91]);
        assert_eq!(backward(0x11111), [0x84, 0x22, 0x11]);
        assert_eq!(backward(0), [0x80]);
        assert_eq!(backward(u32::MAX).len(), 5);
    }

    #[test]
    fn a_size_counts_itself() {
        let mut out = Vec::new();
        trailing_size(&mut out, 0);
        assert_eq!(out, [0x81]);
        out.clear();
        trailing_size(&mut out, 127);
        assert_eq!(out, [0x81, 0x01]);
    }
}
