//! Which addresses may be bound: exact domains for Kindles, names that any mail program can write for the rest.

use std::fmt;

use super::Settings;

/// The longest address there is (RFC 5321), in bytes.
const LONGEST: usize = 254;
/// The longest part before the @.
const LONGEST_LOCAL: usize = 64;
/// The longest label of a domain.
const LONGEST_LABEL: usize = 63;
/// Where Amazon took mail for Kindles in China, until 2024-06-30.
const CLOSED_DOMAIN: &str = "kindle.cn";

/// An address that may be written to, in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    text: String,
    is_kindle: bool,
}

/// Why an address is not written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is none.
    NoAddress,
    /// Amazon takes nothing there any more.
    Closed,
    /// It looks like one of Amazon's domains and is none.
    LooksLikeKindle,
    /// Not this domain, by the owner's choice.
    OtherDomain,
    /// It is our own.
    Ours,
}

impl Address {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a Kindle is behind it.
    pub fn is_kindle(&self) -> bool {
        self.is_kindle
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The address, as far as it has to be told from others: answers are kept, and to the owner it is none of theirs.
pub fn masked(address: &str) -> String {
    let (local, domain) = address.split_once('@').unwrap_or((address, ""));
    let shown = if local.len() > 3 { 2 } else { 1 };
    format!("{}***@{domain}", local.chars().take(shown).collect::<String>())
}

/// Judges what was typed. Capitals and full-width signs are taken as what they stand for.
pub(super) fn judge(typed: &str, settings: &Settings) -> Result<Address, Unfit> {
    let text: String = typed.trim().chars().map(plain).collect();
    let text = text.strip_prefix("mailto:").unwrap_or(&text).to_owned();
    let (local, domain) = text.split_once('@').ok_or(Unfit::NoAddress)?;
    if text.len() > LONGEST || !is_local(local) || !is_domain(domain) {
        return Err(Unfit::NoAddress);
    }
    if settings.senders.iter().any(|server| super::bare(&server.from).eq_ignore_ascii_case(&text)) {
        return Err(Unfit::Ours);
    }
    let is_kindle = settings.kindle_domains.iter().any(|kindle| kindle == domain);
    let is_listed =
        settings.mailbox_domains.is_empty() || settings.mailbox_domains.iter().any(|listed| listed == domain);
    if is_kindle {
        return Ok(Address { is_kindle, text });
    }
    if domain == CLOSED_DOMAIN || domain.ends_with(".kindle.cn") {
        return Err(Unfit::Closed);
    }
    if domain.contains("kindle") {
        return Err(Unfit::LooksLikeKindle);
    }
    if settings.mailboxes && is_listed { Ok(Address { is_kindle, text }) } else { Err(Unfit::OtherDomain) }
}

/// Full-width letters and signs, as Chinese keyboards write them, in ASCII; all small.
fn plain(letter: char) -> char {
    let letter = match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '。' => '.',
        letter => letter,
    };
    letter.to_ascii_lowercase()
}

/// What [`crate::mail`] writes to: letters, digits and `._+-`, not starting like an option.
fn is_local(local: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    (1..=LONGEST_LOCAL).contains(&local.len())
        && local.bytes().all(allowed)
        && !local.starts_with(['-', '.'])
        && !local.ends_with('.')
        && !local.contains("..")
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = domain.rsplit_once('.').map_or("", |(_, top)| top);
    domain.split('.').all(is_label) && top.len() >= 2 && top.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            kindle_domains: vec!["kindle.com".into(), "free.kindle.com".into()],
            mailboxes: true,
            ..Settings::default()
        }
    }

    #[test]
    fn kindles_are_told_by_their_exact_domain() {
        for text in
            ["me@kindle.com", "Me.2@Kindle.COM", "ｍｅ＠ｋｉｎｄｌｅ．ｃｏｍ", " mailto:a_b+c-d@free.kindle.com "]
        {
            assert!(judge(text, &settings()).unwrap().is_kindle(), "{text}");
        }
        assert_eq!(judge("ME@KINDLE.COM", &settings()).unwrap().as_str(), "me@kindle.com");
        for text in ["me@qq.com", "zhang.san@163.com", "a@mail.example.co.uk", "a@xn--fsq.xn--0zwm56d"] {
            assert!(!judge(text, &settings()).unwrap().is_kindle(), "{text}");
        }
    }

    #[test]
    fn what_is_not_written_to() {
        for (text, why) in [
            ("me@kindle.cn", Unfit::Closed),
            ("me@free.kindle.cn", Unfit::Closed),
            ("me@kindle.com.evil.com", Unfit::LooksLikeKindle),
            ("me@kindle.co", Unfit::LooksLikeKindle),
            ("me@mykindle.com", Unfit::LooksLikeKindle),
            ("me@kindlé.com", Unfit::NoAddress),
            ("me@evil.com@kindle.com", Unfit::NoAddress),
            ("", Unfit::NoAddress),
            ("三体", Unfit::NoAddress),
            ("@kindle.com", Unfit::NoAddress),
            ("me@", Unfit::NoAddress),
            ("me@localhost", Unfit::NoAddress),
            ("me@127.0.0.1", Unfit::NoAddress),
            ("me@[127.0.0.1]", Unfit::NoAddress),
            ("-oQ/tmp@kindle.com", Unfit::NoAddress),
            ("-me@kindle.com", Unfit::NoAddress),
            ("a..b@kindle.com", Unfit::NoAddress),
            ("a b@kindle.com", Unfit::NoAddress),
            ("a@kindle.com\r\nBcc: you@example.com", Unfit::NoAddress),
            ("a@kindle.com,b@kindle.com", Unfit::NoAddress),
            ("\"a\"@kindle.com", Unfit::NoAddress),
            ("a@kindle.com\0", Unfit::NoAddress),
            ("a@-x.com", Unfit::NoAddress),
        ] {
            assert_eq!(judge(text, &settings()), Err(why), "{text:?}");
        }
        let long = format!("{}@qq.com", "a".repeat(65));
        assert_eq!(judge(&long, &settings()), Err(Unfit::NoAddress));
    }

    #[test]
    fn an_address_is_shown_masked() {
        assert_eq!(masked("zhangsan@kindle.com"), "zh***@kindle.com");
        assert_eq!(masked("me@qq.com"), "m***@qq.com");
    }

    #[test]
    fn the_owner_decides_about_mailboxes() {
        let only_kindles = Settings { mailboxes: false, ..settings() };
        assert_eq!(judge("me@qq.com", &only_kindles), Err(Unfit::OtherDomain));
        assert!(judge("me@kindle.com", &only_kindles).is_ok());
        let only_ours = Settings { mailbox_domains: vec!["school.edu.cn".into()], ..settings() };
        assert_eq!(judge("me@qq.com", &only_ours), Err(Unfit::OtherDomain));
        assert!(judge("me@school.edu.cn", &only_ours).is_ok());
    }
}
