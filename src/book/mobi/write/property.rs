//! The properties of CSS that have a counterpart in old Mobipocket markup; all others mean nothing there.
//!
//! Lengths become ems of the text around; what depends on the screen is taken as if a line had
//! thirty ems, as on the small screens of old Kindles.

use crate::book::css::Declaration;

/// One property with a value that can be expressed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Property {
    /// `font-weight`
    Bold(bool),
    /// `font-style`
    Italic(bool),
    /// `text-decoration`
    Lines { underline: bool, strike: bool },
    /// `font-size`
    Size(Size),
    /// `font-family: monospace`
    Mono(bool),
    /// `color`; none is black.
    Color(Option<u32>),
    /// `text-align`
    Align(Option<Align>),
    /// `text-indent`
    Indent(f32),
    /// `margin-top`
    Above(f32),
    /// `margin-bottom`
    Below(f32),
    /// `margin-left`
    MarginLeft(f32),
    /// `padding-left`
    PaddingLeft(f32),
    /// `display`
    Display(Display),
    /// `page-break-before`
    BreakBefore(bool),
    /// `page-break-after`
    BreakAfter(bool),
    /// `white-space`
    Blanks(Blanks),
    /// `list-style-type`
    Marker(Marker),
    /// `vertical-align`
    Height(Height),
    /// `float`
    Float(bool),
}

/// A size of letters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Size {
    /// Times the size of the element around.
    Times(f32),
    /// Times the size of running text.
    Of(f32),
}

/// Where lines start and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// `left`
    Left,
    /// `right`
    Right,
    /// `center`
    Center,
    /// `justify`
    Justify,
}

/// How an element takes part in the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Display {
    /// In lines of its own.
    Block,
    /// In a line with others.
    Inline,
    /// Not at all.
    None,
}

/// What becomes of blanks and line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blanks {
    /// Runs become one blank.
    Collapse,
    /// The same, but line ends are kept.
    Lines,
    /// All are kept.
    Keep,
}

/// What stands before the items of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// Nothing.
    None,
    /// A dot of some form.
    Bullet,
    /// 1, 2, 3
    Decimal,
    /// a, b, c
    LowerLetter,
    /// A, B, C
    UpperLetter,
    /// i, ii, iii
    LowerRoman,
    /// I, II, III
    UpperRoman,
}

/// Whether letters stand above or below the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Height {
    /// Neither.
    Line,
    /// `super`
    Super,
    /// `sub`
    Sub,
}

/// Ems in a line, for lengths in per cent.
const LINE: f32 = 30.0;

/// What a declaration says, as far as it can be expressed.
pub(super) fn properties(declaration: &Declaration, found: &mut Vec<Property>) {
    let value = declaration.value.to_ascii_lowercase();
    let value = value.as_str();
    let words = || value.split_ascii_whitespace();
    match declaration.name.as_str() {
        "font-weight" => found.extend(weight(value).map(Property::Bold)),
        "font-style" => found.extend(slant(value).map(Property::Italic)),
        "text-decoration" | "text-decoration-line" => found.push(Property::Lines {
            underline: words().any(|word| word == "underline"),
            strike: words().any(|word| word == "line-through"),
        }),
        "font-size" => found.extend(size(value).map(Property::Size)),
        "font-family" => found.push(Property::Mono(is_mono(value))),
        "font" => font(value, found),
        "color" => found.extend(color(value).map(Property::Color)),
        "text-align" => found.extend(align(value).map(Property::Align)),
        "text-indent" => found.extend(words().next().and_then(length).map(Property::Indent)),
        "margin-top" | "margin-block-start" => found.extend(length(value).map(Property::Above)),
        "margin-bottom" | "margin-block-end" => found.extend(length(value).map(Property::Below)),
        "margin-left" | "margin-inline-start" => found.extend(length(value).map(Property::MarginLeft)),
        "padding-left" | "padding-inline-start" => found.extend(length(value).map(Property::PaddingLeft)),
        "margin" => {
            let [top, bottom, left] = sides(value);
            found.extend(top.map(Property::Above));
            found.extend(bottom.map(Property::Below));
            found.extend(left.map(Property::MarginLeft));
        }
        "padding" => found.extend(sides(value)[2].map(Property::PaddingLeft)),
        "display" => found.extend(display(value).map(Property::Display)),
        "page-break-before" | "break-before" => found.push(Property::BreakBefore(is_break(value))),
        "page-break-after" | "break-after" => found.push(Property::BreakAfter(is_break(value))),
        "white-space" => found.extend(blanks(value).map(Property::Blanks)),
        "list-style" | "list-style-type" => found.extend(words().find_map(marker).map(Property::Marker)),
        "vertical-align" => found.extend(height(value).map(Property::Height)),
        "float" => found.push(Property::Float(matches!(value, "left" | "right"))),
        _ => {}
    }
}

fn weight(value: &str) -> Option<bool> {
    match value {
        "bold" | "bolder" => Some(true),
        "normal" | "lighter" => Some(false),
        number => number.parse::<f32>().ok().map(|weight| weight >= 600.0),
    }
}

fn slant(value: &str) -> Option<bool> {
    match value.split_ascii_whitespace().next()? {
        "italic" | "oblique" => Some(true),
        "normal" => Some(false),
        _ => None,
    }
}

fn size(value: &str) -> Option<Size> {
    let keyword = match value {
        "xx-small" => 0.6,
        "x-small" => 0.75,
        "small" => 0.89,
        "medium" => 1.0,
        "large" => 1.2,
        "x-large" => 1.5,
        "xx-large" => 2.0,
        "xxx-large" => 3.0,
        "smaller" => return Some(Size::Times(0.83)),
        "larger" => return Some(Size::Times(1.2)),
        _ => {
            let (number, unit) = number(value)?;
            return match unit {
                "em" => Some(Size::Times(number)),
                "%" => Some(Size::Times(number / 100.0)),
                _ => absolute(number, unit).map(Size::Of),
            };
        }
    };
    Some(Size::Of(keyword))
}

fn is_mono(families: &str) -> bool {
    ["mono", "courier", "consolas", "menlo"].iter().any(|family| families.contains(family))
}

/// The short form: style and weight, then the size, then the families.
fn font(value: &str, found: &mut Vec<Property>) {
    let mut bold = false;
    let mut italic = false;
    for word in value.split_ascii_whitespace() {
        match word {
            "italic" | "oblique" => italic = true,
            "bold" | "bolder" | "600" | "700" | "800" | "900" => bold = true,
            _ => {
                let height = word.split('/').next().unwrap_or(word);
                if let Some(size) = size(height) {
                    found.push(Property::Size(size));
                    break;
                }
            }
        }
    }
    found.extend([Property::Bold(bold), Property::Italic(italic), Property::Mono(is_mono(value))]);
}

fn align(value: &str) -> Option<Option<Align>> {
    match value {
        "left" | "start" | "-webkit-left" => Some(Some(Align::Left)),
        "right" | "end" | "-webkit-right" => Some(Some(Align::Right)),
        "center" | "-webkit-center" => Some(Some(Align::Center)),
        "justify" => Some(Some(Align::Justify)),
        "initial" | "auto" => Some(None),
        _ => None,
    }
}

fn display(value: &str) -> Option<Display> {
    match value.split_ascii_whitespace().next()? {
        "none" => Some(Display::None),
        "inline" | "inline-block" | "inline-table" | "inline-flex" | "run-in" | "ruby" | "contents" => {
            Some(Display::Inline)
        }
        "block" | "list-item" | "flex" | "grid" | "table" | "table-row" | "table-caption" | "flow-root" => {
            Some(Display::Block)
        }
        _ => None,
    }
}

fn is_break(value: &str) -> bool {
    matches!(value, "always" | "page" | "left" | "right" | "recto" | "verso")
}

fn blanks(value: &str) -> Option<Blanks> {
    match value {
        "normal" | "nowrap" => Some(Blanks::Collapse),
        "pre-line" => Some(Blanks::Lines),
        "pre" | "pre-wrap" | "break-spaces" => Some(Blanks::Keep),
        _ => None,
    }
}

fn marker(value: &str) -> Option<Marker> {
    match value {
        "none" => Some(Marker::None),
        "disc" | "circle" | "square" => Some(Marker::Bullet),
        "decimal" | "decimal-leading-zero" => Some(Marker::Decimal),
        "lower-alpha" | "lower-latin" => Some(Marker::LowerLetter),
        "upper-alpha" | "upper-latin" => Some(Marker::UpperLetter),
        "lower-roman" => Some(Marker::LowerRoman),
        "upper-roman" => Some(Marker::UpperRoman),
        _ => None,
    }
}

fn height(value: &str) -> Option<Height> {
    match value {
        "super" | "text-top" => Some(Height::Super),
        "sub" | "text-bottom" => Some(Height::Sub),
        "baseline" => Some(Height::Line),
        _ => None,
    }
}

/// Top, bottom and left of `1em 2em 3em 4em` and its short forms.
fn sides(value: &str) -> [Option<f32>; 3] {
    let all: Vec<&str> = value.split_ascii_whitespace().collect();
    let of = |at: usize| all.get(at).copied().and_then(length);
    match all.len() {
        1 => [of(0), of(0), of(0)],
        2 => [of(0), of(0), of(1)],
        3 => [of(0), of(2), of(1)],
        4 => [of(0), of(2), of(3)],
        _ => [None; 3],
    }
}

/// A length in ems; `auto` is none of it.
fn length(value: &str) -> Option<f32> {
    if value == "auto" {
        return Some(0.0);
    }
    let (number, unit) = number(value)?;
    match unit {
        "em" => Some(number),
        "%" | "vw" | "vh" => Some(number * LINE / 100.0),
        _ => absolute(number, unit),
    }
}

/// A length that does not depend on the element, in ems of running text.
fn absolute(number: f32, unit: &str) -> Option<f32> {
    let em = match unit {
        "rem" => 1.0,
        "px" => 16.0,
        "pt" => 12.0,
        "pc" => 1.0,
        "ex" | "ch" => 2.0,
        "in" => 1.0 / 6.0,
        "cm" => 2.54 / 6.0,
        "mm" => 25.4 / 6.0,
        "" if number == 0.0 => 1.0,
        _ => return None,
    };
    Some(number / em)
}

fn number(value: &str) -> Option<(f32, &str)> {
    let end = value.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(end)?;
    let number: f32 = number.parse().ok()?;
    number.is_finite().then_some((number.clamp(-1000.0, 1000.0), unit))
}

/// A colour; none inside is black, the colour of text anyway.
pub(super) fn color(value: &str) -> Option<Option<u32>> {
    let value = value.trim().to_ascii_lowercase();
    let rgb = if let Some(digits) = value.strip_prefix('#') {
        let number = u32::from_str_radix(digits, 16).ok()?;
        match digits.len() {
            3 => {
                let wide = |shift: u32| ((number >> shift) & 0xF) * 0x11;
                wide(8) << 16 | wide(4) << 8 | wide(0)
            }
            6 => number,
            _ => return None,
        }
    } else if let Some(inside) = value.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
        let mut parts = inside.split([',', ' ']).filter(|part| !part.is_empty()).map(|part| part.parse::<u8>());
        let mut next = || parts.next().and_then(Result::ok).map(u32::from);
        next()? << 16 | next()? << 8 | next()?
    } else {
        NAMES.iter().find(|(name, _)| *name == value)?.1
    };
    Some((rgb != 0).then_some(rgb))
}

/// The names that HTML 3.2 knows, and the few others that books use.
const NAMES: [(&str, u32); 24] = [
    ("black", 0),
    ("silver", 0xC0_C0C0),
    ("gray", 0x80_8080),
    ("grey", 0x80_8080),
    ("white", 0xFF_FFFF),
    ("maroon", 0x80_0000),
    ("red", 0xFF_0000),
    ("purple", 0x80_0080),
    ("fuchsia", 0xFF_00FF),
    ("green", 0x00_8000),
    ("lime", 0x00_FF00),
    ("olive", 0x80_8000),
    ("yellow", 0xFF_FF00),
    ("navy", 0x00_0080),
    ("blue", 0x00_00FF),
    ("teal", 0x00_8080),
    ("aqua", 0x00_FFFF),
    ("orange", 0xFF_A500),
    ("brown", 0xA5_2A2A),
    ("darkred", 0x8B_0000),
    ("darkblue", 0x00_008B),
    ("darkgreen", 0x00_6400),
    ("darkgray", 0xA9_A9A9),
    ("dimgray", 0x69_6969),
];

#[cfg(test)]
mod tests;
