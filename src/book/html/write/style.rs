//! The style sheets of all pages as one that keeps them apart.
//!
//! In the edition a sheet holds for the pages that link to it. Here every rule is put under the class
//! of the sections for which it was meant, and what was said of `body` is said of the section.

use super::inline::Inliner;
use crate::book::css::{AtBody, Declaration, Rule, Sheet, map_urls};
use crate::book::dom::Document;
use crate::book::edition::{Edition, Page};
use std::collections::{BTreeMap, HashMap};

const DEFAULT: &str = include_str!("default.css");
const VERTICAL: &str =
    "html{writing-mode:vertical-rl;-webkit-writing-mode:vertical-rl}body{max-width:none;height:calc(100vh - 5rem)}\n";

/// Which page has which style sheets.
pub(super) struct Sheets {
    /// File name → the class of its pages; in the order in which the pages link to them.
    order: Vec<(String, String)>,
    of_page: HashMap<String, Vec<String>>,
}

impl Sheets {
    /// Finds out.
    pub(super) fn of(edition: &Edition) -> Sheets {
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        let mut order: Vec<String> = Vec::new();
        let mut linked: Vec<(String, Vec<String>)> = Vec::new();
        for page in &edition.pages {
            let names = links(&page.markup);
            for name in &names {
                let count = uses.entry(name.clone()).or_insert(0);
                if *count == 0 {
                    order.push(name.clone());
                }
                *count += 1;
            }
            linked.push((page.path.clone(), names));
        }
        let all = edition.pages.len();
        let class = |name: &String| {
            let everywhere = uses.get(name).is_some_and(|count| *count == all);
            if everywhere { "page".to_owned() } else { super::page::stem(name).to_owned() }
        };
        let of_page = linked.into_iter().map(|(path, names)| (path, names.iter().map(&class).collect())).collect();
        let order = order.iter().map(|name| (name.clone(), class(name))).collect();
        Sheets { order, of_page }
    }

    /// The classes that a page's section needs besides `page`.
    pub(super) fn classes(&self, page: &Page) -> Vec<String> {
        let names = self.of_page.get(&page.path).into_iter().flatten();
        names.filter(|class| *class != "page").cloned().collect()
    }
}

/// The style sheets to which a page links, each once.
fn links(markup: &str) -> Vec<String> {
    let head = markup.split_once("<body").map_or(markup, |(head, _)| head);
    let document = Document::parse(head);
    let mut names: Vec<String> = Vec::new();
    for node in document.descendants(Document::ROOT) {
        let Some(link) = document.element(node).filter(|one| one.is("link") && one.has_word("rel", "stylesheet"))
        else {
            continue;
        };
        if let Some(href) = link.get("href").filter(|href| !names.iter().any(|name| name == href)) {
            names.push(href.to_owned());
        }
    }
    names
}

/// Appends the style elements: the default one, and the book's.
pub(super) fn write(edition: &Edition, sheets: &Sheets, files: &mut Inliner<'_>, out: &mut String) {
    out.push_str("<style data-default=\"\">\n");
    out.push_str(DEFAULT);
    if edition.layout.vertical {
        out.push_str(VERTICAL);
    }
    let pictures = files.rules();
    out.push_str(&raw(&pictures));
    out.push_str("</style>\n");
    let mut css = String::new();
    for (name, class) in &sheets.order {
        let Some(file) = files.find(name).and_then(|at| edition.files.get(at)) else { continue };
        let mut sheet = Sheet::parse(&String::from_utf8_lossy(&file.bytes));
        scope(&mut sheet.rules, class, files);
        css.push_str(&sheet.to_css());
    }
    if !css.is_empty() {
        out.push_str("<style>\n");
        out.push_str(&raw(&css));
        out.push_str("</style>\n");
    }
}

/// Nothing in a style sheet may end the element that it stands in.
fn raw(css: &str) -> String {
    if css.contains("</") || css.contains("<!") { css.replace('<', "\\3c ") } else { css.to_owned() }
}

// Nesting is bounded by the parser of sheets.
fn scope(rules: &mut Vec<Rule>, class: &str, files: &mut Inliner<'_>) {
    rules.retain(|rule| !matches!(rule, Rule::At { name, .. } if matches!(name.as_str(), "import" | "charset" | "page" | "namespace")));
    for rule in rules {
        match rule {
            Rule::Style { selectors, declarations } => {
                *selectors = parts(selectors).iter().map(|one| selector(one, class)).collect::<Vec<_>>().join(", ");
                urls(declarations, files);
            }
            Rule::At { body: AtBody::Declarations(declarations), .. } => urls(declarations, files),
            Rule::At { name, body: AtBody::Rules(inner), .. } if !name.ends_with("keyframes") => {
                scope(inner, class, files);
            }
            Rule::At { .. } => {}
        }
    }
}

fn urls(declarations: &mut Vec<Declaration>, files: &mut Inliner<'_>) {
    declarations.retain_mut(|declaration| {
        if !declaration.value.contains('(') {
            return true;
        }
        let mapped = map_urls(&declaration.value, &mut |target| match files.find(target) {
            Some(file) => files.repeated(file),
            None => Some(target.to_owned()),
        });
        mapped.is_some_and(|value| {
            declaration.value = value;
            true
        })
    });
}

/// A list of selectors cut at its commas, those in brackets and strings left alone.
fn parts(selectors: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth, mut quote) = (Vec::new(), 0, 0usize, None);
    let mut escaped = false;
    for (at, c) in selectors.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (_, '\\') => {
                escaped = true;
            }
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                found.extend(selectors.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend(selectors.get(start..));
    found.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// One selector under a class. `html > body.x p` becomes `.page.x p`, `#n` matches the prefixed id.
fn selector(selector: &str, class: &str) -> String {
    let mut rest = selector;
    let mut compound = String::new();
    let mut root = false;
    // `html`, `:root` and `body` in front are the section itself.
    for name in ["html", ":root", "body"] {
        let Some(after) =
            rest.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)).map(|_| &rest[name.len()..])
        else {
            continue;
        };
        if after.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_') {
            continue;
        }
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '>' | '+' | '~')).unwrap_or(after.len());
        let (own, after) = after.split_at(end);
        compound.push_str(own);
        root = true;
        rest = after.trim_start();
        if name != "body" && rest.trim_start_matches('>').trim_start().to_ascii_lowercase().starts_with("body") {
            rest = rest.trim_start_matches('>').trim_start();
        }
    }
    let rest = ids(rest);
    let compound = ids(&compound);
    match (root, rest.is_empty()) {
        (_, true) => format!(".{class}{compound}"),
        _ => format!(".{class}{compound} {rest}"),
    }
}

/// `#note` → `[id$="-note"]`, because ids got the name of their page in front.
fn ids(selector: &str) -> String {
    let mut out = String::with_capacity(selector.len());
    let mut chars = selector.chars().peekable();
    let (mut bracket, mut quote) = (false, None);
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => bracket = true,
            (None, ']') => bracket = false,
            (None, '#') if !bracket => {
                out.push_str("[id$=\"-");
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii()) {
                    out.push(c);
                }
                out.push_str("\"]");
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_stay_with_their_pages() {
        let check = |from: &str, to: &str| {
            let scoped: Vec<String> = parts(from).iter().map(|one| selector(one, "page")).collect();
            assert_eq!(scoped.join(", "), to);
        };
        check("p, a[title=\"x,y\"]", ".page p, .page a[title=\"x,y\"]");
        check("body", ".page");
        check("html > body.a p", ".page.a p");
        check("body > p", ".page > p");
        check("bodyx", ".page bodyx");
        check("p#n1.x", ".page p[id$=\"-n1\"].x");
        check(":is(h1, h2)", ".page :is(h1, h2)");
    }
}
