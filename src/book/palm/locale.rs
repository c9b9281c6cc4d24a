//! Languages as Windows numbers them: the low ten bits the language, the rest the country.

/// A BCP 47 tag for the number in the header; `None` for 0 and languages not in books.
pub(super) fn language(locale: u32) -> Option<&'static str> {
    let whole = match locale & 0xFFFF {
        0x0404 => "zh-TW",
        0x0804 => "zh-CN",
        0x0C04 => "zh-HK",
        0x1004 => "zh-SG",
        0x1404 => "zh-MO",
        0x0409 => "en-US",
        0x0809 => "en-GB",
        0x0416 => "pt-BR",
        0x0816 => "pt-PT",
        0x0C0C => "fr-CA",
        _ => "",
    };
    if !whole.is_empty() {
        return Some(whole);
    }
    LANGUAGES.into_iter().find(|(number, _)| *number == locale & 0x3FF).map(|(_, tag)| tag)
}

const LANGUAGES: [(u32, &str); 60] = [
    (0x01, "ar"),
    (0x02, "bg"),
    (0x03, "ca"),
    (0x04, "zh"),
    (0x05, "cs"),
    (0x06, "da"),
    (0x07, "de"),
    (0x08, "el"),
    (0x09, "en"),
    (0x0A, "es"),
    (0x0B, "fi"),
    (0x0C, "fr"),
    (0x0D, "he"),
    (0x0E, "hu"),
    (0x0F, "is"),
    (0x10, "it"),
    (0x11, "ja"),
    (0x12, "ko"),
    (0x13, "nl"),
    (0x14, "no"),
    (0x15, "pl"),
    (0x16, "pt"),
    (0x17, "rm"),
    (0x18, "ro"),
    (0x19, "ru"),
    (0x1A, "hr"),
    (0x1B, "sk"),
    (0x1C, "sq"),
    (0x1D, "sv"),
    (0x1E, "th"),
    (0x1F, "tr"),
    (0x20, "ur"),
    (0x21, "id"),
    (0x22, "uk"),
    (0x23, "be"),
    (0x24, "sl"),
    (0x25, "et"),
    (0x26, "lv"),
    (0x27, "lt"),
    (0x29, "fa"),
    (0x2A, "vi"),
    (0x2B, "hy"),
    (0x2C, "az"),
    (0x2D, "eu"),
    (0x2F, "mk"),
    (0x36, "af"),
    (0x37, "ka"),
    (0x38, "fo"),
    (0x39, "hi"),
    (0x3A, "mt"),
    (0x3E, "ms"),
    (0x3F, "kk"),
    (0x41, "sw"),
    (0x43, "uz"),
    (0x45, "bn"),
    (0x46, "pa"),
    (0x47, "gu"),
    (0x49, "ta"),
    (0x4A, "te"),
    (0x52, "cy"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_country_matters_where_it_changes_the_writing() {
        assert_eq!(language(0x0804), Some("zh-CN"));
        assert_eq!(language(0x04), Some("zh"));
        assert_eq!(language(0x0407), Some("de"));
        assert_eq!(language(0), None);
    }
}
