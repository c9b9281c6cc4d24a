//! The small records that say little but have to be there.

use super::{Version, u32_of};

/// The last record of a file or of its first half.
pub(in crate::book) const END: &[u8] = &[0xE9, 0x8E, 0x0D, 0x0A];
/// FLIS: always the same (MobileRead wiki).
pub(in crate::book) fn flis() -> Vec<u8> {
    let mut out = b"FLIS".to_vec();
    for word in [8, 0x0041_0000, 0, u32::MAX, 0x0001_0003, 3, 1, u32::MAX] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    out
}

/// FCIS: the length of the text among constants (MobileRead wiki).
pub(in crate::book) fn fcis(version: Version, text_length: usize) -> Vec<u8> {
    let length = u32_of(text_length);
    let words: &[u32] = match version {
        Version::Six => &[0x14, 0x10, 1, 0, length, 0, 0x20, 8, 0x0001_0001, 0],
        Version::Eight => &[0x14, 0x10, 2, 0, length, 0, 0x28, 0, 0x28, 8, 0x0001_0001, 0],
    };
    let mut out = b"FCIS".to_vec();
    for word in words {
        out.extend_from_slice(&word.to_be_bytes());
    }
    out
}

/// FDST: where the flows of a KF8 text begin and end; given by their lengths.
pub(in crate::book) fn fdst(flows: impl ExactSizeIterator<Item = usize>) -> Vec<u8> {
    let mut out = b"FDST".to_vec();
    out.extend_from_slice(&12u32.to_be_bytes());
    out.extend_from_slice(&u32_of(flows.len()).to_be_bytes());
    let mut start = 0;
    for length in flows {
        out.extend_from_slice(&u32_of(start).to_be_bytes());
        start += length;
        out.extend_from_slice(&u32_of(start).to_be_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn their_sizes_are_known() {
        assert_eq!(flis().len(), 36);
        assert_eq!(fcis(Version::Six, 1).len(), 44);
        assert_eq!(fcis(Version::Eight, 1).len(), 52);
        let two = fdst([5, 7].into_iter());
        assert_eq!(two[12..], [0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 12]);
    }
}
