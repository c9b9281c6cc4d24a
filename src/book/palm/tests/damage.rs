//! Thousands of damaged copies of files that our own writers made: a reader refuses them or gives a book, and neither
//! panics nor makes much out of little.

use super::super::fixture::{database, header, records};
use super::{small, written};
use crate::book::{self, Content, Format, ReadOptions};

/// Copies of each file.
const COPIES: u32 = 2500;
/// A book is at most so many times as large as the file.
const MOST_GROWTH: usize = 100;

/// Marsaglia's xorshift: the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides.max(1)
    }

    /// Numbers that readers trip over, else any.
    fn number(&mut self) -> u32 {
        const TRAPS: [u32; 10] = [0, 1, 2, 7, 0xFF, 0xFFFF, 0x0001_0000, 0x7FFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFFF];
        TRAPS.get(self.roll(12)).copied().unwrap_or(self.0 as u32)
    }
}

/// One small damage to a record, or to the order of all.
fn damage(all: &mut Vec<Vec<u8>>, dice: &mut Dice) {
    let kind = dice.roll(10);
    // The header and the records of indexes are where one byte matters most.
    let known = [b"INDX".as_slice(), b"FDST", b"RESC", b"FONT", b"HUFF", b"CDIC"];
    let special: Vec<usize> =
        (0..all.len()).filter(|&at| at == 0 || known.iter().any(|name| all[at].starts_with(name))).collect();
    let at = if dice.roll(3) > 0 { special[dice.roll(special.len())] } else { dice.roll(all.len()) };
    let length = all[at].len();
    let within = |record: &mut Vec<u8>, place: usize, value: &[u8]| {
        for (to, from) in record.iter_mut().skip(place).zip(value) {
            *to = *from;
        }
    };
    match kind {
        0..=2 => {
            let value = dice.number().to_be_bytes();
            // Fields lie at multiples of four.
            let place = dice.roll(length.min(400)) / 4 * 4;
            within(&mut all[at], place, &value);
        }
        3..=5 => {
            let (place, value) = (dice.roll(length), dice.number() as u8);
            within(&mut all[at], place, &[value]);
        }
        6 => {
            let keep = dice.roll(length + 1);
            all[at].truncate(keep);
        }
        7 => {
            let other = dice.roll(all.len());
            all.swap(at, other);
        }
        8 => {
            let (from, to) = (dice.roll(length + 1), dice.roll(length + 1));
            all[at].drain(from.min(to)..from.max(to));
        }
        _ => {
            all.remove(at);
            if all.is_empty() {
                all.push(Vec::new());
            }
        }
    }
}

/// How much a book takes.
fn size(book: &book::Book) -> usize {
    let text = |content: &Content| match content {
        Content::Markup(text) | Content::Text(text) => text.len(),
    };
    let files = book.resources().iter().map(|file| file.bytes.len());
    book.chapters().iter().map(|chapter| text(&chapter.content)).chain(files).sum()
}

/// Reads damaged copies; gives how many were books in spite of it, strictly and for rescue.
fn survive(kind: &[u8; 8], whole: &[Vec<u8>]) -> [usize; 2] {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut books = [0; 2];
    for _ in 0..COPIES {
        let mut all = whole.to_vec();
        for _ in 0..=dice.roll(3) {
            damage(&mut all, &mut dice);
        }
        let mut file = database(kind, &all);
        if dice.roll(8) == 0 {
            // The list of records itself.
            let place = 60 + dice.roll(18 + all.len() * 8);
            file[place] = dice.number() as u8;
        }
        if dice.roll(16) == 0 {
            file.truncate(dice.roll(file.len()));
        }
        for (rescue, count) in [false, true].into_iter().zip(&mut books) {
            let options = ReadOptions { rescue, format: Some(Format::Mobi), ..ReadOptions::default() };
            if let Ok(book) = book::read_with(&file, &options) {
                *count += 1;
                assert!(size(&book) <= file.len() * MOST_GROWTH, "{} out of {}", size(&book), file.len());
                assert!(!book.chapters().is_empty());
            }
        }
    }
    books
}

/// Most copies hold a book still; rescue finds more than the strict reader.
#[track_caller]
fn check(kind: &[u8; 8], whole: &[Vec<u8>]) {
    assert!(book::read(&database(kind, whole), None).is_ok());
    let [strict, rescued] = survive(kind, whole);
    assert!(strict * 4 > COPIES as usize && rescued >= strict, "{strict} and {rescued} of {COPIES}");
    assert!(strict < COPIES as usize, "nothing was damaged");
}

fn source() -> book::Book {
    let mut book = small();
    book.chapters[1].linear = false;
    book
}

#[test]
fn damaged_azw3() {
    check(b"BOOKMOBI", &records(&written(&source(), Format::Azw3)));
}

#[test]
fn damaged_mobi() {
    check(b"BOOKMOBI", &records(&written(&source(), Format::Mobi)));
}

#[test]
fn damaged_files_of_two_books() {
    let mut all = records(&written(&source(), Format::Mobi));
    all.push(b"BOUNDARY".to_vec());
    all.extend(records(&written(&source(), Format::Azw3)));
    check(b"BOOKMOBI", &all);
}

#[test]
fn damaged_palmdoc() {
    let text = "Chapter 1\n\nOnce upon a time there was a text.\n".repeat(40).into_bytes();
    let head = header(1, text.len(), 1, &[])[..16].to_vec();
    check(b"TEXtREAd", &[head, text]);
}

#[test]
fn damaged_dictionaries_of_phrases() {
    let huff = [
        b"HUFF\0\0\0\x18\0\0\0\x18\0\0\x04\x18\0\0\0\0\0\0\0\0".to_vec(),
        (0..256u32).flat_map(|_| (255u32 << 8 | 0x88).to_be_bytes()).collect(),
        vec![0; 256],
    ]
    .concat();
    let cdic =
        b"CDIC\0\0\0\x10\0\0\0\x03\0\0\0\x02\0\x06\0\x0F\0\x13\x80\x07<p>one \0\x02\xFF\xFF\x80\x04</p>".to_vec();
    let codes = [[254, 255, 253]; 40].concat();
    let head = header(0x4448, 40 * 25, 1, &[(112, 2), (116, 2)]);
    check(b"BOOKMOBI", &[head, codes, huff, cdic]);
}
