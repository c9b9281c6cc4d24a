//! A page of the book into the markup of old Mobipocket: HTML 3.2 and its few additions.
//!
//! Every element is looked at once, by its style and not by its name, where the two differ. What
//! has no counterpart is left out and what it holds is kept: text is never lost, not even where a
//! style hides it, for there is no other place for it here.

use super::cascade::Cascade;
use super::format::{Format, align_name};
use super::property::{Align, Blanks, Display, Marker};
use super::stream::{Link, Paragraph, Stream};
use super::style::{Style, heading, is_block};
use super::target::{Place, Targets};
use crate::book::dom::{Data, Document, Element, NodeId, Space, escape_attribute};
use crate::book::mobi::Made;
use std::collections::HashMap;

/// What a page is written with.
pub(super) struct PageWriter<'a, 'b> {
    pub(super) page: &'a Document,
    pub(super) cascade: &'a Cascade,
    pub(super) stream: &'a mut Stream,
    pub(super) targets: &'a mut Targets<'b>,
    /// The numbers of pictures by their paths.
    pub(super) pictures: &'a HashMap<&'b str, usize>,
    /// The number of the page.
    pub(super) number: usize,
    pub(super) lost: Lost,
}

/// What a page had that could not be kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lost {
    /// Pictures that are no pictures here.
    pub(super) pictures: usize,
    /// Links that lead to files that are no pages.
    pub(super) links: usize,
}

/// What an element finds around it.
#[derive(Clone, Copy)]
struct Around {
    style: Style,
    link: Option<usize>,
    paragraph: Paragraph,
    /// In a list or table, where no page can end.
    inside: bool,
    /// Steps set in so far.
    steps: usize,
    /// In an item of a list without markers.
    bare_list: bool,
    /// Quotations around.
    quotes: u8,
}

/// The deepest that text is set in; old Kindles have narrow screens.
const MAX_STEPS: usize = 4;

impl PageWriter<'_, '_> {
    /// Writes the page.
    pub(super) fn write(&mut self) {
        let body = self.page.body();
        let mut style = Style::default();
        let mut above: Vec<NodeId> =
            self.page.ancestors(body).filter(|&node| self.page.element(node).is_some()).collect();
        above.reverse();
        above.push(body);
        for node in above {
            style = self.cascade.style(self.page, node, &style);
            self.arrive(node);
        }
        // The size of the body is that of running text.
        style.size = 1.0;
        let around = Around {
            style,
            link: None,
            paragraph: Paragraph { tag: "div", align: style.align, indent: style.indent },
            inside: false,
            steps: 0,
            bare_list: false,
            quotes: 0,
        };
        self.children(body, &around);
        self.stream.end_paragraph();
    }

    /// Recursion is as deep as the tree, which `Document::MAX_DEPTH` bounds.
    fn children(&mut self, node: NodeId, around: &Around) {
        let mut next = self.page.first_child(node);
        while let Some(child) = next {
            match self.page.data(child) {
                Data::Text(text) => self.text(text, around),
                Data::Element(element) => self.element(child, element, around),
                Data::Root => {}
            }
            next = self.page.next(child);
        }
    }

    fn text(&mut self, text: &str, around: &Around) {
        let format = format(around);
        if around.style.blanks == Blanks::Collapse {
            return self.stream.text(text, &format, &around.paragraph, self.targets);
        }
        for (at, line) in text.split('\n').enumerate() {
            let line = line.trim_end_matches('\r');
            if at > 0 {
                self.stream.line_break(self.targets);
            }
            match around.style.blanks {
                Blanks::Keep if !line.is_empty() => {
                    self.stream.exact(line, &format, &around.paragraph, self.targets);
                }
                _ => self.stream.text(line, &format, &around.paragraph, self.targets),
            }
        }
    }

    fn element(&mut self, node: NodeId, element: &Element, around: &Around) {
        if matches!(element.name.as_str(), "head" | "script" | "style" | "template") {
            return;
        }
        self.arrive(node);
        let mut style = self.cascade.style(self.page, node, &around.style);
        let block_by_name = element.space == Space::Html && is_block(&element.name);
        // What floats in a line is an initial: in line it is, and as large as the text.
        if style.float && !block_by_name {
            (style.display, style.size) = (Display::Inline, around.style.size);
        }
        let mut inner = Around { style, ..*around };
        match (element.space, element.name.as_str()) {
            (Space::Html, "br") => {
                if style.display != Display::None {
                    self.stream.line_break(self.targets);
                }
            }
            (Space::Html, "hr") => {
                self.stream.end_paragraph();
                self.stream.open("<hr/>", self.targets);
            }
            (Space::Html, "img") => self.picture(element, element.get("src"), &inner),
            (Space::Svg, "image") => {
                self.picture(element, element.get("xlink:href").or_else(|| element.get("href")), &inner);
            }
            (Space::Html, "a") if element.get("href").is_some() => self.link(node, element, &mut inner),
            (Space::Html, "ruby" | "rp") => self.kept(node, &element.name, &inner),
            (Space::Html, "rt") => self.reading(node, &inner),
            (Space::Html, "q") => {
                let (open, close) = if around.quotes.is_multiple_of(2) { ("“", "”") } else { ("‘", "’") };
                inner.quotes = around.quotes.wrapping_add(1);
                self.made(Made::QuoteStart, open, &inner);
                self.children(node, &inner);
                self.made(Made::QuoteEnd, close, &inner);
            }
            (Space::Html, name) => match style.display {
                Display::Block if !block_by_name && around.paragraph.tag.starts_with('h') => {
                    self.stream.line_soon();
                    self.children(node, &inner);
                    self.stream.line_soon();
                }
                Display::Block => self.block(node, element, &mut inner, around),
                Display::None if block_by_name => self.block(node, element, &mut inner, around),
                _ if is_structure(name) => self.block(node, element, &mut inner, around),
                _ => {
                    if block_by_name {
                        self.stream.part();
                    }
                    self.children(node, &inner);
                    if block_by_name {
                        self.stream.part();
                    }
                }
            },
            _ => self.children(node, &inner),
        }
    }

    /// An element in lines of its own.
    fn block(&mut self, node: NodeId, element: &Element, inner: &mut Around, around: &Around) {
        let style = inner.style;
        self.stream.end_paragraph();
        if style.break_before && !around.inside {
            self.stream.page_break();
        }
        self.stream.gap(style.above);
        inner.paragraph = Paragraph { tag: paragraph_tag(&element.name), align: style.align, indent: style.indent };
        match element.name.as_str() {
            "ul" | "ol" | "menu" | "dir" if style.marker != Marker::None => self.list(node, element, inner),
            "li" if !around.bare_list => self.item(node, element, inner),
            "table" => {
                inner.inside = true;
                inner.style.indent = 0.0;
                self.wrap("table", "<table>", node, inner);
            }
            "tr" | "dl" => {
                inner.inside = true;
                let tag = format!("<{}>", element.name);
                self.wrap(&element.name, &tag, node, inner);
            }
            name @ ("td" | "th") => {
                let tag = cell(element, &style);
                self.stream.open_cell(&tag, style.align, self.targets);
                self.children(node, inner);
                self.stream.close(name);
            }
            name @ ("caption" | "dt" | "dd") => {
                self.stream.open_cell(&format!("<{name}>"), style.align, self.targets);
                self.children(node, inner);
                self.stream.close(name);
            }
            "blockquote" => self.set_in(node, style.steps().max(1), inner),
            "ul" | "ol" | "menu" | "dir" => {
                inner.bare_list = true;
                let nested = around.bare_list && around.inside;
                inner.inside = true;
                self.set_in(node, usize::from(nested), inner);
            }
            _ => self.set_in(node, style.steps(), inner),
        }
        self.stream.end_paragraph();
        self.stream.gap(style.below);
        if style.break_after && !around.inside {
            self.stream.page_break();
        }
    }

    fn wrap(&mut self, name: &str, tag: &str, node: NodeId, inner: &Around) {
        self.stream.open(tag, self.targets);
        self.children(node, inner);
        self.stream.close(name);
    }

    /// What stands in some steps from the margin of what is around.
    fn set_in(&mut self, node: NodeId, steps: usize, inner: &mut Around) {
        let steps = steps.min(MAX_STEPS.saturating_sub(inner.steps));
        inner.steps += steps;
        inner.inside |= steps > 0;
        for _ in 0..steps {
            self.stream.open("<blockquote>", self.targets);
        }
        self.children(node, inner);
        for _ in 0..steps {
            self.stream.close("blockquote");
        }
    }

    fn list(&mut self, node: NodeId, element: &Element, inner: &mut Around) {
        (inner.bare_list, inner.inside) = (false, true);
        let numbering = match inner.style.marker {
            Marker::LowerLetter => Some("a"),
            Marker::UpperLetter => Some("A"),
            Marker::LowerRoman => Some("i"),
            Marker::UpperRoman => Some("I"),
            Marker::Decimal => None,
            Marker::Bullet | Marker::None => {
                return self.wrap("ul", "<ul>", node, inner);
            }
        };
        let mut tag = String::from("<ol");
        attribute(&mut tag, "type", numbering);
        attribute(&mut tag, "start", element.get("start").filter(|start| start.parse::<i32>().is_ok()));
        tag.push('>');
        self.wrap("ol", &tag, node, inner);
    }

    fn item(&mut self, node: NodeId, element: &Element, inner: &mut Around) {
        let mut tag = String::from("<li");
        attribute(&mut tag, "value", element.get("value").filter(|value| value.parse::<i32>().is_ok()));
        tag.push('>');
        inner.style.indent = 0.0;
        inner.paragraph.indent = 0.0;
        self.stream.open_cell(&tag, inner.style.align, self.targets);
        self.children(node, inner);
        self.stream.close("li");
    }

    fn link(&mut self, node: NodeId, element: &Element, inner: &mut Around) {
        let href = element.get("href").unwrap_or_default();
        let link = if href.contains(':') {
            Some(Link::Outside(href.to_owned()))
        } else {
            self.targets.link(self.number, href).map(Link::Inside)
        };
        match link {
            Some(link) => inner.link = Some(self.stream.add_link(link)),
            None => self.lost.links += 1,
        }
        let before = self.stream.out.len();
        if inner.style.display == Display::Block {
            let around = *inner;
            self.block(node, element, inner, &around);
        } else {
            self.children(node, inner);
        }
        if self.stream.out.len() == before && inner.link.is_some() {
            self.stream.empty_link(&format(inner), self.targets);
        }
    }

    /// An element that old Kindles do not know and only show the text of; programs that read the file do.
    fn kept(&mut self, node: NodeId, name: &str, inner: &Around) {
        self.stream.bare(&format!("<{name}>"), &inner.paragraph, self.targets);
        self.children(node, inner);
        self.stream.bare(&format!("</{name}>"), &inner.paragraph, self.targets);
    }

    /// A reading behind what it is for, in brackets.
    fn reading(&mut self, node: NodeId, inner: &Around) {
        let bracketed = |at: Option<NodeId>| at.is_some_and(|at| self.page.is(at, "rp"));
        let has_own = bracketed(self.page.previous(node)) && bracketed(self.page.next(node));
        if has_own || self.page.first_child(node).is_none() {
            return self.kept(node, "rt", inner);
        }
        self.made(Made::Bracket, "(", inner);
        self.kept(node, "rt", inner);
        self.made(Made::Bracket, ")", inner);
    }

    /// Signs that other readers add by themselves.
    fn made(&mut self, made: Made, signs: &str, inner: &Around) {
        self.stream.made(made, signs, &format(inner), &inner.paragraph, self.targets);
    }

    fn picture(&mut self, element: &Element, source: Option<&str>, inner: &Around) {
        let number = source.and_then(|source| self.pictures.get(source));
        let alt = element.get("alt").map(str::trim).filter(|alt| !alt.is_empty());
        let Some(number) = number else {
            self.lost.pictures += 1;
            if let Some(alt) = alt {
                self.text(alt, inner);
            }
            return;
        };
        let mut tag = format!("<img recindex=\"{number:05}\"");
        attribute(&mut tag, "alt", alt);
        if element.space == Space::Html {
            let plain = |value: &&str| value.len() <= 4 && value.bytes().all(|byte| byte.is_ascii_digit());
            attribute(&mut tag, "width", element.get("width").filter(plain));
            attribute(&mut tag, "height", element.get("height").filter(plain));
        }
        tag.push_str("/>");
        self.stream.inline(&tag, &format(inner), &inner.paragraph, self.targets);
    }

    /// Whatever leads to an element leads to what is written next.
    fn arrive(&mut self, node: NodeId) {
        let Some(element) = self.page.element(node) else { return };
        for name in ["id", "name"] {
            if let Some(id) = element.get(name).filter(|id| !id.is_empty()) {
                let places: &[Place] = self.targets.wanted(self.number, id);
                self.stream.arrive(places);
            }
        }
    }
}

fn format(around: &Around) -> Format {
    let own = heading(around.paragraph.tag).map(|(size, _)| size);
    Format::of(&around.style, around.link, own.unwrap_or(1.0), own.is_some())
}

/// What is no list and no table if it stands in a line.
fn is_structure(name: &str) -> bool {
    matches!(name, "table" | "tr" | "td" | "th" | "caption" | "ul" | "ol" | "dl" | "dt" | "dd" | "blockquote")
}

fn paragraph_tag(name: &str) -> &'static str {
    const TAGS: [&str; 7] = ["h1", "h2", "h3", "h4", "h5", "h6", "p"];
    TAGS.into_iter().find(|tag| *tag == name).unwrap_or("div")
}

fn cell(element: &Element, style: &Style) -> String {
    let mut tag = format!("<{}", element.name);
    let count = |name: &str| element.get(name).filter(|value| value.parse::<u16>().is_ok_and(|count| count > 1));
    attribute(&mut tag, "colspan", count("colspan"));
    attribute(&mut tag, "rowspan", count("rowspan"));
    let usual = if element.name == "th" { Some(Align::Center) } else { None };
    attribute(&mut tag, "align", style.align.filter(|align| Some(*align) != usual).map(align_name));
    tag.push('>');
    tag
}

fn attribute(tag: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        tag.push(' ');
        tag.push_str(name);
        tag.push_str("=\"");
        escape_attribute(value, tag);
        tag.push('"');
    }
}
