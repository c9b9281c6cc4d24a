//! What a follower says around the name of a book: 求《活着》epub，谢谢. The words of the chat go, the format asked for
//! is noted, the name stays. It never replaces the raw text, which is always searched too: there are books called
//! 《求》 and 《下载人生》.

use super::fold::{fold, is_wide};
use std::sync::LazyLock;

/// A query, looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cleaned {
    /// Folded, without the words of the chat. The whole folded text where nothing else would be left.
    pub(crate) text: String,
    /// The name in 《》, if there was one, folded.
    pub(crate) quoted: Option<String>,
    /// The book format asked for, in lower case: "epub".
    pub(crate) format: Option<String>,
    /// Whether books of an author were asked for (余华的书).
    pub(crate) by_author: bool,
}

/// Formats a follower may ask for by name; the others mean one of these.
const FORMATS: &[(&str, &str)] = &[
    ("epub", "epub"),
    ("mobi", "mobi"),
    ("azw3", "azw3"),
    ("azw", "azw3"),
    ("pdf", "pdf"),
    ("txt", "txt"),
    ("kindle", "azw3"),
    ("html", "html"),
];

/// The words of the chat, by where they stand. Constant data.
static WORDS: LazyLock<Words> = LazyLock::new(|| Words::parse(include_str!("../../assets/chat-words.tsv")));

/// See `assets/chat-words.tsv`.
#[derive(Default)]
struct Words {
    before: Vec<&'static str>,
    after: Vec<&'static str>,
    works: Vec<&'static str>,
}

impl Words {
    fn parse(table: &'static str) -> Words {
        let mut words = Words::default();
        for (place, list) in table.lines().filter_map(|line| line.split_once('\t')) {
            let list = list.split('|');
            match place {
                "before" => words.before.extend(list),
                "after" => words.after.extend(list),
                _ => words.works.extend(list),
            }
        }
        words
    }
}

/// Looks through `query`.
pub(crate) fn clean(query: &str) -> Cleaned {
    let folded = fold(query);
    let (without_format, format) = take_format(&folded);
    let quoted = quoted(&folded);
    let by_author =
        WORDS.works.iter().any(|words| folded.trim_end_matches(is_edge).ends_with(words) || folded.starts_with(words));
    let marks = |c: char| {
        if matches!(c, '《' | '》' | '「' | '」' | '『' | '』' | '“' | '”' | '"' | '〈' | '〉') {
            ' '
        } else {
            c
        }
    };
    let bare: String = without_format.chars().map(marks).collect();
    let text = strip(&bare);
    let text = if text.chars().any(char::is_alphanumeric) { text.to_owned() } else { folded };
    Cleaned { text, quoted, format, by_author }
}

/// Chat words off both ends until none is there. A word is kept where nothing would be left of the name.
fn strip(text: &str) -> &str {
    let mut text = text.trim_matches(is_edge);
    loop {
        let before =
            WORDS.works.iter().chain(&WORDS.before).filter_map(|word| text.strip_prefix(word).map(|rest| (word, rest)));
        let after =
            WORDS.works.iter().chain(&WORDS.after).filter_map(|word| text.strip_suffix(word).map(|rest| (word, rest)));
        let before = before.filter(|(word, rest)| ends_there(word, rest.chars().next(), word.chars().last()));
        let after = after.filter(|(word, rest)| ends_there(word, rest.chars().last(), word.chars().next()));
        let cut = before.chain(after).max_by_key(|(word, _)| word.len());
        match cut.map(|(word, rest)| (word, rest.trim_matches(is_edge))) {
            Some((word, rest)) if enough(word, rest) => text = rest,
            _ => return text,
        }
    }
}

/// One character may be a title (飘), but hardly after a chat word of one character (求生).
fn enough(word: &str, rest: &str) -> bool {
    let left = rest.chars().filter(|c| c.is_alphanumeric()).count();
    let single = word.chars().count() == 1;
    left >= if single { 2 } else { 1 }
}

/// A latin chat word must end where a word ends: "find" is not part of "finding". A chat word of one character must
/// stand alone, except those that hardly begin or end a name: 美学是什么 is not 美学是什 and 么.
fn ends_there(word: &str, neighbour: Option<char>, edge: Option<char>) -> bool {
    let lone = word.chars().count() == 1 && !matches!(edge, Some('求' | '吗' | '嘛' | '呢' | '找' | '搜'));
    match (neighbour, edge) {
        (Some(next), Some(own)) if !is_wide(own) => !next.is_alphanumeric() || is_wide(next),
        (Some(next), Some(_)) if lone => !next.is_alphanumeric(),
        _ => true,
    }
}

/// What may stand at either end without belonging to the name.
fn is_edge(c: char) -> bool {
    !c.is_alphanumeric()
        && !matches!(c, '(' | ')' | '[' | ']' | '【' | '】' | '#' | '+' | '《' | '》' | '「' | '」' | '『' | '』')
}

/// The first format named as a word of its own, and the text without any.
fn take_format(folded: &str) -> (String, Option<String>) {
    let mut out = String::with_capacity(folded.len());
    let mut format = None;
    let mut rest = folded;
    while let Some(c) = rest.chars().next() {
        let latin = |c: char| c.is_alphanumeric() && !is_wide(c);
        let end = if latin(c) { rest.find(|c| !latin(c)).unwrap_or(rest.len()) } else { c.len_utf8() };
        let word = &rest[..end];
        match FORMATS.iter().find(|(name, _)| *name == word) {
            Some((_, meant)) => {
                format.get_or_insert_with(|| (*meant).to_owned());
                out.push(' ');
            }
            None => out.push_str(word),
        }
        rest = &rest[end..];
    }
    if out.chars().any(char::is_alphanumeric) { (out, format) } else { (folded.to_owned(), format) }
}

/// The text between the first pair of title marks.
fn quoted(folded: &str) -> Option<String> {
    let pairs = [('《', '》'), ('「', '」'), ('『', '』'), ('“', '”')];
    pairs.iter().find_map(|(open, close)| {
        let from = folded.find(*open)? + open.len_utf8();
        let to = from + folded[from..].find(*close)?;
        let inner = folded[from..to].trim();
        inner.chars().any(char::is_alphanumeric).then(|| inner.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_left() {
        for (said, name) in [
            ("求《活着》epub，谢谢", "活着"),
            ("有没有三体这本书？", "三体"),
            ("帮我找一下秦汉魏晋史探微这本书", "秦汉魏晋史探微"),
            ("找书：雨天炎天", "雨天炎天"),
            ("忍冬 全文", "忍冬"),
            ("金蔷薇 mobi 下载", "金蔷薇"),
            ("书名 白夜行", "白夜行"),
            ("do you have the great gatsby?", "the great gatsby"),
            ("余华的书", "余华"),
            ("想看飘", "飘"),
            ("求", "求"),
            ("求生", "求生"),
            ("美学是什么 电子书", "美学是什么"),
            ("三体epub版", "三体"),
            ("finding nemo", "finding nemo"),
            ("谢谢", "谢谢"),
            ("epub", "epub"),
        ] {
            assert_eq!(clean(said).text, name, "{said}");
        }
    }

    #[test]
    fn what_else_was_said_is_noted() {
        assert_eq!(clean("三体 MOBI").format.as_deref(), Some("mobi"));
        assert_eq!(clean("三体txt下载").format.as_deref(), Some("txt"));
        assert_eq!(clean("三体").format, None);
        assert_eq!(clean("求《活着》余华").quoted.as_deref(), Some("活着"));
        assert!(clean("余华的小说").by_author && !clean("余华").by_author);
    }
}
