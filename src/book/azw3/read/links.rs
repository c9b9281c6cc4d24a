//! Kindle's own links: `kindle:pos` to places, `kindle:embed` to pictures and fonts, `kindle:flow` to
//! style sheets and drawings.

use super::flows::{Flows, is_drawing};
use super::page;
use super::places::{Places, file_name};
use crate::book::model::Resource;
use crate::book::palm::{Place, Resources, TextEncoding, base32};
use crate::book::{Change, Report};
use std::collections::BTreeSet;

/// What links can lead to.
pub(super) struct Links<'s> {
    pub(super) places: &'s Places<'s>,
    resources: &'s Resources<'s>,
    flows: &'s Flows<'s>,
    /// Drawings that are files of their own.
    drawings: BTreeSet<usize>,
    /// How many bytes of drawings may still be put into pages.
    room: usize,
}

const SCHEME: &[u8] = b"kindle:";
/// Most bytes of drawings that are put into pages; more are files.
const MOST_INLINE: usize = 16 << 20;

impl<'s> Links<'s> {
    pub(super) fn new(places: &'s Places<'s>, resources: &'s Resources<'s>, flows: &'s Flows<'s>) -> Links<'s> {
        Links { places, resources, flows, drawings: BTreeSet::new(), room: MOST_INLINE }
    }

    /// The link to a place, as a page sees it.
    pub(super) fn href(&self, place: Place, page: usize) -> Option<Vec<u8>> {
        let (target, id) = self.places.find(place)?;
        let file = if target == page && id.is_some() { String::new() } else { file_name(target) };
        let mut href = file.into_bytes();
        if let Some(id) = id {
            href.push(b'#');
            href.extend_from_slice(&id);
        }
        Some(href)
    }

    /// The drawing that a link names, if it is to be put into the page.
    pub(super) fn drawing(&mut self, value: &[u8]) -> Option<&'s [u8]> {
        let number = base32(value.strip_prefix(b"kindle:flow:")?.get(..4)?)?;
        let drawing = self.flows.get(number).filter(|flow| is_drawing(flow) && is_of_page(flow))?;
        self.room = self.room.checked_sub(drawing.len())?;
        Some(drawing)
    }

    /// A text with every link to an embedded file or flow in it made a path; `None` for one of them that
    /// leads nowhere.
    pub(super) fn replace(&mut self, text: &[u8], report: &mut Report) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = find(rest, SCHEME) {
            let (before, link) = rest.split_at(at);
            out.extend_from_slice(before);
            let length = link.iter().position(|byte| byte.is_ascii_whitespace() || b"\"'()<>,;".contains(byte));
            let (link, after) = link.split_at(length.unwrap_or(link.len()));
            match self.path(link) {
                Some(path) => {
                    out.extend_from_slice(b"../");
                    out.extend_from_slice(path.as_bytes());
                }
                None => report.note(Change::FileMissing, String::from_utf8_lossy(link)),
            }
            rest = after;
        }
        out.extend_from_slice(rest);
        out
    }

    /// The path in the book of an embedded file or flow.
    pub(super) fn path(&mut self, link: &[u8]) -> Option<String> {
        if let Some(number) = link.strip_prefix(b"kindle:embed:") {
            let number = base32(number.get(..4)?)?.checked_sub(1)?;
            return self.resources.path(number).map(str::to_owned);
        }
        let number = base32(link.strip_prefix(b"kindle:flow:")?.get(..4)?)?;
        if is_drawing(self.flows.get(number)?) {
            self.drawings.insert(number);
            return Some(drawing_path(number));
        }
        Some(style_path(number))
    }

    /// The style sheets, and the drawings that are files.
    pub(super) fn resources(mut self, encoding: TextEncoding, report: &mut Report) -> Vec<Resource> {
        let mut files = Vec::new();
        for number in 1..self.flows.len() {
            let Some(flow) = self.flows.get(number).filter(|flow| !is_drawing(flow)) else { continue };
            let sheet = self.replace(flow, report);
            let bytes = encoding.decode(&sheet).into_bytes();
            files.push(Resource { path: style_path(number), media_type: "text/css".into(), bytes });
        }
        for number in std::mem::take(&mut self.drawings) {
            let flow = self.flows.get(number).unwrap_or_default();
            let bytes = encoding.decode(&page::drawing(flow, &mut self, report)).into_bytes();
            files.push(Resource { path: drawing_path(number), media_type: "image/svg+xml".into(), bytes });
        }
        files
    }
}

/// Whether a drawing stood in the page: one that was a file of the book, shown by `<img>`, starts with a declaration as
/// files do. Whatever it starts with, a drawing can only show pictures of the book within a page.
fn is_of_page(flow: &[u8]) -> bool {
    flow.trim_ascii_start().starts_with(b"<svg") || find(flow, b"kindle:embed:").is_some()
}

fn style_path(number: usize) -> String {
    format!("styles/style{number:04}.css")
}

fn drawing_path(number: usize) -> String {
    format!("images/drawing{number:04}.svg")
}

/// The place that a `kindle:pos` link in a tag or a value leads to, and what stands in front of it.
pub(super) fn position(text: &[u8]) -> Option<(Place, usize)> {
    const HEAD: &[u8] = b"kindle:pos:fid:";
    let at = find(text, HEAD)?;
    let rest = text.get(at + HEAD.len()..)?;
    let fragment = base32(rest.get(..4)?)?;
    let offset = rest.get(4..)?.strip_prefix(b":off:")?;
    let digits = offset.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    Some((Place::InFragment(fragment, base32(offset.get(..digits)?)?), at))
}

/// Whether the text names the resource of that number, counted from 0.
pub(super) fn shows(text: &[u8], number: usize) -> bool {
    let mut rest = text;
    while let Some(at) = find(rest, b"kindle:embed:") {
        rest = rest.get(at + 13..).unwrap_or_default();
        if rest.get(..4).and_then(base32) == number.checked_add(1) {
            return true;
        }
    }
    false
}

/// Where a needle starts.
pub(super) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|&byte| byte == first)?;
        if text.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_places_are_read() {
        let link = b"<a href=\"kindle:pos:fid:0002:off:000000000V\">";
        assert_eq!(position(link).map(|(place, _)| place), Some(Place::InFragment(2, 31)));
        assert_eq!(position(b"kindle:pos:fid:0002"), None);
        assert!(shows(b"kindle:embed:000B kindle:embed:0001", 0));
        assert!(!shows(b"kindle:embed:000B", 0));
    }
}
