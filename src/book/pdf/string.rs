//! Strings of a PDF: in brackets or in hexadecimal digits, in one of three encodings or, against the
//! rules and often in China, in GBK.

use crate::book::charset;
use crate::book::xhtml::{is_cjk, one_line};

/// Longest string that is read, in bytes.
const LONGEST: usize = 8 << 10;

/// The text of the string at the start; `None` if there is none.
pub(super) fn read(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.trim_ascii_start();
    let raw = match bytes {
        [b'(', rest @ ..] => literal(rest),
        [b'<', b'<', ..] => return None,
        [b'<', rest @ ..] => hexadecimal(rest),
        _ => return None,
    };
    Some(one_line(&decode(&raw).replace('\0', "")))
}

fn literal(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut depth = 1usize;
    let mut rest = bytes.iter().copied().take(LONGEST).peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => break,
            b')' => depth -= 1,
            b'\\' => {
                match rest.next() {
                    Some(b'n') => out.push(b'\n'),
                    Some(b'r') => out.push(b'\r'),
                    Some(b't') => out.push(b'\t'),
                    Some(b'b' | b'f') | None => {}
                    // The end of the line is escaped.
                    Some(b'\r') => {
                        rest.next_if_eq(&b'\n');
                    }
                    Some(b'\n') => {}
                    Some(digit @ b'0'..=b'7') => {
                        let mut code = u32::from(digit - b'0');
                        for _ in 0..2 {
                            let Some(digit) = rest.next_if(|byte| matches!(byte, b'0'..=b'7')) else { break };
                            code = code * 8 + u32::from(digit - b'0');
                        }
                        out.push((code & 0xFF) as u8);
                    }
                    Some(other) => out.push(other),
                }
                continue;
            }
            _ => {}
        }
        out.push(byte);
    }
    out
}

fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    let digits = bytes.iter().take(LONGEST).take_while(|byte| **byte != b'>');
    let values: Vec<u8> = digits.filter_map(|&byte| char::from(byte).to_digit(16)).map(|value| value as u8).collect();
    values.chunks(2).map(|pair| pair.first().map_or(0, |high| high << 4) | pair.get(1).copied().unwrap_or(0)).collect()
}

fn decode(raw: &[u8]) -> String {
    if let Some(rest) = raw.strip_prefix(b"\xFE\xFF") {
        return encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned();
    }
    if let Some(rest) = raw.strip_prefix(b"\xFF\xFE") {
        return encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned();
    }
    let raw = raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw);
    if let Ok(text) = std::str::from_utf8(raw) {
        return text.to_owned();
    }
    let chinese = charset::decode_name(raw);
    let high = chinese.chars().filter(|c| !c.is_ascii()).count();
    let han = chinese.chars().filter(|&c| is_cjk(c)).count();
    // Two characters in a row: `é` before a letter passes for one.
    if !chinese.contains('\u{FFFD}')
        && han >= 2
        && han == high
        && raw.iter().filter(|byte| **byte >= 0x80).count() >= han * 2 - han / 4
    {
        return chinese;
    }
    raw.iter().map(|&byte| pdf_doc(byte)).collect()
}

/// PDFDocEncoding: Latin-1 with other signs between 0x18 and 0x9F (ISO 32000-1, Annex D).
fn pdf_doc(byte: u8) -> char {
    const LOW: [char; 8] = ['˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'];
    const HIGH: [char; 33] = [
        '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ', 'ﬂ', 'Ł',
        'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{FFFD}', '€',
    ];
    let table = match byte {
        0x18..=0x1F => LOW.get(usize::from(byte - 0x18)),
        0x80..=0xA0 => HIGH.get(usize::from(byte - 0x80)),
        _ => None,
    };
    table.copied().unwrap_or(char::from(byte))
}
