//! A listing in the making: its bounds, what is kept once only, and which links lead anywhere at all.

use std::collections::{HashMap, HashSet};

use url::Url;

use super::entry::{Entry, Listing, Search};
use super::markup::plain;

/// Most entries of a document, but of a sitemap.
pub(super) const MOST_ENTRIES: usize = 5_000;
/// Most addresses of a sitemap, as sitemaps.org has it.
pub(super) const MOST_ADDRESSES: usize = 50_000;
/// Most links of a document.
const MOST_LINKS: usize = 50_000;
/// Longest address, in bytes.
const LONGEST_ADDRESS: usize = 8_000;
/// Longest title of a listing, in characters.
const LONGEST_TITLE: usize = 500;
/// Project Gutenberg has two entries for a book, `urn:gutenberg:84:2` and `:3`: with pictures and without.
const GUTENBERG: &str = "urn:gutenberg:";

/// A listing in the making.
pub(super) struct Gathering {
    listing: Listing,
    most: usize,
    links: usize,
    seen: HashSet<String>,
}

impl Gathering {
    pub(super) fn new(most: usize) -> Gathering {
        Gathering { listing: Listing::default(), most, links: 0, seen: HashSet::new() }
    }

    pub(super) fn title(&mut self, title: &str) {
        let title = plain(title, LONGEST_TITLE);
        if self.listing.title.is_none() && !title.is_empty() {
            self.listing.title = Some(title);
        }
    }

    pub(super) fn next(&mut self, url: Option<Url>) {
        self.listing.next = self.listing.next.take().or(url);
    }

    pub(super) fn crawlable(&mut self, url: Option<Url>) {
        self.listing.crawlable = self.listing.crawlable.take().or(url);
    }

    /// A template saves a request, so it wins over a description.
    pub(super) fn search(&mut self, search: Search) {
        let is_better =
            matches!((&self.listing.search, &search), (None, _) | (Some(Search::Description(_)), Search::Template(_)));
        if is_better {
            self.listing.search = Some(search);
        }
    }

    pub(super) fn complete(&mut self) {
        self.listing.is_complete = true;
    }

    pub(super) fn deeper(&mut self, url: Option<Url>) {
        let Some(url) = url else { return };
        if !self.seen.contains(url.as_str()) && self.has_room(1) {
            self.seen.insert(url.to_string());
            self.listing.deeper.push(url);
        }
    }

    pub(super) fn entry(&mut self, entry: Entry) {
        if self.listing.entries.len() >= self.most {
            self.listing.dropped = self.listing.dropped.saturating_add(1);
        } else if self.has_room(1 + entry.files.len()) {
            self.listing.entries.push(entry.finish());
        }
    }

    fn has_room(&mut self, links: usize) -> bool {
        // An entry's one address is not counted against a sitemap, whose bound it is already.
        self.links += links;
        let has_room = self.links <= MOST_LINKS.max(self.most * 2);
        self.listing.dropped = self.listing.dropped.saturating_add(u32::from(!has_room));
        has_room
    }

    pub(super) fn done(mut self) -> Listing {
        self.listing.entries = one_for_each_work(self.listing.entries);
        self.listing
    }
}

/// The address of a link, if it is one that can be fetched.
pub(super) fn address(base: &Url, href: &str) -> Option<Url> {
    let href = href.trim();
    if href.is_empty() || href.len() > LONGEST_ADDRESS {
        return None;
    }
    let mut url = base.join(href).ok()?;
    url.set_fragment(None);
    (matches!(url.scheme(), "http" | "https") && url.as_str().len() <= LONGEST_ADDRESS).then_some(url)
}

/// Puts the two entries that Gutenberg has for a book together under one identity; the one with pictures leads.
fn one_for_each_work(entries: Vec<Entry>) -> Vec<Entry> {
    let mut places: HashMap<String, (usize, bool)> = HashMap::new();
    let mut out: Vec<Entry> = Vec::with_capacity(entries.len());
    for mut entry in entries {
        let Some((work, has_images)) = gutenberg_work(&entry.id) else {
            out.push(entry);
            continue;
        };
        entry.id.clone_from(&work);
        match places.get_mut(&work).and_then(|(at, known)| Some((out.get_mut(*at)?, known))) {
            Some((known, known_has_images)) => {
                if has_images && !*known_has_images {
                    std::mem::swap(known, &mut entry);
                    *known_has_images = true;
                }
                join(known, entry);
            }
            None => {
                places.insert(work, (out.len(), has_images));
                out.push(entry);
            }
        }
    }
    out
}

/// The identity of the work, and whether the entry is the edition with pictures: the last number has a bit for each
/// kind of edition, 3 with pictures and 2 without (the template of Gutenberg's own catalogue, autocat3).
fn gutenberg_work(id: &str) -> Option<(String, bool)> {
    let (number, edition) = id.strip_prefix(GUTENBERG)?.split_once(':')?;
    let is_number = |text: &str| !text.is_empty() && text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(number) && is_number(edition)).then(|| (format!("{GUTENBERG}{number}"), edition == "3"))
}

fn join(known: &mut Entry, other: Entry) {
    let more = other.files.into_iter().filter(|file| !known.files.iter().any(|one| one.url == file.url));
    let more: Vec<_> = more.take(20).collect();
    known.files.extend(more);
    known.cover = known.cover.take().or(other.cover);
}
