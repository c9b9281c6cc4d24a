//! One page of an edition as a `<section>` of the file.

use super::inline::{EMPTY, Inliner};
use super::style::Sheets;
use crate::book::dom::{Document, Element, NodeId, Space, Syntax, escape_attribute};
use crate::book::edition::Page;
use crate::book::epub::path::resolve;

/// The name of a page without its extension: the id of its section and the start of all ids in it.
pub(super) fn stem(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(stem, _)| stem)
}

/// Appends a page.
pub(super) fn write(page: &Page, sheets: &Sheets, files: &mut Inliner<'_>, out: &mut String) {
    let mut document = Document::parse(&page.markup);
    let body = document.body();
    let nodes: Vec<NodeId> = document.descendants(body).collect();
    for node in nodes {
        if let Some(element) = document.element_mut(node) {
            change(element, page, files);
        }
    }
    let root = document.children(Document::ROOT).into_iter().find_map(|node| document.element(node)).cloned();
    let section = section(page, sheets, root.as_ref(), document.element(body));
    out.push_str("<section");
    for (name, value) in &section.attributes {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape_attribute(value, out);
        out.push('"');
    }
    out.push_str(">\n");
    if let Some(id) = document.element(body).filter(|body| body.is("body")).and_then(|body| body.get("id")) {
        out.push_str("<a id=\"");
        escape_attribute(&own(page, id), out);
        out.push_str("\"></a>");
    }
    for child in document.children(body) {
        document.write(child, Syntax::Xhtml, out);
    }
    out.push_str("\n</section>\n");
}

/// The element that stands for `<html>` and `<body>` of the page.
fn section(page: &Page, sheets: &Sheets, root: Option<&Element>, body: Option<&Element>) -> Element {
    let mut classes = vec!["page".to_owned()];
    classes.extend(sheets.classes(page));
    let mut section = Element::html("section");
    section.set("class", "");
    section.set("id", stem(&page.path));
    for element in [body, root].into_iter().flatten().filter(|one| one.is("body") || one.is("html")) {
        for (name, value) in &element.attributes {
            match name.as_str() {
                "class" => classes.extend(value.split_ascii_whitespace().map(str::to_owned)),
                "id" => {}
                "xml:lang" | "lang" => keep(&mut section, "lang", value),
                "dir" | "style" | "epub:type" => keep(&mut section, name, value),
                _ => {}
            }
        }
    }
    classes.dedup();
    section.set("class", classes.join(" "));
    if !page.title.is_empty() {
        section.set("aria-label", page.title.clone());
    }
    if !page.linear {
        section.set("data-linear", "no");
    }
    section
}

fn keep(section: &mut Element, name: &str, value: &str) {
    if section.get(name).is_none() {
        section.set(name, value);
    }
}

/// Makes ids and links those of the whole file.
fn change(element: &mut Element, page: &Page, files: &mut Inliner<'_>) {
    if let Some(language) = element.remove("xml:lang")
        && element.get("lang").is_none()
    {
        element.set("lang", language);
    }
    let (picture, space) = (element.is("img"), element.space);
    let cover = picture || element.name == "image";
    let mut more: Vec<(&str, String)> = Vec::new();
    for (name, value) in &mut element.attributes {
        match name.as_str() {
            "id" => *value = own(page, value),
            "name" if space == Space::Html && !value.is_empty() => *value = own(page, value),
            "href" | "xlink:href" | "src" | "poster" | "data" | "cite" | "usemap" | "longdesc" => {
                let Some(file) = files.find(value) else {
                    *value = link(page, value);
                    continue;
                };
                if cover && files.is_cover_first(file) {
                    more.push(("data-cover", String::new()));
                }
                if !picture {
                    *value = files.repeated(file).unwrap_or_else(|| EMPTY.to_owned());
                } else if let Some(address) = files.picture(file) {
                    *value = address;
                } else {
                    more.push(("data-picture", value.clone()));
                    *value = EMPTY.to_owned();
                }
            }
            "for" | "headers" | "aria-labelledby" | "aria-describedby" | "aria-details" | "list" => {
                let ids: Vec<String> = value.split_ascii_whitespace().map(|id| own(page, id)).collect();
                *value = ids.join(" ");
            }
            "style" => *value = styles(page, value, files),
            // `fill="url(#a)"`, `clip-path="url(#b)"`.
            _ if space == Space::Svg && value.contains("url(") => *value = styles(page, value, files),
            _ => {}
        }
    }
    for (name, value) in more {
        element.set(name, value);
    }
}

fn own(page: &Page, id: &str) -> String {
    format!("{}-{id}", stem(&page.path))
}

/// A link to a page as a link inside the file; others stay.
fn link(page: &Page, href: &str) -> String {
    let Some(link) = resolve(&page.path, href) else { return href.to_owned() };
    let stem = stem(&link.path);
    match link.fragment {
        Some(fragment) => format!("#{stem}-{fragment}"),
        None => format!("#{stem}"),
    }
}

fn styles(page: &Page, value: &str, files: &mut Inliner<'_>) -> String {
    let mut map = |target: &str| {
        Some(match (target.strip_prefix('#'), files.find(target)) {
            (Some(id), _) => format!("#{}", own(page, id)),
            (None, Some(file)) => files.repeated(file).unwrap_or_else(|| EMPTY.to_owned()),
            (None, None) => target.to_owned(),
        })
    };
    crate::book::css::map_urls(value, &mut map).unwrap_or_default()
}
