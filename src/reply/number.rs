//! Numbers as people write them when they pick from a list: 3, 3., 第3本, 三, 十二. Only to 99; whether there is a
//! list to pick from is for the caller to know, because 三 is a fine search otherwise.

/// The number that the whole text is. The text is folded: ASCII digits, no punctuation around it.
pub(super) fn pick(text: &str) -> Option<usize> {
    let text = text.strip_prefix('第').unwrap_or(text);
    let text = text.strip_prefix("no.").or(text.strip_prefix("no ")).unwrap_or(text).trim();
    let units = ['本', '个', '個', '号', '號', '条', '部', '项'];
    let text = text.strip_suffix(units).unwrap_or(text).trim();
    let is_digits = !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits { text.parse().ok() } else { chinese(text) }
}

/// 一 to 九十九.
fn chinese(text: &str) -> Option<usize> {
    let digit = |text: &str| {
        let mut chars = text.chars();
        let digit = match chars.next()? {
            '一' => 1,
            '二' | '两' | '兩' => 2,
            '三' => 3,
            '四' => 4,
            '五' => 5,
            '六' => 6,
            '七' => 7,
            '八' => 8,
            '九' => 9,
            _ => return None,
        };
        chars.next().is_none().then_some(digit)
    };
    let Some((tens, ones)) = text.split_once('十') else { return digit(text) };
    let tens = if tens.is_empty() { 1 } else { digit(tens)? };
    let ones = if ones.is_empty() { 0 } else { digit(ones)? };
    Some(tens * 10 + ones)
}

#[cfg(test)]
mod tests {
    use super::pick;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, number) in [
            ("3", 3),
            ("03", 3),
            ("第3本", 3),
            ("三", 3),
            ("十", 10),
            ("十二", 12),
            ("二十", 20),
            ("九十九", 99),
            ("两", 2),
        ] {
            assert_eq!(pick(text), Some(number), "{text}");
        }
        for text in ["", "三体", "第", "本", "十十", "1984", "一百", "百", "3体", "三三"] {
            assert_eq!(pick(text), None, "{text}");
        }
    }
}
