//! Texts whose blank lines say what is a heading, as [`write`](super::write) makes them.
//!
//! The title and `by` or 作者 on top; headings at the margin, with two or more blank lines before
//! them, the more the higher they stand, and at least one behind; nothing else with more than one.
//! Then any words can be a heading. A text that keeps to less than all of this is judged by its words.

use super::heading::{Heading, classify};
use super::lines::{Line, wrap_width};
use super::outline::{MOST_MARKS, Mark};
use super::titles::LEAST_BLANKS;
use crate::book::file_name::{self, Guess};
use crate::book::xhtml::{is_cjk, one_line};

/// What such a text says.
pub(super) struct SetOff {
    /// Title and authors.
    pub(super) named: Guess,
    /// How many lines they take.
    pub(super) top: usize,
    /// The headings, in order.
    pub(super) marks: Vec<Mark>,
}

/// Reads the blank lines of a text, if they are kept to.
pub(super) fn find(lines: &[Line<'_>]) -> Option<SetOff> {
    let named = named(lines)?;
    let top = named.lines;
    let at: Vec<usize> = (top..lines.len()).filter(|at| is_set_off(lines, *at)).collect();
    if at.is_empty() || !are_headings(lines, &at) || !is_body(lines, &named, at.len()) {
        return None;
    }
    let mut levels: Vec<usize> = at.iter().filter_map(|at| lines.get(*at)).map(|line| line.blanks).collect();
    levels.sort_unstable_by(|one, other| other.cmp(one));
    levels.dedup();
    let mark = |at: usize| {
        let line = lines.get(at)?;
        let rank = levels.binary_search_by(|blanks| line.blanks.cmp(blanks)).ok()?;
        let heading = Heading { rank, unit: ' ', number: 0, volume: None };
        Some(Mark { line: at, end: at + 1, title: one_line(line.text), heading })
    };
    let marks = at.into_iter().filter_map(mark).take(MOST_MARKS).collect();
    Some(SetOff { named: named.guess, top, marks })
}

fn is_set_off(lines: &[Line<'_>], at: usize) -> bool {
    lines.get(at).is_some_and(|line| line.blanks >= LEAST_BLANKS)
}

/// `《书名》` over `作者：某`, `『書名』` over `著者：某`, a title over `by Somebody`; the second line may be
/// missing. Then a blank line.
fn named(lines: &[Line<'_>]) -> Option<Named> {
    let first = lines.first().filter(|line| line.indent == 0)?;
    let second = lines.get(1).filter(|line| !line.after_blank());
    let title = one_line(first.text);
    let (bare, label) = MARKS
        .iter()
        .find_map(|(open, close, label)| Some((title.strip_prefix(*open)?.strip_suffix(*close)?, *label)))
        .unwrap_or((&title, "by "));
    let marked = bare.len() < title.len();
    let authors = match second {
        // Any first line of a Chinese text might be its title; a heading is none, and a paragraph would be lost.
        None if !marked && (title.chars().any(is_cjk) || classify(&title).is_some() || is_paragraph(&title)) => {
            return None;
        }
        None => Vec::new(),
        Some(line) => file_name::split_authors(line.text.strip_prefix(label).filter(|_| line.indent == 0)?),
    };
    let top = if second.is_some() { 2 } else { 1 };
    lines.get(top).filter(|line| line.after_blank())?;
    let sure = marked || second.is_some();
    Some(Named { guess: Guess { title: bare.to_owned(), authors }, lines: top, sure })
}

/// Whether a first line is text rather than a title.
fn is_paragraph(line: &str) -> bool {
    const LONGEST: usize = 80;
    let ends = ['.', '!', '?', ',', ';', ':', '…', '。', '！', '？', '，', '；', '：'];
    // A sentence may end in a quotation.
    let quoted = line.trim_end_matches(['"', '\'', '”', '’', '」', '』']);
    line.chars().count() > LONGEST || quoted.ends_with(ends)
}

/// The first lines.
struct Named {
    guess: Guess,
    lines: usize,
    /// Whether they say that they are title or author.
    sure: bool,
}

/// What stands around the title and before the authors.
pub(super) type Marks = (&'static str, &'static str, &'static str);

/// Those of a Chinese and of a Japanese text.
pub(super) const MARKS: [Marks; 2] = [("《", "》", "作者："), ("『", "』", "著者：")];

/// Whether the lines set off look like headings, and those that say they are headings are set off.
fn are_headings(lines: &[Line<'_>], at: &[usize]) -> bool {
    const LONGEST: usize = 300;
    let apart = |at: &usize| {
        let alone = lines.get(at + 1).is_none_or(|next| next.after_blank());
        lines.get(*at).is_some_and(|line| line.indent == 0 && alone && line.text.chars().count() <= LONGEST)
    };
    let sentence = |at: &&usize| lines.get(**at).is_some_and(|line| is_sentence(line.text));
    let sentences = at.iter().filter(sentence).count();
    let said = |line: &&Line<'_>| line.blanks < LEAST_BLANKS && classify(line.text).is_some_and(|one| one.number > 0);
    // A contents page lists about as many as there are.
    let said = lines.iter().filter(said).count();
    at.iter().all(apart) && sentences * 5 <= at.len() && said * 2 <= at.len() * 3
}

/// A line that two blank lines part from another scene rather than head a chapter.
fn is_sentence(line: &str) -> bool {
    const LONG: usize = 60;
    const SHORT: usize = 24;
    let ends = line.ends_with(['。', '！', '？', '…', '”', '」', '.', '!', '?', '"', ',', '，', '；', ';']);
    let length = super::lines::width(line);
    ends && (length > LONG || length > SHORT && line.ends_with(['。', '，', '；', ',', ';', '”', '」', '"']))
}

/// Whether the other lines are paragraphs as they are written: with blanks in front, or parted by
/// blank lines and not cut at a width.
fn is_body(lines: &[Line<'_>], named: &Named, titles: usize) -> bool {
    /// Two wide blanks.
    const INDENT: usize = 4;
    /// So many titles over next to no text are a list.
    const LIST: usize = 8;
    let body = || lines.iter().skip(named.lines).filter(|line| line.blanks < LEAST_BLANKS);
    let all = body().count();
    if all * 2 < titles && titles > LIST {
        return false;
    }
    let indented = body().filter(|line| line.indent >= INDENT).count();
    let loose = body().filter(|line| line.indent < INDENT && !line.after_blank()).count();
    let wide = indented * 3 >= all && loose * 10 <= all;
    // Lists, verse and tables have lines without blank lines between them.
    wide || (named.sure || loose * 2 <= all) && wrap_width(lines).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::txt::lines;

    fn titles(text: &str) -> Option<Vec<(usize, String)>> {
        find(&lines::cut(text))
            .map(|found| found.marks.into_iter().map(|mark| (mark.heading.rank, mark.title)).collect())
    }

    #[test]
    fn blank_lines_tell_headings() {
        let text = "《白鲸》\n作者：梅尔维尔\n\n献词\n\n\n\n上部\n\n\n海\n\n　　叫我以实玛利。\n　　几年前。\n\n\n第二天，毯制手提包\n\n　　我塞了一两件衬衫。\n";
        let found = find(&lines::cut(text)).expect("set off");
        assert_eq!((found.named.title.as_str(), found.named.authors.len(), found.top), ("白鲸", 1, 2));
        let expected = [(0, "上部".to_owned()), (1, "海".to_owned()), (1, "第二天，毯制手提包".to_owned())];
        assert_eq!(titles(text).expect("titles"), expected);
        let text = "『心』\n著者：夏目漱石\n\n\n上\n\n　　私は。\n";
        assert_eq!(titles(text).expect("titles"), [(0, "上".to_owned())]);
        let text = "Moby Dick\nby Herman Melville\n\n\nLoomings\n\nCall me Ishmael.\n\nSome years ago.\n";
        assert_eq!(titles(text).expect("titles"), [(0, "Loomings".to_owned())]);
    }

    #[test]
    fn a_first_paragraph_is_no_title() {
        let rest = "\n\n\nLoomings\n\nCall me Ishmael.\n\nSome years ago.\n";
        assert!(titles(&format!("Moby Dick{rest}")).is_some());
        let long = "word ".repeat(17);
        for first in ["It was a dark night.", "\u{201c}Who goes there?\u{201d}", "He came, he saw:", &long] {
            assert!(titles(&format!("{first}{rest}")).is_none(), "{first}");
        }
    }

    #[test]
    fn headings_are_bounded() {
        let text = "《书》\n作者：某\n".to_owned() + &"\n\n节\n\n　　文。\n".repeat(MOST_MARKS + 1);
        assert_eq!(titles(&text).expect("titles").len(), MOST_MARKS);
    }

    #[test]
    fn what_breaks_the_rule_is_judged_by_its_words() {
        let text = "《白鲸》\n作者：某\n\n\n海\n\n　　叫我。\n\n\n包\n\n　　我塞。\n";
        assert!(titles(text).is_some());
        // Without an author, an indented heading, one with its text below it, a line between blank
        // lines that says it is a chapter, a scene.
        assert!(titles(&text.replace("作者：", "")).is_none());
        assert!(titles(&text.replace("\n包", "\n　　包")).is_none());
        assert!(titles(&text.replace("包\n\n", "包\n")).is_none());
        let chapters =
            "\n第一章 甲\n\n　　文。\n\n第二章 乙\n\n　　文。\n\n第三章 丙\n\n　　文。\n\n第四章 丁\n\n　　文。\n";
        assert!(titles(&format!("{text}{chapters}")).is_none());
        assert!(titles(&text.replace("包\n", "他沿着大街走了下去，一直走到海边。\n")).is_none());
        assert!(
            titles("Title\nby A\n\n\nOne\n\n\nTwo\n\n\nThree\n\n\n4\n\n\n5\n\n\n6\n\n\n7\n\n\n8\n\n\n9\n").is_none()
        );
    }
}
