//! The small picture of the cover that a Kindle shows in its library.

use crate::book::cover::{self, Picture};

const WIDTH: u32 = 180;
const HEIGHT: u32 = 240;
/// Larger ones are not shown by old Kindles.
const LARGEST: usize = 16 << 10;

/// A JPEG of at most 180 × 240 pixels and 16 KiB; none if the cover cannot be decoded.
pub(in crate::book) fn thumbnail(cover: &[u8]) -> Option<Vec<u8>> {
    // Sizes that are not known yet: larger than any, so that it is made anew.
    let cover = Picture { bytes: cover.to_vec(), mime: "image/jpeg", width: u32::MAX, height: u32::MAX };
    [(WIDTH, HEIGHT), (WIDTH * 3 / 4, HEIGHT * 3 / 4), (WIDTH / 2, HEIGHT / 2)].into_iter().find_map(
        |(width, height)| {
            let small = cover::thumbnail(&cover, width, height);
            (small.width != u32::MAX && small.bytes.len() <= LARGEST).then_some(small.bytes)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::thumbnail;

    #[test]
    fn small_whatever_the_cover() {
        let cover = crate::book::cover::draw("Title", &["Author"]);
        let small = thumbnail(&cover.bytes).expect("a picture");
        assert!(small.starts_with(&[0xFF, 0xD8, 0xFF]) && small.len() <= 16 << 10);
        assert!(thumbnail(b"not a picture").is_none());
    }
}
