//! What the room above promises, tried on small inputs.

use super::*;

/// A font of four tables without content, about which only the directory is right.
fn font() -> Vec<u8> {
    let mut out = b"\0\x01\0\0\0\x04\0\x40\0\x02\0\0".to_vec();
    for (nth, tag) in [b"cmap", b"glyf", b"head", b"maxp"].into_iter().enumerate() {
        out.extend_from_slice(tag);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&(76 + 64 * nth as u32).to_be_bytes());
        out.extend_from_slice(&64u32.to_be_bytes());
    }
    out.resize(76 + 4 * 64, 0);
    out
}

/// The same as WOFF with tables that are not packed.
fn woff() -> Vec<u8> {
    let plain = font();
    let mut out = b"wOFF\0\x01\0\0".to_vec();
    out.resize(44, 0);
    out[13] = 4;
    for nth in 0..4usize {
        let entry = &plain[12 + nth * 16..28 + nth * 16];
        out.extend_from_slice(&entry[..4]);
        out.extend_from_slice(&(124 + 64 * nth as u32).to_be_bytes());
        out.extend_from_slice(&[0, 0, 0, 64, 0, 0, 0, 64, 0, 0, 0, 0]);
    }
    out.extend_from_slice(&plain[76..]);
    let length = out.len() as u32;
    out[8..12].copy_from_slice(&length.to_be_bytes());
    out
}

#[test]
fn plain_fonts_stay_and_damaged_ones_go() {
    assert_eq!(for_epub(&font()), Outcome::Keep("font/ttf"));
    assert_eq!(for_kindle(&font()), Outcome::Keep("font/ttf"));
    let mut cut = font();
    cut.truncate(200);
    assert_eq!(for_epub(&cut), Outcome::Unusable(DAMAGED));
    let mut no_cmap = font();
    no_cmap[12] = b'x';
    assert_eq!(for_kindle(&no_cmap), Outcome::Unusable(DAMAGED));
    assert_eq!(for_epub(b"<html>404</html>"), Outcome::Unusable(UNKNOWN));
    assert!(matches!(for_epub(b"ttcf...."), Outcome::Unusable(_)));
}

#[test]
fn woff_is_unpacked_for_kindles_only() {
    assert_eq!(for_epub(&woff()), Outcome::Keep("font/woff"));
    let Outcome::Converted { bytes, media_type } = for_kindle(&woff()) else { panic!("not converted") };
    assert_eq!(media_type, "font/ttf");
    assert_eq!(bytes.len(), font().len());
}

#[test]
fn lying_sizes_are_refused() {
    let mut lying = woff();
    // The first table says that it unpacks to 4 GB.
    lying[44 + 12..44 + 16].copy_from_slice(&[0xff; 4]);
    assert_eq!(for_kindle(&lying), Outcome::Unusable(DAMAGED));
    for end in 0..woff().len() {
        assert!(matches!(for_kindle(&woff()[..end]), Outcome::Unusable(_)), "{end}");
    }
    let mut two = b"wOF2\0\x01\0\0\0\0\0\x30\0\x01\0\0\xff\xff\xff\xff\0\0\0\x10".to_vec();
    two.resize(48, 0);
    assert_eq!(for_epub(&two), Outcome::Unusable(DAMAGED));
    assert_eq!(for_kindle(&two), Outcome::Unusable(DAMAGED));
}
