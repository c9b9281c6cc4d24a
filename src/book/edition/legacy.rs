//! Elements and attributes of older HTML as what they mean today: elements that are still known, and
//! styles.

use super::super::dom::Element;

/// What becomes of an element that pages may not have.
pub(super) enum Today {
    /// Another name and, maybe, a style.
    Named(&'static str, &'static str),
    /// Its content alone.
    Unwrapped,
    /// Nothing, its content neither.
    Gone,
    /// A field of a form: its content alone, and a note.
    Field(&'static str),
    /// A program.
    Program,
}

/// What becomes of an element of that name; `None` for those that are still known.
pub(super) fn today(name: &str) -> Option<Today> {
    use Today::{Field, Gone, Named, Program, Unwrapped};
    Some(match name {
        "font" | "blink" | "marquee" | "basefont" => Named("span", ""),
        "big" => Named("span", "font-size: larger"),
        "tt" => Named("span", "font-family: monospace"),
        "nobr" => Named("span", "white-space: nowrap"),
        "strike" => Named("s", ""),
        "acronym" => Named("abbr", ""),
        "center" => Named("div", "text-align: center"),
        "dir" | "menu" => Named("ul", ""),
        "listing" | "xmp" | "plaintext" => Named("pre", ""),
        "layer" | "noframes" | "noscript" | "dialog" | "search" | "frameset" | "canvas" => Named("div", ""),
        "form" | "fieldset" | "legend" => Field("div"),
        "textarea" => Field("span"),
        "label" | "button" | "select" | "option" | "optgroup" | "output" | "meter" | "progress" => Field("span"),
        "input" | "datalist" | "keygen" | "isindex" => Field(""),
        "script" => Program,
        "template" | "style" | "link" | "meta" | "base" | "title" | "head" | "bgsound" | "spacer" | "param"
        | "frame" | "nextid" => Gone,
        "data" | "picture" | "slot" | "html" | "body" | "ilayer" => Unwrapped,
        _ => return None,
    })
}

/// Turns presentational attributes into declarations.
pub(super) fn styles(element: &mut Element) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    if element.attributes.is_empty() {
        return found;
    }
    let name = element.name.clone();
    let name = name.as_str();
    let is_cell = matches!(name, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "col" | "colgroup");
    let is_object = matches!(name, "img" | "table" | "iframe" | "object");
    if let Some(align) = element.remove("align") {
        match (align.trim().to_ascii_lowercase().as_str(), is_object) {
            (side @ ("left" | "right"), true) => found.push(("float", side.to_owned())),
            (side @ ("top" | "middle" | "bottom"), true) => found.push(("vertical-align", side.to_owned())),
            ("center", true) if name == "table" => {
                found.push(("margin-left", "auto".into()));
                found.push(("margin-right", "auto".into()));
            }
            (side @ ("left" | "right" | "center" | "justify"), false) => found.push(("text-align", side.to_owned())),
            _ => {}
        }
    }
    if let Some(valign) = element.remove("valign").filter(|_| is_cell)
        && matches!(valign.to_ascii_lowercase().as_str(), "top" | "middle" | "bottom" | "baseline")
    {
        found.push(("vertical-align", valign.to_ascii_lowercase()));
    }
    let colors =
        [("bgcolor", "background-color"), ("color", "color"), ("text", "color"), ("bordercolor", "border-color")];
    for (attribute, property) in colors {
        found.extend(element.remove(attribute).and_then(|value| color(&value)).map(|value| (property, value)));
    }
    if let Some(size) = element.remove("size").filter(|_| matches!(name, "font" | "basefont" | "hr")) {
        match name {
            "hr" => found.extend(length(&size).map(|size| ("height", size))),
            _ => found.extend(font_size(&size).map(|size| ("font-size", size.to_owned()))),
        }
    }
    if let Some(face) = element.remove("face")
        && !face.trim().is_empty()
        && !face.contains(['"', ';', '{', '}', '\\'])
    {
        found.push((
            "font-family",
            face.split(',').map(|one| format!("\"{}\"", one.trim())).collect::<Vec<_>>().join(", "),
        ));
    }
    sizes(element, name, &mut found);
    if element.remove("nowrap").is_some() {
        found.push(("white-space", "nowrap".into()));
    }
    if name == "br"
        && let Some(clear) = element.remove("clear")
        && matches!(clear.to_ascii_lowercase().as_str(), "left" | "right" | "all" | "both")
    {
        let clear = clear.to_ascii_lowercase();
        found.push(("clear", if clear == "all" { "both".to_owned() } else { clear }));
    }
    found
}

/// Widths, heights, spaces and borders.
fn sizes(element: &mut Element, name: &str, found: &mut Vec<(&'static str, String)>) {
    let keeps_numbers = matches!(name, "img" | "video");
    for side in ["width", "height"] {
        let Some(value) = element.get(side).map(|value| value.trim().to_owned()) else { continue };
        let is_number = !value.is_empty() && value.len() < 6 && value.bytes().all(|byte| byte.is_ascii_digit());
        if keeps_numbers && is_number {
            element.set(side, value);
            continue;
        }
        element.remove(side);
        // Mobipocket gives paragraphs a height before and an indent with these.
        let property = match (side, name) {
            ("width", "p" | "blockquote") => "text-indent",
            ("height", "p" | "div" | "blockquote") => "margin-top",
            ("width", _) => "width",
            _ => "height",
        };
        let allowed = keeps_numbers
            || matches!(
                name,
                "table" | "td" | "th" | "tr" | "col" | "colgroup" | "hr" | "p" | "div" | "blockquote" | "object"
            );
        found.extend(length(&value).filter(|_| allowed).map(|value| (property, value)));
    }
    if let Some(space) = element.remove("hspace").and_then(|value| length(&value)) {
        found.push(("margin-left", space.clone()));
        found.push(("margin-right", space));
    }
    if let Some(space) = element.remove("vspace").and_then(|value| length(&value)) {
        found.push(("margin-top", space.clone()));
        found.push(("margin-bottom", space));
    }
    if let Some(border) = element.remove("border").filter(|_| matches!(name, "img" | "table" | "object"))
        && let Some(width) = length(if border.trim().is_empty() { "1" } else { &border })
    {
        found.push(("border", if width == "0" { "0".into() } else { format!("{width} solid") }));
    }
    if let Some(spacing) = element.remove("cellspacing").and_then(|value| length(&value)).filter(|_| name == "table") {
        found.push(("border-spacing", spacing));
    }
}

/// A number as pixels, or a length that says its unit.
fn length(value: &str) -> Option<String> {
    let value = value.trim();
    let end = value.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    let parsed: f32 = number.parse().ok()?;
    if !parsed.is_finite() || parsed.abs() > 10_000.0 {
        return None;
    }
    match unit.trim().to_ascii_lowercase().as_str() {
        _ if parsed == 0.0 => Some("0".into()),
        "" => Some(format!("{number}px")),
        unit @ ("px" | "pt" | "em" | "ex" | "rem" | "%" | "cm" | "mm" | "in") => Some(format!("{number}{unit}")),
        _ => None,
    }
}

fn color(value: &str) -> Option<String> {
    let value = value.trim();
    let hex = value.strip_prefix('#').unwrap_or(value);
    if matches!(hex.len(), 3 | 6)
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        && hex.bytes().any(|b| b.is_ascii_digit() || value.starts_with('#'))
    {
        return Some(format!("#{}", hex.to_ascii_lowercase()));
    }
    let is_name = (3..=22).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_name.then(|| value.to_ascii_lowercase())
}

/// The seven sizes of `<font>`.
fn font_size(size: &str) -> Option<&'static str> {
    const SIZES: [&str; 7] = ["x-small", "small", "medium", "large", "x-large", "xx-large", "300%"];
    let size = size.trim();
    let number: i32 = size.trim_start_matches('+').parse().ok()?;
    let level = if size.starts_with(['+', '-']) { number.saturating_add(3) } else { number };
    usize::try_from(level.clamp(1, 7) - 1).ok().and_then(|at| SIZES.get(at)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(element: Element, expected: &[(&str, &str)]) {
        let mut element = element;
        let found = styles(&mut element);
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn old_attributes_become_styles() {
        check(
            Element::html("font").with("color", "#F00").with("size", "+1").with("face", "Arial"),
            &[("color", "#f00"), ("font-size", "large"), ("font-family", "\"Arial\"")],
        );
        check(
            Element::html("p").with("align", "CENTER").with("width", "2em"),
            &[("text-align", "center"), ("text-indent", "2em")],
        );
        check(
            Element::html("img").with("align", "left").with("width", "50%").with("height", "20"),
            &[("float", "left"), ("width", "50%")],
        );
        check(Element::html("td").with("bgcolor", "red;x").with("valign", "TOP"), &[("vertical-align", "top")]);
        check(Element::html("table").with("border", ""), &[("border", "1px solid")]);
    }
}
