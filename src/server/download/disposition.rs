//! The name a download is saved under: "title - author.ext" in UTF-8 (RFC 6266, RFC 8187), with an ASCII name for
//! clients that know no other. Titles come from strangers: nothing in them may end the header, name a folder, or make
//! a name look like another one.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::book::Format;

/// Longest name with its extension, in bytes of UTF-8. File systems take 255; some programs add to a name.
const MOST_BYTES: usize = 150;

/// What RFC 8187 lets stand in a value besides letters and digits.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The header's value.
pub(super) fn attachment(title: &str, authors: &[String], format: Format) -> String {
    let extension = format.extension();
    let stem = stem(title, authors, MOST_BYTES - extension.len() - 1);
    let name = format!("{stem}.{extension}");
    let fallback = if name.is_ascii() { name.clone() } else { format!("book.{extension}") };
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, PLAIN))
}

fn stem(title: &str, authors: &[String], most: usize) -> String {
    let title = cleaned(title);
    let author = authors.first().map(|author| cleaned(author)).unwrap_or_default();
    let stem = match (title.is_empty(), author.is_empty()) {
        (true, true) => "book".to_owned(),
        (true, false) => author,
        (false, true) => title,
        (false, false) => format!("{title} - {author}"),
    };
    cut(&stem, most).trim_end_matches(['.', ' ']).to_owned()
}

/// Without characters that file systems, shells or headers give a meaning, or that are not seen; spaces single.
fn cleaned(text: &str) -> String {
    let visible = text.chars().map(|char| if is_safe(char) { char } else { ' ' }).collect::<String>();
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ").trim_matches(['.', ' ']).to_owned()
}

fn is_safe(char: char) -> bool {
    let is_special = matches!(char, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%' | ';');
    // Marks that turn the direction of text, are not shown, or belong to nobody: "gnp.exe" must not read "exe.png".
    let is_hidden = matches!(char,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}');
    !char.is_control() && !is_special && !is_hidden
}

fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name_of(header: &str) -> String {
        let (_, encoded) = header.split_once("filename*=UTF-8''").unwrap();
        percent_encoding::percent_decode_str(encoded).decode_utf8().unwrap().into_owned()
    }

    #[test]
    fn a_chinese_name_has_an_ascii_fallback() {
        let header = attachment("三体", &["刘慈欣".to_owned(), "别人".to_owned()], Format::Epub);
        assert!(header.starts_with("attachment; filename=\"book.epub\"; filename*=UTF-8''%E4%B8%89"), "{header}");
        assert_eq!(name_of(&header), "三体 - 刘慈欣.epub");
    }

    #[test]
    fn an_ascii_name_is_said_twice() {
        let header = attachment("Alice", &[], Format::Txt);
        assert_eq!(header, "attachment; filename=\"Alice.txt\"; filename*=UTF-8''Alice.txt");
    }

    #[test]
    fn hostile_titles_are_made_harmless() {
        let cases = [
            ("a\r\nSet-Cookie: x=1", "a Set-Cookie x=1.epub"),
            ("../../etc/passwd", "etc passwd.epub"),
            ("a\"; filename=\"b.exe", "a filename= b.exe.epub"),
            ("\u{202e}gpj.exe", "gpj.exe.epub"),
            ("  . . ", "book.epub"),
            ("", "book.epub"),
            ("CON\0", "CON.epub"),
        ];
        for (title, expected) in cases {
            assert_eq!(name_of(&attachment(title, &[], Format::Epub)), expected, "{title:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let name = name_of(&attachment(&"长".repeat(200), &[], Format::Epub));
        assert!(name.len() <= MOST_BYTES && name.ends_with("长.epub"), "{name}");
    }

    proptest! {
        #[test]
        fn any_title_makes_a_valid_header(title in any::<String>(), author in any::<String>()) {
            let header = attachment(&title, &[author], Format::Epub);
            prop_assert!(header.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            prop_assert_eq!(header.matches('"').count(), 2);
            prop_assert!(name_of(&header).len() <= MOST_BYTES);
        }
    }
}
