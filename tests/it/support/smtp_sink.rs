//! A mail server on loopback that keeps what it is given. It is strict where real ones are (order of commands, CR LF,
//! length of lines, 7 bits), and fails where a test tells it to. Plain sockets and threads, written from RFC 5321.

mod session;
mod sunk_letter;

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

pub use sunk_letter::SunkLetter;

/// The one login that is accepted.
pub const USERNAME: &str = "books@example.com";
pub const PASSWORD: &str = "canary-of-the-mail-password";

/// Where in the conversation something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpStep {
    Greeting,
    Mail,
    Rcpt,
    /// At the command DATA.
    Data,
    /// After the letter's last line.
    End,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum SmtpFailure {
    /// This answer; after 421 the connection is closed.
    Answer(u16),
    /// A refusal by policy, 550 5.7.1.
    Policy,
    /// Silence, until the other side gives up.
    Hang,
    /// Silence, until the fault is taken away; then the usual answer.
    Hold,
    /// The connection is closed without an answer.
    Close,
}

#[derive(Clone, Copy, Debug)]
pub struct SmtpFault {
    pub step: SmtpStep,
    pub failure: SmtpFailure,
    /// Only at the letter of this number, counted from 1 since the start of the server; `None`: at every one.
    pub only: Option<usize>,
}

impl SmtpFault {
    pub fn answer(step: SmtpStep, code: u16) -> SmtpFault {
        SmtpFault { step, failure: SmtpFailure::Answer(code), only: None }
    }

    pub fn policy(step: SmtpStep) -> SmtpFault {
        SmtpFault { step, failure: SmtpFailure::Policy, only: None }
    }

    pub fn hang(step: SmtpStep) -> SmtpFault {
        SmtpFault { step, failure: SmtpFailure::Hang, only: None }
    }

    pub fn hold(step: SmtpStep) -> SmtpFault {
        SmtpFault { step, failure: SmtpFailure::Hold, only: None }
    }

    pub fn close(step: SmtpStep) -> SmtpFault {
        SmtpFault { step, failure: SmtpFailure::Close, only: None }
    }

    pub fn only(self, number: usize) -> SmtpFault {
        SmtpFault { only: Some(number), ..self }
    }
}

/// The server; it ends when this is dropped.
pub struct SmtpSink {
    port: u16,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    is_stopping: AtomicBool,
}

#[derive(Default)]
struct State {
    fault: Option<SmtpFault>,
    /// What AUTH offers.
    mechanisms: String,
    letters: Vec<SunkLetter>,
    /// Letters begun, accepted or not.
    begun: usize,
    sessions: usize,
    /// All that clients have said outside of letters.
    said: String,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no session panics")
    }

    /// Whether something goes wrong now.
    fn failure_at(&self, step: SmtpStep) -> Option<SmtpFailure> {
        let state = self.state();
        let strikes = |fault: &SmtpFault| fault.step == step && fault.only.is_none_or(|number| number == state.begun);
        state.fault.filter(strikes).map(|fault| fault.failure)
    }
}

impl SmtpSink {
    /// Listens on a free port of 127.0.0.1. It takes letters with and without a login, but no wrong one.
    pub fn start() -> SmtpSink {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        shared.state().mechanisms = "PLAIN LOGIN".into();
        let for_thread = Arc::clone(&shared);
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                if for_thread.is_stopping.load(Ordering::SeqCst) {
                    return;
                }
                let (stream, shared) = (stream.unwrap(), Arc::clone(&for_thread));
                shared.state().sessions += 1;
                // Clients that break off are what is tested.
                thread::spawn(move || session::converse(stream, &shared).ok());
            }
        });
        SmtpSink { port, shared, accepting: Some(accepting) }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The letters accepted so far.
    pub fn letters(&self) -> Vec<SunkLetter> {
        self.shared.state().letters.clone()
    }

    /// From now on.
    pub fn set_fault(&self, fault: Option<SmtpFault>) {
        self.shared.state().fault = fault;
    }

    /// What is offered to log in with: `PLAIN`, `LOGIN`, both, or nothing.
    pub fn set_mechanisms(&self, mechanisms: &str) {
        self.shared.state().mechanisms = mechanisms.into();
    }

    /// How many connections there have been.
    pub fn sessions(&self) -> usize {
        self.shared.state().sessions
    }

    /// All that clients have said outside of letters.
    pub fn said(&self) -> String {
        self.shared.state().said.clone()
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}
