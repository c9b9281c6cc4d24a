//! HUFF/CDIC compression: Huffman codes stand for phrases, and phrases may be packed themselves.
//!
//! Phrases within phrases are unpacked with a stack of bounded depth and a bounded number of steps, so
//! that a dictionary that refers to itself ends as damage.

use super::bytes::{u16_at, u32_at};
use super::damaged;
use crate::book::Error;

/// Phrases within phrases; real dictionaries have a few levels.
const DEEPEST: usize = 32;
/// Codes in one record with all phrases inside; a record is 4 KB of text.
const MOST_STEPS: u32 = 1 << 16;
/// Codes in the whole book.
const MOST_STEPS_IN_ALL: u32 = 1 << 27;
/// A phrase that is not packed has this bit in its length.
const LITERAL: u16 = 0x8000;

/// The code table and the dictionary.
pub(super) struct Decoder<'a> {
    /// By the first eight bits of a code.
    short: Vec<Short>,
    /// Least and greatest code of each length from 1 to 32, at the high end of 32 bits.
    least: [u32; 33],
    greatest: [u32; 33],
    phrases: Vec<Phrase<'a>>,
    steps: u32,
}

#[derive(Clone, Copy)]
struct Short {
    length: u32,
    /// Whether the length is settled by eight bits.
    whole: bool,
    greatest: u32,
}

#[derive(Clone, Copy)]
struct Phrase<'a> {
    bytes: &'a [u8],
    literal: bool,
}

impl<'a> Decoder<'a> {
    /// Reads the HUFF record and the CDIC records behind it.
    pub(super) fn new(huff: &[u8], dictionaries: impl Iterator<Item = &'a [u8]>) -> Result<Decoder<'a>, Error> {
        let bad = || damaged("its table of Huffman codes cannot be read");
        if !huff.starts_with(b"HUFF") {
            return Err(bad());
        }
        let table = |at| u32_at(huff, at).map(|offset| offset as usize);
        let (first, second) = table(8).zip(table(12)).ok_or_else(bad)?;
        let short: Option<Vec<Short>> =
            (0..256).map(|at| u32_at(huff, first.checked_add(at * 4)?).and_then(Short::new)).collect();
        let (mut least, mut greatest) = ([0; 33], [0; 33]);
        for length in 1..=32usize {
            let at = second.checked_add((length - 1) * 8).ok_or_else(bad)?;
            let (low, high) = u32_at(huff, at).zip(u32_at(huff, at + 4)).ok_or_else(bad)?;
            if let Some((one, other)) = least.get_mut(length).zip(greatest.get_mut(length)) {
                *one = aligned(low, length as u32);
                *other = last_code(high, length as u32);
            }
        }
        let phrases = phrases(dictionaries)?;
        Ok(Decoder { short: short.ok_or_else(bad)?, least, greatest, phrases, steps: 0 })
    }

    /// Unpacks a record behind what `out` has. `false` if it is damaged or gives more than `most`
    /// bytes.
    pub(super) fn decompress(&mut self, packed: &'a [u8], most: usize, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let mut open = vec![Bits { bytes: packed, at: 0 }];
        let mut steps = 0;
        while let Some(bits) = open.last_mut() {
            let Some((code, left)) = bits.window() else {
                open.pop();
                continue;
            };
            steps += 1;
            self.steps += 1;
            if steps > MOST_STEPS || self.steps > MOST_STEPS_IN_ALL || out.len() - start > most {
                return false;
            }
            let Some((length, number)) = self.code(code) else { return false };
            if length > left {
                // Bits that fill up the last byte.
                open.pop();
                continue;
            }
            bits.at += u64::from(length);
            match self.phrases.get(number as usize) {
                Some(phrase) if phrase.literal => out.extend_from_slice(phrase.bytes),
                Some(phrase) if open.len() < DEEPEST => open.push(Bits { bytes: phrase.bytes, at: 0 }),
                _ => return false,
            }
        }
        true
    }

    /// The length of the code at the high end of the window, and the phrase it stands for.
    fn code(&self, window: u32) -> Option<(u32, u32)> {
        let short = self.short.get((window >> 24) as usize)?;
        let (mut length, mut greatest) = (short.length, short.greatest);
        if !short.whole {
            while window < *self.least.get(length as usize)? {
                length += 1;
            }
            greatest = *self.greatest.get(length as usize)?;
        }
        Some((length, greatest.checked_sub(window)? >> (32 - length)))
    }
}

impl Short {
    fn new(value: u32) -> Option<Short> {
        let length = value & 0x1F;
        let whole = value & 0x80 != 0;
        // A length of 0 would never end.
        if length == 0 {
            return None;
        }
        Some(Short { length, whole, greatest: last_code(value >> 8, length) })
    }
}

fn aligned(code: u32, length: u32) -> u32 {
    code.checked_shl(32 - length).unwrap_or(0)
}

/// The greatest window that starts with a code of that length.
fn last_code(code: u32, length: u32) -> u32 {
    let next = (u64::from(code) + 1) << (32 - length);
    u32::try_from(next.saturating_sub(1)).unwrap_or(u32::MAX)
}

/// The phrases of all dictionary records.
fn phrases<'a>(dictionaries: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Phrase<'a>>, Error> {
    const HEAD: usize = 16;
    let bad = || damaged("its dictionary of phrases cannot be read");
    let mut phrases = Vec::new();
    for record in dictionaries {
        if !record.starts_with(b"CDIC") {
            return Err(bad());
        }
        let (total, bits) = u32_at(record, 8).zip(u32_at(record, 12)).ok_or_else(bad)?;
        let here = 1usize.checked_shl(bits).unwrap_or(usize::MAX).min((total as usize).saturating_sub(phrases.len()));
        for at in 0..here {
            let offset = u16_at(record, HEAD + at * 2).ok_or_else(bad)?;
            let length = u16_at(record, HEAD + usize::from(offset)).ok_or_else(bad)?;
            let start = HEAD + usize::from(offset) + 2;
            let bytes = record.get(start..start + usize::from(length & !LITERAL)).ok_or_else(bad)?;
            phrases.push(Phrase { bytes, literal: length & LITERAL != 0 });
        }
    }
    Ok(phrases)
}

/// Bytes read bit by bit.
struct Bits<'a> {
    bytes: &'a [u8],
    at: u64,
}

impl Bits<'_> {
    /// The next 32 bits, zeros behind the end, and how many of all bits are left; `None` at the end.
    fn window(&self) -> Option<(u32, u32)> {
        let left = (self.bytes.len() as u64 * 8).checked_sub(self.at).filter(|&left| left > 0)?;
        let rest = self.bytes.get((self.at / 8) as usize..)?;
        let mut eight = [0; 8];
        for (to, from) in eight.iter_mut().zip(rest) {
            *to = *from;
        }
        let window = u64::from_be_bytes(eight) << (self.at % 8) >> 32;
        Some((window as u32, u32::try_from(left).unwrap_or(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All codes are eight bits long: phrase `n` has the code `255 - n`.
    fn huff() -> Vec<u8> {
        let mut huff = b"HUFF\0\0\0\x18".to_vec();
        huff.extend_from_slice(&24u32.to_be_bytes());
        huff.extend_from_slice(&(24u32 + 1024).to_be_bytes());
        huff.extend_from_slice(&[0; 8]);
        huff.extend((0..256u32).flat_map(|_| (255u32 << 8 | 0x80 | 8).to_be_bytes()));
        huff.extend([0; 256]);
        huff
    }

    fn cdic(phrases: &[(&[u8], bool)]) -> Vec<u8> {
        let mut cdic = b"CDIC\0\0\0\x10".to_vec();
        cdic.extend_from_slice(&(phrases.len() as u32).to_be_bytes());
        cdic.extend_from_slice(&8u32.to_be_bytes());
        let mut offset = phrases.len() * 2;
        for (phrase, _) in phrases {
            cdic.extend_from_slice(&(offset as u16).to_be_bytes());
            offset += 2 + phrase.len();
        }
        for (phrase, literal) in phrases {
            let length = phrase.len() as u16 | if *literal { LITERAL } else { 0 };
            cdic.extend_from_slice(&length.to_be_bytes());
            cdic.extend_from_slice(phrase);
        }
        cdic
    }

    #[test]
    fn phrases_within_phrases() {
        let (huff, cdic) = (huff(), cdic(&[(b"one ", true), (b"two", true), (&[255, 255, 254], false)]));
        let mut decoder = Decoder::new(&huff, [cdic.as_slice()].into_iter()).expect("a decoder");
        let mut out = Vec::new();
        assert!(decoder.decompress(&[253, 254], 100, &mut out));
        assert_eq!(out, b"one one twotwo");
        assert!(!decoder.decompress(&[252], 100, &mut out), "no such phrase");
    }

    #[test]
    fn a_dictionary_that_refers_to_itself_is_damage() {
        let (huff, cdic) = (huff(), cdic(&[(&[255, 255], false), (&[253; 200], false), (b"", true)]));
        let mut decoder = Decoder::new(&huff, [cdic.as_slice()].into_iter()).expect("a decoder");
        assert!(!decoder.decompress(&[255], 100, &mut Vec::new()));
        assert!(!decoder.decompress(&[254; 1000], 100, &mut Vec::new()), "too many steps");
        assert!(Decoder::new(&huff, [&cdic[..30]].into_iter()).is_err());
        assert!(Decoder::new(&huff[..600], [cdic.as_slice()].into_iter()).is_err());
    }
}
