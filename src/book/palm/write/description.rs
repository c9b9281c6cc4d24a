//! RESC: what the package file of a book says and neither header nor pages can hold, as kindlegen keeps it.
//!
//! A line of sizes, then the XML of `<metadata>` and `<spine>`, filled up to whole blocks. Kindles go by the spine,
//! programs that take books apart by both. A book about which there is nothing more to say has none.

use super::{Record, base32, u32_of};
use crate::book::dom::{escape_attribute, escape_text};
use crate::book::edition::Edition;
use crate::book::{Contributor, Direction, Metadata, Role};
use std::fmt::Write as _;

/// The XML is filled up to a multiple of this.
const BLOCK: usize = 4096;
/// What stands before the XML is itself preceded by four numbers.
const HEAD: usize = 16;
const NAMESPACES: &str = "xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
    xmlns:opf=\"http://www.idpf.org/2007/opf\" xmlns=\"http://www.idpf.org/2007/opf\"";

/// The record for a book; `with_spine` if every page of it is one of the file.
pub(in crate::book) fn description(edition: &Edition, with_spine: bool) -> Option<Record<'static>> {
    let spread = edition.layout.fixed.as_ref().and_then(|fixed| fixed.spread.as_deref());
    let spread = spread.filter(|_| with_spine);
    let mut xml = String::new();
    metadata(&edition.metadata, &mut xml);
    if let Some(spread) = spread {
        xml.push_str("<meta property=\"rendition:spread\">");
        escape_text(spread, &mut xml);
        xml.push_str("</meta>");
    }
    let by_itself =
        spread.is_none() && edition.layout.spreads.is_empty() && edition.pages.iter().all(|page| page.linear);
    let with_spine = with_spine && !by_itself;
    if xml.is_empty() && !with_spine {
        return None;
    }
    let mut whole = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><metadata {NAMESPACES}>{xml}</metadata>");
    if with_spine {
        spine(edition, &mut whole);
    }
    Some(record(&whole))
}

/// The roles of people, who have none in EXTH, and the series. That somebody is an author EXTH says; it is said again of
/// who did something else, too.
fn metadata(metadata: &Metadata, xml: &mut String) {
    let all = &metadata.contributors;
    let did_more = |author: &Contributor| all.iter().any(|one| one.name == author.name && one.role != Role::Author);
    let is_told = |one: &&Contributor| match one.role {
        Role::Author => did_more(one),
        Role::Other => false,
        _ => true,
    };
    for one in all.iter().filter(is_told) {
        let element = if one.creator { "dc:creator" } else { "dc:contributor" };
        let _ = write!(xml, "<{element} opf:role=\"{}\"", one.role.code());
        if let Some(sort_as) = one.sort_as.as_deref().filter(|sort_as| !sort_as.is_empty()) {
            xml.push_str(" opf:file-as=\"");
            escape_attribute(sort_as, xml);
            xml.push('"');
        }
        xml.push('>');
        escape_text(&one.name, xml);
        let _ = write!(xml, "</{element}>");
    }
    if let Some(series) = &metadata.series {
        named("calibre:series", &series.name, xml);
        if let Some(number) = &series.number {
            named("calibre:series_index", number, xml);
        }
    }
}

fn named(name: &str, content: &str, xml: &mut String) {
    let _ = write!(xml, "<meta name=\"{name}\" content=\"");
    escape_attribute(content, xml);
    xml.push_str("\"/>");
}

fn spine(edition: &Edition, xml: &mut String) {
    xml.push_str("<spine toc=\"ncx\"");
    if edition.layout.direction == Some(Direction::RightToLeft) {
        xml.push_str(" page-progression-direction=\"rtl\"");
    }
    xml.push('>');
    for (number, page) in edition.pages.iter().enumerate() {
        let linear = if page.linear { "" } else { " linear=\"no\"" };
        let _ = write!(xml, "<itemref idref=\"p{number}\" skelid=\"{number}\"{linear}");
        if let Some(side) = edition.layout.spreads.get(&number) {
            let _ = write!(xml, " properties=\"{}\"", side.property());
        }
        xml.push_str("/>");
    }
    xml.push_str("</spine>");
}

fn record(xml: &str) -> Record<'static> {
    let sizes = format!("size={}&version=1&type=1", base32(xml.len(), 2));
    let mut out = b"RESC".to_vec();
    for number in [HEAD, 1, sizes.len()] {
        out.extend_from_slice(&u32_of(number).to_be_bytes());
    }
    out.extend_from_slice(sizes.as_bytes());
    out.extend_from_slice(xml.as_bytes());
    out.resize(HEAD + (out.len() - HEAD + 1).next_multiple_of(BLOCK), 0);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_that_kindlegen_writes() {
        let xml = "x".repeat(345);
        let made = record(&xml);
        assert_eq!(made[..16], *b"RESC\0\0\0\x10\0\0\0\x01\0\0\0\x18");
        assert!(made[16..].starts_with(b"size=AP&version=1&type=1xxx"));
        assert_eq!(made.len(), 16 + 4096);
        assert_eq!(record(&"x".repeat(4096)).len(), 16 + 8192);
    }
}
