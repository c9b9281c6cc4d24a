//! What stands beside the pages: metadata made complete, contents and landmarks whose targets exist.

use super::super::model::{Content, Identifier, Landmark, Target, TocEntry};
use super::super::{Book, Change, Metadata, Report, language};
use super::Page;
use sha1::{Digest, Sha1};

/// Metadata with a title, a language and an identifier. Amazon refuses a book of unknown language, and a wrong one does
/// no more harm than wrong hyphens.
pub(super) fn metadata(book: &Book, for_kindle: bool, report: &mut Report) -> Metadata {
    let mut metadata = book.metadata.clone();
    if metadata.title.trim().is_empty() {
        metadata.title = "Untitled".into();
        report.note(Change::MetadataRepaired, "title");
    }
    let tag = metadata.language.as_deref().and_then(language::tag);
    if tag != metadata.language {
        report.note(Change::MetadataRepaired, "language");
    }
    let mut tag = tag.unwrap_or_else(|| guess(book));
    if for_kindle && (tag.starts_with("und") || tag.starts_with("mul") || tag.starts_with("zxx")) {
        report.note(Change::MetadataRepaired, format!("language {tag}"));
        "en".clone_into(&mut tag);
    }
    metadata.language = Some(tag);
    if metadata.identifiers.iter().all(|one| one.value.trim().is_empty()) {
        metadata.identifiers = vec![Identifier { scheme: "uuid".into(), value: uuid(book) }];
    }
    metadata
}

fn guess(book: &Book) -> String {
    const ENOUGH: usize = 20_000;
    let beginnings = book.chapters.iter().map(|chapter| chapter.beginning(ENOUGH)).filter(|text| !text.is_empty());
    let sample: String = beginnings.take(3).collect();
    let found = language::of_text(&sample).or_else(|| language::is_english(&sample).then_some("en"));
    found.unwrap_or("und").to_owned()
}

/// A name-based UUID (RFC 9562, version 5) of title and text.
fn uuid(book: &Book) -> String {
    let mut hash = Sha1::new();
    hash.update(book.metadata.title.as_bytes());
    for chapter in &book.chapters {
        let (Content::Markup(text) | Content::Text(text)) = &chapter.content;
        hash.update(text.as_bytes());
    }
    let mut hex = String::new();
    for (at, byte) in hash.finalize().iter().take(16).enumerate() {
        let byte = match at {
            6 => byte & 0x0F | 0x50,
            8 => byte & 0x3F | 0x80,
            _ => *byte,
        };
        if matches!(at, 4 | 6 | 8 | 10) {
            hex.push('-');
        }
        hex.push_str(&format!("{byte:02x}"));
    }
    hex
}

/// Turns a target in the book into one in the edition.
pub(super) type Locate<'f> = &'f dyn Fn(&Target) -> Option<Target>;

/// Contents with targets that exist; an entry without one is kept as a heading over others. Nesting
/// is bounded by [`TocEntry::MAX_DEPTH`].
pub(super) fn contents(entries: &[TocEntry], locate: Locate<'_>, report: &mut Report) -> Vec<TocEntry> {
    let mut found = Vec::new();
    for entry in entries {
        let children = contents(&entry.children, locate, report);
        let target = entry.target.as_ref().and_then(locate);
        let title = entry.title.split_whitespace().collect::<Vec<_>>().join(" ");
        if target.is_none() && children.is_empty() || title.is_empty() {
            report.note(Change::ContentsRepaired, &entry.title);
            found.extend(children);
            continue;
        }
        found.push(TocEntry { title, target, children });
    }
    found
}

/// Contents for a book that has none: its pages.
pub(super) fn contents_of_pages(pages: &[Page], title: &str) -> Vec<TocEntry> {
    let titled = || pages.iter().enumerate().filter(|(_, page)| !page.title.is_empty());
    let entry = |chapter, title: &str| TocEntry {
        title: title.to_owned(),
        target: Some(Target { chapter, fragment: None }),
        children: Vec::new(),
    };
    if titled().next().is_none() {
        return vec![entry(0, title)];
    }
    titled().map(|(at, page)| entry(at, &page.title)).collect()
}

/// Landmarks with targets that exist, each kind once.
pub(super) fn landmarks(all: &[Landmark], locate: Locate<'_>) -> Vec<Landmark> {
    let mut found: Vec<Landmark> = Vec::new();
    for landmark in all {
        if let Some(target) = locate(&landmark.target).filter(|_| found.iter().all(|one| one.kind != landmark.kind)) {
            found.push(Landmark { target, ..landmark.clone() });
        }
    }
    found
}

/// How deep in the contents each chapter stands, from 1; 1 for those that are not there.
pub(super) fn levels(toc: &[TocEntry], chapters: usize) -> Vec<usize> {
    let mut levels = vec![0; chapters];
    let mut waiting: Vec<(usize, &TocEntry)> = toc.iter().map(|entry| (1, entry)).collect();
    while let Some((level, entry)) = waiting.pop() {
        if let Some(slot) = entry.target.as_ref().and_then(|target| levels.get_mut(target.chapter))
            && (*slot == 0 || *slot > level)
        {
            *slot = level;
        }
        waiting.extend(entry.children.iter().map(|child| (level + 1, child)));
    }
    levels.into_iter().map(|level| level.max(1)).collect()
}
