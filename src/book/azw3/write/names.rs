//! Which file of the edition is what in KF8, and links to it.

use crate::book::edition::Edition;
use crate::book::palm::write::{Resources, base32};
use std::collections::HashMap;

/// The end of a link.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// A page, by number, and an id on it; the id may be empty.
    Page(usize, &'a str),
    /// A picture or font, with its media type; counted from 1.
    Resource(usize, &'a str),
    /// A style sheet or drawing, by the number of its flow.
    Flow(usize, &'a str),
    /// A file that the format does not take.
    Lost,
}

/// The names of the edition.
pub(super) struct Names<'a> {
    targets: HashMap<&'a str, Target<'a>>,
    /// The files that become flows, in order; the first is flow 1.
    pub(super) flows: Vec<usize>,
}

impl<'a> Names<'a> {
    pub(super) fn of(edition: &'a Edition, resources: &Resources<'_>) -> Names<'a> {
        let mut names = Names { targets: HashMap::new(), flows: Vec::new() };
        for (number, page) in edition.pages.iter().enumerate() {
            names.targets.insert(&page.path, Target::Page(number, ""));
        }
        for (number, file) in edition.files.iter().enumerate() {
            let target = if let Some(record) = resources.number(number) {
                Target::Resource(record + 1, file.media_type)
            } else if matches!(file.media_type, "text/css" | "image/svg+xml") {
                names.flows.push(number);
                Target::Flow(names.flows.len(), file.media_type)
            } else {
                Target::Lost
            };
            names.targets.insert(&file.path, target);
        }
        names
    }

    /// Where a link on a page leads; none if out of the book.
    pub(super) fn resolve<'l>(&self, link: &'l str, page: Option<usize>) -> Option<Target<'l>>
    where
        'a: 'l,
    {
        let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
        if path.is_empty() {
            return page.map(|page| Target::Page(page, fragment));
        }
        match self.targets.get(path)? {
            Target::Page(page, _) => Some(Target::Page(*page, fragment)),
            other => Some(*other),
        }
    }
}

/// The address of a picture, font or flow; none for pages, which have no fixed one.
pub(super) fn address(target: Target<'_>) -> Option<String> {
    match target {
        Target::Resource(number, kind) if kind.starts_with("font/") => {
            Some(format!("kindle:embed:{}", base32(number, 4)))
        }
        Target::Resource(number, kind) => Some(format!("kindle:embed:{}?mime={kind}", base32(number, 4))),
        Target::Flow(number, kind) => Some(format!("kindle:flow:{}?mime={kind}", base32(number, 4))),
        Target::Page(..) | Target::Lost => None,
    }
}
