//! Lines that sites put into texts: which they are, and when they may go.
//!
//! A line of the book lost is worse than an advert kept. A line goes only if it is short, matches a
//! pattern, and either comes again or stands near the start or the end of the file. What the owner
//! of the library names himself goes wherever it stands. Every line that goes is reported.

use super::lines::Line;
use crate::book::{Change, Report};

/// The patterns that come with the program: one a line, `#` starts a remark.
const BUILT_IN: &str = include_str!("../../../assets/txt-adverts.txt");
/// Longest line, in characters, that can be an advert.
const LONGEST: usize = 160;
/// How many lines from the start and the end of a file are its edges.
const EDGE: usize = 12;

/// `本章字数:`, `^手机用户请`, `更多*尽在`: pieces that a line holds in that order.
struct Pattern {
    pieces: Vec<String>,
    at_start: bool,
    /// Named by the owner, and so believed wherever it stands.
    owned: bool,
}

impl Pattern {
    fn new(pattern: &str, owned: bool) -> Option<Pattern> {
        let plain = plain(pattern.trim());
        let bare = plain.strip_prefix('^').unwrap_or(&plain);
        let pieces: Vec<String> = bare.split('*').filter(|piece| !piece.is_empty()).map(str::to_owned).collect();
        // One character would match half of the book.
        let letters = pieces.iter().flat_map(|piece| piece.chars()).count();
        (letters >= 2).then(|| Pattern { at_start: bare.len() < plain.len() && !bare.starts_with('*'), pieces, owned })
    }

    fn matches(&self, line: &str) -> bool {
        let mut rest = line;
        for (at, piece) in self.pieces.iter().enumerate() {
            let Some(found) = rest.find(piece.as_str()) else { return false };
            if at == 0 && self.at_start && found > 0 {
                return false;
            }
            rest = rest.get(found + piece.len()..).unwrap_or("");
        }
        true
    }
}

/// All patterns, with a quick way to see that a line can match none of them.
struct Patterns {
    all: Vec<Pattern>,
    /// Which pairs of characters a pattern's first piece starts with, by hash.
    pairs: Vec<bool>,
}

const PAIRS: usize = 1 << 16;

impl Patterns {
    fn new(owned: &[String]) -> Patterns {
        let built_in = BUILT_IN.lines().filter(|line| !line.starts_with('#'));
        let built_in = built_in.filter_map(|line| Pattern::new(line, false));
        let all: Vec<Pattern> = owned.iter().filter_map(|line| Pattern::new(line, true)).chain(built_in).collect();
        let mut pairs = vec![false; PAIRS];
        let mut lone = false;
        for pattern in &all {
            let mut first = pattern.pieces.first().into_iter().flat_map(|piece| piece.chars());
            match (first.next(), first.next()) {
                (Some(one), Some(two)) => set(&mut pairs, hash(one, two)),
                _ => lone = true,
            }
        }
        if lone {
            pairs.fill(true);
        }
        Patterns { all, pairs }
    }

    /// The first pattern that a line matches.
    fn find(&self, line: &str) -> Option<usize> {
        let mut before = None;
        let possible = line.chars().map(plain_char).any(|c| {
            let known = before.is_some_and(|before| self.pairs.get(hash(before, c)).copied().unwrap_or(true));
            before = Some(c);
            known
        });
        if !possible || line.chars().count() > LONGEST {
            return None;
        }
        let line = plain(line);
        self.all.iter().position(|pattern| pattern.matches(&line))
    }
}

fn set(flags: &mut [bool], at: usize) {
    if let Some(flag) = flags.get_mut(at) {
        *flag = true;
    }
}

fn hash(one: char, two: char) -> usize {
    (u32::from(one).wrapping_mul(31).wrapping_add(u32::from(two)) as usize) % PAIRS
}

fn plain(text: &str) -> String {
    text.chars().map(plain_char).collect()
}

/// Full-width signs and letters as ASCII, capitals as small letters.
fn plain_char(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c).to_ascii_lowercase(),
        _ => c.to_ascii_lowercase(),
    }
}

/// A line of nothing but dashes, stars and the like: it parts, and says nothing.
fn is_rule(line: &str) -> bool {
    // Printed between two scenes, where it does say something.
    const SCENES: &str = "* * *";
    line != SCENES && line.chars().all(|c| "-=—_*~ ＝－─━\u{3000}".contains(c)) && line.chars().count() >= 5
}

/// Takes the adverts out of a text.
pub(super) fn drop_from(lines: &mut Vec<Line<'_>>, owned: &[String], report: &mut Report) {
    let patterns = Patterns::new(owned);
    // One count more for the lines that only part.
    let rule = patterns.all.len();
    let find = |line: &str| if is_rule(line) { Some(rule) } else { patterns.find(line) };
    let matched: Vec<Option<usize>> = lines.iter().map(|line| find(line.text)).collect();
    if matched.iter().all(Option::is_none) {
        return;
    }
    let mut counts = vec![0usize; rule + 1];
    for at in matched.iter().flatten() {
        if let Some(count) = counts.get_mut(*at) {
            *count += 1;
        }
    }
    let last = lines.len();
    let mut place = 0..;
    let mut blanks = 0;
    lines.retain_mut(|line| {
        let at = place.next().unwrap_or(0);
        let Some(pattern) = matched.get(at).copied().flatten() else {
            line.blanks = line.blanks.max(std::mem::take(&mut blanks));
            return true;
        };
        let owned = patterns.all.get(pattern).is_some_and(|pattern| pattern.owned);
        let often = counts.get(pattern).is_some_and(|count| *count >= 2);
        let goes = owned || often || pattern == rule || at < EDGE || at + EDGE >= last;
        if goes {
            report.note(Change::AdvertDropped, line.text);
            blanks = blanks.max(line.blanks).max(usize::from(pattern == rule));
        } else {
            line.blanks = line.blanks.max(std::mem::take(&mut blanks));
        }
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::txt::lines;

    #[track_caller]
    fn check(text: &str, owned: &[&str], kept: &[&str]) {
        let owned: Vec<String> = owned.iter().map(|one| (*one).to_owned()).collect();
        let mut cut = lines::cut(text);
        let all = cut.len();
        let mut report = Report::default();
        drop_from(&mut cut, &owned, &mut report);
        assert_eq!(cut.iter().map(|line| line.text).collect::<Vec<_>>(), kept);
        assert_eq!(report.count(Change::AdvertDropped), all - kept.len());
    }

    #[test]
    fn adverts_go_and_text_stays() {
        check(
            "　　他说：请记住本书。\n本章字数:4804\n----------------\n【本章未完，请点击下一页继续阅读】\n——调寄《临江仙》",
            &[],
            &["他说：请记住本书。", "——调寄《临江仙》"],
        );
        check("最新章节请到 ｗｗｗ．ｅｘａｍｐｌｅ．ｃｏｍ\n甲\n", &[], &["甲"]);
    }

    #[test]
    fn one_line_in_the_middle_of_a_book_stays() {
        let body: Vec<String> = (0..40).map(|at| format!("第{at}句。")).collect();
        let mut lines: Vec<&str> = body.iter().map(String::as_str).collect();
        lines.insert(20, "他贴出告示求收藏古玩。");
        check(&lines.join("\n"), &[], &lines);
        lines.insert(30, "求收藏！");
        let kept: Vec<&str> = lines.iter().copied().filter(|line| !line.contains("求收藏")).collect();
        check(&lines.join("\n"), &[], &kept);
    }

    #[test]
    fn the_owner_is_believed_anywhere() {
        let body: Vec<String> = (0..40).map(|at| format!("第{at}句。")).collect();
        let mut lines: Vec<&str> = body.iter().map(String::as_str).collect();
        let kept = lines.clone();
        lines.insert(20, "某站整理，欢迎光临！");
        check(&lines.join("\n"), &["某站*欢迎"], &kept);
        check(&lines.join("\n"), &["", "*", "^欢迎"], &lines);
    }
}
