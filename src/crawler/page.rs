//! What a server answered, as the readers of feeds and of rules take it: bytes, where they came from, and their text.
//!
//! The text is decoded here once for all of them, because servers, pages and bytes contradict each other. Deliberately
//! not here: fetching, and what a page means.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, WINDOWS_1252};
use url::Url;

/// How far into a page a declaration of its encoding is looked for, in bytes. HTML says 1,024; pages with comments in
/// front put it later.
const HEAD: usize = 4096;
/// So much of a page is looked at to guess its encoding, in bytes.
const SAMPLE: usize = 256 << 10;

/// One broken character in so many is damage; more is another encoding.
const NEARLY: usize = 50;

/// An answer to a request, without its headers.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Where it came from, after all redirects: what its links are relative to.
    pub url: &'a Url,
    /// In lower case and without parameters; empty if the server named none.
    pub media_type: &'a str,
    /// The body, free of `Content-Encoding`.
    pub bytes: &'a [u8],
    /// The `charset` of the `Content-Type`.
    pub charset: Option<&'a str>,
}

impl Page<'_> {
    /// The text of the page. A byte order mark decides; then bytes that can only be UTF-8; then the header, then the XML
    /// declaration or `<meta>`, each if the bytes agree; else it is guessed. What cannot be decoded becomes U+FFFD.
    pub fn text(&self) -> String {
        text(self.bytes, self.charset)
    }
}

/// The text of bytes, as [`Page::text`] says.
pub(super) fn text(bytes: &[u8], charset: Option<&str>) -> String {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(length..).unwrap_or_default()).0.into_owned();
    }
    if let Some(text) = unmistakable(bytes) {
        return text.to_owned();
    }
    let header = charset.and_then(named);
    let declared = declared(bytes);
    // ISO-8859-1 is what servers say that were never told: it fits any bytes, so a page that says otherwise is believed.
    let choices = if header == Some(WINDOWS_1252) { [declared, header] } else { [header, declared] };
    choices.into_iter().flatten().find_map(|encoding| whole(encoding, bytes)).unwrap_or_else(|| guessed(bytes, choices))
}

/// UTF-8 with a character of three bytes: in another encoding of Chinese hardly anything reads like that by chance,
/// while two bytes may (联通 in GBK).
fn unmistakable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_utf16 = bytes.iter().take(HEAD).any(|byte| *byte == 0);
    let is_certain = text.bytes().any(|byte| byte >= 0xE0) || text.is_ascii() && !text.contains('\u{1B}');
    (is_certain && !is_utf16).then_some(text)
}

/// GB2312 and GBK are read as GB18030, which has all their characters and more.
fn named(label: &str) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(label.trim().trim_matches(['"', '\'']).as_bytes())?;
    Some(if encoding == GBK { GB18030 } else { encoding })
}

fn whole(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

/// What was declared, if it is nearly right; else what the bytes look like.
fn guessed(bytes: &[u8], declared: [Option<&'static Encoding>; 2]) -> String {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    // An encoding of one byte a character breaks none, so counting broken ones cannot be all.
    let is_near = |encoding: &&'static Encoding| {
        let text = encoding.decode_without_bom_handling(sample).0;
        text.matches('\u{FFFD}').count() * NEARLY <= text.chars().count()
    };
    let detected = || {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(sample, sample.len() == bytes.len());
        let guess = detector.guess(None, Utf8Detection::Allow);
        if guess == GBK { GB18030 } else { guess }
    };
    let best = declared.into_iter().flatten().chain([UTF_8]).find(is_near).unwrap_or_else(detected);
    best.decode_without_bom_handling(bytes).0.into_owned()
}

/// What `<?xml … encoding=…?>` or `<meta … charset=…>` says.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head: String = bytes.iter().take(HEAD).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    let in_xml = head.trim_start().strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    if let Some(label) = in_xml.and_then(|(declaration, _)| value_of(declaration, "encoding")) {
        return named(label).filter(|encoding| encoding.is_ascii_compatible());
    }
    let mut metas = head.split("<meta").skip(1).filter_map(|rest| rest.split('>').next());
    let label = metas.find_map(|meta| value_of(meta, "charset"))?;
    // A page whose declaration can be read in ASCII is in no UTF-16, whatever it says; HTML says to take UTF-8 then.
    named(label).map(|encoding| if encoding.is_ascii_compatible() { encoding } else { UTF_8 })
}

/// The value behind `name=`, quoted or not.
fn value_of<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(name)?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c))).unwrap_or(rest.len());
    rest.get(..end).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, UTF_16LE};

    const TEXT: &str = "此开卷第一回也，作者自云：因曾历过一番梦幻之后，故将真事隐去。";

    fn read(bytes: &[u8], charset: Option<&str>) -> String {
        let url = Url::parse("https://example.com/").unwrap();
        Page { url: &url, media_type: "text/html", bytes, charset }.text()
    }

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn a_mark_decides() {
        let marked = [b"\xEF\xBB\xBF", TEXT.as_bytes()].concat();
        assert_eq!(read(&marked, Some("gbk")), TEXT);
        let wide: Vec<u8> = format!("\u{FEFF}{TEXT}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&wide, Some(UTF_16LE.name())), TEXT);
        assert_eq!(read(&wide, None), TEXT);
    }

    #[test]
    fn a_declaration_that_fits_is_believed() {
        assert_eq!(read(&gbk(TEXT), Some("GB2312")), TEXT);
        let page = format!("<html><head><meta charset='gbk'><p>{TEXT}");
        assert_eq!(read(&gbk(&page), None), page);
        // Two bytes each, and sound UTF-8 too.
        assert_eq!(read(&gbk("联通"), Some("gbk")), "联通");
        let page = "<?xml version=\"1.0\" encoding=\"Big5\"?><a>故將真事隱去</a>";
        assert_eq!(read(&BIG5.encode(page).0, None), page);
        let page = format!("<meta http-equiv=Content-Type content=\"text/html; charset=gb2312\">{TEXT}");
        assert_eq!(read(&gbk(&page), Some("ISO-8859-1")), page);
        assert_eq!(read(b"caf\xE9", Some("iso-8859-1")), "café");
    }

    #[test]
    fn a_wrong_declaration_is_not() {
        let page = format!("<?xml version=\"1.0\" encoding=\"gbk\"?><a>{TEXT}</a>");
        assert_eq!(read(page.as_bytes(), Some("gb2312")), page);
        let page = format!("<meta charset=utf-8>{}", TEXT.repeat(3));
        assert_eq!(read(&gbk(&page), Some("utf-8")), page);
        assert_eq!(read(&gbk(&TEXT.repeat(3)), None), TEXT.repeat(3));
        let page = format!("<meta charset=utf-16><p>{TEXT}");
        assert_eq!(read(page.as_bytes(), None), page);
    }

    #[test]
    fn damage_and_nothing_are_survived() {
        assert_eq!(read(b"", None), "");
        let mut bytes = gbk(&TEXT.repeat(20));
        if let Some(byte) = bytes.get_mut(101) {
            *byte = 0xFF;
        }
        let text = read(&bytes, Some("gbk"));
        assert!(text.starts_with("此开卷") && text.ends_with("真事隐去。") && text.contains('\u{FFFD}'));
    }
}
