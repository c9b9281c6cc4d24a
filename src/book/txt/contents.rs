//! Headings that are no chapters: those of a printed table of contents, and those printed twice.
//!
//! A contents page is a run of headings with next to nothing between them, most of which come again
//! later, if not letter by letter: editions abridge, mistype and space them differently.

use super::lines::Line;
use super::outline::Mark;
use std::collections::{HashMap, HashSet};

/// The fewest lines that make a contents page.
const SHORTEST_RUN: usize = 4;
/// How many later headings of the same number are compared, for long books that count anew.
const LOOKED_AT: usize = 40;

/// Keeps the headings that start a chapter.
pub(super) fn drop_from(found: Vec<Mark>, lines: &[Line<'_>]) -> Vec<Mark> {
    let later = Later::new(&found);
    let mut dropped = vec![false; found.len()];
    let mut start = 0;
    while start < found.len() {
        let end = run_end(&found, start, lines);
        let again: Vec<bool> = (start..end).map(|at| later.comes_again(&found, at)).collect();
        // The run may go on into the first chapters themselves, which do not come again.
        let length = again.iter().rposition(|again| *again).map_or(0, |last| last + 1);
        let count = again.iter().filter(|again| **again).count();
        if length >= SHORTEST_RUN && count * 4 >= length * 3 {
            dropped.iter_mut().skip(start).take(length).for_each(|dropped| *dropped = true);
        }
        start = end.max(start + 1);
    }
    let mut dropped = dropped.into_iter();
    let mut kept: Vec<Mark> = Vec::with_capacity(found.len());
    for mark in found {
        if dropped.next().unwrap_or(false) {
            continue;
        }
        // The same heading on two lines: the later one is dropped, or takes the place if it says more.
        if let Some(last) = kept.last_mut()
            && last.heading.number > 0
            && key(last) == key(&mark)
            && no_text_between(last, &mark, lines)
            && alike(&last.title, &mark.title)
        {
            let fuller = mark.title.chars().count() > last.title.chars().count();
            last.end = mark.end;
            if fuller {
                last.title = mark.title;
            }
            continue;
        }
        kept.push(mark);
    }
    kept
}

fn key(mark: &Mark) -> (usize, char, u32) {
    (mark.heading.rank, mark.heading.unit, mark.heading.number)
}

/// Nothing between two headings, or so little that it is a remark to the first.
fn no_text_between(one: &Mark, next: &Mark, lines: &[Line<'_>]) -> bool {
    lines.get(one.end..next.line).is_some_and(<[_]>::is_empty)
}

/// Where the run of headings that starts at `start` ends: where text follows one.
fn run_end(found: &[Mark], start: usize, lines: &[Line<'_>]) -> usize {
    const STRAY: usize = 2;
    const SHORT: usize = 40;
    let mut at = start;
    while let (Some(one), Some(next)) = (found.get(at), found.get(at + 1)) {
        let between = lines.get(one.end..next.line).unwrap_or(&[]);
        if between.len() > STRAY || between.iter().any(|line| line.text.len() > SHORT * 3) {
            break;
        }
        at += 1;
    }
    at + 1
}

/// Where each heading comes.
struct Later {
    places: HashMap<(usize, char, u32), Vec<usize>>,
}

impl Later {
    fn new(found: &[Mark]) -> Later {
        let mut places: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, mark) in found.iter().enumerate() {
            places.entry(key(mark)).or_default().push(at);
        }
        Later { places }
    }

    fn comes_again(&self, found: &[Mark], at: usize) -> bool {
        let Some(mark) = found.get(at) else { return false };
        let Some(places) = self.places.get(&key(mark)) else { return false };
        let from = places.partition_point(|place| *place <= at);
        let others = places.iter().skip(from).take(LOOKED_AT).filter_map(|place| found.get(*place));
        others.into_iter().any(|other| alike(&mark.title, &other.title))
    }
}

/// Whether two titles have most of their characters in common, leaving out blanks and signs.
fn alike(one: &str, other: &str) -> bool {
    let bare = |title: &str| -> Vec<char> { title.chars().filter(|c| c.is_alphanumeric()).collect() };
    let (one, other) = (bare(one), bare(other));
    if one == other || one.starts_with(&other) || other.starts_with(&one) {
        return true;
    }
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let known: HashSet<char> = long.iter().copied().collect();
    let common = short.iter().filter(|c| known.contains(c)).count();
    common * 4 >= long.len() * 3
}
