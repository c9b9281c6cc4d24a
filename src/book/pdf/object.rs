//! Objects of a PDF by their number, as they stand in the file or in a compressed stream of objects.

use flate2::read::ZlibDecoder;
use std::borrow::Cow;
use std::io::Read;

/// Most bytes of an object that are looked at.
const LONGEST: usize = 64 << 10;
/// Most bytes that come out of one stream of objects, and out of all.
const LARGEST_STREAM: u64 = 4 << 20;
const LARGEST_TOTAL: usize = 64 << 20;

/// Where the last `needle` starts.
pub(super) fn rfind(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).rposition(|window| window == needle)
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// What follows the last `key` that is not the start of a longer name.
pub(super) fn last<'a>(bytes: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut before = bytes;
    // Longer names are rare; so many in a row are an attack.
    for _ in 0..64 {
        let at = rfind(before, key)?;
        let rest = bytes.get(at + key.len()..)?;
        if rest.first().is_none_or(|byte| !byte.is_ascii_alphanumeric()) {
            return Some(rest);
        }
        before = before.get(..at)?;
    }
    None
}

/// `12 0 R` at the start.
pub(super) fn reference(bytes: &[u8]) -> Option<u32> {
    let (number, rest) = number(bytes)?;
    let (_, rest) = self::number(rest)?;
    rest.trim_ascii_start().starts_with(b"R").then_some(number)
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let bytes = bytes.trim_ascii_start();
    let length = bytes.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at_checked(length)?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

/// The start of an object's content; the last version of it in the file.
pub(super) fn find_object(bytes: &[u8], wanted: u32) -> Option<Cow<'_, [u8]>> {
    let mut before = bytes;
    for _ in 0..4096 {
        let Some(at) = rfind(before, b" obj") else { break };
        before = before.get(..at)?;
        // ` 12 0 obj`: the generation, a blank, the number.
        let line = before.get(before.len().saturating_sub(24)..)?;
        let text: Vec<&[u8]> = line.split(|byte| byte.is_ascii_whitespace()).collect();
        let own = text.len().checked_sub(2).and_then(|at| text.get(at)).and_then(|digits| number(digits));
        if own.is_some_and(|(number, rest)| number == wanted && rest.is_empty()) {
            let rest = bytes.get(at + 4..)?;
            return Some(Cow::Borrowed(rest.get(..rest.len().min(LONGEST)).unwrap_or(rest)));
        }
    }
    from_start(bytes, wanted).or_else(|| in_streams(bytes, wanted))
}

/// The same for files with more objects than were looked at from the end.
fn from_start(bytes: &[u8], wanted: u32) -> Option<Cow<'_, [u8]>> {
    let at = ["\n", "\r"].iter().find_map(|line| {
        let needle = format!("{line}{wanted} 0 obj");
        rfind(bytes, needle.as_bytes()).map(|at| at + needle.len())
    })?;
    let rest = bytes.get(at..)?;
    Some(Cow::Borrowed(rest.get(..rest.len().min(LONGEST)).unwrap_or(rest)))
}

/// An object in one of the streams of objects.
fn in_streams(bytes: &[u8], wanted: u32) -> Option<Cow<'_, [u8]>> {
    let mut rest = bytes;
    let mut total = 0;
    while let Some(at) = find(rest, b"/ObjStm") {
        let here = rest;
        rest = rest.get(at + 7..)?;
        // The dictionary is around the name, short, and ends before `stream`.
        let start =
            rfind(here.get(at.saturating_sub(1024)..at)?, b"<<").map_or(at, |from| at.saturating_sub(1024) + from);
        let Some(end) = rest.get(..rest.len().min(1024)).and_then(|near| find(near, b"stream")) else { continue };
        let dictionary = here.get(start..at + 7 + end)?;
        let data = rest.get(end + 6..)?;
        let data = data.strip_prefix(b"\r\n").or_else(|| data.strip_prefix(b"\n")).unwrap_or(data);
        let mut plain = Vec::new();
        // What was read before an error counts.
        let _ = ZlibDecoder::new(data).take(LARGEST_STREAM).read_to_end(&mut plain);
        total += plain.len();
        if let Some(found) = in_stream(dictionary, &plain, wanted) {
            return Some(Cow::Owned(found));
        }
        if total > LARGEST_TOTAL {
            return None;
        }
    }
    None
}

/// A stream of objects starts with pairs of number and place.
fn in_stream(dictionary: &[u8], plain: &[u8], wanted: u32) -> Option<Vec<u8>> {
    let count = number(value_of(dictionary, b"/N")?)?.0.min(100_000);
    let first = number(value_of(dictionary, b"/First")?)?.0 as usize;
    let mut rest = plain.get(..first)?;
    for _ in 0..count {
        let (own, after) = number(rest)?;
        let (place, after) = number(after)?;
        rest = after;
        if own == wanted {
            let from = plain.get(first.checked_add(place as usize)?..)?;
            return Some(from.get(..from.len().min(LONGEST)).unwrap_or(from).to_vec());
        }
    }
    None
}

/// What follows a key in a dictionary, as far as its end; keys inside strings are passed over.
pub(super) fn value_of<'a>(dictionary: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let (mut at, mut brackets, mut depth) = (0, 0usize, 0usize);
    while let Some(&byte) = dictionary.get(at) {
        match byte {
            b'\\' if brackets > 0 => at += 1,
            b'(' => brackets += 1,
            b')' => brackets = brackets.saturating_sub(1),
            b'<' if brackets == 0 && dictionary.get(at + 1) == Some(&b'<') => {
                depth += 1;
                at += 1;
            }
            b'>' if brackets == 0 && dictionary.get(at + 1) == Some(&b'>') => {
                depth = depth.saturating_sub(1);
                at += 1;
                if depth == 0 {
                    return None;
                }
            }
            b'/' if brackets == 0 && depth <= 1 => {
                let rest = dictionary.get(at..)?;
                if let Some(value) = rest.strip_prefix(key)
                    && value.first().is_none_or(|byte| !byte.is_ascii_alphanumeric())
                {
                    return Some(value.trim_ascii_start());
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}
