//! ISBNs out of what a file says of itself, in the one form that the back of a printed copy has: 13 digits.

use crate::book::Metadata;

/// Most of one book: a set has one for each volume.
const MOST: usize = 10;

/// All there are.
pub(super) fn of(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    for identifier in &metadata.identifiers {
        let is_one = identifier.scheme == "isbn" || identifier.scheme.is_empty();
        if let Some(isbn) = thirteen(&identifier.value).filter(|_| is_one)
            && !found.contains(&isbn)
            && found.len() < MOST
        {
            found.push(isbn);
        }
    }
    found
}

/// Those among texts that others say are ISBNs.
pub(super) fn among(texts: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for isbn in texts.iter().filter_map(|text| thirteen(text)) {
        if !found.contains(&isbn) && found.len() < MOST {
            found.push(isbn);
        }
    }
    found
}

/// An ISBN of 10 or 13 digits, with hyphens or without, as 13. None if its last digit is not the one that the others
/// call for: then it is another number, or one that was typed wrong.
pub(super) fn thirteen(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !matches!(c, '-' | '‐' | '–' | ' ')).collect();
    let digits = match plain.len() {
        13 if plain.starts_with("978") || plain.starts_with("979") => plain,
        10 if is_ten(&plain) => format!("978{}", &plain[..9]),
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sum: u32 =
        digits.bytes().take(12).zip([1, 3].into_iter().cycle()).map(|(d, weight)| u32::from(d - b'0') * weight).sum();
    let last = char::from_digit((10 - sum % 10) % 10, 10)?;
    let whole = format!("{}{last}", &digits[..12]);
    (digits.len() == 12 || whole == digits).then_some(whole)
}

fn is_ten(text: &str) -> bool {
    let value = |(at, byte): (usize, u8)| match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0') * (10 - at as u32)),
        b'X' | b'x' if at == 9 => Some(10),
        _ => None,
    };
    let sum: Option<u32> = text.bytes().enumerate().map(value).sum();
    sum.is_some_and(|sum| sum.is_multiple_of(11))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lengths_are_one_number() {
        for text in ["9787536692930", "978-7-5366-9293-0", "7-5366-9293-5", "7536692935"] {
            assert_eq!(thirteen(text).as_deref(), Some("9787536692930"), "{text}");
        }
        assert_eq!(thirteen("0-8044-2957-X").as_deref(), Some("9780804429573"));
        for text in [
            "",
            "9787536692931",
            "7536692930",
            "1234567890123",
            "978753669293",
            "七五三六六九二九三一",
            "97875366929３0",
        ] {
            assert_eq!(thirteen(text), None, "{text}");
        }
    }
}
