//! A page as the book gets it: without the device's marks, with ids for what is linked to.

use super::links::{Links, find, position};
use super::places::new_id;
use crate::book::palm::{Attribute, Kind, Token, attribute, attributes, tokens};
use crate::book::{Change, Report};

/// Writes a page out.
pub(super) fn write(page: usize, bytes: &[u8], links: &mut Links<'_>, report: &mut Report) -> Vec<u8> {
    let mut new_ids = links.places.new_ids(page);
    new_ids.reverse();
    let mut writer = Writer { page, out: Vec::with_capacity(bytes.len()), new_ids, links, report };
    let mut in_style = false;
    for token in tokens(bytes) {
        match token.kind {
            Kind::Open => {
                in_style = token.is("style");
                writer.open(&token);
            }
            Kind::Text if in_style => {
                let sheet = writer.links.replace(token.bytes, writer.report);
                writer.out.extend_from_slice(&sheet);
            }
            Kind::Text | Kind::Other => writer.out.extend_from_slice(token.bytes),
            Kind::Close => {
                in_style = false;
                if let Some(at) = writer.new_id(&token) {
                    writer.empty_anchor(at);
                }
                writer.out.extend_from_slice(token.bytes);
            }
        }
    }
    writer.out
}

/// Writes a drawing out, to stand in a page or alone.
pub(super) fn drawing(flow: &[u8], links: &mut Links<'_>, report: &mut Report) -> Vec<u8> {
    let mut writer =
        Writer { page: usize::MAX, out: Vec::with_capacity(flow.len()), new_ids: Vec::new(), links, report };
    writer.drawing(flow);
    writer.out
}

struct Writer<'w, 's> {
    page: usize,
    out: Vec<u8>,
    /// Places for new ids, the next one last.
    new_ids: Vec<usize>,
    links: &'w mut Links<'s>,
    report: &'w mut Report,
}

impl Writer<'_, '_> {
    fn open(&mut self, token: &Token<'_>) {
        let anchor = self.new_id(token);
        let source = if token.is("img") { attribute(token, "src") } else { None };
        if let Some(source) = source {
            if let Some(drawing) = self.links.drawing(source) {
                anchor.into_iter().for_each(|at| self.empty_anchor(at));
                self.drawing(drawing);
                return;
            }
            if source.starts_with(b"kindle:") && self.links.path(source).is_none() {
                self.report.note(Change::PictureDropped, String::from_utf8_lossy(source));
                anchor.into_iter().for_each(|at| self.empty_anchor(at));
                return;
            }
        }
        let plain = anchor.is_none()
            && ![b" aid=".as_slice(), b"kindle:", b"mzn"].iter().any(|mark| find(token.bytes, mark).is_some());
        if plain {
            self.out.extend_from_slice(token.bytes);
        } else {
            self.element(token, anchor);
        }
    }

    /// A drawing with its own links made paths; declarations have no place in a page.
    fn drawing(&mut self, flow: &[u8]) {
        for token in tokens(flow).filter(|token| token.kind != Kind::Other) {
            match token.kind {
                Kind::Open => self.element(&token, None),
                _ => {
                    let text = self.links.replace(token.bytes, self.report);
                    self.out.extend_from_slice(&text);
                }
            }
        }
    }

    fn element(&mut self, token: &Token<'_>, anchor: Option<usize>) {
        self.out.push(b'<');
        self.out.extend_from_slice(token.name());
        if let Some(at) = anchor {
            Attribute { name: b"id", value: &new_id(at) }.write(&mut self.out);
        }
        let mut page_break = None;
        for one in attributes(token) {
            if one.is("aid") || anchor.is_some() && one.is("id") || one.name.starts_with(b"data-AmznRemoved") {
                continue;
            }
            if one.is("data-AmznPageBreak") {
                page_break = Some([b"page-break-after:", one.value].concat());
                continue;
            }
            self.attribute(one);
        }
        if let Some(value) = page_break.filter(|_| attribute(token, "style").is_none()) {
            Attribute { name: b"style", value: &value }.write(&mut self.out);
        }
        self.out.extend_from_slice(if token.bytes.ends_with(b"/>") { b"/>" } else { b">" });
    }

    fn attribute(&mut self, one: Attribute<'_>) {
        if one.value.starts_with(b"kindle:pos:") {
            match position(one.value).and_then(|(place, _)| self.links.href(place, self.page)) {
                Some(href) => Attribute { value: &href, ..one }.write(&mut self.out),
                None => self.report.note(Change::LinkDropped, String::from_utf8_lossy(one.value)),
            }
        } else if find(one.value, b"kindle:").is_some() {
            let value = self.links.replace(one.value, self.report);
            Attribute { value: &value, ..one }.write(&mut self.out);
        } else {
            one.write(&mut self.out);
        }
    }

    /// The id that belongs to a tag, if links lead to it.
    fn new_id(&mut self, token: &Token<'_>) -> Option<usize> {
        let at = self.new_ids.last().copied().filter(|&at| at < token.end())?;
        self.new_ids.pop();
        Some(at)
    }

    fn empty_anchor(&mut self, at: usize) {
        self.out.extend_from_slice(b"<a id=\"");
        self.out.extend_from_slice(&new_id(at));
        self.out.extend_from_slice(b"\"></a>");
    }
}
