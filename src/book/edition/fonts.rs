//! Fonts of a book: which are there, which rules name them.

use super::super::css::{self, AtBody, Declaration, Rule, Sheet};
use super::super::{Change, charset};
use super::context::Context;
use super::files::{Kind, sniff};
use super::places::Place;
use std::collections::HashSet;

/// The families that the sheets of a book embed, in lower case. Other names switch off the reader's
/// own choice of font on a Kindle, so they are taken out there.
pub(super) fn embedded_families(context: &Context<'_>) -> HashSet<String> {
    let mut found = HashSet::new();
    let sheets =
        context.book.resources().iter().filter(|one| one.path.ends_with(".css") || one.media_type == "text/css");
    for resource in sheets {
        let css = charset::decode_markup(&resource.bytes);
        if !css.contains("font-face") {
            continue;
        }
        for rule in Sheet::parse(&css).rules {
            let Rule::At { name, body: AtBody::Declarations(declarations), .. } = rule else { continue };
            if name != "font-face" {
                continue;
            }
            let has_file =
                declarations.iter().filter(|one| one.name == "src").flat_map(|one| css::urls(&one.value)).any(
                    |target| {
                        let found =
                            context.places.resource(&resource.path, &target).and_then(|at| context.files.resource(at));
                        found.is_some_and(|font| matches!(sniff(&font.bytes), Some((Kind::Font, ..))))
                    },
                );
            let family = declarations.iter().find(|one| one.name == "font-family");
            found.extend(family.filter(|_| has_file).map(|one| bare(&one.value)));
        }
    }
    found
}

/// A family without quotes, in lower case.
fn bare(family: &str) -> String {
    family.trim().trim_matches(['"', '\'']).trim().to_lowercase()
}

/// Leaves only generic and embedded families; false if none remain.
pub(super) fn keep_known(declaration: &mut Declaration, embedded: &HashSet<String>) -> bool {
    let known = |family: &&str| {
        let family = bare(family);
        matches!(
            family.as_str(),
            "serif" | "sans-serif" | "monospace" | "cursive" | "fantasy" | "inherit" | "initial" | "unset"
        ) || embedded.contains(&family)
    };
    let kept: Vec<&str> = declaration.value.split(',').map(str::trim).filter(known).collect();
    declaration.value = kept.join(", ");
    !declaration.value.is_empty()
}

/// The inside of an `@font-face` with only sources that exist; none if there are none left.
pub(super) fn clean_face(
    context: &mut Context<'_>,
    from: &str,
    mut declarations: Vec<Declaration>,
) -> Option<Vec<Declaration>> {
    declarations.retain_mut(|one| {
        if one.name != "src" {
            return true;
        }
        let sources: Vec<String> =
            sources(&one.value).into_iter().filter_map(|source| clean_source(context, from, source)).collect();
        one.value = sources.join(", ");
        !one.value.is_empty()
    });
    let has = |name: &str| declarations.iter().any(|one| one.name == name);
    if has("src") && has("font-family") {
        return Some(declarations);
    }
    context.note(Change::FontDropped, from);
    None
}

/// A list of sources cut at its commas, those in brackets and quotes excepted.
fn sources(value: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth, mut quote) = (Vec::new(), 0, 0usize, None);
    for (at, byte) in value.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, b',') if depth == 0 => {
                found.extend(value.get(start..at));
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    found.extend(value.get(start..));
    found
}

fn clean_source(context: &mut Context<'_>, from: &str, source: &str) -> Option<String> {
    let source = source.trim();
    css::map_urls(source, &mut |target| match context.places.find(from, target) {
        Place::Resource(at, _) => {
            let file = context.files.font(at, &mut context.report)?;
            context.file_path(file)
        }
        Place::Outside(_) => {
            context.note(Change::RemoteDropped, target);
            None
        }
        _ => None,
    })
    .filter(|source| !source.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_that_are_not_there_go() {
        let mut declaration = Declaration::new("font-family", "'Songti SC', \"My Font\", serif");
        assert!(keep_known(&mut declaration, &HashSet::from(["my font".into()])));
        assert_eq!(declaration.value, "\"My Font\", serif");
        let mut declaration = Declaration::new("font-family", "宋体");
        assert!(!keep_known(&mut declaration, &HashSet::new()));
    }

    #[test]
    fn sources_are_cut_at_commas() {
        assert_eq!(sources("url(a,b) format('x'), local('c,d')"), ["url(a,b) format('x')", " local('c,d')"]);
    }
}
