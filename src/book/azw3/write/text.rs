//! The whole text as it is stored, and where things are in it.

use super::cut::{Fragment, fragments};
use super::flow::{drawing, style};
use super::names::Names;
use super::page::{Link, Pages};
use crate::book::edition::Edition;
use crate::book::palm::write::{Resources, base32};
use crate::book::{Change, Report, Target};
use std::collections::HashMap;

/// How drawings that are files start.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// A page in the text as it is read.
#[derive(Clone, Debug)]
pub(super) struct Skeleton {
    pub(super) start: usize,
    /// Of the page without its fragments.
    pub(super) length: usize,
    /// The number of its first fragment, and how many it has.
    pub(super) first: usize,
    pub(super) count: usize,
}

/// Text and places.
pub(super) struct Composed<'a> {
    /// As it is stored: all flows.
    pub(super) text: Vec<u8>,
    pub(super) skeletons: Vec<Skeleton>,
    /// Of all pages.
    pub(super) fragments: Vec<Fragment>,
    anchors: HashMap<(usize, &'a str), usize>,
    flows: Vec<usize>,
}

/// A place as links name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) fragment: usize,
    pub(super) offset: usize,
    /// In the text as it is read.
    pub(super) position: usize,
}

impl<'a> Composed<'a> {
    pub(super) fn of(edition: &'a Edition, resources: &Resources<'_>, report: &mut Report) -> Composed<'a> {
        let names = Names::of(edition, resources);
        let size = edition.pages.iter().map(|page| page.markup.len()).sum();
        let mut pages = Pages::new(&names, size);
        let mut composed = Composed {
            text: Vec::new(),
            skeletons: Vec::with_capacity(edition.pages.len()),
            fragments: Vec::new(),
            anchors: HashMap::new(),
            flows: Vec::new(),
        };
        for (number, page) in edition.pages.iter().enumerate() {
            let start = pages.text.len();
            let elements = pages.add(number, &page.markup);
            let found = fragments(&pages.text, &elements);
            let inside: usize = found.iter().map(|fragment| fragment.range.len()).sum();
            let (first, count) = (composed.fragments.len(), found.len());
            composed.skeletons.push(Skeleton { start, length: pages.text.len() - start - inside, first, count });
            composed.fragments.extend(found);
        }
        composed.anchors = std::mem::take(&mut pages.anchors);
        let mut read = std::mem::take(&mut pages.text).into_bytes();
        for link in &pages.links {
            composed.fill_in(link, &mut read);
        }
        let mut lost = pages.lost;
        let files = names.flows.iter().filter_map(|file| edition.files.get(*file));
        let mut flows: Vec<String> = Vec::new();
        for file in files {
            let content = String::from_utf8_lossy(&file.bytes);
            flows.push(match file.media_type {
                "text/css" => style(&content, &names),
                // The declaration tells a drawing that is a file from one that stood in a page.
                _ => format!("{DECLARATION}{}", drawing(&content, &names, &mut lost).trim_start()),
            });
        }
        flows.append(&mut pages.drawings);
        composed.store(&read, &flows);
        for _ in 0..lost {
            report.note(Change::LinkDropped, "a link that Kindle books cannot have");
        }
        composed
    }

    /// Writes the address of a page into a link.
    fn fill_in(&self, link: &Link<'_>, text: &mut [u8]) {
        let place = self.place(link.page, link.fragment);
        let address = format!("kindle:pos:fid:{}:off:{}", base32(place.fragment, 4), base32(place.offset, 10));
        if let Some(field) = text.get_mut(link.at..link.at + address.len()) {
            field.copy_from_slice(address.as_bytes());
        }
    }

    /// The text in the order of storage: each skeleton, then its fragments, then the other flows.
    fn store(&mut self, read: &[u8], flows: &[String]) {
        let others: usize = flows.iter().map(String::len).sum();
        let mut text = Vec::with_capacity(read.len() + others);
        let mut at = 0;
        for (number, skeleton) in self.skeletons.iter().enumerate() {
            let fragments = self.fragments.get(skeleton.first..skeleton.first + skeleton.count).unwrap_or_default();
            for fragment in fragments {
                text.extend_from_slice(read.get(at..fragment.range.start).unwrap_or_default());
                at = fragment.range.end;
            }
            let end = self.skeletons.get(number + 1).map_or(read.len(), |next| next.start);
            text.extend_from_slice(read.get(at..end).unwrap_or_default());
            at = end;
            for fragment in fragments {
                text.extend_from_slice(read.get(fragment.range.clone()).unwrap_or_default());
            }
        }
        self.flows = vec![text.len()];
        for flow in flows {
            text.extend_from_slice(flow.as_bytes());
            self.flows.push(flow.len());
        }
        self.text = text;
    }

    /// The length of each flow; the first holds the pages.
    pub(super) fn flow_lengths(&self) -> &[usize] {
        &self.flows
    }

    /// Where the pages end.
    pub(super) fn pages_end(&self) -> usize {
        self.flows.first().copied().unwrap_or(0)
    }

    /// The place of a target.
    pub(super) fn place_of(&self, target: &Target) -> Place {
        self.place(target.chapter, target.fragment.as_deref().unwrap_or_default())
    }

    /// The place of an element on a page, or of the page. What stands in the skeleton is reached
    /// by the next fragment.
    fn place(&self, page: usize, id: &str) -> Place {
        let skeleton = self.skeletons.get(page);
        let start = skeleton.map_or(0, |skeleton| skeleton.start);
        let position = self.anchors.get(&(page, id)).copied().unwrap_or(start);
        let mut number = self.fragments.partition_point(|fragment| fragment.range.end <= position);
        if let Some(skeleton) = skeleton.filter(|skeleton| skeleton.count > 0) {
            number = number.min(skeleton.first + skeleton.count - 1);
        }
        let Some(fragment) = self.fragments.get(number).or(self.fragments.last()) else {
            return Place { fragment: 0, offset: 0, position: 0 };
        };
        let number = number.min(self.fragments.len() - 1);
        let offset = position.saturating_sub(fragment.range.start);
        Place { fragment: number, offset, position: fragment.range.start + offset }
    }
}
