//! Where the entries of a table of contents stand on a page: lines that are the titles, or should be.
//!
//! A title may be printed in pieces (a number over a name), abridged, or not at all; the table of
//! contents knows it best.

use super::blocks::{Block, Kind};
use crate::book::model::TocEntry;
use std::collections::{BTreeMap, HashMap};

/// Blank lines before a title that has none below it; those above it have one more for each level.
pub(super) const LEAST_BLANKS: usize = 2;
/// Levels that are told apart.
const LEVELS: usize = 4;

/// An entry that leads to a page.
#[derive(Debug)]
pub(super) struct Entry<'t> {
    title: &'t str,
    /// What on the page; nothing for its start.
    pub(super) fragment: Option<&'t str>,
    blanks: usize,
}

/// The entries for each page, in order. One that leads nowhere stands before the next that does.
pub(super) fn by_page(toc: &[TocEntry]) -> BTreeMap<usize, Vec<Entry<'_>>> {
    let mut flat = Vec::new();
    let mut waiting: Vec<(usize, &TocEntry)> = toc.iter().rev().map(|entry| (0, entry)).collect();
    while let Some((depth, entry)) = waiting.pop() {
        flat.push((depth, entry));
        waiting.extend(entry.children.iter().rev().map(|child| (depth + 1, child)));
    }
    let deepest = flat.iter().map(|(depth, _)| *depth).max().unwrap_or(0);
    let mut pages: BTreeMap<usize, Vec<Entry<'_>>> = BTreeMap::new();
    let mut nowhere: Vec<(&str, usize)> = Vec::new();
    for (depth, entry) in flat {
        nowhere.push((&entry.title, LEAST_BLANKS + (deepest - depth).min(LEVELS - 1)));
        let Some(target) = &entry.target else { continue };
        let fragment = target.fragment.as_deref();
        let entries = nowhere.drain(..).map(|(title, blanks)| Entry { title, fragment, blanks });
        pages.entry(target.chapter).or_default().extend(entries);
    }
    pages
}

/// Makes the lines that are titles such, and adds those that are missing.
pub(super) fn place(blocks: Vec<Block>, places: &HashMap<&str, usize>, entries: &[Entry<'_>]) -> Vec<Block> {
    let spot = |entry: &Entry<'_>| entry.fragment.and_then(|id| places.get(id)).copied().unwrap_or(0);
    let mut spots: Vec<(usize, &Entry<'_>)> = entries.iter().map(|entry| (spot(entry), entry)).collect();
    spots.sort_by_key(|(at, _)| *at);
    let ends = ends(&spots);
    let mut out = Vec::with_capacity(blocks.len() + entries.len());
    let mut blocks = blocks.into_iter();
    let mut done = 0;
    for (at, (spot, entry)) in spots.iter().enumerate() {
        let missing = spot.saturating_sub(done);
        out.extend(blocks.by_ref().take(missing));
        done += missing;
        let rest = blocks.as_slice();
        let end = ends.get(at).and_then(|end| end.checked_sub(done));
        let rest = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
        // A volume and its first chapter may lead to the same line.
        let next = spots.get(at + 1).map_or("", |(_, next)| next.title);
        let kind = Kind::Title(entry.blanks);
        match find(rest, entry.title, next) {
            Some(Found { before, length, text }) => {
                out.extend(blocks.by_ref().take(before));
                blocks.by_ref().take(length).for_each(drop);
                done += before + length;
                out.push(Block { kind, text });
            }
            None => out.push(Block { kind, text: entry.title.to_owned() }),
        }
    }
    out.extend(blocks);
    out
}

/// For each entry the first place behind its own where another one stands.
fn ends(spots: &[(usize, &Entry<'_>)]) -> Vec<usize> {
    let (mut here, mut end) = (usize::MAX, usize::MAX);
    let mut ends: Vec<usize> = spots
        .iter()
        .rev()
        .map(|(spot, _)| {
            if *spot != here {
                (here, end) = (*spot, here);
            }
            end
        })
        .collect();
    ends.reverse();
    ends
}

/// The blocks that are a title.
struct Found {
    before: usize,
    length: usize,
    text: String,
}

/// `next` is the title after this one.
fn find(blocks: &[Block], title: &str, next: &str) -> Option<Found> {
    /// How far from its place a title stands at most, and in how many pieces.
    const TOP: usize = 4;
    const PIECES: usize = 3;
    /// Bytes of a line beyond which it is no title.
    const LONGEST: usize = 2000;
    let wanted = letters(title);
    let top = blocks.iter().take(TOP).take_while(|block| block.text.len() <= LONGEST);
    let top: Vec<(Kind, String)> = top.map(|block| (block.kind, letters(&block.text))).collect();
    for before in 0..top.len() {
        let mut pieces = String::new();
        for (length, (kind, text)) in (1..=PIECES).zip(&top[before..]) {
            if matches!(kind, Kind::Preformatted | Kind::Rule | Kind::Title(_)) {
                break;
            }
            pieces.push_str(text);
            if pieces == wanted {
                let printed = blocks.get(before).filter(|_| length == 1).map(|block| block.text.clone());
                return Some(Found { before, length, text: printed.unwrap_or_else(|| title.to_owned()) });
            }
        }
    }
    // One says more than the other: that one is kept.
    let next = letters(next);
    let is_heading = |kind: Kind, text: &str| kind == Kind::Heading && text != next;
    let headings = top.iter().zip(blocks).enumerate().filter(|(_, ((kind, text), _))| is_heading(*kind, text));
    for (before, ((_, text), block)) in headings {
        if part_of(&block.text, title) || part_of(title, &block.text) {
            let text = if text.len() < wanted.len() { title.to_owned() } else { block.text.clone() };
            return Some(Found { before, length: 1, text });
        }
    }
    None
}

/// What of a line is compared: its letters and digits, or all of it if it has none.
fn letters(text: &str) -> String {
    let letters: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if letters.is_empty() { text.trim().to_owned() } else { letters }
}

/// Whether the words of one stand at the start or the end of the other.
fn part_of(part: &str, whole: &str) -> bool {
    let words = |text: &str| -> Vec<String> { text.split(|c: char| !c.is_alphanumeric()).map(letters).collect() };
    let (part, whole) = (words(part), words(whole));
    let part: Vec<&String> = part.iter().filter(|word| !word.is_empty()).collect();
    let whole: Vec<&String> = whole.iter().filter(|word| !word.is_empty()).collect();
    !part.is_empty() && (whole.starts_with(&part) || whole.ends_with(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[(Kind, &str)], title: &str, expected: &[&str]) {
        let blocks = lines.iter().map(|(kind, text)| Block { kind: *kind, text: (*text).into() }).collect();
        let placed = place(blocks, &HashMap::new(), &[Entry { title, fragment: None, blanks: 2 }]);
        let shown =
            |block: &Block| if block.kind == Kind::Title(2) { format!("={}", block.text) } else { block.text.clone() };
        assert_eq!(placed.iter().map(shown).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn titles_are_found_or_added() {
        use Kind::{Heading, Paragraph};
        check(&[(Paragraph, "Loomings"), (Paragraph, "a")], "Loomings", &["=Loomings", "a"]);
        check(&[(Heading, "I"), (Paragraph, "Loomings"), (Paragraph, "a")], "I: Loomings", &["=I: Loomings", "a"]);
        check(&[(Heading, "第1章"), (Paragraph, "试验")], "第1章 海", &["=第1章 海", "试验"]);
        check(&[(Heading, "Chapter I. Loomings[1]"), (Paragraph, "a")], "Chapter I", &["=Chapter I. Loomings[1]", "a"]);
        check(&[(Heading, "Introduction"), (Paragraph, "a")], "I", &["=I", "Introduction", "a"]);
        check(&[], "Cover", &["=Cover"]);
        check(&[(Paragraph, "a"), (Heading, "◇")], "◇", &["a", "=◇"]);
    }

    #[test]
    fn a_volume_does_not_take_the_line_of_its_chapter() {
        let blocks = vec![Block { kind: Kind::Heading, text: "第一卷 起 第一章 同行".into() }];
        let entry = |title, blanks| Entry { title, fragment: None, blanks };
        let placed = place(blocks, &HashMap::new(), &[entry("第一卷 起", 3), entry("第一卷 起 第一章 同行", 2)]);
        assert_eq!(placed.iter().map(|block| block.kind).collect::<Vec<_>>(), [Kind::Title(3), Kind::Title(2)]);
    }

    #[test]
    fn entries_inside_a_page_stand_where_they_lead() {
        let block = |text: &str| Block { kind: Kind::Paragraph, text: text.into() };
        let entry = |title, fragment, blanks| Entry { title, fragment, blanks };
        let entries = [entry("Part", None, 3), entry("Two", Some("two"), 2), entry("One", Some("one"), 2)];
        let places = HashMap::from([("one", 0), ("two", 2)]);
        let placed = place(vec![block("One"), block("a"), block("Two"), block("b")], &places, &entries);
        let shown: Vec<(Kind, &str)> = placed.iter().map(|block| (block.kind, block.text.as_str())).collect();
        let (title, text) = (Kind::Title(2), Kind::Paragraph);
        assert_eq!(shown, [(Kind::Title(3), "Part"), (title, "One"), (text, "a"), (title, "Two"), (text, "b")]);
    }
}
