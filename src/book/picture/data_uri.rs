//! Files inside addresses: `data:image/png;base64,…`.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

/// Longer addresses are left alone, in bytes.
const LONGEST: usize = 32 << 20;

/// The media type in lower case, without parameters, and the file; `None` if the address is of
/// another scheme, too long or damaged.
pub(in crate::book) fn data_uri(address: &str) -> Option<(String, Vec<u8>)> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let address = address.trim();
    let scheme = address.get(..5)?;
    if address.len() > LONGEST || !scheme.eq_ignore_ascii_case("data:") {
        return None;
    }
    let (about, data) = address.get(5..)?.split_once(',')?;
    let mut parts = about.split(';').map(str::trim);
    let media_type = parts.next().filter(|first| !first.is_empty()).unwrap_or("text/plain").to_ascii_lowercase();
    let data: Vec<u8> = percent_decode_str(data).collect();
    if !parts.any(|part| part.eq_ignore_ascii_case("base64")) {
        return Some((media_type, data));
    }
    // Editors break the long line.
    let data: Vec<u8> = data.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Some((media_type, LENIENT.decode(data).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_holds() {
        let check = |address: &str, expected: Option<(&str, &[u8])>| {
            let found = data_uri(address);
            assert_eq!(found.as_ref().map(|(kind, bytes)| (kind.as_str(), bytes.as_slice())), expected, "{address}");
        };
        check("data:image/PNG;base64,aGVs\n bG8", Some(("image/png", b"hello")));
        check("DATA:image/png;charset=x;base64,aGVsbG8%3D", Some(("image/png", b"hello")));
        check("data:image/svg+xml,%3Csvg/%3E", Some(("image/svg+xml", b"<svg/>")));
        check("data:,a", Some(("text/plain", b"a")));
        check("data:image/png;base64,!!", None);
        check("http://x/a,b", None);
        check("日本語だ", None);
    }
}
