//! Which of the lines that look like headings are headings: judged by the text as a whole.
//!
//! Headings that announce themselves (第X章, Chapter N, 楔子) count wherever they stand, but a printed
//! table of contents and a heading printed twice do not. Only a text without them is searched for a
//! plain numbering, which must go up from the start, leave room for text, and be kept to throughout.

use super::contents;
use super::heading::{Heading, classify};
use super::isolated;
use super::lines::Line;
use super::style::Style;
use crate::book::xhtml::one_line;

/// Most headings; what follows the last is its text. An EPUB of ours must be one that we read.
pub(super) const MOST_MARKS: usize = 10_000;

/// A heading and where it stands among the lines.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// The line it stands on.
    pub(super) line: usize,
    /// The line after it, where its text starts.
    pub(super) end: usize,
    pub(super) title: String,
    pub(super) heading: Heading,
}

impl Mark {
    pub(super) fn new(line: usize, text: &Line<'_>, heading: Heading) -> Mark {
        Mark { line, end: line + 1, title: title(text.text), heading }
    }
}

/// The headings of a text, in order.
pub(super) fn marks(lines: &[Line<'_>]) -> Vec<Mark> {
    let mut found: Vec<Mark> =
        lines.iter().enumerate().filter_map(|(line, one)| Some(Mark::new(line, one, classify(one.text)?))).collect();
    let numbered = found.iter().filter(|mark| mark.heading.number > 0).count();
    let marked = found.iter().any(|mark| mark.heading.unit == '#');
    if numbered < 2 && !marked {
        let ways = [plain_numbering, isolated::marks, isolated::marks_over_text];
        add(&mut found, ways.into_iter().map(|way| way(lines)).find(|more| !more.is_empty()).unwrap_or_default());
    } else if !marked && found.iter().all(|mark| mark.heading.number == 0 || mark.heading.rank < 2) {
        let more = isolated::below_volumes(lines, &found);
        add(&mut found, more);
    }
    let mut marks = contents::drop_from(found, lines);
    marks.truncate(MOST_MARKS);
    marks
}

fn add(found: &mut Vec<Mark>, more: Vec<Mark>) {
    found.extend(more);
    found.sort_by_key(|mark| mark.line);
    found.dedup_by_key(|mark| mark.line);
}

/// A heading as a title: one line, without the bullet in front.
fn title(line: &str) -> String {
    one_line(line.trim_start_matches(|c: char| "☆★●◆◇■□※○◎▲△#*=-—、".contains(c)))
}

/// The numbering that most lines keep to, if any is kept to.
fn plain_numbering(lines: &[Line<'_>]) -> Vec<Mark> {
    let sequences = Style::ALL.into_iter().map(|style| sequence(lines, style));
    sequences.max_by_key(Vec::len).unwrap_or_default()
}

/// The lines numbered in one style, or nothing if they are no sequence of chapters.
fn sequence(lines: &[Line<'_>], style: Style) -> Vec<Mark> {
    const FEWEST: usize = 3;
    /// Characters of text per chapter below which it is a list.
    const LEAST_TEXT: usize = 150;
    let found: Vec<Mark> = lines
        .iter()
        .enumerate()
        .filter_map(|(line, one)| {
            let number = style.number(one.text)?;
            Some(Mark::new(line, one, Heading { rank: 2, unit: '.', number, volume: None }))
        })
        .collect();
    let steps = found.windows(2).filter(|two| follows(&two[0].heading, &two[1].heading)).count();
    let starts = found.first().is_some_and(|mark| mark.heading.number <= 1);
    let Some(first) = found.first().map(|mark| mark.line) else {
        return found;
    };
    let text: usize = lines[first..].iter().map(|line| line.text.chars().count()).sum();
    let kept =
        found.len() >= FEWEST && starts && steps * 5 >= (found.len() - 1) * 4 && text >= found.len() * LEAST_TEXT;
    if kept { found } else { Vec::new() }
}

/// The next number, or the first again, as after a volume.
fn follows(one: &Heading, next: &Heading) -> bool {
    next.number == one.number + 1 || next.number == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::txt::lines;

    fn titles(text: &str) -> Vec<String> {
        marks(&lines::cut(text)).into_iter().map(|mark| mark.title).collect()
    }

    #[test]
    fn a_printed_contents_is_not_the_chapters() {
        let names = ["第一回 甲", "第二回 乙", "第三回 丙", "第四回 丁"];
        let body: String = names.iter().map(|name| format!("{name}\n　　话说天下大势。\n")).collect();
        let text = format!("目录\n{}\n某人作序于此。\n{body}", names.join("\n"));
        assert_eq!(titles(&text), names);
        assert_eq!(marks(&lines::cut(&text))[0].line, 6);
    }

    #[test]
    fn a_heading_printed_twice_is_one() {
        assert_eq!(titles("第1章 甲\n第1章 甲\n文。\n第2章 乙\n第2章 乙\n文。\n"), ["第1章 甲", "第2章 乙"]);
    }

    #[test]
    fn a_contents_page_may_differ_from_the_headings() {
        let list: String = (1..9).map(|n| format!(" 第　{n:03}　回　 甲乙丙丁戊己{n}　 庚辛\n")).collect();
        let body: String = (1..9).map(|n| format!("第{n}回　甲乙丙丁戊已{n}　庚辛\n文字甚多。\n")).collect();
        let found = marks(&lines::cut(&format!("目　录\n{list}{body}")));
        assert_eq!(found.len(), 8);
        assert_eq!(found[0].line, 9);
    }

    #[test]
    fn two_parts_of_one_chapter_are_two() {
        assert_eq!(titles("第1章 甲\n上半。\n第1章 甲\n下半。\n第2章 乙\n文。\n").len(), 3);
    }

    #[test]
    fn chapters_without_text_are_chapters() {
        assert_eq!(titles("第一卷\n第一章 甲\n第二章 乙\n第三章 丙\n文。\n").len(), 4);
    }

    #[test]
    fn plain_numbers_count_when_they_are_kept_to() {
        let chapters: String =
            (1..8).map(|n| format!("{n}、名{n}\n{}\n", "话说天下大势，分久必合。".repeat(20))).collect();
        assert_eq!(titles(&chapters).len(), 7);
        let list: String = (1..8).map(|n| format!("{n}、苹果{n}\n")).collect();
        assert!(titles(&list).is_empty());
        let scattered = chapters.replace("3、", "9、").replace("5、", "2、").replace("6、", "40、");
        assert!(titles(&scattered).is_empty());
    }
}
