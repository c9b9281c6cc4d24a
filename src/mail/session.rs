//! The conversation with a mail server: each command has its limit, and each answer is told in a person's words.

use std::fmt::Display;
use std::future::Future;
use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;

use super::letter::{self, Sealed};
use super::{Error, Letter, Server, Step, Tls, is_loopback};

/// The answer of a server that is about to close the connection, whatever was asked.
const CLOSING: u16 = 421;
/// The slowest line that a letter may go over, in bytes a second: files take their time.
const SLOWEST: usize = 20_000;
/// What is kept of an answer's text, in characters.
const LONGEST_ANSWER: usize = 300;

/// A session with a mail server that has accepted the login.
pub struct Session<'a> {
    server: &'a Server,
    connection: AsyncSmtpConnection,
    /// Nothing more can be said.
    is_over: bool,
    /// The session ended behind a letter's last line: the server may have taken it.
    is_in_doubt: bool,
}

/// Why a command has no success.
enum Failure {
    /// The server says no: the code and its text.
    Answer(u16, String),
    /// There is no answer, or none that can be read; the session is of no more use.
    Lost(String),
}

impl<'a> Session<'a> {
    /// Connects, protects the connection as it is set, and logs in.
    ///
    /// # Errors
    /// [`Error::Settings`] or [`Error::Later`].
    pub async fn open(server: &'a Server) -> Result<Session<'a>, Error> {
        if server.tls == Tls::None && !is_loopback(&server.host) {
            let text = format!("without TLS, mail goes to a server on this machine only, and {} is none", server.host);
            return Err(Error::Settings(text));
        }
        let limit = server.limits.connect + server.limits.command;
        let connection = limited(limit, connect(server)).await.map_err(|failure| {
            let text = format!("the mail server {}:{} cannot be used", server.host, server.port);
            failure.of_the_settings().with(&text)
        })?;
        let mut session = Session { server, connection, is_over: false, is_in_doubt: false };
        session.protect().await?;
        session.log_in().await?;
        Ok(session)
    }

    /// Hands one letter in. After a refusal the session can take the next.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn deliver(&mut self, letter: &Letter) -> Result<(), Error> {
        let sealed = letter::seal(letter, self.server)?;
        self.hand_in(&sealed).await
    }

    /// Whether nothing more can be said in it.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether the server may have taken the letter at which the session ended.
    pub fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }

    pub(super) async fn hand_in(&mut self, letter: &Sealed) -> Result<(), Error> {
        if self.is_over {
            return Err(Error::Later("the session ended at an earlier letter".into()));
        }
        // The sender is the owner's setting, and nothing of the letter has been said yet.
        let mail = Mail::new(Some(letter.from.clone()), Vec::new());
        let mut outcome = self.say(mail).await.map_err(Failure::of_the_settings);
        if outcome.is_ok() {
            outcome = self.transfer(letter).await;
        }
        if outcome.is_err() && !self.is_over && self.say(Rset).await.is_err() {
            // Whatever is said next might be taken for a part of this letter.
            self.is_over = true;
        }
        outcome
    }

    /// Says good-bye, if the server still listens. What it answers changes nothing.
    pub async fn close(mut self) {
        if !self.is_over {
            let _ = tokio::time::timeout(self.server.limits.connect, self.connection.quit()).await;
        }
    }

    async fn transfer(&mut self, letter: &Sealed) -> Result<(), Error> {
        let named = self.say(Rcpt::new(letter.to.clone(), Vec::new())).await;
        named.map_err(|failure| failure.about(&letter.to).at(Step::Recipient))?;
        self.tell(letter).await.map_err(|failure| failure.about(&letter.to).at(Step::Letter))
    }

    async fn tell(&mut self, letter: &Sealed) -> Result<(), Failure> {
        self.say(Data).await?;
        let patience = Duration::from_secs((letter.bytes.len() / SLOWEST) as u64);
        let limit = self.server.limits.letter + patience;
        let answer = limited(limit, self.connection.message(&letter.bytes)).await;
        self.is_in_doubt = matches!(answer, Err(Failure::Lost(_)));
        self.noted(answer.map(drop))
    }

    async fn say(&mut self, command: impl Display) -> Result<(), Failure> {
        let answer = limited(self.server.limits.command, self.connection.command(command)).await;
        self.noted(answer.map(drop))
    }

    /// Remembers the end of the session, if this is one.
    fn noted(&mut self, answer: Result<(), Failure>) -> Result<(), Failure> {
        self.is_over |= matches!(answer, Err(Failure::Lost(_) | Failure::Answer(CLOSING, _)));
        answer
    }

    /// Turns a connection that began in plain text into TLS.
    async fn protect(&mut self) -> Result<(), Error> {
        if self.server.tls != Tls::Starttls {
            return Ok(());
        }
        let name = format!("the mail server {}:{}", self.server.host, self.server.port);
        if !self.connection.can_starttls() {
            // Somebody on the way may have taken the offer out, so this may be otherwise tomorrow.
            return Err(Error::Later(format!("{name} does not offer STARTTLS; nothing was told to it")));
        }
        let parameters = parameters(self.server).map_err(|error| Failure::from(&error).of_the_settings())?;
        let hello = ClientId::default();
        let protected = limited(self.server.limits.command, self.connection.starttls(parameters, &hello)).await;
        protected.map_err(|failure| failure.of_the_settings().with(&format!("{name} cannot be used")))
    }

    async fn log_in(&mut self) -> Result<(), Error> {
        let Server { username, password, limits, .. } = self.server;
        if username.is_empty() {
            return Ok(());
        }
        if self.connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
            return Err(Error::Settings("the mail server takes no login with name and password here".into()));
        }
        let credentials = Credentials::new(username.clone(), password.expose().to_owned());
        let answer = limited(limits.command, self.connection.auth(DEFAULT_MECHANISMS, &credentials)).await;
        answer.map(drop).map_err(|failure| self.without_password(failure).of_the_settings().with("logging in"))
    }

    /// Some servers repeat the line that they do not understand, and that line may be the password.
    fn without_password(&self, failure: Failure) -> Failure {
        let Server { username, password, .. } = self.server;
        let password = password.expose();
        let whole = format!("\0{username}\0{password}");
        let secrets = [STANDARD.encode(&whole), STANDARD.encode(password), password.to_owned()];
        secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .fold(failure, |failure, secret| failure.without(secret, "***"))
    }
}

impl Failure {
    /// Shows something else where a text stands, in capitals or not.
    fn without(self, hidden: &str, shown: &str) -> Failure {
        match self {
            Failure::Answer(code, text) => Failure::Answer(code, replaced(&text, hidden, shown)),
            Failure::Lost(text) => Failure::Lost(replaced(&text, hidden, shown)),
        }
    }

    /// Servers like to repeat the recipient, and errors are logged.
    fn about(self, recipient: &lettre::Address) -> Failure {
        let first = recipient.user().get(..1).unwrap_or_default();
        self.without(recipient.as_ref(), &format!("{first}***@{}", recipient.domain()))
    }

    /// What it means when the answer is about the letter.
    fn at(self, step: Step) -> Error {
        match self {
            Failure::Answer(code @ 500.., text) => Error::Refused { at: step, code, text: tidy(&text) },
            Failure::Answer(code, text) => Error::Later(format!("the mail server answers {code} {}", tidy(&text))),
            Failure::Lost(text) => Error::Later(tidy(&text)),
        }
    }

    /// What it means when nothing of the letter has been said yet.
    fn of_the_settings(self) -> Error {
        match self.at(Step::Letter) {
            Error::Refused { code, text, .. } => Error::Settings(format!("the mail server answers {code} {text}")),
            other => other,
        }
    }
}

impl Error {
    /// The same with what it happened at.
    fn with(self, place: &str) -> Error {
        match self {
            Error::Settings(text) => Error::Settings(format!("{place}: {text}")),
            Error::Later(text) => Error::Later(format!("{place}: {text}")),
            other => other,
        }
    }
}

impl From<&smtp::Error> for Failure {
    fn from(error: &smtp::Error) -> Self {
        let text = || std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        match error.status() {
            Some(code) => Failure::Answer(code.into(), text()),
            None => Failure::Lost(trouble(error)),
        }
    }
}

async fn connect(server: &Server) -> Result<AsyncSmtpConnection, smtp::Error> {
    let tls = if server.tls == Tls::Tls { Some(parameters(server)?) } else { None };
    let address = (server.host.as_str(), server.port);
    AsyncSmtpConnection::connect_tokio1(address, Some(server.limits.connect), &ClientId::default(), tls, None).await
}

/// Certificates are checked against the roots that are compiled in: those of the system may be missing, or more. The
/// library brings ring along as provider, if no other is installed.
fn parameters(server: &Server) -> Result<TlsParameters, smtp::Error> {
    let builder = TlsParameters::builder(server.host.clone()).certificate_store(CertificateStore::WebpkiRoots);
    let builder = match &server.authorities[..] {
        [] => builder,
        pem => builder.add_root_certificate(Certificate::from_pem(pem)?),
    };
    builder.build_rustls()
}

/// Cuts what would wait for ever.
async fn limited<T>(limit: Duration, answer: impl Future<Output = Result<T, smtp::Error>>) -> Result<T, Failure> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer.map_err(|error| Failure::from(&error)),
        Err(_) => Err(Failure::Lost(format!("no answer within {} s", limit.as_secs_f32()))),
    }
}

/// What is wrong with the connection, in words for the owner.
fn trouble(error: &smtp::Error) -> String {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let tls = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref());
    match tls {
        Some(rustls::Error::InvalidCertificate(why)) => format!("its certificate is not accepted: {why}"),
        Some(rustls::Error::InvalidMessage(_)) => {
            "no TLS is spoken on this port; if it begins in plain text, it wants STARTTLS".to_owned()
        }
        Some(other) => format!("TLS failed: {other}"),
        None if error.is_response() => format!("the connection was closed, or the answer cannot be read ({cause})"),
        None => cause.to_string(),
    }
}

fn replaced(text: &str, hidden: &str, shown: &str) -> String {
    let lower_case = text.to_ascii_lowercase();
    let mut result = String::with_capacity(text.len());
    let mut end = 0;
    for (start, found) in lower_case.match_indices(&hidden.to_ascii_lowercase()) {
        result.push_str(&text[end..start]);
        result.push_str(shown);
        end = start + found.len();
    }
    result + &text[end..]
}

/// A server's text in one line: it is logged, and the server is not ours.
fn tidy(text: &str) -> String {
    let one_line = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    one_line.take(LONGEST_ANSWER).collect::<String>().trim().to_owned()
}
