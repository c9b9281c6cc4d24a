//! The files of an edition as `data:` addresses.
//!
//! A picture that is shown many times, as an ornament under each of 3,000 chapters, must not be
//! stored 3,000 times. Its first place holds it; the others hold an empty picture, and one rule of
//! the style sheet (`content: url(…)`) puts the real one there.

use crate::book::dom::{Data, Document, Syntax};
use crate::book::edition::{Edition, File};
use crate::book::report::{Change, Report};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeSet, HashMap};

/// An empty picture of one pixel.
pub(super) const EMPTY: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
/// Smaller files may be repeated.
const SMALL: usize = 1 << 10;
/// Most bytes of repetitions where no style sheet can help: pictures inside drawings.
const MOST_REPEATED: usize = 16 << 20;

/// Gives addresses and remembers what was given.
pub(super) struct Inliner<'e> {
    edition: &'e Edition,
    by_path: HashMap<&'e str, usize>,
    addresses: HashMap<usize, String>,
    shown: BTreeSet<usize>,
    again: BTreeSet<usize>,
    repeated: usize,
    pub(super) report: Report,
}

impl<'e> Inliner<'e> {
    pub(super) fn new(edition: &'e Edition) -> Self {
        let by_path = edition.files.iter().enumerate().map(|(at, file)| (file.path.as_str(), at)).collect();
        Inliner {
            edition,
            by_path,
            addresses: HashMap::new(),
            shown: BTreeSet::new(),
            again: BTreeSet::new(),
            repeated: 0,
            report: Report::default(),
        }
    }

    /// The index of a file by its name.
    pub(super) fn find(&self, href: &str) -> Option<usize> {
        self.by_path.get(href.split(['#', '?']).next().unwrap_or(href)).copied()
    }

    /// Whether it is the cover that is shown for the first time.
    pub(super) fn is_cover_first(&self, file: usize) -> bool {
        self.edition.cover == Some(file) && !self.shown.contains(&file)
    }

    /// The address for a picture in a page, or `None` if it is there already and [`Inliner::rules`]
    /// will put it here too, by its name.
    pub(super) fn picture(&mut self, file: usize) -> Option<String> {
        let size = self.edition.files.get(file).map_or(0, |file| file.bytes.len());
        if self.shown.insert(file) || size <= SMALL {
            return Some(self.address(file));
        }
        self.again.insert(file);
        None
    }

    /// The address for a picture where it can only be repeated.
    pub(super) fn repeated(&mut self, file: usize) -> Option<String> {
        let path = self.edition.files.get(file)?.path.as_str();
        let address = self.address(file);
        if !self.shown.insert(file) {
            self.repeated = self.repeated.saturating_add(address.len());
            if self.repeated > MOST_REPEATED {
                self.report.note(Change::PictureDropped, path);
                return None;
            }
        }
        Some(address)
    }

    /// The `data:` address of a file.
    pub(super) fn address(&mut self, file: usize) -> String {
        if let Some(address) = self.addresses.get(&file) {
            return address.clone();
        }
        let Some(found) = self.edition.files.get(file) else { return EMPTY.to_owned() };
        let address = match found.media_type {
            "image/svg+xml" => encode(found.media_type, self.drawing(found).as_bytes()),
            media_type => encode(media_type, &found.bytes),
        };
        // Kept only while it is cheap; most files are used once.
        if self.edition.cover == Some(file) || address.len() <= SMALL * 64 {
            self.addresses.insert(file, address.clone());
        }
        address
    }

    /// A drawing with the pictures it shows inside; a picture in a page may not load others.
    fn drawing(&mut self, file: &File) -> String {
        let source = String::from_utf8_lossy(&file.bytes);
        let mut document = Document::parse(&source);
        let nodes: Vec<_> = document.descendants(Document::ROOT).collect();
        for node in nodes {
            for name in ["href", "xlink:href"] {
                let Some(href) = document.element(node).and_then(|element| element.get(name)) else { continue };
                let Some(found) = self.find(href) else { continue };
                let inner = self.edition.files.get(found);
                // A drawing in a drawing would be one that may not load others again.
                let plain = inner.is_some_and(|inner| inner.media_type != "image/svg+xml");
                let address = if plain { self.repeated(found) } else { None };
                if let Some(element) = document.element_mut(node) {
                    element.set(name, address.unwrap_or_else(|| EMPTY.to_owned()));
                }
            }
        }
        debug_assert!(matches!(document.data(Document::ROOT), Data::Root));
        document.to_markup(Document::ROOT, Syntax::Xhtml)
    }

    /// The rules for the pictures that are shown again.
    pub(super) fn rules(&mut self) -> String {
        let mut out = String::new();
        for file in self.again.clone() {
            let Some(found) = self.edition.files.get(file) else { continue };
            let address = self.address(file);
            out.push_str(&format!("img[data-picture=\"{}\"]{{content:url(\"{address}\")}}\n", found.path));
        }
        out
    }

    /// The cover, if no page has shown it.
    pub(super) fn cover_not_shown(&mut self) -> Option<String> {
        let cover = self.edition.cover.filter(|cover| !self.shown.contains(cover))?;
        Some(self.address(cover))
    }
}

fn encode(media_type: &str, bytes: &[u8]) -> String {
    let mut out = format!("data:{media_type};base64,");
    STANDARD.encode_string(bytes, &mut out);
    out
}
