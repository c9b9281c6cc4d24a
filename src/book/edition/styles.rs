//! Style sheets and `style` attributes: parsed, freed of what the target refuses, links resolved.
//!
//! Imported sheets are put where they are imported, so that an edition's sheets stand alone.

use super::super::charset;
use super::super::css::{self, AtBody, Declaration, Rule, Sheet};
use super::super::{Change, Format};
use super::context::Context;
use super::files::Kind;
use super::fonts;
use super::places::Place;

/// How deep sheets may import each other; a sheet that imports itself ends here, too.
const MAX_IMPORTS: usize = 4;
/// How many sheets one sheet may pull in, whatever their nesting.
const MOST_IMPORTS: usize = 64;

/// How many namespaces one sheet may declare; each is compared with those before it.
const MOST_NAMESPACES: usize = 20;
/// How many bytes of sheets may be put in where they are imported, in the whole book: a sheet imported by a thousand
/// others is there a thousand times.
pub(super) const MOST_IMPORTED: usize = 16 << 20;

/// How many rules and declarations all sheets of a book may have, imported ones each time they are: each takes forty
/// times its length in memory. A book of six thousand pages with a sheet each has a third.
pub(super) const MOST_DECLARATIONS: usize = 400_000;

/// The file for the sheet that `href`, found in the page `from`, names.
pub(super) fn linked(context: &mut Context<'_>, from: &str, href: &str) -> Option<usize> {
    let resource = match context.places.find(from, href) {
        Place::Resource(at, _) => at,
        Place::Outside(_) => {
            context.note(Change::RemoteDropped, href);
            return None;
        }
        _ => {
            context.note(Change::FileMissing, href);
            return None;
        }
    };
    if let Some(known) = context.files.taken(resource) {
        return known;
    }
    let (path, css) = text(context, resource)?;
    let file = written(context, &css, &path);
    context.files.remember(resource, file);
    file
}

/// The file for a sheet that stands in the page `from` itself.
pub(super) fn embedded(context: &mut Context<'_>, from: &str, css: &str) -> Option<usize> {
    written(context, css, from)
}

/// Declarations as a `style` attribute may hold them; empty if none remain.
pub(super) fn attribute(context: &mut Context<'_>, from: &str, css: &str) -> String {
    let mut declarations = css::parse_declarations(css);
    clean_declarations(context, from, &mut declarations);
    css::declarations_to_css(&declarations)
}

/// A sheet as text, links resolved.
pub(super) fn cleaned(context: &mut Context<'_>, css: &str, from: &str) -> String {
    let mut names = Vec::new();
    let mut left = MOST_IMPORTS;
    let rules = rules(context, css, from, 0, &mut left, &mut names);
    names.dedup();
    names.extend(rules);
    Sheet { rules: names, dropped: 0 }.to_css()
}

fn written(context: &mut Context<'_>, css: &str, from: &str) -> Option<usize> {
    let css = cleaned(context, css, from);
    (!css.is_empty()).then(|| context.files.add_sheet(css))
}

/// The text of a sheet and where it stands.
fn text(context: &Context<'_>, resource: usize) -> Option<(String, String)> {
    let resource = context.files.resource(resource)?;
    Some((resource.path.clone(), charset::decode_markup(&resource.bytes)))
}

/// The rules of a sheet with those of the sheets it imports. `@namespace` must come first in a sheet
/// and is collected apart.
fn rules(
    context: &mut Context<'_>,
    css: &str,
    from: &str,
    depth: usize,
    left: &mut usize,
    names: &mut Vec<Rule>,
) -> Vec<Rule> {
    let size = css.bytes().filter(|byte| matches!(byte, b'{' | b';')).count();
    let Some(rest) = context.declarations_left.checked_sub(size) else {
        context.note(Change::StyleDropped, from);
        return Vec::new();
    };
    context.declarations_left = rest;
    let sheet = Sheet::parse(css);
    for _ in 0..sheet.dropped {
        context.note(Change::StyleRepaired, from);
    }
    let mut found = Vec::new();
    for rule in sheet.rules {
        match rule {
            Rule::At { name, .. } if name == "charset" => {}
            Rule::At { name, prelude, body: AtBody::None } if name == "namespace" => {
                let rule = Rule::At { name, prelude, body: AtBody::None };
                if names.len() < MOST_NAMESPACES && !names.contains(&rule) {
                    names.push(rule);
                }
            }
            Rule::At { name, prelude, .. } if name == "import" => {
                let (target, media) = import(&prelude);
                let Some(resource) = context.places.resource(from, &target) else {
                    context.note(Change::StyleDropped, &target);
                    continue;
                };
                if depth >= MAX_IMPORTS || *left == 0 {
                    context.note(Change::StyleDropped, &target);
                    continue;
                }
                *left -= 1;
                let size = context.files.resource(resource).map_or(0, |resource| resource.bytes.len());
                let Some(rest) = context.imports_left.checked_sub(size) else {
                    context.note(Change::StyleDropped, &target);
                    continue;
                };
                context.imports_left = rest;
                let Some((path, css)) = text(context, resource) else { continue };
                let imported = rules(context, &css, &path, depth + 1, left, names);
                if media.is_empty() || media == "all" {
                    found.extend(imported);
                } else {
                    found.push(Rule::At { name: "media".into(), prelude: media, body: AtBody::Rules(imported) });
                }
            }
            rule => found.extend(clean_rule(context, from, rule)),
        }
    }
    found
}

/// The target of an `@import` and its media.
fn import(prelude: &str) -> (String, String) {
    if let Some(target) = css::urls(prelude).into_iter().next() {
        let media = prelude.split_once(')').map_or("", |(_, media)| media);
        return (target, media.trim().to_owned());
    }
    let quote = prelude.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inside = quote.and_then(|quote| prelude.get(1..)?.split_once(quote));
    inside.map_or_else(Default::default, |(target, media)| (target.to_owned(), media.trim().to_owned()))
}

// Nesting is bounded by the parser of sheets.
fn clean_rule(context: &mut Context<'_>, from: &str, rule: Rule) -> Option<Rule> {
    match rule {
        Rule::Style { selectors, mut declarations } => {
            clean_declarations(context, from, &mut declarations);
            (!declarations.is_empty()).then_some(Rule::Style { selectors, declarations })
        }
        Rule::At { name, body: AtBody::Declarations(declarations), .. } if name == "font-face" => {
            let declarations = fonts::clean_face(context, from, declarations)?;
            Some(Rule::At { name, prelude: String::new(), body: AtBody::Declarations(declarations) })
        }
        Rule::At { name, prelude, body: AtBody::Declarations(mut declarations) } => {
            clean_declarations(context, from, &mut declarations);
            Some(Rule::At { name, prelude, body: AtBody::Declarations(declarations) })
        }
        Rule::At { name, prelude, body: AtBody::Rules(inner) } => {
            let inner: Vec<Rule> = inner.into_iter().filter_map(|rule| clean_rule(context, from, rule)).collect();
            (!inner.is_empty()).then_some(Rule::At { name, prelude, body: AtBody::Rules(inner) })
        }
        // Whatever ends in `;` and is known belongs to the start of a sheet.
        Rule::At { body: AtBody::None, .. } => {
            context.note(Change::StyleRepaired, from);
            None
        }
    }
}

fn clean_declarations(context: &mut Context<'_>, from: &str, declarations: &mut Vec<Declaration>) {
    // EPUB wants the direction of writing in the markup, not in the styles.
    if context.target == Format::Epub {
        declarations.retain(|one| !matches!(one.name.as_str(), "direction" | "unicode-bidi"));
    }
    if let Some(families) = &context.families {
        declarations.retain_mut(|one| one.name != "font-family" || fonts::keep_known(one, families));
    }
    let lost = css::in_declarations(declarations, &mut |target| match target.strip_prefix('#') {
        Some(_) => Some(target.to_owned()),
        None => picture(context, from, target),
    });
    if lost > 0 {
        context.note(Change::StyleRepaired, from);
    }
}

/// The picture that a declaration names.
fn picture(context: &mut Context<'_>, from: &str, target: &str) -> Option<String> {
    if let Place::Resource(at, _) = context.places.find(from, target)
        && let Some(file) = context.files.plain(at, &[Kind::Font])
    {
        return context.file_path(file);
    }
    context.picture(from, target)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Book, Resource};
    use super::*;

    fn sheet(path: &str, css: String) -> Resource {
        Resource { path: path.into(), media_type: "text/css".into(), bytes: css.into_bytes() }
    }

    #[test]
    fn imports_are_bounded_for_the_whole_book() {
        let large = sheet("a.css", format!("p{{background:url({})}}", "x".repeat(1_000_000)));
        let book = Book { resources: vec![large], ..Book::new(Format::Epub) };
        let mut context = Context::new(&book, Format::Epub, false);
        for _ in 0..30 {
            cleaned(&mut context, "@import 'a.css';", "x.html");
        }
        let whole = MOST_IMPORTED / 1_000_000;
        assert_eq!(context.declarations_left, MOST_DECLARATIONS - 30 - whole);
        assert!(context.report.count(Change::StyleDropped) >= 30 - whole);
    }

    #[test]
    fn sheets_of_rules_only_are_left_out() {
        let book = Book::new(Format::Epub);
        let mut context = Context::new(&book, Format::Epub, false);
        let css = "p{margin:1px}".repeat(MOST_DECLARATIONS / 2);
        assert!(!cleaned(&mut context, &css, "x.html").is_empty());
        assert!(!cleaned(&mut context, &css, "x.html").is_empty());
        assert!(cleaned(&mut context, "p{margin:1px}", "x.html").is_empty());
        assert_eq!(context.report.count(Change::StyleDropped), 1);
    }
}
