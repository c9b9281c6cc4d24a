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

const SIMPLIFIED_ONLY: &str = "这个说国来时们为会过学对后么发还没于动两长经头见开无从书门问间马东车风语话让谁请谢";
const TRADITIONAL_ONLY: &str = "這個說國來時們為會過學對後麼發還沒於動兩長經頭見開無從書門問間馬東車風語話讓誰請謝";

#[cfg(test)]
mod tests {
    use super::*;

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
