//! Texts in addresses and forms, in the charset that a site wants.
//!
//! Old Chinese sites read what is sent to them as GBK; `escape` is what browsers' function of that name makes.

use encoding_rs::Encoding;

/// The encoding that a rule names; UTF-8 if it names none that is known.
fn encoding(charset: Option<&str>) -> &'static Encoding {
    charset.and_then(|name| Encoding::for_label(name.trim().as_bytes())).unwrap_or(encoding_rs::UTF_8)
}

/// A text as bytes of a charset. Characters it does not have become numeric references, as in browsers.
pub(super) fn bytes(text: &str, charset: Option<&str>) -> Vec<u8> {
    encoding(charset).encode(text).0.into_owned()
}

/// One name or value: everything but letters, digits and `-_.!~*'()` is encoded.
pub(super) fn component(text: &str, charset: Option<&str>) -> String {
    percent(text, charset, |byte| b"-_.!~*'()".contains(&byte))
}

/// One name or value of a form: as [`component`], but a blank is `+`.
fn form_component(text: &str, charset: Option<&str>) -> String {
    if charset.is_some_and(|charset| charset.eq_ignore_ascii_case("escape")) {
        return escape(text);
    }
    percent(text, charset, |byte| b"-_.* ".contains(&byte)).replace(' ', "+")
}

fn percent(text: &str, charset: Option<&str>, is_kept: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in bytes(text, charset) {
        if byte.is_ascii_alphanumeric() || is_kept(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A whole query: what separates is kept, and what is encoded already.
pub(super) fn query(query: &str, charset: Option<&str>) -> String {
    if charset.is_some_and(|charset| charset.eq_ignore_ascii_case("escape")) {
        return form(query, charset);
    }
    percent(query, charset, |byte| b"-._~!$%&()*+,/:;=?@[]^`{|}\\".contains(&byte))
}

/// The fields of a form, `a=b&c=d`, with names and values encoded. Without a charset, what is encoded already stays.
pub(super) fn form(fields: &str, charset: Option<&str>) -> String {
    let one = |text: &str| {
        if charset.is_none() && is_encoded(text) { text.to_owned() } else { form_component(text, charset) }
    };
    let fields = fields.split('&').map(|field| match field.split_once('=') {
        Some((name, value)) => format!("{}={}", one(name), one(value)),
        None => one(field),
    });
    fields.collect::<Vec<_>>().join("&")
}

/// Whether a text has nothing that would have to be encoded, and every `%` begins a byte.
fn is_encoded(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, &byte)| match byte {
        b'%' => bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
        _ => byte.is_ascii_alphanumeric() || b"-_.*+".contains(&byte),
    })
}

/// JavaScript's `escape`.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii_alphanumeric() || b"@*_+-./".contains(&byte) => out.push(char::from(byte)),
            Ok(byte) => out.push_str(&format!("%{byte:02X}")),
            Err(_) => out.push_str(&format!("%u{unit:04X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets() {
        assert_eq!(query("q=书童&p=1 2", None), "q=%E4%B9%A6%E7%AB%A5&p=1%202");
        assert_eq!(query("q=书童&p=1", Some("gbk")), "q=%CA%E9%CD%AF&p=1");
        assert_eq!(query("q=%CA%E9&a[]=1", Some("gbk")), "q=%CA%E9&a[]=1");
        assert_eq!(query("q=书a b", Some("escape")), "q=%u4E66a%20b");
    }

    #[test]
    fn forms() {
        assert_eq!(form("a=书 &b=%E4&c", None), "a=%E4%B9%A6+&b=%E4&c");
        assert_eq!(form("a=书&s=a%", Some("GB2312")), "a=%CA%E9&s=a%25");
        assert_eq!(component("a/b&c", None), "a%2Fb%26c");
    }
}
