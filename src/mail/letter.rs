//! A letter made ready: its address judged, its text written down as the bytes that go over the wire.
//!
//! Titles of books and addresses typed into a chat end here, so nothing in them may become a header, a command or a
//! second recipient. Which domains may be written to is not decided here.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::{Mailbox, Message, MultiPart, SinglePart, header};
use sha2::{Digest, Sha256};

use super::{Error, Letter, Server, attachment, is_loopback};

/// In characters. Longer ones make lines that mail servers refuse, and no mail program shows as much.
const LONGEST_SUBJECT: usize = 200;
/// In characters, on either side of the `@`.
const LONGEST_ID: usize = 100;
/// The last second that the date of a letter can name, of the year 9999; the mail library panics at the next.
const LAST_SECOND: i64 = 253_402_300_799;

/// A letter ready to be handed in.
pub(super) struct Sealed {
    pub from: Address,
    pub to: Address,
    /// Headers and body, in ASCII, lines ending in CR LF.
    pub bytes: Vec<u8>,
}

/// Makes a letter ready: the same letter gives the same bytes.
pub(super) fn seal(letter: &Letter, server: &Server) -> Result<Sealed, Error> {
    let from = sender(&server.from)?;
    let to = recipient(&letter.to, is_loopback(&server.host))?;
    let id = message_id(letter, from.email.domain());
    let head = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .date(date(letter))
        .message_id(Some(format!("<{id}>")))
        .subject(subject(&letter.subject));
    let text = SinglePart::builder().header(header::ContentType::TEXT_PLAIN).body(unix_lines(&letter.text));
    let message = if letter.attachments.is_empty() {
        head.singlepart(text)
    } else {
        // A boundary of the library's own would be another one on every repeat.
        let parts = MultiPart::mixed().boundary(boundary(&id)).singlepart(text);
        let files = letter.attachments.iter().map(attachment::part).collect::<Result<Vec<_>, _>>()?;
        head.multipart(files.into_iter().fold(parts, MultiPart::singlepart))
    };
    let message = message.map_err(|error| Error::Settings(error.to_string()))?;
    Ok(Sealed { from: from.email, to, bytes: message.formatted() })
}

/// What stands between the parts. It is in none of them: base64 has no `=_` at the start of a line, and quoted text
/// has `=5F` or `=3D` there.
fn boundary(id: &str) -> String {
    let hash = Sha256::digest(id.as_bytes());
    let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("=_{digits}")
}

/// Judges the owner's own address; it may have a name, and any mailbox that ASCII can write.
fn sender(from: &str) -> Result<Mailbox, Error> {
    // The parser stops where the address ends, and says nothing about what follows.
    let parsed = if from.contains(char::is_control) { None } else { from.parse::<Mailbox>().ok() };
    parsed
        .filter(|mailbox| mailbox.email.to_string().bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| Error::Settings("the sender is no address like books@example.com, in ASCII".into()))
}

/// Judges a recipient's address. The library accepts more than can be written to, or should be: quoted names, names
/// that a mail program takes for an option, other scripts, hosts by number.
fn recipient(address: &str, is_local_server: bool) -> Result<Address, Error> {
    let wrong = |why: &str| Err(Error::Address(why.to_owned()));
    let Ok(parsed) = address.parse::<Address>() else { return wrong("it is none like name@example.com") };
    if !parsed.user().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte)) {
        return wrong("before the @ there may be ASCII letters, digits and ._+- only");
    }
    if parsed.user().starts_with('-') {
        return wrong("it starts with -");
    }
    let domain = parsed.domain();
    if !domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)) {
        return wrong("its domain may have ASCII letters, digits, dots and - only");
    }
    let (_, top_level) = domain.rsplit_once('.').unwrap_or_default();
    let is_name = top_level.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_here = is_local_server && domain.eq_ignore_ascii_case("localhost");
    if is_name || is_here { Ok(parsed) } else { wrong("its domain is no name like example.com") }
}

/// One line of at most [`LONGEST_SUBJECT`] characters.
fn subject(subject: &str) -> String {
    let one_line = subject.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    one_line.take(LONGEST_SUBJECT).collect::<String>().trim().to_owned()
}

/// Only LF ends a line. The mail library makes CR LF of it, but lets a CR of its own through, which mail servers
/// disagree about, to the point of seeing the end of the letter in it.
fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn date(letter: &Letter) -> SystemTime {
    let seconds = letter.written_at.timestamp().clamp(0, LAST_SECOND);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
}

/// The Message-ID without its angle brackets.
fn message_id(letter: &Letter, domain: &str) -> String {
    let given = letter.message_id.as_deref().unwrap_or_default();
    let (own, given_domain) = given.split_once('@').unwrap_or((given, ""));
    let own = id_characters(own);
    let given_domain = id_characters(given_domain);
    let own = if own.is_empty() { content_id(letter) } else { own };
    format!("{own}@{}", if given_domain.is_empty() { domain } else { &given_domain })
}

fn id_characters(text: &str) -> String {
    let allowed = |letter: &char| letter.is_ascii_alphanumeric() || "._+-".contains(*letter);
    text.chars().filter(allowed).take(LONGEST_ID).collect()
}

/// The same for the same letter. Random would be as unique, but not on a repeat.
fn content_id(letter: &Letter) -> String {
    let mut hash = Sha256::new();
    for part in [&letter.to, &letter.subject, &letter.text] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(letter.written_at.timestamp_micros().to_be_bytes());
    hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn letter(subject: &str, text: &str) -> Letter {
        Letter {
            to: "me@kindle.com".into(),
            subject: subject.into(),
            text: text.into(),
            attachments: Vec::new(),
            message_id: None,
            written_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn addresses_that_can_be_written_to() {
        for address in ["me@kindle.com", "a.b_c+d-9@free.kindle.com", "me@xn--fsq.xn--0zwm56d", "9@163.com"] {
            assert!(recipient(address, false).is_ok(), "{address}");
        }
        assert!(recipient("root@localhost", true).is_ok());
    }

    #[test]
    fn addresses_that_cannot() {
        let hostile = [
            ("", "none like"),
            ("me", "none like"),
            ("@kindle.com", "none like"),
            ("me@", "none like"),
            ("me@kindle.com\r\nBcc: you@example.com", "none like"),
            ("me\r\nDATA\r\n@kindle.com", "none like"),
            ("me@kindle.com\0", "none like"),
            ("me@kindle.com,you@example.com", "none like"),
            ("me@kindle.com>", "none like"),
            ("me @kindle.com", "none like"),
            ("Me <me@kindle.com>", "none like"),
            ("-oQ/tmp@kindle.com", "before the @"),
            ("-me@kindle.com", "starts with -"),
            ("我@kindle.com", "before the @"),
            ("me!you@kindle.com", "before the @"),
            ("me%you@kindle.com", "before the @"),
            ("me@kindlé.com", "its domain may have"),
            ("me@127.0.0.1", "no name like"),
            ("me@[127.0.0.1]", "its domain may have"),
            ("me@[::1]", "its domain may have"),
            ("me@localhost", "no name like"),
            ("me@mailserver", "no name like"),
        ];
        for (address, why) in hostile {
            let error = recipient(address, false).unwrap_err().to_string();
            assert!(error.contains(why), "{address:?}: {error}");
        }
        assert!(recipient("me@mailserver", true).is_err());
    }

    #[test]
    fn a_subject_is_one_line_of_200_characters() {
        assert_eq!(subject("三体\r\nBcc: you@example.com\0"), "三体  Bcc: you@example.com");
        assert_eq!(subject(&"书".repeat(5000)), "书".repeat(200));
    }

    #[test]
    fn a_message_id_is_the_callers_or_the_contents() {
        let mut letter = letter("三体", "");
        let first = message_id(&letter, "example.com");
        assert!(first.ends_with("@example.com") && first == message_id(&letter, "example.com"), "{first}");
        (letter.subject, letter.text) = ("三".into(), "体".into());
        assert_ne!(message_id(&letter, "example.com"), first);
        for (given, expected) in [
            ("delivery-17", "delivery-17@example.com"),
            ("delivery-17@books.example.org", "delivery-17@books.example.org"),
            ("17>\r\nBcc: <you", "17Bccyou@example.com"),
            ("a@b@c", "a@bc"),
        ] {
            letter.message_id = Some(given.into());
            assert_eq!(message_id(&letter, "example.com"), expected);
        }
    }

    #[test]
    fn any_date_can_be_written() {
        let mut letter = letter("", "");
        for (written_at, year) in [(DateTime::<Utc>::MIN_UTC, "1970"), (DateTime::<Utc>::MAX_UTC, "9999")] {
            letter.written_at = written_at;
            let shown =
                Message::builder().date(date(&letter)).from("a@b.cn".parse().unwrap()).to("a@b.cn".parse().unwrap());
            assert!(String::from_utf8(shown.body(String::new()).unwrap().formatted()).unwrap().contains(year));
        }
    }
}
