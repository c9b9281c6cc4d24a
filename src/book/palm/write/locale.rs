//! Language tags as the numbers of Windows locales, which the header uses.

/// By language; the region is added by [`REGIONS`].
const LANGUAGES: &[(&str, u32)] = &[
    ("ar", 0x01),
    ("bg", 0x02),
    ("ca", 0x03),
    ("zh", 0x04),
    ("cs", 0x05),
    ("da", 0x06),
    ("de", 0x07),
    ("el", 0x08),
    ("en", 0x09),
    ("es", 0x0A),
    ("fi", 0x0B),
    ("fr", 0x0C),
    ("he", 0x0D),
    ("hu", 0x0E),
    ("is", 0x0F),
    ("it", 0x10),
    ("ja", 0x11),
    ("ko", 0x12),
    ("nl", 0x13),
    ("nb", 0x14),
    ("no", 0x14),
    ("nn", 0x0814),
    ("pl", 0x15),
    ("pt", 0x16),
    ("rm", 0x17),
    ("ro", 0x18),
    ("ru", 0x19),
    ("hr", 0x1A),
    ("sk", 0x1B),
    ("sq", 0x1C),
    ("sv", 0x1D),
    ("th", 0x1E),
    ("tr", 0x1F),
    ("ur", 0x20),
    ("id", 0x21),
    ("uk", 0x22),
    ("be", 0x23),
    ("sl", 0x24),
    ("et", 0x25),
    ("lv", 0x26),
    ("lt", 0x27),
    ("fa", 0x29),
    ("vi", 0x2A),
    ("hy", 0x2B),
    ("eu", 0x2D),
    ("mk", 0x2F),
    ("af", 0x36),
    ("ka", 0x37),
    ("hi", 0x39),
    ("ga", 0x3C),
    ("ms", 0x3E),
    ("bn", 0x45),
    ("gu", 0x47),
    ("ta", 0x49),
    ("te", 0x4A),
    ("kn", 0x4B),
    ("ml", 0x4C),
    ("mr", 0x4E),
    ("sa", 0x4F),
    ("bo", 0x51),
    ("cy", 0x52),
    ("gl", 0x56),
];

/// What a region, or a script of Chinese, adds to the number of its language.
const REGIONS: &[(&str, &str, u32)] = &[
    ("zh", "hant", 0x0400),
    ("zh", "tw", 0x0400),
    ("zh", "hans", 0x0800),
    ("zh", "cn", 0x0800),
    ("zh", "hk", 0x0C00),
    ("zh", "sg", 0x1000),
    ("zh", "mo", 0x1400),
    ("en", "us", 0x0400),
    ("en", "gb", 0x0800),
    ("en", "au", 0x0C00),
    ("en", "ca", 0x1000),
    ("en", "nz", 0x1400),
    ("en", "ie", 0x1800),
    ("de", "ch", 0x0800),
    ("de", "at", 0x0C00),
    ("fr", "be", 0x0800),
    ("fr", "ca", 0x0C00),
    ("fr", "ch", 0x1000),
    ("es", "mx", 0x0800),
    ("pt", "br", 0x0400),
    ("pt", "pt", 0x0800),
    ("nl", "be", 0x0800),
    ("it", "ch", 0x0800),
];

/// The number for a BCP 47 tag; 0, which says nothing, if there is none.
pub(super) fn number(tag: Option<&str>) -> u32 {
    let tag = tag.unwrap_or_default().to_ascii_lowercase();
    let mut parts = tag.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    let Some((_, base)) = LANGUAGES.iter().find(|(known, _)| *known == language) else { return 0 };
    let region = |part: &str| REGIONS.iter().find(|known| known.0 == language && known.1 == part).map(|known| known.2);
    // The last part says most: `zh-Hant-HK`.
    base + parts.filter_map(region).next_back().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn chinese_is_not_english() {
        let of = |tag| number(Some(tag));
        assert_eq!((of("zh"), of("zh-CN"), of("zh-Hant"), of("zh-Hant-HK")), (0x04, 0x0804, 0x0404, 0x0C04));
        assert_eq!((of("en-US"), of("ja"), of("fr-FR"), of("tlh"), number(None)), (0x0409, 0x11, 0x0C, 0, 0));
    }
}
