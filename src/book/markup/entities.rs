//! Character references: numeric ones and the 253 names of HTML 4 and XML.
//!
//! Entities that a document defines itself are left as they stand; expanding them is how a few
//! hundred bytes become gigabytes.

use std::cell::OnceCell;
use std::collections::HashMap;

/// The named characters. The table is read when the first name is looked up, because most pages have
/// none; each reader has its own, so that there is no global.
#[derive(Default)]
pub(in crate::book) struct Entities(OnceCell<HashMap<&'static str, char>>);

impl Entities {
    /// Costs nothing yet.
    pub(in crate::book) fn new() -> Entities {
        Entities::default()
    }

    fn table(&self) -> &HashMap<&'static str, char> {
        self.0.get_or_init(|| include_str!("../../../assets/html-entities.tsv").lines().filter_map(row).collect())
    }
}

fn row(row: &'static str) -> Option<(&'static str, char)> {
    let (name, code) = row.split_once('\t')?;
    Some((name, char::from_u32(u32::from_str_radix(code, 16).ok()?)?))
}

/// Replaces references by characters; what is not one stays as written.
pub(in crate::book) fn decode(text: &str, entities: &Entities) -> String {
    let mut out = String::with_capacity(text.len());
    push_decoded(text, entities, &mut out);
    out
}

/// The same for a text that stands by itself: numeric references, and the names of HTML 4.
pub fn unescaped(text: &str) -> String {
    decode(text, &Entities::new())
}

/// The same, appended to `out`.
fn push_decoded(text: &str, entities: &Entities, out: &mut String) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match reference(after, entities) {
            Some((c, length)) => {
                out.push(c);
                rest = &after[length..];
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
}

/// The character and the length of the reference, counted after the `&`.
fn reference(after: &str, entities: &Entities) -> Option<(char, usize)> {
    const LONGEST: usize = 10;
    let end = after.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let name = &after[..end];
    let found = match name.strip_prefix('#') {
        Some(number) => numeric(number)?,
        None => common(name).or_else(|| entities.table().get(name).copied())?,
    };
    Some((found, end + 1))
}

/// Most references are one of these; for them no table has to be read.
fn common(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{A0}',
        _ => return None,
    })
}

fn numeric(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    // Control characters and surrogates have no place in a text.
    char::from_u32(code).filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_references_are_replaced_and_others_kept() {
        let entities = Entities::new();
        assert_eq!(entities.table().len(), 253);
        let check = |text, expected| assert_eq!(decode(text, &entities), expected);
        check("a&nbsp;&mdash;&#20070;&#x4E66;&amp;lt;", "a\u{A0}—书书&lt;");
        check("AT&T &lol9; & &#0; &#xD800; &toolongtobeone; &", "AT&T &lol9; & &#0; &#xD800; &toolongtobeone; &");
    }
}
