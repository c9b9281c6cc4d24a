//! The links in a value: `url(a.png)`, `url("a.png")`, and the plain string of `@import "a.css"`.

use super::Declaration;

/// The value with each `url(…)` replaced by what `map` gives for it; `None` if `map` gives none for
/// one of them.
pub(in crate::book) fn map_urls(value: &str, map: &mut dyn FnMut(&str) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = find_url(rest) {
        let (before, after) = rest.split_at(start);
        let (target, length) = argument(after);
        out.push_str(before);
        out.push_str("url(\"");
        out.push_str(&quoted(&map(&target)?));
        out.push_str("\")");
        rest = after.get(length..).unwrap_or("");
    }
    out.push_str(rest);
    Some(out)
}

/// The targets of all `url(…)` in a value.
pub(in crate::book) fn urls(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    map_urls(value, &mut |target| {
        found.push(target.to_owned());
        Some(String::new())
    });
    found
}

/// Where the next `url(` outside strings starts.
fn find_url(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut quote) = (0, None);
    while let Some(&byte) = bytes.get(at) {
        match (quote, byte) {
            (_, b'\\') => at += 1,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'u' | b'U') if bytes.get(at..at + 4).is_some_and(|four| four.eq_ignore_ascii_case(b"url(")) => {
                return Some(at);
            }
            (None, _) => {}
        }
        at += 1;
    }
    None
}

/// What stands in the brackets of the `url(…)` at the start, and the length of the whole.
fn argument(text: &str) -> (String, usize) {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(4).peekable();
    while chars.peek().is_some_and(|(_, c)| c.is_ascii_whitespace()) {
        chars.next();
    }
    let quote = chars.peek().map(|(_, c)| *c).filter(|c| matches!(c, '"' | '\''));
    if quote.is_some() {
        chars.next();
    }
    let mut open = quote;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => unescape(&mut chars, &mut out),
            c if open == Some(c) => open = None,
            ')' if open.is_none() => {
                return (out.trim().to_owned(), at + 1);
            }
            c if quote.is_none() || open.is_some() => out.push(c),
            _ => {}
        }
    }
    (out.trim().to_owned(), text.len())
}

/// The character that an escape stands for; the backslash was taken.
fn unescape(chars: &mut std::iter::Peekable<impl Iterator<Item = (usize, char)>>, out: &mut String) {
    let mut hex = String::new();
    while let Some(&(_, c)) = chars.peek()
        && c.is_ascii_hexdigit()
        && hex.len() < 6
    {
        hex.push(c);
        chars.next();
    }
    if hex.is_empty() {
        out.extend(chars.next().map(|(_, c)| c).filter(|&c| c != '\n'));
        return;
    }
    if chars.peek().is_some_and(|(_, c)| c.is_ascii_whitespace()) {
        chars.next();
    }
    out.extend(u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32));
}

fn quoted(target: &str) -> String {
    target.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "")
}

/// Replaces each `url(…)` in declarations by what `map` gives for it. A declaration for which it gives
/// none is taken out; how many is returned.
pub(in crate::book) fn in_declarations(
    declarations: &mut Vec<Declaration>,
    map: &mut dyn FnMut(&str) -> Option<String>,
) -> usize {
    let before = declarations.len();
    declarations.retain_mut(|declaration| {
        if find_url(&declaration.value).is_none() {
            return true;
        }
        match map_urls(&declaration.value, map) {
            Some(value) => {
                declaration.value = value;
                true
            }
            None => false,
        }
    });
    before - declarations.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_and_replaced() {
        let value = "url( a.png ) no-repeat, URL('b\\'c(1).png'), url(d\\29 .png) \"url(x)\"";
        assert_eq!(urls(value), ["a.png", "b'c(1).png", "d).png"]);
        let mapped = map_urls(value, &mut |target| Some(format!("<{}>", target.len())));
        assert_eq!(mapped.as_deref(), Some("url(\"<5>\") no-repeat, url(\"<10>\"), url(\"<6>\") \"url(x)\""));
        assert_eq!(map_urls("url(a)", &mut |_| None), None);
        assert_eq!(urls("url(a"), ["a"]);
    }

    #[test]
    fn declarations_without_a_target_go() {
        let mut declarations = ["url(a)", "url(b)", "red"].map(|value| Declaration::new("background", value)).to_vec();
        let lost = in_declarations(&mut declarations, &mut |target| (target == "b").then(|| "c".to_owned()));
        let left: Vec<&str> = declarations.iter().map(|one| one.value.as_str()).collect();
        assert_eq!((lost, left), (1, vec!["url(\"c\")", "red"]));
    }
}
