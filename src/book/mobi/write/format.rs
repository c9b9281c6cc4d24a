//! How a run of text looks, as the tags that say so.

use super::property::{Align, Height};
use super::style::Style;
use std::fmt::Write as _;

/// The look of a run of text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Format {
    /// The link it is in: what [`Stream::add_link`](super::stream::Stream::add_link) gave.
    pub(super) link: Option<usize>,
    tags: [bool; 7],
    size: Option<u8>,
    color: Option<u32>,
}

/// A tag of a run of text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tag {
    Link(usize),
    Plain(&'static str),
    Font { size: Option<u8>, color: Option<u32> },
}

impl Tag {
    pub(super) fn name(self) -> &'static str {
        match self {
            Tag::Link(_) => "a",
            Tag::Plain(name) => name,
            Tag::Font { .. } => "font",
        }
    }
}

/// In the order in which they nest.
const PLAIN: [&str; 7] = ["sup", "sub", "b", "i", "u", "s", "tt"];

impl Format {
    /// The tags for a look in a paragraph that by itself has a size and boldness, as headings do.
    pub(super) fn of(style: &Style, link: Option<usize>, own_size: f32, own_bold: bool) -> Format {
        let raised = style.height != Height::Line;
        let size = size_number(style.size / own_size);
        // What stands above or below the line is small by itself.
        let plain = size == 3 || raised && size < 3;
        Format {
            link,
            tags: [
                style.height == Height::Super,
                style.height == Height::Sub,
                style.bold && !own_bold,
                style.italic,
                style.underline,
                style.strike,
                style.mono,
            ],
            size: (!plain).then_some(size),
            color: style.color,
        }
    }

    /// From the outermost to the innermost.
    pub(super) fn tags(&self) -> Vec<Tag> {
        let mut found = Vec::new();
        found.extend(self.link.map(Tag::Link));
        found.extend(PLAIN.into_iter().zip(self.tags).filter(|(_, on)| *on).map(|(name, _)| Tag::Plain(name)));
        if self.size.is_some() || self.color.is_some() {
            found.push(Tag::Font { size: self.size, color: self.color });
        }
        found
    }
}

/// The start of a `<font>`.
pub(super) fn font(size: Option<u8>, color: Option<u32>) -> String {
    let mut tag = String::from("<font");
    if let Some(size) = size {
        let _ = write!(tag, " size=\"{size}\"");
    }
    if let Some(color) = color {
        let _ = write!(tag, " color=\"#{color:06x}\"");
    }
    tag.push('>');
    tag
}

/// How the format calls an alignment.
pub(super) fn align_name(align: Align) -> &'static str {
    match align {
        Align::Left => "left",
        Align::Right => "right",
        Align::Center => "center",
        Align::Justify => "justify",
    }
}

/// A length as the format writes it: `1.5em`, and `0` for none.
pub(super) fn ems(length: f32) -> String {
    let rounded = (length * 100.0).round() / 100.0;
    if rounded == 0.0 { "0".into() } else { format!("{rounded}em") }
}

/// One of the seven sizes of HTML 3.2; 3 is that of running text.
fn size_number(size: f32) -> u8 {
    match size {
        size if size < 0.65 => 1,
        size if size < 0.86 => 2,
        size if size < 1.15 => 3,
        size if size < 1.35 => 4,
        size if size < 1.75 => 5,
        size if size < 2.5 => 6,
        _ => 7,
    }
}
