//! Bytes to text, whatever the encoding: what Chinese e-books need, measured on real files.
//!
//! Byte order marks first, then UTF-16 and UTF-32 without one, then UTF-8, whole or with stray bytes,
//! then a detector for the legacy encodings. "Decodes without error" proves nothing (real Big5 passes as GB18030), so where
//! the detector's choice does not fit, candidates are judged by the characters that come out.
//! The detector is fed the whole file and no country: cutting a character or hinting `cn` made it
//! call Chinese files windows-1252 and Big5 files GBK.

mod legacy;

use encoding_rs::{Encoding, GB18030, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};
use legacy::{legacy, private_use};

/// Decoded text and what was found out on the way.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Without a byte order mark.
    pub(super) text: String,
    /// The encoding's name as in the WHATWG standard, or `UTF-32`.
    pub(super) encoding: &'static str,
    /// Share of characters that could not be decoded, 0 to 1.
    pub(super) damage: f64,
}

/// Above this share of characters that do not decode, a file is not text.
const WORST_DAMAGE: f64 = 0.1;

/// Decodes a plain text file; `None` if it is not text.
pub(super) fn decode(bytes: &[u8]) -> Option<Decoded> {
    if let Some(decoded) = with_mark(bytes).or_else(|| wide(bytes)) {
        return (decoded.damage <= WORST_DAMAGE).then_some(decoded);
    }
    if looks_binary(bytes) {
        return None;
    }
    if let Some(text) = utf8_but_for_a_cut_end(bytes) {
        return Some(escaped(bytes).unwrap_or_else(|| Decoded {
            text: text.to_owned(),
            encoding: "UTF-8",
            damage: 0.0,
        }));
    }
    if is_utf8_with_strays(bytes, 20)
        && let Some(decoded) = line_by_line(bytes, UTF_8.name())
    {
        return (decoded.damage <= WORST_DAMAGE).then_some(decoded);
    }
    let decoded = legacy(bytes);
    if decoded.damage > 0.0
        && let Some(mixed) = line_by_line(bytes, decoded.encoding)
        && mixed.damage < decoded.damage
    {
        return (mixed.damage <= WORST_DAMAGE).then_some(mixed);
    }
    (decoded.damage <= WORST_DAMAGE).then_some(decoded)
}

/// Decodes a file that [`decode`] does not take for text, as well as can be: what its owner says is a
/// text, damaged or with foreign bytes in it.
pub(super) fn decode_damaged(bytes: &[u8]) -> Option<Decoded> {
    if let Some(decoded) = with_mark(bytes).or_else(|| wide(bytes)) {
        return Some(decoded);
    }
    let printable: Vec<u8> =
        bytes.iter().copied().filter(|byte| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r')).collect();
    let utf8 = decode_as(UTF_8, &printable);
    let decoded = if utf8.damage <= WORST_DAMAGE { utf8 } else { legacy(&printable) };
    Some(decoded).filter(|decoded| !decoded.text.trim().is_empty())
}

/// Decodes the markup of a chapter or package file. A mark beats what the file declares, and what
/// it declares is believed only if the bytes agree.
pub(super) fn decode_markup(bytes: &[u8]) -> String {
    if let Some(decoded) = with_mark(bytes).or_else(|| wide_markup(bytes)).or_else(|| wide(bytes)) {
        return decoded.text;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    if let Some(declared) = declared_encoding(bytes).filter(|declared| *declared != UTF_8) {
        let (text, _, broken) = declared.decode(bytes);
        if !broken && private_use(&text) == 0 {
            return text.into_owned();
        }
    }
    legacy(bytes).text
}

/// The head of a file as text, for a look only; `None` if it is binary.
pub(super) fn peek(head: &[u8]) -> Option<String> {
    if let Some(decoded) = with_mark(head).or_else(|| wide(head)) {
        return Some(decoded.text);
    }
    (!looks_binary(head)).then(|| String::from_utf8_lossy(head).into_owned())
}

/// A name in an archive that does not say it is UTF-8: UTF-8 all the same, or Chinese.
pub(super) fn decode_name(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(name) => name.to_owned(),
        Err(_) => GB18030.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

fn with_mark(bytes: &[u8]) -> Option<Decoded> {
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE\0\0") {
        return Some(utf32(rest, u32::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\0\0\xFE\xFF") {
        return Some(utf32(rest, u32::from_be_bytes));
    }
    let (encoding, length) = Encoding::for_bom(bytes)?;
    // A mark in front of something else: some tools put UTF-8's before GBK text.
    if encoding == UTF_8 && std::str::from_utf8(&bytes[length..]).is_err() {
        let rest = &bytes[length..];
        let text = utf8_but_for_a_cut_end(rest).map(str::to_owned);
        return Some(match text {
            Some(text) => Decoded { text, encoding: "UTF-8", damage: 0.0 },
            None => legacy(rest),
        });
    }
    Some(decode_as(encoding, &bytes[length..]))
}

/// UTF-16 and UTF-32 without a mark. Only they have NUL bytes in text, and in the right encoding
/// nearly all units are characters that text is made of.
fn wide(bytes: &[u8]) -> Option<Decoded> {
    let sample = &bytes[..bytes.len().min(1 << 16)];
    if bytes.len() < 4 {
        return None;
    }
    if !sample.contains(&0) {
        return wide_without_a_line_end(sample, bytes);
    }
    let quads =
        |read: fn([u8; 4]) -> u32| share(sample.as_chunks::<4>().0.iter().map(|quad| char::from_u32(read(*quad))));
    if quads(u32::from_le_bytes) > 0.95 {
        return Some(utf32(bytes, u32::from_le_bytes));
    }
    if quads(u32::from_be_bytes) > 0.95 {
        return Some(utf32(bytes, u32::from_be_bytes));
    }
    let pairs = |read: fn([u8; 2]) -> u16| {
        share(sample.as_chunks::<2>().0.iter().map(|pair| char::from_u32(read(*pair).into())))
    };
    let (little, big) = (pairs(u16::from_le_bytes), pairs(u16::from_be_bytes));
    let best = if little >= big { UTF_16LE } else { UTF_16BE };
    (little.max(big) > 0.9).then(|| decode_as(best, bytes))
}

/// UTF-16 of one Chinese or Japanese line: nothing but their characters, read in one order, the commonest
/// among them, and no UTF-8.
fn wide_without_a_line_end(sample: &[u8], bytes: &[u8]) -> Option<Decoded> {
    let ordinary = |unit: u16| matches!(unit, 0x3000..=0x30FF | 0x4E00..=0x9FFF | 0xFF01..=0xFF5E | 0x2010..=0x2040);
    let all = |read: fn([u8; 2]) -> u16| {
        let (pairs, _) = sample.as_chunks::<2>();
        pairs.iter().filter(|pair| ordinary(read(**pair))).count() * 20 >= pairs.len() * 19
    };
    let utf8 = std::str::from_utf8(sample).map_or_else(|error| error.error_len().is_none(), |_| true);
    let order = match (utf8, all(u16::from_le_bytes), all(u16::from_be_bytes)) {
        (false, true, false) => UTF_16LE,
        (false, false, true) => UTF_16BE,
        _ => return None,
    };
    // Shift_JIS reads as rare Chinese characters.
    legacy::has_usual_characters(&decode_as(order, sample)).then(|| decode_as(order, bytes))
}

/// Markup in UTF-16 without a mark starts with `<` and a NUL, in one order or the other.
fn wide_markup(bytes: &[u8]) -> Option<Decoded> {
    match bytes {
        [b'<', 0, _, 0, ..] => Some(decode_as(UTF_16LE, bytes)),
        [0, b'<', 0, _, ..] => Some(decode_as(UTF_16BE, bytes)),
        _ => None,
    }
}

/// The share of units that are ordinary characters of text.
fn share(units: impl Iterator<Item = Option<char>>) -> f64 {
    let (mut ordinary, mut all) = (0u32, 0u32);
    for unit in units {
        all += 1;
        ordinary += u32::from(unit.is_some_and(|c| {
            matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{A0}'..='\u{24F}' | '\u{370}'..='\u{45F}'
                | '\u{2010}'..='\u{2040}' | '\u{2500}'..='\u{25FF}' | '\u{3000}'..='\u{30FF}'
                | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{FF01}'..='\u{FF5E}' | '\u{FEFF}')
        }));
    }
    if all == 0 { 0.0 } else { f64::from(ordinary) / f64::from(all) }
}

fn utf32(bytes: &[u8], read: fn([u8; 4]) -> u32) -> Decoded {
    let units = bytes.as_chunks::<4>().0.iter();
    let text: String = units.map(|quad| char::from_u32(read(*quad)).unwrap_or('\u{FFFD}')).collect();
    Decoded { damage: damage(&text), text, encoding: "UTF-32" }
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let text = encoding.decode_without_bom_handling(bytes).0.into_owned();
    Decoded { damage: damage(&text), text, encoding: encoding.name() }
}

/// Text has next to no control characters; a program has them everywhere.
fn looks_binary(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(1 << 16)];
    let control = sample
        .iter()
        .filter(|&&byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1A | 0x1B))
        .count();
    control * 50 > sample.len()
}

/// The text if it is UTF-8, forgiving a last character cut off in the middle.
fn utf8_but_for_a_cut_end(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
}

/// ISO-2022-JP looks like ASCII but for the sequence that starts Japanese characters.
fn escaped(bytes: &[u8]) -> Option<Decoded> {
    let starts = |three: &[u8]| matches!(three, [0x1B, b'$', b'B' | b'@']);
    let found = bytes.contains(&0x1B) && bytes.is_ascii() && bytes.windows(3).any(starts);
    found.then(|| decode_as(ISO_2022_JP, bytes)).filter(|decoded| decoded.damage == 0.0)
}

/// Whether bytes that are no UTF-8 stand among at least `times` as many characters that are.
fn is_utf8_with_strays(bytes: &[u8], times: usize) -> bool {
    /// So many are enough to see that a text is in another encoding.
    const ENOUGH: usize = 1000;
    let (mut characters, mut strays) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        characters += chunk.valid().bytes().filter(|byte| *byte >= 0xC0).count();
        strays += usize::from(!chunk.invalid().is_empty());
        if strays > ENOUGH && characters < strays * times {
            return false;
        }
    }
    characters >= strays * times
}

/// The share of characters that stand for what could not be decoded.
fn damage(text: &str) -> f64 {
    let broken = text.matches('\u{FFFD}').count();
    if broken == 0 { 0.0 } else { broken as f64 / text.chars().count() as f64 }
}

/// Files glued together by hand change their encoding half way. Lines that are UTF-8 beyond ASCII, but
/// for a few bytes, are taken as such, the others as what the whole was taken for, or as Chinese.
fn line_by_line(bytes: &[u8], whole: &'static str) -> Option<Decoded> {
    let other = Encoding::for_label(whole.as_bytes()).filter(|e| *e != UTF_8).unwrap_or(GB18030);
    let mut text = String::with_capacity(bytes.len());
    let mut utf8_lines = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        match std::str::from_utf8(line) {
            Ok(line) => {
                utf8_lines += usize::from(!line.is_ascii());
                text.push_str(line);
            }
            Err(_) if is_utf8_with_strays(line, 4) => {
                utf8_lines += 1;
                text.push_str(&String::from_utf8_lossy(line));
            }
            Err(_) => text.push_str(&other.decode_without_bom_handling(line).0),
        }
    }
    (utf8_lines > 0).then(|| Decoded { damage: damage(&text), text, encoding: "UTF-8" })
}

/// What `<?xml encoding=…?>` or `<meta charset=…>` in the first kilobyte says.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
    let after = ["encoding=", "charset="].into_iter().find_map(|key| head.split_once(key))?.1;
    let label: String = after
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
        .collect();
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, SHIFT_JIS};

    const SIMPLIFIED: &str =
        "第一回　甄士隐梦幻识通灵\n此开卷第一回也。作者自云：因曾历过一番梦幻之后，故将真事隐去。\n";
    const TRADITIONAL: &str =
        "第一回　甄士隱夢幻識通靈\n此開卷第一回也。作者自云：因曾歷過一番夢幻之後，故將真事隱去。\n";
    const JAPANESE: &str = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n";

    #[track_caller]
    fn check(bytes: &[u8], text: &str, encoding: &str) {
        let decoded = decode(bytes).expect("text");
        assert_eq!(decoded.text, text);
        assert_eq!(decoded.encoding, encoding);
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn the_usual_encodings_of_chinese_and_japanese() {
        check(SIMPLIFIED.as_bytes(), SIMPLIFIED, "UTF-8");
        check(&GB18030.encode(SIMPLIFIED).0, SIMPLIFIED, "gb18030");
        check(&BIG5.encode(TRADITIONAL).0, TRADITIONAL, "Big5");
        check(&SHIFT_JIS.encode(JAPANESE).0, JAPANESE, "Shift_JIS");
        check(&ISO_2022_JP.encode(JAPANESE).0, JAPANESE, "ISO-2022-JP");
    }

    #[test]
    fn utf16_with_and_without_a_mark() {
        check(&utf16(SIMPLIFIED, u16::to_le_bytes), SIMPLIFIED, "UTF-16LE");
        check(&utf16(SIMPLIFIED, u16::to_be_bytes), SIMPLIFIED, "UTF-16BE");
        check(&utf16(&format!("\u{FEFF}{SIMPLIFIED}"), u16::to_be_bytes), SIMPLIFIED, "UTF-16BE");
        let wide: Vec<u8> = SIMPLIFIED.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        check(&wide, SIMPLIFIED, "UTF-32");
        let line = "此开卷第一回也作者自云因曾历过一番梦幻之后";
        check(&utf16(line, u16::to_le_bytes), line, "UTF-16LE");
        check(&utf16(line, u16::to_be_bytes), line, "UTF-16BE");
    }

    #[test]
    fn damage_is_survived() {
        let cut = &SIMPLIFIED.as_bytes()[..SIMPLIFIED.len() - 3];
        assert_eq!(decode(cut).expect("text").encoding, "UTF-8");
        // A byte between two characters, and one in the middle of another.
        let mut stray = SIMPLIFIED.repeat(3).into_bytes();
        stray.insert(SIMPLIFIED.len() + 3, 0xFF);
        stray.insert(SIMPLIFIED.len() * 2 + 8, 0xA0);
        let decoded = decode(&stray).expect("text");
        assert_eq!(decoded.encoding, "UTF-8");
        assert!(decoded.text.starts_with(SIMPLIFIED) && decoded.text.ends_with("真事隐去。\n"));
        assert_eq!(decoded.text.matches('隐').count(), 6);
        assert!(decoded.damage > 0.0);
        let mut gbk = GB18030.encode(&SIMPLIFIED.repeat(50)).0.into_owned();
        gbk[101] = 0xFF;
        gbk[1001] = 0xFF;
        let decoded = decode(&gbk).expect("text");
        assert_eq!(decoded.encoding, "gb18030");
        assert!(decoded.damage > 0.0 && decoded.damage < 0.01);
    }

    #[test]
    fn glued_files_change_encoding_in_the_middle() {
        let mut bytes = SIMPLIFIED.as_bytes().to_vec();
        bytes.extend_from_slice(&GB18030.encode(SIMPLIFIED).0);
        assert_eq!(decode(&bytes).expect("text").text, SIMPLIFIED.repeat(2));
    }

    #[test]
    fn markup_believes_the_bytes_before_the_declaration() {
        let page = "<?xml version=\"1.0\" encoding=\"utf-8\"?><p>此开卷第一回也，作者自云。</p>";
        assert_eq!(decode_markup(&GB18030.encode(page).0), page);
        assert_eq!(decode_markup(&utf16(page, u16::to_le_bytes)), page);
        let page = "<?xml version='1.0' encoding='big5'?><p>故將真事隱去</p>";
        assert_eq!(decode_markup(&BIG5.encode(page).0), page);
    }

    #[test]
    fn noise_is_not_text() {
        let noise: Vec<u8> = (0..4000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(decode(&noise).is_none());
    }
}
