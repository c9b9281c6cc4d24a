//! The contents and the guide of a MOBI6 book, with places in bytes made places in the book.

use super::survey::{Reference, Survey};
use super::walk::number;
use crate::book::epub::toc::nest;
use crate::book::markup::{Entities, decode};
use crate::book::model::{Landmark, LandmarkKind, TocEntry};
use crate::book::palm::{Kind, NcxEntry, Place, TextEncoding, attribute, landmark_kind, tokens};
use crate::book::{Change, Report, xhtml};

/// The places that the index leads to.
pub(super) fn places(ncx: &[NcxEntry]) -> impl Iterator<Item = usize> {
    ncx.iter().filter_map(position)
}

fn position(entry: &NcxEntry) -> Option<usize> {
    match entry.place? {
        Place::Position(at) => Some(at),
        Place::InFragment(..) => None,
    }
}

/// The contents: from the index, else from the page that the guide calls so.
pub(super) fn toc(
    text: &[u8],
    survey: &Survey<'_>,
    ncx: Vec<NcxEntry>,
    encoding: TextEncoding,
    report: &mut Report,
) -> Vec<TocEntry> {
    let mut entry = |entry: NcxEntry| {
        let target = position(&entry).and_then(|at| survey.target(at));
        if target.is_none() || entry.title.is_empty() {
            report.note(Change::ContentsRepaired, &entry.title);
        }
        (entry.depth, TocEntry { title: entry.title, target, children: Vec::new() })
    };
    let flat: Vec<_> = ncx.into_iter().map(&mut entry).collect();
    if flat.is_empty() { nest(page_of_contents(text, survey, encoding)) } else { nest(flat) }
}

/// The links on the page of contents, for books from before there was an index.
fn page_of_contents(text: &[u8], survey: &Survey<'_>, encoding: TextEncoding) -> Vec<(usize, TocEntry)> {
    let is_toc = |reference: &&Reference| reference.kind.eq_ignore_ascii_case(b"toc");
    let Some(start) = survey.guide.iter().find(is_toc).and_then(|toc| survey.anchor(toc.target)) else {
        return Vec::new();
    };
    let page = survey.page(start.at);
    let entities = Entities::new();
    let mut entries = Vec::new();
    let mut link: Option<(usize, Vec<u8>)> = None;
    let rest = text.get(start.at..).unwrap_or_default();
    for token in tokens(rest).take_while(|token| survey.page(start.at + token.at) == page) {
        match token.kind {
            Kind::Text => {
                if let Some((_, title)) = link.as_mut() {
                    title.extend_from_slice(token.bytes);
                }
            }
            Kind::Open | Kind::Close if token.is("a") => {
                if let Some((target, title)) = link.take() {
                    let title = xhtml::one_line(&decode(&encoding.decode(&title), &entities));
                    let target = survey.target(target);
                    entries.push((0, TocEntry { title, target, children: Vec::new() }));
                }
                link = attribute(&token, "filepos").and_then(number).map(|target| (target, Vec::new()));
            }
            _ => {}
        }
    }
    entries
}

/// The places of the guide, and where reading starts if the guide does not say.
pub(super) fn landmarks(survey: &Survey<'_>, start: Option<usize>, encoding: TextEncoding) -> Vec<Landmark> {
    let entities = Entities::new();
    let mut landmarks: Vec<Landmark> = Vec::new();
    for reference in &survey.guide {
        let kind = landmark_kind(&encoding.decode(&reference.kind));
        let Some((kind, target)) = kind.zip(survey.target(reference.target)) else { continue };
        let title = xhtml::one_line(&decode(&encoding.decode(&reference.title), &entities));
        landmarks.push(Landmark { kind, title, target });
    }
    let known = landmarks.iter().any(|landmark| landmark.kind == LandmarkKind::Start);
    if let Some(target) = start.filter(|_| !known).and_then(|start| survey.target(start)) {
        landmarks.push(Landmark { kind: LandmarkKind::Start, title: String::new(), target });
    }
    landmarks
}
