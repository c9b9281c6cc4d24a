//! Pictures and fonts: records behind the text, numbered from the first of them.

use super::bytes::u32_at;
use super::part::Part;
use crate::book::model::Resource;
use crate::book::{Change, Report};
use flate2::read::ZlibDecoder;
use std::io::Read;

/// Most bytes of all resources together.
const MOST_BYTES: usize = 128 << 20;
/// Most bytes of one font.
const LARGEST_FONT: u64 = 32 << 20;

/// The resources of a book, by their numbers.
#[derive(Default)]
pub(in crate::book) struct Resources<'a> {
    /// The place in [`Resources::files`] that a number stands for.
    by_number: Vec<Option<usize>>,
    pub(in crate::book) files: Vec<Resource>,
    /// The record that describes the spine of the source of a KF8 book.
    pub(in crate::book) description: Option<&'a [u8]>,
}

impl<'a> Resources<'a> {
    /// Reads them from the part that holds them; the number `skipped` is left out.
    pub(in crate::book) fn read(part: &Part<'a, '_>, skipped: Option<usize>, report: &mut Report) -> Resources<'a> {
        let mut resources = Resources::default();
        let Some(first) = part.header.first_resource else { return resources };
        let mut spent = 0;
        for (number, at) in (first..part.len()).enumerate() {
            let Some(record) = part.record(at) else { break };
            if record == b"BOUNDARY" {
                break;
            }
            let file = if skipped == Some(number) { None } else { resources.file(record, number, report) };
            let file = file.filter(|file| spent + file.bytes.len() <= MOST_BYTES);
            spent += file.as_ref().map_or(0, |file| file.bytes.len());
            resources.by_number.push(file.is_some().then_some(resources.files.len()));
            resources.files.extend(file);
        }
        resources
    }

    fn file(&mut self, record: &'a [u8], number: usize, report: &mut Report) -> Option<Resource> {
        let serial = number + 1;
        match record {
            [b'F', b'O', b'N', b'T', ..] => {
                let Some(bytes) = font(record) else {
                    report.note(Change::FontDropped, format!("font {serial} cannot be unpacked"));
                    return None;
                };
                let (extension, media_type) = font_type(&bytes);
                Some(Resource {
                    path: format!("fonts/font{serial:05}.{extension}"),
                    media_type: media_type.into(),
                    bytes,
                })
            }
            [b'R', b'E', b'S', b'C', ..] => {
                self.description = self.description.or(Some(record));
                None
            }
            [b'A', b'U', b'D', b'I', ..] => {
                report.note(Change::AudioDropped, format!("sound {serial}"));
                None
            }
            [b'V', b'I', b'D', b'E', ..] => {
                report.note(Change::VideoDropped, format!("film {serial}"));
                None
            }
            _ => {
                let (extension, media_type) = picture_type(record)?;
                let path = format!("images/image{serial:05}.{extension}");
                Some(Resource { path, media_type: media_type.into(), bytes: record.to_vec() })
            }
        }
    }

    /// Where the resource of a number, counted from 0, is among the files.
    pub(in crate::book) fn position(&self, number: usize) -> Option<usize> {
        self.by_number.get(number).copied().flatten()
    }

    /// The path of the resource of a number, counted from 0.
    pub(in crate::book) fn path(&self, number: usize) -> Option<&str> {
        self.files.get(self.position(number)?).map(|file| file.path.as_str())
    }

    /// The picture of a number, counted from 0.
    pub(in crate::book) fn picture(&self, number: usize) -> Option<usize> {
        let at = self.position(number)?;
        self.files.get(at).filter(|file| file.media_type.starts_with("image/")).map(|_| at)
    }
}

/// A font freed of its wrapping: first the XOR over its head, then the compression.
fn font(record: &[u8]) -> Option<Vec<u8>> {
    const PACKED: u32 = 1;
    const OBFUSCATED: u32 = 2;
    const OBFUSCATED_BYTES: usize = 1040;
    let field = |at| u32_at(record, at).map(|value| value as usize);
    let (size, flags, start) = (field(4)?, u32_at(record, 8)?, field(12)?);
    let mut bytes = record.get(start..)?.to_vec();
    if flags & OBFUSCATED != 0 {
        let (length, at) = (field(16)?, field(20)?);
        let key = record.get(at..at.checked_add(length)?).filter(|key| !key.is_empty())?;
        for (byte, mask) in bytes.iter_mut().take(OBFUSCATED_BYTES).zip(key.iter().cycle()) {
            *byte ^= mask;
        }
    }
    if flags & PACKED != 0 {
        let mut out = Vec::new();
        ZlibDecoder::new(bytes.as_slice()).take(LARGEST_FONT).read_to_end(&mut out).ok()?;
        bytes = out;
    }
    bytes.truncate(size);
    (bytes.len() == size && size > 0).then_some(bytes)
}

fn font_type(bytes: &[u8]) -> (&'static str, &'static str) {
    if bytes.starts_with(b"OTTO") { ("otf", "font/otf") } else { ("ttf", "font/ttf") }
}

fn picture_type(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(("jpg", "image/jpeg")),
        [0x89, b'P', b'N', b'G', ..] => Some(("png", "image/png")),
        [b'G', b'I', b'F', b'8', ..] => Some(("gif", "image/gif")),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(("bmp", "image/bmp")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(("webp", "image/webp")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    #[test]
    fn fonts_are_freed_of_their_wrapping() {
        let plain: Vec<u8> = [b"OTTO".to_vec(), (0..5000u32).map(|at| ((at * at) >> 3) as u8).collect()].concat();
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&plain).expect("room");
        let mut packed = packed.finish().expect("room");
        let key = [7u8, 99, 200];
        packed.iter_mut().take(1040).zip(key.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        let mut record = b"FONT".to_vec();
        for number in [plain.len() as u32, 3, 27, 3, 24] {
            record.extend_from_slice(&number.to_be_bytes());
        }
        record.extend_from_slice(&key);
        record.extend_from_slice(&packed);
        assert_eq!(font(&record).as_deref(), Some(plain.as_slice()));
        assert_eq!(font_type(&plain).0, "otf");
        record[19] ^= 1;
        assert_eq!(font(&record), None);
        assert_eq!(font(b"FONT"), None);
    }

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        assert_eq!(picture_type(b"GIF89a").map(|(extension, _)| extension), Some("gif"));
        assert_eq!(picture_type(b"BOUNDARY"), None);
    }
}
