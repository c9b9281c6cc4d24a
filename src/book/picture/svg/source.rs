//! The text of a drawing made ready for a strict parser: decoded, bounded, without a document type.

use super::{BROKEN, TOO_COMPLEX};
use crate::book::charset;
use crate::book::markup::{Token, tokens};
use std::borrow::Cow;

/// Larger drawings are not read, in bytes; most of such a file is a photograph in base64.
const LARGEST: usize = 12 << 20;
/// Deepest nesting; drawing programs write a dozen levels.
pub(super) const DEEPEST: usize = 64;
/// Most attributes of an element; the parser compares each with all others.
const MOST_ATTRIBUTES: usize = 500;

/// The drawing as well-formed XML as far as that can be had cheaply.
pub(super) fn prepare(svg: &[u8]) -> Result<String, &'static str> {
    if svg.len() > LARGEST {
        return Err("the drawing is too large");
    }
    let text = charset::decode_markup(svg);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let text = without_doctype(text)?;
    check_depth(&text)?;
    Ok(with_xlink(text))
}

/// Drawing programs put namespaces into entities (`&ns_svg;`) of the document type. Those, short and
/// plain, are filled in; all others stay, and the parser refuses them.
fn without_doctype(text: &str) -> Result<Cow<'_, str>, &'static str> {
    const LONGEST: usize = 128;
    const MOST: usize = 64;
    let Some(start) = text.find("<!DOCTYPE") else { return Ok(Cow::Borrowed(text)) };
    let head = text.get(start..).unwrap_or_default();
    let (end, subset) = match (head.find('['), head.find('>')) {
        (Some(open), Some(close)) if open < close => {
            let length = head.get(open..).and_then(|rest| rest.find("]")).ok_or(BROKEN)?;
            let after = head.get(open + length..).and_then(|rest| rest.find('>')).ok_or(BROKEN)?;
            (open + length + after + 1, head.get(open..open + length).unwrap_or_default())
        }
        (_, Some(close)) => (close + 1, ""),
        _ => return Err(BROKEN),
    };
    let before = text.get(..start).unwrap_or_default();
    let after = head.get(end..).unwrap_or_default();
    let entities: Vec<(&str, &str)> = subset.split("<!ENTITY").skip(1).take(MOST).filter_map(entity).collect();
    let is_plain = |value: &str| value.len() <= LONGEST && !value.contains(['&', '<', '"', '\'']);
    let mut out = String::with_capacity(text.len());
    out.push_str(before);
    let mut rest = after;
    while let Some((text, tail)) = rest.split_once('&') {
        out.push_str(text);
        let name = tail.split_once(';').map_or("", |(name, _)| name);
        match entities.iter().find(|(known, value)| *known == name && is_plain(value)) {
            Some((_, value)) => {
                out.push_str(value);
                rest = tail.get(name.len() + 1..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = tail;
            }
        }
        if out.len() > LARGEST {
            return Err(TOO_COMPLEX);
        }
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// ` name "value">…`
fn entity(declaration: &str) -> Option<(&str, &str)> {
    let (name, rest) = declaration.trim_start().split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = rest.get(1..)?.split(quote).next()?;
    Some((name, value))
}

/// The parser and the renderer recurse.
fn check_depth(text: &str) -> Result<(), &'static str> {
    let mut depth = 0usize;
    for token in tokens(text) {
        match token {
            Token::Open { attributes, .. } if attributes.iter().take(MOST_ATTRIBUTES + 1).count() > MOST_ATTRIBUTES => {
                return Err(TOO_COMPLEX);
            }
            Token::Open { empty: false, .. } => depth += 1,
            Token::Close { .. } => depth = depth.saturating_sub(1),
            // What counts as one text here may be elements to the parser.
            Token::Raw(raw) if raw.matches('<').count() > DEEPEST => return Err(TOO_COMPLEX),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(TOO_COMPLEX);
        }
    }
    Ok(())
}

/// Pages use `xlink:href` without saying what it is.
fn with_xlink(text: Cow<'_, str>) -> String {
    let lacks = text.contains("xlink:") && !text.contains("xmlns:xlink");
    let mut text = text.into_owned();
    if lacks && let Some(at) = text.find("<svg") {
        text.insert_str(at + 4, " xmlns:xlink=\"http://www.w3.org/1999/xlink\"");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_entities_are_filled_in_and_others_are_not() {
        let svg = "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"x\" [\n<!ENTITY ns \"http://a\">\
                   <!ENTITY b \"&ns;&ns;\">]><svg xmlns=\"&ns;\">&b;&amp;</svg>";
        assert_eq!(prepare(svg.as_bytes()).as_deref(), Ok("<svg xmlns=\"http://a\">&b;&amp;</svg>"));
        assert!(prepare(b"<!DOCTYPE svg [ <!ENTITY a 'b'").is_err());
    }

    #[test]
    fn deep_ones_are_refused() {
        assert!(prepare("<g>".repeat(DEEPEST + 1).as_bytes()).is_err());
        let hidden = format!("<svg><style>{}</style></svg>", "<g>".repeat(5000));
        assert!(prepare(hidden.as_bytes()).is_err());
        let wide: String = (0..1000).map(|at| format!(" a{at}='1'")).collect();
        assert!(prepare(format!("<svg{wide}/>").as_bytes()).is_err());
        assert!(prepare("<g></g>".repeat(1000).as_bytes()).is_ok());
    }
}
