//! Numbers as headings write them: `12`, `１２`, `001`, `十二`, `一百零八`, `壹`, `廿一`, `XII`.
//!
//! Only up to what chapters are numbered with; it is no general number parser.

/// The largest number a heading is believed to have.
const LARGEST: u32 = 20_000;

/// A number at the start of `text` and what follows it. Blanks between its characters are allowed,
/// because old files set headings wide: `第　一　回`.
pub(super) fn leading(text: &str) -> Option<(u32, &str)> {
    let mut taken = Vec::new();
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start();
        match trimmed.chars().next().and_then(|c| digit(c).map(|digit| (c, digit))) {
            Some((c, digit)) => {
                taken.push(digit);
                rest = &trimmed[c.len_utf8()..];
            }
            None => break,
        }
    }
    // `2.5` is a chapter between two others; its whole part orders it well enough.
    if let Some(fraction) = rest.strip_prefix('.') {
        let after = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if after.len() < fraction.len() && matches!(taken.last(), Some(Digit::Arabic(_))) {
            rest = after;
        }
    }
    let value = value(&taken)?;
    (value <= LARGEST).then_some((value, rest))
}

#[derive(Clone, Copy)]
enum Digit {
    Arabic(u32),
    Chinese(u32),
    /// 十 百 千 万, and 廿 卅 as two and three times ten.
    Power(u32),
    Tens(u32),
}

fn digit(c: char) -> Option<Digit> {
    Some(match c {
        '0'..='9' => Digit::Arabic(u32::from(c) - u32::from('0')),
        '０'..='９' => Digit::Arabic(u32::from(c) - u32::from('０')),
        '零' | '〇' | '○' | 'Ｏ' => Digit::Chinese(0),
        '一' | '壹' => Digit::Chinese(1),
        '二' | '两' | '兩' | '贰' | '貳' => Digit::Chinese(2),
        '三' | '叁' | '參' => Digit::Chinese(3),
        '四' | '肆' => Digit::Chinese(4),
        '五' | '伍' => Digit::Chinese(5),
        '六' | '陆' | '陸' => Digit::Chinese(6),
        '七' | '柒' => Digit::Chinese(7),
        '八' | '捌' => Digit::Chinese(8),
        '九' | '玖' => Digit::Chinese(9),
        '十' | '拾' => Digit::Power(10),
        '百' | '佰' => Digit::Power(100),
        '千' | '仟' => Digit::Power(1000),
        '万' | '萬' => Digit::Power(10_000),
        '廿' => Digit::Tens(20),
        '卅' => Digit::Tens(30),
        _ => return None,
    })
}

fn value(digits: &[Digit]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 12 {
        return None;
    }
    let positional = !digits.iter().any(|digit| matches!(digit, Digit::Power(_) | Digit::Tens(_)));
    let (mut total, mut pending) = (0u32, None);
    for digit in digits {
        match *digit {
            Digit::Arabic(n) | Digit::Chinese(n) if positional => {
                total = total.checked_mul(10)?.checked_add(n)?;
            }
            Digit::Arabic(n) | Digit::Chinese(n) => pending = Some(pending.unwrap_or(0) * 10 + n),
            Digit::Tens(n) => total = total.checked_add(n)?,
            Digit::Power(10_000) => {
                total = total.checked_add(pending.take().unwrap_or(0))?.max(1).checked_mul(10_000)?;
            }
            Digit::Power(n) => total = total.checked_add(pending.take().unwrap_or(1).checked_mul(n)?)?,
        }
    }
    total.checked_add(pending.unwrap_or(0))
}

/// A Roman numeral or an English number word at the start of `text`, and what follows it.
pub(super) fn leading_latin(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let value = word.parse().ok().or_else(|| roman(word)).or_else(|| number_word(word))?;
    (value <= LARGEST).then_some((value, rest))
}

/// Upper-case Roman numerals in their usual form, up to a few hundred.
pub(super) fn roman(word: &str) -> Option<u32> {
    let of = |c: char| {
        Some(match c {
            'I' => 1,
            'V' => 5,
            'X' => 10,
            'L' => 50,
            'C' => 100,
            _ => return None,
        })
    };
    if word.is_empty() || word.len() > 12 {
        return None;
    }
    let digits: Vec<u32> = word.chars().map(of).collect::<Option<_>>()?;
    let signed = digits.iter().enumerate().map(|(at, digit)| {
        let smaller = digits.get(at + 1).is_some_and(|next| next > digit);
        if smaller { -i64::from(*digit) } else { i64::from(*digit) }
    });
    u32::try_from(signed.sum::<i64>()).ok()
}

fn number_word(word: &str) -> Option<u32> {
    const WORDS: [&str; 20] = [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    let lower = word.to_ascii_lowercase();
    let at = WORDS.iter().position(|one| *one == lower)?;
    u32::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_and_arabic_numbers() {
        for (text, number) in [
            ("十二", 12),
            ("二十", 20),
            ("一百零八", 108),
            ("一千二百", 1200),
            ("一二〇", 120),
            ("壹", 1),
            ("拾", 10),
            ("廿一", 21),
            ("卅", 30),
            ("两百", 200),
            ("〇", 0),
            ("１２", 12),
            ("001", 1),
            ("一万", 10_000),
            ("2.5", 2),
            ("　一　百　二", 102),
        ] {
            assert_eq!(leading(&format!("{text}章")), Some((number, "章")), "{text}");
        }
        assert_eq!(leading("章"), None);
        assert_eq!(leading("99999999999章"), None);
    }

    #[test]
    fn latin_numbers() {
        assert_eq!(leading_latin("XIV. Title"), Some((14, ". Title")));
        assert_eq!(leading_latin("Twelve"), Some((12, "")));
        assert_eq!(leading_latin("7: x"), Some((7, ": x")));
        assert_eq!(leading_latin("of"), None);
    }
}
