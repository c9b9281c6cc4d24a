//! Pictures beside an article: which file an address in its text means, and what is known of that file.
//!
//! Only the last part of an address counts, and it is looked for in three places: the folder of the article's own name,
//! the folder `pictures`, and beside the article. So no address leads out of the folder of articles.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use percent_encoding::percent_decode_str;

use super::bring::write_whole;
use super::shelf::{Stamp, stamp};
use crate::book::{Bounds, bounded_picture, web_picture};
use crate::store::ContentHash;

/// The folder for pictures of all articles.
pub(super) const SHARED: &str = "pictures";
/// Largest picture that is shown, in bytes.
pub const LARGEST: u64 = 10 << 20;
/// Longest name, in bytes.
const NAME: usize = 200;

/// Heavier pictures are made lighter for pages, in bytes.
const HEAVY: u64 = 300 << 10;
/// What a lighter one may be: phones show no more.
const LIGHT: Bounds = Bounds { side: 1_600, bytes: 300 << 10, png: true };
/// The same for comic strips, which are many times as high as wide.
const LIGHT_STRIP: Bounds = Bounds { side: 8_000, ..LIGHT };
/// The folder, in that of the articles, where lighter ones are kept. All of it can be deleted: they are made anew.
const KEPT: &str = ".light";

/// A picture of an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its name in addresses, which is that of its file.
    pub name: String,
    /// Its media type; none: there is no such file, or it is no picture that can be shown.
    pub mime: Option<&'static str>,
    /// Width and height, in pixels.
    pub size: (u32, u32),
    /// Its file, and how that was.
    pub(super) place: Option<(PathBuf, Stamp)>,
}

/// A picture as pages show it, with its media type: a heavy one lighter, made once. None if the file has gone.
/// `making` is held by whoever makes one: two at a time would write the same file, and pictures take much memory.
pub(super) fn light(folder: &Path, making: &Mutex<()>, picture: &Picture) -> Option<(Vec<u8>, &'static str)> {
    let mime = picture.mime?;
    let (path, _) = picture.place.as_ref()?;
    let (length, changed) = stamp(path)?;
    // What moves would stand still.
    if length <= HEAVY || mime == "image/gif" {
        return Some((read(path)?, mime));
    }
    let key = ContentHash::of(format!("{} {length} {changed:?}", path.display()).as_bytes());
    let kept = |extension: &str| folder.join(KEPT).join(format!("{}.{extension}", key.as_str()));
    let known = || {
        let mimes = [("jpg", "image/jpeg"), ("png", "image/png")];
        mimes.into_iter().find_map(|(extension, mime)| Some((read(&kept(extension))?, mime)))
    };
    if let Some(found) = known() {
        return Some(found);
    }
    let _alone = making.lock();
    // Somebody may have made it while this one waited.
    if let Some(found) = known() {
        return Some(found);
    }
    let bytes = read(path)?;
    let (width, height) = picture.size;
    let bounds = if height / 2 > width { LIGHT_STRIP } else { LIGHT };
    let Ok(made) = bounded_picture(&bytes, bounds) else { return Some((bytes, mime)) };
    let path = kept(if made.media_type == "image/png" { "png" } else { "jpg" });
    let written = fs::create_dir_all(folder.join(KEPT)).and_then(|()| write_whole(&path, &made.bytes));
    if let Err(error) = written {
        log::warn!("{}: {error}", path.display());
    }
    Some((made.bytes, made.media_type))
}

/// The name of the file that an address means; none if it leads elsewhere.
pub(super) fn name_of(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let is_elsewhere = path.starts_with('/') || path.split('/').next().is_some_and(|first| first.contains(':'));
    if is_elsewhere {
        return None;
    }
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let name = path.rsplit('/').next()?;
    is_name(name).then(|| name.to_owned())
}

/// Whether a file can have this name. Addresses write some of what names may hold as `%3F` and the like.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = !name.starts_with('.') && !name.contains(['/', '\\']) && !name.contains(char::is_control);
    is_plain && (1..=NAME).contains(&name.len())
}

/// The picture of this name that belongs to the article whose file has this stem.
pub(super) fn find(folder: &Path, stem: &str, name: &str) -> Picture {
    let place = place(folder, stem, name);
    let known = place.as_ref().and_then(|(path, _)| web_picture(&read(path)?));
    let (mime, size) = known.map_or((None, (0, 0)), |(mime, size)| (Some(mime), size));
    Picture { name: name.to_owned(), mime, size, place }
}

/// The first of the three places where there is a file of this name.
pub(super) fn place(folder: &Path, stem: &str, name: &str) -> Option<(PathBuf, Stamp)> {
    let places = [folder.join(stem).join(name), folder.join(SHARED).join(name), folder.join(name)];
    places.into_iter().find_map(|path| stamp(&path).map(|stamp| (path, stamp)))
}

/// The bytes of a picture, up to the largest that is shown.
pub(super) fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LARGEST).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_part_of_an_address_counts() {
        for (address, name) in [
            ("a.png", Some("a.png")),
            ("书单/a%20b.png?x#y", Some("a b.png")),
            ("../../etc/passwd", Some("passwd")),
            ("./.hidden", None),
            ("..", None),
            ("https://example.com/a.png", None),
            ("//example.com/a.png", None),
            ("/a.png", None),
            ("data:image/png;base64,xx", None),
            ("a/%2e%2e%2fb", Some("b")),
            ("a/%00", None),
            ("", None),
        ] {
            assert_eq!(name_of(address).as_deref(), name, "{address}");
        }
    }
}
