//! Where things are: table of contents, landmarks and printed pages, from nav, NCX and guide.
//!
//! Books often have both a nav and an NCX, and one of them may be a stub: the fuller one is taken,
//! the nav if they are equal.

use super::archive::Archive;
use super::package::Package;
use super::{path, places, toc};
use crate::book::markup::{Entities, Token, Tree, local, tokens};
use crate::book::model::{Chapter, Content, Landmark, TocEntry};
use crate::book::{Error, charset};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

/// What the book says of where things are.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) toc: Vec<TocEntry>,
    pub(super) landmarks: Vec<Landmark>,
    pub(super) page_list: Vec<TocEntry>,
    /// The files that nest too deeply: entries were raised, or missed.
    pub(super) deep: Vec<String>,
    /// Places that are named and not there.
    pub(super) nowhere: BTreeSet<String>,
}

/// Reads all of it.
pub(super) fn read(
    archive: &mut Archive<'_>,
    package: &Package,
    chapters: &[Chapter],
    by_entry: &HashMap<usize, usize>,
) -> Result<Contents, Error> {
    let mut contents = Contents::default();
    let nowhere = RefCell::new(BTreeSet::new());
    let titles = titles(chapters);
    let locate = |archive: &Archive<'_>, path: &str, title: &str| {
        if let Some(entry) = archive.find(path) {
            return by_entry.get(&entry).copied();
        }
        nowhere.borrow_mut().insert(path.to_owned());
        titles.get(title).copied().flatten()
    };
    let nav = package.items.iter().find(|item| item.has("nav")).map(|item| item.path.as_str());
    let ncx = package.ncx.and_then(|at| package.items.get(at)).map(|item| item.path.as_str());
    if let Some((nav, source)) = source(archive, nav, chapters, by_entry)? {
        let tree = Tree::parse(&source)?;
        let locate = |path: &str, title: &str| locate(archive, path, title);
        let list = toc::from_nav(&tree, nav, &locate);
        contents.toc = list.entries;
        contents.page_list = toc::pages_from_nav(&tree, nav, &locate);
        contents.landmarks = places::from_nav(&tree, nav, &locate);
        contents.deep.extend((list.is_deep || tree.is_exhausted()).then(|| nav.to_owned()));
    }
    if let Some((ncx, source)) = source(archive, ncx, chapters, by_entry)? {
        let tree = Tree::parse(&source)?;
        let locate = |path: &str, title: &str| locate(archive, path, title);
        let other = toc::from_ncx(&tree, ncx, &locate);
        if toc::count(&other.entries) > toc::count(&contents.toc) {
            contents.toc = other.entries;
        }
        if contents.page_list.is_empty() {
            contents.page_list = toc::pages_from_ncx(&tree, ncx, &locate);
        }
        contents.deep.extend((other.is_deep || tree.is_exhausted()).then(|| ncx.to_owned()));
    }
    contents.page_list.retain(|page| page.target.is_some());
    let locate = |path: &str, title: &str| locate(archive, path, title);
    places::from_guide(&package.guide, &locate, &mut contents.landmarks);
    contents.nowhere = nowhere.into_inner();
    Ok(contents)
}

/// The chapters by their headings, for entries that lead to nothing in the archive: none where two have the same.
fn titles(chapters: &[Chapter]) -> HashMap<&str, Option<usize>> {
    let mut titles = HashMap::new();
    for (at, chapter) in chapters.iter().enumerate().filter(|(_, one)| !one.title.is_empty()) {
        titles.entry(chapter.title.as_str()).and_modify(|only| *only = None).or_insert(Some(at));
    }
    titles
}

/// A document's place and its characters; it may be a chapter too.
fn source<'p>(
    archive: &mut Archive<'_>,
    path: Option<&'p str>,
    chapters: &[Chapter],
    by_entry: &HashMap<usize, usize>,
) -> Result<Option<(&'p str, String)>, Error> {
    let Some(path) = path else { return Ok(None) };
    let Some(entry) = archive.find(path) else { return Ok(None) };
    if let Some(Content::Markup(markup)) = by_entry.get(&entry).and_then(|&at| chapters.get(at)).map(|one| &one.content)
    {
        return Ok(Some((path, markup.clone())));
    }
    Ok(archive.read(entry)?.map(|bytes| (path, charset::decode_markup(&bytes))))
}

/// Where nav and NCX lead.
pub(super) fn links(archive: &mut Archive<'_>, package: &Package) -> Result<Vec<String>, Error> {
    let nav = package.items.iter().find(|item| item.has("nav"));
    let ncx = package.ncx.and_then(|at| package.items.get(at));
    let mut found = Vec::new();
    for item in nav.into_iter().chain(ncx) {
        if let Some(bytes) = archive.read_named(&item.path)? {
            found.extend(links_in(&charset::decode_markup(&bytes), &item.path));
        }
    }
    Ok(found)
}

/// Where the links of a document at `at` lead.
pub(super) fn links_in(markup: &str, at: &str) -> Vec<String> {
    let entities = Entities::new();
    let link = |token| match token {
        Token::Open { name, attributes, .. } => {
            let attribute = match local(name).to_ascii_lowercase().as_str() {
                "a" | "area" => "href",
                "content" => "src",
                _ => return None,
            };
            path::resolve(at, &attributes.get(attribute, &entities)?)
        }
        _ => None,
    };
    tokens(markup).filter_map(link).map(|link| link.path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_leads_to_a_chapter_if_it_is_the_only_one() {
        let chapter = |title: &str| Chapter {
            path: String::new(),
            title: title.into(),
            content: Content::Text(String::new()),
            linear: true,
        };
        let chapters = [chapter("a"), chapter("b"), chapter("a"), chapter(""), chapter("a")];
        let titles = titles(&chapters);
        assert_eq!(titles.get("b").copied().flatten(), Some(1));
        assert_eq!(titles.get("a").copied().flatten(), None);
        assert_eq!(titles.get("").copied().flatten(), None);
    }
}
