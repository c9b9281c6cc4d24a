//! One SMTP session: letters are handed in at the owner's mail server, and what became of each comes back.
//!
//! Deliberately not here: a queue, repeats, quotas, and who may be written to. Whoever writes a letter keeps it until
//! it is accepted, decides by [`Error`] what to do next, and hands the same letter in again. The room knows neither
//! the configuration nor the time. [`send`] is for a few letters that are all there; who has many, or large ones,
//! opens a [`Session`] and makes each letter when its turn comes. [`read_notices`] reads what comes back.
//!
//! Of the mail library it uses the single connection, not the transport: that one waits for an answer without any
//! limit and ends the session when one letter is refused.

mod attachment;
mod inbox;
mod letter;
mod session;

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::secret::Secret;
use letter::Sealed;

pub use attachment::{Attachment, ascii_name};
pub use inbox::{Inbox, Notice, Place, Reading, read_notices};
pub use session::Session;

/// Where mail is handed in.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name, which its certificate must bear, or its address.
    pub host: String,
    /// Usually 587 with [`Tls::Starttls`], 465 with [`Tls::Tls`].
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// The name to log in with; empty: without logging in.
    pub username: String,
    /// The password to log in with.
    pub password: Secret,
    /// The sender: `books@example.com` or `书童 <books@example.com>`.
    pub from: String,
    /// Certificates in PEM that are trusted besides the usual ones: of an authority of the owner's own.
    pub authorities: Vec<u8>,
    /// How long it is waited for.
    pub limits: Limits,
}

/// How a connection is protected. Certificates are always checked: against the roots that Mozilla trusts, and those
/// that the owner names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Plain at first, then TLS; if the server does not offer it, the session ends before anything is said.
    Starttls,
    /// TLS from the start.
    Tls,
    /// None at all: only to a server on this machine.
    None,
}

/// How long the mail server is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For each of its addresses to accept the connection, and for the farewell, which loses nothing.
    pub connect: Duration,
    /// For each command; greeting and TLS handshake count as one.
    pub command: Duration,
    /// For the answer to a whole letter, which some servers look through before they take it: ten minutes by RFC 5321.
    /// Who does not wait sends it again.
    pub letter: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { connect: Duration::from_secs(10), command: Duration::from_secs(60), letter: Duration::from_secs(600) }
    }
}

/// A letter in plain text, with files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One recipient, the address alone. Its part before the `@` is made of ASCII letters, digits and `._+-` and does
    /// not start with `-`; its domain is a name with a dot, in ASCII. `localhost` counts as one if the mail server is
    /// on this machine, which then delivers to its own users.
    pub to: String,
    /// Of any length; control characters become spaces and the 200 first characters are sent.
    pub subject: String,
    /// Lines end as they like.
    pub text: String,
    /// The files that come with it.
    pub attachments: Vec<Attachment>,
    /// The same on a repeat, so that a letter handed in twice is seen once: `delivery-17`, or with a domain
    /// `delivery-17@example.com`; without one it is the sender's. Other characters than ASCII letters, digits and
    /// `._+-` are left out. `None`: made from the letter's content.
    pub message_id: Option<String>,
    /// The letter's date, the same on a repeat.
    pub written_at: DateTime<Utc>,
}

/// How far a letter had come when it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Only its recipient had been named: the answer may be about that one.
    Recipient,
    /// The letter itself was to be taken, or had been looked at.
    Letter,
}

/// What can go wrong, by what the caller can do. No text holds the password, a recipient's whole address, or a
/// control character.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The mail server does not want this letter, now or later.
    #[error("the mail server refuses the letter: {code} {text}")]
    Refused {
        /// When.
        at: Step,
        /// From 500 to 599.
        code: u16,
        /// What the server says about it.
        text: String,
    },
    /// Nobody can be written to at this address; the server has not been asked.
    #[error("the letter's address is wrong: {0}")]
    Address(String),
    /// No letter gets through, and none is at fault, until the owner changes something: the login, the sender, the
    /// protection.
    #[error("mail cannot be sent as it is set up: {0}")]
    Settings(String),
    /// It may go through later. The server may have accepted it nevertheless, if it fell silent at the very end: hence
    /// the Message-ID.
    #[error("the letter was not sent this time: {0}")]
    Later(String),
}

impl Error {
    /// Whether the same letter may go through later, nobody having done anything about it.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Error::Later(_))
    }
}

/// Hands letters in, all in one session, and says of each what became of it, in their order.
///
/// A refused letter does not hold up those after it. If the session breaks off, the others are [`Error::Later`]. If
/// there is nothing to send, or no letter has an address that can be written to, the server is not called.
///
/// # Errors
/// See [`Error`]; each letter has its own.
pub async fn send(server: &Server, letters: &[Letter]) -> Vec<Result<(), Error>> {
    let sealed: Vec<Result<Sealed, Error>> = letters.iter().map(|letter| letter::seal(letter, server)).collect();
    if sealed.iter().all(Result::is_err) {
        return sealed.into_iter().map(|letter| letter.map(drop)).collect();
    }
    let mut session = Session::open(server).await;
    let mut outcomes = Vec::with_capacity(letters.len());
    for letter in sealed {
        outcomes.push(match (letter, &mut session) {
            (Err(wrong), _) => Err(wrong),
            (Ok(_), Err(closed)) => Err(closed.clone()),
            (Ok(letter), Ok(session)) => session.hand_in(&letter).await,
        });
    }
    if let Ok(session) = session {
        session.close().await;
    }
    outcomes
}

/// Whether a server is on this machine. Other names may lead here too, but nobody promises that they do tomorrow.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["", "localhost.example.com", "127.0.0.1.example.com", "127.1", "0.0.0.0", "::", "192.0.2.1", " ::1"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
