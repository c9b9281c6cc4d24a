//! The table of contents: nav of EPUB 3, NCX of EPUB 2, else the headings.
//!
//! Entries lead to chapters, so links are looked up through a function that the caller gives.
//! Nesting beyond [`TocEntry::MAX_DEPTH`] is flattened; one test file has 5,000 levels.

use super::path::{self, Link};
use crate::book::markup::{Node, Tree};
use crate::book::model::{Chapter, Target, TocEntry};

/// Finds the chapter that a place in the container is; where there is nothing, by its title.
pub(super) type Locate<'f> = &'f dyn Fn(&str, &str) -> Option<usize>;

/// What a document lists.
#[derive(Default)]
pub(super) struct List {
    pub(super) entries: Vec<TocEntry>,
    /// Whether entries stood deeper than [`TocEntry::MAX_DEPTH`].
    pub(super) is_deep: bool,
}

/// The entries of a nav document at `at`.
pub(super) fn from_nav(tree: &Tree<'_>, at: &str, locate: Locate<'_>) -> List {
    let first = || tree.root().descendants().find(|node| node.is("nav"));
    let Some(nav) = navs(tree, "toc").next().or_else(first) else {
        return List::default();
    };
    entries_in(nav, at, locate)
}

/// The pages of the printed edition, as a nav document lists them.
pub(super) fn pages_from_nav(tree: &Tree<'_>, at: &str, locate: Locate<'_>) -> Vec<TocEntry> {
    navs(tree, "page-list").next().map(|nav| entries_in(nav, at, locate).entries).unwrap_or_default()
}

/// The same, as an NCX lists them.
pub(super) fn pages_from_ncx(tree: &Tree<'_>, at: &str, locate: Locate<'_>) -> Vec<TocEntry> {
    let read = |node: Node<'_, '_>| {
        let title = node.child("navLabel").map(Node::text).unwrap_or_default();
        let href = node.child("content").and_then(|content| content.attribute("src"));
        (title, href.and_then(|href| path::resolve(at, &href)))
    };
    let list = tree.first("pageList").map(|list| flatten(list, "pageTarget", &read, &|_| None, locate));
    list.map(|list| list.entries).unwrap_or_default()
}

/// The navs of a kind, by their `epub:type`.
pub(super) fn navs<'t, 'a>(tree: &'t Tree<'a>, kind: &str) -> impl Iterator<Item = Node<'t, 'a>> {
    tree.root().descendants().filter(move |node| {
        node.is("nav") && node.attribute("type").is_some_and(|kinds| kinds.split_whitespace().any(|one| one == kind))
    })
}

/// How many entries there are, on all levels.
pub(in crate::book) fn count(entries: &[TocEntry]) -> usize {
    entries.iter().map(|entry| 1 + count(&entry.children)).sum()
}

fn entries_in(nav: Node<'_, '_>, at: &str, locate: Locate<'_>) -> List {
    let Some(list) = list_in(nav).or_else(|| nav.find("ol")) else {
        return List::default();
    };
    let read = |node: Node<'_, '_>| {
        let label = node.children().find(|child| child.is("a") || child.is("span")).or_else(|| node.find("a"));
        let title = label.map(Node::text).unwrap_or_default();
        let href = label.and_then(|label| label.attribute("href").or_else(|| label.find("a")?.attribute("href")));
        (title, href.and_then(|href| path::resolve(at, &href)))
    };
    flatten(list, "li", &read, &list_in, locate)
}

/// The list directly in an element.
fn list_in<'t, 'a>(node: Node<'t, 'a>) -> Option<Node<'t, 'a>> {
    node.child("ol").or_else(|| node.child("ul"))
}

/// The entries of an NCX at `at`.
pub(super) fn from_ncx(tree: &Tree<'_>, at: &str, locate: Locate<'_>) -> List {
    let Some(map) = tree.first("navMap") else {
        return List::default();
    };
    let read = |node: Node<'_, '_>| {
        let title = node.child("navLabel").map(Node::text).unwrap_or_default();
        let href = node.child("content").and_then(|content| content.attribute("src"));
        (title, href.and_then(|href| path::resolve(at, &href)))
    };
    flatten(map, "navPoint", &read, &Some, locate)
}

/// Walks a nested list without recursion and rebuilds it with bounded depth.
fn flatten<'t, 'a: 't>(
    list: Node<'t, 'a>,
    item: &str,
    read: &dyn Fn(Node<'t, 'a>) -> (String, Option<Link>),
    below: &dyn Fn(Node<'t, 'a>) -> Option<Node<'t, 'a>>,
    locate: Locate<'_>,
) -> List {
    let items = |node: Node<'t, 'a>| {
        let mut found: Vec<_> = node.children().filter(|child| child.is(item)).collect();
        found.reverse();
        found
    };
    let mut flat = Vec::new();
    let mut waiting: Vec<(usize, Node<'t, 'a>)> = items(list).into_iter().map(|node| (0, node)).collect();
    while let Some((depth, node)) = waiting.pop() {
        let (title, link) = read(node);
        let target =
            link.and_then(|link| Some(Target { chapter: locate(&link.path, &title)?, fragment: link.fragment }));
        flat.push((depth, TocEntry { title, target, children: Vec::new() }));
        if let Some(children) = below(node) {
            waiting.extend(items(children).into_iter().map(|node| (depth + 1, node)));
        }
    }
    let is_deep = flat.iter().any(|(depth, _)| *depth >= TocEntry::MAX_DEPTH);
    List { entries: nest(flat), is_deep }
}

/// Entries with their depth, in document order, as a nested list. An entry without a title gives
/// its children to its parent; one that leads nowhere and has no children is dropped.
pub(in crate::book) fn nest(flat: Vec<(usize, TocEntry)>) -> Vec<TocEntry> {
    let mut open: Vec<(usize, TocEntry)> = Vec::new();
    let mut done: Vec<TocEntry> = Vec::new();
    for (depth, entry) in flat.into_iter().filter(|(_, entry)| !entry.title.is_empty()) {
        let depth = depth.min(TocEntry::MAX_DEPTH - 1);
        while open.last().is_some_and(|(above, _)| *above >= depth) {
            close_last(&mut open, &mut done);
        }
        open.push((depth, entry));
    }
    while !open.is_empty() {
        close_last(&mut open, &mut done);
    }
    done
}

fn close_last(open: &mut Vec<(usize, TocEntry)>, done: &mut Vec<TocEntry>) {
    let Some((_, entry)) = open.pop() else { return };
    if entry.target.is_none() && entry.children.is_empty() {
        return;
    }
    match open.last_mut() {
        Some((_, parent)) => parent.children.push(entry),
        None => done.push(entry),
    }
}

/// One entry for each chapter that has a title; for none at all, numbers.
pub(in crate::book) fn from_chapters(chapters: &[Chapter]) -> Vec<TocEntry> {
    let entry = |(chapter, title): (usize, String)| TocEntry {
        title,
        target: Some(Target { chapter, fragment: None }),
        children: Vec::new(),
    };
    let titled = || chapters.iter().enumerate().filter(|(_, one)| !one.title.is_empty());
    if titled().next().is_some() {
        return titled().map(|(at, one)| entry((at, one.title.clone()))).collect();
    }
    (0..chapters.len()).map(|at| entry((at, format!("{}", at + 1)))).collect()
}

/// Gives chapters the titles that the contents have for them: of the entries that lead to the start
/// of a chapter the innermost first one, so that a chapter is not called after its volume.
pub(in crate::book) fn name_chapters(toc: &[TocEntry], chapters: &mut [Chapter]) {
    let mut names: Vec<Option<(bool, String)>> = vec![None; chapters.len()];
    let mut waiting: Vec<&TocEntry> = toc.iter().rev().collect();
    while let Some(entry) = waiting.pop() {
        if let Some(target) = &entry.target
            && let Some(slot) = names.get_mut(target.chapter)
        {
            let leaf = entry.children.is_empty();
            if slot.as_ref().is_none_or(|(was_leaf, _)| leaf && !was_leaf && target.fragment.is_none()) {
                *slot = Some((leaf, entry.title.clone()));
            }
        }
        waiting.extend(entry.children.iter().rev());
    }
    for (chapter, name) in chapters.iter_mut().zip(names) {
        if let Some((_, title)) = name {
            chapter.title = title;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(title: &str) -> TocEntry {
        TocEntry { title: title.into(), target: Some(Target { chapter: 0, fragment: None }), children: Vec::new() }
    }

    fn depth(entries: &[TocEntry]) -> usize {
        entries.iter().map(|entry| 1 + depth(&entry.children)).max().unwrap_or(0)
    }

    #[test]
    fn depth_is_bounded_and_nothing_is_lost() {
        let flat: Vec<_> = (0..5000).map(|level| (level, entry(&level.to_string()))).collect();
        let nested = nest(flat);
        assert_eq!(depth(&nested), TocEntry::MAX_DEPTH);
        fn count(entries: &[TocEntry]) -> usize {
            entries.iter().map(|entry| 1 + count(&entry.children)).sum()
        }
        assert_eq!(count(&nested), 5000);
    }

    #[test]
    fn lists_that_are_too_deep_are_known() {
        let nav = |levels: usize| {
            let item = "<li><a href='a'>x</a><ol>";
            format!("<nav type='toc'><ol>{}{}</ol></nav>", item.repeat(levels), "</ol></li>".repeat(levels))
        };
        for (levels, is_deep) in [(TocEntry::MAX_DEPTH, false), (TocEntry::MAX_DEPTH + 1, true)] {
            let source = nav(levels);
            let list = from_nav(&Tree::parse(&source).expect("tree"), "nav", &|_, _| Some(0));
            assert_eq!((count(&list.entries), list.is_deep), (levels, is_deep));
        }
    }

    #[test]
    fn entries_that_say_nothing_are_dropped() {
        let mut heading = entry("卷一");
        heading.target = None;
        let mut nowhere = entry("x");
        nowhere.target = None;
        let nested = nest(vec![(0, heading), (1, entry("一")), (1, entry("")), (0, nowhere)]);
        assert_eq!(nested.len(), 1);
        assert_eq!(nested[0].children.len(), 1);
    }
}
