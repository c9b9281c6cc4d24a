//! Style sheets as lists of rules: parsed, changed, written.
//!
//! It knows the grammar of CSS and not the meaning of properties: names and values are kept as
//! text, blanks made one, comments gone. What cannot be parsed is left out, as browsers do, and
//! counted. It does not apply a sheet to a page.

mod scan;
mod urls;
mod write;

use scan::Scanner;
pub(in crate::book) use urls::{in_declarations, map_urls, urls};
pub(in crate::book) use write::declarations_to_css;

/// A style sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::book) struct Sheet {
    /// In order.
    pub(in crate::book) rules: Vec<Rule>,
    /// Rules and declarations that were left out because they could not be parsed.
    pub(in crate::book) dropped: usize,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::book) enum Rule {
    /// `p, .x > a { color: red }`
    Style {
        /// As written, without comments: `p, .x > a`.
        selectors: String,
        /// May be empty.
        declarations: Vec<Declaration>,
    },
    /// `@media print { … }`
    At {
        /// In lower case, without the `@`.
        name: String,
        /// What stands between name and body: `print`, `url("a.css")`.
        prelude: String,
        /// What it holds.
        body: AtBody,
    },
}

/// What an at-rule holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::book) enum AtBody {
    /// It ends in `;`.
    None,
    /// As in `@font-face` and `@page`.
    Declarations(Vec<Declaration>),
    /// As in `@media` and `@supports`.
    Rules(Vec<Rule>),
}

/// `name: value !important`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::book) struct Declaration {
    /// In lower case, custom properties excepted.
    pub(in crate::book) name: String,
    /// Never empty.
    pub(in crate::book) value: String,
    /// Whether it is marked `!important`.
    pub(in crate::book) important: bool,
}

impl Declaration {
    /// A declaration without `!important`.
    #[cfg(test)]
    pub(in crate::book) fn new(name: &str, value: impl Into<String>) -> Declaration {
        Declaration { name: name.to_owned(), value: value.into(), important: false }
    }
}

/// `@media` in `@media` and so on; deeper ones are left out. Real sheets have two.
const MAX_DEPTH: usize = 8;

impl Sheet {
    /// Parses a sheet; never fails.
    pub(in crate::book) fn parse(css: &str) -> Sheet {
        let mut scanner = Scanner::new(css);
        let mut sheet = Sheet::default();
        sheet.rules = rules(&mut scanner, 0, &mut sheet.dropped);
        sheet
    }
}

/// Parses the inside of a `style` attribute.
pub(in crate::book) fn parse_declarations(css: &str) -> Vec<Declaration> {
    let mut scanner = Scanner::new(css);
    let mut dropped = 0;
    let mut found = Vec::new();
    // A stray `}` ends nothing here.
    while !scanner.is_at_end() {
        found.append(&mut declarations(&mut scanner, &mut dropped));
    }
    found
}

/// The rules up to the end, or to the `}` that closes the block they are in.
fn rules(scanner: &mut Scanner<'_>, depth: usize, dropped: &mut usize) -> Vec<Rule> {
    let mut found = Vec::new();
    loop {
        scanner.skip_between_rules();
        match scanner.peek() {
            None => return found,
            Some(b'}') => {
                scanner.advance();
                if depth > 0 {
                    return found;
                }
                *dropped += 1;
            }
            Some(b'@') => match at_rule(scanner, depth, dropped) {
                Some(rule) => found.push(rule),
                None => *dropped += 1,
            },
            Some(_) => {
                let (selectors, end) = scanner.text(b"{}");
                match end {
                    Some(b'{') => {
                        let declarations = declarations(scanner, dropped);
                        match is_selector(&selectors, depth > 0) {
                            true => found.push(Rule::Style { selectors, declarations }),
                            false => *dropped += 1,
                        }
                    }
                    // A selector without a block, and the end of the block around it.
                    Some(_) if depth > 0 => {
                        *dropped += 1;
                        return found;
                    }
                    _ => *dropped += 1,
                }
            }
        }
    }
}

fn at_rule(scanner: &mut Scanner<'_>, depth: usize, dropped: &mut usize) -> Option<Rule> {
    scanner.advance();
    let name = scanner.word().to_ascii_lowercase();
    let (prelude, end) = scanner.text(b";{}");
    let body = match end {
        Some(b'{') if has_rules(&name) => {
            if depth >= MAX_DEPTH {
                scanner.skip_block();
                return None;
            }
            AtBody::Rules(rules(scanner, depth + 1, dropped))
        }
        Some(b'{') => AtBody::Declarations(declarations(scanner, dropped)),
        Some(b'}') => {
            scanner.step_back();
            AtBody::None
        }
        _ => AtBody::None,
    };
    (!name.is_empty() && is_balanced(&prelude)).then_some(Rule::At { name, prelude, body })
}

/// Whether an at-rule of that name holds rules; all others hold declarations.
fn has_rules(name: &str) -> bool {
    let plain = name.trim_start_matches('-');
    let plain = ["webkit-", "moz-", "o-", "ms-"].iter().find_map(|vendor| plain.strip_prefix(vendor)).unwrap_or(plain);
    matches!(
        plain,
        "media" | "supports" | "document" | "layer" | "container" | "keyframes" | "scope" | "starting-style"
    )
}

/// The declarations up to the end or to the `}` that closes their block, which is taken.
fn declarations(scanner: &mut Scanner<'_>, dropped: &mut usize) -> Vec<Declaration> {
    let mut found = Vec::new();
    loop {
        let (text, end) = scanner.text(b";{}");
        if end == Some(b'{') {
            // A rule inside a rule, or the margin boxes of `@page`.
            scanner.skip_block();
            *dropped += 1;
            continue;
        }
        match declaration(&text) {
            Some(declaration) => found.push(declaration),
            None => *dropped += usize::from(!text.is_empty()),
        }
        if end != Some(b';') {
            return found;
        }
    }
}

fn declaration(text: &str) -> Option<Declaration> {
    let (name, value) = text.split_once(':')?;
    let (name, value) = (name.trim(), value.trim());
    let (value, important) = match value.rsplit_once('!') {
        Some((before, mark)) if mark.trim().eq_ignore_ascii_case("important") => (before.trim_end(), true),
        _ => (value, false),
    };
    let name = if name.starts_with("--") { name.to_owned() } else { name.to_ascii_lowercase() };
    let sound = is_name(&name) && !value.is_empty() && is_value(value);
    sound.then(|| Declaration { name, value: value.to_owned(), important })
}

/// Names of properties: what hacks for old browsers put in front (`*zoom`) is no name.
fn is_name(name: &str) -> bool {
    let start = name.trim_start_matches('-');
    start.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Whether quotes and brackets are closed, and what only old browsers took is absent.
fn is_value(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    is_balanced(value)
        && !lower.contains("progid:")
        && !lower.contains("expression(")
        && !scan::has_outside(value, b"!{}")
}

/// `5%` selects only inside `@keyframes`.
fn is_selector(selectors: &str, nested: bool) -> bool {
    let first = selectors.bytes().next();
    let starts =
        first.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"*.#:[_-\\|".contains(&byte) || byte >= 0x80);
    let empty_part = || selectors.split(',').any(|part| part.trim().is_empty());
    starts
        && is_balanced(selectors)
        && !empty_part()
        && !scan::has_outside(selectors, b"{};!@&<?/")
        && (nested || !scan::has_outside(selectors, b"%"))
}

fn is_balanced(text: &str) -> bool {
    scan::is_balanced(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(css: &str, expected: &str) {
        assert_eq!(Sheet::parse(css).to_css(), expected);
    }

    #[test]
    fn rules_are_read_and_written() {
        check(
            "/* x */ P , .a>b{Color : RED ;margin:0 auto!important}",
            "P , .a>b {\n  color: RED;\n  margin: 0 auto !important;\n}\n",
        );
        check("@charset \"utf-8\"; @import url(a.css) print;", "@charset \"utf-8\";\n@import url(a.css) print;\n");
        check("@media  print { p{a:b} } q{c:d}", "@media print {\np {\n  a: b;\n}\n}\nq {\n  c: d;\n}\n");
        check(
            "@font-face{font-family:'x;}';src:url(data:a;b,{)}",
            "@font-face {\n  font-family: 'x;}';\n  src: url(data:a;b,{);\n}\n",
        );
        check("<!-- p{a:b} -->", "p {\n  a: b;\n}\n");
    }

    #[test]
    fn what_is_broken_is_left_out_and_counted() {
        check("p{*zoom:1;color red;a:b;c:;filter:progid:X.Y(z=1);d:\"x\ny;e:f}", "p {\n  a: b;\n  e: f;\n}\n");
        check("} p{a:b", "p {\n  a: b;\n}\n");
        check("p{a:b} .x", "p {\n  a: b;\n}\n");
        check("p,,q{a:b} 5%{a:b} r{a:b}", "r {\n  a: b;\n}\n");
        check("a{b:c;d{e:f}g:h}", "a {\n  b: c;\n  g: h;\n}\n");
        check("@media x{p{a:b} .y} q{c:d}", "@media x {\np {\n  a: b;\n}\n}\nq {\n  c: d;\n}\n");
        assert_eq!(Sheet::parse("p{*a:b} } ").dropped, 2);
        assert_eq!(Sheet::parse("p{a:b;;} ").dropped, 0);
    }

    #[test]
    fn style_attributes() {
        let found = parse_declarations("color:red; } ; width : 5px ");
        assert_eq!(declarations_to_css(&found), "color: red; width: 5px");
    }

    #[test]
    fn hostile_sheets_cost_little() {
        let deep = "@media x{".repeat(100_000);
        assert!(Sheet::parse(&deep).to_css().len() < 1000);
        Sheet::parse(&"(".repeat(1_000_000));
        Sheet::parse(&"a{".repeat(300_000));
        Sheet::parse(&"/*".repeat(500_000));
        Sheet::parse(&"'\n".repeat(500_000));
    }
}
