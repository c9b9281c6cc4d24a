//! Headings that say nothing but a name: `关雎`, `国风·周南` in a book of poems or of tales.
//!
//! Such a line is short, ends in no sign, and stands between blank lines or with much text below. It is
//! believed only where nearly all other lines are sentences, or where a list printed at the head of the volume has the name,
//! too: then a name alone can be nothing else.

use super::heading::Heading;
use super::lines::Line;
use super::outline::Mark;
use crate::book::xhtml::is_cjk;
use std::collections::HashSet;

/// The lines that are names, or nothing if the text is not of this kind.
pub(super) fn marks(lines: &[Line<'_>]) -> Vec<Mark> {
    /// Fewer are no pattern.
    const FEWEST: usize = 8;
    let named: Vec<usize> = (0..lines.len()).filter(|at| is_alone(lines, *at)).collect();
    let sentences = lines.iter().filter(|line| ends_sentence(line.text)).count();
    let others = lines.len() - named.len();
    // Names for two in five lines at most, and next to no line that is neither name nor sentence.
    if named.len() < FEWEST || named.len() * 5 > lines.len() * 2 || sentences * 10 < others * 9 {
        return Vec::new();
    }
    as_marks(lines, &named)
}

/// Names without blank lines around them, each over a few paragraphs: the chapters of most old books.
pub(super) fn marks_over_text(lines: &[Line<'_>]) -> Vec<Mark> {
    const FEWEST: usize = 4;
    /// Characters of text for each name, so that it is no list and no verse.
    const LEAST_TEXT: usize = 200;
    let mut named: Vec<usize> =
        (0..lines.len()).filter(|at| lines.get(*at).is_some_and(|line| is_name(line.text))).collect();
    let others: Vec<&Line<'_>> = lines.iter().filter(|line| !is_name(line.text)).collect();
    let sentences = others.iter().filter(|line| ends_sentence(line.text)).count();
    let text: usize = others.iter().map(|line| line.text.chars().count()).sum();
    let different: HashSet<&str> = named.iter().filter_map(|at| lines.get(*at)).map(|line| line.text).collect();
    let sparse = named.len() * 3 <= lines.len() && text >= named.len() * LEAST_TEXT;
    if named.len() < FEWEST || !sparse || sentences * 100 < others.len() * 97 || different.len() * 10 < named.len() * 9
    {
        return Vec::new();
    }
    // The title and the author of the book, before the first chapter.
    let top = named.iter().zip(0..).take_while(|(at, place)| *at == place).count();
    if top > 1 {
        named.drain(..top - 1);
    }
    as_marks(lines, &named)
}

/// A name right over another stands for a group of them.
fn as_marks(lines: &[Line<'_>], named: &[usize]) -> Vec<Mark> {
    let group = |at: usize| named.binary_search(&(at + 1)).is_ok();
    let mark = |at: usize| {
        let rank = if group(at) { 1 } else { 2 };
        lines.get(at).map(|line| Mark::new(at, line, Heading { rank, unit: ' ', number: 0, volume: None }))
    };
    named.iter().filter_map(|at| mark(*at)).collect()
}

/// The tales in volumes that list them: `考城隍` between blank lines, after `考城隍 耳中人 屍變 噴水`.
pub(super) fn below_volumes(lines: &[Line<'_>], volumes: &[Mark]) -> Vec<Mark> {
    const FEWEST: usize = 8;
    let Some(first) = volumes.iter().find(|mark| mark.heading.number > 0).map(|mark| mark.line) else {
        return Vec::new();
    };
    let listed: HashSet<&str> = lines.iter().flat_map(|line| names(line.text)).collect();
    let is_volume = |at: usize| volumes.binary_search_by_key(&at, |mark| mark.line).is_ok();
    let named: Vec<usize> = (first..lines.len()).filter(|at| !is_volume(*at) && is_alone(lines, *at)).collect();
    let known = |at: &&usize| lines.get(**at).is_some_and(|line| listed.contains(line.text));
    // A list mistypes some.
    if named.len() < FEWEST || named.iter().filter(known).count() * 4 < named.len() * 3 {
        return Vec::new();
    }
    let heading = || Heading { rank: 2, unit: ' ', number: 0, volume: None };
    named.iter().filter_map(|at| Some(Mark::new(*at, lines.get(*at)?, heading()))).collect()
}

/// The names of a line that is a list of them.
fn names(line: &str) -> Vec<&str> {
    const FEWEST: usize = 3;
    const LONGEST: usize = 12;
    let name = |word: &&str| word.chars().all(|c| is_cjk(c) && c.is_alphabetic()) && word.chars().count() <= LONGEST;
    let words = || line.split(char::is_whitespace).filter(|word| !word.is_empty());
    if words().nth(FEWEST - 1).is_some() && words().all(|word| name(&word)) { words().collect() } else { Vec::new() }
}

fn is_alone(lines: &[Line<'_>], at: usize) -> bool {
    let Some(line) = lines.get(at).filter(|line| line.after_blank()) else { return false };
    lines.get(at + 1).is_some_and(|next| next.after_blank()) && is_name(line.text)
}

fn is_name(line: &str) -> bool {
    const LONGEST: usize = 16;
    line.len() <= LONGEST * 4
        && line.chars().count() <= LONGEST
        && line.contains(char::is_alphanumeric)
        && line.chars().all(|c| c.is_alphanumeric() && is_cjk(c) || "·・ 　（）()".contains(c))
}

fn ends_sentence(line: &str) -> bool {
    line.ends_with(|c| "。！？；：，…”’」』）)!?.;:,".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::txt::lines;

    #[test]
    fn poems_are_known_by_their_names() {
        let poem = |name: &str| format!("{name}\n\n关关雎鸠，在河之洲。\n\n窈窕淑女，君子好逑。\n\n");
        let names = ["关雎", "葛覃", "卷耳", "樛木", "螽斯", "桃夭", "兔罝", "芣苡"];
        let text: String = names.iter().map(|name| poem(name)).collect();
        let found = marks(&lines::cut(&format!("国风·周南\n\n{text}")));
        assert_eq!(found.iter().map(|mark| mark.heading.rank).collect::<Vec<_>>(), [1, 2, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(found[1].title, "关雎");
        let text: String = names.iter().map(|name| format!("{name}\n\n    某生者，\n居于城中。\n\n")).collect();
        let volumes = |list: &str| {
            let text = format!("卷一\n\n{list}\n\n{text}卷二\n\n　　文。\n");
            let lines = lines::cut(&text);
            let volume =
                |at: usize| Mark::new(at, &lines[at], crate::book::txt::heading::classify("卷一").expect("one"));
            below_volumes(&lines, &[volume(0), volume(lines.len() - 2)]).len()
        };
        assert_eq!(volumes("关雎 葛覃 卷耳 樛木\n螽斯 桃夭 兔罝 芣莒"), 8);
        assert_eq!(volumes("关雎 葛覃 卷耳"), 0);
        let tale = "某生者，居于城中，喜读书。".repeat(20);
        let tales = |text: &str| -> String {
            names.iter().map(|name| format!("{name}\n　　{text}\n　　{text}\n　　{text}\n")).collect()
        };
        let titles = |text: &str| -> Vec<String> {
            marks_over_text(&lines::cut(text)).into_iter().map(|mark| mark.title).collect()
        };
        assert_eq!(titles(&tales(&tale)), names);
        assert_eq!(titles(&format!("诗经\n佚名\n{}", tales(&tale))), names);
        // Little text, speakers that come again, verse.
        assert!(titles(&tales("某生者。")).is_empty());
        assert!(titles(&tales(&tale).repeat(2)).is_empty());
        assert!(titles(&tales(&format!("{tale}完"))).is_empty());
        let verses: String = (0..40).map(|n| format!("大江东去\n\n浪淘尽\n\n千古风流人物{n}\n\n")).collect();
        assert!(marks(&lines::cut(&verses)).is_empty());
    }
}
