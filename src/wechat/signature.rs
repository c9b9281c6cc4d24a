//! The platform's signature: SHA-1 over the sorted parts. Weak by today's measure, but it is what
//! the platform sends. What the signature covers is decided in `callback`.

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// Whether `given`, 40 hex digits, is the signature of `parts`.
///
/// Digests are compared in constant time, so that a forger cannot find one digit after the other.
pub(super) fn matches(parts: &mut [&str], given: &str) -> bool {
    decode(given).is_some_and(|given| digest(parts).ct_eq(&given).into())
}

/// The signature of `parts` as the platform writes it: 40 lower-case hex digits.
pub(super) fn sign(parts: &mut [&str]) -> String {
    hex(&digest(parts))
}

/// A digest in lower-case hex digits.
pub(super) fn hex(digest: &[u8; 20]) -> String {
    let mut text = String::with_capacity(40);
    for byte in digest {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
    text
}

/// Sorted by bytes, as `strcmp` does: the order the platform's own samples use.
fn digest(parts: &mut [&str]) -> [u8; 20] {
    parts.sort_unstable();
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

fn decode(hex: &str) -> Option<[u8; 20]> {
    let digits: &[u8; 40] = hex.as_bytes().try_into().ok()?;
    let mut bytes = [0; 20];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The official documentation's GET and plain POST.
    #[test]
    fn official_vectors() {
        let get = "f464b24fc39322e44b38aa78f5edd27bd1441696";
        assert_eq!(sign(&mut ["AAAAA", "1714036504", "1514711492"]), get);
        assert!(matches(&mut ["1514711492", "AAAAA", "1714036504"], get));
        let post = "899cf89e464efb63f54ddac96b0a0a235f53aa78";
        assert_eq!(sign(&mut ["AAAAA", "1714037059", "486452656"]), post);
    }

    #[test]
    fn anything_but_forty_right_hex_digits_is_refused() {
        let mut parts = ["AAAAA", "1714036504", "1514711492"];
        let right = sign(&mut parts);
        assert!(matches(&mut parts, &right.to_uppercase()));
        for at in 0..40 {
            let mut wrong = right.clone().into_bytes();
            wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
            assert!(!matches(&mut parts, std::str::from_utf8(&wrong).unwrap()), "digit {at}");
        }
        for wrong in ["", &right[..39], &format!("{right}0"), &"g".repeat(40), &"é".repeat(20)] {
            assert!(!matches(&mut parts, wrong), "{wrong}");
        }
    }
}
