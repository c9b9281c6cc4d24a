//! The places that a reading system offers by their kind: landmarks of EPUB 3, guide of EPUB 2.

use super::path::{self, Link};
use super::toc::Locate;
use crate::book::markup::Tree;
use crate::book::model::{Landmark, LandmarkKind, Target};

/// The landmarks of a nav document at `at`.
pub(super) fn from_nav(tree: &Tree<'_>, at: &str, locate: Locate<'_>) -> Vec<Landmark> {
    let mut found = Vec::new();
    for nav in super::toc::navs(tree, "landmarks") {
        for link in nav.descendants().filter(|node| node.is("a")) {
            let kinds = link.attribute("type").unwrap_or_default();
            let kind = kinds.split_whitespace().find_map(kind_of);
            let place = link.attribute("href").and_then(|href| target(at, &href, locate));
            add(&mut found, kind, link.text(), place);
        }
    }
    found
}

/// A line of the guide: kind, title and where it leads.
pub(super) struct Reference {
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) link: Link,
}

/// Adds what the guide has and `found` has not.
pub(super) fn from_guide(guide: &[Reference], locate: Locate<'_>, found: &mut Vec<Landmark>) {
    for reference in guide {
        let chapter = locate(&reference.link.path, "");
        let target = chapter.map(|chapter| Target { chapter, fragment: reference.link.fragment.clone() });
        add(found, kind_of(&reference.kind), reference.title.clone(), target);
    }
}

fn add(found: &mut Vec<Landmark>, kind: Option<LandmarkKind>, title: String, target: Option<Target>) {
    if let (Some(kind), Some(target)) = (kind, target)
        && !found.iter().any(|one| one.kind == kind)
    {
        found.push(Landmark { kind, title, target });
    }
}

fn target(at: &str, href: &str, locate: Locate<'_>) -> Option<Target> {
    let link = path::resolve(at, href)?;
    Some(Target { chapter: locate(&link.path, "")?, fragment: link.fragment })
}

/// The words of both vocabularies, and those that programs made up.
fn kind_of(word: &str) -> Option<LandmarkKind> {
    let word = word.to_ascii_lowercase();
    let kind = match word.trim_start_matches("other.") {
        "cover" | "cover-page" | "coverpage" => LandmarkKind::Cover,
        "title-page" | "titlepage" | "title" => LandmarkKind::TitlePage,
        "toc" | "contents" => LandmarkKind::Contents,
        "text" | "bodymatter" | "start" => LandmarkKind::Start,
        "foreword" => LandmarkKind::Foreword,
        "preface" => LandmarkKind::Preface,
        "epigraph" => LandmarkKind::Epigraph,
        "dedication" => LandmarkKind::Dedication,
        "acknowledgements" | "acknowledgments" => LandmarkKind::Acknowledgements,
        "copyright-page" | "copyright" => LandmarkKind::Copyright,
        "notes" | "footnotes" | "endnotes" | "rearnotes" => LandmarkKind::Notes,
        "bibliography" => LandmarkKind::Bibliography,
        "glossary" => LandmarkKind::Glossary,
        "index" => LandmarkKind::Index,
        "colophon" => LandmarkKind::Colophon,
        "loi" => LandmarkKind::Illustrations,
        "lot" => LandmarkKind::Tables,
        _ => return None,
    };
    Some(kind)
}
