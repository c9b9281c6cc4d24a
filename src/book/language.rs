//! The language of a text by the characters in it, for books that do not say.
//!
//! Only what the script shows: it tells simplified from traditional Chinese, Japanese and Korean,
//! and takes mostly Latin letters for nothing in particular, because English and French look alike.

/// A BCP 47 tag, or `None` if the script does not decide.
pub(super) fn of_text(text: &str) -> Option<&'static str> {
    let (mut han, mut kana, mut hangul, mut latin, mut simple, mut full) = (0u32, 0u32, 0u32, 0u32, 0u32, 0u32);
    for c in text.chars().take(20_000) {
        match c {
            '\u{3041}'..='\u{30FF}' => kana += 1,
            '\u{AC00}'..='\u{D7A3}' => hangul += 1,
            '\u{4E00}'..='\u{9FFF}' => {
                han += 1;
                simple += u32::from(SIMPLIFIED_ONLY.contains(c));
                full += u32::from(TRADITIONAL_ONLY.contains(c));
            }
            'a'..='z' | 'A'..='Z' => latin += 1,
            _ => {}
        }
    }
    if hangul > han && hangul * 5 > latin {
        return Some("ko");
    }
    if kana * 10 > han + kana && kana > 5 {
        return Some("ja");
    }
    if han * 5 < latin || han == 0 {
        return None;
    }
    Some(if full > simple { "zh-TW" } else { "zh-CN" })
}

/// English by its commonest words; good enough to choose between `en` and not saying.
pub(super) fn is_english(text: &str) -> bool {
    let (mut words, mut hits) = (0u32, 0u32);
    for word in text.split_whitespace().take(5_000) {
        words += 1;
        hits += u32::from(matches!(word, "the" | "of" | "and" | "to" | "a" | "in" | "that" | "was" | "I" | "his"));
    }
    words > 20 && hits * 8 > words
}

/// A tag in the form of BCP 47 with the usual case, as in `zh-Hant-TW`; `None` if it is none. The
/// three-letter codes and names that old books use become the usual ones.
pub(super) fn tag(text: &str) -> Option<String> {
    let text = text.trim().replace('_', "-");
    let text = text.split_once('.').map_or(text.as_str(), |(tag, _)| tag);
    let mut parts = text.split('-');
    let first = parts.next()?.to_ascii_lowercase();
    let first = USUAL.iter().find(|(old, _)| *old == first).map_or(first.as_str(), |(_, usual)| usual);
    let is_alpha = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !(matches!(first.len(), 2 | 3) && is_alpha(first) || matches!(first, "i" | "x") && text.len() > 2) {
        return None;
    }
    let mut out = first.to_owned();
    for part in parts {
        if !(1..=8).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let lower = part.to_ascii_lowercase();
        out.push('-');
        match part.len() {
            2 if is_alpha(part) => out.push_str(&lower.to_ascii_uppercase()),
            4 if is_alpha(part) => {
                out.push_str(&lower.get(..1).unwrap_or("").to_ascii_uppercase());
                out.push_str(lower.get(1..).unwrap_or(""));
            }
            _ => out.push_str(&lower),
        }
    }
    let ends_in_letter = out.rsplit('-').next().is_some_and(|last| last.len() == 1);
    (!ends_in_letter).then_some(out)
}

/// Codes of ISO 639-2 and names, with what BCP 47 has for them.
const USUAL: [(&str, &str); 31] = [
    ("chi", "zh"),
    ("zho", "zh"),
    ("cn", "zh"),
    ("chs", "zh"),
    ("cht", "zh"),
    ("chinese", "zh"),
    ("eng", "en"),
    ("english", "en"),
    ("us", "en"),
    ("jpn", "ja"),
    ("jp", "ja"),
    ("japanese", "ja"),
    ("kor", "ko"),
    ("ger", "de"),
    ("deu", "de"),
    ("german", "de"),
    ("fre", "fr"),
    ("fra", "fr"),
    ("french", "fr"),
    ("spa", "es"),
    ("ita", "it"),
    ("rus", "ru"),
    ("por", "pt"),
    ("dut", "nl"),
    ("nld", "nl"),
    ("swe", "sv"),
    ("ara", "ar"),
    ("heb", "he"),
    ("gre", "el"),
    ("ell", "el"),
    ("lat", "la"),
];

const SIMPLIFIED_ONLY: &str = "这个说国来时们为会过学对后么发还没于动两长经头见开无从书门问间马东车风语话让谁请谢";
const TRADITIONAL_ONLY: &str = "這個說國來時們為會過學對後麼發還沒於動兩長經頭見開無從書門問間馬東車風語話讓誰請謝";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_get_their_usual_form() {
        let check = |text, expected: Option<&str>| assert_eq!(tag(text).as_deref(), expected, "{text}");
        check("zh_cn", Some("zh-CN"));
        check("CHI", Some("zh"));
        check(" en-us ", Some("en-US"));
        check("zh-hant-tw", Some("zh-Hant-TW"));
        check("de-x-a1", Some("de-x-a1"));
        for wrong in ["", "c", "中文", "en-", "en-abcdefghi", "en us", "klingon", "x"] {
            check(wrong, None);
        }
    }

    #[test]
    fn scripts_are_told_apart() {
        assert_eq!(of_text("这是一个关于时间的故事"), Some("zh-CN"));
        assert_eq!(of_text("這是一個關於時間的故事"), Some("zh-TW"));
        assert_eq!(of_text("吾輩は猫である。名前はまだ無い。"), Some("ja"));
        assert_eq!(of_text("나는 고양이로소이다"), Some("ko"));
        assert_eq!(of_text("It was the best of times"), None);
        assert!(is_english(&"it was the best of times and the worst of it ".repeat(5)));
        assert!(!is_english(&"der beste aller Tage und der schlimmste ".repeat(5)));
    }
}
