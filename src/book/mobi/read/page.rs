//! The last pass: the pages, with ids put in, links and pictures as paths, and every page whole.

use super::lengths;
use super::lost_link;
use super::open::is_block;
use super::survey::{Survey, file_name, id, new_id};
use super::walk::{Fate, Walk, number};
use crate::book::palm::{Attribute, Kind, Resources, Token, attribute, attributes, tokens};
use crate::book::{Change, Report};

/// Tags that are opened again on every page lose their attributes when they come to more than this, in bytes.
const MOST_REOPENED: usize = 4 << 20;

/// The pages as they grow.
pub(super) struct Pages<'a, 's> {
    survey: &'s Survey<'a>,
    resources: &'s Resources<'s>,
    report: &'s mut Report,
    done: Vec<Vec<u8>>,
    page: Vec<u8>,
    /// Elements that were open when the page started and are opened again when something comes.
    reopening: Vec<Token<'a>>,
    /// How many bytes of tags were opened again so far.
    reopened: usize,
    /// Places for new ids, the next one last.
    new_ids: Vec<usize>,
}

impl<'a, 's> Pages<'a, 's> {
    /// The bodies of the pages, in the encoding of the text.
    pub(super) fn write(
        text: &'a [u8],
        survey: &'s Survey<'a>,
        resources: &'s Resources<'s>,
        report: &'s mut Report,
    ) -> Vec<Vec<u8>> {
        let mut new_ids = survey.new_ids();
        new_ids.reverse();
        let mut pages = Pages {
            survey,
            resources,
            report,
            done: Vec::new(),
            page: Vec::new(),
            reopening: Vec::new(),
            reopened: 0,
            new_ids,
        };
        let mut walk = Walk::new(survey.own);
        for token in tokens(text) {
            let fate = walk.step(token);
            pages.take(token, fate, walk.open.elements());
        }
        pages.anchors_before(usize::MAX);
        pages.end_page(walk.open.elements());
        pages.done
    }

    fn take(&mut self, token: Token<'a>, fate: Fate, open: &[Token<'a>]) {
        match fate {
            Fate::Skip | Fate::Aside | Fate::AsidePlace => {}
            Fate::Sound => self.report.note(Change::AudioDropped, file_name(self.done.len())),
            Fate::Film => self.report.note(Change::VideoDropped, file_name(self.done.len())),
            Fate::Break if self.survey.starts_at(token.end()) => {
                self.end_page(open);
                self.reopening = open.to_vec();
            }
            Fate::Break if !self.page.is_empty() => {
                self.page.extend_from_slice(b"<div style=\"page-break-before:always\"></div>");
            }
            Fate::Break => {}
            Fate::Text => self.text(token),
            Fate::QuoteStart => {
                self.reopen(open.len());
                let anchor = self.new_id_in(&token);
                self.page.extend_from_slice(b"<q");
                if let Some(at) = anchor {
                    Attribute { name: b"id", value: &new_id(at) }.write(&mut self.page);
                }
                self.page.push(b'>');
            }
            Fate::QuoteEnd => self.page.extend_from_slice(b"</q>"),
            Fate::Picture(number) => {
                self.reopen(open.len());
                self.picture(token, number);
            }
            Fate::Element if token.kind == Kind::Open => {
                let inside = open.len().saturating_sub(usize::from(!token.is_empty()));
                self.reopen(inside);
                let anchor = self.new_id_in(&token);
                self.element(&token, anchor);
            }
            Fate::Element => {
                if self.reopening.len() > open.len() {
                    self.reopening.truncate(open.len());
                } else {
                    self.page.extend_from_slice(b"</");
                    self.page.extend_from_slice(token.name());
                    self.page.push(b'>');
                }
            }
        }
    }

    fn end_page(&mut self, open: &[Token<'a>]) {
        let reopened = open.len().saturating_sub(self.reopening.len());
        for element in open.iter().take(reopened).rev() {
            self.page.extend_from_slice(b"</");
            self.page.extend_from_slice(element.name());
            self.page.push(b'>');
        }
        self.reopening.clear();
        self.done.push(std::mem::take(&mut self.page));
    }

    /// Opens again what was open when the page started, as far as it is still open.
    fn reopen(&mut self, still_open: usize) {
        for element in std::mem::take(&mut self.reopening).iter().take(still_open) {
            self.reopened += element.bytes.len();
            if self.reopened <= MOST_REOPENED {
                self.element(element, None);
            } else {
                self.page.push(b'<');
                self.page.extend_from_slice(element.name());
                self.page.push(b'>');
            }
        }
    }

    fn text(&mut self, token: Token<'a>) {
        if !token.is_blank() {
            self.reopen(usize::MAX);
        }
        let mut from = 0;
        while let Some(at) = self.new_ids.last().copied().filter(|&at| at < token.end()) {
            self.new_ids.pop();
            let to = at.saturating_sub(token.at).max(from);
            self.page.extend_from_slice(token.bytes.get(from..to).unwrap_or_default());
            self.empty_anchor(at);
            from = to;
        }
        self.page.extend_from_slice(token.bytes.get(from..).unwrap_or_default());
    }

    /// Anchors that no token has taken, as at the end of the text.
    fn anchors_before(&mut self, end: usize) {
        while let Some(at) = self.new_ids.last().copied().filter(|&at| at < end) {
            self.new_ids.pop();
            self.empty_anchor(at);
        }
    }

    fn empty_anchor(&mut self, at: usize) {
        self.page.extend_from_slice(b"<a id=\"");
        self.page.extend_from_slice(&new_id(at));
        self.page.extend_from_slice(b"\"></a>");
    }

    /// The id that an element is to carry, if links lead to it.
    fn new_id_in(&mut self, token: &Token<'_>) -> Option<usize> {
        self.anchors_before(token.at);
        let at = self.new_ids.last().copied().filter(|&at| at < token.end())?;
        self.new_ids.pop();
        Some(at)
    }

    fn element(&mut self, token: &Token<'_>, anchor: Option<usize>) {
        self.page.push(b'<');
        self.page.extend_from_slice(token.name());
        if let Some(at) = anchor {
            Attribute { name: b"id", value: &new_id(at) }.write(&mut self.page);
        }
        let block = is_block(token);
        let style = if block { lengths::style(token) } else { None };
        for attribute in attributes(token) {
            let reopened_id = anchor.is_some() && attribute.is("id");
            if reopened_id || attribute.is("filepos") || block && lengths::is_style(attribute.name) {
                continue;
            }
            match attribute.value.strip_prefix(b"#").filter(|_| attribute.is("href")) {
                Some(name) => self.link_to_name(name),
                None => attribute.write(&mut self.page),
            }
        }
        if let Some(style) = style {
            Attribute { name: b"style", value: &style }.write(&mut self.page);
        }
        if let Some(target) = attribute(token, "filepos").and_then(number) {
            self.link(target);
        }
        self.page.extend_from_slice(if token.is_empty() { b"/>" } else { b">" });
    }

    /// A link that counts bytes.
    fn link(&mut self, target: usize) {
        match self.survey.anchor(target) {
            Some(anchor) => self.href(self.survey.page(anchor.at), &id(anchor)),
            None => lost_link(self.report, target),
        }
    }

    /// A link to a name, which may be on another page now.
    fn link_to_name(&mut self, name: &[u8]) {
        match self.survey.page_of_name(name) {
            Some(page) => self.href(page, name),
            None => self.report.note(Change::LinkDropped, format!("#{}", String::from_utf8_lossy(name))),
        }
    }

    fn href(&mut self, page: usize, id: &[u8]) {
        let file = if page == self.done.len() { String::new() } else { file_name(page) };
        let href = [file.as_bytes(), b"#", id].concat();
        Attribute { name: b"href", value: &href }.write(&mut self.page);
    }

    fn picture(&mut self, token: Token<'a>, number: usize) {
        let anchor = self.new_id_in(&token);
        let Some(path) = self.resources.picture(number).and_then(|_| self.resources.path(number)) else {
            self.report.note(Change::PictureDropped, format!("picture {}", number.saturating_add(1)));
            anchor.into_iter().for_each(|at| self.empty_anchor(at));
            return;
        };
        let source = format!("../{path}");
        self.page.extend_from_slice(b"<img");
        if let Some(at) = anchor {
            Attribute { name: b"id", value: &new_id(at) }.write(&mut self.page);
        }
        Attribute { name: b"src", value: source.as_bytes() }.write(&mut self.page);
        let numbers = ["recindex", "hirecindex", "lorecindex", "src"];
        let others = attributes(&token).filter(|attribute| !numbers.iter().any(|name| attribute.is(name)));
        others.filter(|attribute| anchor.is_none() || !attribute.is("id")).for_each(|one| one.write(&mut self.page));
        self.page.extend_from_slice(b"/>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::palm::TextEncoding;

    #[test]
    fn pages_and_what_they_repeat_are_bounded() {
        let around = format!("<div class=\"{}\">", "x".repeat(1000)).repeat(10);
        let text = format!("<body>{around}{}", "x<mbp:pagebreak/>".repeat(11_000));
        let encoding = TextEncoding::of(65001, text.as_bytes());
        let survey = Survey::of(text.as_bytes(), encoding, false, std::iter::empty());
        let (resources, mut report) = (Resources::default(), Report::default());
        let pages = Pages::write(text.as_bytes(), &survey, &resources, &mut report);
        assert_eq!(pages.len(), 10_000);
        // A page without attributes has ten tags of 11 bytes in all.
        let size: usize = pages.iter().map(Vec::len).sum();
        assert!(size < MOST_REOPENED + 10_000 * 120 + 11_000 * 60, "{size}");
        assert!(pages.last().is_some_and(|last| last.iter().filter(|byte| **byte == b'x').count() > 1000));
    }
}
