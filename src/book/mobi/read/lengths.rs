//! Attributes that old pages have instead of styles: the indent of a first line, the space above.

use crate::book::palm::{Token, attribute};

/// The style that the attributes of a block stand for, behind the style that it has; `None` if there
/// is nothing to say.
pub(super) fn style(token: &Token<'_>) -> Option<Vec<u8>> {
    let mut style = attribute(token, "style").unwrap_or_default().trim_ascii().to_vec();
    let mut add = |property: &str, value: &[u8]| {
        if !style.is_empty() && !style.ends_with(b";") {
            style.push(b';');
        }
        style.extend_from_slice(property.as_bytes());
        style.push(b':');
        style.extend_from_slice(value);
    };
    for (name, property) in [("width", "text-indent"), ("height", "margin-top")] {
        if let Some(length) = attribute(token, name).and_then(length) {
            add(property, &length);
        }
    }
    let align = attribute(token, "align").map(<[u8]>::to_ascii_lowercase);
    if let Some(align) =
        align.filter(|align| [b"left".as_slice(), b"right", b"center", b"justify"].contains(&align.as_slice()))
    {
        add("text-align", &align);
    }
    (!style.is_empty()).then_some(style)
}

/// Whether the attribute is one that [`style`] reads.
pub(super) fn is_style(name: &[u8]) -> bool {
    ["style", "width", "height", "align"].iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// A length as CSS writes it; numbers alone are pixels.
fn length(value: &[u8]) -> Option<Vec<u8>> {
    let value = value.trim_ascii().to_ascii_lowercase();
    let digits = value.iter().position(|&byte| !(byte.is_ascii_digit() || matches!(byte, b'.' | b'-')));
    let (number, unit) = value.split_at_checked(digits.unwrap_or(value.len()))?;
    let number: f32 = std::str::from_utf8(number).ok()?.parse().ok()?;
    match unit {
        _ if number == 0.0 => Some(b"0".to_vec()),
        b"" => Some([&value, b"px".as_slice()].concat()),
        b"em" | b"ex" | b"pt" | b"px" | b"%" | b"cm" | b"mm" | b"in" => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::palm::tokens;

    #[test]
    fn attributes_become_styles() {
        let check = |tag: &str, expected: Option<&str>| {
            let token = tokens(tag.as_bytes()).next().expect("a tag");
            let style = style(&token).map(|style| String::from_utf8_lossy(&style).into_owned());
            assert_eq!(style.as_deref(), expected);
        };
        check("<p width=\"2em\" height='0pt'>", Some("text-indent:2em;margin-top:0"));
        check("<p style=\"color:red\" width=-19 align=Center>", Some("color:red;text-indent:-19px;text-align:center"));
        check("<p width=\"1em;x\" align=\"up\">", None);
    }
}
