//! What is said about the book, as `<title>` and `<meta>`: the names that browsers, search engines and
//! converters know (`author`, `description`, Dublin Core), and a few of our own where there are none.

use crate::book::dom::{escape_attribute, escape_text};
use crate::book::edition::Edition;
use crate::book::html::GENERATOR;
use crate::book::model::Direction;

/// The head, up to the style sheets.
pub(super) fn write(edition: &Edition, out: &mut String) {
    let metadata = &edition.metadata;
    out.push_str("<head>\n<meta charset=\"utf-8\"/>\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    out.push_str("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    out.push_str("<title>");
    escape_text(&metadata.title, out);
    out.push_str("</title>\n");
    meta(out, "generator", GENERATOR, &[]);
    let authors = metadata.authors();
    if !authors.is_empty() {
        meta(out, "author", &authors.join(", "), &[]);
    }
    if let Some(text) = &metadata.description {
        meta(out, "description", text, &[]);
    }
    if !metadata.subjects.is_empty() {
        meta(out, "keywords", &metadata.subjects.join(", "), &[]);
    }
    out.push_str("<link rel=\"schema.dc\" href=\"http://purl.org/dc/elements/1.1/\"/>\n");
    meta(out, "dc.title", &metadata.title, &[]);
    if let Some(text) = &metadata.subtitle {
        meta(out, "dc.title.subtitle", text, &[]);
    }
    let is_creator = metadata.creators();
    for one in &metadata.contributors {
        let name = if is_creator(one) { "dc.creator" } else { "dc.contributor" };
        let mut more = vec![("data-role", one.role.code())];
        if let Some(sorted) = &one.sort_as {
            more.push(("data-sort-as", sorted.as_str()));
        }
        meta(out, name, &one.name, &more);
    }
    let single = [
        ("dc.language", &metadata.language),
        ("dc.publisher", &metadata.publisher),
        ("dc.date", &metadata.published),
        ("dc.description", &metadata.description),
        ("dc.rights", &metadata.rights),
        ("dc.source", &metadata.source),
        ("dcterms.modified", &metadata.modified),
    ];
    for (name, value) in single {
        if let Some(value) = value {
            meta(out, name, value, &[]);
        }
    }
    for subject in &metadata.subjects {
        meta(out, "dc.subject", subject, &[]);
    }
    for one in &metadata.identifiers {
        meta(out, "dc.identifier", &one.value, &[("data-scheme", one.scheme.as_str())]);
    }
    if let Some(series) = &metadata.series {
        meta(out, "series", &series.name, &[]);
        if let Some(number) = &series.number {
            meta(out, "series-number", number, &[]);
        }
    }
    match edition.layout.direction {
        Some(Direction::RightToLeft) => meta(out, "page-progression-direction", "rtl", &[]),
        Some(Direction::LeftToRight) => meta(out, "page-progression-direction", "ltr", &[]),
        None => {}
    }
    if edition.layout.vertical {
        meta(out, "primary-writing-mode", "vertical-rl", &[]);
    }
}

fn meta(out: &mut String, name: &str, content: &str, more: &[(&str, &str)]) {
    out.push_str("<meta name=\"");
    out.push_str(name);
    out.push_str("\" content=\"");
    escape_attribute(content, out);
    for (key, value) in more {
        out.push_str("\" ");
        out.push_str(key);
        out.push_str("=\"");
        escape_attribute(value, out);
    }
    out.push_str("\"/>\n");
}
