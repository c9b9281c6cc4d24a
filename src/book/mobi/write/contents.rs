//! The table of contents: for the index of the file, and as a page at the end of the book.
//!
//! Kindles of that time have no menu of chapters; they have one command, which goes to the page that
//! the guide calls `toc`. A book without such a page gets one as its last page: a heading and a link
//! for every entry, nothing else. A reader knows it by [`MARK`] and leaves it out.

use super::stream::Stream;
use super::target::{Place, Targets};
use crate::book::dom::escape_text;
use crate::book::edition::Edition;
use crate::book::{LandmarkKind, TocEntry};

/// How the page of contents that is made here begins.
pub(in crate::book) const MARK: &str = "<a name=\"made-toc\"></a>";

/// An entry in the order of reading, with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) label: &'a str,
    pub(super) depth: usize,
    pub(super) place: Place,
}

/// The entries in order. A heading without a place leads to where its first child leads.
pub(super) fn lines<'a>(toc: &'a [TocEntry], order: &[usize], targets: &mut Targets<'_>) -> Vec<Line<'a>> {
    let mut found = Vec::new();
    add(toc, 0, order, targets, &mut found);
    found
}

/// Recursion is as deep as the table, which [`TocEntry::MAX_DEPTH`] bounds.
fn add<'a>(toc: &'a [TocEntry], depth: usize, order: &[usize], targets: &mut Targets<'_>, found: &mut Vec<Line<'a>>) {
    for entry in toc {
        let target = first_target(entry);
        let page = target.and_then(|target| order.get(target.chapter).copied());
        let fragment = target.and_then(|target| target.fragment.as_deref()).unwrap_or_default();
        if let Some(place) = page.and_then(|page| targets.own(page, fragment)) {
            found.push(Line { label: &entry.title, depth, place });
        }
        if depth < TocEntry::MAX_DEPTH {
            add(&entry.children, depth + 1, order, targets, found);
        }
    }
}

fn first_target(entry: &TocEntry) -> Option<&crate::book::Target> {
    let mut at = entry;
    for _ in 0..=TocEntry::MAX_DEPTH {
        if at.target.is_some() {
            return at.target.as_ref();
        }
        at = at.children.first()?;
    }
    None
}

/// The guide: the places that Kindles of that time can go to.
pub(super) fn guide(edition: &Edition, places: &[(LandmarkKind, Place)], toc: Option<Place>, stream: &mut Stream) {
    let title = |kind| edition.landmarks.iter().find(|one| one.kind == kind).map(|one| one.title.as_str());
    let mut references: Vec<(&str, &str, Place)> = Vec::new();
    for &(kind, place) in places {
        references.push((
            kind_name(kind),
            title(kind).filter(|title| !title.is_empty()).unwrap_or(kind_name(kind)),
            place,
        ));
    }
    if let Some(place) = toc {
        references.push(("toc", heading(edition), place));
    }
    if references.is_empty() {
        return;
    }
    stream.out.push_str("<guide>");
    for (kind, title, place) in references {
        let mut start = format!("<reference type=\"{kind}\" title=\"");
        crate::book::dom::escape_attribute(title, &mut start);
        stream.out.push_str(&start);
        stream.out.push_str("\" filepos=");
        stream.hole(place);
        // Without the blank, Kindles do not see the number.
        stream.out.push_str(" />");
    }
    stream.out.push_str("</guide>");
}

/// The page of contents.
pub(super) fn page(edition: &Edition, lines: &[Line<'_>], stream: &mut Stream) {
    stream.out.push_str(MARK);
    stream.out.push_str("<h2>");
    escape_text(heading(edition), &mut stream.out);
    stream.out.push_str("</h2>");
    for line in lines {
        let depth = line.depth.min(4);
        (0..depth).for_each(|_| stream.out.push_str("<blockquote>"));
        stream.out.push_str("<div><a filepos=");
        stream.hole(line.place);
        stream.out.push('>');
        escape_text(line.label, &mut stream.out);
        stream.out.push_str("</a></div>");
        (0..depth).for_each(|_| stream.out.push_str("</blockquote>"));
    }
}

/// What the page is called in the language of the book.
fn heading(edition: &Edition) -> &'static str {
    let language = edition.metadata.language.as_deref().unwrap_or_default().to_ascii_lowercase();
    let traditional = ["hant", "tw", "hk", "mo"].iter().any(|part| language.split('-').any(|one| one == *part));
    match language.split('-').next().unwrap_or_default() {
        "zh" if traditional => "目錄",
        "zh" => "目录",
        "ja" => "目次",
        "ko" => "차례",
        "de" => "Inhalt",
        "fr" => "Table des matières",
        "es" => "Índice",
        "ru" => "Содержание",
        _ => "Contents",
    }
}

/// The names of the guide, as the Open eBook format has them.
fn kind_name(kind: LandmarkKind) -> &'static str {
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
