//! The package file: what the book says of itself, its files, their order.

use super::features::Features;
use super::identifier::Name;
use super::xml::Xml;
use super::{NAV, NCX, date, href, wording};
use crate::book::edition::Edition;
use crate::book::model::{Contributor, Direction, FixedLayout, LandmarkKind, Layout, Metadata};
use crate::book::{Change, Report};

/// When a book was changed if neither it nor its date of publication says: there is no clock here,
/// and the format wants a moment.
const UNKNOWN_MOMENT: &str = "2000-01-01T00:00:00Z";

/// The document.
pub(super) fn write(edition: &Edition, features: &[Features], names: &[Name], report: &mut Report) -> Vec<u8> {
    let language = edition.metadata.language.as_deref().unwrap_or("und");
    let mut xml = Xml::new("");
    let root = [
        ("xmlns", "http://www.idpf.org/2007/opf"),
        ("version", "3.0"),
        ("unique-identifier", "id1"),
        ("xml:lang", language),
    ];
    xml.open("package", &root);
    xml.open("metadata", &[("xmlns:dc", "http://purl.org/dc/elements/1.1/")]);
    identifiers(&mut xml, names);
    titles(&mut xml, &edition.metadata);
    contributors(&mut xml, &edition.metadata);
    xml.leaf("dc:language", &[], language);
    dates(&mut xml, &edition.metadata, report);
    plain(&mut xml, &edition.metadata);
    series(&mut xml, &edition.metadata);
    layout(&mut xml, &edition.layout);
    if let Some(cover) = edition.cover.and_then(|at| edition.files.get(at)) {
        xml.empty("meta", &[("name", "cover"), ("content", &item_id(&cover.path))]);
    }
    xml.close();
    manifest(&mut xml, edition, features);
    spine(&mut xml, edition);
    guide(&mut xml, edition, language);
    xml.finish()
}

fn identifiers(xml: &mut Xml, names: &[Name]) {
    for (at, name) in names.iter().enumerate() {
        let id = format!("id{}", at + 1);
        xml.leaf("dc:identifier", &[("id", &id)], &name.text);
        if !name.scheme.is_empty() {
            refine(xml, &id, "identifier-type", &name.scheme);
        }
    }
}

fn refine(xml: &mut Xml, id: &str, property: &str, value: &str) {
    let scheme = if property == "role" { "marc:relators" } else { "" };
    xml.leaf("meta", &[("refines", &format!("#{id}")), ("property", property), ("scheme", scheme)], value);
}

fn titles(xml: &mut Xml, metadata: &Metadata) {
    xml.leaf("dc:title", &[("id", "title")], &metadata.title);
    refine(xml, "title", "title-type", "main");
    if let Some(subtitle) = said(&metadata.subtitle) {
        xml.leaf("dc:title", &[("id", "subtitle")], subtitle);
        refine(xml, "subtitle", "title-type", "subtitle");
    }
}

/// Each person once, with everything they did.
fn contributors(xml: &mut Xml, metadata: &Metadata) {
    let is_creator = metadata.creators();
    let named: Vec<&Contributor> = metadata.contributors.iter().filter(|one| !one.name.trim().is_empty()).collect();
    let people = named.chunk_by(|one, next| one.name == next.name && is_creator(one) == is_creator(next));
    for (at, person) in people.enumerate() {
        let Some(one) = person.first() else { continue };
        let id = format!("who{}", at + 1);
        xml.leaf(if is_creator(one) { "dc:creator" } else { "dc:contributor" }, &[("id", &id)], &one.name);
        for did in person {
            refine(xml, &id, "role", did.role.code());
        }
        if let Some(sort_as) = person.iter().find_map(|did| said(&did.sort_as)) {
            refine(xml, &id, "file-as", sort_as);
        }
    }
}

fn dates(xml: &mut Xml, metadata: &Metadata, report: &mut Report) {
    let published = said(&metadata.published).and_then(|text| {
        let date = date::published(text);
        if date.as_deref() != Some(text) {
            report.note(Change::MetadataRepaired, format!("date {text}"));
        }
        date
    });
    if let Some(date) = &published {
        xml.leaf("dc:date", &[], date);
    }
    let modified = said(&metadata.modified).and_then(date::modified);
    let modified = modified.or_else(|| date::modified(published.as_deref()?));
    xml.leaf("meta", &[("property", "dcterms:modified")], modified.as_deref().unwrap_or(UNKNOWN_MOMENT));
}

fn plain(xml: &mut Xml, metadata: &Metadata) {
    for (element, value) in
        [("dc:publisher", &metadata.publisher), ("dc:rights", &metadata.rights), ("dc:source", &metadata.source)]
    {
        if let Some(value) = said(value) {
            xml.leaf(element, &[], value);
        }
    }
    if let Some(text) = said(&metadata.description) {
        // Programs take a description for HTML; one with a `<` of its own is written as such.
        let html = if text.contains('<') { text.replace('&', "&amp;").replace('<', "&lt;") } else { text.to_owned() };
        xml.leaf("dc:description", &[], &html);
    }
    for subject in metadata.subjects.iter().filter(|subject| !subject.trim().is_empty()) {
        xml.leaf("dc:subject", &[], subject);
    }
}

/// As EPUB 3 says it, and as calibre does, which most programs read.
fn series(xml: &mut Xml, metadata: &Metadata) {
    let Some(series) = metadata.series.as_ref().filter(|series| !series.name.trim().is_empty()) else { return };
    xml.leaf("meta", &[("property", "belongs-to-collection"), ("id", "series")], &series.name);
    refine(xml, "series", "collection-type", "series");
    let number = said(&series.number);
    if let Some(number) = number {
        refine(xml, "series", "group-position", number);
    }
    xml.empty("meta", &[("name", "calibre:series"), ("content", &series.name)]);
    if let Some(number) = number {
        xml.empty("meta", &[("name", "calibre:series_index"), ("content", number)]);
    }
}

fn layout(xml: &mut Xml, layout: &Layout) {
    if let Some(fixed) = &layout.fixed {
        fixed_layout(xml, fixed);
    }
    let mode = match (layout.vertical, turns_left(layout)) {
        (true, true) => "vertical-rl",
        (true, false) => "vertical-lr",
        (false, true) => "horizontal-rl",
        (false, false) => return,
    };
    xml.empty("meta", &[("name", "primary-writing-mode"), ("content", mode)]);
}

/// What EPUB 3 says, and what Kindles look for.
fn fixed_layout(xml: &mut Xml, fixed: &FixedLayout) {
    let one_of = |value: &Option<String>, known: &[&str]| {
        let value = value.as_deref().map(str::trim).map(str::to_ascii_lowercase);
        value.filter(|value| known.contains(&value.as_str()))
    };
    xml.leaf("meta", &[("property", "rendition:layout")], "pre-paginated");
    let orientation = one_of(&fixed.orientation, &["landscape", "portrait", "auto"]);
    if let Some(orientation) = &orientation {
        xml.leaf("meta", &[("property", "rendition:orientation")], orientation);
    }
    if let Some(spread) = one_of(&fixed.spread, &["landscape", "both", "none", "auto"]) {
        xml.leaf("meta", &[("property", "rendition:spread")], &spread);
    }
    xml.empty("meta", &[("name", "fixed-layout"), ("content", "true")]);
    if let Some((width, height)) = fixed.size {
        xml.empty("meta", &[("name", "original-resolution"), ("content", &format!("{width}x{height}"))]);
    }
    if let Some(lock) = orientation.filter(|orientation| orientation != "auto") {
        xml.empty("meta", &[("name", "orientation-lock"), ("content", &lock)]);
    }
}

/// Whether the next page lies to the left. Vertical lines go from right to left unless the book says
/// otherwise.
fn turns_left(layout: &Layout) -> bool {
    layout.direction.map_or(layout.vertical, |direction| direction == Direction::RightToLeft)
}

fn manifest(xml: &mut Xml, edition: &Edition, features: &[Features]) {
    let item = |xml: &mut Xml, id: &str, path: &str, media_type: &str, properties: &str| {
        xml.empty("item", &[("id", id), ("href", path), ("media-type", media_type), ("properties", properties)]);
    };
    xml.open("manifest", &[]);
    item(xml, "nav", NAV, "application/xhtml+xml", "nav");
    item(xml, "ncx", NCX, "application/x-dtbncx+xml", "");
    for (at, page) in edition.pages.iter().enumerate() {
        let properties = features.get(at).copied().unwrap_or_default().properties();
        item(xml, &item_id(&page.path), &page.path, "application/xhtml+xml", &properties);
    }
    for (at, file) in edition.files.iter().enumerate() {
        let properties = if edition.cover == Some(at) { "cover-image" } else { "" };
        item(xml, &item_id(&file.path), &file.path, file.media_type, properties);
    }
    xml.close();
}

/// An id for a file: its name in characters that every reader takes, never that of nav or NCX.
fn item_id(path: &str) -> String {
    let plain: String = path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_alphabetic()) { plain } else { format!("x{plain}") }
}

fn spine(xml: &mut Xml, edition: &Edition) {
    let direction = match (edition.layout.direction, turns_left(&edition.layout)) {
        (_, true) => "rtl",
        (Some(Direction::LeftToRight), false) => "ltr",
        _ => "",
    };
    xml.open("spine", &[("toc", "ncx"), ("page-progression-direction", direction)]);
    for (at, page) in edition.pages.iter().enumerate() {
        let (id, linear) = (item_id(&page.path), if page.linear { "" } else { "no" });
        let properties = edition.layout.spreads.get(&at).map_or("", |spread| spread.property());
        xml.empty("itemref", &[("idref", &id), ("linear", linear), ("properties", properties)]);
    }
    xml.close();
}

/// The landmarks once more, for readers of EPUB 2.
fn guide(xml: &mut Xml, edition: &Edition, language: &str) {
    if edition.landmarks.is_empty() {
        return;
    }
    xml.open("guide", &[]);
    for landmark in &edition.landmarks {
        let usual = wording::landmark(landmark.kind, language);
        let title = if landmark.title.trim().is_empty() { usual } else { landmark.title.as_str() };
        let kind = guide_type(landmark.kind);
        xml.empty("reference", &[("type", kind), ("title", title), ("href", &href(edition, &landmark.target))]);
    }
    xml.close();
}

/// The word of EPUB 2's guide.
fn guide_type(kind: LandmarkKind) -> &'static str {
    match kind {
        LandmarkKind::Cover => "cover",
        LandmarkKind::TitlePage => "title-page",
        LandmarkKind::Contents => "toc",
        LandmarkKind::Start => "text",
        LandmarkKind::Foreword => "foreword",
        LandmarkKind::Preface => "preface",
        LandmarkKind::Epigraph => "epigraph",
        LandmarkKind::Dedication => "dedication",
        LandmarkKind::Acknowledgements => "acknowledgements",
        LandmarkKind::Copyright => "copyright-page",
        LandmarkKind::Notes => "notes",
        LandmarkKind::Bibliography => "bibliography",
        LandmarkKind::Glossary => "glossary",
        LandmarkKind::Index => "index",
        LandmarkKind::Colophon => "colophon",
        LandmarkKind::Illustrations => "loi",
        LandmarkKind::Tables => "lot",
    }
}

/// A text that says something, trimmed.
fn said(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}
