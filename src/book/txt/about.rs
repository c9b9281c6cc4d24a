//! Title and author from the first lines of a text file.
//!
//! `《三侠五义》作者：石玉昆`, `[三国演义 / 罗贯中 著 ]`, `书名：…`, `│ 史记 │ 汉·司马迁`, a title over a short
//! name. The file name is asked first by the caller where it says more.

use super::lines::Line;
use crate::book::file_name::{self, Guess};
use crate::book::xhtml::{is_cjk, one_line};

/// How many lines from the top may name the book.
const TOP: usize = 25;

/// What the lines before the first chapter say; the parts not found are empty.
pub(super) fn guess(lines: &[Line<'_>], named: &Guess) -> Guess {
    let top = &lines[..lines.len().min(TOP)];
    let mut found = Guess::default();
    for line in top {
        let set_apart = in_columns(line.text);
        let line = one_line(line.text);
        if let Some(more) = set_apart.or_else(|| boxed(&line)).or_else(|| one(&line)) {
            if found.title.is_empty() {
                found.title = more.title;
            }
            if found.authors.is_empty() {
                found.authors = more.authors;
            }
        }
    }
    if let Some((title, author)) = title_over_name(top, named)
        && found.authors.is_empty()
        && (found.title.is_empty() || found.title == title)
    {
        found = Guess { title, authors: author };
    }
    found.authors = found.authors.iter().map(|name| without_dynasty(name)).collect();
    found
}

/// The first line if it can be a title: short and no sentence. 序 and the like of a book name the book, too.
pub(super) fn first_line(lines: &[Line<'_>]) -> Option<String> {
    const LONGEST: usize = 30;
    let line = one_line(lines.first()?.text);
    let sentence = line.ends_with(['。', '，', '！', '？', '”', '.', ',', '：']) || line.contains("http");
    if sentence || line.chars().count() > LONGEST || !line.chars().any(char::is_alphabetic) {
        return None;
    }
    let book = ["自序", "序言", "前言", "目录", "目錄", "序"].iter().find_map(|part| line.strip_suffix(part));
    Some(book.map(str::trim_end).filter(|book| book.chars().count() >= 2).map(str::to_owned).unwrap_or(line))
}

/// `│ 史记 │ 汉·司马迁`, between lines that make a box of it.
fn boxed(line: &str) -> Option<Guess> {
    let mut parts = line.strip_prefix(BOX_SIDES)?.split(BOX_SIDES).map(str::trim);
    let title = parts.next().filter(|title| title.chars().any(char::is_alphabetic) && title.chars().count() <= 20)?;
    let author = without_dynasty(parts.next()?);
    let name = (2..=8).contains(&author.chars().count()) && author.chars().all(|c| is_cjk(c) && c.is_alphabetic());
    Some(Guess { title: one_line(title), authors: if name { vec![author] } else { Vec::new() } })
}

const BOX_SIDES: [char; 3] = ['│', '┃', '║'];

/// `聊齋誌異   蒲松齡　著`, `平山冷燕　清　荻岸散人編次`: a title, a gap, someone who wrote or edited.
fn in_columns(line: &str) -> Option<Guess> {
    const DEEDS: [&str; 9] = ["編次", "编次", "编著", "編著", "著", "撰", "輯", "辑", "編"];
    let mut words = line.split(|c: char| c.is_whitespace()).filter(|word| !word.is_empty());
    let title = words.next().filter(|title| (1..=12).contains(&title.chars().count()) && title.chars().all(is_cjk))?;
    let rest: Vec<&str> = words.filter(|word| !DYNASTIES.contains(word)).collect();
    let rest = rest.join("");
    let author = DEEDS.iter().find_map(|deed| rest.strip_suffix(deed))?;
    let name = (2..=8).contains(&author.chars().count()) && author.chars().all(|c| is_cjk(c) && c.is_alphabetic());
    name.then(|| Guess { title: title.trim_matches(['《', '》']).to_owned(), authors: vec![author.to_owned()] })
}

const DYNASTIES: [&str; 12] = ["周", "秦", "汉", "漢", "晋", "晉", "唐", "宋", "元", "明", "清", "民国"];

/// A name without the dynasty in front of it or behind: `吴承恩（明）`, `[清] 蒲松龄`, `汉·司马迁`.
fn without_dynasty(name: &str) -> String {
    let is_dynasty = |text: &str| DYNASTIES.contains(&text.trim());
    let behind = name.trim_end_matches(['）', ')']).rsplit_once(['（', '(']);
    let name = behind.filter(|(_, inside)| is_dynasty(inside)).map_or(name, |(name, _)| name).trim();
    let before =
        name.trim_start_matches(['（', '(', '[', '〔', '【']).split_once(['）', ')', ']', '〕', '】', '·', '•']);
    before.filter(|(inside, _)| is_dynasty(inside)).map_or(name, |(_, name)| name).trim().to_owned()
}

/// What one line says, if it is made to say it.
fn one(line: &str) -> Option<Guess> {
    const LONGEST: usize = 60;
    if line.chars().count() > LONGEST || line.contains("http") {
        return None;
    }
    let line = line.trim_matches(['[', ']', '【', '】', ' ', '*']);
    for label in ["书名", "書名", "Title"] {
        if let Some(title) = labelled(line, label) {
            let title = title.trim_matches(['《', '》']);
            return Some(Guess { title: title.to_owned(), authors: Vec::new() });
        }
    }
    for label in ["作者", "作 者", "著者", "Author", "【作者】"] {
        if let Some(author) = labelled(line, label) {
            return Some(Guess { title: String::new(), authors: file_name::split_authors(author) });
        }
    }
    if let Some((title, author)) =
        line.strip_suffix(" 著").or_else(|| line.strip_suffix('著')).and_then(|line| line.split_once('/'))
    {
        return Some(Guess { title: title.trim().into(), authors: file_name::split_authors(author) });
    }
    if line.starts_with('《') {
        return in_title_marks(line);
    }
    let (title, author) = line.split_once("作者：").or_else(|| line.split_once("作者:"))?;
    (!title.trim().is_empty()).then(|| Guess { title: title.trim().into(), authors: file_name::split_authors(author) })
}

/// `《书名》`, `《书名》作者：某`, `《书名》全集`: only if nothing follows that makes it a sentence.
fn in_title_marks(line: &str) -> Option<Guess> {
    let (title, after) = line.strip_prefix('《')?.split_once('》')?;
    let after = after.trim();
    let authored = after.contains("作者：") || after.contains("作者:") || after.ends_with('著');
    let after = &without_dynasty(after);
    let after = after.as_str();
    let name = after.chars().count() <= 4 && after.chars().all(is_cjk) && !after.ends_with(['集', '本', '版']);
    let counted = || super::numeral::leading(after).is_some_and(|(_, unit)| matches!(unit, "回" | "卷" | "章"));
    let plain = after.is_empty() || matches!(after, "全集" | "全本" | "完整版") || counted();
    if !(authored || name || plain) || title.trim().is_empty() {
        return None;
    }
    let author = after.rsplit_once("作者").map_or(after, |(_, author)| author);
    let authors = if plain || author.is_empty() { Vec::new() } else { file_name::split_authors(author) };
    Some(Guess { title: one_line(title), authors })
}

/// What follows `作者：`, `作者 `.
fn labelled<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(label)?;
    let rest = rest.trim_start().strip_prefix(['：', ':'])?;
    let rest = rest.trim();
    (!rest.is_empty()).then_some(rest)
}

/// A first line over one that is only a short name: the title by the file name, too, or set apart from
/// the text where the file name says nothing.
fn title_over_name(top: &[Line<'_>], named: &Guess) -> Option<(String, Vec<String>)> {
    const LONGEST: usize = 10;
    let [first, second, rest @ ..] = top else {
        return None;
    };
    let is_name = |text: &str| text.chars().all(|c| is_cjk(c) && c.is_alphabetic());
    let title = one_line(first.text);
    let name = one_line(second.text);
    let length = title.chars().count();
    let apart = || rest.first().is_some_and(Line::after_blank) && !second.after_blank();
    let alone = || is_name(&title) && (2..=LONGEST).contains(&length) && apart();
    let known = if named.title.chars().any(is_cjk) { title == named.title } else { alone() };
    let short = (2..=4).contains(&name.chars().count()) && is_name(&name);
    let heading = |line: &str| super::heading::classify(line).is_some();
    (short && length > 0 && known && !heading(&title) && !heading(&name)).then(|| (title, vec![name]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::txt::lines;

    #[track_caller]
    fn check(text: &str, file: &str, title: &str, authors: &[&str]) {
        let found = guess(&lines::cut(text), &file_name::guess(file));
        assert_eq!(
            (found.title.as_str(), found.authors.iter().map(String::as_str).collect::<Vec<_>>()),
            (title, authors.to_vec())
        );
    }

    #[test]
    fn first_lines_name_the_book() {
        check("《三侠五义 》作者：石玉昆\n", "", "三侠五义", &["石玉昆"]);
        check("    [三国演义 / 罗贯中 著 ]\n", "", "三国演义", &["罗贯中"]);
        check("《测试小说》\n作者：佚名\n\n内容简介：\n", "", "测试小说", &["佚名"]);
        check("书名：三体\n作者: 刘慈欣\n", "", "三体", &["刘慈欣"]);
        check("《红楼梦》曹雪芹\n\n第一回\n", "", "红楼梦", &["曹雪芹"]);
        check("三国演义\n罗贯中\n\n滚滚长江\n", "三国演义.txt", "三国演义", &["罗贯中"]);
        check("聊齋誌異   蒲松齡　著　\n", "", "聊齋誌異", &["蒲松齡"]);
        check("平山冷燕   清　荻岸散人編次\n", "", "平山冷燕", &["荻岸散人"]);
        check("《西游记》吴承恩（明）\n", "", "西游记", &["吴承恩"]);
        check("[西游记 / 吴承恩（明） 著 ]\n", "", "西游记", &["吴承恩"]);
        check("    ┌──┐\n    │ 史记 │    汉·司马迁\n    └──┘\n", "", "史记", &["司马迁"]);
        check("作者：[清] 蒲松龄\n", "", "", &["蒲松龄"]);
        check("《紅樓夢》120回\n", "", "紅樓夢", &[]);
        check("三国演义\n罗贯中\n\n滚滚长江\n", "sanguo.txt", "三国演义", &["罗贯中"]);
        check("Title: Emma\n\nAuthor: Jane Austen\n", "", "Emma", &["Jane Austen"]);
    }

    #[test]
    fn sentences_name_nothing() {
        check("《儒林外史》的作者是康、乾年间名人吴敬梓。\n", "", "", &[]);
        check("关关雎鸠\n在河之洲\n窈窕淑女\n", "", "", &[]);
        check("第一章\n罗贯中\n\n滚滚长江\n", "", "", &[]);
        assert_eq!(first_line(&lines::cut("包公案序\n")).as_deref(), Some("包公案"));
        assert_eq!(first_line(&lines::cut("论语\n子曰。\n")).as_deref(), Some("论语"));
        assert_eq!(first_line(&lines::cut("话说天下大势，分久必合。\n")), None);
    }
}
