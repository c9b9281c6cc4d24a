//! Character references in what a rule gives, replaced. The names are those of HTML 4, as everywhere in this program.

use std::cell::OnceCell;
use std::collections::HashMap;

/// Longest reference, without the ampersand.
const LONGEST: usize = 10;

/// Replaces references by characters; what is not one stays as written.
pub(super) fn unescaped(text: &str) -> String {
    // Read when the first rare name comes: most texts have none.
    let table: OnceCell<HashMap<&str, char>> = OnceCell::new();
    let rare = |name: &str| {
        let rows = || include_str!("../../../assets/html-entities.tsv").lines();
        let row = |row: &'static str| {
            let (name, code) = row.split_once('\t')?;
            Some((name, char::from_u32(u32::from_str_radix(code, 16).ok()?)?))
        };
        table.get_or_init(|| rows().filter_map(row).collect()).get(name).copied()
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let end = after.bytes().take(LONGEST).position(|byte| byte == b';');
        let name = end.and_then(|end| after.get(..end)).unwrap_or_default();
        let found = match name {
            "" => None,
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some('\u{a0}'),
            name => name.strip_prefix('#').map_or_else(|| rare(name), numeric),
        };
        out.push(found.unwrap_or('&'));
        rest = if found.is_some() { after.get(name.len() + 1..).unwrap_or_default() } else { after };
    }
    out.push_str(rest);
    out
}

fn numeric(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_once() {
        assert_eq!(unescaped("a&nbsp;&lt;b&gt;&amp;lt;&mdash;&#20070;&#x4E66;"), "a\u{a0}<b>&lt;—书书");
        assert_eq!(unescaped("a&b &x; &#0; &toolongtobeone; &"), "a&b &x; &#0; &toolongtobeone; &");
    }
}
