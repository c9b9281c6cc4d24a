//! The names under which a book is known: forms of its title (whole, without what stands in brackets, up to the
//! colon) and its authors. Folded keys only; how much each form counts is decided in `rank`.

use super::{digits, fold};

/// Longer titles are cut: no reader types more, and comparing is quadratic.
const MAX_CHARS: usize = 120;

/// One way to write a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// Which way.
    pub(crate) cut: Cut,
    /// Folded, numbers in digits, spaces and punctuation kept: for the terms.
    pub(crate) text: String,
    /// Letters and digits of `text`.
    pub(crate) key: String,
    /// Folded without the change to numbers: for the sound.
    pub(crate) spoken: String,
}

/// What was left out of a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nothing.
    Whole,
    /// What stands in brackets: （全三册）, (The Dark Tower, #2).
    Brackets,
    /// Everything after the first colon or dash: the subtitle.
    Subtitle,
}

/// The forms of `title`, at least one, without repeated keys.
pub(crate) fn forms(title: &str) -> Vec<Form> {
    let folded: String = fold::fold(&title.chars().take(MAX_CHARS).collect::<String>());
    let whole = form(Cut::Whole, &folded);
    let bare = without_brackets(&folded);
    let mut out = vec![whole];
    for (cut, text) in [(Cut::Brackets, bare.as_str()), (Cut::Subtitle, before_subtitle(&bare))] {
        let other = form(cut, text);
        if !other.key.is_empty() && out.iter().all(|known| known.key != other.key) {
            out.push(other);
        }
    }
    out
}

/// What two authors have in common when they are the same person: no country or dynasty in brackets, no 著, 编, 译,
/// letters and digits only.
///
/// ```
/// assert_eq!(shutong::search::author_key("[清] 曹雪芹 著"), "曹雪芹");
/// ```
pub fn author_key(author: &str) -> String {
    person_key(&person(author))
}

/// 三毛 and 乙一 have numbers in their names: they are written as in titles.
fn person_key(name: &str) -> String {
    fold::key(&digits::canonical(name))
}

/// An author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// Letters and digits of the whole name.
    pub(crate) key: String,
    /// The same of the last part of a foreign name.
    pub(crate) last: String,
    /// The name as it is spoken, folded.
    pub(crate) spoken: String,
}

/// The key by which editions of one book are told from other books: the title without remarks on the edition, and
/// the last part of the first author's name. （上） and （下） are two books.
pub(crate) fn edition_key(title: &str, authors: &[String]) -> String {
    let folded = fold::fold(&title.chars().take(MAX_CHARS).collect::<String>());
    let mut name = String::new();
    bracketed(&folded, |outside, remark| {
        name.push_str(outside);
        if !is_edition(remark) {
            name.push_str(remark);
        }
    });
    let name = fold::key(&digits::canonical(fold::without_article(&name)));
    let surname = people(authors).first().map(|person| person.last.clone()).unwrap_or_default();
    format!("{name}/{surname}")
}

/// Words of a remark in brackets that tells how a book was made.
const MADE: [&str; 21] = [
    "版",
    "装",
    "纪念",
    "珍藏",
    "典藏",
    "修订",
    "增订",
    "插图",
    "全译",
    "译本",
    "全集",
    "全本",
    "英文",
    "中英",
    "双语",
    "edition",
    "illustrated",
    "revised",
    "anniversary",
    "paperback",
    "hardcover",
];

/// Whether a remark tells how a book was made, not which part of a work it is.
fn is_edition(remark: &str) -> bool {
    let counted = remark.contains(['全', '共']) && remark.contains(['册', '卷', '部', '本', '集']);
    let part = remark.contains(['上', '中', '下', '#']) && !remark.contains("中英");
    !part && (counted || MADE.iter().any(|word| remark.contains(word)))
}

/// Everyone in `authors`, once; an entry may name several people.
pub(crate) fn people(authors: &[String]) -> Vec<Person> {
    let mut out: Vec<Person> = Vec::new();
    for name in authors.iter().flat_map(|entry| entry.split(['/', '、', ';', '；', '&', ',', '，'])) {
        let spoken = person(&name.chars().take(MAX_CHARS).collect::<String>());
        let key = person_key(&spoken);
        if !key.is_empty() && out.iter().all(|known| known.key != key) {
            let last = spoken.rsplit(is_name_gap).map(person_key).find(|part| !part.is_empty()).unwrap_or_default();
            out.push(Person { key, last, spoken });
        }
    }
    out
}

/// The name alone, folded, its inner dots and spaces kept.
fn person(author: &str) -> String {
    let bare = without_brackets(&fold::fold(author));
    let mut name = bare.trim();
    for role in ["编著", "主编", "编译", "口述", "监制", "选编", "原著", "编", "著", "译", "绘", "等", "续", "撰", "注"]
    {
        if let Some(rest) = name.strip_suffix(role)
            && (rest.ends_with(char::is_whitespace) || role == "编著" || role == "主编")
            && !rest.trim().is_empty()
        {
            name = rest.trim();
        }
    }
    name.to_owned()
}

/// What separates the parts of a foreign name: 加西亚·马尔克斯, J.K. Rowling.
fn is_name_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, '·' | '•' | '・' | '‧' | '.' | '﹒' | '∙')
}

fn form(cut: Cut, folded: &str) -> Form {
    let text = digits::canonical(fold::without_article(folded));
    let key = fold::key(&text);
    Form { cut, key, text, spoken: folded.to_owned() }
}

/// `folded` without bracketed remarks.
pub(crate) fn without_brackets(folded: &str) -> String {
    let mut out = String::with_capacity(folded.len());
    bracketed(folded, |outside, remark| {
        out.push_str(outside);
        if !remark.is_empty() {
            out.push(' ');
        }
    });
    out
}

/// Calls `each` with a stretch of text and the bracketed remark after it. 《》 and 「」 are quotation marks, their content is
/// text; an unclosed bracket opens nothing.
fn bracketed(folded: &str, mut each: impl FnMut(&str, &str)) {
    let mut rest = folded;
    while let Some(open) = rest.find(['(', '[', '【', '〔', '{']) {
        let mut depth = 0usize;
        let close = rest[open..].char_indices().find(|(_, c)| {
            match c {
                '(' | '[' | '【' | '〔' | '{' => depth += 1,
                ')' | ']' | '】' | '〕' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        });
        let Some((length, last)) = close else { break };
        let end = open + length + last.len_utf8();
        each(&rest[..open], &rest[open..end]);
        rest = &rest[end..];
    }
    each(rest, "");
}

/// The text up to a colon, a dash or a semicolon, unless too little would be left to be a name.
fn before_subtitle(folded: &str) -> &str {
    let dash = [":", "——", "—", " - ", "--", ";", "~", "|"].iter().filter_map(|mark| folded.find(mark)).min();
    match dash {
        Some(at) if fold::key(&folded[..at]).len() >= 4 => &folded[..at],
        _ => folded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(title: &str) -> Vec<String> {
        forms(title).into_iter().map(|form| form.key).collect()
    }

    #[test]
    fn forms_leave_out_brackets_and_subtitles() {
        assert_eq!(keys("平凡的世界（全三部）"), ["平凡的世界全3部", "平凡的世界"]);
        assert_eq!(keys("The Drawing of the Three (The Dark Tower, #2)")[1], "drawingofthethree");
        assert_eq!(keys("At Home: A Short History"), ["athomeashorthistory", "athome"]);
        assert_eq!(keys("英雄志【八】金榜題名")[1], "英雄志金榜题名");
        assert_eq!(keys("（全三册"), ["全3册"]);
        assert_eq!(keys(""), [""]);
    }

    #[test]
    fn authors_lose_country_and_role() {
        assert_eq!(author_key("[清] 曹雪芹 著"), "曹雪芹");
        let both = people(&["[哥伦比亚] 加西亚·马尔克斯 / 范晔 译".to_owned()]);
        let names: Vec<(&str, &str)> = both.iter().map(|person| (person.key.as_str(), person.last.as_str())).collect();
        assert_eq!(names, [("加西亚马尔克斯", "马尔克斯"), ("范晔", "范晔")]);
        let rowling = &people(&["J.K. Rowling".to_owned()])[0];
        assert_eq!((rowling.key.as_str(), rowling.last.as_str()), ("jkrowling", "rowling"));
        assert_eq!(author_key("三毛"), author_key("3毛"));
        assert_eq!(author_key("张著"), "张著");
    }

    #[test]
    fn editions_share_a_key() {
        let key = |title: &str, author: &str| edition_key(title, &[author.to_owned()]);
        assert_eq!(key("活着", "余华"), key("活着（精装）", "余华 著"));
        assert_eq!(key("西游记（全二册）", "吴承恩"), key("西游记", "吴承恩"));
        assert_ne!(key("品三国（上）", "易中天"), key("品三国（下）", "易中天"));
        assert_ne!(key("活着", "余华"), key("活着", "张三"));
    }
}
