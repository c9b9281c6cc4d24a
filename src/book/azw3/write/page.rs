//! Pages as KF8 has them: addresses for names, a number (`aid`) on every element, links to be
//! filled in later.

use super::flow::{drawing, push_attribute, style};
use super::names::{Names, Target, address};
use super::scan::{Piece, Scan, Tag, scan};
use crate::book::palm::write::base32;
use std::collections::HashMap;

/// A link to a page before it is known where that is; as long as the real one.
const UNKNOWN: &str = "kindle:pos:fid:0000:off:0000000000";
/// The most that stands in one piece; longer text is wrapped in parts, as kindlegen does, so that
/// a fragment can begin with an element anywhere.
pub(super) const LARGEST: usize = 8192;
const LARGEST_TEXT: usize = LARGEST - 200;
const LONG_TEXT: &str = "AmznBigTextBlock";

/// An element of the body, in the order of the start tags; all positions are in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub(super) start: usize,
    /// Behind the start tag.
    pub(super) inner: usize,
    /// Before the end tag.
    pub(super) inner_end: usize,
    /// Behind the end tag.
    pub(super) end: usize,
    /// The number of the first element behind it that is not inside it.
    pub(super) after: usize,
    /// Its number on the page, if it has one.
    pub(super) aid: Option<usize>,
}

/// A link to a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link<'a> {
    /// Where [`UNKNOWN`] stands in the text.
    pub(super) at: usize,
    pub(super) page: usize,
    pub(super) fragment: &'a str,
}

/// What all pages together give.
pub(super) struct Pages<'a, 'n> {
    pub(super) text: String,
    pub(super) links: Vec<Link<'a>>,
    /// Where the element with an id starts, by page.
    pub(super) anchors: HashMap<(usize, &'a str), usize>,
    /// Drawings that stood on pages.
    pub(super) drawings: Vec<String>,
    /// Links that lead nowhere in this format.
    pub(super) lost: usize,
    names: &'n Names<'a>,
    aids: usize,
}

impl<'a, 'n> Pages<'a, 'n> {
    pub(super) fn new(names: &'n Names<'a>, size: usize) -> Pages<'a, 'n> {
        Pages {
            text: String::with_capacity(size + size / 8),
            links: Vec::new(),
            anchors: HashMap::new(),
            drawings: Vec::new(),
            lost: 0,
            names,
            aids: 0,
        }
    }

    /// Appends a page and gives the elements of its body, the body first.
    pub(super) fn add(&mut self, number: usize, markup: &'a str) -> Vec<Element> {
        let mut walk = Walk { page: number, elements: Vec::new(), open: Vec::new(), in_body: false, table: None };
        self.text.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?><!DOCTYPE html>");
        let mut pieces = scan(markup);
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(text) => self.characters(text, &mut walk),
                Piece::Open(tag) if tag.name == "svg" && walk.in_body => {
                    self.drawing(tag, &mut pieces, markup, &mut walk)
                }
                Piece::Open(tag) => self.open(tag, &mut walk),
                Piece::Close(name) => self.close(name, &mut walk),
            }
        }
        walk.elements
    }

    fn characters(&mut self, text: &'a str, walk: &mut Walk) {
        if text.len() <= LARGEST_TEXT || !walk.in_body || walk.table.is_some() {
            self.text.push_str(text);
            return;
        }
        let mut rest = text;
        while !rest.is_empty() {
            let (part, after) = rest.split_at_checked(part_end(rest)).unwrap_or((rest, ""));
            let tag = Tag { name: "span", attributes: "", empty: false };
            self.start_tag(tag, walk, Some(LONG_TEXT));
            self.text.push_str(part);
            self.close("span", walk);
            rest = after;
        }
    }

    fn open(&mut self, tag: Tag<'a>, walk: &mut Walk) {
        walk.in_body |= tag.name == "body";
        self.start_tag(tag, walk, None);
    }

    fn start_tag(&mut self, tag: Tag<'a>, walk: &mut Walk, class: Option<&str>) {
        let start = self.text.len();
        self.text.push('<');
        self.text.push_str(tag.name);
        if let Some(class) = class {
            push_attribute("class", class, &mut self.text);
        }
        for (name, value) in tag.attributes() {
            self.attribute(tag.name, name, value, start, walk.page);
        }
        if !walk.in_body {
            self.text.push_str(if tag.empty { "/>" } else { ">" });
            return;
        }
        if tag.name == "table" && !tag.empty && walk.table.is_none() {
            walk.table = Some(walk.open.len());
        }
        let has_aid = walk.table.is_none() && !tag.empty && !matches!(tag.name, "ruby" | "rb" | "rtc" | "math");
        let aid = has_aid.then_some(self.aids);
        if let Some(aid) = aid {
            push_attribute("aid", &base32(aid, 1), &mut self.text);
            self.aids += 1;
        }
        self.text.push_str(if tag.empty { "/>" } else { ">" });
        let end = self.text.len();
        let number = walk.elements.len();
        walk.elements.push(Element { start, inner: end, inner_end: end, end, after: number + 1, aid });
        if !tag.empty {
            walk.open.push(number);
        }
    }

    fn attribute(&mut self, tag: &str, name: &'a str, value: &'a str, start: usize, page: usize) {
        match name {
            "aid" => return,
            "id" => {
                self.anchors.entry((page, value)).or_insert(start);
            }
            "name" if tag == "a" => {
                self.anchors.entry((page, value)).or_insert(start);
            }
            "style" if value.contains("url(") => {
                let value = style(value, self.names);
                push_attribute(name, &value, &mut self.text);
                return;
            }
            "href" | "src" | "xlink:href" | "poster" | "data" => match self.names.resolve(value, Some(page)) {
                Some(Target::Page(page, fragment)) => {
                    push_attribute(name, UNKNOWN, &mut self.text);
                    let at = self.text.len() - UNKNOWN.len() - 1;
                    self.links.push(Link { at, page, fragment });
                    return;
                }
                Some(Target::Lost) => {
                    self.lost += 1;
                    return;
                }
                Some(target) => {
                    push_attribute(name, &address(target).unwrap_or_default(), &mut self.text);
                    return;
                }
                None => {}
            },
            _ => {}
        }
        push_attribute(name, value, &mut self.text);
    }

    fn close(&mut self, name: &str, walk: &mut Walk) {
        let start = self.text.len();
        if name == "body" {
            self.fill(walk);
            walk.in_body = false;
        }
        let inner_end = if name == "body" { self.text.len() } else { start };
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
        if !walk.in_body && name != "body" {
            return;
        }
        let Some(number) = walk.open.pop() else { return };
        let after = walk.elements.len();
        if let Some(element) = walk.elements.get_mut(number) {
            (element.inner_end, element.end, element.after) = (inner_end, self.text.len(), after);
        }
        if walk.table == Some(walk.open.len()) {
            walk.table = None;
        }
    }

    /// A body without any element gets one, so that there is something to link to.
    fn fill(&mut self, walk: &mut Walk) {
        if walk.elements.len() == 1 {
            let body_inner = walk.elements.first().map_or(0, |body| body.inner);
            let text = self.text.split_off(body_inner);
            self.start_tag(Tag { name: "div", attributes: "", empty: false }, walk, None);
            self.text.push_str(&text);
            self.close("div", walk);
        }
    }

    /// A drawing on a page becomes a flow with a picture in its place.
    fn drawing(&mut self, tag: Tag<'a>, pieces: &mut Scan<'a>, markup: &'a str, walk: &mut Walk) {
        let end_of_tag = pieces.consumed();
        let start = markup.get(..end_of_tag).and_then(|before| before.rfind("<svg")).unwrap_or(end_of_tag);
        let mut depth = usize::from(!tag.empty);
        while depth > 0 {
            match pieces.next() {
                Some(Piece::Open(inner)) if inner.name == "svg" && !inner.empty => depth += 1,
                Some(Piece::Close("svg")) => depth -= 1,
                Some(_) => {}
                None => break,
            }
        }
        let svg = markup.get(start..pieces.consumed()).unwrap_or_default();
        let svg = drawing(svg, self.names, &mut self.lost);
        self.drawings.push(svg);
        let flow = Target::Flow(self.names.flows.len() + self.drawings.len(), "image/svg+xml");
        let start = self.text.len();
        self.text.push_str("<img");
        push_attribute("src", &address(flow).unwrap_or_default(), &mut self.text);
        push_attribute("alt", tag.get("aria-label").unwrap_or_default(), &mut self.text);
        for name in ["id", "class", "style", "width", "height"] {
            if let Some(value) = tag.get(name) {
                self.attribute("img", name, value, start, walk.page);
            }
        }
        self.text.push_str("/>");
        let (end, number) = (self.text.len(), walk.elements.len());
        walk.elements.push(Element { start, inner: end, inner_end: end, end, after: number + 1, aid: None });
    }
}

/// Where a page is read.
struct Walk {
    page: usize,
    elements: Vec<Element>,
    /// The numbers of the elements that are open.
    open: Vec<usize>,
    in_body: bool,
    /// How many elements are open around the outermost table. In tables nothing is numbered: the
    /// renderer of old Kindles fails on large ones.
    table: Option<usize>,
}

/// Where to cut a long text: behind a blank if there is one not far away, never in an entity.
fn part_end(text: &str) -> usize {
    if text.len() <= LARGEST_TEXT {
        return text.len();
    }
    let most = text.floor_char_boundary(LARGEST_TEXT);
    let part = text.get(..most).unwrap_or(text);
    let near = part.floor_char_boundary(most - 256);
    let tail = part.get(near..).unwrap_or_default();
    if let Some((at, blank)) = tail.char_indices().rev().find(|(_, c)| c.is_whitespace()) {
        return near + at + blank.len_utf8();
    }
    match tail.rfind('&') {
        Some(at) if !tail.get(at..).is_some_and(|entity| entity.contains(';')) && near + at > 0 => near + at,
        _ => most,
    }
}
