//! What a file is to the platform, told by its content, and made fit for it: pictures are converted and shrunk, of
//! speech and films only the size is judged. Nothing is read or kept here.

use crate::book::{Bounds, bounded_picture, is_picture};
use crate::store::records::MediaTrouble;
use crate::wechat::MediaKind;

/// Pictures in replies. One page of the platform's allows 10 MB, another 2; no phone shows more pixels.
const PICTURE: Bounds = Bounds { side: 2_560, bytes: 2 << 20, png: true };
/// The picture of a piece of music, a little below the platform's 64 KB.
const THUMB: Bounds = Bounds { side: 900, bytes: 60_000, png: false };
const VOICE_BYTES: u64 = 2 << 20;
const VIDEO_BYTES: u64 = 10 << 20;

/// A file as it is uploaded.
pub(super) struct Fit {
    pub(super) bytes: Vec<u8>,
    pub(super) media_type: &'static str,
    pub(super) extension: &'static str,
}

/// What this is; none if the platform has no use for it.
pub(super) fn kind_of(bytes: &[u8]) -> Option<MediaKind> {
    match media_type(bytes)? {
        "audio/amr" | "audio/mpeg" => Some(MediaKind::Voice),
        "video/mp4" => Some(MediaKind::Video),
        _ => Some(MediaKind::Image),
    }
}

/// What can be said against a file before it is uploaded, without looking into a picture.
pub(super) fn trouble_with(kind: Option<MediaKind>, bytes: u64) -> Option<MediaTrouble> {
    let limit = match kind? {
        MediaKind::Voice => VOICE_BYTES,
        MediaKind::Video => VIDEO_BYTES,
        MediaKind::Image | MediaKind::Thumb => return None,
    };
    (bytes > limit).then_some(MediaTrouble::TooLarge { bytes, limit })
}

/// The file as the platform takes it for this use.
///
/// # Errors
/// What its owner has to do about it.
pub(super) fn made_fit(kind: MediaKind, bytes: Vec<u8>) -> Result<Fit, MediaTrouble> {
    let bounds = match kind {
        MediaKind::Image => PICTURE,
        MediaKind::Thumb => THUMB,
        MediaKind::Voice | MediaKind::Video => return as_it_is(kind, bytes),
    };
    let picture = bounded_picture(&bytes, bounds).map_err(|why| MediaTrouble::Unreadable(why.to_owned()))?;
    Ok(Fit { bytes: picture.bytes, media_type: picture.media_type, extension: extension(picture.media_type) })
}

fn as_it_is(kind: MediaKind, bytes: Vec<u8>) -> Result<Fit, MediaTrouble> {
    let media_type = media_type(&bytes).filter(|_| kind_of(&bytes) == Some(kind)).ok_or(MediaTrouble::UnknownKind)?;
    if let Some(trouble) = trouble_with(Some(kind), bytes.len() as u64) {
        return Err(trouble);
    }
    Ok(Fit { bytes, media_type, extension: extension(media_type) })
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'#', b'!', b'A', b'M', b'R', b'\n', ..] => Some("audio/amr"),
        [b'I', b'D', b'3', ..] => Some("audio/mpeg"),
        // Eleven bits of synchronisation, then the version (01 is none) and layer III. JPEG begins otherwise.
        [0xff, second, third, ..]
            if second & 0xe0 == 0xe0 && second & 0x18 != 0x08 && second & 0x06 == 0x02 && third & 0xf0 != 0xf0 =>
        {
            Some("audio/mpeg")
        }
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] if is_mp4(brand) => Some("video/mp4"),
        _ => is_picture(bytes).then_some("image/*"),
    }
}

/// The same box is at the head of pictures (AVIF, HEIC), of sound alone and of QuickTime, which the platform refuses.
fn is_mp4(brand: &[u8]) -> bool {
    const BRANDS: [&[u8]; 11] =
        [b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"];
    brand.get(..4).is_some_and(|brand| BRANDS.contains(&brand) || brand.starts_with(b"3gp"))
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "audio/amr" => "amr",
        "audio/mpeg" => "mp3",
        _ => "mp4",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_tells_what_a_file_is() {
        for (bytes, kind) in [
            (&b"\xff\xd8\xff\xe0"[..], Some(MediaKind::Image)),
            (b"GIF89a", Some(MediaKind::Image)),
            (b"\0\0\0\x1cftypavif", Some(MediaKind::Image)),
            (b"#!AMR\n\x3c", Some(MediaKind::Voice)),
            (b"ID3\x04", Some(MediaKind::Voice)),
            (b"\xff\xfb\x90\x64", Some(MediaKind::Voice)),
            (b"\0\0\0\x18ftypmp42", Some(MediaKind::Video)),
            (b"\0\0\0\x18ftypM4A ", None),
            (b"\0\0\0\x14ftypqt  ", None),
            (b"\xff\xff\xff\xff", None),
            (b"#!AMR-WB\n", None),
            (b"text", None),
            (b"", None),
        ] {
            assert_eq!(kind_of(bytes), kind, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_too_large_is_told_with_the_limit() {
        let voice = [b"ID3".as_slice(), &vec![0; 2 << 20]].concat();
        let trouble = made_fit(MediaKind::Voice, voice).err();
        assert_eq!(trouble, Some(MediaTrouble::TooLarge { bytes: (2 << 20) + 3, limit: 2 << 20 }));
        let fits = made_fit(MediaKind::Voice, b"ID3\x04".to_vec()).map(|fit| (fit.media_type, fit.extension));
        assert_eq!(fits.ok(), Some(("audio/mpeg", "mp3")));
        // The film of a keyword has been replaced by a picture.
        assert_eq!(made_fit(MediaKind::Video, b"GIF89a".to_vec()).err(), Some(MediaTrouble::UnknownKind));
    }
}
