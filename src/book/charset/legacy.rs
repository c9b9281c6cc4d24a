//! The encodings from before Unicode: which one a file is in, when nothing says so.
//!
//! A detector is asked first. Where its answer does not fit, candidates are judged by the characters
//! that come out of each.

use super::{Decoded, decode_as};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, ISO_2022_JP, SHIFT_JIS, UTF_8, WINDOWS_1252};
use std::borrow::Cow;
use std::collections::HashSet;

/// The encodings tried when the detector's choice does not fit; the likeliest first, which wins ties.
const CANDIDATES: [&Encoding; 6] = [GB18030, BIG5, UTF_8, SHIFT_JIS, EUC_KR, EUC_JP];

/// Everything that is not clean UTF-8 and has no mark.
pub(super) fn legacy(bytes: &[u8]) -> Decoded {
    let sample = sample(bytes);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    // A sample may end within a character; only the end of the file ends text.
    let last = sample.len() == bytes.len();
    detector.feed(&sample, last);
    let guess = detector.guess(None, Utf8Detection::Allow);
    // GB18030 decodes all of GBK and is the name people know.
    let guess = if guess == encoding_rs::GBK { GB18030 } else { guess };
    let first = decode_as(guess, bytes);
    let trusted = CANDIDATES.contains(&guess) || guess == ISO_2022_JP;
    let few = |count: usize| count == 0 || count * 200 <= first.text.chars().count();
    if trusted && first.damage < 0.005 && few(private_use(&first.text)) {
        return first;
    }
    if !trusted && first.damage == 0.0 && reads_western(&first.text) {
        return first;
    }
    let common: HashSet<char> = COMMON.chars().collect();
    let mut best = (guess, fitness(&decode_as(guess, &sample), &common));
    for candidate in CANDIDATES.into_iter().filter(|candidate| *candidate != guess) {
        let score = fitness(&decode_as(candidate, &sample), &common);
        if score > best.1 {
            best = (candidate, score);
        }
    }
    if best.0 == guess { first } else { decode_as(best.0, bytes) }
}

/// Enough of a file to judge by: pieces from its start, middle and end, cut where lines end, because
/// a piece that starts within a character reads as another encoding. All of it takes the detector a
/// second for every few megabytes.
fn sample(bytes: &[u8]) -> Cow<'_, [u8]> {
    const PIECE: usize = 16 << 10;
    const PIECES: usize = 3;
    if bytes.len() <= PIECE * PIECES {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(PIECE * PIECES);
    for at in 0..PIECES {
        let from = (bytes.len() - PIECE) / (PIECES - 1) * at;
        let piece = bytes.get(from..from + PIECE).unwrap_or(&[]);
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let start = if at == 0 { Some(0) } else { piece.iter().position(ends).map(|end| end + 1) };
        let end = piece.iter().rposition(ends).map_or(if at == 0 { piece.len() } else { 0 }, |end| end + 1);
        out.extend_from_slice(start.and_then(|start| piece.get(start..end)).unwrap_or(&[]));
    }
    Cow::Owned(out)
}

/// European text is mostly ASCII: a Chinese file seen as windows-1252 is mostly accents.
fn reads_western(text: &str) -> bool {
    let (mut letters, mut accents) = (0usize, 0usize);
    for c in text.chars() {
        letters += usize::from(c.is_ascii_alphabetic());
        accents += usize::from(!c.is_ascii());
    }
    accents * 2 < letters
}

/// How much a text reads like one: the share of the commonest characters, less what is broken.
fn fitness(decoded: &Decoded, usual: &HashSet<char>) -> f64 {
    let (mut wide, mut common, mut broken) = (0u32, 0u32, 0u32);
    for c in decoded.text.chars().filter(|c| !c.is_ascii()) {
        wide += 1;
        common += u32::from(usual.contains(&c) || is_kana(c));
        broken += u32::from(c == '\u{FFFD}' || is_private(c));
    }
    if wide == 0 {
        return 0.0;
    }
    let unlikely = if decoded.encoding == WINDOWS_1252.name() { 1.0 } else { 0.0 };
    (f64::from(common) - 5.0 * f64::from(broken)) / f64::from(wide) - unlikely
}

/// Whether the commonest characters are as common as in any text.
pub(super) fn has_usual_characters(decoded: &Decoded) -> bool {
    fitness(decoded, &COMMON.chars().collect()) > 0.1
}

/// The characters that make up a quarter and more of any Chinese page, old or new, simplified or
/// traditional, with the punctuation of all CJK text and the commonest syllables of Korean. Not all
/// Hangul: GBK read as EUC-KR is full of it.
const COMMON: &str = "，。、：；！？“”‘’「」『』《》　…—的一是不了在人有我他这這中大来來上国國个個到说說们們为為子和你地出道也时時年\
得就那要下以生会會自着著去之过過家学學对對可她里裡裏后後小么麼心多天而能好都然没沒日于於起还還发發成事只作当當想看文无無\
开開手十用主行方又如前所本见見经經头頭面公同이다는을를의에가고하은지도한로기서三已老从從动動两兩长長曰者何其吾汝此乃与與第回章";

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30FF}')
}

fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}')
}

pub(super) fn private_use(text: &str) -> usize {
    // By their first bytes: a text has millions of characters and next to none of these.
    let pairs = text.as_bytes().iter().zip(text.as_bytes().get(1..).unwrap_or(&[]));
    pairs.filter(|(one, two)| **one == 0xEE || **one == 0xEF && **two < 0xA4).count()
}
