//! Flows behind the pages: style sheets and drawings, with the links in them.

use super::names::{Names, Target, address};
use super::scan::{Piece, scan};

/// A style sheet, or the value of a `style` attribute, with addresses for names.
pub(super) fn style(css: &str, names: &Names<'_>) -> String {
    let mut out = String::with_capacity(css.len() + css.len() / 16);
    let mut rest = css;
    while let Some(found) = next_link(rest) {
        let (before, after) = rest.split_at_checked(found.start).unwrap_or((rest, ""));
        let (name, after) = after.split_at_checked(found.length).unwrap_or((after, ""));
        out.push_str(before);
        match names.resolve(name, None).map(|target| address(target).unwrap_or_default()) {
            Some(address) => out.push_str(&address),
            None => out.push_str(name),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

struct Found {
    start: usize,
    length: usize,
}

/// The next name in `url(…)`, without its quotes. Imported sheets were put where they are imported before.
fn next_link(css: &str) -> Option<Found> {
    let start = css.find("url(")? + 4;
    let rest = css.get(start..)?;
    let blank = rest.len() - rest.trim_start().len();
    let rest = rest.trim_start();
    let (skip, length) = match rest.as_bytes().first() {
        Some(quote @ (b'"' | b'\'')) => (1, rest.get(1..)?.find(char::from(*quote))?),
        _ => (0, rest.find(|c: char| c == ')' || c.is_whitespace()).unwrap_or(rest.len())),
    };
    Some(Found { start: start + blank + skip, length })
}

/// A drawing with addresses for the pictures in it. Links out of it are lost; `lost` counts them.
pub(super) fn drawing(svg: &str, names: &Names<'_>, lost: &mut usize) -> String {
    let mut out = String::with_capacity(svg.len() + 64);
    for piece in scan(svg) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Close(name) => {
                out.push_str("</");
                out.push_str(name);
                out.push('>');
            }
            Piece::Open(tag) => {
                out.push('<');
                out.push_str(tag.name);
                for (name, value) in tag.attributes() {
                    let is_link = matches!(name, "href" | "xlink:href" | "src");
                    let target = if is_link && !value.starts_with('#') { names.resolve(value, None) } else { None };
                    match target {
                        Some(Target::Page(..) | Target::Lost) => *lost += 1,
                        Some(target) => push_attribute(name, &address(target).unwrap_or_default(), &mut out),
                        None if name == "style" => push_attribute(name, &style(value, names), &mut out),
                        None => push_attribute(name, value, &mut out),
                    }
                }
                out.push_str(if tag.empty { "/>" } else { ">" });
            }
        }
    }
    out
}

/// Appends an attribute whose value is already escaped.
pub(super) fn push_attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    out.push_str(value);
    out.push('"');
}
