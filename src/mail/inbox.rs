//! The mailbox that notices of undeliverable letters come back to, read by IMAP over TLS.
//!
//! It is read on from where it was left, whatever else has been done to it, so that each letter is read once. Nothing is
//! deleted; what was dealt with is marked as read, so that the owner still finds it.
//!
//! Deliberately not here: whose letter it was, what follows, and how the place is kept.

use std::sync::Arc;
use std::time::Duration;

use async_imap::Session;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Error;
use crate::secret::Secret;

/// How much of a letter is read, in bytes: a notice says what matters before the letter that it is about.
const READ: usize = 128 * 1024;
/// Letters looked at in one session.
const AT_ONCE: usize = 200;
/// Hexadecimal digits of a Message-ID of ours, behind what it begins with.
const DIGITS: usize = 32;
/// For the whole session.
const LIMIT: Duration = Duration::from_secs(120);

/// Where notices come back to.
#[derive(Clone, Debug)]
pub struct Inbox {
    /// The server's name, which its certificate must bear.
    pub host: String,
    /// Usually 993. TLS from the start.
    pub port: u16,
    /// The name to log in with.
    pub username: String,
    /// The password to log in with.
    pub password: Secret,
    /// `INBOX`, or another.
    pub folder: String,
    /// Certificates in PEM that are trusted besides the usual ones.
    pub authorities: Vec<u8>,
}

/// A notice that a letter of ours will not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The part of that letter's Message-ID before the `@`.
    pub message_id: String,
    /// Why, in the words of the server that refused it.
    pub why: String,
    /// When the mailbox got it; none if its server does not say.
    pub arrived_at: Option<DateTime<Utc>>,
}

/// A letter in the mailbox: its beginning, and when it came.
type Fetched = (Vec<u8>, Option<DateTime<Utc>>);

/// How far a mailbox has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The server's UIDVALIDITY: with another one all its letters have other numbers.
    pub validity: u32,
    /// The number of the last letter that was read.
    pub last: u32,
}

/// What was read in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Notices that were dealt with.
    pub dealt_with: usize,
    /// There is more to be read at once.
    pub has_more: bool,
}

/// Reads on from `place`, the oldest letter first, and gives every notice about a letter whose Message-ID begins with
/// `prefix` to `deal_with`; those for which it returns true are marked as read, at the first other one it stops. Where
/// the mailbox has not been read before, or has been made anew, it begins with the letters of the day of `since`.
///
/// `place` goes on with every letter, also if an error follows: keep it in any case, and nothing is read twice.
///
/// # Errors
/// [`Error::Settings`] when the login is refused, [`Error::Later`] for everything else.
pub async fn read_notices(
    inbox: &Inbox,
    prefix: &str,
    (place, since): (&mut Option<Place>, DateTime<Utc>),
    deal_with: impl AsyncFnMut(Notice) -> bool,
) -> Result<Reading, Error> {
    let session = read(inbox, prefix, (place, since), deal_with);
    tokio::time::timeout(LIMIT, session).await.unwrap_or_else(|_| Err(later("no answer in time")))
}

async fn read(
    inbox: &Inbox,
    prefix: &str,
    (place, since): (&mut Option<Place>, DateTime<Utc>),
    mut deal_with: impl AsyncFnMut(Notice) -> bool,
) -> Result<Reading, Error> {
    let mut session = open(inbox).await?;
    let mailbox = session.select(&inbox.folder).await.map_err(later)?;
    let validity = mailbox.uid_validity.unwrap_or_default();
    let known = place.filter(|known| known.validity == validity);
    let query = match known {
        Some(known) => format!("UID {}:*", known.last.saturating_add(1)),
        None => format!("SINCE {}", since.format("%-d-%b-%Y")),
    };
    let mut found: Vec<u32> = session.uid_search(query).await.map_err(later)?.into_iter().collect();
    // `5:*` names the last letter even if that is the fourth.
    found.retain(|uid| known.is_none_or(|known| *uid > known.last));
    found.sort_unstable();
    let first = || found.first().copied().or(mailbox.uid_next).map(|next| next.saturating_sub(1));
    *place = known.or_else(|| Some(Place { validity, last: first()? }));
    let mut reading = Reading { dealt_with: 0, has_more: found.len() > AT_ONCE };
    for uid in found.into_iter().take(AT_ONCE) {
        let letter = fetch(&mut session, uid).await?;
        let notice = letter.and_then(|(letter, arrived_at)| Some(Notice { arrived_at, ..notice(&letter, prefix)? }));
        let is_notice = notice.is_some();
        if let Some(notice) = notice
            && !deal_with(notice).await
        {
            reading.has_more = false;
            break;
        }
        *place = Some(Place { validity, last: uid });
        if is_notice {
            reading.dealt_with += 1;
            mark(&mut session, uid).await;
        }
    }
    // What it answers changes nothing.
    let _ = session.logout().await;
    Ok(reading)
}

/// Marks a letter as read, for the owner's eyes only: if the mailbox does not let us, nothing depends on it.
async fn mark(session: &mut Session<TlsStream<TcpStream>>, uid: u32) {
    if let Ok(marks) = session.uid_store(uid.to_string(), "+FLAGS (\\Seen)").await {
        let _ = marks.try_collect::<Vec<_>>().await;
    }
}

/// The beginning of a letter; `None` if it has gone, or the server does not give it.
async fn fetch(session: &mut Session<TlsStream<TcpStream>>, uid: u32) -> Result<Option<Fetched>, Error> {
    // PEEK leaves it unread.
    let query = format!("(UID INTERNALDATE BODY.PEEK[]<0.{READ}>)");
    let mut answers = session.uid_fetch(uid.to_string(), query).await.map_err(later)?;
    let (mut letter, mut arrived_at) = (None, None);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(answer) => {
                letter = answer.body().map(<[u8]>::to_vec).or(letter);
                arrived_at = answer.internal_date().map(|at| at.with_timezone(&Utc)).or(arrived_at);
            }
            // It must not stand before those behind it for ever.
            Err(async_imap::error::Error::No(_) | async_imap::error::Error::Bad(_)) => break,
            Err(error) => return Err(later(error)),
        }
    }
    drop(answers);
    if letter.is_none() {
        // The answers also end, without an error, where the server closes the session: then it was not read.
        session.run_command_and_check_ok("NOOP").await.map_err(later)?;
    }
    Ok(letter.map(|letter| (letter, arrived_at)))
}

async fn open(inbox: &Inbox) -> Result<Session<TlsStream<TcpStream>>, Error> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&inbox.authorities).flatten());
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(later)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(inbox.host.clone())
        .map_err(|_| Error::Settings(format!("{} is no name of a server", inbox.host)))?;
    let stream = TcpStream::connect((inbox.host.as_str(), inbox.port)).await.map_err(later)?;
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.map_err(later)?;
    let mut client = async_imap::Client::new(stream);
    client.read_response().await.map_err(later)?.ok_or_else(|| later("the server said nothing"))?;
    let login = client.login(&inbox.username, inbox.password.expose()).await;
    login.map_err(|(error, _)| match error {
        async_imap::error::Error::No(_) | async_imap::error::Error::Bad(_) => {
            Error::Settings("the mailbox for notices refuses the login".into())
        }
        other => later(other),
    })
}

fn later(error: impl std::fmt::Display) -> Error {
    Error::Later(format!("the mailbox for notices: {error}"))
}

/// The notice that a letter is: a delivery status (RFC 3464) that is final and names a letter of ours. Read as lines,
/// whatever the parts around them: mail servers take great liberties with those.
fn notice(letter: &[u8], prefix: &str) -> Option<Notice> {
    let text = String::from_utf8_lossy(letter).replace("\r\n", "\n");
    let unfolded = text.replace("\n ", " ").replace("\n\t", " ");
    let field = |name: &str| {
        let of_line = |line: &str| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        unfolded.lines().find_map(of_line)
    };
    let is_final = match field("Action") {
        Some(action) => action.eq_ignore_ascii_case("failed"),
        None => field("Status").is_some_and(|status| status.starts_with('5')),
    };
    if !is_final {
        return None;
    }
    let why = field("Diagnostic-Code").or_else(|| field("Status")).unwrap_or_default();
    // `smtp; 550 5.1.1 no such user`: the kind of code says nothing to people.
    let why = why.split_once(';').map_or(why.as_str(), |(_, words)| words).trim().to_owned();
    let ids = text.match_indices(prefix).map(|(at, _)| &text[at..]);
    // An id has a domain behind it, which a media type like `delivery-status` has not.
    let own = |rest: &str| {
        let own = rest.get(..prefix.len() + DIGITS).filter(|_| rest[prefix.len() + DIGITS..].starts_with('@'))?;
        own[prefix.len()..].bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| own.to_owned())
    };
    ids.filter_map(own).next().map(|message_id| Notice { message_id, why, arrived_at: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTICE: &str = "From: MAILER-DAEMON@qq.com\r\nSubject: Undelivered\r\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\n\r\nSorry.\r\n--x\r\n\
        Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; qq.com\r\n\r\n\
        Final-Recipient: rfc822; nobody@qq.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\
        Diagnostic-Code: smtp; 550 5.1.1 no such\r\n user here\r\n--x\r\nContent-Type: text/rfc822-headers\r\n\r\n\
        Message-ID: <delivery-0123456789abcdef0123456789abcdef@example.com>\r\n--x--\r\n";

    #[test]
    fn a_final_notice_names_the_letter_and_the_reason() {
        let found = notice(NOTICE.as_bytes(), "delivery-").unwrap();
        assert_eq!(found.message_id, "delivery-0123456789abcdef0123456789abcdef");
        assert_eq!(found.why, "550 5.1.1 no such user here");
    }

    #[test]
    fn what_is_not_final_or_not_ours_is_none() {
        for changed in [
            NOTICE.replace("Action: failed", "Action: delayed"),
            NOTICE.replace("Action: failed\r\n", "").replace("Status: 5.1.1", "Status: 4.2.2"),
            NOTICE.replace("<delivery-", "<other-"),
            "Subject: thanks\r\n\r\nI got <delivery-0123456789abcdef0123456789abcdef@example.com>\r\n".to_owned(),
            String::new(),
        ] {
            assert_eq!(notice(changed.as_bytes(), "delivery-"), None, "{changed}");
        }
        assert!(notice(&[0xff; 1000], "delivery-").is_none());
    }
}
