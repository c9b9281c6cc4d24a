//! The files of an edition: each named, verified and taken in when a page first needs it.

use super::super::model::Resource;
use super::super::outcome::Outcome;
use super::super::{Change, Format, Report, font, picture};
use super::File;
use super::places::Places;
use std::collections::HashMap;

/// The files taken in so far.
pub(super) struct Files<'b> {
    target: Format,
    for_kindle: bool,
    resources: &'b [Resource],
    list: Vec<File>,
    /// By resource: the file it became, or none if it cannot be used.
    taken: HashMap<usize, Option<usize>>,
    /// By text: sheets and `data:` addresses that many pages repeat.
    known: HashMap<String, Option<usize>>,
    /// How many files of each letter there are.
    counts: HashMap<char, usize>,
    /// What the pictures of the book may still cost.
    pub(super) budget: picture::Budget,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// JPEG, PNG, GIF and what can be made one of them.
    Picture,
    /// SVG.
    Drawing,
    /// Sound.
    Audio,
    /// Film.
    Video,
    /// A font.
    Font,
    /// Subtitles.
    Captions,
}

impl<'b> Files<'b> {
    /// None yet.
    pub(super) fn new(resources: &'b [Resource], target: Format, for_kindle: bool) -> Files<'b> {
        let (taken, known, counts) = (HashMap::new(), HashMap::new(), HashMap::new());
        let budget = picture::Budget::default();
        Files { target, for_kindle, resources, list: Vec::new(), taken, known, counts, budget }
    }

    /// All files, in the order in which they were taken in.
    pub(super) fn finish(self) -> Vec<File> {
        self.list
    }

    /// A file by its index.
    pub(super) fn get(&self, at: usize) -> Option<&File> {
        self.list.get(at)
    }

    /// A file by its path.
    pub(super) fn named(&self, path: &str) -> Option<&File> {
        self.list.iter().find(|file| file.path == path)
    }

    /// A resource by its index.
    pub(super) fn resource(&self, at: usize) -> Option<&'b Resource> {
        self.resources.get(at)
    }

    /// Adds a file under a new name of that letter.
    pub(super) fn add(&mut self, letter: char, extension: &str, media_type: &'static str, bytes: Vec<u8>) -> usize {
        let count = self.counts.entry(letter).or_insert(0);
        *count += 1;
        self.list.push(File { path: format!("{letter}{count:04}.{extension}"), media_type, bytes });
        self.list.len() - 1
    }

    /// What a resource became, if it was asked for before.
    pub(super) fn taken(&self, resource: usize) -> Option<Option<usize>> {
        self.taken.get(&resource).copied()
    }

    /// Remembers what a resource became.
    pub(super) fn remember(&mut self, resource: usize, file: Option<usize>) {
        self.taken.insert(resource, file);
    }

    /// Takes the file of a resource out again, if it was the last one that was added: nothing names it yet.
    pub(super) fn take_back(&mut self, resource: usize) {
        let last = self.list.len().checked_sub(1);
        if last.is_none() || self.taken(resource).flatten() != last {
            return;
        }
        self.taken.remove(&resource);
        let letter = self.list.pop().and_then(|file| file.path.chars().next());
        if let Some(count) = letter.and_then(|letter| self.counts.get_mut(&letter)) {
            *count -= 1;
        }
    }

    /// A style sheet; the same text gives the same file.
    pub(super) fn add_sheet(&mut self, css: String) -> usize {
        if let Some(Some(known)) = self.known.get(&css) {
            return *known;
        }
        let file = self.add('s', "css", "text/css", css.clone().into_bytes());
        self.known.insert(css, Some(file));
        file
    }

    /// The raster picture or drawing that a resource holds.
    pub(super) fn picture(&mut self, resource: usize, places: &Places, report: &mut Report) -> Option<usize> {
        if let Some(known) = self.taken(resource) {
            return known;
        }
        let resources = self.resources;
        let Resource { path, bytes, .. } = resources.get(resource)?;
        let lookup = |href: &str| Some(resources.get(places.resource(path, href)?)?.bytes.as_slice());
        let file = self.picture_of(bytes, path, &lookup, report);
        self.remember(resource, file);
        file
    }

    /// The picture that those bytes are, as the target takes it.
    fn picture_of(
        &mut self,
        bytes: &[u8],
        path: &str,
        lookup: &picture::Lookup<'_>,
        report: &mut Report,
    ) -> Option<usize> {
        let is_drawing = picture::sniff(bytes) == Some(picture::Kind::Svg);
        let change = if is_drawing { Change::DrawingRasterised } else { Change::PictureConverted };
        let outcome = match self.target {
            Format::Azw3 | Format::Mobi => picture::for_kindle(bytes, lookup, &self.budget),
            _ if self.for_kindle => picture::for_kindle(bytes, lookup, &self.budget),
            _ => picture::for_epub(bytes, &self.budget),
        };
        let (bytes, media_type) = match outcome {
            Outcome::Keep(media_type) => (bytes.to_vec(), media_type),
            Outcome::Converted { bytes, media_type } => {
                report.note(change, path);
                (bytes, media_type)
            }
            Outcome::Unusable(reason) => {
                report.note(Change::PictureDropped, format!("{path}: {reason}"));
                return None;
            }
        };
        let extension = match media_type {
            "image/jpeg" => "jpg",
            "image/png" => "png",
            "image/gif" => "gif",
            "image/webp" => "webp",
            _ => "bmp",
        };
        Some(self.add('i', extension, media_type, bytes))
    }

    /// A picture given as `data:` address.
    pub(super) fn data_picture(&mut self, address: &str, report: &mut Report) -> Option<usize> {
        if let Some(known) = self.known.get(address) {
            return *known;
        }
        let decoded = picture::data_uri(address);
        let file = decoded.and_then(|(_, bytes)| self.picture_of(&bytes, "data:", &|_| None, report));
        self.known.insert(address.to_owned(), file);
        file
    }

    /// A resource of one of those kinds as it is.
    pub(super) fn plain(&mut self, resource: usize, kinds: &[Kind]) -> Option<usize> {
        if let Some(known) = self.taken(resource) {
            return known;
        }
        let bytes = &self.resources.get(resource)?.bytes;
        let (kind, media_type, extension) = sniff(bytes).filter(|(kind, ..)| kinds.contains(kind))?;
        let letter = match kind {
            Kind::Font => 'f',
            Kind::Picture => 'i',
            Kind::Drawing => 'd',
            Kind::Audio | Kind::Video | Kind::Captions => 'm',
        };
        let file = self.add(letter, extension, media_type, bytes.clone());
        self.remember(resource, Some(file));
        Some(file)
    }

    /// The font that a resource holds, as the target takes it.
    pub(super) fn font(&mut self, resource: usize, report: &mut Report) -> Option<usize> {
        if let Some(known) = self.taken(resource) {
            return known;
        }
        let Resource { path, bytes, .. } = self.resources.get(resource)?;
        let is_kindle = self.for_kindle || self.target == Format::Azw3;
        let outcome = if is_kindle { font::for_kindle(bytes) } else { font::for_epub(bytes) };
        let found = match outcome {
            Outcome::Keep(media_type) => Some((bytes.clone(), media_type)),
            Outcome::Converted { bytes, media_type } => Some((bytes, media_type)),
            Outcome::Unusable(reason) => {
                report.note(Change::FontDropped, format!("{path}: {reason}"));
                None
            }
        };
        let file = found.map(|(bytes, media_type)| {
            let extension = media_type.rsplit('/').next().unwrap_or("ttf");
            self.add('f', extension, media_type, bytes)
        });
        self.remember(resource, file);
        file
    }
}

/// What bytes are, by what they start with: kind, media type, extension.
pub(super) fn sniff(bytes: &[u8]) -> Option<(Kind, &'static str, &'static str)> {
    let at = |from: usize, what: &[u8]| bytes.get(from..).is_some_and(|rest| rest.starts_with(what));
    let kind = match bytes {
        _ if at(0, b"\xFF\xD8\xFF") => (Kind::Picture, "image/jpeg", "jpg"),
        _ if at(0, b"\x89PNG\r\n\x1A\n") => (Kind::Picture, "image/png", "png"),
        _ if at(0, b"GIF8") => (Kind::Picture, "image/gif", "gif"),
        _ if at(0, b"RIFF") && at(8, b"WEBP") => (Kind::Picture, "image/webp", "webp"),
        _ if at(0, b"\0\x01\0\0") || at(0, b"true") => (Kind::Font, "font/ttf", "ttf"),
        _ if at(0, b"OTTO") => (Kind::Font, "font/otf", "otf"),
        _ if at(0, b"wOFF") => (Kind::Font, "font/woff", "woff"),
        _ if at(0, b"wOF2") => (Kind::Font, "font/woff2", "woff2"),
        _ if at(0, b"WEBVTT") || at(3, b"WEBVTT") => (Kind::Captions, "text/vtt", "vtt"),
        _ if at(0, b"OggS")
            && bytes.get(..64).is_some_and(|head| head.windows(8).any(|eight| eight == b"OpusHead")) =>
        {
            (Kind::Audio, "audio/ogg", "opus")
        }
        _ if at(0, b"ID3") => (Kind::Audio, "audio/mpeg", "mp3"),
        [0xFF, second, ..] if second & 0xE6 == 0xE2 => (Kind::Audio, "audio/mpeg", "mp3"),
        _ if at(4, b"ftypM4A") => (Kind::Audio, "audio/mp4", "m4a"),
        _ if at(4, b"ftyp") && !at(8, b"avi") && !at(8, b"hei") && !at(8, b"mif") => (Kind::Video, "video/mp4", "mp4"),
        _ if at(0, b"\x1A\x45\xDF\xA3") => (Kind::Video, "video/webm", "webm"),
        _ if is_drawing(bytes) => (Kind::Drawing, "image/svg+xml", "svg"),
        _ => return None,
    };
    Some(kind)
}

fn is_drawing(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or(bytes);
    let marks: [&[u8]; 2] = [b"<svg", b":svg"];
    head.contains(&b'<') && marks.iter().any(|mark| head.windows(4).any(|four| four == *mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_content() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1A\n..").map(|one| one.1), Some("image/png"));
        assert_eq!(sniff(b"<?xml version='1.0'?><svg xmlns='x'/>").map(|one| one.0), Some(Kind::Drawing));
        assert_eq!(sniff(b"<html>"), None);
    }

    #[test]
    fn each_file_has_its_own_name() {
        let mut files = Files::new(&[], Format::Epub, false);
        let first = files.add_sheet("a".into());
        let second = files.add_sheet("b".into());
        assert_eq!(files.add_sheet("a".into()), first);
        assert_ne!(first, second);
        let names: Vec<String> = files.finish().into_iter().map(|file| file.path).collect();
        assert_eq!(names, ["s0001.css", "s0002.css"]);
    }
}
