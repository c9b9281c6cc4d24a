//! Headings of English books: `Chapter 12: Name`, `PART II`, `Prologue`.
//!
//! A line that goes on in lower case is a sentence, whatever it starts with.

use super::heading::Heading;
use super::numeral;

/// Headings without a number.
const ENGLISH_SPECIAL: [&str; 14] = [
    "prologue",
    "epilogue",
    "preface",
    "introduction",
    "foreword",
    "afterword",
    "appendix",
    "conclusion",
    "acknowledgements",
    "acknowledgments",
    "dedication",
    "postscript",
    "author's note",
    "translator's preface",
];

/// Units and their ranks, as in `heading`.
const ENGLISH_UNITS: [(&str, usize); 12] = [
    ("volume", 0),
    ("part", 0),
    ("book", 1),
    ("act", 1),
    ("chapter", 2),
    ("letter", 2),
    ("canto", 2),
    ("episode", 2),
    ("stave", 2),
    ("scene", 3),
    ("section", 3),
    ("adventure", 2),
];

/// `Chapter 12: Name`, `PART II`, `Book the First`, `Prologue`.
pub(super) fn english(line: &str) -> Option<Heading> {
    let bare = line.trim_end_matches(['.', ':']).to_ascii_lowercase();
    if ENGLISH_SPECIAL.contains(&bare.as_str()) && line.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Some(Heading { rank: 2, unit: 'E', number: 0, volume: None });
    }
    let (word, rest) = line.split_once(' ')?;
    if !word.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let (unit, rank) = ENGLISH_UNITS.iter().find(|(unit, _)| word.eq_ignore_ascii_case(unit))?;
    let (number, name) = numeral::leading_latin(rest.trim_start())?;
    let name_start = name.trim_start().chars().next();
    let titled = match name_start {
        None => true,
        Some(c) if ".:-—–".contains(c) => true,
        Some(c) => name.starts_with(' ') && !c.is_lowercase(),
    };
    let sentence = name.len() > 1 && name.ends_with([',', ';']);
    (titled && !sentence).then_some(Heading { rank: *rank, unit: unit.chars().next()?, number, volume: None })
}
