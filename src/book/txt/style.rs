//! Chapter numbers without the word chapter: `001 名`, `1、名`, `十二`, `学而篇第一`.
//!
//! Such lines prove nothing alone; `outline` believes a style only if the whole text keeps to it.

use super::numeral;

/// Ways to number chapters without saying so; believed only if a whole text keeps to one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `001 名`
    Padded,
    /// `1、名`, `1. 名`, `（1）名`
    Listed,
    /// `一、名`, `（一）名`
    ChineseListed,
    /// `12`, `十二`, `XII.` alone on its line
    Bare,
    /// `学而篇第一`, `五帝本纪第一`
    Ordinal,
    /// `书名(12)`
    Serial,
}

impl Style {
    pub(super) const ALL: [Style; 6] =
        [Style::Padded, Style::Listed, Style::ChineseListed, Style::Bare, Style::Ordinal, Style::Serial];

    /// The number of a line that is numbered in this way.
    pub(super) fn number(self, line: &str) -> Option<u32> {
        if line.len() > 35 * 4
            || line.chars().count() > 35
            || line.ends_with(['。', '，', '；', '：', '”', ',', ';', '！', '？'])
        {
            return None;
        }
        let arabic = line.starts_with(|c: char| c.is_ascii_digit() || ('０'..='９').contains(&c));
        match self {
            Style::Padded => {
                let (number, rest) = numeral::leading(line).filter(|_| arabic)?;
                (rest.starts_with(char::is_whitespace) && !rest.trim().is_empty()).then_some(number)
            }
            Style::Listed | Style::ChineseListed => {
                let inner = line.strip_prefix(['（', '(', '[', '【']);
                let (number, rest) = numeral::leading(inner.unwrap_or(line))?;
                let is_arabic =
                    inner.unwrap_or(line).starts_with(|c: char| c.is_ascii_digit() || ('０'..='９').contains(&c));
                let mark = if inner.is_some() { ['）', ')', ']', '】'] } else { ['、', '.', '．', ':'] };
                (is_arabic == (self == Style::Listed) && rest.starts_with(mark)).then_some(number)
            }
            Style::Bare => {
                let bare = line.trim_end_matches(['.', '、']);
                numeral::leading(bare)
                    .filter(|(_, rest)| rest.is_empty())
                    .map(|(number, _)| number)
                    .or_else(|| numeral::roman(bare))
            }
            Style::Ordinal => {
                let (name, number) = line.rsplit_once('第')?;
                let (number, rest) = numeral::leading(number)?;
                (rest.is_empty() && (2..=14).contains(&name.chars().count()) && !name.contains(['，', '：']))
                    .then_some(number)
            }
            Style::Serial => {
                let (name, number) = line.strip_suffix([')', '）'])?.rsplit_once(['(', '（'])?;
                let (number, rest) = numeral::leading(number)?;
                (rest.is_empty() && !name.is_empty()).then_some(number)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles() {
        assert_eq!(Style::Padded.number("001 某标题"), Some(1));
        assert_eq!(Style::Listed.number("12、某个标题"), Some(12));
        assert_eq!(Style::Listed.number("（12）"), Some(12));
        assert_eq!(Style::ChineseListed.number("十二、标题"), Some(12));
        assert_eq!(Style::Bare.number("XII."), Some(12));
        assert_eq!(Style::Ordinal.number("学而篇第1"), Some(1));
        assert_eq!(Style::Serial.number("书名(12)"), Some(12));
        assert_eq!(Style::Padded.number("1949年10月"), None);
    }
}
