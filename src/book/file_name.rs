//! Title and authors from a file name, the way people name book files.
//!
//! `《三体》作者：刘慈欣.txt`, `[刘慈欣] 三体.pdf`, `三体 - 刘慈欣.azw3`, `Emma by Jane Austen.mobi`. Names are
//! guesses and give way to what a book says of itself.

use super::model::Metadata;
use super::xhtml::{is_cjk, one_line};

/// The title where nothing at all is known.
const NAMELESS: &str = "未命名";

/// What a name tells: a title, perhaps authors.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) title: String,
    pub(super) authors: Vec<String>,
}

/// Metadata from the name alone; its title is never empty.
pub(super) fn metadata(file_name: Option<&str>) -> Metadata {
    let mut metadata = Metadata::default();
    complete(&mut metadata, file_name);
    metadata
}

/// Fills in what metadata lacks: the title, and the authors if the title does not contradict.
pub(super) fn complete(metadata: &mut Metadata, file_name: Option<&str>) {
    let guess = file_name.map(guess).unwrap_or_default();
    metadata.title = one_line(&metadata.title);
    let same_book = metadata.title.is_empty() || metadata.title == guess.title;
    if metadata.title.is_empty() {
        metadata.title = if guess.title.is_empty() { NAMELESS.to_owned() } else { guess.title };
    }
    if same_book && metadata.contributors.is_empty() {
        for author in &guess.authors {
            metadata.add_author(author);
        }
    }
}

/// Reads a file name, with or without folders and extension.
pub(super) fn guess(file_name: &str) -> Guess {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    let stem = match name.rsplit_once('.') {
        Some((stem, _)) if super::Format::from_file_name(name).is_some() => stem,
        _ => name,
    };
    let stem = one_line(&without_notes(&stem.replace(['_', '\u{3000}'], " ")));
    in_title_marks(&stem)
        .or_else(|| author_label(&stem))
        .or_else(|| author_in_front(&stem))
        .or_else(|| parted(&stem))
        .or_else(|| author_behind(&stem))
        .unwrap_or_else(|| found(&stem, ""))
}

/// Several names written as one: `甲、乙`, `甲 & 乙`, `A; B`, `甲,乙`. A comma between Latin words may be
/// `Austen, Jane` and is left alone.
pub(super) fn split_authors(text: &str) -> Vec<String> {
    let cjk = text.chars().any(is_cjk);
    let names =
        text.split(|c: char| matches!(c, '、' | '&' | ';' | '；' | '＆') || cjk && matches!(c, ',' | '，' | '/'));
    let mut out: Vec<String> = Vec::new();
    for name in names.map(bare_author).filter(|name| !name.is_empty()) {
        if !out.contains(&name) {
            out.push(name);
        }
    }
    if out.is_empty() && !text.trim().is_empty() {
        out.push(text.trim().to_owned());
    }
    out
}

/// A name without 作者, 著, a trailing full stop of blanks, or the marks around it.
fn bare_author(name: &str) -> String {
    let mut name = name.trim_matches(|c: char| c.is_whitespace() || "：:·-—_《》".contains(c));
    for label in ["作者", "著者", "作家", "文/", "by "] {
        if let Some(rest) = name.strip_prefix(label) {
            name = rest.trim_start_matches([' ', ':', '：']);
        }
    }
    for label in ["编著", "編著", "原著", " 著", "著", " 编", " 撰", "作品"] {
        if let Some(rest) = name.strip_suffix(label).filter(|rest| rest.chars().count() >= 2) {
            name = rest.trim_end();
        }
    }
    one_line(name)
}

fn found(title: &str, authors: &str) -> Guess {
    let trim = |c: char| c.is_whitespace() || "-—_·《》,，".contains(c);
    let title = one_line(title.trim_matches(trim));
    Guess { title, authors: if authors.trim().is_empty() { Vec::new() } else { split_authors(authors) } }
}

/// `《书名》作者：某`, `《书名》某`, `某《书名》`.
fn in_title_marks(stem: &str) -> Option<Guess> {
    let (before, rest) = stem.split_once('《')?;
    let (title, after) = rest.split_once('》')?;
    let author = if after.trim().is_empty() { before } else { after };
    let author = author.rsplit_once("作者").map_or(author, |(_, author)| author);
    Some(found(title, if is_name(author) { author } else { "" }))
}

/// `书名 作者：某`.
fn author_label(stem: &str) -> Option<Guess> {
    let (title, author) = stem.split_once("作者").or_else(|| stem.split_once("作者："))?;
    let author = author.trim_start_matches([':', '：', ' ']);
    (!title.trim().is_empty() && is_name(author)).then(|| found(title, author))
}

/// `[某] 书名`, `【某】书名`, `(某)书名`.
fn author_in_front(stem: &str) -> Option<Guess> {
    let (_, close) = BRACKETS.iter().find(|(open, _)| stem.starts_with(*open))?;
    let (author, title) = stem.split_once(*close)?;
    let author: String = author.chars().skip(1).collect();
    (!title.trim().is_empty() && is_name(&author)).then(|| found(title, &author))
}

/// `书名 - 某`, `Title by Somebody`. Saved by calibre and most sites the title comes first.
fn parted(stem: &str) -> Option<Guess> {
    for mark in [" - ", " — ", " – ", " by ", " By ", "——", "－"] {
        if let Some((title, author)) = stem.rsplit_once(mark)
            && !title.trim().is_empty()
            && is_name(author)
        {
            return Some(found(title, author));
        }
    }
    let (title, author) = stem.split_once('-')?;
    let short = author.chars().count() <= 5 && author.chars().all(is_cjk);
    (short && title.chars().any(is_cjk)).then(|| found(title, author))
}

/// `书名 (某)`, `书名 某 著`.
fn author_behind(stem: &str) -> Option<Guess> {
    if let Some(rest) = stem.strip_suffix('著').or_else(|| stem.strip_suffix("编著")) {
        let (title, author) = rest.trim_end().rsplit_once(' ')?;
        return is_name(author).then(|| found(title, author));
    }
    let (open, close) = BRACKETS.iter().find(|(_, close)| stem.ends_with(*close))?;
    let (title, author) = stem.strip_suffix(*close)?.rsplit_once(*open)?;
    (!title.trim().is_empty() && is_name(author)).then(|| found(title, author))
}

const BRACKETS: [(char, char); 6] = [('[', ']'), ('【', '】'), ('(', ')'), ('（', '）'), ('〔', '〕'), ('「', '」')];

/// Whether it can be someone's name: short, without digits and without words of editions.
fn is_name(text: &str) -> bool {
    const NOT_NAMES: [&str; 29] = [
        "选录", "選錄", "节选", "節選", "选集", "译注", "譯注", "注释", "白话", "版", "卷", "册", "冊", "部", "全集",
        "校对", "精校", "完结", "完本", "全本", "系列", "丛书", "上", "中", "下", "合集", "番外", "edition", "vol",
    ];
    let name = bare_author(text);
    let length = name.chars().count();
    let lower = name.to_lowercase();
    // 上官 and 中岛 are names; 上, 中, 下 alone are volumes.
    let note = NOT_NAMES.iter().any(|word| {
        if word.chars().count() == 1 && "上中下".contains(word) { lower == **word } else { lower.contains(word) }
    });
    (1..=40).contains(&length) && !name.chars().any(|c| c.is_ascii_digit()) && !note
}

/// Drops what sites and copies add: `(1)`, `（精校版）`, `[完结]`, `(z-lib.org)`, `www.example.com`.
fn without_notes(stem: &str) -> String {
    let mut out = stem.to_owned();
    for (open, close) in BRACKETS {
        let mut kept = String::new();
        let mut rest = out.as_str();
        while let Some((before, after)) = rest.split_once(open) {
            let Some((inside, after)) = after.split_once(close) else {
                break;
            };
            kept.push_str(before);
            if !is_note(inside) {
                kept.extend([open]);
                kept.push_str(inside);
                kept.extend([close]);
            }
            rest = after;
        }
        kept.push_str(rest);
        out = kept;
    }
    for word in ["全本精校", "校对版全本", "精校版全本", "全集TXT", "TXT全集", "txt全集", "精校版", "校对版", "全本txt"]
    {
        out = out.replace(word, "");
    }
    let words: Vec<&str> = out.split(' ').filter(|word| !is_site(word)).collect();
    words.join(" ")
}

fn is_note(text: &str) -> bool {
    const NOTES: [&str; 18] = [
        "完结",
        "完本",
        "全本",
        "全集",
        "精校",
        "校对",
        "校對",
        "完整",
        "txt",
        "epub",
        "mobi",
        "azw3",
        "下载",
        "z-lib",
        "zlibrary",
        "libgen",
        "anna’s archive",
        "未删节",
    ];
    let lower = text.trim().to_lowercase();
    let copy = !lower.is_empty() && lower.len() <= 2 && lower.bytes().all(|byte| byte.is_ascii_digit());
    copy || is_site(&lower) || lower == "完" || NOTES.iter().any(|note| lower.contains(note))
}

fn is_site(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    [".com", ".net", ".org", ".cc", ".cn", "www."].iter().any(|part| lower.contains(part)) && !lower.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, title: &str, authors: &[&str]) {
        let found = guess(name);
        assert_eq!(
            (found.title.as_str(), found.authors.iter().map(String::as_str).collect::<Vec<_>>()),
            (title, authors.to_vec())
        );
    }

    #[test]
    fn names_as_people_write_them() {
        check("《三体》作者：刘慈欣.txt", "三体", &["刘慈欣"]);
        check("《三体》（校对版全本）作者：刘慈欣.txt", "三体", &["刘慈欣"]);
        check("三体 - 刘慈欣.azw3", "三体", &["刘慈欣"]);
        check("[刘慈欣] 三体.pdf", "三体", &["刘慈欣"]);
        check("三体_刘慈欣 著.epub", "三体", &["刘慈欣"]);
        check("红楼梦 (曹雪芹、高鹗) (z-lib.org).epub", "红楼梦", &["曹雪芹", "高鹗"]);
        check("书名 作者：某人.txt", "书名", &["某人"]);
        check("三体-刘慈欣.mobi", "三体", &["刘慈欣"]);
        check("Emma by Jane Austen.mobi", "Emma", &["Jane Austen"]);
        check("Pride and Prejudice - Jane Austen.epub", "Pride and Prejudice", &["Jane Austen"]);
    }

    #[test]
    fn what_is_no_author_stays_out() {
        check("三体.txt", "三体", &[]);
        check("三体(1).txt", "三体", &[]);
        check("明朝那些事儿（第二版）.pdf", "明朝那些事儿（第二版）", &[]);
        check("平凡的世界（上）.epub", "平凡的世界（上）", &[]);
        check("[完结] 三体.txt", "三体", &[]);
        check("智囊(选录).txt", "智囊(选录)", &[]);
        check("/tmp/a\\b/Node.js 入门.pdf", "Node.js 入门", &[]);
        check("", "", &[]);
    }

    #[test]
    fn metadata_always_has_a_title() {
        assert_eq!(metadata(None).title, NAMELESS);
        assert_eq!(metadata(Some(".epub")).title, NAMELESS);
        let mut known = Metadata { title: "三体".into(), ..Metadata::default() };
        complete(&mut known, Some("三体 - 刘慈欣.epub"));
        assert_eq!(known.authors(), ["刘慈欣"]);
        let mut other = Metadata { title: "球状闪电".into(), ..Metadata::default() };
        complete(&mut other, Some("三体 - 刘慈欣.epub"));
        assert!(other.authors().is_empty());
    }

    #[test]
    fn several_authors_are_several() {
        assert_eq!(split_authors("甲、乙 & 丙"), ["甲", "乙", "丙"]);
        assert_eq!(split_authors("Austen, Jane"), ["Austen, Jane"]);
        assert_eq!(split_authors("作者：罗贯中 著"), ["罗贯中"]);
    }
}
