//! A letter as it arrived, and what a mail program would show of it: RFC 2047, quoted-printable, base64, UTF-8.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SunkLetter {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Who was logged in.
    pub login: Option<String>,
    /// Headers and body as they came, without the dots of the transfer.
    pub data: Vec<u8>,
}

impl SunkLetter {
    /// The subject as a mail program shows it.
    pub fn subject(&self) -> String {
        self.header("Subject").expect("a letter has a subject")
    }

    /// The body as a mail program shows it: lines end in LF, empty ones at the end are left out.
    pub fn text(&self) -> String {
        let parts = self.parts();
        let (head, body) = parts[0];
        String::from_utf8(decoded(head, body)).expect("UTF-8").replace("\r\n", "\n").trim_end_matches('\n').to_owned()
    }

    /// A header as a mail program shows it; `None` if there is none. There must not be two.
    pub fn header(&self, name: &str) -> Option<String> {
        header(self.halves().0, name)
    }

    /// The files: Content-Disposition, Content-Type, bytes.
    pub fn attachments(&self) -> Vec<(String, String, Vec<u8>)> {
        let of = |name: &str, head: &str| header(head, name).unwrap_or_default();
        let files = self.parts().into_iter().skip(1);
        files
            .map(|(head, body)| (of("Content-Disposition", head), of("Content-Type", head), decoded(head, body)))
            .collect()
    }

    /// Head and body of each part; of a letter that has none, of itself.
    fn parts(&self) -> Vec<(&str, &str)> {
        let (head, body) = self.halves();
        let kind = header(head, "Content-Type").unwrap_or_default();
        let Some((_, boundary)) = kind.split_once("boundary=") else { return vec![(head, body)] };
        let mark = format!("--{}", boundary.trim_matches('"'));
        let (inside, _) = body.split_once(&format!("{mark}--")).expect("the last boundary");
        let begin = format!("{mark}\r\n");
        let parts = inside.split(begin.as_str()).skip(1);
        parts.map(|part| part.split_once("\r\n\r\n").expect("a part has a head")).collect()
    }

    fn halves(&self) -> (&str, &str) {
        let text = std::str::from_utf8(&self.data).expect("ASCII");
        text.split_once("\r\n\r\n").expect("an empty line ends the headers")
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    let head = head.replace("\r\n ", " ").replace("\r\n\t", "\t");
    let named = |line: &str| {
        let (key, value) = line.split_once(':').expect("a header has a name");
        key.eq_ignore_ascii_case(name).then(|| encoded_words(value.trim()))
    };
    let mut found = head.split("\r\n").filter_map(named);
    let first = found.next();
    assert!(found.next().is_none(), "{name} stands there twice");
    first
}

fn decoded(head: &str, body: &str) -> Vec<u8> {
    let encoding = header(head, "Content-Transfer-Encoding").unwrap_or_default();
    match encoding.to_ascii_lowercase().as_str() {
        "base64" => STANDARD.decode(body.replace("\r\n", "")).expect("base64"),
        "quoted-printable" => quoted_printable(body),
        "" | "7bit" => body.as_bytes().to_vec(),
        other => panic!("nobody knows the encoding {other}"),
    }
}

/// RFC 2047: white space between two encoded words is none.
fn encoded_words(value: &str) -> String {
    let mut shown = String::new();
    let mut was_encoded = true;
    for word in value.split(' ') {
        let decoded = encoded_word(word);
        let belongs_together = was_encoded && decoded.is_some();
        if !shown.is_empty() && !belongs_together {
            shown.push(' ');
        }
        was_encoded = decoded.is_some();
        shown.push_str(decoded.as_deref().unwrap_or(word));
    }
    shown
}

/// `=?utf-8?b?5LiJ?=`. Each one must be whole characters of its own.
fn encoded_word(word: &str) -> Option<String> {
    let mut parts = word.strip_prefix("=?")?.strip_suffix("?=")?.split('?');
    let (charset, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
    assert!(charset.eq_ignore_ascii_case("utf-8") && parts.next().is_none() && word.len() <= 75, "{word}");
    let bytes = match encoding.to_ascii_lowercase().as_str() {
        "b" => STANDARD.decode(text).expect("base64"),
        "q" => quoted_printable(&text.replace('_', " ")),
        _ => panic!("{word}"),
    };
    Some(String::from_utf8(bytes).expect("whole characters"))
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = match (first, behind) {
            (b'=', [b'\r', b'\n', next @ ..]) => next,
            (b'=', [high, low, next @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("two hexadecimal digits");
                bytes.push(u8::from_str_radix(digits, 16).expect("two hexadecimal digits"));
                next
            }
            (byte, next) => {
                bytes.push(*byte);
                next
            }
        };
    }
    bytes
}
