//! The encoding of the text. Headers know UTF-8 and windows-1252 and are not always right: Chinese
//! books from before 2008 say 1252 and hold GBK.

use crate::book::charset;
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// How the bytes of a book are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) struct TextEncoding(&'static Encoding);

impl TextEncoding {
    /// By the header's code page, checked against the text.
    pub(in crate::book) fn of(codepage: u32, text: &[u8]) -> TextEncoding {
        let valid = std::str::from_utf8(text).is_ok();
        if valid && (codepage == 65001 || !text.is_ascii()) {
            return TextEncoding(UTF_8);
        }
        let declared = match codepage {
            65001 => UTF_8,
            936 | 54936 => encoding_rs::GB18030,
            950 => encoding_rs::BIG5,
            932 => encoding_rs::SHIFT_JIS,
            949 => encoding_rs::EUC_KR,
            1251 => encoding_rs::WINDOWS_1251,
            1250 => encoding_rs::WINDOWS_1250,
            _ => WINDOWS_1252,
        };
        let wide = text.iter().filter(|byte| !byte.is_ascii()).count();
        let doubtful = match codepage {
            65001 => invalid_share(text) > 0.01,
            // European text is mostly ASCII.
            1252 => wide * 5 > text.len(),
            _ => false,
        };
        let found = if doubtful { charset::decode(text) } else { None };
        let found = found.and_then(|decoded| Encoding::for_label(decoded.encoding.as_bytes()));
        TextEncoding(found.unwrap_or(declared))
    }

    /// Whether characters are those of UTF-8.
    pub(in crate::book) fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }

    /// Text without control characters, which mean nothing in a book, and without the byte order marks of the files
    /// that a text was put together from. Before a character that is seen the same sign keeps words on one line.
    pub(in crate::book) fn decode(self, bytes: &[u8]) -> String {
        let text = self.0.decode_without_bom_handling(bytes).0;
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{80}'..='\u{9F}');
        if !text.contains(|c: char| control(c) || c == JOINER) {
            return text.into_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut joiners = 0;
        for c in text.chars().filter(|&c| !control(c)) {
            if c == JOINER {
                joiners += 1;
                continue;
            }
            let line_ends = |c: char| c.is_ascii_whitespace();
            let joins = !out.is_empty() && !out.ends_with(line_ends) && !line_ends(c);
            let joins = joins && (c != '<' || !out.ends_with('>'));
            let kept = std::mem::take(&mut joiners);
            out.extend(std::iter::repeat_n(JOINER, if joins { kept } else { 0 }));
            out.push(c);
        }
        out
    }
}

/// A zero-width blank that joins words, at the start of a file the byte order mark.
const JOINER: char = '\u{FEFF}';

/// The share of bytes beyond ASCII that are not UTF-8.
fn invalid_share(text: &[u8]) -> f64 {
    let wide = text.iter().filter(|byte| !byte.is_ascii()).count();
    let broken: usize = text.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    if wide == 0 { 0.0 } else { broken as f64 / wide as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::GB18030;

    #[test]
    fn the_header_is_believed_if_the_text_agrees() {
        let chinese = "<p>此开卷第一回也。作者自云：因曾历过一番梦幻之后，故将真事隐去。</p>".repeat(9);
        let french = "<p>L\u{2019}été, à la plage</p>";
        let check = |codepage, bytes: &[u8], expected: &str| {
            assert_eq!(TextEncoding::of(codepage, bytes).decode(bytes), expected);
        };
        check(65001, chinese.as_bytes(), &chinese);
        check(1252, chinese.as_bytes(), &chinese);
        check(1252, &GB18030.encode(&chinese).0, &chinese);
        check(65001, &GB18030.encode(&chinese).0, &chinese);
        check(1252, &WINDOWS_1252.encode(french).0, french);
        check(65001, b"a\0b\x01c", "abc");
        let marked =
            "\u{FEFF}<p>\u{FEFF}</p>\n\u{FEFF}and\u{FEFF} <i>you</i>\u{FEFF}\u{200A}\u{FEFF}—well\u{FEFF}<br/>";
        check(65001, marked.as_bytes(), "<p></p>\nand <i>you</i>\u{FEFF}\u{200A}\u{FEFF}—well\u{FEFF}<br/>");
    }
}
