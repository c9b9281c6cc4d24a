//! Is everything as it should be? One list of checks, for `shutong check` and for the page of diagnostics.
//!
//! Each looks at one thing, says what it found in facts, and, if that is not good, what to do. What is looked at here
//! is quick and asks nobody (`here`); what goes out to others (`outside`) is done only when somebody wants it. What a
//! check says holds no secret: it is made to be copied into a question to somebody else.

mod here;
mod outside;
mod repair;
mod wording;

use serde::Serialize;

pub use here::{here, resident_bytes};
pub use outside::outside;
pub use repair::repair;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Which program this is, and for how long it has run.
    Program,
    /// The clock, against a server's.
    Clock,
    /// The time zone that days are counted in.
    TimeZone,
    /// Whether only the owner can read the data.
    Permissions,
    /// Space on the disk.
    Disk,
    /// Memory.
    Memory,
    /// Files that may be open.
    OpenFiles,
    /// The records.
    Store,
    /// Books and their files.
    Files,
    /// The index against the store.
    Index,
    /// When the last backup was made.
    Backup,
    /// The address that followers reach.
    PublicUrl,
    /// Whether names are found.
    Names,
    /// The certificate of the public address.
    Certificate,
    /// Whether the public address leads here.
    Public,
    /// Whether the callback answers there as the platform wants.
    Callback,
    /// Whether the platform is reached.
    Platform,
    /// Whether the mail server lets us in.
    Mail,
}

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Good,
    /// It works, and may not for long.
    Warn,
    /// It does not work.
    Bad,
}

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// Of what: an account, a host; empty if there is only one.
    pub of: String,
    /// How good it is.
    pub state: State,
    /// The facts, without secrets.
    pub facts: String,
}

impl Finding {
    fn new(check: Check, state: State, facts: impl Into<String>) -> Finding {
        Finding { check, of: String::new(), state, facts: facts.into() }
    }

    fn of(self, of: impl Into<String>) -> Finding {
        Finding { of: of.into(), ..self }
    }

    /// A line for a terminal, or for a question to somebody.
    pub fn line(&self) -> String {
        let state = match self.state {
            State::Good => "ok  ",
            State::Warn => "warn",
            State::Bad => "bad ",
        };
        let of = if self.of.is_empty() { String::new() } else { format!(" ({})", self.of) };
        let fix = self.fix_en().map_or(String::new(), |fix| format!(" — {fix}"));
        format!("{state} {}{of}: {}{fix}", self.check.en(), self.facts)
    }
}
