//! Lines of a text file and the paragraphs they make.
//!
//! A line is a paragraph in most Chinese files; in others lines are cut at a fixed width and must be
//! joined.

use crate::book::xhtml::is_cjk;

/// A line that is not blank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Without surrounding blanks.
    pub(super) text: &'a str,
    /// Columns of blanks in front; a wide blank counts two.
    pub(super) indent: usize,
    /// How many blank lines stand before it; the start of the file counts as one.
    pub(super) blanks: usize,
}

impl Line<'_> {
    /// Whether a blank line or the start of the file stands before it.
    pub(super) fn after_blank(&self) -> bool {
        self.blanks > 0
    }
}

/// Cuts a text into lines, whatever ends them; blank ones are left out.
pub(super) fn cut(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut blanks = 1;
    let mut after_cr = false;
    // CR LF, LF, and the lone CR of old Macs; a blank piece between CR and LF is no blank line.
    for whole in text.split_inclusive(['\n', '\r', '\u{85}', '\u{2028}']) {
        let content = whole.trim_end_matches(['\n', '\r', '\u{85}', '\u{2028}']);
        if std::mem::replace(&mut after_cr, whole.ends_with('\r')) && whole == "\n" {
            continue;
        }
        let bare = content.trim_start_matches(is_blank);
        let indent = width(&content[..content.len() - bare.len()]);
        let bare = bare.trim_end_matches(is_blank);
        if bare.is_empty() {
            blanks += 1;
        } else {
            lines.push(Line { text: bare, indent, blanks: std::mem::take(&mut blanks) });
        }
    }
    lines
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{FEFF}' | '\u{200B}')
}

/// Columns on a terminal: two for wide characters.
pub(super) fn width(text: &str) -> usize {
    text.chars()
        .map(|c| {
            if c == '\t' {
                4
            } else if is_cjk(c) {
                2
            } else {
                1
            }
        })
        .sum()
}

/// Makes paragraphs, one per line of the result. `wrapped` is what [`wrap_width`] found.
pub(super) fn paragraphs(lines: &[Line<'_>], wrapped: Option<usize>) -> String {
    let mut out = String::new();
    let Some(full) = wrapped else {
        for line in lines {
            push_line(&mut out, line.text);
        }
        return out;
    };
    let base = usual_indent(lines);
    let mut before: Option<&Line<'_>> = None;
    for line in lines {
        // The line before ended early, or this one starts as paragraphs do.
        let starts = before.is_none_or(|before| {
            line.after_blank() || line.indent > base || width(before.text) + before.indent + SLACK < full
        });
        if starts {
            push_line(&mut out, line.text);
        } else {
            let (last, next) = (out.chars().next_back(), line.text.chars().next());
            if !(last.is_some_and(is_cjk) && next.is_some_and(is_cjk)) {
                out.push(' ');
            }
            out.push_str(line.text);
        }
        before = Some(line);
    }
    out
}

/// How far a full line may fall short: a few characters that may not stand at the start of the next.
const SLACK: usize = 8;

fn push_line(out: &mut String, text: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    if text.contains("&nbsp;") || text.contains("<br") {
        out.push_str(
            text.replace("&nbsp;", " ").replace("<br>", " ").replace("<br/>", " ").replace("<br />", " ").trim(),
        );
    } else {
        out.push_str(text);
    }
}

fn usual_indent(lines: &[Line<'_>]) -> usize {
    let mut counts = [0usize; 17];
    for line in lines {
        counts[line.indent.min(16)] += 1;
    }
    (0..17).max_by_key(|&indent| (counts[indent], 16 - indent)).unwrap_or(0)
}

/// The width at which lines were cut, if they were: when at least half of them end within a few
/// columns of each other, at a width that pages have.
pub(super) fn wrap_width(lines: &[Line<'_>]) -> Option<usize> {
    const WIDEST: usize = 110;
    const NARROWEST: usize = 44;
    const FEWEST: usize = 30;
    let mut counts = [0usize; WIDEST + 1];
    let mut all = 0;
    for line in lines.iter().take(20_000) {
        all += 1;
        let columns = width(line.text) + line.indent;
        if columns <= WIDEST {
            counts[columns] += 1;
        }
    }
    let near = |end: usize| counts[end - 6..=end].iter().sum::<usize>();
    let best = (NARROWEST..=WIDEST).max_by_key(|&end| (near(end), std::cmp::Reverse(end)))?;
    // Nothing may be wider than the margin, bar a few lines.
    let wider = all - counts[..=best].iter().sum::<usize>();
    (all >= FEWEST && near(best) * 2 >= all && wider * 20 <= all).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end() {
        for text in ["a\r\nb\r\n\r\nc", "a\nb\n\nc", "a\rb\r\rc"] {
            let lines = cut(text);
            assert_eq!(lines.iter().map(|line| line.text).collect::<Vec<_>>(), ["a", "b", "c"]);
            assert_eq!(lines.iter().map(|line| line.blanks).collect::<Vec<_>>(), [1, 0, 1]);
        }
    }

    #[test]
    fn hard_wrapped_lines_are_joined_without_blanks() {
        let full = "字".repeat(35);
        let text = format!("　　{}\n{full}\n{full}\n末了。\n", "字".repeat(33)).repeat(12);
        let lines = cut(&text);
        let wrapped = wrap_width(&lines);
        assert_eq!(wrapped, Some(70));
        let joined = paragraphs(&lines, wrapped);
        assert_eq!(joined.lines().count(), 12);
        assert!(joined.lines().all(|line| line.chars().count() == 33 + 70 + 3));
    }

    #[test]
    fn lines_of_any_length_are_paragraphs() {
        let text: String = (1..60).map(|n| format!("　　{}。\n", "字".repeat(n * 2))).collect();
        assert_eq!(wrap_width(&cut(&text)), None);
    }
}
