//! One letter over the session with its sender's server, and what the server's answer means: for this letter, for its
//! recipient, or for everything that the sender sends.
//!
//! Deliberately not here: which letter, and what is noted of it (`drain`).

use super::{Kindle, bare};
use crate::alert::Trouble;
use crate::clock::Clock;
use crate::mail::{self, Letter, Server, Session, Step};
use crate::store::records::DeliveryTrouble;

/// From this try on, a server that cannot be reached is the owner's matter.
const LASTING: u32 = 3;
/// From so many recipients on that are refused by policy, one after the other, it is not theirs but ours.
const SUSPICIOUS: usize = 3;
/// Answers that mean the login, whenever they come (RFC 4954).
const OF_THE_LOGIN: [u16; 4] = [530, 534, 535, 538];

/// The session with a sender's server.
pub(super) enum Line<'s> {
    Closed,
    Open(Box<Session<'s>>),
    /// Nothing gets through: nobody is called again in this drain.
    Broken,
}

/// What became of one try.
pub(super) enum Try {
    Sent,
    Later(String),
    Failed(DeliveryTrouble),
}

impl Kindle {
    /// Hands a letter in, over the session that is open or a new one.
    pub(super) async fn try_letter<'s>(
        &self,
        server: &'s Server,
        line: &mut Line<'s>,
        letter: &Letter,
        attempts: u32,
        clock: &Clock,
    ) -> Try {
        if let Line::Open(mut session) = std::mem::replace(line, Line::Broken)
            && !session.is_over()
        {
            let outcome = session.deliver(letter).await;
            // Servers end a session in which nothing was said while a book was made. Only where they cannot have taken
            // the letter it is told at once to another one.
            let is_lost = session.is_over() && !session.is_in_doubt() && matches!(outcome, Err(mail::Error::Later(_)));
            if !is_lost {
                *line = Line::Open(session);
                return self.judged(server, outcome, &letter.to, clock);
            }
        }
        let mut session = match Session::open(server).await {
            Ok(session) => Box::new(session),
            Err(error) => return self.put_off(server, error, attempts >= LASTING, clock),
        };
        let outcome = session.deliver(letter).await;
        *line = Line::Open(session);
        self.judged(server, outcome, &letter.to, clock)
    }

    /// What an answer means.
    fn judged(&self, server: &Server, outcome: Result<(), mail::Error>, to: &str, clock: &Clock) -> Try {
        match outcome {
            Ok(()) => {
                self.turned_away.lock().remove(bare(&server.from));
                self.alerts.resolve(&mail_trouble(server, "").key(), clock.now());
                Try::Sent
            }
            Err(mail::Error::Refused { at, code, text }) => {
                let is_ours = OF_THE_LOGIN.contains(&code)
                    || (text.starts_with("5.7.") && (at == Step::Letter || self.is_turned_away(server, to)));
                if is_ours {
                    return self.put_off(server, mail::Error::Settings(format!("{code} {text}")), true, clock);
                }
                Try::Failed(DeliveryTrouble::Refused(format!("{code} {text}")))
            }
            Err(mail::Error::Address(text)) => Try::Failed(DeliveryTrouble::Refused(text)),
            Err(error) => self.put_off(server, error, false, clock),
        }
    }

    /// Notes a recipient that is refused by policy. Many servers tell of a policy about the sender only when they hear
    /// the recipient, so from some recipients on, without a letter in between that got through, it is that.
    fn is_turned_away(&self, server: &Server, to: &str) -> bool {
        let mut turned_away = self.turned_away.lock();
        let recipients = turned_away.entry(bare(&server.from).to_owned()).or_default();
        if recipients.len() < SUSPICIOUS {
            recipients.insert(to.to_owned());
        }
        recipients.len() >= SUSPICIOUS
    }

    fn put_off(&self, server: &Server, error: mail::Error, lasts: bool, clock: &Clock) -> Try {
        if lasts || matches!(error, mail::Error::Settings(_)) {
            self.alerts.raise(&mail_trouble(server, &error.to_string()), clock.now());
        }
        Try::Later(error.to_string())
    }
}

fn mail_trouble(server: &Server, error: &str) -> Trouble {
    Trouble::MailRefused { sender: bare(&server.from).to_owned(), error: error.to_owned() }
}
