//! The name that a server gives a file: `Content-Disposition`, RFC 6266, and what servers make of it.
//!
//! Chinese servers send the name as raw bytes, of UTF-8 or GBK, as often as they follow the RFC. The name is a hint for
//! a title, never a path: whatever looks like one is cut off.

use encoding_rs::{Encoding, GB18030};
use percent_encoding::percent_decode;

/// Longest name, in characters.
const LONGEST: usize = 200;
/// Longest header that is read, in bytes.
const HEADER: usize = 8 << 10;

/// The name of the file in a header, if there is one.
pub(super) fn file_name(header: &[u8]) -> Option<String> {
    let mut parameters = Parameters { rest: header.get(..HEADER).unwrap_or(header) };
    let (mut extended, mut plain) = (None, None);
    while let Some((name, value)) = parameters.next() {
        match name.as_slice() {
            b"filename*" => extended = extended.or_else(|| self::extended(&value)),
            b"filename" => plain = plain.or(Some(value)),
            _ => {}
        }
    }
    extended.and_then(|name| tidy(&name)).or_else(|| tidy(&self::plain(&plain?)))
}

/// The parameters behind the first `;`, with their names in lower case.
struct Parameters<'a> {
    rest: &'a [u8],
}

impl Parameters<'_> {
    fn next(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        let start = self.rest.iter().position(|&byte| byte == b';')?;
        let rest = self.rest.get(start + 1..)?;
        let end = rest.iter().position(|&byte| matches!(byte, b'=' | b';')).unwrap_or(rest.len());
        let (name, value) = rest.split_at_checked(end)?;
        let name = name.trim_ascii().to_ascii_lowercase();
        let Some(value) = value.strip_prefix(b"=") else {
            self.rest = value;
            return Some((name, Vec::new()));
        };
        let value = value.trim_ascii_start();
        let (value, rest) = match value.strip_prefix(b"\"") {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = value.iter().position(|&byte| byte == b';').unwrap_or(value.len());
                let (value, rest) = value.split_at_checked(end)?;
                (value.trim_ascii().to_vec(), rest)
            }
        };
        self.rest = rest;
        Some((name, value))
    }
}

/// A backslash makes the next character plain. Some servers forget that, and mean a path: that is cut off anyway. GBK
/// has it as a second byte, so it only counts before what needs it.
fn unquoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut value = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match (byte, text.get(at + 1)) {
            (b'\\', Some(&next @ (b'"' | b'\\'))) => {
                value.push(next);
                at += 1;
            }
            (b'"', _) => return (value, text.get(at + 1..).unwrap_or_default()),
            _ => value.push(byte),
        }
        at += 1;
    }
    (value, &[])
}

/// `UTF-8'zh'%E4%B9%A6`, RFC 8187.
fn extended(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |&byte| byte == b'\'');
    let (charset, _, text) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes: Vec<u8> = percent_decode(text).collect();
    let (text, _, is_wrong) = Encoding::for_label(charset)?.decode(&bytes);
    if is_wrong { None } else { Some(text.into_owned()) }
}

/// Raw bytes, or percent-encoded ones, which no RFC allows and browsers read.
fn plain(value: &[u8]) -> String {
    let decoded: Vec<u8> = percent_decode(value).collect();
    let is_encoded = value.is_ascii() && decoded != value;
    let bytes = if is_encoded && (std::str::from_utf8(&decoded).is_ok()) { &decoded } else { value };
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => GB18030.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// The last part of what looks like a path, without what cannot be seen.
fn tidy(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen: String = last.chars().filter(|c| !c.is_control() && *c != '\u{FFFD}').collect();
    let name = seen.trim().trim_start_matches('.');
    let end = name.char_indices().nth(LONGEST).map_or(name.len(), |(end, _)| end);
    name.get(..end).filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &[u8], expected: Option<&str>) {
        assert_eq!(file_name(header).as_deref(), expected, "{}", String::from_utf8_lossy(header));
    }

    #[test]
    fn as_the_rfc_has_it() {
        check(b"attachment; filename=\"a b.epub\"", Some("a b.epub"));
        check(b"attachment;FileName = a.epub ; x=y", Some("a.epub"));
        check(b"attachment; filename=\"a.epub\"; filename*=UTF-8''%E4%B9%A6.epub", Some("书.epub"));
        check(b"attachment; filename*=utf-8'zh'%e4%b9%a6.epub; filename=a.epub", Some("书.epub"));
        check(b"attachment; filename*=GBK''%CA%E9.txt", Some("书.txt"));
        check(b"attachment; filename=\"a;b=\\\"c.epub\"; filename*=bad", Some("a;b=\"c.epub"));
        check(b"attachment; filename=a.epub; filename*=UTF-8''%FF", Some("a.epub"));
        for header in
            ["", "attachment", "inline; filename", "inline; filename=", "inline; filename=\"\"", ";;;", "filename=a"]
        {
            check(header.as_bytes(), None);
        }
    }

    #[test]
    fn as_servers_have_it() {
        check("attachment; filename=\"书童.txt\"".as_bytes(), Some("书童.txt"));
        check("attachment; filename=书童.txt".as_bytes(), Some("书童.txt"));
        check(b"attachment; filename=\"\xCA\xE9\xCD\xAF.txt\"", Some("书童.txt"));
        // 誠 has a backslash as its second byte in GBK.
        check(b"attachment; filename=\"\xD5\x5C.txt\"", Some("誠.txt"));
        check(b"attachment; filename=\"%E4%B9%A6.txt\"", Some("书.txt"));
        check(b"attachment; filename=\"100%.txt\"", Some("100%.txt"));
        check(b"attachment; filename=\"a.epub", Some("a.epub"));
    }

    #[test]
    fn it_is_no_path() {
        check(b"attachment; filename=\"../../etc/passwd\"", Some("passwd"));
        check(b"attachment; filename=\"C:\\\\books\\\\a.epub\"", Some("a.epub"));
        check(b"attachment; filename=\"..%2f..%2fa.epub\"", Some("a.epub"));
        check(b"attachment; filename=\"..\"", None);
        check(b"attachment; filename*=UTF-8''a%00%0Ab.epub", Some("ab.epub"));
        check(format!("attachment; filename=\"{}\"", "书".repeat(900)).as_bytes(), Some(&"书".repeat(LONGEST)));
        check(format!("a{}", ";a=\"".repeat(9000)).as_bytes(), None);
    }
}
