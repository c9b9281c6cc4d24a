//! Numbers in titles: 一九八四 and 1984, 第三部 and 第3部, 一千零一夜 and 1001夜, Rocky II and Rocky 2 become one
//! spelling. It works on folded text and knows nothing of dates or prices; units alone (百年, 万有) are left as words.

/// `folded` with Chinese numerals and roman numeral words in arabic digits.
pub(crate) fn canonical(folded: &str) -> String {
    let mut out = String::with_capacity(folded.len());
    let mut rest = folded;
    while let Some(first) = rest.chars().next() {
        let (taken, text) = if is_numeral(first) {
            let end = rest.find(|c| !is_numeral(c)).unwrap_or(rest.len());
            (end, number(&rest[..end]))
        } else if first.is_ascii_alphabetic() {
            let end = rest.find(|c: char| !c.is_alphanumeric() || super::fold::is_wide(c)).unwrap_or(rest.len());
            let word = &rest[..end];
            let leads = out.chars().all(|c| !c.is_alphanumeric());
            (end, if leads { word.to_owned() } else { roman(word).unwrap_or(word).to_owned() })
        } else if let Some(digit) = formal(first) {
            (first.len_utf8(), digit.to_owned())
        } else {
            (first.len_utf8(), first.to_string())
        };
        out.push_str(&text);
        rest = &rest[taken..];
    }
    out
}

/// One run of Chinese numerals. With 十, 百 or 千 it is read as a number, without them digit by digit.
fn number(run: &str) -> String {
    let units = run.chars().any(|c| unit(c).is_some());
    if !units {
        return run.chars().map(|c| digit(c).map_or(c, ascii)).collect();
    }
    match positional(run) {
        Some(value) => value.to_string(),
        None => run.chars().map(|c| digit(c).map_or(c, ascii)).collect(),
    }
}

/// 三百二十一 -> 321; `None` for what is no such number (百, 千百, 十一二).
fn positional(run: &str) -> Option<u32> {
    let (mut total, mut pending, mut last_unit, mut digits) = (0u32, None, 10_000u32, 0);
    for c in run.chars() {
        if let Some(value) = digit(c) {
            if value == 0 {
                continue;
            }
            if pending.is_some() {
                return None;
            }
            pending = Some(value);
            digits += 1;
        } else {
            let size = unit(c)?;
            if size >= last_unit {
                return None;
            }
            last_unit = size;
            let times = match pending.take() {
                Some(times) => times,
                None if size == 10 => 1,
                None => return None,
            };
            total += times * size;
        }
    }
    let lone_ten = run == "十";
    (digits > 0 || lone_ten).then_some(total + pending.unwrap_or(0))
}

fn is_numeral(c: char) -> bool {
    digit(c).is_some() || unit(c).is_some()
}

fn digit(c: char) -> Option<u32> {
    "零一二三四五六七八九".chars().position(|d| d == c).map(|n| n as u32).or(match c {
        '〇' => Some(0),
        '两' => Some(2),
        _ => None,
    })
}

fn unit(c: char) -> Option<u32> {
    match c {
        '十' => Some(10),
        '百' => Some(100),
        '千' => Some(1000),
        _ => None,
    }
}

fn ascii(value: u32) -> char {
    char::from_digit(value, 10).unwrap_or('0')
}

/// Numerals of banks and of volume numbers, （壹）. 陆, 伍 and 拾 are left alone: names and words use them.
fn formal(c: char) -> Option<&'static str> {
    match c {
        '壹' => Some("1"),
        '贰' => Some("2"),
        '叁' => Some("3"),
        '肆' => Some("4"),
        '柒' => Some("7"),
        '捌' => Some("8"),
        '玖' => Some("9"),
        _ => None,
    }
}

/// A roman numeral as a word after the first one. "i", "v" and "x" alone are more often letters, "xi" is a name.
fn roman(word: &str) -> Option<&'static str> {
    match word {
        "ii" => Some("2"),
        "iii" => Some("3"),
        "iv" => Some("4"),
        "vi" => Some("6"),
        "vii" => Some("7"),
        "viii" => Some("8"),
        "ix" => Some("9"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn numbers_become_arabic() {
        for (given, wanted) in [
            ("一九八四", "1984"),
            ("二〇〇一", "2001"),
            ("第三部", "第3部"),
            ("第十二个天体", "第12个天体"),
            ("二十一世纪", "21世纪"),
            ("一千零一夜", "1001夜"),
            ("三百六十五", "365"),
            ("十日谈", "10日谈"),
            ("两个", "2个"),
            ("明朝那些事儿(壹)", "明朝那些事儿(1)"),
            ("rocky ii", "rocky 2"),
            ("三体iii", "3体3"),
        ] {
            assert_eq!(canonical(given), wanted);
        }
    }

    #[test]
    fn words_stay_words() {
        for text in ["百年孤独", "千与千寻", "万有引力", "陆犯焉识", "vi", "百千"] {
            assert_eq!(canonical(text), text);
        }
        assert_eq!(canonical("十一二"), "十12");
    }
}
