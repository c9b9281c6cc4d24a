//! The names of a book among all books, as an EPUB writes them.
//!
//! A reading system keeps bookmarks under the first one, so there must be one, and the same book must
//! get the same one each time: where there is none it is made from the content.

use crate::book::edition::Edition;
use crate::book::model::Identifier;
use crate::book::{Change, Report};
use sha1::{Digest, Sha1};

/// One `dc:identifier`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// As written: `urn:isbn:…`, `urn:uuid:…`, else the plain value.
    pub(super) text: String,
    /// What kind it is, if the text does not say.
    pub(super) scheme: String,
}

/// The identifiers of an edition, each once; never none.
pub(super) fn names(edition: &Edition, report: &mut Report) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    for identifier in &edition.metadata.identifiers {
        let Some(name) = name(identifier, report) else { continue };
        if !names.iter().any(|known| known.text == name.text) {
            names.push(name);
        }
    }
    if names.is_empty() {
        report.note(Change::MetadataRepaired, "identifier");
        names.push(Name { text: format!("urn:uuid:{}", uuid_of(edition)), scheme: String::new() });
    }
    names
}

fn name(identifier: &Identifier, report: &mut Report) -> Option<Name> {
    let value = identifier.value.split_whitespace().collect::<Vec<_>>().join(" ");
    if value.is_empty() {
        return None;
    }
    let urn = match identifier.scheme.as_str() {
        "isbn" => isbn(&value).map(|isbn| format!("urn:isbn:{isbn}")),
        "uuid" => uuid(&value).map(|uuid| format!("urn:uuid:{uuid}")),
        _ => uuid(&value).filter(|_| is_urn_uuid(&value)).map(|uuid| format!("urn:uuid:{uuid}")),
    };
    if let Some(text) = urn {
        return Some(Name { text, scheme: String::new() });
    }
    let mut text = value;
    if matches!(identifier.scheme.as_str(), "isbn" | "uuid") || is_urn_uuid(&text) {
        report.note(Change::MetadataRepaired, format!("identifier {text}"));
        // Not under a scheme whose form it does not have.
        while is_urn_uuid(&text) {
            text = text.get("urn:uuid:".len()..).unwrap_or_default().trim().to_owned();
        }
        return (!text.is_empty()).then_some(Name { text, scheme: String::new() });
    }
    Some(Name { text, scheme: identifier.scheme.clone() })
}

fn is_urn_uuid(text: &str) -> bool {
    text.get(.."urn:uuid:".len()).is_some_and(|start| start.eq_ignore_ascii_case("urn:uuid:"))
}

/// The digits of an ISBN whose check digit is right.
fn isbn(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_start_matches("urn:").trim_start_matches("isbn").trim_start_matches(':');
    let digits: String = bare.chars().filter(|c| !matches!(c, '-' | ' ' | '\u{2010}'..='\u{2015}')).collect();
    let digits = digits.to_ascii_uppercase();
    let values: Option<Vec<u32>> = digits
        .chars()
        .enumerate()
        .map(|(at, c)| if c == 'X' && at == 9 && digits.len() == 10 { Some(10) } else { c.to_digit(10) })
        .collect();
    let values = values?;
    let sum = |weight: fn(usize) -> u32| values.iter().enumerate().map(|(at, value)| value * weight(at)).sum::<u32>();
    let right = match values.len() {
        10 => sum(|at| u32::try_from(10 - at.min(10)).unwrap_or(0)).is_multiple_of(11),
        13 => sum(|at| if at % 2 == 0 { 1 } else { 3 }).is_multiple_of(10) && digits.starts_with("97"),
        _ => false,
    };
    right.then_some(digits)
}

/// A UUID in its usual form: lower case, with four dashes.
fn uuid(text: &str) -> Option<String> {
    let lower = text.trim().to_ascii_lowercase();
    let bare = lower.trim_start_matches("urn:").trim_start_matches("uuid:").trim_matches(['{', '}', ' ']);
    let digits: String = bare.chars().filter(|&c| c != '-').collect();
    (digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| dashed(&digits))
}

fn dashed(digits: &str) -> String {
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

/// A UUID of version 5 (RFC 9562): the SHA-1 of what the book says.
fn uuid_of(edition: &Edition) -> String {
    let mut hash = Sha1::new();
    hash.update(edition.metadata.title.as_bytes());
    for contributor in &edition.metadata.contributors {
        hash.update(contributor.name.as_bytes());
    }
    for page in &edition.pages {
        hash.update(page.markup.as_bytes());
    }
    let digits: String = hash.finalize().iter().take(16).enumerate().map(|(at, byte)| hex(at, *byte)).collect();
    dashed(&digits)
}

/// A byte in hexadecimal, with version 5 and the variant of the RFC where they belong.
fn hex(at: usize, byte: u8) -> String {
    let byte = match at {
        6 => byte & 0x0F | 0x50,
        8 => byte & 0x3F | 0x80,
        _ => byte,
    };
    format!("{byte:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scheme: &str, value: &str, expected: &str, repaired: usize) {
        let mut report = Report::default();
        let identifier = Identifier { scheme: scheme.into(), value: value.into() };
        assert_eq!(name(&identifier, &mut report).map(|name| name.text).unwrap_or_default(), expected);
        assert_eq!(report.count(Change::MetadataRepaired), repaired);
    }

    #[test]
    fn names_have_the_form_that_they_claim() {
        check("isbn", "978-7-02-000220-7", "urn:isbn:9787020002207", 0);
        check("isbn", "080442957x", "urn:isbn:080442957X", 0);
        check("isbn", "9787020002208", "9787020002208", 1);
        check("isbn", "无", "无", 1);
        check("uuid", "{12345678-9ABC-DEF0-1234-56789abcdef0}", "urn:uuid:12345678-9abc-def0-1234-56789abcdef0", 0);
        check("uuid", "123456789abcdef0123456789abcdef0", "urn:uuid:12345678-9abc-def0-1234-56789abcdef0", 0);
        check("uuid", "12345", "12345", 1);
        check("", "urn:uuid:x", "x", 1);
        check("asin", " B00 1 ", "B00 1", 0);
        check("asin", " ", "", 0);
    }
}
