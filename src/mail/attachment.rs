//! A file that goes with a letter: its name said twice, once in ASCII for receivers that know no more.

use lettre::message::SinglePart;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};

use super::Error;

/// Longest name without its extension, in characters: encoded, each may take nine bytes of a line of 998.
const LONGEST_NAME: usize = 60;

/// A file that goes with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, with an extension; what no file may be called is left out.
    pub name: String,
    /// Like `application/epub+zip`. Amazon refuses books as `application/octet-stream`.
    pub media_type: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The part of a letter that is this file.
pub(super) fn part(file: &Attachment) -> Result<SinglePart, Error> {
    let media_type: ContentType =
        file.media_type.parse().map_err(|_| Error::Settings(format!("{} is no media type", file.media_type)))?;
    let part = SinglePart::builder().header(media_type).header(Disposition(disposition(&file.name)));
    Ok(part.header(ContentTransferEncoding::Base64).body(file.bytes.clone()))
}

/// A file's name in ASCII letters, digits and `-`, with its extension; `book` if there is none in it.
///
/// ```
/// use shutong::mail::ascii_name;
/// assert_eq!(ascii_name("Les Misérables 1.epub"), "Les-Mis-rables-1.epub");
/// assert_eq!(ascii_name("三体.epub"), "book.epub");
/// ```
pub fn ascii_name(name: &str) -> String {
    let (stem, extension) = split(name);
    let plain = |text: &str| {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join("-").chars().take(LONGEST_NAME).collect::<String>()
    };
    let stem = Some(plain(stem)).filter(|stem| !stem.is_empty()).unwrap_or_else(|| "book".to_owned());
    let extension = plain(extension);
    if extension.is_empty() { stem } else { format!("{stem}.{extension}") }
}

/// `attachment; filename="book.epub"; filename*=UTF-8''%E4%B8%89%E4%BD%93.epub` (RFC 2183, 2231).
fn disposition(name: &str) -> String {
    let ascii = ascii_name(name);
    let (stem, extension) = split(name);
    let sound = |letter: &char| !letter.is_control() && !r#"/\:*?"<>|"#.contains(*letter);
    let stem: String = stem.chars().filter(sound).take(LONGEST_NAME).collect();
    let whole = if extension.is_empty() { stem } else { format!("{}.{extension}", stem.trim()) };
    if whole == ascii {
        return format!("attachment; filename=\"{ascii}\"");
    }
    let encoded = percent_encoding::utf8_percent_encode(&whole, percent_encoding::NON_ALPHANUMERIC).to_string();
    format!("attachment; filename=\"{ascii}\";\r\n filename*=UTF-8''{}", encoded.replace("%2E", "."))
}

fn split(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((stem, extension)) if (1..=8).contains(&extension.len()) && extension.is_ascii() => (stem, extension),
        _ => (name, ""),
    }
}

/// The mail library writes either name, but not both.
#[derive(Clone)]
struct Disposition(String);

impl Header for Disposition {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Disposition")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Disposition(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::dangerous_new_pre_encoded(Self::name(), self.0.clone(), self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_said_in_ascii_and_as_it_is() {
        assert_eq!(disposition("walden.epub"), "attachment; filename=\"walden.epub\"");
        assert_eq!(
            disposition("三体 1.epub"),
            "attachment; filename=\"1.epub\";\r\n filename*=UTF-8''%E4%B8%89%E4%BD%93%201.epub"
        );
    }

    #[test]
    fn no_name_becomes_a_header_or_a_path() {
        let hostile = "../a\r\nBcc: you@example.com\"; x=\".epub";
        let said = disposition(hostile);
        assert_eq!(said.matches("\r\n").count(), 1, "{said}");
        assert!(!said.contains("../") && !said.contains("Bcc: "), "{said}");
        let longest = disposition(&format!("{}.epub", "书".repeat(500)));
        assert!(longest.split("\r\n").all(|line| line.len() < 900), "{longest}");
    }
}
