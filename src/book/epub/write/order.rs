//! The reading order as EPUB wants it.

use crate::book::edition::Edition;
use crate::book::markup::{Token, tokens};
use crate::book::model::TocEntry;
use crate::book::{Change, Report};
use std::collections::HashSet;

/// A page outside the reading order must be reached by a link; one that nothing leads to is put in.
pub(super) fn keep_reachable(edition: &mut Edition, report: &mut Report) {
    if edition.pages.iter().all(|page| page.linear) {
        return;
    }
    let mut reached = linked_pages(edition);
    let mut waiting: Vec<&TocEntry> = edition.toc.iter().chain(&edition.page_list).collect();
    while let Some(entry) = waiting.pop() {
        reached.extend(entry.target.as_ref().map(|target| target.chapter));
        waiting.extend(&entry.children);
    }
    reached.extend(edition.landmarks.iter().map(|landmark| landmark.target.chapter));
    let none_linear = !edition.pages.iter().any(|page| page.linear);
    for (at, page) in edition.pages.iter_mut().enumerate() {
        if !page.linear && (none_linear || !reached.contains(&at)) {
            page.linear = true;
            report.note(Change::ContentsRepaired, &page.path);
        }
    }
}

/// The pages that other pages link to.
fn linked_pages(edition: &Edition) -> HashSet<usize> {
    let by_path: std::collections::HashMap<&str, usize> =
        edition.pages.iter().enumerate().map(|(at, page)| (page.path.as_str(), at)).collect();
    let mut linked = HashSet::new();
    for (from, page) in edition.pages.iter().enumerate() {
        for token in tokens(&page.markup) {
            let Token::Open { attributes, .. } = token else { continue };
            let Some(link) = attributes.raw("href") else { continue };
            let path = link.split_once('#').map_or(link, |(path, _)| path);
            linked.extend(by_path.get(path).copied().filter(|&to| to != from));
        }
    }
    linked
}
