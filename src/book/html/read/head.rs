//! What a page says of itself in its head: Dublin Core, Open Graph, and the names browsers know.

use crate::book::dom::{Document, Element};
use crate::book::file_name::split_authors;
use crate::book::model::{Contributor, Direction, Identifier, Layout, Metadata, Role, Series};
use crate::book::xhtml::one_line;

/// Metadata and layout of a page.
pub(super) fn read(document: &Document) -> (Metadata, Layout) {
    let (mut metadata, mut layout) = (Metadata::default(), Layout::default());
    let (mut social, mut loose, mut words) = (String::new(), Vec::new(), Vec::new());
    for node in document.descendants(Document::ROOT) {
        let Some(element) = document.element(node) else { continue };
        if element.is("html") && metadata.language.is_none() {
            metadata.language = element.get("lang").or_else(|| element.get("xml:lang")).and_then(filled);
        }
        if !element.is("meta") {
            continue;
        }
        let name = element.get("name").or_else(|| element.get("property")).or_else(|| element.get("itemprop"));
        let (Some(name), Some(content)) = (name, element.get("content").and_then(filled)) else { continue };
        let name = name.trim().to_ascii_lowercase().replace("dcterms.", "dc.").replace("dc:", "dc.");
        match name.as_str() {
            "og:title" | "twitter:title" if social.is_empty() => social = content,
            "author" | "article:author" | "og:author" | "byl" => loose.push(content),
            "keywords" if words.is_empty() => {
                words = content.split([',', '，', '、', ';']).filter_map(filled).collect();
            }
            "page-progression-direction" if content == "rtl" => layout.direction = Some(Direction::RightToLeft),
            "page-progression-direction" => layout.direction = Some(Direction::LeftToRight),
            "primary-writing-mode" => layout.vertical = content.starts_with("vertical"),
            _ => plain(&mut metadata, &name, content, element),
        }
    }
    // A subject may have a comma of its own: what names them one by one is better.
    if metadata.subjects.is_empty() {
        metadata.subjects = words;
    }
    if metadata.contributors.is_empty() {
        for name in loose.iter().flat_map(|names| split_authors(names)) {
            // Sites give the address of a profile.
            if !name.contains("://") {
                metadata.add_author(&name);
            }
        }
    }
    if metadata.title.is_empty() {
        let title = document.find(Document::ROOT, "title").map(|node| one_line(&document.text_content(node)));
        metadata.title = if social.is_empty() { title.unwrap_or_default() } else { social };
    }
    if metadata.title.is_empty() {
        let mut headings = document.descendants(Document::ROOT).filter(|&node| document.is(node, "h1"));
        if let (Some(only), None) = (headings.next(), headings.next()) {
            metadata.title = one_line(&document.text_content(only));
        }
    }
    (metadata, layout)
}

fn plain(metadata: &mut Metadata, name: &str, content: String, element: &Element) {
    let keep = |slot: &mut Option<String>, content: String| {
        if slot.is_none() {
            *slot = Some(content);
        }
    };
    match name {
        "dc.title" if metadata.title.is_empty() => metadata.title = one_line(&content),
        "dc.title.subtitle" => keep(&mut metadata.subtitle, content),
        "dc.creator" | "dc.contributor" => {
            let creator = name == "dc.creator";
            let usual = if creator { Role::Author } else { Role::Other };
            let role = element.get("data-role").map_or(usual, Role::from_code);
            let sort_as = element.get("data-sort-as").and_then(filled);
            let names = match element.get("data-role") {
                Some(_) => vec![content],
                None => split_authors(&content),
            };
            for name in names {
                let new = Contributor { name, role, sort_as: sort_as.clone(), creator };
                let known = metadata.contributors.iter().any(|one| one.is_same(&new));
                if !known && metadata.contributors.len() <= Metadata::MOST {
                    metadata.contributors.push(new);
                }
            }
        }
        "dc.language" => metadata.language = Some(content),
        "dc.publisher" => keep(&mut metadata.publisher, content),
        "dc.date" | "dc.issued" | "dc.created" | "date" | "article:published_time" | "publishdate" | "pubdate" => {
            keep(&mut metadata.published, content);
        }
        "description" | "dc.description" | "og:description" => keep(&mut metadata.description, content),
        "dc.subject" => metadata.add_subject(content),
        "dc.rights" | "copyright" => keep(&mut metadata.rights, content),
        "dc.source" => keep(&mut metadata.source, content),
        "dc.modified" => keep(&mut metadata.modified, content),
        "dc.identifier" => {
            let scheme = element.get("data-scheme").or_else(|| element.get("scheme")).unwrap_or_default();
            metadata.identifiers.push(Identifier { scheme: scheme.to_ascii_lowercase(), value: content });
        }
        "series" => metadata.series = Some(Series { name: content, number: None }),
        "series-number" => {
            if let Some(series) = &mut metadata.series {
                series.number = Some(content);
            }
        }
        _ => {}
    }
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
