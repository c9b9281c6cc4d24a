//! Folding: one spelling for what a reader means by the same text. Compatibility forms, traditional and simplified
//! characters, case, accents and the digits of a number become one; the index and the query go through the same
//! functions, or they would not meet. It does not decide what is a good match: see `rank`.

use super::digits;
use ferrous_opencc::{OpenCC, config::BuiltinConfig};
use std::sync::LazyLock;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Raised whenever a change here, in `digits`, `pinyin`, `words` or `names` makes another key of the same title: an
/// index folded differently is rebuilt.
pub(crate) const VERSION: u32 = 1;

/// The conversion tables compiled into the binary. Constant data: opening them costs 0.1 ms, too much for every word.
static SIMPLIFY: LazyLock<Option<OpenCC>> = LazyLock::new(|| OpenCC::from_config(BuiltinConfig::T2s).ok());

/// `text` in one spelling: roman numeral characters as digits, NFKC, simplified characters, lower case, no accents,
/// no invisible characters. Spaces and punctuation stay, so that titles can still be cut at them.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().map(plain_space).collect::<String>().to_ascii_lowercase();
    }
    let compatible: String = text.chars().flat_map(roman).nfkc().collect();
    let simple = match &*SIMPLIFY {
        Some(tables) if compatible.chars().any(is_han) => tables.convert(&compatible),
        _ => compatible,
    };
    let lower = simple.to_lowercase();
    lower.nfd().filter(|c| !is_combining_mark(*c) && !is_invisible(*c)).map(plain_space).nfc().collect()
}

/// What two titles have in common when they are the same title: letters and digits of the folded text, numbers in
/// arabic digits, no leading article.
///
/// ```
/// assert_eq!(shutong::search::title_key("《三體Ⅲ》"), shutong::search::title_key("三体 3"));
/// ```
pub fn title_key(title: &str) -> String {
    key(&digits::canonical(without_article(&fold(title))))
}

/// Letters and digits only.
pub(crate) fn key(folded: &str) -> String {
    folded.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// English readers leave the article out as often as not.
pub(crate) fn without_article(folded: &str) -> &str {
    let text = folded.trim_start_matches(|c: char| !c.is_alphanumeric());
    for article in ["the ", "a ", "an "] {
        if let Some(rest) = text.strip_prefix(article)
            && rest.chars().any(char::is_alphanumeric)
        {
            return rest;
        }
    }
    text
}

/// A Chinese character (the blocks that carry readings).
pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}' | '〇')
}

/// Scripts written without spaces: each character is a word of its own to the index.
pub(crate) fn is_wide(c: char) -> bool {
    is_han(c)
        || matches!(c, '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{AC00}'..='\u{D7AF}' | '\u{0E00}'..='\u{0E7F}')
}

/// Ⅲ would become "iii" under NFKC; readers type 3.
fn roman(c: char) -> impl Iterator<Item = char> {
    let number = match c {
        '\u{2160}'..='\u{216B}' => c as u32 - 0x215F,
        '\u{2170}'..='\u{217B}' => c as u32 - 0x216F,
        _ => 0,
    };
    let (tens, ones) = (number / 10, number % 10);
    let tens = (tens > 0).then(|| char::from_digit(tens, 10)).flatten();
    let ones = (number > 0).then(|| char::from_digit(ones, 10)).flatten();
    let own = (number == 0).then_some(c);
    own.into_iter().chain(tens).chain(ones)
}

/// Line ends, tabs and control characters separate words as a space does.
fn plain_space(c: char) -> char {
    if c.is_whitespace() || c.is_control() { ' ' } else { c }
}

/// Zero-width characters, direction marks, soft hyphen, byte order mark, private use.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E000}'..='\u{F8FF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_the_same_text() {
        assert_eq!(fold("後漢書"), "后汉书");
        assert_eq!(fold("ＡＷＭ「絕地求生」"), "awm「绝地求生」");
        assert_eq!(fold("Les Misérables"), "les miserables");
        assert_eq!(fold("三体Ⅲ"), "三体3");
        assert_eq!(fold("Ⅻ"), "12");
        assert_eq!(fold("한국"), "한국");
        assert_eq!(fold("a\u{200b}b\tc"), "ab c");
    }

    #[test]
    fn keys_keep_letters_and_digits() {
        assert_eq!(title_key("The Lord of the Rings"), "lordoftherings");
        assert_eq!(title_key("哈利·波特與魔法石"), "哈利波特与魔法石");
        assert_eq!(title_key("盜墓筆記七"), title_key("盗墓笔记7"));
        assert_eq!(title_key("一九八四"), "1984");
        assert_eq!(title_key("The"), "the");
        assert_eq!(title_key("\u{301}\u{301}"), "");
    }
}
