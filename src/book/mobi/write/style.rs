//! How an element looks: what it inherits, what its name means, and what rules say.

use super::property::{Align, Blanks, Display, Height, Marker, Property, Size, color};
use crate::book::dom::Element;

/// The look of an element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) underline: bool,
    pub(super) strike: bool,
    pub(super) mono: bool,
    pub(super) height: Height,
    /// Times the size of running text.
    pub(super) size: f32,
    /// None is black.
    pub(super) color: Option<u32>,
    pub(super) align: Option<Align>,
    /// Of the first line, in ems.
    pub(super) indent: f32,
    pub(super) blanks: Blanks,
    pub(super) marker: Marker,
    pub(super) display: Display,
    /// Space above and below, in ems.
    pub(super) above: f32,
    pub(super) below: f32,
    margin_left: f32,
    padding_left: f32,
    pub(super) break_before: bool,
    pub(super) break_after: bool,
    pub(super) float: bool,
}

impl Default for Style {
    fn default() -> Style {
        Style {
            bold: false,
            italic: false,
            underline: false,
            strike: false,
            mono: false,
            height: Height::Line,
            size: 1.0,
            color: None,
            align: None,
            indent: 0.0,
            blanks: Blanks::Collapse,
            marker: Marker::Bullet,
            display: Display::Inline,
            above: 0.0,
            below: 0.0,
            margin_left: 0.0,
            padding_left: 0.0,
            break_before: false,
            break_after: false,
            float: false,
        }
    }
}

impl Style {
    /// What an element looks like that no rule speaks of.
    pub(super) fn of(element: &Element, parent: &Style) -> Style {
        let mut style = Style {
            display: Display::Inline,
            above: 0.0,
            below: 0.0,
            margin_left: 0.0,
            padding_left: 0.0,
            break_before: false,
            break_after: false,
            float: false,
            ..*parent
        };
        if is_block(&element.name) {
            style.display = Display::Block;
        }
        style.by_name(&element.name);
        style.by_attributes(element);
        style
    }

    fn by_name(&mut self, name: &str) {
        match name {
            "b" | "strong" => self.bold = true,
            "i" | "em" | "cite" | "dfn" | "var" | "address" => self.italic = true,
            "u" | "ins" => self.underline = true,
            "s" | "strike" | "del" => self.strike = true,
            "tt" | "code" | "kbd" | "samp" => self.mono = true,
            "sup" => self.height = Height::Super,
            "sub" => self.height = Height::Sub,
            "small" => self.size *= 0.83,
            "big" => self.size *= 1.2,
            "center" => self.align = Some(Align::Center),
            "pre" => (self.mono, self.blanks, self.above, self.below) = (true, Blanks::Keep, 1.0, 1.0),
            "p" | "ul" | "ol" | "dl" => (self.above, self.below) = (1.0, 1.0),
            "blockquote" => (self.above, self.below, self.margin_left) = (1.0, 1.0, 2.5),
            "table" => (self.indent, self.align) = (0.0, None),
            "th" => (self.bold, self.align) = (true, Some(Align::Center)),
            _ => {}
        }
        if name == "ol" {
            self.marker = Marker::Decimal;
        } else if name == "ul" {
            self.marker = Marker::Bullet;
        }
        if let Some((size, space)) = heading(name) {
            (self.bold, self.size, self.above, self.below) = (true, self.size * size, space, space);
        }
    }

    fn by_attributes(&mut self, element: &Element) {
        if self.display == Display::Block
            && let Some(align) = element.get("align")
        {
            self.align = match align.to_ascii_lowercase().as_str() {
                "left" => Some(Align::Left),
                "right" => Some(Align::Right),
                "center" | "middle" => Some(Align::Center),
                "justify" => Some(Align::Justify),
                _ => self.align,
            };
        }
        if element.name == "font" {
            self.color = element.get("color").and_then(color).unwrap_or(self.color);
            let steps = [0.6, 0.75, 1.0, 1.2, 1.5, 2.0, 3.0];
            let size = element.get("size").and_then(|size| size.parse::<usize>().ok());
            self.size = size.and_then(|size| steps.get(size.wrapping_sub(1))).copied().unwrap_or(self.size);
        }
        if element.name == "ol" {
            self.marker = match element.get("type") {
                Some("a") => Marker::LowerLetter,
                Some("A") => Marker::UpperLetter,
                Some("i") => Marker::LowerRoman,
                Some("I") => Marker::UpperRoman,
                _ => self.marker,
            };
        }
    }

    /// Takes over what a rule says. `around` is the size of letters around the element.
    pub(super) fn apply(&mut self, property: Property, around: f32) {
        match property {
            Property::Bold(bold) => self.bold = bold,
            Property::Italic(italic) => self.italic = italic,
            // A line goes on through the elements inside, whatever they say.
            Property::Lines { underline, strike } => {
                self.underline |= underline;
                self.strike |= strike;
            }
            Property::Size(Size::Times(times)) => self.size = (around * times).clamp(0.1, 10.0),
            Property::Size(Size::Of(size)) => self.size = size.clamp(0.1, 10.0),
            Property::Mono(mono) => self.mono = mono,
            Property::Color(color) => self.color = color,
            Property::Align(align) => self.align = align,
            Property::Indent(indent) => self.indent = indent,
            Property::Above(space) => self.above = space,
            Property::Below(space) => self.below = space,
            Property::MarginLeft(space) => self.margin_left = space,
            Property::PaddingLeft(space) => self.padding_left = space,
            Property::Display(display) => self.display = display,
            Property::BreakBefore(page) => self.break_before = page,
            Property::BreakAfter(page) => self.break_after = page,
            Property::Blanks(blanks) => self.blanks = blanks,
            Property::Marker(marker) => self.marker = marker,
            Property::Height(height) => self.height = height,
            Property::Float(float) => self.float = float,
        }
    }

    /// How many steps a block is set in: a step is what a `<blockquote>` gives. Lines after the
    /// first that hang cannot be had; then it is the first that counts.
    pub(super) fn steps(&self) -> usize {
        match self.margin_left + self.padding_left + self.indent.min(0.0) {
            left if left < 0.9 => 0,
            left if left < 3.5 => 1,
            left if left < 6.0 => 2,
            _ => 3,
        }
    }
}

/// Size and space of a heading as browsers have them.
pub(super) fn heading(name: &str) -> Option<(f32, f32)> {
    Some(match name {
        "h1" => (2.0, 0.67),
        "h2" => (1.5, 0.83),
        "h3" => (1.17, 1.0),
        "h4" => (1.0, 1.33),
        "h5" => (0.83, 1.67),
        "h6" => (0.67, 2.33),
        _ => return None,
    })
}

/// Elements that stand in lines of their own.
pub(super) fn is_block(name: &str) -> bool {
    heading(name).is_some()
        || matches!(
            name,
            "p" | "div"
                | "ul"
                | "ol"
                | "li"
                | "dl"
                | "dt"
                | "dd"
                | "table"
                | "caption"
                | "thead"
                | "tbody"
                | "tfoot"
                | "tr"
                | "td"
                | "th"
                | "blockquote"
                | "pre"
                | "hr"
                | "section"
                | "article"
                | "aside"
                | "header"
                | "footer"
                | "nav"
                | "main"
                | "figure"
                | "figcaption"
                | "address"
                | "center"
                | "form"
                | "fieldset"
                | "legend"
                | "details"
                | "summary"
                | "menu"
                | "hgroup"
                | "body"
                | "dir"
                | "search"
        )
}
