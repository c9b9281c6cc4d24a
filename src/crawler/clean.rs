//! Titles and names as sites write them, freed of what is about the site: 全文阅读, TXT下载, （校对版全本）, ` - 某某小说网`,
//! 作者：. And whether what was found is the work that somebody asked for.
//!
//! When in doubt a word stays: a title with a word too many is found by search, one with a word too few is another
//! book's. Deliberately not here: the folding of titles, which is the search's.

use crate::search::title_key;

/// Longest title or name that is looked at, in characters.
const LONGEST: usize = 300;
/// Most rounds of taking something away.
const MOST_ROUNDS: usize = 12;

/// What stands behind a title and is none of it.
const BEHIND: [&str; 36] = [
    "最新章节列表",
    "最新章节目录",
    "最新章节",
    "章节目录",
    "章节列表",
    "全文免费阅读",
    "全文在线阅读",
    "免费在线阅读",
    "在线免费阅读",
    "免费全文阅读",
    "全文阅读",
    "在线阅读",
    "免费阅读",
    "无弹窗广告",
    "无弹窗",
    "txt全集下载",
    "txt全本下载",
    "txt免费下载",
    "txt电子书下载",
    "全集txt下载",
    "txt下载",
    "txt全集",
    "txt电子书",
    "全集下载",
    "电子书下载",
    "免费下载",
    "小说下载",
    "电子书",
    "下载",
    ".txt",
    ".epub",
    ".mobi",
    ".azw3",
    ".pdf",
    "read online",
    "free download",
];
/// What in brackets is about the file and not about the book, in lower case.
const ABOUT_FILES: [&str; 26] = [
    "校对",
    "精校",
    "完结",
    "完本",
    "全本",
    "全文",
    "未删",
    "无删",
    "出版书",
    "出版版",
    "实体书",
    "txt",
    "epub",
    "mobi",
    "azw3",
    "pdf",
    "电子书",
    "更新",
    "连载",
    "作者",
    "下载",
    "整理",
    "小说网",
    "扫校",
    "www.",
    ".com",
];
/// What in the last part of a title says that it is a site's name, in lower case.
const OF_SITES: [&str; 30] = [
    "小说网",
    "书网",
    "读书",
    "文学网",
    "文学城",
    "中文网",
    "阅读",
    "笔趣",
    "书阁",
    "书吧",
    "书屋",
    "书城",
    "书库",
    "论坛",
    "下载",
    "最新章节",
    "免费",
    "无弹窗",
    "全文",
    "txt",
    ".com",
    ".net",
    ".org",
    ".cn",
    "read online",
    "free ebook",
    "free download",
    "project gutenberg",
    "standard ebooks",
    "wikisource",
];
/// Names that countries and dynasties have in front of an author: [美] 海明威, （清）曹雪芹.
const ORIGINS: &str = "美英法德俄日韩意西葡荷奥加澳印巴苏波捷匈瑞挪丹芬希埃以阿智哥秘墨爱土比汉魏晋唐宋元明清民南北隋周春秋战国先秦苏联美国英国法国德国俄国日本韩国意大利";
/// What follows a name on the pages of sites.
const FACTS: [&str; 12] =
    ["更新", "最后更新", "字数", "状态", "分类", "类别", "类型", "总点击", "最新", "简介", "来源", "出版社"];
/// What stands in front of a name, in lower case.
const BEFORE_NAMES: [&str; 12] =
    ["作者", "作 者", "原作者", "著者", "作家", "文 /", "文/", "written by", "author", "authors", "by ", "by:"];
/// What stands behind a name.
const BEHIND_NAMES: [&str; 13] = [
    "的全部小说",
    "的小说",
    "的作品",
    "作品集",
    "作品",
    "编著",
    "原著",
    "等著",
    "著",
    "撰",
    " 编",
    "(author)",
    "(auth.)",
];

/// A title without what is about the site or the file. Never empty unless `raw` is.
pub fn title(raw: &str) -> String {
    let whole = one_line(raw);
    let mut title = whole.as_str();
    let mut was_shop = false;
    for _ in 0..MOST_ROUNDS {
        let next = shorter_title(title, was_shop);
        // Words about the file make a 小说 behind the title one, too.
        was_shop |= next.len() < title.len();
        let next = next.trim_matches(is_edge);
        if next.is_empty() || next.len() == title.len() {
            break;
        }
        title = next;
    }
    kept(&in_marks(title), title, raw)
}

/// Takes one thing away, if there is any to take.
fn shorter_title(title: &str, was_shop: bool) -> &str {
    let takers: [fn(&str) -> Option<&str>; 5] =
        [without_brackets, without_author, without_site, without_words, without_date];
    let taken = takers.into_iter().find_map(|taker| taker(title).filter(|rest| has_letters(rest)));
    let novel = || title.strip_suffix("小说").filter(|rest| was_shop && has_letters(rest));
    taken.or_else(novel).unwrap_or(title)
}

/// 《红楼梦》 alone is 红楼梦; 《红楼梦》研究 is a book about it.
fn in_marks(title: &str) -> String {
    let inside = title.strip_prefix('《').and_then(|rest| rest.strip_suffix('》'));
    inside.filter(|inside| !inside.contains(['《', '》']) && has_letters(inside)).unwrap_or(title).trim().to_owned()
}

/// Brackets about the file at either end.
fn without_brackets(title: &str) -> Option<&str> {
    for (open, close) in [('（', '）'), ('(', ')'), ('[', ']'), ('【', '】'), ('「', '」'), ('{', '}')] {
        let behind = title.strip_suffix(close).and_then(|rest| rest.rsplit_once(open));
        if let Some((rest, _)) = behind.filter(|(_, inside)| is_about_file(inside)) {
            return Some(rest);
        }
        let before = title.strip_prefix(open).and_then(|rest| rest.split_once(close));
        if let Some((_, rest)) = before.filter(|(inside, _)| is_about_file(inside)) {
            return Some(rest);
        }
    }
    None
}

fn is_about_file(inside: &str) -> bool {
    let inside = inside.to_lowercase();
    ABOUT_FILES.iter().any(|words| inside.contains(words))
        || without_date(&inside).is_some_and(|rest| rest.trim().is_empty())
}

/// `三体 作者：刘慈欣`, `三体（作者:刘慈欣）`, `《三体》 文/刘慈欣`.
fn without_author(title: &str) -> Option<&str> {
    let labels = ["作者：", "作者:", " 作者 ", "作者】", "文/", "文／", ", written by ", " written by "];
    let at = labels.iter().filter_map(|label| title.find(label)).min()?;
    let rest = title.get(..at)?.trim_end_matches(|c: char| is_edge(c) || "（([【".contains(c));
    // 论文/ 散文/ end in a word of their own.
    let is_word = title.get(at..).is_some_and(|label| label.starts_with('文')) && rest.len() == at;
    (!is_word).then_some(rest)
}

/// `三体_刘慈欣_某某小说网`, `三体 - 某某阅读网`, `三体 | Site`. Underscores and bars stand in no title; dashes do, so
/// there the last part must sound like a site.
fn without_site(title: &str) -> Option<&str> {
    if let Some((rest, _)) = title.split_once(['_', '|', '｜', '＿']) {
        return Some(rest);
    }
    let (rest, last) =
        [" - ", " – ", " — ", "--", "——", "-"].iter().filter_map(|mark| title.rsplit_once(mark)).next()?;
    let last = last.to_lowercase();
    if !OF_SITES.iter().any(|words| last.contains(words)) {
        return None;
    }
    // 书名-作者-某某网: a short last part in front of the site's name is the author's.
    let author = rest.rsplit_once('-').filter(|(title, name)| {
        let name = name.trim();
        !title.ends_with('-') && (2..=4).contains(&name.chars().count()) && name.chars().all(is_han)
    });
    Some(author.map_or(rest, |(title, _)| title))
}

/// Such words at the end, also at the end of the first of several names for search engines.
fn without_words(title: &str) -> Option<&str> {
    let first = title.split_once([',', '，']).map(|(first, _)| first).and_then(without_last_words);
    first.or_else(|| without_last_words(title))
}

fn without_last_words(title: &str) -> Option<&str> {
    let lower = title.to_lowercase();
    // Lower case may have another length; then the words are not looked for.
    let lower = if lower.len() == title.len() { lower } else { title.to_owned() };
    let words = BEHIND.iter().find(|words| lower.ends_with(**words))?;
    title.get(..title.len() - words.len())
}

/// A whole date at the end; a year alone may be the title.
fn without_date(title: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_digit() || "-/.:年月日 ".contains(c);
    let rest = title.trim_end_matches(is_part);
    let date = title.get(rest.len()..)?.trim();
    let numbers: Vec<&str> = date.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let [year, month, day, ..] = numbers.as_slice() else { return None };
    let is_date = year.len() == 4 && [month, day].iter().all(|part| part.len() <= 2);
    // Digits that belong to the title stand in front of a blank: 第1卷 2026-05-01.
    is_date.then_some(rest).filter(|_| date.chars().filter(|c| "-/.年月".contains(*c)).count() >= 2)
}

/// A name without labels, dates and the rest of the line. Never empty unless `raw` is.
pub fn author(raw: &str) -> String {
    let whole = one_line(raw);
    let mut name = whole.as_str();
    for _ in 0..MOST_ROUNDS {
        let next = shorter_name(name).trim_matches(is_edge);
        if next.is_empty() || next.len() == name.len() {
            break;
        }
        name = next;
    }
    kept(name, name, raw)
}

fn shorter_name(name: &str) -> &str {
    let takers: [fn(&str) -> Option<&str>; 6] =
        [without_label, without_facts, without_origin, without_site_of_name, without_role, without_years];
    takers.into_iter().find_map(|taker| taker(name).filter(|rest| has_letters(rest))).unwrap_or(name)
}

fn without_label(name: &str) -> Option<&str> {
    let lower = name.to_lowercase();
    let label = BEFORE_NAMES.iter().filter(|label| lower.starts_with(**label)).max_by_key(|label| label.len())?;
    let rest = name.get(label.len()..)?;
    // 作家 and Author may begin a name; a colon or a blank tells.
    let is_label = rest.starts_with([':', '：', ' ', '/', '】', ']']) || label.ends_with(['/', ' ', ':']);
    is_label.then_some(rest)
}

fn without_facts(name: &str) -> Option<&str> {
    let at = FACTS.iter().filter_map(|fact| name.find(&format!(" {fact}"))).min()?;
    name.get(..at)
}

fn without_origin(name: &str) -> Option<&str> {
    for (open, close) in [('[', ']'), ('（', '）'), ('(', ')'), ('【', '】'), ('〔', '〕')] {
        let inside = name.strip_prefix(open).and_then(|rest| rest.split_once(close));
        let is_origin = |inside: &str| {
            let inside = inside.trim_end_matches('代').trim_end_matches('朝');
            (1..=3).contains(&inside.chars().count()) && ORIGINS.contains(inside)
        };
        if let Some((_, rest)) = inside.filter(|(inside, _)| is_origin(inside)) {
            return Some(rest);
        }
    }
    None
}

fn without_site_of_name(name: &str) -> Option<&str> {
    name.split_once(['_', '|', '｜']).map(|(rest, _)| rest)
}

fn without_role(name: &str) -> Option<&str> {
    let role = BEHIND_NAMES.iter().find(|role| name.to_lowercase().ends_with(**role))?;
    let rest = name.get(..name.len().checked_sub(role.len())?)?;
    // 顾名著 may be a name; one of two characters before the word is long enough to be one.
    (rest.trim().chars().count() >= 2).then_some(rest)
}

/// `Austen, Jane, 1775-1817`, `Zweig, Stefan (1881–1942)`.
fn without_years(name: &str) -> Option<&str> {
    let bare = name.strip_suffix([')', '）']).unwrap_or(name);
    let rest = bare.trim_end_matches(|c: char| c.is_ascii_digit() || "-–—?~ ".contains(c));
    let years = bare.get(rest.len()..)?;
    let rest = rest.trim_end_matches([' ', ',', '，', '(', '（']);
    let is_years = years.chars().filter(char::is_ascii_digit).count() >= 4 && years.contains(['-', '–', '—']);
    (is_years && rest.len() < bare.len()).then_some(rest)
}

/// Whether a work is the one that was asked for: what was asked is its title, or title and author in either order,
/// after folding. Mere words of the title are not enough: 三体 is not 三体全集.
pub fn is_same_work(asked: &str, title: &str, author: &str) -> bool {
    let asked: Vec<String> = keys([asked.to_owned(), self::title(asked)]);
    let titles = keys([title.to_owned(), self::title(title)]);
    if asked.iter().any(|one| titles.contains(one)) {
        return true;
    }
    let cleaned = self::author(author);
    let names =
        cleaned.split(['、', ',', '，', '&', ';', '；', '/']).map(str::trim).filter(|name| !name.is_empty()).take(10);
    let names: Vec<&str> = names.chain([cleaned.as_str()]).collect();
    let both = |title: &str, name: &str| {
        let (title_alone, name_alone) = (title_key(title), title_key(name));
        let joined = [
            format!("{title_alone}{name_alone}"),
            format!("{name_alone}{title_alone}"),
            format!("{name_alone}的{title_alone}"),
        ];
        // Folding reads numbers and articles by what stands around them.
        let folded = [title_key(&format!("{title} {name}")), title_key(&format!("{name} {title}"))];
        let is_known = !title_alone.is_empty() && !name_alone.is_empty();
        is_known && joined.iter().chain(&folded).any(|key| asked.contains(key))
    };
    [title.to_owned(), self::title(title)].iter().any(|title| names.iter().any(|name| both(title, name)))
}

fn keys(texts: [String; 2]) -> Vec<String> {
    let cut = |text: &String| text.chars().take(LONGEST).collect::<String>();
    texts.iter().map(|text| title_key(&cut(text))).filter(|key| !key.is_empty()).collect()
}

/// The cleaned text, else what there was before.
fn kept(cleaned: &str, before: &str, raw: &str) -> String {
    let all = [cleaned.trim(), before.trim(), raw.trim(), raw];
    all.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned()
}

/// One line without odd blanks and invisible characters, cut where no title ends.
fn one_line(raw: &str) -> String {
    let is_invisible = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{AD}');
    let visible: String = raw.chars().take(LONGEST * 4).filter(|c| !is_invisible(*c)).collect();
    let words: Vec<&str> =
        visible.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(LONGEST).collect()
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

fn is_edge(c: char) -> bool {
    c.is_whitespace() || "-_—–|｜,，:：;；·/".contains(c)
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}')
}

#[cfg(test)]
mod tests;
