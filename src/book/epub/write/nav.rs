//! The nav of EPUB 3: contents, landmarks and the pages of the printed edition.

use super::xml::Xml;
use super::{href, wording};
use crate::book::edition::Edition;
use crate::book::model::{Direction, LandmarkKind, TocEntry};

/// The document.
pub(super) fn write(edition: &Edition) -> Vec<u8> {
    let language = edition.metadata.language.as_deref().unwrap_or("und");
    let right_to_left = edition.layout.direction == Some(Direction::RightToLeft) && !edition.layout.vertical;
    let heading = wording::landmark(LandmarkKind::Contents, language);
    let mut xml = Xml::new("<!DOCTYPE html>");
    let root = [
        ("xmlns", "http://www.w3.org/1999/xhtml"),
        ("xmlns:epub", "http://www.idpf.org/2007/ops"),
        ("lang", language),
        ("xml:lang", language),
        ("dir", if right_to_left { "rtl" } else { "" }),
    ];
    xml.open("html", &root);
    xml.open("head", &[]);
    xml.leaf("title", &[], heading);
    xml.close();
    xml.open("body", &[]);
    open_list(&mut xml, "toc", heading, "");
    entries(&mut xml, edition, &edition.toc);
    close_list(&mut xml);
    landmarks(&mut xml, edition, language);
    page_list(&mut xml, edition, language);
    xml.finish()
}

fn open_list(xml: &mut Xml, kind: &'static str, heading: &str, hidden: &'static str) {
    let role = match kind {
        "toc" => "doc-toc",
        "page-list" => "doc-pagelist",
        _ => "",
    };
    xml.open("nav", &[("epub:type", kind), ("id", kind), ("role", role), ("hidden", hidden)]);
    xml.leaf("h1", &[], heading);
    xml.open("ol", &[]);
}

fn close_list(xml: &mut Xml) {
    xml.close();
    xml.close();
}

fn entries(xml: &mut Xml, edition: &Edition, toc: &[TocEntry]) {
    for entry in toc {
        xml.open("li", &[]);
        match &entry.target {
            Some(target) => xml.leaf("a", &[("href", &href(edition, target))], &entry.title),
            None => xml.leaf("span", &[], &entry.title),
        }
        if !entry.children.is_empty() {
            xml.open("ol", &[]);
            entries(xml, edition, &entry.children);
            xml.close();
        }
        xml.close();
    }
}

fn landmarks(xml: &mut Xml, edition: &Edition, language: &str) {
    if edition.landmarks.is_empty() {
        return;
    }
    open_list(xml, "landmarks", wording::landmarks(language), "hidden");
    for landmark in &edition.landmarks {
        let usual = wording::landmark(landmark.kind, language);
        let title = if landmark.title.trim().is_empty() { usual } else { landmark.title.as_str() };
        let attributes = [("epub:type", epub_type(landmark.kind)), ("href", &href(edition, &landmark.target))];
        xml.open("li", &[]);
        xml.leaf("a", &attributes, title);
        xml.close();
    }
    close_list(xml);
}

fn page_list(xml: &mut Xml, edition: &Edition, language: &str) {
    if edition.page_list.is_empty() {
        return;
    }
    open_list(xml, "page-list", wording::pages(language), "hidden");
    entries(xml, edition, &edition.page_list);
    close_list(xml);
}

/// The word of the EPUB 3 structural semantics vocabulary.
fn epub_type(kind: LandmarkKind) -> &'static str {
    match kind {
        LandmarkKind::Cover => "cover",
        LandmarkKind::TitlePage => "titlepage",
        LandmarkKind::Contents => "toc",
        LandmarkKind::Start => "bodymatter",
        LandmarkKind::Foreword => "foreword",
        LandmarkKind::Preface => "preface",
        LandmarkKind::Epigraph => "epigraph",
        LandmarkKind::Dedication => "dedication",
        LandmarkKind::Acknowledgements => "acknowledgments",
        LandmarkKind::Copyright => "copyright-page",
        LandmarkKind::Notes => "endnotes",
        LandmarkKind::Bibliography => "bibliography",
        LandmarkKind::Glossary => "glossary",
        LandmarkKind::Index => "index",
        LandmarkKind::Colophon => "colophon",
        LandmarkKind::Illustrations => "loi",
        LandmarkKind::Tables => "lot",
    }
}
